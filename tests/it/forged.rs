//! Forged releases: each is an attack on what exit 0 means, with the control beside it. A publisher who
//! writes every file of a release, manifest included, must not get a plain REPRODUCED for anything
//! that the source does not give by itself.

mod archives;
mod files;
#[cfg(target_os = "linux")]
mod readers;
mod settings;
#[cfg(target_os = "linux")]
mod signed;

use std::path::PathBuf;

use repro_formats::digest;
use repro_formats::limits::Limits;
use repro_formats::list;
use serde_json::{Value, json};

use crate::support::{Project, Run, assert_verdict, host};
use crate::verify::Published;

const CARGO: &str = r#"[package]
name = "app"
version = "1.0.0"
edition = "2021"

[workspace]

[features]
extra = []

[[bin]]
name = "app"
path = "src/main.rs"

[[bin]]
name = "wipe"
path = "src/wipe.rs"

[lints.rust]
unexpected_cfgs = "allow"

[package.metadata.repro]
pass-env = ["CHANNEL"]

[package.metadata.repro.archive]
include = ["README.md", "completions"]
"#;

const MAIN: &str = r#"fn main() {
    let env = [option_env!("CHANNEL"), option_env!("features"), option_env!("QUIET")];
    println!("{env:?} extra {} evil {}", cfg!(feature = "extra"), cfg!(evil));
}
"#;

/// A release, and what its publisher can do with it.
struct Forge {
    it: Published,
    mark: PathBuf,
    stem: String,
}

/// A copy of the release, to be forged.
struct Copy<'a> {
    forge: &'a Forge,
    dir: PathBuf,
}

/// A change of a release.
type Change = fn(&Copy);

impl Forge {
    /// An honest release: archive, manifest, list of digests, and both programs.
    fn new(build: &[&str], env: &[(&str, &str)]) -> Forge {
        let project = Project::plain("sound-features");
        let mark = project.base().join("mark");
        let script = format!(
            "fn main() {{\n    println!(\"cargo::rerun-if-env-changed=CHANNEL\");\n    let _ = std::fs::write({mark:?}, \"ran\");\n}}\n"
        );
        for (name, text) in [
            ("Cargo.toml", CARGO),
            ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n"),
            ("src/main.rs", MAIN),
            ("src/wipe.rs", "fn main() {\n    println!(\"wiped\");\n}\n"),
            ("build.rs", &script),
            ("README.md", "# app\n"),
            ("completions/app", "complete -F _app app\n"),
            ("tools/evil.sh", "#!/bin/sh\nrm -rf ~\n"),
        ] {
            project.write(name, text);
        }
        project.git(&["init", "-q"]);
        Forge::of(project, mark, build, env)
    }

    fn of(project: Project, mark: PathBuf, build: &[&str], env: &[(&str, &str)]) -> Forge {
        project.commit("as it is");
        project.git(&["remote", "add", "origin", "https://example.invalid/app.git"]);
        assert_verdict(&project.repro_env(&[&["build"], build].concat(), env), 0, "REPRODUCIBLE");
        let packed = project.repro(&["archive", "--format", "tar.gz", "--release", "1"]);
        assert_eq!(packed.code, Some(0), "{}", packed.all());
        let clone = project.base().join("clone");
        project.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
        let dist = project.base().join("dist");
        std::fs::rename(project.results().join("dist"), &dist).unwrap();
        let made = project.results().join("artifacts").join(host());
        for name in ["app", "wipe"] {
            std::fs::copy(made.join(name), dist.join(name)).unwrap();
        }
        let _ = std::fs::remove_file(&mark);
        let stem = format!("app-1-{}", host());
        Forge { it: Published { project, clone, dist }, mark, stem }
    }

