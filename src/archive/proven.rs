//! `repro archive` in a project: packs the artifacts of the last reproducible build with the files
//! that its metadata names.
//!
//! Nothing is packed that the manifest does not cover or that is not in the source it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::formats::Format;
use repro_formats::pack::Packed;
use repro_formats::{digest, names, tree};

use super::packing::{Outcome, Release, entry, options, pack};
use super::{image, sums};
use crate::artifact::Kind;
use crate::error::{bad_input, refused, usage};
use crate::fs::{self, Pending};
use crate::git;
use crate::manifest::{Artifact, Manifest, SourceKind};
use crate::metadata::Cargo;
use crate::project::find_manifest;
use crate::project::metadata::Defaults;
use crate::project::publish::{self, DIST, MANIFEST};
use crate::project::scratch::Scratch;
use crate::request::{Archive, Packing, SourceChoice};
use crate::source::{self, Origin, Source, SourceRequest, include};
use crate::term::short_list;
use crate::verdict::Verdict;

/// Packs it into `target/repro/dist`.
pub fn run(asked: &Archive) -> Result<Outcome> {
    if asked.output.is_some() || asked.prefix.is_some() {
        return Err(usage(
            "-o and --prefix apply only to files: name the files to pack, or leave out both options to pack the last build",
        ));
    }
    let cargo_manifest = find_manifest(&SourceChoice::of(asked.manifest_path.clone()))?;
    let target_dir = Cargo::of_user().metadata(&cargo_manifest)?.target_directory;
    let target_dir = target_dir.into_std_path_buf();
    let results = target_dir.join("repro");
    let _lock = results.is_dir().then(|| publish::lock(&results)).transpose()?;
    let (manifest_path, manifest) = proven(asked, &results)?;
    let source = source::find(&wanted(&manifest, cargo_manifest, target_dir)?)?;
    let scratch = Scratch::new(false)?;
    let copy = scratch.path().join("source");
    check_current(&manifest, &source, &copy)?;
    if by_target(&manifest).is_empty() {
        return Err(refused(
            "the last build has no program or C library to pack: build a package that has one, or pack files with `repro archive PATH -o FILE`",
        ));
    }

    let workspace = copy.join(&source.workspace);
    let defaults = Defaults::read(&copy.join(&source.package), &workspace)?;
    let wishes = defaults.image()?;
    let defaults = defaults.archive()?;
    let patterns = defaults.include.into_iter().chain(asked.include.iter().cloned());
    let work_tree = source.root.join(&source.workspace);
    let generated = made_by_build(&manifest);
    // What the build made and compared is packed from there, whatever the work tree has.
    let (of_target, patterns): (Vec<String>, Vec<String>) = patterns
        .partition(|p| !generated.is_empty() && include::of_target(p).is_ok_and(|p| p.is_some()));
    let mut included = include::find(&patterns, &workspace, &work_tree)?;
    for pattern in of_target {
        let found = include::find(&[pattern], &workspace, &work_tree).unwrap_or_default();
        included.add_but(found, &generated);
    }
    let named = |name: &String| {
        let says = "`format` of an archive in metadata.repro must list what `--format` takes, not";
        let odd = || bad_input(format!("{says} `{}`", name.escape_debug()));
        Packing::named(name).ok_or_else(odd)
    };
    let formats: Result<Vec<_>> = defaults.formats.iter().map(named).collect();
    let given = asked.clone();
    let asked = Archive {
        name: given.name.or(defaults.name),
        release: given.release.or(defaults.release),
        formats: if given.formats.is_empty() { formats? } else { given.formats },
        ..given
    };

    let image = image::plan(&asked, &wishes, scratch.path())?;
    let new = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(&results)
        .with_context(|| format!("failed to write in `{}`", results.display()))?;
    let mut archives = Vec::new();
    let mut images = Vec::new();
    let archive = |made: &Packing| if let Packing::Archive(f) = made { Some(*f) } else { None };
    let formats: Vec<_> = asked.formats.iter().filter_map(archive).collect();
    let only_image = formats.is_empty() && image.is_some();
    if let Some(image) = &image {
        let all: Vec<&Artifact> = by_target(&manifest).into_values().flatten().collect();
        let release = release(&asked, &all)?;
        images.push(image.write(&asked, &release, &manifest, &results, new.path())?);
    }
    for (target, artifacts) in by_target(&manifest).into_iter().filter(|_| !only_image) {
        let release = release(&asked, &artifacts)?;
        let stem = format!("{}-{}-{target}", release.name, release.version);
        let files = files(&results, &artifacts, &included.files)?;
        let usual = [Format::of_target(target)];
        for format in if formats.is_empty() { &usual[..] } else { &formats } {
            let path = new.path().join(format!("{stem}.{}", format.extensions[0]));
            let epoch = asked.epoch.unwrap_or(manifest.recipe.epoch);
            let options = options(&asked, format, epoch, true)?;
            let items = tree::made_up(stem.as_bytes(), &files)?;
            let out = Pending::create(&path)?;
            let packed = pack(&mut items.into_iter().map(Ok), &path, out, &options)?;
            check_packed(&packed, &artifacts, &stem)?;
            archives.push(entry(&path, Some(target), &options, &packed));
        }
    }
    let manifest = Manifest { archives: archives.clone(), images: images.clone(), ..manifest };
    write_beside(new.path(), &manifest)?;
    let dist = results.join(DIST);
    let names = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten();
    let kept: BTreeSet<_> = names(new.path()).map(|e| e.file_name()).collect();
    let gone = names(&dist).map(|e| e.file_name()).filter(|n| !kept.contains(n));
    let gone: Vec<String> = gone.map(|n| n.to_string_lossy().into_owned()).collect();
    fs::remove_tree(&dist)?;
    std::fs::rename(new.path(), &dist)
        .with_context(|| format!("failed to write `{}`", dist.display()))?;
    open_to_all(&dist)?;
    fs::write_atomic(&manifest_path, &manifest.to_bytes()?)?;
    let notes = included.not_in_source.iter().map(|name| {
        format!("`{name}` is in the archive but not in the source, so a verifier cannot check it")
    });
    let all = included.files.iter().map(|(name, _)| &name[..]);
    let colliding = names::colliding(all).map(|(a, b)| names::collision(&a, &b));
    let of_image: Vec<String> =
        image.iter().zip(&images).flat_map(|(plan, made)| plan.notes(made, &manifest)).collect();
    let replaced = (!gone.is_empty()).then(|| {
        let gone = short_list(&gone);
        format!("`{DIST}` was replaced, so it no longer has these earlier files: {gone}")
    });
    Ok(Outcome {
        beside: &[sums::NAME, MANIFEST],
        notes: notes.chain(colliding).chain(of_image).chain(replaced).collect(),
        images: images.into_iter().map(|i| (dist.join(&i.name), i)).collect(),
        archives: archives.into_iter().map(|a| (dist.join(&a.name), a)).collect(),
    })
}

