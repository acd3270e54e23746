//! Two listings -> what differs: members first, then what is said of them, with causes. Pure.
//!
//! The bytes of the two files were seen to differ before this is asked; so what is found here is an
//! explanation, never a verdict.

use std::collections::BTreeMap;

use crate::archive::listing::{Listing, Member};
use crate::cause::Cause;
use crate::finding::Finding;
use crate::verdict::Status;

/// One name, as each side has it; at least one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// In A.
    pub a: Option<Member>,
    /// In B.
    pub b: Option<Member>,
    /// Fields that differ, by name; empty unless both have it.
    pub differs: Vec<&'static str>,
}

impl Row {
    /// How the two stand to each other, contents and metadata together.
    pub fn status(&self) -> Status {
        match (&self.a, &self.b) {
            (Some(_), Some(_)) if self.differs.is_empty() => Status::Same,
            (Some(_), Some(_)) => Status::Differs,
            (Some(_), None) => Status::OnlyA,
            (None, _) => Status::OnlyB,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// All names, sorted.
    pub rows: Vec<Row>,
    /// What differs, contents first.
    pub findings: Vec<Finding>,
    /// The members are the same by name, kind, size and digest.
    pub same_content: bool,
}

/// One thing that can differ between two members of a name.
struct Field {
    name: &'static str,
    cause: Cause,
    /// Whether it belongs to the content: it is what one gets by unpacking.
    content: bool,
    value: fn(&Member) -> String,
}

/// What is compared, in the order in which it is told.
const FIELDS: &[Field] = &[
    Field {
        name: "kind",
        cause: Cause::Unknown,
        content: true,
        value: |m| match &m.target {
            Some(target) => format!("{} to {target}", m.kind),
            None => m.kind.to_string(),
        },
    },
    Field {
        name: "content",
        cause: Cause::Unknown,
        content: true,
        value: |m| match &m.sha256 {
            Some(sha256) => format!("{} bytes, sha256 {sha256}", m.size),
            None => "none".to_string(),
        },
    },
    Field {
        name: "mode",
        cause: Cause::ArchiveMode,
        content: false,
        value: |m| m.mode.map_or("none".to_string(), |m| format!("{m:04o}")),
    },
    Field { name: "mtime", cause: Cause::ArchiveMtime, content: false, value: |m| m.mtime.clone() },
    Field { name: "owner", cause: Cause::ArchiveOwner, content: false, value: |m| m.owner.clone() },
    Field {
        name: "compressed bytes",
        cause: Cause::Compressor,
        content: false,
        value: |m| m.packed.clone().unwrap_or_default(),
    },
    Field {
        name: "name as written",
        cause: Cause::Unknown,
        content: false,
        value: |m| m.written.clone(),
    },
    Field {
        name: "other fields",
        cause: Cause::Unknown,
        content: false,
        value: |m| {
            let each = m.other.iter().map(|(k, v)| format!("{k}={v}"));
            each.collect::<Vec<_>>().join(", ")
        },
    },
];

/// What to do about a cause that lies in how an archive was packed.
const REMEDIES: &[(Cause, &str)] = &[
    (
        Cause::ArchiveMtime,
        "give every member one time: pack with `repro archive`, or run `repro normalize --epoch SECONDS` on both",
    ),
    (
        Cause::ArchiveOwner,
        "leave the packer's user out: pack with `repro archive`, or run `repro normalize` on both",
    ),
    (
        Cause::ArchiveMode,
        "leave the packer's umask out: pack with `repro archive`, or run `repro normalize` on both",
    ),
    (
        Cause::ArchiveOrder,
        "sort the members: pack with `repro archive`, or run `repro normalize` on both",
    ),
    (
        Cause::Compressor,
        "use one compressor, version and level: pack with `repro archive`, or run `repro normalize` on both",
    ),
    (Cause::Unknown, "unpack both and compare the two files: the builds that made them differ"),
];

/// What to do about the cause, as a sentence.
fn remedy(cause: Cause) -> String {
    let row = REMEDIES.iter().find(|(c, _)| *c == cause);
    row.map_or(String::new(), |(_, text)| text.to_string())
}

/// Compares two archives of which the bytes differ.
pub fn compare(a: &Listing, b: &Listing) -> Compared {
    let rows = rows(&a.members, &b.members);
    let mut findings = members(&rows);
    findings.extend(fields(&rows, true));
    let same_content = findings.is_empty();
    findings.extend(order(&a.members, &b.members));
    findings.extend(fields(&rows, false));
    findings.extend(whole(a, b, findings.is_empty()));
    Compared { rows, findings, same_content }
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
                    FIELDS.iter().filter(|f| (f.value)(a) != (f.value)(b)).map(|f| f.name).collect()
                }
                _ => Vec::new(),
            };
            rows.push(Row { name: name.to_string(), a: a.cloned(), b: b.cloned(), differs });
        }
    }
    rows
}

