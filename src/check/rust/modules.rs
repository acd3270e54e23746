//! The files that a crate is made of, from its root on: `mod`, `#[path]`, and `include!` of a
//! file beside.
//! Sources are untrusted: a file that is too large, or nested too deep for a parser's stack, is reported and skipped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, LitStr, Meta};

use super::cfg::{self, Cfgs};
use crate::error::bad_input;

/// A parsed file, without what is not compiled.
pub(in crate::check) struct Module {
    pub(in crate::check) path: PathBuf,
    /// The names of the modules that it is in.
    pub(in crate::check) at: Vec<String>,
    pub(in crate::check) file: syn::File,
}

/// Larger sources are not parsed, nor such whose brackets are nested deeper, or that go on for more
/// tokens without an end: a parser goes down with each of them, and must not be led to the end of
/// its stack. Nobody writes such code.
const LARGEST: usize = 4 << 20;
const DEEPEST: usize = 200;
const LONGEST: usize = 10_000;

/// Reads the files of a crate. `wanted` is asked about each file before it is parsed; the second
/// value says what could not be.
pub(in crate::check) fn load(
    root: &Path,
    cfgs: &Cfgs,
    wanted: &dyn Fn(&Path) -> bool,
) -> (Vec<Module>, Vec<anyhow::Error>) {
    let mut loader =
        Loader { cfgs, wanted, seen: BTreeSet::new(), modules: Vec::new(), troubles: Vec::new() };
    loader.file(root, true, &[]);
    (loader.modules, loader.troubles)
}

struct Loader<'a> {
    cfgs: &'a Cfgs,
    wanted: &'a dyn Fn(&Path) -> bool,
    seen: BTreeSet<PathBuf>,
    modules: Vec<Module>,
    troubles: Vec<anyhow::Error>,
}

impl Loader<'_> {
    /// `owns` says that modules of the file lie beside it, not in a directory of its name.
    fn file(&mut self, path: &Path, owns: bool, at: &[String]) {
        if !self.seen.insert(path.to_owned()) || !(self.wanted)(path) {
            return;
        }
        let mut file = match parse(path) {
            Ok(file) => file,
            Err(error) => return self.troubles.push(error),
        };
        cfg::prune(&mut file, self.cfgs);
        let beside = path.parent().unwrap_or(Path::new("")).to_owned();
        let own = if owns { beside.clone() } else { path.with_extension("") };
        self.items(&file.items, &own, &beside, at);
        self.modules.push(Module { path: path.to_owned(), at: at.to_vec(), file });
    }

    /// `own` is where `mod x;` is looked for, `base` what `#[path]` is relative to.
    fn items(&mut self, items: &[Item], own: &Path, base: &Path, at: &[String]) {
        for item in items {
            match item {
                Item::Mod(module) => self.module(module, own, base, at),
                Item::Macro(item) if item.mac.path.is_ident("include") => {
                    let literal = item.mac.parse_body::<LitStr>();
                    let path = literal.ok().map(|l| base.join(l.value()));
                    if let Some(path) = path.filter(|p| p.is_file() && parse(p).is_ok()) {
                        self.file(&path, true, at);
                    }
                }
                _ => {}
            }
        }
    }

    fn module(&mut self, module: &ItemMod, own: &Path, base: &Path, at: &[String]) {
        let name = module.ident.to_string();
        let name = name.trim_start_matches("r#");
        let at = &[at, &[name.to_string()]].concat();
        let path = path_attribute(&module.attrs);
        if let Some((_, items)) = &module.content {
            let inner = own.join(path.as_deref().unwrap_or(name));
            return self.items(items, &inner, &inner, at);
        }
        if let Some(path) = path {
            let path = base.join(path);
            if path.is_file() {
                self.file(&path, true, at);
            }
            return;
        }
        let flat = own.join(format!("{name}.rs"));
        let nested = own.join(name).join("mod.rs");
        if flat.is_file() {
            self.file(&flat, false, at);
        } else if nested.is_file() {
            self.file(&nested, true, at);
        }
        // Else it is one that a build script writes, or that a `cfg` of its own leaves out.
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|a| match &a.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

fn parse(path: &Path) -> Result<syn::File> {
    let what = || format!("failed to read `{}`", path.display());
    let bytes = std::fs::read(path).with_context(what)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| bad_input(format!("failed to parse `{}`: it is not UTF-8", path.display())))?;
    let unsound = |line: usize, e: &dyn std::fmt::Display| {
        bad_input(format!("failed to parse `{}` at line {line}: {e}", path.display()))
    };
    if text.len() > LARGEST {
        return Err(too_much(path));
    }
    let tokens: TokenStream =
        code_of(&text).parse().map_err(|e: LexError| unsound(e.span().start().line, &e))?;
    if is_endless(&tokens) {
        return Err(too_much(path));
    }
    syn::parse2(tokens).map_err(|e| unsound(e.span().start().line, &e))
}

