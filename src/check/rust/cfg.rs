//! `#[cfg]` for a target and a set of features. What nobody here can know (a name that a build
//! script sets) is neither true nor false, and code behind it is looked at.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta, Stmt, Token, TraitItem};

/// The configuration that code is compiled with.
#[derive(Clone, Debug, Default)]
pub(in crate::check) struct Cfgs {
    lines: BTreeSet<String>,
    features: BTreeSet<String>,
}

/// Names that are never set in a build that is released.
const NEVER: &[&str] = &["test", "doc", "doctest", "miri", "debug_assertions", "rustfmt"];

/// Names of which `rustc --print cfg` lists all that are set.
const OF_THE_TARGET: &[&str] = &["unix", "windows", "panic"];

impl Cfgs {
    /// From the output of `rustc --print cfg`.
    pub(in crate::check) fn new(printed: &str, features: &BTreeSet<String>) -> Cfgs {
        Cfgs {
            lines: printed.lines().map(|l| l.trim().to_string()).collect(),
            features: features.clone(),
        }
    }

    /// Whether attributes leave a thing out for certain.
    fn leaves_out(&self, attributes: &[Attribute]) -> bool {
        attributes.iter().any(|a| {
            let test = ["test", "bench"].iter().any(|n| a.path().is_ident(n));
            test || a.path().is_ident("cfg")
                && a.parse_args::<Meta>().is_ok_and(|m| self.eval(&m) == Some(false))
        })
    }

    fn eval(&self, meta: &Meta) -> Option<bool> {
        match meta {
            Meta::Path(path) => self.name(&path.get_ident()?.to_string()),
            Meta::NameValue(pair) => {
                let Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) = &pair.value else {
                    return None;
                };
                self.pair(&pair.path.get_ident()?.to_string(), &value.value())
            }
            Meta::List(list) => {
                let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
                let parts = list.parse_args_with(parse).ok()?;
                let mut values = parts.iter().map(|m| self.eval(m));
                match list.path.get_ident()?.to_string().as_str() {
                    "not" => values.next()?.map(|v| !v),
                    "all" => fold(values, false),
                    "any" => fold(values, true),
                    _ => None,
                }
            }
        }
    }

    fn name(&self, name: &str) -> Option<bool> {
        if NEVER.contains(&name) {
            return Some(false);
        }
        if OF_THE_TARGET.contains(&name) { Some(self.lines.contains(name)) } else { None }
    }

    fn pair(&self, name: &str, value: &str) -> Option<bool> {
        if name == "feature" {
            return Some(self.features.contains(value));
        }
        match name.starts_with("target_") || OF_THE_TARGET.contains(&name) {
            true => Some(self.lines.contains(&format!("{name}=\"{value}\""))),
            false => None,
        }
    }
}

/// `all` ends at the first false, `any` at the first true; `end` is that value.
fn fold(values: impl Iterator<Item = Option<bool>>, end: bool) -> Option<bool> {
    let mut known = true;
    for value in values {
        match value {
            Some(v) if v == end => return Some(end),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!end)
}

/// The attributes of something that may be one of these.
macro_rules! attrs {
    ($of:expr, $kind:ident: $($variant:ident)*) => {
        match $of {
            $($kind::$variant(x) => &x.attrs,)*
            _ => &[],
        }
    };
}

/// Removes from a file what is not compiled.
pub(super) fn prune(file: &mut syn::File, cfgs: &Cfgs) {
    if cfgs.leaves_out(&file.attrs) {
        file.items.clear();
    }
    Prune(cfgs).visit_file_mut(file);
}

struct Prune<'a>(&'a Cfgs);

impl VisitMut for Prune<'_> {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        file.items.retain(|i| !self.0.leaves_out(of_item(i)));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|i| !self.0.leaves_out(of_item(i)));
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        item.items.retain(|i| !self.0.leaves_out(attrs!(i, ImplItem: Const Fn Macro)));
        visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_item_trait_mut(&mut self, item: &mut syn::ItemTrait) {
        item.items.retain(|i| !self.0.leaves_out(attrs!(i, TraitItem: Const Fn Macro)));
        visit_mut::visit_item_trait_mut(self, item);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|s| {
            !self.0.leaves_out(match s {
                Stmt::Local(x) => &x.attrs,
                Stmt::Item(x) => of_item(x),
                Stmt::Macro(x) => &x.attrs,
                Stmt::Expr(x, _) => of_expr(x),
            })
        });
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_match_mut(&mut self, item: &mut syn::ExprMatch) {
        item.arms.retain(|a| !self.0.leaves_out(&a.attrs));
        visit_mut::visit_expr_match_mut(self, item);
    }
}

fn of_item(item: &Item) -> &[Attribute] {
    attrs!(item, Item: Const Enum Fn Impl Macro Mod Static Struct Trait Use)
}

fn of_expr(expr: &Expr) -> &[Attribute] {
    attrs!(expr, Expr: Block Call If Macro Match MethodCall)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(attribute: &str) -> bool {
        let cfgs =
            Cfgs::new("unix\ntarget_os=\"linux\"\ndebug_assertions\n", &["std".to_string()].into());
        let mut file = syn::parse_file(&format!("{attribute} fn x() {{}}")).unwrap();
        prune(&mut file, &cfgs);
        !file.items.is_empty()
    }

    #[test]
    fn only_what_is_certainly_out_is_left_out() {
        for out in [
            "#[cfg(test)]",
            "#[test]",
            "#[cfg(windows)]",
            "#[cfg(not(unix))]",
            "#[cfg(feature = \"x\")]",
            "#[cfg(all(mine, feature = \"x\"))]",
            "#[cfg(target_os = \"macos\")]",
            "#[cfg(debug_assertions)]",
        ] {
            assert!(!kept(out), "{out}");
        }
        for kept_one in [
            "",
            "#[cfg(unix)]",
            "#[cfg(mine)]",
            "#[cfg(not(mine))]",
            "#[cfg(any(mine, feature = \"x\"))]",
            "#[cfg(feature = \"std\")]",
            "#[cfg(not(test))]",
        ] {
            assert!(kept(kept_one), "{kept_one}");
        }
    }

    #[test]
    fn statements_and_methods_are_pruned_as_well() {
        let text = "impl X { #[cfg(test)] fn a() {} fn b() { #[cfg(windows)] let x = 1; #[cfg(unix)] { y(); } } }";
        let mut file = syn::parse_file(text).unwrap();
        prune(&mut file, &Cfgs::new("unix", &BTreeSet::new()));
        let Item::Impl(item) = &file.items[0] else {
            panic!("an impl");
        };
        let [ImplItem::Fn(only)] = &item.items[..] else {
            panic!("one method");
        };
        assert_eq!(only.block.stmts.len(), 1);
    }
}
