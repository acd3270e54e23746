//! A published archive: compares its members with the rebuilt files and the source, and its bytes
//! with the same files packed again by the parameters in the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_explain::cause::Cause;
use repro_explain::compare;
use repro_explain::finding::{At, Finding, Place};
use repro_formats::compress::container::Compressor;
use repro_formats::compress::deflate;
use repro_formats::digest::{self, Digest};
use repro_formats::error::Stop;
use repro_formats::formats::{FORMATS, Format, Layout};
use repro_formats::listing::{Container, Listing, Member, MemberKind};
use repro_formats::names::printable;
use repro_formats::normalize::handlers;
use repro_formats::normalize::job::Times;
use repro_formats::pack::{self, Options};
use repro_formats::{extract, list, tree};

use super::findings::{another_name, explain, finding};
use super::rebuilt::{FromSource, Rebuilt};
use crate::setting::entry::Setting;
use crate::verify::result::{Checked, FileOutcome, Part, STEPS};
use crate::{manifest, process};

/// Members with the file that each is, rebuilt or of the source.
pub(super) type Origins = Vec<(Vec<u8>, PathBuf)>;

/// Checks the archive at `path`; `entry` is what the manifest says of it.
pub(super) fn check(
    path: &Path,
    published: &Digest,
    entry: Option<&manifest::Archive>,
    rebuilt: &Rebuilt,
) -> Result<Vec<Checked>> {
    let unpacked = rebuilt.fresh_place("published");
    let extracted = extract::extract(path, &unpacked, rebuilt.limits, Stop(process::interrupted))?;
    let listing = list::list(path, rebuilt.limits)?
        .context("the published archive changed while it was read")?;
    let (origins, mut findings) = origins(&extracted.files, entry, rebuilt)?;
    findings.extend(links(&listing, rebuilt)?);
    findings.extend(modes(&listing));
    if let Some(entry) = entry {
        findings.extend(promised(&entry.members, &listing.members));
    }
    let checked = |part, outcome, findings| Checked {
        part,
        outcome,
        ..Checked::differs(path.display().to_string(), findings)
    };
    if !findings.is_empty() {
        let because = finding("the archive", "its members differ", "", "see the members");
        let bytes = Checked {
            published: Some(published.clone()),
            ..checked(Part::Archive, FileOutcome::Differs, vec![because])
        };
        return Ok(vec![checked(Part::Members, FileOutcome::Differs, findings), bytes]);
    }
    let members = checked(Part::Members, FileOutcome::Same, Vec::new());
    let again = rebuilt.fresh_place("packed");
    let epoch = entry.map(|e| e.epoch).or(extracted.newest);
    let packed = match entry {
        Some(entry) => pack_entry(entry, origins, &again)?,
        None => {
            let epoch = epoch.unwrap_or(rebuilt.epoch);
            pack_alike(&listing, origins, epoch, &again, published)?
        }
    };
    let (outcome, mut findings) = match packed == *published {
        true => (FileOutcome::Same, Vec::new()),
        false => container(path, &listing, &again, rebuilt)?,
    };
    if let Some(why) = entry.and_then(unknown_compressor) {
        let differs = |f: &&mut Finding| f.cause == Cause::Compressor;
        findings.iter_mut().filter(differs).for_each(|f| f.remedy = why.clone());
    }
    let bytes = Checked {
        published: Some(published.clone()),
        rebuilt: Some(packed),
        ..checked(Part::Archive, outcome, findings)
    };
    Ok(vec![members, unlisted(bytes, entry.map(|e| (e.size, &*e.sha256)))])
}

/// A file that is not the one that the manifest lists is a difference, whatever it holds.
pub(super) fn unlisted(mut bytes: Checked, listed: Option<(u64, &str)>) -> Checked {
    let is = bytes.published.as_ref().map(|d| (d.size, d.sha256.as_str()));
    if let (Some(listed), FileOutcome::Same) = (listed, &bytes.outcome)
        && Some(listed) != is
    {
        let says = format!("{} bytes, sha256 {}", listed.0, listed.1);
        bytes.outcome = FileOutcome::Differs;
        bytes.findings.push(finding(
            "the archive",
            "not the one that the manifest lists",
            &says,
            "ask the publisher which of the two was meant",
        ));
    }
    bytes
}

