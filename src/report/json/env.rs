//! The recipe as JSON, schema `repro.report/1`.

use serde::Serialize;

use super::{SCHEMA, encode};
use crate::report::env::{ENCODED, EnvReport, FLAGS_WHY};

#[derive(Serialize)]
struct EnvJson<'a> {
    schema: &'static str,
    command: &'static str,
    variables: Vec<VariableJson<'a>>,
    umask: &'a str,
    cargo: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct VariableJson<'a> {
    name: &'a str,
    value: &'a str,
    why: &'a str,
}

/// One JSON object.
pub fn report(report: &EnvReport) -> String {
    let encoded = report.encoded();
    let own = report.variables.iter().map(|v| VariableJson {
        name: &v.name,
        value: &v.value,
        why: v.why,
    });
    let flags = VariableJson { name: ENCODED, value: &encoded, why: FLAGS_WHY };
    encode(&EnvJson {
        schema: SCHEMA,
        command: "env",
        variables: own.chain([flags]).collect(),
        umask: &report.umask,
        cargo: &report.cargo,
        notes: &report.notes,
    })
}
