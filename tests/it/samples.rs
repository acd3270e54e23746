//! Output that the documents show is what the program prints.
//!
//! A console block after `<!-- sample: FIXTURE -->` is run in a copy of that fixture, command by
//! command. `REPRO_UPDATE_DOCS=1 cargo test --test it samples` rewrites the blocks that drifted.
//! Digests, sizes and what was varied depend on the machine and are not compared.

use std::path::{Path, PathBuf};

use crate::support::Project;

const MARK: &str = "<!-- sample: ";
/// Labels of paragraphs that depend on what the machine can vary.
const BY_MACHINE: [&str; 5] = ["varied ", "in part ", "not varied ", "setting ", "sandbox "];

/// A block of a document: where it is, and what it has.
struct Sample {
    fixture: String,
    start: usize,
    end: usize,
}

fn samples(text: &str) -> Vec<Sample> {
    let found = text.match_indices(MARK);
    found
        .map(|(at, _)| {
            let rest = &text[at + MARK.len()..];
            let (fixture, rest) = rest.split_once(" -->\n```console\n").expect("a console block");
            let start = text.len() - rest.len();
            let end = start + rest.find("```").expect("the block ends");
            Sample { fixture: fixture.into(), start, end }
        })
        .collect()
}

/// What the block would be today.
fn run(fixture: &str, block: &str) -> String {
    let project = Project::committed(fixture);
    project.git(&["tag", "v0.1.0"]);
    project.git(&["branch", "-M", "main"]);
    let shown = format!("/home/me/{fixture}");
    let mut out = String::new();
    for command in block.lines().filter_map(|l| l.strip_prefix("$ ")) {
        let words = command.strip_prefix("repro ").expect("only repro runs in a sample");
        let args: Vec<_> = words.split(' ').collect();
        let run = project.repro(&args);
        assert!(matches!(run.code, Some(0 | 1)), "{}", run.all());
        let text = run.stdout.replace(project.dir.to_str().unwrap(), &shown);
        let text: Vec<_> = text.lines().map(str::trim_end).collect();
        out += &format!("$ {command}\n{}\n", text.join("\n"));
    }
    out
}

/// A text without what depends on the machine or the run.
fn blurred(text: &str) -> String {
    let mut skipping = false;
    let kept = text.lines().filter(|line| {
        skipping = BY_MACHINE.iter().any(|l| line.starts_with(l))
            || skipping && line.starts_with("            ");
        !skipping
    });
    kept.map(|l| format!("{}\n", words(without_cost(l)))).collect()
}

/// A cause without how many replays confirmed it, and how long that took.
fn without_cost(line: &str) -> &str {
    match line.strip_prefix("cause ").and(line.rsplit_once("; ")) {
        Some((rest, _)) => rest,
        None => line,
    }
}

/// Numbers of four digits, ids of 12 hex digits and canaries become `#`; so does every number in a
/// count of differing bytes, for two digests have a byte in common now and then.
pub fn words(line: &str) -> String {
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    let shortest = if line.contains(" differing bytes") { 1 } else { 4 };
    let mut out = String::new();
    for word in line.split_inclusive(|c| !alphanumeric(c)) {
        let end = word.trim_end_matches(|c| !alphanumeric(c)).len();
        let number = end >= shortest && word[..end].bytes().all(|b| b.is_ascii_digit());
        let id = end >= 12 && word[..end].bytes().all(|b| b.is_ascii_hexdigit());
        let canary = out.ends_with("-a-") || out.ends_with("-bb-");
        let replaced = number || id || canary && end == 6;
        out += if replaced { "#" } else { &word[..end] };
        out += &word[end..];
    }
    out
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|e| e.unwrap().path());
    let pages = pages.filter(|p| p.extension().is_some_and(|e| e == "md"));
    pages.chain([root.join("README.md")]).collect()
}

#[test]
fn samples_in_the_documents_are_what_the_program_prints() {
    let update = std::env::var_os("REPRO_UPDATE_DOCS").is_some();
    let mut seen = 0;
    let mut drifted = Vec::new();
    for path in documents() {
        let mut text = std::fs::read_to_string(&path).unwrap();
        for sample in samples(&text).into_iter().rev() {
            seen += 1;
            let block = &text[sample.start..sample.end];
            let now = run(&sample.fixture, block);
            if blurred(block) == blurred(&now) {
                continue;
            }
            drifted.push(format!("{}: {now}", path.display()));
            text.replace_range(sample.start..sample.end, &now);
        }
        if update {
            std::fs::write(&path, text).unwrap();
        }
    }
    assert!(seen >= 6, "the documents have samples");
    let hint = "run `REPRO_UPDATE_DOCS=1 cargo test --test it samples`";
    assert!(update || drifted.is_empty(), "{hint}:\n{}", drifted.join("\n"));
}

#[test]
fn a_sample_that_drifted_is_noticed() {
    let shown =
        "source      commit 7a64cb0b3ca0\nvaried      umask,\n            jobs\nREPRODUCIBLE\n";
    let same = "source      commit 0123456789ab\nvaried      clock\nREPRODUCIBLE\n";
    assert_eq!(blurred(shown), blurred(same));
    assert_ne!(blurred(shown), blurred(&same.replace("REPRODUCIBLE", "DIFFERS")));
    assert_ne!(blurred(shown), blurred(&same.replace("source ", "origin ")));
    assert_eq!(
        words("cargo::rustc-env=LEAK=`user-a-jddxwl` 445912 bytes"),
        "cargo::rustc-env=LEAK=`user-a-#` # bytes"
    );
    let explained = |bytes, follow| {
        words(&format!(
            "explained: 100 % of {bytes} differing bytes (10 by causes, {follow} by more)"
        ))
    };
    assert_eq!(explained(31, 21), explained(30, 20));
}
