//! Crates of which it is known that they break reproducibility, by name, version and enabled
//! feature. The table holds what a look at build scripts and macros cannot find: the code is in a
//! library that a build script calls, or behind random numbers of the operating system.

use cargo_metadata::semver::{Version, VersionReq};

use crate::check::facts::Facts;
use crate::check::facts::graph::Used;
use crate::check::{Hit, Severity};

/// A row.
pub(in crate::check) struct Known {
    name: &'static str,
    /// The versions that do it.
    versions: &'static str,
    /// One of these features is on; none: whatever is on.
    features: &'static [&'static str],
    /// This feature turns it off again.
    unless: Option<&'static str>,
    /// Does not count where only these crates depend on it: they have rows of their own.
    only_for: &'static [&'static str],
    /// A variable that fixes it, in the environment or `[env]`.
    fixed_by: Option<&'static str>,
    severity: Severity,
    what: &'static str,
    remedy: &'static str,
    /// Where that is known from.
    source: &'static str,
}

const ROW: Known = Known {
    name: "",
    versions: "*",
    features: &[],
    unless: None,
    only_for: &[],
    fixed_by: None,
    severity: Severity::Error,
    what: "",
    remedy: "",
    source: "",
};

const SEED: &str = "set a fixed CONST_RANDOM_SEED in [env] of .cargo/config.toml";

pub(in crate::check) const KNOWN: &[Known] = &[
    Known {
        name: "const-random",
        only_for: &["ahash", "dlv-list"],
        fixed_by: Some("CONST_RANDOM_SEED"),
        what: "puts a new random number into each build",
        remedy: SEED,
        source: "https://github.com/tkaitchuck/constrandom/pull/13",
        ..ROW
    },
    Known {
        // Before 0.8 its build script chose between the two by the operating system.
        name: "ahash",
        versions: ">=0.8.0",
        features: &["compile-time-rng"],
        unless: Some("runtime-rng"),
        fixed_by: Some("CONST_RANDOM_SEED"),
        what: "puts new random keys into each build (feature `compile-time-rng` without `runtime-rng`)",
        remedy: SEED,
        source: "https://github.com/apache/arrow-rs/issues/3271",
        ..ROW
    },
    Known {
        name: "dlv-list",
        versions: ">=0.5.0",
        unless: Some("std"),
        fixed_by: Some("CONST_RANDOM_SEED"),
        what: "puts a new random number into each build (without its feature `std`)",
        remedy: SEED,
        source: "https://docs.rs/crate/dlv-list/0.5.2/source/src/lib.rs",
        ..ROW
    },
    Known {
        name: "include_dir",
        features: &["metadata"],
        what: "compiles in the times of files (feature `metadata`)",
        remedy: "turn the feature `metadata` off",
        source: "https://docs.rs/include_dir/0.7.4/include_dir/struct.Metadata.html",
        ..ROW
    },
    Known {
        name: "rust-embed-utils",
        versions: ">=7.0.0, <7.5.0",
        severity: Severity::Warning,
        what: "compiles in the times of files, whatever SOURCE_DATE_EPOCH says",
        remedy: "update rust-embed, and rust-embed-utils to 7.5.0 or later",
        source: "https://github.com/pyrossh/rust-embed/pull/188",
        ..ROW
    },
    Known {
        name: "built",
        versions: "<0.7.4",
        features: &["chrono"],
        severity: Severity::Warning,
        what: "gives build scripts the time of day as the build's, whatever SOURCE_DATE_EPOCH says",
        remedy: "update built to 0.7.4 or later",
        source: "https://github.com/lukaslueg/built/issues/67",
        ..ROW
    },
    Known {
        name: "shadow-rs",
        versions: "<0.7.0",
        severity: Severity::Warning,
        what: "gives build scripts the time of day as the build's, whatever SOURCE_DATE_EPOCH says",
        remedy: "update shadow-rs to 0.7.0 or later",
        source: "https://github.com/baoyachi/shadow-rs/issues/61",
        ..ROW
    },
    Known {
        name: "hashify",
        versions: "<0.2.8",
        severity: Severity::Warning,
        what: "goes through a hash map in `tiny_set!`",
        remedy: "update hashify to 0.2.8 or later",
        source: "https://github.com/stalwartlabs/hashify/issues/4",
        ..ROW
    },
    Known {
        name: "vergen",
        versions: "<7.4.2",
        severity: Severity::Warning,
        what: "gives build scripts the time of day as the build's, whatever SOURCE_DATE_EPOCH says",
        remedy: "update vergen to 7.4.2 or later",
        source: "https://github.com/rustyhorde/vergen/pull/134",
        ..ROW
    },
    Known {
        name: "i18n-embed-fl",
        versions: "<0.10.0",
        severity: Severity::Warning,
        what: "goes through a hash map in `fl!()`",
        remedy: "update i18n-embed-fl to 0.10.0 or later",
        source: "https://github.com/kellpossible/cargo-i18n/pull/151",
        ..ROW
    },
];

