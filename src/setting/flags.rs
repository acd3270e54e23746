//! The flags that a replay takes from a manifest: one table for rustc, one for C compilers, one for
//! linkers. A flag is in a table only if it cannot load code, run a program, or read or write a file
//! that the source does not have. Everything else is refused; a flag that names a program is a fact
//! that the verifier has to supply.

use super::entry::Fate;

/// What may follow a flag.
#[derive(Clone, Copy)]
enum Takes {
    /// Nothing.
    Nothing,
    /// Any text that is no path: letters, digits and `_ . , + - : = " ( )`.
    Word,
    /// Any text: it is stored, compared or defined, never opened.
    Text,
}

use Takes::{Nothing, Text, Word};

/// Rows of a table: what flags take, and the flags. No two rows have one flag.
macro_rules! flags {
    ($($takes:ident [$($flag:literal),* $(,)?];)*) => { &[$($(($flag, $takes)),*),*] };
}

/// Flags of rustc: the flag, and what it takes, as the next argument or behind `=`.
const RUSTC: &[(&str, Takes)] = flags! {
    Nothing ["-O", "-g"];
    Word ["-A", "--allow", "-W", "--warn", "-D", "--deny", "-F", "--forbid", "--cap-lints"];
    Text ["--cfg", "--check-cfg", "--remap-path-prefix"];
};

/// Codegen options, behind `-C` or `--codegen`.
const CODEGEN: &[(&str, Takes)] = flags! {
    Nothing ["llvm-args"];
    Word [
        "code-model", "codegen-units", "control-flow-guard", "debug-assertions", "debuginfo",
        "dwarf-version", "embed-bitcode", "force-frame-pointers", "force-unwind-tables",
        "link-dead-code", "lto", "metadata", "no-redzone", "no-vectorize-loops",
        "no-vectorize-slp", "opt-level", "overflow-checks", "panic", "prefer-dynamic",
        "relocation-model", "relro-level", "soft-float", "split-debuginfo", "strip",
        "symbol-mangling-version", "target-cpu", "target-feature",
    ];
};

/// Codegen options that name what links.
const PROGRAMS: &[&str] =
    &["linker", "linker-flavor", "link-self-contained", "linker-features", "dlltool", "ar"];

/// Unstable options, behind `-Z`.
const UNSTABLE: &[(&str, Takes)] = flags! {
    Word [
        "fmt-debug", "location-detail", "mir-opt-level", "share-generics", "threads",
        "trim-diagnostic-paths",
    ];
};

/// Exact arguments of the linker, as the C compiler that links takes them.
const LINKER: &[&str] = &[
    "-s",
    "-static",
    "-static-pie",
    "-pie",
    "-no-pie",
    "-rdynamic",
    "-static-libgcc",
    "-Wl,--as-needed",
    "-Wl,--no-as-needed",
    "-Wl,--gc-sections",
    "-Wl,--no-gc-sections",
    "-Wl,--strip-all",
    "-Wl,--strip-debug",
    "-Wl,-s",
    "-Wl,-S",
    "-Wl,-O1",
    "-Wl,-O2",
    "-Wl,--icf=all",
    "-Wl,--icf=safe",
    "-Wl,--icf=none",
    "-Wl,--build-id",
    "-Wl,--build-id=none",
    "-Wl,--build-id=sha1",
    "-Wl,--build-id=md5",
    "-Wl,--build-id=uuid",
    "-Wl,--hash-style=gnu",
    "-Wl,--hash-style=both",
    "-Wl,-z,relro",
    "-Wl,-z,now",
    "-Wl,-z,relro,-z,now",
    "-Wl,-z,noexecstack",
    "-Wl,-z,nodlopen",
    "-Wl,-z,separate-code",
    "-Wl,-z,noseparate-code",
    "-Wl,-z,pack-relative-relocs",
    "-Wl,--compress-debug-sections=zlib",
    "-Wl,--compress-debug-sections=none",
    "-Wl,--no-undefined",
    "-Wl,--no-insert-timestamp",
    "/Brepro",
    "/DEBUG:NONE",
    "/OPT:REF",
    "/OPT:ICF",
    "/guard:cf",
];

