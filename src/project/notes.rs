//! The notes in a report of `repro build`: settings in force, variables that were not passed on,
//! and anything built or read that the verdict does not cover.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Metadata, Package};
use memchr::memmem;

use crate::artifact::Kind;
use crate::build::Built;
use crate::build::left::{self, Left};
use crate::build::outside::OutsideFile;
use crate::cargo::lockfile;
use crate::error::refused;
use crate::fs;
use crate::project::{Project, auditable};
use crate::recipe::environment::{self, set};
use crate::recipe::table;
use crate::request::Inject;
use crate::shim::ran::NATIVE_FLAGS;
use crate::source::Origin;
use crate::term::{count, short_list};
use crate::variation::of_variable;

impl Project {
    /// The notes on a build, or on two that were compared.
    pub(crate) fn notes(&self, a: &Built, b: Option<&Built>) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        if let Origin::Git(commit) = &self.source.origin {
            if !commit.dirty.is_empty() {
                notes.push(format!(
                    "the source is not a commit: {} changed ({})",
                    commit.dirty.len(),
                    short_list(&commit.dirty)
                ));
            }
            if !commit.untracked.is_empty() {
                let n = commit.untracked.len();
                let files = count(n, "untracked file is", "untracked files are");
                let names = short_list(&commit.untracked);
                notes.push(format!("{files} not part of the source ({names})"));
            }
        }
        for (path, _) in self.outside_config() {
            notes.push(format!(
                "settings of `{}`, which is outside the source, are in force: other builders need them too",
                path.display()
            ));
        }
        let lost: Vec<_> = a.consulted.iter().filter(|n| self.is_lost(n)).collect();
        for name in &lost {
            notes.push(format!(
                "{name} is set and the build asks for it, but it was not passed on: pass `--pass-env {name}` if it should be"
            ));
        }
        for (name, package) in self.may_be_read(a).iter().filter(|(name, _)| !lost.contains(&name))
        {
            notes.push(format!(
                "{name} is set, and the build script or macro of {package} may read it, but it was not passed on: pass `--pass-env {name}` if it should be"
            ));
        }
        if let Some(name) = self.user_wrapper_name() {
            notes.push(format!(
                "`{name}` wraps rustc and is run too: other builders need it as well, and work that it hands to a server is not varied"
            ));
        }
        let workspace_wrapper = ["build", "rustc-workspace-wrapper"];
        if set(&self.env, &["RUSTC_WORKSPACE_WRAPPER"]).is_some()
            || self.config.get(&workspace_wrapper).is_some()
        {
            notes.push("RUSTC_WORKSPACE_WRAPPER is set: its path changes the bytes".to_string());
        }
        if set(&self.env, &["RUSTC_BOOTSTRAP"]).is_some() {
            notes.push("RUSTC_BOOTSTRAP is set: it changes all bytes".to_string());
        }
        if !self.beside.is_empty() && self.request.inject == Inject::Rustflags {
            notes.push(format!(
                "{} outside the workspace root: cargo puts the absolute path into symbol names, which only `--inject wrapper` can make canonical",
                short_list(&self.beside)
            ));
        }
        let replaced = ["source", "crates-io", "replace-with"];
        if self.request.inject == Inject::Rustflags && self.config.get(&replaced).is_some() {
            notes.push("crates of crates.io come from a different source, and only `--inject wrapper` maps its paths to those of crates.io: a build that gets them from crates.io can differ".to_string());
        }
        if a.random_build_id {
            notes.push("a random build-id (`--build-id=uuid`) was requested; the recipe overrides it with sha1".to_string());
        }
        notes.extend(native(a, self.divided.passed.values().map(|v| v.to_string_lossy())));
        notes.extend(watched(&a.outside));
        notes.extend(self.left_out(a));
        notes.extend(auditable::notes(self, a));
        if let Some(b) = b {
            let left = left::compare((&a.trace, &a.artifacts), (&b.trace, &b.artifacts))?;
            notes.extend(self.of_left(&left));
        }
        Ok(notes)
    }

    /// Refuses what the compiler read outside the source: the verdict would hold on this machine only.
    pub(crate) fn reads_only_its_source(&self, a: &Built) -> Result<()> {
        let Some(file) = a.outside.iter().find(|file| file.compiled) else { return Ok(()) };
        let path = file.path.display();
        let what = match &file.link {
            Some(link) => format!("`{}`, a link to `{path}`", link.display()),
            None => format!("`{path}`"),
        };
        Err(refused(format!(
            "{} reads {what}, which is outside the source, so it cannot be rebuilt elsewhere: copy the file into the source",
            file.package
        )))
    }

    /// Programs that cargo leaves out unless it is asked for them.
    fn left_out(&self, a: &Built) -> Vec<String> {
        let selection = &self.request.selection;
        let given = selection.lib || selection.all_bins || !selection.bins.is_empty();
        let Some(metadata) = self.members.as_ref().filter(|_| !given) else { return Vec::new() };
        let by_default = selection.packages.is_empty() && !selection.workspace;
        let built = |package: &Package, bin: &str| {
            let package = format!("{} {}", package.name, package.version);
            let named = |name: &str| name.split_once('.').map_or(name, |(stem, _)| stem) == bin;
            a.artifacts
                .iter()
                .any(|a| a.kind == Kind::Bin && a.package == package && named(&a.name))
        };
        let (mut by_feature, mut by_member) = (Vec::new(), Vec::new());
        for package in metadata.workspace_packages() {
            let selected = selection.workspace
                || selection.packages.iter().any(|p| p == package.name.as_str())
                || by_default && is_default(metadata, package, &self.run_dir(), a);
            for bin in package.targets.iter().filter(|t| t.is_bin() && !built(package, &t.name)) {
                if selected && !bin.required_features.is_empty() {
                    let features = bin.required_features.join(",");
                    by_feature.push(format!("{} (--features {features})", bin.name));
                } else if !selected && by_default {
                    by_member.push(format!("{} (of {})", bin.name, package.name));
                }
            }
        }
        let mut notes = Vec::new();
        for (bins, why) in [
            (by_feature, "because they require features that are off"),
            (by_member, "because cargo builds only the default members (`--workspace` builds all)"),
        ] {
            if !bins.is_empty() {
                notes.push(format!("not built and not compared, {why}: {}", short_list(&bins)));
            }
        }
        notes
    }

    /// What the builds left besides artifacts. What the script of a dependency keeps for itself, such
    /// as object files under names of their own, is nothing that a release ships.
    fn of_left(&self, left: &Left) -> Vec<String> {
        let own = self.packages_of_source();
        let mut notes = Vec::new();
        for (package, files) in left.by_scripts.iter().filter(|(name, _)| own.contains(*name)) {
            notes.push(format!(
                "{} in OUT_DIR of {package}, which the verdict does not cover: {}",
                count(files.len(), "file differs", "files differ"),
                short_list(files)
            ));
        }
        if !left.beside.is_empty() {
            notes.push(format!(
                "{} in the target directory between the builds; the verdict does not cover files that cargo did not build: {}",
                count(left.beside.len(), "file differs", "files differ"),
                short_list(&left.beside)
            ));
        }
        if !left.debug_info.is_empty() {
            let differ = match left.debug_info_differs.len() {
                0 => "all the same in both builds".to_string(),
                n => format!("{} between the builds", count(n, "differs", "differ")),
            };
            notes.push(format!(
                "debug info is in {} next to the object files ({differ}), which the verdict does not cover and no archive contains: set `split-debuginfo = \"packed\"` to get one file that is compared and packed",
                count(left.debug_info.len(), "file", "files")
            ));
        }
        notes
    }

    /// `name version` of the packages that are in the source itself.
    fn packages_of_source(&self) -> BTreeSet<String> {
        let locked = lockfile::packages(&self.lockfile.text).into_iter();
        locked.filter(|p| p.source.is_none()).map(|p| p.spec()).collect()
    }

    /// Variables that were not passed on and whose name is in a program that ran in the build: it may
    /// read them without announcing it.
    fn may_be_read(&self, a: &Built) -> Vec<(String, String)> {
        let dropped: Vec<&String> = self.divided.dropped.iter().collect();
        let names = dropped.into_iter().filter(|name| self.is_lost(name) && !of_session(name));
        let names: Vec<&String> = names.collect();
        let ran = |kind: Kind| matches!(kind, Kind::BuildScript | Kind::ProcMacro);
        let mut found = Vec::new();
        for program in a.artifacts.iter().filter(|a| ran(a.kind) && !names.is_empty()) {
            let bytes = std::fs::read(&program.path).unwrap_or_default();
            for name in &names {
                let seen = found.iter().any(|(n, _): &(String, String)| n == *name);
                if !seen && memmem::find(&bytes, name.as_bytes()).is_some() {
                    found.push((name.to_string(), program.package.clone()));
                }
            }
        }
        found
    }

    /// Set by the user, asked for by the build, and neither passed on nor set by the recipe.
    pub(crate) fn is_lost(&self, name: &str) -> bool {
        let set = name.starts_with("CARGO") || self.sets(name);
        !set && self.divided.dropped.iter().any(|d| d == name)
    }

    /// Whether builds have a value of the variable that is not the user's.
    pub(crate) fn sets(&self, name: &str) -> bool {
        of_variable(name).is_some()
            || environment::is_own(name)
            || table::TABLE.iter().any(|i| matches!(i.channel, table::Channel::Env(n) if n == name))
            || self.config.env().iter().any(|(n, _, _)| n == name)
    }
}

