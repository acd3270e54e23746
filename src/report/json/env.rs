//! The recipe as JSON, schema `repro.report/1`.

use super::value::{list, object};
use super::{SCHEMA, encode};
use crate::report::env::{ENCODED, EnvReport, FLAGS_WHY};

/// One JSON object.
pub fn report(report: &EnvReport) -> String {
    let encoded = report.encoded();
    let own = report.variables.iter().map(|v| (&*v.name, &*v.value, v.why));
    let variables = own.chain([(ENCODED, &*encoded, FLAGS_WHY)]);
    let variable = |(name, value, why)| object! { "name": name, "value": value, "why": why };
    encode(&object! {
        "schema": SCHEMA,
        "command": "env",
        "variables": list(variables.map(variable)),
        "umask": &report.umask,
        "cargo": &report.cargo,
        "notes": &report.notes,
    })
}
