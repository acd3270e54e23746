//! What differs between two listed archives, as findings: a cause and a remedy for each.

use repro_formats::compare::{self, Difference, Field, Row, What};
use repro_formats::listing::Listing;

use crate::cause::Cause;
use crate::finding::Finding;
use crate::verdict::Status;

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

/// How the two sides of a row stand to each other, contents and metadata together.
pub fn status(row: &Row) -> Status {
    match (&row.a, &row.b) {
        (Some(_), Some(_)) if row.differs.is_empty() => Status::Same,
        (Some(_), Some(_)) => Status::Differs,
        (Some(_), None) => Status::OnlyA,
        (None, _) => Status::OnlyB,
    }
}

/// Compares two archives of which the bytes differ.
pub fn compare(a: &Listing, b: &Listing) -> Compared {
    let compared = compare::compare(a, b);
    Compared {
        findings: compared.differences.into_iter().map(finding).collect(),
        rows: compared.rows,
        same_content: compared.same_content,
    }
}

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
fn remedy(cause: Cause) -> &'static str {
    let row = REMEDIES.iter().find(|(c, _)| *c == cause);
    row.map_or("", |(_, text)| text)
}

fn cause(what: &What) -> Cause {
    match what {
        What::Field(Field::Mode, ..) => Cause::ArchiveMode,
        What::Field(Field::Mtime, ..) | What::Header("time") => Cause::ArchiveMtime,
        What::Field(Field::Owner, ..) => Cause::ArchiveOwner,
        What::Field(Field::Packed, ..) | What::Header(_) | What::Compressed => Cause::Compressor,
        What::Order(_) => Cause::ArchiveOrder,
        What::Field(..) | What::Alone(_) | What::Format | What::Unread => Cause::Unknown,
    }
}

fn finding(difference: Difference) -> Finding {
    let Difference { what, a, b } = difference;
    let place = match &what {
        What::Alone(name) => format!("member `{name}`"),
        What::Field(field, name, more) => {
            let of = if name.is_empty() { String::new() } else { format!(" of `{name}`") };
            let more = if *more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{}{of}{more}", field.name())
        }
        What::Order(at) => format!("member {} of those that both have", at + 1),
        What::Format => "format".to_string(),
        What::Header(name) => format!("{name} in the header"),
        What::Compressed => "compressed bytes".to_string(),
        What::Unread => "padding, or fields that are not read here".to_string(),
    };
    let cause = cause(&what);
    let mut finding = Finding::new(cause, place, a, b);
    finding.remedy = match what {
        What::Alone(_) => "pack the same files on both sides",
        What::Format => "pack both in one format",
        What::Field(Field::Written | Field::Other, ..) => {
            "pack both with one tool, such as `repro archive`, or run `repro normalize` on both"
        }
        What::Unread => "pack both with `repro archive`, or run `repro normalize` on both",
        _ => remedy(cause),
    }
    .to_string();
    finding
}
