//! A published archive: its members against what was rebuilt and the source, and its bytes against
//! the same files packed again by the parameters that the manifest has of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::published::{explain, finding};
use super::rebuilt::Rebuilt;
use crate::archive::formats::{FORMATS, Format, Layout};
use crate::archive::listing::{self, Listing, Member};
use crate::archive::pack::{self, Options};
use crate::archive::{compare, deflate, extract, tree};
use crate::cause::Cause;
use crate::digest::{self, Digest};
use crate::finding::{At, Finding, Place};
use crate::format::printable;
use crate::manifest;
use crate::report::verify::{Checked, Outcome, Part, STEPS};

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
    let extracted = extract::extract(path, &unpacked, rebuilt.limits)?;
    let listing = listing::list(path, rebuilt.limits)?
        .context("the published archive changed while it was read")?;
    let target = entry.and_then(|e| e.target.as_deref());
    let (origins, mut findings) = origins(&extracted.files, target, rebuilt)?;
    findings.extend(links(&listing, rebuilt)?);
    if let Some(entry) = entry {
        findings.extend(promised(&entry.members, &listing.members));
    }
    let checked = |part, outcome, findings| Checked {
        name: path.display().to_string(),
        part,
        outcome,
        published: None,
        rebuilt: None,
        findings,
    };
    if !findings.is_empty() {
        let because =
            finding(Cause::Unknown, "the archive", "its members differ", "", "see the members");
        let bytes = Checked {
            published: Some(published.clone()),
            ..checked(Part::Archive, Outcome::Differs, vec![because])
        };
        return Ok(vec![checked(Part::Members, Outcome::Differs, findings), bytes]);
    }
    let members = checked(Part::Members, Outcome::Same, Vec::new());
    let again = rebuilt.fresh_place("packed");
    let epoch = entry.map(|e| e.epoch).or(extracted.newest);
    let packed = pack_again(&listing, origins, entry, epoch.unwrap_or(rebuilt.epoch), &again)?;
    let (outcome, findings) = match packed == *published {
        true => (Outcome::Same, Vec::new()),
        false => container(&listing, &again, rebuilt)?,
    };
    let bytes = Checked {
        published: Some(published.clone()),
        rebuilt: Some(packed),
        ..checked(Part::Archive, outcome, findings)
    };
    Ok(vec![members, unlisted(bytes, entry)])
}

/// A file that is not the one that the manifest lists is a difference, whatever it holds.
fn unlisted(mut bytes: Checked, entry: Option<&manifest::Archive>) -> Checked {
    let listed = entry.map(|e| (e.size, e.sha256.as_str()));
    let is = bytes.published.as_ref().map(|d| (d.size, d.sha256.as_str()));
    if let (Some(listed), Outcome::Same) = (listed, &bytes.outcome)
        && Some(listed) != is
    {
        let says = format!("{} bytes, sha256 {}", listed.0, listed.1);
        bytes.outcome = Outcome::Differs;
        bytes.findings.push(finding(
            Cause::Unknown,
            "the archive",
            "not the one that the manifest lists",
            &says,
            "ask the publisher which of the two was meant",
        ));
    }
    bytes
}

/// Where each file of the archive comes from. What comes from nowhere is a finding.
fn origins(
    files: &[(Vec<u8>, PathBuf)],
    target: Option<&str>,
    rebuilt: &Rebuilt,
) -> Result<(Origins, Vec<Finding>)> {
    let mut origins = Vec::new();
    let mut findings = Vec::new();
    for (name, path) in files {
        let digest = digest::of_file(path)?;
        let base = path.file_name().unwrap_or_default().to_string_lossy();
        let fits = |a: &&crate::artifact::Artifact| target.is_none_or(|t| a.target == t);
        let built = || rebuilt.artifacts.iter().filter(fits);
        if let Some(same) = rebuilt.with_bytes(&digest, target) {
            origins.push((name.clone(), same.path.clone()));
            continue;
        }
        if let Some(other) = built().find(|a| a.name == base && a.kind.is_shipped()) {
            for mut found in explain(path, &other.path)? {
                found.place = found.place.inside(printable(name));
                findings.push(found);
            }
            continue;
        }
        match rebuilt.pristine()?.file(&without_stem(path, name), &digest)? {
            Some(source) => origins.push((name.clone(), source)),
            None => findings.push(unknown(&printable(name), "neither built nor in the source")),
        }
    }
    Ok((origins, findings))
}

fn unknown(name: &str, what: &str) -> Finding {
    finding(
        Cause::Unknown,
        At::Member(name.to_string()),
        what,
        "",
        "nothing proves it: leave it out, or have it made by the build or kept in the source",
    )
}

/// The path of a member below the archive's own directory.
fn without_stem(path: &Path, name: &[u8]) -> PathBuf {
    let depth = name.split(|b| *b == b'/').count();
    let parts: Vec<_> = path.components().rev().take(depth).collect();
    parts.into_iter().rev().skip(1).collect()
}

