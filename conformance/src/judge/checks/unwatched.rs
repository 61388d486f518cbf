//! What becomes of a target that is given no inotify watch.

use regex::Regex;

use super::super::life::{Life, Write};
use super::super::opinion::{Judgement, Opinion, Seen};
use super::super::view::View;
use super::effect::late;
use crate::vocabulary::Event;

/// What is taken for a word of it: the kernel's own, in the words of C and Go, or one of failure beside one of watching. A target has no say in this, so that
/// it is wide.
const SAID: &str = r"(?ix) no\ space\ left\ on\ device | ENOSPC | watch(es)?\ limit
    | \b(cannot|can't|could\ ?n[o']t|unable|fail|failed|failure|failing|error|disabled|unavailable|not\ available)\b .{0,120} (watch|inotify)
    | (watch|inotify) .{0,120} \b(cannot|could\ not|unable|fail|fails|failed|failure|error|disabled|unavailable|not\ available|exhausted|exceeded)\b";
/// How many changes a target is given without a watch.
const LEAST_CHANGES: usize = 2;

/// Whether it is a life without watches.
fn is_without(life: &Life<'_>) -> bool {
    let withheld = |event: &&Event| matches!(event, Event::WatchesWithheld { failed: None, .. });
    life.events.iter().any(withheld)
}

/// The lives of processes that have no reason not to serve. One that is given no watch may end before there is any change, which is judged here alone.
pub(super) fn bound_to_serve<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'v Life<'a>> {
    view.lives
        .iter()
        .filter(|life| !(is_without(life) && life.writes.is_empty()))
}

/// How many watches it has, as often as that could be seen.
fn counted(life: &Life<'_>) -> impl Iterator<Item = u64> {
    life.events.iter().filter_map(|event| match event {
        Event::Watches { count, .. } => *count,
        _ => None,
    })
}

/// A life without watches, or why there is none to judge by.
fn tried<'v, 'a>(view: &'v View<'a>) -> Result<&'v Life<'a>, Judgement> {
    let mut events = view.lives.iter().flat_map(|life| &life.events);
    let failed = events.find_map(|event| match event {
        Event::WatchesWithheld { failed, .. } => failed.as_deref(),
        _ => None,
    });
    if let Some(failed) = failed {
        return Err(Judgement::Unsupported(format!(
            "watches cannot be withheld from the target here: {failed}"
        )));
    }
    let Some(life) = view.lives.iter().find(|life| is_without(life)) else {
        return Err(Judgement::Inconclusive(
            "it was never started without watches".to_owned(),
        ));
    };
    match counted(life).find(|count| *count > 0) {
        Some(count) => Err(Judgement::Inconclusive(format!(
            "it had {count} watches where it was to have none"
        ))),
        None => Ok(life),
    }
}

/// Whether it was said that there is no watch. The pattern is a constant, and a test compiles it.
fn is_said(life: &Life<'_>) -> bool {
    let said = Regex::new(SAID);
    said.is_ok_and(|said| life.logs.iter().any(|(_, line)| said.is_match(line)))
}

/// Whether it ended by itself before there was any change.
fn gave_up(life: &Life<'_>) -> bool {
    life.exited.is_some() && life.writes.is_empty()
}

pub(super) fn is_reported(view: &View<'_>) -> Vec<Opinion> {
    let life = match tried(view) {
        Ok(life) => life,
        Err(judgement) => return vec![Opinion::new(judgement)],
    };
    let usual = view.lives.iter().filter(|life| !is_without(life));
    let opinion = match usual.flat_map(counted).max() {
        _ if is_said(life) => Opinion::met().trials(1).for_good(),
        Some(0) => {
            Opinion::unsupported("it has no inotify watch at other times either, so that nothing is wanting")
        }
        None => Opinion::inconclusive("whether it has watches at other times may not be seen"),
        // What has neither ended nor had its changes may still have had to say it.
        Some(_) if life.abandoned.is_none() && life.changes().count() < LEAST_CHANGES && !gave_up(life) => {
            Opinion::inconclusive("the run ended before")
        }
        Some(_) => {
            let expected = "a line of the log that says that files cannot be watched";
            let observed = match life.logs.last() {
                Some((_, last)) => format!("none of {} lines does; the last: {last}", life.logs.len()),
                None => "nothing was logged".to_owned(),
            };
            Opinion::not_met(Seen::new(expected, observed).at(life.began))
        }
    };
    vec![opinion]
}

pub(super) fn changes_are_found(view: &View<'_>) -> Vec<Opinion> {
    let life = match tried(view) {
        Ok(life) => life,
        Err(judgement) => return vec![Opinion::new(judgement)],
    };
    if gave_up(life) {
        return vec![Opinion::unsupported(
            "it does not serve without a watch: nothing that it serves grows old",
        )];
    }
    if let Some(Event::NotReady { at, seen }) = life
        .events
        .iter()
        .find(|event| matches!(event, Event::NotReady { .. }))
    {
        let bound = view.facts.ready_within_ms.saturating_mul(1_000_000);
        if let Some(why) = view.starved(life.began, *at, bound) {
            return vec![Opinion::inconclusive(why)];
        }
        let expected = "without a watch it serves its first configuration, or ends";
        return vec![Opinion::not_met(Seen::new(expected, seen.clone()).at(*at))];
    }
    let awaited: Vec<&Write<'_>> = life.changes().filter(|write| write.awaited).collect();
    let late = awaited
        .iter()
        .filter_map(|write| late(view, life, write, "a change without a watch"));
    let opinion = Opinion::weightiest(late);
    vec![opinion.unwrap_or_else(|| Opinion::of_trials(None, awaited.len(), LEAST_CHANGES))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_for_a_word_of_it() {
        let said = Regex::new(SAID).unwrap();
        for line in [
            "WARN cannot watch directory=/etc error=OS file watch limit reached.",
            "error adding file watcher: no space left on device",
            "unable to add filesystem watch for file /a: No space left on device",
            "inotify_add_watch() failed (28: ENOSPC)",
            "file watching is disabled",
        ] {
            assert!(said.is_match(line), "{line}");
        }
        for line in [
            "INFO watching /etc/proxy.yaml",
            "using inotify",
            "polling every 5 s",
            "config rejected: error in line 3",
        ] {
            assert!(!said.is_match(line), "{line}");
        }
    }
}
