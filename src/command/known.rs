//! What is known of both builds when their outputs are explained: the values of each variation, the
//! forms in which they show, and when the builds ran.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::cause::Cause;
use crate::command::project::Project;
use crate::command::reach::ShimState;
use crate::compare::{Comparison, Pair};
use crate::explain::{self, Clocks, Context, Explained, Known, Package, Window};
use crate::finding::About;
use crate::variation::{CLOCK_OFFSET, Name};
use crate::verdict::Status;

/// The cause of what shows the value of a variation, its kind, and what it is called; none where the
/// value itself never shows.
const SHOWN: &[(Name, Cause, About, &str)] = &[
    (Name::BuildPath, Cause::BuildPath, About::Directory, "directory of the source"),
    (Name::TargetDir, Cause::BuildPath, About::Directory, "target directory"),
    (Name::CargoHome, Cause::BuildPath, About::CargoHome, "CARGO_HOME"),
    (Name::Home, Cause::Home, About::Anything, "HOME"),
    (Name::Tmpdir, Cause::BuildPath, About::TempDir, "TMPDIR"),
    (Name::User, Cause::Username, About::Anything, "user name"),
    (Name::HostName, Cause::Hostname, About::Anything, "host name"),
    (Name::TimeZone, Cause::Timezone, About::Anything, "TZ"),
    (Name::Locale, Cause::Locale, About::Anything, "LC_ALL"),
    (Name::Umask, Cause::Umask, About::Anything, "umask"),
    (Name::Jobs, Cause::Parallelism, About::Anything, "number of jobs"),
    (Name::CpuCount, Cause::Parallelism, About::Anything, "number of CPUs"),
    (Name::SourceMtime, Cause::SourceMtime, About::Anything, "time of the source files"),
    (Name::Environment, Cause::Environment, About::Anything, "a variable of the environment"),
];

/// Modes that files, programs and directories get where the umask decides.
const MODES: [u32; 6] = [0o666, 0o777, 0o100_666, 0o100_777, 0o040_777, 0o1777];

/// Seconds since 1970, by the clock of this machine.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |s| i64::try_from(s.as_secs()).unwrap_or(i64::MAX))
}

impl Project {
    /// What is known, of builds that ran from `from` to `to`.
    pub(super) fn known(&self, shim: &ShimState, from: i64, to: i64) -> Context {
        let mut known = Vec::new();
        for (name, cause, about, called) in SHOWN {
            let v = self.values(*name);
            if v.varied() {
                let unset = |value: &str| value.replace("(unset)", "");
                let value = Known::new(*cause, *called, unset(&v.a), unset(&v.b));
                known.push(value.about(*about));
            }
        }
        known.extend(self.modes());
        known.extend(self.stray());
        let window = Window { from, to };
        let ahead = |seconds| Window { from: from + seconds, to: to + seconds };
        let shifted = self.values(Name::Clock).varied()
            && shim.shim.is_some()
            && !shim.missing.iter().any(|(n, _)| *n == Name::Clock);
        Context {
            known,
            clocks: Some(Clocks { a: window, b: ahead(if shifted { CLOCK_OFFSET } else { 0 }) }),
            packages: self.packages(),
            ..Context::default()
        }
    }

    /// Modes of new files, as octal and decimal numbers.
    fn modes(&self) -> Vec<Known> {
        let v = self.values(Name::Umask);
        let mask = |text: &str| u32::from_str_radix(text, 8).ok();
        let (Some(a), Some(b)) = (mask(&v.a), mask(&v.b)) else {
            return Vec::new();
        };
        let forms: [fn(u32) -> String; 2] = [|m| m.to_string(), |m| format!("{m:o}")];
        let each = MODES.iter().flat_map(|mode| {
            forms.iter().map(move |form| {
                let called = "mode of a new file, from the umask";
                Known::new(Cause::Umask, called, form(mode & !a), form(mode & !b))
            })
        });
        each.collect()
    }

    /// The stray variable's name and value by themselves.
    fn stray(&self) -> Vec<Known> {
        let v = self.values(Name::Environment);
        let parts = v.b.split_once('=').filter(|_| v.varied());
        let each = parts.into_iter().flat_map(|(name, value)| [name, value]);
        let called = "a variable of the environment";
        each.map(|part| Known::new(Cause::Environment, called, "", part)).collect()
    }

    /// Packages of the lockfile.
    fn packages(&self) -> Vec<Package> {
        let lock: Result<toml_edit::DocumentMut, _> = self.lockfile.parse();
        let Ok(lock) = lock else { return Vec::new() };
        let list = lock.get("package").and_then(|p| p.as_array_of_tables());
        let text = |t: &toml_edit::Table, key: &str| {
            t.get(key).and_then(|v| v.as_str()).map(str::to_string)
        };
        list.into_iter()
            .flatten()
            .filter_map(|t| {
                Some(Package {
                    name: text(t, "name")?,
                    version: text(t, "version").unwrap_or_default(),
                    features: Vec::new(),
                })
            })
            .collect()
    }
}

/// Why each pair differs, in the order of the pairs; nothing of those that do not.
pub(super) fn explain_all(comparison: &Comparison, context: &Context) -> Vec<Explained> {
    let one = |pair: &Pair| match (&pair.a, &pair.b) {
        (Some(a), Some(b)) if pair.status() == Status::Differs => {
            explain::explain(&a.path, &b.path, context)
        }
        _ => Explained::default(),
    };
    comparison.pairs.iter().map(one).collect()
}
