//! Macros that are called: those that print, write, quote or give a message, and those that the
//! crate defines.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Expr, Lit, Macro, Path, Token};

use super::{DIRECTIVE, ENV, ESCAPES, Flow, MESSAGE, Source, Value, WRITTEN, set_of};
use crate::check::rust::macros::{self, Printed, captures, leading_literal, printed};
use crate::check::rust::tables::*;
use crate::check::rust::walk::last_name;

impl Flow<'_> {
    pub(super) fn invocation(&mut self, mac: &Macro) -> Value {
        let name = last_name(&mac.path);
        let is = |list: &[&str]| list.contains(&name.as_str());
        if is(INCLUDES) {
            return Value::new();
        }
        if is(DETECTS) && !self.macros.contains_key(&name) {
            let asked = Source::Known(What::CpuModel, format!("{name}!()"));
            return set_of(self.source(asked, mac.bang_token.span));
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
                if is(FORMATS) && macros::prints_address(&text.value()) {
                    let address = Source::Known(What::Address, "`{:p}`".to_string());
                    value.insert(self.source(address, text.span()));
                }
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
            return self.ends(&value, MESSAGE);
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
            return self.compared(&value, What::compares);
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
    pub(super) fn expand(&mut self, name: &str, own: &macros::Macro, value: &Value) -> Value {
        let name = format!("{name}!");
        for variable in own.arms.iter().flat_map(|arm| &arm.variables) {
            self.put(&name, variable.clone(), value);
        }
        let known = self.returns.get(&name).cloned().unwrap_or_default();
        self.grown |= self.called.insert(name);
        known
    }

    /// The bodies of the macros that are called, those that others call among them.
    pub(super) fn expansions(&mut self) {
        let mut done = BTreeSet::new();
        let called = |flow: &Self, name: &String| flow.called.contains(&format!("{name}!"));
        while let Some((name, own)) =
            self.macros.iter().find(|(name, _)| !done.contains(name) && called(self, name))
        {
            done.insert(name);
            let scope = format!("{name}!");
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
    pub(super) fn print(&mut self, text: Option<&str>, value: &Value) {
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
                _ if self.code == Code::ProcMacro => self.receive(value, MESSAGE),
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
    pub(super) fn in_tokens(&mut self, tokens: TokenStream, quoted: bool) -> Value {
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
