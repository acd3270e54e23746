//! Arguments of `repro attest`.

use std::path::PathBuf;

use clap::Args;

use crate::request::{AttestRequest, Signer};

pub(super) const EXAMPLES: &str = "\
Examples:
  openssl genpkey -algorithm ed25519 -out alice.pem
  repro attest --builder-id https://example.org/alice --key alice.pem
  repro attest --print-key --key alice.pem               for those who trust you
  repro attest --builder-id https://example.org/alice --key ~/.ssh/id_ed25519 --dsse
  repro attest --builder-id https://example.org/alice --ssh ~/.ssh/id_ed25519_sk.pub
  repro attest --builder-id https://example.org/alice --unsigned &&
    cosign attest-blob --statement target/repro/dist/provenance.intoto.json …";

/// Arguments of `repro attest`.
#[derive(Args)]
pub struct AttestArgs {
    /// The manifest of a build [default: that of the last `repro build`]
    manifest: Option<PathBuf>,
    /// URI that names you and the machine or service that built
    #[arg(long, value_name = "URI")]
    builder_id: Option<String>,
    /// Sign with this Ed25519 or P-256 key: PEM, or an OpenSSH key without a passphrase
    #[arg(long, value_name = "FILE", group = "signer", required_unless_present_any = ["ssh", "unsigned"])]
    key: Option<PathBuf>,
    /// Sign with ssh-keygen, for keys in an agent or in hardware
    #[arg(long, value_name = "KEY", group = "signer")]
    ssh: Option<PathBuf>,
    /// Only write the statement, for cosign or another signer
    #[arg(long, group = "signer")]
    unsigned: bool,
    /// With --key, add the signature to a file of DSSE envelopes instead of writing a sigstore bundle
    #[arg(long, conflicts_with_all = ["ssh", "unsigned"])]
    dsse: bool,
    /// With --unsigned, write only the predicate, for the attestation action of a CI platform
    #[arg(long, conflicts_with_all = ["key", "ssh"])]
    predicate: bool,
    /// Print the public key of --key as PEM and for OpenSSH, and its id
    #[arg(long, conflicts_with_all = ["ssh", "unsigned", "dsse"])]
    print_key: bool,
    /// Attest a build that took units from a ledger instead of building all of them twice
    #[arg(long)]
    ledger_ok: bool,
    /// Directory to write to [default: `dist` of the last build, else that of the manifest]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH", conflicts_with = "manifest")]
    manifest_path: Option<PathBuf>,
}

impl AttestArgs {
    /// The plain values.
    pub fn request(self) -> AttestRequest {
        let ssh = self.ssh.map(Signer::Ssh);
        AttestRequest {
            manifest: self.manifest,
            builder_id: self.builder_id,
            signer: self.key.map(Signer::Key).or(ssh).unwrap_or(Signer::Unsigned),
            dsse: self.dsse,
            predicate: self.predicate,
            print_key: self.print_key,
            ledger_ok: self.ledger_ok,
            output: self.output,
            manifest_path: self.manifest_path,
        }
    }
}
