//! How far a complaint about a bad file leads its reader: to the place, and to what was meant.

use regex::Regex;

use super::super::life::Write;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::refusal::{NOT_TOLD, file_name, told};
use super::rejection::for_each_flaw;
use crate::vocabulary::Flaw;

/// A place by words: `line 12, column 5`, `line 12 col 5`, `line 12`. The line is the first group, the column the second.
const IN_WORDS: &str = r"(?i)\blines?:? ?(\d+)(?:[,:]? ?(?:at )?col(?:umn)?:? ?(\d+))?";
/// The same after the name of the file, as compilers write it. After another name it is a place in the target's own source.
const AFTER_NAME: &str = r#"["']?:(\d+)(?::(\d+))?\b"#;

/// Where a complaint says that something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    line: u32,
    column: Option<u32>,
}

pub(super) fn names_place(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let told = told(view, life, write);
        if told.is_empty() {
            return Opinion::unsupported(NOT_TOLD);
        }
        let name = file_name(view);
        let named: Vec<Named> = told.iter().flat_map(|text| places(text, &name)).collect();
        let of_line: Vec<&Named> = named.iter().filter(|named| is_right(write, named.line)).collect();
        let lacks = [
            (!told.iter().any(|text| text.contains(&name)), "file"),
            (of_line.is_empty(), "line"),
            (!of_line.iter().any(|named| named.column.is_some()), "column"),
        ];
        let lacks: Vec<&str> = lacks
            .into_iter()
            .filter(|(lacks, _)| *lacks)
            .map(|(_, what)| what)
            .collect();
        if lacks.is_empty() {
            return Opinion::met().trials(1);
        }
        let expected = match lines(write) {
            (first, u32::MAX) => format!("{name}, line {first} or one after it, and a column"),
            (first, last) if first == last => format!("{name}, line {first}, and a column"),
            (first, last) => format!("{name}, a line from {first} to {last}, and a column"),
        };
        let observed = format!("no {}: {}", lacks.join(", no "), told.join(" / "));
        Opinion::not_met(Seen::new(expected, observed).at(write.told()))
    })
}

/// The lines of the flaw. Text that is none may be noticed as late as at the end of the file, and what was only begun there.
fn lines(write: &Write<'_>) -> (u32, u32) {
    let (first, last) = write.config.odd_lines.unwrap_or((1, u32::MAX));
    match write.config.flaw {
        Some(Flaw::Syntax) => (first.saturating_sub(1).max(1), u32::MAX),
        _ => (first, last),
    }
}

fn is_right(write: &Write<'_>, line: u32) -> bool {
    let (first, last) = lines(write);
    (first..=last).contains(&line)
}

fn places(text: &str, name: &str) -> Vec<Named> {
    let number = |group: Option<regex::Match<'_>>| group.and_then(|digits| digits.as_str().parse().ok());
    let after_name = format!("{}{AFTER_NAME}", regex::escape(name));
    let mut named = Vec::new();
    for pattern in [IN_WORDS, &after_name] {
        let Ok(pattern) = Regex::new(pattern) else {
            continue;
        };
        named.extend(pattern.captures_iter(text).filter_map(|groups| {
            let line = number(groups.get(1))?;
            let column = number(groups.get(2));
            Some(Named { line, column })
        }));
    }
    named
}

pub(super) fn names_nearest(view: &View<'_>) -> Vec<Opinion> {
    let Some(known) = &view.facts.misspelt else {
        return vec![Opinion::unsupported("the target cannot be given a misspelt key")];
    };
    let Ok(word) = Regex::new(&format!(r"(?:^|[^\w-]){}(?:[^\w-]|$)", regex::escape(known))) else {
        return Vec::new();
    };
    for_each_flaw(view, |life, write| {
        let told = told(view, life, write);
        if told.is_empty() {
            return Opinion::unsupported(NOT_TOLD);
        }
        if told.iter().any(|text| word.is_match(text)) {
            return Opinion::met().trials(1);
        }
        Opinion::not_met(Seen::new(format!("a word on `{known}`"), told.join(" / ")).at(write.told()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_as_proxies_write_them() {
        let named = |line, column| vec![Named { line, column }];
        for (text, name, places_in_it) in [
            (
                "rejected: /etc/p/proxy.yaml:12:5: unknown key",
                "proxy.yaml",
                named(12, Some(5)),
            ),
            (
                "unknown directive \"x\" in /etc/nginx.conf:27",
                "nginx.conf",
                named(27, None),
            ),
            (
                "parsing [/etc/haproxy.cfg:27] : unknown keyword",
                "haproxy.cfg",
                named(27, None),
            ),
            (
                "yaml: line 30: mapping values are not allowed",
                "x",
                named(30, None),
            ),
            (
                "error at line 3, column 7: bad conversion",
                "x",
                named(3, Some(7)),
            ),
            ("Line: 3 Col: 7", "x", named(3, Some(7))),
            ("[source/common/lds_api.cc:128] no good", "lds.yaml", vec![]),
            ("at 12:05:33 it was no good", "x", vec![]),
        ] {
            assert_eq!(places(text, name), places_in_it, "{text}");
        }
    }
}
