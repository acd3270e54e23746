//! Each form of a report on builds as a snapshot: `INSTA_UPDATE=always cargo test --test it built`. Digests,
//! sizes, costs, canaries and versions are replaced.

use test_needs::needs;

use crate::attested::Release;
use crate::samples::words;
use crate::support::{Project, Run, host, rustc};
use crate::verify::Published;

/// What a run printed about builds, without what depends on the compiler, the clock and the machine.
fn of_builds(code: i32, project: &Project, run: &Run) -> String {
    const COSTS: [&str; 5] = ["differing", "by_causes", "by_consequences", "replays", "seconds"];
    assert_eq!(run.code, Some(code), "{}", run.all());
    let mut text = run.stdout.replace(project.base().to_str().unwrap(), "/home/me");
    let (release, host) = (rustc("release"), host());
    let commit = format!("{} {}", &rustc("commit-hash")[..9], rustc("commit-date"));
    for (of_run, shown) in [(&release, "RELEASE"), (&commit, "COMMIT"), (&host, "HOST")] {
        text = text.replace(of_run, shown);
    }
    let shown = text.lines().map(|line| {
        let key = line.split_once("\": ").map_or("", |(key, _)| key.trim_start().trim_matches('"'));
        // A canary can be the name of the scratch directory.
        let parts = line.split("/tmp/build-").enumerate();
        let parts = parts.map(|(i, part)| if i == 0 { part } else { &part[6..] });
        let line = parts.collect::<Vec<_>>().join("/tmp/build-SCRATCH");
        let (before, costs) = line.split_once(" changes this output; ").unwrap_or((&line, ""));
        let after = costs.split_once(')').map(|(_, rest)| format!(" changes this output){rest}"));
        let line = words(&format!("{before}{}", after.unwrap_or_default()));
        match COSTS.contains(&key) {
            true => format!("{}\n", line.replace(|c: char| c.is_ascii_digit() || c == '.', "")),
            false => format!("{line}\n"),
        }
    });
    shown.collect()
}

#[test]
fn a_build_that_differs_in_each_form() {
    let project = Project::committed("fault-username");
    for form in ["text", "json", "github"] {
        let args = ["build", "--vary", "username", "--isolate", "never", "--format", form];
        let text = of_builds(1, &project, &project.repro(&args));
        insta::assert_snapshot!(format!("build.{form}"), text);
    }
}

#[test]
fn a_rebuild_in_each_form() {
    let it = Published::new("sound-features");
    let program = it.project.base().join("sound-features");
    it.sh("tar -xzf dist/*.tar.gz --strip-components 1 --wildcards '*/sound-features'");
    let other = it.project.base().join("other/sound-features");
    std::fs::create_dir(other.parent().unwrap()).unwrap();
    std::fs::write(&other, [&std::fs::read(&program).unwrap()[..], b"more"].concat()).unwrap();
    it.sh("mkdir bare");
    let alone = it.altered("bare/repro", |_| ());
    let manifest = it.dist.join("repro.json").display().to_string();
    let [archive, program, other] =
        [it.archive(), program, other].map(|path| path.display().to_string());
    let files: [(&str, i32, &[&str]); 4] = [
        ("one", 0, &[&archive]),
        ("several", 0, &[&manifest, &archive, &program]),
        ("manifest", 1, &[&alone]),
        ("differs", 1, &[&manifest, &archive, &other]),
    ];
    for (name, code, files) in files {
        for form in ["text", "json"] {
            let run = it.verify(&[files, &["--no-sandbox", "--format", form]].concat());
            let text = of_builds(code, &it.project, &run);
            insta::assert_snapshot!(format!("verify.{name}.{form}"), text);
        }
    }
}

#[needs("openssl")]
#[test]
fn statements_of_builders_in_each_form() {
    let it = Release::new();
    for (name, code) in [("agree", 0), ("too-few", 1)] {
        for form in ["text", "json"] {
            let text = of_builds(code, &it.project, &it.verify(&["--format", form]));
            let shown = text.split_inclusive(char::is_whitespace).map(|word| {
                // Keys are made by the test.
                word.split_once("SHA256:").map_or(word.to_string(), |(before, key)| {
                    let end =
                        key.trim_start_matches(|c: char| c.is_alphanumeric() || "+/=".contains(c));
                    format!("{before}SHA256:#{end}")
                })
            });
            insta::assert_snapshot!(format!("attested.{name}.{form}"), shown.collect::<String>());
        }
        std::fs::remove_file(it.project.dir.join("dist/bob.sigstore.json")).ok();
    }
}
