//! What counts as a signature that a publisher put on a program after the build.

use crate::support::{Project, assert_verdict};

/// A file that begins as a program of Windows does, without a signature.
const BUILD: &str = r#"fn main() {
    let mut file = vec![7; 504];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"MZ");
    put(0x3c, &[0x40, 0, 0, 0]);
    put(0x40, b"PE\0\0");
    // No section, and an optional header of 240 bytes.
    put(0x46, &[0, 0]);
    put(0x54, &[240, 0]);
    put(0x58, &[0x0b, 2]);
    put(0x58 + 64, &[0; 4]);
    put(0x58 + 108, &[16, 0, 0, 0]);
    put(0x58 + 112, &[0; 128]);
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/tool.exe"), file).unwrap();
}
"#;

/// The same with this behind it, as certificates.
fn signed(with: &[u8]) -> Vec<u8> {
    let mut file = vec![7; 504];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"MZ");
    put(0x3c, &[0x40, 0, 0, 0]);
    put(0x40, b"PE\0\0");
    // No section, and an optional header of 240 bytes.
    put(0x46, &[0, 0]);
    put(0x54, &[240, 0]);
    put(0x58, &[0x0b, 2]);
    put(0x58 + 64, b"sum!");
    put(0x58 + 108, &[16, 0, 0, 0]);
    put(0x58 + 112, &[0; 128]);
    put(0x58 + 112 + 32, &504u32.to_le_bytes());
    put(0x58 + 112 + 36, &(with.len() as u32).to_le_bytes());
    [file, with.to_vec()].concat()
}

/// A certificate that holds this.
fn certificate(content: &[u8]) -> Vec<u8> {
    let len = (content.len() as u16).to_be_bytes();
    let mut out = [&[0, 0, 0, 0, 0, 2, 2, 0, 0x30, 0x82], &len[..], content].concat();
    out.resize(out.len().next_multiple_of(8), 0);
    let size = (out.len() as u32).to_le_bytes();
    out[..4].copy_from_slice(&size);
    out
}

#[test]
fn what_is_behind_a_program_is_a_signature_or_a_difference() {
    let project = Project::plain("sound-features");
    for (name, text) in [
        (
            "Cargo.toml",
            "[package]\nname = 'app'\nversion = '1.0.0'\nedition = '2021'\n[workspace]\n
[package.metadata.repro.archive]\ninclude = ['target/release/build/app-*/out/tool.exe']\n",
        ),
        ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n"),
        ("src/main.rs", "fn main() {}\n"),
        ("build.rs", BUILD),
    ] {
        project.write(name, text);
    }
    project.git(&["init", "-q"]);
    project.commit("as it is");
    let published = project.base().join("tool.exe");
    let path = published.to_str().unwrap();
    let directory = b"PK\x01\x02............................................";
    let zip = [
        &directory[..],
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &(directory.len() as u32).to_le_bytes(),
        &[0; 6],
    ]
    .concat();
    let args = ["verify", "--source", ".", "--artifact", path, "--accept", "code-signature"];
    for (name, with, accepted) in [
        ("a signature", certificate(b"signed by me"), true),
        ("two", [certificate(b"by me"), certificate(b"by you")].concat(), true),
        ("no signature", b"echo evil; exit!".to_vec(), false),
        ("something behind it", [certificate(b"by me"), b"exit....".to_vec()].concat(), false),
        ("a zip in it", certificate(&zip), false),
    ] {
        std::fs::write(&published, signed(&with)).unwrap();
        let run = project.repro(&args);
        match accepted {
            true => {
                let last = "REPRODUCED AFTER NORMALIZING: code-signature (accepted)";
                assert_verdict(&run, 0, last);
            }
            false => {
                assert_eq!(run.code, Some(1), "{name}: {}", run.all());
                assert!(run.last().starts_with("DIFFERS"), "{name}: {}", run.all());
            }
        }
    }
}
