//! Writes an image as a tar of an OCI layout: the blobs of its bases as they are, a layer of what was built
//! for each target, and the documents that lead to them.
//! Its bytes depend only on the bases, the artifacts, and the metadata and epoch of the source.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::compress::container::Compressor;
use repro_formats::digest::{self, Digest};
use repro_formats::error::Stop;
use repro_formats::formats::Format;
use repro_formats::pack::{self, Options, Packed};
use repro_formats::policy;
use repro_formats::tar::write::Kind as Entry;
use repro_formats::tree::{self, Item};
use serde_json::{Value, json};

use super::config::{About, config};
use super::documents::{CONFIG, Descriptor, INDEX, LAYER, MANIFEST};
use super::layout::{Base, Bases, choose};
use super::platform::{Platform, is_static};
use crate::artifact::{Artifact, ArtifactSet, Kind};
use crate::error::{bad_input, refused};
use crate::manifest::{Image, ImagePlatform};
use crate::{fs, process};

/// Where programs are in an image.
const PROGRAMS: &str = "usr/local/bin";
/// Where libraries are.
const LIBRARIES: &str = "usr/local/lib";
/// How the layers are packed.
const FORMAT: &str = "tar.gz";
/// The last second of the year 9999: dates have four digits.
const LAST: i64 = 253_402_300_799;

/// How to write.
pub struct Way<'a> {
    /// What the image is about.
    pub about: About<'a>,
    /// What it is based on.
    pub bases: &'a Bases,
    /// What compresses its own layers.
    pub compressor: &'static Compressor,
    /// One of its levels.
    pub level: u32,
    /// Threads that compress.
    pub threads: usize,
    /// A directory that is not there yet.
    pub scratch: &'a Path,
}

impl Way<'_> {
    /// How its layers are packed.
    fn options(&self) -> Options {
        Options {
            format: layer_format(),
            compressor: self.compressor,
            level: self.level,
            threads: self.threads,
            epoch: u64::try_from(self.about.epoch).unwrap_or(0),
            detail: true,
            stop: Stop(process::interrupted),
        }
    }
}

/// The format of layers.
pub fn layer_format() -> &'static Format {
    Format::named(FORMAT).unwrap_or_else(|| unreachable!("it is one of the formats"))
}

/// The file's name.
pub fn file_name(title: &str, version: &str) -> String {
    format!("{title}-{version}.oci.tar")
}

/// Writes the image of what was built into `out`, which is empty. Programs and libraries are in it.
///
/// # Errors
/// No image can be made of it; a base is hostile; a file is not what was built.
pub fn write(way: &Way, built: &ArtifactSet, out: &mut File) -> Result<Image> {
    if way.about.epoch > LAST {
        return Err(bad_input(format!("the epoch {} is after the year 9999", way.about.epoch)));
    }
    fs::create_dir(way.scratch)?;
    let mut blobs = Blobs { dir: way.scratch, files: BTreeMap::new() };
    let mut made = Vec::new();
    let built: Vec<&Artifact> = built.iter().collect();
    for files in built.chunk_by(|a, b| a.target == b.target) {
        made.push(one(way, &files[0].target, files, &mut blobs)?);
    }
    let name = json!({"org.opencontainers.image.ref.name": way.about.version});
    let (mut top, platforms): (Vec<Descriptor>, Vec<ImagePlatform>) = made.into_iter().unzip();
    if top.len() > 1 {
        top = vec![blobs.document(INDEX, &index(&top))?];
    }
    let [top] = &top[..] else { return Err(refused("nothing was built that belongs in an image")) };
    let mut entry = Descriptor { platform: None, ..top.clone() }.to_value();
    entry["annotations"] = name;
    let files = [
        ("index.json", document(INDEX, &[("manifests", json!([entry]))])),
        ("oci-layout", json!({"imageLayoutVersion": "1.0.0"})),
    ];
    for (name, value) in &files {
        fs::write(&way.scratch.join(name), value.to_string())?;
    }
    let packed = blobs.pack(way, files.map(|(name, _)| name), out)?;
    Ok(Image {
        name: file_name(way.about.title, way.about.version),
        title: way.about.title.to_string(),
        version: way.about.version.to_string(),
        digest: top.sha256.clone(),
        bases: way.bases.iter().map(|(_, sha256)| sha256.clone()).collect(),
        compressor: way.compressor.name.to_string(),
        compressor_version: way.compressor.version.to_string(),
        level: way.level,
        epoch: way.about.epoch,
        size: packed.digest.size,
        sha256: packed.digest.sha256,
        platforms,
    })
}

