//! The caps on what a file may ask for, which several subcommands take.

use clap::Args;
use repro_formats::limits::Limits;

/// What an archive may ask for before it is refused.
#[derive(Args, Clone, Debug)]
pub struct LimitArgs {
    /// Refuse archives with more members
    #[arg(long, value_name = "N", default_value_t = Limits::default().entries, help_heading = "Caps")]
    max_entries: u64,
    /// Refuse archives that unpack to more bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().bytes, help_heading = "Caps")]
    max_bytes: u64,
    /// Refuse archives that unpack to over 64 MiB and to more than N times their size
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Caps")]
    max_ratio: u64,
}

impl LimitArgs {
    /// The plain values.
    pub fn limits(&self) -> Limits {
        Limits { entries: self.max_entries, bytes: self.max_bytes, ratio: self.max_ratio }
    }
}
