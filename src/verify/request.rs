//! What `repro verify` was asked for, as plain values.

use std::path::PathBuf;

use crate::cause::Cause;
use crate::limits::Limits;
use crate::request::BuildRequest;
use crate::setting::Accept;

/// A source that is not the manifest's own word.
#[derive(Clone, Debug)]
pub enum Given {
    /// `--source`.
    Source(String),
    /// `--crate`.
    Crate(String),
}

/// What was asked for.
#[derive(Default)]
pub struct VerifyRequest {
    /// Manifests, published files and directories of them.
    pub files: Vec<PathBuf>,
    /// `--manifest`.
    pub manifest: Option<PathBuf>,
    /// `--artifact`: there is no manifest.
    pub artifacts: Vec<PathBuf>,
    /// `--source` or `--crate`.
    pub source: Option<Given>,
    /// What to build where there is no manifest.
    pub build: BuildRequest,
    /// `--allow-toolchain`.
    pub allow_toolchain: bool,
    /// `--sandbox`.
    pub sandbox: bool,
    /// `--accept`.
    pub accept: Vec<Cause>,
    /// `--accept-setting`.
    pub accept_settings: Vec<Accept>,
    /// `--manifest-only`.
    pub manifest_only: bool,
    /// `--anyway`.
    pub anyway: bool,
    /// `--against`.
    pub against: Vec<PathBuf>,
    /// `--threshold`.
    pub threshold: Option<usize>,
    /// `--output`.
    pub output: Option<PathBuf>,
    /// `--max-entries`, `--max-bytes`, `--max-ratio`.
    pub limits: Limits,
}
