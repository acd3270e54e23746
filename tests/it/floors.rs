//! The floors: a module imports only from modules that come before it in [`ORDER`]: ground, values,
//! steps, outputs, entry; within the steps the order is that of the walk. And in no crate do files import
//! each other in a cycle. Imports are read to full depth, wherever they are in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

const ORDER: &[&str] = &[
    // ground
    "error", "process", "orphans", "fs", "git", "term", // values
    "artifact", "verdict", "epoch", "toolchain", "platform", "variation", "build_dirs", "sandbox",
    "request", // steps
    "metadata", "source", "recipe", "shim", "ledger", "cargo", "build", "compare", "blame",
    "replay", "check", // outputs
    "manifest", "setting", "sbom", "attest", "oci", "survey", "project", "remedies", "verify",
    "archive", "init", // entry
    "report", "command", "cli", "entry",
];

/// Files, each with those that it imports.
type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// A module by the names on the way to it; none for the crate's root.
type Module = Vec<String>;

/// The files of a crate by their modules, with what each says.
#[derive(Default)]
struct Crate(BTreeMap<Module, (String, String)>);

impl Crate {
    /// The files of the crate in `dir`, named from `root` on.
    fn read(root: &Path, dir: &Path) -> Crate {
        let src = dir.join("src");
        let mut found = Crate::default();
        for path in files(&src) {
            let below = path.strip_prefix(&src).unwrap();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.add(
                &below.to_string_lossy().replace('\\', "/"),
                &name,
                &std::fs::read_to_string(&path).unwrap(),
            );
        }
        found.declared()
    }

    /// Without programs of their own: what only starts the library, and what the library has as text and
    /// compiles.
    fn declared(mut self) -> Crate {
        let mut declared = Crate::default();
        let mut open = vec![Module::new()];
        while let Some(module) = open.pop() {
            let Some(file) = self.0.remove(&module) else { continue };
            let child = |line: &str| {
                let (before, name) = line.trim().strip_suffix(';')?.split_once("mod ")?;
                let declares = before.is_empty() || before.starts_with("pub");
                declares.then(|| [&module[..], &[name.to_string()]].concat())
            };
            open.extend(file.1.lines().filter_map(child));
            declared.0.insert(module, file);
        }
        for (name, _) in self.0.values() {
            let (dir, file) = name.rsplit_once('/').unwrap();
            let include = format!("include_str!(\"{file}\")");
            let compiled = declared.0.values().any(|(_, text)| text.contains(&include));
            let program = dir.ends_with("src/bin") || name.ends_with("src/main.rs");
            assert!(program || compiled, "`{name}` is in no crate: no module declares it");
        }
        declared
    }

    fn add(&mut self, below: &str, name: &str, text: &str) {
        let mut module: Module =
            below.trim_end_matches(".rs").split('/').map(str::to_string).collect();
        if matches!(&**module.last().unwrap(), "mod" | "lib") {
            module.pop();
        }
        self.0.insert(module, (name.to_string(), text.to_string()));
    }

    /// The modules that a file imports, but for itself.
    fn imports(&self, module: &Module) -> BTreeSet<&Module> {
        let tokens: TokenStream = self.0[module].1.parse().unwrap();
        let mut paths = Vec::new();
        collect(tokens, module, &mut paths);
        let found = paths.iter().filter_map(|(here, path)| self.resolve(here, path));
        found.filter(|m| *m != module).collect()
    }

    /// The module with a file of its own that a path leads into.
    fn resolve(&self, here: &Module, path: &[String]) -> Option<&Module> {
        let (mut at, rest) = match &*path[0] {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (here.clone(), &path[1..]),
            "super" => {
                let up = path.iter().take_while(|p| *p == "super").count();
                (here[..here.len().checked_sub(up)?].to_vec(), &path[up..])
            }
            child => {
                let below = [&here[..], &[child.to_string()]].concat();
                self.0.contains_key(&below).then_some((here.clone(), path))?
            }
        };
        at.extend_from_slice(rest);
        (0..=at.len()).rev().find_map(|n| self.0.get_key_value(&at[..n])).map(|(m, _)| m)
    }

    /// Which file imports which.
    fn graph(&self) -> Graph<'_> {
        let name = |m: &Module| &*self.0[m].0;
        let imported = |m: &Module| self.imports(m).into_iter().map(name).collect();
        self.0.keys().map(|m| (name(m), imported(m))).collect()
    }
}

