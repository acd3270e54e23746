//! The part that both ways to pack share: formats and options, writing one archive, and its entry
//! in the manifest.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::compress::deflate;
use repro_formats::error::Stop;
use repro_formats::formats::Format;
use repro_formats::listing::MemberKind;
use repro_formats::names::printable;
use repro_formats::pack::{self, Options, Packed};
use repro_formats::tar::write::Kind;
use repro_formats::tree::Item;

use crate::error::{bad_input, usage};
use crate::fs::Pending;
use crate::request::Archive;
use crate::{manifest, process};

/// What was packed.
pub struct Outcome {
    /// The archives, with where each is.
    pub archives: Vec<(PathBuf, manifest::Archive)>,
    /// The images, likewise.
    pub images: Vec<(PathBuf, manifest::Image)>,
    /// Files that were written next to them.
    pub beside: &'static [&'static str],
    /// Things that the user should know.
    pub notes: Vec<String>,
}

/// A release: what an archive is named after.
pub(super) struct Release {
    pub(super) name: String,
    pub(super) version: String,
}

/// The level that was asked for, if the format has it.
pub(super) fn level(asked: &Archive, format: &Format) -> Result<u32> {
    let compressor = format.compressor();
    let level = asked.level.unwrap_or(compressor.level);
    if !compressor.levels.contains(&level) {
        return Err(usage(format!(
            "`--level {level}`: {} has the levels {} to {}",
            format.name,
            compressor.levels.start(),
            compressor.levels.end()
        )));
    }
    Ok(level)
}

pub(super) fn options(
    asked: &Archive,
    format: &'static Format,
    epoch: i64,
    detail: bool,
) -> Result<Options> {
    Ok(Options {
        format,
        compressor: format.compressor(),
        level: level(asked, format)?,
        threads: asked.jobs.unwrap_or_else(deflate::threads),
        epoch: u64::try_from(epoch)
            .map_err(|_| bad_input(format!("the epoch {epoch} is before 1970")))?,
        detail,
        stop: Stop(process::interrupted),
    })
}

/// Packs into the file at `path`, which appears whole or not at all.
pub(super) fn pack(
    items: &mut dyn Iterator<Item = Result<Item, repro_formats::error::Error>>,
    path: &Path,
    mut out: Pending,
    options: &Options,
) -> Result<Packed> {
    let packed = pack::pack(items, out.file(), options)
        .with_context(|| format!("`{}` was not written", path.display()))?;
    out.commit()?;
    Ok(packed)
}

/// The manifest's entry for an archive.
pub(super) fn entry(
    path: &Path,
    target: Option<&str>,
    options: &Options,
    packed: &Packed,
) -> manifest::Archive {
    let compressor = options.compressor;
    manifest::Archive {
        name: file_name(path),
        target: target.map(str::to_string),
        format: options.format,
        compressor: compressor.name.to_string(),
        version: compressor.version.to_string(),
        level: options.level,
        block: compressor.block,
        epoch: options.epoch as i64,
        tar_sha256: packed.tar.as_ref().map(|d| d.sha256.clone()),
        size: packed.digest.size,
        sha256: packed.digest.sha256.clone(),
        members: packed.members.iter().map(member).collect(),
    }
}

fn member(member: &pack::Member) -> manifest::Member {
    let item = &member.item;
    let (kind, target) = match &item.kind {
        Kind::File(_) => (MemberKind::File, None),
        Kind::Dir => (MemberKind::Dir, None),
        Kind::Symlink(to) => (MemberKind::Symlink, Some(printable(to))),
        Kind::Hardlink(to) => (MemberKind::Hardlink, Some(printable(to))),
    };
    manifest::Member {
        name: printable(&item.name),
        kind,
        mode: format!("{:04o}", item.mode),
        size: member.digest.as_ref().map(|d| d.size),
        sha256: member.digest.as_ref().map(|d| d.sha256.clone()),
        target,
    }
}

pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
