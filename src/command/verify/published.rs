//! The published files that a verification is about: which of the manifest's each is, or that it
//! knows none such; and how it stands to what was rebuilt.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::packed;
use super::rebuilt::Rebuilt;
use crate::archive::extract;
use crate::artifact::Artifact;
use crate::cause::Cause;
use crate::command::publish::DIST;
use crate::digest::{self, Digest};
use crate::error::bad_input;
use crate::explain;
use crate::finding::{At, Finding, Place};
use crate::format::signature;
use crate::fs;
use crate::manifest::{self, Manifest};
use crate::report::verify::{Checked, Outcome, Part};

/// A published file.
pub(super) struct Published<'m> {
    path: PathBuf,
    digest: Digest,
    claim: Claim<'m>,
}

/// What the manifest says of it.
enum Claim<'m> {
    Artifact(&'m manifest::Artifact),
    Archive(&'m manifest::Archive),
    /// There is no manifest, or it knows no such file.
    None,
}

/// The files that the user named; without any, those that the manifest says lie beside it. The
/// second value holds what is promised and absent.
pub(super) fn find<'m>(
    manifest: Option<(&'m Manifest, &Path)>,
    named: &[PathBuf],
) -> Result<(Vec<Published<'m>>, Vec<Checked>)> {
    let mut found = Vec::new();
    for path in named {
        if !path.is_file() {
            return Err(bad_input(format!("there is no file `{}`", path.display())));
        }
        let digest = digest::of_file(path)?;
        let claim = manifest.map_or(Claim::None, |(m, _)| claim(m, path, &digest));
        let path = path.clone();
        found.push(Published { path, digest, claim });
    }
    let (Some((manifest, path)), true) = (manifest, named.is_empty()) else {
        return Ok((found, Vec::new()));
    };
    let dir = path.parent().unwrap_or(Path::new(""));
    let mut absent = Vec::new();
    for (places, claim) in promised(manifest, dir) {
        match places.iter().find(|p| p.is_file()) {
            Some(path) => {
                found.push(Published { digest: digest::of_file(path)?, path: path.clone(), claim })
            }
            None => absent.push(missing(&places[0], &claim)),
        }
    }
    // A manifest that was fetched alone promises nothing of the directory that it came to lie in.
    if found.is_empty() {
        absent.clear();
    }
    Ok((found, absent))
}

/// What a file is taken for: by its bytes, else by its name.
fn claim<'m>(manifest: &'m Manifest, path: &Path, digest: &Digest) -> Claim<'m> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let artifacts = || manifest.artifacts.iter();
    let archives = || manifest.archives.iter();
    let bytes = artifacts().find(|a| a.sha256.as_deref() == Some(&*digest.sha256));
    let archive = archives().find(|a| a.sha256 == digest.sha256);
    let by_name = |a: &&manifest::Artifact| a.name == name;
    if let Some(artifact) = bytes {
        Claim::Artifact(artifact)
    } else if let Some(archive) = archive.or_else(|| archives().find(|a| a.name == name)) {
        Claim::Archive(archive)
    } else if let Some(artifact) = in_place(manifest, path).or_else(|| artifacts().find(by_name)) {
        Claim::Artifact(artifact)
    } else {
        Claim::None
    }
}

/// Of several artifacts of one name, for several targets, the one that is kept at such a path.
fn in_place<'m>(manifest: &'m Manifest, path: &Path) -> Option<&'m manifest::Artifact> {
    let kept = |a: &&manifest::Artifact| a.path.as_deref().is_some_and(|p| path.ends_with(p));
    manifest.artifacts.iter().find(kept)
}

/// Where the manifest's files would be, and what each is.
fn promised<'m>(manifest: &'m Manifest, dir: &Path) -> Vec<(Vec<PathBuf>, Claim<'m>)> {
    let kept = manifest.artifacts.iter();
    let kept = kept.filter_map(|a| Some((vec![dir.join(a.path.as_deref()?)], Claim::Artifact(a))));
    let packed = manifest.archives.iter().map(|a| {
        let places = vec![dir.join(&a.name), dir.join(DIST).join(&a.name)];
        (places, Claim::Archive(a))
    });
    kept.chain(packed).collect()
}

fn missing(path: &Path, claim: &Claim) -> Checked {
    Checked {
        name: path.display().to_string(),
        part: match claim {
            Claim::Archive(_) => Part::Archive,
            _ => Part::File,
        },
        outcome: Outcome::Differs,
        published: None,
        rebuilt: None,
        findings: vec![finding(
            Cause::Unknown,
            "the published file",
            "absent, and the manifest promises it",
            "",
            "fetch the file, or name the files to verify behind the manifest",
        )],
    }
}

