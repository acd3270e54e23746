//! Why a crate was not built, as one sentence, from what cargo, rustc, linkers and build scripts print.

use repro_formats::names::visible;

/// What a failed build is put down to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The crate, or what it needs of the machine.
    Crate(String),
    /// The machine: that tells nothing about the crate.
    Machine(String),
}

const MISSING: &str = "`, which is not installed";

/// Signs in the output and the sentence about each. What follows a sign up to the character is a name,
/// which the sentence has between its two parts.
const SIGNS: &[(&str, Option<char>, &str, &str)] = &[
    ("The system library `", Some('`'), "needs the system library `", MISSING),
    (
        "Could not find directory of OpenSSL",
        None,
        "needs OpenSSL's headers, which are not installed",
        "",
    ),
    ("nable to find libclang", None, "needs libclang, which is not installed", ""),
    ("Could not find `protoc`", None, "needs `protoc", MISSING),
    ("is `cmake` not installed", None, "needs `cmake", MISSING),
    ("failed to find tool \"", Some('"'), "needs the program `", MISSING),
    ("unable to find library -l", Some('\n'), "needs the library `", MISSING),
    ("could not find native static library `", Some('`'), "needs the library `", MISSING),
    ("cannot find -l", Some(':'), "needs the library `", MISSING),
    ("requires rustc ", Some('\n'), "needs rustc ", " or newer"),
];

/// From what the tools printed, and what `repro build` concluded.
pub fn of(words: &str, message: &str) -> Reason {
    if words.contains("signal: 9") {
        return Reason::Machine(
            "a compiler was killed, as happens where memory is short: free some and try again"
                .to_string(),
        );
    }
    for (sign, until, before, behind) in SIGNS {
        if let Some((_, rest)) = words.split_once(sign) {
            let name = until.and_then(|end| rest.split(end).next()).unwrap_or_default();
            return Reason::Crate(sentence(&format!("{before}{}{behind}", name.trim())));
        }
    }
    let between = |start: &str| Some(words.split_once(start)?.1.split_once('`')?.0);
    // The last line is our own.
    let error = words.lines().map(str::trim).find(|l| {
        l.starts_with("error")
            && !["failed to run", "could not compile", "build A failed", "build B failed"]
                .iter()
                .any(|own| l.contains(own))
    });
    let error = error.and_then(|l| Some(l.split_once(": ")?.1));
    if let Some(package) = between("failed to run custom build command for `") {
        let panic = words.split_once("panicked at ").and_then(|(_, rest)| rest.lines().nth(1));
        let why = panic.or(error).map(|why| format!(": {}", why.trim())).unwrap_or_default();
        let package = package.split(" (").next().unwrap_or(package);
        return Reason::Crate(sentence(&format!("the build script of {package} fails{why}")));
    }
    if let Some(package) = between("could not compile `") {
        let why = error.map(|why| format!(": {why}")).unwrap_or_default();
        return Reason::Crate(sentence(&format!("{package} does not compile{why}")));
    }
    Reason::Crate(sentence(message))
}

/// One line of a moderate length.
pub fn sentence(text: &str) -> String {
    const LONGEST: usize = 300;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = visible(&words);
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_sentence() {
        let script = "error: failed to run custom build command for `x-sys v1.0.0`\n";
        let compiled = "could not compile `x` (lib) due to 1 previous error";
        for (words, want) in [
            (
                format!("{script}The system library `libudev` required by crate `hidapi` was not found.\n"),
                "needs the system library `libudev`, which is not installed",
            ),
            (
                "error: rustc 1.95.0 is not supported by the following package:\n  a@1.0.0 requires rustc 1.96\nEither".to_string(),
                "needs rustc 1.96 or newer",
            ),
            (
                format!("{script}Could not find directory of OpenSSL installation, and this\n"),
                "needs OpenSSL's headers, which are not installed",
            ),
            (
                "rust-lld: error: unable to find library -lxcb\n".to_string(),
                "needs the library `xcb`, which is not installed",
            ),
            (
                "error: could not find native static library `Polly`, perhaps an -L flag is missing?\nerror: could not compile `llvm-sys` (lib)\n".to_string(),
                "needs the library `Polly`, which is not installed",
            ),
            (
                format!("error: {compiled}\nerror: build B failed: `/x/cargo build` ended with exit status: 101\n"),
                "x does not compile",
            ),
            (
                format!("{script}  --- stderr\n  thread 'main' panicked at build.rs:2:5:\n  no luck\n"),
                "the build script of x-sys v1.0.0 fails: no luck",
            ),
            (
                format!("error[E0308]: mismatched types\n --> src/main.rs\nerror: {compiled}\n"),
                "x does not compile: mismatched types",
            ),
            ("".to_string(), "what repro says"),
        ] {
            assert_eq!(of(&words, "what\nrepro  says"), Reason::Crate(want.into()), "{words}");
        }
        let killed = "process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)";
        assert!(matches!(of(killed, ""), Reason::Machine(_)));
        assert_eq!(sentence(&"x".repeat(400)).chars().count(), 301);
        assert_eq!(sentence("a\x1b[2J"), "a\\u{1b}[2J");
    }
}
