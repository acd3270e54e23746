//! The published files of a verification: which entry of the manifest each claims to be by its name,
//! and how it compares with that entry and with what was rebuilt under that name.

use std::fs::File;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use repro_explain::cause::Cause;
use repro_explain::finding::{At, Finding};
use repro_formats::digest::{self, Digest};
use repro_formats::limits::Limits;
use repro_formats::names::visible;
use repro_formats::zip::read as zip;
use repro_formats::{extract, list, signature};

use super::findings::{another_name, explain, finding};
use super::input::{self, Input};
use super::rebuilt::Rebuilt;
use super::{archive, image};
use crate::artifact::Artifact;
use crate::attest::statement::{self, Files};
use crate::manifest::{self, Manifest};
use crate::project::publish::DIST;
use crate::sbom;
use crate::term::short_list;
use crate::verify::result::{Checked, FileOutcome, Part};

/// A published file.
pub(super) struct Published<'m> {
    path: PathBuf,
    digest: Digest,
    claim: Claim<'m>,
}

/// What a file claims to be by its name. The manifest has no two equal entries.
#[derive(Clone, Copy, PartialEq)]
enum Claim<'m> {
    Artifact(&'m manifest::Artifact),
    Archive(&'m manifest::Archive),
    Image(&'m manifest::Image),
    /// It lists what its artifacts are made of, and a document of that has this name.
    Sbom,
    /// The manifest lists no such name.
    Unlisted,
    /// There is no manifest.
    None,
}

/// What was found before anything was built.
#[derive(Default)]
pub(super) struct Found<'m> {
    /// The published files.
    pub(super) files: Vec<Published<'m>>,
    /// Files that are not the ones listed under their names: a rebuild may still show more about them.
    pub(super) other: Vec<Checked>,
    /// What no rebuild can mend: a file that is missing or not listed, a list of other digests.
    pub(super) wrong: Vec<Checked>,
    /// What was not compared.
    pub(super) notes: Vec<String>,
}

impl Found<'_> {
    /// Where the published files are, and the directories that hold the release: what no build may see.
    pub(super) fn places(&self, input: &Input, manifest: Option<&Path>) -> Vec<PathBuf> {
        let directory = manifest
            .filter(|_| input.whole)
            .and_then(|path| Some(crate::fs::canonicalize(path).ok()?.parent()?.to_owned()));
        let files = self.files.iter().map(|file| file.path.clone());
        files.chain(input.named.iter().cloned()).chain(directory).collect()
    }

    /// The published files, under the names that statements have for them; and those that have the name of
    /// another one, and other bytes: a statement about one of them would hide the other.
    pub(super) fn subjects(&self, manifest: &Manifest) -> (Files, Vec<String>) {
        let (mut subjects, mut twins) = (Files::new(), Vec::new());
        for file in &self.files {
            let name = match file.claim {
                Claim::Artifact(artifact) => statement::name_of(manifest, artifact),
                _ => file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            };
            let first = subjects.entry(name).or_insert_with(|| file.digest.sha256.clone());
            if *first != file.digest.sha256 {
                twins.push(file.path.display().to_string());
            }
        }
        (subjects, twins)
    }
}

/// The published files of a release with a manifest.
pub(super) fn of_release<'m>(
    manifest: &'m Manifest,
    path: &Path,
    input: &Input,
    limits: &Limits,
) -> Result<Found<'m>> {
    let published = |path: &Path| -> Result<Published> {
        let digest = digest::of_file(path)?;
        let claim = claim(manifest, path, &digest);
        Ok(Published { path: path.to_owned(), digest, claim })
    };
    // What the manifest lists is part of the release, whatever its name looks like.
    let other = input.unchecked.iter().chain(&input.sums);
    let other = other.filter(|path| manifest_names(manifest, path));
    let files = input.files.iter().chain(other).map(|path| published(path));
    let mut files: Vec<Published> = files.collect::<Result<_>>()?;
    let mut wrong = Vec::new();
    if input.whole {
        let dir = path.parent().unwrap_or(Path::new(""));
        for entry in listed(manifest, dir) {
            // A reader may take any of them for the file: each is compared.
            for path in entry.places.iter().filter(|p| p.is_file()) {
                if !files.iter().any(|f| input::same_file(&f.path, path)) {
                    files.push(published(path)?);
                }
            }
            if entry.promised && !files.iter().any(|f| f.claim == entry.claim) {
                wrong.push(missing(&entry.places[0], &entry.claim));
            }
        }
        // A manifest that was fetched alone promises nothing about the directory that it is in now.
        if files.is_empty() {
            wrong.clear();
        }
    }
    // The one that is listed and is not sound needs no build to be found out.
    let packed = |f: &&Published| matches!(f.claim, Claim::Archive(_) | Claim::Image(_));
    let archives = files.iter().filter(packed);
    for archive in archives.filter(|f| f.not_listed(manifest).is_none()) {
        list::list(&archive.path, limits)?;
    }
    let (unlisted, other): (Vec<_>, Vec<_>) = files
        .iter()
        .filter_map(|file| file.not_listed(manifest))
        .partition(|checked| checked.outcome == FileOutcome::Unlisted);
    wrong.extend(unlisted);
    let mut notes = Vec::new();
    for list in &input.sums {
        let (against, absent) = sums(list, manifest, &files)?;
        wrong.extend(against);
        notes.extend(absent);
    }
    Ok(Found { files, other, wrong, notes })
}

