//! What code asks of the machine that it runs on, by the names of what it calls: one const table.
//!
//! Names are resolved through the `use` lines of their file, no further. Arguments of macros are
//! looked into where they are expressions; what `quote!` holds is code for another crate, and is
//! not.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Expr, ExprMethodCall, Lit, Path, Token, UseTree};

use super::walk::{Look, Node, Walk};
use crate::shim::ran::NATIVE_FLAGS;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The time of day.
    Clock,
    /// Times of files.
    Mtime,
    /// Random numbers.
    Randomness,
    /// The order of a hash map or set.
    MapOrder,
    /// The name of the machine.
    Hostname,
    /// The name of the user.
    User,
    /// The current directory.
    CurrentDir,
    /// A variable of the build's environment, compiled in.
    EnvMacro,
    /// The version control system.
    Vcs,
    /// The model of the processor, by a flag for a C compiler.
    NativeCpu,
}

/// Something that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) struct Found {
    pub(in crate::check) what: What,
    pub(in crate::check) detail: String,
    pub(in crate::check) line: usize,
}

/// Paths of functions and what calling them reads; they fit at the end of the path that is called.
const CALLS: &[(&str, What)] = &[
    ("SystemTime::now", What::Clock),
    ("Utc::now", What::Clock),
    ("Local::now", What::Clock),
    ("OffsetDateTime::now_utc", What::Clock),
    ("OffsetDateTime::now_local", What::Clock),
    ("UtcDateTime::now", What::Clock),
    ("time::now_utc", What::Clock),
    ("time::now", What::Clock),
    ("Zoned::now", What::Clock),
    ("Timestamp::now", What::Clock),
    ("FileTime::from_last_modification_time", What::Mtime),
    ("rand::random", What::Randomness),
    ("rand::rng", What::Randomness),
    ("rand::thread_rng", What::Randomness),
    ("getrandom::getrandom", What::Randomness),
    ("getrandom::fill", What::Randomness),
    ("RandomState::new", What::Randomness),
    ("Uuid::new_v4", What::Randomness),
    ("Uuid::now_v7", What::Randomness),
    ("StdRng::from_entropy", What::Randomness),
    ("StdRng::from_os_rng", What::Randomness),
    ("SmallRng::from_entropy", What::Randomness),
    ("fastrand::Rng::new", What::Randomness),
    ("fastrand::u32", What::Randomness),
    ("fastrand::u64", What::Randomness),
    ("gethostname::gethostname", What::Hostname),
    ("hostname::get", What::Hostname),
    ("whoami::hostname", What::Hostname),
    ("whoami::fallible::hostname", What::Hostname),
    ("whoami::devicename", What::Hostname),
    ("whoami::username", What::User),
    ("whoami::realname", What::User),
    ("users::get_current_username", What::User),
    ("uzers::get_current_username", What::User),
    ("env::current_dir", What::CurrentDir),
    ("git2::Repository::open", What::Vcs),
    ("git2::Repository::discover", What::Vcs),
    ("gix::open", What::Vcs),
    ("gix::discover", What::Vcs),
];

/// Methods without arguments that read the times of a file.
const TIMES: &[&str] =
    &["modified", "created", "accessed", "mtime", "mtime_nsec", "ctime", "atime"];

/// Programs that tell such things.
const PROGRAMS: &[(&str, What)] = &[
    ("date", What::Clock),
    ("hostname", What::Hostname),
    ("whoami", What::User),
    ("logname", What::User),
    ("git", What::Vcs),
    ("hg", What::Vcs),
    ("jj", What::Vcs),
];

/// Variables that tell such things. `HOST` is the host triple, which cargo sets itself.
const VARIABLES: &[(&str, What)] = &[
    ("HOSTNAME", What::Hostname),
    ("COMPUTERNAME", What::Hostname),
    ("USER", What::User),
    ("USERNAME", What::User),
    ("LOGNAME", What::User),
    ("PWD", What::CurrentDir),
];

/// Files that tell such things.
const FILES: &[(&str, What)] = &[
    ("/dev/urandom", What::Randomness),
    ("/dev/random", What::Randomness),
    ("/etc/hostname", What::Hostname),
];

/// Variables whose value differs from builder to builder, so that `env!` must not compile them in.
pub(in crate::check) const PRIVATE: &[&str] = &[
    "CARGO",
    "CARGO_HOME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_TARGET_DIR",
    "COMPUTERNAME",
    "HOME",
    "HOSTNAME",
    "LOGNAME",
    "OUT_DIR",
    "PATH",
    "PWD",
    "RUSTUP_HOME",
    "TEMP",
    "TMP",
    "TMPDIR",
    "USER",
    "USERNAME",
    "USERPROFILE",
];

