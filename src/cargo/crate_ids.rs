//! Canonical `-C metadata` and `-C extra-filename`, for workspaces with path dependencies outside
//! their root: cargo puts the absolute path of such a package into both, and through them into
//! every symbol of it and of its dependents. No remap reaches that (cargo#13586). And for WebAssembly,
//! where both follow from the host's name if a build script or a procedural macro is below (cargo#8140).
//!
//! Here both are derived from the rustc call itself, with canonical paths. rustc then writes under
//! the canonical name, and the name that cargo waits for becomes a second link to the same file.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::Result;
use repro_formats::digest;

use crate::cargo::rustc_call;
use crate::cargo::units::Unit;
use crate::fs;

/// Real directories and what stands for them.
pub type Roots = Vec<(String, String)>;

/// File stems of libraries as cargo names them, and what stands for each.
pub type Stems = BTreeMap<String, String>;

/// Those of units that were compiled. A procedural macro is made for the host: with `any_host` its package
/// stands for it.
pub fn stems(known: &[Unit], any_host: bool) -> Stems {
    let stem = |unit: &Unit| match any_host && unit.is_for_the_build() {
        true => (unit.stem(), unit.package.clone()),
        false => unit.canonical_stem(),
    };
    known.iter().map(stem).collect()
}

/// The canonical value of `-C extra-filename` for a call: `-` and 16 hexadecimal digits, which are
/// also the value of `-C metadata`. `args` are those after rustc itself; `known` has the stems of what was
/// compiled before.
pub fn extra_filename(package: &str, args: &[String], roots: &Roots, known: &Stems) -> String {
    let mut key = vec![package.to_string()];
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-C" => {
                let option = args.next().map_or("", String::as_str);
                if !is_id(option) {
                    key.push(plain(option, roots));
                }
            }
            "--extern" => {
                let value = args.next().map_or("", String::as_str);
                let (name, path) = value.split_once('=').unwrap_or((value, ""));
                let stem = Path::new(path).file_stem().unwrap_or_default();
                let stem = stem.to_string_lossy();
                let stem = known.get(&*stem).map_or(&*stem, String::as_str);
                key.push(format!("{name}={stem}"));
            }
            _ if arg.strip_prefix("-C").is_some_and(is_id) => {}
            _ => key.push(plain(arg, roots)),
        }
    }
    let sha = digest::of_bytes(key.join("\0").as_bytes()).sha256;
    format!("-{}", &sha[..16])
}

fn is_id(option: &str) -> bool {
    option.starts_with("metadata=") || option.starts_with("extra-filename=")
}

/// With canonical directories, and without the hashes of directory names, which follow from the
/// very value that is replaced.
fn plain(text: &str, roots: &Roots) -> String {
    let text =
        roots.iter().fold(text.to_string(), |t, (real, canonical)| t.replace(real, canonical));
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('-') {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let hash = after.bytes().take_while(u8::is_ascii_hexdigit).count();
        let ends = after[hash..].chars().next().is_none_or(|c| !c.is_alphanumeric());
        rest = if hash == 16 && ends { &after[16..] } else { after };
    }
    out + rest
}

/// The remap of a package's OUT_DIR, whose name has a hash that follows from the replaced value.
pub fn remap(out_dir: &str, roots: &Roots) -> String {
    format!("--remap-path-prefix={out_dir}={}", plain(out_dir, roots))
}

/// Replaces both options in a call.
pub fn replace(args: &mut [String], extra_filename: &str) {
    for arg in args {
        let option = arg.strip_prefix("-C");
        let (start, option) = option.map_or(("", arg.as_str()), |option| ("-C", option));
        if option.starts_with("metadata=") {
            *arg = format!("{start}metadata={}", &extra_filename[1..]);
        } else if option.starts_with("extra-filename=") {
            *arg = format!("{start}extra-filename={extra_filename}");
        }
    }
}

/// Runs rustc for a unit and gives each output its second name: libraries' metadata before rustc's word
/// of it reaches cargo, which starts dependents then, the rest at the end. rustc uses the `canonical`
/// value of `-C extra-filename`, and cargo waits for the unit's.
pub fn run(unit: &Unit, canonical: &str, command: &mut Command) -> Result<ExitStatus> {
    let status = rustc_call::run(command, |line| {
        let text = String::from_utf8_lossy(line);
        if text.contains("\"artifact\"") && text.contains(canonical) {
            link_outputs(unit, canonical)?;
            *line = text.replace(canonical, &unit.extra_filename).into_bytes();
        }
        Ok(())
    })?;
    link_outputs(unit, canonical)?;
    Ok(status)
}

