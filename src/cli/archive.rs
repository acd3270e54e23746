//! Arguments of `repro archive`.

use std::path::PathBuf;

use clap::Args;
use repro_formats::formats;

use super::output::Format;
use crate::request;

pub(super) const EXAMPLES: &str = "\
Examples:
  repro archive                            the artifacts of the last proven build, with
                                           what [package.metadata.repro.archive] names
  repro archive --format tar.gz,tar.xz --include README.md --include 'LICENSE*'
  repro archive --format tar.gz,oci --base debian@sha256:…   an image on a local OCI layout
  repro archive --format oci --base scratch                  an image of static programs
  repro archive DIR -o out.tar.gz          the content of any directory
  repro archive a.txt doc -o out.tar.xz       a list of files and directories
  repro archive --show-policy              order, owners, modes and times, and why";

/// Arguments of `repro archive`.
#[derive(Args)]
pub struct ArchiveArgs {
    /// Files and directories to pack instead of a build; a single directory is packed by its content
    paths: Vec<PathBuf>,
    /// File to write the archive of PATH to; SHA256SUMS next to it gets a line
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Archive formats, `oci` for a container image, and `json` for the report [default: by the
    /// name of -o; of a build `tar.gz`, of Windows targets `zip`]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = format_names())]
    format: Vec<String>,
    /// What an image is based on: an OCI layout (a directory or tar) with the digest of an image or
    /// index in it, or `scratch`; several for several architectures [default: the digest that
    /// Cargo.toml has]
    #[arg(long = "base", value_name = "LAYOUT[@sha256:DIGEST]")]
    bases: Vec<String>,
    /// Compression level [default: that of the format]
    #[arg(long, value_name = "N")]
    level: Option<u32>,
    /// Threads that compress; the bytes do not depend on it [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// The time of all members, in seconds since 1970 [default: the build's; of PATH
    /// SOURCE_DATE_EPOCH, else 1980-01-01]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    epoch: Option<i64>,
    /// Pack this too: a file, directory or pattern of the source, or `FILE=NAME`; can be given
    /// several times
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Put PATH under this directory in the archive
    #[arg(long, value_name = "DIR")]
    prefix: Option<String>,
    /// The name in `<name>-<version>-<target>` [default: the package's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The version in `<name>-<version>-<target>` [default: the package's]
    #[arg(long, value_name = "VERSION")]
    release: Option<String>,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Do not write SHA256SUMS next to the archive of PATH
    #[arg(long)]
    no_sums: bool,
    /// Pack a build of a dirty working tree, whose source cannot be retrieved
    #[arg(long)]
    allow_dirty: bool,
    /// Pack a build that was compared with one in the same environment only
    #[arg(long)]
    allow_nothing_varied: bool,
    /// Pack a build that was made once, with `repro build --once`, and not compared
    #[arg(long)]
    allow_single: bool,
    /// Pack a build that took units from a ledger instead of building all of them twice
    #[arg(long)]
    ledger_ok: bool,
    /// Print how member metadata (order, owner, mode, time) is set, and exit
    #[arg(long)]
    pub show_policy: bool,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    let names = formats::FORMATS.iter().map(|f| f.name);
    names.chain([request::OCI, "json"]).collect::<Vec<_>>().into()
}

impl ArchiveArgs {
    /// Format of the report.
    pub fn report(&self) -> Format {
        if self.format.iter().any(|f| f == "json") { Format::Json } else { Format::Text }
    }

    /// The plain values.
    pub fn request(self) -> request::Archive {
        request::Archive {
            detail: self.report() == Format::Json,
            paths: self.paths,
            output: self.output,
            formats: self.format.into_iter().filter(|f| f != "json").collect(),
            bases: self.bases,
            level: self.level,
            jobs: self.jobs.map(usize::from),
            epoch: self.epoch,
            include: self.include,
            prefix: self.prefix,
            name: self.name,
            release: self.release,
            manifest_path: self.manifest_path,
            sums: !self.no_sums,
            allow_nothing_varied: self.allow_nothing_varied,
            allow_dirty: self.allow_dirty,
            allow_single: self.allow_single,
            ledger_ok: self.ledger_ok,
        }
    }
}
