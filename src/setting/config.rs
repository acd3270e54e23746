//! Cargo config from outside the source, as a manifest records it: each key is a setting.
//! A manifest is untrusted: a key that is not in a list here is shown to the verifier and never replayed.

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::entry::{Fate, Home, Setting};
use super::{flags, variables};
use crate::cargo::config::words;

/// Keys of a profile that are replayed.
const PROFILE: &[&str] = &[
    "codegen-units", "debug", "debug-assertions", "incremental", "inherits", "lto", "opt-level",
    "overflow-checks", "panic", "rpath", "split-debuginfo", "strip",
];

/// A key with its path, and its value.
type Leaf<'a> = (Vec<String>, &'a Item);

/// The settings in these texts, by cargo's own dotted keys.
pub(super) fn settings(texts: &[String]) -> Result<Vec<Setting>, String> {
    let mut found = Vec::new();
    for text in texts {
        let document = parse(text)?;
        for (key, item) in leaves(document.as_table()) {
            // Where crates are fetched from is the verifier's own affair.
            if key[0] == "source" {
                continue;
            }
            let fate = fate(&key, item)?;
            let setting = Setting::new(key.join("."), shown(item), fate, home(&key));
            // What is replayed is the manifest's, and no variable of the verifier's takes its place.
            let variable = variable(&key).filter(|_| fate == Fate::Fact);
            found.push(Setting { variable, ..setting });
        }
    }
    Ok(found)
}

/// The texts with what may be replayed, and nothing else.
///
/// # Errors
/// A clause: a value that no replay may take.
pub fn replayable(texts: &[String]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for text in texts {
        let mut document = parse(text)?;
        let mut dropped = Vec::new();
        for (key, item) in leaves(document.as_table()) {
            if key[0] == "source" || fate(&key, item)? == Fate::Fact {
                dropped.push(key);
            }
        }
        for key in dropped {
            remove(document.as_table_mut(), &key);
        }
        // An entry of which nothing is left would still be one.
        for whole in ["source", "patch", "host"] {
            document.remove(whole);
        }
        all.push(document.to_string());
    }
    Ok(all)
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    let document = text.parse::<DocumentMut>();
    document
        .map_err(|e| format!("failed to parse its cargo config: {}", e.message().escape_debug()))
}

/// Every key with its value; `[env]` entries and lists are values, whatever their form.
fn leaves(table: &dyn TableLike) -> Vec<Leaf<'_>> {
    fn walk<'a>(table: &'a dyn TableLike, path: &[String], found: &mut Vec<Leaf<'a>>) {
        for (name, item) in table.iter() {
            let mut path = path.to_vec();
            path.push(name.to_string());
            match item.as_table_like() {
                Some(below) if !(path.len() == 2 && path[0] == "env") => walk(below, &path, found),
                _ => found.push((path, item)),
            }
        }
    }
    let mut found = Vec::new();
    walk(table, &[], &mut found);
    found
}

fn remove(table: &mut dyn TableLike, key: &[String]) {
    match key {
        [] => {}
        [last] => drop(table.remove(last)),
        [first, rest @ ..] => {
            if let Some(below) = table.get_mut(first).and_then(Item::as_table_like_mut) {
                remove(below, rest);
            }
        }
    }
}

fn fate(key: &[String], item: &Item) -> Result<Fate, String> {
    let key: Vec<&str> = key.iter().map(String::as_str).collect();
    let dotted = key.join(".");
    let bad = |what: &str| {
        let (what, dotted) = (what.escape_debug(), dotted.escape_debug());
        Err(format!(
            "`{what}` in its cargo config `{dotted}` is not one of the flags and values that a rebuild may take from a manifest"
        ))
    };
    match key[..] {
        ["build", "rustflags"] | ["target", _, "rustflags"] => {
            flags::rustc(&words(item)).or_else(|flag| bad(&flag))
        }
        ["build", "target"] | ["unstable", ..] => word(item, bad),
        ["profile", .., last] if PROFILE.contains(&last) => word(item, bad),
        ["env", name] => {
            env_value(item).map_or(Ok(Fate::Fact), |value| variables::fate(name, &value))
        }
        ["build" | "target" | "host" | "patch" | "paths" | "profile", ..] => Ok(Fate::Fact),
        _ => Err(format!(
            "its cargo config has `{}`, which is not a build setting",
            dotted.escape_debug()
        )),
    }
}

