//! PE and Mach-O files, made with the linkers of the toolchain: fields, signatures, fat files.

use std::path::PathBuf;

use super::*;
use test_needs::needs;

/// The PE file and the Mach-O file of the fixture, in a directory of `project`.
fn foreign(project: &Project, name: &str) {
    let dir = project.dir.join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let print = |what: &[&str]| {
        let out = Command::new("rustc").args(what).output().unwrap();
        String::from_utf8(out.stdout).unwrap().trim().to_string()
    };
    let sysroot = PathBuf::from(print(&["--print", "sysroot"]));
    let lld = sysroot.join("lib/rustlib").join(crate::support::host()).join("bin/rust-lld");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/no-core");
    let linker = format!("linker={}", lld.display());
    let common = ["-C", &linker, "-C", "panic=abort", "-C", "debuginfo=2"];
    let pe = [
        "--target=x86_64-pc-windows-msvc",
        "-Clinker-flavor=lld-link",
        "-Clink-arg=/NODEFAULTLIB",
        "-Clink-arg=/ENTRY:mainCRTStartup",
        "-Clink-arg=/SUBSYSTEM:CONSOLE",
    ];
    let macho = ["--target=aarch64-apple-darwin", "-Clinker-flavor=ld64.lld"];
    let all: [(&str, &[&str], &str); 2] = [("pe.rs", &pe, "pe.exe"), ("macho.rs", &macho, "macho")];
    for (source, args, output) in all {
        // Only here: what is built so is a sample, and not what is shipped.
        let out = Command::new("rustc")
            .arg(sources.join(source))
            .args(common)
            .args(args)
            .arg("-o")
            .arg(dir.join(output))
            .env("RUSTC_BOOTSTRAP", "1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{source}: {words}");
    }
}

/// Adds seconds to the little-endian time at an offset.
fn later(bytes: &mut [u8], at: usize) {
    let field: &mut [u8; 4] = (&mut bytes[at..at + 4]).try_into().unwrap();
    *field = u32::from_le_bytes(*field).wrapping_add(7).to_le_bytes();
}

#[needs("rust-lld")]
#[test]
fn pe_and_mach_o_have_their_fields_named() {
    let project = scratch();
    foreign(&project, "one");
    foreign(&project, "the-other");
    // Whether the clock went on in between is not up to the test.
    let path = project.dir.join("the-other/pe.exe");
    let mut bytes = std::fs::read(&path).unwrap();
    let header = u32::from_le_bytes(bytes[60..64].try_into().unwrap()) as usize;
    later(&mut bytes, header + 8);
    bytes[header + 88] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let pe = diff(&project, "one/pe.exe", "the-other/pe.exe");
    let named = |artifact: &Value, cause: &str, place: &str| {
        let findings = artifact["findings"].as_array().unwrap();
        let fits = |f: &&Value| f["cause"] == cause && f["where"].as_str().unwrap().contains(place);
        let found = findings.iter().find(fits);
        found.unwrap_or_else(|| panic!("{cause} {place}: {artifact:#}")).clone()
    };
    let time = named(&pe, "pe-timestamp", "TimeDateStamp of the file header");
    assert!(time["remedy"].as_str().unwrap().contains("/Brepro"));
    assert!(time["a"].as_str().unwrap().contains("as a time 20"), "{time}");
    named(&pe, "pe-debug", "GUID of the PDB");
    assert_eq!(named(&pe, "pe-timestamp", "CheckSum")["consequence"], true);
    is_explained(&pe);

    let macho = diff(&project, "one/macho", "the-other/macho");
    let path = named(&macho, "build-path", "N_OSO path");
    assert!(path["a"].as_str().unwrap().contains("/one/"), "{path}");
    assert!(path["remedy"].as_str().unwrap().contains("oso_prefix"));
    assert_eq!(named(&macho, "macho-uuid", "LC_UUID")["consequence"], true);
    let signature = named(&macho, "code-signature", "code signature");
    assert_eq!(signature["consequence"], true);
    is_explained(&macho);

    // Both machines in one file, as `lipo` makes it: each is explained.
    for side in ["one", "the-other"] {
        let thin = std::fs::read(project.dir.join(side).join("macho")).unwrap();
        std::fs::write(project.dir.join(side).join("fat"), fat(&thin)).unwrap();
    }
    let both = diff(&project, "one/fat", "the-other/fat");
    let place = named(&both, "build-path", "N_OSO path")["where"].clone();
    assert!(place.as_str().unwrap().starts_with("`aarch64`: "), "{place}");
}

