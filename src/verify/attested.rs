//! `repro verify --keys`: the published files of a release against the signed statements of builders that
//! the verifier trusts. Nothing is fetched or built, unless a rebuild is to vote as well.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::digest;
use repro_formats::names::visible;

use super::replay::LEDGER;
use super::{input, published};
use crate::attest::dsse::{self, Envelope};
use crate::attest::trust::Trust;
use crate::attest::{statement, strict, votes};
use crate::error::{bad_input, refused, usage};
use crate::fs;
use crate::manifest::Manifest;
use crate::request::{Owner, VerifyRequest};
use crate::sandbox::Mode;
use crate::verify::votes::Attested;

/// Ends of names of files in a release that may be attestations.
const ATTESTATIONS: [&str; 2] = [".sigstore.json", ".intoto.jsonl"];

/// Whether a file of a release is an attestation, by its name.
pub(super) fn is_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ATTESTATIONS.iter().any(|end| name.ends_with(end))
}

/// What is about a rebuild, and would be lost without one.
fn about_a_rebuild(asked: &VerifyRequest) -> Result<()> {
    let options = [
        ("--source and --crate", asked.given().is_some()),
        ("--expect-tag", asked.expected.tag.is_some()),
        ("--expect-source", asked.expected.source.is_some()),
        ("--sandbox and --no-sandbox", asked.sandbox.mode() != Mode::Auto),
        ("--pass-env", !asked.pass_env.is_empty()),
        ("--allow-toolchain", asked.allow_toolchain),
        ("--accept", !asked.accept.is_empty()),
        ("--accept-setting", !asked.accept_settings.is_empty()),
        ("--manifest-only", asked.manifest_only),
        ("--anyway", asked.anyway),
        ("--output", asked.output.is_some()),
        ("--attest", asked.signing.attest),
        ("--link", asked.signing.link.is_some()),
    ];
    match options.iter().find(|(_, given)| *given) {
        Some((option, _)) if asked.rebuild.is_none() => Err(usage(format!(
            "--keys builds nothing, and {option} has no use without a build: add --rebuild, or leave it out"
        ))),
        _ => Ok(()),
    }
}

/// Reads and counts.
pub(super) fn run(asked: &VerifyRequest, keys: &Path) -> Result<Attested> {
    about_a_rebuild(asked)?;
    let files = asked.files();
    let mut input = input::sort(&files, asked.manifest.as_ref())?;
    let path = input.manifest.take().context("a manifest was found")?;
    let (trust, sha256) = trust(keys, &path, &files)?;
    let threshold = asked.threshold.or(trust.threshold).ok_or_else(|| {
        usage("how many builders have to agree? give --threshold N, or `threshold` in the file of --keys")
    })?;
    if let Some(Owner::Trusted(group)) = &asked.rebuild
        && !trust.groups().contains(&**group)
    {
        let (group, keys) = (group.escape_debug(), keys.display());
        return Err(usage(format!(
            "--rebuild={group}: `{keys}` has no such group; without a name the rebuild is a vote of its own"
        )));
    }
    let manifest = Manifest::read(&path)?;
    if manifest.ledger.is_some() && !asked.ledger_ok {
        return Err(refused(LEDGER));
    }
    // By their names, whatever is in them: one that was damaged is no file of the release.
    let attests = |path: &PathBuf| is_one(path) && !published::manifest_names(&manifest, path);
    let beside: Vec<PathBuf> =
        input.files.iter().chain(&input.unchecked).filter(|p| attests(p)).cloned().collect();
    input.files.retain(|path| !attests(path));
    input.unchecked.retain(|path| !attests(path));
    // Files that are not the ones that the manifest lists are found before votes are counted.
    let found = published::of_release(&manifest, &path, &input, &asked.limits)?;
    let wrong: Vec<String> =
        found.other.iter().chain(&found.wrong).map(|checked| checked.name.clone()).collect();
    let (files, twins) = found.subjects(&manifest);
    let not_compared = found.notes;
    if files.is_empty() {
        return Err(usage(
            "no published file was named: name the files, or the directory that they are in",
        ));
    }
    let (mut envelopes, mut evidence) = (Vec::new(), Vec::new());
    let mut seen: Vec<&Path> = Vec::new();
    for path in asked.attestations.iter().chain(&beside) {
        // One file is one attestation, however often it is named.
        if !seen.iter().any(|other| input::same_file(other, path)) {
            seen.push(path);
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            evidence.push((name, read(path, &mut envelopes)?));
        }
    }
    let definition = statement::definition(&manifest);
    let listed = statement::files(&manifest);
    let count = votes::count(&envelopes, &trust, &definition, &files, &listed, asked.ledger_ok)
        .map_err(|(file, why)| bad_input(format!("`{file}` is no sound attestation: {why}")))?;
    Ok(Attested {
        threshold,
        trusted: trust.groups().len(),
        count,
        files,
        wrong,
        twins,
        notes: [input.notes(), not_compared].concat(),
        manifest: path,
        evidence,
        trust: sha256,
        rebuild: None,
    })
}

/// The trusted keys, and the digest of their file. They never come from what is being checked: neither from
/// a directory of it, nor from next to one of its files.
fn trust(keys: &Path, manifest: &Path, files: &[PathBuf]) -> Result<(Trust, String)> {
    let shown = keys.display();
    let text = fs::read_text(keys)?;
    let real = fs::canonicalize(keys)?;
    let of_release = |path: &Path| {
        let path = fs::canonicalize(path).unwrap_or_default();
        if path.is_dir() { real.starts_with(path) } else { real.parent() == path.parent() }
    };
    if of_release(manifest) || files.iter().any(|file| of_release(file)) {
        return Err(bad_input(format!(
            "`{shown}` is in the directory of the release: keys never come from the files that they check; keep it elsewhere"
        )));
    }
    let trust = Trust::read(&text)
        .map_err(|why| bad_input(format!("`{shown}` is not a trust file: {why}")))?;
    Ok((trust, digest::of_bytes(text.as_bytes()).sha256))
}

/// Adds the envelopes of a file, with the file's name, and returns its digest.
fn read(path: &Path, to: &mut Vec<(String, Envelope)>) -> Result<String> {
    use std::io::Read;
    let shown = visible(&path.display().to_string());
    let what = || format!("failed to read `{shown}`");
    if !path.is_file() {
        return Err(bad_input(format!("there is no file `{shown}`")));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(what)?;
    file.take(strict::ENVELOPE as u64 + 1).read_to_end(&mut bytes).with_context(what)?;
    let envelopes = dsse::read(&bytes)
        .map_err(|why| bad_input(format!("`{shown}` is no sound attestation: {why}")))?;
    to.extend(envelopes.into_iter().map(|envelope| (shown.clone(), envelope)));
    Ok(digest::of_bytes(&bytes).sha256)
}