/// What a build script may have of them: it asks cargo for the same at run time.
const FOR_BUILD_SCRIPTS: &[&str] = &["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"];

/// Macros that read a file: a path in them is not compiled in.
const INCLUDES: &[&str] = &["include", "include_str", "include_bytes"];

/// Macros whose content is code of the crate that uses the macro.
const QUOTES: &[&str] = &["quote", "quote_spanned", "parse_quote", "parse_quote_spanned"];

/// How much of the code is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Depth {
    /// `env!` and `option_env!` alone.
    EnvMacros,
    /// All of the table, for code that runs during the build.
    BuildScript,
    /// All of the table, for procedural macros.
    ProcMacro,
}

/// What a file reads, and whether it knows SOURCE_DATE_EPOCH.
pub(in crate::check) fn of(file: &syn::File, depth: Depth) -> (Vec<Found>, bool) {
    let mut reader = Reader { depth, uses: BTreeMap::new(), found: Vec::new(), knows_epoch: false };
    Walk(&mut Uses(&mut reader.uses)).visit_file(file);
    Walk(&mut reader).visit_file(file);
    (reader.found, reader.knows_epoch)
}

/// Names that `use` lines bring, with their whole paths.
pub(super) struct Uses<'a>(pub(super) &'a mut BTreeMap<String, Vec<String>>);

impl<'a> Look<'a> for Uses<'_> {
    fn see(&mut self, node: Node<'a>) -> bool {
        if let Node::Use(item) = node {
            self.tree(&item.tree, Vec::new());
            return false;
        }
        true
    }
}

impl Uses<'_> {
    fn tree(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.tree(&part.tree, path);
            }
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = path.last().cloned() {
                    self.0.insert(last, path);
                }
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.0.insert(name.ident.to_string(), path);
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                self.0.insert(name.rename.to_string(), path);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, path.clone());
                }
            }
            // Under a key that is no name; there can be several.
            UseTree::Glob(_) => {
                self.0.insert(format!("*{}", path.join("::")), path);
            }
        }
    }
}

struct Reader {
    depth: Depth,
    uses: BTreeMap<String, Vec<String>>,
    found: Vec<Found>,
    knows_epoch: bool,
}

impl Reader {
    fn note(&mut self, what: What, detail: impl Into<String>, line: usize) {
        let found = Found { what, detail: detail.into(), line };
        if !self.found.contains(&found) {
            self.found.push(found);
        }
    }

    fn full(&self, path: &Path) -> Vec<String> {
        let mut names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if let Some(whole) = names.first().and_then(|f| self.uses.get(f)) {
            names.splice(0..1, whole.iter().cloned());
        }
        names
    }

    /// The path that is called, and those that it may be by `use …::*`.
    fn candidates(&self, path: &Path) -> Vec<Vec<String>> {
        let mut all = vec![self.full(path)];
        if all[0].len() == 1 {
            let globs = self.uses.iter().filter(|(k, _)| k.starts_with('*'));
            let name = all[0][0].clone();
            all.extend(
                globs.map(|(_, g)| g.iter().cloned().chain([name.clone()]).collect::<Vec<_>>()),
            );
        }
        all
    }

    fn call(&mut self, path: &Path, arguments: &Punctuated<Expr, Token![,]>) {
        let candidates = self.candidates(path);
        let ends = |call: &str| candidates.iter().any(|names| ends_with(names, call));
        let line = line_of_path(path);
        let known = CALLS.iter().find(|(call, _)| ends(call));
        let known = known.map(|(call, what)| (*what, format!("{call}()")));
        let of_argument = self.by_argument(&ends, arguments);
        for (what, detail) in known.into_iter().chain(of_argument) {
            self.note(what, detail, line);
        }
    }

    /// What a call reads by the name that it is given.
    fn by_argument(
        &self,
        ends: &dyn Fn(&str) -> bool,
        arguments: &Punctuated<Expr, Token![,]>,
    ) -> Option<(What, String)> {
        let text = arguments.first().and_then(literal)?;
        let (table, shown) = if ends("Command::new") {
            (PROGRAMS, format!("the command `{text}`"))
        } else if ["env::var", "env::var_os"].iter().any(|f| ends(f)) {
            (VARIABLES, format!("the variable {text}"))
        } else {
            return None;
        };
        let (_, what) = table.iter().find(|(name, _)| *name == text)?;
        Some((*what, shown))
    }

