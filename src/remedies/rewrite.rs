//! Mechanical rewrites of Rust code whose outputs differ: one table. Each finds places by their tokens
//! and replaces bytes there; all else of a file stays as it is. Whether a rewrite compiles and helps is
//! for a build to show.

use std::ops::Range;
use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use repro_explain::cause::Cause;

/// One kind of rewrite.
pub struct Rewrite {
    /// What is done, as a clause.
    pub what: &'static str,
    /// Differences with one of these causes may go away.
    pub causes: &'static [Cause],
    /// Only in build scripts, which run in the directory of their package.
    pub only_scripts: bool,
    /// Where, and what takes its place; tokens of one level, and the place of one of them.
    edits: fn(&[TokenTree], usize) -> Option<Edit>,
}

/// The bytes at a place, and what takes their place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    line: usize,
    bytes: Range<usize>,
    text: String,
    /// What comes before and behind the bytes, which stay.
    around: bool,
}

/// A file after a rewrite.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The new text.
    pub text: String,
    /// The lines that were changed.
    pub lines: Vec<usize>,
}

/// All of them.
pub const REWRITES: &[Rewrite] = &[
    Rewrite {
        what: "take the time from SOURCE_DATE_EPOCH",
        causes: &[Cause::Timestamp, Cause::Timezone],
        only_scripts: false,
        edits: clock,
    },
    Rewrite {
        what: "replace HashMap and HashSet by BTreeMap and BTreeSet",
        causes: &[Cause::Ordering, Cause::Randomness],
        only_scripts: false,
        edits: maps,
    },
    Rewrite {
        what: "sort what directories list",
        causes: &[Cause::Ordering],
        only_scripts: false,
        edits: directories,
    },
    Rewrite {
        what: "use `.` in place of CARGO_MANIFEST_DIR",
        causes: &[Cause::BuildPath],
        only_scripts: true,
        edits: manifest_dir,
    },
];

impl Rewrite {
    /// A file with it; nothing where there is no place for it, or the file is not Rust.
    pub fn of(&self, text: &str) -> Option<Rewritten> {
        let mut edits = Vec::new();
        find(TokenStream::from_str(text).ok()?, self.edits, &mut edits);
        edits.sort_by_key(|e| e.bytes.start);
        let mut out = String::new();
        let (mut at, mut lines) = (0, Vec::new());
        for edit in edits {
            // One place in another: the next time.
            if edit.bytes.start < at {
                continue;
            }
            out += text.get(at..edit.bytes.start)?;
            out += &match edit.around {
                true => edit.text.replacen(WHAT, text.get(edit.bytes.clone())?, 1),
                false => edit.text,
            };
            at = edit.bytes.end;
            lines.push(edit.line);
        }
        out += text.get(at..)?;
        lines.dedup();
        (!lines.is_empty()).then_some(Rewritten { text: out, lines })
    }
}

fn find(tokens: TokenStream, edits: fn(&[TokenTree], usize) -> Option<Edit>, all: &mut Vec<Edit>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        all.extend(edits(&tokens, i));
        if let TokenTree::Group(group) = token {
            find(group.stream(), edits, all);
        }
    }
}

/// Where SOURCE_DATE_EPOCH is read, as a number of the type that is asked for.
const EPOCH: &str =
    "std::env::var(\"SOURCE_DATE_EPOCH\").ok().and_then(|s| s.parse().ok()).unwrap_or(0)";

fn clock(tokens: &[TokenTree], i: usize) -> Option<Edit> {
    let text = match (name(tokens.get(i)?)?.as_str(), called(tokens, i)?.as_str()) {
        ("SystemTime", "now") => {
            format!("(std::time::UNIX_EPOCH + std::time::Duration::from_secs({EPOCH}))")
        }
        ("Utc" | "Local", "now") => {
            format!("chrono::DateTime::<chrono::Utc>::from_timestamp({EPOCH}, 0).unwrap()")
        }
        ("OffsetDateTime", "now_utc") => {
            format!("time::OffsetDateTime::from_unix_timestamp({EPOCH}).unwrap()")
        }
        _ => return None,
    };
    Some(edit(tokens, begin(tokens, i)..i + 5, text))
}

