//! How large an archive may be before it is refused.

use crate::error::Malformed;

/// The caps. What exceeds one is refused as hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members.
    pub entries: u64,
    /// Bytes of all members together, unpacked.
    pub bytes: u64,
    /// Unpacked bytes for each packed byte; holds only past [`FREE`].
    pub ratio: u64,
}

/// Unpacked bytes that are allowed whatever the ratio: they do no harm, and small files of zeros are common.
pub const FREE: u64 = 64 << 20;

impl Default for Limits {
    fn default() -> Limits {
        Limits { entries: 500_000, bytes: 64 << 30, ratio: 250 }
    }
}

impl Limits {
    /// Refuses the `count`th member, which is at offset `at`, if that is one too many.
    ///
    /// # Errors
    /// There are too many.
    pub fn check_entries(&self, count: u64, at: u64) -> Result<(), Malformed> {
        let most = self.entries;
        let what = format!("there are more than {most} members (raise the cap with --max-entries)");
        if count > most { Err(Malformed::at(at, what)) } else { Ok(()) }
    }

    /// Refuses an archive that has given `unpacked` bytes for `packed` ones, at offset `at`.
    ///
    /// # Errors
    /// It has given too many.
    pub fn check_bytes(&self, unpacked: u64, packed: u64, at: u64) -> Result<(), Malformed> {
        let Limits { bytes, ratio, .. } = self;
        let what = if unpacked > *bytes {
            format!(
                "there are more than {bytes} bytes when unpacked (raise the cap with --max-bytes)"
            )
        } else if unpacked > FREE && unpacked / ratio > packed {
            format!(
                "it unpacks to more than {ratio} times its size (raise the cap with --max-ratio)"
            )
        } else {
            return Ok(());
        };
        Err(Malformed::at(at, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cap_refuses_just_what_is_over_it() {
        let limits = Limits { entries: 2, bytes: 200 << 20, ratio: 10 };
        assert!(limits.check_entries(2, 0).is_ok());
        assert!(limits.check_entries(3, 0).is_err());
        assert!(limits.check_bytes(FREE, 0, 0).is_ok());
        assert!(limits.check_bytes(FREE + 10, FREE / 10 + 1, 0).is_ok());
        assert!(limits.check_bytes(FREE + 10, FREE / 10 - 1, 0).is_err());
        assert!(limits.check_bytes((200 << 20) + 1, 200 << 20, 0).is_err());
    }
}