/// Variables that a session has of its own accord, and that the standard library and cargo's own
/// protocol with build scripts name as well: their name in a program means nothing.
fn of_session(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "_", "COLORTERM", "DEBUG", "DISPLAY", "EDITOR", "HOST", "LANGUAGE", "MAIL", "NUM_JOBS",
        "OLDPWD", "OPT_LEVEL", "OUT_DIR", "PAGER", "PROFILE", "PWD", "SHELL", "SHLVL", "TARGET",
        "TERM",
    ];
    const STARTS: &[&str] = &["LC_", "RUST_", "SSH_", "XDG_", "DBUS_", "DEP_"];
    name.len() < 3 || NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start))
}

/// Whether cargo builds a package of the workspace without being asked for it, run in `dir`.
fn is_default(metadata: &Metadata, package: &Package, dir: &Path, a: &Built) -> bool {
    let default = &metadata.workspace_default_members;
    if fs::canonical(dir) != fs::canonical(metadata.workspace_root.as_std_path()) {
        // In the directory of a package that one is meant.
        return package
            .manifest_path
            .parent()
            .is_none_or(|p| fs::canonical(p.as_std_path()) == fs::canonical(dir));
    }
    match default.is_available() {
        true => default.contains(&package.id),
        // Before cargo 1.71: what it did.
        false => {
            let name = format!("{} {}", package.name, package.version);
            a.artifacts.iter().any(|a| a.kind == Kind::Bin && a.package == name)
        }
    }
}

