//! Where the values of build scripts and procedural macros come from and where they go: each
//! expression has a set of sources, variables and functions by name have those that are put into
//! them, and places that write or print receive them.
//!
//! Nothing is known of types, nor of the order in which code runs: a function is looked at until no
//! set grows any more, and then once more to see what is received where.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, FnArg, Lit, Macro, Member, Pat, Path, Signature, Stmt, Token, Type};

use super::command;
use super::effects::bound;
use super::macros::{self, Printed, captures, leading_literal, printed};
use super::modules::Module;
use super::names::Names;
use super::reads::Depth;
use super::tables::*;
use super::walk::{Look, Node, Walk};

/// The sources of a value.
pub(super) type Value = BTreeSet<u32>;

/// What happens to a source, as bits.
pub(super) const MESSAGE: u8 = 1;
pub(super) const ESCAPES: u8 = 2;
pub(super) const WRITTEN: u8 = 4;
pub(super) const DIRECTIVE: u8 = 8;
pub(super) const ENV: u8 = 16;

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
pub(super) type Place = (usize, usize, usize);

/// What is known of a source.
pub(super) struct Origin {
    pub(super) source: Source,
    pub(super) place: Place,
    pub(super) uses: u8,
    /// Of a command: its programs and its arguments, as texts.
    pub(super) programs: Value,
    pub(super) words: Value,
}

