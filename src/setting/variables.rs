//! Environment variables of a manifest: which may be set again, and by which rule a value is read.
//! A manifest is untrusted: no variable is set that names a program or the machine, or whose value its rule rejects.

use std::path::{Component, Path};

use super::entry::{Fate, Home, Setting};
use super::flags;
use crate::manifest::Variable;
use crate::recipe::environment::{self, Class};

/// How the value of a variable is read before it is set again.
#[derive(Clone, Copy)]
enum Rule {
    Rustc,
    /// As [`Rule::Rustc`], separated by 0x1f.
    EncodedRustc,
    C,
    Linker,
    /// A word: no path, no flag.
    Word,
    /// A word, or it names files of the publisher's machine.
    WordOrPath,
    /// Anything: only the source gives it a meaning.
    Text,
    /// It names a program or files.
    Never,
    /// A relative path: what reads it looks whether that is in the source.
    Below,
}

/// Names, and how their value is read; the first row that fits decides. `*` stands for anything.
const RULES: &[(&str, &str, Rule)] = &[
    ("CARGO_ENCODED_RUSTFLAGS", "", Rule::EncodedRustc),
    ("RUSTFLAGS", "", Rule::Rustc),
    ("CARGO_BUILD_RUSTFLAGS", "", Rule::Rustc),
    ("CARGO_TARGET_", "_RUSTFLAGS", Rule::Rustc),
    ("CARGO_HOST_", "RUSTFLAGS", Rule::Rustc),
    ("CARGO_RESOLVER_LOCKFILE_PATH", "", Rule::Below),
    ("CARGO_BUILD_RUSTDOC", "*", Rule::Never),
    ("CARGO_", "*", Rule::Word),
    ("RUSTC_BOOTSTRAP", "", Rule::Word),
    ("LDFLAGS", "", Rule::Linker),
    ("ARFLAGS", "*", Rule::Word),
    ("RANLIBFLAGS", "*", Rule::Word),
    ("BINDGEN_EXTRA_CLANG_ARGS", "*", Rule::C),
];

fn rule(name: &str) -> Rule {
    match environment::class(name) {
        Some(Class::Machine | Class::Program) => return Rule::Never,
        None => return Rule::Text,
        Some(Class::Setting) => {}
    }
    let name = environment::folded(name);
    for (start, end, rule) in RULES {
        let rest = name.strip_prefix(start);
        let fits = match *end {
            "*" => rest.is_some(),
            end => {
                rest.is_some_and(|rest| rest.ends_with(end) && (!end.is_empty() || rest.is_empty()))
            }
        };
        if fits {
            return *rule;
        }
    }
    if name.contains("FLAGS") { Rule::C } else { Rule::WordOrPath }
}

/// Whether a path begins where it is used: on Windows `/x` and `C:x` have no root or no drive, and are
/// elsewhere all the same.
fn is_relative(path: &str) -> bool {
    let first = Path::new(path).components().next();
    !matches!(first, Some(Component::Prefix(_) | Component::RootDir))
}

/// What a replay does with one variable.
///
/// # Errors
/// A clause: the value is none that a replay may set.
pub fn fate(name: &str, value: &str) -> Result<Fate, String> {
    let words = || flags::split(value);
    let read = match rule(name) {
        Rule::Rustc => flags::rustc(&words()),
        Rule::EncodedRustc => {
            let words = value.split('\u{1f}').filter(|w| !w.is_empty()).map(str::to_string);
            flags::rustc(&words.collect::<Vec<_>>())
        }
        Rule::C => flags::c(&words()),
        Rule::Linker => flags::linker(&words()),
        Rule::Word if flags::is_word(value) => Ok(Fate::Replayed),
        Rule::Below if is_relative(value) => Ok(Fate::Replayed),
        Rule::Word | Rule::Below => Err(value.to_string()),
        Rule::WordOrPath if value.contains(['/', '\\']) => Ok(Fate::Fact),
        Rule::WordOrPath | Rule::Text => Ok(Fate::Replayed),
        Rule::Never => Ok(Fate::Fact),
    };
    read.map_err(|bad| {
        let (name, bad) = (name.escape_debug(), bad.escape_debug());
        format!("`{bad}` in `{name}` is not one of the flags and values that a rebuild may take from a manifest")
    })
}

