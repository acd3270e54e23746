//! Turns the metadata of two archives' members into findings with causes. Pure.
//!
//! The bytes of the two files are known to differ before this runs, so the result is an
//! explanation, never a verdict.

use std::collections::HashSet;

use repro_formats::listing::{Container, Field as Header, Listing, Member, MemberKind, Says};

use crate::cause::Cause;
use crate::finding::{About, At, Finding, Place};
use crate::image::matched;

/// One name, as each side has it; at least one does.
#[derive(Clone, Debug)]
pub struct Row {
    /// The name.
    pub name: String,
    /// In A.
    pub a: Option<Member>,
    /// In B.
    pub b: Option<Member>,
    /// Fields that differ; empty unless both have it.
    pub differs: Vec<&'static Field>,
}

/// The members of two containers.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// All of them, by name.
    pub rows: Vec<Row>,
    /// They are the same by name, kind and content.
    pub same_content: bool,
}

/// One thing that can differ between two members of a name.
#[derive(Debug)]
pub struct Field {
    /// Its name in reports.
    pub name: &'static str,
    /// The cause where it differs.
    pub cause: Cause,
    holds: Holds,
    value: fn(&Member) -> String,
}

/// What a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// What one gets by unpacking: a file, or something else.
    Kind,
    /// The content of that.
    Content,
    /// The name, as it is spelled.
    Name,
    /// How it was packed.
    Packing,
    /// The packed bytes, which follow from the content where that differs.
    Packed,
}

impl Field {
    /// Whether one gets something else by unpacking.
    pub fn is_content(&self) -> bool {
        matches!(self.holds, Holds::Kind | Holds::Content)
    }

    /// That it differs, in the member of this name.
    fn finding(&self, within: &[String], of: String, both: &Both) -> Finding {
        let place = Place::new(within, At::Field { name: self.name, of });
        Finding::new(self.cause, place, (self.value)(both.a), (self.value)(both.b))
    }
}

/// What is compared, in the order in which it is reported.
static FIELDS: &[Field] = &[
    field("kind", Cause::Unknown, Holds::Kind, |m| match (m.kind, &m.target) {
        (MemberKind::Symlink | MemberKind::Hardlink, Some(target)) => {
            format!("{} to {target}", m.kind)
        }
        (_, Some(number)) => format!("{} {number}", m.kind),
        (_, None) => m.kind.to_string(),
    }),
    field(CONTENT, Cause::Unknown, Holds::Content, |m| match &m.sha256 {
        Some(sha256) => format!("{} bytes, sha256 {sha256}", m.size),
        None => "none".to_string(),
    }),
    field("mode", Cause::ArchiveMode, Holds::Packing, |m| {
        m.mode.map_or("none".to_string(), |m| format!("{m:04o}"))
    }),
    field("mtime", Cause::ArchiveMtime, Holds::Packing, |m| {
        let more = m.other.iter().filter(|(k, _)| TIMES.contains(&k.as_str()));
        more.fold(m.mtime.clone(), |all, (k, v)| format!("{all}, {k} {v}"))
    }),
    field("owner", Cause::ArchiveOwner, Holds::Packing, |m| m.owner.clone()),
    field("compressed bytes", Cause::Compressor, Holds::Packed, |m| {
        m.packed.clone().unwrap_or_default()
    }),
    field("commit in the comment", Cause::VcsState, Holds::Packing, |m| commit(m).to_string()),
    field("name as written", Cause::Unknown, Holds::Name, |m| m.written.clone()),
    field("other fields", Cause::Unknown, Holds::Packing, |m| {
        let own = |(k, v): &&(String, String)| {
            !(TIMES.contains(&k.as_str()) || k == COMMENT && *v == commit(m))
        };
        let each = m.other.iter().filter(own).map(|(k, v)| format!("{k}={v}"));
        each.collect::<Vec<_>>().join(", ")
    }),
];

/// The name of the field for the content.
pub const CONTENT: &str = "content";
/// PAX records that hold times.
const TIMES: [&str; 3] = ["atime", "ctime", "LIBARCHIVE.creationtime"];
/// The PAX record in which `git archive` leaves the commit's id.
const COMMENT: &str = "comment";

const fn field(
    name: &'static str,
    cause: Cause,
    holds: Holds,
    value: fn(&Member) -> String,
) -> Field {
    Field { name, cause, holds, value }
}

