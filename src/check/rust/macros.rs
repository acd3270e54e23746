//! Macros by example, made into code that can be looked at: each arm's body with its variables as
//! plain names. And what the first literal of a macro's arguments says of where the rest goes.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Block;
use syn::visit::{self, Visit};

use super::modules::Module;

/// A macro by example.
pub(super) struct Macro {
    pub(super) file: usize,
    pub(super) at: Vec<String>,
    pub(super) arms: Vec<Arm>,
}

/// One of its arms: the variables, the body as it was written, and as code where it is some.
pub(super) struct Arm {
    pub(super) variables: Vec<String>,
    pub(super) tokens: TokenStream,
    pub(super) body: Option<Block>,
}

/// The macros that a crate defines, by name.
pub(super) fn definitions(modules: &[Module]) -> BTreeMap<String, Macro> {
    let mut found = Definitions { found: BTreeMap::new(), file: 0, at: Vec::new() };
    for (file, module) in modules.iter().enumerate() {
        (found.file, found.at) = (file, module.at.clone());
        found.visit_file(&module.file);
    }
    found.found
}

struct Definitions {
    found: BTreeMap<String, Macro>,
    file: usize,
    at: Vec<String>,
}

impl<'a> Visit<'a> for Definitions {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.at.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.at.pop();
    }

    fn visit_item_macro(&mut self, item: &'a syn::ItemMacro) {
        if let (Some(name), true) = (&item.ident, item.mac.path.is_ident("macro_rules")) {
            let arms = arms(item.mac.tokens.clone());
            let one = Macro { file: self.file, at: self.at.clone(), arms };
            self.found.insert(name.to_string(), one);
        }
    }
}

fn arms(tokens: TokenStream) -> Vec<Arm> {
    let groups = tokens.into_iter().filter_map(|t| match t {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    });
    let groups: Vec<TokenStream> = groups.collect();
    let arm = |pair: &[TokenStream]| {
        let tokens = plain(pair[1].clone());
        let braced = Group::new(Delimiter::Brace, tokens.clone());
        let body = syn::parse2(TokenTree::Group(braced).into()).ok();
        Arm { variables: variables(pair[0].clone()), tokens, body }
    };
    groups.chunks_exact(2).map(arm).collect()
}

/// The names behind `$` in a matcher.
fn variables(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut dollar = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(name) if dollar => found.push(name.to_string()),
            TokenTree::Group(group) => found.extend(variables(group.stream())),
            _ => {}
        }
        dollar = is(&token, '$');
    }
    found
}

/// A body without `$`, and with what is repeated once.
fn plain(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (&token, tokens.peek()) {
            (TokenTree::Punct(p), Some(TokenTree::Group(_))) if p.as_char() == '$' => {
                if let Some(TokenTree::Group(group)) = tokens.next() {
                    out.extend(plain(group.stream()));
                }
                // What separates repetitions, and how many there may be.
                let ends = |t: &TokenTree| ['*', '+', '?'].iter().any(|c| is(t, *c));
                if tokens.next().is_some_and(|t| !ends(&t)) && tokens.peek().is_some_and(ends) {
                    tokens.next();
                }
            }
            (TokenTree::Punct(p), Some(TokenTree::Ident(_))) if p.as_char() == '$' => {}
            (TokenTree::Group(group), _) => {
                let mut inner = Group::new(group.delimiter(), plain(group.stream()));
                inner.set_span(group.span());
                out.push(inner.into());
            }
            _ => out.push(token),
        }
    }
    out.into_iter().collect()
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == sign)
}

/// The literal that a macro's arguments begin with, also as the first part of `concat!`.
pub(super) fn leading_literal(tokens: &TokenStream) -> Option<String> {
    let mut tokens = tokens.clone().into_iter();
    match tokens.next()? {
        TokenTree::Literal(literal) => {
            syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|l| l.value())
        }
        TokenTree::Ident(name) if name == "concat" => tokens.find_map(|t| match t {
            TokenTree::Group(group) => leading_literal(&group.stream()),
            _ => None,
        }),
        _ => None,
    }
}

/// Where a line goes that a build script prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Printed {
    /// A variable for the compiler, or a directory that the linker writes into the program.
    Env,
    /// Anything else that cargo takes over.
    Directive,
    /// To the person who builds, or nowhere.
    Message,
    /// What stands in a value says it.
    Unknown,
}

/// By the line's beginning.
pub(super) fn printed(text: &str) -> Printed {
    let rest = text.trim_start();
    let Some(directive) = rest.strip_prefix("cargo:") else {
        return match rest.starts_with('{') || rest.is_empty() {
            true => Printed::Unknown,
            false => Printed::Message,
        };
    };
    let directive = directive.trim_start_matches(':');
    match ["warning", "error", "rerun-if"].iter().any(|d| directive.starts_with(d)) {
        true => Printed::Message,
        false if text.contains("rustc-env=") => Printed::Env,
        false if directive.starts_with("rustc-link-arg") && text.contains("rpath") => Printed::Env,
        false if directive.starts_with('{') => Printed::Unknown,
        false => Printed::Directive,
    }
}

/// Whether a format text has `{:p}`.
pub(super) fn prints_address(text: &str) -> bool {
    text.replace("{{", "").split('{').skip(1).any(|part| {
        let spec = part.split_once('}').and_then(|(inner, _)| inner.split_once(':'));
        spec.is_some_and(|(_, spec)| spec.ends_with('p'))
    })
}

/// Names in `{name}` and `{name:?}` of a format text.
pub(super) fn captures(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| {
        let name = &part[..part.find(['}', ':'])?];
        (!name.is_empty()).then_some(name)
    })
}
