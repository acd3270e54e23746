//! Where the copies of all builds but A are: on a file system that lists directories in another order, where
//! this machine has one with room. The preload shim does not reach every program that lists them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::fs;
use crate::project::Project;
use crate::project::scratch::Scratch;
use crate::sandbox::Isolation;
use crate::variation::{Canaries, Side, Value, Values, VariationId, VariationSet};

/// A file system in memory that most systems have.
const MEMORY: &str = "/dev/shm";
/// As much of it is taken at most, and half of what is free.
#[cfg(target_os = "linux")]
const MOST: u64 = 512 << 20;

/// Where those copies are, if not in the scratch directory.
#[derive(Default)]
pub(crate) struct Elsewhere {
    pub(super) dir: Option<Scratch>,
    /// Why the copies of both builds are listed in one order, if they are.
    pub(crate) same_order: Option<String>,
}

impl Project {
    /// Finds a place for the copies of all builds but A. In a sandbox it can be anywhere: what the build sees
    /// is the same.
    pub(crate) fn elsewhere(
        &self,
        isolation: &Isolation,
        sources: &[PathBuf],
    ) -> Result<Elsewhere> {
        if !self.request.vary.has(VariationId::DirectoryOrder) {
            return Ok(Elsewhere::default());
        }
        let place = match &isolation.why {
            Some(why) => Err(why.clone()),
            // Nothing would ever give the memory back.
            None if self.request.keep => Err("both are to be kept on disk (`--keep`)".to_string()),
            None => {
                let copies = sources.iter().map(PathBuf::as_path).chain([self.copy.as_path()]);
                // As many are there at a time.
                let times = self.request.builds.saturating_sub(1).min(3) as u64;
                has_room(Path::new(MEMORY), copies.map(size).sum::<u64>() * times)
            }
        };
        let (dir, why) = match place {
            Ok(()) => (Some(Scratch::within(Path::new(MEMORY), false)?), None),
            Err(why) => (None, Some(why)),
        };
        let scratch = &*self.canaries.scratch;
        let there = dir.as_ref().map_or(scratch, Scratch::path);
        if listed(&scratch.join("listed-a"), false)? != listed(&there.join("listed-b"), true)? {
            return Ok(Elsewhere { dir, same_order: None });
        }
        let why = why.unwrap_or_else(|| format!("`{MEMORY}` has that order as well"));
        let same_order = format!(
            "both copies are on one file system, so programs that the preload shim does not reach list them in the same order: {why}"
        );
        Ok(Elsewhere { dir: None, same_order: Some(same_order) })
    }

    /// Where the directories of both sides are on this machine, if they run in a sandbox, and the copies of
    /// all but A are in `elsewhere`.
    pub(super) fn on_disk(&self, id: VariationId, elsewhere: Option<&Path>) -> Values {
        let canaries = Canaries { apart: None, ..self.canaries.clone() };
        let values = VariationSet::default().values(id, &canaries);
        let copies = matches!(id, VariationId::BuildPath | VariationId::CargoHome);
        let Some(dir) = elsewhere.filter(|_| copies) else { return values };
        let others = Side::first(self.canaries.sides).skip(1);
        others.fold(values, |values, side| {
            match values.path(side).strip_prefix(&self.canaries.scratch) {
                Ok(below) => {
                    let there = dir.join(below);
                    values.with(side, Value::Path(there))
                }
                Err(_) => values,
            }
        })
    }
}

/// In which order a file system lists files that were made in the order of their names, or again
/// from the last to the first.
fn listed(dir: &Path, again: bool) -> Result<Vec<std::ffi::OsString>> {
    for i in 0..16 {
        fs::write(&dir.join(format!("file-{i:02}")), "")?;
    }
    if again {
        fs::reorder(dir, 1)?;
    }
    let listed = std::fs::read_dir(dir)?.map(|e| Ok(e?.file_name())).collect();
    fs::remove_tree(dir)?;
    listed
}

/// Bytes of the files in a directory.
fn size(dir: &Path) -> u64 {
    let all = fs::walk(dir, &mut |_| true).unwrap_or_default();
    all.iter().map(|(_, meta)| meta.len()).sum()
}

#[cfg(target_os = "linux")]
fn has_room(place: &Path, bytes: u64) -> Result<(), String> {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    let shown = place.display();
    let about = statvfs(place).map_err(|_| format!("this machine has no `{shown}`"))?;
    if about.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        return Err(format!("nothing can be run in `{shown}`"));
    }
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    if bytes > MOST || bytes > free / 2 {
        return Err(format!("`{shown}` has no room for {} MiB of sources", bytes >> 20));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn has_room(place: &Path, _bytes: u64) -> Result<(), String> {
    Err(format!("this system has no `{}`", place.display()))
}
