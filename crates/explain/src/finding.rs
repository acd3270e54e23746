//! One difference: its cause, its place, both values, and what to change. Decisions use these
//! values; the text that reports show for a place is made here and nowhere else.

use std::fmt;
use std::ops::Range;

use crate::cause::Cause;

/// Characters of a value that are shown.
pub const SHOWN: usize = 160;

/// One finding about a pair of files that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Why.
    pub cause: Cause,
    /// What kind of value it is, where one cause has several remedies.
    pub about: About,
    /// The place.
    pub place: Place,
    /// The symbol that holds the bytes or refers to them, demangled.
    pub symbol: Option<String>,
    /// The crate that they come from.
    pub krate: Option<String>,
    /// The line of the source, where debug info tells it: `src/main.rs:3`.
    pub source: Option<String>,
    /// What A has there.
    pub a: String,
    /// What B has there.
    pub b: String,
    /// What to change so that it goes away: a sentence.
    pub remedy: String,
    /// It follows from another difference, and goes away with it.
    pub consequence: bool,
    /// `repro normalize` on both files makes it go away, unless it leaves one of them alone.
    pub normalized: bool,
    /// The bytes at that place, for a view side by side.
    pub excerpt: Option<Excerpt>,
    /// Differing bytes that it accounts for, where they were counted.
    pub bytes: u64,
}

/// The kind of a value: which remedy fits, and which differences follow from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// Nothing more is known.
    #[default]
    Anything,
    /// Addresses and sizes of what moved.
    Moved,
    /// Positions and hashes in a compiler's metadata or bitcode.
    Packed,
    /// Compressed bytes whose contents are explained as well.
    Compressed,
    /// Names of symbols, and hashes of names.
    Names,
    /// A random number in decimal digits.
    Number,
    /// A directory of the build.
    Directory,
    /// A flag that maps a directory to another name.
    PrefixMap,
    /// Cargo's home directory.
    CargoHome,
    /// A directory for temporary files.
    TempDir,
    /// The directory of the toolchain.
    Toolchain,
    /// A directory of PATH.
    SearchPath,
    /// What git reads from the user's settings.
    GitSetting,
    /// The name of an object in a Mach-O symbol table.
    ObjectName,
    /// The name of an object that the `cc` crate made, which hashes OUT_DIR.
    CcObject,
    /// A source file's name in a symbol table or in debug info.
    FileSymbol,
    /// Names that dlltool makes for an import library.
    ImportName,
    /// Functions of a program.
    Functions,
    /// The id of a process or thread.
    ProcessId,
    /// How long the machine has been running.
    Uptime,
    /// An address in memory.
    Address,
    /// A reference that one linker made direct and the other did not.
    Relaxation,
    /// A resource of a PE file.
    Resource,
    /// The name of a PDB.
    PdbPath,
    /// `$Format$` in a file of a git archive.
    ExportSubst,
    /// `$Id$` in a file of a git repository.
    Ident,
    /// How lines end.
    LineEnds,
    /// An identifier that one side does not have.
    OneSide,
    /// The program that loads another one.
    Interpreter,
    /// What an option of the linker adds.
    Option,
    /// Symbols or debug info that one side does not have.
    Stripped,
    /// A separate file with debug info.
    DebugFile,
    /// A compiled Python module.
    Python,
    /// An archive that is packed in a build.
    InBuild,
    /// A field of a container: how it was packed.
    Packing,
    /// A member that one side does not have, or has under a different name.
    Membership,
    /// A member whose name tells another version.
    Versions,
    /// Digests and sizes of members.
    Digests,
    /// A digest of something.
    Digest,
    /// It is no more than a path in some place.
    Guess,
    /// All of a program that has other sources.
    Sources,
}

