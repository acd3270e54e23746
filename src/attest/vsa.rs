//! SLSA verification summary v1: what a verifier found of published files, after a rebuild of their own.
//! <https://slsa.dev/spec/v1.2/verification_summary>. No time is in it.

use serde_json::{Value, json};

use super::statement::{Files, STATEMENT};

/// The predicate's type.
pub const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What was demanded: every byte is that of the rebuild.
pub const POLICY: &str = "https://github.com/repro-rs/repro/policy/bit-identical/v1";
/// The level, of our own: SLSA has none for it.
pub const LEVEL: &str = "REPRO_BIT_IDENTICAL";
/// The property of SLSA's working draft: two or more builders who run their machines independently of each
/// other made the same bytes.
pub const PROPERTY: &str = "SLSA_BUILD_REPRODUCED";

/// A passed verification.
pub struct Passed<'a> {
    /// The files.
    pub files: &'a Files,
    /// Who verified.
    pub verifier: &'a str,
    /// Where the files are published.
    pub resource: &'a str,
    /// The manifest that the rebuild followed, and every attestation that was counted, by SHA-256.
    pub inputs: &'a [(String, String)],
    /// SHA-256 of the trust file, if one was used.
    pub trust: Option<&'a str>,
    /// Whether [`PROPERTY`] holds and was asked for.
    pub property: bool,
}

impl Passed<'_> {
    /// The bytes of the statement.
    pub fn statement(&self) -> Vec<u8> {
        let digest = |(name, sha256): (&String, &String)| json!({"name": name, "digest": {"sha256": sha256}});
        let mut policy = json!({"uri": POLICY});
        if let Some(sha256) = self.trust {
            policy["digest"] = json!({"sha256": sha256});
        }
        let levels = if self.property { vec![LEVEL, PROPERTY] } else { vec![LEVEL] };
        let mut predicate = json!({
            "verifier": {"id": self.verifier},
            "resourceUri": self.resource,
            "policy": policy,
            "verificationResult": "PASSED",
            "verifiedLevels": levels,
        });
        if !self.inputs.is_empty() {
            let inputs: Vec<Value> = self.inputs.iter().map(|(n, d)| digest((n, d))).collect();
            predicate["inputAttestations"] = json!(inputs);
        }
        json!({
            "_type": STATEMENT,
            "subject": self.files.iter().map(digest).collect::<Vec<_>>(),
            "predicateType": SUMMARY,
            "predicate": predicate,
        })
        .to_string()
        .into_bytes()
    }
}
