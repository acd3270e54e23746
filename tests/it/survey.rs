//! Surveys of crates that were packaged from fixtures: no network is needed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::isolation::denied;
use crate::schemas::errors;
use crate::support::{Project, Run, assert_verdict};
use test_needs::needs;

/// A list, and the directory of its survey.
struct Survey {
    project: Project,
}

impl Survey {
    fn new() -> Survey {
        Survey { project: Project::plain("sleepy") }
    }

    fn out(&self) -> PathBuf {
        self.project.base().join("out")
    }

    /// Packages a fixture with other files in it, as `name-0.1.0.crate`.
    fn package(&self, fixture: &str, name: &str, edit: impl Fn(&Path)) {
        let other = Project::plain(fixture);
        let dir = other.base().join(format!("{name}-0.1.0"));
        std::fs::rename(&other.dir, &dir).unwrap();
        edit(&dir);
        let file = self.project.dir.join(format!("{name}-0.1.0.crate"));
        let tar = self
            .project
            .command("tar", &other.base())
            .args(["--sort=name", "--mtime=@1153704088", "-czf"])
            .arg(&file)
            .arg(dir.file_name().unwrap())
            .status();
        assert!(tar.unwrap().success());
    }

    fn list(&self, lines: &str) {
        self.project.write("list", lines);
    }

    fn args<'a>(&'a self, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["survey", "list", "--out", out], more].concat()
    }

    fn run(&self, more: &[&str]) -> Run {
        let out = self.out();
        self.project.repro(&self.args(out.to_str().unwrap(), more))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.out().join("survey.jsonl")).unwrap_or_default()
    }

    fn rows(&self) -> Vec<Value> {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        let rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for row in &rows {
            assert_eq!(errors("repro.survey-1", row), None, "{row}");
        }
        rows
    }
}

fn unlocked(dir: &Path) {
    std::fs::remove_file(dir.join("Cargo.lock")).unwrap();
}

#[needs("sandbox")]
#[test]
fn every_crate_gets_a_row_that_says_what_came_of_it_and_no_more() {
    let survey = Survey::new();
    survey.package("sound-features", "sound-features", |dir| {
        // What a crate switches off in its own metadata is varied all the same.
        let path = dir.join("Cargo.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let off = "[package.metadata.repro]\nvary = \"none\"\n\n[features]";
        std::fs::write(path, text.replace("[features]", off)).unwrap();
        let info = format!("{{\"git\":{{\"sha1\":\"{}\"}}}}", "0123456789".repeat(4));
        std::fs::write(dir.join(".cargo_vcs_info.json"), info).unwrap();
    });
    survey.package("fault-username", "fault-username", |_| {});
    survey.package("compile-error", "compile-error", |_| {});
    survey.package("compile-error", "other-name", |_| {});
    survey.package("sound-features", "unlocked", unlocked);
    let names = ["sound-features", "fault-username", "compile-error", "other-name", "unlocked"];
    let lines: String = names.iter().map(|n| format!("{n}-0.1.0.crate\r\n")).collect();
    survey.list(&format!("# crates\n\n{lines}"));
    let run = survey.run(&["--markdown", "page.md"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let rows = survey.rows();
    let of = |key: &str| rows.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("crate"), names);
    assert_eq!(
        of("verdict"),
        ["reproducible", "differs", "not-built", "not-built", "not-built"],
        "{}",
        run.all()
    );
    assert_eq!(
        of("reason")[2..],
        [
            "compile-error does not compile: mismatched types",
            "its Cargo.toml is of `compile-error-0.1.0`",
            "the .crate has no Cargo.lock, so it does not say which dependencies it is built from",
        ]
    );
    assert_eq!(rows[0]["commit"], "0123456789".repeat(4));
    assert_eq!(rows[0]["epoch"], 1_153_704_088);
    assert!(!rows[0]["not_varied"].as_array().unwrap().contains(&"umask".into()), "{}", rows[0]);
    let digest = |path: PathBuf| repro_formats::digest::of_file(&path).unwrap().sha256;
    let manifest = survey.out().join("rows/sound-features-0.1.0/repro.json");
    assert_eq!(rows[0]["manifest"], digest(manifest));
    assert_eq!(rows[0]["checksum"], digest(survey.project.dir.join("sound-features-0.1.0.crate")));
    let culprit = &rows[1]["culprits"][0];
    assert_eq!(culprit["package"], "fault-username 0.1.0");
    assert_eq!((&culprit["causes"][0], &culprit["confirmed"]), (&"username".into(), &true.into()));
    assert_ne!(culprit["remedies"][0], Value::Null);
    let page = std::fs::read_to_string(survey.project.dir.join("page.md")).unwrap();
    for line in ["| reproducible | 1 |", "| differs | 1 |", "| not built | 3 |", "| not run | 0 |"]
    {
        assert!(page.contains(line), "{page}");
    }

    // Nothing is built again, and what a killed run left of a line is no row.
    let before = survey.text();
    assert_eq!(survey.run(&["--rows", "0"]).code, Some(1));
    std::fs::write(survey.out().join("survey.jsonl"), &before[..before.len() - 20]).unwrap();
    let run = survey.run(&["--rows", "0", "--markdown", "page.md"]);
    assert!(run.stderr.contains("was cut off"), "{}", run.all());
    assert_eq!(survey.rows().len(), 4);
    let page = std::fs::read_to_string(survey.project.dir.join("page.md")).unwrap();
    assert!(page.contains("| not built | 2 |") && page.contains("| not run | 1 |"), "{page}");
    assert_eq!(survey.run(&[]).code, Some(1));
    assert_eq!(survey.text(), before);

    // A file that has other bytes now is another crate.
    survey.package("compile-error", "unlocked", |_| {});
    survey.run(&[]);
    let rows = survey.rows();
    assert_eq!(
        (rows.len(), &rows[4]["reason"]),
        (5, &"its Cargo.toml is of `compile-error-0.1.0`".into())
    );
}

#[needs("sandbox")]
#[test]
fn a_limit_ends_a_crate_with_all_that_it_started() {
    let survey = Survey::new();
    // An argument that no other process has.
    let length = format!("600.{}", std::process::id());
    survey.package("sleepy", "sleepy", |dir| {
        let script = format!(
            "fn main() {{\n    std::fs::write(\"big\", vec![1; 64 << 20]).unwrap();\n    \
             std::process::Command::new(\"setsid\").args([\"sleep\", \"{length}\"]).spawn().unwrap();\n    \
             std::process::Command::new(\"sleep\").arg(\"{length}\").status().unwrap();\n}}\n"
        );
        std::fs::write(dir.join("build.rs"), script).unwrap();
    });
    survey.list("sleepy-0.1.0.crate\n");
    let run = survey.run(&["--disk-limit", "50000000"]);
    assert_eq!(run.code, Some(3), "{}", run.all());
    assert_eq!(survey.rows()[0]["verdict"], "not-finished");
    assert_eq!(survey.rows()[0]["reason"], "took more than the limit of 50000000 bytes on disk");
    let running = std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&length)
    });
    assert!(!running);
    let run = survey.run(&["--retry", "--time-limit", "1"]);
    assert_eq!(run.code, Some(3), "{}", run.all());
    assert_eq!(survey.rows().len(), 1);
    assert_eq!(survey.rows()[0]["reason"], "took more than the limit of 1 second");
}