impl About {
    /// The kind of value that a remedy is for, as a noun phrase; none where it is for any.
    pub fn label(self) -> Option<&'static str> {
        Some(match self {
            About::Directory => "a directory of the build",
            About::PrefixMap => "a flag that maps a directory",
            About::CargoHome => "CARGO_HOME",
            About::TempDir => "TMPDIR",
            About::Toolchain => "the toolchain",
            About::SearchPath => "PATH",
            About::GitSetting => "a setting of git",
            About::ObjectName => "an object in a Mach-O symbol table",
            About::CcObject => "an object name that `cc` made",
            About::FileSymbol => "a source file in a symbol table",
            About::Functions => "functions",
            About::ProcessId => "the id of a process or thread",
            About::Uptime => "the uptime",
            About::Address => "an address in memory",
            About::Relaxation => "a relaxed reference",
            About::Resource => "a resource",
            About::PdbPath => "the path of a PDB",
            About::ExportSubst => "`$Format$`",
            About::Ident => "`$Id$`",
            About::LineEnds => "line ends",
            About::Digest => "a digest",
            About::OneSide => "on one side only",
            About::Interpreter => "the program interpreter",
            About::Option => "an option of the linker",
            About::Stripped => "symbols and debug info",
            About::DebugFile => "a separate debug file",
            About::Python => "compiled Python",
            About::InBuild => "an archive that is packed in a build",
            _ => return None,
        })
    }

    /// What such values are called, where their names say no more.
    pub fn called(self) -> Option<&'static str> {
        match self {
            About::Moved => Some("addresses and sizes of what moved"),
            About::Packed => Some("metadata and bitcode: positions and hashes"),
            About::Names => Some("names and hashes"),
            About::Compressed => Some("compressed bytes"),
            _ => None,
        }
    }
}

/// Where a difference is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The members that it is in, outermost first.
    pub within: Vec<String>,
    /// Where in the innermost.
    pub at: At,
    /// What the value there is called.
    pub called: Option<String>,
    /// In how many more places of the same file.
    pub more: usize,
    /// In how many more members.
    pub members: usize,
}

