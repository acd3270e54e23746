//! The environment that a build starts from: built from an allow-list, not by removing variables.
//!
//! It decides which of the user's variables are settings of the build. The recipe and the
//! variations add theirs elsewhere.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// An environment, sorted by name.
pub type Env = BTreeMap<OsString, OsString>;

/// What a variable can do to a build that somebody else makes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It says where things are on this machine: whoever replays a build has their own.
    Machine,
    /// It names or wraps a program, or makes one load code: recorded as a fact, never replayed.
    Program,
    /// It says how to build.
    Setting,
}

/// Why a group of variables is passed on.
pub struct Allowed {
    /// Names; a trailing `*` stands for any ending.
    pub names: &'static [&'static str],
    /// What they can do. The first row that has a name decides.
    pub class: Class,
}

/// Rows: what the variables can do, and their names.
macro_rules! allowed {
    ($($class:ident [$($name:literal),* $(,)?];)*) => {
        &[$(Allowed { names: &[$($name),*], class: Class::$class }),*]
    };
}

/// The allow-list.
pub const ALLOWED: &[Allowed] = allowed! {
    // Where the tools are.
    Program ["PATH"];
    // Where the toolchains are.
    Machine ["RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTUP_DIST_SERVER"];
    // Programs that cargo and rustc run.
    Program [
        "RUSTC", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC", "CARGO_BUILD_RUSTDOC",
        "CARGO_BUILD_*_WRAPPER", "CARGO_TARGET_*_LINKER", "CARGO_TARGET_*_RUNNER",
        "CARGO_HOST_LINKER", "CARGO_HOST_*_LINKER", "CARGO_HOST_RUNNER", "CARGO_HOST_*_RUNNER",
        "CARGO_REGISTRIES_*_CREDENTIAL_PROVIDER",
    ];
    // Settings of cargo and rustc.
    Setting [
        "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_BOOTSTRAP", "CARGO_BUILD_*",
        "CARGO_PROFILE_*", "CARGO_TARGET_*", "CARGO_HOST_*", "CARGO_UNSTABLE_*",
        "CARGO_RESOLVER_*", "CARGO_CFG_*",
    ];
    // Where cargo finds registries.
    Machine ["CARGO_REGISTRIES_*", "CARGO_REGISTRY_DEFAULT", "CARGO_SOURCE_*"];
    // Settings of C and C++ compilers.
    Setting [
        "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "ARFLAGS", "CFLAGS_*", "CXXFLAGS_*",
        "ARFLAGS_*", "RANLIBFLAGS_*", "HOST_*FLAGS", "TARGET_*FLAGS", "HOST_PKG_CONFIG_*",
        "TARGET_PKG_CONFIG_*", "CC_SHELL_ESCAPED_FLAGS", "CC_ENABLE_DEBUG_OUTPUT",
        "CC_FORCE_DISABLE", "CRATE_CC_NO_DEFAULTS", "CXXSTDLIB*", "C_INCLUDE_PATH",
        "CPLUS_INCLUDE_PATH", "CPATH", "LIBRARY_PATH",
    ];
    // C and C++ compilers and their tools.
    Program [
        "CC", "CXX", "AR", "LD", "NM", "RANLIB", "STRIP", "OBJCOPY", "CPP", "AS", "CC_*", "CXX_*",
        "AR_*", "LD_*_linux*", "NM_*", "RANLIB_*", "HOST_*", "TARGET_*",
    ];
    // Settings that build scripts of well-known crates read.
    Setting [
        "PKG_CONFIG_PATH*", "PKG_CONFIG_LIBDIR*", "PKG_CONFIG_SYSROOT_DIR*", "PKG_CONFIG_ALL*",
        "CMAKE_BUILD_TYPE", "CMAKE_BUILD_PARALLEL_LEVEL", "CMAKE_GENERATOR",
        "BINDGEN_EXTRA_CLANG_ARGS*", "PROTOC_INCLUDE", "CONST_RANDOM_SEED", "PYO3_NO_PYTHON",
        "PYO3_CROSS", "PYO3_CROSS_PYTHON_*", "PYO3_USE_ABI3_FORWARD_COMPATIBILITY",
    ];
    // Programs that build scripts of well-known crates run or load. OPENSSL_CONF names engines to be loaded,
    // and PYO3_* an interpreter, and files that it executes.
    Program [
        "PKG_CONFIG*", "CMAKE", "CMAKE_*", "LIBCLANG_PATH", "CLANG_PATH", "LLVM_CONFIG_PATH",
        "PROTOC", "OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES", "OPENSSL_SRC_PERL",
        "PYO3_*", "JAVA_HOME",
    ];
    // Settings that build scripts of well-known crates read.
    Setting ["OPENSSL_*"];
    // Settings of Apple's linker and SDK.
    Machine ["SDKROOT", "DEVELOPER_DIR", "*_DEPLOYMENT_TARGET"];
    // What Windows programs and Microsoft's tools need to start.
    Machine [
        "SystemRoot", "SYSTEMROOT", "windir", "WINDIR", "SystemDrive", "ComSpec", "COMSPEC",
        "PATHEXT", "ProgramFiles", "ProgramFiles(x86)", "ProgramData", "ProgramW6432",
        "CommonProgramFiles", "INCLUDE", "LIB", "LIBPATH", "VCINSTALLDIR", "VCToolsInstallDir",
        "VCToolsVersion", "VSINSTALLDIR", "VisualStudioVersion", "WindowsSdkDir",
        "WindowsSDKVersion", "WindowsSDKLibVersion", "UniversalCRTSdkDir", "UCRTVersion",
        "PROCESSOR_ARCHITECTURE",
    ];
    // Settings of compiler wrappers in Nix.
    Machine ["NIX_*"];
};

