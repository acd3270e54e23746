//! Files that two builds left besides the artifacts that cargo lists: in OUT_DIR, next to the
//! programs, and unpacked debug info. The verdict does not cover them, so whoever ships one has to
//! know which of them differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::artifact::ArtifactSet;
use crate::cargo::trace::Trace;
use crate::cargo::units::Unit;
use crate::fs;

/// Files by their path below some directory, and where each is.
type Files = BTreeMap<String, PathBuf>;

/// What was left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Left {
    /// Files below the OUT_DIR of each package that differ.
    pub by_scripts: BTreeMap<String, Vec<String>>,
    /// Files in the target directory that differ, and that cargo did not put there.
    pub beside: Vec<String>,
    /// All files with debug info that is not packed.
    pub debug_info: Vec<String>,
    /// Those of them that differ.
    pub debug_info_differs: Vec<String>,
}

/// What one build left in its target directory.
#[derive(Default)]
struct InTarget {
    beside: Files,
    debug_info: Files,
}

/// Compares what two builds left.
pub fn compare(a: (&Trace, &ArtifactSet), b: (&Trace, &ArtifactSet)) -> Result<Left> {
    let mut left = Left::default();
    let (of_a, of_b) = (by_scripts(a.0)?, by_scripts(b.0)?);
    for (package, files) in &of_a {
        let none = Files::new();
        let differ = differing(files, of_b.get(package).unwrap_or(&none));
        if !differ.is_empty() {
            left.by_scripts.insert(package.clone(), differ);
        }
    }
    let (of_a, of_b) = (in_target(a.0, a.1)?, in_target(b.0, b.1)?);
    left.beside = differing(&of_a.beside, &of_b.beside);
    left.debug_info_differs = differing(&of_a.debug_info, &of_b.debug_info);
    left.debug_info = of_a.debug_info.into_keys().collect();
    Ok(left)
}

/// The files of all runs of each package's script: a package for the host and for a target has two.
fn by_scripts(trace: &Trace) -> Result<BTreeMap<String, Files>> {
    let mut found: BTreeMap<String, Files> = BTreeMap::new();
    for ran in &trace.ran {
        found.entry(ran.package.clone()).or_default().extend(trace.left(ran)?);
    }
    Ok(found)
}

/// What only one of the two has, and what is not the same in both.
fn differing(a: &Files, b: &Files) -> Vec<String> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let same = |name: &String| a.get(name).zip(b.get(name)).is_some_and(|(a, b)| equal(a, b));
    names.into_iter().filter(|name| !same(name)).cloned().collect()
}

fn equal(a: &Path, b: &Path) -> bool {
    let (Ok(of_a), Ok(of_b)) = (fs::lstat(a), fs::lstat(b)) else { return false };
    if of_a.is_symlink() || of_b.is_symlink() {
        return std::fs::read_link(a).ok() == std::fs::read_link(b).ok();
    }
    // To read a FIFO is to wait for whoever writes to it.
    if !of_a.is_file() || !of_b.is_file() {
        return of_a.file_type() == of_b.file_type();
    }
    of_a.len() == of_b.len() && fs::first_difference(a, b).is_ok_and(|found| found.is_none())
}

