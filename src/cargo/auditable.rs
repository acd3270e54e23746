//! The list of packages that `--auditable` puts into programs and C libraries, as `cargo auditable` does:
//! JSON in zlib, in the section `.dep-v0`, for `cargo audit bin`, syft and others.
//! <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>
//!
//! It is made from the rustc calls that led to the link: nothing is resolved again, and no path of a
//! machine is in it. It is linked as an object file, so it is there before the linker signs or hashes
//! anything.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, Object as _, SectionFlags, SectionKind,
    SymbolFlags, SymbolKind, SymbolScope, elf,
};
use serde::{Deserialize, Serialize};

use crate::cargo::units::{Graph, Role, Unit};
use crate::error::host;
use crate::fs;
use crate::platform::{self, Platform};

/// The section.
pub const SECTION: &str = ".dep-v0";
/// The symbol that makes the linker keep the section.
const SYMBOL: &str = "AUDITABLE_VERSION_INFO";
/// Where the lists are, in the wrapper's directory.
const DIR: &str = "auditable";
const PACKAGES: &str = "packages.json";
/// Procedural macros are among what is needed for the build only.
const FORMAT: u32 = 1;
/// Of zlib. Its output is that of one version: a test shows when it changes.
const LEVEL: u32 = 6;
/// Where the toolchain has the sources of the standard library, which has no versions.
const LIBRARY: &str = "lib/rustlib/src/rust";

/// A package as the list has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What tells packages of one name and version apart, the same for every builder.
    pub id: String,
    /// `crates.io`, `registry`, `git` or `local`.
    pub source: String,
}

/// Packages by the directory of their Cargo.toml, as the build sees it.
pub type Packages = BTreeMap<PathBuf, Listed>;

#[derive(Serialize)]
struct List<'a> {
    packages: Vec<Package<'a>>,
    format: u32,
}

#[derive(Serialize)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    root: bool,
}

/// The directory of the lists.
pub fn dir(wrapper: &Path) -> PathBuf {
    wrapper.join(DIR)
}

/// Stores the packages for the wrapper.
pub fn keep(wrapper: &Path, packages: &Packages) -> Result<()> {
    fs::create_dir(&dir(wrapper))?;
    let json = serde_json::to_vec(packages).context("failed to encode the list of packages")?;
    fs::write(&dir(wrapper).join(PACKAGES), json)
}

/// Whether a program for this target can have a list.
pub fn is_for(target: &str) -> bool {
    object(target, b"").is_some()
}

/// Whether a file has one.
pub fn is_in(bytes: &[u8]) -> bool {
    let file = object::File::parse(bytes).ok();
    file.is_some_and(|file| file.section_by_name(SECTION).is_some())
}

/// Whether a unit gets one.
pub fn wants(unit: &Unit) -> bool {
    (unit.makes("bin") || unit.makes("cdylib")) && !unit.is_for_the_build()
}

/// Arguments of rustc that link the list of a unit into it. `units` are those that came before.
pub fn arguments(wrapper: &Path, unit: &Unit, mut units: Vec<Unit>) -> Result<Vec<String>> {
    units.push(unit.clone());
    let packages = fs::read_text(&dir(wrapper).join(PACKAGES))?;
    let packages =
        serde_json::from_str(&packages).context("failed to read the list of packages")?;
    let list = list(&Graph::new(&units), units.len() - 1, &packages)?;
    let object = object(&unit.target, &packed(&list)?).ok_or_else(|| {
        host(format!("no list of dependencies can be linked for the target `{}`", unit.target))
    })?;
    let path = dir(wrapper).join(format!("{}.o", unit.link_name()));
    fs::write(&path, object)?;
    Ok(vec![format!("-Clink-arg={}", path.display()), kept(&unit.target)])
}

/// The option by which a linker keeps the section.
fn kept(target: &str) -> String {
    let family = platform::of_triple(target);
    let is_x86 = target.starts_with('i') && matches!(family, Platform::Msvc | Platform::MinGw);
    let prefix = if is_x86 || family == Platform::Apple { "_" } else { "" };
    match family {
        Platform::Msvc => format!("-Clink-arg=/INCLUDE:{prefix}{SYMBOL}"),
        _ => format!("-Clink-arg=-Wl,-u,{prefix}{SYMBOL}"),
    }
}

/// A package in the list: its name, version and id, by which it is sorted.
type Key<'a> = (&'a str, &'a str, &'a str);

