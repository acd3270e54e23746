//! Reads cargo's JSON messages: the artifacts of a build, and the runs of build scripts. File names are
//! never guessed: cargo lists them, and only their kind follows from crate type and extension.
//!
//! <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::Message;
use repro_formats::digest;
use repro_formats::names::printable;

use crate::artifact::{Artifact, ArtifactSet, Kind};
use crate::error::{bad_input, refused};
use crate::fs;

/// One file that cargo says it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// `name version` of the package.
    pub package: String,
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
    /// The name that it counts under, if not its own.
    pub called: Option<String>,
    /// The library whose metadata it is.
    pub metadata_of: Option<PathBuf>,
}

/// One run of a build script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// `name version` of the package.
    pub package: String,
    /// Its OUT_DIR.
    pub out_dir: PathBuf,
    /// What it told cargo, as cargo understood it: lines of the form `cargo::key=value`.
    pub directives: Vec<String>,
}

/// What the messages of one build say.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// The files that it made.
    pub made: Vec<Made>,
    /// The build scripts that it ran.
    pub ran: Vec<Ran>,
}

impl Messages {
    /// Reads one line of cargo's standard output. Other lines than messages, and other messages, are
    /// ignored.
    pub fn read_line(&mut self, line: &str) {
        match serde_json::from_str::<Message>(line) {
            Ok(Message::CompilerArtifact(artifact)) => self.made.extend(made(&artifact)),
            Ok(Message::BuildScriptExecuted(script)) => self.ran.push(ran(&script)),
            _ => {}
        }
    }
}

fn ran(script: &cargo_metadata::BuildScript) -> Ran {
    let each = |key: &str, values: Vec<String>| -> Vec<String> {
        let line = |v: String| format!("cargo::{key}={v}");
        values.into_iter().map(line).collect()
    };
    let text = |paths: &[cargo_metadata::camino::Utf8PathBuf]| {
        paths.iter().map(ToString::to_string).collect()
    };
    let env = script.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
    Ran {
        package: package_of_id(&script.package_id.repr),
        out_dir: script.out_dir.clone().into_std_path_buf(),
        directives: [
            each("rustc-link-lib", text(&script.linked_libs)),
            each("rustc-link-search", text(&script.linked_paths)),
            each("rustc-cfg", script.cfgs.clone()),
            each("rustc-env", env),
        ]
        .concat(),
    }
}

fn made(artifact: &cargo_metadata::Artifact) -> Vec<Made> {
    let package = package_of_id(&artifact.package_id.repr);
    let names = |kinds: &[cargo_metadata::TargetKind]| -> Vec<String> {
        kinds.iter().map(ToString::to_string).collect()
    };
    let kinds = names(&artifact.target.kind);
    let types: Vec<String> = artifact.target.crate_types.iter().map(ToString::to_string).collect();
    let files: Vec<&Path> = artifact.filenames.iter().map(|file| file.as_std_path()).collect();
    let made = |file: &Path, kind, metadata_of: Option<&Path>| Made {
        package: package.clone(),
        kind,
        path: file.to_owned(),
        called: None,
        metadata_of: metadata_of.map(Path::to_owned),
    };
    let ends = |file: &Path, with: &str| file.extension().is_some_and(|ending| ending == with);
    let library = files.iter().find(|file| ends(file, "rlib")).copied();
    let each = |file: &&Path| match library.filter(|_| ends(file, "rmeta")) {
        Some(library) => Some(made(file, kind_of(&kinds, &types, library)?, Some(library))),
        None => Some(made(file, kind_of(&kinds, &types, file)?, None)),
    };
    files.iter().filter_map(each).collect()
}

/// `name version` from a package id, in its URL form or the older one with spaces.
pub fn package_of_id(id: &str) -> String {
    let Some((url, fragment)) = id.rsplit_once('#') else {
        return id.split(' ').take(2).collect::<Vec<_>>().join(" ");
    };
    match fragment.split_once('@') {
        Some((name, version)) => format!("{name} {version}"),
        None => {
            let path = url.split('?').next().unwrap_or(url);
            let name = path.trim_end_matches('/').rsplit('/').next();
            let name = name.unwrap_or(path).trim_end_matches(".git");
            format!("{name} {fragment}")
        }
    }
}

