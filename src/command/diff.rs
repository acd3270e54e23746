//! `repro diff`: two files, their bytes first; and what is in them only to explain.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::archive::compare;
use crate::archive::listing;
use crate::cause::Cause;
use crate::digest;
use crate::error::bad_input;
use crate::finding::Finding;
use crate::report::files::{Outcome, Side};
use crate::request::Diff;

/// Runs it.
pub fn run(asked: &Diff) -> Result<Outcome> {
    let digest = |path: &PathBuf| {
        if path.is_dir() {
            return Err(bad_input(format!(
                "`{}` is a directory: name two files, such as archives made of both with `repro archive`",
                path.display()
            )));
        }
        digest::of_file(path)
    };
    let (a, b) = (digest(&asked.a)?, digest(&asked.b)?);
    let same = a == b;
    let list = |path| match same {
        // There is nothing to explain.
        true => Ok(None),
        false => listing::list(path, &asked.limits),
    };
    let about_a = list(&asked.a).context("the bytes of the two files differ")?;
    let about_b = list(&asked.b).context("the bytes of the two files differ")?;
    let compared = match (&about_a, &about_b) {
        (Some(a), Some(b)) => Some(compare::compare(a, b)),
        _ => None,
    };
    let findings = match (&compared, same) {
        (_, true) => Vec::new(),
        (Some(compared), _) => compared.findings.clone(),
        (None, _) => vec![bytes(asked)?],
    };
    let side = |path: &PathBuf, digest, listing: Option<listing::Listing>| Side {
        path: path.clone(),
        digest,
        format: listing.map_or("bytes".to_string(), |l| l.name()),
    };
    Ok(Outcome {
        a: side(&asked.a, a, about_a),
        b: side(&asked.b, b, about_b),
        same,
        compared,
        findings,
    })
}

/// Where two files that are no archives begin to differ.
fn bytes(asked: &Diff) -> Result<Finding> {
    let found = crate::fs::first_difference(&asked.a, &asked.b)?;
    let say = |byte: Option<u8>| match byte {
        Some(byte) => format!("0x{byte:02x}"),
        None => "the end of the file".to_string(),
    };
    let found = found.context("the files were changed while they were compared")?;
    Ok(Finding {
        cause: Cause::Unknown,
        place: format!("byte {}, the first that differs", found.at),
        symbol: None,
        krate: None,
        a: say(found.a),
        b: say(found.b),
        remedy: "these are not two archives, so that nothing is known but that the bytes differ"
            .to_string(),
        consequence: false,
        source: None,
        excerpt: None,
    })
}
