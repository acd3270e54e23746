//! The ledger: what did not change is not built again, what did change is, and nothing else can be put
//! into it. Each attack has its control beside it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Project, Run, assert_verdict};

// The compiler is watched on Linux with glibc alone.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod macros;

/// A project, with a ledger and its key in a place that isolated builds would see.
struct Ledger {
    project: Project,
    dir: tempfile::TempDir,
}

impl Ledger {
    fn new() -> Ledger {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Ledger { project: Project::committed("ledger"), dir }
    }

    fn env(&self) -> [(&'static str, String); 2] {
        let dirs = [("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")];
        dirs.map(|(name, dir)| (name, self.dir.path().join(dir).display().to_string()))
    }

    fn repro(&self, args: &[&str]) -> Run {
        let env = self.env();
        self.project.repro_env(args, &env.each_ref().map(|(name, dir)| (*name, dir.as_str())))
    }

    /// A check with the ledger that passes.
    #[track_caller]
    fn check(&self, more: &[&str]) -> Check {
        let run = self.repro(&[&["build", "--ledger", "--format", "json"], more].concat());
        assert_eq!(run.code, Some(0), "{}", run.all());
        Check { json: run.json() }
    }

    fn files(&self, below: &str) -> Vec<PathBuf> {
        let root = self.dir.path().join("cache/repro/ledger").join(below);
        let mut found = Vec::new();
        let mut open = vec![root];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("config/repro/ledger.key")
    }
}

/// A report.
struct Check {
    json: Value,
}

impl Check {
    fn reused(&self) -> u64 {
        self.json["ledger"]["reused"].as_u64().unwrap()
    }

    /// Crates of libraries that were built twice.
    fn libraries(&self) -> Vec<&str> {
        let twice = self.json["ledger"]["built_twice"].as_array().unwrap();
        let units = twice.iter().filter_map(|t| t["unit"].as_str()?.strip_suffix(" (lib)"));
        let mut crates: Vec<_> = units.filter_map(|u| u.split(' ').next_back()).collect();
        crates.sort_unstable();
        crates
    }

