//! Nothing of the user's is changed by a build script that writes wherever it can, and crates that somebody
//! has changed are built as they were published.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::support::{Project, Run, assert_verdict};
use crate::verify::fails;
use test_needs::needs;

/// Appends to each file of CARGO_HOME that it can, links followed, and to its own sources; puts into
/// the program how long the dependency's source was before, and how many files of it were changed.
const VANDAL: &str = r#"
use std::{env, fs, path::{Path, PathBuf}};
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}
fn main() {
    for name in ["RUSTC", "RUSTDOC"] {
        assert!(Path::new(&env::var_os(name).unwrap()).is_absolute(), "{name}");
    }
    let mut found = Vec::new();
    files(Path::new(&env::var_os("CARGO_HOME").unwrap()), &mut found);
    found.sort();
    let is_lib = |p: &&PathBuf| p.ends_with("src/lib.rs");
    let lengths: Vec<u64> = found.iter().filter(is_lib).map(|p| p.metadata().unwrap().len()).collect();
    // Not what is being compiled meanwhile.
    found.retain(|p| !(p.ends_with("src/lib.rs") && p.components().any(|c| c.as_os_str() == "checkouts")));
    files(&env::current_dir().unwrap(), &mut found);
    // Of root alone, and an isolated build is not made as root.
    found.retain(|p| !p.metadata().unwrap().permissions().readonly());
    let mut changed = 0;
    for path in &found {
        let text = [fs::read(path).unwrap_or_default(), b"\n// vandal\n".to_vec()].concat();
        let of_source = ["src", "checkout", "checkouts"];
        let in_source = path.components().any(|c| of_source.iter().any(|name| c.as_os_str() == *name));
        changed += u32::from(fs::write(path, text).is_ok() && in_source);
    }
    println!("cargo::rustc-env=SEEN={changed} changed, {lengths:?} before");
}
"#;

/// A project with dependencies from a registry and from git, in a CARGO_HOME of the test's own.
struct Victim {
    project: Project,
    home: PathBuf,
}

impl Victim {
    fn new() -> Victim {
        let project = Project::plain("sound-cc");
        let home = project.base().join("cargo-home");
        // The crates of the lockfile, as this machine has them.
        let script = format!(
            "real=${{CARGO_HOME}}; cd \"$real\"; for name in $(grep -h '^name' {lock:?} | cut -d'\"' -f2); do \
             for path in registry/cache/*/$name-[0-9]*.crate registry/src/*/$name-[0-9]* registry/index/*/.cache/*/*/$name registry/index/*/.cache/2/$name; do \
             if [ -e \"$path\" ]; then mkdir -p {home:?}/\"$(dirname \"$path\")\"; cp -a \"$path\" {home:?}/\"$path\"; fi; done; done; \
             for file in registry/index/*/config.json; do cp \"$file\" {home:?}/\"$file\"; done",
            lock = project.dir.join("Cargo.lock"),
        );
        let done = project.command("sh", &project.base()).args(["-ec", &script]).status();
        assert!(done.unwrap().success());
        let dependency = project.base().join("dependency");
        std::fs::create_dir_all(dependency.join("src")).unwrap();
        std::fs::write(
            dependency.join("Cargo.toml"),
            "[package]\nname = \"dependency\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        )
        .unwrap();
        std::fs::write(dependency.join("src/lib.rs"), "pub fn one() -> u8 {\n    1\n}\n").unwrap();
        for args in [&["init", "-q"][..], &["add", "-A"], &["commit", "-qm", "a dependency"]] {
            project.git_in(&dependency, args);
        }
        let read = |name| std::fs::read_to_string(project.dir.join(name)).unwrap();
        let url = format!("file://{}", dependency.display());
        let commit = project.git_in(&dependency, &["rev-parse", "HEAD"]);
        let entry = format!(
            "[[package]]\nname = \"dependency\"\nversion = \"0.1.0\"\nsource = \"git+{url}#{commit}\"\n\n"
        );
        let next = "[[package]]\nname = \"find-msvc-tools\"";
        let lock = read("Cargo.lock").replace(next, &format!("{entry}{next}"));
        project.write("Cargo.lock", &lock.replace(" \"cc\",\n]", " \"cc\",\n \"dependency\",\n]"));
        let manifest = read("Cargo.toml");
        project.write(
            "Cargo.toml",
            &format!("{manifest}\n[dependencies]\ndependency = {{ git = {url:?} }}\n"),
        );
        project.write("build.rs", VANDAL);
        project.write(
            "src/main.rs",
            "fn main() {\n    println!(\"{} {}\", dependency::one(), env!(\"SEEN\"));\n}\n",
        );
        let mut fetch = project.command("cargo", &project.dir);
        fetch.args(["fetch", "--locked"]).env("CARGO_HOME", &home);
        let fetched: Run = fetch.output().unwrap().into();
        assert_eq!(fetched.code, Some(0), "{}", fetched.all());
        project.git(&["init", "-q"]);
        project.commit("a vandal");
        Victim { project, home }
    }

    fn repro(&self, args: &[&str]) -> Run {
        self.project.repro_env(args, &[("CARGO_HOME", self.home.to_str().unwrap())])
    }

    /// The bytes and the inode of each file of the user's: CARGO_HOME, without what cargo itself
    /// writes there while it fetches, the tree, the repository.
    fn files(&self) -> BTreeMap<PathBuf, (u64, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let own = [".package-cache", ".global-cache", "target", "index"];
        for dir in [&self.home, &self.project.dir] {
            collect(
                dir,
                &mut |path| {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    !own.iter().any(|o| name.starts_with(o)) || path.ends_with("registry/index")
                },
                &mut found,
            );
        }
        found
    }
}

fn collect(
    dir: &Path,
    wanted: &mut dyn FnMut(&Path) -> bool,
    found: &mut BTreeMap<PathBuf, (u64, Vec<u8>)>,
) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if !wanted(&path) {
            continue;
        }
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            collect(&path, wanted, found);
        } else {
            found.insert(path.clone(), (meta.ino(), std::fs::read(&path).unwrap_or_default()));
        }
    }
}

