//! Two listings -> what differs: members first, then what is said of them. Pure.
//!
//! The bytes of the two files were seen to differ before this is asked; so what is found here
//! explains them, and is never a verdict.

use std::collections::{BTreeMap, HashSet};

use crate::listing::{Listing, Member};

/// One name, as each side has it; at least one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// In A.
    pub a: Option<Member>,
    /// In B.
    pub b: Option<Member>,
    /// Fields that differ; none unless both have it.
    pub differs: Vec<Field>,
}

/// One thing that can differ between two members of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What it is, with the target of a link.
    Kind,
    /// Size and digest.
    Content,
    /// Permission bits.
    Mode,
    /// The time.
    Mtime,
    /// Owner and group.
    Owner,
    /// The bytes it is compressed to, where members are compressed one by one.
    Packed,
    /// The name as it stands there.
    Written,
    /// Fields of the format that are none of the above.
    Other,
}

/// All fields, in the order in which they are told.
const FIELDS: [Field; 8] = [
    Field::Kind,
    Field::Content,
    Field::Mode,
    Field::Mtime,
    Field::Owner,
    Field::Packed,
    Field::Written,
    Field::Other,
];

impl Field {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Field::Kind => "kind",
            Field::Content => "content",
            Field::Mode => "mode",
            Field::Mtime => "mtime",
            Field::Owner => "owner",
            Field::Packed => "compressed bytes",
            Field::Written => "name as written",
            Field::Other => "other fields",
        }
    }

    /// Whether it belongs to the content: it is what one gets by unpacking.
    pub fn is_content(self) -> bool {
        matches!(self, Field::Kind | Field::Content)
    }

    /// Its value, as text.
    fn value(self, m: &Member) -> String {
        match self {
            Field::Kind => match &m.target {
                Some(target) => format!("{} to {target}", m.kind),
                None => m.kind.to_string(),
            },
            Field::Content => match &m.sha256 {
                Some(sha256) => format!("{} bytes, sha256 {sha256}", m.size),
                None => "none".to_string(),
            },
            Field::Mode => m.mode.map_or("none".to_string(), |m| format!("{m:04o}")),
            Field::Mtime => m.mtime.clone(),
            Field::Owner => m.owner.clone(),
            Field::Packed => m.packed.clone().unwrap_or_default(),
            Field::Written => m.written.clone(),
            Field::Other => {
                let each = m.other.iter().map(|(k, v)| format!("{k}={v}"));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// One thing that differs, and what each side has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub what: What,
    /// A's value.
    pub a: String,
    /// B's.
    pub b: String,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The member of this name is on one side only.
    Alone(String),
    /// A field of the member of this name, and of so many more. Of content there is one for each.
    Field(Field, String, usize),
    /// The order of the members that both have, first in this place.
    Order(usize),
    /// The format of the whole.
    Format,
    /// A field of the whole.
    Header(&'static str),
    /// How the whole is compressed: what it unpacks to is the same.
    Compressed,
    /// Nothing that is read here: padding, or fields that mean nothing.
    Unread,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// All names, sorted.
    pub rows: Vec<Row>,
    /// What differs, contents first.
    pub differences: Vec<Difference>,
    /// The members are the same by name, kind, size and digest.
    pub same_content: bool,
}

/// Compares two archives of which the bytes differ.
pub fn compare(a: &Listing, b: &Listing) -> Compared {
    let rows = rows(&a.members, &b.members);
    let mut differences = alone(&rows);
    differences.extend(fields(&rows, true));
    let same_content = differences.is_empty();
    differences.extend(order(&a.members, &b.members));
    differences.extend(fields(&rows, false));
    whole(a, b, &mut differences);
    Compared { rows, differences, same_content }
}

/// Pairs by name; of several members of one name, in their order.
fn rows(a: &[Member], b: &[Member]) -> Vec<Row> {
    let mut by_name: BTreeMap<&str, (Vec<&Member>, Vec<&Member>)> = BTreeMap::new();
    for member in a {
        by_name.entry(&member.name).or_default().0.push(member);
    }
    for member in b {
        by_name.entry(&member.name).or_default().1.push(member);
    }
    let mut rows = Vec::new();
    for (name, (a, b)) in by_name {
        for i in 0..a.len().max(b.len()) {
            let (a, b) = (a.get(i).copied(), b.get(i).copied());
            let differs = match (a, b) {
                (Some(a), Some(b)) => {
                    FIELDS.into_iter().filter(|f| f.value(a) != f.value(b)).collect()
                }
                _ => Vec::new(),
            };
            rows.push(Row { name: name.to_string(), a: a.cloned(), b: b.cloned(), differs });
        }
    }
    rows
}

fn difference(what: What, a: impl Into<String>, b: impl Into<String>) -> Difference {
    Difference { what, a: a.into(), b: b.into() }
}

/// Members that are on one side only.
fn alone(rows: &[Row]) -> Vec<Difference> {
    let alone = rows.iter().filter(|r| r.a.is_none() || r.b.is_none());
    let say = |m: &Option<Member>| match m {
        Some(m) => format!("{} of {} bytes", m.kind, m.size),
        None => "absent".to_string(),
    };
    alone.map(|r| difference(What::Alone(r.name.clone()), say(&r.a), say(&r.b))).collect()
}

/// One difference for each field that differs; of contents, one for each member.
fn fields(rows: &[Row], content: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    for field in FIELDS.into_iter().filter(|f| f.is_content() == content) {
        let differing: Vec<_> = rows
            .iter()
            .filter(|r| r.differs.contains(&field))
            .filter_map(|r| Some((&r.name, r.a.as_ref()?, r.b.as_ref()?)))
            .collect();
        let told = if content { differing.len() } else { differing.len().min(1) };
        let more = differing.len() - told;
        found.extend(differing.iter().take(told).map(|(name, a, b)| {
            let what = What::Field(field, name.to_string(), more);
            difference(what, field.value(a), field.value(b))
        }));
    }
    found
}

/// Whether the members that both have stand in another order.
fn order(a: &[Member], b: &[Member]) -> Option<Difference> {
    let names = |of: &[Member], other: &[Member]| {
        let known: HashSet<_> = other.iter().map(|m| m.name.clone()).collect();
        let both = of.iter().filter(|m| known.contains(&m.name));
        both.map(|m| m.name.clone()).collect::<Vec<_>>()
    };
    let (x, y) = (names(a, b), names(b, a));
    let at = x.iter().zip(&y).position(|(x, y)| x != y)?;
    Some(difference(What::Order(at), x[at].clone(), y[at].clone()))
}

/// What differs in the container: its fields, its format, and if nothing else explains the bytes,
/// how it was compressed.
fn whole(a: &Listing, b: &Listing, found: &mut Vec<Difference>) {
    let of_members = !found.is_empty();
    if a.format != b.format {
        found.push(difference(What::Format, a.format, b.format));
    }
    for (name, value) in &a.fields {
        let other = b.fields.iter().find(|(n, _)| n == name);
        if let Some((_, other)) = other.filter(|(_, other)| other != value) {
            found.push(difference(What::Header(name), value, other));
        }
    }
    let (x, y) = (a.compression.row().name, b.compression.row().name);
    if x != y {
        found.push(difference(What::Compressed, x, y));
    } else if a.unpacked.is_some() && a.unpacked == b.unpacked && a.packed != b.packed {
        let same = |packed: &Option<String>| match packed {
            Some(sha256) => format!("{x}, sha256 {sha256}"),
            None => x.to_string(),
        };
        found.push(difference(What::Compressed, same(&a.packed), same(&b.packed)));
    }
    // Alike members in other bytes: what a compressor does to them is no reason for that.
    let padded = a.unpacked.is_some() && b.unpacked.is_some() && a.unpacked != b.unpacked;
    if found.is_empty() || !of_members && padded {
        found.push(difference(What::Unread, "", ""));
    }
}