fn in_target(trace: &Trace, artifacts: &ArtifactSet) -> Result<InTarget> {
    let root = trace.now(&trace.dirs.target);
    let mut found = InTarget::default();
    if !root.is_dir() {
        return Ok(found);
    }
    let cargos = Cargos::of(trace);
    let made: BTreeSet<&str> = artifacts.iter().map(|a| a.name.as_str()).collect();
    let below = |path: &Path| path.strip_prefix(&root).map(Path::to_owned).unwrap_or_default();
    let mut enter = |path: &Path| {
        let path = below(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let parent = path.parent().unwrap_or(Path::new(""));
        let owned = cargos.profiles.contains(parent) && (is_cargos(&name) || made.contains(&*name))
            || cargos.above_outputs.contains(parent);
        cargos.leads_to(&path) || !owned
    };
    for (path, meta) in fs::walk(&root, &mut enter)? {
        let below = below(&path);
        let name = fs::slashed(&below);
        let in_deps = below.parent().is_some_and(|dir| cargos.outputs.contains(dir));
        if meta.is_dir() {
            continue;
        } else if name.ends_with(".dwo") || in_deps && name.ends_with(".rcgu.o") {
            found.debug_info.insert(name, path);
        } else if !in_deps {
            found.beside.insert(name, path);
        }
    }
    Ok(found)
}

/// The directories below the target directory that cargo fills, as paths below it.
struct Cargos {
    /// Those of profiles, and above.
    profiles: BTreeSet<PathBuf>,
    /// Those that rustc writes into: `deps`, or `build/<package>/<id>/out` in cargo's new layout.
    outputs: BTreeSet<PathBuf>,
    /// Those between the two.
    above_outputs: BTreeSet<PathBuf>,
}

impl Cargos {
    fn of(trace: &Trace) -> Cargos {
        let below = |unit: &Unit| {
            Path::new(&unit.out_dir).strip_prefix(&trace.dirs.target).map(Path::to_owned).ok()
        };
        let dirs: BTreeSet<PathBuf> = trace.units.iter().filter_map(below).collect();
        // With `--target` build scripts can be all that is compiled for the host.
        let of_scripts = dirs.iter().filter_map(|dir| profile_of_script(dir));
        let profiles: BTreeSet<PathBuf> =
            dirs.iter().filter_map(|dir| profile_of(dir)).chain(of_scripts).collect();
        let outputs: BTreeSet<PathBuf> =
            dirs.into_iter().filter(|dir| profile_of(dir).is_some()).collect();
        let ancestors = |dir: &PathBuf| dir.ancestors().map(Path::to_owned).collect::<Vec<_>>();
        let profiles: BTreeSet<PathBuf> =
            profiles.iter().flat_map(ancestors).chain([PathBuf::new()]).collect();
        let above = outputs.iter().flat_map(ancestors);
        let above_outputs =
            above.filter(|dir| !profiles.contains(dir) && !outputs.contains(dir)).collect();
        Cargos { profiles, outputs, above_outputs }
    }

    fn leads_to(&self, path: &Path) -> bool {
        [&self.profiles, &self.outputs, &self.above_outputs].iter().any(|dirs| dirs.contains(path))
    }
}

/// The directory of the profile that a directory of outputs is of.
fn profile_of(outputs: &Path) -> Option<PathBuf> {
    let levels = match outputs.file_name()?.to_str()? {
        "deps" => 1,
        "out" if outputs.ancestors().nth(3)?.ends_with("build") => 4,
        _ => return None,
    };
    outputs.ancestors().nth(levels).map(Path::to_owned)
}

/// The same of `build/<package>-<hash>`, which a build script is compiled into.
fn profile_of_script(dir: &Path) -> Option<PathBuf> {
    let build = dir.parent()?;
    (build.file_name()? == "build").then(|| build.parent().map(Path::to_owned))?
}

/// Whether cargo itself keeps something of this name in a directory of its own.
fn is_cargos(name: &str) -> bool {
    let names = [
        "CACHEDIR.TAG", "build", "deps", "doc", "examples", "incremental", "package", "repro",
        "tmp",
    ];
    let records = name.ends_with(".d") || name.contains(".trim-paths.json");
    name.starts_with('.') || records || names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_dirs::BuildDirs;
    use crate::cargo::messages::Ran;
    use crate::variation::Side;

    fn build(dir: &Path, files: &[(&str, &str)]) -> Trace {
        for (path, text) in files {
            fs::write(&dir.join(path), text).unwrap();
        }
        let deps = dir.join("release/deps").display().to_string();
        Trace {
            side: Side::A,
            units: vec![Unit { out_dir: deps, ..Unit::default() }],
            ran: vec![Ran {
                package: "app 1.0.0".into(),
                out_dir: dir.join("release/build/app-1/out"),
                ..Ran::default()
            }],
            dirs: BuildDirs { target: dir.to_owned(), ..BuildDirs::default() },
            moved: Vec::new(),
        }
    }

    #[test]
    fn only_what_cargo_does_not_account_for_is_compared() {
        let dir = tempfile::tempdir().unwrap();
        let common = [
            ("release/build/app-1/out/same.txt", "x"),
            ("release/helper.dat", "x"),
            ("release/deps/app.rcgu.dwo", "x"),
        ];
        let cargos = |text| {
            [
                ("release/app", text),
                ("release/app.d", text),
                ("release/.fingerprint/x", text),
                ("release/deps/app-1", text),
                ("release/build/app-1/output", text),
                ("release/incremental/x", text),
                (".rustc_info.json", text),
            ]
        };
        let bin = crate::artifact::Artifact {
            package: "app 1.0.0".into(),
            target: "t".into(),
            kind: crate::artifact::Kind::Bin,
            name: "app".into(),
            digest: repro_formats::digest::of_bytes(b""),
            path: "/app".into(),
        };
        let set = ArtifactSet::new(vec![bin]);
        let a = build(&dir.path().join("a"), &[&common[..], &cargos("1")].concat());
        let b = build(&dir.path().join("b"), &[&common[..], &cargos("2")].concat());
        let left = compare((&a, &set), (&b, &set)).unwrap();
        let expected =
            Left { debug_info: vec!["release/deps/app.rcgu.dwo".into()], ..Left::default() };
        assert_eq!(left, expected);
        for (path, text) in [
            ("release/build/app-1/out/sub/man.1", "y"),
            ("release/helper.dat", "y"),
            ("completions/app.bash", "y"),
            ("release/deps/app.rcgu.dwo", "y"),
        ] {
            fs::write(&dir.path().join("b").join(path), text).unwrap();
        }
        let left = compare((&a, &set), (&b, &set)).unwrap();
        assert_eq!(left.by_scripts["app 1.0.0"], ["sub/man.1"]);
        assert_eq!(left.beside, ["completions/app.bash", "release/helper.dat"]);
        assert_eq!(left.debug_info_differs, left.debug_info);
    }

    #[test]
    fn a_build_script_alone_is_compiled_for_the_host() {
        let dir = tempfile::tempdir().unwrap();
        let build = |side: &str, text: &str| {
            let dir = dir.path().join(side);
            let files = [
                ("release/build/app-1/build_script_build-1.d", text),
                ("release/helper.dat", text),
                ("x86_64/release/deps/app-1", text),
            ];
            let mut trace = build(&dir, &files);
            let unit = |below: &str| Unit {
                out_dir: dir.join(below).display().to_string(),
                ..Unit::default()
            };
            trace.units = vec![unit("release/build/app-1"), unit("x86_64/release/deps")];
            trace
        };
        let none = ArtifactSet::new(Vec::new());
        let left = compare((&build("a", "1"), &none), (&build("b", "2"), &none)).unwrap();
        assert_eq!(left.beside, ["release/helper.dat"]);
    }

    #[test]
    fn the_new_layout_of_cargo_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let build = |side: &str, text: &str| {
            let dir = dir.path().join(side);
            let files = [
                ("release/build/app/0123/out/app.d", text),
                ("release/build/app/0123/out/app.rcgu.dwo", "x"),
                ("release/build/app/0123/fingerprint/bin-app", text),
                ("release/build/app/4567/out/made.txt", text),
                ("release/build/app/4567/stdout", text),
                ("release/helper.dat", text),
            ];
            let mut trace = build(&dir, &files);
            trace.units[0].out_dir = dir.join("release/build/app/0123/out").display().to_string();
            trace.ran[0].out_dir = dir.join("release/build/app/4567/out");
            trace
        };
        let none = ArtifactSet::new(Vec::new());
        let left = compare((&build("a", "1"), &none), (&build("b", "2"), &none)).unwrap();
        assert_eq!(left.beside, ["release/helper.dat"]);
        assert_eq!(left.by_scripts["app 1.0.0"], ["made.txt"]);
        assert_eq!(left.debug_info, ["release/build/app/0123/out/app.rcgu.dwo"]);
    }
}
