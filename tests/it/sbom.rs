//! `repro sbom`: what a document lists is what was linked, it is the same wherever it is made, and a
//! published one is compared with a rebuild. The project has a git dependency, C code, a macro, and
//! a dependency that nothing uses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use serde_json::{Value, json};

use crate::auditable;
use crate::support::{Project, Run, assert_verdict, host, rustc};
use crate::verify::fails;

/// The project, with its git dependency in a repository next to it.
fn project() -> Project {
    let project = Project::plain("sbom");
    let dependency = project.base().join("gitdep");
    std::fs::create_dir_all(dependency.join("src")).unwrap();
    let manifest = "[package]\nname = \"gitdep\"\nversion = \"0.3.0\"\nlicense = \"MIT\"\n\n[features]\nloud = []\n";
    std::fs::write(dependency.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(dependency.join("src/lib.rs"), "pub fn three() -> u8 {\n    3\n}\n").unwrap();
    project.git_in(&dependency, &["init", "-q"]);
    project.git_in(&dependency, &["add", "-A"]);
    project.git_in(&dependency, &["commit", "-q", "-m", "as it is"]);
    let commit = project.git_in(&dependency, &["rev-parse", "HEAD"]);
    let url = format!("file://{}", dependency.display());
    let app = std::fs::read_to_string(project.dir.join("app/Cargo.toml")).unwrap();
    project.write("app/Cargo.toml", &app.replace("GITDEP", &url));
    let lock = std::fs::read_to_string(project.dir.join("Cargo.lock")).unwrap();
    let lock = lock.replace("GITDEP", &url).replace("COMMIT", &commit);
    // The crate `cc` and what it needs, which another fixture has locked.
    let locked = include_str!("../fixtures/sound-cc/Cargo.lock");
    let of_registry = locked.split("\n\n").filter(|entry| entry.contains("checksum"));
    project.write("Cargo.lock", &(lock + &of_registry.collect::<Vec<_>>().join("\n\n") + "\n"));
    let workspace = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &(workspace + "\n[workspace.metadata.repro]\nauditable = true\n"));
    project.git(&["init", "-q"]);
    project.commit("as it is");
    project.git(&["remote", "add", "origin", "https://example.invalid/app.git"]);
    project
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// `name role` of each component with this scope.
fn listed(document: &Value, scope: &str) -> BTreeSet<String> {
    let components = document["components"].as_array().unwrap();
    let purl = |c: &&Value| c["purl"].is_string() && c["scope"] == scope;
    components.iter().filter(purl).map(|c| c["name"].as_str().unwrap().to_string()).collect()
}

fn with_role<'d>(document: &'d Value, role: &str) -> Vec<&'d Value> {
    let role = json!({"name": "repro:role", "value": role});
    let has = |c: &&Value| c["properties"].as_array().is_some_and(|list| list.contains(&role));
    document["components"].as_array().unwrap().iter().filter(has).collect()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_string).into()
}

fn ok(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.all());
}

/// A release with its documents, and where they are.
fn released() -> (Project, PathBuf) {
    let project = project();
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    ok(&project.repro(&["archive", "--name", "app", "--release", "1"]));
    for args in
        [&["sbom"][..], &["sbom", "--format", "spdx"], &["sbom", "--spec", "1.7", "-o", "new"]]
    {
        ok(&project.repro(args));
    }
    let dist = project.results().join("dist");
    (project, dist)
}

/// The same one for all tests that run at a time and only read it.
fn shared() -> Arc<(Project, PathBuf)> {
    static SHARED: Mutex<Weak<(Project, PathBuf)>> = Mutex::new(Weak::new());
    let mut last = SHARED.lock().unwrap();
    last.upgrade().unwrap_or_else(|| {
        let made = Arc::new(released());
        *last = Arc::downgrade(&made);
        made
    })
}

/// Held against the lockfile: all of it is there, but what nothing uses.
#[test]
fn a_document_lists_what_was_linked() {
    let shared = shared();
    let (project, dist) = &*shared;
    let document = read(&dist.join("app.cdx.json"));
    assert_eq!(listed(&document, "required"), names(["gitdep", "native-sys"]));
    let build = names(["cc", "derive", "find-msvc-tools", "helper", "shlex"]);
    assert_eq!(listed(&document, "excluded"), build);
    let root = &document["metadata"]["component"];
    let artifact = &project.manifest()["artifacts"];
    let artifact = artifact.as_array().unwrap().iter().find(|a| a["kind"] == "bin").unwrap();
    assert_eq!((&root["name"], &root["type"]), (&json!("app"), &json!("application")));
    assert_eq!(root["hashes"][0]["content"], artifact["sha256"]);
    let properties = document["metadata"]["properties"].as_array().unwrap();
    assert!(properties.contains(&json!({"name": "cdx:reproducible", "value": "true"})));
    let macros = with_role(&document, "proc-macro");
    assert_eq!((macros.len(), &macros[0]["name"]), (1, &json!("derive")));
}

