//! `repro survey`: crate after crate is fetched, unpacked, and built twice by a child of its own, which
//! can be ended with everything that it started. A run that says nothing about the crate writes no
//! row: the next run tries again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use repro_formats::error::Stop;
use repro_formats::extract::{self, Extracted};
use repro_formats::limits::Limits;
use repro_formats::{digest, names};
use serde::Deserialize;
use toml_edit::DocumentMut;

use crate::cargo::toolchain as find_toolchain;
use crate::error::{Kind, bad_input, host, kind_of, one_line, refused};
use crate::manifest::Manifest;
use crate::orphans::Orphans;
use crate::process::{self, Cmd, Output};
use crate::project::scratch::Scratch;
use crate::report::survey::{Failed, Survey};
use crate::request::SurveyRequest;
use crate::source::spec;
use crate::survey::list::{self, Entry, Subject};
use crate::survey::reason::{self, Reason};
use crate::survey::store::Store;
use crate::survey::{Cause, File, Outcome, SCHEMA, SurveyRow};
use crate::toolchain::Toolchain;
use crate::verify::registry;
use crate::{fs, term};

/// Builds what has no row yet.
pub fn run(asked: &SurveyRequest) -> Result<Survey> {
    let entries = list::read(&asked.list)?;
    let mut store = Store::open(&asked.out)?;
    if store.repaired {
        let out = asked.out.display();
        term::say(
            term::WARN,
            "note",
            &format!("the last line of the rows in `{out}` was cut off; repaired"),
        );
    }
    let mut due = Vec::new();
    for entry in &entries {
        if is_due(entry, store.of(&entry.text), asked.retry)? {
            due.push(entry);
        }
    }
    due.truncate(asked.rows.unwrap_or(usize::MAX));
    let mut failed = Vec::new();
    if !due.is_empty() {
        let here = std::env::current_dir().context("failed to find the current directory")?;
        let rustc = std::env::var_os("RUSTC").map(PathBuf::from);
        let toolchain = find_toolchain::find(&here, rustc)?;
        for (i, entry) in due.iter().enumerate() {
            let progress = format!("{} of {}", i + 1, due.len());
            match of_entry(entry, store.of(&entry.text), asked, &toolchain) {
                Ok(row) => {
                    let (name, version, seconds) = (&row.name, &row.version, row.seconds);
                    let found = row.verdict.name();
                    progress_line(&progress, &format!("{name} {version}: {found} ({seconds} s)"));
                    store.add(row)?;
                }
                Err(e) if kind_of(&e) == Kind::Interrupted => return Err(e),
                Err(e) => {
                    let why = one_line(&e);
                    progress_line(&progress, &format!("{}: no row, because {why}", entry.text));
                    failed.push(Failed {
                        entry: entry.text.clone(),
                        why,
                        code: kind_of(&e).code(),
                    });
                }
            }
        }
    }
    let rows = entries.iter().filter_map(|e| store.of(&e.text).cloned()).collect();
    let no_row = |e: &&Entry| store.of(&e.text).is_none();
    let not_run = entries.iter().filter(no_row).map(|e| e.text.clone()).collect();
    Ok(Survey { rows, not_run, failed })
}

fn progress_line(at: &str, text: &str) {
    if !term::is_quiet() {
        term::say(term::BOLD, at, text);
    }
}

/// Whether there is something to do about an entry.
fn is_due(entry: &Entry, row: Option<&SurveyRow>, retry: bool) -> Result<bool> {
    let Some(row) = row else { return Ok(true) };
    let again = retry && !matches!(row.verdict, Outcome::Compared(_));
    Ok(again
        || match &entry.subject {
            Subject::File(path) if path.is_file() => digest::of_file(path)?.sha256 != row.checksum,
            _ => false,
        })
}

/// A crate that was fetched.
struct Subjected {
    path: PathBuf,
    name: String,
    version: String,
    checksum: String,
}

