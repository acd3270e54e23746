//! The table of rules: what each looks at, why, what to do, and where that is known from. It
//! drives the check, `--list-rules`, `--explain`, SARIF and the documentation.

use super::facts::Facts;
use super::families::{code, flags, known, locked, pins, places};
use super::hit::{Hit, Severity};

/// A rule.
pub struct Rule {
    /// Its name, in kebab case.
    pub id: &'static str,
    /// How much its findings count, unless settings say otherwise.
    pub severity: Severity,
    /// What it looks at.
    pub looks_at: &'static str,
    /// Why.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Where that is known from.
    pub source: &'static str,
    pub(super) judge: fn(&Facts) -> Vec<Hit>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// The rule of a name.
pub fn named(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.id == id)
}

use Severity::{Error, Info, Warning};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "lockfile-missing",
        severity: Error,
        looks_at: "Cargo.lock of the workspace",
        why: "without it each builder gets the versions of the day",
        remedy: "run `cargo generate-lockfile` and commit Cargo.lock",
        source: "https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html",
        judge: locked::missing,
    },
    Rule {
        id: "lockfile-untracked",
        severity: Error,
        looks_at: "whether git tracks Cargo.lock",
        why: "a lockfile that is not committed fixes versions for nobody else",
        remedy: "take Cargo.lock out of .gitignore and commit it",
        source: "https://doc.rust-lang.org/cargo/faq.html#why-have-cargolock-in-version-control",
        judge: locked::untracked,
    },
    Rule {
        id: "lockfile-stale",
        severity: Error,
        looks_at: "Cargo.lock against the dependencies in all manifests of the workspace",
        why: "`--locked` refuses to build, and without it versions change",
        remedy: "run `cargo update --workspace` and commit Cargo.lock",
        source: "https://doc.rust-lang.org/cargo/commands/cargo-build.html#manifest-options",
        judge: locked::stale,
    },
    Rule {
        id: "lockfile-checksum",
        severity: Error,
        looks_at: "the checksum of each registry package in Cargo.lock",
        why: "a version without a checksum can be another content for another builder",
        remedy: "remove the package from Cargo.lock and run `cargo update --workspace`",
        source: "https://doc.rust-lang.org/cargo/reference/registry-index.html",
        judge: locked::checksum,
    },
    Rule {
        id: "toolchain-unpinned",
        severity: Warning,
        looks_at: "the channel in rust-toolchain.toml",
        why: "another compiler makes other bytes, so that everybody must know which one it was",
        remedy: "put an exact version (`channel = \"1.95.0\"`) or a dated nightly into rust-toolchain.toml",
        source: "https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file",
        judge: locked::toolchain,
    },
    Rule {
        id: "workspace-wrapper",
        severity: Error,
        looks_at: "RUSTC_WORKSPACE_WRAPPER and `build.rustc-workspace-wrapper`",
        why: "cargo hashes its path into the names of crates and symbols",
        remedy: "use RUSTC_WRAPPER instead, or set it for checks alone",
        source: "https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-workspace-wrapper",
        judge: flags::workspace_wrapper,
    },
    Rule {
        id: "rustc-bootstrap",
        severity: Error,
        looks_at: "RUSTC_BOOTSTRAP in the environment and in `[env]`",
        why: "it turns a stable compiler into an unstable one and changes all bytes",
        remedy: "leave it out, and pin a dated nightly if unstable features are needed",
        source: "https://doc.rust-lang.org/unstable-book/compiler-environment-variables/RUSTC_BOOTSTRAP.html",
        judge: flags::bootstrap,
    },
    Rule {
        id: "incremental-release",
        severity: Error,
        looks_at: "`incremental` of profiles other than dev and test, and CARGO_INCREMENTAL",
        why: "incremental compilation divides code by what was built before",
        remedy: "leave `incremental` off in profiles that are released",
        source: "https://doc.rust-lang.org/cargo/reference/profiles.html#incremental",
        judge: flags::incremental,
    },
    Rule {
        id: "target-cpu-native",
        severity: Error,
        looks_at: "`-C target-cpu=native` in flags of cargo config files, profiles and the environment; `-march=native` and the like in build scripts",
        why: "the bytes depend on the processor that they were built on",
        remedy: "name a processor (`-C target-cpu=x86-64-v3`, `-march=x86-64-v3`)",
        source: "https://doc.rust-lang.org/rustc/codegen-options/index.html#target-cpu",
        judge: code::native_cpu,
    },
    Rule {
        id: "build-id-uuid",
        severity: Error,
        looks_at: "`--build-id=uuid` in flags",
        why: "the linker puts a new random number into each binary",
        remedy: "use `-C link-arg=-Wl,--build-id=sha1`, which is made from the content",
        source: "https://sourceware.org/binutils/docs/ld/Options.html",
        judge: flags::build_id,
    },
    Rule {
        id: "rpath",
        severity: Error,
        looks_at: "`rpath` of profiles, and `-C rpath` in flags",
        why: "binaries get absolute paths of libraries, which no remapping reaches",
        remedy: "leave rpath off, or give `-C link-arg=-Wl,-rpath,$ORIGIN/…`",
        source: "https://doc.rust-lang.org/rustc/codegen-options/index.html#rpath",
        judge: flags::rpath,
    },
    Rule {
        id: "git-rev",
        severity: Error,
        looks_at: "the rev of each git dependency in the manifests",
        why: "branches and tags move; a whole commit id does not",
        remedy: "give `rev = \"…\"` with all 40 digits of the commit",
        source: "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#choice-of-commit",
        judge: pins::rev,
    },
    Rule {
        id: "git-comment",
        severity: Warning,
        looks_at: "the comment right above each git dependency",
        why: "without a link and a condition nobody knows why it is there and when it can go",
        remedy: "write a comment with a link to the reason and until when it is needed",
        source: "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#specifying-dependencies-from-git-repositories",
        judge: pins::comment,
    },
    Rule {
        id: "git-allow",
        severity: Warning,
        looks_at: "the rows `allow-git` of deny.toml for each git dependency, and their comments",
        why: "a source that no policy names can come in unseen",
        remedy: "add the URL to `allow-git` under [sources] of deny.toml, with the same link in a comment",
        source: "https://embarkstudios.github.io/cargo-deny/checks/sources/cfg.html",
        judge: pins::allow,
    },
    Rule {
        id: "git-sbom",
        severity: Error,
        looks_at: "with `--sbom`: the purl of each git package of Cargo.lock",
        why: "a purl without `vcs_url` says that the package comes from crates.io, which it does not",
        remedy: "make the SBOM again from this Cargo.lock",
        source: "https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst",
        judge: pins::sbom,
    },
    Rule {
        id: "path-outside-repository",
        severity: Error,
        looks_at: "where path dependencies lie",
        why: "a clone does not have them, so that nobody else can build",
        remedy: "move the package into the repository, or depend on a registry or a commit",
        source: "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#specifying-path-dependencies",
        judge: places::outside_repository,
    },
    Rule {
        id: "path-outside-workspace",
        severity: Warning,
        looks_at: "where path dependencies lie",
        why: "cargo hashes their absolute path into the names of symbols",
        remedy: "move the workspace root above them; `repro build` makes the names canonical",
        source: "https://github.com/rust-lang/cargo/issues/13586",
        judge: places::outside_workspace,
    },
    Rule {
        id: "submodule-moved",
        severity: Error,
        looks_at: "`git submodule status`",
        why: "others get the commit that is recorded, not the one that is there",
        remedy: "run `git submodule update --init`, or commit the submodule",
        source: "https://git-scm.com/docs/git-submodule#Documentation/git-submodule.txt-status",
        judge: places::submodules,
    },
    Rule {
        id: "lfs-pointer",
        severity: Error,
        looks_at: "files that are pointers of git LFS",
        why: "the build takes the pointer for the content",
        remedy: "run `git lfs pull`",
        source: "https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md",
        judge: places::pointers,
    },
    Rule {
        id: "case-collision",
        severity: Warning,
        looks_at: "names of files that differ in case alone",
        why: "file systems of Windows and macOS keep one of them",
        remedy: "rename one of them",
        source: "https://doc.rust-lang.org/cargo/reference/manifest.html",
        judge: places::case,
    },
    Rule {
        id: "known-crate",
        severity: Error,
        looks_at: "a table of crates, by version and enabled feature as cargo resolves them for the target",
        why: "they put randomness, times or an order by chance into what is built with them",
        remedy: "update the crate, or turn the feature off",
        source: "https://reproducible-builds.org/docs/",
        judge: known::known,
    },
    Rule {
        id: "reads-clock",
        severity: Warning,
        looks_at: "code of build scripts and procedural macros",
        why: "the time of the build differs from builder to builder",
        remedy: "take SOURCE_DATE_EPOCH where it is set, or leave the time out",
        source: "https://reproducible-builds.org/docs/timestamps/",
        judge: code::clock,
    },
    Rule {
        id: "reads-mtime",
        severity: Warning,
        looks_at: "code of build scripts and procedural macros",
        why: "the times of files are those of the checkout",
        remedy: "take SOURCE_DATE_EPOCH where it is set, or leave the time out",
        source: "https://reproducible-builds.org/docs/timestamps/",
        judge: code::mtime,
    },
    Rule {
        id: "reads-randomness",
        severity: Warning,
        looks_at: "code of build scripts and procedural macros",
        why: "random numbers differ in each build",
        remedy: "use a fixed seed",
        source: "https://reproducible-builds.org/docs/randomness/",
        judge: code::randomness,
    },
    Rule {
        id: "map-order",
        severity: Warning,
        looks_at: "code of build scripts and procedural macros that goes through a hash map or set",
        why: "its order differs in each run, and so does what is made in it",
        remedy: "use BTreeMap or BTreeSet, or sort first",
        source: "https://doc.rust-lang.org/std/collections/struct.HashMap.html",
        judge: code::map_order,
    },
    Rule {
        id: "reads-hostname",
        severity: Warning,
        looks_at: "code of build scripts and procedural macros",
        why: "each machine has another name",
        remedy: "leave the name out",
        source: "https://reproducible-builds.org/docs/build-path/",
        judge: code::host_name,
    },
    Rule {
        id: "reads-user",
        severity: Warning,
        looks_at: "code of build scripts and procedural macros",
        why: "each builder has another name",
        remedy: "leave the name out",
        source: "https://reproducible-builds.org/docs/env-variations/",
        judge: code::user,
    },
    Rule {
        id: "reads-current-dir",
        severity: Warning,
        looks_at: "code of procedural macros (of build scripts: told as info)",
        why: "it is an absolute path of the machine, which no remapping reaches",
        remedy: "use paths relative to CARGO_MANIFEST_DIR, and do not emit them",
        source: "https://reproducible-builds.org/docs/build-path/",
        judge: code::current_dir,
    },
    Rule {
        id: "env-macro",
        severity: Warning,
        looks_at: "`env!` and `option_env!` of paths and names of the machine in all code, but for files that are included",
        why: "the value is compiled in, and no remapping reaches it",
        remedy: "read the file with include_str! or include_bytes!, or ask for the variable at run time",
        source: "https://reproducible-builds.org/docs/build-path/",
        judge: code::env_macro,
    },
    Rule {
        id: "reads-vcs",
        severity: Info,
        looks_at: "code of build scripts and procedural macros",
        why: "a build from the published crate or a tarball has no repository to ask, and gives other bytes",
        remedy: "say in the release notes from which of them the release is built",
        source: "https://reproducible-builds.org/docs/version-information/",
        judge: code::vcs,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_and_names_unique() {
        for rule in RULES {
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(rule.id.chars().all(kebab), "{}", rule.id);
            assert_eq!(RULES.iter().filter(|r| r.id == rule.id).count(), 1);
            assert!(rule.source.starts_with("https://"), "{}", rule.id);
            for text in [rule.looks_at, rule.why, rule.remedy] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", rule.id);
            }
        }
    }
}
