//! The unit graph: one node a rustc call, edges by `--extern`, as the wrapper saw them. Pure.
//! The wrapper writes a line for each call while cargo runs; afterwards `blame`, `sbom` and `replay` read them.
//! A unit may have another id and stem in build B; `blame::pair` finds which one it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// One rustc call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// `name version` of the package.
    pub package: String,
    /// The directory of its Cargo.toml: tells packages of one name and version apart.
    pub manifest_dir: String,
    /// `--crate-name`.
    pub crate_name: String,
    /// `--crate-type`, all of them.
    pub crate_types: Vec<String>,
    /// `--target`, or the host.
    pub target: String,
    /// `-C metadata`.
    pub metadata: String,
    /// `-C extra-filename`.
    pub extra_filename: String,
    /// What was given to rustc instead of `-C extra-filename`, where that is replaced.
    pub canonical_filename: Option<String>,
    /// `--cfg feature="…"`, the names.
    pub features: Vec<String>,
    /// Paths of `--extern`.
    pub externs: Vec<String>,
    /// `--out-dir`.
    pub out_dir: String,
    /// The directory that rustc was run in.
    pub dir: String,
    /// OUT_DIR of the package's build script, where it has one.
    pub script_output: Option<String>,
    /// The user asked the linker for a random build-id, which the recipe overrides.
    pub random_build_id: bool,
    /// Its Rust code is linked by rustc itself (`-C lto`), and not by the linker.
    pub lto: bool,
    /// Code is made for the CPU of the machine (`-C target-cpu=native`).
    pub native_cpu: bool,
}

impl Unit {
    /// Whether it makes something of this crate type.
    pub fn makes(&self, crate_type: &str) -> bool {
        self.crate_types.iter().any(|t| t == crate_type)
    }

    /// Whether it is the program of a build script.
    pub fn is_script(&self) -> bool {
        self.crate_name.starts_with("build_script_") && self.makes("bin")
    }

    /// Whether it runs on the build machine.
    pub fn is_for_the_build(&self) -> bool {
        self.makes("proc-macro") || self.is_script()
    }

    /// What has the same value wherever the unit is built, if cargo's own id has: with the
    /// package and the crate's name it tells units apart.
    pub fn id(&self) -> &str {
        let canonical = self.canonical_filename.as_deref();
        canonical.unwrap_or(&self.metadata)
    }

    /// File stem of the library that it makes as cargo names it, and as it is named wherever
    /// the unit is built.
    pub fn canonical_stem(&self) -> (String, String) {
        let name = self.canonical_filename.as_ref();
        let name = name.unwrap_or(&self.extra_filename);
        (self.stem(), format!("lib{}{name}", self.crate_name))
    }

    /// File stem of the library that it makes: what `--extern` of its dependents names.
    pub fn stem(&self) -> String {
        format!("lib{}", self.link_name())
    }

    /// Name, without its ending, of its program, its dep-info and the linker's lists of this call.
    pub fn link_name(&self) -> String {
        format!("{}{}", self.crate_name, self.extra_filename)
    }
}

/// What a crate is for in an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It is in the artifact.
    Runtime,
    /// It ran in the compiler.
    ProcMacro,
    /// A build script or a procedural macro was built with it.
    Build,
}

impl Role {
    /// The name in manifests and SBOMs.
    pub fn name(self) -> &'static str {
        match self {
            Role::Runtime => "runtime",
            Role::ProcMacro => "proc-macro",
            Role::Build => "build",
        }
    }

    /// What a dependency of a crate is for.
    fn of_dependency(self, unit: &Unit) -> Role {
        match self {
            _ if unit.makes("proc-macro") => Role::ProcMacro,
            Role::Runtime => Role::Runtime,
            Role::ProcMacro | Role::Build => Role::Build,
        }
    }
}

