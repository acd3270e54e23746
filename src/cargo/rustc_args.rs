//! The arguments of a rustc call that are understood well enough to remember what it makes: each
//! option is in one of the tables here, or the call is made on both sides. Pure.

use std::path::{Path, PathBuf};

/// How an option counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// By its value.
    Value,
    /// It has none.
    Bare,
    /// `-C`: by the table of those.
    Codegen,
    /// A crate: by its name; what is in it is an input.
    Extern,
    /// A directory of libraries.
    Search,
    /// A library, whose file is in one of those directories.
    Native,
    /// A target, which must not be a file.
    Target,
    /// Only these kinds of outputs are known.
    Emit,
    /// Only libraries that rustc itself writes.
    CrateType,
}

const OPTIONS: &[(&str, Rule)] = &[
    ("--crate-name", Rule::Value),
    ("--edition", Rule::Value),
    ("--crate-type", Rule::CrateType),
    ("--emit", Rule::Emit),
    ("--error-format", Rule::Value),
    ("--json", Rule::Value),
    ("--diagnostic-width", Rule::Value),
    ("--color", Rule::Value),
    ("--cfg", Rule::Value),
    ("--check-cfg", Rule::Value),
    ("--out-dir", Rule::Value),
    ("--cap-lints", Rule::Value),
    ("--target", Rule::Target),
    ("--remap-path-prefix", Rule::Value),
    ("--allow", Rule::Value),
    ("--warn", Rule::Value),
    ("--deny", Rule::Value),
    ("--forbid", Rule::Value),
    ("--force-warn", Rule::Value),
    ("-A", Rule::Value),
    ("-W", Rule::Value),
    ("-D", Rule::Value),
    ("-F", Rule::Value),
    ("-O", Rule::Bare),
    ("-g", Rule::Bare),
    ("-L", Rule::Search),
    ("-l", Rule::Native),
    ("--extern", Rule::Extern),
    ("-C", Rule::Codegen),
    ("--codegen", Rule::Codegen),
];

/// Codegen options that read no file and leave no other one. Those of the linker do nothing to a library.
const CODEGEN: &[&str] = &[
    "code-model", "codegen-units", "control-flow-guard", "debug-assertions", "debuginfo",
    "default-linker-libraries", "embed-bitcode", "extra-filename", "force-frame-pointers",
    "force-unwind-tables", "instrument-coverage", "link-arg", "link-args", "link-dead-code",
    "linker", "linker-flavor", "linker-plugin-lto", "lto", "metadata", "no-prepopulate-passes",
    "no-redzone", "opt-level", "overflow-checks", "panic", "prefer-dynamic", "relocation-model",
    "rpath", "soft-float", "strip", "symbol-mangling-version", "target-cpu", "target-feature",
];

/// Of `-L`; a path with `=` in it is none.
const KINDS: &[&str] = &["crate", "native", "framework", "all"];

/// A call that can be remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// What counts of the arguments, in their order.
    pub words: Vec<String>,
    /// The crates that it is given: their names, and where they are.
    pub externs: Vec<(String, PathBuf)>,
    /// Directories that may hold native libraries, or crates that no argument names.
    pub searched: Vec<PathBuf>,
}

/// Reads the arguments behind rustc itself.
///
/// # Errors
/// What is not understood, or not remembered: a clause about the call.
pub fn read(args: &[String]) -> Result<Known, String> {
    let mut known = Known::default();
    let (mut sources, mut types) = (0, 0);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if !arg.starts_with('-') {
            sources += 1;
            known.words.push(arg.clone());
            continue;
        }
        let (option, rule, value) = split(arg).ok_or_else(|| format!("has the option `{arg}`"))?;
        let value = match (rule, value) {
            (Rule::Bare, _) => String::new(),
            (_, Some(value)) => value.to_string(),
            (_, None) => args.next().cloned().ok_or_else(|| format!("ends with `{arg}`"))?,
        };
        let mut word = format!("{option}={value}");
        match rule {
            Rule::Value | Rule::Bare | Rule::Native => {}
            Rule::Codegen => codegen(&value)?,
            Rule::Extern => {
                if let Some((name, path)) = value.split_once('=') {
                    known.externs.push((name.to_string(), path.into()));
                    word = format!("{option}={name}");
                }
            }
            Rule::Search => {
                // Crates below others are found by what is in them; any crate is in the other kinds.
                if !value.starts_with("dependency=") {
                    let kind =
                        KINDS.iter().find_map(|kind| value.strip_prefix(kind)?.strip_prefix('='));
                    known.searched.push(kind.unwrap_or(&value).into());
                }
            }
            Rule::Target if value.ends_with(".json") => {
                return Err("is for a target that a file describes".to_string());
            }
            Rule::Target => {}
            Rule::Emit => {
                let kinds = ["dep-info", "metadata", "link"];
                if value.split(',').any(|kind| !kinds.contains(&kind)) {
                    return Err(format!("emits `{value}`"));
                }
            }
            Rule::CrateType => {
                types += 1;
                if value.split(',').any(|t| t != "lib" && t != "rlib") {
                    return Err("links".to_string());
                }
            }
        }
        known.words.push(word);
    }
    match (sources, types) {
        (1, 1..) => Ok(known),
        (1, 0) => Err("links".to_string()),
        _ => Err(format!("names {sources} source files")),
    }
}

fn split(arg: &str) -> Option<(&'static str, Rule, Option<&str>)> {
    OPTIONS.iter().find_map(|(option, rule)| {
        let rest = arg.strip_prefix(option)?;
        let value = match (rest, option.starts_with("--")) {
            ("", _) => None,
            (_, true) => Some(rest.strip_prefix('=')?),
            (_, false) if *rule == Rule::Bare => return None,
            (_, false) => Some(rest),
        };
        Some((*option, *rule, value))
    })
}

