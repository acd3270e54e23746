//! The recipe's table: every change that is made to what the user's own `cargo build` would do,
//! one row each, with its reason. It drives the builds, `--show-recipe`, the report and the
//! manifest; changing a row means a new [`VERSION`].

use crate::platform::Platform;

/// Version of this table; the manifest records it, so that a rebuild can replay it. Earlier ones are
/// replayed by the rows that they had.
pub const VERSION: u32 = 4;

/// Remaps for the cc crate, as a list: on Windows with `;` in place of `:`.
pub const C_REMAPS: &str = "CARGO_TRIM_PATHS_REMAP";

/// How a row reaches the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// An argument of rustc, appended to the user's.
    Rustc,
    /// An argument of `cargo build`.
    Cargo,
    /// An environment variable.
    Env(&'static str),
    /// A flag joined to the user's in CFLAGS and CXXFLAGS.
    CFlags,
    /// A property of the process.
    Process(&'static str),
}

/// One row. `{…}` in the value stands for a fact of the build; see [`super::Recipe`].
pub struct Item {
    /// How it is applied.
    pub channel: Channel,
    /// Only for targets of this family; `None` is for all.
    pub platform: Option<Platform>,
    /// The value.
    pub value: &'static str,
    /// Why.
    pub why: &'static str,
    /// The first version that has it.
    pub since: u32,
}

/// Rows: the first version that has it, the targets, how it is applied, the value, and why.
macro_rules! rows {
    (@Any) => { None };
    (@$platform:ident) => { Some(Platform::$platform) };
    ($($since:literal $platform:ident $channel:ident $(($name:expr))?: $value:literal, $why:literal;)*) => {
        &[$(Item {
            channel: Channel::$channel $(($name))?,
            platform: rows!(@$platform),
            value: $value,
            why: $why,
            since: $since,
        }),*]
    };
}

/// The rows. Of the path remaps the last match wins in rustc, and the first that is longest in
/// no compiler: so the roots go from the outermost to the innermost.
pub const TABLE: &[Item] = rows! {
    1 Any Env("SOURCE_DATE_EPOCH"): "{epoch}",
        "the one time that build scripts, macros, compilers and archivers may embed";
    1 Any Rustc: "--remap-path-prefix={cargo-home}=/cargo",
        "panic messages, debug info and file!() hold paths of dependencies";
    1 Any Rustc: "--remap-path-prefix={source}=/build/{name}",
        "panic messages, debug info and file!() hold paths of the source";
    1 Any Rustc: "--remap-path-prefix={target}=/build/{name}/target",
        "generated code is in OUT_DIR, below the target directory";
    1 Any Rustc: "--remap-path-prefix={rust-src}={rust-root}",
        "with the rust-src component installed rustc shows the library's real path instead";
    1 Any CFlags: "-ffile-prefix-map={cargo-home}=/cargo",
        "C and C++ of dependencies: __FILE__ and debug info";
    1 Any CFlags: "-ffile-prefix-map={source}=/build/{name}",
        "C and C++ of the source: __FILE__ and debug info";
    1 Any CFlags: "-ffile-prefix-map={target}=/build/{name}/target",
        "C and C++ that build scripts generate or unpack";
    1 Any Env("CARGO_TRIM_PATHS_SCOPE"): "all",
        "newer versions of the cc crate read the remaps from this variable";
    1 Any Env(C_REMAPS): "{cargo-home}=/cargo:{source}=/build/{name}:{target}=/build/{name}/target",
        "newer versions of the cc crate read the remaps from this variable";
    1 Elf Rustc: "-Clink-arg=-Wl,--build-id=sha1",
        "some distributions' linkers make a random build-id, and a user's `uuid` is overridden";
    1 Msvc Rustc: "-Clink-arg=/Brepro",
        "without it the PE header holds the time of linking";
    1 Msvc Rustc: "-Clink-arg=/PDBALTPATH:%_PDB%",
        "the PE debug directory holds the absolute path of the PDB otherwise";
    1 MinGw Rustc: "-Clink-arg=-Wl,--no-insert-timestamp",
        "without it the PE header holds the time of linking";
    1 Apple Rustc: "-Clink-arg=-Wl,-oso_prefix,.",
        "with debug info N_OSO entries hold absolute paths of object files";
    1 Apple Env("ZERO_AR_DATE"): "1",
        "ar and ld64 store times of object files otherwise";
    1 Any Env("CARGO_INCREMENTAL"): "0",
        "incremental code generation splits crates by what was built before";
    1 Any Cargo: "--locked",
        "the lockfile decides every version";
    1 Any Cargo: "--offline",
        "all was fetched once, for both builds";
    1 Any Env("CARGO_BUILD_JOBS"): "{jobs}",
        "a fixed number, not the machine's; build scripts see it as NUM_JOBS";
    1 Any Env("SCCACHE_RECACHE"): "1",
        "a compiler cache would give one build the objects of the other";
    1 Any Env("CCACHE_DISABLE"): "1",
        "a compiler cache would give one build the objects of the other";
    1 Any Env("GIT_CEILING_DIRECTORIES"): "{scratch}",
        "git in build scripts must not find a repository around the copy";
    2 Any Env("GIT_CONFIG_COUNT"): "1",
        "git shortens ids by the number of objects in the clone, which differs";
    2 Any Env("GIT_CONFIG_KEY_0"): "core.abbrev",
        "git shortens ids by the number of objects in the clone, which differs";
    2 Any Env("GIT_CONFIG_VALUE_0"): "12",
        "git shortens ids by the number of objects in the clone, which differs";
    1 Any Env("TZ"): "{timezone}",
        "the same value for every builder; `repro build` varies it";
    1 Any Env("LC_ALL"): "{locale}",
        "the same value for every builder; `repro build` varies it";
    1 Any Process("umask"): "{umask}",
        "the same value for every builder; `repro build` varies it";
    1 Any Process("environment"): "built up from an allow-list",
        "a variable set by accident cannot change the result";
};

/// What the wrapper does besides, where flags reach rustc by it.
pub const BY_WRAPPER: &[Item] = rows! {
    2 Any Rustc: "--remap-path-scope: left out of the call",
        "cargo's trim-paths passes one that keeps the remaps out of libraries";
    2 Any Rustc: "--remap-path-prefix=<crate of crates.io>=/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/<crate>",
        "a mirror or `cargo vendor` puts it in a different directory; this also applies to C code built by a script";
    3 MinGw Rustc: "-Cdlltool=<repro, which runs the real one with names of the crate>",
        "dlltool makes symbols of `raw-dylib` import libraries from a random temporary path of rustc's";
    3 MinGw Rustc: "-Clinker=<repro, which runs the real one with names of one order>",
        "GNU ld sorts imports by the paths of libraries, wherever toolchain and target directory are";
};

/// The row that replaces cargo's crate ids, for workspaces with path dependencies outside of
/// their root.
pub const CANONICAL_IDS: &Item = &rows! {
    1 Any Rustc: "-Cmetadata, -Cextra-filename: from the call, with canonical paths",
        "cargo's ids contain the absolute path of path dependencies outside the workspace root";
}[0];

/// The row that replaces them for WebAssembly.
pub const WASM_IDS: &Item = &rows! {
    4 Any Rustc: "-Cmetadata, -Cextra-filename: from the call, without the host",
        "cargo's ids depend on the host triple through build scripts and procedural macros";
}[0];

/// The row of `--auditable`.
pub const AUDITABLE: &Item = &rows! {
    1 Any Rustc: "-Clink-arg=<object with the list of packages, section .dep-v0>",
        "`cargo audit bin` and other tools read from a program which packages are in it";
}[0];
