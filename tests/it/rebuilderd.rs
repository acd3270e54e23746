//! The contract of rebuilderd's worker: one argument, results in REBUILDERD_OUTDIR or none, and the
//! originals beside the input are never read. The real daemons are in `tests/rebuilderd.rs`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Project, Run, assert_verdict, host};

/// What a worker has: inputs, and a directory for the results.
struct Job {
    project: Project,
    inputs: PathBuf,
    out: PathBuf,
}

impl Job {
    fn new() -> Job {
        let project = Project::committed("sound-features");
        let url = format!("https://example.invalid/{}", project.dir.display());
        project.git(&["remote", "add", "origin", &url]);
        assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
        assert_eq!(project.repro(&["archive"]).code, Some(0));
        let inputs = project.base().join("inputs");
        let out = project.base().join("out");
        std::fs::rename(project.results().join("dist"), &inputs).unwrap();
        std::fs::create_dir(&out).unwrap();
        Job { project, inputs, out }
    }

    /// Runs the backend under the name that a worker's configuration has.
    fn backend(&self, input: &Path) -> Run {
        let link = self.project.base().join("rebuilder-crates");
        if !link.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_repro"), &link).unwrap();
        }
        // The commit is in the repository of the directory that the worker runs in; a worker would
        // fetch it from the remote.
        let mut command = self.project.command(&link, &self.project.dir);
        command.arg(input).env("REBUILDERD_OUTDIR", &self.out);
        command.output().unwrap().into()
    }

    fn results(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.out).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn manifest(&self) -> (PathBuf, Value) {
        let path = self.inputs.join("repro.json");
        let value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        (path, value)
    }
}

#[test]
fn rebuilt_files_and_archives_appear_and_originals_are_not_read() {
    let job = Job::new();
    let (input, manifest) = job.manifest();
    let archive = manifest["archives"][0]["name"].as_str().unwrap();
    let original = std::fs::read(job.inputs.join(archive)).unwrap();
    // The published archive was altered: what is rebuilt is not.
    std::fs::write(job.inputs.join(archive), "altered").unwrap();
    let run = job.backend(&input);
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert_eq!(job.results(), ["sound-features", archive]);
    assert_eq!(std::fs::read(job.out.join(archive)).unwrap(), original);
    let app = job.project.results().join("artifacts").join(host()).join("sound-features");
    let rebuilt = std::fs::read(job.out.join("sound-features")).unwrap();
    assert_eq!(rebuilt, std::fs::read(app).unwrap());
    assert_eq!(std::fs::read(job.inputs.join(archive)).unwrap(), b"altered");
}

/// What is altered in the manifest, and the exit code that it leads to.
type Change = (&'static str, fn(&mut Value), i32);

#[test]
fn nothing_appears_unless_everything_went_well() {
    let job = Job::new();
    let (_, manifest) = job.manifest();
    let changes: [Change; 5] = [
        ("artifact", |m| m["artifacts"][0]["sha256"] = json!("a".repeat(64)), 1),
        ("archive", |m| m["archives"][0]["sha256"] = json!("a".repeat(64)), 1),
        (
            "member",
            |m| {
                let members = m["archives"][0]["members"].as_array_mut().unwrap();
                let file = members.iter_mut().find(|m| m["kind"] == "file").unwrap();
                file["sha256"] = json!("a".repeat(64));
            },
            1,
        ),
        (
            "ledger",
            |m| {
                m["verdict"] = json!("reproducible-from-ledger");
                m["ledger"] = json!({"reused": 3, "foreign": 0, "built_twice": 1});
            },
            4,
        ),
        ("lockfile", |m| m["source"]["lockfile_sha256"] = json!("a".repeat(64)), 4),
    ];
    for (what, change, code) in changes {
        let mut altered = manifest.clone();
        change(&mut altered);
        let input = job.inputs.join("altered.json");
        std::fs::write(&input, altered.to_string()).unwrap();
        let run = job.backend(&input);
        assert_eq!(run.code, Some(code), "{what}: {}", run.all());
        assert!(job.results().is_empty(), "{what}: {:?}", job.results());
    }
    let run = job.backend(Path::new("/no/such/input.json"));
    assert_eq!(run.code, Some(6), "{}", run.all());
    let out = job.project.command_repro(&["rebuilderd-backend", "x.json"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn a_crate_is_rebuilt_as_it_was_packaged() {
    let job = Job::new();
    let target = job.project.base().join("package");
    let out = job
        .project
        .command("cargo", &job.project.dir)
        .args(["package", "-q", "--offline", "--no-verify", "--target-dir"])
        .arg(&target)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let run = job.backend(&target.join("package/sound-features-0.1.0.crate"));
    assert_eq!(run.code, Some(0), "{}", run.all());
    assert_eq!(job.results(), ["sound-features"]);
}
