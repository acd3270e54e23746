//! The report as text: what a person needs on one screen, the verdict last.
//! Without `-v`, artifacts and details of the culprit are cut until it fits; the verdict and its limits stay.

pub mod attested;
mod blame;
pub mod check;
mod identity;
pub mod init;
pub mod several;
pub mod verify;

use std::fmt::Write;
use std::path::PathBuf;

use self::blame::Room;
use super::rows::{digest, named, rest, row, under};
use super::variations::Extent;
use super::{findings, variations};
use repro_explain::cause::{self, CAUSES, Cause};
use repro_explain::time::show;
use repro_explain::{Explained, known_crates, remedy};
use repro_formats::compress::container::Compression;
use repro_formats::formats::Layout;
use repro_formats::names::printable;

use crate::blame::culprit::{Culprit, Proof};
use crate::compare::Pair;
use crate::manifest::{Archive, Image};
use crate::recipe::RecipeRow;
use crate::remedies::TriedOutcome;
use crate::report::Report;

use crate::setting::entry::Setting;
use crate::term::{self, BAD, BOLD, GOOD, WARN};
use crate::variation::coverage::Coverage;
use crate::variation::{Need, SAME_PATH, SHARED, Side, VARIATIONS};
use crate::verdict::{Status, Tone, Verdict};
use repro_formats::policy;

/// How many differences of the first artifact that differs are explained without `-v`.
const EXPLAINED: usize = 2;
/// How many artifacts are listed one by one without `-v`, and how much is printed about the culprit:
/// the first of these with which the report fits one screen.
const ROOMS: &[(usize, Room)] = &[room(8, 3, 4), room(4, 3, 3), room(2, 3, 2), room(1, 2, 1)];

const fn room(artifacts: usize, culprits: usize, lines: usize) -> (usize, Room) {
    (artifacts, Room { culprits, lines })
}

/// Lines of a screen.
const SCREEN: usize = 30;

/// The report. With `verbose` every artifact, value and dropped variable is listed.
pub fn report(report: &Report, verbose: bool) -> String {
    if verbose {
        return within(report, verbose, usize::MAX, blame::ALL);
    }
    let texts = ROOMS.iter().map(|(listed, room)| within(report, verbose, *listed, *room));
    let mut texts = texts.peekable();
    while let Some(text) = texts.next() {
        if text.lines().count() <= SCREEN || texts.peek().is_none() {
            return text;
        }
    }
    unreachable!("the table of rooms is not empty")
}

fn within(report: &Report, verbose: bool, listed: usize, room: Room) -> String {
    let mut out = String::new();
    if let Some(off) = report.coverage.as_ref().and_then(variations::off_by_project) {
        row(&mut out, WARN, "not varied", wrap(&off));
    }
    out += &blame::text(&report.blame, room);
    for tried in report.tried.iter().flatten() {
        let style = if matches!(tried.outcome, TriedOutcome::Helped) { GOOD } else { WARN };
        row(&mut out, style, "tried", wrap(&tried.sentence()));
    }
    row(&mut out, BOLD, "source", &report.source);
    artifacts(&mut out, report, verbose, listed);
    if let Some(builds) = report.of_builds() {
        row(&mut out, BOLD, "builds", wrap(&builds));
    }
    if let Some(coverage) = &report.coverage {
        variations(&mut out, coverage, verbose);
    }
    for (unit, why) in report.split.iter().flat_map(|s| &s.twice).filter(|_| verbose) {
        row(&mut out, BOLD, "twice", format_args!("{unit}: {why}"));
    }
    if verbose {
        let dropped = match report.dropped.is_empty() {
            true => "none".to_string(),
            false => report.dropped.join(", "),
        };
        row(&mut out, BOLD, "not passed", dropped);
    }
    for setting in &report.settings {
        let Setting { name, value, home, .. } = setting;
        let text = printable(format!("{name}={value}").as_bytes());
        let text = format!("{text}: a verifier has to accept it by name; {}", home.advice());
        row(&mut out, WARN, "setting", text);
    }
    for note in &report.notes {
        row(&mut out, WARN, "note", note);
    }
    ending(&mut out, report);
    out
}

