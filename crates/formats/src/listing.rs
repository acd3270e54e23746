//! The members of an archive with their metadata and digests. All archive formats share this type;
//! it is all that comparing them needs.

use std::fmt;

use crate::compress::container::Compression;
use crate::digest::Digest;

/// An enum with the name of each of its values in reports and manifests: one row each.
macro_rules! named {
    ($(#[$about:meta])* $type:ident { $($(#[$of:meta])* $value:ident $name:literal,)* }) => {
        $(#[$about])*
        ///
        /// Each value has a name in reports and manifests.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $(#[doc = $name] $(#[$of])* $value),*
        }

        impl $type {
            /// The name in reports and manifests.
            pub fn name(self) -> &'static str {
                match self {
                    $($type::$value => $name),*
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// What holds the members of an archive. A single compressed file is the only member of its content.
    Container {
        Tar "tar",
        Zip "zip",
        Ar "ar",
        Cpio "cpio",
        Rpm "rpm",
        Fat "Mach-O for several machines",
        Directory "directory",
        Content "content",
    }
}

named! {
    /// What a member is.
    #[derive(Default)]
    MemberKind {
        #[default]
        File "file",
        Dir "dir",
        Symlink "symlink",
        Hardlink "hardlink",
        Symbols "index of symbols",
        Names "table of names",
        CharDevice "character device",
        BlockDevice "block device",
        Fifo "FIFO",
        Socket "socket",
        Special "special file",
        VolumeLabel "volume label",
        FileList "directory with a list of its files",
        Continued "file that goes on from another volume",
    }
}

/// An archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What holds its members.
    pub container: Container,
    /// What the whole is compressed with.
    pub compression: Compression,
    /// Of what the whole unpacks to, where it is compressed.
    pub unpacked: Option<Digest>,
    /// SHA-256 of the compressed bytes, without a gzip header.
    pub packed: Option<String>,
    /// What is said of the whole.
    pub fields: Vec<Field>,
    /// The members in their order.
    pub members: Vec<Member>,
}

impl Listing {
    /// An archive that is not compressed as a whole.
    pub(crate) fn plain(container: Container, fields: Vec<Field>, members: Vec<Member>) -> Listing {
        let compression = Compression::None;
        Listing { container, compression, unpacked: None, packed: None, fields, members }
    }

    /// The format, with what it is compressed with: `tar in gzip`.
    pub fn name(&self) -> String {
        match (self.container, self.compression) {
            (Container::Content, compression) => compression.row().name.to_string(),
            (container, Compression::None) => container.to_string(),
            (container, compression) => format!("{container} in {}", compression.row().name),
        }
    }
}

/// What a container says of itself, apart from its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the field.
    pub name: &'static str,
    /// What it is about.
    pub says: Says,
    /// The value as text.
    pub value: String,
}

/// What a field is about: why it can differ while the content is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// When members were modified, or when it was packed.
    Time,
    /// When it was built.
    BuildTime,
    /// On which machine it was built.
    BuildHost,
    /// Who owns members.
    Owner,
    /// Modes of members.
    Mode,
    /// Which program packed it, and how.
    Packer,
    /// Which other fields there are.
    Flags,
    /// The name that the file had.
    FileName,
    /// A signature of the rest.
    Signature,
    /// Digests, sizes and offsets of the rest.
    Follows,
    /// A text that someone wrote, and that `normalize` keeps.
    Comment,
    /// Anything else.
    Other,
}

/// A member, and what the archive says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The name without a leading `./` and a trailing `/`, escaped where it is not printable.
    pub name: String,
    /// The name as it is written.
    pub written: String,
    /// What it is.
    pub kind: MemberKind,
    /// What a link points to.
    pub target: Option<String>,
    /// Bytes of content.
    pub size: u64,
    /// SHA-256 of the content; none where there is no content.
    pub sha256: Option<String>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner and group, with their names.
    pub owner: String,
    /// The time, as the format has it: seconds since 1970, or a date without zone.
    pub mtime: String,
    /// The same as seconds since 1970; a date without zone as UTC.
    pub seconds: Option<i64>,
    /// How it is compressed and the digest of that, where members are compressed one by one.
    pub packed: Option<String>,
    /// Fields of the format that are none of the above.
    pub other: Vec<(String, String)>,
}
