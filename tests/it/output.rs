//! What is printed and stored: the report, the manifest, help, completions and the man page.

use crate::support::{Project, assert_verdict};

fn keys(value: &serde_json::Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_json_report_has_the_documented_shape() {
    let project = Project::committed("fault-username");
    let run = project.repro(&["build", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let report = run.json();
    assert_eq!(report["schema"], "repro.report/1");
    assert_eq!(report["command"], "build");
    assert_eq!(report["verdict"], "differs");
    let list = report["artifacts"].as_array().unwrap();
    let bin = list.iter().find(|a| a["kind"] == "bin").unwrap();
    assert_eq!(bin["package"], "fault-username 0.1.0");
    assert_eq!(bin["target"], crate::support::host());
    assert_eq!(bin["status"], "differs");
    assert_eq!(keys(&bin["a"]), ["sha256", "size"]);
    assert_ne!(bin["a"]["sha256"], bin["b"]["sha256"]);
    assert!(bin["findings"].is_array() && report["blame"].is_array());
    let of_culprit = "causes confirmed evidence package remedies replays searches seconds suspected unit variations via";
    assert_eq!(keys(&report["blame"][0]).join(" "), of_culprit);
    let variations = &report["variations"];
    assert_eq!(keys(variations), ["applied", "off", "shared", "unavailable"]);
    let applied = variations["applied"].as_array().unwrap();
    for v in applied {
        assert_eq!(keys(v), ["a", "b", "name"]);
        assert_ne!(v["a"], v["b"]);
    }
    let user = applied.iter().find(|v| v["name"] == "username");
    assert!(user.unwrap()["a"].as_str().unwrap().starts_with("user-a-"));
}

#[test]
fn the_manifest_is_the_same_for_two_builders() {
    let project = Project::committed("sound-git-rev");
    let other = project.base().join("somewhere else");
    project.git(&["clone", "-q", project.dir.to_str().unwrap(), other.to_str().unwrap()]);
    project.git(&["remote", "add", "origin", project.dir.to_str().unwrap()]);
    let build = |dir: &std::path::Path, home: &str, umask: &str| {
        let script =
            format!("umask {umask}; exec '{}' build --no-builder", env!("CARGO_BIN_EXE_repro"));
        let home = project.base().join(home);
        std::fs::create_dir_all(&home).unwrap();
        let mut command = project.command("sh", dir);
        let out = command
            .args(["-c", &script])
            .env("HOME", home)
            .env("USER", umask)
            .env("TZ", "Asia/Tokyo")
            .output()
            .unwrap();
        assert_verdict(&out.into(), 0, "REPRODUCIBLE");
        std::fs::read_to_string(dir.join("target/repro/repro.json")).unwrap()
    };
    let (here, there) = (build(&project.dir, "h1", "022"), build(&other, "another-home", "077"));
    assert_eq!(here, there);
    assert!(!here.contains("\"builder\""));
}

#[test]
fn the_manifest_tells_source_toolchain_and_machine() {
    let project = Project::committed("sound-features");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let manifest = project.manifest();
    assert_eq!(manifest["schema"], "repro.manifest/2");
    assert_eq!(manifest["source"]["commit"], project.git(&["rev-parse", "HEAD"]));
    assert_eq!(manifest["source"]["tree"], project.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(manifest["recipe"]["epoch"], 1_700_000_000);
    assert!(manifest["toolchain"]["rustc"][0].as_str().unwrap().starts_with("rustc 1."));
    let artifact = &manifest["artifacts"][0];
    let path = project.results().join(artifact["path"].as_str().unwrap());
    assert_eq!(artifact["size"], std::fs::metadata(path).unwrap().len());
    assert_eq!(artifact["sha256"].as_str().unwrap().len(), 64);
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        let inputs = manifest["builder"]["linker_inputs"].to_string();
        assert!(inputs.contains("crt1.o") && inputs.contains("libc.so"), "{}", manifest["builder"]);
    }
}

#[test]
fn the_verdict_fits_on_one_screen() {
    let project = Project::committed("sound-workspace");
    let run = project.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(run.stdout.lines().count() <= 32, "{}", run.stdout);
    assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "{}", run.all());
    let verbose = project.repro_env(&["build", "-v"], &[("OF_MINE", "1")]);
    assert_verdict(&verbose, 0, "REPRODUCIBLE");
    assert!(verbose.stdout.contains("libcore_lib"), "{}", verbose.all());
    let mut lost = verbose.stdout.lines().filter_map(|l| l.strip_prefix("not passed"));
    let lost: Vec<&str> = lost.next().unwrap_or_default().split(", ").map(str::trim).collect();
    // Builds have a HOME, which is not the user's.
    assert!(lost.contains(&"OF_MINE") && !lost.contains(&"HOME"), "{}", verbose.all());
    assert!(verbose.stderr.contains("A: core-lib v0.1.0"), "{}", verbose.all());
}

#[test]
fn color_is_for_those_who_ask() {
    let project = Project::committed("sound-features");
    let run = project.repro_env(&["build"], &[("CARGO_TERM_COLOR", "always")]);
    assert!(run.stdout.ends_with("REPRODUCIBLE\u{1b}[0m\n"), "{:?}", run.stdout);
}

#[test]
fn the_recipe_is_shown_without_building() {
    let project = Project::committed("sound-features");
    let run = project.repro(&["build", "--show-recipe"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    for word in [
        "SOURCE_DATE_EPOCH", "1700000000", "/build/sound-features", "/rustc/", "--build-id=sha1",
        "CARGO_INCREMENTAL", "--locked", "-ffile-prefix-map",
    ] {
        assert!(run.stdout.contains(word), "no {word} in {}", run.stdout);
    }
    assert!(!project.dir.join("target").exists());
    let run = project.repro(&["build", "--show-recipe", "--format", "json"]);
    assert!(run.json().as_array().unwrap().len() > 10);
}

#[test]
fn variations_are_listed_from_their_table() {
    let project = Project::plain("sound-features");
    let run = project.repro(&["build", "--list-variations"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let rows = run.stdout.lines().take_while(|l| !l.is_empty());
    let names: Vec<_> = rows.map(|l| l.split(' ').next().unwrap()).collect();
    assert!(run.stdout.contains("\n\nNot varied, "), "{}", run.stdout);
    assert_eq!(names.len(), 21, "{names:?}");
    assert_eq!((names[0], names[20]), ("build-path", "clock"));
}

#[test]
fn help_has_examples_and_exit_codes() {
    let project = Project::plain("sound-features");
    let run = project.repro(&["build", "--help"]);
    assert!(run.stdout.contains("Examples:\n  repro build"), "{}", run.all());
    let run = project.repro(&["--help"]);
    assert!(run.stdout.contains("Exit codes:"), "{}", run.all());
}

#[test]
fn options_that_everyone_tries_are_there() {
    let project = Project::committed("sound-features");
    let help = |args: &[&str]| project.repro(args).stdout;
    assert_eq!(help(&["help", "build"]), help(&["build", "--help"]));
    for (option, tip) in [
        ("--release", "the release profile is the default"),
        ("--locked", "builds are always locked"),
        ("--offline", "builds are always offline"),
        ("--config", "set the key in `.cargo/config.toml`"),
        ("-j", "the number of jobs"),
    ] {
        let run = project.repro(&["build", option]);
        assert_eq!(run.code, Some(2), "{}", run.all());
        assert!(run.stderr.contains(&format!("'{option}' found")), "{}", run.all());
        assert!(run.stderr.contains(&format!("tip: {tip}")), "{}", run.all());
        assert!(!run.stderr.contains("a similar argument"), "{}", run.all());
    }
    let run = project.repro(&["build", "--relase"]);
    assert!(run.stderr.contains("unexpected argument '--relase'"), "{}", run.all());
    // A command that has such an option takes it.
    let run = project.repro(&["archive", "src", "-j", "2", "-o", "src.tar.gz"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let dir = project.dir.to_str().unwrap();
    let elsewhere = |args: &[&str]| {
        let mut command = project.command(env!("CARGO_BIN_EXE_repro"), &project.base());
        crate::support::Run::from(command.args(args).output().unwrap())
    };
    let recipe = project.repro(&["build", "--show-recipe"]);
    assert_eq!(recipe.code, Some(0), "{}", recipe.all());
    let once = project.repro(&["build", "--once"]);
    assert!(once.stderr.contains("fetching dependencies"), "{}", once.all());
    let run = elsewhere(&["-C", dir, "build", "--once", "-q"]);
    assert_eq!((run.last(), &*run.stderr), (once.last(), ""));
    let run = elsewhere(&["build", "--show-recipe", "--manifest-path", dir]);
    assert_eq!(run.stdout, recipe.stdout, "{}", run.all());
    let run = elsewhere(&["-C", "no-such", "build"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
    let colored =
        |when| project.repro(&["check", "--explain", "map-order", "--color", when]).stdout;
    assert!(colored("always").contains('\x1b') && !colored("never").contains('\x1b'));
}

#[test]
fn a_mistake_on_the_command_line_is_json_as_well() {
    let project = Project::plain("sound-features");
    for (args, command) in [
        (&["build", "--nope", "--format", "json"][..], "build"),
        (&["verify", "--format=json"], "verify"),
        (&["--format", "json", "diff", "a"], "diff"),
        (&["archive", "--nope", "--format", "tar.gz,json"], "archive"),
    ] {
        let run = project.repro(args);
        assert_eq!(run.code, Some(2), "{}", run.all());
        let json = run.json();
        assert_eq!((&json["command"], &json["error"]["kind"]), (&command.into(), &"usage".into()));
        let message = json["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty() && run.stderr.contains(message), "{}", run.all());
    }
    for args in [&["build", "--nope"][..], &["sbom", "--format", "json"], &["--format", "json"]] {
        let run = project.repro(args);
        assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{}", run.all());
    }
    let run = project.repro(&["build", "--help", "--format", "json"]);
    assert!(run.stdout.contains("Usage: repro build"), "{}", run.all());
}

#[test]
fn completions_and_man_page_are_generated() {
    let project = Project::plain("sound-features");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = project.repro(&["completions", shell]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("list-variations"), "{shell}");
    }
    let bash = project.repro(&["completions", "bash"]).stdout;
    for offered in ["none all ", "build-path", "map-order", "warnings", "sarif", "always never"] {
        assert!(bash.contains(offered), "{offered}");
    }
    let dir = project.base().join("man");
    let run = project.repro(&["man", "--output", dir.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let page = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    assert!(page("repro.1").contains(".SH SUBCOMMANDS"));
    let build = page("repro-build.1");
    let titles = ["EXIT STATUS", "EXAMPLES", "ENVIRONMENT", "SEE ALSO"];
    for title in titles.map(|t| format!(".SH \"{t}\"").replace("\"EXAMPLES\"", "EXAMPLES")) {
        let title = title.replace("\"ENVIRONMENT\"", "ENVIRONMENT");
        assert!(build.contains(&title), "{title}: {build}");
    }
    assert!(build.contains("repro build") && build.contains("repro\\-verify(1)"), "{build}");
    let run = project.repro(&["man"]);
    assert!(run.stdout.contains(".TH") && run.stdout.contains("allow\\-dirty"), "{}", run.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;
    let project = Project::plain("sound-features");
    for args in [&["man"][..], &["completions", "zsh"], &["build", "--help"]] {
        let mut command = project.command_repro(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&out.stderr);
        assert_eq!((out.status.code(), &*words), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn it_runs_as_a_cargo_subcommand() {
    let project = Project::committed("sound-features");
    let dir = std::path::Path::new(env!("CARGO_BIN_EXE_cargo-repro")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = project.command("cargo", &project.dir);
    command.args(["repro", "build"]).env("PATH", format!("{}:{path}", dir.display()));
    assert_verdict(&command.output().unwrap().into(), 0, "REPRODUCIBLE");
}
