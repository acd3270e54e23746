//! Whether a manifest that was read can be worked with. It is untrusted, and its values become names of
//! files, arguments of cargo and git, and variables. Each of these values is checked here, before it is
//! used.

use std::collections::BTreeSet;

use super::{Archive, Artifact, Build, Image, Manifest, Recipe, Source, SourceKind, Variations};
use crate::recipe::environment;
use crate::source::git_url;
use crate::verdict::{SINGLE, Status, Verdict, Worth};
use repro_formats::names::is_hidden;

pub(super) type Checked = Result<(), String>;

/// Two entries of one name would let one of them go unseen.
pub(super) fn once<K: Ord + std::fmt::Debug>(what: &str, keys: impl Iterator<Item = K>) -> Checked {
    let mut seen = BTreeSet::new();
    for key in keys {
        if seen.contains(&key) {
            return Err(format!("it lists one {what} twice: {key:?}"));
        }
        seen.insert(key);
    }
    Ok(())
}

/// Checks all of it.
///
/// # Errors
/// The first thing that is wrong, as a clause.
pub(super) fn sound(manifest: &Manifest) -> Checked {
    let verdict = manifest.verdict;
    // `/1` does not say what was varied, and calls a dirty tree reproducible.
    if manifest.schema == super::SCHEMA {
        let worth = Worth {
            nothing_varied: false,
            at: manifest.recipe.at(),
            dirty: manifest.source.dirty,
            from_ledger: manifest.ledger.is_some(),
        };
        variations(manifest.variations.as_ref(), verdict, worth)?;
    }
    source(&manifest.source)?;
    build(&manifest.build)?;
    recipe(&manifest.recipe)?;
    for line in &manifest.toolchain.rustc {
        no_control("a line of the toolchain", line)?;
    }
    for variable in &manifest.environment {
        let value = variable.value.as_deref();
        self::variable(&variable.name, value)?;
    }
    for artifact in &manifest.artifacts {
        self::artifact(artifact, verdict)?;
    }
    for archive in &manifest.archives {
        self::archive(archive)?;
    }
    for image in &manifest.images {
        self::image(image)?;
    }
    let artifacts = manifest.artifacts.iter();
    once("artifact", artifacts.map(|a| [&*a.target, &*a.package, a.kind.name(), &*a.name]))?;
    // A file is known by its name: an archive cannot have that of an artifact.
    let names: BTreeSet<&str> = manifest.artifacts.iter().map(|a| &*a.name).collect();
    once("file", manifest.packed().map(|p| p.name).chain(names))?;
    let targets: BTreeSet<&str> = manifest.artifacts.iter().map(|a| &*a.target).collect();
    let of_archives = manifest.archives.iter().map(|a| (&a.name, a.target.as_deref()));
    let of_images = manifest
        .images
        .iter()
        .flat_map(|i| i.platforms.iter().map(|p| (&i.name, Some(&*p.target))));
    for (name, target) in of_archives.chain(of_images) {
        let target = target.unwrap_or_default();
        if !targets.contains(target) {
            let (name, target) = (name.escape_debug(), target.escape_debug());
            return Err(format!("`{name}` is for the target `{target}`, which has no artifact"));
        }
    }
    if let Some(ledger) = &manifest.ledger {
        if ledger.reused == 0 || ledger.foreign > ledger.reused {
            return Err("it names a ledger, but no unit from it".to_string());
        }
        if verdict == Verdict::Single {
            return Err("one build takes nothing from a ledger".to_string());
        }
    }
    if let Some(variations) = &manifest.variations {
        let off = variations.off.iter().flat_map(|v| [&v.name, &v.by]);
        let unavailable = variations.unavailable.iter().flat_map(|v| [&v.name, &v.reason]);
        for text in variations.applied.iter().chain(off).chain(unavailable) {
            no_control("a variation", text)?;
        }
    }
    Ok(())
}