/// The git crate by its commit, with the feature that was on; crates of the source by its commit.
#[test]
fn what_comes_from_git_is_named_by_its_commit() {
    let shared = shared();
    let (project, dist) = &*shared;
    let document = read(&dist.join("app.cdx.json"));
    let root = &document["metadata"]["component"];
    let gitdep = with_role(&document, "runtime").into_iter().find(|c| c["name"] == "gitdep");
    let gitdep = gitdep.unwrap();
    let purl = gitdep["purl"].as_str().unwrap();
    assert!(purl.contains("?vcs_url=git%2Bfile:///"), "{purl}");
    assert!(purl.len() > 40 && purl[purl.len() - 43..].starts_with("%40"), "{purl}");
    let loud = json!({"name": "repro:feature", "value": "loud"});
    assert!(gitdep["properties"].as_array().unwrap().contains(&loud));
    let commit = project.git(&["rev-parse", "HEAD"]);
    let own =
        format!("pkg:cargo/app@1.0.0?vcs_url=git%2Bhttps://example.invalid/app.git%40{commit}#app");
    assert_eq!(root["purl"], own);
}

/// Of the C library only the object that was taken, with the crate that made it.
#[test]
fn libraries_and_objects_have_their_roles() {
    let shared = shared();
    let (project, dist) = &*shared;
    let document = read(&dist.join("app.cdx.json"));
    let native = with_role(&document, "static-library");
    assert_eq!(native.len(), 1, "{native:?}");
    let objects = native[0]["components"].as_array().unwrap();
    assert_eq!((objects.len(), &objects[0]["name"]), (1, &json!("seven.o")));
    assert!(
        native[0]["properties"][1]["value"].as_str().unwrap().starts_with("pkg:cargo/native-sys@")
    );
    let std = with_role(&document, "standard-library");
    assert!(std.iter().any(|c| c["name"].as_str().unwrap().starts_with("libstd-")));
    let dynamic = with_role(&document, "dynamic-library");
    assert!(dynamic.iter().any(|c| c["name"] == "libc.so.6"));
    for host in with_role(&document, "host-object") {
        assert!(host["hashes"].is_null() && !host["name"].as_str().unwrap().contains('/'));
    }
    let external =
        |d: &Value| with_role(d, "dynamic-library").iter().all(|c| c["isExternal"] == true);
    assert!(external(&read(&project.dir.join("new/app.cdx.json"))) && !external(&document));
}

#[test]
fn the_program_has_the_list_of_its_packages() {
    let shared = shared();
    let (project, _) = &*shared;
    let program = project.results().join("artifacts").join(host()).join("app");
    let list = auditable::listed(&program).unwrap();
    assert_eq!(
        auditable::packages(&list),
        [
            "app 1.0.0 local root",
            "cc 1.11.3 crates.io build",
            "derive 0.1.0 local build",
            "find-msvc-tools 0.1.15 crates.io build",
            "gitdep 0.3.0 git",
            "helper 0.1.0 local build",
            "native-sys 0.2.0 local",
            "shlex 2.0.1 crates.io build",
            // Not used, so not linked: the list is made before the link.
            "unused 0.1.0 local",
        ]
    );
    assert!(!list.to_string().contains('/'), "{list}");
    let inspected = project.repro(&["inspect", "--format", "json", program.to_str().unwrap()]);
    let gitdep = inspected.json().to_string();
    assert!(gitdep.contains("gitdep") && gitdep.contains("cargo auditable"), "{gitdep}");
}

/// But the local repository that the lockfile names.
#[test]
fn nothing_of_this_machine_is_in_a_document() {
    let shared = shared();
    let (project, dist) = &*shared;
    for name in ["app.cdx.json", "app.spdx.json"] {
        let text = std::fs::read_to_string(dist.join(name)).unwrap();
        let gitdep = project.base().join("gitdep").display().to_string();
        let text = text.replace(&gitdep, "");
        assert!(
            !text.contains("/tmp") && !text.contains(project.base().to_str().unwrap()),
            "{text}"
        );
    }
    let checked = project.repro(&["check", "--sbom", dist.join("app.cdx.json").to_str().unwrap()]);
    assert!(!checked.stdout.contains("git-sbom"), "{}", checked.all());
}

