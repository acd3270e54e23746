//! Sorts the arguments of `repro verify`: the manifest, published files, lists of digests, and
//! anything else. A directory means the release in it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use repro_formats::names::visible;

use crate::error::{bad_input, host, usage};
use crate::project::publish::{DIST, MANIFEST};
use crate::source::git_url;
use crate::{fs, manifest};

/// Ends of names of files that say something about a release and are not part of what is built.
const SIGNATURES: &[&str] = &[
    ".asc", ".sig", ".minisig", ".pem", ".crt", ".sigstore.json", ".intoto.json", ".intoto.jsonl",
    ".bundle",
];
/// Ends of names of lists of digests.
const SUMS: &[&str] = &["SHA256SUMS", "SHA256SUMS.txt", ".sha256", ".sha256sum"];

/// The input, sorted out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Input {
    /// The manifest.
    pub(super) manifest: Option<PathBuf>,
    /// What the user named.
    pub(super) named: Vec<PathBuf>,
    /// Published files that the user named, or that a directory holds.
    pub(super) files: Vec<PathBuf>,
    /// Lists of digests.
    pub(super) sums: Vec<PathBuf>,
    /// Signatures and the like, which are not checked here.
    pub(super) unchecked: Vec<PathBuf>,
    /// Hidden files, releases in directories of their own, and links to directories.
    pub(super) skipped: Vec<PathBuf>,
    /// The whole release is meant: what the manifest lists is looked for.
    pub(super) whole: bool,
}

/// Sorts out what was named.
///
/// # Errors
/// A file is not there or cannot be read; two manifests; no manifest.
pub(super) fn sort(named: &[PathBuf], manifest: Option<&PathBuf>) -> Result<Input> {
    let mut input =
        Input { manifest: manifest.cloned(), named: named.to_vec(), ..Input::default() };
    for path in named {
        if path.is_dir() { directory(path, &mut input)? } else { file(path, &mut input)? }
    }
    if input.manifest.is_none() {
        input.manifest = Some(beside(&input)?);
    }
    input.whole |= input.files.is_empty();
    Ok(input)
}

impl Input {
    /// What the reader of the report should know of the files.
    pub(super) fn notes(&self) -> Vec<String> {
        let of = |paths: &[PathBuf], what: &str| -> Vec<String> {
            let each = paths.iter().map(|p| visible(&p.display().to_string()));
            each.map(|p| format!("`{p}` was not {what}")).collect()
        };
        let signatures = "checked: count signed statements with `--keys`, and verify other signatures with their own tool";
        let skipped = "read: it is hidden, a link to a directory, or a separate release";
        [of(&self.unchecked, signatures), of(&self.skipped, skipped)].concat()
    }
}

fn directory(dir: &Path, input: &mut Input) -> Result<()> {
    input.whole = true;
    let release = match dir.join(MANIFEST).is_file() || !dir.join(DIST).join(MANIFEST).is_file() {
        true => dir.to_owned(),
        false => dir.join(DIST),
    };
    let mut skipped = Vec::new();
    let mut enter = |path: &Path| {
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        let other = path != release && path.is_dir() && path.join(MANIFEST).is_file();
        let skip = hidden || other;
        if skip {
            skipped.push(path.to_owned());
        }
        !skip
    };
    let mut found = fs::walk(&release, &mut enter)?;
    if release != dir {
        found.extend(fs::walk(dir, &mut |path| path != release && enter(path))?);
    }
    for (path, meta) in found.iter().filter(|(_, meta)| !meta.is_dir()) {
        match meta.is_symlink() && path.is_dir() {
            true => input.skipped.push(path.clone()),
            false => file(path, input)?,
        }
    }
    input.skipped.extend(skipped);
    Ok(())
}

fn file(path: &Path, input: &mut Input) -> Result<()> {
    let shown = path.display();
    if !path.is_file() {
        let text = path.to_string_lossy();
        return Err(match git_url::is_address(&text) && text.contains("://") {
            true => usage(format!(
                "`{shown}` is a URL: download the file first, `repro verify` fetches nothing but source"
            )),
            false => match std::fs::metadata(path) {
                Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                    host(format!("failed to look at `{shown}`: {e}"))
                }
                _ if input.named.iter().any(|named| named == path) => {
                    usage(format!("there is no file `{shown}`: check the path"))
                }
                _ => bad_input(format!("`{shown}` is a link that leads to no file: remove it")),
            },
        });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
    if SIGNATURES.iter().any(|end| is_about_another(path, &name, end)) {
        input.unchecked.push(path.to_owned());
    } else if ends(SUMS) {
        input.sums.push(path.to_owned());
    } else if is_manifest(path, input.manifest.is_none())? {
        match &input.manifest {
            None => input.manifest = Some(path.to_owned()),
            Some(one) if same_file(one, path) => {}
            Some(one) => {
                return Err(usage(format!(
                    "`{}` and `{shown}` are both manifests: name the one to verify with --manifest, or compare them with --against",
                    one.display()
                )));
            }
        }
    } else {
        input.files.push(path.to_owned());
    }
    Ok(())
}