/// Where each file of the archive comes from. What comes from nowhere is a finding, and so is what
/// should be there and is not.
fn origins(
    files: &[(Vec<u8>, PathBuf)],
    entry: Option<&manifest::Archive>,
    rebuilt: &Rebuilt,
) -> Result<(Origins, Vec<Finding>)> {
    let mut origins = Origins::new();
    let names: Vec<&[u8]> = files.iter().map(|(name, _)| &**name).collect();
    let mut findings: Vec<Finding> =
        entry.and_then(|e| other_stem(e, &names)).into_iter().collect();
    let target = entry.and_then(|e| e.target.as_deref());
    let cut = cut(&names);
    for (name, path) in files {
        match origin(&name[cut..], &digest::of_file(path)?, target, rebuilt)? {
            Origin::Known(from) => origins.push((name.clone(), from)),
            Origin::OtherBuilt(built) => {
                let digest = digest::of_file(path)?;
                let twin = another_name(&digest, built, rebuilt);
                for mut found in twin.into_iter().chain(explain(path, &built.path, rebuilt)?) {
                    found.place = found.place.inside(printable(name));
                    findings.push(found);
                }
            }
            Origin::Nowhere(what) => findings.push(unknown(&printable(name), &what)),
        }
    }
    findings.extend(left_out(&names, target, rebuilt)?.iter().map(|name| lacking(name)));
    Ok((origins, findings))
}

/// `repro archive` puts all below a directory of the archive's own name: unpacked, it is where a
/// reader of the name expects it.
fn other_stem(entry: &manifest::Archive, names: &[&[u8]]) -> Option<Finding> {
    let own = |stem: &[u8]| {
        entry.name.as_bytes().strip_prefix(stem).is_some_and(|rest| rest.starts_with(b"."))
    };
    let stem = stem(names.iter().copied());
    match stem {
        Some(stem) if own(stem) => None,
        stem => Some(finding(
            "the directory of the archive",
            "not the archive's name without its ending",
            &printable(stem.unwrap_or_default()),
            "ask the publisher for an archive that unpacks into a directory of its own",
        )),
    }
}

/// Where a file of an archive comes from, by its name below the archive's own directory.
enum Origin<'a> {
    /// From this file.
    Known(PathBuf),
    /// It has an artifact's name, and other bytes.
    OtherBuilt(&'a crate::artifact::Artifact),
    /// Nothing explains it, as the clause says.
    Nowhere(String),
}

/// An artifact counts under its own name, a file of the source under its path or the name that the
/// source's own metadata gives it; and no file of the source under an artifact's name.
fn origin<'a>(
    name: &[u8],
    digest: &Digest,
    target: Option<&str>,
    rebuilt: &Rebuilt<'a>,
) -> Result<Origin<'a>> {
    let base = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let named = rebuilt.shipped(target).filter(|a| a.name.as_bytes() == base);
    let named: Vec<_> = named.collect();
    let same = named.iter().find(|a| a.digest == *digest);
    if base == name {
        match (same, named.first()) {
            (Some(same), _) => return Ok(Origin::Known(same.path.clone())),
            (None, Some(other)) => return Ok(Origin::OtherBuilt(other)),
            (None, None) => {}
        }
    }
    // Where the source puts nothing a reader has to agree to what is there.
    let extra = |path: PathBuf| {
        rebuilt.extra.borrow_mut().push(Setting::include(&printable(name)));
        Ok(Origin::Known(path))
    };
    let pristine = rebuilt.pristine()?;
    match (pristine.file(name, digest)?, same) {
        (Some(FromSource::Included(path)), _)
            if named.is_empty() || pristine.is_at(&path, name) =>
        {
            return Ok(Origin::Known(path));
        }
        (Some(FromSource::Included(_)), _) => {
            let what = "a file of the source under an artifact's name";
            return Ok(Origin::Nowhere(what.into()));
        }
        (Some(FromSource::Extra(path)), _) => return extra(path),
        (None, Some(same)) => return extra(same.path.clone()),
        (None, None) => {}
    }
    Ok(match (named.first(), rebuilt.with_bytes(digest, None)) {
        (Some(other), _) => Origin::OtherBuilt(other),
        (None, Some(twin)) => {
            Origin::Nowhere(format!("it is the built `{}` under another name", twin.name))
        }
        (None, None) => Origin::Nowhere("neither built nor in the source under this name".into()),
    })
}

