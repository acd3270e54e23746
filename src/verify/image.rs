//! A published container image: made again of the rebuilt files, the source's metadata and the blobs of its
//! base that it brings along, and compared byte for byte.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use repro_formats::compress::deflate;
use repro_formats::digest::Digest;

use super::archive::{compressed_by, unlisted};
use super::findings::{explain, finding};
use super::rebuilt::Rebuilt;
use crate::artifact::ArtifactSet;
use crate::manifest::Image;
use crate::oci::config::{About, SCRATCH};
use crate::oci::layout::{Bases, Layout};
use crate::oci::write::{self, Way};
use crate::setting::entry::Setting;
use crate::verify::result::{Checked, FileOutcome, Part};

/// Checks the image at `path`; `entry` is what the manifest says of it.
pub(super) fn check(
    path: &Path,
    published: &Digest,
    entry: &Image,
    rebuilt: &Rebuilt,
) -> Result<Checked> {
    let to = rebuilt.fresh_place("image");
    let again = again(path, entry, rebuilt, &to)?;
    let (outcome, findings) = if again.sha256 != published.sha256 {
        (FileOutcome::Differs, explain(path, &to, rebuilt)?)
    } else if again != *entry && again.sha256 == entry.sha256 {
        let what = "not what the manifest says of it, although the bytes are those of the rebuild";
        let remedy = "ask the publisher for the manifest of this image";
        (FileOutcome::Differs, vec![finding("the image", what, &again.digest, remedy)])
    } else {
        (FileOutcome::Same, Vec::new())
    };
    let checked = Checked {
        part: Part::Archive,
        outcome,
        published: Some(published.clone()),
        rebuilt: Some(Digest { size: again.size, sha256: again.sha256.clone() }),
        ..Checked::differs(path.display().to_string(), findings)
    };
    Ok(unlisted(checked, Some((entry.size, &entry.sha256))))
}

/// Makes it again, into the new file `to`.
pub(super) fn again(path: &Path, entry: &Image, rebuilt: &Rebuilt, to: &Path) -> Result<Image> {
    let wishes = &rebuilt.pristine()?.wishes;
    // A base that the source does not name has to be accepted.
    if !wishes.has_bases(&entry.bases) {
        let digests: Vec<String> = entry.bases.iter().map(|d| format!("sha256:{d}")).collect();
        let base = if digests.is_empty() { SCRATCH.to_string() } else { digests.join(",") };
        rebuilt.extra.borrow_mut().push(Setting::image_base(&base));
    }
    // So has what it says that it is: whoever loads it knows it by that.
    let (title, version) = (&entry.title, &entry.version);
    let packages = rebuilt.shipped(None).map(|a| &*a.package);
    if !wishes.has_name(title, version, packages.collect::<Vec<_>>().into_iter()) {
        rebuilt.extra.borrow_mut().push(Setting::image_name(title, version));
    }
    let layout = Layout::open(path, &rebuilt.fresh_place("published"), rebuilt.limits)?;
    let bases: Bases = entry.bases.iter().map(|d| (layout.clone(), d.clone())).collect();
    let format = write::layer_format();
    let (compressor, level) =
        compressed_by(format, &entry.compressor, &entry.compressor_version, entry.level);
    let way = Way {
        about: About { title, version, revision: rebuilt.revision, wishes, epoch: entry.epoch },
        bases: &bases,
        compressor,
        level,
        threads: deflate::threads(),
        scratch: &rebuilt.fresh_place("image-parts"),
    };
    let out = File::create_new(to);
    let mut out = out.with_context(|| format!("failed to write `{}`", to.display()))?;
    write::write(&way, &ArtifactSet::new(rebuilt.shipped(None).cloned().collect()), &mut out)
}
