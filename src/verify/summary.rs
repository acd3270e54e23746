//! `repro verify --attest`: the verdict of a rebuild as a signed verification summary.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::digest;

use crate::attest::dsse::{self, Envelope};
use crate::attest::keys::PrivateKey;
use crate::attest::statement::{self, Files};
use crate::attest::vsa;
use crate::error::{Kind, bad_input, failure};
use crate::fs;
use crate::report::verify::Report;
use crate::request::SummaryRequest;
use crate::verdict::Verification;

/// The file, in the current directory.
const NAME: &str = "verification.sigstore.json";

/// A key that was read before anything was built.
pub(super) struct Signer<'a> {
    key: PrivateKey,
    asked: &'a SummaryRequest,
}

/// Reads the key.
pub(super) fn signer(asked: &SummaryRequest) -> Result<Signer<'_>> {
    for uri in [&asked.verifier_id, &asked.resource_uri] {
        if !statement::is_uri(uri) {
            let uri = uri.escape_debug();
            return Err(failure(Kind::Usage, format!("`{uri}` is not a URI")));
        }
    }
    let text = fs::read_text(&asked.key)?;
    let key = PrivateKey::read(&text)
        .map_err(|why| bad_input(format!("`{}` cannot sign: {why}", asked.key.display())))?;
    Ok(Signer { key, asked })
}

impl Signer<'_> {
    /// Writes the summary if every published file was reproduced without anything that had to be
    /// accepted; what was done, as a note.
    pub(super) fn write(&self, report: &Report) -> Result<String> {
        if report.verdict != Verification::Reproduced {
            return Ok(format!("no `{NAME}` was written: only REPRODUCED is attested"));
        }
        let mut files = Files::new();
        for file in report.same() {
            let name = Path::new(&file.name).file_name().unwrap_or_default().to_string_lossy();
            files.extend(file.published.as_ref().map(|d| (name.into_owned(), d.sha256.clone())));
        }
        if files.is_empty() {
            return Ok(format!("no `{NAME}` was written: no published file was compared whole"));
        }
        let manifest = report.manifest.as_ref().map(|path| digest::of_file(path)).transpose()?;
        let manifest = manifest.as_ref().map(|d| &*d.sha256);
        let (verifier, resource) = (&self.asked.verifier_id, &self.asked.resource_uri);
        let payload = vsa::passed(&files, verifier, resource, manifest);
        let signatures = vec![dsse::sign(&payload, &self.key)];
        let bundle = Envelope { payload, signatures }.to_bundle();
        fs::write_atomic(&PathBuf::from(NAME), bundle.as_bytes())?;
        Ok(format!("wrote `{NAME}`, signed by {}", self.key.public().id()))
    }
}