    fn copy(&self, change: Change) -> Copy<'_> {
        let dir = self.it.project.base().join("release");
        let _ = std::fs::remove_dir_all(&dir);
        let copy = Copy { forge: self, dir };
        self.it.sh("cp -a dist release");
        change(&copy);
        copy
    }

    /// Verifies the release, twice: as text and as JSON.
    fn verify(&self, args: &[&str], name: &str) -> (Run, Run) {
        let release = self.it.project.base().join("release");
        let args: Vec<String> = args
            .iter()
            .map(|a| match a.strip_prefix("REL") {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                    format!("{}{rest}", release.display())
                }
                _ => a.to_string(),
            })
            .collect();
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        let text = self.it.verify(&args);
        args.extend(["--format", "json"]);
        let json = self.it.verify(&args);
        assert_eq!(text.code, json.code, "{name}: {}\n{}", text.all(), json.all());
        let odd = |c: char| c == '\u{202e}' || c.is_control() && c != '\n';
        let shown = format!("{}{}", text.stdout, text.stderr);
        assert!(!shown.contains(odd), "{name}: {shown:?}");
        (text, json)
    }
}

impl Copy<'_> {
    fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.at(name)).unwrap()
    }

    fn evil(&self, name: &str) -> Vec<u8> {
        let mut bytes = self.bytes(name);
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        bytes
    }

    fn manifest(&self, change: impl FnOnce(&mut Value)) {
        let mut manifest = serde_json::from_slice(&self.bytes("repro.json")).unwrap();
        change(&mut manifest);
        self.put("repro.json", manifest.to_string());
        // As a publisher who changes it does.
        if self.at("SHA256SUMS").is_file() {
            let sums = String::from_utf8(self.bytes("SHA256SUMS")).unwrap();
            let line = sums.lines().find(|line| line.ends_with("  repro.json"));
            let sha256 = digest::of_bytes(&self.bytes("repro.json")).sha256;
            if let Some(line) = line {
                self.put("SHA256SUMS", sums.replace(line, &format!("{sha256}  repro.json")));
            }
        }
    }

    /// More lines for the list of digests.
    fn add_lines(&self, lines: &[(&str, &str)]) {
        let sums = String::from_utf8(self.bytes("SHA256SUMS")).unwrap();
        let more = lines.iter().map(|(name, sha256)| format!("{sha256}  {name}\n"));
        self.put("SHA256SUMS", more.fold(sums, |all, line| all + &line));
    }

    /// The manifest lists what the files now are, and so does the list of digests.
    fn consistent(&self) {
        let of = |name: &str| digest::of_bytes(&self.bytes(name));
        self.manifest(|m| {
            for part in ["artifacts", "archives"] {
                for entry in m[part].as_array_mut().unwrap() {
                    let name = entry["name"].as_str().unwrap().to_string();
                    if self.at(&name).is_file() {
                        let digest = of(&name);
                        entry["size"] = json!(digest.size);
                        entry["sha256"] = json!(digest.sha256);
                    }
                }
            }
            let archive = self.archive();
            if let Ok(Some(found)) = list::list(&archive, &Limits::default()) {
                let members = found.members.iter().map(|x| {
                    json!({"name": x.name, "kind": x.kind.name(), "mode": format!("{:04o}", x.mode.unwrap()),
                        "size": x.sha256.as_ref().map(|_| x.size), "sha256": x.sha256,
                        "target": x.target})
                });
                m["archives"][0]["members"] = members.collect();
            }
        });
        let name = self.archive().file_name().unwrap().to_str().unwrap().to_string();
        let sums = [&name, "app", "wipe"].map(|name| format!("{}  {name}\n", of(name).sha256));
        self.put("SHA256SUMS", sums.concat());
    }

    fn archive(&self) -> PathBuf {
        self.at(&format!("{}.tar.gz", self.forge.stem))
    }

    /// Unpacks the archive, changes the tree with a script, and packs it as `repro archive` does.
    fn packed(&self, script: &str) {
        self.packed_at(script, 1_700_000_000);
    }

    fn packed_at(&self, script: &str, epoch: i64) {
        let (stem, it) = (&self.forge.stem, &self.forge.it);
        let unpack = format!("rm -rf un; mkdir un; cd un; tar xzf {:?}", self.archive());
        it.sh(&format!("{unpack}; cd {stem}; {script}"));
        std::fs::remove_file(self.archive()).unwrap();
        let out = self.archive();
        let script = format!(
            "cd un; top=$(echo *); {:?} archive \"$top\" --prefix \"$top\" --epoch {epoch} -o {out:?}",
            env!("CARGO_BIN_EXE_repro")
        );
        it.sh(&script);
        self.consistent();
    }

    /// Packs members as they are written here, and lists the archive consistently.
    fn raw(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let (it, archive) = (&self.forge.it, self.archive());
        it.sh(&format!("gzip -dc {archive:?} >plain.tar"));
        let plain = it.project.base().join("plain.tar");
        let mut bytes = std::fs::read(&plain).unwrap();
        change(&mut bytes);
        std::fs::write(&plain, bytes).unwrap();
        it.sh(&format!("gzip -nc9 plain.tar >{archive:?}"));
        self.consistent();
    }
}

