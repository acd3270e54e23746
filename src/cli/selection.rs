//! Which part of a project cargo builds, spelled as cargo's own flags.

use clap::Args;

use crate::request::Selection;

/// The flags.
#[derive(Args)]
pub struct SelectionArgs {
    /// Package to build (same as cargo)
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Selection")]
    packages: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, help_heading = "Selection")]
    workspace: bool,
    /// Build only the library
    #[arg(long, help_heading = "Selection")]
    lib: bool,
    /// Build only this binary
    #[arg(long = "bin", value_name = "NAME", help_heading = "Selection")]
    bins: Vec<String>,
    /// Build all binaries
    #[arg(long = "bins", help_heading = "Selection")]
    all_bins: bool,
    /// Features to enable (same as cargo)
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = "Selection")]
    features: Vec<String>,
    /// Enable all features
    #[arg(long, help_heading = "Selection")]
    all_features: bool,
    /// Do not enable the `default` feature
    #[arg(long, help_heading = "Selection")]
    no_default_features: bool,
    /// Target triple; can be given several times
    #[arg(long = "target", value_name = "TRIPLE", help_heading = "Selection")]
    targets: Vec<String>,
    /// Profile [default: release]
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    profile: Option<String>,
}

impl SelectionArgs {
    /// The plain values.
    pub(super) fn selection(self) -> Selection {
        Selection {
            packages: self.packages,
            workspace: self.workspace,
            lib: self.lib,
            bins: self.bins,
            all_bins: self.all_bins,
            features: self.features,
            all_features: self.all_features,
            no_default_features: self.no_default_features,
            targets: self.targets,
            profile: self.profile,
        }
    }
}
