//! Manifests of independent builders, held against each other without building: who agrees with whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::read_manifest;
use crate::error::{Kind, failure, refused};
use crate::fs;
use crate::manifest::{Artifact, Manifest};
use crate::report::verify::Several;
use crate::verdict::Agreement;

/// A builder's manifest, by the name that the user gave.
type Named = (String, Manifest);

/// Reads and compares them.
pub(super) fn run(paths: &[PathBuf], threshold: Option<usize>) -> Result<Several> {
    each_once(paths)?;
    let read = |path: &PathBuf| Ok((path.display().to_string(), read_manifest(path)?));
    let manifests: Vec<Named> = paths.iter().map(read).collect::<Result<_>>()?;
    let threshold = threshold.unwrap_or(manifests.len());
    if threshold > manifests.len() {
        return Err(failure(
            Kind::Usage,
            format!(
                "--threshold {threshold} is more than the {} manifests: give more of them",
                manifests.len()
            ),
        ));
    }
    one_subject(&manifests)?;
    Ok(compare(&manifests, threshold))
}

/// A manifest that is given twice would agree with itself.
fn each_once(paths: &[PathBuf]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for path in paths {
        let identity = match fs::identity(path)? {
            Some((device, inode)) => format!("{device} {inode}"),
            None => canonical(path),
        };
        if !seen.insert(identity) {
            return Err(failure(
                Kind::Usage,
                format!(
                    "`{}` is given twice, and would agree with itself: give each builder's manifest once",
                    path.display()
                ),
            ));
        }
    }
    Ok(())
}

fn canonical(path: &Path) -> String {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

/// All must be about one source, built in one way; where a clone came from does not matter.
fn one_subject(manifests: &[Named]) -> Result<()> {
    let Some((first_name, first)) = manifests.first() else {
        return Ok(());
    };
    for (name, other) in &manifests[1..] {
        let (a, b) = (&first.source, &other.source);
        let what = if (&a.kind, &a.commit, &a.tree, &a.sha256, &a.directory)
            != (&b.kind, &b.commit, &b.tree, &b.sha256, &b.directory)
        {
            "the source"
        } else if a.lockfile_sha256 != b.lockfile_sha256 {
            "Cargo.lock"
        } else if first.build != other.build {
            "the selection, profile, target or host"
        } else if (first.recipe.version, &first.recipe.inject)
            != (other.recipe.version, &other.recipe.inject)
        {
            "the recipe"
        } else if first.recipe.epoch != other.recipe.epoch {
            "SOURCE_DATE_EPOCH"
        } else {
            continue;
        };
        return Err(refused(format!(
            "`{first_name}` and `{name}` are not of one build: {what} is not the same; compare manifests of the same build"
        )));
    }
    Ok(())
}

/// What a builder says of one artifact, by all that names it.
type Claims<'a> = BTreeMap<Key<'a>, Vec<&'a str>>;
/// Target, package, kind, name.
type Key<'a> = [&'a str; 4];

fn claims(manifest: &Manifest) -> Claims<'_> {
    let mut claims = Claims::new();
    for a in &manifest.artifacts {
        let key: Key = [&a.target, &a.package, &a.kind, &a.name];
        let digest = a.sha256.as_deref().unwrap_or_default();
        claims.entry(key).or_default().push(digest);
    }
    claims.values_mut().for_each(|digests| digests.sort());
    claims
}

/// Groups those that agree in every artifact. Pure.
fn compare(manifests: &[Named], threshold: usize) -> Several {
    let mut groups: Vec<(Claims, Vec<String>)> = Vec::new();
    let mut left_out = Vec::new();
    for (name, manifest) in manifests {
        let proven = |a: &Artifact| a.sha256.is_some();
        if manifest.artifacts.is_empty() {
            left_out.push((name.clone(), "it lists no artifact".to_string()));
            continue;
        }
        if !manifest.artifacts.iter().all(proven) {
            let why = "its own two builds differ".to_string();
            left_out.push((name.clone(), why));
            continue;
        }
        let said = claims(manifest);
        match groups.iter_mut().find(|(other, _)| *other == said) {
            Some((_, members)) => members.push(name.clone()),
            None => groups.push((said, vec![name.clone()])),
        }
    }
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let enough = |g: Option<&(Claims, Vec<String>)>| g.is_some_and(|(_, m)| m.len() >= threshold);
    let agreed = enough(groups.first()) && !enough(groups.get(1));
    Several {
        agreement: match agreed {
            true => Agreement::Agreed,
            false => Agreement::Disagreed,
        },
        threshold,
        subject: manifests.first().map_or(String::new(), |(_, m)| subject(m)),
        differing: differing(&groups),
        groups: groups.into_iter().map(|(_, members)| members).collect(),
        left_out,
    }
}

