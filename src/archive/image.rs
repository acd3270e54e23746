//! `repro archive --format oci`: which base, and what goes into the image. The bytes are made in `oci`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::compress::deflate;
use repro_formats::limits::Limits;

use super::packing::{Release, level};
use crate::artifact::ArtifactSet;
use crate::error::usage;
use crate::fs::Pending;
use crate::manifest::{Image, Manifest};
use crate::oci::config::{About, SCRATCH, Wishes};
use crate::oci::documents;
use crate::oci::layout::{Bases, Layout};
use crate::oci::write::{self, Way};
use crate::request::{Archive, Packing};

/// An image that is to be made.
pub(super) struct Plan<'a> {
    wishes: &'a Wishes,
    bases: Bases,
    scratch: PathBuf,
    /// The source says that this is what it is based on.
    sourced: bool,
}

/// What the image is based on, if one was asked for.
///
/// # Errors
/// It is not said, or not found, or hostile.
pub(super) fn plan<'a>(
    asked: &Archive,
    wishes: &'a Wishes,
    scratch: &Path,
) -> Result<Option<Plan<'a>>> {
    if !asked.formats.contains(&Packing::Image) {
        return match asked.bases.is_empty() {
            true => Ok(None),
            false => Err(usage("--base is for images: pass --format oci as well")),
        };
    }
    let mut bases = Bases::new();
    let given = match asked.bases.is_empty() && wishes.base == [SCRATCH] {
        true => &wishes.base,
        false => &asked.bases,
    };
    let none = given == &[SCRATCH];
    if given.is_empty() {
        return Err(usage(
            "an image needs a base: pass `--base LAYOUT@sha256:DIGEST`, or `--base scratch` for static programs",
        ));
    }
    for (n, text) in given.iter().filter(|_| !none).enumerate() {
        let (path, digest) = split(text, wishes)?;
        let scratch = scratch.join(format!("base-{n}"));
        bases.push((Layout::open(Path::new(path), &scratch, &Limits::default())?, digest));
    }
    let digests: Vec<String> = bases.iter().map(|(_, digest)| digest.clone()).collect();
    let sourced = wishes.has_bases(&digests);
    Ok(Some(Plan { wishes, bases, scratch: scratch.join("image"), sourced }))
}

/// A layout and the digest in it, which the source's metadata may give.
fn split<'t>(text: &'t str, wishes: &Wishes) -> Result<(&'t str, String)> {
    if text == SCRATCH {
        return Err(usage("`--base scratch` is no base: do not give others with it"));
    }
    let (path, digest) = match (text.rsplit_once('@'), &wishes.base[..]) {
        (Some((path, digest)), _) => (path, digest),
        (None, [only]) if only != SCRATCH => (text, &**only),
        (None, _) => {
            return Err(usage(format!(
                "`--base {text}`: which image of it? Give its digest: `--base {text}@sha256:DIGEST`"
            )));
        }
    };
    match documents::digest(digest) {
        Ok(digest) => Ok((path, digest.to_string())),
        Err(why) => Err(usage(format!("`--base {text}`: {why}"))),
    }
}

impl Plan<'_> {
    /// Writes the image of what is kept of a build into a directory.
    pub(super) fn write(
        &self,
        asked: &Archive,
        release: &Release,
        manifest: &Manifest,
        results: &Path,
        to: &Path,
    ) -> Result<Image> {
        let kept = manifest.artifacts.iter();
        let kept = kept.filter_map(|a| a.known(results.join(a.path.as_ref()?)));
        let built = ArtifactSet::new(kept.collect());
        let way = Way {
            about: About {
                title: &release.name,
                version: &release.version,
                revision: manifest.source.revision(),
                wishes: self.wishes,
                epoch: asked.epoch.unwrap_or(manifest.recipe.epoch),
            },
            bases: &self.bases,
            compressor: write::layer_format().compressor(),
            level: level(asked, write::layer_format())?,
            threads: asked.jobs.unwrap_or_else(deflate::threads),
            scratch: &self.scratch,
        };
        let path = to.join(write::file_name(&release.name, &release.version));
        let mut out = Pending::create(&path)?;
        let image = write::write(&way, &built, out.file())?;
        out.commit()?;
        Ok(image)
    }

    /// What the user should know of the image of a build.
    pub(super) fn notes(&self, image: &Image, manifest: &Manifest) -> Vec<String> {
        let kept = manifest.artifacts.iter().filter(|a| a.path.is_some());
        let named = self.wishes.has_name(&image.title, &image.version, kept.map(|a| &*a.package));
        let name = (!named).then(|| {
            format!(
                "Cargo.toml does not call the image `{}:{}`, so verifiers have to accept that by name: set `name` and `release` in [package.metadata.repro.archive]",
                image.title, image.version
            )
        });
        self.note_of_base().into_iter().chain(name).collect()
    }

    fn note_of_base(&self) -> Option<String> {
        let digests: Vec<String> =
            self.bases.iter().map(|(_, d)| format!("\"sha256:{d}\"")).collect();
        let base = match &digests[..] {
            [] => format!("\"{SCRATCH}\""),
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        (!self.sourced).then(|| {
            format!(
                "Cargo.toml does not say what the image is based on, so verifiers have to accept it by name: set `base = {base}` in [package.metadata.repro.image]"
            )
        })
    }
}
