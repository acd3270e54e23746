//! `repro attest` and `repro verify --keys`: statements of builders, signed and counted. Each attack has
//! its control: the same release with honest statements passes. Nothing is built here; one manifest
//! and one file stand for a release.

use std::path::{Path, PathBuf};

use repro_formats::digest;
use serde_json::{Value, json};

use crate::support::{Project, Run, assert_verdict};
use crate::verify::fails;
use test_needs::needs;

mod attacks;
mod rebuilds;

const ALICE: &str = "https://example.org/alice";
const BOB: &str = "https://example.org/bob";

/// The last line where both agree.
const BOTH: &str = "REPRODUCED BY 2: alice, bob, 2 have to agree";

/// A release with the statements of two builders, whom the user trusts.
pub struct Release {
    pub project: Project,
}

impl Release {
    pub fn new() -> Release {
        let project = Project::plain("sound-features");
        let mut manifest: Value =
            serde_json::from_str(include_str!("../fixtures/manifest.json")).unwrap();
        let artifact = manifest["artifacts"][0].clone();
        let digest = digest::of_bytes(b"the program\n");
        let object = manifest.as_object_mut().unwrap();
        object.remove("archives");
        object.remove("components");
        manifest["artifacts"] = json!([artifact]);
        let artifact = &mut manifest["artifacts"][0];
        artifact["kind"] = json!("bin");
        artifact["name"] = json!("app");
        artifact["path"] = Value::Null;
        artifact["size"] = json!(digest.size);
        artifact["sha256"] = json!(digest.sha256);
        project.write("dist/repro.json", &manifest.to_string());
        project.write("dist/app", "the program\n");
        let it = Release { project };
        for name in ["alice", "bob", "mallory"] {
            it.sh(&format!("openssl genpkey -algorithm ed25519 -out {name}.pem"));
        }
        it.attest("alice", ALICE, &[]);
        it.attest("bob", BOB, &[]);
        it.trust(&[("alice", ALICE, "alice"), ("bob", BOB, "bob")]);
        it
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.dir.join(name)
    }