#[test]
fn what_tells_nothing_about_a_crate_is_no_row() {
    let survey = Survey::new();
    survey.package("sleepy", "sleepy", |_| {});
    survey.list("absent-0.1.0.crate\nsleepy-0.1.0.crate\n");
    // Without a sandbox nothing is built.
    let path = denied(&survey.project);
    let out = survey.out();
    let args = survey.args(out.to_str().unwrap(), &[]);
    let run = survey.project.repro_env(&args, &[("PATH", &path)]);
    assert_eq!(run.code, Some(6), "{}", run.all());
    assert!(run.stdout.contains("absent-0.1.0.crate: there is no file"), "{}", run.all());
    assert!(run.stdout.contains("sleepy-0.1.0.crate: its build ended without"), "{}", run.all());
    assert!(survey.rows().is_empty());

    // One survey at a time.
    let lock = std::fs::File::open(out.join("survey.lock")).unwrap();
    lock.lock().unwrap();
    let run = survey.run(&["--rows", "0"]);
    assert_eq!(run.code, Some(4), "{}", run.all());
    assert!(run.stderr.contains("another survey is using"), "{}", run.all());
    lock.unlock().unwrap();
    let run = survey.run(&["--rows", "0"]);
    assert_verdict(&run, 0, "survey      0 crates have a row; 2 not run");
}

#[test]
fn a_list_is_refused_whole() {
    let survey = Survey::new();
    for (lines, words) in [
        ("ripgrep\n../etc/passwd\n", "line 2 of `list`: `../etc/passwd` is not NAME"),
        ("a/b\n", "`a/b` is not NAME"),
        ("-Zx\n", "`-Zx` is not NAME"),
        ("a@^1\n", "`a@^1` is not NAME"),
        ("a\"]\n", "is not NAME"),
        ("a\x1b[2J\n", "`a\\u{1b}[2J` is not NAME"),
        ("x\n# y\nx\n", "line 3 of `list`: `x` is in the list twice"),
        ("# nothing\n", "`list` lists no crate"),
    ] {
        survey.list(lines);
        let run = survey.run(&[]);
        assert_eq!(run.code, Some(5), "{lines:?}: {}", run.all());
        assert!(run.stderr.contains(words), "{lines:?}: {}", run.all());
        assert!(!survey.out().exists());
    }
}

#[test]
fn the_published_page_is_made_of_the_published_rows() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let survey = Survey::new();
    std::fs::create_dir(survey.out()).unwrap();
    std::fs::copy(docs.join("survey.jsonl"), survey.out().join("survey.jsonl")).unwrap();
    std::fs::copy(docs.join("survey.txt"), survey.project.dir.join("list")).unwrap();
    let run = survey.run(&["--rows", "0", "--markdown", "page.md"]);
    assert!(!run.stderr.contains("error"), "{}", run.all());
    let page = std::fs::read_to_string(survey.project.dir.join("page.md")).unwrap();
    assert!(page == std::fs::read_to_string(docs.join("survey.md")).unwrap(), "{page}");
    survey.rows();
}