/// Files that are published without a manifest.
pub(super) fn alone(paths: &[PathBuf]) -> Result<Vec<Published<'static>>> {
    let read = |path: &PathBuf| {
        if !path.is_file() {
            return Err(crate::error::bad_input(format!("there is no file `{}`", path.display())));
        }
        let digest = digest::of_file(path)?;
        Ok(Published { path: path.clone(), digest, claim: Claim::None })
    };
    paths.iter().map(read).collect()
}

pub(super) fn manifest_names(manifest: &Manifest, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut artifacts = manifest.artifacts.iter().map(|a| &*a.name);
    artifacts.any(|listed| listed == name) || manifest.packed().any(|p| p.name == name)
}

/// What a file claims to be: the entry of its name; of several targets' artifacts of one name, the
/// one in whose place it is kept, else the one whose bytes it has, else the first.
fn claim<'m>(manifest: &'m Manifest, path: &Path, digest: &Digest) -> Claim<'m> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(archive) = manifest.archives.iter().find(|a| a.name == name) {
        return Claim::Archive(archive);
    }
    if let Some(image) = manifest.images.iter().find(|i| i.name == name) {
        return Claim::Image(image);
    }
    let named: Vec<_> = manifest.artifacts.iter().filter(|a| a.name == name).collect();
    let kept = |a: &&&manifest::Artifact| a.path.as_deref().is_some_and(|p| path.ends_with(p));
    let bytes = |a: &&&manifest::Artifact| a.sha256.as_deref() == Some(&*digest.sha256);
    let found = named.iter().find(kept).or_else(|| named.iter().find(bytes)).or(named.first());
    match found {
        Some(artifact) => Claim::Artifact(artifact),
        None if sbom::all_documents(manifest).iter().any(|(n, _)| *n == name) => Claim::Sbom,
        None => Claim::Unlisted,
    }
}

/// An entry of the manifest, and where its file would be.
struct Entry<'m> {
    places: Vec<PathBuf>,
    claim: Claim<'m>,
    promised: bool,
}

fn listed<'m>(manifest: &'m Manifest, dir: &Path) -> Vec<Entry<'m>> {
    let artifacts = manifest.artifacts.iter().map(|a| {
        let kept = a.path.as_deref().map(|p| dir.join(p));
        Entry {
            places: kept.into_iter().chain([dir.join(&a.name)]).collect(),
            claim: Claim::Artifact(a),
            promised: a.path.is_some(),
        }
    });
    let packed = |name: &String, claim| Entry {
        places: vec![dir.join(name), dir.join(DIST).join(name)],
        claim,
        promised: true,
    };
    let archives = manifest.archives.iter().map(|a| packed(&a.name, Claim::Archive(a)));
    let images = manifest.images.iter().map(|i| packed(&i.name, Claim::Image(i)));
    artifacts.chain(archives).chain(images).collect()
}

impl Claim<'_> {
    fn part(&self) -> Part {
        match self {
            Claim::Archive(_) | Claim::Image(_) => Part::Archive,
            Claim::Sbom => Part::Sbom,
            _ => Part::File,
        }
    }

    fn listed(&self) -> Option<(Option<u64>, Option<&str>)> {
        match self {
            Claim::Artifact(a) => Some((a.size, a.sha256.as_deref())),
            Claim::Archive(a) => Some((Some(a.size), Some(&a.sha256))),
            Claim::Image(i) => Some((Some(i.size), Some(&i.sha256))),
            _ => None,
        }
    }
}

