//! One header block of a tar: its fields, checked.

use crate::error::Malformed;

/// The fields of a header, with names as they are written.
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) mode: u32,
    pub(super) uid: i64,
    pub(super) gid: i64,
    pub(super) size: u64,
    pub(super) mtime: i64,
    pub(super) typeflag: u8,
    pub(super) uname: Vec<u8>,
    pub(super) gname: Vec<u8>,
    /// `v7`, `ustar` or `gnu`.
    pub(super) style: &'static str,
    /// Something is where `ustar` has a prefix, which this style has not.
    pub(super) ignored_prefix: bool,
    /// There are bytes that belong to no field of the style: not looked for in `ustar`, which others extend.
    pub(super) unread: bool,
}

// Offset and size in bytes (POSIX.1-2017 pax, "ustar Interchange Format"; GNU's has no prefix):
//
// | name 0, 100     | mode 100, 8    | uid 108, 8    | gid 116, 8   | size 124, 12  |
// | mtime 136, 12   | chksum 148, 8  | typeflag 156  | link 157,100 | magic 257, 8  |
// | uname 265, 32   | gname 297, 32  | devmajor 329  | devminor 337 | prefix 345,155|

impl Header {
    pub(super) fn parse(block: &[u8; 512], at: u64) -> Result<Header, Malformed> {
        let field = |from: usize, len: usize| &block[from..from + len];
        let name = text(field(0, 100));
        let bad = |what: &str| Malformed::of(at, name, what);
        let sum = number(field(148, 8)).ok_or_else(|| bad("its checksum is not a number"))?;
        let plain = |i: usize| !(148..156).contains(&i);
        let byte = |(i, b): (usize, &u8)| if plain(i) { *b } else { b' ' };
        let bytes = || block.iter().enumerate().map(byte);
        let unsigned: i64 = bytes().map(i64::from).sum();
        // Some old writers took the bytes as signed.
        let signed: i64 = bytes().map(|b| i64::from(b as i8)).sum();
        if sum != unsigned && sum != signed {
            return Err(bad("its header's checksum does not hold"));
        }
        let magic = field(257, 8);
        let ustar = magic.starts_with(b"ustar\0");
        let gnu = magic == b"ustar  \0";
        if !ustar && !gnu && magic.iter().any(|b| *b != 0) {
            return Err(bad("its header is of no known kind"));
        }
        let value = |from, len, what: &str| {
            number(field(from, len)).ok_or_else(|| bad(&format!("its {what} is not a number")))
        };
        let size = value(124, 12, "size")?;
        let owner = |from| if ustar || gnu { text(field(from, 32)).to_vec() } else { Vec::new() };
        // Before the version of POSIX there was no prefix, and some readers want to see that it is this one.
        let has_prefix = ustar && magic.ends_with(b"00");
        let typeflag = block[156];
        let ignored_prefix = !has_prefix && typeflag != SPARSE && block[345] != 0;
        let prefix = if ustar { text(field(345, 155)) } else { b"" };
        Ok(Header {
            name: match prefix {
                b"" => name.to_vec(),
                prefix => [prefix, b"/", name].concat(),
            },
            link: text(field(157, 100)).to_vec(),
            mode: (value(100, 8, "mode")? & 0o7777) as u32,
            uid: value(108, 8, "owner")?,
            gid: value(116, 8, "group")?,
            size: u64::try_from(size).map_err(|_| bad("its size is negative"))?,
            mtime: value(136, 12, "time")?,
            typeflag,
            uname: owner(265),
            gname: owner(297),
            style: match (gnu, ustar) {
                (true, _) => "gnu",
                (_, true) => "ustar",
                _ => "v7",
            },
            ignored_prefix,
            unread: !ustar && has_unread(block),
        })
    }
}

/// A sparse file in GNU's own format, which has its map where others have nothing.
pub(super) const SPARSE: u8 = b'S';
/// What GNU calls a long name.
const LONG_NAME: &[u8] = b"././@LongLink";

/// Whether there are bytes in a header of v7 or GNU that nothing reads.
fn has_unread(block: &[u8; 512]) -> bool {
    let behind = |from: usize, len: usize| {
        let field = &block[from..from + len];
        from + text(field).len()..from + len
    };
    let (names, numbers) = ([(265, 32), (297, 32)], [(329, 8), (337, 8)]);
    let (typeflag, gnu) = (block[156], &block[257..265] == b"ustar  \0");
    let mut unread: Vec<_> = names.iter().map(|(from, len)| behind(*from, *len)).collect();
    unread.push(behind(0, 100));
    // Only of links there is a target.
    unread.push(if matches!(typeflag, b'1' | b'2') { behind(157, 100) } else { 157..257 });
    if !gnu {
        unread.push(257..512);
    } else if typeflag != SPARSE {
        unread.push(345..512);
    }
    let device = |(from, len): &(usize, usize)| number(&block[*from..from + len]) != Some(0);
    let carrier = matches!(typeflag, b'L' | b'K') && text(&block[..100]) != LONG_NAME;
    let is_device = matches!(typeflag, b'3' | b'4');
    carrier
        || gnu && !is_device && numbers.iter().any(device)
        || unread.into_iter().any(|range| block[range].iter().any(|b| *b != 0))
}

/// A piece of a sparse file that is in the archive: where it belongs, and its bytes.
pub(super) type Piece = (u64, u64);

/// The pieces in a part of a header or of what continues it, of 24 bytes each.
pub(super) fn pieces(table: &[u8]) -> impl Iterator<Item = Piece> {
    let value = |field| number(field).and_then(|n| u64::try_from(n).ok());
    let each = table.chunks_exact(24).map(move |p| Some((value(&p[..12])?, value(&p[12..])?)));
    each.map_while(|piece| piece.filter(|(_, len)| *len > 0))
}

/// The bytes up to the first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number: octal digits, or GNU's base 256 where the first bit is set. An empty field is 0.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let negative = *first == 0xff;
        if !negative && *first != 0x80 {
            return None;
        }
        let mut value: i128 = if negative { -1 } else { 0 };
        for byte in rest {
            value = value << 8 | i128::from(*byte);
            i64::try_from(value).ok()?;
        }
        return i64::try_from(value).ok();
    }
    let text = field.trim_ascii_start();
    let end = text.iter().position(|b| *b == 0 || *b == b' ');
    let (digits, after) = text.split_at(end.unwrap_or(text.len()));
    if !after.iter().all(|b| *b == 0 || *b == b' ') {
        return None;
    }
    digits.iter().try_fold(0i64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_octal_or_base_256_or_refused() {
        let cases: [(&[u8], Option<i64>); 12] = [
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"77777777", Some(0o77777777)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"0000648\0", None),
            (b"644\x001\0\0\0", None),
            (b"-644\0\0\0\0", None),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(8 << 30)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\xc0\0\0\0\0\0\0\0", None),
        ];
        for (field, want) in cases {
            assert_eq!(number(field), want, "{}", crate::names::printable(field));
        }
    }
}