/// The manifest of the last build, if it proves what it lists or the user accepts that it does not.
fn proven(asked: &Archive, results: &Path) -> Result<(PathBuf, Manifest)> {
    let path = results.join(MANIFEST);
    let shown = path.display();
    let text = fs::read_text_if_any(&path)?.ok_or_else(|| {
        refused(format!(
            "there is no `{shown}`, so there is no build to package: run `repro build` first"
        ))
    })?;
    let manifest = Manifest::from_bytes(text.as_bytes(), &shown.to_string())?;
    match unproven(asked, &manifest) {
        None => Ok((path, manifest)),
        Some(why) => Err(refused(format!("the last build {why}"))),
    }
}

/// Why a build is not one to ship, and what to do; none if it is, or if that is accepted.
fn unproven(asked: &Archive, manifest: &Manifest) -> Option<&'static str> {
    let verdict = manifest.verdict;
    let nothing_varied = verdict == Verdict::NothingVaried && !asked.allow_nothing_varied;
    let single = verdict == Verdict::Single && !asked.allow_single;
    let dirty = manifest.source.dirty && !asked.allow_dirty;
    let from_ledger = manifest.ledger.is_some() && !asked.ledger_ok;
    let reasons = [
        (
            verdict == Verdict::Differs,
            "was not reproducible: see its report for the causes, fix them and run `repro build` again",
        ),
        (
            single,
            "was built once and not compared: run `repro build` without `--once`, or pass --allow-single",
        ),
        (
            verdict == Verdict::AtScratchPath,
            "was made in a temporary directory, so it cannot be rebuilt: run `repro build --same-path`, or vary the paths",
        ),
        (
            nothing_varied,
            "varied nothing between its two builds: run `repro build` without `--vary none`, or pass --allow-nothing-varied",
        ),
        (
            from_ledger,
            "took units from a ledger instead of building them twice: run `repro build` without `--ledger`, or pass --ledger-ok",
        ),
        (
            dirty,
            "was made from a work tree with uncommitted changes, so it cannot be rebuilt elsewhere: commit them and run `repro build` again, or pass --allow-dirty",
        ),
    ];
    reasons.into_iter().find(|(applies, _)| *applies).map(|(_, why)| why)
}

