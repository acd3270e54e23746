//! What procedural macros read, written down while rustc runs them: files, variables and random numbers; and
//! what rustc itself opens, for assembler code within Rust can include files that no dep-info lists.
//!
//! Owns the compiling of the watcher, whose source begins in `watcher.rs`, the list of what a macro may ask the
//! C library for, and the reading of its records. A macro that imports anything else cannot be watched.
//! Decides nothing about what is remembered: that is for `cargo::reuse`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use object::read::elf::{Dyn, ElfFile64, FileHeader};
use object::{Endianness, Object, ObjectSymbol, elf};

use super::preloaded;

/// The parts of the object; the first one names the others.
const SOURCES: [(&str, &str); 3] = [
    ("watcher.rs", include_str!("watcher.rs")),
    ("kernel.rs", include_str!("kernel.rs")),
    preloaded::ENVIRONMENT,
];
/// What tells the watcher what to do.
const VARIABLE: &str = "REPRO_WATCH";
/// Between the parts of its value.
const BETWEEN: char = '\u{1f}';
/// The architectures whose calls the source knows.
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// How a function of the C library counts that a macro imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Import {
    /// It reads nothing from outside, or only files that were opened by a function that is watched.
    Plain,
    /// The watcher stands for it.
    Watched,
}

/// All that a macro may import: what the standard library within it needs.
const IMPORTS: &[(&str, Import)] = &[
    ("getenv", Import::Watched),
    ("getrandom", Import::Watched),
    ("open", Import::Watched),
    ("open64", Import::Watched),
    ("readlink", Import::Watched),
    ("realpath", Import::Watched),
    ("stat", Import::Watched),
    ("stat64", Import::Watched),
    ("statx", Import::Watched),
    ("syscall", Import::Watched),
    ("_ITM_deregisterTMCloneTable", Import::Plain),
    ("_ITM_registerTMCloneTable", Import::Plain),
    ("_Unwind_Backtrace", Import::Plain),
    ("_Unwind_DeleteException", Import::Plain),
    ("_Unwind_GetDataRelBase", Import::Plain),
    ("_Unwind_GetIP", Import::Plain),
    ("_Unwind_GetIPInfo", Import::Plain),
    ("_Unwind_GetLanguageSpecificData", Import::Plain),
    ("_Unwind_GetRegionStart", Import::Plain),
    ("_Unwind_GetTextRelBase", Import::Plain),
    ("_Unwind_RaiseException", Import::Plain),
    ("_Unwind_Resume", Import::Plain),
    ("_Unwind_SetGR", Import::Plain),
    ("_Unwind_SetIP", Import::Plain),
    ("__cxa_finalize", Import::Plain),
    ("__cxa_thread_atexit_impl", Import::Plain),
    ("__errno_location", Import::Plain),
    ("__gmon_start__", Import::Plain),
    ("__stack_chk_fail", Import::Plain),
    ("__tls_get_addr", Import::Plain),
    ("__xpg_strerror_r", Import::Plain),
    ("abort", Import::Plain),
    ("bcmp", Import::Plain),
    ("calloc", Import::Plain),
    ("close", Import::Plain),
    // Where libraries are in memory is by chance in every process.
    ("dl_iterate_phdr", Import::Plain),
    ("free", Import::Plain),
    ("fstat", Import::Plain),
    ("fstat64", Import::Plain),
    // The directory of the call is part of its key.
    ("getcwd", Import::Plain),
    ("gettid", Import::Plain),
    ("lseek", Import::Plain),
    ("lseek64", Import::Plain),
    ("malloc", Import::Plain),
    ("memchr", Import::Plain),
    ("memcmp", Import::Plain),
    ("memcpy", Import::Plain),
    ("memmove", Import::Plain),
    ("memrchr", Import::Plain),
    ("memset", Import::Plain),
    ("mmap", Import::Plain),
    ("mmap64", Import::Plain),
    ("munmap", Import::Plain),
    ("poll", Import::Plain),
    ("posix_memalign", Import::Plain),
    ("pthread_key_create", Import::Plain),
    ("pthread_key_delete", Import::Plain),
    ("pthread_setspecific", Import::Plain),
    ("read", Import::Plain),
    ("realloc", Import::Plain),
    ("strlen", Import::Plain),
    ("write", Import::Plain),
    ("writev", Import::Plain),
];

/// The libraries that these functions come from.
const LIBRARIES: [&str; 8] = [
    "libc.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
];

/// Compiles the watcher with `rustc`, in the directory `scratch`; returns where it is.
///
/// # Errors
/// It is not for this host (a target triple), `LD_PRELOAD` cannot carry the path, or the compiler fails: one
/// that is older than 1.88 does.
pub fn compile(rustc: &Path, host: &str, scratch: &Path) -> Result<PathBuf> {
    let arch = host.strip_suffix("-unknown-linux-gnu").unwrap_or_default();
    anyhow::ensure!(ARCHITECTURES.contains(&arch), "macros cannot be watched on {host}");
    let object = preloaded::compile(rustc, scratch, "repro_watcher", &SOURCES)
        .context("failed to compile the watcher of macros")?;
    let carried = preloaded::can_carry(&object) && !object.to_string_lossy().contains(BETWEEN);
    anyhow::ensure!(carried, "LD_PRELOAD cannot carry `{}`", object.display());
    Ok(object)
}