/// The commit's id, if a git archive's comment is one.
fn commit(m: &Member) -> &str {
    let comment = m.other.iter().find(|(k, _)| k == COMMENT).map(|(_, v)| v.as_str());
    comment.filter(|t| is_commit(t)).unwrap_or_default()
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A member as both have it.
#[derive(Clone, Copy)]
pub struct Both<'a> {
    /// A's.
    pub a: &'a Member,
    /// B's.
    pub b: &'a Member,
    /// Whether the contents are the same bytes.
    pub same: bool,
}

impl Both<'_> {
    /// The fields that differ.
    pub fn differs(&self) -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().filter(|f| match f.holds {
            Holds::Content => !self.same,
            // Where the contents differ, the compressed bytes do because of that.
            Holds::Packed if !self.same => false,
            _ => (f.value)(self.a) != (f.value)(self.b),
        })
    }
}

/// The earliest of all times: what every time can be clamped to.
fn earliest<'a>(members: impl Iterator<Item = &'a Member>) -> i64 {
    members.filter_map(|m| m.seconds).min().unwrap_or(0).max(0)
}

/// Who can change how an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix<'a> {
    /// `repro normalize`.
    Here,
    /// `repro normalize`, on this archive before it is packed in another.
    Inner(&'a str),
    /// Only whoever packs it: `repro normalize` leaves the format alone.
    Packer,
}

/// What to do about the cause, as a sentence; `epoch` is no later than any time.
pub fn remedy(cause: Cause, epoch: i64, fix: Fix) -> String {
    let how = match cause {
        Cause::ArchiveMtime => format!(" --epoch {epoch}"),
        Cause::Compressor if fix == Fix::Packer => {
            return "use the same compressor, version and level on both sides".to_string();
        }
        Cause::Compressor => return COMPRESSOR.to_string(),
        Cause::VcsState => return VCS.to_string(),
        _ => String::new(),
    };
    let what = what(cause);
    match fix {
        Fix::Here => {
            format!("{what}: pack with `repro archive`, or run `repro normalize{how}` on both")
        }
        Fix::Inner(inner) => format!(
            "{what}: before `{inner}` is packed, make it with `repro archive`, or run `repro normalize{how}` on it, on both sides"
        ),
        Fix::Packer if cause == Cause::Unknown => format!("{what} and the same options"),
        Fix::Packer => format!("{what} when packing"),
    }
}

/// What must become the same.
pub(crate) fn what(cause: Cause) -> &'static str {
    match cause {
        Cause::ArchiveMtime => "give every member one time",
        Cause::ArchiveOwner => "leave the packer's user out",
        Cause::ArchiveMode => "leave the packer's umask out",
        Cause::ArchiveOrder => "sort the members",
        Cause::Compressor => "use one compressor, version and level",
        _ => "pack both with one tool",
    }
}

const VCS: &str =
    "make both archives from one commit: `git archive` writes its id into the archive";

/// What differs in how members were packed: one finding for each field, but not for the names of members that
/// are `renamed`, which have one of their own.
pub fn packing(pairs: &[Both], within: &[String], fix: Fix, renamed: bool) -> Vec<Finding> {
    let epoch = earliest(pairs.iter().flat_map(|p| [p.a, p.b]));
    let differing: Vec<(&Both, Vec<&Field>)> =
        pairs.iter().map(|p| (p, p.differs().collect())).collect();
    let packing = |f: &&Field| !(f.is_content() || renamed && f.holds == Holds::Name);
    let fields = FIELDS.iter().filter(packing);
    fields
        .filter_map(|field| {
            let differs = |fields: &[&Field]| fields.iter().any(|f| f.name == field.name);
            let mut found = differing.iter().filter(|(_, fields)| differs(fields));
            let (first, _) = found.next()?;
            let of = match first.a.name.is_empty() {
                true => first.a.written.clone(),
                false => first.a.name.clone(),
            };
            let mut f = field.finding(within, of, first);
            f.place.more = found.count();
            f.normalized =
                fix == Fix::Here && !matches!(field.cause, Cause::VcsState | Cause::Compressor);
            Some(f.about(About::Packing).remedy(remedy(field.cause, epoch, fix)))
        })
        .collect()
}

/// What differs in the kind of members: a file here, a link there.
pub fn kinds(pairs: &[Both], within: &[String]) -> Vec<Finding> {
    let kind = &FIELDS[0];
    let differing = pairs.iter().filter(|p| (kind.value)(p.a) != (kind.value)(p.b));
    differing.map(|p| kind.finding(within, p.a.name.clone(), p).remedy(UNPACK)).collect()
}

const UNPACK: &str = "unpack both and compare the two files: the builds that made them differ";
const SAME_FILES: &str = "pack the same files on both sides";

