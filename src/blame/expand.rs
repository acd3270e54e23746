//! `--expand`: compiles a differing crate again on each side, up to macro expansion, and finds the first
//! tokens that differ. The compiler prints them only with RUSTC_BOOTSTRAP, which changes all bytes, so
//! this output does not affect the verdict.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::blame::one_line::excerpts;
use crate::cargo::trace::Trace;
use crate::cargo::units::Unit;
use crate::cargo::wrapper::{self, WholeCall};
use crate::fs;
use crate::process::Cmd;

/// Expands the crate of a unit as each build had it; a line of evidence comes out.
pub fn expand(a: (&Trace, &Unit), b: (&Trace, &Unit), scratch: &Path) -> Result<String> {
    let mut sides = Vec::new();
    for (name, (trace, unit)) in [("a", a), ("b", b)] {
        let call = wrapper::whole_call(&trace.dirs.wrapper, unit)?;
        let Some(call) = call else {
            return Ok("it was not expanded: its rustc call was not kept".to_string());
        };
        let mut files = Vec::new();
        for how in ["expanded", "ast-tree,expanded"] {
            let to = scratch.join(format!("{}-{name}-{}", unit.crate_name, files.len()));
            match run(&call, trace, how, &to)? {
                Ok(()) => files.push(to),
                Err(words) => return Ok(format!("it could not be expanded: {words}")),
            }
        }
        sides.push(files);
    }
    let (tokens, tree) = ((&sides[0][0], &sides[1][0]), (&sides[0][1], &sides[1][1]));
    let Some((x, y)) = first_words(tokens)? else {
        return Ok(
            "expanded again, it is the same on both sides: what differs comes after macro expansion"
                .to_string(),
        );
    };
    let (x, y) = excerpts(&x, &y);
    let at = first_span(tree)?.map_or(String::new(), |s| format!(" at {s}"));
    Ok(format!("expanded again{at}: {x} / {y}"))
}

/// Runs rustc up to macro expansion; the inner error is what it said.
fn run(
    call: &WholeCall,
    trace: &Trace,
    how: &str,
    to: &Path,
) -> Result<std::result::Result<(), String>> {
    if let Some(dir) = to.parent() {
        fs::create_dir(dir)?;
    }
    // Where the directories of the build are now, as it has ended.
    let now = |text: &String| {
        let replaced = |text: String, (was, is): &(PathBuf, PathBuf)| {
            text.replace(&was.display().to_string(), &is.display().to_string())
        };
        trace.moved.iter().fold(text.clone(), replaced)
    };
    let args: Vec<String> = call.args.iter().map(now).collect();
    let args = expanding(&args, how, to);
    let Some((program, args)) = args.split_first() else {
        return Ok(Err("its rustc call is empty".to_string()));
    };
    // The jobserver's pipes are closed by now.
    let gone = ["MAKEFLAGS", "CARGO_MAKEFLAGS", "MFLAGS"];
    let env = call.env.iter().filter(|(k, _)| !gone.contains(&k.as_str()));
    let out = Cmd::new(program)
        .args(args)
        .dir(trace.now(&call.dir))
        .env_exact(env.map(|(k, v)| (k.into(), now(v).into())).collect())
        .env("RUSTC_BOOTSTRAP", "1")
        .own_group()
        .output()?;
    if out.status.success() {
        return Ok(Ok(()));
    }
    let error = out.stderr.lines().find(|l| l.starts_with("error"));
    let words = error.unwrap_or("rustc failed").to_string();
    Ok(Err(words))
}

/// The call's arguments without what it was to make and to say.
fn expanding(args: &[String], how: &str, to: &Path) -> Vec<String> {
    let drops = ["--emit", "--out-dir", "--error-format", "--json"];
    let mut kept = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if drops.contains(&arg.as_str()) {
            args.next();
        } else if !drops
            .iter()
            .any(|d| arg.strip_prefix(d).is_some_and(|rest| rest.starts_with('=')))
        {
            kept.push(arg.clone());
        }
    }
    kept.push(format!("-Zunpretty={how}"));
    kept.extend(["-o".to_string(), to.display().to_string()]);
    kept
}

