//! in-toto Statement v1 with SLSA provenance v1: what a build was made from and what came of it. The
//! bytes are the same for all builders who agree, apart from the builder.
//! <https://slsa.dev/spec/v1.2/build-provenance>

use std::collections::{BTreeMap, BTreeSet};

use repro_formats::digest::is_sha256;
use serde_json::{Map, Value, json};

use super::strict::{self, text};
use crate::manifest::{Artifact, Manifest};
use crate::toolchain;
use crate::verdict::Verdict;

/// The statement's type.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The predicate's type.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// How to read the build's definition; a change of its meaning is another one.
pub const BUILD_TYPE: &str = "https://github.com/repro-rs/repro/build/v1";
/// Subjects that a statement may have.
const SUBJECTS: usize = 1024;
/// Digests that a subject may have.
const DIGESTS: usize = 32;

/// What was built, with which inputs: what builders have to agree on before their files are compared.
pub fn definition(manifest: &Manifest) -> Value {
    json!({
        "buildType": BUILD_TYPE,
        "externalParameters": parameters(manifest),
        "internalParameters": {
            "host": manifest.build.host,
            "recipe": manifest.recipe.version.to_string(),
        },
        "resolvedDependencies": dependencies(manifest),
    })
}

/// A name, and the value in a manifest, which is empty where it is the default.
type Parameter = (&'static str, fn(&Manifest) -> String);

/// Every parameter that a verifier knows: with another one, the build is another one.
const PARAMETERS: &[Parameter] = &[
    ("source", source),
    ("directory", |m| m.source.directory.clone()),
    ("packages", |m| m.build.packages.join(",")),
    ("workspace", |m| switch(m.build.workspace)),
    ("lib", |m| switch(m.build.lib)),
    ("bins", |m| m.build.bins.join(",")),
    ("allBins", |m| switch(m.build.all_bins)),
    ("features", |m| m.build.features.join(",")),
    ("allFeatures", |m| switch(m.build.all_features)),
    ("noDefaultFeatures", |m| switch(m.build.no_default_features)),
    ("targets", |m| m.build.targets.join(",")),
    ("profile", |m| m.build.profile.clone()),
    ("inject", |m| m.recipe.inject.name().to_string()),
    ("auditable", |m| switch(m.recipe.auditable)),
    ("sourceDateEpoch", |m| m.recipe.epoch.to_string()),
    ("userWrapper", |m| m.recipe.user_wrapper.clone().unwrap_or_default()),
    ("environment", environment),
    ("outsideConfig", |m| match m.outside_config.is_empty() {
        true => String::new(),
        false => json!(m.outside_config).to_string(),
    }),
];

fn parameters(manifest: &Manifest) -> Value {
    let values = PARAMETERS.iter().map(|(name, value)| (name.to_string(), value(manifest)));
    let given = values.filter(|(_, value)| !value.is_empty());
    Value::Object(given.map(|(name, value)| (name, json!(value))).collect())
}

fn switch(on: bool) -> String {
    if on { "true".to_string() } else { String::new() }
}

fn environment(manifest: &Manifest) -> String {
    let set = manifest.environment.iter().filter_map(|v| Some((&v.name, v.value.as_ref()?)));
    let set: BTreeMap<_, _> = set.collect();
    if set.is_empty() { String::new() } else { json!(set).to_string() }
}

/// By content alone: builders may have it from different mirrors.
fn source(manifest: &Manifest) -> String {
    let source = &manifest.source;
    match (&source.commit, &source.sha256) {
        (Some(commit), _) => format!("gitoid:commit:{commit}"),
        (None, Some(sha256)) => format!("sha256:{sha256}"),
        (None, None) => String::new(),
    }
}

fn dependencies(manifest: &Manifest) -> Value {
    let source = &manifest.source;
    let mut all = Vec::new();
    match (&source.commit, &source.tree) {
        (Some(commit), Some(tree)) => {
            all.push(json!({"name": "source", "digest": {"gitCommit": commit, "gitTree": tree}}));
        }
        _ => all.push(json!({"name": "source", "digest": {"sha256": source.sha256}})),
    }
    all.push(json!({"name": "Cargo.lock", "digest": {"sha256": source.lockfile_sha256}}));
    let rustc = manifest.toolchain.rustc.iter();
    let rustc = |field| rustc.clone().find_map(|line| toolchain::field(line, field));
    let release = rustc("release").unwrap_or("unknown");
    let mut compiler = json!({"name": "rustc", "uri": format!("pkg:generic/rustc@{release}")});
    match rustc("commit-hash").filter(|hash| *hash != "unknown") {
        Some(commit) => compiler["digest"] = json!({"gitCommit": commit}),
        // A distribution's own: its first line says which.
        None => compiler["annotations"] = json!({"version": manifest.toolchain.rustc.first()}),
    }
    all.push(compiler);
    let packages = manifest.components.iter().flat_map(|c| &c.packages);
    for package in packages {
        let commit =
            package.source.as_deref().and_then(|s| s.strip_prefix("git+")?.rsplit_once('#'));
        let digest = match (&package.checksum, commit) {
            (Some(sha256), _) => json!({"sha256": sha256}),
            (None, Some((_, commit))) => json!({"gitCommit": commit}),
            (None, None) => continue,
        };
        let name = format!("{} {}", package.name, package.version);
        all.push(json!({"name": name, "uri": package.source, "digest": digest}));
    }
    Value::Array(all)
}

/// The files of a build: each name with its SHA-256.
pub type Files = BTreeMap<String, String>;

/// The name of an artifact as a subject: of several targets' files of one name, each has its target
/// before it.
pub fn name_of(manifest: &Manifest, artifact: &Artifact) -> String {
    match manifest.artifacts.iter().filter(|a| a.name == artifact.name).count() {
        1 => artifact.name.clone(),
        _ => format!("{}/{}", artifact.target, artifact.name),
    }
}

/// The files that a manifest lists: artifacts that are shipped, and archives.
pub fn files(manifest: &Manifest) -> Files {
    let mut files = Files::new();
    for artifact in manifest.artifacts.iter().filter(|a| a.kind.is_shipped()) {
        let name = name_of(manifest, artifact);
        files.extend(artifact.sha256.clone().map(|sha256| (name, sha256)));
    }
    files.extend(manifest.packed().map(|p| (p.name.to_string(), p.sha256.to_string())));
    // A registry knows an image by its manifest, whatever file it came in.
    let images = manifest.images.iter();
    files.extend(images.map(|i| (format!("{}:{}", i.title, i.version), i.digest.clone())));
    files
}

/// In `runDetails`: the verdict of the build.
const VERDICT: &str = "repro_verdict";
/// In `runDetails`: what the manifest says of the ledger.
const FROM_LEDGER: &str = "repro_from_ledger";

/// The bytes of a statement: one line, and no newline, for these are the bytes that are signed.
pub fn statement(manifest: &Manifest, files: &Files, builder: &str) -> Vec<u8> {
    let subject =
        |(name, sha256): (&String, &String)| json!({"name": name, "digest": {"sha256": sha256}});
    let varied = manifest.variations.as_ref().map(|v| v.applied.clone()).unwrap_or_default();
    let mut run = json!({
        "builder": {"id": builder},
        "repro_varied": varied,
    });
    run[VERDICT] = json!(manifest.verdict.name());
    if let Some(ledger) = &manifest.ledger {
        run[FROM_LEDGER] = json!(ledger);
    }
    json!({
        "_type": STATEMENT,
        "subject": files.iter().map(subject).collect::<Vec<_>>(),
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": definition(manifest),
            "runDetails": run,
        },
    })
    .to_string()
    .into_bytes()
}