fn artifacts(out: &mut String, report: &Report, verbose: bool, shown: usize) {
    if report.verdict == Verdict::Single {
        return of_one_build(out, &report.comparison.pairs, verbose);
    }
    let matters = |p: &Pair| p.either().kind.is_shipped() || p.status() != Status::Same;
    type Both<'a> = Vec<(&'a Pair, &'a Explained)>;
    let (mut listed, rest): (Both, Both) = report.pairs().partition(|(p, _)| verbose || matters(p));
    listed.sort_by_key(|(p, _)| {
        let shipped = p.either().kind.is_shipped();
        (p.status() == Status::Same, !p.in_verdict(), !shipped)
    });
    let shown = shown.min(listed.len());
    let blamed = !report.blame.is_empty();
    let mut most = match (verbose, blamed) {
        (true, _) => usize::MAX,
        (false, false) => EXPLAINED,
        // The culprit is printed with the evidence for it.
        (false, true) => 0,
    };
    let mut coverage = blamed && !verbose;
    for (pair, explained) in listed.iter().take(shown) {
        artifact(out, pair);
        if pair.status() == Status::Differs && coverage {
            under(out, explained.coverage.sentence());
            coverage = false;
        }
        if pair.status() == Status::Differs && most > 0 {
            findings::text(out, explained, most, pair.other().label());
            // What is shipped stands first; the rest mostly differs for the same reason.
            if !verbose {
                most = 0;
            }
        }
    }
    if let Some(more) = listed.get(shown..).filter(|m| !m.is_empty()) {
        let same = more.iter().filter(|(p, _)| p.status() == Status::Same).count();
        under(out, format_args!("and {} more ({same} the same), listed with -v", more.len()));
    }
    let equal = |in_verdict| rest.iter().filter(|(p, _)| p.in_verdict() == in_verdict).count();
    if equal(true) > 0 {
        let libraries = term::count(equal(true), "Rust library", "Rust libraries");
        row(out, GOOD, "same", libraries + ", listed with -v");
    }
    if equal(false) > 0 {
        let (one, many) =
            ("build script or procedural macro", "build scripts and procedural macros");
        let others = term::count(equal(false), one, many);
        row(out, GOOD, "same", others + " (not in the verdict), listed with -v");
    }
}

/// Artifacts that nothing was compared with.
fn of_one_build(out: &mut String, pairs: &[Pair], verbose: bool) {
    let shown = |p: &&Pair| verbose || p.either().kind.is_shipped();
    for x in pairs.iter().filter(shown).map(Pair::either) {
        row(out, WARN, "built", named(x, ""));
        digest(out, "", &x.digest);
    }
    rest(out, pairs.len(), pairs.iter().filter(shown).count());
}

fn artifact(out: &mut String, pair: &Pair) {
    let x = pair.either();
    let status = pair.status();
    let style = match (status, pair.in_verdict()) {
        (Status::Same, _) => GOOD,
        (_, true) => BAD,
        (_, false) => WARN,
    };
    let aside = if pair.in_verdict() { "" } else { "; not in the verdict" };
    row(out, style, status.name(), named(x, aside));
    if status == Status::Same {
        digest(out, "", &x.digest);
    } else {
        for output in &pair.outputs {
            if let Some(x) = &output.artifact {
                digest(out, &format!("{}: ", output.labels()), &x.digest);
            }
        }
    }
}

fn variations(out: &mut String, coverage: &Coverage, verbose: bool) {
    for (extent, text) in variations::lines(coverage) {
        let style = if extent == Extent::Varied { BOLD } else { WARN };
        if verbose && extent == Extent::Varied {
            let whole = coverage.applied.iter().filter(|(id, _)| coverage.is_whole(*id));
            for (id, values) in whole {
                let values: Vec<_> = values.all().iter().map(ToString::to_string).collect();
                row(out, style, extent.label(), format_args!("{id}: {}", values.join(" -> ")));
            }
        } else {
            row(out, style, extent.label(), wrap(&text));
        }
    }
}

fn ending(out: &mut String, report: &Report) {
    row(out, BOLD, "manifest", report.manifest.display());
    match report.verdict {
        Verdict::Reproducible | Verdict::DirtyTree | Verdict::AtPath => {
            row(out, BOLD, "verify", &report.how_to_verify);
        }
        Verdict::FromLedger => {
            let next = "a release is checked in full: run `repro build` without `--ledger` before `repro archive`";
            row(out, BOLD, "next", wrap(next));
        }
        Verdict::AtScratchPath => {
            let next = "each run builds at a different path and gives different bytes: install the package bubblewrap and run `repro build --same-path`, or vary the paths";
            row(out, BOLD, "next", wrap(next));
        }
        Verdict::NothingVaried => {
            let next = "run `repro build` with variations: two equal builds in one environment are weak evidence; `--allow-nothing-varied` accepts them";
            row(out, BOLD, "next", next);
        }
        Verdict::Single => {
            let next = "on other machines: `repro build --once`; then `repro verify --against` with the manifests of all";
            row(out, BOLD, "compare", next);
        }
        Verdict::Differs => {
            let helped = |proof: &Proof| match proof {
                Proof::Confirmed(shown) => shown.variations.iter().all(|v| SAME_PATH.contains(v)),
                Proof::Suspected(_) => true,
            };
            let only_path = |c: &Culprit| {
                c.causes.iter().all(|cause| *cause == Cause::BuildPath) && helped(&c.proof)
            };
            if !report.blame.is_empty() && report.blame.iter().all(only_path) {
                // Nothing else can make such a path.
                let on = if cfg!(target_os = "linux") { "" } else { " on Linux" };
                let next = format!(
                    "only the build path matters: `repro build --same-path`{on} builds at a path that every builder can use"
                );
                row(out, BOLD, "next", wrap(&next));
            }
            let advice = if report.blame.is_empty() {
                "; switch variations off one at a time (`--vary -NAME`) to find the one that matters"
            } else {
                ""
            };
            let others = report.comparison.others().into_iter().map(Side::lower);
            let dirs = std::iter::once(Side::A.lower()).chain(others);
            let dirs: Vec<_> =
                dirs.map(|dir| report.results.join(dir).display().to_string()).collect();
            let label = if dirs.len() == 2 { "both sides" } else { "all sides" };
            row(out, BOLD, label, dirs.join(", ") + advice);
        }
    }
    let style = match report.verdict.row().tone {
        Tone::Good => GOOD,
        Tone::Warn => WARN,
        Tone::Bad => BAD,
    };
    let _ = writeln!(out, "{style}{}{style:#}", report.last_line());
}