/// The variables by which a process is watched: `record` is the file that the watcher writes, `seed` what the
/// random numbers of macros begin with. The watcher must be the first that is preloaded; `behind` it are
/// the preload shim, and what the process preloads besides.
pub fn variables<'a>(
    object: &Path,
    record: &Path,
    seed: &str,
    behind: impl IntoIterator<Item = &'a str>,
) -> [(&'static str, String); 2] {
    let object = object.display().to_string();
    let behind = behind.into_iter().filter(|part| !part.is_empty());
    let rest: String = behind.map(|part| format!(":{part}")).collect();
    [
        ("LD_PRELOAD", format!("{object}{rest}")),
        (VARIABLE, format!("{object}{BETWEEN}{}{BETWEEN}{seed}", record.display())),
    ]
}

/// Why the macros in a library cannot be watched, as a clause about them; none if they can.
pub fn obstacle(library: &[u8]) -> Option<String> {
    let unknown = || Some("is not a library of this system".to_string());
    let Ok(file) = ElfFile64::<Endianness>::parse(library) else { return unknown() };
    let Ok(needed) = needed(&file, library) else { return unknown() };
    if let Some(other) = needed.iter().find(|name| !LIBRARIES.contains(&name.as_str())) {
        return Some(format!("loads `{other}`"));
    }
    for symbol in file.dynamic_symbols().filter(|s| s.is_undefined()) {
        let Ok(name) = symbol.name() else { return unknown() };
        if !name.is_empty() && !IMPORTS.iter().any(|(known, _)| *known == name) {
            return Some(format!("can call `{name}`"));
        }
    }
    None
}

/// The libraries that one names.
fn needed(file: &ElfFile64<'_, Endianness>, data: &[u8]) -> object::Result<Vec<String>> {
    let endian = file.endian();
    let sections = file.elf_header().sections(endian, data)?;
    let Some((list, link)) = sections.dynamic(endian, data)? else { return Ok(Vec::new()) };
    let strings = sections.strings(endian, data, link)?;
    let names = list.iter().filter(|d| d.tag(endian) == elf::DT_NEEDED);
    let text = |d| Ok(String::from_utf8_lossy(Dyn::string(d, endian, strings)?).into_owned());
    names.map(text).collect()
}

/// One thing that macros did, or rustc itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// They asked for a variable.
    Variable(String),
    /// They read a file, or asked whether it is there; as they named it.
    File(PathBuf),
    /// They called a function of which nothing more is known.
    Called(String),
    /// rustc itself opened this file; as it named it.
    Opened(PathBuf),
    /// It could not open this one.
    Missed(PathBuf),
}

/// What a record says, each thing once; none if the watcher did not start, or a line is not whole.
pub fn read(record: &[u8]) -> Option<BTreeSet<Read>> {
    let mut lines = record.strip_suffix(&[0])?.split(|b| *b == 0);
    if lines.next()? != b"s " {
        return None;
    }
    let understood = |line: &[u8]| {
        let text = || String::from_utf8(line.get(2..)?.to_vec()).ok();
        match line.get(..2)? {
            b"v " => Some(Read::Variable(text()?)),
            b"f " => Some(Read::File(text()?.into())),
            b"x " => Some(Read::Called(text()?)),
            b"o " => Some(Read::Opened(text()?.into())),
            b"m " => Some(Read::Missed(text()?.into())),
            _ => None,
        }
    };
    lines.map(understood).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_whole_or_not_at_all() {
        let name = |name: &str| name.to_string();
        for (record, want) in [
            (&b"s \0"[..], Some(vec![])),
            (
                b"s \0v A\0f /x\0x statx\0o y\0v A\0m z\0",
                Some(vec![
                    Read::Variable(name("A")),
                    Read::File("/x".into()),
                    Read::Called(name("statx")),
                    Read::Opened("y".into()),
                    Read::Missed("z".into()),
                ]),
            ),
            // Nothing was started, a line has no end, begins otherwise, or is not text.
            (b"", None),
            (b"v A\0", None),
            (b"s \0v A", None),
            (b"s \0q A\0", None),
            (b"s \0v", None),
            (b"s \0v\0", None),
            (b"s \0f \xff\0", None),
        ] {
            let want = want.map(BTreeSet::from_iter);
            assert_eq!(read(record), want, "{}", record.escape_ascii());
        }
    }

    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    #[test]
    fn the_watcher_stands_for_what_the_list_says_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let host = "x86_64-unknown-linux-gnu";
        let rustc = PathBuf::from(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
        let object = std::fs::read(compile(&rustc, host, dir.path()).unwrap()).unwrap();
        let file = ElfFile64::<Endianness>::parse(&*object).unwrap();
        let defined = file.dynamic_symbols().filter(|s| s.is_definition());
        let mut names: Vec<_> = defined.map(|s| s.name().unwrap().to_string()).collect();
        names.sort();
        let watched = IMPORTS.iter().filter(|(_, import)| *import == Import::Watched);
        assert_eq!(names, watched.map(|(name, _)| *name).collect::<Vec<_>>());
        assert!(compile(&rustc, "x86_64-unknown-linux-musl", dir.path()).is_err());
        // It asks for the loader's functions itself, which a macro must not.
        assert!(obstacle(&object).is_some_and(|why| why.starts_with("can call `")));
        assert_eq!(obstacle(b"MZ"), Some("is not a library of this system".to_string()));
    }

    #[test]
    fn what_else_is_preloaded_stays() {
        let behind = ["/run/p.so", "", "/their.so"];
        let given = variables(Path::new("/w/x.so"), Path::new("/w/r"), "A7", behind);
        assert_eq!(given[0], ("LD_PRELOAD", "/w/x.so:/run/p.so:/their.so".to_string()));
        assert_eq!(given[1].1, "/w/x.so\u{1f}/w/r\u{1f}A7");
    }
}
