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
    /// The bytes of A and B at that place, for a view side by side.
    pub excerpt: Option<[Excerpt; 2]>,
    /// Differing bytes that it accounts for, where they were counted.
    pub bytes: u64,
}

/// Makes the enum and its texts of the same rows: what a kind is, the label of a remedy for it, and what such
/// values are called where their names say no more.
macro_rules! abouts {
    ($($about:ident $means:literal $(label $label:literal)? $(called $called:literal)?;)*) => {
        /// The kind of a value: which remedy fits, and which differences follow from others.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum About {
            /// Nothing more is known.
            #[default]
            Anything,
            $(#[doc = $means] $about,)*
        }

        impl About {
            /// The kind of value that a remedy is for, as a noun phrase; none where it is for any.
            pub fn label(self) -> Option<&'static str> {
                match self {
                    $($(About::$about => Some($label),)?)*
                    _ => None,
                }
            }

            /// What such values are called, where their names say no more.
            pub fn called(self) -> Option<&'static str> {
                match self {
                    $($(About::$about => Some($called),)?)*
                    _ => None,
                }
            }
        }
    };
}

abouts! {
    Moved "Addresses and sizes of what moved." called "addresses and sizes of what moved";
    Packed "Positions and hashes in a compiler's metadata or bitcode." called "metadata and bitcode: positions and hashes";
    Compressed "Compressed bytes whose contents are explained as well." called "compressed bytes";
    Names "Names of symbols, and hashes of names." called "names and hashes";
    Number "A random number in decimal digits.";
    Directory "A directory of the build." label "a directory of the build";
    PrefixMap "A flag that maps a directory to another name." label "a flag that maps a directory";
    CargoHome "Cargo's home directory." label "CARGO_HOME";
    TempDir "A directory for temporary files." label "TMPDIR";
    Toolchain "The directory of the toolchain." label "the toolchain";
    SearchPath "A directory of PATH." label "PATH";
    GitSetting "What git reads from the user's settings." label "a setting of git";
    ObjectName "The name of an object in a Mach-O symbol table." label "an object in a Mach-O symbol table";
    CcObject "The name of an object that the `cc` crate made, which hashes OUT_DIR." label "an object name that `cc` made";
    FileSymbol "A source file's name in a symbol table or in debug info." label "a source file in a symbol table";
    ImportName "Names that dlltool makes for an import library.";
    Functions "Functions of a program." label "functions";
    ProcessId "The id of a process or thread." label "the id of a process or thread";
    Uptime "How long the machine has been running." label "the uptime";
    Address "An address in memory." label "an address in memory";
    Relaxation "A reference that one linker made direct and the other did not." label "a relaxed reference";
    Resource "A resource of a PE file." label "a resource";
    PdbPath "The name of a PDB." label "the path of a PDB";
    ExportSubst "`$Format$` in a file of a git archive." label "`$Format$`";
    Ident "`$Id$` in a file of a git repository." label "`$Id$`";
    LineEnds "How lines end." label "line ends";
    OneSide "An identifier that one side does not have." label "on one side only";
    Interpreter "The program that loads another one." label "the program interpreter";
    Option "What an option of the linker adds." label "an option of the linker";
    Stripped "Symbols or debug info that one side does not have." label "symbols and debug info";
    DebugFile "A separate file with debug info." label "a separate debug file";
    Python "A compiled Python module." label "compiled Python";
    InBuild "An archive that is packed in a build." label "an archive that is packed in a build";
    Packing "A field of a container: how it was packed.";
    Membership "A member that one side does not have, or has under a different name.";
    Versions "A member whose name tells another version.";
    Digests "Digests and sizes of members.";
    Digest "A digest of something." label "a digest";
    Guess "It is no more than a path in some place.";
    Sources "All of a program that has other sources.";
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

/// Bytes of one file around a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Offset of the first byte; of text the first line's number.
    pub at: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where in them the value is, as far as it is among them.
    pub value: Range<usize>,
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

    /// Whether it is such a cause, and its values have different lengths.
    pub fn is_cause_of_length(&self) -> bool {
        self.is_cause() && self.a.chars().count() != self.b.chars().count()
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
