//! How a bad file is told of: with its cause, and once.

use std::path::Path;

use regex::Regex;

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::ms;
use super::rejection::for_each_flaw;
use crate::vocabulary::{Nanos, TriggerAnswer};

/// How near to the line of a rejection another one belongs to it: a record may take several lines.
const NEIGHBOURS: Nanos = 250 * MS;
/// For how long past the apply bound nothing may be told again.
const LEAST_SILENCE: Nanos = 500 * MS;

pub(super) const NOT_TOLD: &str = "no rejection was told of, so nothing of it can be judged";

pub(super) fn names_cause(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let told = told(view, life, write);
        if told.is_empty() {
            return Opinion::unsupported(NOT_TOLD);
        }
        if told.iter().any(|line| names(view, write, line)) {
            return Opinion::met();
        }
        let file = file_name(view);
        let words = write.config.oddities.join(", ");
        let expected = match words.as_str() {
            "" => format!("a word on the cause: {file}, or a line in it"),
            _ => format!("a word on the cause: {file}, a line in it, or one of {words}"),
        };
        Opinion::not_met(Seen::new(expected, told.join(" / ")).at(write.told()))
    })
}

/// All that was said of a rejection: the answer of the trigger, the line in the log, and lines near it.
pub(super) fn told(view: &View<'_>, life: &Life<'_>, write: &Write<'_>) -> Vec<String> {
    let mut told = Vec::new();
    if let Some((_, _, TriggerAnswer::Refused(said))) = write.trigger {
        told.push(said.clone());
    }
    let record = view
        .rejected
        .as_ref()
        .and_then(|pattern| Some(life.lines(pattern, write.config.begin, write.until).first()?.0));
    if let Some(at) = record {
        let from = at.saturating_sub(NEIGHBOURS).max(write.config.begin);
        let to = at.saturating_add(NEIGHBOURS).min(write.until);
        told.extend(life.records(from, to).map(|(_, line)| line.to_owned()));
    }
    told
}

fn names(view: &View<'_>, write: &Write<'_>, line: &str) -> bool {
    let place = Regex::new(r"(?i)\bline:? ?\d").is_ok_and(|place| place.is_match(line));
    let quoted = || {
        write
            .config
            .oddities
            .iter()
            .any(|word| line.contains(word.as_str()))
    };
    place || line.contains(&file_name(view)) || quoted()
}

pub(super) fn file_name(view: &View<'_>) -> String {
    let name = Path::new(view.config_path).file_name();
    name.map_or_else(
        || "the file".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

pub(super) fn is_told_once(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.rejected else {
        return vec![Opinion::unsupported("the target has no record of a rejection")];
    };
    for_each_flaw(view, |life, write| {
        if !view.says_refused(life, write) {
            return Opinion::unsupported(NOT_TOLD);
        }
        // What is said within the bound is said of the change; what comes later is said of a file that did not change.
        let still = write.told().saturating_add(view.apply_bound());
        let until = write.until.min(life.asked);
        let again = life.lines(pattern, still, until);
        if let Some((at, line)) = again.first() {
            let expected = format!("no more of it from {} on, as the file did not change", ms(still));
            let observed = format!("{} records more; the first of them: {line}", again.len());
            return Opinion::not_met(Seen::new(expected, observed).at(*at));
        }
        if until.saturating_sub(still) < LEAST_SILENCE {
            return Opinion::inconclusive("the file did not stay for long enough");
        }
        Opinion::met()
    })
}
