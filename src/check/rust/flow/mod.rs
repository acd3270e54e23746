//! Where the values of build scripts and procedural macros come from and where they go: each
//! expression has a set of sources, variables and functions by name have those that are put into
//! them, and places that write or print receive them.
//!
//! Nothing is known of types, nor of the order in which code runs: a function is looked at until no
//! set grows any more, and then once more to see what is received where.

mod calls;
mod eval;
mod invocations;
mod maps;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Block, Expr, FnArg, Lit, Pat, Signature, Type};

use super::modules::Module;
use super::names::Names;
use super::tables::*;
use super::walk::{Look, Node, Walk, last_name};
use super::{command, macros};

/// The sources of a value.
pub(super) type Value = BTreeSet<u32>;

/// What happens to a source, as bits.
pub(super) const MESSAGE: u8 = 1;
pub(super) const ESCAPES: u8 = 2;
pub(super) const WRITTEN: u8 = 4;
pub(super) const DIRECTIVE: u8 = 8;
pub(super) const ENV: u8 = 16;
/// It lost its order.
pub(super) const UNORDERED: u8 = 32;

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A text that is being put together.
    Empty,
    /// A call, method, file or flag.
    Known(What, String),
    /// A variable of the environment.
    Variable(&'static str, What),
    /// A literal that means something as an argument.
    Text(String),
    /// A command that is run.
    Command,
}

/// Where a source is: file, line and column.
pub(super) type Position = (usize, usize, usize);

/// What is known of a source.
pub(super) struct Origin {
    pub(super) source: Source,
    pub(super) place: Position,
    pub(super) uses: u8,
    /// Of a command: its programs and its arguments, as texts.
    pub(super) programs: Value,
    pub(super) words: Value,
}

/// All sources of a crate.
pub(super) fn of(modules: &[Module], names: &Names, code: Code) -> Vec<Origin> {
    if !speaks_of_any(modules) {
        return Vec::new();
    }
    let mut flow = Flow {
        names,
        code,
        macros: &macros::definitions(modules),
        functions: BTreeMap::new(),
        fields: BTreeMap::new(),
        maps: BTreeSet::new(),
        elements: BTreeMap::new(),
        ends: STD
            .iter()
            .chain(CRATES)
            .map(|(path, _)| *path)
            .chain(ASKS.iter().chain(RUNS).copied())
            .filter_map(|p| p.rsplit("::").next())
            .collect(),
        origins: Vec::new(),
        index: BTreeMap::new(),
        vars: BTreeMap::new(),
        returns: BTreeMap::new(),
        sorted: BTreeSet::new(),
        called: BTreeSet::new(),
        last: false,
        grown: true,
        file: 0,
        at: Vec::new(),
        scope: String::new(),
    };
    for module in modules {
        let mut declared = Declared { functions: &mut flow.functions, fields: Vec::new() };
        declared.visit_file(&module.file);
        let fields = declared.fields;
        flow.at = module.at.clone();
        flow.take_fields(&fields);
    }
    for round in 0..ROUNDS {
        flow.last = !flow.grown || round + 1 == ROUNDS;
        flow.grown = false;
        for (file, module) in modules.iter().enumerate() {
            (flow.file, flow.at) = (file, module.at.clone());
            flow.visit_file(&module.file);
        }
        flow.expansions();
        if flow.last || flow.origins.is_empty() {
            break;
        }
    }
    flow.origins
}

/// Whether a crate has all the names of anything that is looked for, so that a walk is worth it.
fn speaks_of_any(modules: &[Module]) -> bool {
    let mut words = Words::default();
    modules.iter().for_each(|m| Walk(&mut words).visit_file(&m.file));
    let has = |path: &str| path.split("::").all(|name| words.names.contains(name));
    words.literal
        || STD.iter().chain(CRATES).any(|(path, _)| has(path))
        || METHODS.iter().any(|(name, _)| has(name))
        || DETECTS.iter().any(|name| has(name))
        || SPOKEN.iter().any(|path| has(path))
}

/// What else is looked for.
const SPOKEN: &[&str] = &[
    "Command", "env::var", "env::var_os", "duct", "cmd", "run_cmd", "run_fun", "HashMap", "HashSet",
];

#[derive(Default)]
struct Words {
    names: BTreeSet<String>,
    literal: bool,
}

