//! Each fault of a zip is planted and refused with its offset and name; near misses are read. What
//! is sound is made by the `zip` crate, so it shares no mistake with our writer.

use std::io::{Cursor, Write};

use super::*;
use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, System, ZipWriter};

fn made(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // On Windows it would write that of DOS, whose files have no modes.
    let stored = SimpleFileOptions::default()
        .system(System::Unix)
        .compression_method(CompressionMethod::Stored);
    let deflated = stored.compression_method(CompressionMethod::Deflated);
    for (name, content) in members {
        match (name.ends_with('/'), name.strip_prefix("link:")) {
            (true, _) => writer.add_directory(*name, stored).unwrap(),
            (_, Some(name)) => writer.add_symlink(name, *content, stored).unwrap(),
            (_, None) => {
                let options = match content.len() > 8 {
                    true => deflated.unix_permissions(0o750),
                    false => stored,
                };
                writer.start_file(*name, options).unwrap();
                writer.write_all(content.as_bytes()).unwrap();
            }
        }
    }
    writer.finish().unwrap().into_inner()
}

fn of(bytes: &[u8]) -> Result<Zip, ReadError> {
    read(&mut Cursor::new(bytes), &Limits::default())
}

#[track_caller]
fn refused(bytes: &[u8], want: &str) {
    match of(bytes) {
        Err(ReadError::Malformed(e)) => assert!(e.to_string().contains(want), "{e} / {want}"),
        other => panic!("{want}: {other:?}"),
    }
}

/// Replaces every occurrence, which has the same length.
fn changed(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut found = 0;
    for at in 0..bytes.len() - from.len() + 1 {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0);
    bytes
}

/// Offset of the first record with this signature.
fn find(bytes: &[u8], signature: &[u8]) -> usize {
    let at = bytes.windows(4).position(|w| w == signature);
    at.unwrap()
}