fn source(source: &Source) -> Checked {
    if source.kind == SourceKind::Git {
        for (what, id) in [("commit", &source.commit), ("tree", &source.tree)] {
            let id = id.as_deref().unwrap_or_default();
            if !hexadecimal(id, &[40, 64]) {
                return Err(format!("`{}` is not the id of a {what}", id.escape_debug()));
            }
        }
    } else {
        sha256(source.sha256.as_deref().unwrap_or_default())?;
    }
    if let Some(remote) = &source.remote {
        git_url::check_shape(remote).map_err(|why| {
            let remote = remote.escape_debug();
            format!("the remote `{remote}` cannot be given to git: {why}")
        })?;
    }
    if source.directory != "." {
        inside(&source.directory)?;
    }
    for text in source.tags.iter().chain(&source.version) {
        no_control("a tag or version", text)?;
    }
    sha256(&source.lockfile_sha256)
}

/// Values that become arguments of cargo: none may look like an option.
fn build(build: &Build) -> Checked {
    let triple = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    for target in build.targets.iter().chain([&build.host]) {
        match target.ends_with(".json") {
            true => inside(target)?,
            false if target.chars().all(triple) => {}
            false => return Err(format!("`{}` is not a target", target.escape_debug())),
        }
    }
    let single = [&build.profile, &build.host];
    let lists = [&build.targets, &build.packages, &build.bins, &build.features];
    for value in single.into_iter().chain(lists.into_iter().flatten()) {
        if value.is_empty() || value.starts_with('-') {
            let value = value.escape_debug();
            return Err(format!("`{value}` is not a valid cargo argument"));
        }
        no_control("an argument of cargo", value)?;
    }
    Ok(())
}

fn recipe(recipe: &Recipe) -> Checked {
    for text in recipe.fixed.iter().flat_map(|f| [&f.name, &f.path]) {
        no_control("a directory", text)?;
    }
    match recipe.epoch {
        0.. => Ok(()),
        _ => Err(format!("the epoch {} is before 1970", recipe.epoch)),
    }
}

/// A variable that is set for the build must not be one that leads to the tools, or that `repro`
/// sets.
fn variable(name: &str, value: Option<&str>) -> Checked {
    let odd = |c: char| c == '=' || is_hidden(c);
    if name.is_empty() || name.contains(odd) || value.is_some_and(|v| v.contains('\0')) {
        return Err(format!("`{}` is not a variable", name.escape_debug()));
    }
    let leads = environment::PLUMBING.iter().any(|p| environment::same(p, name))
        || environment::is_own(name);
    match value {
        Some(_) if leads => Err(format!("`{name}` is not a setting of a build")),
        _ => Ok(()),
    }
}

/// A pass must not claim more than its variations and its source allow.
fn variations(variations: Option<&Variations>, verdict: Verdict, worth: Worth) -> Checked {
    let nothing_varied = variations.is_some_and(|v| v.applied.is_empty());
    match verdict {
        Verdict::Single | Verdict::Differs => Ok(()),
        pass if variations.is_none() => {
            Err(format!("its verdict is `{}`, but it does not say what was varied", pass.name()))
        }
        pass if pass == Verdict::Reproducible.qualified(Worth { nothing_varied, ..worth }) => {
            Ok(())
        }
        pass => Err(format!(
            "its verdict is `{}`, which does not go with its variations and its source",
            pass.name()
        )),
    }
}

fn artifact(artifact: &Artifact, verdict: Verdict) -> Checked {
    let name = artifact.name.escape_debug();
    file_name(&artifact.name)?;
    no_control("a package", &artifact.package)?;
    no_control("a target", &artifact.target)?;
    if let Some(path) = artifact.path.as_deref() {
        inside(path)?;
        if path.rsplit('/').next() != Some(&artifact.name) {
            return Err(format!(
                "`{name}` is stored at `{}`, under a different name",
                path.escape_debug()
            ));
        }
    }
    if !artifact.kind.in_verdict() {
        return Err(format!("`{name}` is a {}, which is not an artifact", artifact.kind.name()));
    }
    let has_digest = matches!(artifact.status, None | Some(Status::Same));
    match (has_digest, &artifact.size, &artifact.sha256) {
        (true, Some(_), Some(digest)) => sha256(digest)?,
        (false, None, None) => {}
        (true, ..) => return Err(format!("`{name}` has no size and digest")),
        (false, ..) => return Err(format!("`{name}` has a digest, but its status is not `same`")),
    }
    let fits = match verdict {
        Verdict::Single => artifact.status.is_none(),
        Verdict::Differs => artifact.status.is_some(),
        _ => artifact.status == Some(Status::Same),
    };
    match fits {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is `{}`, which does not go with the verdict `{}`",
            artifact.status.map_or(SINGLE, Status::name),
            verdict.name()
        )),
    }
}