/// What was built, or what the source's metadata includes, and the archive does not have. An archive
/// without a target only has to have some artifact: nothing says which target's artifacts it holds.
fn left_out(names: &[&[u8]], target: Option<&str>, rebuilt: &Rebuilt) -> Result<Vec<Vec<u8>>> {
    let cut = cut(names);
    let below: BTreeSet<&[u8]> = names.iter().map(|name| &name[cut..]).collect();
    let base = |name: &[u8]| name.rsplit(|b| *b == b'/').next().map(<[u8]>::to_vec);
    let built: Vec<&[u8]> = rebuilt.shipped(target).map(|a| a.name.as_bytes()).collect();
    if target.is_none() {
        let any = below.iter().filter_map(|name| base(name)).any(|b| built.contains(&&*b));
        let first = built.first().filter(|_| !any);
        return Ok(first.map(|name| name.to_vec()).into_iter().collect());
    }
    let pristine = rebuilt.pristine()?;
    let all = built.into_iter().chain(pristine.included());
    Ok(all.filter(|name| !below.contains(name)).map(<[u8]>::to_vec).collect())
}

fn lacking(name: &[u8]) -> Finding {
    let what = "missing: the source's build has it and the archive does not";
    finding(At::Member(printable(name)), what, "", "ask the publisher for the whole archive")
}

/// Bytes of the directory that all names are below.
fn cut(names: &[&[u8]]) -> usize {
    stem(names.iter().copied()).map_or(0, |stem| stem.len() + 1)
}

/// The one directory that all names are below, if there is one.
fn stem<'a>(names: impl Iterator<Item = &'a [u8]> + Clone) -> Option<&'a [u8]> {
    let first = |name: &'a [u8]| name.split(|b| *b == b'/').next().unwrap_or_default();
    let stem = first(names.clone().next()?);
    let mut names = names;
    names.all(|name| name.len() > stem.len() && first(name) == stem).then_some(stem)
}

/// Members that anyone may write to, or that run with another's rights: no step that is accepted.
fn modes(listing: &Listing) -> impl Iterator<Item = Finding> {
    let special = |m: &&Member| {
        m.mode.is_some_and(|mode| mode & 0o7002 != 0) && m.kind != MemberKind::Symlink
    };
    listing.members.iter().filter(special).map(|m| {
        let mode = m.mode.unwrap_or(0);
        let what = format!("mode {mode:04o}: setuid, setgid, sticky or writable by all");
        let remedy = "`repro archive` never sets this mode; ask the publisher about it";
        let found = finding(At::Member(m.name.clone()), &what, "", remedy);
        Finding { cause: Cause::ArchiveMode, ..found }
    })
}

fn unknown(name: &str, what: &str) -> Finding {
    let remedy =
        "nothing proves it: leave it out, or have it made by the build or kept in the source";
    finding(At::Member(name.to_string()), what, "", remedy)
}

/// Symbolic links of the archive that the source does not have at the same place.
fn links(listing: &Listing, rebuilt: &Rebuilt) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in listing.members.iter().filter(|m| m.kind == MemberKind::Symlink) {
        let below: PathBuf = Path::new(&member.name).iter().skip(1).collect();
        let there = rebuilt.pristine()?.workspace.join(below);
        let target = std::fs::read_link(there).ok();
        let target = target.map(|t| printable(t.as_os_str().as_encoded_bytes()));
        if target != member.target {
            findings.push(unknown(&member.name, "a link that the source does not have"));
        }
    }
    Ok(findings)
}