/// Every path of two or more names, with the module that it stands in.
fn collect(tokens: TokenStream, here: &Module, out: &mut Vec<(Module, Vec<String>)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        match &tokens[i..] {
            [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..]
                if word == "mod" =>
            {
                let inner = [&here[..], &[name.to_string()]].concat();
                collect(body.stream(), &inner, out);
                i += 3;
            }
            // A visibility says who may import, and imports nothing.
            [TokenTree::Ident(word), TokenTree::Group(who), ..]
                if word == "pub" && who.delimiter() == Delimiter::Parenthesis =>
            {
                i += 2;
            }
            [TokenTree::Group(group), ..] => {
                collect(group.stream(), here, out);
                i += 1;
            }
            [TokenTree::Ident(_), ..]
                if i == 0
                    || !punct(&tokens[i - 1], ':')
                    || i == 1
                    || !punct(&tokens[i - 2], ':') =>
            {
                let mut found = Vec::new();
                i += path(&tokens[i..], &[], &mut found);
                out.extend(found.into_iter().filter(|p| p.len() > 1).map(|p| (here.clone(), p)));
            }
            _ => i += 1,
        }
    }
}

fn punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == c)
}

/// The paths that begin with the first token, behind those names: several where it ends in braces.
/// Returns how many tokens they are.
fn path(tokens: &[TokenTree], before: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let mut names = before.to_vec();
    let mut n = 0;
    loop {
        match tokens.get(n) {
            Some(TokenTree::Ident(name)) => {
                if name != "self" || names.is_empty() {
                    names.push(name.to_string());
                }
                n += 1;
            }
            Some(TokenTree::Group(list)) if n > 0 && list.delimiter() == Delimiter::Brace => {
                let list: Vec<TokenTree> = list.stream().into_iter().collect();
                for item in list.split(|t| punct(t, ',')).filter(|item| !item.is_empty()) {
                    path(item, &names, out);
                }
                return n + 1;
            }
            _ => break,
        }
        match tokens.get(n..n + 2) {
            Some([a, b]) if punct(a, ':') && punct(b, ':') => n += 2,
            _ => break,
        }
    }
    out.push(names);
    n
}

/// A cycle of imports, if there is one: each file imports the next, and the last one the first.
fn cycle<'a>(graph: &Graph<'a>) -> Option<Vec<&'a str>> {
    fn visit<'a>(
        at: &'a str,
        graph: &Graph<'a>,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(i) = way.iter().position(|w| *w == at) {
            return Some(way[i..].to_vec());
        }
        if !done.insert(at) {
            return None;
        }
        way.push(at);
        let found = graph[at].iter().find_map(|next| visit(next, graph, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|file| visit(file, graph, &mut Vec::new(), &mut done))
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] })
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .collect()
}

/// The directories of the program and of each crate of the workspace.
fn packages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let below = std::fs::read_dir(root.join("crates")).unwrap().map(|e| e.unwrap().path());
    [root.to_path_buf()].into_iter().chain(below).collect()
}

fn crates() -> Vec<Crate> {
    packages().iter().map(|dir| Crate::read(&packages()[0], dir)).collect()
}

/// Imports of modules that do not stand before the importing one.
fn violations(program: &Crate) -> Vec<String> {
    let floor = |m: &Module| {
        let top = m.first()?;
        let floor = ORDER.iter().position(|o| o == top);
        Some(floor.unwrap_or_else(|| panic!("`{top}` has no floor: add it")))
    };
    let mut wrong = Vec::new();
    for module in program.0.keys() {
        let Some(here) = floor(module) else { continue };
        let up = |m: &&Module| floor(m).is_none_or(|there| there > here);
        let upward = program.imports(module).into_iter().filter(up);
        wrong.extend(upward.map(|m| format!("{} imports {}", program.0[module].0, m.join("::"))));
    }
    wrong
}

#[test]
fn modules_import_only_from_lower_floors() {
    let wrong = violations(&crates()[0]);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let crates = crates();
    let graph = crates.iter().flat_map(Crate::graph).collect();
    assert_eq!(cycle(&graph), None, "each of these imports the next");
}

#[test]
fn the_page_shows_the_floors() {
    let page = include_str!("../../docs/architecture.md");
    let (_, table) = page.split_once("| entry |").unwrap();
    let (table, _) = table.split_once("| crates |").unwrap();
    let shown: Vec<&str> = table.split('`').skip(1).step_by(2).collect();
    assert!(shown.iter().rev().eq(ORDER), "docs/architecture.md shows {shown:?}");
}

/// Which of the crates of a command line a manifest names as a dependency.
fn of_the_program(manifest: &str) -> Vec<&str> {
    let sections = manifest.split("\n[").filter(|s| s.starts_with("dependencies]"));
    let names = sections.flat_map(|s| s.lines().skip(1)).filter_map(|l| l.split([' ', '.']).next());
    names
        .filter(|n| ["anyhow", "cargo_metadata", "clap", "anstream", "reprove"].contains(n))
        .collect()
}

#[test]
fn crates_below_know_nothing_of_command_lines() {
    for dir in &packages()[1..] {
        let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap();
        assert_eq!(of_the_program(&manifest), [""; 0], "{dir:?}");
    }
    let planted =
        "[package]\nname = \"x\"\n\n[dependencies]\nanyhow = \"1\"\nclap.workspace = true\n";
    assert_eq!(of_the_program(planted), ["anyhow", "clap"]);
}