fn maps(tokens: &[TokenTree], i: usize) -> Option<Edit> {
    let ordered = match name(tokens.get(i)?)?.as_str() {
        "HashMap" => "BTreeMap",
        "HashSet" => "BTreeSet",
        "hash_map" => "btree_map",
        "hash_set" => "btree_set",
        _ => return None,
    };
    match called(tokens, i).as_deref() {
        Some("with_capacity") => Some(edit(tokens, i..i + 5, format!("{ordered}::new()"))),
        _ => Some(edit(tokens, i..i + 1, ordered.to_string())),
    }
}

fn directories(tokens: &[TokenTree], i: usize) -> Option<Edit> {
    if name(tokens.get(i)?)? == "WalkDir" && called(tokens, i)? == "new" {
        let sorted = |t: &TokenTree| name(t).is_some_and(|n| n.starts_with("sort_by"));
        let call = tokens.get(i + 4)?;
        let end = call.span().byte_range().end;
        return (!tokens[i..].iter().any(sorted)).then(|| Edit {
            line: call.span().start().line,
            bytes: end..end,
            text: ".sort_by_file_name()".to_string(),
            around: false,
        });
    }
    if name(tokens.get(i)?)? != "read_dir" || !is_call(tokens.get(i + 1)?) {
        return None;
    }
    // Up to where it is no result any more.
    let mut end = i + 2;
    loop {
        if is(tokens.get(end)?, '?') {
            end += 1;
            break;
        }
        let method = name(tokens.get(end + 1)?)?;
        if !is(&tokens[end], '.') || !is_call(tokens.get(end + 2)?) {
            return None;
        }
        end += 3;
        match method.as_str() {
            "unwrap" | "expect" => break,
            "map_err" | "context" | "with_context" => {}
            _ => return None,
        }
    }
    let start = begin(tokens, i);
    let bytes = first(tokens, start)..last(tokens, end);
    let line = tokens[i].span().start().line;
    let text = format!(
        "({{ let mut entries: Vec<_> = {WHAT}.collect(); entries.sort_by_key(|entry| entry.as_ref().ok().map(|entry| entry.path())); entries }}).into_iter()"
    );
    Some(Edit { line, bytes, text, around: true })
}

/// Stands for the bytes that stay.
const WHAT: &str = "\0";

fn manifest_dir(tokens: &[TokenTree], i: usize) -> Option<Edit> {
    const NAME: &str = "\"CARGO_MANIFEST_DIR\"";
    let about = |t: &TokenTree| matches!(t, TokenTree::Group(g) if g.stream().to_string().trim_end_matches([',', ' ']) == NAME);
    if name(tokens.get(i)?)? != "env" {
        return None;
    }
    if is(tokens.get(i + 1)?, '!') && about(tokens.get(i + 2)?) {
        return Some(edit(tokens, i..i + 3, "\".\"".to_string()));
    }
    let text = match called(tokens, i)?.as_str() {
        "var" => "Ok::<String, std::env::VarError>(String::from(\".\"))",
        "var_os" => "Some(std::ffi::OsString::from(\".\"))",
        _ => return None,
    };
    about(tokens.get(i + 4)?).then(|| edit(tokens, begin(tokens, i)..i + 5, text.to_string()))
}

fn edit(tokens: &[TokenTree], range: Range<usize>, text: String) -> Edit {
    Edit {
        line: tokens[range.start].span().start().line,
        bytes: first(tokens, range.start)..last(tokens, range.end),
        text,
        around: false,
    }
}

fn first(tokens: &[TokenTree], i: usize) -> usize {
    tokens[i].span().byte_range().start
}

/// The end of what is before `end`.
fn last(tokens: &[TokenTree], end: usize) -> usize {
    tokens[end - 1].span().byte_range().end
}

fn name(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == c)
}

fn is_call(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(g) if g.delimiter() == Delimiter::Parenthesis)
}