/// The manifest's members against those of the archive.
fn promised(entry: &[manifest::Member], found: &[Member]) -> Vec<Finding> {
    type Told = (MemberKind, Option<u64>, Option<String>);
    let known = |m: &manifest::Member| -> Told { (m.kind, m.size, m.sha256.clone()) };
    let real = |m: &Member| -> Told {
        let size = m.sha256.is_some().then_some(m.size);
        (m.kind, size, m.sha256.clone())
    };
    let mut names: BTreeMap<&str, (Option<Told>, Option<Told>)> = BTreeMap::new();
    for member in entry {
        names.entry(&member.name).or_default().0 = Some(known(member));
    }
    for member in found.iter().filter(|m| !m.name.is_empty()) {
        names.entry(&member.name).or_default().1 = Some(real(member));
    }
    let say = |told: &Option<Told>| match told {
        None => "absent".to_string(),
        Some((kind, None, _)) => kind.to_string(),
        Some((kind, size, sha256)) => format!(
            "{kind} of {} bytes, sha256 {}",
            size.unwrap_or(0),
            sha256.as_deref().unwrap_or("unknown")
        ),
    };
    names
        .iter()
        .filter(|(_, (a, b))| a != b)
        .map(|(name, (a, b))| {
            let called = Some("the manifest has another".to_string());
            let place = Place { called, ..At::Member(name.to_string()).into() };
            let listed = format!("{} in the manifest", say(a));
            finding(place, &say(b), &listed, "fetch the archive and the manifest of one release")
        })
        .collect()
}

/// Packs the files like the published archive. No manifest names its compressor, so each one that has
/// ever packed this format is tried until the bytes are the published ones. Otherwise the digest is that
/// of the compressor in use, which is tried last.
fn pack_alike(
    listing: &Listing,
    origins: Origins,
    epoch: i64,
    to: &Path,
    published: &Digest,
) -> Result<Digest> {
    let layout = match listing.container {
        Container::Zip => Layout::Zip,
        _ => Layout::Tar,
    };
    let fits = |f: &&Format| {
        f.layout == layout && (layout == Layout::Zip || f.compression == listing.compression)
    };
    let format = FORMATS.iter().find(fits);
    let format = format.context("there is no format like that of the published archive")?;
    let (current, older) = (format.compressor(), &format.compressors()[1..]);
    for compressor in older.iter().rev() {
        let digest = pack_as(format, (compressor, compressor.level), epoch, origins.clone(), to)?;
        if digest == *published {
            return Ok(digest);
        }
    }
    pack_as(format, (current, current.level), epoch, origins, to)
}

/// Packs files by the parameters that the manifest has of an archive, and returns the digest.
pub(super) fn pack_entry(entry: &manifest::Archive, origins: Origins, to: &Path) -> Result<Digest> {
    let format = entry.format;
    let by = compressed_by(format, &entry.compressor, &entry.version, entry.level);
    pack_as(format, by, entry.epoch, origins, to)
}

/// The compressor that the manifest names, which may be one that packs no new archives, and the level; the
/// one in use and its own level in place of those that are unknown.
pub(super) fn compressed_by(
    format: &Format,
    name: &str,
    version: &str,
    level: u32,
) -> (&'static Compressor, u32) {
    let compressor = format.compressor_named(name, version).unwrap_or(format.compressor());
    (compressor, if compressor.levels.contains(&level) { level } else { compressor.level })
}

/// What to do where the manifest names a compressor that this program does not have.
fn unknown_compressor(entry: &manifest::Archive) -> Option<String> {
    let format = entry.format;
    let has = |c: &Compressor| format!("{} {}", c.name, c.version);
    let all: Vec<_> = format.compressors().iter().map(has).collect();
    format.compressor_named(&entry.compressor, &entry.version).is_none().then(|| {
        let named = printable(format!("{} {}", entry.compressor, entry.version).as_bytes());
        format!(
            "the archive was compressed by {named}, and this version of repro has {}: use the version of repro that packed it",
            all.join(" and ")
        )
    })
}

