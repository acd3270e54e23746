//! Calls of functions and methods: those that read something, those of the crate itself, and those
//! that receive a value.
//! [`crate::check::rust::names`] resolves a path, and the tables say whether it reads something. A function of the
//! crate itself gets the arguments of all its callers, as types and order are unknown.

use proc_macro2::Span;
use syn::{Expr, Path};

use super::maps::{WALKS, collected, finds_equal};
use super::{
    DIRECTIVE, ESCAPES, Flow, MESSAGE, Source, Value, WRITTEN, ends_with, grow, is_ordered, is_std,
    set_of, united,
};
use crate::check::rust::tables::*;
use crate::check::rust::walk::last_name;

impl Flow<'_> {
    pub(super) fn call(&mut self, e: &syn::ExprCall) -> Value {
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
    pub(super) fn apply(&mut self, path: &Path, args: &[Value], exprs: &[&Expr]) -> Value {
        let Some(last) = path.segments.last() else { return Value::new() };
        let (name, span) = (last.ident.to_string(), last.ident.span());
        let may_be_known = self.may_be_known(&name);
        if self.origins.is_empty() && !may_be_known {
            return Value::new();
        }
        let meanings = self.meanings(path);
        let std = |pattern: &str| meanings.iter().any(|m| is_std(m, pattern));
        let of_crate = |pattern: &str| meanings.iter().any(|m| ends_with(m, pattern));
        let all = || united(args.iter().cloned());
        let known = || STD.iter().find(|(p, _)| std(p));
        let known = || known().or_else(|| CRATES.iter().find(|(p, _)| of_crate(p)));
        if let Some((pattern, what)) = may_be_known.then(known).flatten() {
            let shown = match pattern.chars().next_back().is_some_and(char::is_lowercase) {
                true if *pattern != "ThreadId" => format!("{pattern}()"),
                _ => pattern.to_string(),
            };
            if *what == What::AbsolutePath {
                return self.made_absolute(all(), shown, span);
            }
            self.receive(&all(), MESSAGE);
            return set_of(self.source(Source::Known(*what, shown), span));
        }
        if RUNS.iter().any(|p| of_crate(p)) {
            let id = self.source(Source::Command, span);
            let mut args = args.iter();
            self.origins[id as usize].programs.extend(args.next().into_iter().flatten());
            self.origins[id as usize].words.extend(args.flatten());
            return set_of(id);
        }
        if ASKS.iter().any(|p| std(p)) {
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
            "Err" | "exit" => self.ends(&all(), MESSAGE),
            _ if path.segments.iter().any(|s| s.ident.to_string().ends_with("Error")) => {
                self.ends(&all(), MESSAGE)
            }
            _ if of_files => self.ends(&all(), MESSAGE),
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

    /// A path that the current directory is put before, unless it begins with one that is known.
    fn made_absolute(&mut self, path: Value, by: String, span: Span) -> Value {
        let is_path = |s: &Source| match s {
            Source::Known(what, _) | Source::Variable(_, what) => what.is_path(),
            _ => false,
        };
        if path.iter().any(|id| self.is(*id, is_path)) {
            return path;
        }
        let id = self.source(Source::Known(What::AbsolutePath, by), span);
        united([path, set_of(id)])
    }

    /// Whether any path that is looked for ends in the name, or in one that it stands for.
    pub(super) fn may_be_known(&self, name: &str) -> bool {
        self.ends.contains(name) || self.names.renames(name)
    }

    /// A function of this crate: its parameters get the arguments, and what it puts into one that
    /// it can change comes back.
    pub(super) fn own(&mut self, name: &str, args: &[Value], exprs: &[&Expr]) -> Value {
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
                    self.put_into(&arg.expr, &inner);
                    if self.sorted.contains(&(name.to_string(), param.clone())) {
                        self.sort(&arg.expr);
                    }
                }
            }
        }
        self.returns.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn sort(&mut self, expr: &Expr) {
        if let Some(key) = self.base(expr) {
            self.grown |= self.sorted.insert(key);
        }
    }

    /// The variables that are named by texts.
    pub(super) fn variables(&mut self, texts: &Value) -> Value {
        let mut found = Value::new();
        for id in texts {
            let origin = &self.origins[*id as usize];
            let Source::Text(text) = &origin.source else { continue };
            if let Some((name, what)) = VARIABLES.iter().find(|(n, _)| n == text) {
                let place = origin.place;
                found.insert(self.at_place(Source::Variable(name, *what), place));
            }
        }
        found
    }

    pub(super) fn method_call(&mut self, e: &syn::ExprMethodCall) -> Value {
        let name = e.method.to_string();
        let receiver = self.eval(&e.receiver);
        let mut args = Vec::new();
        for arg in &e.args {
            args.push(match arg {
                Expr::Closure(closure) => {
                    let outer = self.elements.clone();
                    for input in &closure.inputs {
                        self.bind_element(input, &receiver);
                    }
                    let value = self.eval(&closure.body);
                    self.elements = outer;
                    value
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
                self.grown |= grow(&mut self.origins[id as usize].words, &given);
            }
            self.receive(&given, if is(&["current_dir"]) { MESSAGE } else { ESCAPES });
            return receiver;
        }
        let method = METHODS.iter().find(|(m, _)| *m == name).filter(|_| e.args.is_empty());
        let of_unix = |what: &What| matches!(what, What::Modes | What::FileNumbers);
        let fits = |(_, what): &&(&str, What)| {
            !self.names.has_method(&name) && (!of_unix(what) || self.names.brings_in(&OF_UNIX))
        };
        if let Some((method, what)) = method.filter(fits) {
            let (shown, span) = (format!(".{method}()"), e.method.span());
            return match what {
                What::AbsolutePath => self.made_absolute(receiver, shown, span),
                _ => set_of(self.source(Source::Known(*what, shown), span)),
            };
        }
        let of_epoch = matches!(&*e.receiver, Expr::Path(p) if last_name(&p.path) == "UNIX_EPOCH");
        if name == "elapsed" && of_epoch {
            let shown = "UNIX_EPOCH.elapsed()".to_string();
            return set_of(self.source(Source::Known(What::Clock, shown), e.method.span()));
        }
        if WALKS.contains(&name.as_str()) {
            let order = self.order_of(&e.receiver, e.method.span());
            if !order.is_empty() {
                return united([receiver, order]);
            }
        }
        if self.names.has_method(&name) && self.functions.contains_key(&name) {
            let exprs: Vec<&Expr> = e.args.iter().collect();
            let value = self.own(&name, &args, &exprs);
            return united([value, receiver, given]);
        }
        if name.starts_with("sort") {
            self.sort(&e.receiver);
        }
        let ordered = collected(e).is_some_and(is_ordered) || finds_equal(e);
        if is(ASKS_FOR) {
            return self.compared(&receiver, |_| true);
        }
        if is(COMPARES) {
            return self.compared(&united([receiver, given]), What::compares);
        }
        let all = united([receiver.clone(), given.clone()]);
        if is(ORDERLESS) || ordered {
            return self.without_order(all);
        }
        if is(&["to_compile_error", "into_compile_error"]) {
            return self.ends(&all, MESSAGE);
        }
        if is(APPENDS) || is(BY_KEY) {
            let given = if is(BY_KEY) { self.without_order(given) } else { given };
            self.put_into(&e.receiver, &given);
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

    pub(super) fn is_function(&self, path: &Path) -> bool {
        path.segments.len() > 1
            || self.functions.contains_key(&last_name(path))
            || !self.meanings(path).iter().all(|m| m.len() < 2)
    }

    pub(super) fn meanings(&self, path: &Path) -> Vec<Vec<String>> {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        match path.leading_colon {
            Some(_) => vec![names],
            None => self.names.meanings(&self.at, &names),
        }
    }

    /// Something is written to a file, or put into a text.
    pub(super) fn write(&mut self, to: &Expr, receiver: &Value, value: &Value) {
        self.put_into(to, value);
        let is_text = receiver.iter().any(|id| self.is(*id, |s| *s == Source::Empty));
        let is_stderr = |f: &Expr| matches!(f, Expr::Path(p) if last_name(&p.path) == "stderr");
        let to_person = matches!(to, Expr::Call(c) if is_stderr(&c.func));
        if !is_text {
            self.receive(value, if to_person { MESSAGE } else { WRITTEN });
        }
    }
}
