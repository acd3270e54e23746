//! Examples of `repro attest`.

pub(super) const EXAMPLES: &str = "\
Examples:
  openssl genpkey -algorithm ed25519 -out alice.pem
  repro attest --builder-id https://example.org/alice --key alice.pem
  repro attest --print-key --key alice.pem               for those who trust you
  repro attest --builder-id https://example.org/alice --key ~/.ssh/id_ed25519 --dsse
  repro attest --builder-id https://example.org/alice --ssh ~/.ssh/id_ed25519_sk.pub
  repro attest --builder-id https://example.org/alice --unsigned &&
    cosign attest-blob --statement target/repro/dist/provenance.intoto.json …";