fn patched(bytes: &[u8], at: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

#[test]
fn members_are_read_as_they_were_packed() {
    let long = "0123456789".repeat(50);
    let bytes = made(&[("a/", ""), ("a/one", "1"), ("a/é", &long), ("link:a/l", "../b")]);
    let zip = of(&bytes).unwrap();
    let list: Vec<_> = zip
        .entries
        .iter()
        .map(|e| (String::from_utf8_lossy(&e.name).into_owned(), e.kind.clone(), e.size, e.method))
        .collect();
    assert_eq!(
        list,
        [
            ("a".to_string(), Kind::Dir, 0, STORED),
            ("a/one".to_string(), Kind::File, 1, STORED),
            ("a/é".to_string(), Kind::File, 500, DEFLATED),
            ("a/l".to_string(), Kind::Symlink(b"../b".to_vec()), 4, STORED),
        ]
    );
    assert_eq!(zip.entries[2].mode, Some(0o750));
    let mut content = String::new();
    let reader = zip.entries[2].content(Cursor::new(&bytes)).unwrap();
    { reader }.read_to_string(&mut content).unwrap();
    assert_eq!(content, long);
    assert_eq!(of(&made(&[])).unwrap().entries, []);
}

#[test]
fn names_that_lead_elsewhere_or_come_twice_are_refused() {
    let bytes = made(&[("aa/bb", "1"), ("aa/cc", "2")]);
    for (name, want) in [
        (&b"../bb"[..], "leads upward"),
        (b"/a/bb", "absolute"),
        (b"C:/bb", "drive letter"),
        (b"a\\..\\", "on Windows"),
        (b"aa\0bb", "NUL"),
        (b"aa/cc", "was there before"),
        (b"aa/CC", ""),
        (b"\xff\xfe/bb", ""),
    ] {
        let bytes = changed(&bytes, b"aa/bb", name);
        match want {
            // Letter case counts; and without the flag, bytes of no known encoding are a name.
            "" => assert!(of(&bytes).is_ok()),
            want => refused(&bytes, want),
        }
    }
    let bytes = made(&[("é", "1")]);
    refused(&changed(&bytes, "é".as_bytes(), b"\xff\xfe"), "not the UTF-8");
    refused(&made(&[("link:l", "../../etc")]), "a link out of the archive");
    refused(&made(&[("link:l", "/etc")]), "a link out of the archive");
    refused(&made(&[("link:l", "d"), ("l/x", "1")]), "symbolic link");
    refused(&made(&[("f", "1"), ("f/x", "1")]), "not a directory");
}

#[test]
fn devices_and_directories_with_content_are_refused() {
    let bytes = made(&[("aa", "1")]);
    let at = find(&bytes, CENTRAL) + 38;
    let of_type = |kind: u32| patched(&bytes, at, &((kind << 16) | 0o644 << 16).to_le_bytes());
    refused(&of_type(0o020_000), "device");
    refused(&of_type(0o060_000), "device");
    refused(&of_type(0o010_000), "FIFO");
    refused(&of_type(0o040_000), "does not end in `/`");
    assert!(of(&of_type(0o100_000)).is_ok());
    refused(&changed(&bytes, b"aa", b"a/"), "whose name ends in `/`");
}

#[test]
fn the_two_directories_must_tell_the_same() {
    let bytes = made(&[("aa", "1"), ("bb", "0123456789")]);
    // In the local header alone: name, method, CRC, size.
    refused(&patched(&bytes, 30, b"ab"), "its local header names it `ab`");
    refused(&patched(&bytes, 8, &[8]), "another method");
    refused(&patched(&bytes, 14, &[1]), "other sizes or another CRC");
    refused(&patched(&bytes, 22, &[9]), "other sizes or another CRC");
    refused(&patched(&bytes, 6, &[1]), "another method or other flags");
    refused(&patched(&bytes, 0, b"XX"), "no local header");
    let central = find(&bytes, CENTRAL);
    refused(&patched(&bytes, central + 42, &[1]), "bytes lie before");
    refused(&patched(&bytes, central + 34, &[1]), "another disk");
    refused(&patched(&bytes, central, b"XX"), "no record where one is due");
    refused(&patched(&bytes, central + 30, &[9, 0]), "its extra field is malformed");
}

#[test]
fn members_must_lie_one_after_the_other() {
    let bytes = made(&[("aa", "1"), ("bb", "2")]);
    let second = find(&bytes, CENTRAL) + 48;
    assert_eq!(&bytes[second..second + 4], CENTRAL);
    // Two records of one content; a gap; what no record names.
    refused(&patched(&bytes, second + 42, &[0, 0, 0, 0]), "overlaps");
    let end = find(&bytes, END);
    let fewer = patched(&bytes, end + 8, &[1, 0, 1, 0]);
    refused(&fewer, "belong to no member");
    let before = [b"#!/bin/sh\n", &bytes[..]].concat();
    refused(&before, "does not end where the end record begins");
    refused(&[&bytes[..], b"more"].concat(), "data follows the end");
    let two_ends = [&bytes[..], &bytes[end..]].concat();
    refused(&two_ends, "end record");
}

#[test]
fn no_cut_is_read_as_less() {
    let bytes = made(&[("aa", "1"), ("bb", "0123456789")]);
    for end in 0..bytes.len() {
        assert!(of(&bytes[..end]).is_err(), "{end}");
    }
    refused(b"", "no end record");
}

#[test]
fn contents_must_have_their_size_and_crc() {
    let long = "0123456789".repeat(9);
    let bytes = made(&[("aa", "1234"), ("bb", &long)]);
    let read_all = |bytes: &[u8]| -> Result<(), String> {
        for entry in of(bytes).map_err(|e| e.to_string())?.entries {
            let content = entry.content(Cursor::new(bytes)).map_err(|e| e.to_string())?;
            io::copy(&mut { content }, &mut io::sink()).map_err(|e| e.to_string())?;
        }
        Ok(())
    };
    read_all(&bytes).unwrap();
    let error = read_all(&changed(&bytes, b"1234", b"1235")).unwrap_err();
    assert!(error.contains("`aa`") && error.contains("CRC"), "{error}");
    // Both directories lie about the size of what is deflated.
    for (size, want) in [(89u8, "longer"), (91, "shorter")] {
        let lying = changed(&bytes, &[90, 0, 0, 0], &[size, 0, 0, 0]);
        let error = read_all(&lying).unwrap_err();
        assert!(error.contains("`bb`") && error.contains(want), "{error}");
    }
}

#[test]
fn caps_hold_before_anything_is_unpacked() {
    let bytes = made(&[("aa", "1"), ("bb", "2")]);
    let within = |limits: Limits| read(&mut Cursor::new(&bytes), &limits);
    let default = Limits::default();
    assert!(within(Limits { entries: 1, ..default }).is_err());
    assert!(within(Limits { bytes: 1, ..default }).is_err());
    // A member that claims 1 GiB out of few bytes.
    let bomb = made(&[("aa", &"0".repeat(40_000))]);
    let lying = changed(&bomb, &40_000u32.to_le_bytes(), &(1u32 << 30).to_le_bytes());
    refused(&lying, "times its size");
}
