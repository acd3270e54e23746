//! How many builders attest the files of a build. Pure.
//!
//! A vote is a group of the trust file, however many keys or builders it has. A signature counts if its key is trusted
//! for the builder that the statement names, and the statement is about these files of this build.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::dsse::Envelope;
use super::statement::{self, Claim, Files};
use super::trust::{Trust, Trusted};

/// What became of one signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ballot {
    /// The file that it is in.
    pub file: String,
    /// The key, if it is trusted; else what the file calls it.
    pub key: String,
    /// The builder that the statement names.
    pub builder: Option<String>,
    /// Whose vote it is.
    pub group: Option<String>,
    /// Why it does not count, if it does not.
    pub why_not: Option<String>,
    /// A file of this build that a trusted builder attests with other bytes, whether or not the vote
    /// counts for the files that were published.
    pub other_bytes_of: Option<String>,
}

/// The count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Each signature.
    pub ballots: Vec<Ballot>,
    /// The groups that attest all files.
    pub groups: BTreeSet<String>,
}

const UNKNOWN: &str = "the key is not trusted";
const CERTIFIED: &str = "it is signed by a certificate, which `cosign verify-blob-attestation` verifies; only keys are counted here";
const LEDGER: &str = "the build took units from a ledger instead of building them twice (accepted with `--ledger-ok`)";

/// A signature that holds, and what it claims.
struct Signed {
    at: usize,
    key: String,
    claim: Claim,
}

/// Counts who attests these files of this build. `listed` are all files that its manifest lists. One that
/// took units from a ledger was not built in full, and counts with `ledger_ok`.
///
/// # Errors
/// A file is none that was signed as it is: its name, and why.
pub fn count(
    envelopes: &[(String, Envelope)],
    trust: &Trust,
    definition: &Value,
    files: &Files,
    listed: &Files,
    ledger_ok: bool,
) -> Result<Count, (String, String)> {
    let mut count = Count::default();
    let mut signed = Vec::new();
    for (file, envelope) in envelopes {
        for (id, signature) in &envelope.signatures {
            let held = if envelope.certified {
                Vec::new()
            } else {
                signer(envelope, id, signature, trust).map_err(|why| (file.clone(), why))?
            };
            let mut ballot = Ballot {
                file: file.clone(),
                key: id.clone(),
                why_not: Some(if envelope.certified { CERTIFIED } else { UNKNOWN }.to_string()),
                ..Ballot::default()
            };
            // Only now: a payload without a trusted signature is never parsed.
            if let Some(one) = held.first() {
                ballot.key = one.key.id();
                let read = statement::read(&envelope.payload);
                let read = read.map_err(|why| (file.clone(), format!("its payload: {why}")))?;
                let at = count.ballots.len();
                ballot.why_not = match read {
                    Err(why) => Some(why),
                    Ok(claim) => {
                        ballot.builder = Some(claim.builder.clone());
                        let pair = held.iter().find(|t| t.builder == claim.builder);
                        let why_not = match pair {
                            None => Some("the key is not trusted for this builder".to_string()),
                            Some(_) if claim.from_ledger && !ledger_ok => Some(LEDGER.to_string()),
                            Some(_) => unlike(&claim, definition, files),
                        };
                        if let Some(pair) = pair {
                            ballot.group = Some(pair.group.clone());
                            ballot.other_bytes_of = disputed(&claim, definition, files, listed);
                        }
                        signed.push(Signed { at, key: one.key.id(), claim });
                        why_not
                    }
                };
            }
            count.ballots.push(ballot);
        }
    }
    for at in conflicts(&signed) {
        count.ballots[at].why_not = Some(
            "the key signed different files for one build, so none of its votes counts".to_string(),
        );
    }
    let counted = count.ballots.iter().filter(|ballot| ballot.why_not.is_none());
    count.groups = counted.filter_map(|ballot| ballot.group.clone()).collect();
    Ok(count)
}

/// The trusted entries of the key that made a signature; none for an untrusted key.
fn signer<'t>(
    envelope: &Envelope,
    id: &str,
    signature: &[u8],
    trust: &'t Trust,
) -> Result<Vec<&'t Trusted>, String> {
    let named = |t: &&Trusted| id.is_empty() || t.key.id() == id || t.key.hint_of_cosign() == id;
    let candidates: Vec<&Trusted> = trust.trusted.iter().filter(named).collect();
    let held: Vec<&Trusted> =
        candidates.iter().copied().filter(|t| envelope.holds(&t.key, signature)).collect();
    match (candidates.is_empty(), held.is_empty()) {
        (false, true) if id.is_empty() => {
            Err("its signature names no key and fits no trusted key, or the file was altered"
                .into())
        }
        (false, true) => Err(format!("its signature by {} does not hold", id.escape_debug())),
        _ => Ok(held),
    }
}

/// Why a claim is not about these files of this build.
fn unlike(claim: &Claim, definition: &Value, files: &Files) -> Option<String> {
    if let Some(field) = differing("", &claim.definition, definition) {
        return Some(format!("it is about a different build: `{field}` differs"));
    }
    let missing = files.iter().find(|(name, sha256)| claim.files.get(*name) != Some(sha256));
    missing.map(|(name, _)| match claim.files.contains_key(name) {
        true => format!("it attests other bytes of `{}`", name.escape_debug()),
        false => format!("it does not attest `{}`", name.escape_debug()),
    })
}

/// The first file that a claim about this build has with other bytes.
fn disputed(claim: &Claim, definition: &Value, files: &Files, listed: &Files) -> Option<String> {
    if claim.definition != *definition {
        return None;
    }
    let known = |name| files.get(name).or_else(|| listed.get(name));
    let mut claimed = claim.files.iter();
    claimed.find(|(name, sha256)| known(*name).is_some_and(|k| k != *sha256)).map(|f| f.0.clone())
}

/// The first field that two documents have unlike.
fn differing(at: &str, a: &Value, b: &Value) -> Option<String> {
    let (Value::Object(x), Value::Object(y)) = (a, b) else {
        return (a != b).then(|| at.to_string());
    };
    let keys: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
    keys.into_iter().find_map(|key| {
        let below = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match (x.get(key), y.get(key)) {
            (Some(a), Some(b)) => differing(&below, a, b),
            _ => Some(below),
        }
    })
}

/// Ballots of keys that signed two digests of one file of one build.
fn conflicts(signed: &[Signed]) -> BTreeSet<usize> {
    let mut seen: BTreeMap<(&str, String, &str), &str> = BTreeMap::new();
    let mut guilty = BTreeSet::new();
    for one in signed {
        let build = one.claim.definition.to_string();
        for (name, sha256) in &one.claim.files {
            let first = *seen.entry((&one.key, build.clone(), name)).or_insert(sha256);
            if first != sha256 {
                guilty.insert(&*one.key);
            }
        }
    }
    signed.iter().filter(|s| guilty.contains(&*s.key)).map(|s| s.at).collect()
}
