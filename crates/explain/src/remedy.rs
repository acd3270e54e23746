//! What to change so that a difference goes away: by crate and feature ([`crate::known_crates`]), or
//! by cause, from the table here. Each row has its source. The culprit is not decided here.

use super::known::{Context, Package};
use crate::cause::Cause;
use crate::finding::{About, Finding};
use crate::known_crates::{self, KnownCrate};

/// What is said of a consequence.
pub const FOLLOWS: &str = "it follows from another difference and goes away with it";

/// What to do about a cause, where nothing more is known.
#[derive(Debug)]
pub struct ByCause {
    /// The cause.
    pub cause: Cause,
    /// The kind of value that the row is for.
    pub about: About,
    /// What to do, as a sentence.
    pub text: &'static str,
    /// Where that is said.
    pub source: &'static str,
}

const EPOCH: &str = "https://reproducible-builds.org/specs/source-date-epoch/";
const REMAP: &str = "https://doc.rust-lang.org/rustc/remap-source-paths.html";
const BUILD_SCRIPTS: &str = "https://doc.rust-lang.org/cargo/reference/build-scripts.html";
const ENVIRONMENT: &str = "https://reproducible-builds.org/docs/env-variations/";
const ARCHIVES: &str = "https://reproducible-builds.org/docs/archives/";

