//! The floors: a module imports only from those that stand before it here. Ground, values, steps,
//! outputs, entry; within the steps the order is that of the walk.

use std::path::{Path, PathBuf};

const ORDER: &[&str] = &[
    // ground
    "error",
    "process",
    "fs",
    "digest",
    "git",
    "term",
    // values
    "artifact",
    "verdict",
    "cause",
    "known_crates",
    "finding",
    "epoch",
    "toolchain",
    "platform",
    "variation",
    "layout",
    "limits",
    "request",
    "format",
    // steps
    "query",
    "source",
    "recipe",
    "shim",
    "cargo",
    "sandbox",
    "build",
    "compare",
    "archive",
    "explain",
    "blame",
    "check",
    // outputs
    "manifest",
    "setting",
    "report",
    // entry
    "project",
    "verify",
    "cli",
    "command",
    "entry",
];

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] })
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .collect()
}

/// Modules that a text names as `crate::x` or in `use crate::{x, y::z}`.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let words = |t: &str| -> String {
        t.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(words(rest)),
            Some(list) => {
                let (mut depth, mut start) = (0, true);
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && depth == 0 && c.is_alphabetic() => {
                            found.push(words(&list[i..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn violations(module: &str, text: &str) -> Vec<String> {
    let place = |m: &str| ORDER.iter().position(|o| *o == m);
    let here = place(module).unwrap_or_else(|| panic!("`{module}` has no floor: add it"));
    imports(text)
        .into_iter()
        .filter(|m| m != module)
        .filter(|m| place(m).is_none_or(|there| there >= here))
        .map(|m| format!("{module} imports {m}"))
        .collect()
}

#[test]
fn modules_import_only_from_lower_floors() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in files(&src) {
        let below = file.strip_prefix(&src).unwrap();
        let first = below.iter().next().unwrap().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        let not_modules = ["lib", "main", "bin"].contains(&module);
        if not_modules || file.ends_with("shim/preload.rs") {
            continue;
        }
        wrong.extend(violations(module, &std::fs::read_to_string(&file).unwrap()));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_import_from_above_is_noticed() {
    assert_eq!(violations("fs", "use crate::{error::host, cli::{Cli}};"), ["fs imports cli"]);
    assert_eq!(violations("recipe", "let x = crate::report::text();"), ["recipe imports report"]);
    assert!(violations("build", "use crate::recipe::Recipe;").is_empty());
}

#[test]
fn every_module_says_what_it_owns() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files(&src) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{file:?} has no head");
    }
}