/// Settings that make code for the CPU of this machine, whichever that is. `values` are those of the
/// variables that the builds had.
fn native<'v>(
    a: &Built,
    mut values: impl Iterator<Item = std::borrow::Cow<'v, str>>,
) -> Vec<String> {
    const WHY: &str = "the bytes depend on the CPU of this machine; name a CPU instead";
    let mut notes = Vec::new();
    if a.trace.units.iter().any(|unit| unit.native_cpu) {
        notes.push(format!(
            "`-C target-cpu=native` is in force: {WHY}, such as `-C target-cpu=x86-64-v3`"
        ));
    }
    let calls = || a.native.iter().flatten();
    for flag in NATIVE_FLAGS {
        let packages = calls().filter(|c| c.flag == flag).map(|c| match &*c.package {
            "" => "a package that is not known".to_string(),
            package => package.to_string(),
        });
        let packages: Vec<String> = packages.collect();
        if !packages.is_empty() {
            notes.push(format!(
                "a compiler was called with `{flag}` in the build of {}: {WHY}",
                short_list(&packages)
            ));
        }
    }
    if let (None, Some(flag)) =
        (calls().next(), values.find_map(|v| NATIVE_FLAGS.iter().find(|flag| v.contains(**flag))))
    {
        notes.push(format!("`{flag}` is in the flags of the C compiler: {WHY}"));
    }
    let seen = |package: &str| calls().any(|c| c.package == package);
    let scripts = a.artifacts.iter().filter(|a| a.kind == Kind::BuildScript);
    for script in scripts.filter(|script| !seen(&script.package)) {
        let bytes = std::fs::read(&script.path).unwrap_or_default();
        let named =
            NATIVE_FLAGS.iter().find(|flag| memmem::find(&bytes, flag.as_bytes()).is_some());
        let blind = a.native.is_none() || a.static_scripts.contains(&script.package);
        match (named, blind) {
            (None, _) => {}
            (Some(flag), true) => notes.push(format!(
                "the build script of {} can pass `{flag}` to a C compiler: if it does, {WHY}",
                script.package
            )),
            (Some(flag), false) => notes.push(format!(
                "the build script of {} has `{flag}` in it, but no compiler was seen to be called with it",
                script.package
            )),
        }
    }
    notes
}

/// Files outside the source that build scripts depend on, one note a package.
fn watched(outside: &[OutsideFile]) -> Vec<String> {
    let watched: Vec<_> = outside.iter().filter(|file| !file.compiled).collect();
    let of_one = watched.chunk_by(|a, b| a.package == b.package);
    of_one
        .map(|files| {
            let paths: Vec<_> = files.iter().map(|f| f.path.display().to_string()).collect();
            format!(
                "the build script of {} depends on {} outside the source, which other builders need too: {}",
                files[0].package,
                count(files.len(), "file", "files"),
                short_list(&paths)
            )
        })
        .collect()
}
