//! Forged releases: each is an attack on what exit 0 means, with the control beside it. A publisher who
//! writes every file of a release, manifest included, must not get a plain REPRODUCED for anything
//! that the source does not give by itself.

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
        let args: Vec<String> =
            args.iter().map(|a| a.replace("REL", release.to_str().unwrap())).collect();
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
                    json!({"name": x.name, "kind": x.kind, "mode": format!("{:04o}", x.mode.unwrap()),
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

fn list_elsewhere(copy: &Copy, good: &str) {
    copy.put(good, copy.bytes("app"));
    copy.manifest(|m| {
        let app = m["artifacts"].as_array_mut().unwrap().iter_mut().find(|a| a["name"] == "app");
        app.unwrap()["path"] = json!(good);
    });
}

/// What shows without a rebuild.
const FILES: &[Attack] = &[
    ("control: directory", &["REL"], |_| (), Good, &[]),
    ("control: manifest", &["REL/repro.json"], |_| (), Good, &["published"]),
    ("control: one file", &["REL/app"], |_| (), Good, &[]),
    (
        "a byte of a program",
        &["REL"],
        |c| c.put("app", c.evil("app")),
        DIFFERS,
        &["not the file that the manifest lists"],
    ),
    ("a byte, manifest named", &["REL/repro.json"], |c| c.put("app", c.evil("app")), DIFFERS, &[]),
    (
        "a byte of the archive",
        &["REL"],
        |c| std::fs::write(c.archive(), c.evil(c.archive().to_str().unwrap())).unwrap(),
        DIFFERS,
        &["nothing was fetched or built"],
    ),
    (
        "names swapped",
        &["REL"],
        |c| {
            let app = c.bytes("app");
            c.put("app", c.bytes("wipe"));
            c.put("wipe", app);
        },
        DIFFERS,
        &["bytes of the listed `wipe`"],
    ),
    (
        "the listed path is good, the file next to the manifest is not",
        &["REL/repro.json"],
        |c| {
            list_elsewhere(c, "deep/er/app");
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &["release/app"],
    ),
    (
        "the same, and the directory is named",
        &["REL"],
        |c| {
            list_elsewhere(c, "deep/er/app");
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &["release/app"],
    ),
    (
        "the file next to the manifest is good, the listed path is not",
        &["REL"],
        |c| {
            list_elsewhere(c, "deep/er/app");
            c.put("deep/er/app", c.evil("app"));
        },
        DIFFERS,
        &["deep/er/app"],
    ),
    (
        "control: both are good",
        &["REL"],
        |c| list_elsewhere(c, "deep/er/app"),
        Good,
        &["deep/er/app", "release/app"],
    ),
    (
        "a second archive of the name in dist/",
        &["REL/repro.json"],
        |c| {
            let name = c.archive().file_name().unwrap().to_str().unwrap().to_string();
            c.put(&format!("dist/{name}"), c.evil(&name));
        },
        DIFFERS,
        &["dist/app-1-"],
    ),
    (
        "a program above a good dist/",
        &["REL"],
        |c| {
            c.forge.it.sh(
                "cp -a dist release/dist; cd release; rm -f repro.json SHA256SUMS *.tar.gz wipe",
            );
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &["release/app"],
    ),
    (
        "control: dist/ below",
        &["REL"],
        |c| {
            c.forge.it.sh("cp -a dist release/dist; cd release; rm -f repro.json SHA256SUMS *.tar.gz wipe app")
        },
        Good,
        &[],
    ),
    (
        "a file that is not listed",
        &["REL"],
        |c| c.put("evil", "evil"),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "a file that is not listed, deeper",
        &["REL"],
        |c| c.put("bin/evil", "evil"),
        DIFFERS,
        &["bin/evil"],
    ),
    ("a listed name, deeper", &["REL"], |c| c.put("bin/app", c.evil("app")), DIFFERS, &["bin/app"]),
    (
        "a program with the name of a signature",
        &["REL/setup.sig"],
        |c| c.put("setup.sig", c.evil("app")),
        DIFFERS,
        &["setup.sig"],
    ),
    (
        "control: a signature of a listed file",
        &["REL"],
        |c| c.put("app.sig", "signed"),
        Good,
        &["app.sig` was not checked"],
    ),
    (
        "a look-alike name",
        &["REL"],
        |c| c.put("\u{430}pp", c.evil("app")),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "another case",
        &["REL"],
        |c| c.put("APP", c.evil("app")),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "a name for a terminal",
        &["REL"],
        |c| c.put("x\x1b[8m\u{202e}y", "evil"),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "the same bytes under another name",
        &["REL"],
        |c| c.put("app2", c.bytes("app")),
        DIFFERS,
        &["bytes of the listed `app`"],
    ),
    (
        "a promised file that is not there",
        &["REL"],
        |c| {
            c.manifest(|m| m["artifacts"][0]["path"] = json!("app"));
            std::fs::remove_file(c.at("app")).unwrap();
        },
        DIFFERS,
        &["missing, and the manifest lists it"],
    ),
    (
        "an archive that is not there",
        &["REL"],
        |c| std::fs::remove_file(c.archive()).unwrap(),
        DIFFERS,
        &["missing"],
    ),
    (
        "a list of other digests",
        &["REL"],
        |c| c.put("SHA256SUMS", format!("{}  app\n", "a".repeat(64))),
        DIFFERS,
        &["line of `app`"],
    ),
    (
        "a list with a second line",
        &["REL"],
        |c| {
            let sums = String::from_utf8(c.bytes("SHA256SUMS")).unwrap();
            c.put("SHA256SUMS", format!("{sums}{}  ./app\n", "a".repeat(64)));
        },
        DIFFERS,
        &["line of `app`"],
    ),
    (
        "a list of the listed digests, and another file",
        &["REL/app", "REL/repro.json", "REL/SHA256SUMS"],
        |c| {
            c.put("SHA256SUMS", format!("{}  app\n", digest::of_bytes(&c.bytes("app")).sha256));
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &[],
    ),
    (
        "nothing but the manifest",
        &["REL/repro.json"],
        |c| c.forge.it.sh("rm release/app release/wipe release/*.tar.gz"),
        Verdict("MANIFEST REPRODUCED", "manifest-reproduced"),
        &[],
    ),
    (
        "two manifests",
        &["REL"],
        |c| c.put("other.json", c.bytes("repro.json")),
        Refused(2),
        &["both manifests"],
    ),
    (
        "control: the manifest by another name",
        &["REL"],
        |c| c.forge.it.sh("mv release/repro.json ..json; mv ..json release/app.repro.json"),
        Good,
        &[],
    ),
];

#[test]
fn a_file_that_is_not_what_the_manifest_lists_is_found() {
    run(&Forge::new(&[], &[]), FILES);
}

fn add_to_tar(bytes: &mut Vec<u8>, name: &str, kind: u8, mode: u32, content: &[u8], to: &str) {
    let end = bytes.chunks(512).rposition(|b| b.iter().any(|b| *b != 0)).unwrap() + 1;
    bytes.truncate(end * 512);
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(format!("{mode:07o}\0").as_bytes());
    header[108..116].copy_from_slice(b"0000000\0");
    header[116..124].copy_from_slice(b"0000000\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[136..148].copy_from_slice(format!("{:011o}\0", 1_700_000_000).as_bytes());
    header[156] = kind;
    header[157..157 + to.len()].copy_from_slice(to.as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes.extend(header);
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
    bytes.resize(bytes.len().next_multiple_of(10240), 0);
}

/// Archives that were packed and listed consistently, manifest, members, digests and all.
const ARCHIVES: &[Attack] = &[
    ("control: packed again", &["REL"], |c| c.packed("true"), Good, &[]),
    (
        "a program of another build",
        &["REL"],
        |c| {
            c.put("app", c.evil("app"));
            c.packed("cp ../../release/app app");
        },
        DIFFERS,
        &[],
    ),
    (
        "names swapped",
        &["REL"],
        |c| {
            c.packed("mv app x; mv wipe app; mv x wipe");
            c.forge.it.sh("cd release; mv app x; mv wipe app; mv x wipe");
            c.consistent();
        },
        DIFFERS,
        &["is the built `wipe`"],
    ),
    (
        "a program left out",
        &["REL"],
        |c| c.packed("rm wipe"),
        DIFFERS,
        &["member `wipe`", "missing"],
    ),
    (
        "a program left out, and a source file of its name deeper",
        &["REL"],
        |c| c.packed("rm app"),
        DIFFERS,
        &["member `app`", "missing"],
    ),
    (
        "a declared file left out",
        &["REL"],
        |c| c.packed("rm README.md"),
        DIFFERS,
        &["README.md`", "missing"],
    ),
    (
        "a declared file changed",
        &["REL"],
        |c| c.packed("echo x >>README.md"),
        DIFFERS,
        &["README.md"],
    ),
    (
        "a source file under its own path",
        &["REL"],
        |c| c.packed("mkdir tools; cp ../../clone/tools/evil.sh tools"),
        SETTINGS,
        &["include=tools/evil.sh"],
    ),
    (
        "control: accepted",
        &["REL", "--accept-setting", "include=tools/evil.sh"],
        |c| c.packed("mkdir tools; cp ../../clone/tools/evil.sh tools"),
        Good,
        &["accepted by you"],
    ),
    (
        "accepted with another value",
        &["REL", "--accept-setting", "include=tools/good.sh"],
        |c| c.packed("mkdir tools; cp ../../clone/tools/evil.sh tools"),
        SETTINGS,
        &[],
    ),
    (
        "a source file under another path",
        &["REL"],
        |c| c.packed("cp ../../clone/tools/evil.sh evil.sh"),
        DIFFERS,
        &["neither built nor in the source"],
    ),
    (
        "a source file under an artifact's name",
        &["REL"],
        |c| c.packed("cp ../../clone/tools/evil.sh app"),
        DIFFERS,
        &["app"],
    ),
    (
        "a program under another name",
        &["REL"],
        |c| c.packed("cp app app2"),
        DIFFERS,
        &["it is the built `app` under another name"],
    ),
    (
        "a program under a look-alike name",
        &["REL"],
        |c| c.packed("mv app аpp"),
        DIFFERS,
        &["missing"],
    ),
    (
        "a program once more, elsewhere",
        &["REL"],
        |c| c.packed("mkdir -p etc/cron.daily; cp wipe etc/cron.daily"),
        SETTINGS,
        &["include=etc/cron.daily/wipe"],
    ),
    (
        "a program elsewhere only",
        &["REL"],
        |c| c.packed("mkdir bin; mv wipe bin"),
        DIFFERS,
        &["`wipe`"],
    ),
    (
        "all below one more directory",
        &["REL"],
        |c| c.packed("cd ..; mkdir etc; mv app-* etc"),
        DIFFERS,
        &[],
    ),
    (
        "another directory at the top",
        &["REL"],
        |c| c.packed("cd ..; mv app-* etc"),
        DIFFERS,
        &["etc"],
    ),
    ("an empty directory", &["REL"], |c| c.packed("mkdir evil"), DIFFERS, &["evil"]),
    ("a link", &["REL"], |c| c.packed("ln -s app run"), DIFFERS, &["link"]),
    (
        "an archive for no target",
        &["REL"],
        |c| {
            c.packed("rm app wipe");
            c.manifest(|m| m["archives"][0]["target"] = json!(null));
        },
        Refused(5),
        &["which no artifact is for"],
    ),
    (
        "an archive for another target",
        &["REL"],
        |c| {
            c.packed("rm app wipe");
            c.manifest(|m| m["archives"][0]["target"] = json!("wasm32-wasip1"));
        },
        Refused(5),
        &["wasm32-wasip1"],
    ),
    (
        "an archive with the name of an artifact",
        &["REL"],
        |c| {
            c.forge.it.sh("mv release/*.tar.gz release/app");
            c.manifest(|m| m["archives"][0]["name"] = json!("app"));
        },
        Refused(5),
        &["one file twice: \"app\""],
    ),
    (
        "other times",
        &["REL"],
        |c| {
            c.packed_at("true", 5);
            c.manifest(|m| m["archives"][0]["epoch"] = json!(5));
        },
        SETTINGS,
        &["archive-epoch=5"],
    ),
    (
        "setuid",
        &["REL", "--accept", "archive-mode"],
        |c| {
            c.raw(|b| {
                add_to_tar(
                    b,
                    &format!("app-1-{}/tools/evil.sh", host()),
                    b'0',
                    0o4755,
                    b"#!/bin/sh\nrm -rf ~\n",
                    "",
                )
            })
        },
        DIFFERS,
        &["mode 4755"],
    ),
    (
        "setgid",
        &["REL", "--accept", "archive-mode"],
        |c| c.raw(|b| add_to_tar(b, &format!("app-1-{}/x/", host()), b'5', 0o2755, b"", "")),
        DIFFERS,
        &["mode 2755"],
    ),
    (
        "sticky and writable by all",
        &["REL", "--accept", "archive-mode"],
        |c| c.raw(|b| add_to_tar(b, &format!("app-1-{}/x/", host()), b'5', 0o1777, b"", "")),
        DIFFERS,
        &["mode 1777"],
    ),
    (
        "a capability",
        &["REL", "--accept", "archive-mode", "--accept", "compressor"],
        |c| {
            c.raw(|b| {
                add_to_tar(b, "x", b'x', 0o644, b"38 SCHILY.xattr.security.capability=x\n", "");
                add_to_tar(
                    b,
                    &format!("app-1-{}/tools/evil.sh", host()),
                    b'0',
                    0o755,
                    b"#!/bin/sh\nrm -rf ~\n",
                    "",
                );
            })
        },
        DIFFERS,
        &["capability"],
    ),
    (
        "a device",
        &["REL"],
        |c| c.raw(|b| add_to_tar(b, &format!("app-1-{}/sda", host()), b'4', 0o644, b"", "")),
        Refused(5),
        &[],
    ),
    (
        "a hard link",
        &["REL"],
        |c| {
            c.raw(|b| {
                add_to_tar(
                    b,
                    &format!("app-1-{}/copy", host()),
                    b'1',
                    0o755,
                    b"",
                    &format!("app-1-{}/app", host()),
                )
            })
        },
        DIFFERS,
        &[],
    ),
    (
        "a member twice",
        &["REL"],
        |c| {
            c.raw(|b| {
                add_to_tar(b, &format!("app-1-{}/README.md", host()), b'0', 0o644, b"evil", "")
            })
        },
        Refused(5),
        &[],
    ),
    (
        "a name that leads out",
        &["REL"],
        |c| c.raw(|b| add_to_tar(b, "app-1/../../x", b'0', 0o644, b"evil", "")),
        Refused(5),
        &[],
    ),
    (
        "data behind the end",
        &["REL", "--accept", "compressor"],
        |c| c.raw(|b| b.extend(b"evil")),
        Refused(5),
        &[],
    ),
    (
        "zeros behind the end",
        &["REL", "--accept", "compressor"],
        |c| c.raw(|b| b.extend([0; 10240])),
        DIFFERS,
        &[],
    ),
    (
        "a second gzip member",
        &["REL", "--accept", "compressor"],
        |c| {
            c.forge.it.sh("printf evil | gzip >>\"$(echo release/*.tar.gz)\"");
            c.consistent();
        },
        Refused(5),
        &[],
    ),
    ("control: another compressor is a step", &["REL"], |c| c.raw(|_| ()), STEPS, &["compressor"]),
];

#[test]
fn an_archive_is_what_the_source_makes_however_consistent_its_manifest_is() {
    run(&Forge::new(&[], &[]), ARCHIVES);
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

/// Settings that the source does not ask for. Here none of them changes a byte: what is not accepted
/// is a reason of its own.
const SETTINGS_LISTED: &[Attack] = &[
    ("a variable", &["REL"], |c| set(c, "QUIET_ONE", "x"), SETTINGS, &["QUIET_ONE=x"]),
    (
        "a name that the metadata passes, with a value",
        &["REL"],
        |c| set(c, "OTHER_CHANNEL", "x\nREPRODUCED\u{202e}"),
        SETTINGS,
        &["OTHER_CHANNEL=x\\n"],
    ),
    (
        "control: accepted by name",
        &["REL", "--accept-setting", "QUIET_ONE"],
        |c| set(c, "QUIET_ONE", "x"),
        Good,
        &["accepted by you"],
    ),
    (
        "accepted with another value",
        &["REL", "--accept-setting", "QUIET_ONE=y"],
        |c| set(c, "QUIET_ONE", "x"),
        SETTINGS,
        &["QUIET_ONE=x"],
    ),
    (
        "a variable that has the name of a setting that was given",
        &["REL", "--epoch", "1700000000"],
        |c| set(c, "epoch", "evil"),
        SETTINGS,
        &["epoch=evil"],
    ),
    ("C flags", &["REL"], |c| set(c, "CFLAGS", "-O1"), SETTINGS, &["CFLAGS=-O1"]),
    (
        "a profile",
        &["REL"],
        |c| config(c, "[profile.dev]\nopt-level = 2\n"),
        SETTINGS,
        &["profile.dev.opt-level=2"],
    ),
    (
        "a forced variable of a config that the verifier has another value of",
        &["REL", "--pass-env", "PATH_OF"],
        |c| config(c, "[env]\nPATH_OF = { value = 'x', force = true }\n"),
        SETTINGS,
        &["env.PATH_OF=x"],
    ),
];

/// Settings that are refused before anything is built; the build script would leave its mark.
const SETTINGS_REFUSED: &[Attack] = &[
    (
        "an argument file",
        &["REL", "--no-sandbox"],
        |c| set(c, "RUSTFLAGS", "--cfg @args"),
        Refused(5),
        &["`@args` in `RUSTFLAGS`"],
    ),
    (
        "an encoded argument file",
        &["REL", "--no-sandbox"],
        |c| set(c, "CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}@args"),
        Refused(5),
        &["`@args`"],
    ),
    (
        "an argument file in a config",
        &["REL", "--no-sandbox"],
        |c| config(c, "[build]\nrustflags = ['--cfg', '@args']\n"),
        Refused(5),
        &["`@args`"],
    ),
    (
        "a plugin of the compiler",
        &["REL", "--no-sandbox"],
        |c| set(c, "RUSTFLAGS", "-Zcodegen-backend=/x.so"),
        Refused(5),
        &["nothing was run"],
    ),
    (
        "a sysroot for one target",
        &["REL", "--no-sandbox"],
        |c| {
            set(
                c,
                &format!("CARGO_TARGET_{}_RUSTFLAGS", host().to_uppercase().replace('-', "_")),
                "--sysroot=x",
            )
        },
        Refused(5),
        &["--sysroot=x"],
    ),
    (
        "an object for the linker",
        &["REL", "--no-sandbox"],
        |c| config(c, "[target.'cfg(unix)']\nrustflags = '-Clink-arg=x.o'\n"),
        Refused(5),
        &["x.o"],
    ),
    (
        "a plugin of the C compiler",
        &["REL", "--no-sandbox"],
        |c| set(c, "CFLAGS", "-fplugin=x.so"),
        Refused(5),
        &["-fplugin"],
    ),
    (
        "other config files",
        &["REL", "--no-sandbox"],
        |c| config(c, "include = ['x.toml']\n"),
        Refused(5),
        &["include"],
    ),
    (
        "other packages",
        &["REL", "--no-sandbox"],
        |c| config(c, "paths = ['x']\n"),
        Refused(5),
        &["paths"],
    ),
    (
        "another source of a crate",
        &["REL", "--no-sandbox"],
        |c| config(c, "[patch.crates-io]\nx = { path = 'x' }\n"),
        Refused(1),
        &["patch.crates-io.x.path"],
    ),
    (
        "a linker",
        &["REL", "--no-sandbox"],
        |c| config(c, "[target.x]\nlinker = 'evil'\n"),
        Refused(1),
        &["--pass-env CARGO_TARGET_X_LINKER"],
    ),
    (
        "a runner",
        &["REL", "--no-sandbox"],
        |c| config(c, "[target.x]\nrunner = 'evil'\n"),
        Refused(1),
        &["--pass-env CARGO_TARGET_X_RUNNER"],
    ),
    (
        "a wrapper in a config",
        &["REL", "--no-sandbox"],
        |c| config(c, "[build]\nrustc-wrapper = 'evil'\n"),
        Refused(1),
        &["--pass-env RUSTC_WRAPPER"],
    ),
    (
        "a wrapper",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["recipe"]["user_wrapper"] = json!("evil")),
        Refused(1),
        &["--pass-env RUSTC_WRAPPER"],
    ),
    (
        "a C compiler",
        &["REL", "--no-sandbox"],
        |c| set(c, "CC", "evil"),
        Refused(1),
        &["--pass-env CC"],
    ),
    (
        "a library to load",
        &["REL", "--no-sandbox"],
        |c| set(c, "LD_LIBRARY_PATH", "evil"),
        Refused(1),
        &["--pass-env LD_LIBRARY_PATH"],
    ),
    (
        "a search path",
        &["REL", "--no-sandbox"],
        |c| set(c, "PATH", "evil"),
        Refused(5),
        &["not a setting"],
    ),
    (
        "one name for two settings",
        &["REL", "--no-sandbox", "--features", "extra"],
        |c| {
            c.manifest(|m| m["build"]["features"] = json!(["extra"]));
            set(c, "features", "evil");
        },
        Refused(5),
        &["another setting as well"],
    ),
    (
        "a variable without a name",
        &["REL", "--no-sandbox"],
        |c| set(c, "", "x"),
        Refused(5),
        &["not a variable"],
    ),
    (
        "a variable for a terminal",
        &["REL", "--no-sandbox"],
        |c| set(c, "\x1b[8m", "x"),
        Refused(5),
        &["not a variable"],
    ),
    (
        "an artifact under another name",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["artifacts"][0]["path"] = json!("good/copy")),
        Refused(5),
        &["under another name"],
    ),
    (
        "an artifact twice",
        &["REL", "--no-sandbox"],
        |c| {
            c.manifest(|m| {
                let one = m["artifacts"][0].clone();
                m["artifacts"].as_array_mut().unwrap().push(one);
            })
        },
        Refused(5),
        &["twice"],
    ),
    (
        "a claim that its variations do not bear",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["variations"]["applied"] = json!([])),
        Refused(5),
        &["does not go with its variations"],
    ),
    (
        "deep JSON",
        &["REL", "--no-sandbox"],
        |c| c.put("repro.json", "[".repeat(100_000)),
        Refused(5),
        &["not a manifest"],
    ),
    (
        "another tree",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["source"]["tree"] = json!("a".repeat(40))),
        Refused(4),
        &["has the tree"],
    ),
];

/// What a rebuild has to catch: the manifest lists what the file is.
const REBUILT: &[Attack] = &[
    (
        "a program that the source does not make",
        &["REL/repro.json"],
        |c| {
            c.put("app", c.evil("app"));
            c.consistent();
        },
        DIFFERS,
        &["manifest:", "rebuilt:"],
    ),
    (
        "two programs swapped",
        &["REL/app"],
        |c| {
            c.forge.it.sh("cd release; mv app x; mv wipe app; mv x wipe");
            c.consistent();
        },
        DIFFERS,
        &["`app` is the built `wipe`"],
    ),
    (
        "a program more",
        &["REL"],
        |c| {
            c.put("evil", c.bytes("app"));
            c.manifest(|m| {
                let mut one = m["artifacts"][0].clone();
                one["name"] = json!("evil");
                m["artifacts"].as_array_mut().unwrap().push(one);
            });
        },
        DIFFERS,
        &["not rebuilt"],
    ),
    (
        "a program of another kind",
        &["REL"],
        |c| c.manifest(|m| m["artifacts"][0]["kind"] = json!("cdylib")),
        DIFFERS,
        &["not rebuilt"],
    ),
    (
        "a program fewer",
        &["REL/app"],
        |c| {
            c.manifest(|m| {
                m["artifacts"].as_array_mut().unwrap().retain(|a| a["name"] == "app");
            })
        },
        DIFFERS,
        &["not known"],
    ),
    (
        "control: a manifest of the schema before",
        &["REL"],
        |c| c.manifest(|m| m["schema"] = json!("repro.manifest/1")),
        Good,
        &[],
    ),
];

#[test]
fn a_setting_that_nobody_accepted_is_no_plain_pass() {
    let forge = Forge::new(&[], &[]);
    run(&forge, SETTINGS_REFUSED);
    run(
        &forge,
        &[("control: the script leaves its mark", &["REL", "--no-sandbox"], |_| (), Good, &[])],
    );
    run(&forge, SETTINGS_LISTED);
    run(&forge, REBUILT);
}

/// A publisher who built with settings of every route: each is listed, and each has to be accepted.
#[test]
fn settings_that_made_the_bytes_are_accepted_one_by_one() {
    let env = [
        ("RUSTFLAGS", "--cfg evil"),
        ("CHANNEL", "beta"),
        ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
    ];
    let forge = Forge::new(&["--features", "extra", "--epoch", "1600000000"], &env);
    forge.copy(|_| ());
    let names =
        ["features", "epoch", "RUSTFLAGS", "CHANNEL", "CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS"];
    let accept = |names: &[&str]| {
        let each = names.iter().flat_map(|name| ["--accept-setting".to_string(), name.to_string()]);
        each.collect::<Vec<_>>()
    };
    let verify = |accepted: Vec<String>| {
        let mut args = vec!["REL"];
        args.extend(accepted.iter().map(String::as_str));
        forge.verify(&args, "settings")
    };
    let (text, json) = verify(Vec::new());
    assert_eq!((text.code, json.json()["passes"].as_bool()), (Some(1), Some(false)));
    let last = format!("REPRODUCED WITH THE PUBLISHER'S SETTINGS: {}", names.join(", "));
    assert!(text.last().starts_with(&last), "{}", text.all());
    let (text, json) = verify(accept(&names));
    assert_verdict(&text, 0, "REPRODUCED");
    for row in json.json()["settings"].as_array().unwrap() {
        assert_eq!(row["state"], "accepted", "{row}");
    }
    let (text, _) = verify(accept(&names[1..]));
    assert!(text.code == Some(1) && text.last().contains("SETTINGS: features ("), "{}", text.all());
    let mut given = accept(&["epoch", "RUSTFLAGS=--cfg evil", "CHANNEL=beta", names[4]]);
    given.extend(["--features".to_string(), "extra".to_string()]);
    let (text, _) = verify(given);
    assert_verdict(&text, 0, "REPRODUCED");
    assert!(text.stdout.contains("(given by you)"), "{}", text.all());
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