/// The list of what one unit was made of.
fn list(graph: &Graph, root: usize, packages: &Packages) -> Result<Vec<u8>> {
    let mut keys: BTreeMap<usize, Key> = BTreeMap::new();
    let mut sources: BTreeMap<Key, &str> = BTreeMap::new();
    let roles = graph.roles(root, &|_| true);
    for i in roles.keys() {
        let unit = &graph.units[*i];
        let dir = Path::new(&unit.manifest_dir);
        match packages.get(dir) {
            Some(listed) => {
                let (name, version) = unit.package.split_once(' ').unwrap_or((&unit.package, ""));
                let key = (name, version, &*listed.id);
                keys.insert(*i, key);
                sources.insert(key, &listed.source);
            }
            None if unit.manifest_dir.contains(LIBRARY) => {}
            None => {
                return Err(host(format!(
                    "cargo did not list the package {}, so the list of dependencies is incomplete",
                    unit.package
                )));
            }
        }
    }
    let places: BTreeMap<Key, usize> = sources.keys().enumerate().map(|(i, k)| (*k, i)).collect();
    let package = |(key, source): (&Key<'_>, &&str)| {
        let own = || keys.iter().filter(|(_, k)| *k == key).map(|(i, _)| *i);
        let linked = own().any(|i| roles[&i].contains(&Role::Runtime));
        let needed = own().flat_map(|i| graph.dependencies(i));
        let needed = needed.filter_map(|(i, _)| keys.get(&i)).filter(|k| *k != key);
        let needed: BTreeSet<usize> = needed.map(|k| places[k]).collect();
        (linked, needed, own().any(|i| i == root), source.to_string())
    };
    let described: Vec<_> = sources.iter().map(package).collect();
    let all = sources.keys().zip(&described);
    let packages = all.map(|((name, version, _), (linked, needed, root, source))| Package {
        name,
        version,
        source,
        kind: (!linked).then_some("build"),
        dependencies: needed.iter().copied().collect(),
        root: *root,
    });
    serde_json::to_vec(&List { packages: packages.collect(), format: FORMAT })
        .context("failed to encode the list of dependencies")
}

fn packed(list: &[u8]) -> Result<Vec<u8>> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(LEVEL));
    out.write_all(list)?;
    out.finish().context("failed to compress the list of dependencies")
}

/// Processors: how their triples begin, and what an ELF file of theirs has in `e_flags`.
const PROCESSORS: &[(&str, Architecture, Endianness, u32)] = &[
    ("x86_64", Architecture::X86_64, Endianness::Little, 0),
    ("i586", Architecture::I386, Endianness::Little, 0),
    ("i686", Architecture::I386, Endianness::Little, 0),
    ("aarch64", Architecture::Aarch64, Endianness::Little, 0),
    ("arm", Architecture::Arm, Endianness::Little, EABI_5),
    ("armv7", Architecture::Arm, Endianness::Little, EABI_5),
    ("riscv64gc", Architecture::Riscv64, Endianness::Little, 0x5),
    ("powerpc64le", Architecture::PowerPc64, Endianness::Little, 0x2),
    ("s390x", Architecture::S390x, Endianness::Big, 0),
    ("loongarch64", Architecture::LoongArch64, Endianness::Little, 0x43),
];
const EABI_5: u32 = 0x500_0000;