#[test]
fn a_document_is_the_same_from_another_directory_and_for_whoever_rebuilds() {
    let (project, dist) = &released();
    let clone = project.base().join("elsewhere/of it");
    project.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    project.git_in(&clone, &["remote", "set-url", "origin", "https://example.invalid/app.git"]);
    for args in [&["build"][..], &["sbom"], &["sbom", "--format", "spdx"]] {
        let mut command = project.command(env!("CARGO_BIN_EXE_repro"), &clone);
        ok(&command.args(args).output().unwrap().into());
    }
    for name in ["app.cdx.json", "app.spdx.json"] {
        let other = clone.join("target/repro/dist").join(name);
        assert_eq!(
            std::fs::read(other).unwrap(),
            std::fs::read(dist.join(name)).unwrap(),
            "{name}"
        );
    }

    published(project, dist);
}

/// A published document is what a rebuild gives, or the release is not reproduced.
fn published(project: &Project, dist: &Path) {
    let dist = dist.to_str().unwrap();
    let source = project.dir.to_str().unwrap();
    let verify = || project.repro(&["verify", dist, "--source", source]);
    // Its own summary, signed, of all that was compared whole.
    let key = project.base().join("key.pem");
    let openssl = |args: &[&str]| project.command("openssl", &project.base()).args(args).status();
    let has_key = openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]).is_ok();
    let about = ["--attest", "--verifier-id", "https://example.org/me", "--resource-uri"];
    let about = [&about[..], &["https://example.org/app", "--key", key.to_str().unwrap()]].concat();
    let args = ["verify", dist, "--source", source];
    let more: &[&str] = if has_key { &about } else { &[] };
    let run = project.repro(&[&args[..], more].concat());
    assert_verdict(&run, 0, "REPRODUCED");
    assert_eq!(run.stdout.matches("an SBOM").count(), 2, "{}", run.all());
    let summary = project.dir.join("verification.sigstore.json");
    if has_key {
        assert_eq!(read(&summary)["dsseEnvelope"]["payloadType"], "application/vnd.in-toto+json");
        std::fs::remove_file(&summary).unwrap();
    }
    let path = Path::new(dist).join("app.cdx.json");
    let honest = std::fs::read_to_string(&path).unwrap();
    // A crate less, by the publisher's hand, with the list of digests to match.
    std::fs::write(&path, honest.replace("gitdep@0.3.0", "gitdep@0.3.1")).unwrap();
    std::fs::remove_file(Path::new(dist).join("SHA256SUMS")).unwrap();
    let run = project.repro(&[&args[..], more].concat());
    assert!(!summary.exists(), "a difference is not attested");
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("not the list that the rebuild gives"), "{}", run.all());
    std::fs::remove_file(&path).unwrap();
    // The manifest, and a document made from it, forged alike.
    let manifest = Path::new(dist).join("repro.json");
    let honest = std::fs::read_to_string(&manifest).unwrap();
    let _ = std::fs::remove_file(Path::new(dist).join("app.spdx.json"));
    let release = format!("release: {}", rustc("release"));
    std::fs::write(&manifest, honest.replace(&release, "release: 0.9.0")).unwrap();
    ok(&project.repro(&["sbom", manifest.to_str().unwrap()]));
    let run = verify();
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("not the list that the rebuild gives"), "{}", run.all());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&manifest, honest.replace("\"loud\"", "\"quiet\"")).unwrap();
    ok(&project.repro(&["sbom", manifest.to_str().unwrap()]));
    let run = verify();
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("does not list what the rebuild linked"), "{}", run.all());
    // A document that has another repository as the place of the source.
    let elsewhere = honest.replace("https://example.invalid/app", "https://example.org/curl");
    std::fs::write(&manifest, elsewhere).unwrap();
    ok(&project.repro(&["sbom", manifest.to_str().unwrap()]));
    let run = verify();
    assert!(run.stdout.contains("remote=https://example.org/curl.git"), "{}", run.all());
    assert_verdict(
        &run,
        1,
        "REPRODUCED WITH THE PUBLISHER'S SETTINGS: remote (pass `--accept-setting remote` to accept this)",
    );
    let run = project.repro(&[&args[..], &["--accept-setting", "remote"]].concat());
    assert_verdict(&run, 0, "REPRODUCED");
    assert_eq!(run.stdout.matches("remote=").count(), 1, "{}", run.all());
}