fn codegen(value: &str) -> Result<(), String> {
    let (name, value) = value.split_once('=').unwrap_or((value, ""));
    let known = match name {
        "target-cpu" => value != "native",
        "split-debuginfo" => value == "off",
        _ => CODEGEN.contains(&name),
    };
    if known { Ok(()) } else { Err(format!("has the option `-C {name}={value}`")) }
}

/// What the linker may be given without linking anything that is not Rust's: whole words, or with what is
/// behind a `=`.
const LINKER: &[&str] = &[
    "--as-needed", "--build-id", "--build-id=", "--dependency-file=", "--gc-sections", "--icf=",
    "--threads=", "-O1", "-O2", "-fuse-ld=", "-s", "-z", "nostart-stop-gc", "now", "relro",
];

/// Whether a call names libraries that are not Rust's, directories to find them in, or gives the linker more
/// than options that are known.
pub fn links_native(args: &[String]) -> bool {
    let next = args.iter().skip(1).map(Some).chain([None]);
    args.iter().zip(next).any(|(arg, next)| {
        let Some((_, rule, value)) = split(arg) else { return false };
        let value = value.or(next.map(String::as_str)).unwrap_or_default();
        match rule {
            Rule::Native => true,
            Rule::Search => !value.starts_with("dependency="),
            Rule::Codegen => match value.split_once('=') {
                Some(("link-arg", word)) => !is_of_linker(word),
                Some(("link-args", words)) => !words.split_whitespace().all(is_of_linker),
                _ => false,
            },
            _ => false,
        }
    })
}

fn is_of_linker(word: &str) -> bool {
    let known = |part: &str| {
        LINKER.iter().any(|known| part == *known || known.ends_with('=') && part.starts_with(known))
    };
    word.strip_prefix("-Wl,").unwrap_or(word).split(',').all(known)
}

/// Whether a path is in one of these directories.
pub fn is_within(path: &Path, dirs: &[PathBuf]) -> bool {
    dirs.iter().any(|dir| !dir.as_os_str().is_empty() && path.starts_with(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Known, String> {
        read(&line.split(' ').map(str::to_string).collect::<Vec<_>>())
    }

    const LIB: &str = "--crate-name x --crate-type lib src/lib.rs";

    #[test]
    fn a_library_of_known_options_is_remembered() {
        let line = format!(
            "{LIB} --edition=2021 --emit=dep-info,metadata,link -C opt-level=3 -Cembed-bitcode=no \
             --extern y=/t/liby-1.rmeta --extern proc_macro -L dependency=/t -L native=/t/out -L crate=/t/c -L /t/a=b -lstatic=z -O"
        );
        let known = of(&line).unwrap();
        assert_eq!(known.externs, [("y".to_string(), PathBuf::from("/t/liby-1.rmeta"))]);
        assert_eq!(known.searched, ["/t/out", "/t/c", "/t/a=b"].map(PathBuf::from));
        // Where a crate is does not count, and both forms of an option are one.
        assert!(known.words.contains(&"--extern=y".to_string()));
        assert!(known.words.contains(&"-C=embed-bitcode=no".to_string()));
        assert!(known.words.contains(&"-l=static=z".to_string()));
        assert_eq!(of(&format!("{LIB} -C opt-level=3")), of(&format!("{LIB} -Copt-level=3")));
    }

    #[test]
    fn native_libraries_and_where_they_are_searched_for_are_seen() {
        for (more, want) in [
            ("-L dependency=/t -Copt-level=3", false),
            ("-Ldependency=/t", false),
            ("-lstatic=z", true),
            ("-l z", true),
            ("-L native=/t/out", true),
            ("-L /t", true),
            ("-Lnative=/t", true),
            ("-Clink-arg=-Wl,--build-id=sha1 -C link-arg=-fuse-ld=lld", false),
            ("-Clink-arg=-Wl,-z,relro,-z,now", false),
            ("-Clink-arg=/t/x.o", true),
            ("-C link-arg=-lz", true),
            ("--codegen=link-arg=-Wl,--as-needed,/t/x.o", true),
            ("-Clink-args=x.o", true),
            ("-Clink-arg=@list", true),
        ] {
            let args: Vec<_> = format!("{LIB} {more}").split(' ').map(str::to_string).collect();
            assert_eq!(links_native(&args), want, "{more}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_remembered() {
        for (line, why) in [
            ("--crate-name x --crate-type bin src/main.rs", "links"),
            ("--crate-name x --crate-type lib,cdylib src/lib.rs", "links"),
            ("--crate-name x --crate-type lib --crate-type staticlib src/lib.rs", "links"),
            ("--crate-name x --crate-type proc-macro src/lib.rs", "links"),
            ("--crate-name x src/main.rs", "links"),
            ("--crate-name x --crate-type lib", "names 0 source files"),
            ("--crate-type lib a.rs b.rs", "names 2 source files"),
        ] {
            assert_eq!(of(line).unwrap_err(), why, "{line}");
        }
        for odd in [
            "-Zthreads=8", "--test", "--sysroot=/x", "--emit=asm", "--emit=dep-info=/x.d",
            "-C incremental=/x", "-C profile-use=/x", "-C target-cpu=native",
            "-C split-debuginfo=packed", "-C save-temps", "--target x.json", "--print=cfg", "-C",
        ] {
            assert!(of(&format!("{LIB} {odd}")).is_err(), "{odd}");
        }
    }
}