/// The causes, each with a row that fits everything last.
pub const BY_CAUSE: &[ByCause] = &[
    row(
        Cause::BuildPath,
        About::Toolchain,
        "leave the path of cargo, rustc (`env!(\"CARGO\")`, RUSTC) and of the standard library out of what build scripts and macros write",
        REMAP,
    ),
    row(
        Cause::BuildPath,
        About::ObjectName,
        "link with `-Wl,-oso_prefix,.`, so objects are named without their directory",
        "https://milen.me/writings/apple-linker-ld64-deterministic-builds-oso-prefix/",
    ),
    row(
        Cause::BuildPath,
        About::TempDir,
        "do not let names of temporary files reach the output: in a build script, write to OUT_DIR under a fixed name",
        BUILD_SCRIPTS,
    ),
    row(
        Cause::BuildPath,
        About::CcObject,
        "the `cc` crate names objects after a hash of OUT_DIR: update it to a version that does not, give it relative paths, or have everyone build at one path (`repro build --same-path`)",
        "https://github.com/rust-lang/cc-rs/issues/1901",
    ),
    row(
        Cause::BuildPath,
        About::FileSymbol,
        "assemblers and compilers name source files as they are given: pass a path relative to the crate, map it (nasm 3: `--debug-prefix-map`; gcc: `-ffile-prefix-map`), or strip symbols",
        "https://reproducible-builds.org/docs/build-path/",
    ),
    row(
        Cause::BuildPath,
        About::PrefixMap,
        "this is a flag of the recipe of `repro build`, which maps directories (`-ffile-prefix-map` in CFLAGS): what stores its own compiler flags stores it. Leave the flags out of the output, or have everyone build at one path (`repro build --same-path`)",
        REMAP,
    ),
    row(
        Cause::BuildPath,
        About::Directory,
        "no `--remap-path-prefix` reaches what `env!(\"OUT_DIR\")`, `env!(\"CARGO_MANIFEST_DIR\")` or a macro embeds: embed what is in the file instead of its path, or have everyone build at one path (`repro build --same-path`)",
        REMAP,
    ),
    row(
        Cause::BuildPath,
        About::CargoHome,
        "no `--remap-path-prefix` reaches what a build script or macro embeds: leave CARGO_HOME out of the output, or have everyone build at one path (`repro build --same-path`)",
        REMAP,
    ),
    row(
        Cause::BuildPath,
        About::Anything,
        "build with `repro build`, or pass `--remap-path-prefix` for the source, cargo's home and the toolchain's library source; what `env!(\"OUT_DIR\")` or a macro embeds needs one path for everyone",
        REMAP,
    ),
    row(
        Cause::Home,
        About::Anything,
        "leave the home directory out of what build scripts and macros write; for source paths, pass `--remap-path-prefix`",
        REMAP,
    ),
    row(
        Cause::Timestamp,
        About::ObjectName,
        "set ZERO_AR_DATE=1 for the linker, so objects have no time",
        "https://milen.me/writings/apple-linker-ld64-deterministic-builds-oso-prefix/",
    ),
    row(
        Cause::Timestamp,
        About::Uptime,
        "leave the machine's uptime out of what build scripts and macros write",
        ENVIRONMENT,
    ),
    row(
        Cause::Timestamp,
        About::Anything,
        "read SOURCE_DATE_EPOCH in the build script or macro instead of the clock",
        EPOCH,
    ),
    row(
        Cause::SourceMtime,
        About::Anything,
        "do not embed the times of source files, which no version control keeps: use SOURCE_DATE_EPOCH",
        EPOCH,
    ),
    row(
        Cause::BuildId,
        About::Anything,
        "nothing else differs, so it was made from what is no longer in the file, such as debug info that was stripped after linking, or not from the content: strip while linking (`strip = true`), and link with `-C link-arg=-Wl,--build-id=sha1`",
        "https://sourceware.org/binutils/docs/ld/Options.html",
    ),
    row(
        Cause::CompilerVersion,
        About::Anything,
        "build both with one compiler: pin it in rust-toolchain.toml, and compare `rustc -vV` and `cc --version`",
        "https://rust-lang.github.io/rustup/overrides.html",
    ),
    row(
        Cause::LinkerVersion,
        About::Relaxation,
        "link both with the same linker and flags: one of them replaced references through the GOT with direct ones and the other did not (`--no-relax` turns it off)",
        "https://sourceware.org/binutils/docs/ld/Options.html",
    ),
    row(
        Cause::LinkerVersion,
        About::Anything,
        "link both with one version of the linker: the manifest's `builder` names those of the machine that it was made on",
        "https://reproducible-builds.org/docs/recording/",
    ),
    row(
        Cause::SymbolHash,
        About::Anything,
        "the crate's identity differs: give both builds the same flags, features and, for path dependencies outside the workspace, the same path; or use `repro build`, which makes crate ids canonical",
        "https://github.com/rust-lang/cargo/issues/13586",
    ),
    row(
        Cause::CrateMetadata,
        About::Anything,
        "only what the compiler records about the crate differs, not its code: use one toolchain with the same components (`rust-src` changes a crate's hash), the same flags, and the same files in the directories given with `-L`",
        "https://github.com/rust-lang/rust/issues/153898",
    ),
    row(
        Cause::Ordering,
        About::Functions,
        "give the linker its objects and libraries in one order (in a build script, sort what `read_dir` returns), and build both with the same number of codegen units",
        "https://reproducible-builds.org/docs/stable-inputs/",
    ),
    row(
        Cause::Ordering,
        About::Anything,
        "sort, or use a BTreeMap, in the macro or build script: a HashMap has another order in each run, and a directory on each machine",
        "https://reproducible-builds.org/docs/stable-inputs/",
    ),
    row(
        Cause::Randomness,
        About::ProcessId,
        "leave the ids of processes and threads out of what build scripts and macros write, also out of names of temporary files",
        "https://reproducible-builds.org/docs/randomness",
    ),
    row(
        Cause::Randomness,
        About::Address,
        "do not print or hash addresses in build scripts and macros: the kernel chooses others for each run",
        "https://reproducible-builds.org/docs/randomness",
    ),
    row(
        Cause::Randomness,
        About::Anything,
        "take random values from a fixed seed; if bytes differ throughout, see that CARGO_INCREMENTAL=0 is in force",
        "https://reproducible-builds.org/docs/randomness",
    ),
    row(
        Cause::Username,
        About::Anything,
        "leave the user's name out of what build scripts and macros write",
        ENVIRONMENT,
    ),
    row(
        Cause::UserId,
        About::Anything,
        "leave ids of user and group out of what build scripts and macros write: give files a fixed owner, as `--owner=0 --group=0` of tar does",
        ENVIRONMENT,
    ),
    row(
        Cause::FileSystem,
        About::Anything,
        "leave what the file system says of files out of what build scripts and macros write: numbers of files and devices, sizes of directories, types of file systems",
        ENVIRONMENT,
    ),
    row(
        Cause::Hostname,
        About::Anything,
        "leave the machine's name out of what build scripts and macros write",
        ENVIRONMENT,
    ),
    row(
        Cause::Kernel,
        About::Anything,
        "leave `uname` and /proc out of what build scripts and macros write: the program runs on other kernels than the one that built it",
        ENVIRONMENT,
    ),
    row(
        Cause::Environment,
        About::SearchPath,
        "leave PATH, and where a program was found, out of what build scripts and macros write: run programs by their names",
        ENVIRONMENT,
    ),
    row(
        Cause::Environment,
        About::Anything,
        "let build scripts and macros read named variables only, not the whole environment",
        ENVIRONMENT,
    ),
    row(
        Cause::Locale,
        About::Anything,
        "let nothing in the build depend on the locale: set LC_ALL=C.UTF-8 for the tools that are called",
        "https://reproducible-builds.org/docs/locales/",
    ),
    row(
        Cause::Timezone,
        About::Anything,
        "write times in UTC",
        "https://reproducible-builds.org/docs/timezones/",
    ),
    row(
        Cause::Umask,
        About::Anything,
        "set the modes of files that are packed or described, instead of taking those that the umask left",
        ARCHIVES,
    ),
    row(
        Cause::Parallelism,
        About::Anything,
        "leave NUM_JOBS and the number of CPUs out of what build scripts and macros write, and do not divide work by them",
        BUILD_SCRIPTS,
    ),
    row(
        Cause::VcsState,
        About::ExportSubst,
        "`git archive` fills in `$Format$` where .gitattributes says export-subst: build both from a checkout, or both from one archive, or leave out the attribute",
        "https://git-scm.com/docs/gitattributes#_export_subst",
    ),
    row(
        Cause::VcsState,
        About::GitSetting,
        "git reads settings of the user: pass what matters in the call (`git -c NAME=VALUE …`), and leave the user's name and address out",
        "https://git-scm.com/docs/git-config",
    ),
    row(
        Cause::VcsState,
        About::Anything,
        "build both from one commit in a clean tree, and name the commit in full: short ids grow with the repository",
        "https://reproducible-builds.org/docs/version-information/",
    ),
    row(
        Cause::ImportLibrary,
        About::Anything,
        "dlltool makes names from the path that it is given, which is in a temporary directory of rustc's: build with `repro build` without `--inject rustflags`, which gives rustc a dlltool with fixed names, or strip symbols",
        "https://sourceware.org/binutils/docs/binutils/dlltool.html",
    ),
    row(
        Cause::DependencyList,
        About::Anything,
        "build both from one Cargo.lock, and both with `cargo auditable` or both without",
        "https://github.com/rust-secure-code/cargo-auditable",
    ),
    row(
        Cause::PeTimestamp,
        About::Resource,
        "have the resource compiler write no time: for `.rc` files use llvm-rc, or normalize with `repro normalize`",
        "https://github.com/rust-lang/rust/issues/158873",
    ),
    row(
        Cause::PeTimestamp,
        About::Anything,
        "link with `/Brepro` (`-C link-arg=/Brepro`): rustc does not pass it, whatever SOURCE_DATE_EPOCH is; or run `repro normalize` on both",
        "https://github.com/rust-lang/rust/issues/158873",
    ),
    row(
        Cause::PeDebug,
        About::PdbPath,
        "link with `/PDBALTPATH:%_PDB%`, so the PDB is named without its directory",
        "https://learn.microsoft.com/cpp/build/reference/pdbaltpath-use-alternate-pdb-path",
    ),
    row(
        Cause::PeDebug,
        About::Anything,
        "link with `/Brepro`; a PDB also holds the random name of a directory of rustc's, which only `/DEBUG:NONE` leaves out",
        "https://github.com/rust-lang/rust/issues/112586",
    ),
    row(
        Cause::MachoUuid,
        About::Anything,
        "nothing else differs, so the identifier depends on something outside the file: give the output the same name on both sides, and link with `-Wl,-reproducible` where the linker has it",
        "https://bugs.openjdk.org/browse/JDK-8351440",
    ),
    row(
        Cause::CodeSignature,
        About::Anything,
        "compare before signing, or remove the signatures of both",
        "https://reproducible-builds.org/docs/embedded-signatures/",
    ),
    row(
        Cause::ArchiveMtime,
        About::Anything,
        "give every member one time: pack with `repro archive`, or run `repro normalize --epoch SECONDS` on both, with no member older than that",
        ARCHIVES,
    ),
    row(
        Cause::ArchiveOwner,
        About::Anything,
        "leave the packer's user out: pack with `repro archive`, or run `repro normalize` on both",
        ARCHIVES,
    ),
    row(
        Cause::ArchiveMode,
        About::Anything,
        "leave the packer's umask out: pack with `repro archive`, or run `repro normalize` on both",
        ARCHIVES,
    ),
    row(
        Cause::ArchiveOrder,
        About::Anything,
        "sort the members: pack with `repro archive`, or run `repro normalize` on both",
        ARCHIVES,
    ),
    row(
        Cause::Compressor,
        About::Anything,
        "use one compressor, version and level: pack with `repro archive`, or run `repro normalize` on both",
        ARCHIVES,
    ),
    row(
        Cause::Unknown,
        About::Anything,
        "no known cause fits: look at what writes these bytes; where the source is at hand, `repro build` finds the crate",
        "https://reproducible-builds.org/docs/",
    ),
];