/// A member that one side does not have.
pub fn lone(within: &[String], member: &Member, left: bool) -> Finding {
    let shown = format!("{} of {} bytes", member.kind, member.size);
    let (a, b) = if left { (shown, "absent".to_string()) } else { ("absent".to_string(), shown) };
    let place = Place::new(within, At::Member(member.name.clone()));
    Finding::new(Cause::Unknown, place, a, b).about(About::Membership).remedy(SAME_FILES)
}

/// Whether the members that both have are in a different order.
pub fn order(a: &[String], b: &[String], within: &[String], fix: Fix) -> Option<Finding> {
    let names = |of: &[String], other: &[String]| {
        let known: HashSet<&String> = other.iter().collect();
        of.iter().filter(|m| known.contains(m)).cloned().collect::<Vec<_>>()
    };
    let (x, y) = (names(a, b), names(b, a));
    let at = x.iter().zip(&y).position(|(x, y)| x != y)?;
    let place = Place::new(within, At::Order(at + 1));
    let f = Finding::new(Cause::ArchiveOrder, place, &x[at], &y[at]).about(About::Packing);
    let remedy = remedy(Cause::ArchiveOrder, 0, fix);
    Some(Finding { remedy, normalized: fix == Fix::Here, ..f })
}

/// What differs in the header of a container, by the names of the fields; `same` is whether the
/// content is.
pub fn header(a: &[Header], b: &[Header], within: &[String], fix: Fix, same: bool) -> Vec<Finding> {
    let value = |of: &[Header], name: &str| {
        let found = of.iter().find(|f| f.name == name);
        found.map_or("none".to_string(), |f| f.value.clone())
    };
    let only_b = b.iter().filter(|f| a.iter().all(|g| g.name != f.name));
    let each = a.iter().chain(only_b).filter_map(|field| {
        let (x, y) = (value(a, field.name), value(b, field.name));
        if x == y {
            return None;
        }
        let cause = match field.says {
            Says::Time => Cause::ArchiveMtime,
            Says::BuildTime => Cause::Timestamp,
            Says::BuildHost => Cause::Hostname,
            Says::Owner => Cause::ArchiveOwner,
            Says::Mode => Cause::ArchiveMode,
            Says::Signature => Cause::CodeSignature,
            // A compressor is to blame only for what it made of the same bytes.
            Says::Packer | Says::Flags | Says::FileName if same => Cause::Compressor,
            // What `git archive` writes into a zip.
            Says::Comment if [&x, &y].iter().any(|v| is_commit(v.trim_matches('`'))) => {
                Cause::VcsState
            }
            _ => Cause::Unknown,
        };
        let time = |v: &str| v.parse::<i64>().unwrap_or(0);
        let text = match field.says {
            Says::BuildTime | Says::BuildHost => BUILT.to_string(),
            Says::Comment if cause == Cause::Unknown => COMMENT_KEPT.to_string(),
            Says::FileName => FILE_NAME.to_string(),
            Says::Signature => super::remedy::general(cause).to_string(),
            _ => remedy(cause, time(&x).min(time(&y)), fix),
        };
        let consequence = field.says == Says::Follows;
        let normalized =
            fix == Fix::Here && cause != Cause::Compressor && field.says != Says::Comment;
        let f = Finding::new(cause, Place::new(within, At::Header(field.name)), x, y).remedy(text);
        let f = f.about(if consequence { About::Digests } else { About::Packing });
        Some(Finding { consequence, normalized, ..f })
    });
    each.collect()
}

const FILE_NAME: &str = "gzip keeps the name of the file that it compresses: call it with `-n`, or have it compress what it reads from a pipe";
const COMMENT_KEPT: &str = "give both the same comment, or none: `repro normalize` keeps it";
const BUILT: &str = "set SOURCE_DATE_EPOCH, and have rpmbuild use it: `use_source_date_epoch_as_buildtime`, `clamp_mtime_to_source_date_epoch`, and one `_buildhost`";

const COMPRESSOR: &str =
    "use the same compressor, version and level on both sides: `repro archive` packs with its own";
const COMPRESSED_TAR: &str = "use one compressor, version and level: pack with `repro archive`, or run `repro normalize` on both";

/// How the same bytes were compressed by each. What `normalize` packs again is a `tar` by itself, in the
/// same format on both sides.
pub fn compressor(a: String, b: String, within: &[String], tar: bool) -> Finding {
    let place = Place::new(within, At::Named("compressed bytes"));
    let normalized = tar && within.is_empty();
    let f = Finding::new(Cause::Compressor, place, a, b).about(About::Packing);
    let f = f.remedy(if normalized { COMPRESSED_TAR } else { COMPRESSOR });
    Finding { normalized, ..f }
}

