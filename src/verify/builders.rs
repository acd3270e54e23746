//! Manifests of several builders, compared without building: who agrees with whom. Who built a file is
//! what the user says, never what the file says: one build cannot pass for two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::names::printable;

use crate::error::{refused, usage};
use crate::manifest::{Manifest, SourceKind};
use crate::request::Selection;
use crate::verdict::{Agreement, Verdict};
use crate::verify::agreement::{BuilderLine, Group, Several, Unlike};
use crate::{fs, git};

/// A builder's manifest.
#[derive(Clone, Debug)]
struct Builder {
    /// The name that the user gave, else the file's.
    name: String,
    /// Whether the user gave it.
    named: bool,
    file: String,
    manifest: Manifest,
    /// Whether the user accepts what was taken from a ledger.
    ledger_ok: bool,
}

/// Reads and compares them.
pub(super) fn run(given: &[String], threshold: Option<usize>, ledger_ok: bool) -> Result<Several> {
    let given: Vec<(Option<&str>, PathBuf)> =
        given.iter().map(|text| named_file(text)).collect::<Result<_>>()?;
    fs::given(given.iter().map(|(_, path)| &**path))?;
    each_once(&given)?;
    let read = |(name, path): &(Option<&str>, PathBuf)| {
        let file = printable(path.as_os_str().as_encoded_bytes());
        Ok(Builder {
            name: name.map_or_else(|| file.clone(), str::to_string),
            named: name.is_some(),
            manifest: Manifest::read(path)?,
            file,
            ledger_ok,
        })
    };
    let builders: Vec<Builder> = given.iter().map(read).collect::<Result<_>>()?;
    let threshold = threshold.unwrap_or(builders.len());
    if threshold < 2 {
        return Err(usage(
            "--threshold of --against must be at least 2: one manifest always agrees with itself",
        ));
    }
    if threshold > builders.len() {
        return Err(usage(format!(
            "--threshold {threshold} is more than the {} manifests: give more of them",
            builders.len()
        )));
    }
    let counted: Vec<&Builder> = builders.iter().filter(|b| left_out(b).is_none()).collect();
    one_subject(&counted)?;
    Ok(compare(&builders, threshold))
}

/// `NAME=FILE`, or a file alone.
fn named_file(text: &str) -> Result<(Option<&str>, PathBuf)> {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '/' && c != '\\';
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && name.chars().all(plain) && !file.is_empty() => {
            // A file can have such a name, and names of files are not the user's word.
            if Path::new(text).exists() {
                return Err(usage(format!(
                    "`{text}` is a file and would be taken for a name: write `./{text}` for the file, or NAME=./{text}",
                    text = text.escape_debug()
                )));
            }
            Ok((Some(name), PathBuf::from(file)))
        }
        _ => Ok((None, PathBuf::from(text))),
    }
}

/// A manifest or a name that is given twice would agree with itself.
fn each_once(given: &[(Option<&str>, PathBuf)]) -> Result<()> {
    let twice = |what: &str| {
        usage(format!(
            "`{}` is given twice, and would agree with itself: give each builder's manifest once",
            what.escape_debug()
        ))
    };
    let (mut files, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (name, path) in given {
        if !files.insert(fs::identity(path)?) {
            return Err(twice(&path.display().to_string()));
        }
        if let Some(name) = name.filter(|name| !names.insert(name.to_lowercase())) {
            return Err(twice(name));
        }
    }
    Ok(())
}

/// Why a manifest speaks for no build that another one could agree with.
fn left_out(builder: &Builder) -> Option<&'static str> {
    let manifest = &builder.manifest;
    if manifest.ledger.is_some() && !builder.ledger_ok {
        return Some(
            "it took units from a ledger instead of building them twice (accepted with `--ledger-ok`)",
        );
    }
    if manifest.source.dirty {
        return Some("it was built from a dirty working tree, which cannot be retrieved");
    }
    if manifest.artifacts.is_empty() {
        return Some("it lists no artifact");
    }
    let differs = manifest.verdict == Verdict::Differs;
    (differs || manifest.artifacts.iter().any(|a| a.sha256.is_none()))
        .then_some("its own two builds differ")
}

