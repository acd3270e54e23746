//! What a survey has found: a summary as text, and a page in Markdown. Names and messages come from crates and
//! compilers, so nothing in them may act as markup.

use std::collections::BTreeMap;
use std::fmt::Write;

use repro_formats::names::visible;

use super::rows;
use crate::error::Kind;
use crate::git;
use crate::survey::{Cause, Outcome, SurveyRow};
use crate::term::{self, BAD, BOLD, GOOD, WARN};
use crate::verdict::Verdict;

/// The rows of a list.
pub struct Survey {
    /// In the order of the list.
    pub rows: Vec<SurveyRow>,
    /// Entries without a row.
    pub not_run: Vec<String>,
    /// Entries that could not be run now.
    pub failed: Vec<Failed>,
}

/// An entry about which nothing was found out.
pub struct Failed {
    /// The line of the list.
    pub entry: String,
    /// Why.
    pub why: String,
    /// The exit code of that.
    pub code: u8,
}

/// The groups that rows are counted in, in the order of the page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Reproducible,
    Qualified,
    Differs,
    NotBuilt,
    NotFinished,
}

const GROUPS: [(Group, &str); 5] = [
    (Group::Reproducible, "reproducible"),
    (Group::Qualified, "reproducible, with a qualification"),
    (Group::Differs, "differs"),
    (Group::NotBuilt, "not built"),
    (Group::NotFinished, "not finished"),
];

fn group(row: &SurveyRow) -> Group {
    match row.verdict {
        Outcome::Compared(Verdict::Reproducible) => Group::Reproducible,
        Outcome::Compared(Verdict::Differs) => Group::Differs,
        Outcome::Compared(_) => Group::Qualified,
        Outcome::NotBuilt => Group::NotBuilt,
        Outcome::NotFinished => Group::NotFinished,
    }
}

const LIMITS: &str = "\
- Two equal builds on one machine are evidence, not a proof: a cause that was not varied, or that shows only
  sometimes, is not seen. The variations that did not reach the builds are listed below.
- Nothing was compared with a binary that anyone has published. `repro verify` does that.
- Only one way to build was tried: the release profile, the default features, the dependencies of the crate's own
  Cargo.lock, one toolchain and one target. Other features or targets can differ.
- The source is the published `.crate`, not the repository. A commit in a row is what the crate claims.
- \"Not built\" and \"not finished\" tell nothing about reproducibility. Most often this machine lacks a library,
  or the row reached its limit of time.
- A difference is a property of the build, not a verdict on the people who wrote the program. The root cause is often in a
  dependency, and may be fixed in a newer version of it.
- The program has its own recipe for builds (`repro build --show-recipe`). A plain `cargo build` in two directories
  can differ where this page says reproducible.
";

impl Survey {
    fn counts(&self) -> Vec<(Group, &'static str, usize)> {
        let of = |g| self.rows.iter().filter(|r| group(r) == g).count();
        GROUPS.map(|(g, name)| (g, name, of(g))).to_vec()
    }

    /// The exit code: that of what could not be run, else of a difference, else of what was not built.
    pub fn code(&self) -> u8 {
        let failed = self.failed.iter().map(|f| f.code).max();
        let has = |wanted: &[Group]| self.rows.iter().any(|r| wanted.contains(&group(r)));
        let differs = || has(&[Group::Differs]).then_some(1);
        let weaker = || {
            let codes = self.rows.iter().filter_map(|r| match r.verdict {
                Outcome::Compared(verdict) => Some(verdict.code(false)),
                _ => None,
            });
            codes.max().filter(|code| *code > 0)
        };
        let missing =
            || has(&[Group::NotBuilt, Group::NotFinished]).then_some(Kind::BuildFailed.code());
        failed.or_else(differs).or_else(weaker).or_else(missing).unwrap_or(0)
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for row in self.rows.iter().filter(|r| group(r) == Group::Differs) {
            let causes = row.culprits.iter().map(words).collect::<Vec<_>>().join("; ");
            let causes = if causes.is_empty() { "no root cause found" } else { &causes };
            rows::row(&mut out, BAD, "differs", format_args!("{}: {causes}", subject(row)));
        }
        for row in &self.rows {
            if let Some(reason) = &row.reason {
                let name = row.verdict.name().replace('-', " ");
                let (of, reason) = (subject(row), visible(reason));
                rows::row(&mut out, WARN, &name, format_args!("{of}: {reason}"));
            }
        }
        for failed in &self.failed {
            let (entry, why) = (&failed.entry, visible(&failed.why));
            rows::row(&mut out, BAD, "no row", format_args!("{entry}: {why}"));
        }
        let counted = term::count(self.rows.len(), "crate has a row", "crates have a row");
        let not_run = match self.not_run.len() {
            0 => String::new(),
            n => format!("; {n} not run"),
        };
        rows::row(&mut out, BOLD, "survey", format_args!("{counted}{not_run}"));
        let counts = self.counts().into_iter().filter(|(.., n)| *n > 0);
        for (group, name, n) in counts {
            let style = match group {
                Group::Reproducible => GOOD,
                Group::Differs => BAD,
                _ => WARN,
            };
            rows::row(&mut out, style, &format!("{n:>11}"), name);
        }
        out
    }

