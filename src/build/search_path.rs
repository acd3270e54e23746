//! PATH of build B: longer, and in a different order, but with the same programs found first.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::fs;

/// The directories of PATH, with `own`, which has no program, before and behind them. One that has no
/// program in common with those before it comes before them.
pub fn varied(path: Vec<PathBuf>, own: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(PathBuf, Option<BTreeSet<OsString>>)> = Vec::new();
    for dir in path {
        let names = names(&dir);
        let stays = found.iter().rposition(|(_, others)| match (others, &names) {
            (Some(others), Some(names)) => !others.is_disjoint(names),
            _ => true,
        });
        found.insert(stays.map_or(0, |i| i + 1), (dir, names));
    }
    let own = || std::iter::once(own.to_owned());
    own().chain(found.into_iter().map(|(dir, _)| dir)).chain(own()).collect()
}

/// What is in a directory; none where that depends on where a program runs.
fn names(dir: &Path) -> Option<BTreeSet<OsString>> {
    dir.is_absolute().then(|| fs::entries(dir).unwrap_or_default().into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_changes_only_where_no_program_is_found_elsewhere_then() {
        let root = tempfile::tempdir().unwrap();
        let dir = |name: &str| root.path().join(name);
        for file in ["one/cc", "two/ld", "three/cc", "three/ar"] {
            fs::write(&dir(file), "").unwrap();
        }
        let path = vec![dir("one"), dir("two"), dir("three"), ".".into(), dir("none")];
        let found = varied(path, &dir("own"));
        // What is behind the current directory stays there.
        let want = [dir("own"), dir("two"), dir("one"), dir("three"), ".".into(), dir("none")];
        assert_eq!(found, [&want[..], &[dir("own")]].concat());
    }
}
