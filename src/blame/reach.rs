//! Whether a difference in an input shows in the unit: certainly, possibly, or not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::blame::changes::{Change, SEARCHED, Value, What, holds, read};
use crate::blame::paired::Paired;
use crate::cargo::dep_info::Reads;
use crate::fs;

/// Paths in a file that are looked for in outputs.
const PATHS: usize = 8;

impl Paired<'_> {
    /// Whether what a build script left made its crate differ: for certain, perhaps, or not.
    pub fn reaches(
        &self,
        change: &Change,
        reads: &Reads,
        outputs: &[(PathBuf, PathBuf)],
        libraries: &BTreeSet<String>,
    ) -> Result<Option<bool>> {
        let read = match &change.what {
            What::Metadata(_) | What::Id => return Ok(None),
            What::Env(name) => reads.env.iter().any(|(n, _)| n == name),
            What::Directive(key) => {
                // Where libraries are looked for is told by the libraries themselves.
                let only_where = key == "rustc-link-search" && change.only_roots;
                if only_where {
                    return Ok(None);
                }
                true
            }
            What::Left(name) => {
                let file = name.rsplit('/').next().unwrap_or(name);
                libraries.contains(file) || self.was_read(change, reads)
            }
            What::Source(_) => true,
        };
        if read && !change.only_roots {
            return Ok(Some(true));
        }
        Ok(Some(self.shows(change, outputs)?))
    }

    fn was_read(&self, change: &Change, reads: &Reads) -> bool {
        let Value::File(path) = &change.a else { return false };
        reads.files.iter().any(|f| self.both.a.now(f) == *path)
    }

    /// Whether both outputs hold their side's own value.
    pub fn shows(&self, change: &Change, outputs: &[(PathBuf, PathBuf)]) -> Result<bool> {
        for (a, b) in self.needles(change)? {
            for (x, y) in outputs {
                let cost = fs::lstat(x)?.len() + 2 * fs::lstat(y)?.len();
                let Some(rest) = self.search.get().checked_sub(cost) else { return Ok(false) };
                self.search.set(rest);
                if holds(x, &a)? && holds(y, &b)? && !holds(y, &a)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The paths below directories of the builds that stand at the same place in both, if they are
    /// what differs.
    fn paths(&self, a: &[u8], b: &[u8], only_roots: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
        if !only_roots {
            return Vec::new();
        }
        let (of_a, of_b) = (self.both.roots_a.paths(a), self.both.roots_b.paths(b));
        let mut pairs: Vec<_> = of_a.into_iter().zip(of_b).collect();
        pairs.sort();
        pairs.dedup();
        pairs.truncate(PATHS);
        pairs
    }

    /// What would be in the outputs if the change came through: the text itself, the paths in what
    /// differs by nothing else, or the first line of a file that differs.
    fn needles(&self, change: &Change) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let (a, b) = match (&change.a, &change.b) {
            (Value::Text(a, _), Value::Text(b, _)) => {
                let (a, b) = (a.clone().into_bytes(), b.clone().into_bytes());
                let mut needles = self.paths(&a, &b, change.only_roots);
                needles.push((a, b));
                return Ok(needles);
            }
            (Value::File(a), Value::File(b)) if a.is_file() && b.is_file() => (a, b),
            _ => return Ok(Vec::new()),
        };
        let small = |p: &Path| Ok::<_, anyhow::Error>(fs::lstat(p)?.len() <= SEARCHED);
        if !small(a)? || !small(b)? {
            return Ok(Vec::new());
        }
        let (x, y) = (read(a)?, read(b)?);
        if change.only_roots {
            return Ok(self.paths(&x, &y, true));
        }
        let lines = |t: &[u8]| -> Vec<Vec<u8>> {
            t.split(|c| *c == b'\n').map(|l| l.trim_ascii().to_vec()).collect()
        };
        let differs = |(a, b): &(Vec<u8>, Vec<u8>)| a != b;
        let first = lines(&x).into_iter().zip(lines(&y)).find(differs);
        Ok(first.into_iter().collect())
    }
}