/// Variables outside the allow-list that make some program run or load what they name. A build has
/// them only by `--pass-env`.
const LOADERS: &[&str] = &[
    "LD_*", "DYLD_*", "GCONV_PATH", "GLIBC_TUNABLES", "COMPILER_PATH", "GCC_EXEC_PREFIX",
    "CCC_OVERRIDE_OPTIONS",
    // Compilers write where these say, or take more arguments from them.
    "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES", "CL", "_CL_", "LINK", "_LINK_", "CCACHE_*",
    "SCCACHE_*", "DISTCC_*", "ICECC*", "CARGO", "RUSTDOC", "RUSTC_*WRAPPER", "*_LINKER",
    "*_RUNNER", "*_WRAPPER", "*_LAUNCHER", "SHELL", "ENV", "BASH_ENV", "BASH_FUNC_*", "MAKE",
    "MAKEFLAGS", "MAKEFILES", "GIT_*", "PERL5*", "PYTHON*", "RUBYLIB", "RUBYOPT", "NODE_OPTIONS",
    "NODE_PATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH",
];

/// Variables that `repro` sets itself, whatever the user has.
const OWN: &[&str] = &[
    "CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_JOBS", "CARGO_BUILD_INCREMENTAL", "CARGO_BUILD_RUSTC_WRAPPER", "RUSTC_WRAPPER",
    "CARGO_INCREMENTAL", "LD_PRELOAD", "SOURCE_DATE_EPOCH",
];

/// Variables that say where things are on this machine, not how to build: never recorded.
pub const PLUMBING: &[&str] = &["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTC"];

/// The variables of this process. On Windows those that have a name here, in whatever letter case, are
/// under that name.
pub fn of_process() -> Env {
    std::env::vars_os().map(|(name, value)| (spelled(name), value)).collect()
}

/// A name as the lists have it: Windows itself has `Path`.
fn spelled(name: OsString) -> OsString {
    let listed = ALLOWED.iter().flat_map(|a| a.names).chain(OWN).chain(LOADERS);
    let known = name.to_str().and_then(|text| listed.copied().find(|known| same(known, text)));
    known.map_or(name, OsString::from)
}

/// Whether two names are one variable: on Windows letter case does not count.
pub fn same(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

/// A name as it is compared.
pub fn folded(name: &str) -> Cow<'_, str> {
    if cfg!(windows) { name.to_ascii_uppercase().into() } else { name.into() }
}

/// The first of these variables that is set.
pub fn set<'a>(env: &'a Env, names: &[&str]) -> Option<&'a OsString> {
    names.iter().find_map(|name| env.get(OsStr::new(name)))
}