/// All must be about one source, built in one way; where a clone came from does not matter.
fn one_subject(builders: &[&Builder]) -> Result<()> {
    let Some((Builder { name: first_name, manifest: first, .. }, others)) = builders.split_first()
    else {
        return Ok(());
    };
    for Builder { name, manifest: other, .. } in others {
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

/// What a builder claims of artifacts or archives: digests by all that names a file.
type Claims<'a> = BTreeMap<Key<'a>, Vec<&'a str>>;
/// Target, package, kind, name.
type Key<'a> = [&'a str; 4];

fn artifacts(manifest: &Manifest) -> Claims<'_> {
    let mut claims = Claims::new();
    for a in &manifest.artifacts {
        let key: Key = [&a.target, &a.package, a.kind.name(), &a.name];
        let digest = a.sha256.as_deref().unwrap_or_default();
        claims.entry(key).or_default().push(digest);
    }
    claims.values_mut().for_each(|digests| digests.sort());
    claims
}

fn archives(manifest: &Manifest) -> Claims<'_> {
    let mut claims = Claims::new();
    for a in &manifest.archives {
        let key: Key = [a.target.as_deref().unwrap_or("no target"), "", a.format.name, &a.name];
        claims.entry(key).or_default().push(&a.sha256);
    }
    for image in &manifest.images {
        claims.entry(["all targets", "", "oci", &image.name]).or_default().push(&image.sha256);
    }
    claims
}

/// Builders who agree.
struct Agreeing<'a> {
    artifacts: Claims<'a>,
    /// Of those who list any; who packed nothing makes no claim about archives.
    archives: Claims<'a>,
    members: Vec<&'a Builder>,
}

impl Agreeing<'_> {
    /// How many builders they are. A file that the user did not name may be a copy of any other one,
    /// whatever it says about itself: all of these together count as one at most.
    fn votes(&self) -> usize {
        self.members.iter().filter(|b| b.named).count().max(1)
    }
}

/// Groups those that agree in every artifact, and in archives where they list any. Pure.
fn compare(builders: &[Builder], threshold: usize) -> Several {
    let (out, mut counted): (Vec<_>, Vec<_>) = builders.iter().partition(|b| left_out(b).is_some());
    let subject = counted.first().map_or(String::new(), |b| subject(&b.manifest));
    let (settings, unlike) = settings_of(&counted);
    // Those without archives last: they can join any group, and the largest comes first.
    counted.sort_by_key(|b| b.manifest.packed().next().is_none());
    let mut groups: Vec<Agreeing> = Vec::new();
    for builder in counted {
        let (made, packed) = (artifacts(&builder.manifest), archives(&builder.manifest));
        groups.sort_by_key(|g| std::cmp::Reverse(g.votes()));
        let fits =
            |g: &&mut Agreeing| g.artifacts == made && (packed.is_empty() || g.archives == packed);
        match groups.iter_mut().find(fits) {
            Some(group) => group.members.push(builder),
            None => {
                groups.push(Agreeing { artifacts: made, archives: packed, members: vec![builder] })
            }
        }
    }
    groups.sort_by_key(|g| std::cmp::Reverse(g.votes()));
    let enough = |g: Option<&Agreeing>| g.is_some_and(|g| g.votes() >= threshold);
    Several {
        agreement: match (enough(groups.first()), enough(groups.get(1))) {
            (true, false) => Agreement::Agreed,
            (false, _) if groups.len() == 1 && out.is_empty() => Agreement::NotEnough,
            _ => Agreement::Disagreed,
        },
        threshold,
        subject,
        builders: builders.iter().map(line).collect(),
        alone: groups.first().map(|g| alone(g, threshold)).unwrap_or_default(),
        differing: differing(&groups),
        groups: groups
            .iter()
            .map(|g| Group {
                members: g.members.iter().map(|b| b.name.clone()).collect(),
                votes: g.votes(),
            })
            .collect(),
        left_out: out
            .iter()
            .map(|b| (b.name.clone(), left_out(b).unwrap_or_default().to_string()))
            .collect(),
        settings,
        unlike,
    }
}