fn too_much(path: &Path) -> anyhow::Error {
    bad_input(format!(
        "`{}` was not looked at: it has more than {LARGEST} bytes, {DEEPEST} nested brackets, or {LONGEST} tokens without an end",
        path.display()
    ))
}

/// The text without a byte order mark and the line by which a script names its interpreter; that
/// line stays as a comment, so that all others keep their numbers.
fn code_of(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => format!("//{rest}"),
        _ => text.to_string(),
    }
}

/// Whether brackets are nested too deep, or too many tokens stand between two ends of something,
/// those of the brackets around counted as well. A comma, a semicolon and a block end something,
/// but for a block that goes on with `else` or an operator.
fn is_endless(tokens: &TokenStream) -> bool {
    let mut open = vec![(tokens.clone().into_iter(), 0usize, false)];
    let mut around = 0usize;
    while let Some((tokens, count, after_block)) = open.last_mut() {
        let Some(token) = tokens.next() else {
            open.pop();
            around = around.saturating_sub(open.last().map_or(0, |(_, count, _)| *count));
            continue;
        };
        let ends = match &token {
            TokenTree::Punct(p) => [',', ';'].contains(&p.as_char()),
            TokenTree::Ident(name) => *after_block && name != "else",
            TokenTree::Group(_) | TokenTree::Literal(_) => false,
        };
        *count = if ends { 1 } else { *count + 1 };
        *after_block = false;
        if around + *count > LONGEST {
            return true;
        }
        if let TokenTree::Group(group) = token {
            *after_block = group.delimiter() == Delimiter::Brace;
            around += *count;
            open.push((group.stream().into_iter(), 0, false));
            if open.len() > DEEPEST {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_followed_and_tests_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "lib.rs",
            "mod a; mod b; #[cfg(test)] mod t; #[path = \"odd/name.rs\"] mod c; mod i { mod d; } mod gone; include!(\"more.rs\");",
        );
        write("a.rs", "mod inner;");
        write("a/inner.rs", "");
        write("b/mod.rs", "mod beside;");
        write("b/beside.rs", "");
        write("t.rs", "this is not Rust");
        write("odd/name.rs", "");
        write("i/d.rs", "");
        write("more.rs", "fn more() {}");
        let (modules, troubles) = load(&dir.path().join("lib.rs"), &Cfgs::default(), &|_| true);
        assert!(troubles.is_empty(), "{troubles:?}");
        let mut names: Vec<_> = modules
            .iter()
            .map(|m| m.path.strip_prefix(dir.path()).unwrap().to_str().unwrap().replace('\\', "/"))
            .collect();
        names.sort();
        let want = [
            "a.rs", "a/inner.rs", "b/beside.rs", "b/mod.rs", "i/d.rs", "lib.rs", "more.rs",
            "odd/name.rs",
        ];
        assert_eq!(names, want);
    }

    #[test]
    fn what_is_no_rust_is_named_with_its_line_and_nothing_overflows() {
        // The room that the threads of a scan have.
        let roomy = std::thread::Builder::new().stack_size(512 << 20);
        roomy.spawn(hostile_files).unwrap().join().unwrap();
    }

    fn hostile_files() {
        let dir = tempfile::tempdir().unwrap();
        let error = |text: &str| {
            let path = dir.path().join("x.rs");
            std::fs::write(&path, text).unwrap();
            load(&path, &Cfgs::default(), &|_| true).1[0].to_string()
        };
        assert!(error("fn a() {}\nfn {").contains("x.rs` at line 2"));
        let many = |what: &str, n: usize| what.repeat(n);
        let hostile = [
            format!("fn f() {{ {}{}; }}", many("(", 1_000), many(")", 1_000)),
            format!("fn f() {{ {}x; }}", many("!", 20_000)),
            format!("fn f() {{ x({}x); }}", many("&", 20_000)),
            format!("type T = {}u8;", many("V<", 20_000)),
            format!("fn f() {{ {}; }}", many("if a {} else ", 10_000)),
            format!("fn f() {{ {}{} }}", many("{ ! ", 150), many("x }", 150)),
            format!("fn f() {{ p!({}x); }}", many("- ", 20_000)),
        ];
        for text in &hostile {
            let told = error(text);
            assert!(told.contains("x.rs` "), "{told}");
        }
        let far =
            format!("const X: &[u8] = &[{}];\n{}", many("1, ", 12_000), many("fn f() {}\n", 3_000));
        std::fs::write(dir.path().join("x.rs"), &far).unwrap();
        let (modules, troubles) = load(&dir.path().join("x.rs"), &Cfgs::default(), &|_| true);
        assert!(troubles.is_empty() && modules.len() == 1, "{troubles:?}");
    }
}