/// Members that are on one side only.
fn members(rows: &[Row]) -> Vec<Finding> {
    let alone = rows.iter().filter(|r| r.a.is_none() || r.b.is_none());
    let say = |m: &Option<Member>| match m {
        Some(m) => format!("{} of {} bytes", m.kind, m.size),
        None => "absent".to_string(),
    };
    alone
        .map(|row| Finding {
            cause: Cause::Unknown,
            place: format!("member `{}`", row.name),
            symbol: None,
            krate: None,
            a: say(&row.a),
            b: say(&row.b),
            remedy: "pack the same files on both sides".to_string(),
            consequence: false,
            source: None,
            excerpt: None,
            bytes: 0,
        })
        .collect()
}

/// One finding for each field that differs; of contents, one for each member.
fn fields(rows: &[Row], content: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for field in FIELDS.iter().filter(|f| f.content == content) {
        let differing: Vec<_> = rows
            .iter()
            .filter(|r| r.differs.contains(&field.name))
            .filter_map(|r| Some((&r.name, r.a.as_ref()?, r.b.as_ref()?)))
            .collect();
        let place = |name: &str| match name {
            "" => field.name.to_string(),
            name => format!("{} of `{name}`", field.name),
        };
        let each = |(name, a, b): &(&String, &Member, &Member)| Finding {
            cause: field.cause,
            place: place(name),
            symbol: None,
            krate: None,
            a: (field.value)(a),
            b: (field.value)(b),
            remedy: remedy(field.cause),
            consequence: false,
            source: None,
            excerpt: None,
            bytes: 0,
        };
        if field.content {
            findings.extend(differing.iter().map(each));
        } else if let Some(first) = differing.first() {
            let mut finding = each(first);
            if differing.len() > 1 {
                finding.place += &format!(" and {} more", differing.len() - 1);
            }
            if field.cause == Cause::Unknown {
                finding.remedy = "pack both with one tool, such as `repro archive`, or run `repro normalize` on both".to_string();
            }
            findings.push(finding);
        }
    }
    findings
}

/// Whether the members that both have stand in another order.
fn order(a: &[Member], b: &[Member]) -> Option<Finding> {
    let names = |of: &[Member], other: &[Member]| {
        let known: std::collections::HashSet<_> = other.iter().map(|m| m.name.clone()).collect();
        let both = of.iter().filter(|m| known.contains(&m.name));
        both.map(|m| m.name.clone()).collect::<Vec<_>>()
    };
    let (x, y) = (names(a, b), names(b, a));
    let at = x.iter().zip(&y).position(|(x, y)| x != y)?;
    Some(Finding {
        cause: Cause::ArchiveOrder,
        place: format!("member {} of those that both have", at + 1),
        symbol: None,
        krate: None,
        a: x[at].clone(),
        b: y[at].clone(),
        remedy: remedy(Cause::ArchiveOrder),
        consequence: false,
        source: None,
        excerpt: None,
        bytes: 0,
    })
}

/// What differs in the container: its fields, its format, and if nothing else explains the bytes,
/// how it was compressed.
fn whole(a: &Listing, b: &Listing, nothing_yet: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let add =
        |findings: &mut Vec<Finding>, cause, place: &str, a: &str, b: &str, text: Option<&str>| {
            findings.push(Finding {
                cause,
                place: place.to_string(),
                symbol: None,
                krate: None,
                a: a.to_string(),
                b: b.to_string(),
                remedy: text.map_or_else(|| remedy(cause), str::to_string),
                consequence: false,
                source: None,
                excerpt: None,
                bytes: 0,
            });
        };
    if a.format != b.format {
        let one = "pack both in one format";
        add(&mut findings, Cause::Unknown, "format", a.format, b.format, Some(one));
    }
    for (name, value) in &a.fields {
        let other = b.fields.iter().find(|(n, _)| n == name);
        if let Some((_, other)) = other.filter(|(_, other)| other != value) {
            let (cause, text) = match *name {
                "time" => (Cause::ArchiveMtime, None),
                _ => (Cause::Compressor, None),
            };
            let place = format!("{name} in the header");
            add(&mut findings, cause, &place, value, other, text);
        }
    }
    let (x, y) = (a.compression.row().name, b.compression.row().name);
    if x != y {
        add(&mut findings, Cause::Compressor, "compressed bytes", x, y, None);
    } else if a.unpacked.is_some() && a.unpacked == b.unpacked && a.packed != b.packed {
        let same = |packed: &Option<String>| match packed {
            Some(sha256) => format!("{x}, sha256 {sha256}"),
            None => x.to_string(),
        };
        let (a, b) = (same(&a.packed), same(&b.packed));
        add(&mut findings, Cause::Compressor, "compressed bytes", &a, &b, None);
    } else if nothing_yet && findings.is_empty() {
        let text = "pack both with `repro archive`, or run `repro normalize` on both";
        let place = "padding, or fields that are not read here";
        add(&mut findings, Cause::Unknown, place, "", "", Some(text));
    }
    findings
}
