//! The release of this program itself: its files are those of `repro init`, and everything that names an
//! archive of it names the same one.

use std::path::Path;

use crate::support::Project;
use test_needs::needs;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The files of this repository that decide what is written, in one of its own.
fn copied() -> Project {
    let project = Project::plain("sound-features");
    std::fs::remove_dir_all(&project.dir).unwrap();
    std::fs::create_dir(&project.dir).unwrap();
    let list = ["ls-files", "-co", "--exclude-standard", "--"];
    let names =
        ["*.toml", "*.md", "*.rs", "Cargo.lock", "LICENSE-*", "Dockerfile*", "src", ".github"];
    let listed = project.git_in(Path::new(ROOT), &[&list[..], &names[..]].concat());
    for name in listed.lines().filter(|n| !n.contains("fixtures")) {
        let (from, to) = (Path::new(ROOT).join(name), project.dir.join(name));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&from, to).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    project.git(&["init", "-q"]);
    project.git(&["remote", "add", "origin", env!("CARGO_PKG_REPOSITORY")]);
    project.commit("as it is");
    project
}

#[needs("a git clone")]
#[test]
fn init_would_write_what_is_there() {
    let workflow = read(".github/workflows/release.yml");
    let (_, pin) = workflow.split_once("REPRO_COMMIT: ").unwrap();
    let project = copied();
    let args = ["init", "--install", pin.split(' ').next().unwrap()];
    let run = project.repro(&args);
    assert_eq!((run.code, run.last()), (Some(0), "NOTHING TO WRITE"), "{}", run.all());
    // The control: what was changed is noticed.
    let changed = workflow.replace("timeout-minutes: 20", "timeout-minutes: 21");
    project.write(".github/workflows/release.yml", &changed);
    let run = project.repro(&args);
    assert_eq!(run.last(), "NOTHING TO WRITE, 1 file kept", "{}", run.all());
}

#[test]
fn everything_names_the_archive_that_the_release_has() {
    let manifest: toml_edit::DocumentMut = read("Cargo.toml").parse().unwrap();
    let metadata = &manifest["package"]["metadata"];
    let name = metadata["repro"]["archive"]["name"].as_str().unwrap();
    let target = metadata["repro"]["release-targets"][0].as_str().unwrap();
    assert!(read(".github/workflows/release.yml").contains(&format!("targets: {target}\n")));
    let binstall = &metadata["binstall"];
    let stem = format!("{name}-{{ version }}-{{ target }}");
    let url = format!("{{ repo }}/releases/download/v{{ version }}/{stem}.tar.gz");
    assert_eq!(binstall["pkg-url"].as_str(), Some(&*url));
    assert_eq!(binstall["pkg-fmt"].as_str(), Some("tgz"));
    // An archive has one directory, with its own name.
    assert_eq!(binstall["bin-dir"].as_str(), Some(&*format!("{stem}/{{ bin }}{{ binary-ext }}")));
    let action = read("action.yml");
    let url = concat!(env!("CARGO_PKG_REPOSITORY"), "/releases/download/v$VERSION/$name.tar.gz");
    for line in [format!("name={name}-$VERSION-{target}\n"), url.to_string()] {
        assert!(action.contains(&line), "{line}: {action}");
    }
}

#[test]
fn the_package_has_a_name_of_its_own_and_the_programs_do_not() {
    assert_eq!(env!("CARGO_PKG_NAME"), "reprove");
    let readme = read("README.md");
    for line in
        ["--path .     # the package `reprove`", "install --locked reprove`", "binstall reprove`"]
    {
        assert!(readme.contains(line), "{line}");
    }
    let run = Project::plain("sound-features").repro(&["--version"]);
    assert_eq!(run.stdout, format!("repro {}\n", env!("CARGO_PKG_VERSION")));
}

/// What bash completes for the words.
#[cfg(target_os = "linux")]
fn completed(project: &Project, words: &[&str]) -> String {
    let script = project.repro(&["completions", "bash"]).stdout;
    project.write("repro.bash", &script);
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let line = format!(
        "_cargo() {{ COMPREPLY=(of-cargo); }}; . ./repro.bash; COMP_WORDS=({}); COMP_CWORD={}; \
         f=$(complete -p {} | sed 's/.*-F \\([^ ]*\\).*/\\1/'); $f {} '{last}' '{before}'; echo ${{COMPREPLY[@]}}",
        words.iter().map(|w| format!("'{w}' ")).collect::<String>(),
        words.len() - 1,
        words[0],
        words[0]
    );
    let out = project.command("bash", &project.dir).args(["-c", &line]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().to_string()
}

#[test]
#[cfg(target_os = "linux")]
fn bash_completes_targets_profiles_and_the_cargo_subcommand() {
    let project = Project::plain("sound-features");
    for (words, found) in [
        (&["repro", "bui"][..], "build"),
        (&["cargo", "repro", "bui"], "build"),
        (&["cargo", "bui"], "of-cargo"),
        (&["repro", "build", "--target", "wasm32-wasip"], "wasm32-wasip1"),
        (&["cargo", "repro", "build", "--profile", "rel"], "release"),
    ] {
        assert_eq!(completed(&project, words), found, "{words:?}");
    }
}

#[test]
fn a_page_has_the_values_of_options_and_the_files() {
    let page = read("docs/man/repro-archive.1");
    for words in [r"[\-\-output <FILE>]", r"[\-C <DIR>]", ".SH FILES", "target/repro/dist/"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

/// `REPRO_UPDATE_DOCS=1 cargo test --test it own_release` writes them again.
#[test]
fn completions_and_man_pages_are_those_of_the_program() {
    let update = std::env::var_os("REPRO_UPDATE_DOCS").is_some();
    let project = Project::plain("sound-features");
    let shells = [
        ("bash", "repro.bash"),
        ("zsh", "_repro"),
        ("fish", "repro.fish"),
        ("powershell", "_repro.ps1"),
    ];
    let script = |(shell, name): (&str, &str)| {
        (format!("docs/completions/{name}"), project.repro(&["completions", shell]).stdout)
    };
    let mut made: Vec<(String, String)> = shells.map(script).into();
    let run = project.repro(&["man", "--output", "man"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    for entry in std::fs::read_dir(project.dir.join("man")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        made.push((format!("docs/man/{name}"), std::fs::read_to_string(&path).unwrap()));
    }
    for (path, text) in &made {
        if update {
            std::fs::write(Path::new(ROOT).join(path), text).unwrap();
        }
        let hint = "run `REPRO_UPDATE_DOCS=1 cargo test --test it own_release`";
        assert!(read(path) == *text, "{path}: {hint}");
    }
    let count = |dir: &str| std::fs::read_dir(Path::new(ROOT).join(dir)).unwrap().count();
    assert_eq!(count("docs/completions") + count("docs/man"), made.len(), "a command that is gone");
}
