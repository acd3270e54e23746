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

/// Rows of a cause, the kind of value, the source, and what to do.
macro_rules! remedies {
    ($($cause:ident $about:ident: $source:expr, $text:literal;)*) => {
        &[$(ByCause { cause: Cause::$cause, about: About::$about, text: $text, source: $source }),*]
    };
}

/// The causes, each with a row that fits everything last.
pub const BY_CAUSE: &[ByCause] = remedies! {
    BuildPath Toolchain: REMAP,
        "leave the path of cargo, rustc (`env!(\"CARGO\")`, RUSTC) and of the standard library out of what build scripts and macros write";
    BuildPath ObjectName: "https://milen.me/writings/apple-linker-ld64-deterministic-builds-oso-prefix/",
        "link with `-Wl,-oso_prefix,.`, so objects are named without their directory";
    BuildPath TempDir: BUILD_SCRIPTS,
        "do not let names of temporary files reach the output: in a build script, write to OUT_DIR under a fixed name";
    BuildPath CcObject: "https://github.com/rust-lang/cc-rs/issues/1901",
        "the `cc` crate names objects after a hash of OUT_DIR: update it to a version that does not, give it relative paths, or have everyone build at one path (`repro build --same-path`)";
    BuildPath FileSymbol: "https://reproducible-builds.org/docs/build-path/",
        "assemblers and compilers name source files as they are given: pass a path relative to the crate, map it (nasm 3: `--debug-prefix-map`; gcc: `-ffile-prefix-map`), or strip symbols";
    BuildPath PrefixMap: REMAP,
        "this is a flag of the recipe of `repro build`, which maps directories (`-ffile-prefix-map` in CFLAGS): what stores its own compiler flags stores it. Leave the flags out of the output, or have everyone build at one path (`repro build --same-path`)";
    BuildPath Directory: REMAP,
        "no `--remap-path-prefix` reaches what `env!(\"OUT_DIR\")`, `env!(\"CARGO_MANIFEST_DIR\")` or a macro embeds: embed what is in the file instead of its path, or have everyone build at one path (`repro build --same-path`)";
    BuildPath CargoHome: REMAP,
        "no `--remap-path-prefix` reaches what a build script or macro embeds: leave CARGO_HOME out of the output, or have everyone build at one path (`repro build --same-path`)";
    BuildPath Anything: REMAP,
        "build with `repro build`, or pass `--remap-path-prefix` for the source, cargo's home and the toolchain's library source; what `env!(\"OUT_DIR\")` or a macro embeds needs one path for everyone";
    Home Anything: REMAP,
        "leave the home directory out of what build scripts and macros write; for source paths, pass `--remap-path-prefix`";
    Timestamp ObjectName: "https://milen.me/writings/apple-linker-ld64-deterministic-builds-oso-prefix/",
        "set ZERO_AR_DATE=1 for the linker, so objects have no time";
    Timestamp Uptime: ENVIRONMENT,
        "leave the machine's uptime out of what build scripts and macros write";
    Timestamp Anything: EPOCH,
        "read SOURCE_DATE_EPOCH in the build script or macro instead of the clock";
    SourceMtime Python: "https://docs.python.org/3/library/py_compile.html",
        "Python keeps the time of the source in what it compiles: set SOURCE_DATE_EPOCH, or compile with `--invalidation-mode checked-hash`, so it keeps a hash";
    SourceMtime Anything: EPOCH,
        "do not embed the times of source files, which no version control keeps: use SOURCE_DATE_EPOCH";
    BuildId OneSide: "https://sourceware.org/binutils/docs/ld/Options.html",
        "one linker wrote an identifier and the other did not: most compilers of distributions ask for one and rustc does not, so ask for it on both sides (`-C link-arg=-Wl,--build-id=sha1`)";
    BuildId Anything: "https://sourceware.org/binutils/docs/ld/Options.html",
        "nothing else differs, so the id was made from something that is no longer in the file, such as debug info that was stripped after linking, or not from the contents: strip while linking (`strip = true`), and link with `-C link-arg=-Wl,--build-id=sha1`";
    CompilerVersion Anything: "https://rust-lang.github.io/rustup/overrides.html",
        "build both with one compiler: pin it in rust-toolchain.toml, and compare `rustc -vV` and `cc --version`";
    LinkerVersion Relaxation: "https://sourceware.org/binutils/docs/ld/Options.html",
        "link both with the same linker and flags: one of them replaced references through the GOT with direct ones and the other did not (`--no-relax` turns it off)";
    LinkerVersion Interpreter: "https://sourceware.org/binutils/docs/ld/Options.html",
        "the linkers set different program interpreters, as those of Nix and of other distributions do: link both with the tools of one distribution, or name it (`-C link-arg=-Wl,--dynamic-linker=PATH`)";
    LinkerVersion Option: "https://sourceware.org/binutils/docs/ld/Options.html",
        "link both with the same linker and the same options: `--hash-style`, `-z now` and `-z pack-relative-relocs` have other defaults in other distributions";
    LinkerVersion Anything: "https://reproducible-builds.org/docs/recording/",
        "link both with the same version of the linker: `builder` in the manifest lists the linkers of the machine that made it";
    SymbolHash Anything: "https://github.com/rust-lang/cargo/issues/13586",
        "the crate's identity differs: give both builds the same flags, features and, for path dependencies outside the workspace, the same path; or use `repro build`, which makes crate ids canonical";
    CrateMetadata Anything: "https://github.com/rust-lang/rust/issues/153898",
        "only what the compiler records about the crate differs, not its code: use one toolchain with the same components (`rust-src` changes a crate's hash), the same flags, and the same files in the directories given with `-L`";
    Ordering Functions: "https://reproducible-builds.org/docs/stable-inputs/",
        "give the linker its objects and libraries in one order (in a build script, sort what `read_dir` returns), and build both with the same number of codegen units";
    Ordering Anything: "https://reproducible-builds.org/docs/stable-inputs/",
        "sort, or use a BTreeMap, in the macro or build script: a HashMap has another order in each run, and a directory on each machine";
    Randomness ProcessId: "https://reproducible-builds.org/docs/randomness",
        "leave the ids of processes and threads out of what build scripts and macros write, also out of names of temporary files";
    Randomness Address: "https://reproducible-builds.org/docs/randomness",
        "do not print or hash addresses in build scripts and macros: the kernel chooses others for each run";
    Randomness TempDir: BUILD_SCRIPTS,
        "do not let names of temporary files reach the output: in a build script, write to OUT_DIR under a fixed name";
    Randomness Anything: "https://reproducible-builds.org/docs/randomness",
        "take random values from a fixed seed; if bytes differ throughout, check that CARGO_INCREMENTAL=0 is set";
    Username Anything: ENVIRONMENT,
        "leave the user's name out of what build scripts and macros write";
    UserId Anything: ENVIRONMENT,
        "leave ids of user and group out of what build scripts and macros write: give files a fixed owner, as `--owner=0 --group=0` of tar does";
    FileSystem Anything: ENVIRONMENT,
        "do not write file system details from build scripts and macros: inode and device numbers, directory sizes, file system types";
    Hostname Anything: ENVIRONMENT,
        "leave the machine's name out of what build scripts and macros write";
    Kernel Anything: ENVIRONMENT,
        "leave `uname` and /proc out of what build scripts and macros write: the program runs on other kernels than the one that built it";
    Environment SearchPath: ENVIRONMENT,
        "leave PATH, and where a program was found, out of what build scripts and macros write: run programs by their names";
    Environment Anything: ENVIRONMENT,
        "let build scripts and macros read named variables only, not the whole environment";
    Locale Anything: "https://reproducible-builds.org/docs/locales/",
        "let nothing in the build depend on the locale: set LC_ALL=C.UTF-8 for the tools that are called";
    Timezone Anything: "https://reproducible-builds.org/docs/timezones/",
        "write times in UTC";
    Umask Anything: ARCHIVES,
        "set explicit file modes instead of using those that the umask left";
    Parallelism Anything: BUILD_SCRIPTS,
        "leave NUM_JOBS and the number of CPUs out of what build scripts and macros write, and do not divide work by them";
    VcsState ExportSubst: "https://git-scm.com/docs/gitattributes#_export_subst",
        "`git archive` fills in `$Format$` where .gitattributes says export-subst: build both from a checkout, or both from one archive, or leave out the attribute";
    VcsState Ident: "https://git-scm.com/docs/gitattributes#_ident",
        "git fills in `$Id$` where .gitattributes says ident, and not everything that reads a repository does so: take both sources in the same way, or leave out the attribute";
    VcsState GitSetting: "https://git-scm.com/docs/git-config",
        "git reads settings of the user: pass what matters in the call (`git -c NAME=VALUE …`), and leave the user's name and address out";
    VcsState Anything: "https://reproducible-builds.org/docs/version-information/",
        "build both from one commit in a clean tree, and name the commit in full: short ids grow with the repository";
    ImportLibrary Anything: "https://sourceware.org/binutils/docs/binutils/dlltool.html",
        "dlltool derives names from its input path, which is in a temporary directory of rustc: build with `repro build` without `--inject rustflags`, which gives rustc a dlltool with fixed names, or strip symbols";
    DependencyList Anything: "https://github.com/rust-secure-code/cargo-auditable",
        "build both from one Cargo.lock, and both with `cargo auditable` or both without";
    PeTimestamp Resource: "https://github.com/rust-lang/rust/issues/158873",
        "have the resource compiler write no time: for `.rc` files use llvm-rc, or normalize with `repro normalize`";
    PeTimestamp Anything: "https://github.com/rust-lang/rust/issues/158873",
        "link with `/Brepro` (`-C link-arg=/Brepro`): rustc does not pass it, whatever SOURCE_DATE_EPOCH is; or run `repro normalize` on both";
    PeDebug PdbPath: "https://learn.microsoft.com/cpp/build/reference/pdbaltpath-use-alternate-pdb-path",
        "link with `/PDBALTPATH:%_PDB%`, so the PDB is named without its directory";
    PeDebug Anything: "https://github.com/rust-lang/rust/issues/112586",
        "link with `/Brepro`; a PDB also holds the random name of a directory of rustc's, which only `/DEBUG:NONE` leaves out";
    MachoUuid Anything: "https://bugs.openjdk.org/browse/JDK-8351440",
        "nothing else differs, so the identifier depends on something outside the file: give the output the same name on both sides, and link with `-Wl,-reproducible` where the linker has it";
    CodeSignature Anything: "https://reproducible-builds.org/docs/embedded-signatures/",
        "compare before signing, or remove the signatures of both";
    ArchiveMtime InBuild: ARCHIVES,
        "tell the program that packs to leave out times, owners and modes: `ar D`, `gzip -n`, `tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go=rX`, `TZ=UTC zip -X` of files with fixed times and modes";
    ArchiveMtime Anything: ARCHIVES,
        "give every member one time: pack with `repro archive`, or run `repro normalize --epoch SECONDS` on both, with no member older than that";
    ArchiveOwner Anything: ARCHIVES,
        "leave the packer's user out: pack with `repro archive`, or run `repro normalize` on both";
    ArchiveMode Anything: ARCHIVES,
        "leave the packer's umask out: pack with `repro archive`, or run `repro normalize` on both";
    ArchiveOrder Anything: ARCHIVES,
        "sort the members: pack with `repro archive`, or run `repro normalize` on both";
    Compressor Anything: ARCHIVES,
        "use one compressor, version and level: pack with `repro archive`, or run `repro normalize` on both";
    Unknown LineEnds: "https://git-scm.com/docs/gitattributes#_end_of_line_conversion",
        "only the ends of lines differ: git turns them as `core.autocrlf` and .gitattributes say (`* text eol=lf` gives everyone the same), and programs for Windows write others";
    Unknown Digest: "https://reproducible-builds.org/docs/",
        "a digest differs because what it was made from does: compare that";
    Unknown Stripped: "https://doc.rust-lang.org/cargo/reference/profiles.html#strip",
        "one file has symbols or debug info that the other has not: build both with the same `strip`, `debug` and `split-debuginfo` in the profile";
    Unknown DebugFile: "https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html",
        "the separate files with debug info differ: compare these";
    Unknown Anything: "https://reproducible-builds.org/docs/",
        "no known cause fits: look at what writes these bytes; where the source is at hand, `repro build` finds the crate";
};

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

/// What to do about a cause, which shows in such a value, in a unit that uses these packages.
pub fn for_users(packages: &[Package], cause: Cause, about: About) -> String {
    worded(of_used(packages, cause), by_cause(cause, about).text)
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
