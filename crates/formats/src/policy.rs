//! The metadata that an archive records about its members, besides names and contents: one rule per
//! field, the same in every format, so that two builders with the same files write the same bytes.

/// One rule: what is ruled, how, and why.
pub struct Rule {
    /// The field.
    pub field: &'static str,
    /// Its value.
    pub value: &'static str,
    /// Why that one.
    pub why: &'static str,
}

/// Rows: the field, its value, and why that one.
macro_rules! rules {
    ($($field:literal: $value:literal, $why:literal;)*) => {
        &[$(Rule { field: $field, value: $value, why: $why }),*]
    };
}

/// The rules. The functions and constants below carry them out.
pub const POLICY: &[Rule] = rules! {
    "order": "depth first; in each directory by the bytes of the names",
        "directories list their entries in no fixed order, and locales sort differently";
    "owner and group": "0, without names",
        "the packager's user is not part of the content";
    "mode": "group and others get what the owner has, without write (go+u,go-w)",
        "the packager's umask is not part of the content; the exec bit is";
    "mtime": "the epoch: --epoch, else the build's; of other files: SOURCE_DATE_EPOCH, else 1980-01-01",
        "a checkout stamps files with the time of the checkout; 1980 is the first year of zip";
    "hard links": "each name is packed as a separate file",
        "whether two files share an inode is not content";
    "holes": "written out as zeros",
        "whether a file is sparse depends on how it was copied";
    "sockets, FIFOs, devices": "refused",
        "they have no content";
};

/// The epoch unless one is given: 1980-01-01T00:00:00Z, in seconds since 1970.
pub const NO_EPOCH: i64 = 315_532_800;

/// The mode of a member: the permission bits of the file, as the policy has them.
pub fn mode(of_file: u32) -> u32 {
    let owner = of_file >> 6 & 0o7;
    (of_file & 0o7777 | owner << 3 | owner) & !0o022
}

/// The bits that are no permissions: setuid, setgid, sticky. A member that has one keeps its mode.
pub const SPECIAL: u32 = 0o7000;

/// The mode of a symbolic link: they have 777 or none at all, and the policy makes this of both.
pub const LINK_MODE: u32 = 0o755;

/// The mode of a file if only its exec bit is known.
pub fn mode_of(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_go_plus_u_minus_w() {
        for (given, want) in [
            (0o600, 0o644),
            (0o664, 0o644),
            (0o700, 0o755),
            (0o777, 0o755),
            (0o444, 0o444),
            (0o077, 0o055),
            (0o4711, 0o4755),
            (0o100_640, 0o644),
        ] {
            assert_eq!(mode(given), want, "{given:o}");
        }
    }
}
