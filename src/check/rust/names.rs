//! What a path of names means in a crate: through `use` lines and their renames, type aliases and
//! re-exports of its own modules. A name that the crate defines itself is nobody else's.

use std::collections::{BTreeMap, BTreeSet};

use syn::UseTree;
use syn::visit::{self, Visit};

use super::modules::Module;

/// The names of a crate, by module.
#[derive(Default)]
pub(in crate::check) struct Names {
    scopes: BTreeMap<Vec<String>, Scope>,
    methods: BTreeSet<String>,
}

#[derive(Default)]
struct Scope {
    names: BTreeMap<String, Means>,
    globs: Vec<Vec<String>>,
}

enum Means {
    Own,
    Module,
    Path(Vec<String>),
}

impl Names {
    pub(in crate::check) fn of(modules: &[Module]) -> Names {
        let mut names = Names::default();
        for module in modules {
            let mut walk = Definitions { names: &mut names, at: module.at.clone() };
            walk.visit_file(&module.file);
        }
        names
    }

    /// Whether the crate has a method of that name.
    pub(super) fn has_method(&self, name: &str) -> bool {
        self.methods.contains(name)
    }

    /// Whether some module of the crate brings in one of these, or all of a module of that name.
    pub(super) fn brings_in(&self, wanted: &[&str]) -> bool {
        let is = |name: &String| wanted.contains(&name.as_str());
        let means = |means: &Means| matches!(means, Means::Path(p) if p.last().is_some_and(is));
        let mut scopes = self.scopes.values();
        scopes.any(|s| s.names.values().any(means) || s.globs.iter().flatten().any(is))
    }

    /// Whether some module of the crate brings in something else under a name.
    pub(super) fn renames(&self, name: &str) -> bool {
        let renamed =
            |means: &Means| matches!(means, Means::Path(p) if p.last().is_some_and(|l| l != name));
        self.scopes.values().any(|s| s.names.get(name).is_some_and(renamed))
    }

    /// What a path in a module can mean outside of the crate; nothing where it is the crate's own.
    pub(super) fn meanings(&self, at: &[String], path: &[String]) -> Vec<Vec<String>> {
        let mut search = Search { names: self, seen: BTreeSet::new(), found: Vec::new() };
        search.resolve(at, path);
        search.found
    }
}

/// Names in a path, and steps from path to path, that are followed: more than any crate needs.
const LONGEST: usize = 16;
const MOST: usize = 1_000;

struct Search<'a> {
    names: &'a Names,
    seen: BTreeSet<(Vec<String>, Vec<String>)>,
    found: Vec<Vec<String>>,
}

impl Search<'_> {
    fn resolve(&mut self, at: &[String], names: &[String]) {
        let parent = at.split_last().map_or(at, |(_, parent)| parent);
        match names.first().map(String::as_str) {
            None | Some("Self") => {}
            Some("crate") => self.inside(&[], &names[1..]),
            Some("self") => self.inside(at, &names[1..]),
            Some("super") if names.get(1).is_some_and(|n| n == "super") => {
                self.resolve(parent, &names[1..]);
            }
            Some("super") => self.inside(parent, &names[1..]),
            Some(_) => self.inside(at, names),
        }
    }

    fn inside(&mut self, at: &[String], names: &[String]) {
        let Some((first, rest)) = names.split_first() else { return };
        // Re-exports can go round in circles, and get longer each time.
        let endless = names.len() > LONGEST || self.seen.len() > MOST;
        if endless || !self.seen.insert((at.to_vec(), names.to_vec())) {
            return;
        }
        let scope = self.names.scopes.get(at);
        match scope.and_then(|s| s.names.get(first)) {
            Some(Means::Own) => {}
            Some(Means::Module) => self.inside(&[at, std::slice::from_ref(first)].concat(), rest),
            Some(Means::Path(path)) => {
                let whole = [path.as_slice(), rest].concat();
                match path.first() == Some(first) {
                    true => self.found.push(whole),
                    false => self.resolve(at, &whole),
                }
            }
            None => {
                self.found.push(names.to_vec());
                for glob in scope.into_iter().flat_map(|s| &s.globs) {
                    let whole = [glob.as_slice(), names].concat();
                    let is_own = ["crate", "self", "super"].contains(&glob[0].as_str())
                        || scope.is_some_and(|s| s.names.contains_key(&glob[0]));
                    if is_own { self.resolve(at, &whole) } else { self.found.push(whole) }
                }
            }
        }
    }
}

struct Definitions<'a> {
    names: &'a mut Names,
    at: Vec<String>,
}

impl Definitions<'_> {
    fn define(&mut self, name: impl ToString, means: Means) {
        let scope = self.names.scopes.entry(self.at.clone()).or_default();
        scope.names.entry(name.to_string()).or_insert(means);
    }

    fn tree(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.tree(&part.tree, path);
            }
            UseTree::Name(name) => {
                if name.ident != "self" {
                    path.push(name.ident.to_string());
                }
                if let Some(last) = path.last().cloned() {
                    self.define(last, Means::Path(path));
                }
            }
            UseTree::Rename(name) => {
                if name.ident != "self" {
                    path.push(name.ident.to_string());
                }
                self.define(&name.rename, Means::Path(path));
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(tree, path.clone()));
            }
            UseTree::Glob(_) => {
                self.names.scopes.entry(self.at.clone()).or_default().globs.push(path);
            }
        }
    }
}

macro_rules! own {
    ($($visit:ident($type:ident)),* $(,)?) => {
        $(fn $visit(&mut self, item: &'a syn::$type) {
            self.define(&item.ident, Means::Own);
            visit::$visit(self, item);
        })*
    };
}

impl<'a> Visit<'a> for Definitions<'_> {
    own! {
        visit_item_struct(ItemStruct),
        visit_item_enum(ItemEnum),
        visit_item_union(ItemUnion),
        visit_item_trait(ItemTrait),
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.define(&item.sig.ident, Means::Own);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.names.methods.insert(item.sig.ident.to_string());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.define(&item.ident, Means::Module);
        self.at.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.at.pop();
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.tree(&item.tree, Vec::new());
    }

    fn visit_item_extern_crate(&mut self, item: &'a syn::ItemExternCrate) {
        if let Some((_, name)) = &item.rename {
            self.define(name, Means::Path(vec![item.ident.to_string()]));
        }
    }

    fn visit_item_type(&mut self, item: &'a syn::ItemType) {
        let means = match &*item.ty {
            syn::Type::Path(ty) if !ty.path.segments.iter().any(|s| s.ident == item.ident) => {
                let names = ty.path.segments.iter().map(|s| s.ident.to_string());
                Means::Path(names.collect())
            }
            _ => return,
        };
        self.define(&item.ident, means);
    }
}
