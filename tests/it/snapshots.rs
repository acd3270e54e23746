//! Each form of a report as a snapshot that a reviewer reads in a diff: `tests/it/snapshots/*.snap`.
//!
//! `INSTA_UPDATE=always cargo test --test it snapshots` writes them again. Inputs are fixed bytes, so
//! only versions, the host and the directory of the test are replaced.

use crate::support::{Project, host, rustc};

/// Two archives that differ by a time, a mode and a line with a date; a program that is none.
fn compared() -> Project {
    let project = Project::plain("sound-features");
    let tar = |name: &str, time: u64, mode: u32, text: &str| {
        let mut archive = tar::Builder::new(Vec::new());
        for (member, mode, text) in [("bin/app", mode, "app\n"), ("notes.txt", 0o644, text)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mtime(time);
            header.set_mode(mode);
            archive.append_data(&mut header, member, text.as_bytes()).unwrap();
        }
        std::fs::write(project.dir.join(name), archive.into_inner().unwrap()).unwrap();
    };
    tar("a.tar", 1_700_000_000, 0o755, "notes\nbuilt 2026-01-01 <here>\n");
    tar("b.tar", 1_700_003_600, 0o775, "notes\nbuilt 2026-01-02 <here>\n");
    project
}

/// A package with a build script in which rules find something, and one that no rule stops at.
fn checked() -> Project {
    let project = Project::committed("sound-features");
    project.write(
        "build.rs",
        "fn main() {\n    let now = std::time::SystemTime::now();\n    println!(\"cargo::rustc-env=NOW={now:?}\");\n}\n",
    );
    project.commit("a build script that reads the clock");
    project
}

/// What the command prints, without what belongs to the run.
fn printed(project: &Project, args: &[&str]) -> String {
    printed_with(1, project, args)
}

/// The same with its exit code.
fn printed_with(code: i32, project: &Project, args: &[&str]) -> String {
    let run = project.repro(args);
    assert_eq!(run.code, Some(code), "{}", run.all());
    run.stdout
        .replace(project.dir.to_str().unwrap(), "/home/me/project")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
        .replace(&rustc("release"), "RELEASE")
        .replace(&host(), "HOST")
}

#[test]
fn two_files_in_each_form() {
    let project = compared();
    for form in ["text", "json", "github"] {
        let text = printed(&project, &["diff", "--format", form, "a.tar", "b.tar"]);
        insta::assert_snapshot!(format!("diff.{form}"), text);
    }
    printed(&project, &["diff", "--html", "page.html", "a.tar", "b.tar"]);
    let page = std::fs::read_to_string(project.dir.join("page.html")).unwrap();
    // The style is not the report's.
    let (_, body) = page.split_once("</style>").unwrap();
    let version = concat!("repro ", env!("CARGO_PKG_VERSION"), ", ");
    let (before, after) = body.split_once(version).unwrap();
    let (_, after) = after.split_once("</p>").unwrap();
    insta::assert_snapshot!("diff.html", format!("{before}repro VERSION, DATE</p>{after}"));
}

#[test]
fn rules_in_each_form() {
    let project = checked();
    for form in ["text", "json", "github", "sarif"] {
        let text = printed(&project, &["check", "--deny", "warnings", "--format", form]);
        insta::assert_snapshot!(format!("check.{form}"), text);
    }
}

#[test]
fn what_is_done_with_files_in_each_form() {
    let project = compared();
    std::fs::write(project.dir.join("empty.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let rows: [(&str, i32, &[&str]); 3] = [
        ("archive", 0, &["--epoch", "1700000000", "-o", "both.tar", "a.tar", "b.tar"]),
        ("inspect", 0, &["empty.wasm"]),
        ("normalize", 1, &["--check", "--epoch", "1600000000", "a.tar"]),
    ];
    for (command, code, args) in rows {
        for (form, option) in [("text", &[][..]), ("json", &["--format", "json"])] {
            let text = printed_with(code, &project, &[&[command], args, option].concat());
            insta::assert_snapshot!(format!("{command}.{form}"), text);
        }
    }
}
