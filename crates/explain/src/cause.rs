//! The causes of differences: one closed vocabulary, one const table. Reports, findings and help
//! use its names; remedies are elsewhere.

use std::fmt;

/// One row of [`CAUSES`].
#[derive(Debug)]
pub struct Row {
    /// The cause.
    pub cause: Cause,
    /// Its name in reports, kebab-case.
    pub name: &'static str,
    /// What it means, as a noun phrase.
    pub means: &'static str,
}

/// Makes the enum and the table of the same rows.
macro_rules! causes {
    ($($cause:ident, $name:literal, $means:literal;)*) => {
        /// Why two artifacts differ.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cause {
            $(#[doc = $means] $cause,)*
        }

        /// Every cause, in the order in which they are listed.
        pub const CAUSES: &[Row] =
            &[$(Row { cause: Cause::$cause, name: $name, means: $means }),*];
    };
}

causes! {
    BuildPath, "build-path", "a directory of the build";
    Home, "home", "the builder's home directory";
    Timestamp, "timestamp", "the time of the build";
    SourceMtime, "source-mtime", "the modification time of a source file";
    BuildId, "build-id", "the linker's identifier of the output";
    CompilerVersion, "compiler-version", "the version of a compiler";
    LinkerVersion, "linker-version", "the version of a linker";
    SymbolHash, "symbol-hash", "the hash in a symbol's name";
    CrateMetadata, "crate-metadata", "what the compiler records about a crate";
    Ordering, "ordering", "the same items in a different order";
    FileSystem, "file-system", "the file system of the source: its type, numbers, sizes of directories";
    Randomness, "randomness", "a random value: random bytes, ids, addresses";
    Username, "username", "the builder's user name";
    UserId, "user-id", "the builder's user or group id";
    Hostname, "hostname", "the machine's hostname";
    Kernel, "kernel", "the release or version of the machine's kernel";
    Environment, "environment", "an environment variable of the builder";
    Locale, "locale", "the builder's locale";
    Timezone, "timezone", "the builder's time zone";
    Umask, "umask", "the builder's file mode mask";
    Parallelism, "parallelism", "the number of jobs or processors";
    VcsState, "vcs-state", "the state of the version control";
    ImportLibrary, "import-library", "names in a library that dlltool makes";
    DependencyList, "dependency-list", "the list of dependencies in a program";
    PeTimestamp, "pe-timestamp", "the time in a PE file's headers";
    PeDebug, "pe-debug", "the debug directory of a PE file";
    MachoUuid, "macho-uuid", "the UUID of a Mach-O file";
    CodeSignature, "code-signature", "a signature of the code";
    ArchiveMtime, "archive-mtime", "the times of an archive's members";
    ArchiveOwner, "archive-owner", "the owners of an archive's members";
    ArchiveMode, "archive-mode", "the modes of an archive's members";
    ArchiveOrder, "archive-order", "the order of an archive's members";
    Compressor, "compressor", "the compressor or its level";
    Unknown, "unknown", "nothing that is known here";
}

impl Cause {
    /// Its row of the table.
    pub fn row(self) -> &'static Row {
        &CAUSES[self as usize]
    }

    /// The cause of that name.
    pub fn named(name: &str) -> Option<Cause> {
        CAUSES.iter().find(|row| row.name == name).map(|row| row.cause)
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

/// The names of causes, as a list.
pub fn names(causes: &[Cause]) -> String {
    causes.iter().map(|c| c.name()).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
