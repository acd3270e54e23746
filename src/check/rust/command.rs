//! What a command reads that a build script runs: by its program and arguments, and by the text
//! that a shell is given.

use super::tables::{PROGRAMS, SHELLS, VARIABLES, What};

/// The program and the words among its arguments that matter, and how it is shown.
pub(super) fn reads<'a>(program: &str, words: &[&'a str]) -> Vec<(What, String, Option<&'a str>)> {
    let program = base(program);
    let mut found = Vec::new();
    if let Some(what) = told_by(program, words) {
        found.push((what, format!("the command `{program}`"), None));
    }
    if SHELLS.contains(&program) {
        for text in words {
            let told = script(text).into_iter();
            found.extend(told.map(|(what, shown)| (what, shown, Some(*text))));
        }
    }
    found
}

/// Whether a literal can matter as a program, as an argument or in a shell.
pub(super) fn matters(text: &str) -> bool {
    is_date(text)
        || PROGRAMS.iter().any(|(name, options, _)| base(text) == *name || options.contains(&text))
        || SHELLS.contains(&base(text))
        || !script(text).is_empty()
}

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Options of `date` that give it another time than that of the day.
fn is_date(word: &str) -> bool {
    ["-d", "--date", "-r", "-ud"].iter().any(|option| match word.strip_prefix(option) {
        Some(rest) => rest.is_empty() || rest.starts_with(['=', '@', '"', '\'']),
        None => false,
    })
}

fn told_by(program: &str, words: &[&str]) -> Option<What> {
    let fits = |needed: &[&str]| needed.is_empty() || words.iter().any(|w| needed.contains(w));
    let row = PROGRAMS.iter().find(|(name, needed, _)| *name == program && fits(needed))?;
    let told = match row.2 {
        What::Clock => !words.iter().any(|w| is_date(w)),
        // With a mode it sets one.
        What::Modes => program != "umask" || words.iter().all(|w| w.starts_with('-')),
        _ => true,
    };
    told.then_some(row.2)
}

/// What the commands in a shell's text read, and its variables.
pub(super) fn script(text: &str) -> Vec<(What, String)> {
    let mut found = Vec::new();
    for command in text.split([';', '|', '&', '(', ')', '`', '\n', '{', '}']) {
        let words = command.split_whitespace().map(|w| w.trim_matches(['"', '\'', '$']));
        let is_setting = |w: &&str| {
            w.contains('=') || ["exec", "env", "sudo", "then", "do", "command"].contains(w)
        };
        let words: Vec<&str> = words.skip_while(is_setting).filter(|w| !w.is_empty()).collect();
        let Some((program, rest)) = words.split_first() else { continue };
        if let Some(what) = told_by(base(program), rest) {
            found.push((what, format!("the command `{}`", base(program))));
        }
    }
    // `find . | sort`.
    if text
        .split('|')
        .skip(1)
        .any(|to| to.split_whitespace().next().is_some_and(|p| base(p) == "sort"))
    {
        found.retain(|(what, _)| *what != What::DirOrder);
    }
    for name in variables(text) {
        if let Some((name, what)) = VARIABLES.iter().find(|(n, w)| *n == name && !w.only_emitted())
        {
            found.push((*what, format!("the variable {name}")));
        }
    }
    found
}

fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}
