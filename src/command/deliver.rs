//! Where a report goes besides standard output: an HTML page, GitHub's step summary, and
//! diffoscope's own view of a pair.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{Cmd, Stream};
use crate::report::summary::Summary;
use crate::report::{github, html};
use crate::{fs, term};

/// Writes the page, whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn page(path: &Path, summary: &Summary) -> Result<()> {
    fs::write_atomic(&fs::through_link(path), html::page(summary)?.as_bytes())
}

/// Appends to the step summary, where GitHub Actions names one.
///
/// # Errors
/// It is named and cannot be written.
pub fn step_summary(summary: &Summary) -> Result<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|p| !p.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let what = || format!("failed to append to `{}`", path.display());
    let open = OpenOptions::new().append(true).create(true).open(&path);
    let mut file = open.with_context(what)?;
    file.write_all(github::step_summary(summary).as_bytes()).with_context(what)
}

/// Has diffoscope show the pair, line by line as it prints. If it is not installed or fails, a warning
/// is printed and nothing else changes.
pub fn diffoscope(pair: Option<&(PathBuf, PathBuf)>, on_line: &(dyn Fn(&str) + Sync)) {
    let Some((a, b)) = pair else { return };
    let installed = Cmd::new("diffoscope").arg("--version").output();
    if !installed.is_ok_and(|out| out.status.success()) {
        let text =
            "diffoscope is not installed: see https://diffoscope.org, or leave out --diffoscope";
        return term::say(term::WARN, "warning", text);
    }
    let command = Cmd::new("diffoscope").arg("--text").arg("-").arg(a).arg(b);
    let ran = command.stream(|stream, line| match stream {
        Stream::Out => on_line(line),
        Stream::Err => term::say(term::BOLD, "diffoscope", line),
    });
    match ran {
        // 1 is its word for a difference.
        Ok(status) if matches!(status.code(), Some(0 | 1)) => {}
        Ok(status) => {
            term::say(term::WARN, "warning", &format!("`{}` ended with {status}", command.show()))
        }
        Err(e) => term::say(term::WARN, "warning", &crate::error::one_line(&e)),
    }
}