    fn digests(&self) -> Vec<(&Value, &Value)> {
        let artifacts = self.json["artifacts"].as_array().unwrap();
        artifacts.iter().map(|a| (&a["name"], &a["a"]["sha256"])).collect()
    }
}

/// What a report says of the ledger.
fn lines(report: &str) -> String {
    // What is beside the title of a page, such as the date, is of this run.
    let report = report.replace("<h1", "\n<h1").replace("</h1>", "</h1>\n");
    let lines = report.lines().filter(|line| line.contains("ledger"));
    lines.map(|line| format!("{}\n", line.trim())).collect()
}

#[test]
fn what_did_not_change_is_taken_from_the_ledger_and_a_release_is_not() {
    let ledger = Ledger::new();
    let first = ledger.check(&[]);
    assert_eq!((first.reused(), first.libraries()), (0, vec!["base", "mid", "other"]));
    assert_eq!(first.json["verdict"], "reproducible");
    assert!(ledger.project.manifest().get("ledger").is_none());
    assert_eq!(ledger.repro(&["archive"]).code, Some(0));

    let page = ledger.dir.path().join("page.html");
    let second = ledger.check(&["--html", page.to_str().unwrap()]);
    assert_eq!((second.reused(), second.libraries()), (3, Vec::new()));
    insta::assert_snapshot!("ledger.html", lines(&std::fs::read_to_string(page).unwrap()));
    assert_eq!(second.json["verdict"], "reproducible-from-ledger");
    assert_eq!(second.digests(), first.digests());
    assert_eq!(crate::schemas::errors("repro.report-1", &second.json), None);
    assert_eq!(crate::schemas::errors("repro.manifest-2", &ledger.project.manifest()), None);
    let built_twice = second.json["ledger"]["built_twice"].as_array().unwrap().len();
    // The program, the build script and its run.
    assert_eq!(built_twice, 3, "{}", second.json["ledger"]);
    assert_eq!(ledger.project.manifest()["ledger"]["built_twice"], built_twice);
    // Other than the split, the manifest is that of a full check.
    let from_ledger = ledger.project.manifest();

    for (args, accepted) in [
        (&["archive"][..], 0),
        (&["attest", "--builder-id", "https://example.org/me", "--unsigned"], 0),
        (&["verify", "target/repro/repro.json", "--manifest-only"], 0),
    ] {
        let refused = ledger.repro(args);
        assert_eq!(refused.code, Some(4), "{}", refused.all());
        assert!(refused.stderr.contains("--ledger-ok"), "{}", refused.all());
        let run = ledger.repro(&[args, &["--ledger-ok"]].concat());
        assert_eq!(run.code, Some(accepted), "{}", run.all());
    }

    let full = ledger.repro(&["build"]);
    assert_verdict(&full, 0, "REPRODUCIBLE");
    assert_eq!(ledger.repro(&["archive"]).code, Some(0));
    let mut full = ledger.project.manifest();
    full.as_object_mut().unwrap().remove("archives");
    full["ledger"] = from_ledger["ledger"].clone();
    full["verdict"] = from_ledger["verdict"].clone();
    assert_eq!(full, from_ledger);
}

#[test]
fn each_kind_of_input_that_changes_is_built_again_with_what_depends_on_it() {
    let ledger = Ledger::new();
    ledger.check(&[]);
    let edit = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(ledger.project.dir.join(file)).unwrap();
        assert!(text.contains(from), "{text}");
        ledger.project.write(file, &text.replace(from, to));
        ledger.project.commit("one line");
    };
    edit("other/src/lib.rs", "n * 2", "n * 3");
    let cases: [(&str, &str, &str, &[&str]); 3] = [
        ("mid/build.rs", "= 7;", "= 8;", &["mid", "other"]),
        ("base/src/data.bin", "data", "dato", &["base", "mid"]),
        ("Cargo.toml", "debug = 1", "debug = 2", &["base", "mid", "other"]),
    ];
    for (file, from, to, rebuilt) in cases {
        edit(file, from, to);
        let check = ledger.check(&[]);
        assert_eq!(check.libraries(), rebuilt, "{file}: {from}");
        assert_eq!(check.reused() as usize, 3 - rebuilt.len(), "{file}: {from}");
    }
    // What was there before is still known, and cargo passes the warning of `other` on.
    edit("Cargo.toml", "debug = 2", "debug = 1");
    assert_eq!(ledger.check(&[]).reused(), 3);
    // What was compared under fewer variations does not count; the other way round it does.
    edit("other/src/lib.rs", "n * 3", "n * 4");
    assert_eq!(ledger.check(&["--vary", "-umask"]).libraries(), ["other"]);
    assert_eq!(ledger.check(&[]).libraries(), ["other"]);
    assert_eq!(ledger.check(&["--vary", "-umask"]).reused(), 3);
}

