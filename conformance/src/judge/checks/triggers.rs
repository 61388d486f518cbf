//! What an explicit trigger answers, and what that is worth.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::names;
use super::super::view::View;
use super::effect::older_after;
use super::ms;
use super::rejection::{VALID_HERE, as_before, for_each_flaw};
use crate::vocabulary::{Question, Request, TriggerAnswer};

/// So many acknowledged changes make a case of them.
const LEAST_ACKNOWLEDGED: usize = 5;

pub(super) fn failed_says_so(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let Some((_, at, answer)) = write.trigger else {
            return Opinion::inconclusive("the trigger was not pulled");
        };
        match answer {
            TriggerAnswer::Refused(_) if says_nothing(life, write) => {
                let expected = "a reason with the refusal";
                Opinion::not_met(Seen::new(expected, format!("the answer was: {}", told(answer))).at(at))
            }
            TriggerAnswer::Refused(_) => Opinion::met(),
            // What it takes while it runs it need not refuse, whatever a fresh start says: that is another check's.
            _ if !view.is_bad(life, write) || is_applied(view, life, write) => {
                Opinion::unsupported(VALID_HERE)
            }
            TriggerAnswer::Accepted => {
                let expected = "a refusal: a non-zero exit status, or a status that is not 2xx";
                Opinion::not_met(Seen::new(expected, format!("the answer was: {}", told(answer))).at(at))
            }
            TriggerAnswer::Sent | TriggerAnswer::NotSent(_) => {
                let expected = "an answer";
                Opinion::not_met(Seen::new(expected, told(answer)).at(at))
            }
        }
    })
}

/// Whether nothing at all came with the answer to the trigger of a file.
fn says_nothing(life: &Life<'_>, write: &Write<'_>) -> bool {
    let mut answers = life.answers(Question::Trigger);
    !answers.any(|answer| answer.generation == write.generation() && !answer.reply.said.is_empty())
}

/// Whether a file made a difference to traffic.
fn is_applied(view: &View<'_>, life: &Life<'_>, write: &Write<'_>) -> bool {
    let meanwhile = |request: &Request| request.begin >= write.config.begin && request.at < write.until;
    life.judged().any(|request| {
        names(request, write.generation()) || (meanwhile(request) && !as_before(view, life, request))
    })
}

fn told(answer: &TriggerAnswer) -> String {
    match answer {
        TriggerAnswer::Sent => "the trigger was sent, and answers nothing".to_owned(),
        TriggerAnswer::Accepted => "yes".to_owned(),
        TriggerAnswer::Refused(said) => said.clone(),
        TriggerAnswer::NotSent(why) => format!("the trigger could not be sent: {why}"),
    }
}

pub(super) fn acknowledged_is_effective(view: &View<'_>) -> Vec<Opinion> {
    let acknowledged = view.lives.iter().flat_map(Life::changes);
    let acknowledged = acknowledged
        .filter(|write| write.acknowledged(view.facts).is_some())
        .count();
    if acknowledged < LEAST_ACKNOWLEDGED {
        return vec![Opinion::inconclusive(format!(
            "{acknowledged} changes were acknowledged, at least {LEAST_ACKNOWLEDGED} are needed"
        ))];
    }
    vec![older_after(view, |_, one| one.acknowledged(view.facts), &|at| {
        format!(
            "no older answer to who began after the acknowledgement of {}",
            ms(at)
        )
    })]
}
