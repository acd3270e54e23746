//! `repro attest`: a statement about the last build, signed or ready to be signed by others.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;

use super::sbom::recorded;
use crate::archive::sums;
use crate::attest::dsse::{self, Envelope};
use crate::attest::keys::PrivateKey;
use crate::attest::statement;
use crate::error::{bad_input, refused, usage};
use crate::fs;
use crate::manifest::Manifest;
use crate::process::Cmd;
use crate::request::AttestRequest;
use crate::sbom::{self, FORMS, Form};
use crate::verdict::Verdict;

/// The statement, as it is signed.
const STATEMENT: &str = "provenance.intoto.json";
/// Its predicate alone.
const PREDICATE: &str = "provenance.predicate.json";
/// Its signature by OpenSSH.
const SIGNATURE: &str = "provenance.intoto.json.sig";
/// A bundle of one signature.
const BUNDLE: &str = "provenance.sigstore.json";
/// Envelopes of many signers.
const ENVELOPES: &str = "provenance.intoto.jsonl";
/// What `ssh-keygen -Y verify -n` is given.
const NAMESPACE: &str = "repro-attestation";

/// Writes it and returns the paths, or for `--print-key` what is to be printed.
///
/// # Errors
/// There is nothing to attest, or the key cannot be used.
pub fn run(asked: &AttestRequest) -> Result<Done> {
    if asked.print_key {
        return Ok(Done::Key(describe(&key(asked)?)));
    }
    let builder = asked.builder_id.as_deref().ok_or_else(|| {
        usage("no builder is named: give --builder-id URI; verifiers trust a key together with this name")
    })?;
    check_id(builder)?;
    let (manifest, beside) = recorded(asked.manifest.as_deref(), asked.manifest_path.clone())?;
    check(&manifest, asked.ledger_ok)?;
    let mut files = statement::files(&manifest);
    files.extend(documents(&manifest, &beside));
    let dir = asked.output.clone().unwrap_or(beside);
    let payload = statement::statement(&manifest, &files, builder);
    let out: Vec<(&str, Vec<u8>)> = match (&asked.key, &asked.ssh) {
        (Some(_), _) => {
            let envelope = dsse::sign(payload, &key(asked)?);
            match asked.dsse {
                true => vec![(ENVELOPES, joined(&dir.join(ENVELOPES), envelope)?)],
                false => vec![(BUNDLE, envelope.to_bundle().into_bytes())],
            }
        }
        (None, Some(key)) => {
            let signature = by_ssh(key, &payload)?;
            vec![(STATEMENT, payload), (SIGNATURE, signature)]
        }
        (None, None) if asked.predicate => {
            let predicate = statement::predicate(&payload).unwrap_or_default();
            vec![(PREDICATE, predicate.to_string().into_bytes())]
        }
        (None, None) => vec![(STATEMENT, payload)],
    };
    fs::create_dir(&dir)?;
    let mut written = Vec::new();
    for (name, bytes) in &out {
        fs::write_atomic(&dir.join(name), bytes)?;
        written.push(dir.join(name));
    }
    let listed: Vec<_> = out.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect();
    sums::list_if_there(&dir, &listed)?;
    Ok(Done::Written(written))
}

/// What came of it.
pub enum Done {
    /// Files.
    Written(Vec<PathBuf>),
    /// A public key in three forms.
    Key(String),
}

fn key(asked: &AttestRequest) -> Result<PrivateKey> {
    let Some(path) = &asked.key else {
        return Err(usage("--print-key needs --key FILE"));
    };
    fs::given([&**path])?;
    let text = fs::read_text(path)?;
    PrivateKey::read(&text)
        .map_err(|why| bad_input(format!("`{}` cannot sign: {why}", path.display())))
}

fn describe(key: &PrivateKey) -> String {
    let public = key.public();
    format!(
        "{}# allowed_signers: put your own name first\nNAME namespaces=\"{NAMESPACE}\" {}\n# key id\n{}\n",
        public.pem(),
        public.line(),
        public.id()
    )
}

fn check_id(builder: &str) -> Result<()> {
    match statement::is_uri(builder) {
        true => Ok(()),
        false => Err(usage(format!(
            "`--builder-id {}`: expected a URI such as https://example.org/builders/me",
            builder.escape_debug()
        ))),
    }
}

/// A build that differs, or whose source cannot be retrieved, is not attested.
fn check(manifest: &Manifest, ledger_ok: bool) -> Result<()> {
    let why = match (manifest.verdict, manifest.source.dirty) {
        (Verdict::Differs, _) => {
            "was not reproducible, so there are no files to attest: fix the causes and run `repro build` again"
        }
        (_, true) => {
            "was of a work tree with uncommitted changes, so no other builder could attest the same: commit them and run `repro build` again"
        }
        _ if manifest.ledger.is_some() && !ledger_ok => {
            "took units from a ledger instead of building them twice: run `repro build` without `--ledger`, or pass --ledger-ok"
        }
        _ => return Ok(()),
    };
    Err(refused(format!("the build {why}")))
}

/// The documents that `repro sbom` writes unless asked for others, whether they were written or not; where
/// another one of the same name is in `dir`, that one.
fn documents(manifest: &Manifest, dir: &Path) -> statement::Files {
    let mut files = statement::Files::new();
    for row in FORMS {
        for (name, bytes) in sbom::documents(manifest, row).unwrap_or_default() {
            let written = || std::fs::read(dir.join(&name)).is_ok_and(|there| there == bytes);
            if row.form != Form::CycloneDx17 || written() {
                files.insert(name, digest::of_bytes(&bytes).sha256);
            }
        }
    }
    files
}

/// The envelopes that are there, with one more; of one payload all signatures are in one.
fn joined(path: &Path, new: Envelope) -> Result<Vec<u8>> {
    let mut all = match fs::read_text_if_any(path)? {
        None => Vec::new(),
        Some(text) => dsse::read(text.as_bytes()).map_err(|why| {
            bad_input(format!("`{}` is not a list of envelopes: {why}", path.display()))
        })?,
    };
    match all.iter_mut().find(|old| old.payload == new.payload) {
        None => all.push(new),
        Some(old) => {
            old.signatures.retain(|(id, _)| *id != new.signatures[0].0);
            old.signatures.extend(new.signatures);
            old.signatures.sort();
        }
    }
    Ok(all.iter().map(Envelope::to_line).collect::<String>().into_bytes())
}

/// OpenSSH signs what only it can: keys of agents and of hardware.
fn by_ssh(key: &Path, statement: &[u8]) -> Result<Vec<u8>> {
    let sign = Cmd::new("ssh-keygen").args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]);
    Ok(sign.arg(key).stdin(statement).checked()?.stdout)
}