fn document(media_type: &str, fields: &[(&str, Value)]) -> Value {
    let mut value = json!({"schemaVersion": 2, "mediaType": media_type});
    for (key, field) in fields {
        value[key] = field.clone();
    }
    value
}

fn index(images: &[Descriptor]) -> Value {
    document(INDEX, &[("manifests", images.iter().map(Descriptor::to_value).collect())])
}

/// The image of one target.
fn one(
    way: &Way,
    target: &str,
    built: &[&Artifact],
    blobs: &mut Blobs,
) -> Result<(Descriptor, ImagePlatform)> {
    let platform = Platform::of(target).ok_or_else(|| {
        refused(format!(
            "there are no images for `{target}`: build for a Linux target, or leave out `oci`"
        ))
    })?;
    let program = entrypoint(way, target, built)?;
    let base = choose(way.bases, &platform)?;
    let dynamic = built.iter().find(|b| b.kind == Kind::Bin && !is_static(&b.path));
    if let (None, Some(file)) = (&base, dynamic) {
        return Err(refused(format!(
            "`{}` is linked to shared libraries, which `scratch` does not have: give a base that has them with --base, or build for a musl target",
            file.name
        )));
    }
    let (layer, tar) = layer(way, target, built, blobs)?;
    let from = base.as_ref().map(|base| (&base.config, &*base.manifest));
    let config = config(&way.about, &platform, from, &program, &tar);
    let mut layers: Vec<Value> =
        base.iter().flat_map(|base| &base.layers).map(Descriptor::to_value).collect();
    let own = Descriptor {
        media_type: LAYER.to_string(),
        sha256: layer.sha256.clone(),
        size: layer.size,
        platform: None,
    };
    layers.push(own.to_value());
    let config = blobs.document(CONFIG, &config)?;
    let manifest = document(MANIFEST, &[("config", config.to_value()), ("layers", json!(layers))]);
    let manifest = Descriptor {
        platform: Some((
            "linux".to_string(),
            platform.architecture.to_string(),
            platform.variant.map(str::to_string),
        )),
        ..blobs.document(MANIFEST, &manifest)?
    };
    for (sha256, path) in base.into_iter().flat_map(|base: Base| base.blobs) {
        blobs.files.insert(sha256, path);
    }
    let described = ImagePlatform {
        target: target.to_string(),
        platform: platform.text(),
        digest: manifest.sha256.clone(),
        layer: layer.sha256,
        layer_tar: tar,
    };
    Ok((manifest, described))
}

/// The program that runs unless the source says otherwise.
fn entrypoint(way: &Way, target: &str, built: &[&Artifact]) -> Result<String> {
    let programs: Vec<&str> =
        built.iter().filter(|b| b.kind == Kind::Bin).map(|b| &*b.name).collect();
    match programs[..] {
        [] => Err(refused(format!("no program was built for `{target}` that an image can run"))),
        [name] => Ok(format!("/{PROGRAMS}/{name}")),
        _ if !way.about.wishes.entrypoint.is_empty() => Ok(String::new()),
        _ => Err(refused(format!(
            "the image would have several programs ({}): say which one it runs with `entrypoint` in [package.metadata.repro.image]",
            programs.join(", ")
        ))),
    }
}

