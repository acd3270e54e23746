//! Two containers -> why they differ: what is said of the members, and each member that differs
//! explained in turn.

use repro_formats::listing::Listing;

use super::image::matched;
use super::members::{self, Held, Member};
use super::names;
use super::{Coverage, Explained, Search};
use crate::cause::Cause;
use crate::explain::compare::{self, Compared};
use crate::finding::Finding;

/// How deep containers may lie within each other.
const DEEPEST: usize = 6;
/// Members that are explained one by one.
const MOST: usize = 1_000;

impl Search<'_> {
    /// Why two archives differ of which the listings are known.
    pub(super) fn listed(
        &mut self,
        (a, la): (&[u8], &Listing),
        (b, lb): (&[u8], &Listing),
    ) -> Explained {
        let compared = compare::compare(la, lb);
        let mut out = self.members(a, b, "", 0).unwrap_or_default();
        out.format = la.name();
        out.findings.extend(of_archive(&compared, out.coverage));
        out.findings.sort_by_key(|f| f.consequence);
        out
    }

    /// Why two containers differ; `None` unless both are.
    pub(super) fn container(
        &mut self,
        a: &[u8],
        b: &[u8],
        within: &str,
        depth: usize,
    ) -> Option<Explained> {
        let mut out = self.members(a, b, within, depth)?;
        if out.findings.is_empty() && out.note.is_none() {
            let format = &out.format;
            let mut finding = Finding::new(
                Cause::Compressor,
                format!("{within}{format} headers, or how it is packed"),
                "",
                "",
            );
            finding.remedy = super::remedy::general(Cause::Compressor).to_string();
            out.findings.push(finding);
        }
        Some(out)
    }

    fn members(&mut self, a: &[u8], b: &[u8], within: &str, depth: usize) -> Option<Explained> {
        let all = |_: &str| true;
        let (x, y) = (
            members::of(a, &self.context.limits, &all)?,
            members::of(b, &self.context.limits, &all)?,
        );
        let mut out = Explained::default();
        let (x, y) = match (x, y) {
            (Ok(x), Ok(y)) if depth < DEEPEST => (x, y),
            (Err(why), _) | (_, Err(why)) => {
                out.note = Some(super::unexplained(&why));
                return Some(out);
            }
            _ => {
                let why = format!("containers lie more than {DEEPEST} deep");
                out.note = Some(super::unexplained(&why));
                return Some(out);
            }
        };
        out.format = x.format.to_string();
        self.pairs(&x, &y, within, depth, &mut out);
        Some(out)
    }

    fn pairs(&mut self, x: &Held, y: &Held, within: &str, depth: usize, out: &mut Explained) {
        let paired = pair_up(x, y);
        for (i, j) in &paired.renamed {
            let (a, b) = (&x.members[*i].name, &y.members[*j].name);
            out.findings.push(renamed_member(within, a, b));
        }
        for (members, only, left) in
            [(&x.members, &paired.only_a, true), (&y.members, &paired.only_b, false)]
        {
            for m in only.iter().map(|i| &members[*i]) {
                out.coverage.differing += m.bytes.len() as u64;
                out.findings.push(lone_member(within, m, left));
            }
        }
        let both = paired.same.into_iter().chain(paired.renamed);
        let differing = both.map(|(i, j)| (&x.members[i], &y.members[j]));
        let differing = differing.filter(|(m, n)| m.bytes != n.bytes);
        for (count, (m, n)) in differing.enumerate() {
            if count >= MOST {
                let note = format!("more than {MOST} members differ: the rest was not looked at");
                out.note = Some(note);
                break;
            }
            let within = match m.name.is_empty() {
                true => within.to_string(),
                false => format!("{within}`{}`: ", m.name),
            };
            let one = self.explain(&m.bytes, &n.bytes, &within, depth + 1);
            out.findings.extend(one.findings);
            out.coverage.add(one.coverage);
            if out.note.is_none() {
                out.note = one.note.map(|n| format!("{within}{n}"));
            }
        }
        fold(&mut out.findings);
        settle(&mut out.findings, &mut out.coverage);
    }
}

/// Members of both by their places in the lists.
#[derive(Default)]
struct Paired {
    /// Of one name.
    same: Vec<(usize, usize)>,
    /// Of names that differ in a hash, or in the name of the output.
    renamed: Vec<(usize, usize)>,
    only_a: Vec<usize>,
    only_b: Vec<usize>,
}