/// Whether a text is a URI, as verifiers compare it byte by byte.
pub fn is_uri(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c);
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    let named = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    !scheme.is_empty() && !rest.is_empty() && scheme.chars().all(named) && text.chars().all(plain)
}

/// The predicate of a statement, as platforms that make the statement themselves take it.
pub fn predicate(statement: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Value>(statement).ok()?.get("predicate").cloned()
}

/// What a signed statement claims.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// `builder.id`.
    pub builder: String,
    /// `buildDefinition`.
    pub definition: Value,
    /// The subjects.
    pub files: Files,
    /// Units of the build were taken from a ledger.
    pub from_ledger: bool,
}

/// A statement that was read: a claim about a build, or why it is none that counts.
pub type Read = Result<Claim, String>;

/// Reads a payload whose signature holds.
///
/// # Errors
/// It is not a statement, as a clause. One of another predicate is fine, and counts for nothing.
pub fn read(payload: &[u8]) -> Result<Read, String> {
    let value = strict::parse(payload, strict::PAYLOAD)?;
    let whole = value.as_object().ok_or("it is not an object")?;
    if text(whole, "_type") != Some(STATEMENT) {
        return Err(format!("its type is not `{STATEMENT}`"));
    }
    let files = subjects(whole)?;
    if text(whole, "predicateType") != Some(PROVENANCE) {
        return Ok(Err("it is not SLSA provenance v1".to_string()));
    }
    let no = || "its provenance has no builder or no build definition".to_string();
    let predicate = whole.get("predicate").and_then(Value::as_object).ok_or_else(no)?;
    let definition = predicate.get("buildDefinition").ok_or_else(no)?;
    let run = predicate.get("runDetails").ok_or_else(no)?;
    let builder = run.get("builder").and_then(|builder| builder.get("id")?.as_str());
    let builder = builder.ok_or_else(no)?.to_string();
    let from_ledger = run.get(FROM_LEDGER).is_some();
    let verdict = run.get(VERDICT).and_then(Value::as_str).and_then(Verdict::named);
    if verdict == Some(Verdict::Differs) {
        return Ok(Err("the builder's own two builds differ".to_string()));
    }
    if definition.get("buildType").and_then(Value::as_str) != Some(BUILD_TYPE) {
        return Ok(Err("repro did not make the build that it describes".to_string()));
    }
    let given = definition.get("externalParameters").and_then(Value::as_object).ok_or_else(no)?;
    let known = |key: &&String| PARAMETERS.iter().any(|(name, _)| name == key);
    if let Some(unknown) = given.keys().find(|key| !known(key)) {
        return Ok(Err(format!("it has the unknown parameter `{}`", unknown.escape_debug())));
    }
    Ok(Ok(Claim { builder, definition: definition.clone(), files, from_ledger }))
}

fn subjects(whole: &Map<String, Value>) -> Result<Files, String> {
    let list = whole.get("subject").and_then(Value::as_array).ok_or("it has no subjects")?;
    if list.is_empty() || list.len() > SUBJECTS {
        return Err(format!("it has {} subjects; expected 1 to {SUBJECTS}", list.len()));
    }
    let mut files = Files::new();
    let mut names = BTreeSet::new();
    for subject in list {
        let name = subject.get("name").and_then(Value::as_str).unwrap_or_default();
        if !names.insert(name) {
            return Err(format!("it has the subject `{}` twice", name.escape_debug()));
        }
        let digests = subject.get("digest").and_then(Value::as_object);
        let digests = digests.ok_or("a subject has no digest")?;
        if digests.is_empty() || digests.len() > DIGESTS {
            return Err("a subject has no digest, or too many".to_string());
        }
        // Of other digests nothing is known here.
        let Some(sha256) = text(digests, "sha256") else { continue };
        if !is_sha256(sha256) {
            return Err("a digest is not a SHA-256 in lowercase".to_string());
        }
        files.insert(name.to_string(), sha256.to_string());
    }
    Ok(files)
}
