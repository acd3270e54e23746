//! Attestations: what a build says of its files, signed, in the formats that others read (in-toto
//! Statement v1 with SLSA provenance v1, DSSE, sigstore bundle v0.3); and the count of the builders
//! that a verifier trusts. Pure: files and processes are the callers'.

pub mod der;
pub mod dsse;
pub mod keys;
pub mod link;
pub mod openssh;
pub mod statement;
pub mod strict;
pub mod trust;
pub mod votes;
pub mod vsa;
