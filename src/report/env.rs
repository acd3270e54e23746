//! The recipe for people who run cargo themselves, as the renderings need it.

use crate::recipe::export::Variable;

/// The recipe for people who run cargo themselves.
pub struct EnvReport {
    /// The variables, but for the compiler's flags.
    pub variables: Vec<Variable>,
    /// The compiler's flags, the user's own first.
    pub flags: Vec<String>,
    /// The user's environment has CARGO_ENCODED_RUSTFLAGS, which is stronger than RUSTFLAGS.
    pub encoded_is_set: bool,
    /// The umask.
    pub umask: String,
    /// The command to run.
    pub cargo: Vec<String>,
    /// Things that the user should know.
    pub notes: Vec<String>,
}

pub(super) const ENCODED: &str = "CARGO_ENCODED_RUSTFLAGS";
pub(super) const FLAGS_WHY: &str =
    "paths in panic messages and debug info, and linker output that varies";

impl EnvReport {
    pub(super) fn encoded(&self) -> String {
        self.flags.join("\u{1f}")
    }

    /// One variable for all flags: RUSTFLAGS can be read, but holds no flag with a space.
    pub(super) fn readable(&self) -> (&'static str, String) {
        let spaced = self.flags.iter().any(|f| f.contains(char::is_whitespace));
        match spaced || self.encoded_is_set {
            true => (ENCODED, self.encoded()),
            false => ("RUSTFLAGS", self.flags.join(" ")),
        }
    }
}
