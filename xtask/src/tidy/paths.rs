//! Rust source in, the paths that it names out: absolute, each with its line. By the tokens, so comments and strings do not count.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path that a file names, such as `crate::config::Document`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its segments; the first is `crate` for a path of our own.
    pub(super) segments: Vec<String>,
    /// From 1.
    pub(super) line: usize,
}

/// What is walked: the tokens of one group, in the module that they stand in.
struct Walk<'a> {
    named: &'a mut Vec<Named>,
    module: Vec<String>,
}

/// All paths of two segments or more in a file of the given module, test modules left out. `self` and `super` are resolved.
pub(super) fn named(text: &str, module: &[String]) -> Result<Vec<Named>, String> {
    let tokens: TokenStream = text
        .parse()
        .map_err(|error: proc_macro2::LexError| error.to_string())?;
    let mut named = Vec::new();
    let walk = Walk {
        named: &mut named,
        module: module.to_vec(),
    };
    walk.tokens(&tokens.into_iter().collect::<Vec<_>>());
    Ok(named)
}

/// The module of a file below a crate's `src`: `config/parse.rs` is `crate::config::parse`.
pub(super) fn module_of(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let parts = stem.split('/');
    std::iter::once("crate")
        .chain(parts.filter(|part| !matches!(*part, "mod" | "lib" | "main")))
        .map(str::to_owned)
        .collect()
}

impl Walk<'_> {
    fn tokens(mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        let mut is_test = false;
        while at < tokens.len() {
            at = match &tokens[at..] {
                [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] if hash.as_char() == '#' => {
                    is_test |= is_cfg_test(&attribute.stream());
                    at + 2
                }
                [
                    TokenTree::Ident(word),
                    TokenTree::Ident(name),
                    TokenTree::Group(body),
                    ..,
                ] if word == "mod" => {
                    if !std::mem::take(&mut is_test) {
                        let mut module = self.module.clone();
                        module.push(name.to_string());
                        self.within(module, &body.stream());
                    }
                    at + 3
                }
                [TokenTree::Group(group), ..] => {
                    is_test = false;
                    self.within(self.module.clone(), &group.stream());
                    at + 1
                }
                [TokenTree::Punct(punct), ..] if punct.as_char() == ';' => {
                    is_test = false;
                    at + 1
                }
                [TokenTree::Ident(_), ..] => self.path(tokens, at, &[]),
                _ => at + 1,
            };
        }
    }

    fn within(&mut self, module: Vec<String>, tokens: &TokenStream) {
        let walk = Walk {
            named: self.named,
            module,
        };
        walk.tokens(&tokens.clone().into_iter().collect::<Vec<_>>());
    }

    /// Reads the path that begins at `at`, and says where it ends. A group in it is a list of paths that go on from here.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, before: &[String]) -> usize {
        let mut segments = before.to_vec();
        let line = tokens[at].span().start().line;
        while let Some(TokenTree::Ident(segment)) = tokens.get(at) {
            segments.push(segment.to_string());
            at += 1;
            if !is_separator(tokens, at) {
                break;
            }
            at += 2;
            if let Some(TokenTree::Group(list)) = tokens.get(at)
                && list.delimiter() == Delimiter::Brace
            {
                self.list(&list.stream().into_iter().collect::<Vec<_>>(), &segments);
                return at + 1;
            }
        }
        if segments.len() > 1
            && let Some(segments) = self.resolved(&segments)
        {
            self.named.push(Named { segments, line });
        }
        at
    }

    fn list(&mut self, tokens: &[TokenTree], before: &[String]) {
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Ident(word) if word == "as" => at + 2,
                TokenTree::Ident(_) => self.path(tokens, at, before),
                _ => at + 1,
            };
        }
    }

    /// The path from the root of the crate, or as it is where it begins with something else.
    fn resolved(&self, segments: &[String]) -> Option<Vec<String>> {
        let mut module = self.module.clone();
        let mut rest = segments;
        let mut is_relative = false;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "self" => is_relative = true,
                "super" => {
                    is_relative = true;
                    module.pop()?;
                }
                _ => break,
            }
            rest = others;
        }
        Some(if is_relative {
            [module, rest.to_vec()].concat()
        } else {
            rest.to_vec()
        })
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

fn is_cfg_test(attribute: &TokenStream) -> bool {
    attribute.to_string().replace(' ', "").starts_with("cfg(test)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let module = module_of("config/parse.rs");
        let named = named(text, &module).unwrap();
        named
            .iter()
            .map(|it| format!("{}:{}", it.line, it.segments.join("::")))
            .collect()
    }

    #[test]
    fn modules_are_read_from_file_names() {
        assert_eq!(module_of("config/mod.rs"), ["crate", "config"]);
        assert_eq!(module_of("config/parse.rs"), ["crate", "config", "parse"]);
        assert_eq!(module_of("lib.rs"), ["crate"]);
    }

    #[test]
    fn groups_are_taken_apart() {
        assert_eq!(
            paths("use crate::{a::B,\n  c::{self, D as E}};"),
            ["1:crate::a::B", "2:crate::c::self", "2:crate::c::D"]
        );
    }

    #[test]
    fn super_and_self_are_resolved() {
        assert_eq!(
            paths("use super::x::Y;\nmod m { fn f() { super::g::h(); } }"),
            ["1:crate::config::x::Y", "2:crate::config::parse::g::h"]
        );
        assert_eq!(paths("use super::super::runtime::R;"), ["1:crate::runtime::R"]);
    }

    #[test]
    fn paths_in_bodies_and_macros_count_and_comments_do_not() {
        assert_eq!(
            paths("fn f() { print!(\"{}\", std::fs::read(p)); }\n// crate::a::b\nconst S: &str = \"c::d\";"),
            ["1:std::fs::read"]
        );
    }

    #[test]
    fn test_modules_are_left_out() {
        assert_eq!(
            paths("#[cfg(test)]\nmod tests { use crate::runtime::R; }\nmod m { use a::b; }"),
            ["3:a::b"]
        );
    }
}
