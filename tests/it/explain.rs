//! `repro diff` on programs: what differs is found, named and attributed, and all of it accounted for.
//!
//! The samples are made here by the toolchain at hand, from a few lines each.

#[cfg(target_os = "linux")]
mod elf;
mod foreign;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::Project;

/// A directory to make samples in, and `repro` to run there.
fn scratch() -> Project {
    Project::plain("sound-features")
}

/// Runs rustc on a text.
#[track_caller]
fn rustc(dir: &Path, text: &str, args: &[&str], env: &[(&str, &str)]) {
    std::fs::write(dir.join("app.rs"), text).unwrap();
    let out = Command::new("rustc")
        .current_dir(dir)
        .args(["--edition", "2024", "--crate-name", "app", "-O", "app.rs"])
        .args(args)
        .env_remove("RUSTFLAGS")
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{words}");
}

/// Compiles a text twice, with LEAK as each side has it, to `a` and `b`.
#[track_caller]
fn pair(project: &Project, text: &str, leaks: [&str; 2], args: &[&str]) {
    for (side, leak) in ["a", "b"].into_iter().zip(leaks) {
        let args = [args, &["-o", side]].concat();
        rustc(&project.dir, text, &args, &[("LEAK", leak)]);
    }
}

#[track_caller]
fn diff(project: &Project, a: &str, b: &str) -> Value {
    let run = project.repro(&["diff", "--format", "json", a, b]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let json = run.json();
    assert_eq!(json["verdict"], "differs");
    json["artifacts"][0].clone()
}

/// Findings that are no consequences.
fn causes(artifact: &Value) -> Vec<&Value> {
    let findings = artifact["findings"].as_array().unwrap();
    findings.iter().filter(|f| f["consequence"] == false).collect()
}

#[track_caller]
fn is_explained(artifact: &Value) {
    assert_eq!(artifact["explained"]["unexplained"], 0, "{artifact:#}");
    assert!(artifact["note"].is_null(), "{artifact:#}");
}

const PRINTS: &str = "fn main() { println!(\"built in {}\", env!(\"LEAK\")); }";

#[test]
fn a_build_that_differs_is_explained_in_the_report_and_on_the_page() {
    let project = Project::committed("fault-username");
    let page = project.base().join("page.html");
    let args = ["build", "--format", "json", "--html", page.to_str().unwrap()];
    let run = project.repro(&args);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let artifact = run.json()["artifacts"][0].clone();
    assert_eq!(artifact["name"], "fault-username");
    let causes = causes(&artifact);
    assert_eq!(causes.len(), 1, "{artifact:#}");
    let one = causes[0];
    assert_eq!((&one["cause"], &one["crate"]), (&"username".into(), &"fault_username".into()));
    let value = |side: &str| one[side].as_str().unwrap().to_string();
    assert!(value("a").starts_with("user-a-") && value("b").starts_with("user-bb-"), "{one}");
    is_explained(&artifact);
    assert!(run.stderr.contains(&format!("wrote: {}", page.display())), "{}", run.all());
    let page = std::fs::read_to_string(page).unwrap();
    for word in ["DIFFERS", "fault-username", "username", &value("b"), "not in the verdict"] {
        assert!(page.contains(word), "no {word}");
    }
    let (head, body) = page.split_once("</header>").unwrap();
    for word in ["commit ", "rustc ", " UTC"] {
        assert!(head.contains(word), "no {word} in {head}");
    }
    assert!(body.contains("explained directly"), "{body}");
}

#[test]
fn the_annotation_of_a_culprit_points_at_the_line_of_its_build_script() {
    let project = Project::committed("fault-username");
    let run = project.repro(&["build", "--format", "github", "--no-replay"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let start = "::error title=not reproducible%3A build-script of fault-username 0.1.0,file=build.rs,line=5::username";
    assert!(run.stdout.lines().any(|l| l.starts_with(start)), "{}", run.all());
}

#[test]
fn text_is_told_by_its_lines_and_other_bytes_by_their_place() {
    let project = scratch();
    project.write("a.txt", "first\nsecond\nbuilt 2026-11-24 22:03:11\nend\n");
    project.write("b.txt", "first\nsecond\nbuilt 2026-11-25 08:00:00\nend\n");
    let found = diff(&project, "a.txt", "b.txt");
    let one = causes(&found)[0];
    assert_eq!(one["cause"], "timestamp", "{one}");
    assert!(one["where"].as_str().unwrap().starts_with("line 3"), "{one}");
    assert_eq!(one["a"], "2026-11-24 22:03:11");
    is_explained(&found);

    std::fs::write(project.dir.join("a.bin"), b"\0\x01\x02\x03\x04\x05\x06\x07").unwrap();
    std::fs::write(project.dir.join("b.bin"), b"\0\x01\x02\x03\x04\x99\x06\x07").unwrap();
    let found = diff(&project, "a.bin", "b.bin");
    let one = causes(&found)[0];
    assert_eq!((&one["cause"], &one["where"]), (&"unknown".into(), &"byte 5".into()));
    assert_eq!(found["explained"]["unexplained"], 1, "{found:#}");
    let run = project.repro(&["diff", "a.bin", "b.bin"]);
    assert!(run.stdout.contains("1 byte is not explained"), "{}", run.all());
}

#[test]
fn the_report_fits_one_screen_whatever_differs() {
    let project = scratch();
    let lines = |word: &str| -> String {
        let each = (0..400).map(|i| format!("{word}{i} is not the same at all\n\n"));
        each.collect()
    };
    project.write("a.txt", &lines("red"));
    project.write("b.txt", &lines("blue"));
    let run = project.repro(&["diff", "a.txt", "b.txt"]);
    assert!(run.stdout.lines().count() <= 30, "{}", run.all());
    assert!(run.stdout.contains("more, listed with -v"), "{}", run.all());
    let verbose = project.repro(&["diff", "a.txt", "b.txt", "-v"]);
    assert!(verbose.stdout.lines().count() > 400, "{}", verbose.all());
}

#[test]
fn a_file_that_no_reader_can_read_still_differs() {
    let project = scratch();
    std::fs::write(project.dir.join("a"), b"\x7fELF and then nothing").unwrap();
    std::fs::write(project.dir.join("b"), b"\x7fELF and then something").unwrap();
    let run = project.repro(&["diff", "a", "b"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let note = "bytes differ; no reader could explain the difference: it is not a valid ELF file";
    assert!(run.stdout.contains(note), "{}", run.all());
    assert!(run.last().starts_with("DIFFERS"), "{}", run.all());
    project.write("c", "text");
    let run = project.repro(&["diff", "a", "c"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stdout.contains("A is ELF and B is"), "{}", run.all());
}

#[test]
fn annotations_and_a_step_summary_are_for_github() {
    let project = scratch();
    project.write("a.txt", "by 100 % at 2026-11-24 22:03:11\n");
    project.write("b.txt", "by 100 % at 2026-11-25 08:00:00\n");
    let summary = project.dir.join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let env = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let run = project.repro_env(&["diff", "--format", "github", "a.txt", "b.txt"], &env);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let lines: Vec<&str> = run.stdout.lines().filter(|l| l.starts_with("::")).collect();
    assert_eq!(lines.len(), 2, "{}", run.all());
    assert!(lines[0].starts_with("::error title=a.txt%3A timestamp::line 1"), "{lines:?}");
    assert_eq!(run.last(), "::error title=repro diff%3A DIFFERS::1 of 1 files differ");
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n## repro diff: DIFFERS\n"), "{text}");
    assert!(text.contains("| timestamp | line 1"), "{text}");
    // A failure is an annotation as well.
    let run = project.repro(&["diff", "--format", "github", "a.txt", "missing"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
    assert!(run.last().starts_with("::error title=repro diff%3A usage::"), "{}", run.all());
}

/// A diffoscope of the test's own: what it is called with is what is looked at.
#[cfg(unix)]
#[test]
fn diffoscope_is_called_if_it_is_there_and_named_if_not() {
    use std::os::unix::fs::PermissionsExt;
    let project = scratch();
    project.write("a.txt", "1\n");
    project.write("b.txt", "2\n");
    let bin = project.base().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let nothing = [("PATH", bin.to_str().unwrap())];
    let run = project.repro_env(&["diff", "--diffoscope", "a.txt", "b.txt"], &nothing);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stderr.contains("diffoscope is not installed"), "{}", run.all());
    let fake = bin.join("diffoscope");
    std::fs::write(&fake, "#!/bin/sh\necho \"called with $*\"\nexit 1\n").unwrap();
    std::fs::set_permissions(&fake, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let env = [("PATH", path.as_str())];
    // The version is asked for first, and this one says 1 to all.
    std::fs::write(
        &fake,
        "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho \"called with $*\"\nexit 1\n",
    )
    .unwrap();
    let run = project.repro_env(&["diff", "--diffoscope", "a.txt", "b.txt"], &env);
    assert_eq!(run.last(), "called with --text - a.txt b.txt", "{}", run.all());
    let args = ["diff", "--diffoscope", "--format", "json", "a.txt", "b.txt"];
    let run = project.repro_env(&args, &env);
    assert_eq!(run.json()["verdict"], "differs");
    assert!(run.stderr.contains("called with"), "{}", run.all());
}

#[test]
fn the_causes_are_listed_with_remedies_and_sources() {
    let project = scratch();
    let run = project.repro(&["diff", "--list-causes"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    for word in ["timestamp: ", "symbol-hash: ", "CONST_RANDOM_SEED", "https://"] {
        assert!(run.stdout.contains(word), "no {word} in {}", run.stdout);
    }
    let run = project.repro(&["diff"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
}