fn missing(path: &Path, claim: &Claim) -> Checked {
    let finding = finding(
        "the published file",
        "missing, and the manifest lists it",
        "",
        "fetch the file, or name the files to verify after the manifest",
    );
    Checked {
        part: claim.part(),
        outcome: FileOutcome::Missing,
        ..Checked::differs(path.display().to_string(), vec![finding])
    }
}

/// Each line of a list of digests, against the manifest and the file that it names, whatever that is; and a
/// note if it names files that are not there.
fn sums(
    path: &Path,
    manifest: &Manifest,
    files: &[Published],
) -> Result<(Vec<Checked>, Option<String>)> {
    let shown = path.display();
    let (mut wrong, mut absent) = (Vec::new(), Vec::new());
    for (name, sha256) in input::listed(path)? {
        let there = beside(path, &name);
        if there.as_ref().is_some_and(|there| input::same_file(there, path)) {
            // `sha256sum * >SHA256SUMS`: no list has its own digest.
            continue;
        }
        let base = Path::new(&name).file_name().unwrap_or_default().to_string_lossy();
        let archive = manifest.packed().find(|p| p.name == base).map(|p| p.sha256);
        let artifacts = || manifest.artifacts.iter().filter(|a| a.name == base);
        let listed = archive.is_some() || artifacts().next().is_some();
        let agrees =
            archive == Some(&*sha256) || artifacts().any(|a| a.sha256.as_deref() == Some(&*sha256));
        // The file at the path of the line; where there is none, those of this name that were given.
        let here: Vec<String> = match there {
            Some(there) => {
                let read = files.iter().find(|f| input::same_file(&f.path, &there));
                vec![read.map_or_else(|| digest::of_file(&there), |f| Ok(f.digest.clone()))?.sha256]
            }
            None => {
                let named = |f: &&Published| f.path.file_name().is_some_and(|n| *n == *base);
                files.iter().filter(named).map(|f| f.digest.sha256.clone()).collect()
            }
        };
        let differs = !here.is_empty() && !here.contains(&sha256);
        if listed && !agrees || differs {
            let what = match differs {
                true => "is not the digest of the file of this name",
                false => "is not the digest that the manifest lists",
            };
            let remedy = "fetch the list, the manifest and the files of one release";
            let place = At::Field { name: "line", of: base.to_string() };
            let finding = finding(place, what, &sha256, remedy);
            wrong.push(Checked::differs(shown.to_string(), vec![finding]));
        } else if here.is_empty() {
            absent.push(format!("`{}`", visible(&base)));
        }
    }
    let note = (!absent.is_empty()).then(|| {
        let (list, names) = (visible(&shown.to_string()), short_list(&absent));
        format!("`{list}` lists files that are not here, so not compared: {names}")
    });
    Ok((wrong, note))
}

/// The file that a line names: one in the directory of the list, or below it. A name that leads out of
/// it is a file of this machine, and none of the release.
fn beside(list: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let stays = |c: Component| matches!(c, Component::Normal(_) | Component::CurDir);
    let path = list.parent().unwrap_or(Path::new("")).join(name);
    (name.components().all(stays) && path.is_file()).then_some(path)
}