fn lines(path: &Path) -> Result<impl Iterator<Item = String>> {
    let file = File::open(path).with_context(|| format!("failed to open `{}`", path.display()))?;
    let lines = BufReader::new(file).split(b'\n');
    Ok(lines.map_while(|l| Some(String::from_utf8_lossy(&l.ok()?).into_owned())))
}

/// The first words in which two files differ, with some before and after. Where lines are broken
/// depends on their length, and says nothing.
fn first_words((a, b): (&PathBuf, &PathBuf)) -> Result<Option<(String, String)>> {
    let words =
        |line: String| -> Vec<String> { line.split_whitespace().map(str::to_string).collect() };
    let (mut a, mut b) = (lines(a)?.flat_map(words), lines(b)?.flat_map(words));
    let mut before: Vec<String> = Vec::new();
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ok(None),
            (x, y) if x != y => {
                let text = |first: Option<String>, rest: &mut dyn Iterator<Item = String>| {
                    let words = before.iter().cloned().chain(first).chain(rest.take(4));
                    words.collect::<Vec<_>>().join(" ")
                };
                return Ok(Some((text(x, &mut a), text(y, &mut b))));
            }
            (x, _) => {
                before.extend(x);
                if before.len() > 3 {
                    before.remove(0);
                }
            }
        }
    }
}

/// The place in the source of the first node of two trees that differs: `src/main.rs:2:20`.
fn first_span((a, b): (&PathBuf, &PathBuf)) -> Result<Option<String>> {
    let (mut a, mut b) = (lines(a)?, lines(b)?);
    while let (Some(x), Some(y)) = (a.next(), b.next()) {
        if x != y && span(&x).is_none() {
            // A node's place stands behind what is in it.
            return Ok(a.find_map(|l| span(&l).flatten()));
        }
    }
    Ok(None)
}

/// Whether a line of a tree holds a place, and which, if it is one in a file:
/// `span: src/main.rs:2:20: 2:34 (#7),`.
fn span(line: &str) -> Option<Option<String>> {
    let (_, span) = line.split_once("span: ")?;
    let place = span.split(": ").next().unwrap_or_default();
    let in_file = place.rsplit(':').take(2).all(|n| n.parse::<u32>().is_ok());
    Some(in_file.then(|| place.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_changed_to_expand_alone() {
        let args =
            ["rustc", "--crate-name", "x", "--emit=link", "--out-dir", "/t", "--json=a", "x.rs"];
        assert_eq!(
            expanding(&args.map(String::from), "expanded", Path::new("/s/x")),
            ["rustc", "--crate-name", "x", "x.rs", "-Zunpretty=expanded", "-o", "/s/x"]
        );
    }

    #[test]
    fn places_are_read_from_a_tree() {
        assert_eq!(
            span("   span: src/main.rs:2:20: 2:34 (#7),"),
            Some(Some("src/main.rs:2:20".to_string()))
        );
        assert_eq!(span("span: no-location (#0),"), Some(None));
        assert_eq!(span("symbol: \"1\","), None);
    }

    #[test]
    fn the_first_difference_and_its_place_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let a = file(
            "a",
            "x\n span: a.rs:1:1: 1:2 (#0)\n symbol: 1\n span: no-location\n span: a.rs:2:5: 2:9 (#1)\n",
        );
        let b = file(
            "b",
            "x\n span: b.rs:1:1: 1:2 (#0)\n symbol: 2\n span: no-location\n span: a.rs:2:5: 2:9 (#1)\n",
        );
        assert_eq!(first_span((&a, &b)).unwrap().as_deref(), Some("a.rs:2:5"));
        assert_eq!(first_words((&a, &a)).unwrap(), None);
        let x = file("c", "fn f() { let x = 1; g(x) }\n");
        let y = file("d", "fn f() {\n    let x =\n        2; g(x)\n}\n");
        let (x, y) = first_words((&x, &y)).unwrap().unwrap();
        assert_eq!((x.as_str(), y.as_str()), ("let x = 1; g(x) }", "let x = 2; g(x) }"));
    }
}