/// The source that the manifest is about, as it is now.
fn wanted(
    manifest: &Manifest,
    cargo_manifest: PathBuf,
    target_dir: PathBuf,
) -> Result<SourceRequest> {
    let said = &manifest.source;
    let in_git = said.kind == SourceKind::Git;
    let package = cargo_manifest.parent().unwrap_or(Path::new("/"));
    let package = crate::fs::resolve(package)?;
    let depth = Path::new(&said.directory).components().count();
    let depth = if said.directory == "." { 0 } else { depth };
    let root = package.ancestors().nth(depth).map(Path::to_owned);
    let choice = SourceChoice {
        directory: root.filter(|_| !in_git),
        rev: (in_git && !said.dirty).then(|| "HEAD".to_string()),
        allow_dirty: in_git && said.dirty,
        ..SourceChoice::default()
    };
    Ok(SourceRequest { cargo: Cargo::of_user(), manifest: cargo_manifest, target_dir, choice })
}

/// Makes a copy of the source, and refuses if it is not the one that was built.
fn check_current(manifest: &Manifest, source: &Source, copy: &Path) -> Result<()> {
    let said = &manifest.source;
    let (was, is) = match &source.origin {
        Origin::Git(now) if said.dirty => (said.tree.clone(), now.tree.clone()),
        Origin::Git(now) => (said.commit.clone(), now.commit.clone()),
        Origin::Directory => (said.sha256.clone(), String::new()),
    };
    source.check_out(copy)?;
    let is = match &source.origin {
        Origin::Git(_) => is,
        Origin::Directory => source::content_digest(copy)?,
    };
    let was = was.unwrap_or_default();
    if was == is {
        return Ok(());
    }
    let short = |id: &str| git::short(id).escape_debug().to_string();
    Err(refused(format!(
        "the last build is of {}, and the source is now {}: run `repro build` again",
        short(&was),
        short(&is)
    )))
}

/// Names of the files that the build made for the archives.
fn made_by_build(manifest: &Manifest) -> Vec<String> {
    let generated = manifest.artifacts.iter().filter(|a| a.kind == Kind::Generated);
    generated.map(|a| a.name.clone()).collect()
}

/// The artifacts that are kept, by target.
fn by_target(manifest: &Manifest) -> BTreeMap<&str, Vec<&Artifact>> {
    let mut targets: BTreeMap<&str, Vec<&Artifact>> = BTreeMap::new();
    for artifact in manifest.artifacts.iter().filter(|a| a.path.is_some()) {
        targets.entry(&artifact.target).or_default().push(artifact);
    }
    targets
}

