//! Package URLs of crates: <https://github.com/package-url/purl-spec>. Never a path of a machine.

use crate::manifest::Source;
use crate::manifest::components::Package;
use crate::source::git_url::percent_encoded as encode;

/// The one registry that a purl without qualifier means.
pub(super) const DEFAULT: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

/// The purl of a package; one in the source has the place of the source, where that is known.
pub(super) fn of(package: &Package, source: &Source) -> String {
    let start = format!("pkg:cargo/{}@{}", encode(&package.name, ""), encode(&package.version, ""));
    let (vcs, subpath) = match &package.source {
        Some(from) if DEFAULT.contains(&&**from) => return start,
        Some(from) => match git(from) {
            Some(vcs) => (vcs, None),
            None => {
                let url = from.split_once('+').map_or(&**from, |(_, url)| url);
                return format!("{start}?repository_url={}", encode(url, ":/"));
            }
        },
        None => match (of_source(source), &package.directory) {
            (Some(vcs), Some(directory)) => (vcs, Some(directory).filter(|d| *d != ".")),
            _ => return start,
        },
    };
    let subpath = subpath.map(|path| format!("#{}", encode(path, "/"))).unwrap_or_default();
    format!("{start}?vcs_url={}{subpath}", encode(&vcs, ":/"))
}

/// `git+URL@COMMIT` of cargo's `git+URL?rev=…#COMMIT`; the branch says nothing beside the commit.
pub(super) fn git(source: &str) -> Option<String> {
    let (url, commit) = source.strip_prefix("git+")?.rsplit_once('#')?;
    let url = url.split('?').next().unwrap_or(url);
    Some(format!("git+{}@{commit}", without_user(url)))
}

/// The same of the source that was built; none where no document names it.
pub fn of_source(source: &Source) -> Option<String> {
    let (remote, commit) = (source.remote.as_deref()?, source.commit.as_deref()?);
    let public = ["https://", "http://", "ssh://", "git://"].iter().any(|s| remote.starts_with(s));
    (public && !source.dirty).then(|| format!("git+{}@{commit}", without_user(remote)))
}

/// A URL without a user name, which would be taken for the end of it, and without a password.
fn without_user(url: &str) -> String {
    match url.split_once("://").map(|(scheme, rest)| (scheme, rest.split_once('/'))) {
        Some((scheme, Some((authority, path)))) => {
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}/{path}")
        }
        _ => url.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_purl() {
        let mut of_git = Source { kind: crate::manifest::SourceKind::Git, ..Source::default() };
        of_git.remote = Some("https://me@example.org/app.git".into());
        of_git.commit = Some("c0ffee".into());
        let purl = |from: Option<&str>, directory: Option<&str>, source: &Source| {
            let package = Package {
                name: "a-b".into(),
                version: "1.0.0+x".into(),
                source: from.map(str::to_string),
                directory: directory.map(str::to_string),
                ..Package::default()
            };
            of(&package, source)
        };
        let none = Source::default();
        let cases = [
            (Some(DEFAULT[0]), None, &of_git, ""),
            (
                Some("sparse+https://r.example/index/"),
                None,
                &none,
                "?repository_url=https://r.example/index/",
            ),
            (
                Some("git+https://g/x.git?branch=main#abc"),
                None,
                &of_git,
                "?vcs_url=git%2Bhttps://g/x.git%40abc",
            ),
            (None, Some("."), &of_git, "?vcs_url=git%2Bhttps://example.org/app.git%40c0ffee"),
            (
                None,
                Some("sub/dir"),
                &of_git,
                "?vcs_url=git%2Bhttps://example.org/app.git%40c0ffee#sub/dir",
            ),
            (None, Some("sub/dir"), &none, ""),
            (None, None, &of_git, ""),
        ];
        for (from, directory, source, want) in cases {
            let want = format!("pkg:cargo/a-b@1.0.0%2Bx{want}");
            assert_eq!(purl(from, directory, source), want);
        }
    }
}