fn word(item: &Item, bad: impl Fn(&str) -> Result<Fate, String>) -> Result<Fate, String> {
    let texts = match item.as_array() {
        Some(array) => array.iter().map(plain).collect(),
        None => vec![shown(item)],
    };
    texts.iter().find(|text| !flags::is_word(text)).map_or(Ok(Fate::Replayed), |text| bad(text))
}

/// The text of an `[env]` entry; none where it is a path of the publisher's machine.
fn env_value(item: &Item) -> Option<String> {
    match item.as_table_like() {
        None => item.as_str().map(str::to_string),
        Some(table) => {
            let relative = table.get("relative").and_then(Item::as_bool).unwrap_or(false);
            let value = table.get("value").and_then(Item::as_str);
            value.filter(|_| !relative).map(str::to_string)
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string().trim().to_string(), str::to_string)
}

fn shown(item: &Item) -> String {
    if let Some(value) = item.as_value() {
        return match value.as_array() {
            Some(array) => array.iter().map(plain).collect::<Vec<_>>().join(" "),
            None => match env_value(item) {
                Some(text) if value.as_inline_table().is_some() => text,
                _ => plain(value),
            },
        };
    }
    env_value(item).unwrap_or_else(|| item.to_string().trim().to_string())
}

fn home(key: &[String]) -> Home {
    match key[0].as_str() {
        "profile" => Home::Profile,
        "patch" | "build" | "target" | "env" | "unstable" => Home::CargoConfig,
        _ => Home::Nowhere,
    }
}

/// The variable that cargo takes for the same key.
fn variable(key: &[String]) -> Option<String> {
    let upper = |text: &str| text.to_uppercase().replace(['-', '.'], "_");
    match key {
        [table, name] if table == "env" => Some(name.clone()),
        [table, triple, name] if table == "target" && ["linker", "runner"].contains(&&**name) => {
            Some(format!("CARGO_TARGET_{}_{}", upper(triple), upper(name)))
        }
        [table, name] if table == "build" && name == "rustc-wrapper" => {
            Some("RUSTC_WRAPPER".to_string())
        }
        [table, name] if table == "build" => Some(format!("CARGO_BUILD_{}", upper(name))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_code_is_replayed() {
        let text = "[build]\nrustflags = ['-g', '-Copt-level=1']\nrustc-wrapper = '/evil'\n\
            [target.x86_64-unknown-linux-gnu]\nlinker = '/evil'\nrustflags = '-O'\n\
            [profile.release.package.x]\nopt-level = 2\n[env]\nA = 'b'\nCC = '/evil'\n\
            P = { value = 'x', relative = true }\n[source.crates-io]\nreplace-with = 'm'\n\
            [patch.crates-io]\nx = { path = '/evil' }\n";
        let text = format!("paths = ['/evil']\n{text}");
        let texts = [text];
        let found: Vec<_> = settings(&texts).unwrap();
        let facts: Vec<_> =
            found.iter().filter(|s| s.fate == Fate::Fact).map(|s| &*s.name).collect();
        assert_eq!(
            facts,
            [
                "paths",
                "build.rustc-wrapper",
                "target.x86_64-unknown-linux-gnu.linker",
                "env.CC",
                "env.P",
                "patch.crates-io.x.path"
            ]
        );
        let linker = found.iter().find(|s| s.name.ends_with(".linker")).unwrap();
        assert_eq!(
            linker.variable.as_deref(),
            Some("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER")
        );
        let kept = replayable(&texts).unwrap().remove(0);
        assert!(!kept.contains("evil") && !kept.contains("crates-io"), "{kept}");
        assert!(kept.contains("rustflags = '-O'") && kept.contains("A = 'b'"), "{kept}");
        assert!(found.iter().any(|s| s.name == "build.rustflags" && s.value == "-g -Copt-level=1"));
    }

    #[test]
    fn other_keys_and_values_are_refused() {
        for bad in [
            "[registry]\ndefault = 'x'",
            "[build]\nrustflags = '-L/evil'",
            "[profile.release]\nlto = '/evil'",
            "[env]\nRUSTFLAGS = '--sysroot=/evil'",
            "[alias]\nb = 'x'",
            "include = ['/evil.toml']",
            "[unstable]\nx = '/evil'",
            "[build",
        ] {
            assert!(settings(&[bad.to_string()]).is_err(), "{bad}");
            assert!(replayable(&[bad.to_string()]).is_err(), "{bad}");
        }
    }
}
