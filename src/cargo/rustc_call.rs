//! One rustc call as cargo made it: its options, and the unit that it compiles. Read from the arguments and
//! cargo's variables; nothing is decided here about what is appended.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use crate::cargo::units::Unit;
use crate::fs;

/// The arguments of one rustc call, as text; those of `@file` are read in.
pub(super) struct Call {
    pub(super) args: Vec<String>,
}

impl Call {
    pub(super) fn read(args: &[OsString]) -> Result<Call> {
        let mut all = Vec::new();
        for arg in args {
            let text = arg.to_string_lossy();
            match text.strip_prefix('@') {
                Some(file) => {
                    all.extend(fs::read_text(Path::new(file))?.lines().map(str::to_string));
                }
                None => all.push(text.into_owned()),
            }
        }
        Ok(Call { args: all })
    }

    /// Values of an option in its forms `--name value`, `--name=value`.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.args.iter().enumerate().filter_map(move |(i, arg)| {
            if arg == name {
                return self.args.get(i + 1).map(String::as_str);
            }
            arg.strip_prefix(name)?.strip_prefix('=')
        })
    }

    /// Values of a codegen option in its forms `-C name=value`, `-Cname=value`.
    pub(super) fn codegen<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.args.iter().enumerate().filter_map(move |(i, arg)| {
            let option = match arg.as_str() {
                "-C" | "--codegen" => self.args.get(i + 1)?.as_str(),
                _ => arg.strip_prefix("-C").or_else(|| arg.strip_prefix("--codegen="))?,
            };
            option.strip_prefix(name)?.strip_prefix('=')
        })
    }

    /// Takes `--remap-path-scope` out; whether it was there.
    pub(super) fn without_scope(&mut self) -> bool {
        const OPTION: &str = "--remap-path-scope";
        let before = self.args.len();
        while let Some(i) = self.args.iter().position(|arg| arg == OPTION) {
            self.args.drain(i..self.args.len().min(i + 2));
        }
        self.args.retain(|arg| !arg.strip_prefix(OPTION).is_some_and(|v| v.starts_with('=')));
        self.args.len() != before
    }

    pub(super) fn crate_name(&self) -> Option<&str> {
        self.values("--crate-name").next()
    }

    /// cargo also asks rustc for its version and file names; those calls are left as they are.
    pub(super) fn compiles(&self) -> bool {
        self.crate_name().is_some_and(|n| n != "___")
    }

    /// The arguments behind rustc itself, and behind the workspace wrapper in front of it.
    pub(super) fn after_rustc(&self) -> Vec<String> {
        let start = self.args.iter().position(|a| a.starts_with('-'));
        self.args[start.unwrap_or(0)..].to_vec()
    }

    pub(super) fn target<'a>(&'a self, host: &'a str) -> &'a str {
        self.values("--target").last().unwrap_or(host)
    }

    pub(super) fn crate_types(&self) -> Vec<String> {
        let types = self.values("--crate-type").flat_map(|t| t.split(','));
        types.map(str::to_string).collect()
    }

    pub(super) fn links(&self) -> bool {
        let types = self.crate_types();
        types.is_empty()
            || types.iter().any(|t| !["lib", "rlib", "staticlib"].contains(&t.as_str()))
    }

    /// An argument as it is for what links.
    pub(super) fn for_linker(&self, arg: &str) -> Vec<String> {
        match arg.strip_prefix("-Clink-arg=-Wl,").filter(|_| self.linker_is_direct()) {
            Some(rest) => rest.split(',').map(|word| format!("-Clink-arg={word}")).collect(),
            None => vec![arg.to_string()],
        }
    }

    /// Whether rustc calls the linker itself, not a C compiler in front of it: `-Wl,` is then
    /// wrong. rustc infers this from the linker's name in the same way.
    pub(super) fn linker_is_direct(&self) -> bool {
        if let Some(flavor) = self.codegen("linker-flavor").last() {
            return !flavor.ends_with("cc") && !["gcc", "em"].contains(&flavor);
        }
        self.codegen("linker").last().is_some_and(|linker| {
            let stem = Path::new(linker).file_stem().unwrap_or_default();
            let stem = stem.to_string_lossy();
            let name = stem.rsplit('-').next().unwrap_or_default();
            ["ld", "lld", "mold", "gold", "bfd"].contains(&name) || stem.starts_with("ld.")
        })
    }

    /// `-C lto` without a value means the whole program.
    fn has_lto(&self) -> bool {
        let whole = ["fat", "thin", "yes", "y", "on", "true"];
        let pairs = self.args.windows(2).any(|w| w[0] == "-C" && w[1] == "lto");
        let by_linker = self.args.iter().any(|a| a.contains("linker-plugin-lto"));
        let asked = self.codegen("lto").last().map(|v| whole.contains(&v));
        !by_linker && asked.unwrap_or(pairs || self.args.iter().any(|a| a == "-Clto"))
    }

    pub(super) fn unit(&self, host: &str) -> Unit {
        let env = |name: &str| std::env::var(name).unwrap_or_default();
        Unit {
            package: format!("{} {}", env("CARGO_PKG_NAME"), env("CARGO_PKG_VERSION")),
            manifest_dir: env("CARGO_MANIFEST_DIR"),
            crate_name: self.crate_name().unwrap_or_default().to_string(),
            crate_types: self.crate_types(),
            target: self.target(host).to_string(),
            metadata: self.codegen("metadata").last().unwrap_or_default().to_string(),
            extra_filename: self.codegen("extra-filename").last().unwrap_or_default().to_string(),
            canonical_filename: None,
            features: self
                .values("--cfg")
                .filter_map(|c| c.strip_prefix("feature=\"")?.strip_suffix('"'))
                .map(str::to_string)
                .collect(),
            out_dir: self.values("--out-dir").last().unwrap_or_default().to_string(),
            dir: std::env::current_dir().map(|d| d.display().to_string()).unwrap_or_default(),
            externs: self
                .values("--extern")
                .filter_map(|e| e.split_once('=').map(|(_, path)| path.to_string()))
                .collect(),
            script_output: std::env::var("OUT_DIR").ok(),
            random_build_id: self.args.iter().any(|a| a.contains("--build-id=uuid")),
            lto: self.has_lto(),
            native_cpu: self.codegen("target-cpu").last() == Some("native"),
        }
    }
}

