//! What is written is read by our own reader and by another hand's, whatever its size.

use std::io::Cursor;

use super::*;
use crate::limits::Limits;
use crate::zip::read;

fn member(name: &str) -> Member {
    Member {
        name: name.into(),
        utf8: true,
        kind: Kind::File,
        mode: 0o644,
        time: dos_time(1_700_000_000),
        extra: Vec::new(),
        comment: Vec::new(),
    }
}

#[test]
fn what_our_writer_writes_is_read_by_both() {
    let mut writer = Writer::new(Cursor::new(Vec::new()), Engine::ZlibRs, 5, 2).unwrap();
    let long = "0123456789".repeat(300_000);
    for (name, content) in [("a", "1"), ("b/ü", &long), ("c", "")] {
        let size = content.len() as u64;
        writer.member(member(name), size, &mut content.as_bytes()).unwrap();
    }
    let bytes = writer.finish(b"").unwrap().into_inner();
    let ours = read::read(&mut Cursor::new(&bytes), &Limits::default()).unwrap();
    let mut other = ::zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    assert_eq!((ours.entries.len(), other.len()), (3, 3));
    for (i, entry) in ours.entries.iter().enumerate() {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let reader = entry.content(Cursor::new(&bytes)).unwrap();
        { reader }.read_to_end(&mut one).unwrap();
        other.by_index(i).unwrap().read_to_end(&mut two).unwrap();
        assert!(one == two);
        assert_eq!(other.by_index(i).unwrap().name().as_bytes(), entry.written);
    }
}

#[test]
fn times_are_utc_within_the_range_of_dos() {
    let first = (0, (1 << 5) | 1);
    let last = (23 << 11 | 59 << 5 | 29, 127 << 9 | 12 << 5 | 31);
    for (seconds, want) in [
        (0, first),
        (315_532_800, first),
        (315_532_801, first),
        (315_532_802, (1, (1 << 5) | 1)),
        // 2000-02-29T12:34:57Z, 2001-03-01T00:00:00Z, 2100-03-01T00:00:00Z
        (951_827_697, (12 << 11 | 34 << 5 | 28, 20 << 9 | 2 << 5 | 29)),
        (983_404_800, (0, 21 << 9 | 3 << 5 | 1)),
        (4_107_542_400, (0, 120 << 9 | 3 << 5 | 1)),
        (4_354_819_198, last),
        (i64::MAX, last),
    ] {
        assert_eq!(dos_time(seconds), want, "{seconds}");
    }
}

#[test]
fn sizes_over_4_gib_are_in_zip64_fields_and_nothing_else_is() {
    let header = |size: u64, wide: bool| {
        local_header(&Open {
            member: member("a"),
            body: Body::Blocks,
            header_at: Some(0),
            wide,
            total: Packed { method: DEFLATED, crc32: 0, packed: 7, size },
            crc: Crc::new(),
        })
    };
    let small = header(5, false);
    assert_eq!((small.len(), &small[28..30]), (31, &[0, 0][..]));
    let big = header(5 << 30, true);
    assert_eq!((&big[4..6], &big[18..26]), (&[45, 0][..], &[0xff; 8][..]));
    assert_eq!(&big[28..30], [20, 0]);
    assert_eq!(&big[31..35], [1, 0, 16, 0]);
    assert_eq!(&big[35..43], (5u64 << 30).to_le_bytes());
    assert_eq!(&big[43..51], 7u64.to_le_bytes());
}

#[test]
fn more_members_than_16_bits_count_are_read_back() {
    let mut writer = Writer::new(Cursor::new(Vec::new()), Engine::ZlibRs, 1, 1).unwrap();
    for i in 0..66_000 {
        writer.member(member(&format!("{i}")), 0, &mut io::empty()).unwrap();
    }
    let bytes = writer.finish(b"").unwrap().into_inner();
    let ours = read::read(&mut Cursor::new(&bytes), &Limits::default()).unwrap();
    assert_eq!(ours.entries.len(), 66_000);
    let other = ::zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    assert_eq!(other.len(), 66_000);
}
