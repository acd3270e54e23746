//! The causes of differences: one closed vocabulary, one const table. Reports, findings and help
//! use its names; what is done about a cause in a certain project is not here.

use std::fmt;

/// Why two artifacts differ. Each has one row in [`CAUSES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// `build-path`
    BuildPath,
    /// `home`
    Home,
    /// `timestamp`
    Timestamp,
    /// `source-mtime`
    SourceMtime,
    /// `build-id`
    BuildId,
    /// `compiler-version`
    CompilerVersion,
    /// `linker-version`
    LinkerVersion,
    /// `symbol-hash`
    SymbolHash,
    /// `crate-metadata`
    CrateMetadata,
    /// `ordering`
    Ordering,
    /// `file-system`
    FileSystem,
    /// `randomness`
    Randomness,
    /// `username`
    Username,
    /// `user-id`
    UserId,
    /// `hostname`
    Hostname,
    /// `kernel`
    Kernel,
    /// `environment`
    Environment,
    /// `locale`
    Locale,
    /// `timezone`
    Timezone,
    /// `umask`
    Umask,
    /// `parallelism`
    Parallelism,
    /// `vcs-state`
    VcsState,
    /// `import-library`
    ImportLibrary,
    /// `dependency-list`
    DependencyList,
    /// `pe-timestamp`
    PeTimestamp,
    /// `pe-debug`
    PeDebug,
    /// `macho-uuid`
    MachoUuid,
    /// `code-signature`
    CodeSignature,
    /// `archive-mtime`
    ArchiveMtime,
    /// `archive-owner`
    ArchiveOwner,
    /// `archive-mode`
    ArchiveMode,
    /// `archive-order`
    ArchiveOrder,
    /// `compressor`
    Compressor,
    /// `unknown`
    Unknown,
}

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

/// Every cause, in the order in which they are listed.
pub const CAUSES: &[Row] = &[
    row(Cause::BuildPath, "build-path", "a directory of the build"),
    row(Cause::Home, "home", "the builder's home directory"),
    row(Cause::Timestamp, "timestamp", "the time of the build"),
    row(Cause::SourceMtime, "source-mtime", "the modification time of a source file"),
    row(Cause::BuildId, "build-id", "the linker's identifier of the output"),
    row(Cause::CompilerVersion, "compiler-version", "the version of a compiler"),
    row(Cause::LinkerVersion, "linker-version", "the version of a linker"),
    row(Cause::SymbolHash, "symbol-hash", "the hash in a symbol's name"),
    row(Cause::CrateMetadata, "crate-metadata", "what the compiler records about a crate"),
    row(Cause::Ordering, "ordering", "the same items in a different order"),
    row(
        Cause::FileSystem,
        "file-system",
        "the file system of the source: its type, numbers, sizes of directories",
    ),
    row(Cause::Randomness, "randomness", "a random value: random bytes, ids, addresses"),
    row(Cause::Username, "username", "the builder's user name"),
    row(Cause::UserId, "user-id", "the builder's user or group id"),
    row(Cause::Hostname, "hostname", "the machine's host name"),
    row(Cause::Kernel, "kernel", "the release or version of the machine's kernel"),
    row(Cause::Environment, "environment", "an environment variable of the builder"),
    row(Cause::Locale, "locale", "the builder's locale"),
    row(Cause::Timezone, "timezone", "the builder's time zone"),
    row(Cause::Umask, "umask", "the builder's file mode mask"),
    row(Cause::Parallelism, "parallelism", "the number of jobs or processors"),
    row(Cause::VcsState, "vcs-state", "the state of the version control"),
    row(Cause::ImportLibrary, "import-library", "names in a library that dlltool makes"),
    row(Cause::DependencyList, "dependency-list", "the list of dependencies in a program"),
    row(Cause::PeTimestamp, "pe-timestamp", "the time in a PE file's headers"),
    row(Cause::PeDebug, "pe-debug", "the debug directory of a PE file"),
    row(Cause::MachoUuid, "macho-uuid", "the UUID of a Mach-O file"),
    row(Cause::CodeSignature, "code-signature", "a signature of the code"),
    row(Cause::ArchiveMtime, "archive-mtime", "the times of an archive's members"),
    row(Cause::ArchiveOwner, "archive-owner", "the owners of an archive's members"),
    row(Cause::ArchiveMode, "archive-mode", "the modes of an archive's members"),
    row(Cause::ArchiveOrder, "archive-order", "the order of an archive's members"),
    row(Cause::Compressor, "compressor", "the compressor or its level"),
    row(Cause::Unknown, "unknown", "nothing that is known here"),
];

const fn row(cause: Cause, name: &'static str, means: &'static str) -> Row {
    Row { cause, name, means }
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

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_row() {
        for (i, row) in CAUSES.iter().enumerate() {
            assert_eq!(row.cause as usize, i, "{}", row.name);
            assert_eq!(row.cause.row().name, row.name);
        }
        assert_eq!(CAUSES.len(), Cause::Unknown as usize + 1);
    }
}