/// What the archive is named after: what was asked for, else the one package that is in it.
fn release(asked: &Archive, artifacts: &[&Artifact]) -> Result<Release> {
    let mut packages: Vec<(&str, &str)> =
        artifacts.iter().filter_map(|a| a.package.split_once(' ')).collect();
    packages.sort();
    packages.dedup();
    let mut versions: Vec<&str> = packages.iter().map(|(_, version)| *version).collect();
    versions.dedup();
    let only = |asked: &Option<String>, all: &[&str]| match (asked, all) {
        (Some(asked), _) => Some(asked.clone()),
        (None, [one]) => Some(one.to_string()),
        _ => None,
    };
    let names: Vec<&str> = packages.iter().map(|(name, _)| *name).collect();
    let (name, version) = (only(&asked.name, &names), only(&asked.release, &versions));
    let missing = match (&name, &version) {
        (None, None) => "its name with --name and its version with --release",
        (None, _) => "its name with --name",
        _ => "its version with --release",
    };
    let (Some(name), Some(version)) = (name, version) else {
        return Err(refused(format!(
            "artifacts of several packages go into one archive ({}): give {missing}, or in [workspace.metadata.repro.archive]",
            packages.iter().map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(", ")
        )));
    };
    let release = Release { name, version };
    for part in [&release.name, &release.version] {
        if part.is_empty() || part.starts_with('.') || part.contains(['/', '\\', '\n', ' ']) {
            return Err(bad_input(format!(
                "`{}` cannot be part of an archive's name: use letters, digits, `.`, `-` and `_`",
                part.escape_debug()
            )));
        }
    }
    Ok(release)
}

/// Names in the archive, and where the files are; each artifact still what was proven.
fn files(
    results: &Path,
    artifacts: &[&Artifact],
    included: &[(Vec<u8>, PathBuf)],
) -> Result<Vec<(Vec<u8>, PathBuf)>> {
    let mut files = included.to_vec();
    for artifact in artifacts {
        let path = results.join(artifact.path.as_deref().unwrap_or_default());
        let digest = digest::of_file(&path)
            .map_err(|e| refused(format!("{e:#}: run `repro build` again")))?;
        if Some(&digest.sha256) != artifact.sha256.as_ref() {
            return Err(altered(&path));
        }
        files.push((artifact.name.clone().into_bytes(), path));
    }
    Ok(files)
}

fn altered(path: &Path) -> anyhow::Error {
    refused(format!(
        "`{}` has changed since the build that was compared: run `repro build` again",
        path.display()
    ))
}

/// What went into the archive, and not what was there before, is what must have been proven.
fn check_packed(packed: &Packed, artifacts: &[&Artifact], stem: &str) -> Result<()> {
    for artifact in artifacts {
        let name = format!("{stem}/{}", artifact.name).into_bytes();
        let member = packed.members.iter().find(|m| m.item.name == name);
        let digest = member.and_then(|m| m.digest.as_ref());
        if digest.map(|d| &d.sha256) != artifact.sha256.as_ref() {
            return Err(altered(Path::new(&artifact.name)));
        }
    }
    Ok(())
}

/// What is published with the archives: the manifest, and the digests of all.
fn write_beside(dist: &Path, manifest: &Manifest) -> Result<()> {
    // Beside the archives there are no single files.
    let single = manifest.artifacts.iter().map(|a| Artifact { path: None, ..a.clone() });
    let bytes = Manifest { artifacts: single.collect(), ..manifest.clone() }.to_bytes()?;
    fs::write_atomic(&dist.join(MANIFEST), &bytes)?;
    let packed = manifest.packed();
    let mut sums: Vec<_> = packed.map(|p| (p.name.to_string(), p.sha256.to_string())).collect();
    sums.push((MANIFEST.to_string(), digest::of_bytes(&bytes).sha256));
    sums::update(dist, &sums)
}

/// Temporary directories are their owner's alone; results are not.
#[cfg(unix)]
fn open_to_all(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("failed to write `{}`", dir.display()))
}

#[cfg(not(unix))]
fn open_to_all(_dir: &Path) -> Result<()> {
    Ok(())
}