/// Symbolic links of the archive that the source does not have at the same place.
fn links(listing: &Listing, rebuilt: &Rebuilt) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in listing.members.iter().filter(|m| m.kind == "symlink") {
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
    type Told = (String, Option<u64>, Option<String>);
    let known = |m: &manifest::Member| -> Told { (m.kind.clone(), m.size, m.sha256.clone()) };
    let real = |m: &Member| -> Told {
        let size = m.sha256.is_some().then_some(m.size);
        (m.kind.to_string(), size, m.sha256.clone())
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
        Some((kind, None, _)) => kind.clone(),
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
            finding(
                Cause::Unknown,
                Place {
                    called: Some("the manifest has another".to_string()),
                    ..At::Member(name.to_string()).into()
                },
                &say(b),
                &format!("{} in the manifest", say(a)),
                "fetch the archive and the manifest of one release",
            )
        })
        .collect()
}

/// Packs the files again, like the archive that was published, and returns the digest.
fn pack_again(
    listing: &Listing,
    origins: Origins,
    entry: Option<&manifest::Archive>,
    epoch: i64,
    to: &Path,
) -> Result<Digest> {
    if let Some(entry) = entry {
        return pack_entry(entry, origins, to);
    }
    let layout = match listing.format {
        "zip" => Layout::Zip,
        _ => Layout::Tar,
    };
    let fits = |f: &&Format| {
        f.layout == layout && (layout == Layout::Zip || f.compression == listing.compression)
    };
    let format = FORMATS.iter().find(fits);
    let format = format.context("there is no format like that of the published archive")?;
    pack_as(format, None, epoch, origins, to)
}

/// Packs files by the parameters that the manifest has of an archive, and returns the digest.
pub(super) fn pack_entry(entry: &manifest::Archive, origins: Origins, to: &Path) -> Result<Digest> {
    let format = Format::named(&entry.format).context("manifests name known formats alone")?;
    pack_as(format, Some(entry.level), entry.epoch, origins, to)
}

fn pack_as(
    format: &'static Format,
    level: Option<u32>,
    epoch: i64,
    origins: Origins,
    to: &Path,
) -> Result<Digest> {
    let levels = &format.compression.row().levels;
    let options = Options {
        format,
        level: level.filter(|l| levels.contains(l)),
        threads: deflate::threads(),
        epoch: u64::try_from(epoch).unwrap_or(0),
        detail: false,
    };
    let items = items(origins)?;
    let what = || format!("failed to write `{}`", to.display());
    let mut out =
        File::options().read(true).write(true).create_new(true).open(to).with_context(what)?;
    Ok(pack::pack(&mut items.into_iter().map(Ok), &mut out, &options)?.digest)
}

/// Where each file that the manifest lists of an archive comes from; the inner error is the name of
/// one that comes from nowhere.
pub(super) fn origins_of_entry(
    entry: &manifest::Archive,
    rebuilt: &Rebuilt,
) -> Result<std::result::Result<Origins, String>> {
    let mut origins = Origins::new();
    let target = entry.target.as_deref();
    for member in entry.members.iter().filter(|m| m.kind != "dir") {
        let digest = member.size.zip(member.sha256.clone());
        let Some((size, sha256)) = digest.filter(|_| member.kind == "file") else {
            return Ok(Err(member.name.clone()));
        };
        let digest = Digest { size, sha256 };
        let below: PathBuf = Path::new(&member.name).iter().skip(1).collect();
        let built = rebuilt.with_bytes(&digest, target).map(|a| a.path.clone());
        let found = match built {
            Some(path) => Some(path),
            None => rebuilt.pristine()?.file(&below, &digest)?,
        };
        match found {
            Some(path) => origins.push((member.name.clone().into_bytes(), path)),
            None => return Ok(Err(member.name.clone())),
        }
    }
    Ok(Ok(origins))
}

/// The members as `repro archive` orders them, with the directories above them: below the one
/// directory that all lie in, or below none.
fn items(origins: Origins) -> Result<Vec<tree::Item>> {
    let first = |name: &[u8]| name.split(|b| *b == b'/').next().map(<[u8]>::to_vec);
    let stem = origins.first().and_then(|(name, _)| first(name));
    let stem = stem.filter(|s| {
        let below = |name: &[u8]| name.len() > s.len() && first(name).as_ref() == Some(s);
        origins.iter().all(|(name, _)| below(name))
    });
    const MADE_UP: &[u8] = b"root";
    let (root, cut) = match &stem {
        Some(stem) => (stem.as_slice(), stem.len() + 1),
        None => (MADE_UP, 0),
    };
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

/// What two archives of the same members differ in, and whether these are only steps that leave the
/// members as they are.
fn container(
    published: &Listing,
    again: &Path,
    rebuilt: &Rebuilt,
) -> Result<(Outcome, Vec<Finding>)> {
    let own =
        listing::list(again, rebuilt.limits)?.context("what was packed again is no archive")?;
    let compared = compare::compare(published, &own);
    let mut causes: Vec<Cause> = compared.findings.iter().map(|f| f.cause).collect();
    causes.sort();
    causes.dedup();
    let only_steps = !causes.is_empty() && causes.iter().all(|c| STEPS.contains(c));
    let outcome = match compared.same_content && only_steps {
        true => Outcome::After(causes),
        false => Outcome::Differs,
    };
    Ok((outcome, compared.findings))
}