/// Starts of C compiler flags; a whole flag ends in no `*`, any other takes a word behind it.
const C: &[(&str, Takes)] = flags! {
    Nothing [
        "-m32", "-m64", "-mno-omit-leaf-frame-pointer", "-momit-leaf-frame-pointer", "-pipe",
        "-pthread", "-fPIC", "-fpic", "-fPIE", "-fpie", "-fno-plt", "-flto", "-flto=auto",
        "-flto=thin", "-ffat-lto-objects", "-fno-lto", "-fexceptions", "-fno-exceptions",
        "-fno-rtti", "-fno-common", "-fwrapv", "-fno-strict-aliasing", "-fomit-frame-pointer",
        "-fno-omit-frame-pointer", "-ffunction-sections", "-fdata-sections",
        "-fno-stack-protector", "-fstack-clash-protection", "-fasynchronous-unwind-tables",
        "-Wp,-U_FORTIFY_SOURCE", "-Wp,-D_GLIBCXX_ASSERTIONS", "-Wa,--noexecstack",
    ];
    Word [
        "-O", "-g", "-std=", "-march=", "-mtune=", "-mcpu=", "-mfpu=", "-mfloat-abi=", "-msse",
        "-mavx", "-mno-sse", "-mno-avx", "-mbranch-protection=", "-fvisibility=",
        "-fstack-protector", "-fcf-protection", "-ftrivial-auto-var-init=",
        "-fzero-call-used-regs=", "-frandom-seed=", "-Wp,-D_FORTIFY_SOURCE=", "-U",
    ];
    Text ["-ffile-prefix-map=", "-fdebug-prefix-map=", "-fmacro-prefix-map=", "-D"];
};

/// Flags of rustc: whether all may be replayed.
///
/// # Errors
/// The first flag that is in no table.
pub(super) fn rustc(words: &[String]) -> Result<Fate, String> {
    // rustc reads the file behind an `@` before it looks at what an argument is for.
    if let Some(file) = words.iter().find(|word| word.starts_with('@')) {
        return Err(file.clone());
    }
    let mut fate = Fate::Replayed;
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        fate = fate.max(rustc_flag(word, &mut words)?);
    }
    Ok(fate)
}

fn rustc_flag<'a>(word: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> Result<Fate, String> {
    let refused = || Err(word.to_string());
    let joined = |prefix: &str| word.strip_prefix(prefix).filter(|t| !t.is_empty());
    if word == "-C" || word == "--codegen" {
        return rest.next().map_or_else(refused, codegen);
    }
    if let Some(option) = joined("-C").or_else(|| joined("--codegen=")) {
        return codegen(option);
    }
    if word == "-Z" {
        return rest.next().map_or_else(refused, |option| keyed(UNSTABLE, option));
    }
    if let Some(option) = joined("-Z") {
        return keyed(UNSTABLE, option);
    }
    let (flag, inline) = match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
        _ => (word, None),
    };
    for (known, takes) in RUSTC {
        let value = match (*takes, inline) {
            (Nothing, None) if flag == *known => return Ok(Fate::Replayed),
            (Nothing, _) => continue,
            (_, Some(value)) if flag == *known => Some(value),
            (_, None) if flag == *known => rest.next(),
            // A lint behind its letter, as in `-Dwarnings`.
            _ if known.len() == 2 => word.strip_prefix(known),
            _ => continue,
        };
        if value.is_some_and(|v| takes.fits(v)) {
            return Ok(Fate::Replayed);
        }
    }
    refused()
}

fn codegen(option: &str) -> Result<Fate, String> {
    let (key, value) = option.split_once('=').unwrap_or((option, ""));
    match key {
        "link-arg" => linker(&[value.to_string()]),
        "link-args" => linker(&split(value)),
        "llvm-args" => Err(format!("-C{option}")),
        _ if PROGRAMS.contains(&key) => Ok(Fate::Fact),
        _ => keyed(CODEGEN, option).map_err(|_| format!("-C{option}")),
    }
}

fn keyed(table: &[(&str, Takes)], option: &str) -> Result<Fate, String> {
    let (key, value) = option.split_once('=').unwrap_or((option, ""));
    let found = table.iter().find(|(known, _)| *known == key);
    match found.is_some_and(|(_, takes)| takes.fits(value)) {
        true => Ok(Fate::Replayed),
        false => Err(option.to_string()),
    }
}

/// Arguments of the linker; which linker it is, is a fact.
///
/// # Errors
/// The first argument that is not in the table.
pub(super) fn linker(words: &[String]) -> Result<Fate, String> {
    let each = words.iter().map(|word| match word.as_str() {
        word if LINKER.contains(&word) => Ok(Fate::Replayed),
        word if word.starts_with("-fuse-ld=") => Ok(Fate::Fact),
        word => Err(word.to_string()),
    });
    each.collect::<Result<Vec<_>, _>>().map(|all| all.into_iter().max().unwrap_or(Fate::Replayed))
}

