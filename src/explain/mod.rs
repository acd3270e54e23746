//! Why two files differ: findings with their cause, place, owner and remedy, and how much of what
//! differs they account for.
//!
//! That the files differ is known before this is asked, and nothing here can change it: bytes decide,
//! readers explain. A file that no reader understands gives a note, never an error.

pub mod align;
pub mod compare;
pub mod container;
mod dependencies;
mod digests;
pub mod image;
pub mod known;
mod lines;
pub mod names;
pub mod open;
pub mod owner;
pub mod pair;
pub mod plain;
pub mod read;
pub mod remedy;
pub mod shift;
pub mod source_line;
mod sources;
pub mod tell;
pub mod text;
pub mod time;
mod tree;

use std::io::Read;
use std::path::Path;

use repro_formats::detect::detect;
use repro_formats::list;

pub use self::known::{Clocks, Context, Known, Package, Window};
pub use self::open::Unsound;
pub use self::tree::Tree;

use self::align::Aligner;
use self::compare::Row;
use self::digests::Digests;
use self::image::Image;
use self::read::READERS;
use self::tell::Sides;
use crate::cause::Cause;
use crate::finding::{About, Finding};

/// What was found of two files that differ.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// What differs: causes first, then consequences.
    pub findings: Vec<Finding>,
    /// The formats that they were read as; `bytes` if none is known.
    pub formats: [String; 2],
    /// How much of the differing ranges is claimed.
    pub coverage: Coverage,
    /// Whether any of these bytes are no text: of text, lines are counted.
    pub binary: bool,
    /// What was not looked at or not understood: a clause.
    pub note: Option<String>,
    /// The members of both, where both are containers.
    pub members: Option<Members>,
    /// The side that is no sound archive though it begins as one, and what is wrong with it.
    pub unsound: Option<(usize, Unsound)>,
}

/// The members of two containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// All of them, by name.
    pub rows: Vec<Row>,
    /// They are the same by name, kind and content.
    pub same_content: bool,
}

impl Explained {
    const fn nothing() -> Explained {
        Explained {
            findings: Vec::new(),
            formats: [String::new(), String::new()],
            coverage: Coverage { differing: 0, caused: 0, following: 0 },
            binary: false,
            note: None,
            members: None,
            unsound: None,
        }
    }

    /// Adds what was found in a member.
    fn absorb(&mut self, one: Explained) {
        self.findings.extend(one.findings);
        self.coverage.add(one.coverage);
        self.binary |= one.binary;
        one.note.into_iter().for_each(|n| self.add_note(n));
    }

    fn add_note(&mut self, note: String) {
        match &mut self.note {
            Some(all) if all.len() < 500 => *all += &format!("; {note}"),
            Some(_) => {}
            None => self.note = Some(note),
        }
    }

    /// One side is not what it claims to be.
    fn unsound(&mut self, side: usize, why: Unsound) {
        let name = ["A", "B"][side];
        self.note =
            Some(unexplained(&format!("{name} is not a sound {}: {}", why.format, why.what)));
        self.unsound = Some((side, why));
    }
}

/// Of a pair that nobody explained.
pub static NOTHING: Explained = Explained::nothing();

/// Bytes in the differing ranges, on the side that has more of each, by what claims them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// All of them.
    pub differing: u64,
    /// Claimed by a cause.
    pub caused: u64,
    /// Claimed as a consequence of one.
    pub following: u64,
}

impl Coverage {
    /// What the findings claim of so many differing bytes.
    fn of(differing: u64, findings: &[Finding]) -> Coverage {
        let sum = |wanted: fn(&&Finding) -> bool| -> u64 {
            findings.iter().filter(wanted).map(|f| f.bytes).sum()
        };
        Coverage {
            differing,
            caused: sum(|f| f.is_cause()),
            // What follows from nothing that has a name is not explained.
            following: match findings.iter().any(Finding::is_cause) {
                true => sum(|f| f.consequence),
                false => 0,
            },
        }
    }

    /// Bytes that nothing claims.
    pub fn residue(&self) -> u64 {
        self.differing.saturating_sub(self.caused + self.following)
    }

    /// Adds that of a member.
    pub fn add(&mut self, other: Coverage) {
        self.differing += other.differing;
        self.caused += other.caused;
        self.following += other.following;
    }

    /// As a clause: `100 % of 96 differing bytes, 64 of them by a cause`.
    pub fn sentence(&self) -> String {
        let claimed = self.differing - self.residue();
        let percent = match (claimed, self.differing) {
            (_, 0) => return "nothing differs".to_string(),
            // Never 100 where something is left.
            (claimed, all) if claimed == all => "100".to_string(),
            (claimed, all) => {
                let tenths = claimed as u128 * 1000 / all as u128;
                format!("{}.{}", tenths / 10, tenths % 10)
            }
        };
        let rest = match self.residue() {
            0 => String::new(),
            1 => "; 1 byte is not explained".to_string(),
            n => format!("; {n} bytes are not explained"),
        };
        format!(
            "explained: {percent} % of {} differing bytes ({} by causes, {} by what follows from them){rest}",
            self.differing, self.caused, self.following
        )
    }
}

