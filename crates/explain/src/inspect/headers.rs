//! Reads what headers, notes and sections of object files record: the target, the linker, ids, signatures,
//! names.

use std::io::Cursor;

use object::{Architecture, BinaryFormat, Object, ObjectSection, ObjectSymbol, SymbolKind};
use repro_formats::digest::hex;
use repro_formats::pe::headers::{Headers, LINKER};
use repro_formats::signature;

use super::binary::Binary;
use crate::dependencies;
use crate::read::{Numbers, gold_version};

/// Symbols whose names are looked at.
const MOST: usize = 200_000;
/// Crates that are part of the compiler.
const LIBRARY: [&str; 9] = [
    "alloc", "core", "std", "test", "proc_macro", "panic_abort", "panic_unwind",
    "compiler_builtins", "rustc_std_workspace_core",
];

/// Reads a program, library or object.
pub(super) fn read(out: &mut Binary, bytes: &[u8]) {
    let Ok(file) = object::File::parse(bytes) else {
        out.hints.push("its headers are not sound: only texts were read".to_string());
        return;
    };
    object_file(out, &file);
    match file.format() {
        BinaryFormat::Pe => pe(out, bytes, &file),
        BinaryFormat::MachO => apple(out, bytes, &file),
        BinaryFormat::Elf => elf(out, &file),
        _ => {}
    }
    out.target = target(&file, out.libc.as_deref(), &out.linkers, bytes);
}

/// Reads an object in a library.
pub(super) fn object(out: &mut Binary, bytes: &[u8]) {
    // The metadata of a crate begins with the version of the compiler.
    if let Some(found) = bytes.get(..400.min(bytes.len())).filter(|b| b.starts_with(b"rust\0\0\0"))
    {
        metadata(out, found);
    }
    let Ok(file) = object::File::parse(bytes) else { return };
    if let Some(data) = file.section_by_name(".rmeta").and_then(|s| s.data().ok()) {
        metadata(out, &data[..400.min(data.len())]);
    }
    object_file(out, &file);
    if out.target.is_none() {
        out.target = target(&file, None, &[], bytes);
    }
}

fn metadata(out: &mut Binary, head: &[u8]) {
    let Some(at) = memchr::memmem::find(head, b"rustc ") else { return };
    let text = String::from_utf8_lossy(&head[at + 6..]);
    let end = text.find(')').map_or(0, |end| end + 1);
    out.rustc_text(&text[..end], "metadata");
}

fn object_file(out: &mut Binary, file: &object::File) {
    out.debug_info |= file.has_debug_symbols();
    let text = |s: &object::SymbolKind| matches!(s, SymbolKind::Text);
    let mut units = std::collections::BTreeSet::new();
    let mut thin = 0;
    for symbol in file.symbols().take(MOST) {
        let Ok(name) = symbol.name() else { continue };
        match symbol.kind() {
            SymbolKind::File if name.contains("-cgu.") => {
                units.insert(name.to_string());
            }
            kind if text(&kind) && symbol.is_definition() => {
                out.symbols = true;
                thin += usize::from(name.contains(".llvm."));
                if let Some(name) = krate(name) {
                    out.krate(&name, None, "symbols");
                }
            }
            _ => {}
        }
    }
    if thin > 0 {
        out.hints.push(format!("thin LTO: {thin} functions were imported between modules"));
    }
    if !units.is_empty() {
        out.hints.push(format!("{} codegen units by the names of their files", units.len()));
    }
    for section in file.sections() {
        let Ok(name) = section.name() else { continue };
        let hint = match name {
            ".llvmbc" | "__bitcode" => "LLVM bitcode is embedded",
            ".note.bolt_info" => "optimized with BOLT",
            "__llvm_prf_cnts" | ".lprfc$M" => "instrumented for PGO",
            ".comment" => {
                comments(out, section.data().unwrap_or_default());
                continue;
            }
            ".dep-v0" | "__dep-v0" => {
                let list = dependencies::packages(section.data().unwrap_or_default());
                let list = list.unwrap_or_default();
                out.hints.push(match list.len() {
                    0 => ".dep-v0 holds no list of packages that can be read".to_string(),
                    n => format!("a list of packages is embedded, with {n} in it"),
                });
                for package in list {
                    if let Some((name, version)) = package.split_once(' ') {
                        let version = version.split(' ').next();
                        out.krate(name, version, "cargo auditable");
                    }
                }
                continue;
            }
            _ => continue,
        };
        out.hints.push(hint.to_string());
    }
}

