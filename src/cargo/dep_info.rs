//! The text that rustc and build scripts leave beside what they make: dep-info (`*.d`) and the
//! directives of a script's output. Only what the lines say; nothing is looked up.
//!
//! <https://doc.rust-lang.org/cargo/reference/build-scripts.html#outputs-of-the-build-script>

/// What a crate was seen to read, from its dep-info.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Files, as rustc names them: relative to the directory that it was run in, or absolute.
    pub files: Vec<String>,
    /// Variables that `env!`, `option_env!` or a macro asked for, with their values where set.
    pub env: Vec<(String, Option<String>)>,
}

/// Reads dep-info. Its paths need not be UTF-8, so the text may be lossy.
pub fn read(text: &str) -> Reads {
    let mut reads = Reads::default();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# env-dep:") {
            let (name, value) = match rest.split_once('=') {
                Some((name, value)) => (name, Some(unescape(value))),
                None => (rest, None),
            };
            reads.env.push((unescape(name), value));
        } else if let Some(path) = listed(line) {
            reads.files.push(path.replace("\\ ", " "));
        }
    }
    reads
}

/// Each file is named once more on a line of its own, so that make does not fail when it is gone. The
/// space of a comment tells it from a file whose name begins like one: there a space has a backslash.
fn listed(line: &str) -> Option<&str> {
    line.strip_suffix(':').filter(|l| !l.starts_with("# "))
}

/// Whether the files of dep-info are all that its rule names: not where a name has a line break in it.
pub fn is_whole(text: &str) -> bool {
    let files: Vec<&str> = text.lines().filter_map(listed).collect();
    text.lines().next().is_some_and(|rule| rule.ends_with(&format!(": {}", files.join(" "))))
}

fn unescape(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// One directive of a build script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The line of its output, from 1.
    pub line: usize,
    /// The key, such as `rustc-env`; `metadata` for what is meant for dependents.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Keys of the older form `cargo:key=value`. Any other is metadata in it.
const KEYS: &[&str] = &[
    "rerun-if-changed", "rerun-if-env-changed", "rustc-cdylib-link-arg", "rustc-cfg",
    "rustc-check-cfg", "rustc-env", "rustc-flags", "rustc-link-arg", "rustc-link-arg-benches",
    "rustc-link-arg-bin", "rustc-link-arg-bins", "rustc-link-arg-cdylib",
    "rustc-link-arg-examples", "rustc-link-arg-tests", "rustc-link-lib", "rustc-link-search",
    "warning",
];

/// Reads the directives out of a build script's output.
pub fn directives(text: &str) -> Vec<Directive> {
    let mut found = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let (rest, older) = match (line.strip_prefix("cargo::"), line.strip_prefix("cargo:")) {
            (Some(rest), _) => (rest, false),
            (None, Some(rest)) => (rest, true),
            (None, None) => continue,
        };
        let Some((key, value)) = rest.split_once('=') else { continue };
        let (key, value) = match older && !KEYS.contains(&key) {
            true => ("metadata", rest),
            false => (key, value),
        };
        found.push(Directive {
            line: i + 1,
            key: key.to_string(),
            value: value.trim_end().to_string(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dep_info_names_files_and_variables() {
        let text = "/t/x.d: src/main.rs src/a\\ b.rs\n\nsrc/main.rs:\nsrc/a\\ b.rs:\n\n\
                    # env-dep:OUT_DIR=/t/x=y\n# env-dep:UNSET\n# env-dep:TWO=a\\nb\\\\c\n";
        let reads = read(text);
        assert_eq!(reads.files, ["src/main.rs", "src/a b.rs"]);
        let some = |n: &str, v: &str| (n.to_string(), Some(v.to_string()));
        assert_eq!(
            reads.env,
            [some("OUT_DIR", "/t/x=y"), ("UNSET".into(), None), some("TWO", "a\nb\\c")]
        );
    }

    #[test]
    fn odd_names_are_read_or_the_list_is_not_whole() {
        let text = "/t/x.d: #a #\\ b a\\\\b\n\n#a:\n#\\ b:\na\\\\b:\n\n# env-dep:A\\\\B=1\n";
        assert_eq!(read(text).files, ["#a", "# b", "a\\\\b"]);
        assert_eq!(read(text).env, [("A\\B".to_string(), Some("1".to_string()))]);
        assert!(is_whole(text));
        for name in ["a\nb", "a\r\nb", "a:\nb:", "a\n:", "# a\nb"] {
            let name = name.replace(' ', "\\ ");
            assert!(!is_whole(&format!("/t/x.d: lib.rs {name}\n\nlib.rs:\n{name}:\n")), "{name:?}");
        }
    }

    #[test]
    fn directives_of_both_forms_are_read() {
        let text = "hello\ncargo:rustc-env=A=1\ncargo::rustc-cfg=b\ncargo:root=/x\n\
                    cargo::metadata=include=/y\ncargo:nonsense\n";
        let found: Vec<_> = directives(text)
            .into_iter()
            .map(|d| format!("{} {} {}", d.line, d.key, d.value))
            .collect();
        assert_eq!(
            found,
            ["2 rustc-env A=1", "3 rustc-cfg b", "4 metadata root=/x", "5 metadata include=/y"]
        );
    }
}