#[needs("sandbox")]
#[test]
fn nothing_of_the_users_is_changed_by_a_build_script_that_writes_everywhere() {
    let victim = Victim::new();
    let before = victim.files();
    let run = victim.repro(&["build"]);
    // Each side reads the sources as they were: the other's script has not reached them.
    assert_verdict(&run, 0, "REPRODUCIBLE");
    let seen = victim.project.proven("sound-cc");
    let changed: u32 = seen.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(changed > 10, "the script changed nothing: {seen}");
    let manifest = victim.project.results().join("repro.json").display().to_string();
    for mode in [&[][..], &["--no-sandbox"]] {
        let run = victim.repro(&[&["verify", &manifest], mode].concat());
        assert_verdict(&run, 0, "REPRODUCED");
    }
    let after = victim.files();
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, old) in &before {
        assert!(after[path] == *old, "{} was changed", path.display());
    }
}

#[test]
fn crates_that_somebody_has_changed_are_built_as_they_were_published() {
    let victim = Victim::new();
    assert_verdict(&victim.repro(&["build"]), 0, "REPRODUCIBLE");
    let proven = || victim.project.manifest()["artifacts"][0]["sha256"].clone();
    let before = proven();
    // The machine can have more versions than that of the lockfile.
    let lock = std::fs::read_to_string(victim.project.dir.join("Cargo.lock")).unwrap();
    let (_, version) = lock.split_once("name = \"cc\"\nversion = \"").unwrap();
    let cc = format!("cc-{}", version.split('"').next().unwrap());
    let find = |dir: &str, name: &str| {
        let mut found = BTreeMap::new();
        collect(&victim.home.join(dir), &mut |_| true, &mut found);
        found.into_keys().find(|path| path.ends_with(name)).unwrap()
    };
    let lib = find("registry/src", &format!("{cc}/src/lib.rs"));
    let text = std::fs::read_to_string(&lib).unwrap();
    std::fs::write(&lib, text.clone() + "\ncompile_error!(\"changed\");\n").unwrap();
    let run = victim.repro(&["build"]);
    assert_verdict(&run, 0, "REPRODUCIBLE");
    assert!(
        run.stdout
            .replace("\n            ", " ")
            .contains("as they were published, not as they are in your cargo home"),
        "{}",
        run.all()
    );
    assert_eq!(proven(), before);
    std::fs::write(&lib, text).unwrap();
    let download = find("registry/cache", &format!("{cc}.crate"));
    std::fs::write(&download, "not a crate").unwrap();
    fails(&victim.repro(&["build"]), 4, &["is not the one in Cargo.lock", &cc]);
}