/// Bytes of a file that are read at most.
const MOST: u64 = 512 << 20;
/// Bytes that may be searched for what moved, in one pair of files with all their members.
const SEARCH: u64 = 48 << 20;

/// Why two trees differ.
pub fn explain_trees(a: &Tree, b: &Tree, context: &Context) -> Explained {
    search(context, |s| s.trees(a, b))
}

/// Why two files differ.
pub fn explain(a: &Path, b: &Path, context: &Context) -> Explained {
    match (read(a), read(b)) {
        (Ok(a), Ok(b)) => explain_bytes(&a, &b, context),
        (Err(why), _) | (_, Err(why)) => {
            let mut out = listed(a, b, context).unwrap_or_default();
            out.note = Some(unexplained(&why));
            out
        }
    }
}

/// What two archives say of their members, which are too large to be looked into.
fn listed(a: &Path, b: &Path, context: &Context) -> Option<Explained> {
    let list = |path| list::list(path, &context.limits).ok()?;
    let (x, y) = (list(a)?, list(b)?);
    let compared = compare::compare(&x, &y);
    let members = Members { rows: compared.rows, same_content: compared.same_content };
    Some(Explained {
        findings: compared.findings,
        formats: [x.name(), y.name()],
        members: Some(members),
        ..Explained::default()
    })
}

fn unexplained(why: &str) -> String {
    format!("bytes differ; no reader could explain, because {why}")
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let show = |e: std::io::Error| format!("`{}` cannot be read: {e}", path.display());
    let file = std::fs::File::open(path).map_err(show)?;
    let mut bytes = Vec::new();
    let most = MOST + 1;
    file.take(most).read_to_end(&mut bytes).map_err(show)?;
    match bytes.len() as u64 > MOST {
        true => Err(format!("`{}` has more than {MOST} bytes", path.display())),
        false => Ok(bytes),
    }
}

/// Why the bytes differ.
pub fn explain_bytes(a: &[u8], b: &[u8], context: &Context) -> Explained {
    search(context, |s| {
        s.deb = [a, b].iter().all(|x| x.starts_with(DEB));
        s.explain(a, b, &[])
    })
}

/// How a Debian package begins: ar, and its first member.
const DEB: &[u8] = b"!<arch>\ndebian-binary ";

fn search(context: &Context, explain: impl FnOnce(&mut Search) -> Explained) -> Explained {
    let mut known = context.clone();
    known.known.retain(|k| k.a != k.b);
    let mangled: Vec<Known> = known.known.iter().filter_map(Known::mangled).collect();
    known.known.extend(mangled);
    // The longest first: a shorter one may stand within it.
    known.known.sort_by_key(|k| std::cmp::Reverse(k.a.len().max(k.b.len())));
    let mut search = Search {
        context: &known,
        aligner: Aligner::new(SEARCH),
        digests: Digests::default(),
        deb: false,
    };
    let mut out = explain(&mut search);
    // What lists say of files is read when all files are known.
    let lists = std::mem::take(&mut search.digests.lists);
    for (within, a, b) in lists {
        match search.digests.follows(&within, &a, &b) {
            Some(finding) => out.findings.push(finding),
            None => out.absorb(search.images(&a, &b, &within)),
        }
    }
    container::finish(&mut out);
    out
}

struct Search<'a> {
    context: &'a Context,
    aligner: Aligner,
    digests: Digests,
    /// Both are Debian packages, the archives in which `normalize` looks into.
    deb: bool,
}

impl Search<'_> {
    /// Why two files differ that hold no other files.
    fn images(&mut self, a: &[u8], b: &[u8], within: &[String]) -> Explained {
        if plain::is_text(a) && plain::is_text(b) && reader(a).or(reader(b)).is_none() {
            let (findings, differing) = self.lines(a, b, within);
            return Explained {
                coverage: Coverage::of(differing, &findings),
                findings,
                formats: ["text".to_string(), "text".to_string()],
                ..Explained::default()
            };
        }
        let (images, note) = images(a, b);
        let (ia, ib) = &images;
        let compared = pair::compare((a, ia), (b, ib), self.context, &mut self.aligner);
        let sides = Sides { a: (a, ia), b: (b, ib), within };
        let mut findings = names::compare(ia, ib, within, self.context);
        for finding in &mut findings {
            finding.remedy = remedy::of(finding, self.context);
        }
        let others = !findings.is_empty();
        findings.extend(tell::findings(&sides, &compared, self.context, others));
        sources::summarize(a, b, within, &mut findings);
        settle(&mut findings);
        let note = note.or_else(|| {
            let n = compared.skipped;
            (n > 0)
                .then(|| format!("{n} bytes were not looked at one by one: too many texts differ"))
        });
        Explained {
            coverage: Coverage::of(compared.differing, &findings),
            findings,
            formats: [ia, ib].map(|i| i.format.to_string()),
            binary: true,
            note: note.map(|n| within.iter().map(|m| format!("`{m}`: ")).collect::<String>() + &n),
            ..Explained::default()
        }
    }
}

