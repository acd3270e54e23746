//! Explains why two files differ: findings with their cause, place, owner and remedy, and how many
//! of the differing bytes they explain.
//!
//! The files are known to differ before this runs, and nothing here can change that: bytes decide,
//! readers explain. A file that no reader understands gives a note, never an error.

mod align;
pub mod cause;
pub mod compare;
mod container;
mod dependencies;
mod digests;
mod directories;
pub mod finding;
mod found;
mod image;
pub mod inspect;
pub mod known;
pub mod known_crates;
mod labels;
mod lines;
mod members;
mod names;
mod oci;
mod open;
mod owner;
mod pair;
mod plain;
mod read;
pub mod remedy;
mod shift;
mod source_line;
mod sources;
mod tell;
mod text;
pub mod time;
mod tree;
mod wasm;

use std::path::Path;

use repro_formats::detect::detect;
use repro_formats::list;
use repro_formats::normalize::handlers;
use repro_formats::normalize::job::Times;
use repro_formats::parallel::both;

pub use self::compare::Members;
pub use self::found::{Coverage, Explained, NOTHING, count};
pub use self::image::matched;
pub use self::known::{Clocks, Context, Known, Package, Window};
pub use self::open::{Unsound, read};
pub use self::tree::Tree;

use self::align::Aligner;
use self::digests::Digests;
use self::found::{ReadAs, unexplained};
use self::image::Image;
use self::read::READERS;
use self::tell::Sides;
use crate::cause::Cause;
use crate::finding::{About, At, Finding, Place};

/// Bytes that may be searched for what moved, in one pair of files with all their members.
const SEARCH: u64 = 48 << 20;

/// Why two trees differ.
pub fn explain_trees(a: &Tree, b: &Tree, context: &Context) -> Explained {
    search(context, |s| s.trees(a, b))
}

/// Why two files differ.
pub fn explain(a: &Path, b: &Path, context: &Context) -> Explained {
    match both(|| read(a), || read(b)) {
        (Ok(x), Ok(y)) => explain_files((a, &x), (b, &y), context),
        (Err(why), _) | (_, Err(why)) => {
            let mut out = listed(a, b, context).unwrap_or_default();
            out.note = Some(unexplained(&why));
            out
        }
    }
}

/// Why two files differ that were read.
pub fn explain_files(
    (a, x): (&Path, &[u8]),
    (b, y): (&Path, &[u8]),
    context: &Context,
) -> Explained {
    let mut out = explain_bytes(x, y, context);
    out.left_alone([("A", a), ("B", b)], context);
    out
}

impl Explained {
    /// No remedy is to run `normalize` on a file that it leaves as it is.
    fn left_alone(&mut self, sides: [(&str, &Path); 2], context: &Context) {
        if self.findings.iter().all(|f| !f.normalized) {
            return;
        }
        let why = |times| {
            let each =
                |(side, path)| Some((side, handlers::left_alone(path, times, &context.limits)?));
            sides.into_iter().find_map(each)
        };
        let Some((side, reason)) = why(Times::Clamp(i64::MAX)) else { return };
        let sets = why(Times::Set(0)).is_none();
        for f in self.findings.iter_mut().filter(|f| f.normalized) {
            let what = compare::what(f.cause);
            f.remedy = match sets {
                // Times before 1970 are all that is in the way.
                true => format!(
                    "{what}: pack with `repro archive`, or run `repro normalize --set-time 0` on both"
                ),
                false => format!(
                    "{what}: pack with `repro archive`; `repro normalize` leaves {side} as it is: {reason}"
                ),
            };
            f.normalized = sets;
        }
    }
}

/// Compares the member lists of two archives that are too large to be unpacked.
fn listed(a: &Path, b: &Path, context: &Context) -> Option<Explained> {
    let list = |path| list::list(path, &context.limits).ok()?;
    let (x, y) = (list(a)?, list(b)?);
    let (members, findings) = compare::compare(&x, &y);
    Some(Explained {
        findings,
        formats: [x.name().into(), y.name().into()],
        members: Some(members),
        ..Explained::default()
    })
}

/// Why the bytes differ.
pub fn explain_bytes(a: &[u8], b: &[u8], context: &Context) -> Explained {
    search(context, |s| {
        s.deb = [a, b].iter().all(|x| x.starts_with(DEB));
        s.explain(a, b, &[])
    })
}

/// How a Debian package begins: ar, and its first member.
pub(crate) const DEB: &[u8] = b"!<arch>\ndebian-binary ";

