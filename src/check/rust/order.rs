//! Where code goes through a hash map or set in an order that changes from run to run.
//!
//! A parser knows no types, so what counts are names whose type is written: fields, parameters and
//! variables. A use whose result cannot depend on the order (`len`, `sum`, a collection that is
//! sorted, a vector that is sorted afterwards) is left out; so is all that cannot be known.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{
    Expr, ExprMethodCall, FnArg, GenericArgument, Local, Member, Pat, PathArguments, PathSegment,
    Type,
};

use super::effects::{hands_on, only_for_errors};
use super::modules::Module;
use super::names::Names;
use super::tables::{COLLECTIONS, Found, ORDERLESS, What};
use super::walk::{self, Holder, Look, Node, Walk};

/// Methods that go through a map in its own order.
const WALKS: &[&str] = &[
    "iter", "iter_mut", "keys", "values", "values_mut", "into_iter", "into_keys", "into_values",
    "drain",
];

/// Fields of a crate whose type is a hash map or set wherever a field has that name.
pub(super) fn fields(modules: &[Module], names: &Names) -> BTreeSet<String> {
    let (hashed, others) = (BTreeSet::new(), BTreeSet::new());
    let mut fields = Fields { uses: Uses { names, at: &[] }, hashed, others };
    for module in modules {
        fields.uses.at = &module.at;
        Walk(&mut fields).visit_file(&module.file);
    }
    fields.hashed.difference(&fields.others).cloned().collect()
}

/// Where a file goes through hash maps and sets. `fields` are those of its crate.
pub(super) fn of(module: &Module, names: &Names, fields: &BTreeSet<String>) -> Vec<Found> {
    let mut walker = Walker {
        bodies: Vec::new(),
        fields,
        uses: Uses { names, at: &module.at },
        scopes: Vec::new(),
        found: Vec::new(),
    };
    Walk(&mut walker).visit_file(&module.file);
    walker.found
}

/// The names of the crate, as a module has them.
#[derive(Clone, Copy)]
struct Uses<'a> {
    names: &'a Names,
    at: &'a [String],
}

struct Fields<'a> {
    uses: Uses<'a>,
    hashed: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl<'a> Look<'a> for Fields<'_> {
    fn see(&mut self, node: Node<'a>) -> bool {
        if let Node::Field(field) = node
            && let Some(name) = &field.ident
        {
            let set = match is_hashed(&field.ty, self.uses) {
                true => &mut self.hashed,
                false => &mut self.others,
            };
            set.insert(name.to_string());
        }
        true
    }
}

/// Names of one function: those that are hash maps, and those that are sorted somewhere in it.
#[derive(Default)]
struct Scope {
    hashed: BTreeSet<String>,
    sorted: BTreeSet<String>,
}

struct Walker<'a> {
    bodies: Vec<&'a syn::Block>,
    fields: &'a BTreeSet<String>,
    uses: Uses<'a>,
    scopes: Vec<Scope>,
    found: Vec<Found>,
}

impl<'a> Walker<'a> {
    fn function(&mut self, inputs: impl Iterator<Item = &'a FnArg>, body: &'a syn::Block) {
        let mut scope = Scope::default();
        for input in inputs {
            if let FnArg::Typed(typed) = input
                && is_hashed(&typed.ty, self.uses)
            {
                scope.hashed.extend(name_of(&typed.pat));
            }
        }
        Walk(&mut Locals(&mut scope, self.uses)).visit_block(body);
        self.scopes.push(scope);
        self.bodies.push(body);
        Walk(self).visit_block(body);
        self.bodies.pop();
        self.scopes.pop();
    }