    /// `Command::new("uname").arg("-n")`.
    fn uname(&mut self, call: &ExprMethodCall) {
        let Expr::Call(made) = &*call.receiver else {
            return;
        };
        let is_new =
            matches!(&*made.func, Expr::Path(p) if ends_with(&self.full(&p.path), "Command::new"));
        let program = made.args.first().and_then(literal);
        let option = call.args.first().and_then(literal);
        let names = ["-n", "-a", "--nodename", "--all"];
        if is_new
            && program.as_deref() == Some("uname")
            && option.is_some_and(|o| names.contains(&o.as_str()))
        {
            let line = call.method.span().start().line;
            self.note(What::Hostname, "the command `uname`", line);
        }
    }

    fn env_macro(&mut self, tokens: TokenStream) {
        let Some(TokenTree::Literal(first)) = tokens.into_iter().next() else {
            return;
        };
        let line = first.span().start().line;
        let name = first.to_string();
        let name = name.trim_matches('"');
        let of_cargo = FOR_BUILD_SCRIPTS.contains(&name);
        if PRIVATE.contains(&name) && !(self.depth == Depth::BuildScript && of_cargo) {
            self.note(What::EnvMacro, name, line);
        }
    }

    /// `env!` anywhere in the tokens of a macro, but for files that are included.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut called: Option<String> = None;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(name) => {
                    let bang =
                        matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '!');
                    called = bang.then(|| name.to_string());
                }
                TokenTree::Punct(p) if p.as_char() == '!' => {}
                TokenTree::Group(group) => {
                    let inner = group.stream();
                    match called.take().as_deref() {
                        Some(name) if INCLUDES.contains(&name) || QUOTES.contains(&name) => {}
                        Some("env" | "option_env") => self.env_macro(inner),
                        _ => self.tokens(inner),
                    }
                }
                _ => called = None,
            }
        }
    }
}

impl<'a> Look<'a> for Reader {
    fn see(&mut self, node: Node<'a>) -> bool {
        match node {
            Node::Attribute => return false,
            Node::ItemMacro(item) => {
                // An exported macro is code of the crates that call it.
                let exported = item.attrs.iter().any(|a| a.path().is_ident("macro_export"));
                match item.mac.path.is_ident("macro_rules") {
                    true if exported => {}
                    true => self.tokens(item.mac.tokens.clone()),
                    false => self.invocation(&item.mac),
                }
                return false;
            }
            Node::Macro(mac) => {
                self.invocation(mac);
                return false;
            }
            Node::Lit(lit) => {
                self.lit(lit);
                return false;
            }
            _ if self.depth == Depth::EnvMacros => {}
            Node::Call(call) => {
                if let Expr::Path(path) = &*call.func {
                    self.call(&path.path, &call.args);
                }
            }
            Node::MethodCall(call) => self.method_call(call),
            Node::ExprPath(path) if ends_with(&self.full(&path.path), "OsRng") => {
                self.note(What::Randomness, "OsRng", line_of_path(&path.path));
            }
            _ => {}
        }
        true
    }
}

impl Reader {
    fn invocation(&mut self, mac: &syn::Macro) {
        let name = mac.path.segments.last().map(|s| s.ident.to_string());
        let name = name.unwrap_or_default();
        if INCLUDES.contains(&name.as_str()) || QUOTES.contains(&name.as_str()) {
            return;
        }
        if ["env", "option_env"].contains(&name.as_str()) {
            return self.env_macro(mac.tokens.clone());
        }
        self.tokens(mac.tokens.clone());
        if self.depth == Depth::EnvMacros {
            return;
        }
        let arguments = mac.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        for argument in arguments.iter().flatten() {
            Walk(self).visit_expr(argument);
        }
    }