fn kind_of(kinds: &[String], types: &[String], file: &Path) -> Option<Kind> {
    let has = |list: &[String], what: &str| list.iter().any(|k| k == what);
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    if ending == "rmeta" || ending == "dSYM" {
        // Of a library that is no rlib; a dSYM is a directory beside the artifact.
        return None;
    }
    // What cargo says of its remaps, in paths of the machine.
    if file.file_name().is_some_and(|name| name.to_string_lossy().contains(".trim-paths.json")) {
        return None;
    }
    if has(kinds, "custom-build") {
        return Some(Kind::BuildScript);
    }
    if has(types, "proc-macro") {
        return Some(Kind::ProcMacro);
    }
    Some(match ending.as_ref() {
        "rlib" if has(types, "lib") => Kind::Lib,
        "rlib" => Kind::Rlib,
        "a" | "lib" if has(types, "staticlib") && !has(types, "cdylib") => Kind::Staticlib,
        "a" | "lib" if has(types, "staticlib") && !is_import_library(file) => Kind::Staticlib,
        _ if has(types, "bin") => Kind::Bin,
        _ if has(types, "cdylib") => Kind::Cdylib,
        _ => Kind::Dylib,
    })
}

fn is_import_library(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".dll.a") || name.ends_with(".dll.lib")
}

/// Where the artifacts of one build are found and kept.
pub struct Collect<'a> {
    /// The target directory.
    pub target_dir: &'a Path,
    /// The host triple.
    pub host: &'a str,
    /// `--target`, as given: with it, what lies elsewhere is for the build only.
    pub targets: &'a [String],
    /// File stems of libraries that only build scripts and macros use.
    pub only_for_the_build: &'a BTreeSet<String>,
    /// Names of libraries that are not cargo's: its file stem, and the canonical one.
    pub canonical_stems: &'a BTreeMap<String, String>,
    /// Directory that gets a (hard-linked) copy of each file.
    pub keep: &'a Path,
}

impl Collect<'_> {
    /// Digests what was made and puts it into the kept directory.
    ///
    /// # Errors
    /// Two packages make a file of one name: cargo leaves only the one that it wrote last. What cargo
    /// names is not a file of this build.
    pub fn artifacts(&self, made: &[Made]) -> Result<ArtifactSet> {
        if let Some((one, other)) = self.colliding(made) {
            // cargo names them as they are ready.
            let mut packages = [&*one.package, &*other.package];
            packages.sort_unstable();
            return Err(refused(format!(
                "{} both build a file named `{}`, and cargo keeps only one of the two: give them different names, or build one package at a time with `-p`",
                packages.join(" and "),
                self.name_of(one)
            )));
        }
        let mut artifacts = Vec::new();
        for file in made {
            let Some(target) = self.target_of(file) else { continue };
            // Before anything is read of it: whoever reads a FIFO waits.
            for path in file.metadata_of.iter().chain([&file.path]) {
                self.is_own(path)?;
            }
            if let Some(library) = &file.metadata_of
                && holds(library, &file.path).context("cargo named a file as made")?
            {
                continue;
            }
            let name = self.name_of(file);
            let digest = digest::of_file(&file.path).context("cargo named a file as made")?;
            let mut kept = self.keep.join(kept_path(&target, file, &name));
            if file.kind == Kind::BuildScript {
                // That of one package is built for each of its sets of features.
                kept = kept.with_file_name(&digest.sha256[..16]).join(&name);
            }
            if !kept.exists() {
                fs::link_or_copy(&file.path, &kept)?;
            }
            artifacts.push(Artifact {
                package: file.package.clone(),
                target,
                kind: file.kind,
                name,
                digest,
                path: kept,
            });
        }
        Ok(ArtifactSet::new(artifacts))
    }

    /// A link, or a path that a macro printed in cargo's name, leads to any file of this machine once it
    /// is read outside of the sandbox: to the published file, which would be compared with itself.
    fn is_own(&self, file: &Path) -> Result<()> {
        let real = |path: &Path| {
            let what = || format!("cargo named `{}` as made", path.display());
            fs::canonicalize(path).with_context(what)
        };
        if real(file)?.starts_with(real(self.target_dir)?) && fs::lstat(file)?.is_file() {
            return Ok(());
        }
        Err(bad_input(format!(
            "the build left `{}`, which is not a regular file in its target directory, so it is not compared: make the build write the file itself instead of a link",
            printable(file.file_name().unwrap_or_default().as_encoded_bytes())
        )))
    }

    /// Shipped files of two packages that would be kept, and mostly were made, as one file.
    fn colliding<'m>(&self, made: &'m [Made]) -> Option<(&'m Made, &'m Made)> {
        let mut places: BTreeMap<PathBuf, &Made> = BTreeMap::new();
        for file in made.iter().filter(|file| file.kind.is_shipped()) {
            let Some(target) = self.target_of(file) else { continue };
            let place = kept_path(&target, file, &self.name_of(file));
            match places.get(&place) {
                Some(other) if other.package != file.package => return Some((*other, file)),
                _ => drop(places.insert(place, file)),
            }
        }
        None
    }

    fn name_of(&self, file: &Made) -> String {
        if let Some(called) = &file.called {
            return called.clone();
        }
        let path = &file.path;
        let text =
            |s: Option<&std::ffi::OsStr>| s.unwrap_or_default().to_string_lossy().into_owned();
        let (name, stem) = (text(path.file_name()), text(path.file_stem()));
        match self.canonical_stems.get(&stem) {
            Some(canonical) => name.replace(&stem, canonical),
            None => name,
        }
    }

    /// The target that a file is for; `None` for a library that is for the build only.
    fn target_of(&self, file: &Made) -> Option<String> {
        let below = file.path.strip_prefix(self.target_dir).ok();
        let first = below.and_then(|p| p.components().next());
        let first = first.map(|c| c.as_os_str().to_string_lossy().into_owned());
        let given = self.targets.iter().find(|t| {
            let dir = Path::new(t).file_stem().unwrap_or_default();
            let dir = if t.ends_with(".json") {
                dir.to_string_lossy().into_owned()
            } else {
                (*t).clone()
            };
            first.as_deref() == Some(dir.as_str())
        });
        if let Some(target) = given {
            return Some(target.clone());
        }
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
        let for_build = !self.targets.is_empty() || self.only_for_the_build.contains(&*stem);
        (!file.kind.in_verdict() || !for_build).then(|| self.host.to_string())
    }
}