/// Whether `repro` sets a variable itself, so that it cannot be passed on.
pub fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| same(own, name))
}

/// Whether the allow-list has a name.
pub fn is_allowed(name: &str) -> bool {
    // No build that is offline needs a credential, and the manifest must never hold one.
    let secret = ["*_TOKEN", "*_SECRET_KEY", "*_PASSWORD"];
    let secret = secret.iter().any(|s| fits(s, name));
    !secret
        && !is_own(name)
        && ALLOWED.iter().flat_map(|a| a.names).any(|pattern| fits(pattern, name))
}

/// What a variable can do: of the allow-list's, and of those known to lead to programs; `None` for
/// any other, which a build has only by `--pass-env`.
pub fn class(name: &str) -> Option<Class> {
    let has = |names: &[&str]| names.iter().any(|pattern| fits(pattern, name));
    if is_allowed(name) {
        ALLOWED.iter().find(|a| has(a.names)).map(|a| a.class)
    } else {
        let wraps = is_own(name) && fits("*WRAPPER", name);
        (wraps || has(LOADERS)).then_some(Class::Program)
    }
}

/// Whether a replay takes a variable from this machine: what says where things are, and the PATH,
/// which finds this machine's programs.
pub fn is_of_machine(name: &str) -> bool {
    same(name, "PATH") || class(name) == Some(Class::Machine)
}

fn fits(pattern: &str, name: &str) -> bool {
    matches(&folded(pattern), &folded(name))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && {
                let rest = &name[start.len()..];
                end.split_once('*').map_or(rest.ends_with(end), |(middle, _)| rest.contains(middle))
            }
        }
    }
}

/// The user's variables, divided.
#[derive(Clone, Debug, Default)]
pub struct Divided {
    /// Passed on.
    pub passed: Env,
    /// Not passed on, sorted.
    pub dropped: Vec<String>,
}

/// Divides the user's environment by the allow-list and `--pass-env`.
pub fn divide(user: impl IntoIterator<Item = (OsString, OsString)>, pass: &[String]) -> Divided {
    let mut divided = Divided::default();
    for (name, value) in user {
        let text = name.to_string_lossy().into_owned();
        let wanted = pass.contains(&text) && !is_own(&text);
        if wanted || is_allowed(&text) {
            divided.passed.insert(name, value);
        } else {
            divided.dropped.push(text);
        }
    }
    divided.dropped.sort();
    divided
}

