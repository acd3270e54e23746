//! The configuration of an image: the base's, changed by the source's metadata. Pure.
//! The base's `OnBuild`, and labels about the base itself, are not taken over.

use std::collections::BTreeMap;

use repro_explain::time;
use serde_json::{Map, Value, json};

use super::documents::BaseConfig;
use super::platform::Platform;

/// What `base` says of an image on no base.
pub const SCRATCH: &str = "scratch";

/// What the source says of its image, in `[…metadata.repro.image]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `base`: digests, or `scratch`.
    pub base: Vec<String>,
    /// `entrypoint`.
    pub entrypoint: Vec<String>,
    /// `cmd`.
    pub cmd: Vec<String>,
    /// `user`.
    pub user: Option<String>,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `repository` of the package or workspace.
    pub repository: Option<String>,
    /// `name` of what is packed; the package's by default.
    pub name: Option<String>,
    /// `release`, its version, likewise.
    pub release: Option<String>,
}

impl Wishes {
    /// Whether the source gives an image this title and version: by its metadata, else by a package of it, each
    /// `name version`.
    pub fn has_name<'p>(
        &self,
        title: &str,
        version: &str,
        packages: impl Iterator<Item = &'p str> + Clone,
    ) -> bool {
        if (&self.name, &self.release) == (&None, &None) {
            // Both of one package.
            return packages.clone().any(|p| p.split_once(' ') == Some((title, version)));
        }
        let is = |said: &Option<String>, of: fn((&'p str, &'p str)) -> &'p str, text: &str| {
            let mut packages = packages.clone().filter_map(|package| package.split_once(' '));
            said.as_deref().map_or_else(|| packages.any(|p| of(p) == text), |said| said == text)
        };
        is(&self.name, |(name, _)| name, title)
            && is(&self.release, |(_, version)| version, version)
    }

    /// Whether the source says that an image is on bases of these digests; without any, that it is on none,
    /// which also goes without saying.
    pub fn has_bases(&self, digests: &[String]) -> bool {
        match digests.is_empty() {
            true => self.base.is_empty() || self.base == [SCRATCH],
            false => digests.iter().all(|d| self.base.contains(&format!("sha256:{d}"))),
        }
    }
}

/// What an image is about.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// What it is called, before the `:`.
    pub title: &'a str,
    /// Its version, behind the `:`.
    pub version: &'a str,
    /// The commit.
    pub revision: Option<&'a str>,
    /// What the source says.
    pub wishes: &'a Wishes,
    /// The time of it all, seconds since 1970.
    pub epoch: i64,
}

/// What a container takes over from the base. `OnBuild` is not taken over: it is for builds on top of the
/// base, such as this one.
const KEPT: &[&str] =
    &["Env", "ExposedPorts", "Healthcheck", "Shell", "StopSignal", "User", "Volumes", "WorkingDir"];
/// What labels about the image itself begin with: those of the base are not about this one.
const OWN: &str = "org.opencontainers.image.";

/// The configuration. `entrypoint` is what runs unless the source says something else, and `layer` the
/// SHA-256 of the own layer before it was compressed.
pub fn config(
    about: &About,
    platform: &Platform,
    base: Option<(&BaseConfig, &str)>,
    entrypoint: &str,
    layer: &str,
) -> Value {
    let none = BaseConfig::default();
    let (base, base_digest) = base.map_or((&none, None), |(base, digest)| (base, Some(digest)));
    let created = time::rfc3339(about.epoch);
    let ids = base.diff_ids.iter().map(String::as_str).chain([layer]);
    let ids: Vec<String> = ids.map(|id| format!("sha256:{id}")).collect();
    let mut history = base.history.clone();
    history.push(json!({"created": created, "created_by": "repro archive"}));
    let mut whole = json!({
        "created": created,
        "architecture": platform.architecture,
        "os": "linux",
        "config": run(about, base, base_digest, entrypoint),
        "rootfs": {"type": "layers", "diff_ids": ids},
        "history": history,
    });
    if let Some(variant) = platform.variant.map(str::to_string).or(base.variant.clone()) {
        whole["variant"] = json!(variant);
    }
    whole
}