/// A PE file with a certificate of so many bytes at its end, as a signer leaves it.
fn signed_pe(unsigned: &[u8], certificate: &[u8]) -> Vec<u8> {
    let mut bytes = unsigned.to_vec();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let header = u32::from_le_bytes(bytes[60..64].try_into().unwrap()) as usize;
    let entry = header + 24 + 112 + 4 * 8;
    let start = bytes.len() as u32;
    bytes[entry..entry + 4].copy_from_slice(&start.to_le_bytes());
    bytes[entry + 4..entry + 8].copy_from_slice(&(certificate.len() as u32).to_le_bytes());
    bytes[header + 88] ^= certificate[0];
    bytes.extend(certificate);
    bytes
}

/// A Mach-O file whose signature, which is at its end, is longer and ends otherwise.
fn signed_again(macho: &[u8]) -> Vec<u8> {
    let mut bytes = macho.to_vec();
    let number =
        |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let grow = |bytes: &mut [u8], at: usize| {
        let longer = number(bytes, at) + 16;
        bytes[at..at + 4].copy_from_slice(&longer.to_le_bytes());
    };
    let mut at = 32;
    for _ in 0..number(&bytes, 16) {
        match number(&bytes, at) {
            0x1d => grow(&mut bytes, at + 12),
            0x19 if bytes[at + 8..].starts_with(b"__LINKEDIT") => grow(&mut bytes, at + 48),
            _ => {}
        }
        at += number(&bytes, at + 4) as usize;
    }
    let last = bytes.len() - 8;
    bytes[last] ^= 1;
    bytes.extend([0x5a; 16]);
    bytes
}

#[needs("rust-lld")]
#[test]
fn a_signature_is_the_cause_of_what_only_signing_changes() {
    let project = scratch();
    foreign(&project, "one");
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(project.dir.join(name), bytes).unwrap();
    let pe = std::fs::read(project.dir.join("one/pe.exe")).unwrap();
    write("alice.exe", signed_pe(&pe, &[0xa5; 64]));
    write("bob.exe", signed_pe(&pe, &[0xb4; 72]));
    let mut other = pe.clone();
    let time = u32::from_le_bytes(pe[60..64].try_into().unwrap()) as usize + 8;
    later(&mut other, time);
    write("other.exe", signed_pe(&other, &[0xb4; 72]));
    let macho = std::fs::read(project.dir.join("one/macho")).unwrap();
    write("again", signed_again(&macho));
    // Sizes of the segment that a signature ends, without a change of the signature.
    let name = b"__LINKEDIT\0\0\0\0\0\0";
    let segment = macho.windows(16).position(|w| w == name).unwrap() - 8;
    let mut sized = macho.clone();
    sized[segment + 34] ^= 1;
    write("sized", sized);
    let sized = diff(&project, "one/macho", "sized");
    assert_eq!(causes(&sized)[0]["cause"], "unknown", "{sized:#}");
    for (a, b, cause) in [
        ("one/pe.exe", "alice.exe", "code-signature"),
        ("alice.exe", "bob.exe", "code-signature"),
        ("one/macho", "again", "code-signature"),
        // The control: what was signed differs.
        ("alice.exe", "other.exe", "pe-timestamp"),
    ] {
        let artifact = diff(&project, a, b);
        let causes: Vec<&Value> = causes(&artifact).into_iter().map(|f| &f["cause"]).collect();
        assert_eq!(causes, [cause], "{a} {b}: {artifact:#}");
        is_explained(&artifact);
    }
}

/// A file for several machines that holds one.
fn fat(thin: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1];
    let len = u32::try_from(thin.len()).unwrap();
    for field in [0x0100_000c, 0, 0x4000, len, 14_u32] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.resize(0x4000, 0);
    bytes.extend(thin);
    bytes
}
