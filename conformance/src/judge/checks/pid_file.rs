//! What stands in the PID file, and what becomes of it.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::ms;
use crate::vocabulary::{Event, PidFileLook, Whose};

/// After the start, and after each of three files.
const LEAST_LOOKS: usize = 4;

fn looks<'a>(life: &Life<'a>) -> impl Iterator<Item = &'a PidFileLook> {
    life.events.iter().filter_map(|event| match event {
        Event::PidFile(look) => Some(look),
        _ => None,
    })
}

pub(super) fn names_it(view: &View<'_>) -> Vec<Opinion> {
    let mut trials = 0;
    let mut opinions = Vec::new();
    for life in &view.lives {
        for look in looks(life) {
            match look.ended {
                None => {
                    trials += 1;
                    opinions.extend(untrue(view, life, look));
                }
                Some(false) => opinions.push(unmoved(view, look)),
                Some(true) => {}
            }
        }
    }
    let against = Opinion::weightiest(opinions);
    let opinion = against.unwrap_or_else(|| Opinion::of_trials(None, trials, LEAST_LOOKS));
    vec![opinion.trials(trials)]
}

/// What speaks against what stood there while it was to be true.
fn untrue(view: &View<'_>, life: &Life<'_>, look: &PidFileLook) -> Option<Opinion> {
    if look.is_true() {
        return None;
    }
    if life.exited.is_some_and(|exited| exited <= look.at) {
        return Some(Opinion::inconclusive("the process had ended"));
    }
    if let Some(why) = view.starved(look.begin, look.at, view.apply_bound()) {
        return Some(Opinion::inconclusive(why));
    }
    let observed = match (&look.said, look.whose) {
        (None, _) => "there was no such file".to_owned(),
        (Some(said), None) => format!("it held {said:?}, which is no number"),
        (Some(said), Some(whose)) => format!("{} is the number of {}", said.trim(), words(whose)),
    };
    let after = life.writes.iter().rfind(|write| write.config.begin <= look.begin);
    let when = after.map_or_else(
        || "after the start".to_owned(),
        |write| match write.config.flaw {
            Some(flaw) => format!("after a bad file ({flaw})"),
            None => format!("after {}", write.generation()),
        },
    );
    let expected = format!("the number of a living process of the target, {when}");
    Some(Opinion::not_met(Seen::new(expected, observed).at(look.at)))
}

fn words(whose: Whose) -> &'static str {
    match whose {
        Whose::Started => "the process that was started",
        Whose::Another => "another process of the target",
        Whose::Stranger => "a process that is none of the target",
        Whose::Nobody => "no process that lives",
    }
}

/// The one that was asked to stop was not the one to ask.
fn unmoved(view: &View<'_>, look: &PidFileLook) -> Opinion {
    let bound = view.facts.stop_within_ms.saturating_mul(super::super::view::MS);
    if let Some(why) = view.starved(look.begin, look.at, bound) {
        return Opinion::inconclusive(why);
    }
    let expected = format!(
        "the process that was started ends within {} of the signal to the one that the file names",
        ms(bound)
    );
    Opinion::not_met(Seen::new(expected, "it went on").at(look.at))
}

pub(super) fn goes(view: &View<'_>) -> Vec<Opinion> {
    let facts = view.facts.pid_file;
    if facts.is_some_and(|facts| facts.stays) {
        return vec![Opinion::unsupported("it is documented that the file stays")];
    }
    let lives = view.lives.iter();
    let last = lives.flat_map(looks).filter(|look| look.ended == Some(true));
    let opinions = last.map(|look| match &look.said {
        None => Opinion::met(),
        Some(said) => {
            let observed = format!("it was there, and held {said:?}");
            Opinion::not_met(Seen::new("no PID file once the process has ended", observed).at(look.at))
        }
    });
    let opinion = Opinion::weightiest(opinions);
    let is_wrong = |look: &PidFileLook| look.ended == Some(false) || !look.is_true();
    let why = if view.lives.iter().flat_map(looks).last().is_some_and(is_wrong) {
        Opinion::unsupported("the file named no process whose end could be brought about")
    } else {
        Opinion::inconclusive("no process was seen to stop")
    };
    vec![opinion.unwrap_or(why)]
}