/// The layer of what was built, and the SHA-256 of the tar in it.
fn layer(
    way: &Way,
    target: &str,
    built: &[&Artifact],
    blobs: &mut Blobs,
) -> Result<(Digest, String)> {
    let mut files = Vec::new();
    let mut wanted = BTreeMap::new();
    for file in built {
        let dir = match file.kind {
            Kind::Bin => PROGRAMS,
            Kind::Cdylib | Kind::Dylib => LIBRARIES,
            _ => continue,
        };
        let name = format!("{dir}/{}", file.name);
        let below = name.strip_prefix("usr/").unwrap_or(&name).as_bytes().to_vec();
        wanted.insert(name.into_bytes(), file);
        files.push((below, file.path.clone()));
    }
    let path = way.scratch.join(format!("layer-{}", target.replace('/', "_")));
    let packed = to_file(tree::made_up(b"usr", &files)?, &path, &way.options())?;
    for member in packed.members.iter().filter(|m| m.digest.is_some()) {
        let is = member.digest.as_ref().map(|d| &d.sha256);
        if let Some(file) = wanted.get(&member.item.name).filter(|f| is != Some(&f.digest.sha256)) {
            return Err(refused(format!(
                "`{}` has changed since the build that was compared: run `repro build` again",
                file.path.display()
            )));
        }
    }
    blobs.files.insert(packed.digest.sha256.clone(), path);
    let tar = packed.tar.context("the tar in a layer is digested")?;
    Ok((packed.digest, tar.sha256))
}

fn to_file(items: Vec<Item>, path: &Path, options: &Options) -> Result<Packed> {
    let out = File::create_new(path);
    let mut out = out.with_context(|| format!("failed to write `{}`", path.display()))?;
    Ok(pack::pack(&mut items.into_iter().map(Ok), &mut out, options)?)
}

/// What is in the layout, by digests.
struct Blobs<'a> {
    dir: &'a Path,
    files: BTreeMap<String, PathBuf>,
}

impl Blobs<'_> {
    /// Puts a document there. The bytes are those of its value, whose keys are sorted.
    fn document(&mut self, media_type: &str, value: &Value) -> Result<Descriptor> {
        let bytes = value.to_string();
        let Digest { size, sha256 } = digest::of_bytes(bytes.as_bytes());
        let path = self.dir.join(&sha256);
        fs::write(&path, &bytes)?;
        self.files.insert(sha256.clone(), path);
        Ok(Descriptor { media_type: media_type.to_string(), sha256, size, platform: None })
    }

    /// The tar of the layout.
    fn pack(&self, way: &Way, others: [&str; 2], out: &mut File) -> Result<Packed> {
        let dir = |name: &str| Item {
            name: name.as_bytes().to_vec(),
            kind: Entry::Dir,
            mode: policy::mode_of(true),
            path: PathBuf::new(),
        };
        let mut items = vec![dir("blobs"), dir("blobs/sha256")];
        let blobs = self
            .files
            .iter()
            .map(|(sha256, path)| (format!("blobs/sha256/{sha256}"), path.clone()));
        let others = others.map(|name| (name.to_string(), self.dir.join(name)));
        for (name, path) in blobs.chain(others) {
            let kind = Entry::File(
                std::fs::metadata(&path)
                    .with_context(|| format!("failed to read `{}`", path.display()))?
                    .len(),
            );
            items.push(Item { name: name.into_bytes(), kind, mode: policy::mode_of(false), path });
        }
        let format = Format::named("tar").context("it is one of the formats")?;
        let options = Options {
            format,
            compressor: format.compressor(),
            level: format.compressor().level,
            threads: 1,
            ..way.options()
        };
        let packed = pack::pack(&mut items.into_iter().map(Ok), out, &options)?;
        // What went into the tar, and not what was there before, has to be what leads there.
        for member in packed.members.iter().filter(|m| m.item.name.starts_with(b"blobs/sha256/")) {
            let is = member.digest.as_ref().map(|d| d.sha256.as_bytes());
            if is.is_some_and(|is| !member.item.name.ends_with(is)) {
                return Err(bad_input(format!(
                    "`{}` changed while it was packed",
                    member.item.path.display()
                )));
            }
        }
        Ok(packed)
    }
}