/// The crate of a mangled Rust name.
fn krate(name: &str) -> Option<String> {
    let name = name.strip_prefix("__R").map_or(name, |_| &name[1..]);
    let demangled = rustc_demangle::try_demangle(name).ok()?;
    let text = format!("{demangled:#}");
    let start = text.trim_start_matches(['<', '&', '*', '[', '(']);
    let first = start.split("::").next()?.trim();
    let ident = !first.is_empty()
        && first.len() < 64
        && first.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && first.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let whole = start.len() > first.len();
    (ident && whole && !LIBRARY.contains(&first)).then(|| first.to_string())
}

/// The texts in `.comment`: one for each tool.
fn comments(out: &mut Binary, data: &[u8]) {
    for text in data.split(|b| *b == 0).filter_map(|t| std::str::from_utf8(t).ok()) {
        if let Some(version) = text.strip_prefix("rustc version ") {
            out.rustc_text(version, ".comment");
        } else if let Some(linker) = text.strip_prefix("Linker: ") {
            out.linkers.push(linker.to_string());
        } else if text.starts_with("mold ") || text.starts_with("wild ") {
            out.linkers.push(text.to_string());
        } else if text.starts_with("GCC: ") || text.contains("clang version") {
            out.compilers.push(text.to_string());
        }
    }
}

fn elf(out: &mut Binary, file: &object::File) {
    out.build_id = file.build_id().ok().flatten().map(hex);
    let data = |name: &str| file.section_by_name(name).and_then(|s| s.data().ok());
    out.linkers.extend(data(".note.gnu.gold-version").map(gold_version));
    let strings = data(".dynstr").unwrap_or_default();
    let versions = strings.split(|b| *b == 0).filter_map(|t| std::str::from_utf8(t).ok());
    let versions = versions.filter_map(|t| t.strip_prefix("GLIBC_"));
    let number = |v: &str| v.split('.').map(|n| n.parse().unwrap_or(0u32)).collect::<Vec<_>>();
    let newest = versions.max_by_key(|v| number(v)).map(|v| format!("glibc, at least {v}"));
    let interpreter = data(".interp").unwrap_or_default();
    // glibc's is `libc.so.6`.
    let musl = memchr::memmem::find(interpreter, b"musl").is_some()
        || strings.split(|b| *b == 0).any(|t| t == b"libc.so" || t.starts_with(b"libc.musl-"));
    let android = file.section_by_name(".note.android.ident").map(|_| "bionic".to_string());
    out.libc = newest.or(android).or(musl.then(|| "musl".to_string()));
}

fn pe(out: &mut Binary, bytes: &[u8], file: &object::File) {
    let Ok(headers) = Headers::read(&mut Cursor::new(bytes)) else { return };
    let [major, minor] = headers.fields().u16(LINKER).to_le_bytes();
    // `Rich` ends the list of tools that Microsoft's linker leaves before the header.
    let rich = memchr::memmem::find(&bytes[..headers.at as usize], b"Rich").is_some();
    let linker = match (rich, major) {
        (true, _) => format!("Microsoft link {major}.{minor:02}"),
        (false, 2) => format!("GNU ld {major}.{minor}"),
        // lld-link gives 14.0, and so may others.
        (false, _) => format!("a linker that gives its version as {major}.{minor}"),
    };
    out.linkers.push(linker);
    if let Ok(Some(pdb)) = file.pdb_info() {
        out.build_id = Some(format!("{} {}", hex(&pdb.guid()), pdb.age()));
        out.hints.push(format!("PDB {}", String::from_utf8_lossy(pdb.path())));
    }
    out.signed = signature::without(bytes.to_vec()).map(|u| u.signed);
    let imports = file.imports().into_iter().flatten().flatten();
    let imports: std::collections::BTreeSet<_> =
        imports.map(|i| i.library().to_ascii_lowercase()).collect();
    let library = |name: &str| imports.iter().any(|i| i.starts_with(name.as_bytes()));
    out.libc = match () {
        () if library("vcruntime") => Some("Microsoft C runtime, dynamic".to_string()),
        () if library("msvcrt") => Some("msvcrt".to_string()),
        () if library("api-ms-win-crt") || library("ucrtbase") => Some("ucrt".to_string()),
        () => None,
    };
}