/// Consequences of one file follow from its first cause; where there is none, they are no consequences.
fn settle(findings: &mut [Finding]) {
    let leading = findings.iter().find(|f| f.is_cause()).map(|f| f.cause);
    for f in findings.iter_mut().filter(|f| f.consequence && f.cause == Cause::Unknown) {
        match leading {
            Some(cause) => f.cause = cause,
            None => {
                f.consequence = false;
                f.remedy = remedy::general(Cause::Unknown).to_string();
            }
        }
    }
    // The tools that made a file account for most of it.
    let tool = |f: &Finding| matches!(f.cause, Cause::CompilerVersion | Cause::LinkerVersion);
    findings.sort_by_key(|f| {
        (f.consequence, f.cause == Cause::Unknown, f.about == About::Moved, !tool(f))
    });
}

/// A number of things: `1 line`, `2 lines`.
pub fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// The reader of a file, by its place in the table.
fn reader(bytes: &[u8]) -> Option<usize> {
    let found = detect(bytes);
    READERS.iter().position(|r| r.of == found)
}

/// Both files as a reader sees them; as plain bytes where they are not of one format, or not sound,
/// and then why.
fn images(a: &[u8], b: &[u8]) -> ((Image, Image), Option<String>) {
    let plain = |note| ((plain::image(a), plain::image(b)), note);
    let (x, y) = (reader(a), reader(b));
    if x != y {
        let name = |i: Option<usize>| i.map_or("no format that is known here", |i| READERS[i].name);
        let why = format!("A is {} and B is {}", name(x), name(y));
        return plain(Some(unexplained(&why)));
    }
    let Some(x) = x else { return plain(None) };
    let read = READERS[x].read;
    match (read(a), read(b)) {
        (Ok(a), Ok(b)) => ((a, b), None),
        (Err(why), _) | (_, Err(why)) => plain(Some(unexplained(&why))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        let window = |from| Window { from, to: from + 10 };
        Context {
            known: vec![Known::new(
                Cause::SourceMtime,
                "time of the source files",
                "1265169906",
                "1404810611",
            )],
            clocks: Some(Clocks { a: window(1_795_557_791), b: window(1_830_136_811) }),
            ..Context::default()
        }
    }

    /// Bytes that are no text, with a number among them.
    fn with(number: &[u8]) -> Vec<u8> {
        [&[0, 1, 2, 3, 4, 5, 6, 7][..], number, &[0; 8]].concat()
    }

    fn cause(a: &[u8], b: &[u8]) -> &'static str {
        let found = explain_bytes(&with(a), &with(b), &context());
        assert_eq!(found.findings.len(), 1, "{found:?}");
        let known = found.findings[0].cause != Cause::Unknown;
        assert_eq!(known, found.coverage.residue() == 0, "{found:?}");
        found.findings[0].cause.name()
    }

    #[test]
    fn integers_are_known_values_and_times_in_either_byte_order() {
        let four = |n: u32| n.to_le_bytes();
        assert_eq!(cause(&four(1_265_169_906), &four(1_404_810_611)), "source-mtime");
        assert_eq!(cause(&four(1_795_557_795), &four(1_830_136_820)), "timestamp");
        // Files are stamped by the kernel, whose clock both builds share.
        assert_eq!(cause(&four(1_795_557_795), &four(1_795_557_799)), "timestamp");
        let nanoseconds = |seconds: u64| (seconds * 1_000_000_000 + 123_456_789).to_be_bytes();
        assert_eq!(cause(&nanoseconds(1_795_557_795), &nanoseconds(1_830_136_815)), "timestamp");
        assert_eq!(cause(&four(17), &four(4_000_000_000)), "unknown");
    }

    #[test]
    fn random_bytes_and_what_is_left_are_told_apart() {
        let random = [0x9a, 0x13, 0xc7, 0x55, 0xe0, 0x21, 0x8d, 0x6b];
        let other = [0x04, 0xfe, 0x39, 0xb2, 0x5c, 0x97, 0xd1, 0xa8];
        assert_eq!(cause(&random, &other), "randomness");
        assert_eq!(cause(&[9; 8], &[8; 8]), "unknown");
    }

    #[test]
    fn the_sentence_never_rounds_up_to_all() {
        let coverage = |differing, caused, following| Coverage { differing, caused, following };
        let say = |c: Coverage| c.sentence();
        assert!(say(coverage(31, 10, 21)).starts_with("explained: 100 % of 31"));
        let most = say(coverage(1_000_000, 999_999, 0));
        assert!(most.contains("99.9 %") && most.ends_with("1 byte is not explained"));
        assert_eq!(say(coverage(0, 0, 0)), "nothing differs");
    }
}