fn link_outputs(unit: &Unit, canonical: &str) -> Result<()> {
    let stems = ["", "lib"].map(|l| format!("{l}{}{canonical}", unit.crate_name));
    let out_dir = Path::new(&unit.out_dir);
    for name in fs::entries(out_dir)? {
        let text = name.to_string_lossy();
        if !stems.iter().any(|s| text.starts_with(s.as_str())) {
            continue;
        }
        let expected = out_dir.join(text.replace(canonical, &unit.extra_filename));
        let made = out_dir.join(&name);
        if fs::identity(&made).ok() != fs::identity(&expected).ok() {
            fs::remove_tree_or_file(&expected)?;
            match fs::link_or_copy(&made, &expected) {
                // While rustc still runs, it removes objects that it has put into the library.
                Err(_) if !made.exists() => {}
                linked => linked?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(line: &str, root: &str, known: &[Unit]) -> String {
        let args: Vec<String> = line.split(' ').map(str::to_string).collect();
        let roots = vec![(root.to_string(), "<source>".to_string())];
        extra_filename("p 1.0.0", &args, &roots, &stems(known, true))
    }

    #[test]
    fn a_macro_that_another_host_made_changes_no_id() {
        let made_by = |hash: &str, kind: &str| {
            let unit = Unit {
                package: "derive 1.0.0".into(),
                crate_name: "derive".into(),
                crate_types: vec![kind.into()],
                extra_filename: format!("-{hash}"),
                canonical_filename: Some(format!("-{hash}")),
                ..Unit::default()
            };
            let call =
                format!("--crate-name x /a/src/lib.rs --extern derive=/t/libderive-{hash}.so");
            id(&call, "/a", &[unit])
        };
        let (one, other) = ("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb");
        assert_eq!(made_by(one, "proc-macro"), made_by(other, "proc-macro"));
        assert_ne!(made_by(one, "lib"), made_by(other, "lib"));
    }

    #[test]
    fn the_same_call_at_another_place_has_the_same_id() {
        let known = |hash: &str| {
            [Unit {
                crate_name: "dep".into(),
                extra_filename: format!("-{hash}"),
                canonical_filename: Some("-cccccccccccccccc".into()),
                ..Unit::default()
            }]
        };
        let a = id(
            "--crate-name x /a/src/lib.rs -C metadata=1111111111111111 -C extra-filename=-2222222222222222 --extern dep=/t/libdep-aaaaaaaaaaaaaaaa.rmeta -L /a/build/x-0123456789abcdef/out",
            "/a",
            &known("aaaaaaaaaaaaaaaa"),
        );
        let b = id(
            "--crate-name x /bb/src/lib.rs -C metadata=3333333333333333 -C extra-filename=-4444444444444444 --extern dep=/t/libdep-bbbbbbbbbbbbbbbb.rmeta -L /bb/build/x-fedcba9876543210/out",
            "/bb",
            &known("bbbbbbbbbbbbbbbb"),
        );
        assert_eq!(a, b);
        assert_eq!(a.len(), 17);
        let other = id("--crate-name x /a/src/lib.rs --cfg feature", "/a", &[]);
        assert_ne!(a, other);
    }

    #[test]
    fn generated_code_has_a_path_without_hash() {
        let roots = vec![("/t".to_string(), "/build/x/target".to_string())];
        assert_eq!(
            remap("/t/release/build/a-b-0123456789abcdef/out", &roots),
            "--remap-path-prefix=/t/release/build/a-b-0123456789abcdef/out=/build/x/target/release/build/a-b-/out"
        );
    }

    #[test]
    fn both_options_are_replaced_in_both_forms() {
        let mut args =
            ["-C", "metadata=a", "-Cextra-filename=-b", "-Copt-level=3"].map(String::from);
        replace(&mut args, "-0123");
        assert_eq!(args, ["-C", "metadata=0123", "-Cextra-filename=-0123", "-Copt-level=3"]);
    }
}
