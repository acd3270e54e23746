//! Going through parsed code. A rule sees nodes and says whether to go on into each. `syn` generates
//! its walk for every type that has one; here it is generated once, and rules are passed to it.

use syn::visit::{self, Visit};

/// The last name of a path.
pub(super) fn last_name(path: &syn::Path) -> String {
    path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default()
}

/// What a rule sees.
pub(super) enum Node<'a> {
    Assign(&'a syn::ExprAssign),
    Attribute,
    Binary(&'a syn::ExprBinary),
    ExprPath(&'a syn::ExprPath),
    Field(&'a syn::Field),
    ForLoop(&'a syn::ExprForLoop),
    Function(&'a syn::Signature, &'a syn::Block, Holder),
    Ident(&'a syn::Ident),
    ItemMacro(&'a syn::ItemMacro),
    Lit(&'a syn::Lit),
    Local(&'a syn::Local),
    Macro(&'a syn::Macro),
    MethodCall(&'a syn::ExprMethodCall),
    PatIdent(&'a syn::PatIdent),
    Path(&'a syn::Path),
    Return(&'a syn::ExprReturn),
    Stmt(&'a syn::Stmt),
}

/// What a function is part of.
#[derive(PartialEq, Eq)]
pub(super) enum Holder {
    Items,
    Impl,
}

/// A rule.
pub(super) trait Look<'a> {
    /// Whether to go on into the node.
    fn see(&mut self, node: Node<'a>) -> bool;
}

/// The walk of a rule.
pub(super) struct Walk<'l, 'a>(pub(super) &'l mut dyn Look<'a>);

macro_rules! seen {
    ($($visit:ident($type:ident) => $node:ident),* $(,)?) => {
        $(fn $visit(&mut self, node: &'a syn::$type) {
            if self.0.see(Node::$node(node)) {
                visit::$visit(self, node);
            }
        })*
    };
}

impl<'a> Visit<'a> for Walk<'_, 'a> {
    seen! {
        visit_expr_assign(ExprAssign) => Assign,
        visit_expr_binary(ExprBinary) => Binary,
        visit_expr_for_loop(ExprForLoop) => ForLoop,
        visit_expr_method_call(ExprMethodCall) => MethodCall,
        visit_expr_path(ExprPath) => ExprPath,
        visit_expr_return(ExprReturn) => Return,
        visit_field(Field) => Field,
        visit_ident(Ident) => Ident,
        visit_item_macro(ItemMacro) => ItemMacro,
        visit_lit(Lit) => Lit,
        visit_local(Local) => Local,
        visit_macro(Macro) => Macro,
        visit_pat_ident(PatIdent) => PatIdent,
        visit_path(Path) => Path,
        visit_stmt(Stmt) => Stmt,
    }

    fn visit_attribute(&mut self, node: &'a syn::Attribute) {
        if self.0.see(Node::Attribute) {
            visit::visit_attribute(self, node);
        }
    }

    fn visit_item_fn(&mut self, node: &'a syn::ItemFn) {
        if self.0.see(Node::Function(&node.sig, &node.block, Holder::Items)) {
            visit::visit_item_fn(self, node);
        }
    }

    fn visit_impl_item_fn(&mut self, node: &'a syn::ImplItemFn) {
        if self.0.see(Node::Function(&node.sig, &node.block, Holder::Impl)) {
            visit::visit_impl_item_fn(self, node);
        }
    }
}
