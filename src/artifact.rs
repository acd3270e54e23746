//! The results of a build, as values: kinds, single artifacts, and the set of one build.
//! Kinds decide here which files the verdict rests on and which a release ships. `build` collects artifacts with their
//! digests from cargo's messages, and `compare` pairs those of two builds.

use std::path::PathBuf;

use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind, elf};
use repro_formats::digest::Digest;

/// What kind of file an artifact is, named as cargo names crate types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An executable (examples too).
    Bin,
    /// A Rust library of crate type `lib`.
    Lib,
    /// A Rust library of crate type `rlib`.
    Rlib,
    /// A C dynamic library.
    Cdylib,
    /// A C static library.
    Staticlib,
    /// A Rust dynamic library.
    Dylib,
    /// A procedural macro: runs in the compiler, is not shipped.
    ProcMacro,
    /// A compiled build script: runs during the build, is not shipped.
    BuildScript,
    /// A file that the build makes besides, and that the project puts into its archives.
    Generated,
}

/// Every kind with its name, in the order of the kinds.
const KINDS: [(Kind, &str); 9] = [
    (Kind::Bin, "bin"),
    (Kind::Lib, "lib"),
    (Kind::Rlib, "rlib"),
    (Kind::Cdylib, "cdylib"),
    (Kind::Staticlib, "staticlib"),
    (Kind::Dylib, "dylib"),
    (Kind::ProcMacro, "proc-macro"),
    (Kind::BuildScript, "build-script"),
    (Kind::Generated, "generated"),
];

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Kind> {
        KINDS.into_iter().find(|(_, known)| *known == name).map(|(kind, _)| kind)
    }

    /// The name in reports and manifests.
    pub fn name(self) -> &'static str {
        KINDS[self as usize].1
    }

    /// Whether the verdict rests on artifacts of this kind. What only runs on the build machine
    /// is compared and shown, but decides nothing.
    pub fn in_verdict(self) -> bool {
        !matches!(self, Kind::ProcMacro | Kind::BuildScript)
    }

    /// Whether artifacts of this kind are what a release ships, and so are kept for it.
    pub fn is_shipped(self) -> bool {
        matches!(self, Kind::Bin | Kind::Cdylib | Kind::Staticlib | Kind::Dylib | Kind::Generated)
    }
}

/// One file that a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// `name version` of the package.
    pub package: String,
    /// Target triple it was built for.
    pub target: String,
    /// What it is.
    pub kind: Kind,
    /// File name without directories.
    pub name: String,
    /// Size and SHA-256.
    pub digest: Digest,
    /// Where the file is now.
    pub path: PathBuf,
}

/// The artifacts of one build, sorted by target, package, kind and name.
#[derive(Clone, Debug, Default)]
pub struct ArtifactSet(Vec<Artifact>);

impl ArtifactSet {
    /// Sorts and keeps the given artifacts; a file that cargo named twice is kept once. Two builds
    /// of one package for different uses can leave files of one name: the digest orders them.
    pub fn new(mut artifacts: Vec<Artifact>) -> ArtifactSet {
        let key = |a: &Artifact| (a.target.clone(), a.package.clone(), a.kind, a.name.clone());
        artifacts.sort_by_key(|a| (key(a), a.digest.clone()));
        artifacts.dedup();
        ArtifactSet(artifacts)
    }

    /// The artifacts in order.
    pub fn iter(&self) -> impl Iterator<Item = &Artifact> {
        self.0.iter()
    }
}

/// Whether an ELF program asks for a dynamic loader, which heeds `LD_PRELOAD`; `None` of what is no such
/// program. A beginning will do, as linkers put the program headers right behind the header.
pub fn asks_for_loader(bytes: &[u8]) -> Option<bool> {
    fn of<E: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<bool> {
        let header = E::parse(bytes).ok()?;
        let endian = header.endian().ok()?;
        let segments = header.program_headers(endian, bytes).ok()?;
        let is_program = [elf::ET_EXEC, elf::ET_DYN].contains(&header.e_type(endian));
        let asks = segments.iter().any(|segment| segment.p_type(endian) == elf::PT_INTERP);
        (is_program && !segments.is_empty()).then_some(asks)
    }
    match FileKind::parse(bytes).ok()? {
        FileKind::Elf32 => of::<elf::FileHeader32<Endianness>>(bytes),
        FileKind::Elf64 => of::<elf::FileHeader64<Endianness>>(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executable with two program headers of these types, the table at `table`.
    fn crafted(wide: bool, little: bool, types: [u64; 2], table: u64) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 2 * 56];
        let mut put = |at: usize, size: usize, value: u64| {
            let (le, be) = (value.to_le_bytes(), value.to_be_bytes());
            let field = if little { &le[..size] } else { &be[8 - size..] };
            bytes[at..at + size].copy_from_slice(field);
        };
        let (offset, width, entry, step) = if wide { (32, 8, 54, 56) } else { (28, 4, 42, 32) };
        put(16, 2, 3);
        put(offset, width, table);
        put(entry, 2, step);
        put(entry + 2, 2, 2);
        put(64, 4, types[0]);
        put(64 + step as usize, 4, types[1]);
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4..7].copy_from_slice(&[if wide { 2 } else { 1 }, if little { 1 } else { 2 }, 1]);
        bytes
    }

    #[test]
    fn each_kind_is_at_its_place_in_the_table() {
        assert!(KINDS.iter().enumerate().all(|(i, (kind, _))| *kind as usize == i));
    }

    #[test]
    fn reads_both_classes_and_both_byte_orders() {
        for (wide, little) in [(false, false), (false, true), (true, false), (true, true)] {
            let dynamic = crafted(wide, little, [1, 3], 64);
            assert_eq!(asks_for_loader(&dynamic), Some(true));
            assert_eq!(asks_for_loader(&crafted(wide, little, [1, 2], 64)), Some(false));
        }
    }

    #[test]
    fn hostile_bytes_are_no_executable_and_do_not_panic() {
        let good = crafted(true, true, [1, 3], 64);
        for end in 0..good.len() {
            assert_eq!(asks_for_loader(&good[..end]), None);
        }
        for table in [u64::MAX, u64::MAX - 56, 1 << 63, 121] {
            assert_eq!(asks_for_loader(&crafted(true, true, [1, 3], table)), None);
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                asks_for_loader(&bytes);
            }
        }
        assert_eq!(asks_for_loader(b"MZ\x90\0"), None);
        assert_eq!(asks_for_loader(b"\x7fELF"), None);
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn this_test_is_dynamic_and_an_object_is_no_executable() {
        let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(asks_for_loader(&bytes[..4096]), Some(true));
        assert_eq!(asks_for_loader(&bytes), Some(true));
        let relocatable = if bytes[5] == 1 { 16 } else { 17 };
        bytes[relocatable] = 1;
        assert_eq!(asks_for_loader(&bytes), None);
    }
}
