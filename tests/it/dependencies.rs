//! docs/dependencies.md: the columns that cargo knows are those of the lockfile, as on x86_64 Linux wherever
//! this runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// `name vVERSION` of each crate in the program, with those of the registry that are built for it.
fn tree(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let out = Command::new(cargo)
        .current_dir(root)
        .args(["tree", "--locked", "--offline", "-p", env!("CARGO_PKG_NAME"), "-e", "normal,build"])
        .args(["--target", PLATFORM, "--no-dedupe", "--prefix", "depth", "--format", " {p}"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (mut path, mut brought) = (Vec::<String>::new(), BTreeMap::<_, BTreeSet<_>>::new());
    for line in String::from_utf8(out.stdout).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let name = format!("{} {}", words[1], words[2]);
        path.truncate(words[0].parse().unwrap());
        // Not those of this repository, which have a directory.
        if !line.contains(" (/") {
            for above in &path {
                brought.entry(above.clone()).or_default().insert(name.clone());
            }
        }
        brought.entry(name.clone()).or_default();
        path.push(name);
    }
    brought
}

/// `REPRO_UPDATE_DOCS=1 cargo test --test it dependencies` writes the columns again.
#[test]
fn the_page_has_what_cargo_says_of_each_dependency() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let platform = format!("--filter-platform={PLATFORM}");
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(["--locked".into(), "--offline".into(), platform])
        .exec()
        .unwrap();
    let brought = tree(root);
    let name = |package: &Package| format!("{} v{}", package.name, package.version);
    let crates = brought[&name(metadata.root_package().unwrap())].len();
    let mut rows: BTreeMap<&str, &Package> = BTreeMap::new();
    let own = |package: &&Package| package.source.is_none();
    for package in metadata.packages.iter().filter(own) {
        let direct = package.dependencies.iter().filter(|dep| {
            dep.kind == DependencyKind::Normal && dep.source.is_some() && !dep.optional
        });
        for dep in direct {
            let fits = |p: &&Package| *p.name == dep.name && dep.req.matches(&p.version);
            rows.insert(&dep.name, metadata.packages.iter().find(fits).unwrap());
        }
    }
    let path = root.join("docs/dependencies.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut made = String::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let dependency = cells[0].trim_matches('`');
        let new = match (&cells[..], line.split_once("The program is built from ")) {
            ([_, _, what_for, _, _], _) if line.starts_with("| `") => {
                let package =
                    rows.remove(dependency).unwrap_or_else(|| panic!("`{dependency}` is gone"));
                let brings = &brought[&name(package)];
                let c = if brings.iter().any(|b| b.starts_with("cc ")) { ", and C" } else { "" };
                let license = package.license.as_deref().unwrap();
                format!(
                    "| `{dependency}` | {} | {what_for} | {}{c} | {license} |",
                    package.version,
                    brings.len()
                )
            }
            (_, Some((before, after))) => {
                let after = after.split_once(' ').unwrap().1;
                format!("{before}The program is built from {crates} {after}")
            }
            _ => line.to_string(),
        };
        made += &(new + "\n");
    }
    assert!(rows.is_empty(), "not on the page: {:?}", rows.keys());
    if std::env::var_os("REPRO_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let now = std::fs::read_to_string(&path).unwrap();
    assert!(now == made, "run `REPRO_UPDATE_DOCS=1 cargo test --test it dependencies`");
}