    /// As a page.
    pub fn markdown(&self) -> String {
        let mut out = String::from(
            "# Survey of published programs\n\n<!-- Written by `repro survey --markdown`; do not edit. -->\n\n\
             Each program was built twice from its published source by `repro build`, in isolated builds that differ in\n\
             everything that should not affect the output, and every file was compared.\n\n\
             ## What this does not show\n\n",
        );
        out += LIMITS;
        let _ = writeln!(out, "\n## Results\n\n| | programs |\n| --- | ---: |");
        for (_, name, n) in self.counts() {
            let _ = writeln!(out, "| {name} | {n} |");
        }
        let _ = writeln!(out, "| not run | {} |", self.not_run.len());
        let total = self.rows.len() + self.not_run.len();
        let _ = writeln!(out, "| in the list | {total} |\n");
        self.conditions(&mut out);
        for (wanted, name) in GROUPS {
            let mut rows = self.rows.iter().filter(|r| group(r) == wanted).peekable();
            if rows.peek().is_none() {
                continue;
            }
            let _ = writeln!(out, "## {}{}\n", name[..1].to_uppercase(), &name[1..]);
            match wanted {
                Group::Reproducible | Group::Qualified => compared(&mut out, rows),
                Group::Differs => differing(&mut out, rows),
                Group::NotBuilt | Group::NotFinished => missing(&mut out, rows),
            }
        }
        if !self.not_run.is_empty() {
            let names: Vec<_> = self.not_run.iter().map(|e| cell(e)).collect();
            let _ = writeln!(out, "## Not run\n\n{}\n", names.join(", "));
        }
        out.trim_end().to_string() + "\n"
    }

    /// What all rows, or some, were built with.
    fn conditions(&self, out: &mut String) {
        let with = self.rows.iter().filter(|r| matches!(r.verdict, Outcome::Compared(_)));
        let mut tools: BTreeMap<String, usize> = BTreeMap::new();
        let mut absent: BTreeMap<&str, usize> = BTreeMap::new();
        for row in with.clone() {
            let recipe = row.recipe.unwrap_or(0);
            let text = format!("{} for {}, recipe {recipe}", cell(&row.toolchain), cell(&row.host));
            *tools.entry(text).or_default() += 1;
            for name in &row.not_varied {
                *absent.entry(name).or_default() += 1;
            }
        }
        for (text, n) in tools {
            let _ = writeln!(out, "- {text}: {}", term::count(n, "program", "programs"));
        }
        for (name, n) in absent {
            let programs = term::count(n, "program", "programs");
            let _ =
                writeln!(out, "- `{}` was not varied, or not wholly, for {programs}", cell(name));
        }
        if with.count() > 0 {
            out.push('\n');
        }
    }
}

fn subject(row: &SurveyRow) -> String {
    visible(&format!("{} {}", row.name, row.version))
}

fn words(cause: &Cause) -> String {
    let proof = if cause.confirmed { "confirmed" } else { "suspected" };
    let text =
        format!("{} of {}: {} ({proof})", cause.unit, cause.package, cause.causes.join(", "));
    visible(&text)
}

fn compared<'a>(out: &mut String, rows: impl Iterator<Item = &'a SurveyRow>) {
    out.push_str("| program | version | verdict | shipped files | files compared | manifest |\n");
    out.push_str("| --- | --- | --- | --- | ---: | --- |\n");
    for row in rows {
        let files: Vec<_> = row.artifacts.iter().map(|f| cell(&f.name)).collect();
        let digest = row.manifest.as_deref().unwrap_or_default();
        let (name, version, verdict) = (cell(&row.name), cell(&row.version), row.verdict.name());
        let (files, n, digest) = (files.join(", "), row.compared, git::short(digest));
        let _ = writeln!(out, "| {name} | {version} | {verdict} | {files} | {n} | `{digest}` |");
    }
    out.push('\n');
}

