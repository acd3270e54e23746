//! What a function does with what it goes through: whether the order can get out of it.
//!
//! Loops that append, write or call something for its effect hand the order on; a variable that
//! only ends up in an error does not.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{Expr, Local, Pat, PathSegment};

use super::macros::{Printed, leading_literal, printed};
use super::tables::{APPENDS, BY_KEY, WRITES};
use super::walk::{Look, Node, Walk, last_name};

/// Whether the body of a loop hands on what it goes through in that order: it appends, writes,
/// calls something for its effect. What it does to the loop's own variables, or puts into another
/// collection by key, does not.
pub(super) fn hands_on(head: &Pat, body: &syn::Block) -> bool {
    let mut finder = Effects { own: bound(head), found: false };
    Walk(&mut finder).visit_block(body);
    finder.found
}

/// The names that a pattern binds.
pub(super) fn bound(pat: &Pat) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    Walk(&mut Names(&mut names)).visit_pat(pat);
    names
}

struct Names<'a>(&'a mut BTreeSet<String>);

impl<'a> Look<'a> for Names<'_> {
    fn see(&mut self, node: Node<'a>) -> bool {
        if let Node::PatIdent(ident) = node {
            self.0.insert(ident.ident.to_string());
            return false;
        }
        true
    }
}

/// Methods that hand on in order what they are given.
fn appends(name: &syn::Ident) -> bool {
    APPENDS.iter().chain(WRITES).any(|m| name == m)
}

struct Effects {
    own: BTreeSet<String>,
    found: bool,
}

impl Effects {
    fn is_own(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => {
                path.path.get_ident().is_some_and(|n| self.own.contains(&n.to_string()))
            }
            Expr::Field(field) => self.is_own(&field.base),
            Expr::MethodCall(call) => self.is_own(&call.receiver),
            _ => false,
        }
    }
}

impl<'a> Look<'a> for Effects {
    fn see(&mut self, node: Node<'a>) -> bool {
        self.found |= match node {
            // A call that stands alone is there for its effect.
            Node::Stmt(syn::Stmt::Expr(expr, _)) => {
                let expr = match expr {
                    Expr::Try(inner) => &*inner.expr,
                    other => other,
                };
                match expr {
                    Expr::Call(_) => true,
                    Expr::MethodCall(call) => {
                        let by_key = BY_KEY.iter().any(|m| call.method == m);
                        !by_key && !self.is_own(&call.receiver)
                    }
                    _ => false,
                }
            }
            Node::MethodCall(call) => appends(&call.method) && !self.is_own(&call.receiver),
            Node::Macro(mac) => {
                let text = leading_literal(&mac.tokens).map(|text| printed(&text));
                self.found |= match last_name(&mac.path).as_str() {
                    "write" | "writeln" => true,
                    "print" | "println" => text != Some(Printed::Message),
                    _ => false,
                };
                return false;
            }
            // `tokens = quote! { #tokens … }` appends.
            Node::Assign(expr) => {
                matches!(&*expr.right, Expr::Macro(m) if last_name(&m.mac.path).starts_with("quote"))
            }
            Node::Binary(expr) => matches!(expr.op, syn::BinOp::AddAssign(_)),
            _ => false,
        };
        true
    }
}

/// Whether a variable is used, from where it is made on, for nothing but to say that something is wrong: asked whether it is
/// empty, or put into the error that a function returns.
pub(super) fn only_for_errors(name: &str, local: &Local, body: &syn::Block) -> bool {
    let mut uses =
        Mentions { name, after: local.semi_token.span.start().line, harmless: 0, others: 0 };
    Walk(&mut uses).visit_block(body);
    uses.harmless > 0 && uses.others == 0
}

struct Mentions<'a> {
    name: &'a str,
    after: usize,
    harmless: usize,
    others: usize,
}

impl Mentions<'_> {
    fn in_tokens(&self, tokens: proc_macro2::TokenStream) -> bool {
        let capture = format!("{{{}", self.name);
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(ident) => ident == self.name,
            proc_macro2::TokenTree::Literal(text) => text.to_string().contains(&capture),
            proc_macro2::TokenTree::Group(group) => self.in_tokens(group.stream()),
            proc_macro2::TokenTree::Punct(_) => false,
        })
    }

    fn is_name(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Path(p) if p.path.is_ident(self.name))
    }
}

impl<'a> Look<'a> for Mentions<'_> {
    fn see(&mut self, node: Node<'a>) -> bool {
        match node {
            // What ends before it, and its own making, may be about another of its name.
            Node::Local(local) => local.semi_token.span.start().line > self.after,
            Node::Return(expr) => {
                let mut errors = Errors(false);
                Walk(&mut errors).visit_expr_return(expr);
                self.harmless += usize::from(errors.0);
                !errors.0
            }
            Node::MethodCall(call) => {
                let asks = ["is_empty", "len", "contains"].iter().any(|m| call.method == m);
                let asks = asks && self.is_name(&call.receiver);
                self.harmless += usize::from(asks);
                !asks
            }
            Node::Macro(mac) => {
                let panics = ["panic", "bail", "assert", "unreachable"];
                let name = mac.path.segments.last();
                let later = name.is_some_and(|n| n.ident.span().start().line > self.after);
                if later && self.in_tokens(mac.tokens.clone()) {
                    match name.is_some_and(|n| panics.iter().any(|p| n.ident == p)) {
                        true => self.harmless += 1,
                        false => self.others += 1,
                    }
                }
                false
            }
            Node::ExprPath(path) => {
                let last = path.path.segments.last();
                let later = last.is_some_and(|s| s.ident.span().start().line > self.after);
                self.others += usize::from(later && path.path.is_ident(self.name));
                false
            }
            _ => true,
        }
    }
}

/// Finds a call that makes an error.
struct Errors(bool);

impl<'a> Look<'a> for Errors {
    fn see(&mut self, node: Node<'a>) -> bool {
        match node {
            Node::Path(path) => {
                let error =
                    |s: &PathSegment| s.ident == "Err" || s.ident.to_string().ends_with("Error");
                self.0 |= path.segments.iter().any(error);
                false
            }
            Node::MethodCall(call) => {
                let names = ["to_compile_error", "into_compile_error"];
                self.0 |= names.iter().any(|n| call.method == n);
                true
            }
            _ => true,
        }
    }
}
