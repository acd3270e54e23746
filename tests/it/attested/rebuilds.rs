//! A rebuild as one vote beside those of the trusted builders, and what is signed of it.

use super::*;

/// The last line where only alice's statement counts.
const FEW: &str = "NOT ENOUGH VOTES: 1 of 2 trusted builders attest every file, 2 have to";
/// How a rebuild is signed.
const SIGNED: &[&str] = &["--key", "bob.pem", "--link", "app.link", "--attest", "--slsa-property"];

/// A release of a real build, which alice attests and the user trusts alice and bob for.
struct Rebuilt {
    it: Release,
    source: String,
}

impl Rebuilt {
    fn new() -> Rebuilt {
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
        Rebuilt { it, source: source.display().to_string() }
    }

    fn verify(&self, more: &[&str]) -> Run {
        self.it.verify(&[&["--source", &self.source, "--rebuild"], more].concat())
    }

    fn signing(&self) -> Vec<&'static str> {
        let named = [
            "--verifier-id", "https://example.org/me", "--resource-uri", "https://example.org/app",
        ];
        [SIGNED, &named].concat()
    }

    /// The paths of what is signed.
    fn summary(&self) -> PathBuf {
        self.it.path("verification.sigstore.json")
    }

    #[track_caller]
    fn nothing_is_signed(&self) {
        assert!(!self.summary().exists() && !self.it.path("app.link").exists());
    }
}

const ONE: &[&str] = &["verify", "dist", "--keys", "trusted.toml", "--threshold", "1"];

#[needs("openssl")]
#[test]
fn one_statement_and_one_rebuild_are_two_votes_and_are_signed() {
    let rebuilt = Rebuilt::new();
    let it = &rebuilt.it;
    assert_verdict(&it.verify(&[]), 1, FEW);
    let two = "REPRODUCED BY 2: alice, this rebuild, 2 have to agree";
    let signing = rebuilt.signing();
    assert_verdict(&rebuilt.verify(&signing), 0, two);
    it.signed_rebuild(&rebuilt.summary());
    // For an owner who has voted it is no second vote, and what too few agree with is not signed.
    let alone = [&["--source", &rebuilt.source, "--rebuild=alice"], &signing[..]].concat();
    assert_verdict(&it.verify(&alone), 1, FEW);
    rebuilt.nothing_is_signed();
    // One owner is enough for this user, and not for SLSA.
    let run = it.project.repro(&[ONE, &alone].concat());
    fails(&run, 1, &["only alice agrees", "takes 2 builders", "nothing was signed"]);
    rebuilt.nothing_is_signed();
}

/// An SBOM has one name in a statement, so a good copy would hide a bad one.
#[needs("openssl")]
#[test]
fn each_published_sbom_has_to_be_attested() {
    let rebuilt = Rebuilt::new();
    let it = &rebuilt.it;
    it.sh("mkdir dist/more");
    assert_eq!(it.project.repro(&["sbom", "dist/repro.json", "-o", "dist"]).code, Some(0));
    it.sh("cp dist/*.cdx.json dist/more/");
    let run = it.project.repro(ONE);
    assert_verdict(&run, 0, "REPRODUCED BY 1: alice, 1 has to agree");
    // Nor does a name write lines of its own.
    it.sh("mv dist/more \"$(printf 'dist/more\\nREPRODUCED')\"; printf ' ' >>dist/sound-features.cdx.json");
    let run = it.project.repro(ONE);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("differs from another published file"), "{}", run.all());
    assert!(run.stdout.contains("more\\nREPRODUCED/") && !run.stdout.contains("\nREPRODUCED"));
    it.sh("rm -r dist/more* dist/*.cdx.json");
    // One in the newer format is attested if it was there.
    let newer = ["sbom", "dist/repro.json", "--spec", "1.7", "-o", "dist"];
    assert_eq!(it.project.repro(&newer).code, Some(0));
    assert_eq!(it.project.repro(ONE).code, Some(1));
    it.attest("alice", ALICE, &[]);
    assert_verdict(&it.project.repro(ONE), 0, "REPRODUCED BY 1: alice, 1 has to agree");
}

#[needs("openssl")]
#[test]
fn other_bytes_by_a_trusted_builder_are_in_the_last_line_and_in_the_report() {
    let rebuilt = Rebuilt::new();
    let it = &rebuilt.it;
    it.attest("bob", BOB, &[]);
    it.signed_by_bob(|s| s["subject"][0]["digest"]["sha256"] = json!("a".repeat(64)));
    assert_verdict(&it.verify(&[]), 1, &format!("{FEW}; other bytes are attested by bob"));
    let report = rebuilt.verify(&["--format", "json"]).json();
    assert_eq!(crate::schemas::errors("repro.report-1", &report), None, "{report:#}");
    assert_eq!(report["groups"], json!(["alice", "this rebuild"]));
    assert_eq!(report["ballots"][1]["other_bytes_of"], "sound-features");
    assert_eq!(report["rebuild"]["vote"], true);
    assert_eq!(report["rebuild"]["report"]["verdict"], "reproduced");
}

/// A publisher and every trusted builder, against the rebuild.
#[needs("openssl")]
#[test]
fn no_majority_makes_a_pass_of_what_a_rebuild_denies() {
    let rebuilt = Rebuilt::new();
    let it = &rebuilt.it;
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
    assert_verdict(&it.verify(&[]), 0, BOTH);
    let run = rebuilt.verify(&rebuilt.signing());
    rebuilt.nothing_is_signed();
    let verdict = "NOT CONFIRMED BY THE REBUILD: the published files are attested by alice, bob";
    assert_verdict(&run, 1, verdict);
    assert!(run.stdout.contains("rebuild     DIFFERS"), "{}", run.all());
}

/// What would be lost, and a group that is a typing error.
#[needs("openssl")]
#[test]
fn options_without_a_use_are_refused() {
    let rebuilt = Rebuilt::new();
    let it = &rebuilt.it;
    fails(&it.verify(&["--source", "."]), 2, &["add --rebuild"]);
    fails(&it.verify(&["--anyway"]), 2, &["--anyway has no use without a build"]);
    fails(&it.verify(&["--rebuild=alcie"]), 2, &["has no such group"]);
    fails(&it.verify(&rebuilt.signing()), 2, &["--attest has no use without a build"]);
    let verify = |more: &[&str]| it.project.repro(&[&["verify", "dist"], more].concat());
    fails(&verify(&rebuilt.signing()), 2, &["--slsa-property", "--keys FILE --rebuild"]);
    fails(&verify(&["--link", "app.link"]), 2, &["--key"]);
    fails(&verify(&["--key", "bob.pem"]), 2, &["--attest", "--link"]);
    it.sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem");
    fails(&verify(&["--link", "l", "--key", "p256.pem"]), 5, &["p256.pem", "Ed25519"]);
    fails(&it.project.repro(&["verify", "dist", "--rebuild"]), 2, &["--keys"]);
}
