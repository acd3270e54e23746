//! Numbers from a byte slice. With [`Fields`], a position past the end reads as 0: the code that
//! makes the slice has checked its bounds.

/// `N` bytes at an offset; `None` if there are fewer.
pub fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Little-endian fields of a record.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    /// Two bytes at an offset.
    pub fn u16(&self, at: usize) -> u16 {
        u16_at(self.0, at).unwrap_or(0)
    }

    /// Four bytes at an offset.
    pub fn u32(&self, at: usize) -> u32 {
        u32_at(self.0, at).unwrap_or(0)
    }

    /// Eight bytes at an offset.
    pub fn u64(&self, at: usize) -> u64 {
        chunk(self.0, at).map_or(0, u64::from_le_bytes)
    }
}

/// Two little-endian bytes of a file at an offset; none where it ends before.
pub fn u16_at(file: &[u8], at: usize) -> Option<u16> {
    chunk(file, at).map(u16::from_le_bytes)
}

/// Four little-endian bytes of a file at an offset; none where it ends before.
pub fn u32_at(file: &[u8], at: usize) -> Option<u32> {
    chunk(file, at).map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_little_endian_and_nothing_lies_beyond() {
        let fields = Fields(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(fields.u16(1), 0x0302);
        assert_eq!(fields.u32(4), 0x0807_0605);
        assert_eq!(fields.u64(0), 0x0807_0605_0403_0201);
        assert_eq!(fields.u64(1), 0);
    }
}
