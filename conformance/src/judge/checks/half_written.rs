//! What a file may do that is only begun to be written: nothing.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::names;
use super::super::view::View;
use super::ms;
use super::rejection::{VALID_HERE, as_before, describe_markers};
use crate::vocabulary::{Flaw, Nanos, Request};

/// Below so many requests during the pause, what they got says too little.
const LEAST_MEANWHILE: usize = 20;

/// One opinion a delivery pattern whose writer pauses.
pub(super) fn changes_nothing(view: &View<'_>) -> Vec<Opinion> {
    let mut opinions = Vec::new();
    for life in &view.lives {
        for write in life.changes() {
            if let Some(resumed) = write.config.resumed {
                opinions.push(while_paused(view, life, write, resumed).about(life.delivery.name()));
            }
        }
    }
    opinions
}

fn while_paused(view: &View<'_>, life: &Life<'_>, write: &Write<'_>, resumed: Nanos) -> Opinion {
    // An empty file is nobody's configuration, though some accept it. Of two thirds of one, the target is asked.
    let what = match write.config.delivery.pauses_on() {
        Some(Flaw::Empty) => "the file was empty",
        Some(flaw) => match view.refuses_at_start(flaw) {
            Some(true) => "two thirds of the file were there",
            Some(false) => return Opinion::unsupported(VALID_HERE),
            None => return Opinion::inconclusive("such a file was not tried at a fresh start"),
        },
        None if write.config.delivery.pauses() => "a part of the file was there, and its writer still at it",
        None => return Opinion::inconclusive("the writer did not pause"),
    };
    // What was over before the rest was there cannot stem from the whole file.
    let meanwhile: Vec<&Request> = life
        .traffic()
        .filter(|request| request.at >= write.config.begin && request.at < resumed)
        .collect();
    let is_wrong = |request: &&Request| names(request, write.generation()) || !as_before(view, life, request);
    let wrong: Vec<&Request> = meanwhile.iter().copied().filter(is_wrong).collect();
    if let Some(why) = view.starved_of_answers(wrong.iter().copied()) {
        return Opinion::inconclusive(why);
    }
    let against = wrong.first().map(|first| {
        Seen::new(
            format!(
                "every answer before {} is wholly of an older generation",
                ms(resumed)
            ),
            format!(
                "while {what}, {} of {} requests: {}",
                wrong.len(),
                meanwhile.len(),
                describe_markers(first)
            ),
        )
        .resting_on(&wrong)
    });
    Opinion::of_trials(against, meanwhile.len(), LEAST_MEANWHILE)
}