impl Known {
    fn fits(&self, package: &Used) -> bool {
        let version = Version::parse(&package.version);
        let wanted = VersionReq::parse(self.versions);
        let in_versions = matches!((version, wanted), (Ok(v), Ok(w)) if w.matches(&v));
        let features = self.features.is_empty() || self.features.iter().any(|f| package.has(f));
        let others = || package.dependents.iter().any(|d| !self.only_for.contains(&d.as_str()));
        package.name == self.name
            && in_versions
            && features
            && !self.unless.is_some_and(|f| package.has(f))
            && (self.only_for.is_empty() || package.member || others())
    }
}

pub(in crate::check) fn known(facts: &Facts) -> Vec<Hit> {
    let set = |name: &str| facts.settings.iter().any(|s| s.key == format!("env.{name}"));
    let mut hits = Vec::new();
    for package in &facts.used {
        let rows = KNOWN.iter().filter(|k| k.fits(package));
        for row in rows.filter(|k| !k.fixed_by.is_some_and(set)) {
            hits.push(Hit {
                place: facts.place_in_lockfile(&package.name, &package.version),
                package: Some(package.spec()),
                message: format!("{} {} ({})", package.spec(), row.what, row.source),
                at_most: Some(row.severity),
                remedy: Some(row.remedy.to_string()),
            });
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(package: Used, env: &[&str]) -> usize {
        let mut facts = Facts { used: vec![package], ..Facts::default() };
        facts.settings = env
            .iter()
            .map(|name| crate::check::facts::settings::Setting {
                key: format!("env.{name}"),
                words: vec!["1".into()],
                place: None,
                shown: String::new(),
            })
            .collect();
        known(&facts).len()
    }

    fn package(spec: &str, features: &[&str], dependents: &[&str]) -> Used {
        let (name, version) = spec.split_once(' ').unwrap();
        let set = |l: &[&str]| l.iter().map(|x| x.to_string()).collect();
        Used {
            name: name.into(),
            version: version.into(),
            member: false,
            dir: "/x".into(),
            is_path: false,
            features: set(features),
            build_script: None,
            proc_macro: None,
            shipped: true,
            roots: Vec::new(),
            dependents: set(dependents),
        }
    }

    #[test]
    fn every_row_trips_and_has_near_misses() {
        for row in KNOWN {
            let version = match row.name {
                "ahash" => "0.8.11",
                "rust-embed-utils" => "7.3.0",
                "built" => "0.7.3",
                "shadow-rs" => "0.6.2",
                "hashify" => "0.2.7",
                "vergen" => "7.4.1",
                "i18n-embed-fl" => "0.9.4",
                _ => "1.0.0",
            };
            let spec = format!("{} {version}", row.name);
            let trip = || package(&spec, row.features, &["other"]);
            assert_eq!(hits(trip(), &[]), 1, "{}", row.name);
            if let Some(variable) = row.fixed_by {
                assert_eq!(hits(trip(), &[variable]), 0, "{}", row.name);
            }
            if let Some(feature) = row.unless {
                let mut near = trip();
                near.features.insert(feature.into());
                assert_eq!(hits(near, &[]), 0, "{}", row.name);
            }
            if !row.features.is_empty() {
                assert_eq!(hits(package(&spec, &[], &["other"]), &[]), 0, "{}", row.name);
            }
            if row.versions != "*" {
                let other = if row.versions.contains('<') { "99.0.0" } else { "0.0.1" };
                let near = package(&format!("{} {other}", row.name), row.features, &["other"]);
                assert_eq!(hits(near, &[]), 0, "{}", row.name);
            }
            for only in row.only_for {
                assert_eq!(hits(package(&spec, row.features, &[only]), &[]), 0, "{}", row.name);
            }
            assert!(row.source.starts_with("https://"));
            assert!(VersionReq::parse(row.versions).is_ok());
        }
    }
}