/// Where in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum At {
    /// All of it.
    #[default]
    Whole,
    /// A line of text, from 1.
    Line(usize),
    /// A byte.
    Byte(u64),
    /// An offset in a section.
    Section {
        /// The section.
        name: String,
        /// The offset in it.
        offset: u64,
    },
    /// A member of the archive as such.
    Member(String),
    /// What the archive says of a member.
    Field {
        /// The field.
        name: &'static str,
        /// The member; empty for what a compressed file holds.
        of: String,
    },
    /// A field in the header of a container.
    Header(&'static str),
    /// The order of the members: the first that is not the same, from 1.
    Order(usize),
    /// So many symbols that have counterparts.
    Symbols(usize),
    /// Symbols that one side does not have.
    LoneSymbols,
    /// The order of functions.
    Functions,
    /// A thing that has a name of its own.
    Named(&'static str),
}

impl Place {
    /// A place in members.
    pub fn new(within: &[String], at: At) -> Place {
        Place { within: within.to_vec(), at, ..Place::default() }
    }

    /// The same, with what the value there is called.
    pub fn called(self, what: impl Into<String>) -> Place {
        Place { called: Some(what.into()), ..self }
    }

    /// The same, in a member of something.
    pub fn inside(mut self, member: impl Into<String>) -> Place {
        self.within.insert(0, member.into());
        self
    }

    /// The section, if it is in one.
    pub fn section(&self) -> Option<&str> {
        match &self.at {
            At::Section { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl From<At> for Place {
    fn from(at: At) -> Place {
        Place::new(&[], at)
    }
}

impl From<&'static str> for Place {
    fn from(name: &'static str) -> Place {
        At::Named(name).into()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for member in &self.within {
            write!(f, "`{member}`: ")?;
        }
        write!(f, "{}", self.at)?;
        if let Some(called) = &self.called {
            write!(f, " ({called})")?;
        }
        match (self.more, &self.at) {
            (0, _) => {}
            (n, At::Field { .. } | At::Member(_)) => write!(f, " and {n} more")?,
            (1, _) => f.write_str(", and 1 more place")?,
            (n, _) => write!(f, ", and {n} more places")?,
        }
        match self.members {
            0 => Ok(()),
            1 => f.write_str("; and in 1 other member"),
            n => write!(f, "; and in {n} other members"),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Whole => f.write_str("the whole file"),
            At::Line(n) => write!(f, "line {n}"),
            At::Byte(n) => write!(f, "byte {n}"),
            At::Section { name, offset } => write!(f, "{name}+{offset:#x}"),
            At::Member(name) => write!(f, "member `{name}`"),
            At::Field { name, of } if of.is_empty() => f.write_str(name),
            At::Field { name, of } => write!(f, "{name} of `{of}`"),
            At::Header(name) => write!(f, "{name} in the header"),
            At::Order(n) => write!(f, "member {n} of those that both have"),
            At::Symbols(1) => f.write_str("name of 1 symbol"),
            At::Symbols(n) => write!(f, "names of {n} symbols"),
            At::LoneSymbols => f.write_str("symbols on one side only"),
            At::Functions => f.write_str("order of functions"),
            At::Named(name) => f.write_str(name),
        }
    }
}

/// Bytes of both files around a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Offset in A of the first byte; of text the first line's number.
    pub at_a: u64,
    /// A's bytes.
    pub a: Vec<u8>,
    /// Offset in B of the first byte; of text the first line's number.
    pub at_b: u64,
    /// B's bytes.
    pub b: Vec<u8>,
    /// Where in A's bytes the value is, as far as it is among them.
    pub value_a: Range<usize>,
    /// Where in B's.
    pub value_b: Range<usize>,
}

impl Finding {
    /// A finding of which only the cause, the place and both values are known.
    pub fn new(
        cause: Cause,
        place: impl Into<Place>,
        a: impl Into<String>,
        b: impl Into<String>,
    ) -> Finding {
        Finding {
            cause,
            about: About::default(),
            place: place.into(),
            symbol: None,
            krate: None,
            source: None,
            a: a.into(),
            b: b.into(),
            remedy: String::new(),
            consequence: false,
            normalized: false,
            excerpt: None,
            bytes: 0,
        }
    }

    /// The same, about that kind of value.
    pub fn about(self, about: About) -> Finding {
        Finding { about, ..self }
    }

    /// The same, with what to do about it.
    pub fn remedy(self, remedy: impl Into<String>) -> Finding {
        Finding { remedy: remedy.into(), ..self }
    }

    /// The same, which accounts for so many differing bytes.
    pub fn bytes(self, bytes: usize) -> Finding {
        Finding { bytes: bytes as u64, ..self }
    }

    /// Whether it is a cause that has a name.
    pub fn is_cause(&self) -> bool {
        !self.consequence && self.cause != Cause::Unknown
    }

    /// Whether it shows that another compiler or linker made the file: see [`is_of_tool`].
    pub fn is_of_tool(&self) -> bool {
        is_of_tool(self.cause, self.about)
    }
}

/// Whether a value shows that another compiler or linker made the file, which accounts for all of its code.
/// One linker with other options does not.
pub fn is_of_tool(cause: Cause, about: About) -> bool {
    matches!(cause, Cause::CompilerVersion | Cause::LinkerVersion)
        && !matches!(about, About::Interpreter | About::Option)
}

/// The text, shortened in the middle.
pub fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN {
        return text.to_string();
    }
    let head: String = text.chars().take(SHOWN * 2 / 3).collect();
    let tail: String = text.chars().skip(count - SHOWN / 3).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shown_with_their_way_through_the_layers() {
        let field = At::Field { name: "mtime", of: "x".into() };
        let mut place = Place::new(&["a.zip".into(), "b.tar.gz".into()], field);
        assert_eq!(place.to_string(), "`a.zip`: `b.tar.gz`: mtime of `x`");
        place.more = 2;
        assert_eq!(place.to_string(), "`a.zip`: `b.tar.gz`: mtime of `x` and 2 more");
        let section = At::Section { name: ".text".into(), offset: 31 };
        let place = Place { called: Some("HOME".into()), more: 1, ..section.into() };
        assert_eq!(place.to_string(), ".text+0x1f (HOME), and 1 more place");
        assert_eq!(place.inside("app").to_string(), "`app`: .text+0x1f (HOME), and 1 more place");
    }
}