impl Words {
    fn literal(&mut self, text: &str) {
        let of_file = || FILES.iter().any(|(name, _)| text.contains(name));
        self.literal |= NATIVE_FLAGS.iter().any(|flag| text.contains(flag)) || of_file();
        self.literal |= macros::prints_address(text);
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(name) => drop(self.names.insert(name.to_string())),
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => self.literal(&literal.to_string()),
                TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'a> Look<'a> for Words {
    fn see(&mut self, node: Node<'a>) -> bool {
        match node {
            Node::Attribute => return false,
            Node::Ident(name) => drop(self.names.insert(name.to_string())),
            Node::Lit(Lit::Str(text)) => self.literal(&text.value()),
            Node::Macro(mac) => self.tokens(mac.tokens.clone()),
            _ => {}
        }
        true
    }
}

/// Chains of functions that are longer than this are not followed to the end.
const ROUNDS: usize = 9;

struct Flow<'m> {
    names: &'m Names,
    code: Code,
    macros: &'m BTreeMap<String, macros::Macro>,
    /// The names of the parameters of functions.
    functions: BTreeMap<String, Vec<Vec<String>>>,
    /// Names of fields, and whether each of that name is a hash map or set.
    fields: BTreeMap<String, bool>,
    /// Variables of the function that are hash maps or sets.
    maps: BTreeSet<String>,
    /// Variables of the loops and closures around that are elements of one, with its order.
    elements: BTreeMap<String, Value>,
    /// The last names of paths that are looked for.
    ends: BTreeSet<&'static str>,
    origins: Vec<Origin>,
    index: BTreeMap<(Position, Source), u32>,
    vars: BTreeMap<(String, String), Value>,
    returns: BTreeMap<String, Value>,
    sorted: BTreeSet<(String, String)>,
    called: BTreeSet<String>,
    last: bool,
    grown: bool,
    file: usize,
    at: Vec<String>,
    scope: String,
}

/// What a file declares: functions with the names of their parameters, and fields.
struct Declared<'f, 'a> {
    functions: &'f mut BTreeMap<String, Vec<Vec<String>>>,
    fields: Vec<&'a syn::Field>,
}

impl<'a> Visit<'a> for Declared<'_, 'a> {
    fn visit_field(&mut self, field: &'a syn::Field) {
        self.fields.push(field);
    }

    fn visit_signature(&mut self, signature: &'a Signature) {
        let typed = signature.inputs.iter().filter_map(|i| match i {
            FnArg::Typed(typed) => Some(bound(&typed.pat).into_iter().collect::<Vec<_>>()),
            FnArg::Receiver(_) => None,
        });
        let known = self.functions.entry(signature.ident.to_string()).or_default();
        for (index, names) in typed.enumerate() {
            match known.get_mut(index) {
                Some(all) => all.extend(names),
                None => known.push(names),
            }
        }
    }
}

impl<'a> Visit<'a> for Flow<'_> {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.at.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.at.pop();
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        let exported = |a: &syn::Attribute| last_name(a.path()).starts_with("proc_macro");
        let exported = item.attrs.iter().any(exported);
        self.function(&item.sig, &item.block, exported);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.function(&item.sig, &item.block, false);
    }

    fn visit_item_const(&mut self, item: &'a syn::ItemConst) {
        self.constant(item.ident.to_string(), &item.expr);
    }

    fn visit_item_static(&mut self, item: &'a syn::ItemStatic) {
        self.constant(item.ident.to_string(), &item.expr);
    }

    fn visit_item_macro(&mut self, item: &'a syn::ItemMacro) {
        if item.ident.is_none() {
            self.invocation(&item.mac);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        self.eval(expr);
    }
}

/// The names that a pattern binds.
fn bound(pat: &Pat) -> BTreeSet<String> {
    struct Bound(BTreeSet<String>);
    impl<'a> Look<'a> for Bound {
        fn see(&mut self, node: Node<'a>) -> bool {
            if let Node::PatIdent(ident) = node {
                self.0.insert(ident.ident.to_string());
            }
            true
        }
    }
    let mut names = Bound(BTreeSet::new());
    Walk(&mut names).visit_pat(pat);
    names.0
}

fn set_of(id: u32) -> Value {
    [id].into()
}

/// Adds sources; whether any is new.
fn grow(value: &mut Value, by: &Value) -> bool {
    let before = value.len();
    value.extend(by);
    value.len() > before
}

fn united(values: impl IntoIterator<Item = Value>) -> Value {
    values.into_iter().flatten().collect()
}

/// Whether a type has an order of its own, or none that anyone sees here.
fn is_ordered(ty: &Type) -> bool {
    struct Ordered(bool);
    impl<'a> Visit<'a> for Ordered {
        fn visit_ident(&mut self, name: &'a syn::Ident) {
            self.0 |= COLLECTIONS.iter().any(|known| name == known);
        }
    }
    let mut ordered = Ordered(false);
    ordered.visit_type(ty);
    ordered.0
}

fn ends_with(names: &[String], pattern: &str) -> bool {
    let mut names = names.iter().rev();
    pattern.rsplit("::").all(|part| names.next().is_some_and(|n| n == part))
}

/// Whether a path means an item of the standard library.
fn is_std(names: &[String], pattern: &str) -> bool {
    let like = || LIKE_STD.contains(&names[0].as_str());
    ends_with(names, pattern) && (names.len() == pattern.split("::").count() || like())
}