/// A crate of these files.
fn planted(files: &[(&str, &str)]) -> Crate {
    let mut planted = Crate::default();
    files.iter().for_each(|(name, text)| planted.add(name, name, text));
    planted
}

#[test]
fn an_import_from_above_is_noticed() {
    let found = |text| {
        let above = [("cli.rs", ""), ("report/mod.rs", ""), ("recipe.rs", ""), ("error.rs", "")];
        violations(&planted(&[&above[..], &[("fs/mod.rs", text)]].concat()))
    };
    assert_eq!(found("use crate::{error::host, cli::{Cli}};"), ["fs/mod.rs imports cli"]);
    assert_eq!(found("fn f() { super::report::text() }"), ["fs/mod.rs imports report"]);
    assert_eq!(found("mod t { use super::super::recipe; }"), ["fs/mod.rs imports recipe"]);
    assert_eq!(found("fn f() { say!(\"{}\", crate::cli::X) }"), ["fs/mod.rs imports cli"]);
    let fine =
        "//! See [`crate::cli`].\nuse crate::error; // crate::cli::X\nmod t { use super::*; }";
    assert_eq!(found(fine), [""; 0]);
}

#[test]
fn a_cycle_is_noticed_however_it_is_closed() {
    let with = |text| {
        let rest = [("lib.rs", "mod a; mod b;"), ("a/mod.rs", "mod deep; pub struct A;")];
        let rest = [&rest[..], &[("a/deep.rs", "use crate::b::B;"), ("b.rs", text)]].concat();
        cycle(&planted(&rest).graph()).map(|c| c.join(" "))
    };
    let found = Some("a/deep.rs b.rs".to_string());
    assert_eq!(with("pub struct B;"), None);
    assert_eq!(with("use crate::a::A;"), None);
    assert_eq!(with("pub(in crate::a::deep) struct B;"), None);
    assert_eq!(with("use crate::a::deep;"), found);
    assert_eq!(with("use super::{a::{A, deep::X}};"), found);
    assert_eq!(with("fn f() -> u8 { vec![crate::a::deep::f()][0] }"), found);
    assert_eq!(with("mod tests { use super::super::a::deep::*; }"), found);
    // A parent that uses its child, which uses its parent.
    let parent = [("lib.rs", ""), ("a.rs", "mod b; use b::B;"), ("a/b.rs", "use super::A;")];
    assert!(cycle(&planted(&parent).graph()).is_some());
    let owner = [("lib.rs", ""), ("a.rs", "mod b; struct A;"), ("a/b.rs", "use super::A;")];
    assert!(cycle(&planted(&owner).graph()).is_none());
}

#[test]
#[should_panic = "`src/lost.rs` is in no crate"]
fn a_file_that_no_module_declares_is_noticed() {
    let text = "pub(crate) mod kept;\nconst SHIM: &str = include_str!(\"shim.rs\");";
    let files = [("lib.rs", text), ("kept.rs", ""), ("shim.rs", ""), ("main.rs", "")];
    let with = |more: &[(&'static str, &'static str)]| {
        let mut files = planted(&[&files[..], more].concat());
        files.0.values_mut().for_each(|(name, _)| name.insert_str(0, "src/"));
        files.declared()
    };
    assert_eq!(with(&[]).0.len(), 2);
    with(&[("lost.rs", "")]);
}

/// Lines of public items, fields and methods that have no documentation above them.
fn undocumented(text: &str) -> Vec<&str> {
    let attribute =
        |line: &&str| !line.starts_with("///") && (line.starts_with("#[") || line.ends_with(']'));
    let mut documented = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !attribute(line)) {
        let public = line.strip_prefix("pub ").unwrap_or("use");
        let elsewhere = ["use ", "mod "].iter().any(|word| public.starts_with(word));
        if line.starts_with("pub ") && !elsewhere && !documented {
            found.push(line);
        }
        // Or what a macro is given, which is a documentation of its own.
        documented = line.starts_with("///") || line == "$(#[$about])*";
    }
    found
}

/// The compiler says it only of what other crates can see, which of the program is next to nothing.
#[test]
fn public_items_are_documented() {
    for package in crates() {
        for (name, text) in package.0.values() {
            assert_eq!(undocumented(text), [""; 0], "{name}");
        }
    }
    let planted =
        "/// A.\n#[derive(Debug)]\npub struct A {\n    pub b: u8,\n}\npub(crate) fn c() {}\n";
    assert_eq!(undocumented(planted), ["pub b: u8,"]);
}

#[test]
fn every_module_says_what_it_owns() {
    for file in packages().iter().flat_map(|dir| files(&dir.join("src"))) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{file:?} has no head");
    }
}