fn pack_as(
    format: &'static Format,
    (compressor, level): (&'static Compressor, u32),
    epoch: i64,
    origins: Origins,
    to: &Path,
) -> Result<Digest> {
    let options = Options {
        format,
        compressor,
        level,
        threads: deflate::threads(),
        epoch: u64::try_from(epoch).unwrap_or(0),
        detail: false,
        stop: Stop(process::interrupted),
    };
    let items = items(origins)?;
    let what = || format!("failed to write `{}`", to.display());
    let mut out = File::options();
    let mut out =
        out.read(true).write(true).create(true).truncate(true).open(to).with_context(what)?;
    Ok(pack::pack(&mut items.into_iter().map(Ok), &mut out, &options)?.digest)
}

/// Where each file that the manifest lists of an archive comes from; the inner error says which comes
/// from nowhere, or is not there.
pub(super) fn origins_of_entry(
    entry: &manifest::Archive,
    rebuilt: &Rebuilt,
) -> Result<std::result::Result<Origins, String>> {
    let mut origins = Origins::new();
    let target = entry.target.as_deref();
    let files: Vec<_> = entry.members.iter().filter(|m| m.kind != MemberKind::Dir).collect();
    let names: Vec<&[u8]> = files.iter().map(|m| m.name.as_bytes()).collect();
    let cut = cut(&names);
    let member = |name: &[u8], what: &str| Ok(Err(format!("`{}` is {what}", printable(name))));
    for (name, file) in names.iter().zip(&files) {
        let digest = file.size.zip(file.sha256.clone()).filter(|_| file.kind == MemberKind::File);
        let digest = digest.map(|(size, sha256)| Digest { size, sha256 });
        match digest.map(|d| origin(&name[cut..], &d, target, rebuilt)).transpose()? {
            Some(Origin::Known(path)) => origins.push((name.to_vec(), path)),
            _ => return member(name, "neither built nor in the source"),
        }
    }
    if let Some(finding) = other_stem(entry, &names) {
        return Ok(Err(format!("{} is {}", finding.place, finding.a)));
    }
    match left_out(&names, target, rebuilt)?.first() {
        Some(name) => member(name, "not among them"),
        None => Ok(Ok(origins)),
    }
}

/// The members as `repro archive` orders them, with their directories: below the one directory that all
/// are in, or below none.
fn items(origins: Origins) -> Result<Vec<tree::Item>> {
    let stem = stem(origins.iter().map(|(name, _)| &**name)).map(<[u8]>::to_vec);
    const MADE_UP: &[u8] = b"root";
    let (root, cut) = stem.as_deref().map_or((MADE_UP, 0), |stem| (stem, stem.len() + 1));
    let files: Origins =
        origins.into_iter().map(|(name, path)| (name[cut..].to_vec(), path)).collect();
    let mut items = tree::made_up(root, &files)?;
    if stem.is_none() {
        items.retain(|i| i.name != MADE_UP);
        for item in &mut items {
            item.name.drain(..MADE_UP.len() + 1);
        }
    }
    Ok(items)
}

/// How two archives of the same members differ, and whether only by steps that leave the members as they
/// are. All of the published archive has to be understood, as `repro normalize` would have to.
fn container(
    path: &Path,
    published: &Listing,
    again: &Path,
    rebuilt: &Rebuilt,
) -> Result<(FileOutcome, Vec<Finding>)> {
    let own = list::list(again, rebuilt.limits)?.context("what was packed again is no archive")?;
    let (members, mut findings) = compare::compare(published, &own);
    let mut causes: Vec<Cause> = findings.iter().map(|f| f.cause).collect();
    causes.sort();
    causes.dedup();
    let only_steps = !causes.is_empty() && causes.iter().all(|c| STEPS.contains(c));
    // Alike members in other bytes: what a compressor does to them is no reason for that.
    let unpacked = (&published.unpacked, &own.unpacked);
    let padded = causes == [Cause::Compressor]
        && matches!(unpacked, (Some(theirs), Some(own)) if theirs != own);
    if padded {
        findings.push(finding(
            Place::default(),
            "bytes that belong to no member",
            "",
            "ask the publisher what wrote them",
        ));
    }
    let not_understood = handlers::left_alone(path, Times::Set(0), rebuilt.limits);
    findings.extend(not_understood.iter().map(|why| {
        let remedy = "ask the publisher for an archive of one stream that holds its members alone";
        finding(
            "the archive",
            "more than members and what `repro normalize` makes alike",
            why,
            remedy,
        )
    }));
    let alike = members.same_content && only_steps && !padded;
    let outcome = match alike && not_understood.is_none() {
        true => FileOutcome::After(causes),
        false => FileOutcome::Differs,
    };
    Ok((outcome, findings))
}
