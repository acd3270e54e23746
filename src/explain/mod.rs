//! Why two files differ: findings with their cause, place, owner and remedy, and how much of what
//! differs they account for.
//!
//! That the files differ is known before this is asked, and nothing here can change it: bytes decide,
//! readers explain. A file that no reader understands gives a note, never an error.

pub mod align;
pub mod compare;
pub mod container;
pub mod image;
pub mod known;
pub mod members;
pub mod names;
pub mod owner;
pub mod pair;
pub mod plain;
pub mod read;
pub mod remedy;
pub mod shift;
pub mod source_line;
pub mod tell;
pub mod text;
pub mod time;

use std::io::Read;
use std::path::Path;

use repro_formats::detect::detect;
use repro_formats::list;
use repro_formats::listing::Listing;

pub use self::known::{Clocks, Context, Known, Package, Window};

use self::align::Aligner;
use self::image::Image;
use self::read::READERS;
use self::tell::Sides;
use crate::cause::Cause;
use crate::finding::Finding;

/// What was found of two files that differ.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// What differs: causes first, then consequences.
    pub findings: Vec<Finding>,
    /// The format that both were read as; `bytes` if none is known.
    pub format: String,
    /// How much of the differing ranges is claimed.
    pub coverage: Coverage,
    /// Why a reader could not explain, where one could not: a clause.
    pub note: Option<String>,
}

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
            caused: sum(|f| !f.consequence && f.cause != Cause::Unknown),
            following: sum(|f| f.consequence),
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

/// Why the files differ.
pub fn explain(a: &Path, b: &Path, context: &Context) -> Explained {
    let list = |path| list::list(path, &context.limits);
    match (list(a), list(b)) {
        (Ok(Some(la)), Ok(Some(lb))) => explain_archives((a, &la), (b, &lb), context),
        (Err(e), _) | (_, Err(e)) => {
            let mut out = explain_files(a, b, context);
            out.note = Some(unexplained(&crate::error::one_line(&e.into())));
            out
        }
        _ => explain_files(a, b, context),
    }
}

/// Why two archives differ that were listed already.
pub fn explain_archives(
    (a, la): (&Path, &Listing),
    (b, lb): (&Path, &Listing),
    context: &Context,
) -> Explained {
    with_bytes(a, b, context, |search, a, b| search.listed((a, la), (b, lb)))
}

/// Why two files differ, without a look at what an archive says of its members.
pub fn explain_files(a: &Path, b: &Path, context: &Context) -> Explained {
    with_bytes(a, b, context, |search, a, b| search.explain(a, b, "", 0))
}

fn with_bytes(
    a: &Path,
    b: &Path,
    context: &Context,
    explain: impl FnOnce(&mut Search, &[u8], &[u8]) -> Explained,
) -> Explained {
    match (read(a), read(b)) {
        (Ok(a), Ok(b)) => search(context, |s| explain(s, &a, &b)),
        (Err(why), _) | (_, Err(why)) => Explained {
            format: "bytes".to_string(),
            note: Some(unexplained(&why)),
            ..Explained::default()
        },
    }
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
    search(context, |s| s.explain(a, b, "", 0))
}

fn search(context: &Context, explain: impl FnOnce(&mut Search) -> Explained) -> Explained {
    let mut known = context.clone();
    // The longest first: a shorter one may stand within it.
    known.known.retain(|k| k.a != k.b);
    known.known.sort_by_key(|k| std::cmp::Reverse(k.a.len().max(k.b.len())));
    explain(&mut Search { context: &known, aligner: Aligner::new(SEARCH) })
}

struct Search<'a> {
    context: &'a Context,
    aligner: Aligner,
}

impl Search<'_> {
    fn explain(&mut self, a: &[u8], b: &[u8], within: &str, depth: usize) -> Explained {
        let held = self.container(a, b, within, depth);
        let mut unread = None;
        match held {
            Some(out) if out.note.is_some() && out.findings.is_empty() => unread = out.note,
            Some(out) => return out,
            None => {}
        }
        let (images, note) = images(a, b);
        let note = unread.or(note);
        let (ia, ib) = &images;
        let compared = pair::compare((a, ia), (b, ib), self.context, &mut self.aligner);
        let sides = Sides { a: (a, ia), b: (b, ib), within };
        let mut findings = names::compare(ia, ib, within);
        for finding in &mut findings {
            finding.remedy = remedy::of(finding, None, self.context);
        }
        findings.extend(tell::findings(&sides, &compared, self.context));
        findings.sort_by_key(|f| (f.consequence, f.cause == Cause::Unknown));
        let coverage = Coverage::of(compared.differing, &findings);
        let note = note.or_else(|| {
            let n = compared.skipped;
            (n > 0).then(|| {
                format!("{within}{n} bytes were not looked at one by one: too many texts differ")
            })
        });
        Explained { findings, format: ia.format.to_string(), coverage, note }
    }
}

/// Both files as a reader sees them; as plain bytes where they are not of one format, or not sound,
/// and then why.
fn images(a: &[u8], b: &[u8]) -> ((Image, Image), Option<String>) {
    let reader = |bytes: &[u8]| {
        let found = detect(bytes);
        READERS.iter().position(|r| r.of == found)
    };
    let plain = |note| {
        let mut images = (plain::image(a), plain::image(b));
        if images.0.format != images.1.format {
            let bytes = |x: &[u8]| Image::whole("bytes", image::Kind::Bytes, "bytes", x.len());
            images = (bytes(a), bytes(b));
        }
        (images, note)
    };
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
