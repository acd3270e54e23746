//! The sources of an expression, and of the names and literals in it.
//! Everything that may contribute does, for instance both arms of a branch and all elements of a list.

use syn::visit::Visit;
use syn::{Block, Expr, Lit, Member, Pat, Path, Stmt};

use super::{ESCAPES, Flow, MESSAGE, Source, UNORDERED, Value, is_ordered, united};
use crate::check::rust::command;
use crate::check::rust::tables::{Code, FILES, NATIVE_FLAGS, VARIABLES, What};
use crate::check::rust::walk::last_name;

impl Flow<'_> {
    pub(super) fn block(&mut self, block: &Block) -> Value {
        let mut value = Value::new();
        for stmt in &block.stmts {
            value = match stmt {
                Stmt::Local(local) => {
                    if let Some(init) = &local.init {
                        let mut value = self.eval(&init.expr);
                        if matches!(&local.pat, Pat::Type(t) if is_ordered(&t.ty)) {
                            value = self.without_order(value);
                        }
                        self.bind(&local.pat, &value);
                        if let Some((_, other)) = &init.diverge {
                            self.eval(other);
                        }
                    }
                    self.local(local);
                    Value::new()
                }
                Stmt::Item(item) => {
                    self.visit_item(item);
                    Value::new()
                }
                Stmt::Expr(expr, None) => self.eval(expr),
                Stmt::Expr(expr, Some(_)) => {
                    let value = self.eval(expr);
                    self.stands_alone(expr, &value);
                    Value::new()
                }
                Stmt::Macro(stmt) => self.invocation(&stmt.mac),
            };
        }
        value
    }

    pub(super) fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Value {
        united(exprs.into_iter().map(|e| self.eval(e)).collect::<Vec<_>>())
    }

    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Array(e) => self.all(&e.elems),
            Expr::Tuple(e) => self.all(&e.elems),
            Expr::Repeat(e) => self.eval(&e.expr),
            Expr::Await(e) => self.eval(&e.base),
            Expr::Cast(e) => self.eval(&e.expr),
            Expr::Group(e) => self.eval(&e.expr),
            Expr::Paren(e) => self.eval(&e.expr),
            Expr::Reference(e) => self.eval(&e.expr),
            Expr::Try(e) => self.eval(&e.expr),
            Expr::Unary(e) => self.eval(&e.expr),
            Expr::Index(e) => {
                self.eval(&e.index);
                self.eval(&e.expr)
            }
            Expr::Range(e) => self.all(e.start.iter().chain(&e.end).map(|e| &**e)),
            Expr::Block(e) => self.block(&e.block),
            Expr::Unsafe(e) => self.block(&e.block),
            Expr::Async(e) => self.block(&e.block),
            Expr::Const(e) => self.block(&e.block),
            Expr::Loop(e) => self.block(&e.body),
            Expr::While(e) => {
                self.eval(&e.cond);
                self.block(&e.body)
            }
            Expr::ForLoop(e) => {
                let mut value = self.eval(&e.expr);
                value.extend(self.order_of(&e.expr, e.for_token.span));
                // Only what has an effect hands on an order.
                self.receive_order(&value, UNORDERED);
                let outer = self.elements.clone();
                self.bind_element(&e.pat, &value);
                let last = self.block(&e.body);
                if let Some(Stmt::Expr(expr, None)) = e.body.stmts.last() {
                    self.stands_alone(expr, &last);
                }
                self.elements = outer;
                Value::new()
            }
            Expr::If(e) => {
                self.eval(&e.cond);
                let mut value = self.block(&e.then_branch);
                if let Some((_, other)) = &e.else_branch {
                    value.extend(self.eval(other));
                }
                value
            }
            Expr::Match(e) => {
                let on = self.eval(&e.expr);
                let mut value = Value::new();
                for arm in &e.arms {
                    self.bind(&arm.pat, &on);
                    value.extend(self.eval(&arm.body));
                }
                value
            }
            Expr::Let(e) => {
                let value = self.eval(&e.expr);
                self.bind(&e.pat, &value);
                Value::new()
            }
            Expr::Closure(e) => self.eval(&e.body),
            Expr::Return(e) => {
                let value = self.all(e.expr.iter().map(|e| &**e));
                let scope = self.scope.clone();
                self.returned(&scope, &value);
                Value::new()
            }
            Expr::Break(e) => self.all(e.expr.iter().map(|e| &**e)),
            Expr::Assign(e) => {
                let value = self.eval(&e.right);
                self.put_into(&e.left, &value);
                Value::new()
            }
            Expr::Binary(e) => self.binary(e),
            Expr::Struct(e) => {
                let mut all = self.all(e.rest.iter().map(|e| &**e));
                for field in &e.fields {
                    let value = self.eval(&field.expr);
                    if let Member::Named(name) = &field.member {
                        self.put(".", name.to_string(), &value);
                    }
                    all.extend(value);
                }
                all
            }
            Expr::Field(e) => {
                let value = self.eval(&e.base);
                match &e.member {
                    Member::Named(name) => united([value, self.get(".", &name.to_string())]),
                    Member::Unnamed(_) => value,
                }
            }
            Expr::Lit(e) => self.literal(&e.lit),
            Expr::Macro(e) => self.invocation(&e.mac),
            Expr::Path(e) => self.name(&e.path),
            Expr::Call(e) => self.call(e),
            Expr::MethodCall(e) => self.method_call(e),
            _ => Value::new(),
        }
    }

    pub(super) fn binary(&mut self, e: &syn::ExprBinary) -> Value {
        use syn::BinOp::*;
        let (left, right) = (self.eval(&e.left), self.eval(&e.right));
        let both = united([left, right.clone()]);
        match e.op {
            Eq(_) | Ne(_) | Lt(_) | Le(_) | Gt(_) | Ge(_) | And(_) | Or(_) => {
                self.compared(&both, What::compares)
            }
            AddAssign(_) | SubAssign(_) | MulAssign(_) | BitXorAssign(_) | BitOrAssign(_) => {
                if matches!(e.op, AddAssign(_)) && !self.is_unordered(&e.left) {
                    self.receive_order(&right, ESCAPES);
                }
                self.put_into(&e.left, &right);
                Value::new()
            }
            _ => both,
        }
    }

    /// What is only compared, or looked for, tells nothing of itself if it is `quiet` then; nothing goes on.
    pub(super) fn compared(&mut self, value: &Value, quiet: fn(What) -> bool) -> Value {
        let known = |s: &Source| matches!(s, Source::Known(what, _) if quiet(*what));
        let known: Value = value.iter().copied().filter(|id| self.is(*id, known)).collect();
        self.receive(&known, MESSAGE);
        self.receive_order(value, UNORDERED);
        Value::new()
    }

    pub(super) fn literal(&mut self, lit: &Lit) -> Value {
        let Lit::Str(text) = lit else { return Value::new() };
        let value = text.value();
        let mut found = Value::new();
        if let Some((name, what)) = FILES.iter().find(|(name, _)| *name == value) {
            let file = Source::Known(*what, format!("the file `{name}`"));
            found.insert(self.source(file, text.span()));
        }
        let native = NATIVE_FLAGS.iter().find(|flag| value.contains(**flag));
        if let (Some(flag), Code::BuildScript) = (native, self.code) {
            let flag = Source::Known(What::NativeCpu, format!("`{flag}`"));
            found.insert(self.source(flag, text.span()));
        }
        let matters = || {
            VARIABLES.iter().any(|(name, _)| *name == value)
                || value.contains("cargo:")
                || command::matters(&value)
        };
        if !value.is_empty() && matters() {
            found.insert(self.source(Source::Text(value), text.span()));
        }
        found
    }

    /// The variable or field that an expression is, or is part of.
    pub(super) fn base(&self, expr: &Expr) -> Option<(String, String)> {
        match expr {
            Expr::Path(e) => Some((self.scope.clone(), e.path.get_ident()?.to_string())),
            Expr::Field(e) => match &e.member {
                Member::Named(name) => Some((".".to_string(), name.to_string())),
                Member::Unnamed(_) => self.base(&e.base),
            },
            Expr::Reference(e) => self.base(&e.expr),
            Expr::Paren(e) => self.base(&e.expr),
            Expr::Unary(e) => self.base(&e.expr),
            Expr::Index(e) => self.base(&e.expr),
            Expr::Try(e) => self.base(&e.expr),
            Expr::MethodCall(e) => self.base(&e.receiver),
            _ => None,
        }
    }

    pub(super) fn put_into(&mut self, expr: &Expr, value: &Value) {
        if let Some((scope, name)) = self.base(expr) {
            self.put(&scope, name, value);
        }
    }

    pub(super) fn name(&mut self, path: &Path) -> Value {
        let any = !self.vars.is_empty() || !self.elements.is_empty();
        if let Some(name) = path.get_ident().filter(|_| any) {
            let name = name.to_string();
            for scope in [self.scope.clone(), String::new()] {
                let key = (scope.clone(), name.clone());
                if self.elements.contains_key(&name) || self.vars.contains_key(&key) {
                    return self.get(&scope, &name);
                }
            }
        }
        if self.vars.is_empty() {
            return self.apply(path, &[], &[]);
        }
        let value = self.get("", &last_name(path));
        if value.is_empty() { self.apply(path, &[], &[]) } else { value }
    }
}