/// What of its row is known before it is built.
fn of_entry(
    entry: &Entry,
    before: Option<&SurveyRow>,
    asked: &SurveyRequest,
    toolchain: &Toolchain,
) -> Result<SurveyRow> {
    let scratch = Scratch::new(false)?;
    let scratch = scratch.path();
    let limit = Some(asked.time_limit);
    let found = match &entry.subject {
        Subject::Registry(name, version) => {
            let found = registry::download(name, version.as_deref(), scratch, limit)?;
            let (path, version, checksum) = (found.path, found.version, found.checksum);
            Subjected { path, name: name.clone(), version, checksum }
        }
        Subject::File(path) => of_file(path)?,
    };
    let same = |r: &&SurveyRow| r.version == found.version && r.checksum != found.checksum;
    if let (Some(r), Subject::Registry(..)) = (before.filter(same), &entry.subject) {
        return Err(bad_input(format!(
            "{} {} has the checksum {} in the registry now, and {} in this survey: a published version must not change",
            found.name, found.version, found.checksum, r.checksum
        )));
    }
    let mut row = SurveyRow {
        schema: SCHEMA.to_string(),
        entry: entry.text.clone(),
        name: found.name,
        version: found.version,
        checksum: found.checksum,
        toolchain: toolchain.rustc_verbose.lines().next().unwrap_or_default().to_string(),
        host: toolchain.host().to_string(),
        ..SurveyRow::default()
    };
    let to = scratch.join("unpacked");
    let dir = to.join(format!("{}-{}", row.name, row.version));
    match unpack(&found.path, &to, &dir) {
        Ok(unpacked) => {
            row.epoch = unpacked.newest.unwrap_or(0).max(0);
            row.commit = claimed_commit(&dir);
        }
        Err(e) if matches!(kind_of(&e), Kind::BadInput | Kind::Refused) => {
            row.reason = Some(reason::sentence(&one_line(&e)));
            return Ok(row);
        }
        Err(e) => return Err(e),
    }
    build(&mut row, &dir, scratch, asked, toolchain)?;
    Ok(row)
}

/// A `.crate` file, whose name is that of its one directory.
fn of_file(path: &Path) -> Result<Subjected> {
    let odd = || {
        bad_input(format!(
            "`{}` is not named NAME-VERSION.crate, as `cargo package` names it",
            path.display()
        ))
    };
    if !path.is_file() {
        return Err(refused(format!("there is no file `{}`", path.display())));
    }
    let stem = path.file_stem().and_then(|s| s.to_str()).ok_or_else(odd)?;
    let split = |(at, _): (usize, &str)| {
        spec::parse(&[&stem[..at], &stem[at + 1..]].join("@"))
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .ok()
    };
    let (name, version) = stem.match_indices('-').find_map(split).ok_or_else(odd)?;
    let checksum = digest::of_file(path)?.sha256;
    Ok(Subjected { path: path.to_owned(), name, version, checksum })
}

/// Unpacks a `.crate`, which must be a package with a lockfile in the directory that is expected.
fn unpack(path: &Path, to: &Path, dir: &Path) -> Result<Extracted> {
    let stop = Stop(process::interrupted);
    let done = extract::extract(path, to, &Limits::default(), stop)?;
    if !dir.join("Cargo.toml").is_file() {
        return Err(bad_input("the .crate has no package in the directory NAME-VERSION"));
    }
    if !dir.join("Cargo.lock").is_file() {
        return Err(refused(
            "the .crate has no Cargo.lock, so it does not say which dependencies it is built from",
        ));
    }
    let text = fs::read_text(&dir.join("Cargo.toml"))?;
    let manifest: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| {
        bad_input(format!("its Cargo.toml is malformed: {}", e.message()))
    })?;
    let field = |key: &str| manifest.get("package")?.get(key)?.as_str().map(str::to_string);
    let says =
        format!("{}-{}", field("name").unwrap_or_default(), field("version").unwrap_or_default());
    match dir.file_name().is_some_and(|name| *name == *says) {
        true => Ok(done),
        false => Err(bad_input(format!("its Cargo.toml is of `{}`", names::visible(&says)))),
    }
}

/// The commit in `.cargo_vcs_info.json`.
fn claimed_commit(dir: &Path) -> Option<String> {
    let text = fs::read_text(&dir.join(".cargo_vcs_info.json")).ok()?;
    let info: serde_json::Value = serde_json::from_str(&text).ok()?;
    let id = info["git"]["sha1"].as_str()?;
    let hex = [40, 64].contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| id.to_string())
}

/// The part of a report, `repro.report/1`, that rows are made of.
#[derive(Deserialize)]
struct ReportPart {
    #[serde(default)]
    error: Option<ErrorPart>,
    #[serde(default)]
    blame: Vec<CulpritPart>,
    #[serde(default)]
    manifest: PathBuf,
}

#[derive(Deserialize)]
struct ErrorPart {
    message: String,
}

#[derive(Deserialize)]
struct CulpritPart {
    package: String,
    unit: String,
    causes: Vec<String>,
    confirmed: bool,
    remedies: Vec<String>,
}

