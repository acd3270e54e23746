//! The file of rows, which one survey at a time appends to. An unfinished last line, left by a killed run, is
//! removed. Any other invalid line is an error: a row that cannot be read is not a row that is missing.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::SurveyRow;
use crate::error::{bad_input, refused};
use crate::fs;

/// Its name in the survey's directory.
pub const ROWS: &str = "survey.jsonl";
const LOCK: &str = "survey.lock";

/// The rows of a survey, and the right to add to them.
pub struct Store {
    path: PathBuf,
    rows: Vec<SurveyRow>,
    /// Whether an unfinished line was removed.
    pub repaired: bool,
    lock: File,
}

impl Store {
    /// Opens the rows in a directory, which is made if it is not there.
    pub fn open(dir: &Path) -> Result<Store> {
        fs::create_dir(dir)?;
        let lock = dir.join(LOCK);
        let file = fs::lock_file(&lock)?;
        file.try_lock().map_err(|_| {
            refused(format!(
                "another survey is using `{}`: wait for it, or pass another --out",
                dir.display()
            ))
        })?;
        let path = dir.join(ROWS);
        // What was cut off may end within a character.
        let bytes = match path.exists() {
            true => std::fs::read(&path)
                .with_context(|| format!("failed to read `{}`", path.display()))?,
            false => Vec::new(),
        };
        let end = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let (whole, rest) = bytes.split_at(end);
        let mut rows = read(whole, &path)?;
        let repaired = !rest.is_empty();
        if repaired {
            // Only the end of the line may be missing.
            rows.extend(serde_json::from_slice::<SurveyRow>(rest).ok());
        }
        unique(&rows, &path)?;
        let store = Store { path, rows, repaired, lock: file };
        if repaired {
            store.rewrite()?;
        }
        Ok(store)
    }

    /// The row of an entry.
    pub fn of(&self, entry: &str) -> Option<&SurveyRow> {
        self.rows.iter().find(|row| row.entry == entry)
    }

    /// Adds a row, in place of the one that its entry may have.
    pub fn add(&mut self, row: SurveyRow) -> Result<()> {
        match self.rows.iter_mut().find(|known| known.entry == row.entry) {
            Some(known) => {
                *known = row;
                self.rewrite()
            }
            None => {
                fs::append_line(&self.path, &row)?;
                self.rows.push(row);
                Ok(())
            }
        }
    }

    fn rewrite(&self) -> Result<()> {
        let lines: Result<Vec<String>, _> = self.rows.iter().map(serde_json::to_string).collect();
        let lines = lines.context("failed to write the rows")?;
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write_atomic(&self.path, text.as_bytes())
    }
}

fn read(bytes: &[u8], path: &Path) -> Result<Vec<SurveyRow>> {
    let mut rows = Vec::new();
    let lines = bytes.split_inclusive(|b| *b == b'\n');
    for (i, line) in lines.enumerate() {
        let bad = |why: String| {
            bad_input(format!(
                "line {} of `{}` is not a row of a survey: {}",
                i + 1,
                path.display(),
                repro_formats::names::visible(&why)
            ))
        };
        let row: SurveyRow = serde_json::from_slice(line).map_err(|e| bad(e.to_string()))?;
        if let Some(doubt) = row.doubt() {
            return Err(bad(doubt));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn unique(rows: &[SurveyRow], path: &Path) -> Result<()> {
    let mut seen = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        if let Some(first) = seen.insert(&row.entry, i + 1) {
            return Err(bad_input(format!(
                "lines {first} and {} of `{}` are both about `{}`: remove one",
                i + 1,
                path.display(),
                row.entry.escape_debug()
            )));
        }
    }
    Ok(())
}

/// A program that is just being started still has the file: closing it alone does not unlock it.
impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;

    fn entries(store: &Store) -> Vec<&str> {
        store.rows.iter().map(|r| &*r.entry).collect()
    }

    #[test]
    fn a_killed_run_loses_its_last_line_at_most() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ROWS);
        // A character of three bytes, for a cut within it.
        let row = |name: &str| SurveyRow { toolchain: "…".repeat(300), ..row(name) };
        let line = |name: &str| serde_json::to_string(&row(name)).unwrap();
        let (a, b) = (line("a"), line("b"));
        for cut in [1, 700, 701, 702, b.len() - 1] {
            fs::write(&path, [a.as_bytes(), b"\n", &b.as_bytes()[..cut]].concat()).unwrap();
            let mut store = Store::open(dir.path()).unwrap();
            assert!(store.repaired);
            assert_eq!(entries(&store), ["a"], "{cut}");
            store.add(row("b")).unwrap();
            assert_eq!(fs::read_text(&path).unwrap(), format!("{a}\n{b}\n"));
        }
        fs::write(&path, format!("{a}\n{b}")).unwrap();
        assert_eq!(entries(&Store::open(dir.path()).unwrap()), ["a", "b"]);
        assert_eq!(fs::read_text(&path).unwrap(), format!("{a}\n{b}\n"));
        let store = Store::open(dir.path()).unwrap();
        assert!(!store.repaired && Store::open(dir.path()).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ROWS);
        let line = serde_json::to_string(&row("a")).unwrap();
        for bad in [
            format!("{line}\n{}\n{line}\n", &line[..9]),
            format!("{line}\n{line}\n"),
            format!("\n{line}\n"),
            line.replace("\"reproducible\"", "\"fine\"") + "\n",
        ] {
            fs::write(&path, &bad).unwrap();
            assert!(Store::open(dir.path()).is_err(), "{bad}");
            assert_eq!(fs::read_text(&path).unwrap(), bad);
        }
    }

    #[test]
    fn a_row_replaces_the_one_of_its_entry() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        for name in ["a", "b", "a"] {
            store.add(row(name)).unwrap();
        }
        drop(store);
        assert_eq!(entries(&Store::open(dir.path()).unwrap()), ["a", "b"]);
    }
}
