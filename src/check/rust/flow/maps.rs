//! Hash maps and sets, which code goes through in an order that changes from run to run.
//!
//! A parser knows no types, so what counts are names whose type is written: fields, parameters and
//! variables. All that cannot be known is left out.

use syn::{Expr, GenericArgument, Local, Member, Pat, PathArguments, PathSegment, Type};

use super::{ESCAPES, Flow, Source, UNORDERED, Value, bound, set_of};
use crate::check::rust::tables::{BY_KEY, What};

/// Methods that go through a map in its own order.
pub(super) const WALKS: &[&str] = &[
    "iter", "iter_mut", "keys", "values", "values_mut", "into_iter", "into_keys", "into_values",
    "drain",
];

impl Flow<'_> {
    /// Takes the fields of a file: one counts as a map where each field of its name is one.
    pub(super) fn take_fields(&mut self, fields: &[&syn::Field]) {
        for field in fields {
            let hashed = self.is_hashed(&field.ty);
            let name = field.ident.iter().map(ToString::to_string);
            name.for_each(|name| *self.fields.entry(name).or_insert(true) &= hashed);
        }
    }

    /// The order of the map that an expression is, if it is one.
    pub(super) fn order_of(&mut self, expr: &Expr, span: proc_macro2::Span) -> Value {
        match self.map(expr) {
            Some(map) => {
                set_of(self.source(Source::Known(What::MapOrder, format!("`{map}`")), span))
            }
            None => Value::new(),
        }
    }

    /// The name of a map that an expression is, if it is one.
    fn map(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Reference(inner) => self.map(&inner.expr),
            Expr::Paren(inner) => self.map(&inner.expr),
            Expr::Field(field) => match &field.member {
                Member::Named(name) => {
                    Some(name.to_string()).filter(|n| self.fields.get(n) == Some(&true))
                }
                Member::Unnamed(_) => None,
            },
            Expr::Path(path) => {
                Some(path.path.get_ident()?.to_string()).filter(|n| self.maps.contains(n))
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

    /// Takes a variable: whether it is a map, by its type or by what makes it.
    pub(super) fn local(&mut self, local: &Local) {
        let hashed = match (&local.pat, &local.init) {
            (Pat::Type(typed), _) => self.is_hashed(&typed.ty),
            (_, Some(init)) => self.makes_map(&init.expr),
            _ => false,
        };
        if hashed {
            self.maps.extend(bound(&local.pat));
        }
    }

    /// Binds a pattern of a loop or closure: orders of maps are known in it alone, since a parser cannot tell
    /// its names from others of the function.
    pub(super) fn bind_element(&mut self, pat: &Pat, value: &Value) {
        let of_map = |s: &Source| matches!(s, Source::Known(What::MapOrder, _));
        let (orders, rest): (Value, Value) = value.iter().partition(|id| self.is(**id, of_map));
        self.bind(pat, &rest);
        for name in bound(pat) {
            self.elements.remove(&name);
            self.elements.extend((!orders.is_empty()).then(|| (name, orders.clone())));
        }
    }

    /// A call that stands alone is there for its effect: it hands on the order of what it is given, unless
    /// by key, to an element of the map or to what is sorted.
    pub(super) fn stands_alone(&mut self, expr: &Expr, value: &Value) {
        let unordered = match expr {
            Expr::Try(inner) => return self.stands_alone(&inner.expr, value),
            Expr::Call(_) => false,
            Expr::MethodCall(call) => {
                BY_KEY.iter().any(|m| call.method == m) || self.is_unordered(&call.receiver)
            }
            _ => return,
        };
        self.receive_order(value, if unordered { UNORDERED } else { ESCAPES });
    }

    /// Whether what is put into an expression loses its order there.
    pub(super) fn is_unordered(&self, expr: &Expr) -> bool {
        let key = self.base(expr);
        key.is_some_and(|key| self.sorted.contains(&key) || self.elements.contains_key(&key.1))
    }

    /// Whether a type is `HashMap` or `HashSet`, or a reference to one.
    pub(super) fn is_hashed(&self, ty: &Type) -> bool {
        match ty {
            Type::Reference(inner) => self.is_hashed(&inner.elem),
            Type::Path(path) => self.are_hashed(path.path.segments.iter()),
            _ => false,
        }
    }

    /// `HashMap::new()` and the like, or a chain that ends in `collect::<HashMap<…>>()`.
    fn makes_map(&self, expr: &Expr) -> bool {
        const MAKERS: [&str; 5] = ["new", "with_capacity", "from", "default", "from_iter"];
        match expr {
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => {
                    let mut owner = path.path.segments.iter();
                    let function = owner.next_back();
                    function.is_some_and(|f| MAKERS.iter().any(|m| f.ident == m))
                        && self.are_hashed(owner)
                }
                _ => false,
            },
            Expr::MethodCall(call) if call.method == "collect" => {
                collected(call).is_some_and(|ty| self.is_hashed(ty))
            }
            Expr::Try(inner) => self.makes_map(&inner.expr),
            _ => false,
        }
    }

    /// A path to `HashMap` or `HashSet` with the hasher of the standard library, whose seed is random.
    fn are_hashed<'p>(&self, path: impl Iterator<Item = &'p PathSegment> + Clone) -> bool {
        let given = match path.clone().last().map(|last| &last.arguments) {
            Some(PathArguments::AngleBracketed(list)) => list.args.len(),
            _ => 0,
        };
        let names: Vec<String> = path.map(|s| s.ident.to_string()).collect();
        let meanings = self.names.meanings(&self.at, &names);
        meanings.iter().filter(|names| names.len() == 1 || names[0] == "std").any(|names| {
            match names.last().map(String::as_str) {
                Some("HashMap") => given <= 2,
                Some("HashSet") => given <= 1,
                _ => false,
            }
        })
    }
}

/// The type that a call of `collect` names.
pub(super) fn collected(call: &syn::ExprMethodCall) -> Option<&Type> {
    match call.turbofish.as_ref()?.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// Whether it looks for what something is equal to, which is the same in any order.
pub(super) fn finds_equal(call: &syn::ExprMethodCall) -> bool {
    let equal = |body: &Expr| matches!(body, Expr::Binary(b) if matches!(b.op, syn::BinOp::Eq(_)));
    call.method == "find" && matches!(call.args.first(), Some(Expr::Closure(c)) if equal(&c.body))
}
