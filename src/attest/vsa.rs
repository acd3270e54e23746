//! SLSA verification summary v1: what a verifier found of published files, after a rebuild of their own.
//! <https://slsa.dev/spec/v1.2/verification_summary>. No time is in it.

use serde_json::json;

use super::statement::{Files, STATEMENT};

/// The predicate's type.
pub const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What was demanded: every byte is that of the rebuild.
pub const POLICY: &str = "https://github.com/repro-rs/repro/policy/bit-identical/v1";
/// The level, of our own: SLSA has none for it.
pub const LEVEL: &str = "REPRO_BIT_IDENTICAL";

/// The bytes of the statement that these files were reproduced. `manifest` is the digest of the
/// manifest that the rebuild followed, where there was one.
pub fn passed(files: &Files, verifier: &str, resource: &str, manifest: Option<&str>) -> Vec<u8> {
    let subject =
        |(name, sha256): (&String, &String)| json!({"name": name, "digest": {"sha256": sha256}});
    let mut predicate = json!({
        "verifier": {"id": verifier},
        "resourceUri": resource,
        "policy": {"uri": POLICY},
        "verificationResult": "PASSED",
        "verifiedLevels": [LEVEL],
    });
    if let Some(sha256) = manifest {
        predicate["inputAttestations"] =
            json!([{"name": "repro.json", "digest": {"sha256": sha256}}]);
    }
    json!({
        "_type": STATEMENT,
        "subject": files.iter().map(subject).collect::<Vec<_>>(),
        "predicateType": SUMMARY,
        "predicate": predicate,
    })
    .to_string()
    .into_bytes()
}
