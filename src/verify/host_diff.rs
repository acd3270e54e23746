//! How the two machines differ: toolchain, system, compilers, the linker's files, variables. If
//! bytes differ, look at this first: the source cannot explain a different linker.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use repro_formats::names::printable;

use crate::cargo::config::Config;
use crate::manifest::{Builder, File, Manifest, SourceKind, Variable};
use crate::recipe::environment::Env;
use crate::toolchain::Toolchain;
use crate::verify::result::Surroundings;

/// What is known of this machine.
pub(super) struct Here<'a> {
    pub(super) toolchain: &'a Toolchain,
    pub(super) builder: &'a Builder,
    pub(super) passed: &'a Env,
    pub(super) consulted: &'a BTreeSet<String>,
    pub(super) config: &'a Config,
    /// What git names as the remote in the rebuild.
    pub(super) remote: Option<&'a str>,
}

/// What differs. Pure.
pub(super) fn differing(manifest: &Manifest, here: &Here) -> Vec<Surroundings> {
    let mut rows = Vec::new();
    let mut row = |what: &str, published: &str, here: &str| {
        if published != here {
            // Untrusted text, which may contain escapes for a terminal.
            let clean = |text: &str| printable(text.as_bytes());
            rows.push(Surroundings {
                what: clean(what),
                published: clean(published),
                here: clean(here),
            });
        }
    };
    let one = |lines: &str| lines.replace('\n', "; ");
    let toolchain = &manifest.toolchain;
    row("rustc", &one(&toolchain.rustc.join("\n")), &one(&here.toolchain.rustc_verbose));
    row("cargo", &toolchain.cargo, &here.toolchain.cargo_version);
    if let Some(builder) = &manifest.builder {
        row("system", &builder.os, &here.builder.os);
        let src = |installed: Option<bool>| match installed {
            Some(true) => "installed",
            Some(false) => "not installed",
            None => "unknown",
        };
        if builder.rust_src.is_some() {
            row("rust-src", src(builder.rust_src), src(here.builder.rust_src));
        }
        if !builder.linkers.is_empty() {
            row("linker", &builder.linkers.join("; "), &here.builder.linkers.join("; "));
        }
        each(&mut row, "", &tools(builder), &tools(here.builder));
        let lists = (&builder.linker_inputs, &here.builder.linker_inputs);
        // Where one linker was not asked, there is nothing to compare.
        if !lists.0.is_empty() && !lists.1.is_empty() {
            each(&mut row, "linked file ", &inputs(lists.0), &inputs(lists.1));
        }
    }
    each(&mut row, "variable ", &settings(&manifest.environment), &set_here(here));
    if manifest.source.kind == SourceKind::Git {
        let theirs = manifest.source.remote.as_deref();
        row("git remote", theirs.unwrap_or("none"), here.remote.unwrap_or("none"));
    }
    let replaces = |config: &Config| !config.keys(&["source"]).is_empty();
    let theirs = Config::replay(&manifest.outside_config, None).is_ok_and(|c| replaces(&c));
    let say = |replaced: bool| match replaced {
        true => "crates come from a mirror or a directory, whose name is in their paths",
        false => "crates come from the registry itself",
    };
    row("[source] of cargo's config", say(theirs), say(replaces(here.config)));
    rows
}

/// Values by name.
type Named = BTreeMap<String, String>;

/// A row for each name that either has.
fn each(row: &mut impl FnMut(&str, &str, &str), kind: &str, a: &Named, b: &Named) {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for name in names {
        let value = |of: &Named| of.get(name).cloned().unwrap_or("none".to_string());
        row(&format!("{kind}{name}"), &value(a), &value(b));
    }
}

fn tools(builder: &Builder) -> Named {
    builder.tools.iter().map(|t| (t.name.clone(), t.version.clone())).collect()
}

/// By file name: where a system keeps a file does not matter.
fn inputs(files: &[File]) -> Named {
    let name = |f: &File| {
        let name = Path::new(&f.path).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    files.iter().map(|f| (name(f), format!("sha256 {}", f.sha256))).collect()
}

fn settings(variables: &[Variable]) -> Named {
    variables.iter().filter_map(|v| Some((v.name.clone(), v.value.clone()?))).collect()
}

/// Variables that the build here asked for, or that reach rustc unasked, and that have a value.
fn set_here(here: &Here) -> Named {
    let always = |n: &str| n.contains("RUSTFLAGS") || n.starts_with("CARGO_PROFILE_");
    let text = |s: &std::ffi::OsString| s.to_string_lossy().into_owned();
    let passed = here.passed.iter().map(|(k, v)| (text(k), text(v)));
    let plumbing = crate::recipe::environment::PLUMBING;
    passed
        .filter(|(k, _)| here.consulted.contains(k) || always(k))
        .filter(|(k, _)| !plumbing.contains(&k.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Tool;

    #[test]
    fn each_difference_of_the_machines_is_one_row() {
        let mut manifest = Manifest::fixture();
        let builder = |ld: &str, crt: &str| Builder {
            os: "Debian".into(),
            rust_src: Some(true),
            tools: vec![Tool { name: "ld".into(), version: ld.into() }],
            linker_inputs: vec![File { path: format!("/{ld}/crt1.o"), sha256: crt.into() }],
            ..Builder::default()
        };
        manifest.builder = Some(builder("2.40", "aa"));
        manifest.environment = vec![Variable { name: "CFLAGS".into(), value: Some("-O1".into()) }];
        let cargo_version = manifest.toolchain.cargo.clone();
        let toolchain = Toolchain::fixture(manifest.toolchain.rustc.join("\n"));
        let toolchain = Toolchain { cargo_version, ..toolchain };
        let rows = |manifest: &Manifest, builder: &Builder| {
            let here = Here {
                toolchain: &toolchain,
                builder,
                passed: &Env::from([("CFLAGS".into(), "-O2".into())]),
                consulted: &BTreeSet::from(["CFLAGS".to_string()]),
                config: &Config::default(),
                remote: manifest.source.remote.as_deref(),
            };
            let rows = differing(manifest, &here);
            rows.into_iter().map(|r| r.what).collect::<Vec<_>>()
        };
        let (same, other) = (builder("2.40", "aa"), builder("2.41", "bb"));
        assert_eq!(rows(&manifest, &same), ["variable CFLAGS"]);
        assert_eq!(rows(&manifest, &other), ["ld", "linked file crt1.o", "variable CFLAGS"]);
        for (text, row) in [("source.x.directory = '/v'", true), ("# [source]\n[env]", false)] {
            manifest.outside_config = vec![text.into()];
            assert_eq!(rows(&manifest, &same).len(), 1 + usize::from(row), "{text}");
        }
    }
}