fn search(context: &Context, explain: impl FnOnce(&mut Search) -> Explained) -> Explained {
    let mut known = context.clone();
    known.known.retain(|k| k.a != k.b);
    let forms: Vec<Known> = known.known.iter().flat_map(Known::forms).collect();
    known.known.extend(forms);
    // The longest first: a shorter one may be part of it.
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
        let follows = search.digests.follows(&within, &a, &b);
        if follows.all {
            out.findings.push(digests::consequence(&within));
            continue;
        }
        let words = follows.words.into_iter();
        let words =
            words.map(|(a, b)| Known::new(Cause::Unknown, "of a file", a, b).about(About::Digests));
        let context =
            Context { known: words.chain(known.known.clone()).collect(), ..known.clone() };
        let mut rest = Search { context: &context, aligner: Aligner::new(SEARCH), ..search };
        out.absorb(rest.images(&a, &b, &within));
        search = Search { context: &known, ..rest };
    }
    out.finish();
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
                formats: [ReadAs::TEXT, ReadAs::TEXT],
                ..Explained::default()
            };
        }
        if a.is_empty() || b.is_empty() {
            return empty(a, b, within);
        }
        let (images, note) = images(a, b);
        let (ia, ib) = &images;
        let (mut findings, compared) = both(
            || names::compare(ia, ib, within, self.context),
            || pair::compare((a, ia), (b, ib), self.context, &mut self.aligner),
        );
        let sides = Sides { a: (a, ia), b: (b, ib), within };
        for finding in &mut findings {
            finding.remedy = remedy::of(finding, self.context);
        }
        let others = !findings.is_empty();
        findings.extend(tell::findings(&sides, &compared, self.context, others));
        sources::summarize(a, b, within, &mut findings);
        let mut inner = Explained::default();
        // A stream can unpack to itself.
        for pair in compared.streams.iter().filter(|_| within.len() < open::DEEPEST) {
            let name = pair.compression.row().name;
            let label = format!("the {name} stream at byte {}", pair.a.start);
            let within = [within, &[label]].concat();
            inner.absorb(self.explain(&a[pair.a.clone()], &b[pair.b.clone()], &within));
        }
        findings.append(&mut inner.findings);
        settle(&mut findings);
        let note = note.or_else(|| {
            let n = compared.skipped;
            (n > 0)
                .then(|| format!("{n} bytes were not compared one by one: too many texts differ"))
        });
        Explained {
            coverage: Coverage::of(compared.differing + inner.coverage.differing, &findings),
            findings,
            formats: [ia, ib].map(ReadAs::of),
            binary: true,
            note: note.map(|n| within.iter().map(|m| format!("`{m}`: ")).collect::<String>() + &n),
            ..Explained::default()
        }
    }
}

/// One of two files has nothing in it: what the other one is, says nothing of why.
fn empty(a: &[u8], b: &[u8], within: &[String]) -> Explained {
    let place = Place::new(within, At::Whole).called("empty on one side");
    let shown = |bytes: &[u8]| format!("{} bytes", bytes.len());
    let bytes = a.len().max(b.len());
    let finding = Finding::new(Cause::Unknown, place, shown(a), shown(b)).bytes(bytes);
    let findings = vec![finding.remedy(remedy::general(Cause::Unknown))];
    let coverage = Coverage::of(bytes as u64, &findings);
    let formats = [ReadAs::BYTES, ReadAs::BYTES];
    Explained { coverage, findings, formats, ..Explained::default() }
}

/// Sections that hold what the compiler records about a crate.
const METADATA: [&str; 2] = [".rmeta", ".rustc"];