fn archive(archive: &Archive) -> Checked {
    file_name(&archive.name)?;
    if archive.epoch < 0 {
        return Err(format!("the epoch {} is before 1970", archive.epoch));
    }
    sha256(&archive.sha256)?;
    archive.tar_sha256.as_deref().map_or(Ok(()), sha256)?;
    once("member", archive.members.iter().map(|m| &*m.name))?;
    for member in &archive.members {
        inside(&member.name)?;
        let octal = |b: u8| (b'0'..=b'7').contains(&b);
        if member.mode.len() != 4 || !member.mode.bytes().all(octal) {
            let mode = member.mode.escape_debug();
            return Err(format!("`{mode}` is not a mode"));
        }
        member.sha256.as_deref().map_or(Ok(()), sha256)?;
    }
    Ok(())
}

fn image(image: &Image) -> Checked {
    file_name(&image.name)?;
    for part in [&image.title, &image.version] {
        file_name(part)?;
    }
    no_control("a compressor", &image.compressor)?;
    no_control("a compressor", &image.compressor_version)?;
    if image.epoch < 0 {
        return Err(format!("the epoch {} is before 1970", image.epoch));
    }
    let platforms = image.platforms.iter();
    let digests = platforms.clone().flat_map(|p| [&p.digest, &p.layer, &p.layer_tar]);
    for digest in digests.chain(&image.bases).chain([&image.digest, &image.sha256]) {
        sha256(digest)?;
    }
    for platform in platforms.clone() {
        no_control("a platform", &platform.platform)?;
    }
    once("target of an image", platforms.map(|p| &*p.target))
}

pub(super) fn no_control(what: &str, text: &str) -> Checked {
    if text.contains(is_hidden) {
        Err(format!("{what}, `{}`, holds control or invisible characters", text.escape_debug()))
    } else {
        Ok(())
    }
}

/// A path with `/` that stays below where it is put, on every system.
pub(super) fn inside(path: &str) -> Checked {
    // Names of members are written with such characters escaped; others have none.
    let odd = |c: char| is_hidden(c) || cfg!(windows) && [':', '\\'].contains(&c);
    let part = |p: &str| !p.is_empty() && p != "." && p != ".." && !p.contains(odd);
    if path.split('/').all(part) {
        return Ok(());
    }
    Err(format!("`{}` is not a path inside", path.escape_debug()))
}

fn file_name(name: &str) -> Checked {
    inside(name)?;
    match name.contains('/') {
        false => Ok(()),
        true => Err(format!("`{}` is not a file name", name.escape_debug())),
    }
}

fn hexadecimal(text: &str, lengths: &[usize]) -> bool {
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    lengths.contains(&text.len()) && text.bytes().all(digit)
}

pub(super) fn sha256(text: &str) -> Checked {
    match hexadecimal(text, &[64]) {
        true => Ok(()),
        false => Err(format!("`{}` is not a SHA-256", text.escape_debug())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\0"] {
            assert!(inside(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a/b.c", "..a", "a b/é"] {
            assert!(inside(good).is_ok(), "{good:?}");
        }
        assert!(file_name("a/b").is_err() && file_name("a\x1b[2J").is_err());
        assert!(sha256(&"a".repeat(64)).is_ok());
        assert!(sha256(&"A".repeat(64)).is_err() && sha256("00").is_err());
    }

    #[test]
    fn variables_that_lead_to_the_tools_are_no_settings() {
        assert!(variable("RUSTFLAGS", Some("-Copt-level=1")).is_ok());
        assert!(variable("PATH", None).is_ok());
        for bad in ["PATH", "RUSTC_WRAPPER", "LD_PRELOAD", "CARGO_HOME", "", "A=B"] {
            assert!(variable(bad, Some("x")).is_err(), "{bad}");
        }
        for other in ["Path", "rustc_wrapper"] {
            assert_eq!(variable(other, Some("x")).is_err(), cfg!(windows), "{other}");
        }
    }
}