impl Published<'_> {
    /// A file that is not the one that the manifest lists under its name, or that it does not list.
    fn not_listed(&self, manifest: &Manifest) -> Option<Checked> {
        if matches!(self.claim, Claim::Sbom) {
            return None;
        }
        let listed = match self.claim.listed() {
            Some((_, Some(sha256))) if sha256 == self.digest.sha256 => return None,
            Some((size, sha256)) => {
                format!("{} bytes, sha256 {}", size.unwrap_or(0), sha256.unwrap_or("unknown"))
            }
            None => String::new(),
        };
        let what = match listed.is_empty() {
            true => "not part of this release: the manifest does not list it",
            false => "not the file that the manifest lists",
        };
        let twin = self.twin(manifest);
        let remedy = match (&twin, listed.is_empty()) {
            (Some(name), _) => format!(
                "it has the bytes of the listed `{name}`: each file counts under its own name"
            ),
            (None, true) => "name only files of the release that the manifest is of".to_string(),
            (None, false) => {
                "fetch the file and the manifest of one release; `--anyway` rebuilds all the same"
                    .to_string()
            }
        };
        let finding = finding("the published file", what, &listed, &remedy);
        Some(Checked {
            part: self.claim.part(),
            published: Some(self.digest.clone()),
            outcome: match self.claim {
                Claim::Unlisted => FileOutcome::Unlisted,
                _ => FileOutcome::Differs,
            },
            ..Checked::differs(self.path.display().to_string(), vec![finding])
        })
    }

    /// The name of the entry that has these bytes.
    fn twin<'m>(&self, manifest: &'m Manifest) -> Option<&'m str> {
        let is = |sha256: Option<&str>| sha256 == Some(&*self.digest.sha256);
        let artifact = manifest.artifacts.iter().find(|a| is(a.sha256.as_deref()));
        let packed = || manifest.packed().find(|p| is(Some(p.sha256)));
        artifact.map(|a| &*a.name).or_else(|| packed().map(|p| p.name))
    }

    /// Compares the file with the rebuild.
    pub(super) fn check(&self, rebuilt: &Rebuilt) -> Result<Vec<Checked>> {
        match self.claim {
            Claim::Archive(entry) => archive::check(&self.path, &self.digest, Some(entry), rebuilt),
            Claim::Image(entry) => {
                Ok(vec![image::check(&self.path, &self.digest, entry, rebuilt)?])
            }
            Claim::Sbom => Ok(vec![self.as_sbom(rebuilt)]),
            Claim::Artifact(artifact) => Ok(vec![self.against(rebuilt.like(artifact), rebuilt)?]),
            // It was reported when it was found.
            Claim::Unlisted => Ok(Vec::new()),
            Claim::None if extract::is_archive(&self.path)? => {
                archive::check(&self.path, &self.digest, None, rebuilt)
            }
            Claim::None => {
                let name = self.path.file_name().unwrap_or_default().to_string_lossy();
                Ok(vec![self.against(rebuilt.named(&name), rebuilt)?])
            }
        }
    }

    /// A document is equal in one of the formats, or not at all.
    fn as_sbom(&self, rebuilt: &Rebuilt) -> Checked {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let made = rebuilt.sboms.iter().filter(|(n, _)| *n == name);
        let made: Vec<Digest> = made.map(|(_, bytes)| digest::of_bytes(bytes)).collect();
        let same = made.contains(&self.digest);
        let remedy = "make it again with `repro sbom` from the manifest of this release";
        let what = "not the list that the rebuild gives";
        let finding = finding("the published SBOM", what, "", remedy);
        let rebuilt = made.iter().find(|d| **d == self.digest).or(made.first()).cloned();
        Checked {
            part: Part::Sbom,
            outcome: if same { FileOutcome::Same } else { FileOutcome::Differs },
            published: Some(self.digest.clone()),
            rebuilt,
            findings: if same { Vec::new() } else { vec![finding] },
            ..Checked::differs(self.path.display().to_string(), Vec::new())
        }
    }

    fn against(&self, built: Option<&Artifact>, rebuilt: &Rebuilt) -> Result<Checked> {
        let (outcome, findings) = match built {
            Some(built) if built.digest == self.digest => (FileOutcome::Same, Vec::new()),
            Some(built) => match signed(&self.path, &built.path)? {
                Some(signed) => (FileOutcome::After(vec![Cause::CodeSignature]), vec![signed]),
                None => {
                    let twin = another_name(&self.digest, built, rebuilt).into_iter();
                    let findings = twin.chain(explain(&self.path, &built.path, rebuilt)?);
                    (FileOutcome::Differs, findings.collect())
                }
            },
            None => {
                let twin = rebuilt.with_bytes(&self.digest, None);
                let remedy = match twin {
                    Some(twin) => format!(
                        "it is the built `{}`: each file counts under its own name",
                        twin.name
                    ),
                    None => {
                        "name a file that the source makes, and select its package and features"
                            .to_string()
                    }
                };
                let what = "nothing of this name was built";
                let finding = finding("the published file", what, "", &remedy);
                (FileOutcome::Differs, vec![finding])
            }
        };
        Ok(Checked {
            outcome,
            published: Some(self.digest.clone()),
            rebuilt: built.map(|b| b.digest.clone()),
            ..Checked::differs(self.path.display().to_string(), findings)
        })
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
    let (Some(a), Some(b)) = (without(published)?, without(rebuilt)?) else { return Ok(None) };
    // A zip is found by what is at the end of a file, and can be in a signature.
    let is_zip = File::open(published).and_then(zip::is_at_the_end);
    let is_zip = is_zip.with_context(|| format!("failed to read `{}`", published.display()))?;
    if a.bytes != b.bytes || !(a.signed || b.signed) || is_zip {
        return Ok(None);
    }
    let say = |signed: bool| if signed { "signed" } else { "not signed" };
    let found = finding(
        "the end of the file, and what signing writes into its headers",
        say(a.signed),
        say(b.signed),
        "check the signature with the system's own tool; everything else is the same",
    );
    Ok(Some(Finding { cause: Cause::CodeSignature, ..found }))
}
