//! Each fault of a tar is planted and refused with its offset and name; near misses are read.

use super::*;

/// A tar in the making: headers by the `tar` crate, so it shares no mistake with the writer.
#[derive(Default)]
struct Made(Vec<u8>);

impl Made {
    fn member(self, name: &str, typeflag: u8, content: &[u8]) -> Made {
        self.with(name, typeflag, content, |_| {})
    }

    fn with(
        mut self,
        name: &str,
        typeflag: u8,
        content: &[u8],
        change: impl Fn(&mut tar::Header),
    ) -> Made {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(5);
        header.set_size(content.len() as u64);
        header.as_old_mut().linkflag = [typeflag];
        change(&mut header);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        let len = self.0.len().next_multiple_of(512);
        self.0.resize(len, 0);
        self
    }

    fn link(self, name: &str, typeflag: u8, target: &str) -> Made {
        self.with(name, typeflag, b"", |h| {
            h.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        })
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

fn list(bytes: &[u8]) -> Result<Vec<Entry>, ReadError> {
    list_within(bytes, &Limits::default())
}

fn list_within(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>, ReadError> {
    let mut walk = Walk::new(bytes, limits);
    let mut all = Vec::new();
    while let Some(entry) = walk.next()? {
        all.push(entry);
    }
    Ok(all)
}

fn refusal(bytes: &[u8]) -> String {
    match list(bytes) {
        Err(ReadError::Malformed(e)) => e.to_string(),
        other => panic!("{other:?}"),
    }
}

fn made() -> Made {
    Made::default().member("first", b'0', b"hello")
}

#[test]
fn what_leads_elsewhere_is_no_content_or_comes_twice_is_refused() {
    // The first member takes two blocks, so the second begins at 1024.
    for (bytes, want) in [
        (made().member("../x", b'0', b""), "`../x`: the name leads upward"),
        (made().member("a/../../x", b'0', b""), "the name leads upward"),
        (made().member("/etc/x", b'0', b""), "`/etc/x`: the name is absolute"),
        (made().member("C:\\x", b'0', b""), "drive letter"),
        (made().member("a\\..\\..\\x", b'0', b""), "on Windows"),
        (made().link("l", b'2', "/etc"), "`l`: it is a link out of the archive, to `/etc`"),
        (made().link("l", b'2', "a/../../x"), "a link out of the archive"),
        (
            made().link("h", b'1', "nowhere"),
            "hard link to `nowhere`, which is not a file earlier in the archive",
        ),
        (made().link("h", b'1', "../x"), "the name leads upward"),
        (
            made().link("l", b'2', "d").member("l/x", b'0', b""),
            "below `l`, which is a symbolic link",
        ),
        (made().member("dev", b'3', b""), "`dev`: it is a character device"),
        (made().member("dev", b'4', b""), "it is a block device"),
        (made().member("pipe", b'6', b""), "it is a FIFO"),
        (made().member("what", b'V', b""), "it is a volume label"),
        (made().member("what", b'M', b""), "goes on from another volume"),
        (made().member("what", b'X', b""), "its type is 'X'"),
        (made().member("first", b'0', b""), "`first`: the name was there before"),
        (made().member("./first", b'0', b""), "the name was there before"),
        (made().member("first/x", b'0', b""), "below `first`, which is not a directory"),
        (made().member("d", b'5', b"content"), "is of a kind that has none"),
    ] {
        let found = refusal(&bytes.end());
        assert!(found.contains(want), "{found}\nwanted {want}");
        // Of two members it is the second.
        let at = if want.contains("symbolic") { "at byte 1536, `" } else { "at byte 1024, `" };
        assert!(found.starts_with(at), "{found}");
    }
}

#[test]
fn lying_and_truncated_headers_are_refused() {
    let sound = made().member("second", b'0', &[7; 700]).end();
    assert_eq!(list(&sound).unwrap().len(), 2);
    for len in [0, 1, 511, 512, 600, 1023, 1024, 1100, 2000, 3072, 3583] {
        let found = refusal(&sound[..len]);
        assert!(found.contains("the archive ends within"), "{len}: {found}");
    }
    let mut flipped = sound.clone();
    flipped[1024 + 3] ^= 1;
    assert!(refusal(&flipped).contains("checksum does not hold"));
    let mut after = sound.clone();
    after.push(1);
    let end = sound.len();
    let want = format!("at byte {end}: data follows the end of the archive");
    assert_eq!(refusal(&after), want);
    for (size, want) in [
        (b"77777777777\0", "the archive ends within its content"),
        (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", "beyond any file's"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", "its size is negative"),
        (b"12x\0\0\0\0\0\0\0\0\0", "its size is not a number"),
    ] {
        let huge = made().with("big", b'0', b"", |h| h.as_old_mut().size = *size);
        let found = refusal(&huge.end());
        assert!(found.contains(want), "{found}");
    }
}

#[test]
fn carriers_are_bounded_and_must_carry() {
    let long = "n".repeat(300);
    let name = |text: &str| Made::default().member("././@LongLink", b'L', text.as_bytes());
    let found = list(&name(&(long.clone() + "\0")).member("nnn", b'0', b"x").end()).unwrap();
    assert_eq!((found[0].name.len(), found[0].at, found[0].data_at), (300, 0, 1536));
    assert!(refusal(&name("abc\0").end()).contains("not followed by a member"));
    assert!(refusal(&name("a\0b\0").member("x", b'0', b"").end()).contains("holds a NUL byte"));
    let over = Made::default().with("x", b'L', b"", |h| h.set_size(2 << 20)).end();
    assert!(refusal(&over).contains("over 1 MiB"));
}

#[test]
fn pax_records_come_before_headers() {
    let pax = |records: &str| Made::default().member("PaxHeaders/x", b'x', records.as_bytes());
    let bytes = pax("23 path=long/name/\u{e9}xx\n30 mtime=1700000000.123456789\n")
        .member("short", b'0', b"abc")
        .end();
    let found = list(&bytes).unwrap();
    assert_eq!(found[0].name, "long/name/\u{e9}xx".as_bytes());
    assert_eq!((found[0].mtime, found[0].size), (1_700_000_000, 3));
    for (before, want) in [
        (pax("13 path=../x\n"), "`../x`: the name leads upward"),
        (pax("99 path=x\n"), "wrong length"),
        (Made::default().member("g", b'g', b"9 comment\n"), "PAX record"),
        (pax("12 uid=1000\n").member("PaxHeaders/x", b'x', b"12 uid=1001\n"), "two PAX headers"),
    ] {
        let found = refusal(&before.member("short", b'0', b"").end());
        assert!(found.contains(want), "{found}");
    }
    let commit = Made::default().member("pax_global_header", b'g', b"13 comment=a\n");
    let found = list(&commit.member("a", b'0', b"").end()).unwrap();
    assert_eq!(found[0].records, [(b"comment".to_vec(), b"a".to_vec())]);
    assert_eq!(found[0].meaningful_record(), Some(&b"comment"[..]));
}

#[test]
fn caps_on_members_hold() {
    let limits = Limits { entries: 2, ..Limits::default() };
    let two = made().member("b", b'0', b"");
    assert!(list_within(&Made(two.0.clone()).end(), &limits).is_ok());
    let three = two.member("c", b'0', b"").end();
    let found = list_within(&three, &limits).unwrap_err().to_string();
    assert!(found.contains("more than 2 members"), "{found}");
}

/// Thousands of small changes of a sound archive: refused or read, never a panic.
#[test]
fn no_change_of_bytes_makes_it_panic() {
    let sound = Made::default()
        .member("././@LongLink", b'L', &[b'n'; 200])
        .member("nnn", b'0', b"content")
        .member("PaxHeaders/x", b'x', b"11 path=ab\n30 mtime=1700000000.123456789\n")
        .member("short", b'0', &[1; 1000])
        .member("dir/", b'5', b"")
        .link("dir/link", b'2', "../ab")
        .link("hard", b'1', "ab")
        .end();
    assert!(list(&sound).is_ok());
    let mut state = 42u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..5_000 {
        let mut bytes = sound.clone();
        for _ in 0..1 + next(3) {
            let at = next(bytes.len());
            match next(4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] ^= 1 << next(8),
                2 => bytes[at] = next(256) as u8,
                _ => {
                    let from = next(bytes.len());
                    let piece = bytes[from..(from + 512).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        // A header whose checksum is right gets further.
        for block in bytes.chunks_exact_mut(512) {
            if block[257..262] == *b"ustar" {
                block[148..156].fill(b' ');
                let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
                block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
            }
        }
        let _ = list(&bytes);
    }
}
