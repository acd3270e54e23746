//! What the preload shim has written down of the programs that a build ran: those that it cannot be
//! loaded into, and compilers that were called for the CPU of this machine. A build can write there
//! as well: it is no more than a text, which no verdict is based on.
//!
//! A record is a line of fields that each end in NUL: its kind, name and version of the package that was
//! being built, the program, and, of a call, its arguments in another order.

use std::collections::BTreeSet;
use std::path::Path;

use repro_formats::names::printable;

use crate::variation::coverage::{Obstacle, Unreached};

/// Flags that have a compiler make code for the CPU of this machine.
pub const NATIVE_FLAGS: [&str; 3] = ["-march=native", "-mcpu=native", "-mtune=native"];

/// A call of a compiler that makes code for the CPU of this machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NativeCall {
    /// The flag.
    pub flag: &'static str,
    /// `name version` of the package that was being built; empty where that is not known.
    pub package: String,
}

/// What ran in a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Programs that the shim cannot be loaded into.
    pub unreached: BTreeSet<Unreached>,
    /// Calls for the CPU of this machine.
    pub native: BTreeSet<NativeCall>,
}

/// Compilers of C, C++, Fortran and the like, and what calls them with their own arguments.
const COMPILERS: [&str; 22] = [
    "c++", "c89", "c99", "cc", "ccache", "clang", "clang++", "distcc", "f77", "f95", "flang",
    "g++", "gcc", "gccgo", "gdc", "gfortran", "gnat", "icecc", "nvcc", "sccache", "tcc", "zig",
];

/// Parts of arguments of calls that only try whether a flag is known: autoconf, the cc crate, CMake.
const TRIALS: [&str; 5] = ["conftest.", "flag_check.", "cmTC_", "TryCompile-", "CMakeTmp"];

/// Reads what was written down. `own` tells the build's own directories: a program in them is known by
/// its name alone, as it is elsewhere in each build.
pub fn read(bytes: &[u8], own: &dyn Fn(&Path) -> bool) -> Ran {
    let mut ran = Ran::default();
    for record in String::from_utf8_lossy(bytes).split("\0\n") {
        let fields: Vec<&str> = record.split('\0').collect();
        let [kind, name, version, program, args @ ..] = &*fields else { continue };
        let path = Path::new(program);
        let base = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(obstacle) = Obstacle::ALL.into_iter().find(|o| o.code() == *kind) {
            // Build scripts are listed by their package.
            if !base.starts_with("build-script-") {
                let name = if own(path) { base.as_bytes() } else { program.as_bytes() };
                ran.unreached.insert(Unreached { obstacle, name: printable(name) });
            }
        } else if *kind == "n" && is_compiler(&base) && !is_trial(args) {
            let package = printable(format!("{name} {version}").trim().as_bytes());
            let given = NATIVE_FLAGS.into_iter().filter(|flag| args.iter().any(|a| gives(a, flag)));
            ran.native.extend(given.map(|flag| NativeCall { flag, package: package.clone() }));
        }
    }
    ran
}

/// Whether an argument gives a flag: as it is, or in one that is passed through, as nvcc does.
fn gives(arg: &str, flag: &str) -> bool {
    let passed =
        arg.strip_prefix("-Xcompiler=").or_else(|| arg.strip_prefix("-Wp,")).unwrap_or(arg);
    passed.split(',').any(|part| part == flag)
}

/// A compiler by its name: with the name of a target before it or a version after it.
fn is_compiler(name: &str) -> bool {
    let version = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let name = name.rsplit_once('-').filter(|(_, last)| version(last)).map_or(name, |(n, _)| n);
    COMPILERS.iter().any(|c| name.strip_suffix(c).is_some_and(|b| b.is_empty() || b.ends_with('-')))
}

fn is_trial(args: &[&str]) -> bool {
    args.iter().any(|arg| TRIALS.iter().any(|trial| arg.contains(trial)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(program: &str, args: &[&str]) -> Vec<(&'static str, String)> {
        let fields = [&["n", "app", "0.1.0", program], args].concat();
        let record = fields.iter().map(|f| format!("{f}\0")).collect::<String>() + "\n";
        let ran = read(record.as_bytes(), &|_| false);
        ran.native.into_iter().map(|call| (call.flag, call.package)).collect()
    }

    #[test]
    fn calls_of_compilers_are_told_from_other_words() {
        let compilers = [
            "cc",
            "gcc-12",
            "/usr/bin/x86_64-linux-gnu-g++-12",
            "clang++",
            "clang-17",
            "gfortran",
            "aarch64-linux-gnu-gcc",
            "ccache",
            "x86_64-w64-mingw32-gcc",
        ];
        for program in compilers {
            let found = native(program, &["-march=native", "cc", "-c", "a.c"]);
            assert_eq!(found, [("-march=native", "app 0.1.0".to_string())], "{program}");
        }
        for program in ["make", "echo", "grep", "sh", "rustc", "accc", "/usr/lib/gcc/x/cc1", "ld"] {
            assert_eq!(native(program, &["-march=native", "-c"]), [], "{program}");
        }
        for arg in
            ["-DFLAGS=\"-march=native\"", "-march=native-ish", "-fno-march=native", "a=native"]
        {
            assert_eq!(native("cc", &[arg, "-c", "a.c"]), [], "{arg}");
        }
        for arg in ["-Xcompiler=-O3,-march=native", "-O3,-march=native"] {
            assert_eq!(native("nvcc", &[arg]).len(), 1, "{arg}");
        }
        for trial in ["conftest.c", "/t/out/flag_check.c", "CMakeFiles/cmTC_1f2e3.dir/src.c.o"] {
            assert_eq!(native("cc", &["-march=native", "-c", trial]), [], "{trial}");
        }
    }

    #[test]
    fn programs_that_are_not_reached_have_their_reason() {
        let text = "s\0a\x001\0/s/out/tool\0\nu\0\0\0/usr/bin/sudo\0\n3\0\0\0/opt/old\0\n\
            s\0\0\0/s/build-script-build\0\nx\0\0\0/y\0\nbroken\n";
        let ran = read(text.as_bytes(), &|path| path.starts_with("/s"));
        let shown: Vec<_> = ran.unreached.into_iter().map(|u| (u.obstacle, u.name)).collect();
        let want = [
            (Obstacle::Static, "tool"),
            (Obstacle::OtherUser, "/usr/bin/sudo"),
            (Obstacle::Bits32, "/opt/old"),
        ];
        assert_eq!(shown, want.map(|(obstacle, name)| (obstacle, name.to_string())));
        assert!(ran.native.is_empty());
    }
}