fn pair_up(x: &Held, y: &Held) -> Paired {
    let (same, only_a, only_b) = matched(&x.members, &y.members, |m: &Member| &m.name);
    let mut out = Paired { same, only_a, only_b, ..Paired::default() };
    let stems: [fn(&str) -> String; 2] = [names::without_hashes, |name| {
        let rest = name.split_once('.').map_or(name, |(_, rest)| rest);
        format!("*.{}", names::without_hashes(rest))
    }];
    for stem in stems {
        let of = |list: &[Member], only: &[usize]| -> Vec<String> {
            only.iter().map(|i| stem(&list[*i].name)).collect()
        };
        let (a, b) = (of(&x.members, &out.only_a), of(&y.members, &out.only_b));
        let (renamed, rest_a, rest_b) = matched(&a, &b, |s: &String| s);
        let places = renamed.iter().map(|(i, j)| (out.only_a[*i], out.only_b[*j]));
        out.renamed.extend(places);
        out.only_a = rest_a.into_iter().map(|i| out.only_a[i]).collect();
        out.only_b = rest_b.into_iter().map(|i| out.only_b[i]).collect();
    }
    out
}

fn lone_member(within: &str, member: &Member, left: bool) -> Finding {
    let size = member.bytes.len() as u64;
    let shown = format!("file of {size} bytes");
    let (a, b) = match left {
        true => (shown, "absent".to_string()),
        false => ("absent".to_string(), shown),
    };
    let place = format!("{within}member `{}`", member.name);
    let mut finding = Finding::new(Cause::Unknown, place, a, b);
    finding.bytes = size;
    finding.remedy = "pack the same files on both sides".to_string();
    finding
}

/// The same value in several members is told once.
fn fold(findings: &mut Vec<Finding>) {
    let mut kept: Vec<(Finding, usize)> = Vec::new();
    for finding in findings.drain(..) {
        let same = |k: &&mut (Finding, usize)| {
            let k = &k.0;
            k.cause == finding.cause
                && k.consequence == finding.consequence
                && (&k.a, &k.b) == (&finding.a, &finding.b)
                && (!k.a.is_empty() || !k.b.is_empty() || k.consequence)
        };
        match kept.iter_mut().find(same) {
            Some(k) => {
                k.0.bytes += finding.bytes;
                k.1 += 1;
            }
            None => kept.push((finding, 0)),
        }
    }
    findings.extend(kept.into_iter().map(|(mut f, more)| {
        match more {
            0 => {}
            1 => f.place += "; and in another member",
            n => f.place += &format!("; and in {n} other members"),
        }
        f
    }));
}

/// Where a value of different length was found in one member of a library, code and constants of
/// another that differ in no known way hold that value in another form. Causes come first.
fn settle(findings: &mut [Finding], coverage: &mut Coverage) {
    let known = |f: &&Finding| !f.consequence && f.cause != Cause::Unknown && f.bytes > 0;
    let lengths = |f: &&Finding| f.a.chars().count() != f.b.chars().count();
    let root = findings.iter().filter(known).find(lengths).map(|f| f.cause);
    if let Some(cause) = root {
        let objects = findings.iter_mut().filter(|f| {
            let object = f.place.contains(".o`: .text") || f.place.contains(".o`: .rodata");
            object && f.cause == Cause::Unknown && !f.consequence
        });
        objects.for_each(|f| super::tell::follow(f, cause));
    }
    let found = findings.iter().find(known).map(|f| f.cause);
    if let Some(cause) = found {
        let packed = findings
            .iter_mut()
            .filter(|f| f.cause == Cause::Unknown && f.place.contains(super::pair::PACKED));
        packed.for_each(|f| super::tell::follow(f, cause));
    }
    for finding in findings.iter_mut() {
        if finding.consequence && finding.cause == Cause::Unknown {
            finding.cause = found.unwrap_or(Cause::Unknown);
        }
    }
    findings.sort_by_key(|f| (f.consequence, f.cause == Cause::Unknown));
    *coverage = Coverage::of(coverage.differing, findings);
}

fn renamed_member(within: &str, a: &str, b: &str) -> Finding {
    let hash = names::without_hashes(a) == names::without_hashes(b);
    let cause = if hash { Cause::SymbolHash } else { Cause::Unknown };
    let mut finding = Finding::new(cause, format!("{within}name of a member"), a, b);
    finding.remedy = match hash {
        true => super::remedy::general(cause).to_string(),
        false => {
            "give the output one name on both sides: the members are called after it".to_string()
        }
    };
    finding
}

/// What the archive says of its members; what differs in them is told by their own findings.
fn of_archive(compared: &Compared, coverage: Coverage) -> Vec<Finding> {
    let told = |f: &&Finding| {
        let content = f.place == "content" || f.place.starts_with("content of ");
        let alone = f.place.starts_with("member `");
        !(content && coverage.differing > 0 || alone)
    };
    compared.findings.iter().filter(told).cloned().collect()
}
