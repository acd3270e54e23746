//! What is known about both builds when their outputs are explained: the values of each variation,
//! the forms in which they show, and when the builds ran.

use std::time::{SystemTime, UNIX_EPOCH};

use repro_explain::cause::Cause;
use repro_explain::{Clocks, Context, Explained, Known, Package, Window};

use crate::blame::culprit::{Culprit, Proof};
use crate::build::machine;
use crate::cargo::lockfile::{self, Locked};
use crate::compare::{Comparison, Pair};
use crate::project::Project;
use crate::shim;
use crate::variation::coverage::Coverage;
use crate::variation::{Side, VARIATIONS, Value, Values, VariationId};
use crate::verdict::Status;

/// Modes that files, programs and directories get where the umask decides.
const MODES: [u32; 6] = [0o666, 0o777, 0o100_666, 0o100_777, 0o040_777, 0o1777];

/// Seconds since 1970, by the clock of this machine.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |s| i64::try_from(s.as_secs()).unwrap_or(i64::MAX))
}

impl Project {
    /// What is known of build A and of another one, which ran from `from` to `to`.
    pub(crate) fn known(&self, coverage: &Coverage, other: Side, from: i64, to: i64) -> Context {
        let values = |id| self.values(id).between(other);
        let mut known = Vec::new();
        for row in VARIATIONS {
            let v = values(row.id);
            let (a, b) = (v.of(Side::A), v.of(Side::B));
            // The clock is known by when the builds ran, and an order by what is in it: their values
            // themselves never show.
            let shown = !matches!(a, Value::Offset(_) | Value::Order(_));
            if v.varied() && shown {
                let unset = |value: &Value| match value {
                    Value::Variable(None) | Value::Nothing => String::new(),
                    value => value.to_string(),
                };
                let value = Known::new(row.cause, row.label, unset(a), unset(b));
                known.push(value.about(row.kind));
            }
        }
        known.extend(modes(&values(VariationId::Umask)));
        known.extend(machine(&values));
        known.extend(stray(&values(VariationId::Environment)));
        let window = Window { from, to };
        let ahead = |seconds| Window { from: from + seconds, to: to + seconds };
        let offset = values(VariationId::Clock).number(Side::B);
        let shifted = coverage.is_applied(VariationId::Clock);
        Context {
            known,
            clocks: Some(Clocks { a: window, b: ahead(if shifted { offset } else { 0 }) }),
            packages: self.packages(),
            ..Context::default()
        }
    }

    /// Packages of the lockfile.
    pub(crate) fn packages(&self) -> Vec<Package> {
        let package =
            |p: Locked| Package { name: p.name, version: p.version, features: Vec::new() };
        lockfile::packages(&self.lockfile.text).into_iter().map(package).collect()
    }
}

/// Modes of new files, as octal and decimal numbers.
fn modes(v: &Values) -> Vec<Known> {
    let (Value::Mask(a), Value::Mask(b)) = (v.of(Side::A), v.of(Side::B)) else {
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

/// What is derived from the names of host and kernel.
fn machine(values: &dyn Fn(VariationId) -> Values) -> Vec<Known> {
    let derived = |id: VariationId, label, of: fn(&str) -> String| {
        let v = values(id);
        let known = Known::new(
            id.row().cause,
            label,
            of(&v.of(Side::A).to_string()),
            of(&v.of(Side::B).to_string()),
        );
        v.varied().then_some(known)
    };
    let host = VariationId::Hostname;
    [
        derived(host, "machine-id", machine::id_of),
        derived(host, "boot id", machine::boot_id_of),
        derived(VariationId::Kernel, "kernel version", shim::kernel_version),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The stray variable's name and value by themselves.
fn stray(v: &Values) -> Vec<Known> {
    let row = VariationId::Environment.row();
    let Value::Variable(Some((name, value))) = v.of(Side::B).clone() else { return Vec::new() };
    [name, value].map(|part| Known::new(row.cause, row.label, "", part)).to_vec()
}

/// Values that culprits left in their outputs: where they show up, the cause is the culprit's. If
/// experiments confirmed several causes, each holds for all values, and the first is used.
pub(crate) fn of_culprits(culprits: &[Culprit]) -> Vec<Known> {
    let mut known = Vec::new();
    for culprit in culprits {
        let confirmed = matches!(culprit.proof, Proof::Confirmed(_));
        if let [cause, more @ ..] = culprit.causes.as_slice()
            && *cause != Cause::Unknown
            && (more.is_empty() || confirmed)
        {
            let name = format!("a value of the {} of {}", culprit.unit.name(), culprit.package);
            let values = culprit.values.iter();
            known.extend(values.map(|(a, b)| Known::new(*cause, name.as_str(), a, b)));
        }
    }
    known
}

/// Why each pair differs, in the order of the pairs; nothing of those that do not.
pub(crate) fn explain_all(
    comparison: &Comparison,
    context: &dyn Fn(Side) -> Context,
) -> Vec<Explained> {
    let one = |pair: &Pair| match (&pair.a, &pair.b) {
        (Some(a), Some(b)) if pair.status() == Status::Differs => {
            repro_explain::explain(&a.path, &b.path, &context(pair.other()))
        }
        _ => Explained::default(),
    };
    comparison.pairs.iter().map(one).collect()
}