/// Consequences of one file follow from its first cause; where there is none, they are no consequences.
fn settle(findings: &mut [Finding]) {
    let leading = findings.iter().find(|f| f.is_cause()).map(|f| f.cause);
    for f in findings.iter_mut().filter(|f| f.consequence && f.cause == Cause::Unknown) {
        match leading {
            // What they unpack to differs, whatever the cause.
            None if f.about == About::Compressed => {}
            Some(cause) => f.cause = cause,
            None => {
                f.consequence = false;
                if f.place.section().is_some_and(|s| METADATA.contains(&s)) {
                    f.cause = Cause::CrateMetadata;
                }
                f.remedy = remedy::general(f.cause).to_string();
            }
        }
    }
    // The tools that made a file account for most of it.
    findings.sort_by_key(|f| {
        (f.consequence, f.cause == Cause::Unknown, f.about == About::Moved, !f.is_of_tool())
    });
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
    match both(|| read(a), || read(b)) {
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

    /// The causes of two byte strings, in order; consequences are left out.
    fn causes(a: &[u8], b: &[u8], known: &[(&str, &str)]) -> Vec<&'static str> {
        let known = known.iter().map(|(x, y)| Known::new(Cause::Environment, "ID", *x, *y));
        let context = Context { known: known.collect(), ..Context::default() };
        let found = explain_bytes(a, b, &context).findings;
        found.iter().filter(|f| !f.consequence).map(|f| f.cause.name()).collect()
    }

    #[test]
    fn a_known_number_is_found_in_whatever_form() {
        let (x, y) = (48_213, 51_877);
        let forms: [fn(u32) -> Vec<u8>; 7] = [
            |n| n.to_le_bytes().to_vec(),
            |n| n.to_be_bytes().to_vec(),
            |n| u64::from(n).to_le_bytes().to_vec(),
            |n| f64::from(n).to_le_bytes().to_vec(),
            |n| format!("it is {n} here").into_bytes(),
            |n| format!("it is {:x} here", n * 4096).into_bytes(),
            |n| {
                let (n, of) = (n * 4096, |n: u32| n % 1000);
                format!("it is {}_{:03}_{:03} here", n / 1_000_000, of(n / 1000), of(n))
                    .into_bytes()
            },
        ];
        let known = [("48213", "51877"), ("197480448", "212488192")];
        for (i, form) in forms.iter().enumerate() {
            let (a, b) = (with(&form(x)), with(&form(y)));
            assert_eq!(causes(&a, &b, &known), ["environment"], "form {i}");
            // One off is not the value; in long texts one side is enough.
            let b = with(&form(y + 1));
            assert_eq!(causes(&a, &b, &known) == ["environment"], i > 4, "form {i}");
        }
    }

    #[test]
    fn pools_tables_and_texts_are_compared_as_sets() {
        let constant =
            |n: u64| [n.to_le_bytes(), (n ^ 0x3ff0_1234_5678_9abc).to_le_bytes()].concat();
        let pool = |order: [u64; 4]| with(&order.map(constant).concat()[..]);
        let (a, b) = (pool([4_000_111, 5, 48_213, 7]), pool([51_877, 4_000_111, 5, 7]));
        let head = |bytes: &[u8]| [&[0; 8], bytes].concat();
        let known = [("48213", "51877")];
        assert_eq!(causes(&head(&a), &head(&b), &known), ["environment"]);
        assert!(causes(&head(&a), &head(&b), &[]).iter().all(|c| *c != "ordering"));
        let record = |n: u32| [n.to_le_bytes(), (n * n).to_le_bytes(), (!n).to_le_bytes()].concat();
        let table = |order: [u32; 5]| with(&order.map(record).concat());
        assert_eq!(causes(&table([3, 9, 4, 1, 6]), &table([6, 4, 3, 9, 1]), &[]), ["ordering"]);
        assert_ne!(causes(&table([3, 9, 4, 1, 6]), &table([6, 4, 3, 9, 2]), &[]), ["ordering"]);
        let text = |order: [&str; 5]| with(order.concat().as_bytes());
        let a = text(["key37", "cab12", "/usr/lib/x", "lorem", "ipsum8"]);
        let b = text(["ipsum8", "/usr/lib/x", "cab12", "lorem", "key37"]);
        assert_eq!(causes(&a, &b, &[]), ["ordering"]);
        let b = text(["ipsum8", "/usr/lib/x", "cab12", "lorem", "key38"]);
        assert_ne!(causes(&a, &b, &[]), ["ordering"]);
    }

    /// A value of another length is in another pool, with which all pools change places.
    #[test]
    fn pools_that_moved_with_a_known_value_follow_from_it() {
        let table: Vec<u8> = (0..200_u32).flat_map(|n| (n * n * 77 + 9).to_le_bytes()).collect();
        let built = |pool: &str, value: &str, last: &str| {
            let parts = [
                &[0; 4][..],
                pool.as_bytes(),
                &table,
                value.as_bytes(),
                &[0],
                last.as_bytes(),
                &[0; 4],
            ];
            parts.concat()
        };
        let pool = "kindtruemain -> shim is as dyn i128";
        let a = built(&pool.replace("true", "UTC\ntrue"), "", "zero panicked at");
        let left = |b: &[u8], known: &[(&str, &str)]| {
            let known = known.iter().map(|(x, y)| Known::new(Cause::Timezone, "TZ", *x, *y));
            let context = Context { known: known.collect(), ..Context::default() };
            let found = explain_bytes(&a, b, &context);
            (found.coverage.residue(), found.findings)
        };
        let b = built("RPB-13:45\n", pool, "zero panicked at");
        let known = [("UTC", "RPB-13:45")];
        assert_eq!(left(&b, &known).0, 0, "{:?}", left(&b, &known));
        // Without the value nothing is a reason; and what is in neither pool is left.
        assert_ne!(left(&b, &[]).0, 0);
        let b = built("RPB-13:45\n", pool, "one panicked elsewhere");
        assert_ne!(left(&b, &known).0, 0, "{:?}", left(&b, &known));
    }

    #[test]
    fn metadata_of_a_crate_is_a_cause_only_where_it_is_all() {
        let rmeta = |hash: &[u8]| [b"rust\0\0\0\x0a", hash, &[7; 40]].concat();
        assert_eq!(causes(&rmeta(&[1, 2, 3, 9]), &rmeta(&[4, 8, 6, 5]), &[]), ["crate-metadata"]);
        let with_path = |id: &str, hash| [&rmeta(hash)[..], id.as_bytes()].concat();
        let (a, b) = (
            with_path("/id/one-of-a", b"\x01\x02\x03"),
            with_path("/id/one-of-b", b"\x04\x05\x06"),
        );
        assert_eq!(causes(&a, &b, &[("/id/one-of-a", "/id/one-of-b")]), ["environment"]);
    }
}
