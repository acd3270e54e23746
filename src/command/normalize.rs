//! `repro normalize`: each file through the handler of its format, and back in its place if that
//! changed anything. The handlers are in [`repro_formats::normalize`].

use std::fs::{File, Metadata};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::detect;
use repro_formats::normalize::handlers;
use repro_formats::normalize::job::{Job, Outcome, Times};

use crate::error::{bad_input, kind_of, usage};
use crate::fs::Pending;
use crate::report::files::{Done, One, Status};
use crate::request::Normalize;
use crate::{epoch, process};

/// The exit code: that of the first failure, else with `--check` 1 unless all is in normal form. A file that
/// is left alone is not known to be.
pub fn code(done: &[Done], check: bool) -> u8 {
    let failed = done.iter().find_map(|d| d.result.as_ref().err());
    let normal = |d: &Done| d.result.as_ref().is_ok_and(|one| one.status == Status::Unchanged);
    failed.map_or((check && !done.iter().all(normal)).into(), |error| kind_of(error).code())
}

/// Runs it. A file that fails does not keep the others from being done.
pub fn run(asked: &Normalize) -> Result<Vec<Done>> {
    let times = match (asked.set_time, asked.epoch, epoch::of_environment()?) {
        (Some(time), _, _) => Times::Set(time),
        (None, Some(epoch), _) => Times::Clamp(epoch),
        (None, None, Some(epoch)) => Times::Clamp(epoch.seconds),
        (None, None, None) => {
            return Err(usage(
                "no timestamp to clamp to: pass --epoch SECONDS or set SOURCE_DATE_EPOCH",
            ));
        }
    };
    let each = |path: &PathBuf| {
        process::check_interrupt()?;
        Ok(Done { path: path.clone(), result: one(path, times, asked) })
    };
    asked.paths.iter().map(each).collect()
}

fn one(path: &Path, times: Times, asked: &Normalize) -> Result<One> {
    crate::fs::given([path])?;
    // Through links: the file is what is rewritten, not the link to it.
    let place = crate::fs::canonicalize(path)
        .with_context(|| format!("failed to find `{}`", path.display()))?;
    let what = || format!("failed to read `{}`", path.display());
    // Before it is opened, which waits for whoever writes to a pipe.
    if !std::fs::metadata(&place).with_context(what)?.is_file() {
        return Err(bad_input(format!(
            "`{}` is not a file: pass the files to rewrite",
            path.display()
        )));
    }
    let input = File::open(&place).with_context(what)?;
    let meta = input.metadata().with_context(what)?;
    let (found, head) = detect::of_file(&input).with_context(what)?;
    if let Some((format, why)) = handlers::stays(found, &head, &input).with_context(what)? {
        return Ok(One::new(format, Status::LeftAlone(why)));
    }
    let handler = handlers::of(found, path).ok_or_else(|| {
        bad_input(format!(
            "`{}`: unsupported format; `repro normalize --list-formats` lists those that can be normalized",
            path.display()
        ))
    })?;
    let job = Job {
        path,
        of: found,
        input: &input,
        times,
        recursive: asked.recursive,
        package: false,
        depth: 0,
        nested: handlers::nested,
        limits: &asked.limits.limits(),
    };
    let mut out = match asked.check || asked.dry_run {
        true => Place::Nowhere(tempfile::tempfile().context("failed to make a temporary file")?),
        false => Place::Beside(Pending::replacing(&place)?),
    };
    let mut writer = BufWriter::with_capacity(128 << 10, out.file());
    let outcome = handlers::run(handler, &job, &mut writer)
        .with_context(|| format!("`{}` was not rewritten", path.display()));
    let flushed = writer.flush();
    drop(writer);
    process::check_interrupt()?;
    let mut written = match outcome? {
        Outcome::LeftAlone(why) => return Ok(One::new(handler.name, Status::LeftAlone(why))),
        Outcome::Written(written) => written,
    };
    flushed.with_context(|| format!("failed to rewrite `{}`", path.display()))?;
    let status = match (same(&input, out.file()).with_context(what)?, out) {
        (true, _) => {
            written.changes.clear();
            Status::Unchanged
        }
        (false, Place::Nowhere(_)) => Status::WouldChange,
        (false, Place::Beside(mut out)) => {
            unchanged_since(&place, &meta)?;
            out.keep(&input).with_context(|| format!("`{}` was not rewritten", path.display()))?;
            // Windows replaces no file that is open.
            drop(input);
            out.commit()?;
            Status::Changed
        }
    };
    if status != Status::Unchanged && has_other_names(&meta) {
        written.notes.push("it has other names (hard links), which keep the old bytes".to_string());
    }
    if status != Status::Unchanged && written.changes.is_empty() {
        // What no field has: another compressor, or padding.
        written.field(None, "packing", "as packed", "normal");
    }
    Ok(One { format: handler.name, status, changes: written.changes, notes: written.notes })
}

/// Where the normal form is written.
enum Place {
    /// Beside the original, to take its place.
    Beside(Pending),
    /// With `--check`, only to be compared: nothing is written where the original is.
    Nowhere(File),
}

impl Place {
    fn file(&mut self) -> &mut File {
        match self {
            Place::Beside(pending) => pending.file(),
            Place::Nowhere(file) => file,
        }
    }
}

/// Whether both files hold the same bytes.
fn same(a: &File, b: &File) -> std::io::Result<bool> {
    if a.metadata()?.len() != b.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (a, b);
    a.rewind()?;
    b.rewind()?;
    let (mut a, mut b) = (BufReader::new(a), BufReader::new(b));
    let (mut x, mut y) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let n = a.read(&mut x)?;
        if n == 0 {
            return Ok(true);
        }
        b.read_exact(&mut y[..n])?;
        if x[..n] != y[..n] {
            return Ok(false);
        }
    }
}

/// What somebody wrote meanwhile must not be lost.
fn unchanged_since(path: &Path, before: &Metadata) -> Result<()> {
    let now = crate::fs::lstat(path)?;
    let stamp = |meta: &Metadata| (number(meta), meta.len(), meta.modified().ok());
    if stamp(&now) == stamp(before) {
        return Ok(());
    }
    Err(crate::error::host(format!(
        "`{}` changed while it was read, so it was not rewritten: run the command again when nothing else writes to it",
        path.display()
    )))
}

/// Which file it is: packers give all files one time, and tars have few sizes.
#[cfg(unix)]
fn number(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(unix)]
fn has_other_names(meta: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(meta) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}