/// Flags of a C compiler.
///
/// # Errors
/// The first flag that is not in the table.
pub(super) fn c(words: &[String]) -> Result<Fate, String> {
    let mut fate = Fate::Replayed;
    for word in words {
        fate = fate.max(match c_flag(word) {
            true => Fate::Replayed,
            false => linker(std::slice::from_ref(word))?,
        });
    }
    Ok(fate)
}

fn c_flag(word: &str) -> bool {
    let warning = |w: &str| w.strip_prefix("-W").is_some_and(|w| !w.contains(',') && Word.fits(w));
    warning(word)
        || C.iter().any(|(known, takes)| match takes {
            Nothing => word == *known,
            takes => word.strip_prefix(known).is_some_and(|value| takes.fits(value)),
        })
}

impl Takes {
    fn fits(self, value: &str) -> bool {
        let word = |c: char| c.is_ascii_alphanumeric() || "_.,+-:=\"()".contains(c);
        match self {
            Nothing => value.is_empty(),
            Word => value.chars().all(word) && !value.starts_with('@'),
            Text => !value.contains(char::is_control),
        }
    }
}

/// A word of a setting that is neither a flag nor a path.
pub(super) fn is_word(value: &str) -> bool {
    Word.fits(value)
}

/// Words, as cargo and the cc crate split them.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_only_change_code_are_replayed() {
        for good in [
            "-O -g",
            "-C opt-level=3 -Ctarget-cpu=native -C target-feature=+avx2,-sse3",
            "--cfg tokio_unstable --cfg=feature=\"x\" -Dwarnings -D warnings --cap-lints allow",
            "-Clink-arg=-Wl,--build-id=none -C link-args=-s",
            "-Zthreads=8 --remap-path-prefix=/home/me=/x",
            "--codegen strip=symbols -Cpanic=abort",
            "",
        ] {
            assert_eq!(rustc(&split(good)), Ok(Fate::Replayed), "{good}");
        }
    }

    #[test]
    fn what_names_a_linker_is_a_fact() {
        for fact in
            ["-Clinker=/evil/ld", "-C linker=clang", "-Clink-arg=-fuse-ld=/evil", "-Cdlltool=x"]
        {
            assert_eq!(rustc(&split(fact)), Ok(Fate::Fact), "{fact}");
        }
    }

    #[test]
    fn what_loads_runs_reads_or_writes_is_refused() {
        for bad in [
            "-Zcodegen-backend=/evil.so",
            "-Cllvm-args=-load=/evil.so",
            "-C passes=x",
            "-Lnative=/evil",
            "-L /evil",
            "-lstatic=evil",
            "--extern x=/evil.rlib",
            "-Clink-arg=/evil.o",
            "-Clink-arg=-Wl,--dynamic-linker=/evil",
            "-Clink-arg=-Wl,-rpath,/evil",
            "-Clink-args=-s /evil.o",
            "-Clink-arg=@/evil",
            "-Cpre-link-args=x",
            "-Cprofile-use=/evil",
            "-Cincremental=/x",
            "-o /home/me/.bashrc",
            "--emit=obj=/x",
            "--sysroot /evil",
            "--out-dir=/x",
            "@/evil/args",
            "--cfg @/evil/args",
            "--remap-path-prefix @args",
            "src/other.rs",
            "-C",
            "--cfg",
            "-Zunstable-options",
            "-Copt-level=3/../x",
            "-Csave-temps",
        ] {
            assert!(rustc(&split(bad)).is_err(), "{bad}");
        }
        for bad in [
            "-I/evil", "-include /evil.h", "-isystem /evil", "-B/evil", "-fplugin=/evil.so",
            "-specs=/evil", "-wrapper /evil", "@/evil", "-Wl,-rpath,/evil", "-Wp,-MD,/x",
            "-Wa,-a=/x", "-Xclang -load", "-fprofile-use=/evil", "-o /x", "-g/../x", "evil.o",
            "-L/evil", "-march=@evil", "-fsanitize=address",
        ] {
            assert!(c(&split(bad)).is_err(), "{bad}");
        }
        assert_eq!(
            c(&split("-O2 -g3 -Wall -Wno-x -DNAME=\"a/b\" -fPIC -Wl,-z,now")),
            Ok(Fate::Replayed)
        );
    }
}