    /// The name of a map that an expression is, if it is one.
    fn map(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Reference(inner) => self.map(&inner.expr),
            Expr::Paren(inner) => self.map(&inner.expr),
            Expr::Field(field) => match &field.member {
                Member::Named(name) => Some(name.to_string()).filter(|n| self.fields.contains(n)),
                Member::Unnamed(_) => None,
            },
            Expr::Path(path) => {
                let name = path.path.get_ident()?.to_string();
                let scope = self.scopes.last()?;
                scope.hashed.contains(&name).then_some(name)
            }
            // A chain that hands on the map itself.
            Expr::MethodCall(call)
                if ["clone", "borrow", "as_ref"].iter().any(|m| call.method == m) =>
            {
                self.map(&call.receiver)
            }
            _ => None,
        }
    }

    /// The map that a chain of methods walks through in its order, and the line of that.
    fn walked(&self, call: &ExprMethodCall) -> Option<(String, usize)> {
        let mut after = Vec::new();
        let mut call = call;
        loop {
            let name = call.method.to_string();
            if WALKS.contains(&name.as_str())
                && let Some(map) = self.map(&call.receiver)
            {
                let orderless = after.iter().any(|m: &&ExprMethodCall| is_orderless(m));
                let line = call.method.span().start().line;
                return (!orderless).then_some((map, line));
            }
            after.push(call);
            match &*call.receiver {
                Expr::MethodCall(inner) => call = inner,
                _ => return None,
            }
        }
    }

    /// Whether a variable does not depend on an order.
    fn is_orderless(&self, local: &Local) -> bool {
        let sorted = |name: String| self.scopes.last().is_some_and(|s| s.sorted.contains(&name));
        let orderless = match &local.pat {
            Pat::Type(typed) => {
                last_name(&typed.ty).is_some_and(|n| COLLECTIONS.contains(&n.as_str()))
            }
            _ => false,
        };
        let name = name_of(&local.pat);
        let for_errors =
            |name: &String| self.bodies.last().is_some_and(|b| only_for_errors(name, local, b));
        orderless || name.as_ref().is_some_and(for_errors) || name.is_some_and(sorted)
    }

    /// Looks at a chain of calls; whether what it holds is still to be looked at.
    fn method_call(&mut self, call: &'a ExprMethodCall) -> bool {
        if let Some((map, line)) = self.walked(call) {
            self.note(&map, line);
            // The chain is told once; its arguments may hold others.
            let mut call = call;
            loop {
                call.args.iter().for_each(|a| Walk(self).visit_expr(a));
                match &*call.receiver {
                    Expr::MethodCall(inner) => call = inner,
                    _ => return false,
                }
            }
        }
        if is_orderless(call) {
            call.args.iter().for_each(|a| Walk(self).visit_expr(a));
            return false;
        }
        true
    }

    fn note(&mut self, map: &str, line: usize) {
        let found = Found { what: What::MapOrder, detail: format!("`{map}`"), line, emitted: true };
        if !self.found.contains(&found) {
            self.found.push(found);
        }
    }
}

impl<'a> Look<'a> for Walker<'a> {
    fn see(&mut self, node: Node<'a>) -> bool {
        match node {
            Node::Function(signature, body, _) => {
                self.function(signature.inputs.iter(), body);
                false
            }
            Node::ForLoop(item) => {
                let walked = match &*item.expr {
                    Expr::MethodCall(call) => self.walked(call),
                    other => {
                        let line = item.for_token.span.start().line;
                        self.map(other).map(|m| (m, line))
                    }
                };
                if let Some((map, line)) = walked.filter(|_| hands_on(&item.pat, &item.body)) {
                    self.note(&map, line);
                }
                // The head is judged; what is in it is not looked at a second time.
                Walk(self).visit_block(&item.body);
                false
            }
            Node::Local(local) => !self.is_orderless(local),
            Node::MethodCall(call) => self.method_call(call),
            _ => true,
        }
    }
}

/// Finds the variables of a function that are hash maps, and those that are sorted.
struct Locals<'a>(&'a mut Scope, Uses<'a>);

impl<'a> Look<'a> for Locals<'_> {
    fn see(&mut self, node: Node<'a>) -> bool {
        match node {
            Node::Function(_, _, holder) => return holder == Holder::Impl,
            Node::Local(local) => {
                let typed = match &local.pat {
                    Pat::Type(typed) => Some(is_hashed(&typed.ty, self.1)),
                    _ => None,
                };
                let made = || {
                    let init = local.init.as_ref()?;
                    Some(makes_map(&init.expr, self.1))
                };
                if typed.or_else(made).unwrap_or(false) {
                    self.0.hashed.extend(name_of(&local.pat));
                }
            }
            Node::MethodCall(call) => {
                if call.method.to_string().starts_with("sort")
                    && let Expr::Path(path) = &*call.receiver
                    && let Some(name) = path.path.get_ident()
                {
                    self.0.sorted.insert(name.to_string());
                }
            }
            _ => {}
        }
        true
    }
}

/// `HashMap::new()` and the like, or a chain that ends in `collect::<HashMap<…>>()`.
fn makes_map(expr: &Expr, uses: Uses) -> bool {
    match expr {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let segments: Vec<_> = path.path.segments.iter().collect();
                let Some((function, owner)) = segments.split_last() else { return false };
                let makers = ["new", "with_capacity", "from", "default", "from_iter"];
                makers.iter().any(|m| function.ident == m) && are_hashed(owner, uses)
            }
            _ => false,
        },
        Expr::MethodCall(call) if call.method == "collect" => {
            collected(call).is_some_and(|t| is_hashed(t, uses))
        }
        Expr::Try(inner) => makes_map(&inner.expr, uses),
        _ => false,
    }
}

