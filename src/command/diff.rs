//! `repro diff`: two files or directories, their bytes first; and what is in them only to explain.

use std::path::Path;

use anyhow::{Context as _, Result};
use repro_explain::{Clocks, Context, Explained, Tree, Window};
use repro_formats::digest::{self, Digest};
use repro_formats::parallel::both;

use crate::error::bad_input;
use crate::fs;
use crate::report::files::{Outcome, Side};
use crate::request::Diff;

/// Runs it.
pub fn run(asked: &Diff) -> Result<Outcome> {
    fs::given([&*asked.a, &*asked.b])?;
    let known = context(asked);
    let (a, b, explained) = match asked.a.is_dir() || asked.b.is_dir() {
        true => trees(asked, &known)?,
        false => files(asked, &known)?,
    };
    let [of_a, of_b] = explained.formats.clone().map(|of| of.name.into_owned());
    let side = |path: &Path, digest, format| Side { path: path.to_path_buf(), digest, format };
    Ok(Outcome { same: a == b, a: side(&asked.a, a, of_a), b: side(&asked.b, b, of_b), explained })
}

type Found = (Digest, Digest, Explained);

fn files(asked: &Diff, known: &Context) -> Result<Found> {
    if [&asked.a, &asked.b].iter().any(|path| path.exists() && !path.is_file()) {
        return pipes(asked, known);
    }
    let (a, b) = (&asked.a, &asked.b);
    let differ = !matches!(fs::first_difference(a, b), Ok(None));
    let read = differ.then(|| both(|| repro_explain::read(a), || repro_explain::read(b)));
    if let Some((Ok(x), Ok(y))) = read {
        // What differs is explained while it is digested; the digests decide.
        let digests = || both(|| digest::of_bytes(&x), || digest::of_bytes(&y));
        let explain = || repro_explain::explain_files((a, &x), (b, &y), known);
        let ((of_a, of_b), explained) = both(digests, explain);
        return decided(asked, of_a, of_b, || explained);
    }
    let (of_a, of_b) = both(|| digest::of_file(a), || digest::of_file(b));
    decided(asked, of_a?, of_b?, || repro_explain::explain(a, b, known))
}

/// What can be read only once, such as `<(command)` in a shell.
fn pipes(asked: &Diff, known: &Context) -> Result<Found> {
    let read = |path| repro_explain::read(path).map_err(bad_input);
    let (x, y) = (read(&asked.a)?, read(&asked.b)?);
    let (a, b) = (digest::of_bytes(&x), digest::of_bytes(&y));
    decided(asked, a, b, || repro_explain::explain_bytes(&x, &y, known))
}

fn decided(asked: &Diff, a: Digest, b: Digest, why: impl FnOnce() -> Explained) -> Result<Found> {
    if a == b {
        return Ok((a, b, Explained::default()));
    }
    let explained = why();
    if let Some((side, why)) = &explained.unsound {
        let path = [&asked.a, &asked.b][*side].display();
        let what = format!("`{path}` is not a valid {}: {}", why.format, why.what);
        return Err(bad_input(what)).context("the bytes of the two files differ");
    }
    Ok((a, b, explained))
}

fn trees(asked: &Diff, known: &Context) -> Result<Found> {
    let (x, y) = Tree::both(&asked.a, &asked.b, &asked.limits)?;
    Ok((x.digest(), y.digest(), repro_explain::explain_trees(&x, &y, known)))
}

/// What is known of two files that were not built here: each was written when it was last modified, if
/// nothing has touched it since.
fn context(asked: &Diff) -> Context {
    let written = |path: &Path| {
        let time = std::fs::metadata(path).and_then(|m| m.modified()).ok()?;
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        let at = i64::try_from(since.as_secs()).ok()?;
        Some(Window { from: at - 86_400, to: at + 3_600 })
    };
    Context {
        clocks: written(&asked.a).zip(written(&asked.b)).map(|(a, b)| Clocks { a, b }),
        limits: asked.limits,
        ..Context::default()
    }
}
