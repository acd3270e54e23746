//! `repro verify --attest` and `--link`: the verdict of a rebuild, signed, for others to read.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;

use crate::attest::keys::PrivateKey;
use crate::attest::statement::{self, Files};
use crate::attest::{dsse, link, vsa};
use crate::error::{Kind, bad_input, failure, usage};
use crate::fs;
use crate::request::SigningRequest;
use crate::verdict::Verification;
use crate::verify::result::Report;
use crate::verify::votes::Attested;

/// The summary, in the current directory.
const NAME: &str = "verification.sigstore.json";
/// Owners who have to agree for the property of SLSA.
const OWNERS: usize = 2;

/// A key that was read before anything was built.
pub(super) struct Signer {
    key: PrivateKey,
    asked: SigningRequest,
}

/// Reads the key, if there is one. `counted` are the votes, where some were counted.
pub(super) fn signer(asked: &SigningRequest, counted: Option<&Attested>) -> Result<Option<Signer>> {
    asked.link.iter().try_for_each(|file| fs::check_file(file))?;
    let Some(key) = &asked.key else { return Ok(None) };
    for uri in asked.verifier_id.iter().chain(&asked.resource_uri) {
        if !statement::is_uri(uri) {
            let uri = uri.escape_debug();
            return Err(usage(format!("`{uri}` is not a URI")));
        }
    }
    if asked.slsa_property && counted.is_none() {
        return Err(usage(
            "--slsa-property says that independent builders agree: count them with --keys FILE --rebuild",
        ));
    }
    let text = fs::read_text(key)?;
    let wrong = |why: String| bad_input(format!("`{}` cannot sign: {why}", key.display()));
    let key = PrivateKey::read(&text).map_err(wrong)?;
    if asked.link.is_some() && key.public().ed25519().is_none() {
        return Err(wrong(link::OTHER_KEY.to_string()));
    }
    Ok(Some(Signer { key, asked: asked.clone() }))
}

/// The files that were compared whole, and, where votes were counted, that these are about.
fn subjects(report: &Report, counted: Option<&Attested>) -> Files {
    let mut files = Files::new();
    for file in report.same() {
        let Some(digest) = &file.published else { continue };
        let voted = |c: &Attested| c.files.values().any(|sha256| *sha256 == digest.sha256);
        if !counted.is_none_or(voted) {
            continue;
        }
        let name = Path::new(&file.name).file_name().unwrap_or_default().to_string_lossy();
        // Several targets have files of one name.
        let is_other = files.get(&*name).is_some_and(|sha256| *sha256 != digest.sha256);
        let name = if is_other { file.name.clone() } else { name.into_owned() };
        files.insert(name, digest.sha256.clone());
    }
    files
}

impl Signer {
    /// Writes what was asked for if every published file was reproduced without anything that had to be
    /// accepted, and, where votes were counted, enough of them agree; what was done, as notes.
    ///
    /// # Errors
    /// It is reproduced, and the property of SLSA does not hold: nothing is written.
    pub(super) fn write(&self, report: &Report, counted: Option<&Attested>) -> Result<Vec<String>> {
        let link = self.asked.link.as_ref().map(|path| path.display().to_string());
        let names = self.asked.attest.then(|| NAME.to_string()).into_iter().chain(link);
        let none = |why: &str| {
            Ok(names.clone().map(|name| format!("no `{name}` was written: {why}")).collect())
        };
        if report.verdict != Verification::Reproduced {
            return none("only REPRODUCED is attested");
        }
        if counted.is_some_and(|counted| !counted.passes()) {
            return none("too few of the trusted builders agree");
        }
        let files = subjects(report, counted);
        if files.is_empty() {
            return none("no published file was compared whole");
        }
        let mut inputs = Vec::new();
        if let Some(path) = &report.manifest {
            inputs.push(("repro.json".to_string(), digest::of_file(path)?.sha256));
        }
        let mut out: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        if let Some(path) = &self.asked.link {
            let materials = inputs.iter().cloned().collect();
            let link = link::signed(&materials, &files, &self.key).map_err(bad_input)?;
            out.push((path.clone(), link));
        }
        if let (Some(verifier), Some(resource)) =
            (&self.asked.verifier_id, &self.asked.resource_uri)
        {
            if let Some(counted) = counted.filter(|_| self.asked.slsa_property)
                && counted.owners().len() < OWNERS
            {
                return Err(failure(
                    Kind::NotAccepted,
                    format!(
                        "--slsa-property: only {} agrees, and {} takes {OWNERS} builders who are independent of each other; nothing was signed",
                        counted.owners().join(", "),
                        vsa::PROPERTY
                    ),
                ));
            }
            inputs.extend(counted.into_iter().flat_map(|counted| counted.evidence.clone()));
            let payload = vsa::Passed {
                files: &files,
                verifier,
                resource,
                inputs: &inputs,
                trust: counted.map(|counted| &*counted.trust),
                property: self.asked.slsa_property,
            }
            .statement();
            let bundle = dsse::sign(payload, &self.key).to_bundle();
            out.push((PathBuf::from(NAME), bundle.into_bytes()));
        }
        let by = self.key.public().id();
        let write = |(path, bytes): (PathBuf, Vec<u8>)| {
            fs::write_atomic(&path, &bytes)?;
            Ok(format!("wrote `{}`, signed by {by}", path.display()))
        };
        out.into_iter().map(write).collect()
    }
}