const fn row(cause: Cause, about: About, text: &'static str, source: &'static str) -> ByCause {
    ByCause { cause, about, text, source }
}

/// What to do about the finding.
pub fn of(finding: &Finding, context: &Context) -> String {
    if finding.consequence {
        return FOLLOWS.to_string();
    }
    let about = if is_prefix_map(finding) { About::PrefixMap } else { finding.about };
    let general = by_cause(finding.cause, about).text;
    let named = |p: &&Package| {
        let name = p.name.replace('-', "_");
        finding.krate.as_deref() == Some(&name)
    };
    let own = context.packages.iter().find(named);
    let own = own.and_then(|p| by_crate(p, finding.cause));
    worded(own.or_else(|| of_used(&context.packages, finding.cause)), general)
}

/// What to do about a cause in a unit that uses these packages.
pub fn for_users(packages: &[Package], cause: Cause) -> String {
    worded(of_used(packages, cause), general(cause))
}

/// The row of the first package that is known to put such differences into those that use it.
pub fn of_used(packages: &[Package], cause: Cause) -> Option<&'static KnownCrate> {
    packages.iter().filter_map(|p| by_crate(p, cause)).find(|row| row.into_users)
}

fn worded(known: Option<&KnownCrate>, general: &str) -> String {
    match known {
        None => general.to_string(),
        Some(row) => format!("{}; if it is not from {}: {general}", row.remedy, row.name),
    }
}