#[test]
fn altered_and_foreign_entries_are_as_if_they_were_not_there() {
    let ledger = Ledger::new();
    let built = ledger.check(&[]);
    let entries = ledger.files("entries");
    let blobs = ledger.files("blobs");
    assert_eq!(entries.len(), 3);
    assert_verdict(
        &ledger.repro(&["build", "--ledger"]),
        0,
        "REPRODUCIBLE (3 units from the ledger, 3 built twice)",
    );
    assert_eq!(ledger.repro(&["ledger", "verify"]).code, Some(0));

    // One byte of an entry, half of another one, one byte of each output of the third.
    let change = |path: &Path, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = std::fs::read(path).unwrap();
        change(&mut bytes);
        std::fs::write(path, bytes).unwrap();
    };
    let flip = |bytes: &mut Vec<u8>| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
    };
    change(&entries[0], &flip);
    change(&entries[1], &|bytes| bytes.truncate(bytes.len() / 2));
    blobs.iter().for_each(|blob| change(blob, &flip));
    assert_eq!(ledger.repro(&["ledger", "verify"]).code, Some(1));
    let check = ledger.check(&["--ledger-trust-cache"]);
    assert_eq!((check.reused(), check.digests()), (0, built.digests()));

    // That check wrote them again.
    assert_eq!(ledger.repro(&["ledger", "verify"]).code, Some(0));
    assert_eq!(ledger.check(&[]).reused(), 3);

    // As if it came from a different machine.
    std::fs::remove_file(ledger.key()).unwrap();
    let run = ledger.repro(&["build", "--ledger", "--ledger-trust-cache"]);
    let last =
        "REPRODUCIBLE (3 units from the ledger, 3 of them from a different machine, 3 built twice)";
    assert_verdict(&run, 0, last);
    assert_eq!(ledger.repro(&["ledger", "verify"]).code, Some(1));
    assert_eq!(ledger.check(&[]).reused(), 0);
    // They were built twice, and so are this machine's now.
    assert_eq!(ledger.check(&[]).reused(), 3);
    let list = ledger.repro(&["ledger", "list", "--format", "json"]);
    assert_eq!(list.json()["entries"].as_array().unwrap().len(), 3);
    assert_eq!(crate::schemas::errors("repro.report-1", &list.json()), None);
    let prune = ledger.repro(&["ledger", "prune", "--max-size", "0"]);
    assert!(prune.stdout.contains("removed 3 units"), "{}", prune.all());
    assert_eq!((ledger.files("entries").len(), ledger.files("blobs").len()), (0, 0));
}

#[test]
fn a_fault_that_is_introduced_later_is_found_and_is_gone_without_its_variation() {
    let ledger = Ledger::new();
    ledger.check(&[]);
    let script = std::fs::read_to_string(ledger.project.dir.join("mid/build.rs")).unwrap();
    let with_user = script.replace(
        "\"pub const MADE: usize = 7;\\n\"",
        "format!(\"pub const MADE: usize = {};\\n\", std::env::var(\"USER\").unwrap().len())",
    );
    assert_ne!(script, with_user);
    ledger.project.write("mid/build.rs", &with_user);
    ledger.project.commit("a fault");
    let run = ledger.repro(&["build", "--ledger"]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("mid 0.1.0"), "{}", run.all());
    // Nothing of it entered the ledger.
    assert_verdict(&ledger.repro(&["build", "--ledger"]), 1, "DIFFERS");
    let args = ["build", "--ledger", "--vary", "-username", "--format", "github"];
    let run = ledger.repro(&args);
    assert_eq!(run.code, Some(0), "{}", run.all());
    insta::assert_snapshot!("ledger.github", lines(&run.stdout));
    // A build that fails shows what cargo was told, of units from the ledger as well.
    ledger.project.write("app/src/main.rs", "fn main() {}\nmissing!();\n");
    ledger.project.commit("an error");
    let run = ledger.repro(&["build", "--ledger"]);
    assert_eq!(run.code, Some(3), "{}", run.all());
    assert!(run.stderr.contains("unused variable: `unused`"), "{}", run.all());
}

