//! The recipe as lines for shells, Dockerfiles and GitHub Actions.

use std::fmt::Write;

use crate::report::env::{ENCODED, EnvReport, FLAGS_WHY};

/// For `eval` in a POSIX shell.
pub fn sh(report: &EnvReport) -> String {
    let mut out = String::new();
    for v in &report.variables {
        let _ = writeln!(out, "# {}\nexport {}={}", v.why, v.name, quoted(&v.value));
    }
    let words: Vec<_> = report.flags.iter().map(|f| quoted(f)).collect();
    let (format, words) = (vec!["%s"; words.len()].join("\\037"), words.join(" "));
    let _ = writeln!(out, "# {FLAGS_WHY}\nexport {ENCODED}=\"$(printf '{format}' {words})\"");
    let _ = writeln!(out, "umask {}", report.umask);
    let words: Vec<_> = report.cargo.iter().map(|w| quoted(w)).collect();
    let _ = writeln!(out, "# then: {}", words.join(" "));
    out
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// For `source` in fish.
pub fn fish(report: &EnvReport) -> String {
    let quoted = |w: &str| format!("'{}'", w.replace('\\', r"\\").replace('\'', r"\'"));
    let mut out = String::new();
    for v in &report.variables {
        let _ = writeln!(out, "# {}\nset -gx {} {}", v.why, v.name, quoted(&v.value));
    }
    let words = report.flags.iter().map(|f| quoted(f)).collect::<Vec<_>>().join(" ");
    let _ = writeln!(out, "# {FLAGS_WHY}\nset -gx {ENCODED} (string join \\x1f -- {words})");
    let _ = writeln!(out, "umask {}", report.umask);
    let words: Vec<_> = report.cargo.iter().map(|w| quoted(w)).collect();
    let _ = writeln!(out, "# then: {}", words.join(" "));
    out
}

/// For `Invoke-Expression` in PowerShell.
pub fn powershell(report: &EnvReport) -> String {
    let quoted = |w: &str| format!("'{}'", w.replace('\'', "''"));
    let mut out = String::new();
    for v in &report.variables {
        let _ = writeln!(out, "# {}\n$env:{} = {}", v.why, v.name, quoted(&v.value));
    }
    let words: Vec<_> = report.flags.iter().map(|f| quoted(f)).collect();
    let _ = writeln!(out, "# {FLAGS_WHY}\n$env:{ENCODED} = @({}) -join [char]31", words.join(", "));
    let words: Vec<_> = report.cargo.iter().map(|w| quoted(w)).collect();
    let _ = writeln!(out, "# then: & {}", words.join(" "));
    out
}

/// Lines for a Dockerfile whose source is in its working directory. The epoch is an argument.
pub fn dockerfile(report: &EnvReport) -> String {
    let quoted = |w: &str| {
        let w = w.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        format!("\"{w}\"")
    };
    let mut out = String::new();
    for v in &report.variables {
        let _ = match v.name.as_str() {
            "SOURCE_DATE_EPOCH" => writeln!(
                out,
                "# {}\nARG SOURCE_DATE_EPOCH\nENV SOURCE_DATE_EPOCH=${{SOURCE_DATE_EPOCH}}",
                v.why
            ),
            name => writeln!(out, "# {}\nENV {name}={}", v.why, quoted(&v.value)),
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
    use crate::recipe::by_hand::Variable;

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