/// The units of a build, and which was built with which.
pub struct Graph<'a> {
    /// The units.
    pub units: &'a [Unit],
    by_stem: BTreeMap<String, usize>,
    scripts: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Graph<'a> {
    /// The edges of these units.
    pub fn new(units: &'a [Unit]) -> Graph<'a> {
        let mut scripts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, unit) in units.iter().enumerate().filter(|(_, unit)| unit.is_script()) {
            scripts.entry(&unit.manifest_dir).or_default().push(i);
        }
        let by_stem = units.iter().enumerate().map(|(i, unit)| (unit.stem(), i)).collect();
        Graph { units, by_stem, scripts }
    }

    /// The unit that made a library, by the library's path.
    pub fn maker(&self, path: &str) -> Option<usize> {
        self.by_stem.get(&stem_of(path)).copied()
    }

    /// The build scripts that ran before a unit.
    pub fn scripts_of(&self, unit: usize) -> &[usize] {
        let unit = &self.units[unit];
        let ran = unit.script_output.as_ref().and(self.scripts.get(&*unit.manifest_dir));
        ran.map_or(&[], Vec::as_slice)
    }

    /// What a unit, or the build script before it, was built with; and which of the two.
    pub fn dependencies(&self, unit: usize) -> Vec<(usize, bool)> {
        let of = |unit: usize, by_script: bool| {
            let found = self.units[unit].externs.iter().filter_map(|path| self.maker(path));
            found.map(move |i| (i, by_script)).collect::<Vec<_>>()
        };
        let mut found = of(unit, false);
        for script in self.scripts_of(unit) {
            found.extend(of(*script, true));
        }
        found
    }

    /// What each unit was for that led to one; `linked` says of a library whether it came into it.
    pub fn roles(
        &self,
        root: usize,
        linked: &dyn Fn(&Unit) -> bool,
    ) -> BTreeMap<usize, BTreeSet<Role>> {
        let mut roles: BTreeMap<usize, BTreeSet<Role>> = BTreeMap::new();
        let mut rest = vec![(root, Role::Runtime)];
        while let Some((unit, role)) = rest.pop() {
            if !roles.entry(unit).or_default().insert(role) {
                continue;
            }
            rest.extend(self.dependencies(unit).into_iter().filter_map(|(next, by_script)| {
                let from = if by_script { Role::Build } else { role };
                let role = from.of_dependency(&self.units[next]);
                (role != Role::Runtime || linked(&self.units[next])).then_some((next, role))
            }));
        }
        roles
    }
}

/// The file stem of a library's path.
pub fn stem_of(path: &str) -> String {
    let stem = Path::new(path).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// File stems of the libraries that only build scripts and procedural macros use, directly or
/// through others of the kind: they run on the build machine and are not part of any artifact.
/// A library that nothing uses was asked for, and is not among them.
pub fn only_for_the_build(units: &[Unit]) -> BTreeSet<String> {
    let mut users: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, unit) in units.iter().enumerate() {
        for path in &unit.externs {
            users.entry(stem_of(path)).or_default().push(i);
        }
    }
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for unit in units {
            let stem = unit.stem();
            let all_build = users.get(&stem).is_some_and(|used_by| {
                used_by
                    .iter()
                    .all(|i| units[*i].is_for_the_build() || found.contains(&units[*i].stem()))
            });
            if all_build {
                found.insert(stem);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, kind: &str, externs: &[&str]) -> Unit {
        Unit {
            crate_name: name.into(),
            crate_types: vec![kind.into()],
            externs: externs.iter().map(|e| format!("/t/deps/lib{e}.rmeta")).collect(),
            ..Unit::default()
        }
    }

    #[test]
    fn what_only_scripts_and_macros_reach_is_for_the_build() {
        let units = [
            unit("cc", "lib", &["shlex"]),
            unit("shlex", "lib", &[]),
            unit("build_script_build", "bin", &["cc"]),
            unit("syn", "lib", &["ident"]),
            unit("ident", "lib", &[]),
            unit("derive", "proc-macro", &["syn"]),
            unit("app", "bin", &["derive", "ident", "util"]),
            unit("util", "lib", &[]),
            unit("alone", "lib", &[]),
        ];
        let found: Vec<_> = only_for_the_build(&units).into_iter().collect();
        assert_eq!(found, ["libcc", "libshlex", "libsyn"]);
    }
}
