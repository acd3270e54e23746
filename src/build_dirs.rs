//! The directories of one side of a double build. Only paths; nothing is created here.

use std::path::{Path, PathBuf};

use crate::variation::{Carrier, Side, Values, VariationId, carried_by};

/// The directories of one side.
#[derive(Clone, Debug, Default)]
pub struct BuildDirs {
    /// A directory above the source.
    pub above: PathBuf,
    /// The copy of the source.
    pub source: PathBuf,
    /// cargo's target directory.
    pub target: PathBuf,
    /// CARGO_HOME.
    pub cargo_home: PathBuf,
    /// What else the table of variations has: HOME, TMPDIR and others that are empty at first.
    pub empty: Vec<(VariationId, PathBuf)>,
    /// What the rustc wrapper reads and writes.
    pub wrapper: PathBuf,
}

impl BuildDirs {
    /// That of one side of a run, by the values of the variations that are directories.
    pub fn of(side: Side, values: &dyn Fn(VariationId) -> Values, scratch: &Path) -> BuildDirs {
        let mut dirs = BuildDirs {
            wrapper: scratch.join(format!("wrapper-{}", side.label())),
            ..BuildDirs::default()
        };
        for row in carried_by(|c| matches!(c, Carrier::Directory(_))) {
            let path = values(row.id).path(side).to_owned();
            match row.id {
                VariationId::BuildPath => dirs.source = path,
                VariationId::TargetDir => dirs.target = path,
                VariationId::CargoHome => dirs.cargo_home = path,
                _ => dirs.empty.push((row.id, path)),
            }
        }
        let own = dirs.source.ancestors().find(|dir| dir.ends_with(side.lower()));
        dirs.above = own.or(dirs.source.parent()).unwrap_or(scratch).to_owned();
        dirs
    }

    /// What a build writes to, the wrapper's apart; the innermost first.
    pub fn directories(&self) -> impl Iterator<Item = (VariationId, &Path)> {
        let filled = [
            (VariationId::TargetDir, &*self.target),
            (VariationId::BuildPath, &*self.source),
            (VariationId::CargoHome, &*self.cargo_home),
        ];
        filled.into_iter().chain(self.empty.iter().map(|(id, dir)| (*id, &**dir)))
    }
}