    fn sh(&self, script: &str) -> String {
        let out =
            self.project.command("sh", &self.project.dir).args(["-ec", script]).output().unwrap();
        assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// `dist/NAME.sigstore.json` by the key of that name.
    fn attest(&self, name: &str, builder: &str, more: &[&str]) {
        let key = format!("{name}.pem");
        let args =
            ["attest", "dist/repro.json", "--builder-id", builder, "--key", &key, "-o", "new"];
        let run = self.project.repro(&[&args[..], more].concat());
        assert_eq!(run.code, Some(0), "{}", run.all());
        if more.is_empty() {
            self.sh(&format!("mv new/provenance.sigstore.json dist/{name}.sigstore.json"));
        }
    }

    fn public(&self, name: &str) -> String {
        self.sh(&format!("openssl pkey -in {name}.pem -pubout"))
    }

    fn trust(&self, builders: &[(&str, &str, &str)]) {
        let entry = |(name, id, group): &(&str, &str, &str)| {
            format!(
                "[[builder]]\nid = \"{id}\"\ngroup = \"{group}\"\nkeys = [\"\"\"{}\"\"\"]\n",
                self.public(name)
            )
        };
        self.project.write("trusted.toml", &builders.iter().map(entry).collect::<String>());
    }

    pub fn verify(&self, more: &[&str]) -> Run {
        let args = ["verify", "dist", "--keys", "trusted.toml", "--threshold", "2"];
        self.project.repro(&[&args[..], more].concat())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn bundle(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(&format!("dist/{name}.sigstore.json"))).unwrap()
    }

    fn put(&self, name: &str, text: &str) {
        self.project.write(&format!("dist/{name}.sigstore.json"), text);
    }

    /// The summary of a rebuild that alice's statement agrees with, and the link; both are removed.
    fn signed_rebuild(&self, summary: &Path) {
        let bundle: Value = serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap();
        let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
        let statement = self.sh(&format!("printf %s '{payload}' | base64 -d"));
        let statement: Value = serde_json::from_str(&statement).unwrap();
        let predicate = &statement["predicate"];
        let levels = json!(["REPRO_BIT_IDENTICAL", "SLSA_BUILD_REPRODUCED"]);
        assert_eq!(predicate["verifiedLevels"], levels);
        let sha256 =
            |name: &str| json!({"sha256": digest::of_file(&self.path(name)).unwrap().sha256});
        let input = |name: &str, path: &str| json!({"name": name, "digest": sha256(path)});
        let inputs = [
            ("repro.json", "dist/repro.json"),
            ("alice.sigstore.json", "dist/alice.sigstore.json"),
        ];
        assert_eq!(predicate["inputAttestations"], json!(inputs.map(|(n, p)| input(n, p))));
        assert_eq!(predicate["policy"]["digest"], sha256("trusted.toml"));
        let link: Value = serde_json::from_str(&self.read("app.link")).unwrap();
        assert_eq!(link["signed"]["name"], "rebuild sound-features");
        assert_eq!(link["signed"]["materials"]["repro.json"], sha256("dist/repro.json"));
        let product = &link["signed"]["products"]["sound-features"];
        assert_eq!(statement["subject"], json!([{"name": "sound-features", "digest": product}]));
        std::fs::remove_file(summary).unwrap();
        std::fs::remove_file(self.path("app.link")).unwrap();
    }

    /// Bob's bundle, changed.
    fn forge(&self, change: impl FnOnce(&mut Value)) {
        let mut bundle = self.bundle("bob");
        change(&mut bundle);
        self.put("bob", &bundle.to_string());
    }

    /// A statement of the honest release, changed and signed by bob's own key.
    fn signed_by_bob(&self, change: impl FnOnce(&mut Value)) {
        let args = ["attest", "dist/repro.json", "--builder-id", BOB, "--unsigned", "-o", "new"];
        assert_eq!(self.project.repro(&args).code, Some(0));
        let mut statement: Value =
            serde_json::from_str(&self.read("new/provenance.intoto.json")).unwrap();
        change(&mut statement);
        self.envelope_of_bob(statement.to_string().as_bytes());
    }

    /// Any bytes, signed by openssl with bob's key.
    fn envelope_of_bob(&self, payload: &[u8]) {
        let kind = "application/vnd.in-toto+json";
        let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
        std::fs::write(self.path("pae"), [head.as_bytes(), payload].concat()).unwrap();
        std::fs::write(self.path("payload"), payload).unwrap();
        let base64 = |file: &str| self.sh(&format!("base64 -w0 {file}"));
        self.sh("openssl pkeyutl -sign -inkey bob.pem -rawin -in pae -out sig");
        let mut bundle = self.bundle("bob");
        bundle["dsseEnvelope"]["payload"] = json!(base64("payload"));
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!(base64("sig"));
        self.put("bob", &bundle.to_string());
    }
}

#[needs("openssl")]
#[test]
fn what_a_builder_took_from_a_ledger_counts_only_where_the_user_accepts_it() {
    let it = Release::new();
    let full = it.read("dist/repro.json");
    let mut manifest: Value = serde_json::from_str(&full).unwrap();
    manifest["verdict"] = json!("reproducible-from-ledger");
    manifest["ledger"] = json!({"reused": 3, "foreign": 0, "built_twice": 1});
    it.project.write("dist/repro.json", &manifest.to_string());
    let args = ["attest", "dist/repro.json", "--builder-id", BOB, "--key", "bob.pem", "-o", "new"];
    fails(&it.project.repro(&args), 4, &["--ledger-ok"]);
    it.attest("bob", BOB, &["--ledger-ok"]);
    it.sh("mv new/provenance.sigstore.json dist/bob.sigstore.json");
    // Of the manifest of such a build nothing is counted, of another one all but that vote.
    fails(&it.verify(&[]), 4, &["--ledger-ok"]);
    let both = "REPRODUCED BY 2: alice, bob, 2 have to agree";
    assert_verdict(&it.verify(&["--ledger-ok"]), 0, both);
    it.project.write("dist/repro.json", &full);
    let run = it.verify(&[]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stdout.contains("took units from a ledger"), "{}", run.all());
    assert_verdict(&it.verify(&["--ledger-ok"]), 0, both);
    it.attest("bob", BOB, &[]);
    assert_verdict(&it.verify(&[]), 0, both);
}

#[needs("openssl", "ssh-keygen")]
#[test]
fn others_verify_what_is_signed() {
    let it = Release::new();
    // Two builders' statements are the same but for the builder, and a signature is always the same.
    let payload = |name: &str| -> String {
        let bundle = it.bundle(name);
        it.project.write("b64", bundle["dsseEnvelope"]["payload"].as_str().unwrap());
        it.sh("base64 -d b64")
    };
    assert_eq!(payload("alice").replace(ALICE, BOB), payload("bob"));
    let first = it.read("dist/alice.sigstore.json");
    it.attest("alice", ALICE, &[]);
    assert_eq!(it.read("dist/alice.sigstore.json"), first);

    // openssl, over the message that DSSE signs; one byte more does not verify.
    let signed = payload("alice");
    let kind = "application/vnd.in-toto+json";
    it.project.write("pae", &format!("DSSEv1 {} {kind} {} {signed}", kind.len(), signed.len()));
    it.project
        .write("b64", it.bundle("alice")["dsseEnvelope"]["signatures"][0]["sig"].as_str().unwrap());
    let check = "openssl pkeyutl -verify -pubin -inkey alice.pub -rawin -in pae -sigfile sig";
    it.sh(&format!("base64 -d b64 >sig; openssl pkey -in alice.pem -pubout >alice.pub; {check}"));
    it.sh(&format!("printf x >>pae; ! {check}"));

    // Keys of every form, each with the id that ssh-keygen gives it.
    it.sh("ssh-keygen -q -t ed25519 -N '' -f ed; ssh-keygen -q -t ecdsa -b 256 -N '' -f ec; ssh-keygen -q -t ed25519 -N secret -f locked");
    it.sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem; openssl ecparam -name prime256v1 -genkey -noout -out sec1.pem");
    for key in ["ed", "ec", "p256.pem", "sec1.pem", "alice.pem"] {
        let run = it.project.repro(&["attest", "--print-key", "--key", key]);
        assert_eq!(run.code, Some(0), "{}", run.all());
        let line =
            run.stdout.lines().find_map(|l| l.split_once("\"repro-attestation\" ")).unwrap().1;
        it.project.write("line.pub", line);
        let shown = it.sh("ssh-keygen -l -f line.pub");
        assert_eq!(shown.split(' ').nth(1), run.stdout.trim_end().lines().last(), "{shown}");
        let pem = run.stdout.split_inclusive("-----END PUBLIC KEY-----\n").next().unwrap();
        it.project.write("printed.pub", pem);
        if key.ends_with(".pem") {
            assert_eq!(it.sh(&format!("openssl pkey -in {key} -pubout")), pem);
        } else {
            assert_eq!(it.read(&format!("{key}.pub")).split(' ').nth(1), line.split(' ').nth(1));
        }
        // What it signs holds, and is counted.
        let args = ["attest", "dist/repro.json", "--builder-id", BOB, "--key", key, "-o", "dist"];
        assert_eq!(it.project.repro(&args).code, Some(0));
        let _ = std::fs::remove_file(it.path("dist/bob.sigstore.json"));
        let trusted = format!(
            "[[builder]]\nid = \"{ALICE}\"\nkeys = [\"\"\"{}\"\"\"]\n[[builder]]\nid = \"{BOB}\"\nkeys = [\"\"\"{pem}\"\"\"]\n",
            it.public("alice")
        );
        if key != "alice.pem" {
            it.project.write("trusted.toml", &trusted);
            assert_eq!(it.verify(&[]).code, Some(0), "{key}: {}", it.verify(&[]).all());
        }
    }
    it.sh("openssl pkey -in alice.pem -outform DER -out alice.der");
    for (key, words) in [
        ("alice.der", "`alice.der` is not a text"),
        ("locked", "passphrase"),
        ("ed.pub", "not a private key"),
        ("dist/app", "not a private key"),
    ] {
        fails(
            &it.project.repro(&["attest", "--builder-id", BOB, "--key", key, "dist/repro.json"]),
            5,
            &[words],
        );
    }

    // Many signers in one envelope, one signature each.
    it.sh("rm -f dist/*.sigstore.json; rm -rf new");
    it.trust(&[("alice", ALICE, "alice"), ("bob", ALICE, "bob")]);
    for name in ["alice", "bob", "alice"] {
        it.attest(name, ALICE, &["--dsse"]);
    }
    it.sh("mv new/provenance.intoto.jsonl dist/");
    let envelope: Value = serde_json::from_str(&it.read("dist/provenance.intoto.jsonl")).unwrap();
    assert_eq!(envelope["signatures"].as_array().unwrap().len(), 2);
    assert_eq!(it.verify(&[]).code, Some(0), "{}", it.verify(&[]).all());

    // ssh-keygen signs the statement itself, and verifies it.
    let args = ["attest", "dist/repro.json", "--builder-id", BOB, "--ssh", "ed", "-o", "ssh"];
    assert_eq!(it.project.repro(&args).code, Some(0));
    let none =
        ["attest", "dist/repro.json", "--builder-id", BOB, "--ssh", "none", "-o", "unsigned"];
    assert_eq!(it.project.repro(&none).code, Some(6));
    assert!(!it.path("unsigned").exists(), "a statement without its signature");
    it.sh("printf 'me %s' \"$(cat ed.pub)\" >allowed; ssh-keygen -Y verify -f allowed -I me -n repro-attestation -s ssh/provenance.intoto.json.sig <ssh/provenance.intoto.json");
}

#[test]
fn only_a_build_that_others_could_make_is_attested() {
    let it = Project::plain("sound-features");
    let honest: Value = serde_json::from_str(include_str!("../fixtures/manifest.json")).unwrap();
    let attest = |manifest: &Value, more: &[&str]| {
        it.write("m/repro.json", &manifest.to_string());
        it.repro(&[&["attest", "m/repro.json", "--unsigned"], more].concat())
    };
    let run = attest(&honest, &["--builder-id", ALICE]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    let statement = it.dir.join("m/provenance.intoto.json");
    let text = std::fs::read_to_string(&statement).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value.to_string(), text, "one line, in one order");
    assert!(!text.contains("\"builder\":{\"os\""), "nothing of the machine: {text}");
    std::fs::remove_file(&statement).unwrap();
    let mut dirty = honest.clone();
    dirty["source"]["dirty"] = json!(true);
    dirty["verdict"] = json!("reproducible-dirty-tree");
    let mut differs = honest.clone();
    differs["verdict"] = json!("differs");
    for (manifest, words) in [(dirty, "uncommitted changes"), (differs, "was not reproducible")] {
        fails(&attest(&manifest, &["--builder-id", ALICE]), 4, &[words]);
    }
    fails(&attest(&honest, &[]), 2, &["--builder-id URI"]);
    for bad in ["alice", "https://a b", "://x", ""] {
        fails(&attest(&honest, &["--builder-id", bad]), 2, &["expected a URI"]);
    }
    assert!(!Path::new(&statement).exists());
}

#[needs("openssl")]
#[test]
fn artifacts_of_one_name_are_each_attested() {
    let it = Release::new();
    let mut manifest: Value = serde_json::from_str(&it.read("dist/repro.json")).unwrap();
    let one = manifest["artifacts"][0].clone();
    // Both targets' programs, of which the second changes after it was attested.
    let publish = |manifest: &mut Value, text: &str| {
        let texts = [("a", "the program\n"), ("b", text)];
        let listed = texts.map(|(target, text)| {
            let (mut artifact, digest) = (one.clone(), digest::of_bytes(text.as_bytes()));
            let path = format!("artifacts/{target}/app");
            it.project.write(&format!("dist/{path}"), text);
            artifact["target"] = json!(target);
            artifact["path"] = json!(path);
            artifact["size"] = json!(digest.size);
            artifact["sha256"] = json!(digest.sha256);
            artifact
        });
        manifest["artifacts"] = json!(listed);
        it.project.write("dist/repro.json", &manifest.to_string());
    };
    std::fs::remove_file(it.path("dist/app")).unwrap();
    for reversed in [false, true] {
        publish(&mut manifest, "another program\n");
        it.attest("alice", ALICE, &[]);
        it.attest("bob", BOB, &[]);
        let run = it.verify(&[]);
        assert_verdict(&run, 0, "REPRODUCED BY 2: alice, bob, 2 have to agree");
        assert!(run.stdout.contains("a/app sha256") && run.stdout.contains("b/app sha256"));
        publish(&mut manifest, "a program that nobody attests\n");
        if reversed {
            // The same, with the changed one listed first.
            manifest["artifacts"].as_array_mut().unwrap().reverse();
            it.project.write("dist/repro.json", &manifest.to_string());
        }
        let run = it.verify(&[]);
        assert_eq!(run.code, Some(1), "{}", run.all());
        assert!(run.stdout.contains("attests other bytes of `b/app`"), "{}", run.all());
    }
}