fn subject(manifest: &Manifest) -> String {
    let source = &manifest.source;
    let id = source.commit.as_ref().or(source.sha256.as_ref());
    let id = id.map_or("?", |id| &id[..12.min(id.len())]);
    let what = match source.kind.as_str() {
        "git" => "commit",
        _ => "directory with sha256",
    };
    format!("{what} {id}, profile {} for {}", manifest.build.profile, manifest.build.host)
}

fn value(claims: &Claims, key: &Key) -> String {
    match claims.get(key) {
        Some(digests) => format!("sha256 {}", digests.join(", ")),
        None => "absent".to_string(),
    }
}

/// Artifacts that not all groups have alike.
fn differing(groups: &[(Claims, Vec<String>)]) -> Vec<(String, Vec<String>)> {
    let keys: BTreeSet<Key> = groups.iter().flat_map(|(c, _)| c.keys().copied()).collect();
    let row = |key: &Key| {
        let each = groups.iter().map(|(claims, _)| value(claims, key));
        let [target, package, kind, name] = key;
        (format!("{name} ({kind} of {package}, {target})"), each.collect::<Vec<_>>())
    };
    keys.into_iter()
        .map(|key| row(&key))
        .filter(|(_, values)| values.windows(2).any(|w| w[0] != w[1]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, digest: char) -> Named {
        let text = include_str!("../../tests/fixtures/manifest.json");
        let mut manifest = Manifest::from_bytes(text.as_bytes(), "fixture").unwrap();
        manifest.artifacts[0].sha256 = Some(digest.to_string().repeat(64));
        (name.to_string(), manifest)
    }

    fn agreement(digests: &str, threshold: usize) -> (Agreement, Vec<usize>) {
        let named: Vec<_> =
            digests.chars().enumerate().map(|(i, d)| named(&i.to_string(), d)).collect();
        let found = compare(&named, threshold);
        let sizes = found.groups.iter().map(Vec::len).collect();
        (found.agreement, sizes)
    }

    #[test]
    fn enough_must_agree_and_no_other_group_be_as_large() {
        assert_eq!(agreement("aab", 2), (Agreement::Agreed, vec![2, 1]));
        assert_eq!(agreement("aab", 3), (Agreement::Disagreed, vec![2, 1]));
        assert_eq!(agreement("abc", 2), (Agreement::Disagreed, vec![1, 1, 1]));
        assert_eq!(agreement("aabb", 2), (Agreement::Disagreed, vec![2, 2]));
        assert_eq!(agreement("aaa", 3), (Agreement::Agreed, vec![3]));
    }

    #[test]
    fn what_its_own_builder_could_not_make_twice_agrees_with_nobody() {
        let mut unproven = named("u", 'a');
        unproven.1.artifacts[0].sha256 = None;
        let found = compare(&[named("x", 'a'), unproven], 2);
        assert_eq!(found.agreement, Agreement::Disagreed);
        assert_eq!(found.left_out[0].0, "u");
    }

    #[test]
    fn manifests_of_other_builds_are_not_compared() {
        let a = named("a", 'a');
        for (spoil, word) in [
            ((|m| m.source.commit = Some("c".repeat(40))) as fn(&mut Manifest), "source"),
            (|m| m.build.profile = "dev".into(), "profile"),
            (|m| m.recipe.epoch += 1, "EPOCH"),
            (|m| m.source.lockfile_sha256 = "d".repeat(64), "Cargo.lock"),
        ] {
            let mut b = named("b", 'a');
            spoil(&mut b.1);
            let error = one_subject(&[a.clone(), b]).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let mut b = named("b", 'a');
        b.1.source.remote = Some("https://mirror/x".into());
        assert!(one_subject(&[a, b]).is_ok());
    }
}