/// Without isolation it can do whatever the user can: that is the control.
#[cfg(target_os = "linux")]
#[test]
fn a_build_script_can_neither_read_the_key_nor_write_to_the_ledger() {
    let ledger = Ledger::new();
    // Two runs at once begin the ledger, and both write to it.
    let other = Project::committed("ledger");
    let url = ["remote", "add", "origin", "https://example.invalid/project"];
    let runs = [&ledger.project, &other].map(|project| {
        project.git(&url);
        let mut command = project.command_repro(&["build", "--ledger"]);
        command.envs(ledger.env()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    for run in runs {
        assert_verdict(&run.wait_with_output().unwrap().into(), 0, "REPRODUCIBLE");
    }
    assert_eq!(ledger.repro(&["ledger", "verify"]).code, Some(0));
    let (key, cache) = (ledger.key(), ledger.dir.path().join("cache/repro/ledger"));
    let attack = format!(
        r#"fn main() {{
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{{out}}/made.rs"), "pub const MADE: usize = 9;\n").unwrap();
    println!("cargo::rustc-env=MID_LEVEL=high");
    assert!(std::fs::read({key:?}).is_err(), "the key can be read");
    assert!(std::fs::write("{cache}/blobs/planted", "x").is_err(), "the ledger can be written");
    assert!(std::fs::write("{cache}/entries/planted", "x").is_err(), "the ledger can be written");
}}
"#,
        cache = cache.display()
    );
    ledger.project.write("mid/build.rs", &attack);
    ledger.project.commit("an attack");
    let run = ledger.repro(&["build", "--ledger", "--isolate", "never"]);
    assert_eq!(run.code, Some(3), "{}", run.all());
    assert!(run.stderr.contains("the key can be read"), "{}", run.all());
    assert_eq!(ledger.check(&["--isolate", "always"]).libraries(), ["mid"]);
    // Nor where the directory of its settings is a link, under either name.
    let [settings, real] = ["config", "real"].map(|name| ledger.dir.path().join(name));
    std::fs::rename(&settings, &real).unwrap();
    std::os::unix::fs::symlink(&real, &settings).unwrap();
    let check = "    assert!(std::fs::read(";
    let both =
        format!("{check}{:?}).is_err(), \"linked\");\n{check}", real.join("repro/ledger.key"));
    ledger.project.write("mid/build.rs", &attack.replacen(check, &both, 1));
    ledger.project.commit("an attack on what is linked");
    ledger.check(&["--isolate", "always"]);
    let run = ledger.repro(&["build", "--ledger", "--isolate", "never"]);
    assert!(run.stderr.contains("linked"), "{}", run.all());
}

/// Each of these crates reads something in a way that is easily overlooked; what they read changes, and
/// nothing else.
#[cfg(target_os = "linux")]
#[test]
fn what_is_read_in_odd_ways_is_never_stale() {
    let ledger = Ledger::new();
    let write = |name: &str, text: &str| ledger.project.write(name, text);
    let members = ["by_library", "by_link", "by_variable", "by_assembler", "by_macro", "reader"];
    let workspace = std::fs::read_to_string(ledger.project.dir.join("Cargo.toml")).unwrap();
    let list = format!("\"app\", \"{}\"", members.join("\", \""));
    write("Cargo.toml", &workspace.replace("\"app\"", &list));
    for name in members {
        let more = match name {
            "by_macro" => "[dependencies]\nreader = { path = \"../reader\" }\n",
            "reader" => "[lib]\nproc-macro = true\n",
            _ => "",
        };
        let head = "version = \"0.1.0\"\nedition = \"2021\"";
        write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\n{head}\n{more}"),
        );
    }
    // `..` behind a link, and a module that is one.
    write(
        "by_link/src/lib.rs",
        "pub mod part;\npub const DATA: &[u8] = include_bytes!(\"link/../data.bin\");\n",
    );
    write("by_link/src/data.bin", "not this one");
    write("by_link/other/in/x", "");
    for (to, link) in [("../other/in", "link"), ("../other/part.rs", "part.rs")] {
        std::os::unix::fs::symlink(to, ledger.project.dir.join("by_link/src").join(link)).unwrap();
    }
    write("by_variable/src/lib.rs", "pub const A: &str = env!(\"A\\\\B\");\n");
    write(
        "by_variable/build.rs",
        "fn main() { println!(\"cargo::rustc-env=A\\\\B={}\", include_str!(\"value\")); }\n",
    );
    write(
        "by_assembler/src/lib.rs",
        "core::arch::global_asm!(\".data\", \".incbin \\\"by_assembler/data.bin\\\"\");\n",
    );
    write("by_macro/src/lib.rs", "pub const VALUE: &str = reader::read!();\n");
    // A native library that the directory for it has by a link.
    write(
        "by_library/build.rs",
        "fn main() {\n    println!(\"cargo::rustc-link-lib=static=of_link\");\n    \
         println!(\"cargo::rustc-link-search=native={}/lib\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap());\n}\n",
    );
    write("by_library/src/lib.rs", "");
    write("by_library/lib/README", "");
    let library = ledger.project.dir.join("by_library/lib/libof_link.a");
    std::os::unix::fs::symlink("../made/libof_link.a", library).unwrap();
    write(
        "reader/src/lib.rs",
        "#[proc_macro]\npub fn read(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
         format!(\"{:?}\", std::fs::read_to_string(\"by_macro/value\").unwrap()).parse().unwrap()\n}\n",
    );
    let read =
        ["by_link/other/data.bin", "by_variable/value", "by_assembler/data.bin", "by_macro/value"];
    let set = |value: &str| {
        read.iter().for_each(|name| write(name, value));
        let member =
            format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n{value}\n", "z/", 0, 0, 0, 644, 2);
        write("by_library/made/libof_link.a", &format!("!<arch>\n{member}"));
    };
    set("1");
    write("by_link/other/part.rs", "");
    let cargo = ["generate-lockfile", "--offline", "--quiet"];
    let made = ledger.project.command("cargo", &ledger.project.dir).args(cargo).status().unwrap();
    assert!(made.success());
    ledger.project.commit("crates that read");
    ledger.check(&[]);
    set("2");
    ledger.project.commit("what they read");
    let check = ledger.check(&[]);
    let changed = ["by_assembler", "by_library", "by_link", "by_macro", "by_variable"];
    assert_eq!((check.reused(), check.libraries()), (3, changed.to_vec()));
    write("by_link/other/part.rs", "pub const B: u8 = 1;");
    ledger.project.commit("the module");
    // The control: what the others read is as it was, so they are not built again.
    let check = ledger.check(&[]);
    assert_eq!((check.reused(), check.libraries()), (7, vec!["by_link"]));
}

/// Two runs of the same repository in two clones, and one that is killed when it comes to write.
#[test]
fn runs_at_once_take_turns_and_a_killed_one_leaves_nothing() {
    let ledger = Ledger::new();
    let clone = ledger.dir.path().join("clone");
    ledger.project.git(&["clone", "--quiet", ".", clone.to_str().unwrap()]);
    ledger.project.git(&["remote", "add", "origin", "https://example.org/ledger"]);
    ledger.project.git_in(&clone, &["remote", "set-url", "origin", "https://example.org/ledger"]);
    let start = |dir: &Path| {
        let args = ["-C", dir.to_str().unwrap(), "build", "--ledger"];
        let mut command = ledger.project.command_repro(&args);
        // What is killed removes nothing.
        command.envs(ledger.env()).env("TMPDIR", ledger.dir.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };

    // This test is the run that writes, until the other one waits for it.
    let lock = ledger.dir.path().join("cache/repro/ledger/.lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let lock = File::create(lock).unwrap();
    lock.lock().unwrap();
    let mut killed = start(&clone);
    let mut said = BufReader::new(killed.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line == "adding to the ledger"));
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(lock);
    assert!(ledger.files("blobs").is_empty());

    for run in [start(&clone), start(&ledger.project.dir)] {
        let run: Run = run.wait_with_output().unwrap().into();
        assert_eq!(run.code, Some(0), "{}", run.all());
        assert!(!run.all().contains("could not be written"), "{}", run.all());
    }
    assert_eq!(ledger.repro(&["ledger", "verify"]).code, Some(0));
    assert_eq!(ledger.check(&[]).reused(), 3);
}

/// On a disk of three pages.
#[cfg(target_os = "linux")]
#[test_needs::needs("a user who may mount")]
#[test]
fn a_full_disk_costs_the_ledger_and_not_the_verdict() {
    let ledger = Ledger::new();
    let script = "mount -t tmpfs -o size=12k none \"$1\" && exec \"$2\" build --ledger \"$1\"";
    let mut command = ledger.project.command("unshare", &ledger.project.dir);
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.arg(ledger.dir.path()).arg(env!("CARGO_BIN_EXE_repro")).envs(ledger.env());
    let run: Run = command.output().unwrap().into();
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(run.stdout.contains("the ledger could not be written"), "{}", run.all());
}