fn differing<'a>(out: &mut String, rows: impl Iterator<Item = &'a SurveyRow>) {
    out.push_str("| program | version | shipped files that differ | root cause | remedy |\n");
    out.push_str("| --- | --- | --- | --- | --- |\n");
    for row in rows {
        let files = row.artifacts.iter().filter(|f| f.sha256.is_none());
        let files: Vec<_> = files.map(|f| cell(&f.name)).collect();
        let files = match files.is_empty() {
            true => "none, only what they are built from".to_string(),
            false => files.join(", "),
        };
        let causes: Vec<_> = row.culprits.iter().map(|c| cell(&words(c))).collect();
        let causes = if causes.is_empty() { "not found".into() } else { causes.join("<br>") };
        let mut remedies: Vec<String> = Vec::new();
        for remedy in row.culprits.iter().filter_map(|c| c.remedies.first()) {
            let remedy = cell(remedy);
            if !remedies.contains(&remedy) {
                remedies.push(remedy);
            }
        }
        let (name, version) = (cell(&row.name), cell(&row.version));
        let remedies = remedies.join("<br>");
        let _ = writeln!(out, "| {name} | {version} | {files} | {causes} | {remedies} |");
    }
    out.push('\n');
}

fn missing<'a>(out: &mut String, rows: impl Iterator<Item = &'a SurveyRow>) {
    out.push_str("| program | version | reason |\n| --- | --- | --- |\n");
    for row in rows {
        let (name, version) = (cell(&row.name), cell(&row.version));
        let reason = cell(row.reason.as_deref().unwrap_or_default());
        let _ = writeln!(out, "| {name} | {version} | {reason} |");
    }
    out.push('\n');
}

/// A text as it is, in a cell of a table: nothing in it is markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '|' | '*' | '_' | '[' | ']' | '!' | '\\' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            // What is quoted with them is quoted with words here: an odd one would open a code span.
            '`' => out.push('\''),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::tests::row;

    fn survey(rows: Vec<SurveyRow>) -> Survey {
        Survey { rows, not_run: vec!["z".into()], failed: Vec::new() }
    }

    fn of(name: &str, verdict: Outcome) -> SurveyRow {
        SurveyRow { verdict, ..row(name) }
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst() {
        let good = || of("a", Outcome::Compared(Verdict::Reproducible));
        let cases = [
            (vec![good()], 0),
            (vec![good(), of("b", Outcome::NotBuilt)], 3),
            (vec![good(), of("b", Outcome::NotFinished)], 3),
            (vec![of("b", Outcome::NotBuilt), of("c", Outcome::Compared(Verdict::Differs))], 1),
            (vec![good(), of("c", Outcome::Compared(Verdict::NothingVaried))], 1),
            (vec![of("c", Outcome::Compared(Verdict::AtPath))], 0),
        ];
        for (rows, code) in cases {
            assert_eq!(survey(rows).code(), code);
        }
        let failed = Failed { entry: "x".into(), why: "no network".into(), code: 6 };
        assert_eq!(Survey { failed: vec![failed], ..survey(vec![good()]) }.code(), 6);
    }

    #[test]
    fn every_row_is_counted_once_and_nothing_in_it_is_markup() {
        let hostile = "a|b<script>`[x](y)\n# z";
        let cause = Cause {
            package: hostile.into(),
            unit: "lib".into(),
            causes: vec!["timestamp".into()],
            confirmed: true,
            remedies: vec![hostile.into()],
        };
        let mut differs = of("b", Outcome::Compared(Verdict::Differs));
        differs.culprits = vec![cause];
        differs.artifacts[0].sha256 = None;
        let mut missing = of("c", Outcome::NotBuilt);
        missing.reason = Some(hostile.into());
        let page = survey(vec![row("a"), differs, missing]).markdown();
        for line in [
            "| reproducible | 1 |", "| differs | 1 |", "| not built | 1 |", "| not run | 1 |",
            "| in the list | 4 |",
        ] {
            assert!(page.contains(line), "{line}:\n{page}");
        }
        assert!(page.contains("lib of a\\|b&lt;script&gt;'\\[x\\](y)"), "{page}");
        assert!(!page.contains("<script>") && !page.contains("\n# z"), "{page}");
        let limits = page.find("## What this does not show").unwrap();
        assert!(limits < page.find("## Results").unwrap());
    }
}