fn run(about: &About, base: &BaseConfig, digest: Option<&str>, entrypoint: &str) -> Value {
    let wishes = about.wishes;
    let kept = base.run.iter().filter(|(key, _)| KEPT.contains(&&***key));
    let mut run: Map<String, Value> = kept.map(|(k, v)| (k.clone(), v.clone())).collect();
    let entrypoint = match wishes.entrypoint.is_empty() {
        true => json!([entrypoint]),
        false => json!(wishes.entrypoint),
    };
    run.insert("Entrypoint".to_string(), entrypoint);
    if !wishes.cmd.is_empty() {
        run.insert("Cmd".to_string(), json!(wishes.cmd));
    }
    if let Some(user) = &wishes.user {
        run.insert("User".to_string(), json!(user));
    }
    let inherited = base.run.get("Labels").and_then(Value::as_object).into_iter().flatten();
    let inherited = inherited.filter(|(key, _)| !key.starts_with(OWN));
    let mut labels: Map<String, Value> = inherited.map(|(k, v)| (k.clone(), v.clone())).collect();
    let own = [
        ("title", Some(about.title)),
        ("version", Some(about.version)),
        ("revision", about.revision),
        ("source", wishes.repository.as_deref()),
    ];
    let mut set = |key: &str, value: String| labels.insert(key.to_string(), json!(value));
    for (key, value) in own.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        set(&format!("{OWN}{key}"), value.to_string());
    }
    if let Some(digest) = digest {
        set(&format!("{OWN}base.digest"), format!("sha256:{digest}"));
    }
    for (key, value) in &wishes.labels {
        set(key, value.clone());
    }
    run.insert("Labels".to_string(), Value::Object(labels));
    Value::Object(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_those_that_the_source_names() {
        let has = |base: &[&str], digests: &[&str]| {
            let base = base.iter().map(ToString::to_string).collect();
            let digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
            Wishes { base, ..Wishes::default() }.has_bases(&digests)
        };
        for (base, digests, want) in [
            (&[][..], &[][..], true),
            (&[SCRATCH], &[], true),
            (&["sha256:a"], &[], false),
            (&["sha256:a", "sha256:b"], &["a"], true),
            (&["sha256:a"], &["a", "b"], false),
            (&[SCRATCH], &["a"], false),
            (&[], &["a"], false),
        ] {
            assert_eq!(has(base, digests), want, "{base:?} {digests:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_source_gives() {
        let has = |name: Option<&str>, release: Option<&str>, title, version| {
            let (name, release) = (name.map(str::to_string), release.map(str::to_string));
            let packages = ["app 1.0.0", "lib 0.2.0"];
            Wishes { name, release, ..Wishes::default() }.has_name(
                title,
                version,
                packages.into_iter(),
            )
        };
        assert!(has(None, None, "app", "1.0.0"));
        assert!(has(Some("tool"), Some("v1"), "tool", "v1"));
        assert!(!has(None, None, "debian", "1.0.0"));
        assert!(!has(None, None, "app", "0.2.0"));
        assert!(!has(None, None, "app", "latest"));
        assert!(!has(Some("tool"), None, "app", "1.0.0"));
        assert!(!has(None, Some("v1"), "app", "1.0.0"));
    }

    #[test]
    fn the_base_runs_it_and_the_source_decides_what() {
        let run = json!({
            "Env": ["PATH=/bin"], "User": "1", "Entrypoint": ["/x"], "Cmd": ["y"], "OnBuild": ["RUN z"],
            "Labels": {"vendor": "v", "org.opencontainers.image.version": "12"},
        });
        let base = BaseConfig {
            run: run.as_object().unwrap().clone(),
            history: vec![json!({"created_by": "base"})],
            diff_ids: vec!["b".into()],
            ..BaseConfig::default()
        };
        let plain = Wishes::default();
        let mut about =
            About { title: "app", version: "1", revision: Some("c"), wishes: &plain, epoch: 0 };
        let amd64 = Platform { architecture: "amd64", variant: None };
        let made = config(&about, &amd64, Some((&base, "d")), "/usr/local/bin/app", "l");
        assert_eq!(made["created"], "1970-01-01T00:00:00Z");
        assert_eq!(made["rootfs"]["diff_ids"], json!(["sha256:b", "sha256:l"]));
        assert_eq!(made["history"].as_array().unwrap().len(), 2);
        let run = &made["config"];
        assert_eq!(run["Entrypoint"], json!(["/usr/local/bin/app"]));
        assert!(run["Cmd"].is_null() && run["OnBuild"].is_null() && run["Env"][0] == "PATH=/bin");
        let labels = json!({
            "vendor": "v",
            "org.opencontainers.image.title": "app",
            "org.opencontainers.image.version": "1",
            "org.opencontainers.image.revision": "c",
            "org.opencontainers.image.base.digest": "sha256:d",
        });
        assert_eq!((&run["Labels"], &run["User"]), (&labels, &json!("1")));
        let wishes = Wishes {
            entrypoint: vec!["/a".into()],
            cmd: vec!["b".into()],
            user: Some("9".into()),
            labels: [("vendor".to_string(), "w".to_string())].into(),
            repository: Some("https://r".into()),
            ..Wishes::default()
        };
        about.wishes = &wishes;
        let run = &config(&about, &amd64, Some((&base, "d")), "/x", "l")["config"];
        assert_eq!((&run["Entrypoint"], &run["Cmd"]), (&json!(["/a"]), &json!(["b"])));
        assert_eq!((&run["User"], &run["Labels"]["vendor"]), (&json!("9"), &json!("w")));
        assert_eq!(run["Labels"]["org.opencontainers.image.source"], "https://r");
    }
}
