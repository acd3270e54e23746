//! Arguments of `repro env`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::request::{BuildRequest, Inject, Selection, SourceChoice};

pub(super) const EXAMPLES: &str = "\
Examples:
  eval \"$(repro env)\" && cargo build --release --locked --offline
  repro env --format fish | source
  repro env --format powershell | Out-String | Invoke-Expression
  repro env --format github >>\"$GITHUB_ENV\"
  repro env --format dockerfile            lines for a Dockerfile with the source in /usr/src/NAME
  repro env --format json                  for other tools

A build with these settings produces the same bytes as `repro build --inject rustflags`.";

/// For whom the recipe is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EnvFormat {
    /// POSIX shells.
    Sh,
    /// fish.
    Fish,
    /// PowerShell.
    Powershell,
    /// ARG and ENV of a Dockerfile.
    Dockerfile,
    /// Lines for $GITHUB_ENV.
    Github,
    /// One JSON object, schema `repro.report/1`.
    Json,
}

/// Arguments of `repro env`.
#[derive(Args)]
pub struct EnvArgs {
    #[command(flatten)]
    selection: Selection,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// SOURCE_DATE_EPOCH, in seconds since 1970 [default: the variable, else the commit's time]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    epoch: Option<i64>,
    /// Output format
    #[arg(long, value_enum, default_value_t = EnvFormat::Sh)]
    pub format: EnvFormat,
}

impl EnvArgs {
    /// The plain values: those of a build with the same recipe.
    pub fn request(self) -> BuildRequest {
        let source = SourceChoice::of(self.manifest_path);
        BuildRequest {
            epoch: self.epoch,
            inject: Some(Inject::Rustflags),
            ..BuildRequest::of(source, self.selection)
        }
    }
}
