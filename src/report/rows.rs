//! Rows of text reports: a label in the first twelve columns, and the text next to it.

use std::fmt::{Display, Write};

use repro_formats::digest::Digest;

use anstyle::Style;

use crate::artifact::Artifact;
use crate::term::BOLD;

/// The column of labels, empty.
pub(super) const INDENT: &str = "            ";

/// A row.
pub fn row(out: &mut String, style: Style, label: &str, text: impl Display) {
    let _ = writeln!(out, "{style}{label:<0$}{style:#} {text}", INDENT.len() - 1);
}

/// A line that continues a row.
pub fn under(out: &mut String, text: impl Display) {
    let _ = writeln!(out, "{INDENT}{text}");
}

/// The size and digest of a file, under its row.
pub fn digest(out: &mut String, label: &str, digest: &Digest) {
    under(out, format_args!("{label}{} bytes  sha256 {}", digest.size, digest.sha256));
}

/// How many of a list are only shown with `-v`.
pub fn rest(out: &mut String, all: usize, shown: usize) {
    if all > shown {
        under(out, format_args!("and {} more, listed with -v", all - shown));
    }
}

/// An artifact by name, kind, package and target; `aside` follows within the brackets.
pub fn named(x: &Artifact, aside: &str) -> String {
    let Artifact { name, kind, package, target, .. } = x;
    format!("{BOLD}{name}{BOLD:#} ({} of {package}, {target}{aside})", kind.name())
}