const MAPS: [&str; 2] = ["prefix-map=", "remap-path-prefix="];

/// Whether a path is in a flag that maps it, and in what stores the flags of its compiler.
fn is_prefix_map(finding: &Finding) -> bool {
    let maps = |text: &str| MAPS.iter().any(|flag| text.contains(flag));
    finding.cause == Cause::BuildPath && maps(&finding.a) && maps(&finding.b)
}

/// Whether a text ends in such a flag, before the path.
pub fn maps(before: &[u8]) -> bool {
    MAPS.iter().any(|flag| before.ends_with(flag.as_bytes()))
}

/// The row for a package (no features: they are unknown) and a cause.
pub fn by_crate(package: &Package, cause: Cause) -> Option<&'static KnownCrate> {
    let features = &package.features;
    let has = |f: &str| (!features.is_empty()).then(|| features.iter().any(|on| on == f));
    let fits = |row: &&KnownCrate| {
        row.causes.contains(&cause) && row.fits(&package.name, &package.version, has)
    };
    known_crates::all().iter().find(fits)
}

/// The row for a cause and a kind of value.
pub fn by_cause(cause: Cause, about: About) -> &'static ByCause {
    let fits = |r: &&ByCause| r.cause == cause && (r.about == about || r.about == About::Anything);
    BY_CAUSE.iter().find(fits).expect("each cause has a row that fits everything")
}

/// What to do about a cause, whatever it shows in.
pub fn general(cause: Cause) -> &'static str {
    by_cause(cause, About::Anything).text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::CAUSES;
    use crate::finding::At;

    fn with(krate: &str, features: &[&str]) -> Context {
        Context {
            packages: vec![Package {
                name: krate.to_string(),
                version: String::new(),
                features: features.iter().map(|f| f.to_string()).collect(),
            }],
            ..Context::default()
        }
    }

    #[test]
    fn every_cause_has_a_remedy_with_a_source_and_the_general_one_is_last() {
        for cause in CAUSES {
            let rows: Vec<_> = BY_CAUSE.iter().filter(|r| r.cause == cause.cause).collect();
            assert_eq!(rows.last().map(|r| r.about), Some(About::Anything), "{}", cause.name);
            assert_eq!(rows.iter().filter(|r| r.about == About::Anything).count(), 1);
        }
        for source in BY_CAUSE.iter().map(|r| r.source) {
            assert!(source.starts_with("https://"), "{source}");
        }
        // They are printed by `repro diff` too, which has no variations.
        assert!(BY_CAUSE.iter().all(|r| !r.text.contains("--vary")));
    }

    #[test]
    fn a_crate_is_named_by_its_features_and_wherever_its_macros_lead() {
        let mut finding = Finding::new(Cause::Randomness, At::Byte(1), "1", "2");
        finding.krate = Some("app".to_string());
        let seed = of(&finding, &with("const-random", &[]));
        assert!(seed.starts_with("set CONST_RANDOM_SEED"), "{seed}");
        let other = of(&finding, &with("ahash", &["std"]));
        assert!(other.starts_with("take random values"), "{other}");
        let ahash = of(&finding, &with("ahash", &["compile-time-rng"]));
        assert!(ahash.contains("`compile-time-rng`"), "{ahash}");
        let time = Finding::new(Cause::Timestamp, At::Byte(1), "1", "2");
        let own = of(&time, &with("chrono", &[]));
        assert!(own.starts_with("read SOURCE_DATE_EPOCH"), "{own}");
    }

    #[test]
    fn paths_that_no_remap_reaches_need_one_path() {
        let mut finding = Finding::new(Cause::BuildPath, At::Whole, "/a", "/b");
        finding.about = About::Directory;
        let text = of(&finding, &Context::default());
        assert!(text.contains("OUT_DIR") && text.contains("one path"), "{text}");
    }
}