pub(super) fn finding(
    cause: Cause,
    place: impl Into<Place>,
    a: &str,
    b: &str,
    remedy: &str,
) -> Finding {
    Finding { remedy: remedy.to_string(), ..Finding::new(cause, place, a, b) }
}

impl Published<'_> {
    /// Holds the file against the rebuild.
    pub(super) fn check(&self, rebuilt: &Rebuilt) -> Result<Vec<Checked>> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let like = || rebuilt.named(&name, &self.digest);
        match self.claim {
            Claim::Archive(entry) => packed::check(&self.path, &self.digest, Some(entry), rebuilt),
            Claim::Artifact(artifact) => Ok(vec![self.against(rebuilt.like(artifact))?]),
            Claim::None if extract::is_archive(&self.path)? => {
                let mut checked = packed::check(&self.path, &self.digest, None, rebuilt)?;
                if rebuilt.manifest {
                    checked.push(unknown(self.against(None)?));
                }
                Ok(checked)
            }
            Claim::None if rebuilt.manifest => Ok(vec![unknown(self.against(like())?)]),
            Claim::None => Ok(vec![self.against(like())?]),
        }
    }

    fn against(&self, built: Option<&Artifact>) -> Result<Checked> {
        let mut checked = Checked {
            name: self.path.display().to_string(),
            part: Part::File,
            outcome: Outcome::Differs,
            published: Some(self.digest.clone()),
            rebuilt: built.map(|b| b.digest.clone()),
            findings: Vec::new(),
        };
        match built {
            Some(built) if built.digest == self.digest => checked.outcome = Outcome::Same,
            Some(built) => match signed(&self.path, &built.path)? {
                Some(signed) => {
                    checked.outcome = Outcome::After(vec![Cause::CodeSignature]);
                    checked.findings = vec![signed];
                }
                None => checked.findings = explain(&self.path, &built.path)?,
            },
            None => checked.findings.push(finding(
                Cause::Unknown,
                "the published file",
                "nothing like it was built",
                "",
                "name a file that the source makes, and select its package and features",
            )),
        }
        Ok(checked)
    }
}

/// Files over this size are not looked at for signatures.
const LARGEST: u64 = 1 << 30;

/// Whether the two are one file but for a code signature, and which of them has one.
fn signed(published: &Path, rebuilt: &Path) -> Result<Option<Finding>> {
    let without = |path: &Path| -> Result<Option<signature::Unsigned>> {
        let what = || format!("failed to look at `{}`", path.display());
        if std::fs::metadata(path).with_context(what)?.len() > LARGEST {
            return Ok(None);
        }
        let bytes = std::fs::read(path);
        let bytes = bytes.with_context(|| format!("failed to read `{}`", path.display()))?;
        Ok(signature::without(bytes))
    };
    let (Some(a), Some(b)) = (without(published)?, without(rebuilt)?) else {
        return Ok(None);
    };
    if a.bytes != b.bytes || !(a.signed || b.signed) {
        return Ok(None);
    }
    let say = |signed: bool| if signed { "signed" } else { "not signed" };
    Ok(Some(finding(
        Cause::CodeSignature,
        "the end of the file, and what signing writes into its headers",
        say(a.signed),
        say(b.signed),
        "check the signature with the system's own tool; all else is the same",
    )))
}

/// What the manifest does not know is a difference, whatever it is like.
fn unknown(mut checked: Checked) -> Checked {
    checked.outcome = Outcome::Differs;
    let finding = finding(
        Cause::Unknown,
        "the published file",
        "the manifest does not know it, by bytes or by name",
        "",
        "name a file of the release that the manifest is of",
    );
    checked.findings.insert(0, finding);
    checked
}

/// Causes that are told of one file; `repro diff` tells all.
const TOLD: usize = 6;

/// Where a published file and the rebuilt one begin to differ, and why.
pub(super) fn explain(published: &Path, rebuilt: &Path) -> Result<Vec<Finding>> {
    let say = |byte: Option<u8>| match byte {
        Some(byte) => format!("0x{byte:02x}"),
        None => "the end of the file".to_string(),
    };
    let found = fs::first_difference(published, rebuilt)?;
    let row = |d: fs::Difference| {
        finding(
            Cause::Unknown,
            At::Byte(d.at),
            &say(d.a),
            &say(d.b),
            "published is A, rebuilt is B: if the machines are alike, the published file was not made from this source by this recipe",
        )
    };
    let mut findings: Vec<Finding> = found.map(row).into_iter().collect();
    // Of the publisher's machine nothing is known: only what shows by itself is found.
    let explained = explain::explain(published, rebuilt, &explain::Context::default());
    let causes = explained.findings.into_iter();
    findings.extend(causes.filter(|f| !f.consequence && f.cause != Cause::Unknown).take(TOLD));
    Ok(findings)
}
