//! What is compiled in without any code that runs: `env!` and `option_env!` of what differs from
//! builder to builder, and files that are included by a path of the machine.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::Lit;
use syn::visit::Visit;

use super::macros::leading_literal;
use super::tables::{Code, CodeRead, FOR_BUILD_SCRIPTS, INCLUDES, OF_CARGO, PRIVATE, QUOTES, What};
use super::walk::{Look, Node, Walk, last_name};

/// What a file compiles in, and whether it knows SOURCE_DATE_EPOCH.
pub(super) fn of(file: &syn::File, code: Code) -> (Vec<CodeRead>, bool) {
    let mut reader = Reader { code, found: Vec::new(), knows_epoch: false };
    Walk(&mut reader).visit_file(file);
    (reader.found, reader.knows_epoch)
}

struct Reader {
    code: Code,
    found: Vec<CodeRead>,
    knows_epoch: bool,
}

impl<'a> Look<'a> for Reader {
    fn see(&mut self, node: Node<'a>) -> bool {
        match node {
            Node::Attribute => return false,
            // An exported macro is code of the crates that call it.
            Node::ItemMacro(item)
                if item.attrs.iter().any(|a| a.path().is_ident("macro_export")) =>
            {
                return false;
            }
            Node::Macro(mac) => {
                self.invocation(&last_name(&mac.path), mac.tokens.clone());
                return false;
            }
            Node::Lit(Lit::Str(text)) => self.text(&text.value()),
            _ => {}
        }
        true
    }
}

impl Reader {
    fn text(&mut self, text: &str) {
        self.knows_epoch |= text.contains("SOURCE_DATE_EPOCH");
    }

    fn note(&mut self, what: What, detail: String, span: Span) {
        self.found.push(CodeRead { what, detail, line: span.start().line, emitted: true });
    }

    fn invocation(&mut self, name: &str, tokens: TokenStream) {
        match name {
            _ if QUOTES.contains(&name) => {}
            _ if INCLUDES.contains(&name) => self.include(name, tokens),
            "env" | "option_env" => self.env(tokens),
            _ => self.tokens(tokens),
        }
    }

    fn env(&mut self, tokens: TokenStream) {
        let first = tokens.clone().into_iter().next();
        let (Some(name), Some(first)) = (leading_literal(&tokens), first) else {
            return self.tokens(tokens);
        };
        self.text(&name);
        let of_cargo = FOR_BUILD_SCRIPTS.contains(&name.as_str());
        if PRIVATE.contains(&name.as_str()) && !(self.code == Code::BuildScript && of_cargo) {
            self.note(What::EnvMacro, name, first.span());
        }
    }

    /// A file of the build's own directories is the same for everyone; one of the machine is not.
    fn include(&mut self, name: &str, tokens: TokenStream) {
        let Some(first) = tokens.clone().into_iter().next() else { return };
        let absolute = |path: &str| {
            let drive = path.as_bytes().get(1) == Some(&b':');
            path.starts_with(['/', '\\']) || drive
        };
        match leading_literal(&tokens) {
            Some(path) if absolute(&path) => {
                self.note(What::Include, format!("{name}!(\"{path}\")"), first.span());
            }
            Some(_) => {}
            None => {
                let mut inner =
                    Reader { code: Code::Target, found: Vec::new(), knows_epoch: false };
                inner.tokens(tokens);
                let of_machine = |f: &CodeRead| !OF_CARGO.contains(&f.detail.as_str());
                for found in inner.found.into_iter().filter(of_machine) {
                    let detail = format!("{name}! of the variable {}", found.detail);
                    self.note(What::Include, detail, first.span());
                }
            }
        }
    }

    /// Macros anywhere in the tokens of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut called: Option<String> = None;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(name) => {
                    let bang =
                        matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '!');
                    called = bang.then(|| name.to_string());
                }
                TokenTree::Punct(p) if p.as_char() == '!' => {}
                TokenTree::Group(group) => {
                    self.invocation(called.take().as_deref().unwrap_or_default(), group.stream());
                }
                TokenTree::Literal(literal) => {
                    called = None;
                    self.text(&literal.to_string());
                }
                TokenTree::Punct(_) => called = None,
            }
        }
    }
}