/// An object file with the list; none for a target that is not known.
fn object(target: &str, list: &[u8]) -> Option<Vec<u8>> {
    // ABIs of 32 bits on processors of 64.
    if target.contains("x32") || target.contains("ilp32") {
        return None;
    }
    let (format, segment) = match platform::of_triple(target) {
        Platform::Elf => (BinaryFormat::Elf, ""),
        Platform::Msvc | Platform::MinGw => (BinaryFormat::Coff, ""),
        Platform::Apple => (BinaryFormat::MachO, "__DATA"),
        Platform::Other => return None,
    };
    let processor = target.split('-').next()?;
    let (_, architecture, endian, flags) = PROCESSORS.iter().find(|p| p.0 == processor)?;
    let mut file = Object::new(format, *architecture, *endian);
    let section = file.add_section(segment.into(), SECTION.into(), SectionKind::ReadOnlyData);
    if format == BinaryFormat::Elf {
        let (os_abi, e_flags) = (elf::ELFOSABI_NONE, elf::FileFlags(*flags));
        file.flags = FileFlags::Elf { os_abi, abi_version: 0, e_flags };
        // Not loaded when the program runs.
        let sh_flags = elf::SectionFlags(0);
        file.section_mut(section).flags =
            SectionFlags::Elf { sh_type: elf::SHT_PROGBITS, sh_flags };
    }
    let symbol = file.add_symbol(Symbol {
        name: SYMBOL.into(),
        value: 0,
        size: 0,
        kind: SymbolKind::Data,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(section),
        flags: SymbolFlags::None,
    });
    file.add_symbol_data(symbol, section, list, 1);
    file.write().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::ObjectSection as _;
    use repro_formats::digest;

    fn unit(package: &str, kind: &str, externs: &[&str], dir: &str) -> Unit {
        let (name, _) = package.split_once(' ').unwrap();
        Unit {
            package: package.into(),
            crate_name: name.replace('-', "_"),
            crate_types: vec![kind.into()],
            externs: externs.iter().map(|e| format!("/t/deps/lib{e}.rlib")).collect(),
            manifest_dir: dir.into(),
            ..Unit::default()
        }
    }

    #[test]
    fn a_list_has_each_package_once_with_what_it_is_for() {
        let mut units = vec![
            unit("both 1.0.0", "lib", &[], "/c/both"),
            unit("cc 1.0.0", "lib", &["both"], "/c/cc"),
            unit("native 0.1.0", "bin", &["cc"], "/s/native"),
            unit("native 0.1.0", "lib", &[], "/s/native"),
            unit("derive 0.1.0", "proc-macro", &["cc"], "/s/derive"),
            unit("std 0.0.0", "lib", &[], "/r/lib/rustlib/src/rust/library/std"),
            unit("app 1.0.0", "lib", &["native", "derive", "std"], "/s"),
            unit("unused 1.0.0", "lib", &[], "/c/unused"),
            unit("app 1.0.0", "bin", &["app", "both"], "/s"),
        ];
        units[8].extra_filename = "-bin".into();
        units[2].crate_name = "build_script_build".into();
        units[3].script_output = Some("/t/out".into());
        let listed = |dir: &str, id: &str, source: &str| {
            (dir.into(), Listed { id: id.into(), source: source.into() })
        };
        let packages: Packages = [
            listed("/c/both", "registry#both", "crates.io"),
            listed("/c/cc", "registry#cc", "crates.io"),
            listed("/s/native", "path+native", "local"),
            listed("/s/derive", "git+derive", "git"),
            listed("/s", "path+.", "local"),
        ]
        .into();
        let text = |units: &[Unit]| {
            let list = list(&Graph::new(units), units.len() - 1, &packages);
            list.map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(
            text(&units).unwrap(),
            concat!(
                r#"{"packages":[{"name":"app","version":"1.0.0","source":"local","dependencies":[1,3,4],"root":true},"#,
                r#"{"name":"both","version":"1.0.0","source":"crates.io"},"#,
                r#"{"name":"cc","version":"1.0.0","source":"crates.io","kind":"build","dependencies":[1]},"#,
                r#"{"name":"derive","version":"0.1.0","source":"git","kind":"build","dependencies":[2]},"#,
                r#"{"name":"native","version":"0.1.0","source":"local","dependencies":[2]}],"format":1}"#
            )
        );
        // The calls come in any order.
        let first = text(&units).unwrap();
        units.swap(0, 7);
        units.swap(4, 1);
        assert_eq!(text(&units).unwrap(), first);
        units.insert(0, unit("lost 1.0.0", "lib", &[], "/elsewhere"));
        units.last_mut().unwrap().externs.push("/t/deps/liblost.rlib".into());
        assert!(text(&units).unwrap_err().to_string().contains("lost 1.0.0"));
    }

    #[test]
    fn each_target_has_an_object_that_is_always_the_same() {
        let list = packed(br#"{"packages":[],"format":1}"#).unwrap();
        for target in [
            "x86_64-unknown-linux-gnu",
            "i686-unknown-linux-musl",
            "aarch64-unknown-linux-gnu",
            "armv7-unknown-linux-gnueabihf",
            "riscv64gc-unknown-linux-gnu",
            "powerpc64le-unknown-linux-gnu",
            "s390x-unknown-linux-gnu",
            "loongarch64-unknown-linux-gnu",
            "x86_64-unknown-freebsd",
            "x86_64-pc-windows-msvc",
            "i686-pc-windows-gnu",
            "aarch64-pc-windows-msvc",
            "x86_64-apple-darwin",
            "aarch64-apple-darwin",
        ] {
            let bytes = object(target, &list).unwrap_or_else(|| panic!("{target}"));
            assert_eq!(bytes, object(target, &list).unwrap());
            let file = object::File::parse(&*bytes).unwrap();
            let section = file.section_by_name(SECTION).unwrap_or_else(|| panic!("{target}"));
            assert_eq!(section.data().unwrap(), list, "{target}");
        }
        for target in [
            "wasm32-unknown-unknown",
            "x86_64-unknown-uefi",
            "x86_64-unknown-linux-gnux32",
            "aarch64-unknown-linux-gnu_ilp32",
            "sparc64-unknown-linux-gnu",
            "riscv64gc-pc-windows-msvc",
        ] {
            assert!(!is_for(target), "{target}");
        }
    }

    #[test]
    fn the_compressed_bytes_are_those_that_other_versions_of_repro_make() {
        let text: String = (0..2000).map(|i| format!("{{\"name\":\"crate-{}\"}}", i * i)).collect();
        let packed = packed(text.as_bytes()).unwrap();
        const DIGEST: &str = "724aaaf02b47c7fee0b85635210873765cf100dce95115d4ba294527e784b13b";
        assert_eq!(digest::of_bytes(&packed).sha256, DIGEST);
    }
}