fn line(builder: &Builder) -> BuilderLine {
    BuilderLine {
        name: builder.name.clone(),
        file: builder.file.clone(),
        named: builder.named,
        verdict: builder.manifest.verdict,
    }
}

/// Archives that fewer than have to agree list, and who does.
fn alone(group: &Agreeing, threshold: usize) -> Vec<(String, Vec<String>)> {
    let with = group.members.iter().filter(|b| b.manifest.packed().next().is_some());
    let names: Vec<String> = with.map(|b| b.name.clone()).collect();
    match names.len() < threshold {
        true => group.archives.keys().map(|key| (key[3].to_string(), names.clone())).collect(),
        false => Vec::new(),
    }
}

fn subject(manifest: &Manifest) -> String {
    let source = &manifest.source;
    let id = source.commit.as_ref().or(source.sha256.as_ref());
    let id = id.map_or("?", |id| git::short(id));
    let what = match source.kind {
        SourceKind::Git => "commit",
        SourceKind::Directory => "directory with sha256",
    };
    format!("{what} {id}, profile {} for {}", manifest.build.profile, manifest.build.host)
}

/// What a build was made with besides its source, by name.
fn settings(manifest: &Manifest) -> BTreeMap<String, String> {
    let (selection, recipe) = (Selection::from(&manifest.build), &manifest.recipe);
    let mut found = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        if !value.is_empty() {
            found.insert(printable(name.as_bytes()), printable(value.as_bytes()));
        }
    };
    set("rustc", manifest.toolchain.rustc.join("; "));
    set("cargo", manifest.toolchain.cargo.clone());
    set("SOURCE_DATE_EPOCH", recipe.epoch.to_string());
    set("inject", recipe.inject.name().to_string());
    set("wrapper", recipe.user_wrapper.clone().unwrap_or_default());
    for field in selection.fields() {
        set(field.name, field.value.given().unwrap_or_default());
    }
    set("auditable", if recipe.auditable { "true".to_string() } else { String::new() });
    set("cargo config", manifest.outside_config.join("\n").replace('\n', "; "));
    for variable in &manifest.environment {
        set(&variable.name, variable.value.clone().unwrap_or_default());
    }
    found
}

/// Settings that all share, and those that they do not, with who has which.
fn settings_of(builders: &[&Builder]) -> (Vec<(String, String)>, Vec<Unlike>) {
    let each: Vec<_> = builders.iter().map(|b| (&b.name, settings(&b.manifest))).collect();
    let names: BTreeSet<&String> = each.iter().flat_map(|(_, set)| set.keys()).collect();
    let (mut shared, mut unlike) = (Vec::new(), Vec::new());
    for what in names {
        let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, set) in &each {
            let value = set.get(what).map_or("not set", String::as_str);
            values.entry(value).or_default().push((*name).clone());
        }
        let mut values: Vec<_> = values.into_iter().map(|(v, by)| (v.to_string(), by)).collect();
        match values.len() {
            1 => shared.push((what.clone(), values.swap_remove(0).0)),
            _ => unlike.push(Unlike { what: what.clone(), values }),
        }
    }
    (shared, unlike)
}

fn value(claims: &Claims, key: &Key) -> String {
    let digests = claims.get(key);
    digests.map_or("absent".to_string(), |digests| format!("sha256 {}", digests.join(", ")))
}