/// Runs rustc. `on_line` sees each line of its standard error, and may change it, before it is passed on.
pub(super) fn run(
    command: &mut Command,
    mut on_line: impl FnMut(&mut Vec<u8>) -> Result<()>,
) -> Result<ExitStatus> {
    let mut child = command.stderr(Stdio::piped()).spawn().context("failed to run rustc")?;
    if let Some(pipe) = child.stderr.take() {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(n) if n > 0) {
            on_line(&mut line)?;
            let _ = std::io::stderr().write_all(&line);
            line.clear();
        }
    }
    child.wait().context("failed to wait for rustc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Call {
        Call { args: line.split(' ').map(str::to_string).collect() }
    }

    #[test]
    fn the_scope_of_remaps_is_taken_out_in_both_forms() {
        let mut given = call("rustc -Ca --remap-path-scope=object x --remap-path-scope macro y");
        assert!(given.without_scope());
        assert_eq!(given.args, ["rustc", "-Ca", "x", "y"]);
        assert!(!given.without_scope());
    }

    #[test]
    fn only_compilations_are_changed() {
        assert!(!call("rustc -vV").compiles());
        assert!(!call("rustc - --crate-name ___ --print=file-names").compiles());
        assert!(call("rustc --crate-name x src/lib.rs").compiles());
    }

    #[test]
    fn a_unit_is_read_from_its_call() {
        let line = "rustc --crate-name x --crate-type lib -C metadata=m -C extra-filename=-e \
                    --extern y=/t/liby-1.rlib --extern proc_macro";
        let unit = call(line).unit("host");
        assert_eq!(unit.crate_types, ["lib"]);
        assert_eq!(unit.extra_filename, "-e");
        assert_eq!(unit.externs, ["/t/liby-1.rlib"]);
        assert_eq!(unit.target, "host");
    }
}
