//! The records of a finished build that tracing needs: its rustc calls and build-script runs, and
//! the places of their files. It only reads; a reproducible build is never traced.
//! Paths in a trace are those of the build; [`Trace::now`] finds the file once the build has been moved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::build_dirs::BuildDirs;
use crate::cargo::dep_info::{self, Directive, Reads};
use crate::cargo::messages::Ran;
use crate::cargo::units::Unit;
use crate::fs;
use crate::variation::Side;

/// The trace of one build.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Which build it is.
    pub side: Side,
    /// The rustc calls.
    pub units: Vec<Unit>,
    /// The runs of build scripts.
    pub ran: Vec<Ran>,
    /// Where the build was made.
    pub dirs: BuildDirs,
    /// Directories that were moved since: where they were, and where they are.
    pub moved: Vec<(PathBuf, PathBuf)>,
}

/// The files that one unit made, by what they are (their ending, `bin` for none), under the names
/// that they had in the build.
pub type Outputs = BTreeMap<String, PathBuf>;

impl Trace {
    /// Where a file of the build is now.
    pub fn now(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        let moved = self.moved.iter().find_map(|(was, is)| {
            let below = path.strip_prefix(was).ok()?;
            Some(is.join(below))
        });
        moved.unwrap_or_else(|| path.to_owned())
    }

    /// The files of each unit, in the units' order.
    pub fn outputs(&self) -> Result<Vec<Outputs>> {
        let mut listed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for unit in &self.units {
            if !listed.contains_key(unit.out_dir.as_str()) {
                listed.insert(&unit.out_dir, self.names_in(&unit.out_dir)?);
            }
        }
        let of = |unit: &Unit| self.outputs_among(unit, &listed[unit.out_dir.as_str()]);
        Ok(self.units.iter().map(of).collect())
    }

    /// The files of one unit.
    pub fn outputs_of(&self, unit: &Unit) -> Result<Outputs> {
        Ok(self.outputs_among(unit, &self.names_in(&unit.out_dir)?))
    }

    fn names_in(&self, dir: &str) -> Result<Vec<String>> {
        let names = fs::entries_if_any(&self.now(dir))?;
        Ok(names.iter().map(|n| n.to_string_lossy().into_owned()).collect())
    }

    fn outputs_among(&self, unit: &Unit, names: &[String]) -> Outputs {
        let dir = Path::new(&unit.out_dir);
        let own = names.iter().filter_map(|name| Some((label(unit, name)?, dir.join(name))));
        own.filter(|(_, path)| self.now(path).is_file()).collect()
    }

    /// What a unit was seen to read; files with the whole path that they had. Nothing where rustc
    /// left no dep-info.
    pub fn reads(&self, unit: &Unit) -> Reads {
        let path = Path::new(&unit.out_dir).join(format!("{}.d", unit.link_name()));
        let path = self.now(path);
        let text = std::fs::read(path).unwrap_or_default();
        let mut reads = dep_info::read(&String::from_utf8_lossy(&text));
        for file in &mut reads.files {
            *file = Path::new(&unit.dir).join(&*file).display().to_string();
        }
        reads
    }

    /// The directives of a run: from the script's own output, which has more of them, else those
    /// that cargo passed on.
    pub fn directives(&self, ran: &Ran) -> Vec<Directive> {
        let output = self.now(ran.out_dir.with_file_name("output"));
        match std::fs::read(output) {
            Ok(bytes) => dep_info::directives(&String::from_utf8_lossy(&bytes)),
            Err(_) => dep_info::directives(&ran.directives.join("\n")),
        }
    }

    /// The files and links below the OUT_DIR of a run, by path below it.
    pub fn left(&self, ran: &Ran) -> Result<BTreeMap<String, PathBuf>> {
        Trace::files_below(&self.now(&ran.out_dir))
    }

    /// The files and links below a directory, by path below it.
    pub fn files_below(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
        if !root.is_dir() {
            return Ok(BTreeMap::new());
        }
        let all = fs::walk(root, &mut |_| true)?;
        Ok(all
            .into_iter()
            .filter(|(_, meta)| meta.is_file() || meta.is_symlink())
            .map(|(path, _)| {
                let below = path.strip_prefix(root).expect("walk stays below its root");
                (fs::slashed(below), path)
            })
            .collect())
    }
}

/// What a file in the unit's directory is to it, if it is one that the unit made.
fn label(unit: &Unit, name: &str) -> Option<String> {
    let stem = unit.link_name();
    let rest = match unit.makes("bin") {
        true => name.strip_prefix(&stem)?,
        false => name
            .strip_prefix("lib")
            .and_then(|n| n.strip_prefix(&stem))
            .or_else(|| name.strip_prefix(&stem).filter(|r| !r.is_empty()))?,
    };
    match rest.strip_prefix('.') {
        // Dep-info names directories of the build and is no output that anyone uses.
        Some("d") => None,
        Some(ending) => Some(ending.to_string()),
        None if rest.is_empty() => Some("bin".to_string()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, kind: &str, extra: &str) -> Unit {
        Unit {
            crate_name: name.into(),
            crate_types: vec![kind.into()],
            extra_filename: extra.into(),
            ..Unit::default()
        }
    }

    #[test]
    fn outputs_are_told_from_those_of_others() {
        let label = |u: &Unit, name| label(u, name);
        let app = unit("app", "bin", "-1");
        assert_eq!(label(&app, "app-1").as_deref(), Some("bin"));
        assert_eq!(label(&app, "app-1.dwp").as_deref(), Some("dwp"));
        assert_eq!(label(&app, "app-1.d"), None);
        assert_eq!(label(&app, "app-12"), None);
        assert_eq!(label(&app, "libapp-1.rlib"), None);
        let lib = unit("app", "lib", "");
        assert_eq!(label(&lib, "libapp.rlib").as_deref(), Some("rlib"));
        assert_eq!(label(&lib, "app.dll.lib").as_deref(), Some("dll.lib"));
        assert_eq!(label(&lib, "app"), None);
        assert_eq!(label(&lib, "libapp-1.rlib"), None);
    }

    #[test]
    fn files_are_found_where_they_were_moved_to() {
        let trace = Trace { moved: vec![("/s/t".into(), "/s/aside/t".into())], ..Trace::default() };
        assert_eq!(trace.now("/s/t/x"), Path::new("/s/aside/t/x"));
        assert_eq!(trace.now("/s/tt/x"), Path::new("/s/tt/x"));
    }
}