impl Flow<'_> {
    fn source(&mut self, source: Source, span: Span) -> u32 {
        let at = span.start();
        self.at_place(source, (self.file, at.line, at.column))
    }

    fn at_place(&mut self, source: Source, place: Position) -> u32 {
        let next = self.origins.len() as u32;
        let id = *self.index.entry((place, source.clone())).or_insert(next);
        if id == next {
            self.grown = true;
            let (programs, words) = (Value::new(), Value::new());
            self.origins.push(Origin { source, place, uses: 0, programs, words });
        }
        id
    }

    fn receive(&mut self, value: &Value, how: u8) {
        for id in value.iter().filter(|_| self.last) {
            self.origins[*id as usize].uses |= how;
        }
    }

    /// The same of a value that goes no further.
    fn ends(&mut self, value: &Value, how: u8) -> Value {
        self.receive(value, how);
        Value::new()
    }

    fn is(&self, id: u32, is: impl Fn(&Source) -> bool) -> bool {
        is(&self.origins[id as usize].source)
    }

    /// Whether it is an order and nothing else: of a command, all that is known of it.
    fn is_order(&self, id: u32) -> bool {
        match &self.origins[id as usize] {
            Origin { source: Source::Known(what, _), .. } => {
                matches!(what, What::DirOrder | What::MapOrder)
            }
            Origin { source: Source::Command, programs, words, .. } => {
                let words: Vec<&str> = self.texts(words).collect();
                let told = self.texts(programs).flat_map(|p| command::reads(p, &words));
                let told: Vec<What> = told.map(|(what, ..)| what).collect();
                !told.is_empty() && told.iter().all(|what| *what == What::DirOrder)
            }
            _ => false,
        }
    }

    fn texts<'b>(&'b self, value: &'b Value) -> impl Iterator<Item = &'b str> {
        value.iter().filter_map(|id| match &self.origins[*id as usize].source {
            Source::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    fn content(&self, value: Value) -> Value {
        let kept = |s: &Source| match s {
            Source::Known(what, _) | Source::Variable(_, what) => !what.is_path(),
            _ => true,
        };
        value.into_iter().filter(|id| self.is(*id, kept)).collect()
    }

    fn without_order(&mut self, value: Value) -> Value {
        self.receive_order(&value, UNORDERED);
        value.into_iter().filter(|id| !self.is_order(*id)).collect()
    }

    /// What happens to the orders among the sources.
    fn receive_order(&mut self, value: &Value, how: u8) {
        let orders: Value = value.iter().copied().filter(|id| self.is_order(*id)).collect();
        self.receive(&orders, how);
    }

    fn put(&mut self, scope: &str, name: String, value: &Value) {
        if value.is_empty() {
            return;
        }
        let known = self.vars.entry((scope.to_string(), name)).or_default();
        self.grown |= grow(known, value);
    }

    fn get(&mut self, scope: &str, name: &str) -> Value {
        let key = (scope.to_string(), name.to_string());
        let mut value = self.vars.get(&key).cloned().unwrap_or_default();
        value.extend(self.elements.get(name).filter(|_| scope == self.scope).into_iter().flatten());
        if self.sorted.contains(&key) { self.without_order(value) } else { value }
    }

    fn bind(&mut self, pat: &Pat, value: &Value) {
        if value.is_empty() {
            return;
        }
        let scope = self.scope.clone();
        for name in bound(pat) {
            self.put(&scope, name, value);
        }
    }

    fn constant(&mut self, name: String, expr: &Expr) {
        let scope = std::mem::take(&mut self.scope);
        let value = self.eval(expr);
        self.put("", name, &value);
        self.scope = scope;
    }

    fn function(&mut self, signature: &Signature, body: &Block, exported: bool) {
        let name = signature.ident.to_string();
        let outer = std::mem::replace(&mut self.scope, name.clone());
        let typed = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) if self.is_hashed(&typed.ty) => Some(bound(&typed.pat)),
            _ => None,
        });
        let maps = typed.flatten().collect();
        let outer_maps = std::mem::replace(&mut self.maps, maps);
        let outer_elements = std::mem::take(&mut self.elements);
        let mut value = self.block(body);
        (self.maps, self.elements) = (outer_maps, outer_elements);
        if matches!(&signature.output, syn::ReturnType::Type(_, ty) if is_ordered(ty)) {
            value = self.without_order(value);
        }
        self.returned(&name, &value);
        self.scope = outer;
        let all = self.returns.get(&name).cloned().unwrap_or_default();
        match exported {
            true => self.receive(&all, WRITTEN),
            false if !self.called.contains(&name) => self.receive(&all, ESCAPES),
            false => {}
        }
    }

    fn returned(&mut self, name: &str, value: &Value) {
        if !value.is_empty() {
            let known = self.returns.entry(name.to_string()).or_default();
            self.grown |= grow(known, value);
        }
    }
}
