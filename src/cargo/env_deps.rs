//! The environment variables that a build read: rustc's `env-dep` lines, and
//! `rerun-if-env-changed` of build scripts. Only names; the values are known elsewhere.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::cargo::dep_info;
use crate::fs;

/// Looks through a target directory after a build.
pub fn names(target_dir: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (path, meta) in fs::walk(target_dir, &mut |_| true)? {
        if !meta.is_file() {
            continue;
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if file.ends_with(".d") {
            names.extend(in_dep_info(&lossy(&path)));
        } else if file == "output" && path.with_file_name("root-output").exists() {
            names.extend(in_script_output(&lossy(&path)));
        }
    }
    Ok(names)
}

fn lossy(path: &Path) -> String {
    // A dep-info file holds paths, which need not be UTF-8.
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

fn in_dep_info(text: &str) -> Vec<String> {
    let env = dep_info::read(text).env;
    env.into_iter().map(|(name, _)| name).collect()
}

fn in_script_output(text: &str) -> Vec<String> {
    dep_info::directives(text)
        .into_iter()
        .filter(|d| d.key == "rerun-if-env-changed")
        .map(|d| d.value.trim().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_are_read() {
        let dep = "/t/a.d: src/main.rs\n\n# env-dep:OUT_DIR=/t/x=y\n# env-dep:UNSET\n";
        assert_eq!(in_dep_info(dep), ["OUT_DIR", "UNSET"]);
        let out = "cargo:rerun-if-env-changed=CC\nhello\ncargo::rerun-if-env-changed=AR \n";
        assert_eq!(in_script_output(out), ["CC", "AR"]);
    }
}
