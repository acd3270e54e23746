//! How large an archive may be before it is refused.

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

/// So many unpacked bytes are allowed whatever the ratio: they harm nobody, and small files of
/// zeros are honest.
pub const FREE: u64 = 64 << 20;

impl Default for Limits {
    fn default() -> Limits {
        Limits { entries: 500_000, bytes: 64 << 30, ratio: 250 }
    }
}

impl Limits {
    /// Refuses the `count`th member if that is one too many.
    ///
    /// # Errors
    /// What is too much, as a clause.
    pub fn check_entries(&self, count: u64) -> Result<(), String> {
        if count <= self.entries {
            return Ok(());
        }
        Err(format!(
            "there are more than {} members (raise the cap with --max-entries)",
            self.entries
        ))
    }

    /// Refuses an archive that has given `unpacked` bytes for `packed` ones.
    ///
    /// # Errors
    /// What is too much, as a clause.
    pub fn check_bytes(&self, unpacked: u64, packed: u64) -> Result<(), String> {
        if unpacked > self.bytes {
            return Err(format!(
                "there are more than {} bytes when unpacked (raise the cap with --max-bytes)",
                self.bytes
            ));
        }
        if unpacked > FREE && unpacked / self.ratio > packed {
            return Err(format!(
                "it unpacks to more than {} times its size (raise the cap with --max-ratio)",
                self.ratio
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cap_refuses_just_what_is_over_it() {
        let limits = Limits { entries: 2, bytes: 200 << 20, ratio: 10 };
        assert!(limits.check_entries(2).is_ok());
        assert!(limits.check_entries(3).is_err());
        assert!(limits.check_bytes(FREE, 0).is_ok());
        assert!(limits.check_bytes(FREE + 10, FREE / 10 + 1).is_ok());
        assert!(limits.check_bytes(FREE + 10, FREE / 10 - 1).is_err());
        assert!(limits.check_bytes((200 << 20) + 1, 200 << 20).is_err());
    }
}
