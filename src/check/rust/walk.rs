//! Going through parsed code. A rule sees nodes and says whether to go on into each. `syn` generates
//! its walk for every type that has one; here it is generated once, and rules are passed to it.

use syn::visit::{self, Visit};

/// The last name of a path.
pub(super) fn last_name(path: &syn::Path) -> String {
    path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default()
}

/// What a rule sees.
pub(super) enum Node<'a> {
    Attribute,
    Ident(&'a syn::Ident),
    ItemMacro(&'a syn::ItemMacro),
    Lit(&'a syn::Lit),
    Macro(&'a syn::Macro),
    PatIdent(&'a syn::PatIdent),
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
        visit_ident(Ident) => Ident,
        visit_item_macro(ItemMacro) => ItemMacro,
        visit_lit(Lit) => Lit,
        visit_macro(Macro) => Macro,
        visit_pat_ident(PatIdent) => PatIdent,
    }

    fn visit_attribute(&mut self, node: &'a syn::Attribute) {
        if self.0.see(Node::Attribute) {
            visit::visit_attribute(self, node);
        }
    }
}