/// Artifacts and archives that not all groups have alike.
fn differing(groups: &[Agreeing]) -> Vec<(String, Vec<String>)> {
    let made: Vec<&Claims> = groups.iter().map(|g| &g.artifacts).collect();
    let packed: Vec<&Claims> = groups.iter().map(|g| &g.archives).collect();
    let mut rows = Vec::new();
    for each in [made, packed] {
        let keys: BTreeSet<&Key> = each.iter().flat_map(|claims| claims.keys()).collect();
        for key in keys {
            let [target, package, kind, name] = key;
            let what = match *package {
                "" => format!("{name} (archive, {target})"),
                _ => format!("{name} ({kind} of {package}, {target})"),
            };
            let values: Vec<String> = each.iter().map(|claims| value(claims, key)).collect();
            if values.windows(2).any(|w| w[0] != w[1]) {
                rows.push((what, values));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder(name: &str, digest: char) -> Builder {
        let mut manifest = Manifest::fixture();
        manifest.artifacts[0].sha256 = Some(digest.to_string().repeat(64));
        manifest.archives.clear();
        let file = format!("{name}.json");
        Builder { name: name.to_string(), named: true, file, manifest, ledger_ok: false }
    }

    fn unnamed(name: &str, digest: char) -> Builder {
        Builder { named: false, ..builder(name, digest) }
    }

    fn packed(name: &str, digest: char, archive: char) -> Builder {
        let mut it = builder(name, digest);
        it.manifest.archives = Manifest::fixture().archives;
        it.manifest.archives[0].sha256 = archive.to_string().repeat(64);
        it
    }

    fn agreement(digests: &str, threshold: usize) -> (Agreement, Vec<usize>) {
        let named: Vec<_> =
            digests.chars().enumerate().map(|(i, d)| builder(&i.to_string(), d)).collect();
        let found = compare(&named, threshold);
        (found.agreement, found.groups.iter().map(|g| g.votes).collect())
    }

    #[test]
    fn enough_must_agree_and_no_other_group_be_as_large() {
        assert_eq!(agreement("aab", 2), (Agreement::Agreed, vec![2, 1]));
        assert_eq!(agreement("aab", 3), (Agreement::Disagreed, vec![2, 1]));
        assert_eq!(agreement("abc", 2), (Agreement::Disagreed, vec![1, 1, 1]));
        assert_eq!(agreement("aabb", 2), (Agreement::Disagreed, vec![2, 2]));
        assert_eq!(agreement("aaa", 3), (Agreement::Agreed, vec![3]));
    }

    /// Fields that say nothing of the bytes, and that anybody can change in a copy.
    #[test]
    fn files_without_names_are_one_builder_whatever_they_say_of_themselves() {
        let touches: [fn(&mut Manifest); 7] = [
            |_| {},
            |m| m.builder = Some(Default::default()),
            |m| m.verdict = Verdict::Single,
            |m| m.source.remote = Some("https://mirror/x".into()),
            |m| m.recipe.rows.clear(),
            |m| m.toolchain.cargo = "cargo 9".into(),
            |m| m.artifacts[0].path = Some("x".into()),
        ];
        for touch in touches {
            let mut copy = unnamed("copy", 'a');
            touch(&mut copy.manifest);
            let found = compare(&[unnamed("a", 'a'), copy.clone()], 2);
            assert_eq!(found.agreement, Agreement::NotEnough);
            assert_eq!(found.groups[0].votes, 1);
            // Beside a name it may be a copy of that one's.
            let found = compare(&[builder("a", 'a'), copy.clone()], 2);
            assert_eq!(found.agreement, Agreement::NotEnough);
            // Named, the user answers for it.
            let named = Builder { named: true, ..copy };
            assert_eq!(compare(&[builder("a", 'a'), named], 2).agreement, Agreement::Agreed);
        }
    }

    #[test]
    fn archives_must_agree_among_those_who_packed() {
        let found = compare(&[packed("a", 'a', '1'), packed("b", 'a', '1')], 2);
        assert_eq!((found.agreement, found.alone.len()), (Agreement::Agreed, 0));
        let found = compare(&[packed("a", 'a', '1'), packed("b", 'a', '2')], 2);
        assert_eq!(found.agreement, Agreement::Disagreed);
        assert!(found.differing[0].0.contains("archive"), "{:?}", found.differing);
        // One more archive than the other one has.
        let mut more = packed("a", 'a', '1');
        let mut second = more.manifest.archives[0].clone();
        second.name = "evil.tar.gz".into();
        more.manifest.archives.push(second);
        let found = compare(&[more, packed("b", 'a', '1')], 2);
        assert_eq!(found.agreement, Agreement::Disagreed);
        // Who packed nothing agrees on artifacts, and the archive is named as one builder's alone.
        for order in [[0, 1], [1, 0]] {
            let both = [packed("a", 'a', '1'), builder("b", 'a')];
            let found = compare(&order.map(|i| both[i].clone()), 2);
            assert_eq!(found.agreement, Agreement::Agreed);
            assert_eq!(found.alone[0].1, ["a"]);
        }
    }

    #[test]
    fn settings_are_compared_and_those_of_all_are_listed() {
        let (a, mut b) = (builder("a", 'a'), builder("b", 'a'));
        b.manifest.toolchain.rustc[0] = "rustc 1.94.0".into();
        b.manifest.build.workspace = true;
        b.manifest.recipe.auditable = true;
        b.manifest.environment =
            vec![crate::manifest::Variable { name: "CFLAGS".into(), value: Some("-O1".into()) }];
        let found = compare(&[a, b], 2);
        let unlike: Vec<_> = found.unlike.iter().map(|u| u.what.as_str()).collect();
        assert_eq!(unlike, ["CFLAGS", "auditable", "rustc", "workspace"]);
        assert_eq!(found.unlike[0].values[0], ("-O1".to_string(), vec!["b".to_string()]));
        assert!(found.settings.iter().any(|(what, _)| what == "SOURCE_DATE_EPOCH"));
    }

    #[test]
    fn what_its_own_builder_could_not_make_twice_agrees_with_nobody() {
        type Spoil = fn(&mut Manifest);
        let spoils: [(Spoil, &str); 4] = [
            (|m| m.artifacts[0].sha256 = None, "differ"),
            (|m| m.verdict = Verdict::Differs, "differ"),
            (|m| m.source.dirty = true, "dirty"),
            (|m| m.artifacts.clear(), "no artifact"),
        ];
        for (spoil, word) in spoils {
            let mut spoiled = builder("u", 'a');
            spoil(&mut spoiled.manifest);
            let found = compare(&[builder("x", 'a'), spoiled], 2);
            assert_eq!(found.agreement, Agreement::Disagreed);
            assert_eq!(found.left_out[0].0, "u");
            assert!(found.left_out[0].1.contains(word), "{:?}", found.left_out);
        }
    }

    #[test]
    fn names_are_the_users_and_each_is_given_once() {
        let (name, file) = named_file("alice=x/a=b.json").unwrap();
        assert_eq!((name, file), (Some("alice"), PathBuf::from("x/a=b.json")));
        for plain in ["a.json", "dir/alice=a.json", "=a.json", "./alice=a.json", "alice="] {
            assert_eq!(named_file(plain).unwrap(), (None, PathBuf::from(plain)));
        }
    }

    #[test]
    fn manifests_of_other_builds_are_not_compared() {
        let a = builder("a", 'a');
        for (spoil, word) in [
            ((|m| m.source.commit = Some("c".repeat(40))) as fn(&mut Manifest), "source"),
            (|m| m.build.profile = "dev".into(), "profile"),
            (|m| m.recipe.epoch += 1, "EPOCH"),
            (|m| m.source.lockfile_sha256 = "d".repeat(64), "Cargo.lock"),
        ] {
            let mut b = builder("b", 'a');
            spoil(&mut b.manifest);
            let error = one_subject(&[&a, &b]).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let mut b = builder("b", 'a');
        b.manifest.source.remote = Some("https://mirror/x".into());
        assert!(one_subject(&[&a, &b]).is_ok());
    }
}