    fn method_call(&mut self, call: &ExprMethodCall) {
        if call.method == "arg" {
            self.uname(call);
        }
        if call.args.is_empty() {
            let name = call.method.to_string();
            let line = call.method.span().start().line;
            if TIMES.contains(&name.as_str()) {
                self.note(What::Mtime, format!(".{name}()"), line);
            }
            let of_epoch = matches!(&*call.receiver, Expr::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "UNIX_EPOCH"));
            if name == "elapsed" && of_epoch {
                self.note(What::Clock, "UNIX_EPOCH.elapsed()", line);
            }
        }
    }

    fn lit(&mut self, lit: &Lit) {
        if let Lit::Str(text) = lit {
            let value = text.value();
            self.knows_epoch |= value.contains("SOURCE_DATE_EPOCH");
            let file = FILES.iter().find(|(name, _)| *name == value);
            if let (Some((name, what)), true) = (file, self.depth != Depth::EnvMacros) {
                self.note(*what, format!("the file `{name}`"), text.span().start().line);
            }
            let flag = NATIVE_FLAGS.iter().find(|flag| value.contains(**flag));
            if let (Some(flag), true) = (flag, self.depth == Depth::BuildScript) {
                self.note(What::NativeCpu, format!("`{flag}`"), text.span().start().line);
            }
        }
    }
}

pub(super) fn ends_with(names: &[String], pattern: &str) -> bool {
    let wanted: Vec<&str> = pattern.split("::").collect();
    names.len() >= wanted.len()
        && names[names.len() - wanted.len()..].iter().zip(&wanted).all(|(n, w)| n == w)
}

fn line_of_path(path: &Path) -> usize {
    let last = path.segments.last();
    last.map_or(1, |s| s.ident.span().start().line)
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::Reference(inner) => literal(&inner.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, depth: Depth) -> Vec<(What, usize)> {
        let file = syn::parse_file(text).unwrap();
        of(&file, depth).0.iter().map(|f| (f.what, f.line)).collect()
    }

    #[test]
    fn calls_are_known_through_use_lines_and_in_macros() {
        let text = "use std::{env, time::SystemTime as T};\nuse std::env::current_dir;\nfn main() {\n\
            println!(\"{:?}\", T::now());\nlet _ = current_dir();\nlet _ = env::var(\"USER\");\n\
            std::process::Command::new(\"git\").arg(\"x\");\nlet m = f.metadata()?.modified()?;\n}";
        let glob = "use std::env::*;\nfn main() { var(\"USER\"); }";
        assert_eq!(found(glob, Depth::BuildScript), [(What::User, 2)]);
        assert_eq!(
            found(text, Depth::BuildScript),
            [
                (What::Clock, 4),
                (What::CurrentDir, 5),
                (What::User, 6),
                (What::Vcs, 7),
                (What::Mtime, 8)
            ]
        );
    }

    #[test]
    fn comments_strings_quoted_code_and_other_names_are_nothing() {
        let text = "// SystemTime::now()\n/// SystemTime::now()\nfn f() { let _ = \"SystemTime::now()\";\n\
            quote! { ::std::time::SystemTime::now(); env!(\"USER\") };\nlet _ = env::var(\"HOST\");\n\
            Command::new(\"cc\"); now(); x.modified(1); mine::random(); }";
        assert_eq!(found(text, Depth::BuildScript), []);
    }

    #[test]
    fn env_macros_count_unless_they_name_a_file_that_is_included() {
        let text = "const A: &str = env!(\"OUT_DIR\");\n\
            include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));\n\
            const B: &[u8] = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/x\"));\n\
            fn f() { println!(\"{}\", option_env!(\"USER\").unwrap()); }\n\
            const C: &str = env!(\"CARGO_PKG_NAME\");\n\
            #[doc = env!(\"HOME\")] fn g() { vec![include_str!(concat!(env!(\"HOME\"), \"/y\"))]; }\n\
            #[macro_export] macro_rules! m { () => { env!(\"CARGO_MANIFEST_DIR\") } }";
        assert_eq!(found(text, Depth::EnvMacros), [(What::EnvMacro, 1), (What::EnvMacro, 4)]);
        let script =
            "const A: &str = env!(\"CARGO_MANIFEST_DIR\"); const B: &str = env!(\"USER\");";
        assert_eq!(found(script, Depth::BuildScript), [(What::EnvMacro, 1)]);
    }

    #[test]
    fn a_crate_that_knows_the_epoch_is_told_by_its_code() {
        let knows = |text: &str| of(&syn::parse_file(text).unwrap(), Depth::BuildScript).1;
        assert!(knows("fn main() { std::env::var(\"SOURCE_DATE_EPOCH\"); }"));
        assert!(knows(
            "fn main() { println!(\"cargo:rerun-if-env-changed={}\", \"SOURCE_DATE_EPOCH\"); }"
        ));
        assert!(!knows("// SOURCE_DATE_EPOCH\nfn main() {}"));
    }
}