fn collected(call: &ExprMethodCall) -> Option<&Type> {
    match call.turbofish.as_ref()?.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

fn is_orderless(call: &ExprMethodCall) -> bool {
    let name = call.method.to_string();
    if name == "collect" {
        let name = collected(call).and_then(last_name);
        return name.is_some_and(|n| COLLECTIONS.contains(&n.as_str()));
    }
    // One that is found by what it is equal to is the same in any order.
    let by_equality = || {
        let closure = call.args.first();
        matches!(closure, Some(Expr::Closure(c)) if matches!(&*c.body, Expr::Binary(b) if matches!(b.op, syn::BinOp::Eq(_))))
    };
    ORDERLESS.contains(&name.as_str()) || (name == "find" && by_equality())
}

fn name_of(pat: &Pat) -> Option<String> {
    match pat {
        Pat::Ident(ident) => Some(ident.ident.to_string()),
        Pat::Type(typed) => name_of(&typed.pat),
        _ => None,
    }
}

fn last_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => Some(walk::last_name(&path.path)),
        _ => None,
    }
}

fn is_hashed(ty: &Type, uses: Uses) -> bool {
    match ty {
        Type::Reference(inner) => is_hashed(&inner.elem, uses),
        Type::Path(path) => are_hashed(&path.path.segments.iter().collect::<Vec<_>>(), uses),
        _ => false,
    }
}

/// A path to `HashMap` or `HashSet` with the hasher of the standard library, whose seed is random.
fn are_hashed(path: &[&PathSegment], uses: Uses) -> bool {
    let Some(last) = path.last() else { return false };
    let given = match &last.arguments {
        PathArguments::AngleBracketed(list) => list.args.len(),
        _ => 0,
    };
    let names: Vec<String> = path.iter().map(|s| s.ident.to_string()).collect();
    let meanings = uses.names.meanings(uses.at, &names);
    meanings.iter().filter(|names| names.len() == 1 || names[0] == "std").any(|names| {
        match names.last().map(String::as_str) {
            Some("HashMap") => given <= 2,
            Some("HashSet") => given <= 1,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::rust::cfg::Cfgs;
    use crate::check::rust::modules;

    fn lines(text: &str) -> Vec<usize> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lib.rs");
        std::fs::write(&path, text).unwrap();
        let (modules, _) = modules::load(&path, &Cfgs::default(), &|_| true);
        let names = Names::of(&modules);
        let fields = fields(&modules, &names);
        of(&modules[0], &names, &fields).iter().map(|f| f.line).collect()
    }

    #[test]
    fn walks_through_maps_are_found_by_the_types_that_are_written() {
        let text = "use std::collections::{HashMap, HashSet};\nstruct S { map: HashMap<u8, u8>, list: Vec<u8> }\n\
            fn f(set: &HashSet<u8>, s: S) {\nfor x in set { emit(x); }\nfor (k, v) in &s.map { emit(k); }\n\
            let m: HashMap<u8, u8> = HashMap::new();\nlet v: Vec<_> = m.keys().map(|k| k + 1).collect();\n\
            let n = x.iter().collect::<HashMap<_, _>>();\nn.into_iter().for_each(emit);\n}";
        assert_eq!(lines(text), [4, 5, 7, 9]);
    }

    #[test]
    fn what_does_not_depend_on_the_order_is_left_out() {
        let text = "use std::collections::*; use std::collections::HashMap;\nstruct S { map: HashMap<u8, u8> }\nstruct T { map: Vec<u8> }\n\
            fn f(m: HashMap<u8, u8>, s: S) {\nlet n: usize = m.values().sum(); m.keys().any(p); m.len(); m.get(&1);\n\
            let mut v: Vec<_> = m.keys().collect(); v.sort();\n\
            let b: BTreeMap<_, _> = m.iter().collect(); m.into_iter().collect::<BTreeSet<_>>();\n\
            for (k, v) in &m { other.insert(k, v); }\nfor x in &s.map { emit(x); }\n\
            m.iter_mut().find(|(k, _)| *k == key);\nfor (_, v) in m.iter_mut() { if v.len() < 3 { v.push(1); } }\n\
            for (k, v) in &m { text = text.replace(k, v); }\n\
            let bad = m.keys().collect::<Vec<_>>();\nif !bad.is_empty() { return Err(format!(\"{bad:?}\")); }\n\
            let x: Vec<u8> = Vec::new(); for y in x.iter() { emit(y); }\n}";
        assert_eq!(lines(text), [] as [usize; 0]);
    }

    #[test]
    fn other_hashers_and_other_maps_are_not_random() {
        let text = "use indexmap::IndexMap as HashMap;\nfn f(m: HashMap<u8, u8>, n: std::collections::HashMap<u8, u8, Fx>) {\n\
            for x in &m { emit(x); }\nfor x in &n { emit(x); }\n}";
        assert_eq!(lines(text), [] as [usize; 0]);
    }
}