/// Two containers are of two formats.
pub fn format(a: &str, b: &str, within: &[String]) -> Finding {
    let f = Finding::new(Cause::Unknown, Place::new(within, At::Named("format")), a, b);
    f.about(About::Packing).remedy("pack both in one format")
}

/// Nothing that is read differs.
pub fn padding(within: &[String], fix: Fix) -> Finding {
    let f = Finding::new(Cause::Unknown, Place::new(within, At::Named(PADDING)), "", "");
    let f = f.about(About::Packing).remedy(remedy(Cause::Unknown, 0, fix));
    Finding { normalized: fix == Fix::Here, ..f }
}

const PADDING: &str = "padding, or fields that `repro` does not read";

/// Compares two archives whose bytes differ: their members, and what differs, contents first.
pub fn compare(a: &Listing, b: &Listing) -> (Members, Vec<Finding>) {
    let (both, only_a, only_b) = matched(&a.members, &b.members, |m: &Member| &m.name);
    let of = |listing: &Listing, i: usize| Some(listing.members[i].clone());
    let both = both.into_iter().map(|(i, j)| (of(a, i), of(b, j)));
    let only_a = only_a.into_iter().map(|i| (of(a, i), None));
    let only_b = only_b.into_iter().map(|j| (None, of(b, j)));
    let rows = rows(both.chain(only_a).chain(only_b));
    let pairs: Vec<Both> = rows
        .iter()
        .filter_map(|r| Some((r.a.as_ref()?, r.b.as_ref()?)))
        .map(|(a, b)| Both { a, b, same: (a.size, &a.sha256) == (b.size, &b.sha256) })
        .collect();
    let alone = rows.iter().filter_map(|r| match (&r.a, &r.b) {
        (Some(m), None) => Some(lone(&[], m, true)),
        (None, Some(m)) => Some(lone(&[], m, false)),
        _ => None,
    });
    let mut findings: Vec<Finding> = alone.collect();
    findings.extend(kinds(&pairs, &[]));
    let content = |p: &Both| FIELDS[1].finding(&[], p.a.name.clone(), p).remedy(UNPACK);
    findings.extend(pairs.iter().filter(|p| !p.same).map(content));
    let same_content = findings.is_empty();
    let names = |l: &Listing| l.members.iter().map(|m| m.name.clone()).collect::<Vec<_>>();
    findings.extend(order(&names(a), &names(b), &[], Fix::Here));
    findings.extend(packing(&pairs, &[], Fix::Here, false));
    findings.extend(whole(a, b, findings.is_empty(), same_content));
    (Members { rows, same_content }, findings)
}

/// Rows of members that belong together, with what differs where both sides have one, by name.
pub fn rows(pairs: impl Iterator<Item = (Option<Member>, Option<Member>)>) -> Vec<Row> {
    let row = |(a, b): (Option<Member>, Option<Member>)| {
        let name = a.as_ref().or(b.as_ref()).map_or(String::new(), |m| m.name.clone());
        let differs = match (&a, &b) {
            (Some(a), Some(b)) => {
                let same = (a.size, &a.sha256) == (b.size, &b.sha256);
                Both { a, b, same }.differs().collect()
            }
            _ => Vec::new(),
        };
        Row { name, a, b, differs }
    };
    let mut rows: Vec<Row> = pairs.map(row).collect();
    rows.sort_by(|x, y| x.name.cmp(&y.name));
    rows
}

/// What differs in the container: its fields, its format, and if nothing else explains the bytes,
/// how it was compressed.
fn whole(a: &Listing, b: &Listing, nothing_yet: bool, same_content: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if a.container != b.container {
        findings.push(format(a.container.name(), b.container.name(), &[]));
    }
    let (x, y) = (a.compression.row().name, b.compression.row().name);
    let same = a.unpacked.is_some() && a.unpacked == b.unpacked;
    findings.extend(header(&a.fields, &b.fields, &[], Fix::Here, same_content));
    if x != y || same && a.packed != b.packed {
        let packed = |l: &Listing, name: &str| match (&l.packed, x == y) {
            (Some(sha256), true) => format!("{name}, sha256 {sha256}"),
            _ => name.to_string(),
        };
        let tar = x == y && a.container == Container::Tar;
        findings.push(compressor(packed(a, x), packed(b, y), &[], tar));
    }
    if nothing_yet && findings.is_empty() {
        findings.push(padding(&[], Fix::Here));
    }
    findings
}

#[cfg(test)]
mod tests;