/// All sources of a crate.
pub(super) fn of(modules: &[Module], names: &Names, depth: Depth) -> Vec<Origin> {
    if !speaks_of_any(modules) {
        return Vec::new();
    }
    let mut flow = Flow {
        names,
        depth,
        macros: &macros::definitions(modules),
        functions: BTreeMap::new(),
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
        Signatures(&mut flow.functions).visit_file(&module.file);
    }
    for round in 0..ROUNDS {
        flow.last = !flow.grown || round + 1 == ROUNDS;
        flow.grown = false;
        for (file, module) in modules.iter().enumerate() {
            (flow.file, flow.at) = (file, module.at.clone());
            flow.visit_file(&module.file);
        }
        flow.expansions();
        if flow.last || (flow.origins.is_empty() && !flow.grown) {
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
        || ["Command", "env::var", "env::var_os", "duct", "cmd", "run_cmd", "run_fun"]
            .iter()
            .any(|path| has(path))
}

#[derive(Default)]
struct Words {
    names: BTreeSet<String>,
    literal: bool,
}

impl Words {
    fn literal(&mut self, text: &str) {
        let of_file = || FILES.iter().any(|(name, _)| text.contains(name));
        self.literal |= NATIVE_FLAGS.iter().any(|flag| text.contains(flag)) || of_file();
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
    depth: Depth,
    macros: &'m BTreeMap<String, macros::Macro>,
    /// The names of the parameters of functions.
    functions: BTreeMap<String, Vec<Vec<String>>>,
    origins: Vec<Origin>,
    index: BTreeMap<(Place, Source), u32>,
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

struct Signatures<'a>(&'a mut BTreeMap<String, Vec<Vec<String>>>);

impl<'a> Visit<'a> for Signatures<'_> {
    fn visit_signature(&mut self, signature: &'a Signature) {
        let typed = signature.inputs.iter().filter_map(|i| match i {
            FnArg::Typed(typed) => Some(bound(&typed.pat).into_iter().collect::<Vec<_>>()),
            FnArg::Receiver(_) => None,
        });
        let known = self.0.entry(signature.ident.to_string()).or_default();
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
        let exported = item.attrs.iter().any(|a| {
            a.path().segments.last().is_some_and(|s| s.ident.to_string().starts_with("proc_macro"))
        });
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

fn set_of(id: u32) -> Value {
    [id].into()
}

fn united(values: impl IntoIterator<Item = Value>) -> Value {
    values.into_iter().flatten().collect()
}

/// Whether a type has an order of its own.
fn is_ordered(ty: &Type) -> bool {
    struct Ordered(bool);
    impl<'a> Visit<'a> for Ordered {
        fn visit_ident(&mut self, name: &'a syn::Ident) {
            self.0 |= name == "BTreeMap" || name == "BTreeSet" || name == "BinaryHeap";
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

    fn at_place(&mut self, source: Source, place: Place) -> u32 {
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

    fn is(&self, id: u32, is: impl Fn(&Source) -> bool) -> bool {
        is(&self.origins[id as usize].source)
    }

    fn is_order(&self, id: u32) -> bool {
        self.is(id, |s| matches!(s, Source::Known(What::DirOrder, _)))
    }

    fn content(&self, value: Value) -> Value {
        let kept = |s: &Source| match s {
            Source::Known(what, _) | Source::Variable(_, what) => {
                !matches!(what, What::Environment | What::CurrentDir)
            }
            _ => true,
        };
        value.into_iter().filter(|id| self.is(*id, kept)).collect()
    }

    fn without_order(&self, value: Value) -> Value {
        value.into_iter().filter(|id| !self.is_order(*id)).collect()
    }

    fn put(&mut self, scope: &str, name: String, value: &Value) {
        if value.is_empty() {
            return;
        }
        let known = self.vars.entry((scope.to_string(), name)).or_default();
        let before = known.len();
        known.extend(value);
        self.grown |= known.len() > before;
    }

    fn get(&self, scope: &str, name: &str) -> Value {
        if self.vars.is_empty() {
            return Value::new();
        }
        let key = (scope.to_string(), name.to_string());
        let value = self.vars.get(&key).cloned().unwrap_or_default();
        match self.sorted.contains(&key) {
            true => self.without_order(value),
            false => value,
        }
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
        let mut value = self.block(body);
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
            let before = known.len();
            known.extend(value);
            self.grown |= known.len() > before;
        }
    }

    fn block(&mut self, block: &Block) -> Value {
        let mut value = Value::new();
        for stmt in &block.stmts {
            value = match stmt {
                Stmt::Local(local) => {
                    if let Some(init) = &local.init {
                        let mut value = self.eval(&init.expr);
                        if matches!(&local.pat, Pat::Type(t) if is_ordered(&t.ty)) {
                            value = self.without_order(value);
                        }
                        self.bind(&local.pat, &value);
                        if let Some((_, other)) = &init.diverge {
                            self.eval(other);
                        }
                    }
                    Value::new()
                }
                Stmt::Item(item) => {
                    self.visit_item(item);
                    Value::new()
                }
                Stmt::Expr(expr, None) => self.eval(expr),
                Stmt::Expr(expr, Some(_)) => {
                    self.eval(expr);
                    Value::new()
                }
                Stmt::Macro(stmt) => self.invocation(&stmt.mac),
            };
        }
        value
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Value {
        united(exprs.into_iter().map(|e| self.eval(e)).collect::<Vec<_>>())
    }

    fn eval(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Array(e) => self.all(&e.elems),
            Expr::Tuple(e) => self.all(&e.elems),
            Expr::Repeat(e) => self.eval(&e.expr),
            Expr::Await(e) => self.eval(&e.base),
            Expr::Cast(e) => self.eval(&e.expr),
            Expr::Group(e) => self.eval(&e.expr),
            Expr::Paren(e) => self.eval(&e.expr),
            Expr::Reference(e) => self.eval(&e.expr),
            Expr::Try(e) => self.eval(&e.expr),
            Expr::Unary(e) => self.eval(&e.expr),
            Expr::Index(e) => {
                self.eval(&e.index);
                self.eval(&e.expr)
            }
            Expr::Range(e) => self.all(e.start.iter().chain(&e.end).map(|e| &**e)),
            Expr::Block(e) => self.block(&e.block),
            Expr::Unsafe(e) => self.block(&e.block),
            Expr::Async(e) => self.block(&e.block),
            Expr::Const(e) => self.block(&e.block),
            Expr::Loop(e) => self.block(&e.body),
            Expr::While(e) => {
                self.eval(&e.cond);
                self.block(&e.body)
            }
            Expr::ForLoop(e) => {
                let value = self.eval(&e.expr);
                self.bind(&e.pat, &value);
                self.block(&e.body);
                Value::new()
            }
            Expr::If(e) => {
                self.eval(&e.cond);
                let mut value = self.block(&e.then_branch);
                if let Some((_, other)) = &e.else_branch {
                    value.extend(self.eval(other));
                }
                value
            }
            Expr::Match(e) => {
                let on = self.eval(&e.expr);
                let mut value = Value::new();
                for arm in &e.arms {
                    self.bind(&arm.pat, &on);
                    value.extend(self.eval(&arm.body));
                }
                value
            }
            Expr::Let(e) => {
                let value = self.eval(&e.expr);
                self.bind(&e.pat, &value);
                Value::new()
            }
            Expr::Closure(e) => self.eval(&e.body),
            Expr::Return(e) => {
                let value = self.all(e.expr.iter().map(|e| &**e));
                let scope = self.scope.clone();
                self.returned(&scope, &value);
                Value::new()
            }
            Expr::Break(e) => self.all(e.expr.iter().map(|e| &**e)),
            Expr::Assign(e) => {
                let value = self.eval(&e.right);
                self.into_base(&e.left, &value);
                Value::new()
            }
            Expr::Binary(e) => self.binary(e),
            Expr::Struct(e) => {
                let rest = self.all(e.rest.iter().map(|e| &**e));
                let mut all = rest;
                for field in &e.fields {
                    let value = self.eval(&field.expr);
                    if let Member::Named(name) = &field.member {
                        self.put(".", name.to_string(), &value);
                    }
                    all.extend(value);
                }
                all
            }
            Expr::Field(e) => {
                let value = self.eval(&e.base);
                match &e.member {
                    Member::Named(name) => united([value, self.get(".", &name.to_string())]),
                    Member::Unnamed(_) => value,
                }
            }
            Expr::Lit(e) => self.literal(&e.lit),
            Expr::Macro(e) => self.invocation(&e.mac),
            Expr::Path(e) => self.name(&e.path),
            Expr::Call(e) => self.call(e),
            Expr::MethodCall(e) => self.method_call(e),
            _ => Value::new(),
        }
    }

    fn binary(&mut self, e: &syn::ExprBinary) -> Value {
        use syn::BinOp::*;
        let (left, right) = (self.eval(&e.left), self.eval(&e.right));
        let both = united([left, right.clone()]);
        match e.op {
            Eq(_) | Ne(_) | Lt(_) | Le(_) | Gt(_) | Ge(_) | And(_) | Or(_) => {
                self.compared(&both);
                Value::new()
            }
            AddAssign(_) | SubAssign(_) | MulAssign(_) | BitXorAssign(_) | BitOrAssign(_) => {
                self.into_base(&e.left, &right);
                Value::new()
            }
            _ => both,
        }
    }

    /// What is only compared tells nothing of itself.
    fn compared(&mut self, value: &Value) {
        let known = |s: &Source| matches!(s, Source::Known(what, _) if what.compares());
        let known: Value = value.iter().copied().filter(|id| self.is(*id, known)).collect();
        self.receive(&known, MESSAGE);
    }

    fn literal(&mut self, lit: &Lit) -> Value {
        let Lit::Str(text) = lit else {
            return Value::new();
        };
        let value = text.value();
        let mut found = Value::new();
        if let Some((name, what)) = FILES.iter().find(|(name, _)| *name == value) {
            found.insert(
                self.source(Source::Known(*what, format!("the file `{name}`")), text.span()),
            );
        }
        let native = NATIVE_FLAGS.iter().find(|flag| value.contains(**flag));
        if let (Some(flag), Depth::BuildScript) = (native, self.depth) {
            found.insert(
                self.source(Source::Known(What::NativeCpu, format!("`{flag}`")), text.span()),
            );
        }
        let matters = || {
            VARIABLES.iter().any(|(name, _)| *name == value)
                || value.contains("cargo:")
                || command::matters(&value)
        };
        if !value.is_empty() && matters() {
            found.insert(self.source(Source::Text(value), text.span()));
        }
        found
    }

    /// The variable or field that an expression is, or is part of.
    fn base(&self, expr: &Expr) -> Option<(String, String)> {
        match expr {
            Expr::Path(e) => Some((self.scope.clone(), e.path.get_ident()?.to_string())),
            Expr::Field(e) => match &e.member {
                Member::Named(name) => Some((".".to_string(), name.to_string())),
                Member::Unnamed(_) => self.base(&e.base),
            },
            Expr::Reference(e) => self.base(&e.expr),
            Expr::Paren(e) => self.base(&e.expr),
            Expr::Unary(e) => self.base(&e.expr),
            Expr::Index(e) => self.base(&e.expr),
            Expr::Try(e) => self.base(&e.expr),
            Expr::MethodCall(e) => self.base(&e.receiver),
            _ => None,
        }
    }

    fn into_base(&mut self, expr: &Expr, value: &Value) {
        if let Some((scope, name)) = self.base(expr) {
            self.put(&scope, name, value);
        }
    }

    fn name(&mut self, path: &Path) -> Value {
        if let Some(name) = path.get_ident() {
            let name = name.to_string();
            for scope in [self.scope.clone(), String::new()] {
                if self.vars.contains_key(&(scope.clone(), name.clone())) {
                    return self.get(&scope, &name);
                }
            }
        }
        let constant = path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        let value = self.get("", &constant);
        match value.is_empty() {
            true => self.apply(path, &[], &[]),
            false => value,
        }
    }

    fn call(&mut self, e: &syn::ExprCall) -> Value {
        let args: Vec<Value> = e.args.iter().map(|a| self.eval(a)).collect();
        let exprs: Vec<&Expr> = e.args.iter().collect();
        match &*e.func {
            Expr::Path(f) => {
                let variable = f.path.get_ident().map(|n| (self.scope.clone(), n.to_string()));
                let variable = variable.filter(|key| self.vars.contains_key(key));
                match variable {
                    Some((scope, name)) => {
                        united(args.into_iter().chain([self.get(&scope, &name)]))
                    }
                    None => self.apply(&f.path, &args, &exprs),
                }
            }
            other => united(args.into_iter().chain([self.eval(other)])),
        }
    }

    /// A function that is called, or passed to be called.
    fn apply(&mut self, path: &Path, args: &[Value], exprs: &[&Expr]) -> Value {
        let Some(last) = path.segments.last() else {
            return Value::new();
        };
        let (name, span) = (last.ident.to_string(), last.ident.span());
        if self.origins.is_empty() && !self.may_be_known(&name) {
            return Value::new();
        }
        let meanings = self.meanings(path);
        let std = |pattern: &str| meanings.iter().any(|m| is_std(m, pattern));
        let of_crate = |pattern: &str| meanings.iter().any(|m| ends_with(m, pattern));
        let all = || united(args.iter().cloned());
        let known = STD.iter().find(|(p, _)| std(p));
        if let Some((pattern, what)) = known.or_else(|| CRATES.iter().find(|(p, _)| of_crate(p))) {
            self.receive(&all(), MESSAGE);
            let shown = match pattern.chars().next_back().is_some_and(char::is_lowercase) {
                true if *pattern != "ThreadId" => format!("{pattern}()"),
                _ => pattern.to_string(),
            };
            return set_of(self.source(Source::Known(*what, shown), span));
        }
        if of_crate("Command::new") || of_crate("duct::cmd") {
            let id = self.source(Source::Command, span);
            let mut args = args.iter();
            self.origins[id as usize].programs.extend(args.next().into_iter().flatten());
            self.origins[id as usize].words.extend(args.flatten());
            return set_of(id);
        }
        if ["env::var", "env::var_os", "env::option_env"].iter().any(|p| std(p)) {
            return self.variables(&all());
        }
        if meanings.is_empty() && self.functions.contains_key(&name) {
            return self.own(&name, args, exprs);
        }
        let of_files =
            ["fs", "File", "DirBuilder"].iter().any(|owner| std(&format!("{owner}::{name}")));
        match name.as_str() {
            "write" if of_files => {
                self.receive(args.first().unwrap_or(&Value::new()), MESSAGE);
                self.receive(args.get(1).unwrap_or(&Value::new()), WRITTEN);
                Value::new()
            }
            // A file's content is not its directory's name.
            "read" | "read_to_string" | "open" => self.content(all()),
            "canonicalize" | "read_link" => all(),
            "Err" | "exit" => {
                self.receive(&all(), MESSAGE);
                Value::new()
            }
            _ if of_files => {
                self.receive(&all(), MESSAGE);
                Value::new()
            }
            "new" | "with_capacity" if std(&format!("String::{name}")) => {
                set_of(self.source(Source::Empty, span))
            }
            _ => {
                let own = meanings.is_empty() || meanings.iter().any(|m| m.len() < 3);
                if !own && !meanings.iter().any(|m| LIKE_STD.contains(&m[0].as_str())) {
                    self.receive(&all(), ESCAPES);
                }
                all()
            }
        }
    }

    /// Whether any path that is looked for ends in the name, by which it can be renamed.
    fn may_be_known(&self, name: &str) -> bool {
        let ends = |path: &str| path.rsplit("::").next() == Some(name);
        ["new", "cmd", "var", "var_os"].contains(&name)
            || STD.iter().chain(CRATES).any(|(path, _)| ends(path))
            || self.names.renames(name)
    }

    /// A function of this crate: its parameters get the arguments, and what it puts into one that
    /// it can change comes back.
    fn own(&mut self, name: &str, args: &[Value], exprs: &[&Expr]) -> Value {
        self.called.insert(name.to_string());
        let params = self.functions[name].clone();
        for (index, names) in params.iter().enumerate() {
            for param in names {
                if let Some(value) = args.get(index) {
                    self.put(name, param.clone(), value);
                }
                if let Some(Expr::Reference(arg)) = exprs.get(index)
                    && arg.mutability.is_some()
                {
                    let inner = self.get(name, param);
                    self.into_base(&arg.expr, &inner);
                    if self.sorted.contains(&(name.to_string(), param.clone())) {
                        self.sort(&arg.expr);
                    }
                }
            }
        }
        self.returns.get(name).cloned().unwrap_or_default()
    }

    fn sort(&mut self, expr: &Expr) {
        if let Some(key) = self.base(expr) {
            self.grown |= self.sorted.insert(key);
        }
    }

    /// The variables that are named by texts.
    fn variables(&mut self, texts: &Value) -> Value {
        let mut found = Value::new();
        for id in texts {
            let origin = &self.origins[*id as usize];
            let Source::Text(text) = &origin.source else {
                continue;
            };
            if let Some((name, what)) = VARIABLES.iter().find(|(n, _)| n == text) {
                let place = origin.place;
                found.insert(self.at_place(Source::Variable(name, *what), place));
            }
        }
        found
    }

    fn method_call(&mut self, e: &syn::ExprMethodCall) -> Value {
        let name = e.method.to_string();
        let receiver = self.eval(&e.receiver);
        let mut args = Vec::new();
        for arg in &e.args {
            args.push(match arg {
                Expr::Closure(closure) => {
                    for input in &closure.inputs {
                        self.bind(input, &receiver);
                    }
                    self.eval(&closure.body)
                }
                Expr::Path(path) if self.is_function(&path.path) => {
                    self.apply(&path.path, std::slice::from_ref(&receiver), &[])
                }
                other => self.eval(other),
            });
        }
        let given = united(args.iter().cloned());
        let is = |list: &[&str]| list.contains(&name.as_str());
        let commands: Vec<u32> =
            receiver.iter().copied().filter(|id| self.is(*id, |s| *s == Source::Command)).collect();
        if !commands.is_empty() && is(&["arg", "args", "env", "current_dir"]) {
            for id in commands {
                let words = &mut self.origins[id as usize].words;
                let before = words.len();
                words.extend(&given);
                self.grown |= words.len() > before;
            }
            self.receive(&given, if is(&["current_dir"]) { MESSAGE } else { ESCAPES });
            return receiver;
        }
        let method = METHODS.iter().find(|(m, _)| *m == name).filter(|_| e.args.is_empty());
        if let Some((method, what)) = method.filter(|_| !self.names.has_method(&name)) {
            let id = self.source(Source::Known(*what, format!(".{method}()")), e.method.span());
            return set_of(id);
        }
        let of_epoch = matches!(&*e.receiver, Expr::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "UNIX_EPOCH"));
        if name == "elapsed" && of_epoch {
            let shown = "UNIX_EPOCH.elapsed()".to_string();
            return set_of(self.source(Source::Known(What::Clock, shown), e.method.span()));
        }
        if self.names.has_method(&name) && self.functions.contains_key(&name) {
            let exprs: Vec<&Expr> = e.args.iter().collect();
            let value = self.own(&name, &args, &exprs);
            return united([value, receiver, given]);
        }
        if name.starts_with("sort") {
            self.sort(&e.receiver);
        }
        let collected = e.turbofish.as_ref().and_then(|t| t.args.first());
        let ordered = matches!(collected, Some(syn::GenericArgument::Type(ty)) if is_ordered(ty));
        if is(COMPARES) {
            self.compared(&united([receiver, given]));
            return Value::new();
        }
        let all = united([receiver.clone(), given.clone()]);
        if is(ORDERLESS) || ordered {
            return self.without_order(all);
        }
        if is(APPENDS) || is(BY_KEY) {
            let given = if is(BY_KEY) { self.without_order(given) } else { given };
            self.into_base(&e.receiver, &given);
            return all;
        }
        if is(WRITES) {
            self.write(&e.receiver, &receiver, &given);
            return Value::new();
        }
        if is(COMPILES) {
            self.receive(&given, DIRECTIVE);
        } else if is(&["expect"]) {
            self.receive(&given, MESSAGE);
        } else if !is(JOINS) && e.args.iter().any(|a| !matches!(a, Expr::Closure(_))) {
            self.receive(&given, ESCAPES);
        }
        all
    }

    fn is_function(&self, path: &Path) -> bool {
        let name = path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        path.segments.len() > 1
            || self.functions.contains_key(&name)
            || !self.meanings(path).iter().all(|m| m.len() < 2)
    }

    fn meanings(&self, path: &Path) -> Vec<Vec<String>> {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        match path.leading_colon {
            Some(_) => vec![names],
            None => self.names.meanings(&self.at, &names),
        }
    }

    /// Something is written to a file, or put into a text.
    fn write(&mut self, to: &Expr, receiver: &Value, value: &Value) {
        self.into_base(to, value);
        let is_text = receiver.iter().any(|id| self.is(*id, |s| *s == Source::Empty));
        let to_person = matches!(to, Expr::Call(c) if matches!(&*c.func, Expr::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "stderr")));
        match (is_text, to_person) {
            (true, _) => {}
            (false, true) => self.receive(value, MESSAGE),
            (false, false) => self.receive(value, WRITTEN),
        }
    }

    fn invocation(&mut self, mac: &Macro) -> Value {
        let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        let is = |list: &[&str]| list.contains(&name.as_str());
        if is(INCLUDES) {
            return Value::new();
        }
        if is(QUOTES) {
            let value = self.in_tokens(mac.tokens.clone(), true);
            self.receive(&value, WRITTEN);
            return value;
        }
        let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
        let args = mac.parse_body_with(parse).map(|a| a.into_iter().collect::<Vec<_>>());
        let mut value = match &args {
            Ok(args) => self.all(args),
            Err(_) => self.in_tokens(mac.tokens.clone(), false),
        };
        for arg in args.iter().flatten() {
            if let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = arg {
                let scope = self.scope.clone();
                for name in captures(&text.value()) {
                    value.extend(self.get(&scope, name));
                    value.extend(self.get("", name));
                }
            }
        }
        if is(&["env", "option_env"]) {
            return self.variables(&value);
        }
        let literal = leading_literal(&mac.tokens);
        let macros = self.macros;
        if let Some(own) = macros.get(&name) {
            let directive = literal.filter(|l| l.contains("cargo:"));
            if let Some(text) = directive {
                self.print(Some(&text), &value);
            }
            return self.expand(&name, own, &value);
        }
        if is(MESSAGES) {
            self.receive(&value, MESSAGE);
            return Value::new();
        }
        if is(&["print", "println"]) {
            self.print(literal.as_deref(), &value);
            return Value::new();
        }
        if is(&["write", "writeln"])
            && let Ok([to, ..]) = args.as_deref()
        {
            let receiver = self.eval(to);
            self.write(to, &receiver, &value);
            return Value::new();
        }
        if is(&["matches"]) {
            self.compared(&value);
            return Value::new();
        }
        if is(&["cmd", "run_cmd", "run_fun"]) {
            let span = mac.bang_token.span;
            let id = self.source(Source::Command, span);
            let shell = self.source(Source::Text("sh".to_string()), span);
            self.origins[id as usize].programs.extend(value.iter().copied().chain([shell]));
            self.origins[id as usize].words.extend(&value);
            return set_of(id);
        }
        value
    }

    /// A macro by example is a function whose parameters get all that its callers pass.
    fn expand(&mut self, name: &str, own: &macros::Macro, value: &Value) -> Value {
        let name = format!("{name}!");
        for variable in own.arms.iter().flat_map(|arm| &arm.variables) {
            self.put(&name, variable.clone(), value);
        }
        let known = self.returns.get(&name).cloned().unwrap_or_default();
        self.grown |= self.called.insert(name);
        known
    }

    /// The bodies of the macros that are called.
    fn expansions(&mut self) {
        for (name, own) in self.macros {
            let scope = format!("{name}!");
            if !self.called.contains(&scope) {
                continue;
            }
            (self.file, self.at) = (own.file, own.at.clone());
            self.scope = scope.clone();
            for arm in &own.arms {
                let value = match &arm.body {
                    Some(body) => self.block(body),
                    None => self.in_tokens(arm.tokens.clone(), false),
                };
                self.returned(&scope, &value);
            }
            self.scope.clear();
        }
    }

    /// A line that a build script prints.
    fn print(&mut self, text: Option<&str>, value: &Value) {
        let mut kinds = vec![text.map_or(Printed::Unknown, printed)];
        if kinds[0] == Printed::Unknown {
            let texts = value.iter().filter_map(|id| match &self.origins[*id as usize].source {
                Source::Text(text) if text.contains("cargo:") => Some(printed(text)),
                _ => None,
            });
            kinds.extend(texts.collect::<Vec<_>>());
        }
        let known = kinds.iter().any(|k| *k != Printed::Unknown);
        for kind in kinds {
            match kind {
                _ if self.depth == Depth::ProcMacro => self.receive(value, MESSAGE),
                Printed::Env => self.receive(value, ENV),
                Printed::Directive => self.receive(value, DIRECTIVE),
                Printed::Message => self.receive(value, MESSAGE),
                Printed::Unknown if !known => self.receive(value, ESCAPES),
                Printed::Unknown => {}
            }
        }
    }

    /// What variables and paths in tokens stand for that no parser takes; in a quotation only what
    /// stands behind `#`.
    fn in_tokens(&mut self, tokens: TokenStream, quoted: bool) -> Value {
        let mut found = Value::new();
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let sign = index.checked_sub(1).map(|i| &tokens[i]);
            let filled = matches!(sign, Some(TokenTree::Punct(p)) if p.as_char() == '#');
            match token {
                TokenTree::Group(group) => found.extend(self.in_tokens(group.stream(), quoted)),
                TokenTree::Ident(name) if filled || !quoted => {
                    let scope = self.scope.clone();
                    found.extend(self.get(&scope, &name.to_string()));
                    if let (false, Some(path)) = (quoted, path_at(&tokens[index..])) {
                        found.extend(self.apply(&path, &[], &[]));
                    }
                }
                TokenTree::Literal(literal) if !quoted => {
                    if let Ok(lit) = syn::parse2::<Lit>(TokenTree::Literal(literal.clone()).into())
                    {
                        found.extend(self.literal(&lit));
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// The path of several names that tokens begin with.
fn path_at(tokens: &[TokenTree]) -> Option<Path> {
    let in_path = |t: &&TokenTree| match t {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(p) => p.as_char() == ':',
        _ => false,
    };
    let part: TokenStream = tokens.iter().take_while(in_path).cloned().collect();
    syn::parse2::<Path>(part).ok().filter(|p| p.segments.len() > 1)
}