/// cargo compares a vendored crate with a list of digests that is vendored too.
#[test]
fn a_vendored_crate_has_no_checksum_that_nothing_was_compared_with() {
    let project = Project::plain("sound-features");
    let checksum = "ab".repeat(32);
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{more}\n")
    };
    project.write("Cargo.toml", &package("app", "[dependencies]\ndep = \"1\"\n"));
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"dep\",\n]\n\n[[package]]\nname = \"dep\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n"
    );
    project.write("Cargo.lock", &lock);
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", dep::three());\n}\n");
    let config = "[source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = 'vendor'\n";
    project.write(".cargo/config.toml", config);
    project.write("vendor/dep/Cargo.toml", &package("dep", ""));
    project.write("vendor/dep/src/lib.rs", "pub fn three() -> u8 {\n    4\n}\n");
    let digests = format!("{{\"files\": {{}}, \"package\": \"{checksum}\"}}");
    project.write("vendor/dep/.cargo-checksum.json", &digests);
    project.git(&["init", "-q"]);
    project.commit("with a vendored crate");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    ok(&project.repro(&["sbom", "-o", "."]));
    let text = std::fs::read_to_string(project.dir.join("app.cdx.json")).unwrap();
    assert!(text.contains("pkg:cargo/dep@1.0.0") && !text.contains(&checksum), "{text}");
    assert!(text.contains("\"vendor/dep\""), "{text}");
    // The control: a crate of a registry that cargo itself compared.
    let shared = shared();
    let document = read(&shared.1.join("app.cdx.json"));
    let crates = with_role(&document, "build");
    let cc = crates.iter().find(|c| c["name"] == "cc").unwrap();
    assert_eq!(cc["hashes"][0]["content"].as_str().map(str::len), Some(64));
}

/// A change of a manifest's list of components.
type Forge = fn(&mut Value);

#[test]
fn forged_components_are_refused_in_one_sentence() {
    let project = Project::committed("sound-features");
    assert_verdict(&project.repro(&["build", "--once"]), 0, "SINGLE BUILD");
    let honest = project.manifest();
    let run = |manifest: &Value| {
        project.write("m.json", &manifest.to_string());
        project.repro(&["sbom", "m.json", "-o", "out"])
    };
    ok(&run(&honest));
    std::fs::remove_dir_all(project.dir.join("out")).unwrap();
    let attacks: &[(&str, Forge)] = &[
        ("there is no crate 99", |c| c["artifacts"][0]["root"] = json!(99)),
        ("there is no crate 7", |c| c["artifacts"][0]["crates"][0]["dependencies"] = json!([7])),
        ("not among the packages", |c| c["artifacts"][0]["crates"][0]["package"] = json!("x")),
        ("unknown variant `evil`, expected one of `runtime`", |c| {
            c["artifacts"][0]["crates"][0]["roles"] = json!(["evil"])
        }),
        ("lists no program", |c| c["artifacts"][0]["name"] = json!("other")),
        ("control or invisible", |c| c["packages"][0]["name"] = json!("a\u{202e}b")),
        ("is not a path inside", |c| c["packages"][0]["directory"] = json!("../../etc")),
        ("twice", |c| {
            let first = c["packages"][0].clone();
            c["packages"].as_array_mut().unwrap().push(first);
        }),
        ("is not a SHA-256", |c| {
            c["artifacts"][0]["standard_library"] = json!([{"name": "a", "sha256": "A"}])
        }),
        ("does not fit", |c| c["compared"] = json!(true)),
        ("unknown field `extra`", |c| c["extra"] = json!(1)),
    ];
    for (words, forge) in attacks {
        let mut manifest = honest.clone();
        forge(&mut manifest["components"]);
        fails(&run(&manifest), 5, &[words]);
        assert!(!project.dir.join("out").exists(), "{words}");
    }
    let mut old = honest.clone();
    old.as_object_mut().unwrap().remove("components");
    fails(&run(&old), 4, &["build again with this version of repro"]);
    fails(&project.repro(&["sbom", "m.json", "--spec", "9"]), 2, &["1.6 or 1.7"]);
    fails(&project.repro(&["sbom", "--manifest-path", "none/Cargo.toml"]), 2, &["none/Cargo.toml"]);
}
