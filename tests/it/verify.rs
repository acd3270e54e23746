//! `repro verify`: what was published is held against a rebuild, elsewhere; and what must not be run
//! is not.

#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Project, Run, assert_verdict, host, rustc};

mod sources;

/// A project that was built and packed, with a clone of it elsewhere.
pub struct Published {
    pub project: Project,
    pub clone: PathBuf,
    pub dist: PathBuf,
}

impl Published {
    pub fn new(fixture: &str) -> Published {
        let project = Project::committed(fixture);
        project.git(&["remote", "add", "origin", "https://example.invalid/app.git"]);
        assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
        let run =
            project.repro(&["archive", "--format", "tar.gz", "--name", "app", "--release", "1"]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        let clone = project.base().join("elsewhere/clone of it");
        let from = project.dir.display().to_string();
        project.git(&["clone", "-q", &from, clone.to_str().unwrap()]);
        // The publisher's own tree is not needed, and not looked at.
        let dist = project.base().join("dist");
        std::fs::rename(project.results().join("dist"), &dist).unwrap();
        Published { project, clone, dist }
    }

    /// `repro verify` in the clone.
    pub fn verify(&self, args: &[&str]) -> Run {
        let bin = env!("CARGO_BIN_EXE_repro");
        let mut command = self.project.command(bin, &self.clone);
        let run = command.arg("verify").args(args).output().unwrap();
        let left: Vec<_> = std::fs::read_dir(self.project.tmp()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        run.into()
    }

    fn manifest(&self) -> Value {
        let text = std::fs::read(self.dist.join("repro.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// A manifest that was changed, in a directory of its own.
    pub fn altered(&self, name: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut manifest = self.manifest();
        change(&mut manifest);
        let path = self.project.base().join(format!("{name}.json"));
        std::fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
        path.display().to_string()
    }

    pub fn archive(&self) -> PathBuf {
        let name = self.manifest()["archives"][0]["name"].clone();
        self.dist.join(name.as_str().unwrap())
    }

    pub fn sh(&self, script: &str) {
        let status =
            self.project.command("sh", &self.project.base()).args(["-ec", script]).status();
        assert!(status.unwrap().success(), "{script}");
    }
}

/// The last line where no published file was compared.
pub const MANIFEST: &str = "MANIFEST REPRODUCED: no published file was checked";

#[track_caller]
pub fn fails(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{}", run.all());
    for word in words {
        assert!(run.stderr.contains(word), "no `{word}` in {}", run.all());
    }
    assert_eq!(run.stdout, "", "{}", run.all());
    assert!(!run.stderr.contains('\x1b'), "{:?}", run.stderr);
    let errors = run.stderr.matches("error: ").count();
    assert_eq!(errors, 1, "one sentence: {}", run.all());
}

/// A manifest of an archive that was packed by miniz_oxide, as releases before zlib-rs were, is packed
/// again by it; one that names a compressor which is not here says so.
fn assert_older_compressor_is_packed_again(it: &Published) {
    use std::io::{Read, Write};

    use repro_formats::compress::container::{Compression, Packer};
    use repro_formats::compress::unpack::Unpacked;
    let older = &Compression::Gzip.row().compressors[1];
    assert_eq!(older.name, "miniz_oxide");
    let bytes = std::fs::read(it.archive()).unwrap();
    let limits = repro_formats::limits::Limits::default();
    let mut tar = Vec::new();
    let mut unpacked = Unpacked::new(&bytes[..], Compression::Gzip, &limits).unwrap();
    unpacked.read_to_end(&mut tar).unwrap();
    let mut packer = Packer::new(Vec::new(), older.engine, older.level, 1).unwrap();
    packer.write_all(&tar).unwrap();
    let packed = packer.finish().unwrap();
    assert!(packed != bytes);
    let dir = it.project.base().join("older");
    std::fs::create_dir(&dir).unwrap();
    let archive = dir.join(it.archive().file_name().unwrap());
    std::fs::write(&archive, &packed).unwrap();
    let digest = repro_formats::digest::of_bytes(&packed);
    let manifest = |version: &str| {
        let mut manifest = it.manifest();
        let entry = &mut manifest["archives"][0];
        entry["compressor"] = json!(older.name);
        entry["version"] = json!(version);
        entry["level"] = json!(older.level);
        entry["size"] = json!(digest.size);
        entry["sha256"] = json!(digest.sha256);
        std::fs::write(dir.join("repro.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
    };
    let archive = archive.display().to_string();
    manifest(older.version);
    assert_verdict(&it.verify(&[&archive]), 0, "REPRODUCED");
    manifest("0.0.1");
    // The compressor in use is tried for one that is not here.
    let run = it.verify(&[&archive]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let why = "the archive was compressed by miniz_oxide 0.0.1, and this version of repro has";
    assert!(run.stdout.contains(why), "{}", run.all());
}

#[test]
fn an_archive_and_its_members_are_reproduced_in_a_clone_elsewhere() {
    let it = Published::new("sound-features");
    assert_older_compressor_is_packed_again(&it);
    let archive = it.archive().display().to_string();
    let run = it.verify(&[&archive]);
    assert_verdict(&run, 0, "REPRODUCED");
    let run = it.verify(&[&archive, "--format", "json"]);
    let report = run.json();
    assert_eq!(report["verdict"], "reproduced");
    assert_eq!(report["artifacts"][0]["status"], "same");
    let parts: Vec<_> = report["files"].as_array().unwrap().iter().collect();
    assert_eq!(parts.len(), 2);
    assert_eq!((&parts[0]["part"], &parts[0]["status"]), (&json!("members"), &json!("same")));
    assert_eq!((&parts[1]["part"], &parts[1]["status"]), (&json!("archive-bytes"), &json!("same")));

    // Packed by another packer and compressor: the same members, and each step has to be accepted.
    let other = it.project.base().join("other");
    std::fs::create_dir(&other).unwrap();
    let (from, to) = (it.archive(), other.join(it.archive().file_name().unwrap()));
    let script = format!(
        "mkdir un; tar xzf {f:?} -C un; cd un; touch -d @1600000000 *; tar --owner=me:7 --group=us:7 -cf - * | gzip -1 >{t:?}; cp {m:?} {o:?}",
        f = from,
        t = to,
        o = other,
        m = it.dist.join("repro.json")
    );
    it.sh(&script);
    let packed = to.display().to_string();
    // It is not the file that the manifest lists, which is known at once.
    let run = it.verify(&[&packed]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("nothing was fetched or built"), "{}", run.all());
    let run = it.verify(&[&packed, "--anyway", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let report = run.json();
    assert_eq!(report["verdict"], "reproduced-after-normalizing");
    let steps: Vec<_> = report["steps"].as_array().unwrap().clone();
    assert!(steps.contains(&json!("archive-owner")) && steps.contains(&json!("compressor")));
    let run = it.verify(&[&packed, "--anyway", "--accept", "compressor"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.last().starts_with("REPRODUCED AFTER NORMALIZING"), "{}", run.all());
    let mut all = vec![packed.as_str(), "--anyway"];
    steps.iter().for_each(|s| all.extend(["--accept", s.as_str().unwrap()]));
    assert_eq!(it.verify(&all).code, Some(0));

    // One more member, which is neither built nor in the source.
    it.sh(&format!("cd un; echo x >$(echo *)/extra; tar -cf - * | gzip -1 >{to:?}"));
    let run = it.verify(&[&packed, "--anyway"]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(
        run.stdout.contains("/extra`") && run.stdout.contains("neither built nor in the source"),
        "{}",
        run.all()
    );
}

#[test]
fn one_byte_of_a_published_file_is_found_and_absent_files_are_missed() {
    let it = Published::new("sound-features");
    let manifest = it.project.results().join("repro.json");
    std::fs::rename(&it.dist, it.project.results().join("dist")).unwrap();
    let manifest = manifest.display().to_string();
    assert_verdict(&it.verify(&[&manifest]), 0, "REPRODUCED");
    let artifact = it.project.results().join("artifacts").join(host()).join("sound-features");
    let mut bytes = std::fs::read(&artifact).unwrap();
    bytes[4096] ^= 1;
    std::fs::write(&artifact, &bytes).unwrap();
    for args in [vec![manifest.as_str()], vec![&manifest, artifact.to_str().unwrap()]] {
        let run = it.verify(&args);
        assert_verdict(&run, 1, "DIFFERS");
        assert!(run.stdout.contains("not the file that the manifest lists"), "{}", run.all());
        assert!(!run.stderr.contains("checking the source"), "{}", run.all());
        let run = it.verify(&[args.as_slice(), &["--anyway"]].concat());
        assert_verdict(&run, 1, "DIFFERS");
        assert!(run.stdout.contains("byte 4096"), "{}", run.all());
    }
    std::fs::remove_file(&artifact).unwrap();
    let run = it.verify(&[&manifest]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("missing, and the manifest lists it"), "{}", run.all());
    let stranger = it.project.base().join("stranger");
    std::fs::write(&stranger, "not of this release").unwrap();
    let run = it.verify(&[&manifest, stranger.to_str().unwrap()]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("not part of this release"), "{}", run.all());
}

#[test]
fn another_user_with_another_home_umask_and_locale_gets_the_same() {
    let it = Published::new("sound-workspace");
    let place = it.project.base().join("another user");
    std::fs::create_dir(&place).unwrap();
    let home = place.display().to_string();
    let cargo_home = place.join("cargo").display().to_string();
    let script = format!(
        "umask 077; exec {} verify {:?}/repro.json --format json",
        env!("CARGO_BIN_EXE_repro"),
        it.dist
    );
    let out = it
        .project
        .command("sh", &it.clone)
        .args(["-c", &script])
        .envs([
            ("HOME", home.as_str()),
            ("CARGO_HOME", &cargo_home),
            ("USER", "somebody-else"),
            ("LOGNAME", "somebody-else"),
            ("LC_ALL", "POSIX"),
            ("TZ", "Asia/Kathmandu"),
            // Settings of this user's that are not the publisher's.
            ("RUSTFLAGS", "-Copt-level=0"),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
            ("SOURCE_DATE_EPOCH", "5"),
            ("RUSTC_WRAPPER", "/no/such/wrapper"),
        ])
        .output()
        .unwrap();
    let run = Run::from(out);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let report = run.json();
    assert_eq!(report["verdict"], "reproduced");
    assert!(report["artifacts"].as_array().unwrap().len() >= 4);
}

/// Whether a report without a manifest begins with who built the file, and where it differs from here.
#[track_caller]
fn assert_told(run: &Run, release: &str, other: bool) {
    let first = run.stdout.lines().next().unwrap();
    assert!(first.starts_with(&format!("published   built by rustc {release}")), "{}", run.all());
    let here = format!("; this machine has rustc {}", rustc("release"));
    assert!(first.contains(&here), "{}", run.all());
    assert_eq!(run.stdout.contains("rustup toolchain install"), other, "{}", run.all());
    assert_eq!(run.stdout.contains("machine     rustc"), other, "{}", run.all());
}

/// The same file, as if a compiler had made it that nobody has here.
fn assert_a_compiler_that_is_not_here_is_named(
    it: &Published,
    app: &str,
    against: impl Fn(&str, &[&str]) -> Run,
) {
    let mut bytes = std::fs::read(app).unwrap();
    for (here, other) in [(&rustc("commit-hash")[..9], "111111111"), (&rustc("release"), "1.11.0")]
    {
        assert_eq!(here.len(), other.len(), "the file must stay a file");
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, here.as_bytes()).collect();
        assert!(!places.is_empty(), "{here}");
        places.iter().for_each(|at| bytes[*at..at + here.len()].copy_from_slice(other.as_bytes()));
    }
    let forged = it.project.base().join("sound-features");
    std::fs::write(&forged, bytes).unwrap();
    let forged = forged.display().to_string();
    let run = against(&forged, &[]);
    assert_verdict(&run, 1, "DIFFERS");
    assert_told(&run, "1.11.0", true);
    let json = against(&forged, &["--format", "json"]);
    crate::schemas::holds(&json, 1);
    let json = json.json();
    let made = &json["made"];
    assert_eq!(
        (&made["rustc"], &made["here_rustc"]),
        (&json!(["1.11.0"]), &json!(rustc("release")))
    );
    let linkers = made["here_linkers"].as_array().unwrap();
    let linker = linkers.first().map_or("no linker", |l| l.as_str().unwrap());
    let told = |l: &&str| ["published", "machine ", "note     "].iter().any(|w| l.starts_with(w));
    let told: Vec<&str> = run.stdout.lines().filter(told).collect();
    let told = told.join("\n").replace(linker.split(" (").next().unwrap(), "LINKER");
    insta::assert_snapshot!("verify.made", told.replace(&rustc("release"), "RELEASE"));
}

#[test]
fn another_toolchain_is_named_and_says_no_more_than_it_saw() {
    let it = Published::new("sound-features");
    let change = |m: &mut Value| {
        let lines = m["toolchain"]["rustc"].as_array_mut().unwrap();
        for line in lines.iter_mut().filter(|l| l.as_str().unwrap().starts_with("commit-hash")) {
            *line = json!("commit-hash: 0000000000000000000000000000000000000000");
        }
    };
    let manifest = it.altered("other-compiler", change);
    fails(&it.verify(&[&manifest]), 4, &["--allow-toolchain"]);
    // Next to it is `dist/`, where its archive is.
    let run = it.verify(&[&manifest, "--allow-toolchain"]);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(run.stdout.contains("may only be due to the different compiler"), "{}", run.all());

    // On a difference the machines come first.
    let manifest = it.altered("other-machine", |m| {
        m["artifacts"][0]["sha256"] = json!("a".repeat(64));
        m["builder"]["os"] = json!("Another Linux 1");
        let tools = m["builder"]["tools"].as_array_mut().unwrap();
        tools[0]["version"] = json!("cc 1.2.3");
        m["environment"] = json!([{"name": "CFLAGS", "value": "-O7"}]);
    });
    let run = it.verify(&[&manifest, "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let report = run.json();
    let rows: Vec<_> = report["machine"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["what"].as_str().unwrap().to_string())
        .collect();
    for what in ["system", "cc"] {
        assert!(rows.contains(&what.to_string()), "{rows:?}");
    }
    assert_eq!(report["artifacts"][0]["status"], "differs");
}

#[test]
fn several_builders_of_one_build_each_are_held_against_each_other() {
    let it = Published::new("sound-features");
    let bin = env!("CARGO_BIN_EXE_repro");
    let run: Run = it
        .project
        .command(bin, &it.clone)
        .args(["build", "--once", "--format", "json"])
        .output()
        .unwrap()
        .into();
    assert_eq!(run.code, Some(0), "{}", run.all());
    let report = run.json();
    assert_eq!(
        (&report["verdict"], &report["artifacts"][0]["status"]),
        (&json!("single"), &json!("single"))
    );
    assert_eq!(report["artifacts"][0]["b"], json!(null));
    let once = it.clone.join("target/repro/repro.json").display().to_string();
    // One build proves nothing, and is not shipped as if it did.
    let run: Run = it.project.command(bin, &it.clone).arg("archive").output().unwrap().into();
    assert_eq!(run.code, Some(4), "{}", run.all());
    let twice = it.dist.join("repro.json").display().to_string();
    let other = it.altered("liar", |m| m["artifacts"][0]["sha256"] = json!("b".repeat(64)));
    let name = |name: &str, path: &str| format!("{name}={path}");
    let (alice, bob, mallory) =
        (name("alice", &once), name("bob", &twice), name("mallory", &other));
    let run = it.verify(&["--against", &alice, &bob, &mallory, "--threshold", "2"]);
    assert_verdict(&run, 0, "AGREED: 2 of 3 agree, 2 have to (on artifacts, not on archives)");
    assert!(run.stdout.contains("mallory agrees with no other builder"), "{}", run.all());
    assert!(run.stdout.contains("only bob lists it"), "{}", run.all());
    let run = it.verify(&["--against", &alice, &bob, &mallory]);
    assert_verdict(&run, 1, "DISAGREED: 2 of 3 agree, 3 have to");
    let run = it.verify(&["--against", &alice, &bob, &mallory, "--format", "json"]);
    assert_eq!(run.json()["verdict"], "disagreed");
    // Without names they may be copies of one.
    let run = it.verify(&["--against", &once, &twice, "--threshold", "2"]);
    assert_verdict(&run, 1, "NOT ENOUGH BUILDERS: 1 of 1 agree, 2 have to");
    fails(&it.verify(&["--against", &once, &once]), 2, &["given twice"]);
    fails(&it.verify(&["--against", &alice, &name("bob", &once)]), 2, &["given twice"]);
    fails(
        &it.verify(&["--against", &alice, &name("alice", &twice)]),
        2,
        &["`alice` is given twice"],
    );
    let source = it.altered("source", |m| m["source"]["commit"] = json!("c".repeat(40)));
    fails(&it.verify(&["--against", &once, &source]), 4, &["the source is not the same"]);
    // A manifest of one build can be verified as any other.
    let run = it.verify(&[&once]);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(run.stdout.contains("the publisher built once"), "{}", run.all());
    let run: Run =
        it.project.command(bin, &it.clone).args(["build", "--once"]).output().unwrap().into();
    assert_verdict(&run, 0, "SINGLE BUILD");
}

#[cfg(target_os = "linux")]
#[test_needs::needs("sandbox")]
#[test]
fn in_the_sandbox_there_is_no_network_and_no_home() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let project = Project::plain("sound-features");
    let secret = project.base().join("home/secret");
    std::fs::write(&secret, "mine").unwrap();
    // The script leaves what it sees of the machine in the binary.
    project.write(
        "build.rs",
        &format!(
            "fn main() {{\n    let net = std::net::TcpStream::connect((\"127.0.0.1\", {port})).is_ok();\n    let home = std::path::Path::new({secret:?}).exists();\n    println!(\"cargo::rustc-env=SEEN=net {{net}} home {{home}}\");\n}}\n"
        ),
    );
    project.write("src/main.rs", "fn main() {\n    println!(\"{}\", env!(\"SEEN\"));\n}\n");
    project.git(&["init", "-q"]);
    project.commit("looks around");
    assert_verdict(&project.repro(&["build", "--isolate", "never"]), 0, "REPRODUCIBLE");
    let manifest = project.results().join("repro.json").display().to_string();
    let out = project.base().join("out").display().to_string();
    let run = project.repro(&["verify", &manifest, "--no-sandbox", "--output", &out]);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(run.stdout.contains("sandbox     off"), "{}", run.all());
    let print = |dir: &str| {
        let path = Path::new(dir).join(host()).join("sound-features");
        let out = std::process::Command::new(path).output().unwrap();
        String::from_utf8(out.stdout).unwrap().trim().to_string()
    };
    assert_eq!(print(&out), "net true home true");
    let boxed = project.base().join("boxed").display().to_string();
    let run = project.repro(&["verify", &manifest, "--output", &boxed]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("sandbox     on"), "{}", run.all());
    assert_eq!(print(&boxed), "net false home false");
    fails(&project.repro(&["verify", &manifest, "--output", &boxed]), 4, &["already exists"]);
}