/// cargo reads its own settings from its environment and from the keys of its config, and none of them
/// from `[env]`, which is for what it runs.
fn home(name: &str) -> Home {
    match (environment::class(name), rule(name)) {
        (Some(Class::Machine | Class::Program), _) => Home::Nowhere,
        (_, Rule::Rustc | Rule::EncodedRustc) => Home::Rustflags,
        _ if environment::folded(name).starts_with("CARGO_PROFILE_") => Home::Profile,
        _ if environment::folded(name).starts_with("CARGO_") => Home::CargoConfig,
        _ => Home::Environment,
    }
}

/// The variables that have a value: none of them is in the source. Values of those that the verifier
/// supplies are not read.
pub(super) fn settings(
    variables: &[Variable],
    supplied: &[String],
) -> Result<Vec<Setting>, String> {
    let set = variables.iter().filter_map(|v| Some((&v.name, v.value.as_ref()?)));
    set.map(|(name, value)| {
        let fate = if supplied.contains(name) { Fate::Replayed } else { fate(name, value)? };
        let setting = Setting::new(name, value, fate, home(name));
        Ok(Setting { variable: Some(name.clone()), ..setting })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_belongs_where_cargo_reads_it() {
        let table = [
            ("RUSTFLAGS", Home::Rustflags),
            ("CARGO_ENCODED_RUSTFLAGS", Home::Rustflags),
            ("CARGO_BUILD_RUSTFLAGS", Home::Rustflags),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", Home::Rustflags),
            ("CARGO_BUILD_TARGET", Home::CargoConfig),
            ("CARGO_PROFILE_RELEASE_LTO", Home::Profile),
            ("CFLAGS", Home::Environment),
            ("APP_CHANNEL", Home::Environment),
            ("CC", Home::Nowhere),
        ];
        for (name, expected) in table {
            assert_eq!(home(name), expected, "{name}");
        }
    }

    #[test]
    fn each_variable_is_read_by_its_own_rule() {
        let table = [
            ("RUSTFLAGS", "-Copt-level=1", Some(Fate::Replayed)),
            ("RUSTFLAGS", "-L/evil", None),
            ("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}a b", Some(Fate::Replayed)),
            ("CARGO_ENCODED_RUSTFLAGS", "-L\u{1f}/evil", None),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "--sysroot=/evil", None),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "/evil/cc", Some(Fate::Fact)),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", "/evil", Some(Fate::Fact)),
            ("CARGO_HOST_RUSTFLAGS", "-Copt-level=1", Some(Fate::Replayed)),
            ("CARGO_HOST_RUSTFLAGS", "-L/evil", None),
            ("CARGO_HOST_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "--sysroot=/evil", None),
            ("CARGO_HOST_LINKER", "/evil/cc", Some(Fate::Fact)),
            ("CARGO_PROFILE_RELEASE_LTO", "fat", Some(Fate::Replayed)),
            ("CARGO_PROFILE_RELEASE_LTO", "/evil", None),
            ("CARGO_RESOLVER_LOCKFILE_PATH", "../locks/Cargo.lock", Some(Fate::Replayed)),
            ("CARGO_RESOLVER_LOCKFILE_PATH", "/evil/Cargo.lock", None),
            ("CARGO_BUILD_RUSTC", "/evil", Some(Fate::Fact)),
            ("CFLAGS", "-O1", Some(Fate::Replayed)),
            ("CFLAGS_x86_64-unknown-linux-gnu", "-fplugin=/evil.so", None),
            ("HOST_CFLAGS", "-B/evil", None),
            ("LDFLAGS", "-Wl,-z,now", Some(Fate::Replayed)),
            ("LDFLAGS", "-L/evil", None),
            ("CC", "/evil/cc", Some(Fate::Fact)),
            ("LIBRARY_PATH", "/evil", Some(Fate::Fact)),
            ("PKG_CONFIG_PATH", "/evil", Some(Fate::Fact)),
            ("CONST_RANDOM_SEED", "7", Some(Fate::Replayed)),
            ("APP_CHANNEL", "beta", Some(Fate::Replayed)),
            ("MAKEFLAGS", "--eval=$(shell evil)", Some(Fate::Fact)),
            ("PYTHONPATH", "/evil", Some(Fate::Fact)),
        ];
        for (name, value, expected) in table {
            assert_eq!(fate(name, value).ok(), expected, "{name}={value}");
            if cfg!(windows) {
                let name = name.to_ascii_lowercase();
                assert_eq!(fate(&name, value).ok(), expected, "{name}={value}");
            }
        }
    }
}
