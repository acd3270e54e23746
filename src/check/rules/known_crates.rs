//! Rule `known-crate`: crates of which it is known that they make builds differ, by the features
//! that cargo gives them. What is known is in [`repro_explain::known_crates`].

use repro_explain::known_crates::{self, KnownCrate, Weight};

use crate::check::facts::Facts;
use crate::check::facts::graph::Used;
use crate::check::hit::{Hit, Severity};

fn fits(row: &KnownCrate, package: &Used) -> bool {
    let others = || package.dependents.iter().any(|d| !row.only_for.contains(d));
    row.fits(&package.name, &package.version, |feature| Some(package.has(feature)))
        && (row.only_for.is_empty() || package.member || others())
}

pub(in crate::check) fn known(facts: &Facts) -> Vec<Hit> {
    let set = |name: &str| facts.settings.iter().any(|s| s.key == format!("env.{name}"));
    let mut hits = Vec::new();
    for package in &facts.used {
        let rows = known_crates::all().iter().filter(|row| fits(row, package));
        let open = rows.filter(|row| !row.fixed_by.as_deref().is_some_and(set));
        for (row, weight) in open.filter_map(|row| Some((row, row.check?))) {
            hits.push(Hit {
                place: facts.place_in_lockfile(&package.name, &package.version),
                package: Some(package.spec()),
                message: format!("{} {} ({})", package.spec(), row.what, row.source),
                at_most: Some(match weight {
                    Weight::Error => Severity::Error,
                    Weight::Warning => Severity::Warning,
                }),
                remedy: Some(row.remedy.clone()),
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
            dir: "/x".into(),
            features: set(features),
            shipped: true,
            dependents: set(dependents),
            ..Used::default()
        }
    }

    /// A version that each row means, and one that it does not.
    fn versions(row: &KnownCrate) -> (&'static str, Option<&'static str>) {
        match row.name.as_str() {
            "ahash" => ("0.8.11", Some("0.7.8")),
            "dlv-list" => ("0.5.2", Some("0.4.0")),
            "rust-embed-utils" => ("7.3.0", Some("7.5.0")),
            "built" => ("0.7.3", Some("0.7.4")),
            "shadow-rs" => ("0.6.2", Some("0.7.0")),
            "hashify" => ("0.2.7", Some("0.2.8")),
            "vergen" => ("7.4.1", Some("7.4.2")),
            "winresource" => ("0.1.25", Some("0.1.26")),
            "i18n-embed-fl" => ("0.9.4", Some("0.10.0")),
            "educe" => ("0.6.0", Some("0.7.0")),
            "derive_more" => ("0.99.5", Some("0.99.6")),
            "rust-i18n-macro" => ("3.1.2", Some("3.1.3")),
            _ => ("1.0.0", None),
        }
    }

    #[test]
    fn every_row_trips_and_has_near_misses() {
        for row in known_crates::all().iter().filter(|row| row.check.is_some()) {
            let (version, other) = versions(row);
            let of = |version: &str, features: &[&str], user: &str| {
                package(&format!("{} {version}", row.name), features, &[user])
            };
            let on: Vec<&str> = row.features.iter().map(String::as_str).collect();
            let trip = || of(version, &on, "other");
            assert_eq!(hits(trip(), &[]), 1, "{}", row.name);
            if let Some(variable) = &row.fixed_by {
                assert_eq!(hits(trip(), &[variable]), 0, "{}", row.name);
            }
            if let Some(feature) = &row.unless {
                let mut near = trip();
                near.features.insert(feature.clone());
                assert_eq!(hits(near, &[]), 0, "{}", row.name);
            }
            if !on.is_empty() {
                assert_eq!(hits(of(version, &[], "other"), &[]), 0, "{}", row.name);
            }
            if let Some(other) = other {
                assert_eq!(hits(of(other, &on, "other"), &[]), 0, "{}", row.name);
            }
            for only in &row.only_for {
                assert_eq!(hits(of(version, &on, only), &[]), 0, "{}", row.name);
            }
        }
    }
}