/// Adds words to a variable that holds words.
pub fn append(env: &mut Env, name: impl AsRef<OsStr>, words: &str) {
    let value = env.entry(name.as_ref().to_owned()).or_default();
    if !value.is_empty() {
        value.push(" ");
    }
    value.push(words);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_pass_and_the_rest_is_dropped() {
        let user = [
            "CARGO_REGISTRIES_X_TOKEN", "RUSTFLAGS", "CC_x86_64_unknown_linux_musl", "HOME",
            "CARGO_PKG_NAME", "MINE", "CARGO_HOME", "MACOSX_DEPLOYMENT_TARGET",
        ];
        let user = user.map(|n| (OsString::from(n), OsString::from("1")));
        let divided = divide(user, &["MINE".into(), "CARGO_HOME".into()]);
        let passed: Vec<_> =
            divided.passed.keys().map(|k| k.to_string_lossy().into_owned()).collect();
        assert_eq!(
            passed,
            ["CC_x86_64_unknown_linux_musl", "MACOSX_DEPLOYMENT_TARGET", "MINE", "RUSTFLAGS"]
        );
        assert_eq!(
            divided.dropped,
            ["CARGO_HOME", "CARGO_PKG_NAME", "CARGO_REGISTRIES_X_TOKEN", "HOME"]
        );
    }

    #[test]
    fn letter_case_counts_where_the_system_has_it_count() {
        for (name, listed) in [("Path", "PATH"), ("SYSTEMDRIVE", "SystemDrive"), ("rustc", "RUSTC")]
        {
            let found = spelled(name.into());
            assert_eq!(found, if cfg!(windows) { listed } else { name });
            assert_eq!(is_allowed(name), cfg!(windows), "{name}");
        }
        // A manifest must not lead to a program under another spelling.
        for name in ["Rustc_Wrapper", "cargo_home", "Cargo_Build_Rustc_Wrapper"] {
            assert_eq!(is_own(name), cfg!(windows), "{name}");
        }
        assert_eq!(class("Cargo_Build_Rustc"), cfg!(windows).then_some(Class::Program));
        assert!(!is_allowed("CARGO_REGISTRIES_X_Token") || !cfg!(windows));
        assert_eq!(spelled("Mine".into()), "Mine");
    }

    #[test]
    fn a_replay_takes_from_this_machine_only_where_things_are() {
        for name in ["PATH", "CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "SDKROOT"] {
            assert!(is_of_machine(name), "{name}");
        }
        for name in ["RUSTFLAGS", "CC", "CARGO_PROFILE_RELEASE_LTO", "HOME", "MINE"] {
            assert!(!is_of_machine(name), "{name}");
        }
    }

    #[test]
    fn what_leads_to_a_program_is_told_from_settings() {
        let table = [
            (
                Class::Program,
                "PATH RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_BUILD_RUSTC CARGO_BUILD_RUSTDOC \
                 CARGO_BUILD_RUSTC_WRAPPER CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER \
                 CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER \
                 CARGO_HOST_LINKER CARGO_HOST_X86_64_UNKNOWN_LINUX_GNU_LINKER CARGO_HOST_RUNNER \
                 CARGO_REGISTRIES_X_CREDENTIAL_PROVIDER CC CXX AR LD AS CC_x86_64-unknown-linux-gnu \
                 LD_x86_64_unknown_linux_gnu HOST_CC TARGET_CXX HOST_PKG_CONFIG PKG_CONFIG \
                 PKG_CONFIG_x86_64-unknown-linux-gnu CMAKE CMAKE_TOOLCHAIN_FILE CMAKE_PREFIX_PATH \
                 CMAKE_C_COMPILER_LAUNCHER LIBCLANG_PATH CLANG_PATH LLVM_CONFIG_PATH PROTOC \
                 OPENSSL_CONF OPENSSL_SRC_PERL PYO3_PYTHON JAVA_HOME \
                 LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES BASH_ENV CARGO RUSTDOC MAKEFLAGS PYTHONPATH",
            ),
            (
                Class::Setting,
                "RUSTFLAGS CARGO_HOST_RUSTFLAGS CARGO_HOST_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS \
                 CARGO_BUILD_RUSTFLAGS CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS \
                 RUSTC_BOOTSTRAP CARGO_PROFILE_RELEASE_LTO CFLAGS CFLAGS_x86_64-unknown-linux-gnu \
                 HOST_CFLAGS TARGET_CXXFLAGS HOST_PKG_CONFIG_PATH CC_SHELL_ESCAPED_FLAGS \
                 PKG_CONFIG_PATH PKG_CONFIG_PATH_x86_64-unknown-linux-gnu PKG_CONFIG_SYSROOT_DIR \
                 PKG_CONFIG_ALLOW_CROSS PKG_CONFIG_ALL_STATIC OPENSSL_DIR OPENSSL_STATIC PROTOC_INCLUDE \
                 CPATH LIBRARY_PATH CMAKE_BUILD_TYPE PYO3_CROSS",
            ),
            (
                Class::Machine,
                "RUSTUP_HOME RUSTUP_TOOLCHAIN CARGO_REGISTRIES_X_INDEX CARGO_SOURCE_X_DIRECTORY SDKROOT \
                 SystemRoot NIX_LDFLAGS",
            ),
        ];
        for (class_of_row, names) in table {
            for name in names.split_whitespace() {
                assert_eq!(class(name), Some(class_of_row), "{name}");
            }
        }
        for name in ["MINE", "HOME", "CARGO_HOME", "SOURCE_DATE_EPOCH", "CARGO_REGISTRIES_X_TOKEN"]
        {
            assert_eq!(class(name), None, "{name}");
        }
    }

    #[test]
    fn words_are_appended_after_the_users() {
        let mut env = Env::new();
        append(&mut env, "CFLAGS", "-a");
        append(&mut env, "CFLAGS", "-b");
        assert_eq!(env[OsStr::new("CFLAGS")], "-a -b");
    }
}
