//! What an attacker, or a mistake, makes of the statements of two builders: each with its control, which is the
//! same release before and after.

use super::*;

type Attack = fn(&Release);

/// Bob attests the release as it is, and both are counted.
#[track_caller]
fn control(it: &Release) {
    it.attest("bob", BOB, &[]);
    assert_verdict(&it.verify(&[]), 0, BOTH);
}

/// A signature that does not hold, or a file that is none: one sentence, exit 5.
const MALFORMED: &[(&str, Attack)] = &[
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
    ("not of the type", |it| it.forge(|b| b["dsseEnvelope"]["payloadType"] = json!("text/plain"))),
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
            let payload =
                b["dsseEnvelope"]["payload"].as_str().unwrap().trim_end_matches('=').to_string()
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
    // Bob signed it, and its type is not that of a statement.
    ("its type is not", |it| it.signed_by_bob(|s| s["_type"] = json!("x"))),
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

/// Every signature holds, and the votes are too few: exit 1, and the reason is printed.
const TOO_FEW: &[(&str, Attack)] = &[
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
    ("does not attest `app`", |it| it.signed_by_bob(|s| s["subject"][0]["name"] = json!("other"))),
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
        it.signed_by_bob(|s| s["predicate"]["buildDefinition"]["resolvedDependencies"] = json!([]))
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

#[needs("openssl")]
#[test]
fn two_builders_are_counted() {
    let it = Release::new();
    control(&it);
    let report = it.verify(&["--format", "json"]).json();
    assert_eq!(report["verdict"], "attested");
    assert_eq!(crate::schemas::errors("repro.report-1", &report), None, "{report:#}");
    fails(&it.project.repro(&["verify", "dist", "--keys", "trusted.toml"]), 2, &["--threshold N"]);
}

#[needs("openssl")]
#[test]
fn what_is_no_sound_attestation_is_refused() {
    let it = Release::new();
    for (words, attack) in MALFORMED {
        attack(&it);
        fails(&it.verify(&[]), 5, &[words]);
        control(&it);
    }
}

#[needs("openssl")]
#[test]
fn votes_that_do_not_count_have_their_reason() {
    let it = Release::new();
    for (words, attack) in TOO_FEW {
        attack(&it);
        let run = it.verify(&[]);
        let few = "NOT ENOUGH VOTES: 1 of 2 trusted builders attest every file, 2 have to";
        let but = match words.contains("other bytes") {
            true => "; other bytes are attested by bob",
            false => "",
        };
        assert_verdict(&run, 1, &format!("{few}{but}"));
        assert!(run.stdout.contains(words), "no `{words}` in {}", run.all());
        control(&it);
    }
}

/// No vote of it counts, though one digest is right.
#[needs("openssl")]
#[test]
fn two_digests_for_one_build_by_one_key_are_no_vote() {
    let it = Release::new();
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
    control(&it);
}

#[needs("openssl")]
#[test]
fn what_is_no_file_and_what_is_not_looked_at() {
    let it = Release::new();
    fails(&it.verify(&["--attestation", "none"]), 2, &["there is no file `none`"]);
    fails(&it.verify(&["--attestation", "dist"]), 5, &["there is no file `dist`"]);
    it.project.write("dist/.more", "x");
    assert!(it.verify(&[]).stdout.contains("`dist/.more` was not read: it is hidden"));
}

#[needs("openssl")]
#[test]
fn one_owner_of_two_keys_is_one_vote_and_a_key_has_one_owner() {
    let it = Release::new();
    it.trust(&[("alice", ALICE, "carol"), ("bob", BOB, "carol")]);
    assert_eq!(it.verify(&[]).code, Some(1));
    it.trust(&[("alice", ALICE, "alice"), ("alice", BOB, "bob")]);
    fails(&it.verify(&[]), 5, &["is in two groups"]);
}

/// Beside the release, deeper in it, or next to its files when the manifest is somewhere else.
#[needs("openssl")]
#[test]
fn keys_never_come_from_the_publisher() {
    let it = Release::new();
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
    assert_verdict(&it.project.repro(&args), 0, BOTH);
}

#[needs("openssl")]
#[test]
fn a_published_file_and_the_manifest_with_it_cannot_be_changed() {
    let it = Release::new();
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
    control(&it);
}
