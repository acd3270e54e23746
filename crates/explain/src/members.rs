//! Which members of two containers belong together, also where their names differ, and the table of them.

use repro_formats::digest;
use repro_formats::listing::{Container, Member, MemberKind};

use super::image::matched;
use super::open::{Opened, Part};
use super::{names, remedy};
use crate::cause::Cause;
use crate::compare::{self, Members};
use crate::finding::{About, At, Finding, Place};

/// The table of members for a report.
pub(super) fn table(x: &Opened, y: &Opened, paired: &Paired) -> Members {
    let said = |part: &Part| {
        let file = !matches!(part.said.kind, MemberKind::Dir | MemberKind::Symlink);
        let sha256 = |bytes: &[u8]| digest::of_bytes(bytes).sha256;
        Member {
            sha256: file.then(|| sha256(&part.bytes)),
            packed: part.packed.map(|p| {
                format!("{}, sha256 {}", part.said.packed.as_deref().unwrap_or(""), sha256(p))
            }),
            ..part.said.clone()
        }
    };
    let both = paired.same.iter().chain(&paired.renamed);
    let both = both.map(|(i, j)| (Some(&x.parts[*i]), Some(&y.parts[*j])));
    let only_a = paired.only_a.iter().map(|i| (Some(&x.parts[*i]), None));
    let only_b = paired.only_b.iter().map(|j| (None, Some(&y.parts[*j])));
    let all = both.chain(only_a).chain(only_b);
    let rows = compare::rows(all.map(|(a, b)| (a.map(said), b.map(said))));
    let content = |r: &compare::Row| {
        r.a.is_some() && r.b.is_some() && !r.differs.iter().any(|f| f.is_content())
    };
    let same_content = rows.iter().all(content) && paired.renamed.is_empty();
    Members { rows, same_content }
}

/// Members of both by their places in the lists.
#[derive(Default)]
pub(super) struct Paired {
    /// Of one name.
    pub(super) same: Vec<(usize, usize)>,
    /// Of names that differ in a hash, a version, a compressor or the name of the output.
    pub(super) renamed: Vec<(usize, usize)>,
    pub(super) only_a: Vec<usize>,
    pub(super) only_b: Vec<usize>,
}

impl Paired {
    /// Members that are called after their digests, by their part in the image.
    fn by_role(&mut self, x: &Opened, y: &Opened) {
        let role = |o: &Opened, i: usize| o.parts[i].role.clone();
        for i in std::mem::take(&mut self.only_a) {
            let own = role(x, i);
            let at = self.only_b.iter().position(|j| own.is_some() && role(y, *j) == own);
            match at {
                Some(at) => self.renamed.push((i, self.only_b.remove(at))),
                None => self.only_a.push(i),
            }
        }
    }
}

/// The members of two containers that belong together.
pub(super) fn pair_up(x: &Opened, y: &Opened) -> Paired {
    let (same, only_a, only_b) = matched(&x.parts, &y.parts, |m: &Part| &m.said.name);
    let mut out = Paired { same, only_a, only_b, ..Paired::default() };
    out.by_role(x, y);
    for stem in STEMS {
        if out.only_a.is_empty() || out.only_b.is_empty() {
            break;
        }
        let of = |o: &Opened, only: &[usize]| -> Vec<String> {
            only.iter().map(|i| stem(o.kind, &o.parts[*i].said.name)).collect()
        };
        let (a, b) = (of(x, &out.only_a), of(y, &out.only_b));
        let (renamed, rest_a, rest_b) = matched(&a, &b, |s: &String| s);
        let places = renamed.iter().map(|(i, j)| (out.only_a[*i], out.only_b[*j]));
        out.renamed.extend(places);
        out.only_a = rest_a.into_iter().map(|i| out.only_a[i]).collect();
        out.only_b = rest_b.into_iter().map(|i| out.only_b[i]).collect();
    }
    out
}

/// The part of a name that finds its counterpart, the most certain first.
const STEMS: [fn(Container, &str) -> String; 4] = [
    |_, name| names::without_hashes(name),
    |_, name| names::without_compression(name).to_string(),
    |_, name| names::without_versions(name),
    |kind, name| match (kind, name.split_once('.')) {
        // The members of a library are named after it.
        (Container::Ar, Some((_, rest))) => format!("*.{}", names::without_hashes(rest)),
        _ => name.to_string(),
    },
];

/// Why two members that belong together have two names; none where another finding says so.
pub(super) fn renamed(within: &[String], a: &str, b: &str) -> Option<Finding> {
    let place = Place::new(within, At::Named("name of a member"));
    let hashed = names::without_hashes(a) == names::without_hashes(b);
    if !hashed && names::without_compression(a) == names::without_compression(b) {
        return None;
    }
    let (cause, about) = match names::is_of_cc(a) && names::is_of_cc(b) {
        _ if !hashed => (Cause::Unknown, About::Anything),
        true => (Cause::BuildPath, About::CcObject),
        false => (Cause::SymbolHash, About::Anything),
    };
    let mut finding = Finding::new(cause, place, a, b).about(about);
    finding.remedy = match () {
        () if hashed => remedy::by_cause(finding.cause, finding.about).text.to_string(),
        () if names::without_versions(a) == names::without_versions(b) => {
            // The part that differs is the same for all of them.
            let own = |name: &str, other: &str| {
                let parts = name.split('/').zip(other.split('/'));
                let mut parts = parts.filter(|(x, y)| x != y).map(|(x, _)| x.to_string());
                parts.next().unwrap_or_default()
            };
            (finding.a, finding.b) = (own(a, b), own(b, a));
            finding.about = About::Versions;
            "these are two versions: compare archives of one version".to_string()
        }
        () => "give the output one name on both sides: the members are called after it".to_string(),
    };
    Some(finding)
}
