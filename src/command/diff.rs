//! `repro diff`: two files, their bytes first; and what is in them only to explain.

use std::path::PathBuf;

use anyhow::{Context, Result};
use repro_formats::digest;
use repro_formats::list::list;
use repro_formats::listing::Listing;

use crate::error::bad_input;
use crate::explain::compare;
use crate::explain::{self, Clocks, Context as Known, Explained, Window};
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
        Ok(digest::of_file(path)?)
    };
    let (a, b) = (digest(&asked.a)?, digest(&asked.b)?);
    let same = a == b;
    let list = |path| match same {
        // There is nothing to explain.
        true => Ok(None),
        false => list(path, &asked.limits),
    };
    let about_a = list(&asked.a).context("the bytes of the two files differ")?;
    let about_b = list(&asked.b).context("the bytes of the two files differ")?;
    let compared = match (&about_a, &about_b) {
        (Some(a), Some(b)) => Some(compare::compare(a, b)),
        _ => None,
    };
    let explained = match (&about_a, &about_b) {
        _ if same => Explained::default(),
        (Some(x), Some(y)) => {
            explain::explain_archives((&asked.a, x), (&asked.b, y), &context(asked))
        }
        _ => explain::explain_files(&asked.a, &asked.b, &context(asked)),
    };
    let side = |path: &PathBuf, digest, listing: Option<Listing>| Side {
        path: path.clone(),
        digest,
        format: listing.map_or_else(|| explained.format.clone(), |l| l.name()),
    };
    Ok(Outcome {
        a: side(&asked.a, a, about_a),
        b: side(&asked.b, b, about_b),
        same,
        compared,
        explained,
    })
}

/// What is known of two files that just lie there: each was written when it was last modified, if
/// nothing has touched it since.
fn context(asked: &Diff) -> Known {
    let written = |path: &PathBuf| {
        let time = std::fs::metadata(path).and_then(|m| m.modified()).ok()?;
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        let at = i64::try_from(since.as_secs()).ok()?;
        Some(Window { from: at - 86_400, to: at + 3_600 })
    };
    Known {
        clocks: written(&asked.a).zip(written(&asked.b)).map(|(a, b)| Clocks { a, b }),
        limits: asked.limits,
        ..Known::default()
    }
}
