//! The manifest's description of this machine: system, C compiler, linkers, and the files that the
//! linker read. It is the first place to look when another machine gets different bytes.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use object::{Object, ObjectSection};
use repro_formats::digest;
use repro_formats::names::printable;

use crate::artifact::{ArtifactSet, Kind};
use crate::build::Built;
use crate::fs;
use crate::manifest::{Builder, File, Tool};
use crate::process::Cmd;
use crate::toolchain::Toolchain;

/// Looks at the machine, and at what it built for traces of it.
pub fn describe(toolchain: &Toolchain, built: &Built) -> Result<Builder> {
    let linker_inputs = built
        .linker_inputs
        .iter()
        .map(|path| {
            Ok(File { path: path.display().to_string(), sha256: digest::of_file(path)?.sha256 })
        })
        .collect::<Result<Vec<_>>>()?;
    let unknown = "the linker's version was not read: it is not the default linker of a Linux host with glibc";
    Ok(Builder {
        os: os(),
        tools: tools(toolchain),
        rust_src: Some(toolchain.sysroot.join("lib/rustlib/src/rust/library").is_dir()),
        linkers: linkers(&built.artifacts),
        linker_inputs_unknown: linker_inputs.is_empty().then(|| unknown.to_string()),
        linker_inputs,
    })
}

/// The linkers that really linked: LLD and mold leave their version in `.comment`, GNU ld does not.
fn linkers(artifacts: &ArtifactSet) -> Vec<String> {
    let linked = artifacts.iter().filter(|a| matches!(a.kind, Kind::Bin | Kind::Cdylib));
    let found: BTreeSet<String> =
        linked.flat_map(|a| comments(&a.path).unwrap_or_default()).collect();
    found.into_iter().collect()
}

fn comments(path: &Path) -> Option<Vec<String>> {
    let bytes = std::fs::read(path).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let data = file.section_by_name(".comment")?.data().ok()?;
    let lines = data.split(|b| *b == 0).map(printable);
    let linkers = lines.filter_map(|line| {
        let named = line.strip_prefix("Linker: ").map(str::to_string);
        named.or_else(|| line.starts_with("mold ").then_some(line))
    });
    Some(linkers.collect())
}

fn os() -> String {
    let release = fs::read_text_if_any(Path::new("/etc/os-release"));
    let release = release.ok().flatten().unwrap_or_default();
    let pretty = release.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="));
    pretty.map_or(std::env::consts::OS.to_string(), |p| p.trim_matches('"').to_string())
}

fn tools(toolchain: &Toolchain) -> Vec<Tool> {
    let lld = toolchain.sysroot.join("lib/rustlib").join(toolchain.host()).join("bin/rust-lld");
    let lld = lld.to_string_lossy();
    let commands: [(&str, &[&str]); 4] = [
        ("cc", &["cc", "--version"]),
        ("c++", &["c++", "--version"]),
        ("ld", &["ld", "--version"]),
        ("rust-lld", &[&lld, "-flavor", "gnu", "--version"]),
    ];
    commands
        .iter()
        .filter_map(|(name, command)| {
            let out = Cmd::new(command[0]).args(&command[1..]).output().ok()?;
            let version = out.text().lines().next()?.to_string();
            out.status.success().then(|| Tool { name: name.to_string(), version })
        })
        .collect()
}

/// Whether the C compiler's linker can list the files that it reads.
pub fn linker_lists_inputs(host: &str, scratch: &Path) -> bool {
    if !(host.contains("linux") && host.ends_with("gnu")) {
        return false;
    }
    let list = format!("-Wl,--dependency-file={}/probe.d", scratch.display());
    let exe = scratch.join("probe");
    Cmd::new("cc")
        .args(["-x", "c", "-", "-o"])
        .arg(exe)
        .arg(list)
        .stdin("int main(void) { return 0; }\n")
        .output()
        .is_ok_and(|out| out.status.success())
}
