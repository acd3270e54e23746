//! Paths as other programs take them. Windows resolves a path to its verbatim form, `\\?\C:\x`, which
//! neither cargo, rustc's remaps nor git take for the same place as `C:\x`.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::names::visible;

use crate::error::{host, usage};

/// The longest path that every program on Windows opens, and one more.
const LONGEST: usize = 260;

/// Names that are devices in every directory, with any ending.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// These are, with a digit behind them.
const NUMBERED: [&str; 2] = ["COM", "LPT"];

/// The path without symbolic links, in the form that other programs use.
///
/// # Errors
/// There is nothing at the path, or it cannot be looked at.
pub fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = std::fs::canonicalize(path)?;
    if !cfg!(windows) {
        return Ok(path);
    }
    Ok(path.to_str().and_then(without_prefix).map_or(path.clone(), PathBuf::from))
}

/// What the command line names has to be there: a path that leads to nothing is a mistake on the
/// command line, whatever the command would do with it.
///
/// # Errors
/// A usage error for the first path with nothing at it; one of the host where that cannot be known.
pub fn given<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    paths.into_iter().try_for_each(|path| match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(()),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            let shown = visible(&path.display().to_string());
            Err(usage(format!("there is no file `{shown}`: check the path")))
        }
        Err(e) => Err(host(format!("failed to look at `{}`: {e}", path.display()))),
    })
}

/// The same, with an error that names the path.
pub fn resolve(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    canonicalize(path).with_context(|| format!("failed to resolve `{}`", path.display()))
}

/// Where a file is written that the user named: if it is a link, where the link leads, and the link stays.
/// Not for names that come with a source, whose links can lead anywhere.
pub fn through_link(path: &Path) -> PathBuf {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
    let leads = is_link.then(|| canonicalize(path).ok()).flatten();
    leads.unwrap_or_else(|| path.to_owned())
}

/// A verbatim path without its prefix; `None` if it would then be another place, or is none.
fn without_prefix(path: &str) -> Option<String> {
    let rest = path.strip_prefix(r"\\?\")?;
    let (start, below) = match rest.strip_prefix(r"UNC\") {
        Some(share) => (r"\\", share),
        None => ("", rest.get(3..).filter(|_| is_drive(rest))?),
    };
    let plain = match start {
        "" => rest.to_string(),
        start => format!("{start}{below}"),
    };
    let stays = below.split('\\').filter(|part| !part.is_empty()).all(is_plain);
    (stays && plain.encode_utf16().count() < LONGEST).then_some(plain)
}

fn is_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() >= 3 && bytes[0].is_ascii_alphabetic() && &bytes[1..3] == br":\"
}

/// Whether a name is the same file without the prefix: no device, nothing that Windows cuts off.
fn is_plain(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let device = DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device));
    let numbered = stem.char_indices().nth(3).is_some_and(|(at, _)| {
        let (start, digits) = stem.split_at(at);
        NUMBERED.iter().any(|device| start.eq_ignore_ascii_case(device))
            && digits.chars().count() == 1
            && digits.chars().all(|c| c.is_ascii_digit() || "¹²³".contains(c))
    });
    !device && !numbered && !name.ends_with(['.', ' ']) && !name.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verbatim_path_is_shortened_only_where_it_stays_the_same_place() {
        let long = format!(r"\\?\C:\{}", "x".repeat(LONGEST));
        for (verbatim, want) in [
            (r"\\?\C:\Users\alice\app", Some(r"C:\Users\alice\app")),
            (r"\\?\Z:\", Some(r"Z:\")),
            (r"\\?\C:\consult\com10\nullable.rs", Some(r"C:\consult\com10\nullable.rs")),
            (r"\\?\UNC\server\share\app", Some(r"\\server\share\app")),
            (r"\\?\C:\app\nul.txt", None),
            (r"\\?\C:\app\Com1", None),
            (r"\\?\C:\app\lpt².x", None),
            (r"\\?\C:\app\ends. \x", None),
            (r"\\?\Volume{b75e2c83-0000-0000-0000-602f00000000}\app", None),
            (r"\\?\GLOBALROOT\Device", None),
            (r"C:\app", None),
            (long.as_str(), None),
        ] {
            assert_eq!(without_prefix(verbatim).as_deref(), want, "{verbatim}");
        }
    }

    #[test]
    fn a_path_that_is_resolved_has_no_prefix_and_is_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = canonicalize(dir.path()).unwrap();
        assert!(!path.display().to_string().starts_with(r"\\?\"), "{path:?}");
        assert_eq!(path.canonicalize().unwrap(), dir.path().canonicalize().unwrap());
        assert!(canonicalize(dir.path().join("none")).is_err());
    }
}
