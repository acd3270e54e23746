//! An OCI image layout on disk, which is untrusted input: a blob is found by its digest, and its bytes are
//! used only after they were checked against it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::error::Stop;
use repro_formats::limits::Limits;
use repro_formats::{digest, extract};

use super::documents::{self, BaseConfig, Descriptor, Document, MOST};
use super::platform::Platform;
use crate::attest::strict;
use crate::error::{bad_input, refused};
use crate::process;

/// Indexes in indexes that are followed.
const DEPTH: usize = 3;

/// A layout.
#[derive(Clone, Debug)]
pub struct Layout {
    dir: PathBuf,
    /// What the user calls it.
    shown: String,
    /// Blobs that were checked: documents can name one a thousand times.
    sound: RefCell<BTreeSet<String>>,
}

/// On the way to an image.
struct Way<'a> {
    platform: &'a Platform,
    /// The documents that led here.
    blobs: Vec<(String, PathBuf)>,
    /// What an index at a depth led to.
    seen: BTreeSet<(String, usize)>,
}

/// An image that another one is based on.
pub struct Base {
    /// What its configuration says.
    pub config: BaseConfig,
    /// SHA-256 of its manifest.
    pub manifest: String,
    /// Its layers.
    pub layers: Vec<Descriptor>,
    /// Everything that leads to its layers, with the layers: SHA-256 and file.
    pub blobs: Vec<(String, PathBuf)>,
}

impl Layout {
    /// A directory, or a tar of one, which is unpacked into the new directory `scratch`.
    ///
    /// # Errors
    /// It is no layout, or a hostile one.
    pub fn open(path: &Path, scratch: &Path, limits: &Limits) -> Result<Layout> {
        let shown = path.display().to_string();
        let dir = match path.is_dir() {
            true => path.to_owned(),
            false if path.exists() => {
                extract::extract(path, scratch, limits, Stop(process::interrupted))?;
                scratch.to_owned()
            }
            false => return Err(bad_input(format!("there is no image layout `{shown}`"))),
        };
        let layout = Layout { dir, shown, sound: RefCell::default() };
        let why = match std::fs::metadata(layout.dir.join("oci-layout")) {
            Ok(meta) if meta.is_file() && meta.len() <= MOST as u64 => {
                let text = std::fs::read(layout.dir.join("oci-layout")).unwrap_or_default();
                match strict::parse(&text, MOST) {
                    Ok(value) if value["imageLayoutVersion"] == "1.0.0" => return Ok(layout),
                    Ok(_) => "its version is not 1.0.0".to_string(),
                    Err(why) => format!("`oci-layout`: {why}"),
                }
            }
            _ => "it has no `oci-layout`; make one with `skopeo copy docker://IMAGE@sha256:… oci:DIRECTORY`"
                .to_string(),
        };
        Err(layout.bad(&why))
    }

    fn bad(&self, why: &str) -> anyhow::Error {
        bad_input(format!("`{}` is not a sound OCI image layout: {why}", self.shown))
    }

    /// The file of a blob, if its bytes are what its digest says.
    fn blob(&self, sha256: &str, size: Option<u64>) -> Result<PathBuf> {
        let path = self.dir.join("blobs").join("sha256").join(sha256);
        let Some(meta) = std::fs::metadata(&path).ok().filter(|meta| meta.is_file()) else {
            return Err(self.bad(&format!("the blob sha256:{sha256} is missing")));
        };
        let same = size.is_none_or(|size| size == meta.len());
        let known = self.sound.borrow().contains(sha256);
        if !same || !known && digest::of_file(&path)?.sha256 != sha256 {
            return Err(self.bad(&format!("the blob sha256:{sha256} does not match its digest")));
        }
        self.sound.borrow_mut().insert(sha256.to_string());
        Ok(path)
    }

    /// A blob that is read, and its file.
    fn document(&self, sha256: &str, size: Option<u64>) -> Result<(Vec<u8>, PathBuf)> {
        let path = self.blob(sha256, size)?;
        let shown = || format!("failed to read the blob sha256:{sha256} of `{}`", self.shown);
        if std::fs::metadata(&path).with_context(shown)?.len() > MOST as u64 {
            return Err(self.bad(&format!("the document sha256:{sha256} is over 4 MiB")));
        }
        Ok((std::fs::read(&path).with_context(shown)?, path))
    }

    /// The image of a platform that a digest leads to; none if it is for others.
    ///
    /// # Errors
    /// A blob is missing or has other bytes, or says what no image says.
    pub fn image(&self, sha256: &str, platform: &Platform) -> Result<Option<Base>> {
        let mut way = Way { platform, blobs: Vec::new(), seen: BTreeSet::new() };
        self.follow((sha256, None), &mut way, DEPTH)
    }

    fn follow(
        &self,
        (to, size): (&str, Option<u64>),
        way: &mut Way,
        depth: usize,
    ) -> Result<Option<Base>> {
        let (bytes, path) = self.document(to, size)?;
        let clause =
            |sha256: &str, why: String| self.bad(&format!("the blob sha256:{sha256}: {why}"));
        let before = way.blobs.len();
        way.blobs.push((to.to_string(), path));
        match documents::read(&bytes).map_err(|why| clause(to, why))? {
            Document::Index(_) if depth == 0 => {
                Err(clause(to, "there are indexes in indexes in indexes".to_string()))
            }
            Document::Index(images) => {
                let fits = |image: &&Descriptor| {
                    image.platform.as_ref().is_none_or(|(os, architecture, variant)| {
                        way.platform.fits(os, architecture, variant.as_deref())
                    })
                };
                let images: Vec<&Descriptor> = images.iter().filter(fits).collect();
                for image in images {
                    // What was for other platforms once is so each time.
                    if !way.seen.insert((image.sha256.clone(), depth)) {
                        continue;
                    }
                    let next = (&*image.sha256, Some(image.size));
                    if let Some(found) = self.follow(next, way, depth - 1)? {
                        return Ok(Some(found));
                    }
                }
                way.blobs.truncate(before);
                Ok(None)
            }
            Document::Image(config, layers) => {
                let (bytes, path) = self.document(&config.sha256, Some(config.size))?;
                let read = documents::read_config(&bytes, layers.len());
                let read = read.map_err(|why| clause(&config.sha256, why))?;
                if !way.platform.fits(&read.os, &read.architecture, read.variant.as_deref()) {
                    way.blobs.truncate(before);
                    return Ok(None);
                }
                way.blobs.push((config.sha256, path));
                for layer in &layers {
                    let path = self.blob(&layer.sha256, Some(layer.size))?;
                    way.blobs.push((layer.sha256.clone(), path));
                }
                let blobs = std::mem::take(&mut way.blobs);
                Ok(Some(Base { config: read, manifest: to.to_string(), layers, blobs }))
            }
        }
    }
}

/// Bases, each by its digest in a layout; none of `scratch`.
pub type Bases = Vec<(Layout, String)>;

/// The one of the bases that is for a platform; none of `scratch`.
///
/// # Errors
/// None is for it, or a layout is hostile.
pub fn choose(bases: &Bases, platform: &Platform) -> Result<Option<Base>> {
    for (layout, sha256) in bases {
        if let Some(base) = layout.image(sha256, platform)? {
            return Ok(Some(base));
        }
    }
    match bases.is_empty() {
        true => Ok(None),
        false => Err(refused(format!(
            "no base image is for {}: pass an image for it, or an index that lists one",
            platform.text()
        ))),
    }
}