/// `now` where `SystemTime` at `i` is followed by `::now(…)`.
fn called(tokens: &[TokenTree], i: usize) -> Option<String> {
    let joint = matches!(tokens.get(i + 1)?, TokenTree::Punct(p) if p.as_char() == ':' && p.spacing() == Spacing::Joint);
    let call = joint && is(tokens.get(i + 2)?, ':') && is_call(tokens.get(i + 4)?);
    name(tokens.get(i + 3)?).filter(|_| call)
}

/// Where the path or chain of calls begins that ends with the token at `i`.
fn begin(tokens: &[TokenTree], mut i: usize) -> usize {
    const WORDS: [&str; 9] =
        ["in", "return", "let", "match", "if", "else", "mut", "while", "break"];
    let joins = |t: &TokenTree| is(t, '.') || is(t, ':') || is(t, '?');
    while let Some(before) = i.checked_sub(1) {
        let part = match &tokens[before] {
            TokenTree::Group(g) => {
                matches!(g.delimiter(), Delimiter::Parenthesis | Delimiter::Bracket)
            }
            TokenTree::Ident(ident) => !WORDS.contains(&ident.to_string().as_str()),
            TokenTree::Literal(_) => true,
            TokenTree::Punct(_) => joins(&tokens[before]),
        };
        // Two operands in a row are none of one chain; a name before a call is.
        let call = is_call(&tokens[i]) && name(&tokens[before]).is_some();
        if !part || !(joins(&tokens[before]) || joins(&tokens[i]) || call) {
            break;
        }
        i = before;
    }
    i
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rewrite_changes_its_places_and_nothing_else() {
        let [clock, maps, dirs, path] = [0, 1, 2, 3].map(|i| &REWRITES[i]);
        let sorted = |call: &str| {
            format!(
                "({{ let mut entries: Vec<_> = {call}.collect(); entries.sort_by_key(|entry| entry.as_ref().ok().map(|entry| entry.path())); entries }}).into_iter()"
            )
        };
        let time = format!("(std::time::UNIX_EPOCH + std::time::Duration::from_secs({EPOCH}))");
        let cases = [
            (clock, "let t = std::time::SystemTime::now().elapsed(); // ü", {
                format!("let t = {time}.elapsed(); // ü")
            }),
            (maps, "use std::collections::HashMap;\nlet m = HashMap::with_capacity(4);", {
                "use std::collections::BTreeMap;\nlet m = BTreeMap::new();".to_string()
            }),
            (maps, "let v: Vec<HashSet<u8>> = Vec::with_capacity(1);", {
                "let v: Vec<BTreeSet<u8>> = Vec::with_capacity(1);".to_string()
            }),
            (dirs, "for e in std::fs::read_dir(\"x\")? { f(e) }", {
                format!("for e in {} {{ f(e) }}", sorted("std::fs::read_dir(\"x\")?"))
            }),
            (dirs, "g(path.join(\"x\").read_dir().unwrap().map(h));", {
                format!("g({}.map(h));", sorted("path.join(\"x\").read_dir().unwrap()"))
            }),
            (dirs, "for e in WalkDir::new(x) {}", {
                "for e in WalkDir::new(x).sort_by_file_name() {}".to_string()
            }),
            (path, "let d = env!(\"CARGO_MANIFEST_DIR\");", "let d = \".\";".to_string()),
            (path, "let d = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap();", {
                "let d = Ok::<String, std::env::VarError>(String::from(\".\")).unwrap();"
                    .to_string()
            }),
        ];
        for (rewrite, text, want) in cases {
            assert_eq!(rewrite.of(text).map(|r| r.text), Some(want), "{text}");
        }
        for (rewrite, text) in [
            (clock, "let f = SystemTime::now; Instant::now()"),
            (maps, "BTreeMap::new()"),
            (dirs, "let r = read_dir(x); WalkDir::new(x).sort_by_key(k)"),
            (path, "env!(\"OUT_DIR\")"),
            (clock, "fn ("),
        ] {
            assert_eq!(rewrite.of(text), None, "{text}");
        }
    }
}