fn wrap(list: &str) -> String {
    let mut lines = vec![String::new()];
    for word in list.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.len() + word.len() > 66 {
            lines.push(word.to_string());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n            ")
}

/// The recipe as a table.
pub fn recipe(rows: &[RecipeRow]) -> String {
    let width = rows.iter().map(|r| r.what.len()).max().unwrap_or(0);
    rows.iter()
        .map(|r| format!("{:<width$}  {}\n{:<width$}    {}\n", r.what, r.value, "", r.why))
        .collect()
}

/// The table of variations.
pub fn list_variations() -> String {
    let mut out = String::new();
    for v in VARIATIONS {
        let _ = write!(out, "{:<17}{}", v.text, v.about);
        if v.needs != Need::Nothing {
            let _ = write!(out, " [needs: {}]", v.needs);
        }
        out.push('\n');
    }
    out += "\nNot varied, as both builds are made on one machine:\n";
    for shared in SHARED {
        let _ = writeln!(out, "{:<19}{}", shared.text, shared.about);
    }
    out
}

/// The table of causes: what each is, what to do about it, and where that is said; then the crates of
/// which more is known.
pub fn causes() -> String {
    let mut out = String::new();
    for cause in CAUSES {
        let _ = writeln!(out, "{BOLD}{}{BOLD:#}: {}", cause.name, cause.means);
        for row in remedy::BY_CAUSE.iter().filter(|r| r.cause == cause.cause) {
            let of = row.about.label().map_or(String::new(), |label| format!("({label}) "));
            let _ = writeln!(out, "    {of}{}\n    {}", row.text, row.source);
        }
    }
    for row in known_crates::all() {
        let (spec, causes) = (row.spec(), cause::names(&row.causes));
        let what = format!("{causes}\n    {}\n    {}", row.remedy, row.source);
        let _ = writeln!(out, "{BOLD}crate {spec}{BOLD:#}: {what}");
    }
    out
}

/// What was packed: a line for each archive, as `sha256sum` prints it, with how it was made above.
pub fn archives(
    archives: &[(PathBuf, Archive)],
    images: &[(PathBuf, Image)],
    beside: &[&str],
    notes: &[String],
) -> String {
    let mut out = String::new();
    for note in notes {
        let _ = writeln!(out, "{WARN}note{WARN:#}  {note}");
    }
    for (path, archive) in archives {
        let Archive { size, epoch, sha256, level, .. } = archive;
        let compressor = match (archive.format.layout, archive.format.compression) {
            (Layout::Zip, _) => format!("deflate level {level}"),
            (Layout::Tar, Compression::None) => "not compressed".to_string(),
            (Layout::Tar, compression) => format!("{} level {level}", compression.row().name),
        };
        let how = format!("{size} bytes ({compressor}), timestamps set to {}", show(*epoch));
        let _ = writeln!(out, "{BOLD}packed{BOLD:#}  {how}\n{sha256}  {}", path.display());
    }
    for (path, image) in images {
        let Image { title, version, size, epoch, digest, sha256, platforms, .. } = image;
        let platforms: Vec<&str> = platforms.iter().map(|p| &*p.platform).collect();
        let platforms = platforms.join(", ");
        let what = format!("{title}:{version} for {platforms}, {size} bytes");
        let what = format!("{what}, timestamps set to {}", show(*epoch));
        let _ = writeln!(out, "{BOLD}image{BOLD:#}   {what}\n        sha256:{digest}");
        let _ = writeln!(out, "{sha256}  {}", path.display());
    }
    if !beside.is_empty() {
        let _ = writeln!(out, "{BOLD}with{BOLD:#}    {}", beside.join(", "));
    }
    out
}

/// Files that were written.
pub fn written(paths: &[PathBuf]) -> String {
    let line = |path: &PathBuf| format!("{BOLD}wrote{BOLD:#}  {}\n", path.display());
    paths.iter().map(line).collect()
}

/// The policy of archives as a table.
pub fn policy() -> String {
    let row = |r: &policy::Rule| format!("{}: {}\n    because {}\n", r.field, r.value, r.why);
    policy::POLICY.iter().map(row).collect()
}
