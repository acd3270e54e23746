//! The table of rules: what each looks at, why, what to do, and a source. It drives the check, `--list-rules`,
//! `--explain`, SARIF and the documentation; the functions of the rules are in the modules below it.
//! A rule states what it needs ([`Judge`]). If that is missing, the rule is reported as not run, never as passed.

mod code_reads;
mod git_deps;
mod known_crates;
mod lockfile;
mod rustflags;
mod source_tree;

use super::facts::Facts;
use super::facts::sources::What;
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
    pub(super) judge: Judge,
}

/// How a rule finds something, by what it needs to know.
pub(super) enum Judge {
    /// Files and settings, which are always there.
    Files(fn(&Facts) -> Vec<Hit>),
    /// A git repository.
    Git(fn(&Facts) -> Vec<Hit>),
    /// Cargo.lock.
    Lockfile(fn(&Facts) -> Vec<Hit>),
    /// The packages that cargo resolves.
    Packages(fn(&Facts) -> Vec<Hit>),
    /// What their code reads, and the words for it.
    Code(What, &'static str),
}

impl Rule {
    /// What it found; an error says why it could not look.
    pub(super) fn run(&self, facts: &Facts) -> Result<Vec<Hit>, &'static str> {
        let packages = facts.resolved.then_some(()).ok_or("dependencies are not resolved");
        match self.judge {
            Judge::Files(judge) => Ok(judge(facts)),
            Judge::Git(_) if facts.repository_unreadable => {
                Err("the git repository could not be read")
            }
            Judge::Git(_) if facts.tree.repository.is_none() => Err("there is no git repository"),
            Judge::Git(judge) => Ok(judge(facts)),
            Judge::Lockfile(_) if facts.lockfile_missing => Err("there is no Cargo.lock"),
            Judge::Lockfile(_) if facts.lockfile.is_none() => Err("Cargo.lock could not be read"),
            Judge::Lockfile(judge) => Ok(judge(facts)),
            Judge::Packages(judge) => packages.map(|()| judge(facts)),
            Judge::Code(what, verb) => packages.map(|()| code_reads::of(facts, what, verb)),
        }
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// The rule of a name. The error is a sentence.
pub fn named(id: &str) -> Result<&'static Rule, String> {
    let found = RULES.iter().find(|r| r.id == id);
    found.ok_or_else(|| format!("there is no rule `{id}`: `repro check --list-rules` lists them"))
}

/// Rows as `--explain` prints them: name, severity, how a rule finds something, and the texts.
macro_rules! rules {
    ($($id:literal $severity:ident $judge:ident($($how:tt)*)
        looks at $looks_at:literal why $why:literal to do $remedy:literal source $source:literal;)*) => {
        &[$(Rule {
            id: $id,
            severity: Severity::$severity,
            looks_at: $looks_at,
            why: $why,
            remedy: $remedy,
            source: $source,
            judge: Judge::$judge($($how)*),
        }),*]
    };
}

/// The rules.
pub const RULES: &[Rule] = rules! {
    "lockfile-missing" Error Files(lockfile::missing)
        looks at "Cargo.lock of the workspace"
        why "without Cargo.lock every build may resolve different dependency versions"
        to do "run `cargo generate-lockfile` and commit Cargo.lock"
        source "https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html";
    "lockfile-untracked" Error Git(lockfile::untracked)
        looks at "whether git tracks Cargo.lock"
        why "a lockfile that is not committed pins nothing for other builders"
        to do "commit Cargo.lock (`git add -f Cargo.lock` if .gitignore lists it)"
        source "https://doc.rust-lang.org/cargo/faq.html#why-have-cargolock-in-version-control";
    "lockfile-stale" Error Lockfile(lockfile::stale)
        looks at "Cargo.lock against the dependencies in all manifests of the workspace"
        why "`--locked` refuses to build, and without it versions change"
        to do "run `cargo update --workspace` and commit Cargo.lock"
        source "https://doc.rust-lang.org/cargo/commands/cargo-build.html#manifest-options";
    "lockfile-checksum" Error Lockfile(lockfile::checksum)
        looks at "the checksum of each registry package in Cargo.lock"
        why "without a checksum the same version can have different contents elsewhere"
        to do "remove the package from Cargo.lock and run `cargo update --workspace`"
        source "https://doc.rust-lang.org/cargo/reference/registry-index.html";
    "toolchain-unpinned" Warning Files(lockfile::toolchain)
        looks at "the channel in rust-toolchain.toml"
        why "a different compiler version produces different bytes; pin it so everyone uses the same one"
        to do "put an exact version (`channel = \"1.95.0\"`) or a dated nightly into rust-toolchain.toml"
        source "https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file";
    "workspace-wrapper" Error Files(rustflags::workspace_wrapper)
        looks at "RUSTC_WORKSPACE_WRAPPER and `build.rustc-workspace-wrapper`"
        why "cargo hashes its path into the names of crates and symbols"
        to do "use RUSTC_WRAPPER instead, or set it for checks alone"
        source "https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-workspace-wrapper";
    "rustc-bootstrap" Error Files(rustflags::bootstrap)
        looks at "RUSTC_BOOTSTRAP in the environment and in `[env]`"
        why "it turns on unstable features in a stable compiler, which changes the output"
        to do "remove it; pin a dated nightly if you need unstable features"
        source "https://doc.rust-lang.org/unstable-book/compiler-environment-variables/RUSTC_BOOTSTRAP.html";
    "incremental-release" Error Files(rustflags::incremental)
        looks at "`incremental` of profiles other than dev and test, and CARGO_INCREMENTAL"
        why "incremental compilation splits code depending on earlier builds"
        to do "leave `incremental` off in profiles that are released"
        source "https://doc.rust-lang.org/cargo/reference/profiles.html#incremental";
    "target-cpu-native" Error Files(rustflags::target_cpu)
        looks at "`-C target-cpu=native` in rustflags, and `-march=native` and the like in CFLAGS, of cargo config files, profiles and the environment"
        why "the output depends on the processor of the build machine"
        to do "name a processor (`-C target-cpu=x86-64-v3`, `-march=x86-64-v3`)"
        source "https://doc.rust-lang.org/rustc/codegen-options/index.html#target-cpu";
    "build-id-uuid" Error Files(rustflags::build_id)
        looks at "`--build-id=uuid` in flags"
        why "the linker writes a new random number into each binary"
        to do "use `-C link-arg=-Wl,--build-id=sha1`, which is made from the content"
        source "https://sourceware.org/binutils/docs/ld/Options.html";
    "parallel-frontend" Warning Files(rustflags::threads)
        looks at "`-Z threads` of more than one in rustflags"
        why "threads of the compiler finish in any order, and some of that order still reaches the output"
        to do "leave it to builds that are not released, or give `-Z threads=1`"
        source "https://github.com/rust-lang/rust/issues/129094";
    "gdb-index" Warning Files(rustflags::gdb_index)
        looks at "`--gdb-index` in flags, where mold links"
        why "the threads of mold write the index in any order"
        to do "leave the index to the debugger, or use a different linker"
        source "https://github.com/rui314/mold/issues/1566";
    "rpath" Error Files(rustflags::rpath)
        looks at "`rpath` of profiles, and `-C rpath` in flags"
        why "binaries contain absolute library paths, which no remapping reaches"
        to do "leave rpath off, or give `-C link-arg=-Wl,-rpath,$ORIGIN/…`"
        source "https://doc.rust-lang.org/rustc/codegen-options/index.html#rpath";
    "git-rev" Error Files(git_deps::rev)
        looks at "the rev of each git dependency in the manifests"
        why "branches and tags move; a full commit id does not"
        to do "give `rev = \"…\"` with all 40 digits of the commit"
        source "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#choice-of-commit";
    "git-comment" Warning Files(git_deps::comment)
        looks at "the comment right above each git dependency"
        why "a git dependency needs a reason and an end: a link and a condition for its removal"
        to do "add a comment with a link to the reason and when it can be removed"
        source "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#specifying-dependencies-from-git-repositories";
    "git-allow" Warning Files(git_deps::allow)
        looks at "the `allow-git` rows of deny.toml for each git dependency, and their comments"
        why "a source that no policy lists can be added unnoticed"
        to do "add the URL to `allow-git` under [sources] of deny.toml, with the same link in a comment"
        source "https://embarkstudios.github.io/cargo-deny/checks/sources/cfg.html";
    "git-sbom" Error Files(git_deps::sbom)
        looks at "with `--sbom`: the purl of each git package of Cargo.lock"
        why "a purl without `vcs_url` says that the package comes from crates.io, which it does not"
        to do "regenerate the SBOM from this Cargo.lock"
        source "https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst";
    "path-outside-repository" Error Files(source_tree::outside_repository)
        looks at "where path dependencies are"
        why "a clone does not contain them, so others cannot build"
        to do "move the package into the repository, or depend on a registry or a commit"
        source "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#specifying-path-dependencies";
    "path-outside-workspace" Warning Files(source_tree::outside_workspace)
        looks at "where path dependencies are"
        why "cargo hashes their absolute path into the names of symbols"
        to do "move the workspace root above them; `repro build` makes the names canonical"
        source "https://github.com/rust-lang/cargo/issues/13586";
    "submodule-moved" Error Git(source_tree::submodules)
        looks at "`git submodule status`"
        why "others get the recorded commit, not the one that is checked out"
        to do "run `git submodule update --init`, or commit the submodule"
        source "https://git-scm.com/docs/git-submodule#Documentation/git-submodule.txt-status";
    "lfs-pointer" Error Files(source_tree::pointers)
        looks at "files that are pointers of git LFS"
        why "the build uses the pointer instead of the content"
        to do "run `git lfs pull`"
        source "https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md";
    "case-collision" Warning Files(source_tree::case)
        looks at "names of files that differ in case alone"
        why "the file systems of Windows and macOS keep only one of them"
        to do "rename one of them"
        source "https://doc.rust-lang.org/cargo/reference/manifest.html";
    "known-crate" Error Packages(known_crates::known)
        looks at "a table of crates, by version and enabled feature as cargo resolves them for the target"
        why "these crates put random values, timestamps or an unstable order into the output"
        to do "update the crate, or turn the feature off"
        source "https://reproducible-builds.org/docs/";
    "reads-clock" Warning Code(What::Clock, "reads the time of day with")
        looks at "code of build scripts and procedural macros"
        why "every build happens at a different time"
        to do "use SOURCE_DATE_EPOCH if it is set, or leave the time out"
        source "https://reproducible-builds.org/docs/timestamps/";
    "emits-elapsed" Warning Code(What::Elapsed, "writes a time measured with")
        looks at "code of build scripts and procedural macros, where a time that was measured reaches the output"
        why "a step takes a different time in each build"
        to do "print it as a message, or leave it out"
        source "https://reproducible-builds.org/docs/timestamps/";
    "reads-mtime" Warning Code(What::Mtime, "reads the time of a file with")
        looks at "code of build scripts and procedural macros"
        why "files get the time of the checkout"
        to do "use SOURCE_DATE_EPOCH if it is set, or leave the time out"
        source "https://reproducible-builds.org/docs/timestamps/";
    "reads-randomness" Warning Code(What::Randomness, "takes random numbers from")
        looks at "code of build scripts and procedural macros"
        why "random numbers differ in each build"
        to do "use a fixed seed"
        source "https://reproducible-builds.org/docs/randomness/";
    "emits-address" Warning Code(What::Address, "writes an address with")
        looks at "`{:p}` in build scripts and procedural macros, where its text reaches the output"
        why "the system loads a program at a different address in each run"
        to do "write a number or name of your own instead of the address"
        source "https://reproducible-builds.org/docs/randomness/";
    "map-order" Warning Code(What::MapOrder, "goes through the hash map")
        looks at "code of build scripts and procedural macros that goes through a hash map or set"
        why "the iteration order differs in each run"
        to do "use BTreeMap or BTreeSet, or sort first"
        source "https://doc.rust-lang.org/std/collections/struct.HashMap.html";
    "dir-order" Warning Code(What::DirOrder, "uses files in the order of")
        looks at "directories that build scripts and procedural macros list, where that order reaches the output"
        why "each file system lists files in a different order"
        to do "sort the names first, or collect them into a BTreeSet"
        source "https://reproducible-builds.org/docs/stable-inputs/";
    "reads-hostname" Warning Code(What::Hostname, "reads the name of the machine with")
        looks at "code of build scripts and procedural macros"
        why "every machine has a different name"
        to do "leave the name out"
        source "https://reproducible-builds.org/docs/build-path/";
    "reads-user" Warning Code(What::User, "reads the name of the user with")
        looks at "code of build scripts and procedural macros"
        why "every builder has a different user name"
        to do "leave the name out"
        source "https://reproducible-builds.org/docs/env-variations/";
    "reads-kernel" Warning Code(What::Kernel, "reads the release of the kernel with")
        looks at "code of build scripts and procedural macros"
        why "every machine has a different kernel release"
        to do "leave the release out"
        source "https://reproducible-builds.org/docs/env-variations/";
    "reads-ids" Warning Code(What::Ids, "reads a process or thread id with")
        looks at "code of build scripts and procedural macros"
        why "process and thread ids differ in each run"
        to do "use a fixed number, or a counter that starts at zero"
        source "https://reproducible-builds.org/docs/randomness/";
    "file-modes" Warning Code(What::Modes, "writes the mode of a file from")
        looks at "code of build scripts and procedural macros, where modes of files reach the output"
        why "the umask of whoever fetched the source decides which modes its files have"
        to do "write fixed modes, or only whether a file is executable"
        source "https://reproducible-builds.org/docs/archives/";
    "file-numbers" Warning Code(What::FileNumbers, "writes an inode number from")
        looks at "code of build scripts and procedural macros, where numbers of files or devices reach the output"
        why "each copy of a file has a different number"
        to do "use the name or a digest of the file"
        source "https://reproducible-builds.org/docs/env-variations/";
    "cpu-count" Warning Code(What::CpuCount, "writes the number of processors from")
        looks at "code of build scripts and procedural macros, where the number of processors reaches the output"
        why "machines have different numbers of processors"
        to do "use a fixed number for everything that is written or compiled in"
        source "https://reproducible-builds.org/docs/env-variations/";
    "reads-cpu" Warning Code(What::CpuModel, "asks what the processor is with")
        looks at "code of build scripts and procedural macros"
        why "the output depends on the processor of the build machine, which is the same for both builds of `repro build`"
        to do "ask for a feature by name (`CARGO_CFG_TARGET_FEATURE`), or choose the code at run time"
        source "https://doc.rust-lang.org/cargo/reference/environment-variables.html";
    "emits-environment" Warning Code(What::Environment, "writes a value of the machine from")
        looks at "code that puts HOME, OUT_DIR, PATH, TZ, the temporary directory, the path of the program or the like into the output or an rpath"
        why "builders have different directories and settings, which no remapping reaches"
        to do "write relative paths, or leave the value out"
        source "https://reproducible-builds.org/docs/env-variations/";
    "emits-path" Warning Code(What::AbsolutePath, "makes a path absolute with")
        looks at "code of build scripts and procedural macros that makes a path absolute and puts it into a variable for the compiler or an rpath"
        why "the source is in a different directory on each machine, and no remapping reaches the path"
        to do "use the path relative to CARGO_MANIFEST_DIR, or include the file"
        source "https://reproducible-builds.org/docs/build-path/";
    "reads-current-dir" Warning Code(What::CurrentDir, "reads the current directory with")
        looks at "code of procedural macros; of build scripts where it reaches the output (otherwise info)"
        why "it is an absolute path on the build machine, which no remapping reaches"
        to do "use paths relative to CARGO_MANIFEST_DIR, and do not emit them"
        source "https://reproducible-builds.org/docs/build-path/";
    "env-macro" Warning Code(What::EnvMacro, "compiles in the variable")
        looks at "every `env!` or `option_env!` that reads a path or machine name, except in included files"
        why "the value is compiled in, where no remapping reaches it"
        to do "read the file with include_str! or include_bytes!, or read the variable at run time"
        source "https://reproducible-builds.org/docs/build-path/";
    "absolute-include" Error Code(What::Include, "includes a file outside of the source with")
        looks at "`include!`, `include_str!` and `include_bytes!` of absolute paths in all code"
        why "other builders do not have that file, or have a different one"
        to do "move the file into the package and use a relative path"
        source "https://doc.rust-lang.org/std/macro.include_str.html";
    "march-native" Error Code(What::NativeCpu, "gives a C compiler")
        looks at "`-march=native`, `-mcpu=native` and `-mtune=native` in build scripts"
        why "the output depends on the processor of the build machine"
        to do "name a processor (`-march=x86-64-v3`)"
        source "https://gcc.gnu.org/onlinedocs/gcc/x86-Options.html";
    "reads-vcs" Info Code(What::Vcs, "asks the version control system with")
        looks at "code of build scripts and procedural macros"
        why "a build from a published crate or a tarball has no repository, and gives different bytes"
        to do "state in the release notes which source the release is built from"
        source "https://reproducible-builds.org/docs/version-information/";
};

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