/// A signature is of a file next to it, or a JSON document; any other file may be a program.
fn is_about_another(path: &Path, name: &str, end: &str) -> bool {
    let Some(signed) = name.strip_suffix(end).filter(|signed| !signed.is_empty()) else {
        return false;
    };
    let json = || fs::read_text(path).is_ok_and(|text| text.starts_with('{'));
    path.with_file_name(signed).is_file() || end.contains(".json") && json()
}

/// A manifest names its schema. A broken one is known by its file name, or, where one is `wanted`, by
/// looking like JSON and being no other document, such as an SBOM.
pub(super) fn is_manifest(path: &Path, wanted: bool) -> Result<bool> {
    let what = || format!("failed to read `{}`", path.display());
    let mut head = [0; 64];
    let n = File::open(path).with_context(what)?.take(64).read(&mut head).with_context(what)?;
    let json = head[..n].trim_ascii_start().starts_with(b"{");
    if path.file_name().is_some_and(|n| n == MANIFEST) {
        return Ok(true);
    }
    if !json && path.extension().is_none_or(|e| e != "json") {
        return Ok(false);
    }
    if std::fs::metadata(path).with_context(what)?.len() > manifest::LONGEST {
        return Ok(wanted);
    }
    let text = std::fs::read(path).with_context(what)?;
    let document = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&text);
    Ok(match document {
        Ok(document) => {
            let schema = document.get("schema").and_then(|s| s.as_str()).unwrap_or_default();
            schema.starts_with("repro.manifest/")
        }
        Err(_) => wanted && !SIGNATURES.iter().any(|end| path.to_string_lossy().ends_with(end)),
    })
}

fn beside(input: &Input) -> Result<PathBuf> {
    let Some(first) = input.files.first().or(input.sums.first()) else {
        return Err(usage("name a manifest, a release directory or a published file"));
    };
    let beside = first.with_file_name(MANIFEST);
    match beside.is_file() {
        true => Ok(beside),
        false => Err(bad_input(format!(
            "there is no `{}` next to `{}`: give the manifest with --manifest; where none is published, put the file behind --artifact: `repro verify --source SOURCE --artifact {}`",
            beside.display(),
            first.display(),
            first.display()
        ))),
    }
}

/// The lines of a list of digests: name and SHA-256.
///
/// # Errors
/// A line that is none, by number.
pub(super) fn listed(path: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_text(path)?;
    let wrong = |i: usize| {
        bad_input(format!(
            "line {} of `{}` is not a SHA-256 and a file name",
            i + 1,
            path.display()
        ))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(i, line)| sum(line, path).ok_or_else(|| wrong(i))).collect()
}

/// One line: `DIGEST  NAME` or `DIGEST *NAME`, `SHA256 (NAME) = DIGEST`, or in `NAME.sha256` a digest
/// alone.
fn sum(line: &str, path: &Path) -> Option<(String, String)> {
    let (name, digest) = match line.strip_prefix("SHA256 (") {
        Some(bsd) => bsd.rsplit_once(") = ")?,
        None if line.len() == 64 => (path.file_stem()?.to_str()?, line),
        None => {
            let (digest, name) = line.split_at_checked(64)?;
            (name.strip_prefix("  ").or_else(|| name.strip_prefix(" *"))?, digest)
        }
    };
    let digest = digest.to_ascii_lowercase();
    let hexadecimal = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    (hexadecimal && !name.is_empty()).then(|| (name.to_string(), digest))
}

/// Whether both paths lead to one file.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_tool_are_read() {
        let digest = "a".repeat(64);
        let read = |line: &str| sum(line, Path::new("d/app.sha256"));
        for line in [
            format!("{digest}  x y"),
            format!("{} *x y", digest.to_uppercase()),
            format!("SHA256 (x y) = {digest}"),
        ] {
            assert_eq!(read(&line), Some(("x y".into(), digest.clone())), "{line}");
        }
        assert_eq!(read(&digest), Some(("app".into(), digest.clone())));
        for bad in ["x", "SHA256 (x) = 1", &format!("{digest} x"), &format!("\\{digest}  x")] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_release_directory_is_sorted_out() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).unwrap();
            dir.path().join(name)
        };
        let manifest = put("repro.json", r#"{"schema": "repro.manifest/2"}"#);
        let sums = put("SHA256SUMS", "");
        let archive = put("app.tar.gz", "x");
        let sbom = put("app.cdx.json", r#"{"bomFormat": "CycloneDX"}"#);
        let signature = put("app.tar.gz.asc", "x");
        put(".hidden", "x");
        let input = sort(&[dir.path().to_owned()], None).unwrap();
        assert_eq!(input.manifest.as_ref(), Some(&manifest));
        assert_eq!(input.files, [sbom, archive.clone()]);
        assert_eq!((&input.sums, &input.unchecked), (&vec![sums], &vec![signature]));
        assert!(input.whole);
        let one = sort(std::slice::from_ref(&archive), None).unwrap();
        assert_eq!(
            (one.manifest, one.files, one.whole),
            (Some(manifest.clone()), vec![archive], false)
        );
        let other = put("other.json", r#"{"schema": "repro.manifest/2", "x": 1}"#);
        assert!(sort(&[manifest, other], None).unwrap_err().to_string().contains("both manifests"));
    }
}