/// What an attack ends in.
enum End {
    /// This verdict, as text and in JSON, exit 1.
    Verdict(&'static str, &'static str),
    /// An error with this exit code; nothing was built.
    Refused(i32),
    /// A control: exit 0.
    Good,
}

use End::{Good, Refused, Verdict};

const DIFFERS: End = Verdict("DIFFERS", "differs");
const SETTINGS: End =
    Verdict("REPRODUCED WITH THE PUBLISHER'S SETTINGS", "reproduced-with-the-publishers-settings");
const STEPS: End = Verdict("REPRODUCED AFTER NORMALIZING", "reproduced-after-normalizing");

/// Name, arguments, change, end, and words that the report has. `REL` is the release.
type Attack = (&'static str, &'static [&'static str], Change, End, &'static [&'static str]);

fn run(forge: &Forge, attacks: &[Attack]) {
    let mut wrong = Vec::new();
    for (name, args, change, end, words) in attacks {
        forge.copy(*change);
        let (text, json) = forge.verify(args, name);
        let report = json.json();
        let all = text.all();
        let as_expected = match end {
            Verdict(last, verdict) => {
                text.code == Some(1)
                    && text.last().starts_with(last)
                    && (&report["verdict"], &report["passes"]) == (&json!(verdict), &json!(false))
            }
            Refused(code) => {
                text.code == Some(*code)
                    && text.stdout.is_empty()
                    && report["error"].is_object()
                    && !forge.mark.exists()
                    && !text.stderr.contains("building")
            }
            Good => text.code == Some(0) && text.last() == "REPRODUCED" && report["passes"] == true,
        };
        let told = words.iter().all(|word| all.contains(word));
        if !as_expected || !told {
            wrong.push(format!("== {name}\n{all}"));
        }
        let _ = std::fs::remove_file(&forge.mark);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

fn set(copy: &Copy, name: &str, value: &str) {
    copy.manifest(|m| {
        let rows = m["environment"].as_array_mut().unwrap();
        rows.retain(|row| row["name"] != name);
        rows.push(json!({"name": name, "value": value}));
    });
}

fn config(copy: &Copy, text: &str) {
    copy.manifest(|m| m["outside_config"] = json!([text]));
}

/// The worker of rebuilderd would call good whatever comes out: for a forged manifest nothing does.
#[test]
fn rebuilderd_gets_nothing_for_a_forged_release() {
    let forge = Forge::new(&[], &[]);
    let it = &forge.it;
    let changes: [(&str, Change, i32); 6] = [
        ("control", |_| (), 0),
        ("a setting", |c| set(c, "QUIET_ONE", "x"), 1),
        ("a program of the publisher's", |c| set(c, "CC", "evil"), 1),
        ("a flag that loads code", |c| set(c, "RUSTFLAGS", "--cfg @args"), 5),
        ("a program left out of the archive", |c| c.packed("rm wipe"), 1),
        (
            "a file of the source in the archive",
            |c| c.packed("mkdir tools; cp ../../clone/tools/evil.sh tools"),
            1,
        ),
    ];
    for (name, change, code) in changes {
        let copy = forge.copy(change);
        let out = it.project.base().join("out");
        let _ = std::fs::remove_dir_all(&out);
        std::fs::create_dir(&out).unwrap();
        let mut backend = it.project.command(env!("CARGO_BIN_EXE_repro"), &it.clone);
        backend.args(["rebuilderd-backend", copy.at("repro.json").to_str().unwrap()]);
        let run: Run = backend.env("REBUILDERD_OUTDIR", &out).output().unwrap().into();
        assert_eq!(run.code, Some(code), "{name}: {}", run.all());
        let handed = std::fs::read_dir(&out).unwrap().count();
        assert_eq!(handed, if code == 0 { 3 } else { 0 }, "{name}: {}", run.all());
    }
}