fn apple(out: &mut Binary, bytes: &[u8], file: &object::File) {
    out.build_id = file.mach_uuid().ok().flatten().map(|uuid| hex(&uuid));
    out.signed = signature::without(bytes.to_vec()).map(|u| u.signed);
    out.libc = Some("libSystem".to_string());
    // LC_BUILD_VERSION (0x32): platform, minimum, SDK, number of tools; then each tool and its version.
    let all = Numbers::of(bytes);
    let version = |v: u32| format!("{}.{}.{}", v >> 16, v >> 8 & 0xff, v & 0xff);
    for (_, at, _) in all.commands().filter(|(command, ..)| *command == 0x32) {
        let (minimum, sdk) = (version(all.u32(at + 12)), version(all.u32(at + 16)));
        out.hints.push(format!("for macOS {minimum} and later, SDK {sdk}"));
        for tool in 0..all.u32(at + 20).min(16) as usize {
            let place = at + 24 + 8 * tool;
            let version = version(all.u32(place + 4));
            match all.u32(place) {
                1 => out.compilers.push(format!("Apple clang {version}")),
                2 => out.compilers.push(format!("Apple swift {version}")),
                3 => out.linkers.push(format!("Apple ld {version}")),
                4 => out.linkers.push(format!("lld {version}")),
                _ => {}
            }
        }
    }
}

/// The triple, of what headers and the C library tell.
fn target(
    file: &object::File,
    libc: Option<&str>,
    linkers: &[String],
    bytes: &[u8],
) -> Option<String> {
    let machine = match file.architecture() {
        Architecture::X86_64 => "x86_64",
        Architecture::I386 => "i686",
        Architecture::Aarch64 => "aarch64",
        Architecture::Arm => "armv7",
        Architecture::Riscv64 => "riscv64gc",
        Architecture::PowerPc64 if file.is_little_endian() => "powerpc64le",
        Architecture::PowerPc64 => "powerpc64",
        Architecture::S390x => "s390x",
        Architecture::LoongArch64 => "loongarch64",
        _ => return None,
    };
    let system = match file.format() {
        BinaryFormat::MachO => "apple-darwin".to_string(),
        BinaryFormat::Pe | BinaryFormat::Coff => {
            // What GNU's runtime says when it fails; other programs name mingw in their texts.
            let runtime = memchr::memmem::find(bytes, b"Mingw-w64 runtime failure").is_some();
            let gnu = runtime || linkers.iter().any(|l| l.starts_with("GNU ld"));
            format!("pc-windows-{}", if gnu { "gnu" } else { "msvc" })
        }
        BinaryFormat::Elf => {
            let abi = match libc {
                Some(libc) if libc.starts_with("glibc") => "-gnu",
                Some("musl") => "-musl",
                Some("bionic") => "-android",
                _ => "",
            };
            let arm = if machine == "armv7" && !abi.is_empty() { "eabihf" } else { "" };
            // OS/ABI 9 is FreeBSD.
            match bytes.get(7) {
                Some(9) => "unknown-freebsd".to_string(),
                _ if abi == "-android" => "linux-android".to_string(),
                _ => format!("unknown-linux{abi}{arm}"),
            }
        }
        _ => return None,
    };
    Some(format!("{machine}-{system}"))
}
