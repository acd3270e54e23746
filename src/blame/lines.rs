//! A change on one line of evidence, and where the sources speak of it.

use std::path::Path;

use anyhow::Result;
use repro_explain::cause::Cause;
use repro_explain::finding::Finding;

use crate::blame::changes::{Change, SEARCHED, Value, What, text_of};
use crate::blame::evidence::Evidence;
use crate::blame::explore::Details;
use crate::blame::graph::Role;
use crate::blame::one_line::{excerpts, place, text_line};
use crate::fs;

impl Evidence<'_> {
    /// A change on one line.
    pub(super) fn line(
        &self,
        change: &Change,
        role: Role,
        details: &Details,
        findings: &[Finding],
    ) -> Result<String> {
        let values = match (&change.a, &change.b) {
            (Value::File(a), Value::File(b)) => {
                return self.file_line(&self.name(change), (a, b), findings);
            }
            (Value::Text(a, _), Value::Text(b, _)) => {
                let (a, b) = excerpts(a, b);
                format!("{a} / {b}")
            }
            (Value::Text(a, _), _) => format!("{} / nothing", excerpts(a, "").0),
            (_, Value::Text(b, _)) => format!("nothing / {}", excerpts("", b).1),
            (Value::File(_), _) => return Ok(format!("{}: only in build A", self.name(change))),
            _ => return Ok(format!("{}: only in build B", self.name(change))),
        };
        Ok(match (&change.what, role) {
            (What::Env(name), Role::Run) => {
                let at = self.mention(name, details).unwrap_or_default();
                format!("cargo::rustc-env={name}={values}{at}")
            }
            (What::Env(name), _) => {
                let at = self.mention(name, details).unwrap_or_default();
                format!("it reads the variable {name}: {values}{at}")
            }
            (What::Metadata(name), _) => {
                let at = self.mention(name, details).unwrap_or_default();
                format!("cargo::metadata={name}={values}{at}")
            }
            (What::Directive(key), _) => {
                let line = match (&change.a, &change.b) {
                    (Value::Text(_, Some(line)), _) | (_, Value::Text(_, Some(line))) => {
                        format!(" (line {line} of its output)")
                    }
                    _ => String::new(),
                };
                format!("cargo::{key}={values}{line}")
            }
            (What::Id, _) => format!(
                "cargo's id of the crate: {values}; cargo hashes the absolute path of a package outside the workspace root into it"
            ),
            (What::Left(_) | What::Source(_), _) => format!("{}: {values}", self.name(change)),
        })
    }

    fn name(&self, change: &Change) -> String {
        match &change.what {
            What::Left(path) => format!("OUT_DIR/{path}"),
            What::Source(path) => {
                let path = path.trim_start_matches("<source>/");
                format!("{path} (written during the build)")
            }
            What::Env(name) | What::Metadata(name) | What::Directive(name) => name.clone(),
            What::Id => "id".to_string(),
        }
    }

    /// The first line of two text files that differs; what was found in others, else a byte.
    fn file_line(
        &self,
        name: &str,
        (a, b): (&Path, &Path),
        findings: &[Finding],
    ) -> Result<String> {
        let is_link = |p: &Path| fs::lstat(p).is_ok_and(|m| m.is_symlink());
        if is_link(a) || is_link(b) {
            let target = |p: &Path| {
                let read = std::fs::read_link(p);
                read.map_or("no link".to_string(), |t| t.display().to_string())
            };
            let (a, b) = excerpts(&target(a), &target(b));
            return Ok(format!("{name} is a link: {a} / {b}"));
        }
        if !a.is_file() || !b.is_file() {
            // Reading from a pipe would never end.
            return Ok(format!("{name} is not a plain file on both sides"));
        }
        if let (Some(x), Some(y)) = (text_of(a)?, text_of(b)?) {
            let (a, b) = &self.found.roots;
            return Ok(text_line(name, (&x, a), (&y, b)));
        }
        let real = findings.iter().filter(|f| !f.consequence);
        if let Some(finding) = real.min_by_key(|f| f.cause == Cause::Unknown) {
            return Ok(format!("{name}: {}", place(finding)));
        }
        let byte = |b: Option<u8>| b.map_or("its end".to_string(), |b| format!("0x{b:02x}"));
        Ok(match fs::first_difference(a, b)? {
            Some(d) => format!("{name}: byte {} is {} / {}", d.at, byte(d.a), byte(d.b)),
            None => format!("{name}: it changed while it was read"),
        })
    }

    /// Where the sources speak of a variable: ` (build.rs:5)`.
    fn mention(&self, name: &str, details: &Details) -> Option<String> {
        let (path, line) = self.mentioned(name, details)?;
        Some(format!(" ({}:{line})", self.below_root(path)))
    }

    /// The same in the source that is built, and not in a dependency's.
    pub(super) fn of_source(&self, change: &Change, details: &Details) -> Option<(String, usize)> {
        let (What::Env(name) | What::Metadata(name)) = &change.what else { return None };
        let (path, line) = self.mentioned(name, details)?;
        let below = path.strip_prefix(self.roots.first()?).ok()?;
        Some((fs::slashed(below), line))
    }

    fn mentioned<'d>(&self, name: &str, details: &'d Details) -> Option<(&'d Path, usize)> {
        let quoted = format!("\"{name}\"");
        let assigned = format!("{name}=");
        for path in &details.sources {
            let small = fs::lstat(path).is_ok_and(|m| m.len() <= SEARCHED);
            let Some(text) = small.then(|| std::fs::read_to_string(path).ok()).flatten() else {
                continue;
            };
            let says = |l: &str| l.contains(&quoted) || l.contains(&assigned);
            if let Some(at) = text.lines().position(says) {
                return Some((path, at + 1));
            }
        }
        None
    }

    fn below_root(&self, path: &Path) -> String {
        let below = self.roots.iter().find_map(|r| path.strip_prefix(r).ok());
        below.unwrap_or(path).display().to_string()
    }
}
