//! The environment that a build starts from: built up from an allow-list, not torn down.
//!
//! Owns which of the user's variables are settings of the build. What the recipe and the
//! variations set on top of it is decided elsewhere.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// An environment, sorted by name.
pub type Env = BTreeMap<OsString, OsString>;

/// Why a group of variables is passed on.
pub struct Allowed {
    /// Names; a trailing `*` stands for any ending.
    pub names: &'static [&'static str],
    /// Why.
    pub why: &'static str,
    /// They say where things are on this machine, not how to build: who replays a build has their
    /// own.
    pub machine: bool,
}

/// The allow-list.
pub const ALLOWED: &[Allowed] = &[
    Allowed {
        names: &["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTUP_DIST_SERVER"],
        why: "where the tools are",
        machine: true,
    },
    Allowed {
        names: &[
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_BOOTSTRAP",
            "CARGO_BUILD_*",
            "CARGO_PROFILE_*",
            "CARGO_TARGET_*",
            "CARGO_UNSTABLE_*",
            "CARGO_RESOLVER_*",
            "CARGO_CFG_*",
        ],
        why: "settings of cargo and rustc",
        machine: false,
    },
    Allowed {
        names: &["CARGO_REGISTRIES_*", "CARGO_REGISTRY_DEFAULT", "CARGO_SOURCE_*"],
        why: "where cargo finds registries",
        machine: true,
    },
    Allowed {
        names: &[
            "CC",
            "CXX",
            "AR",
            "LD",
            "NM",
            "RANLIB",
            "STRIP",
            "OBJCOPY",
            "CPP",
            "AS",
            "CFLAGS",
            "CXXFLAGS",
            "CPPFLAGS",
            "LDFLAGS",
            "ARFLAGS",
            "CC_*",
            "CXX_*",
            "AR_*",
            "LD_*_linux*",
            "NM_*",
            "RANLIB_*",
            "CFLAGS_*",
            "CXXFLAGS_*",
            "ARFLAGS_*",
            "RANLIBFLAGS_*",
            "HOST_*",
            "TARGET_*",
            "CRATE_CC_NO_DEFAULTS",
            "CXXSTDLIB*",
            "C_INCLUDE_PATH",
            "CPLUS_INCLUDE_PATH",
            "CPATH",
            "LIBRARY_PATH",
        ],
        why: "settings of C and C++ compilers",
        machine: false,
    },
    Allowed {
        names: &[
            "PKG_CONFIG*",
            "CMAKE",
            "CMAKE_*",
            "LIBCLANG_PATH",
            "CLANG_PATH",
            "LLVM_CONFIG_PATH",
            "BINDGEN_EXTRA_CLANG_ARGS*",
            "PROTOC",
            "PROTOC_INCLUDE",
            "OPENSSL_*",
            "CONST_RANDOM_SEED",
            "PYO3_*",
            "JAVA_HOME",
        ],
        why: "settings that build scripts of well-known crates read",
        machine: false,
    },
    Allowed {
        names: &["SDKROOT", "DEVELOPER_DIR", "*_DEPLOYMENT_TARGET"],
        why: "settings of Apple's linker and SDK",
        machine: true,
    },
    Allowed {
        names: &[
            "SystemRoot",
            "SYSTEMROOT",
            "windir",
            "WINDIR",
            "SystemDrive",
            "ComSpec",
            "COMSPEC",
            "PATHEXT",
            "ProgramFiles",
            "ProgramFiles(x86)",
            "ProgramData",
            "ProgramW6432",
            "CommonProgramFiles",
            "INCLUDE",
            "LIB",
            "LIBPATH",
            "VCINSTALLDIR",
            "VCToolsInstallDir",
            "VCToolsVersion",
            "VSINSTALLDIR",
            "VisualStudioVersion",
            "WindowsSdkDir",
            "WindowsSDKVersion",
            "WindowsSDKLibVersion",
            "UniversalCRTSdkDir",
            "UCRTVersion",
            "PROCESSOR_ARCHITECTURE",
        ],
        why: "what Windows programs and Microsoft's tools need to start",
        machine: true,
    },
    Allowed { names: &["NIX_*"], why: "settings of compiler wrappers in Nix", machine: true },
];

/// Variables that `repro` sets itself, whatever the user has.
const OWN: &[&str] = &[
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_JOBS",
    "CARGO_BUILD_INCREMENTAL",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "RUSTC_WRAPPER",
    "CARGO_INCREMENTAL",
    "LD_PRELOAD",
    "SOURCE_DATE_EPOCH",
];

/// Variables that say where things are on this machine, not how to build: never recorded.
pub const PLUMBING: &[&str] = &["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTC"];

/// Whether `repro` sets a variable itself, so that it cannot be passed on.
pub fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

/// Whether the allow-list has a name.
pub fn is_allowed(name: &str) -> bool {
    // No build that is offline needs a credential, and the manifest must never hold one.
    let secret = ["_TOKEN", "_SECRET_KEY", "_PASSWORD"];
    let secret = secret.iter().any(|s| name.ends_with(s));
    !secret
        && !is_own(name)
        && ALLOWED.iter().flat_map(|a| a.names).any(|pattern| fits(pattern, name))
}

/// Whether an allowed variable says where things are on this machine.
pub fn is_of_machine(name: &str) -> bool {
    let of = |a: &Allowed| a.machine && a.names.iter().any(|pattern| fits(pattern, name));
    is_allowed(name) && ALLOWED.iter().any(of)
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && {
                let rest = &name[start.len()..];
                match end.split_once('*') {
                    None => rest.ends_with(end),
                    Some((middle, _)) => rest.contains(middle),
                }
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
            "CARGO_REGISTRIES_X_TOKEN",
            "RUSTFLAGS",
            "CC_x86_64_unknown_linux_musl",
            "HOME",
            "CARGO_PKG_NAME",
            "MINE",
            "CARGO_HOME",
            "MACOSX_DEPLOYMENT_TARGET",
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
    fn a_replay_takes_from_this_machine_only_where_things_are() {
        for name in ["PATH", "CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "SDKROOT"] {
            assert!(is_of_machine(name), "{name}");
        }
        for name in ["RUSTFLAGS", "CC", "CARGO_PROFILE_RELEASE_LTO", "HOME", "MINE"] {
            assert!(!is_of_machine(name), "{name}");
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
