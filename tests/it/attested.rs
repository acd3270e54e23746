//! `repro attest` and `repro verify --keys`: statements of builders, signed and counted. Each attack has
//! its control: the same release with honest statements passes. Nothing is built here; one manifest
//! and one file stand for a release.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use repro_formats::digest;
use serde_json::{Value, json};

use crate::support::{Project, Run, assert_verdict};
use crate::verify::fails;
use test_needs::needs;

const ALICE: &str = "https://example.org/alice";
const BOB: &str = "https://example.org/bob";

/// A release with the statements of two builders, whom the user trusts.
struct Release {
    project: Project,
}

impl Release {
    fn new() -> Release {
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

    fn verify(&self, more: &[&str]) -> Run {
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

#[needs("openssl")]
#[test]
fn two_builders_are_counted_and_every_attack_is_not() {
    let it = Release::new();
    let control = || {
        it.attest("bob", BOB, &[]);
        let run = it.verify(&[]);
        assert_verdict(&run, 0, "REPRODUCED BY 2: alice, bob, 2 have to agree");
    };
    control();
    let report = it.verify(&["--format", "json"]).json();
    assert_eq!(report["verdict"], "attested");
    assert_eq!(crate::schemas::errors("repro.report-1", &report), None, "{report:#}");

    type Attack = fn(&Release);
    // A signature that does not hold, or a file that is none: one sentence, exit 5.
    let malformed: &[(&str, Attack)] = &[
        ("does not hold", |it| it.forge(|b| b["dsseEnvelope"]["payload"] = json!("e30="))),
        ("does not hold", |it| {
            let of_alice = it.bundle("alice")["dsseEnvelope"]["signatures"][0]["sig"].clone();
            it.forge(|b| b["dsseEnvelope"]["signatures"][0]["sig"] = of_alice);
        }),
        // The id of a trusted key, without the key.
        ("does not hold", |it| {
            it.attest("mallory", BOB, &[]);
            let mut forged = it.bundle("mallory");
            std::fs::remove_file(it.path("dist/mallory.sigstore.json")).unwrap();
            let id = it.bundle("bob")["dsseEnvelope"]["signatures"][0]["keyid"].clone();
            forged["dsseEnvelope"]["signatures"][0]["keyid"] = id.clone();
            forged["verificationMaterial"]["publicKey"]["hint"] = id;
            it.put("bob", &forged.to_string());
        }),
        ("names no key", |it| {
            it.forge(|b| {
                b["dsseEnvelope"]["signatures"][0]["keyid"] = json!("");
                b["verificationMaterial"]["publicKey"]["hint"] = json!("");
                b["dsseEnvelope"]["payload"] = json!("e30=");
            })
        }),
        ("not of the type", |it| {
            it.forge(|b| b["dsseEnvelope"]["payloadType"] = json!("text/plain"))
        }),
        ("name different keys", |it| {
            it.forge(|b| b["verificationMaterial"]["publicKey"]["hint"] = json!("x"))
        }),
        ("media type", |it| it.forge(|b| b["mediaType"] = json!("x"))),
        ("unknown field `extra`", |it| it.forge(|b| b["extra"] = json!(1))),
        ("certificate", |it| it.forge(|b| b["verificationMaterial"] = json!({}))),
        ("exactly one signature", |it| {
            it.forge(|b| {
                let list = b["dsseEnvelope"]["signatures"].as_array_mut().unwrap();
                list.push(json!({"keyid": "x", "sig": "AAAA"}));
            })
        }),
        ("not base64", |it| {
            it.forge(|b| {
                let payload = b["dsseEnvelope"]["payload"]
                    .as_str()
                    .unwrap()
                    .trim_end_matches('=')
                    .to_string()
                    + " ";
                b["dsseEnvelope"]["payload"] = json!(payload);
            })
        }),
        ("there twice", |it| {
            let twice = it.read("dist/bob.sigstore.json").replacen('{', "{\"mediaType\":\"x\",", 1);
            it.put("bob", &twice);
        }),
        ("no sound attestation", |it| {
            let whole = it.read("dist/bob.sigstore.json");
            it.put("bob", &whole[..whole.len() / 2]);
        }),
        // By its name it is an attestation, whatever is in it.
        ("EOF while parsing", |it| it.put("bob", "")),
        ("expected value", |it| {
            it.put("bob", &format!("\u{feff}{}", it.read("dist/bob.sigstore.json")))
        }),
        ("`keyid` is not a text", |it| {
            it.forge(|b| b["dsseEnvelope"]["signatures"][0]["keyid"] = json!(1))
        }),
        // No key may pass for one that a certificate names.
        ("unknown field `publicKey`", |it| {
            it.forge(|b| b["verificationMaterial"]["certificate"] = json!({"rawBytes": "AAAA"}))
        }),
        ("over 2048 KiB", |it| it.put("bob", &format!("{{{}", " ".repeat(3 << 20)))),
        // Bob signed it, and it is no statement.
        ("no statement", |it| it.signed_by_bob(|s| s["_type"] = json!("x"))),
        ("twice", |it| {
            it.signed_by_bob(|s| {
                let first = s["subject"][0].clone();
                s["subject"].as_array_mut().unwrap().push(first);
            })
        }),
        ("twice", |it| {
            it.signed_by_bob(|s| {
                let other = json!({"name": s["subject"][0]["name"], "digest": {"sha512": "x"}});
                s["subject"].as_array_mut().unwrap().push(other);
            })
        }),
        ("lowercase", |it| {
            it.signed_by_bob(|s| s["subject"][0]["digest"]["sha256"] = json!("A".repeat(64)))
        }),
        ("there twice", |it| it.envelope_of_bob(br#"{"_type":"x","_type":"x"}"#)),
    ];
    for (words, attack) in malformed {
        attack(&it);
        fails(&it.verify(&[]), 5, &[words]);
        control();
    }

    // Every signature holds, and the votes are too few: exit 1, and the reason is printed.
    let too_few: &[(&str, Attack)] = &[
        ("1 of 2", |it| std::fs::remove_file(it.path("dist/bob.sigstore.json")).unwrap()),
        // One key, several files and copies.
        ("1 of 2", |it| it.put("bob", &it.read("dist/alice.sigstore.json"))),
        ("not trusted for this builder", |it| it.attest("bob", ALICE, &[])),
        ("the key is not trusted", |it| {
            it.attest("mallory", BOB, &[]);
            it.sh("mv dist/mallory.sigstore.json dist/bob.sigstore.json");
        }),
        ("attests other bytes of `app`", |it| {
            it.signed_by_bob(|s| s["subject"][0]["digest"]["sha256"] = json!("a".repeat(64)))
        }),
        ("does not attest `app`", |it| {
            it.signed_by_bob(|s| s["subject"][0]["name"] = json!("other"))
        }),
        ("`externalParameters.features` differs", |it| {
            it.signed_by_bob(|s| {
                s["predicate"]["buildDefinition"]["externalParameters"]["features"] = json!("evil")
            })
        }),
        ("unknown parameter `evil`", |it| {
            it.signed_by_bob(|s| {
                s["predicate"]["buildDefinition"]["externalParameters"]["evil"] = json!("1")
            })
        }),
        ("`resolvedDependencies` differs", |it| {
            it.signed_by_bob(|s| {
                s["predicate"]["buildDefinition"]["resolvedDependencies"] = json!([])
            })
        }),
        ("repro did not make", |it| {
            it.signed_by_bob(|s| s["predicate"]["buildDefinition"]["buildType"] = json!("x"))
        }),
        ("not SLSA provenance", |it| it.signed_by_bob(|s| s["predicateType"] = json!("x"))),
        ("own two builds differ", |it| {
            it.signed_by_bob(|s| {
                s["predicate"]["runDetails"]["repro_verdict"] = json!("differs");
            })
        }),
        // As the workflow of `repro init` leaves them in each release: cosign verifies these.
        ("signed by a certificate", |it| {
            it.forge(|b| {
                let keyless = json!({"certificate": {"rawBytes": "AAAA"}, "tlogEntries": []});
                b["verificationMaterial"] = keyless;
                b["dsseEnvelope"]["signatures"] = json!([{"sig": "AAAA"}]);
            })
        }),
    ];
    for (words, attack) in too_few {
        attack(&it);
        let run = it.verify(&[]);
        let few = "NOT ENOUGH VOTES: 1 of 2 trusted builders attest every file, 2 have to";
        let but = match words.contains("other bytes") {
            true => "; other bytes are attested by bob",
            false => "",
        };
        assert_verdict(&run, 1, &format!("{few}{but}"));
        assert!(run.stdout.contains(words), "no `{words}` in {}", run.all());
        control();
    }

    // Two digests for one build by one key: no vote of it counts, though one digest is right.
    it.sh("cp dist/bob.sigstore.json honest.sigstore.json");
    it.signed_by_bob(|s| s["subject"][0]["digest"]["sha256"] = json!("a".repeat(64)));
    let run = it.verify(&["--attestation", "honest.sigstore.json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stdout.contains("signed different files for one build"), "{}", run.all());
    // Nor if one is for a builder that the key is not trusted for.
    it.signed_by_bob(|s| {
        s["subject"][0]["digest"]["sha256"] = json!("a".repeat(64));
        s["predicate"]["runDetails"]["builder"]["id"] = json!("https://example.org/other");
    });
    let run = it.verify(&["--attestation", "honest.sigstore.json"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stdout.contains("signed different files for one build"), "{}", run.all());
    control();
    // What is no file, and what is not looked at.
    fails(&it.verify(&["--attestation", "none"]), 2, &["there is no file `none`"]);
    fails(&it.verify(&["--attestation", "dist"]), 5, &["there is no file `dist`"]);
    it.project.write("dist/.more", "x");
    assert!(it.verify(&[]).stdout.contains("`dist/.more` was not looked at"));
    it.sh("rm dist/.more");

    // One owner of two keys is one vote; a key of two owners, and a trust file of the publisher, are refused.
    it.trust(&[("alice", ALICE, "carol"), ("bob", BOB, "carol")]);
    assert_eq!(it.verify(&[]).code, Some(1));
    it.trust(&[("alice", ALICE, "alice"), ("alice", BOB, "bob")]);
    fails(&it.verify(&[]), 5, &["is in two groups"]);
    it.trust(&[("alice", ALICE, "alice"), ("bob", BOB, "bob")]);
    control();
    it.sh("cp trusted.toml dist/trusted.toml");
    fails(
        &it.project.repro(&["verify", "dist", "--keys", "dist/trusted.toml", "--threshold", "2"]),
        5,
        &["keys never come from"],
    );
    std::fs::remove_file(it.path("dist/trusted.toml")).unwrap();
    // Deeper in the release, and next to its files when the manifest is somewhere else.
    it.sh("mkdir -p dist/keys elsewhere; cp dist/repro.json elsewhere/");
    it.sh("cp trusted.toml dist/keys/");
    let deeper = ["verify", "dist", "--keys", "dist/keys/trusted.toml", "--threshold", "2"];
    fails(&it.project.repro(&deeper), 5, &["keys never come from"]);
    it.sh("cp trusted.toml dist/trusted.toml");
    let attested = ["--attestation", "dist/alice.sigstore.json", "dist/bob.sigstore.json"];
    let beside = ["verify", "elsewhere/repro.json", "dist/app", "--keys", "dist/trusted.toml"];
    let args = [&beside[..], &["--threshold", "2"], &attested[..]].concat();
    fails(&it.project.repro(&args), 5, &["keys never come from"]);
    it.sh("mv dist/trusted.toml elsewhere.toml");
    let args: Vec<&str> =
        args.iter().map(|a| if *a == "dist/trusted.toml" { "elsewhere.toml" } else { a }).collect();
    assert_verdict(&it.project.repro(&args), 0, "REPRODUCED BY 2: alice, bob, 2 have to agree");
    it.sh("rm -r dist/keys elsewhere");
    control();
    fails(&it.project.repro(&["verify", "dist", "--keys", "trusted.toml"]), 2, &["--threshold N"]);

    // The published file, and the manifest with it.
    it.project.write("dist/app", "another program\n");
    assert_verdict(&it.verify(&[]), 1, "DIFFERS");
    let honest = it.read("dist/repro.json");
    let (old, new) = (digest::of_bytes(b"the program\n"), digest::of_bytes(b"another program\n"));
    let forged = honest
        .replace(&old.sha256, &new.sha256)
        .replace(&format!("\"size\":{}", old.size), &format!("\"size\":{}", new.size));
    it.project.write("dist/repro.json", &forged);
    assert_eq!(it.verify(&[]).code, Some(1));
    it.project.write("dist/app", "the program\n");
    it.project.write("dist/repro.json", &honest);
    control();
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

#[needs("openssl")]
#[test]
fn a_rebuild_is_one_vote_of_its_owner_and_is_never_outvoted() {
    let mut it = Release { project: Project::committed("sound-features") };
    it.project.git(&["remote", "add", "origin", "https://example.invalid/app.git"]);
    assert_verdict(&it.project.repro(&["build", "--once"]), 0, "SINGLE BUILD");
    // The release is outside the source, which stays as it was committed.
    let (source, built) = (it.project.dir.clone(), it.project.results());
    it.project.dir = it.project.base().join("release");
    std::fs::create_dir_all(it.path("dist")).unwrap();
    for file in ["repro.json", "artifacts"] {
        it.sh(&format!("cp -R '{}' dist/", built.join(file).display()));
    }
    it.sh("openssl genpkey -algorithm ed25519 -out alice.pem; openssl genpkey -algorithm ed25519 -out bob.pem");
    it.attest("alice", ALICE, &[]);
    it.trust(&[("alice", ALICE, "alice"), ("bob", BOB, "bob")]);
    let source = ["--source", source.to_str().unwrap(), "--rebuild"];
    let rebuilt = |more: &[&str]| it.verify(&[&source[..], more].concat());

    // One statement and one rebuild are two votes; neither alone is.
    let few = "NOT ENOUGH VOTES: 1 of 2 trusted builders attest every file, 2 have to";
    assert_verdict(&it.verify(&[]), 1, few);
    // An SBOM has one name in a statement, so a good copy would hide a bad one.
    it.sh("mkdir dist/more");
    assert_eq!(it.project.repro(&["sbom", "dist/repro.json", "-o", "dist"]).code, Some(0));
    it.sh("cp dist/*.cdx.json dist/more/");
    let one = ["verify", "dist", "--keys", "trusted.toml", "--threshold", "1"];
    let run = it.project.repro(&one);
    assert_verdict(&run, 0, "REPRODUCED BY 1: alice, 1 has to agree");
    // Nor does a name write lines of its own.
    it.sh("mv dist/more \"$(printf 'dist/more\\nREPRODUCED')\"; printf ' ' >>dist/sound-features.cdx.json");
    let run = it.project.repro(&one);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("has other bytes than another published file"), "{}", run.all());
    assert!(run.stdout.contains("more\\nREPRODUCED/") && !run.stdout.contains("\nREPRODUCED"));
    it.sh("rm -r dist/more* dist/*.cdx.json");
    // One in the newer format is attested if it was there.
    let newer = ["sbom", "dist/repro.json", "--spec", "1.7", "-o", "dist"];
    assert_eq!(it.project.repro(&newer).code, Some(0));
    assert_eq!(it.project.repro(&one).code, Some(1));
    it.attest("alice", ALICE, &[]);
    assert_verdict(&it.project.repro(&one), 0, "REPRODUCED BY 1: alice, 1 has to agree");
    it.sh("rm dist/*.cdx.json");
    it.attest("alice", ALICE, &[]);

    let two = "REPRODUCED BY 2: alice, this rebuild, 2 have to agree";
    let signed = ["--key", "bob.pem", "--link", "app.link", "--attest", "--slsa-property"];
    let named =
        ["--verifier-id", "https://example.org/me", "--resource-uri", "https://example.org/app"];
    let signing = [&signed[..], &named].concat();
    let summary = it.path("verification.sigstore.json");
    assert_verdict(&rebuilt(&signing), 0, two);
    it.signed_rebuild(&summary);
    // For an owner who has voted it is no second vote, and what too few agree with is not signed.
    let alone = [&source[..2], &["--rebuild=alice"], &signing[..]].concat();
    assert_verdict(&it.verify(&alone), 1, few);
    assert!(!summary.exists() && !it.path("app.link").exists());
    // One owner is enough for this user, and not for SLSA.
    let run = it.project.repro(&[&one[..], &alone].concat());
    fails(&run, 1, &["only alice agrees", "takes 2 builders", "nothing was signed"]);
    assert!(!summary.exists() && !it.path("app.link").exists());

    // Another digest, by a trusted builder, is in the last line and in the report.
    it.attest("bob", BOB, &[]);
    it.signed_by_bob(|s| s["subject"][0]["digest"]["sha256"] = json!("a".repeat(64)));
    assert_verdict(&it.verify(&[]), 1, &format!("{few}; other bytes are attested by bob"));
    let report = rebuilt(&["--format", "json"]).json();
    assert_eq!(crate::schemas::errors("repro.report-1", &report), None, "{report:#}");
    assert_eq!(report["groups"], json!(["alice", "this rebuild"]));
    assert_eq!(report["ballots"][1]["other_bytes_of"], "sound-features");
    assert_eq!(report["rebuild"]["vote"], true);
    assert_eq!(report["rebuild"]["report"]["verdict"], "reproduced");

    // A publisher and every trusted builder, against the rebuild: no majority makes it a pass.
    let program = it.sh("echo dist/artifacts/*/sound-features").trim_end().to_string();
    let old = digest::of_file(&it.path(&program)).unwrap();
    it.sh(&format!("printf x >>{program}"));
    let new = digest::of_file(&it.path(&program)).unwrap();
    let mut forged: Value = serde_json::from_str(&it.read("dist/repro.json")).unwrap();
    for artifact in forged["artifacts"].as_array_mut().unwrap() {
        if artifact["sha256"] == json!(old.sha256) {
            artifact["sha256"] = json!(new.sha256);
            artifact["size"] = json!(new.size);
        }
    }
    it.project.write("dist/repro.json", &forged.to_string());
    it.attest("alice", ALICE, &[]);
    it.attest("bob", BOB, &[]);
    assert_verdict(&it.verify(&[]), 0, "REPRODUCED BY 2: alice, bob, 2 have to agree");
    let run = rebuilt(&signing);
    assert!(!summary.exists() && !it.path("app.link").exists(), "a difference is not signed");
    let verdict = "NOT CONFIRMED BY THE REBUILD: the published files are attested by alice, bob";
    assert_verdict(&run, 1, verdict);
    assert!(run.stdout.contains("rebuild     DIFFERS"), "{}", run.all());

    // What would be lost, and a group that is a typing error.
    fails(&it.verify(&source[..2]), 2, &["add --rebuild"]);
    fails(&it.verify(&["--anyway"]), 2, &["--anyway has no use without a build"]);
    fails(&it.verify(&["--rebuild=alcie"]), 2, &["has no such group"]);
    fails(&it.verify(&signing), 2, &["--attest has no use without a build"]);
    let verify = |more: &[&str]| it.project.repro(&[&["verify", "dist"], more].concat());
    fails(&verify(&signing), 2, &["--slsa-property", "--keys FILE --rebuild"]);
    fails(&verify(&["--link", "app.link"]), 2, &["--key"]);
    fails(&verify(&["--key", "bob.pem"]), 2, &["--attest", "--link"]);
    it.sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem");
    fails(&verify(&["--link", "l", "--key", "p256.pem"]), 5, &["p256.pem", "Ed25519"]);
    fails(&it.project.repro(&["verify", "dist", "--rebuild"]), 2, &["--keys"]);
}