/// Whether a library has its metadata inside, so that they are compared with it. With `-Zembed-metadata=no`
/// they are only beside it.
fn holds(library: &Path, metadata: &Path) -> std::io::Result<bool> {
    let (library, metadata) = (std::fs::read(library)?, std::fs::read(metadata)?);
    Ok(memchr::memmem::find(&library, &metadata).is_some())
}

/// Where a file is kept: what is shipped lies directly below its target.
fn kept_path(target: &str, file: &Made, name: &str) -> PathBuf {
    let target = Path::new(target).file_stem().map_or(target.into(), |stem| {
        if target.ends_with(".json") { stem.to_string_lossy() } else { target.into() }
    });
    let dir = Path::new(&*target);
    if file.kind.is_shipped() {
        dir.join(name)
    } else if file.kind.in_verdict() {
        dir.join("deps").join(name)
    } else {
        dir.join("build").join(file.package.replace(' ', "-")).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_build_scripts_are_read() {
        let mut messages = Messages::default();
        messages.read_line(
            r#"{"reason":"build-script-executed","package_id":"path+file:///s/demo#0.1.0","linked_libs":["static=z"],"linked_paths":["native=/t/out"],"cfgs":["has_z"],"env":[["K","v=1"]],"out_dir":"/t/out"}"#,
        );
        messages.read_line("not a message");
        let ran = &messages.ran[0];
        assert_eq!(
            (ran.package.as_str(), ran.out_dir.as_path()),
            ("demo 0.1.0", Path::new("/t/out"))
        );
        assert_eq!(
            ran.directives,
            [
                "cargo::rustc-link-lib=static=z",
                "cargo::rustc-link-search=native=/t/out",
                "cargo::rustc-cfg=has_z",
                "cargo::rustc-env=K=v=1",
            ]
        );
    }

    #[test]
    fn package_ids_of_all_forms() {
        let cases = [
            ("path+file:///s/demo#0.1.0", "demo 0.1.0"),
            ("path+file:///s/dir#demo@0.1.0", "demo 0.1.0"),
            ("registry+https://index/#serde@1.0.2", "serde 1.0.2"),
            ("git+https://host/x/foo.git?rev=ab#1.2.3", "foo 1.2.3"),
            ("serde 1.0.2 (registry+https://index)", "serde 1.0.2"),
        ];
        for (id, want) in cases {
            assert_eq!(package_of_id(id), want);
        }
    }

    #[test]
    fn kinds_by_crate_type_and_ending() {
        let s = |v: &[&str]| v.iter().map(ToString::to_string).collect::<Vec<_>>();
        let kind = |k: &[&str], t: &[&str], f: &str| kind_of(&s(k), &s(t), Path::new(f));
        assert_eq!(kind(&["bin"], &["bin"], "/t/rg"), Some(Kind::Bin));
        assert_eq!(kind(&["bin"], &["bin"], "/t/rg.dwp"), Some(Kind::Bin));
        assert_eq!(kind(&["lib"], &["lib"], "/t/libx.rlib"), Some(Kind::Lib));
        assert_eq!(kind(&["lib"], &["lib"], "/t/libx.rmeta"), None);
        assert_eq!(kind(&["bin"], &["bin"], "/t/rg.trim-paths.jsonl"), None);
        let all = ["cdylib", "rlib", "staticlib"];
        assert_eq!(kind(&all, &all, "/t/libx.a"), Some(Kind::Staticlib));
        assert_eq!(kind(&all, &all, "/t/x.dll.lib"), Some(Kind::Cdylib));
        assert_eq!(kind(&all, &all, "/t/libx.rlib"), Some(Kind::Rlib));
        assert_eq!(kind(&all, &all, "/t/libx.so"), Some(Kind::Cdylib));
        assert_eq!(kind(&["proc-macro"], &["proc-macro"], "/t/libx.so"), Some(Kind::ProcMacro));
        assert_eq!(kind(&["custom-build"], &["bin"], "/t/b"), Some(Kind::BuildScript));
    }

    #[test]
    fn metadata_that_no_library_holds_count_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        for (name, text) in [
            ("libin.rlib", "!<arch>\n metadata of in"),
            ("libin-1.rmeta", "metadata of in"),
            ("libby.rlib", "!<arch>\n a stub"),
            ("libby-1.rmeta", "metadata of by"),
        ] {
            std::fs::write(at(name), text).unwrap();
        }
        let mut messages = Messages::default();
        for name in ["in", "by"] {
            messages.read_line(
                &serde_json::json!({"reason": "compiler-artifact", "package_id": "path+file:///s/x#0.1.0",
                    "manifest_path": "/s/Cargo.toml",
                    "target": {"kind": ["lib"], "crate_types": ["lib"], "name": name, "src_path": "/s/lib.rs",
                        "edition": "2021", "doc": true, "doctest": true, "test": true},
                    "profile": {"opt_level": "3", "debuginfo": 0, "debug_assertions": false,
                        "overflow_checks": false, "test": false},
                    "features": [], "executable": null, "fresh": false,
                    "filenames": [at(&format!("lib{name}.rlib")), at(&format!("lib{name}-1.rmeta"))]})
                .to_string(),
            );
        }
        let (none, no_stems) = (BTreeSet::new(), BTreeMap::new());
        let keep = dir.path().join("kept");
        let collect = Collect {
            target_dir: dir.path(),
            host: "h",
            targets: &[],
            only_for_the_build: &none,
            canonical_stems: &no_stems,
            keep: &keep,
        };
        let found = collect.artifacts(&messages.made).unwrap();
        let names: Vec<_> = found.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["libby-1.rmeta", "libby.rlib", "libin.rlib"]);
    }

    #[test]
    fn with_a_target_the_host_side_is_left_out() {
        let (none, no_stems) = (BTreeSet::new(), BTreeMap::new());
        let targets = ["wasm32-wasip1".to_string()];
        let collect = Collect {
            target_dir: Path::new("/t"),
            host: "h",
            targets: &targets,
            only_for_the_build: &none,
            canonical_stems: &no_stems,
            keep: Path::new("/k"),
        };
        let made = |kind, path: &str| Made {
            package: "p 1".into(),
            kind,
            path: path.into(),
            called: None,
            metadata_of: None,
        };
        let target = |kind, path| collect.target_of(&made(kind, path));
        assert_eq!(
            target(Kind::Bin, "/t/wasm32-wasip1/release/x.wasm"),
            Some("wasm32-wasip1".into())
        );
        assert_eq!(target(Kind::Lib, "/t/release/deps/libcc-1.rlib"), None);
        assert_eq!(target(Kind::ProcMacro, "/t/release/deps/libm-1.so"), Some("h".into()));
    }
}
