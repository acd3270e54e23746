//! Files that a build read outside the source, the cargo home and the toolchain: other builders may
//! not have them. The compiler lists the files it read in dep-info; build scripts list the files
//! they watch.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cargo::trace::Trace;
use crate::fs;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutsideFile {
    /// `name version` of the package.
    pub package: String,
    /// The file itself.
    pub path: PathBuf,
    /// The link in the source that leads there, if one does.
    pub link: Option<PathBuf>,
    /// Whether the compiler read it; else a build script says that it depends on it.
    pub compiled: bool,
}

/// Stores whose paths name their content: another builder's has the same.
const BY_CONTENT: [&str; 2] = ["/nix/store", "/gnu/store"];

/// The files that the build of `trace` read outside of its own directories and of `known`.
pub fn files(trace: &Trace, known: &[PathBuf]) -> Vec<OutsideFile> {
    let real = trace.dirs.directories().map(|(_, dir)| trace.now(dir));
    let roots: Vec<PathBuf> =
        real.chain(known.iter().cloned()).map(|dir| fs::canonical(&dir)).collect();
    let outside = |package: &str, path: &str, compiled: bool| {
        let given = fs::normalized(Path::new(path));
        let path = fs::canonical(&trace.now(&given));
        let within = |roots: &[PathBuf]| roots.iter().any(|root| path.starts_with(root));
        if within(&roots) || BY_CONTENT.iter().any(|s| path.starts_with(s)) || !path.is_file() {
            return None;
        }
        let link = given.strip_prefix(&trace.dirs.source).map(Path::to_owned).ok();
        Some(OutsideFile { package: package.to_string(), path, link, compiled })
    };
    let mut found = BTreeSet::new();
    for unit in &trace.units {
        let reads = trace.reads(unit).files;
        found.extend(reads.iter().filter_map(|file| outside(&unit.package, file, true)));
    }
    for ran in &trace.ran {
        let watched = trace.directives(ran).into_iter().filter(|d| d.key == "rerun-if-changed");
        // A relative path is one of the package.
        let watched = watched.map(|d| d.value).filter(|path| Path::new(path).is_absolute());
        found.extend(watched.filter_map(|file| outside(&ran.package, &file, false)));
    }
    found.into_iter().collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::build_dirs::BuildDirs;
    use crate::cargo::messages::Ran;
    use crate::cargo::units::Unit;
    use crate::variation::Side;
    use crate::variation::VariationId;

    #[test]
    fn what_is_read_elsewhere_is_named_whether_by_path_or_link() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for file in ["s/src/main.rs", "t/deps/x", "out/a.txt", "out/b.txt", "out/h.h", "kit/std.rs"]
        {
            fs::write(&at(file), "").unwrap();
        }
        fs::symlink(&at("out/b.txt"), &at("s/src/link.txt"), false).unwrap();
        let shown = |path: &str| at(path).display().to_string();
        let dep_info = format!(
            "src/main.rs:\nsrc/link.txt:\n{}:\n{}:\n/dev/null:\n",
            shown("out/a.txt"),
            shown("kit/std.rs")
        );
        fs::write(&at("t/deps/app-1.d"), dep_info).unwrap();
        fs::write(
            &at("t/build/app-1/output"),
            format!(
                "cargo::rerun-if-changed={}\ncargo::rerun-if-changed=build.rs\n",
                shown("out/h.h")
            ),
        )
        .unwrap();
        let trace = Trace {
            side: Side::A,
            units: vec![Unit {
                package: "app 1".into(),
                crate_name: "app".into(),
                extra_filename: "-1".into(),
                out_dir: shown("t/deps"),
                dir: shown("s"),
                ..Unit::default()
            }],
            ran: vec![Ran {
                package: "app 1".into(),
                out_dir: at("t/build/app-1/out"),
                ..Ran::default()
            }],
            dirs: BuildDirs {
                source: at("s"),
                target: at("t"),
                cargo_home: at("c"),
                empty: vec![(VariationId::Home, at("h")), (VariationId::Tmpdir, at("tmp"))],
                ..BuildDirs::default()
            },
            moved: Vec::new(),
        };
        let found: Vec<_> =
            files(&trace, &[at("kit")]).into_iter().map(|f| (f.path, f.link, f.compiled)).collect();
        let real = |path: &str| fs::canonical(&at(path));
        assert_eq!(
            found,
            [
                (real("out/a.txt"), None, true),
                (real("out/b.txt"), Some("src/link.txt".into()), true),
                (real("out/h.h"), None, false),
            ]
        );
    }
}
