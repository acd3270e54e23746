//! Settings of the compiler and of cargo that make bytes depend on the machine.

use crate::check::facts::Facts;
use crate::check::facts::settings::Setting;
use crate::check::hit::Hit;
use crate::shim::ran::NATIVE_FLAGS;

/// A hit for each setting of which there is something to report behind its name.
fn hits(facts: &Facts, report: impl Fn(&Setting) -> Option<String>) -> Vec<Hit> {
    let hit = |s: &Setting| {
        let message = format!("{} {}", s.shown, report(s)?);
        Some(Hit { place: s.place.clone(), message, ..Hit::default() })
    };
    facts.settings.iter().filter_map(hit).collect()
}

fn is_rustflags(setting: &Setting) -> bool {
    setting.key.ends_with(".rustflags")
}

pub(in crate::check) fn workspace_wrapper(facts: &Facts) -> Vec<Hit> {
    hits(facts, |s| {
        let path = s.words.join(" ");
        (s.key == "build.rustc-workspace-wrapper").then(|| {
            format!("wraps rustc with `{path}`, whose path is hashed into the names of symbols")
        })
    })
}

pub(in crate::check) fn bootstrap(facts: &Facts) -> Vec<Hit> {
    let message = "is set, which changes all bytes";
    hits(facts, |s| (s.key == "env.RUSTC_BOOTSTRAP").then(|| message.into()))
}

pub(in crate::check) fn incremental(facts: &Facts) -> Vec<Hit> {
    let message = "turns incremental compilation on in a release";
    hits(facts, |s| (s.key.ends_with(".incremental") && s.is_on()).then(|| message.into()))
}

pub(in crate::check) fn rpath(facts: &Facts) -> Vec<Hit> {
    let message = "puts absolute paths of libraries into binaries";
    let mut hits =
        hits(facts, |s| (s.key.ends_with(".rpath") && s.is_on()).then(|| message.into()));
    hits.extend(flagged(facts, "-Crpath", |f| {
        f.strip_prefix("-Crpath").is_some_and(|v| !["=no", "=off", "=n", "=false"].contains(&v))
    }));
    hits
}

pub(in crate::check) fn target_cpu(facts: &Facts) -> Vec<Hit> {
    let mut found = flagged(facts, "-Ctarget-cpu=native", |f| f == "-Ctarget-cpu=native");
    found.extend(hits(facts, |s| {
        let of_c = s.key.starts_with("env.") && s.key.contains("FLAGS");
        let has = |flag: &&&str| s.words.iter().any(|word| word.contains(**flag));
        let flag = NATIVE_FLAGS.iter().find(has).filter(|_| of_c || is_rustflags(s))?;
        Some(format!("has `{flag}`"))
    }));
    found
}

pub(in crate::check) fn build_id(facts: &Facts) -> Vec<Hit> {
    flagged(facts, "--build-id=uuid", |f| f.contains("--build-id=uuid"))
}

pub(in crate::check) fn threads(facts: &Facts) -> Vec<Hit> {
    // One thread is what a compiler of today uses by itself.
    flagged(facts, "-Zthreads", |f| f.strip_prefix("-Zthreads=").is_some_and(|n| n != "1"))
}

pub(in crate::check) fn gdb_index(facts: &Facts) -> Vec<Hit> {
    let names_linker = |s: &&Setting| is_rustflags(s) || s.key.ends_with(".linker");
    if !facts
        .settings
        .iter()
        .filter(names_linker)
        .any(|s| s.words.iter().any(|w| w.contains("mold")))
    {
        return Vec::new();
    }
    flagged(facts, "--gdb-index", |f| f.contains("--gdb-index"))
}

fn flagged(facts: &Facts, shown: &str, is: impl Fn(&str) -> bool) -> Vec<Hit> {
    let has = |s: &Setting| is_rustflags(s) && joined(&s.words).iter().any(|f| is(f));
    hits(facts, |s| has(s).then(|| format!("has `{shown}`")))
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
