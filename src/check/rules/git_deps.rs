//! Git dependencies: the four conditions under which one is as good as a crate of a registry.
//! A full commit id, a comment that says when the dependency can go, a row in deny.toml, and an entry in the SBOM.

use crate::cargo::lockfile::Locked;
use crate::check::facts::Facts;
use crate::check::facts::manifests::Dependency;
use crate::check::hit::Hit;

fn git(facts: &Facts) -> impl Iterator<Item = (&Dependency, &str)> {
    facts.dependencies.iter().filter_map(|d| Some((d, d.git.as_deref()?)))
}

fn hit(dependency: &Dependency, message: String) -> Hit {
    Hit { package: Some(dependency.name.clone()), ..Hit::at(dependency.place.clone(), message) }
}

fn is_full(rev: &str) -> bool {
    let digit = |b: u8| b.is_ascii_hexdigit();
    // Repositories with SHA-256 have commits of 64 digits.
    [40, 64].contains(&rev.len()) && rev.bytes().all(digit)
}

pub(in crate::check) fn rev(facts: &Facts) -> Vec<Hit> {
    let of = |(d, _): (&Dependency, &str)| {
        let what = match (&d.rev, &d.tag, &d.branch) {
            (Some(rev), ..) if is_full(rev) => return None,
            (Some(rev), ..) => format!("the rev `{rev}`, which is not a whole commit id"),
            (_, Some(tag), _) => format!("the tag `{tag}`, which can be moved"),
            (_, _, Some(branch)) => format!("the branch `{branch}`, which moves"),
            _ => "the default branch, which moves".to_string(),
        };
        Some(hit(d, format!("`{}` is taken from git by {what}", d.name)))
    };
    git(facts).filter_map(of).collect()
}

/// Words by which a comment names the condition under which the dependency is to go.
const UNTIL: &[&str] = &["until", "once", "when", "remove", "drop", "replace", "back to"];

pub(in crate::check) fn comment(facts: &Facts) -> Vec<Hit> {
    let of = |(d, _): (&Dependency, &str)| {
        let lower = d.comment.to_lowercase();
        let lacks = if lower.trim().is_empty() {
            "has no comment right above it"
        } else if links(&d.comment).is_empty() {
            "has a comment without a link"
        } else if !UNTIL.iter().any(|w| has_word(&lower, w)) {
            "has a comment that does not say when it can be removed"
        } else {
            return None;
        };
        Some(hit(d, format!("the git dependency `{}` {lacks}", d.name)))
    };
    git(facts).filter_map(of).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric())
    })
}

/// The links of a comment, without what ends the sentence.
fn links(comment: &str) -> Vec<&str> {
    let words = comment.split(|c: char| c.is_whitespace() || "<>()\"'`".contains(c));
    let links = words.filter(|w| w.starts_with("https://") || w.starts_with("http://"));
    links.map(|w| w.trim_end_matches(['.', ',', ':', ';'])).collect()
}

pub(in crate::check) fn allow(facts: &Facts) -> Vec<Hit> {
    let of = |(d, url): (&Dependency, &str)| {
        let Some(deny) = &facts.deny else {
            return Some(hit(
                d,
                format!("`{}` is taken from git, and there is no deny.toml that allows it", d.name),
            ));
        };
        let file = facts.shown(&deny.path);
        let row = deny.rows.iter().find(|r| same_repository(&r.url, url));
        let Some(row) = row else {
            let message = format!(
                "`{}` is taken from git, and `allow-git` of {file} has no row for {url}",
                d.name
            );
            return Some(hit(d, message));
        };
        let wanted = links(&d.comment);
        let there = links(&row.comment);
        if wanted.is_empty() || wanted.iter().any(|l| there.contains(l)) {
            return None;
        }
        let message =
            format!("the row for {url} in {file} does not contain the link above `{}`", d.name);
        Some(hit(d, message))
    };
    git(facts).filter_map(of).collect()
}

fn same_repository(a: &str, b: &str) -> bool {
    let plain = |url: &str| {
        let url = url.trim_start_matches("git+").to_lowercase();
        let url = url.split(['?', '#']).next().unwrap_or_default().to_string();
        url.trim_end_matches('/').trim_end_matches(".git").to_string()
    };
    plain(a) == plain(b)
}

pub(in crate::check) fn sbom(facts: &Facts) -> Vec<Hit> {
    let Some(sbom) = &facts.sbom else { return Vec::new() };
    let file = facts.shown(&sbom.path);
    let packages = facts.lockfile.iter().flat_map(|l| &l.packages);
    let of = |p: &Locked| {
        let (url, commit) = p.git()?;
        let start = format!("pkg:cargo/{}@{}", p.name, p.version);
        let mut same = sbom.purls.iter().filter(|purl| {
            let rest = purl.strip_prefix(&start);
            rest.is_some_and(|r| r.is_empty() || r.starts_with(['?', '#']))
        });
        let exact = same.clone().any(|purl| {
            let vcs = purl.split(['?', '&']).find_map(|q| q.strip_prefix("vcs_url="));
            let found = vcs.and_then(|v| v.rsplit_once('@'));
            found.is_some_and(|(u, c)| {
                same_repository(u, url) && c.split('#').next() == Some(commit)
            })
        });
        if exact {
            return None;
        }
        let message = match same.next() {
            Some(purl) => {
                format!("{file} has `{purl}`, which has no `vcs_url` with commit {commit}")
            }
            None => format!("{file} has no purl for {}, which comes from git", p.spec()),
        };
        Some(Hit { package: Some(p.spec()), ..Hit::at(p.place.clone(), message) })
    };
    packages.filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_the_same_however_they_are_written() {
        assert!(same_repository("https://g/x.git", "https://G/x/"));
        assert!(same_repository("git+https://g/x?rev=1", "https://g/x"));
        assert!(!same_repository("https://g/x", "https://g/xy"));
    }

    #[test]
    fn links_end_before_the_sentence_does() {
        assert_eq!(
            links("# See <https://r/1>, until (https://r/2)."),
            ["https://r/1", "https://r/2"]
        );
        assert!(links("# r/1").is_empty());
        assert!(has_word("remove it", "remove") && !has_word("sonce", "once"));
    }
}