/// Builds what was unpacked, in a child.
fn build(
    row: &mut SurveyRow,
    dir: &Path,
    scratch: &Path,
    asked: &SurveyRequest,
    toolchain: &Toolchain,
) -> Result<()> {
    let kept = asked.out.join("rows").join(format!("{}-{}", row.name, row.version));
    fs::remove_tree(&kept)?;
    fs::create_dir(&kept)?;
    let started = Instant::now();
    let (out, ended) = child(row, dir, scratch, asked, toolchain)?;
    row.seconds = started.elapsed().as_secs();
    fs::write(&kept.join("build.log"), &out.stderr)?;
    if let Some(why) = ended {
        (row.verdict, row.reason) = (Outcome::NotFinished, Some(why));
        return Ok(());
    }
    let machine = |why: &str| host(format!("its build ended without a verdict: {why}"));
    let report: ReportPart =
        serde_json::from_slice(&out.stdout).map_err(|_| machine(last_line(&out.stderr)))?;
    let code = out.status.code().and_then(|code| u8::try_from(code).ok());
    if let Some(error) = report.error {
        let failed = [Kind::BuildFailed, Kind::Refused, Kind::BadInput];
        if !failed.map(|kind| Some(kind.code())).contains(&code) {
            return Err(machine(&error.message));
        }
        match reason::of(&out.stderr, &error.message) {
            Reason::Crate(why) => row.reason = Some(why),
            Reason::Machine(why) => return Err(machine(&why)),
        }
        return Ok(());
    }
    let manifest = Manifest::read(&report.manifest)?;
    let verdict = Some(manifest.verdict).filter(|v| Some(v.code(false)) == code);
    let verdict = verdict.ok_or_else(|| machine("its exit code and its manifest disagree"))?;
    for (name, bytes) in
        [("report.json", out.stdout), ("repro.json", std::fs::read(&report.manifest)?)]
    {
        fs::write_atomic(&kept.join(name), &bytes)?;
    }
    row.manifest = Some(digest::of_file(&kept.join("repro.json"))?.sha256);
    row.verdict = Outcome::Compared(verdict);
    row.recipe = Some(manifest.recipe.version);
    let artifacts = manifest.artifacts.iter();
    row.compared = artifacts.clone().filter(|a| a.kind.in_verdict()).count();
    let shipped = artifacts.filter(|a| a.kind.is_shipped());
    row.artifacts =
        shipped.map(|a| File { name: a.name.clone(), sha256: a.sha256.clone() }).collect();
    if let Some(variations) = manifest.variations {
        let off = variations.off.into_iter().map(|v| v.name);
        row.not_varied = off.chain(variations.unavailable.into_iter().map(|v| v.name)).collect();
        row.not_varied.sort();
    }
    let culprit = |c: CulpritPart| Cause {
        package: c.package,
        unit: c.unit,
        causes: c.causes,
        confirmed: c.confirmed,
        remedies: c.remedies,
    };
    row.culprits = report.blame.into_iter().map(culprit).collect();
    Ok(())
}

/// Runs the child; tells which limit ended it, if one did. Nothing that it started is left.
fn child(
    row: &SurveyRow,
    dir: &Path,
    scratch: &Path,
    asked: &SurveyRequest,
    toolchain: &Toolchain,
) -> Result<(Output, Option<String>)> {
    let this = std::env::current_exe().context("failed to find this program")?;
    let tmp = scratch.join("tmp");
    fs::create_dir(&tmp)?;
    let full = Arc::new(AtomicBool::new(false));
    let (watched, seen, most) = (scratch.to_owned(), full.clone(), asked.disk_limit);
    let over = move || {
        let over = fs::disk_use(&watched) > most;
        seen.fetch_or(over, Ordering::SeqCst) || over
    };
    let epoch = row.epoch.to_string();
    // What a crate's own metadata switches off is varied all the same.
    let args = ["--isolate", "always", "--vary", "all", "--no-builder", "--format", "json"];
    let cmd = Cmd::new(this)
        .args(["--quiet", "build", "--epoch", &epoch, "--source"])
        .arg(dir)
        .args(args)
        .dir(scratch)
        .env("TMPDIR", &tmp)
        // Not the toolchain that a crate asks for: all rows have one.
        .env("RUSTUP_TOOLCHAIN", &toolchain.sysroot)
        .own_group()
        .ends_with_parent()
        .limit(asked.time_limit)
        .ends_when(over);
    let started = Instant::now();
    let out = {
        let _orphans = Orphans::adopt();
        cmd.output()
    }?;
    let killed = out.status.code().is_none();
    let ended = match (full.load(Ordering::SeqCst), started.elapsed() >= asked.time_limit) {
        _ if !killed => None,
        (true, _) => Some(format!("took more than the limit of {most} bytes on disk")),
        (_, true) => Some(format!("took more than the limit of {}", seconds(asked.time_limit))),
        _ => None,
    };
    Ok((out, ended))
}

fn seconds(limit: Duration) -> String {
    term::count(limit.as_secs() as usize, "second", "seconds")
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or("it printed nothing").trim_start_matches("error: ")
}
