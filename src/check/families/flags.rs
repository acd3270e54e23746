//! Settings of the compiler and of cargo that make bytes depend on the machine.

use crate::check::facts::Facts;
use crate::check::facts::settings::Setting;
use crate::check::hit::Hit;
use crate::shim::ran::NATIVE_FLAGS;

fn hit(setting: &Setting, message: String) -> Hit {
    Hit { place: setting.place.clone(), message, ..Hit::default() }
}

fn settings<'a>(
    facts: &'a Facts,
    fits: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = &'a Setting> {
    facts.settings.iter().filter(move |s| fits(&s.key))
}

pub(in crate::check) fn workspace_wrapper(facts: &Facts) -> Vec<Hit> {
    settings(facts, |k| k == "build.rustc-workspace-wrapper")
        .map(|s| {
            let message = format!(
                "{} wraps rustc with `{}`, whose path is hashed into the names of symbols",
                s.shown,
                s.words.join(" ")
            );
            hit(s, message)
        })
        .collect()
}

pub(in crate::check) fn bootstrap(facts: &Facts) -> Vec<Hit> {
    settings(facts, |k| k == "env.RUSTC_BOOTSTRAP")
        .map(|s| hit(s, format!("{} is set, which changes all bytes", s.shown)))
        .collect()
}

pub(in crate::check) fn incremental(facts: &Facts) -> Vec<Hit> {
    settings(facts, |k| k.ends_with(".incremental"))
        .filter(|s| s.is_on())
        .map(|s| hit(s, format!("{} turns incremental compilation on in a release", s.shown)))
        .collect()
}

pub(in crate::check) fn rpath(facts: &Facts) -> Vec<Hit> {
    let profiles = settings(facts, |k| k.ends_with(".rpath")).filter(|s| s.is_on());
    let mut hits: Vec<Hit> = profiles
        .map(|s| hit(s, format!("{} puts absolute paths of libraries into binaries", s.shown)))
        .collect();
    hits.extend(flagged(facts, "-Crpath", |f| {
        f.strip_prefix("-Crpath").is_some_and(|v| !["=no", "=off", "=n", "=false"].contains(&v))
    }));
    hits
}

pub(in crate::check) fn target_cpu(facts: &Facts) -> Vec<Hit> {
    let mut hits = flagged(facts, "-Ctarget-cpu=native", |f| f == "-Ctarget-cpu=native");
    for setting in settings(facts, |k| {
        k.ends_with(".rustflags") || (k.starts_with("env.") && k.contains("FLAGS"))
    }) {
        let flag =
            NATIVE_FLAGS.iter().find(|flag| setting.words.iter().any(|w| w.contains(**flag)));
        hits.extend(flag.map(|flag| hit(setting, format!("{} has `{flag}`", setting.shown))));
    }
    hits
}

pub(in crate::check) fn build_id(facts: &Facts) -> Vec<Hit> {
    flagged(facts, "--build-id=uuid", |f| f.contains("--build-id=uuid"))
}

pub(in crate::check) fn threads(facts: &Facts) -> Vec<Hit> {
    // One thread is what a compiler of today uses by itself.
    flagged(facts, "-Zthreads", |f| f.strip_prefix("-Zthreads=").is_some_and(|n| n != "1"))
}

pub(in crate::check) fn gdb_index(facts: &Facts) -> Vec<Hit> {
    let mut linkers = settings(facts, |k| k.ends_with(".rustflags") || k.ends_with(".linker"));
    if !linkers.any(|s| s.words.iter().any(|w| w.contains("mold"))) {
        return Vec::new();
    }
    flagged(facts, "--gdb-index", |f| f.contains("--gdb-index"))
}

fn flagged(facts: &Facts, shown: &str, is: impl Fn(&str) -> bool) -> Vec<Hit> {
    settings(facts, |k| k.ends_with(".rustflags"))
        .filter(|s| joined(&s.words).iter().any(|f| is(f)))
        .map(|s| hit(s, format!("{} has `{shown}`", s.shown)))
        .collect()
}

/// Flags with their values in one word: `-C x`, `--codegen x` and `-Cx` become `-Cx`, and `-Z x` `-Zx`.
fn joined(words: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let next = match word.as_str() {
            "-C" | "--codegen" => words.next().map(|w| format!("-C{w}")),
            "-Z" => words.next().map(|w| format!("-Z{w}")),
            other => other.strip_prefix("--codegen=").map(|w| format!("-C{w}")),
        };
        out.push(next.unwrap_or_else(|| word.clone()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_the_same_however_they_are_spelled() {
        let words = ["-C", "rpath", "--codegen=a", "-Cb", "--codegen", "c", "-Z", "d", "-Ze", "-C"];
        let words: Vec<String> = words.map(str::to_string).into();
        assert_eq!(joined(&words), ["-Crpath", "-Ca", "-Cb", "-Cc", "-Zd", "-Ze", "-C"]);
    }
}
