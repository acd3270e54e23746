//! Turns claims into findings: the place and owner of each, both values as text, the remedy, and
//! which of them are consequences. Equal findings are merged.

use std::collections::HashMap;
use std::ops::Range;

use repro_formats::digest;
use repro_formats::names::printable;

use super::image::{Follows, Image, Kind};
use super::known::Context;
use super::owner::{self, Owner};
use super::pair::{Claim, Compared};
use super::remedy;
use crate::cause::Cause;
use crate::finding::{At, Excerpt, Finding, Place, SHOWN, cut};

/// Bytes of an excerpt, and how many of them come before the value.
const EXCERPT: usize = 96;
const BEFORE: usize = 16;
/// Findings of one pair that are reported one by one.
const MOST: usize = 2_000;
/// Findings whose owner is looked for.
const OWNED: usize = 64;

/// Both files of a pair.
pub struct Sides<'a> {
    /// A's bytes and what a reader saw in them.
    pub a: (&'a [u8], &'a Image),
    pub(crate) b: (&'a [u8], &'a Image),
    /// The members that they are in.
    pub within: &'a [String],
}

/// The findings, causes first.
/// `others`: whether more differs than what is compared.
pub fn findings(
    sides: &Sides,
    compared: &Compared,
    context: &Context,
    others: bool,
) -> Vec<Finding> {
    let mut claims: Vec<&Claim> = compared.claims.iter().collect();
    // What is shown first is found first.
    claims.sort_by_key(|c| (c.follows, c.cause == Cause::Unknown));
    // A file in which only what follows differs has nothing that it could follow from, but for what is
    // made from it in turn.
    let first = claims.iter().map(|c| c.of_field).min().filter(|_| !others);
    let wanted: Vec<Range<usize>> = claims
        .iter()
        .filter(|c| !c.follows && !c.a.is_empty())
        .take(OWNED)
        .map(|c| c.a.clone())
        .collect();
    let owners = owner::owners(sides.a.0, sides.a.1, &wanted);
    let mut told: Vec<Finding> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    for claim in claims {
        let mut finding = one(sides, claim, owners.get(&claim.a));
        finding.consequence =
            claim.follows && (claim.of_field == Follows::Never || first != Some(claim.of_field));
        finding.remedy = remedy::of(&finding, context);
        let key = (
            finding.cause,
            finding.a.clone(),
            finding.b.clone(),
            finding.symbol.clone(),
            // Consequences of one kind are reported together, wherever they are.
            (claim.about, claim.what.clone()),
        );
        // Nobody reads more than this: the rest is counted with the last.
        let kind = |f: &Finding| (f.consequence, f.cause == Cause::Unknown);
        let last = || told.iter().rposition(|f| kind(f) == kind(&finding));
        let at = known.get(&key).copied();
        match at.or_else(|| (told.len() >= MOST).then(last).flatten()) {
            Some(at) => {
                told[at].bytes += claim.bytes;
                told[at].place.more += claim.places;
            }
            None => {
                known.insert(key, told.len());
                finding.place.more = claim.places - 1;
                told.push(finding);
            }
        }
    }
    depends_on_length(&mut told);
    told
}

/// Code of a function that refers to a value of different length: it holds the length, and copies the
/// value in other steps.
fn depends_on_length(told: &mut [Finding]) {
    let roots = told.iter().filter(|f| f.is_cause_of_length() && f.symbol.is_some());
    let roots: Vec<_> = roots.map(|f| (f.cause, f.symbol.clone())).collect();
    for finding in told.iter_mut().filter(|f| !f.consequence && f.cause == Cause::Unknown) {
        if let Some((cause, _)) = roots.iter().find(|(_, s)| *s == finding.symbol) {
            follow(finding, *cause);
        }
    }
}

/// Makes it a consequence of a cause that was found elsewhere.
pub fn follow(finding: &mut Finding, cause: Cause) {
    finding.cause = cause;
    finding.consequence = true;
    finding.remedy = remedy::FOLLOWS.to_string();
}

fn one(sides: &Sides, claim: &Claim, owner: Option<&Owner>) -> Finding {
    let (mut a, mut b) = claim
        .shown
        .clone()
        .unwrap_or_else(|| (value(sides.a.0, &claim.a), value(sides.b.0, &claim.b)));
    let general = claim.follows && claim.shown.is_none();
    if general {
        (a, b) = (String::new(), String::new());
    }
    let place = Place { called: claim.what.clone(), ..place(sides, claim) };
    let mut finding = Finding::new(claim.cause, place, a, b);
    finding.about = claim.about;
    finding.consequence = claim.follows;
    finding.bytes = claim.bytes;
    if !general {
        finding.excerpt = Some([excerpt(sides.a.0, &claim.a), excerpt(sides.b.0, &claim.b)]);
    }
    if let Some(owner) = owner.filter(|_| !claim.follows) {
        finding.symbol = owner.symbol.clone();
        finding.krate = owner.krate.clone();
        finding.source = owner.source.clone();
    }
    finding
}

/// Where the value is: a section with an offset, or a byte.
fn place(sides: &Sides, claim: &Claim) -> Place {
    let (image, at) = match claim.a.is_empty() && !claim.b.is_empty() {
        true => (sides.b.1, claim.b.start),
        false => (sides.a.1, claim.a.start),
    };
    let at = match image.place_of(at).map(|(i, offset)| (&image.parts[i], offset)) {
        Some((part, offset)) if image.parts.len() > 1 || part.kind == Kind::Metadata => {
            At::Section { name: part.name.clone(), offset }
        }
        _ => At::Byte(at as u64),
    };
    Place::new(sides.within, at)
}

fn value(bytes: &[u8], range: &Range<usize>) -> String {
    let bytes = bytes.get(range.clone()).unwrap_or_default();
    if bytes.is_empty() {
        return String::new();
    }
    let plain = |b: &u8| super::text::is_text(*b);
    if bytes.iter().all(plain) && std::str::from_utf8(bytes).is_ok() {
        return cut(&printable(bytes));
    }
    let shown = &bytes[..bytes.len().min(SHOWN / 4)];
    let digits = digest::hex(shown);
    match bytes.len() - shown.len() {
        0 => format!("0x{digits}"),
        more => format!("0x{digits}… and {more} bytes more"),
    }
}

fn excerpt(bytes: &[u8], range: &Range<usize>) -> Excerpt {
    let from = range.start.saturating_sub(BEFORE);
    let to = (from + EXCERPT).min(bytes.len());
    let value = range.start - from..range.end.min(to).max(range.start) - from;
    Excerpt { at: from as u64, bytes: bytes.get(from..to).unwrap_or_default().to_vec(), value }
}
