//! The recipe as lines for shells, Dockerfiles and GitHub Actions.

use std::fmt::Write;

use crate::recipe::export::Variable;
use crate::report::env::{ENCODED, EnvReport, FLAGS_WHY};

/// For `eval` in a POSIX shell.
pub fn sh(report: &EnvReport) -> String {
    let join = |words: &[String]| {
        let format = vec!["%s"; words.len()].join("\\037");
        format!("\"$(printf '{format}' {})\"", words.join(" "))
    };
    let quoted = |w: &str| format!("'{}'", w.replace('\'', r"'\''"));
    let end = format!("umask {}\n# then: ", report.umask);
    script(report, quoted, |name, value| format!("export {name}={value}"), join, &end)
}

/// For `source` in fish.
pub fn fish(report: &EnvReport) -> String {
    let join = |words: &[String]| format!("(string join \\x1f -- {})", words.join(" "));
    let quoted = |w: &str| format!("'{}'", w.replace('\\', r"\\").replace('\'', r"\'"));
    let end = format!("umask {}\n# then: ", report.umask);
    script(report, quoted, |name, value| format!("set -gx {name} {value}"), join, &end)
}

/// For `Invoke-Expression` in PowerShell.
pub fn powershell(report: &EnvReport) -> String {
    let join = |words: &[String]| format!("@({}) -join [char]31", words.join(", "));
    let quoted = |w: &str| format!("'{}'", w.replace('\'', "''"));
    script(report, quoted, |name, value| format!("$env:{name} = {value}"), join, "# then: ")
}

/// The variables, each with its reason, the flags as one value, and `end` with the command.
fn script(
    report: &EnvReport,
    quoted: impl Fn(&str) -> String,
    set: impl Fn(&str, &str) -> String,
    join: impl Fn(&[String]) -> String,
    end: &str,
) -> String {
    let words = |all: &[String]| all.iter().map(|w| quoted(w)).collect::<Vec<_>>();
    let mut out = String::new();
    for (v, why) in explained(report) {
        let _ = writeln!(out, "{why}{}", set(&v.name, &quoted(&v.value)));
    }
    let _ = writeln!(out, "# {FLAGS_WHY}\n{}", set(ENCODED, &join(&words(&report.flags))));
    let plain = |w: &str| w.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let cargo = report.cargo.iter().map(|w| if plain(w) { w.clone() } else { quoted(w) });
    let _ = writeln!(out, "{end}{}", cargo.collect::<Vec<_>>().join(" "));
    out
}

/// The variables, each with the line that says why: one for several in a row.
fn explained(report: &EnvReport) -> impl Iterator<Item = (&Variable, String)> {
    let mut last = "";
    report.variables.iter().map(move |v| match std::mem::replace(&mut last, v.why) == v.why {
        true => (v, String::new()),
        false => (v, format!("# {}\n", v.why)),
    })
}

/// Lines for a Dockerfile whose source is in its working directory. The epoch is an argument.
pub fn dockerfile(report: &EnvReport) -> String {
    let quoted = |w: &str| {
        let w = w.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        format!("\"{w}\"")
    };
    let mut out = String::new();
    for (v, why) in explained(report) {
        let _ = match v.name.as_str() {
            "SOURCE_DATE_EPOCH" => writeln!(
                out,
                "{why}ARG SOURCE_DATE_EPOCH\nENV SOURCE_DATE_EPOCH=${{SOURCE_DATE_EPOCH}}"
            ),
            name => writeln!(out, "{why}ENV {name}={}", quoted(&v.value)),
        };
    }
    let (name, flags) = report.readable();
    let _ = writeln!(out, "# {FLAGS_WHY}\nENV {name}={}", quoted(&flags));
    out
}

/// Lines for the file that `$GITHUB_ENV` names.
pub fn github(report: &EnvReport) -> String {
    let mut out = String::new();
    let (name, flags) = report.readable();
    let all = report.variables.iter().map(|v| (v.name.as_str(), &v.value));
    for (name, value) in all.chain([(name, &flags)]) {
        let _ = match value.contains('\n') {
            false => writeln!(out, "{name}={value}"),
            true => writeln!(out, "{name}<<REPRO_END_OF_VALUE\n{value}\nREPRO_END_OF_VALUE"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(flag: &str) -> EnvReport {
        EnvReport {
            variables: vec![Variable { name: "X".into(), value: "it's $5 \"\\".into(), why: "so" }],
            flags: vec!["-a".into(), flag.into()],
            encoded_is_set: false,
            umask: "022".into(),
            cargo: vec!["cargo".into()],
            notes: Vec::new(),
        }
    }

    #[test]
    fn each_form_quotes_in_its_own_way() {
        let r = report("-b");
        assert!(sh(&r).contains("export X='it'\\''s $5 \"\\'\n"));
        assert!(sh(&r).contains("\"$(printf '%s\\037%s' '-a' '-b')\""));
        assert!(fish(&r).contains("set -gx X 'it\\'s $5 \"\\\\'\n"));
        assert!(powershell(&r).contains("$env:X = 'it''s $5 \"\\'\n"));
        assert!(powershell(&r).contains("= @('-a', '-b') -join [char]31\n"));
        assert!(dockerfile(&r).contains("ENV X=\"it's \\$5 \\\"\\\\\"\n"));
        assert!(github(&r).contains("X=it's $5 \"\\\nRUSTFLAGS=-a -b\n"));
    }

    #[test]
    fn a_flag_with_a_space_is_kept_whole() {
        assert!(github(&report("-b c")).contains("CARGO_ENCODED_RUSTFLAGS=-a\u{1f}-b c\n"));
    }
}
