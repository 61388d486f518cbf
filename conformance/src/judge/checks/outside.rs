//! Included files that lie outside the configuration's folder: whether what is documented of them holds.

use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::members::{Move, asked_of, missed, moves_by_link};
use super::ms;
use crate::vocabulary::{Outcome, Outside, OutsideStart, Request};

/// By a link to a file there, and by `..`.
pub(super) fn is_as_declared(view: &View<'_>) -> Vec<Opinion> {
    let Some(policy) = view.facts.outside else {
        return vec![Opinion::unsupported("nothing is documented of such files")];
    };
    let mut trials = 0;
    let mut by_link = Vec::new();
    for life in &view.lives {
        for it in moves_by_link(life) {
            trials += 1;
            by_link.extend(match policy {
                Outside::Followed => missed(view, life, &it),
                Outside::Refused => taken(view, &it, &asked_of(life, &it)),
            });
        }
    }
    let by_link = match Opinion::weightiest(by_link) {
        Some(opinion) => opinion.trials(trials),
        None => Opinion::of_trials(None, trials, 1),
    };
    let starts = view.outside_starts.iter();
    let by_dots = Opinion::weightiest(starts.map(|start| started(view, policy, start)));
    vec![
        by_link.about("link"),
        by_dots
            .unwrap_or_else(|| Opinion::inconclusive("the run ended before"))
            .about(".."),
    ]
}

/// Where such files are refused: what there is to say of one that was served.
fn taken(view: &View<'_>, it: &Move<'_>, asked: &[&Request]) -> Option<Opinion> {
    let is_taken = |request: &&Request| match &request.outcome {
        Outcome::Answered { markers, .. } => markers.is_apart(view.facts.origins),
        _ => false,
    };
    let taken: Vec<&Request> = asked.iter().copied().filter(is_taken).collect();
    if !it.comes {
        return None;
    }
    if taken.is_empty() {
        let is_answer = |request: &&Request| matches!(request.outcome, Outcome::Answered { .. });
        let why = "nobody was answered in its paths while it was there";
        return (!asked.iter().any(is_answer)).then(|| Opinion::inconclusive(why));
    }
    let expected = format!("{} is not served, as it lies outside", it.file);
    let observed = format!("{} requests were answered by its route", taken.len());
    Some(Opinion::not_met(Seen::new(expected, observed).resting_on(&taken)))
}

/// A fresh start on files there.
fn started(view: &View<'_>, policy: Outside, start: &OutsideStart) -> Opinion {
    let seen =
        |expected: &str, observed: String| Opinion::not_met(Seen::new(expected, observed).at(start.at));
    // What was not served on a machine that was held up might have been.
    if let Some(why) = view.starved(start.begin, start.at, start.at.saturating_sub(start.begin))
        && !start.served
    {
        return Opinion::inconclusive(why);
    }
    match (policy, start.served) {
        (Outside::Followed, true) | (Outside::Refused, false) => Opinion::met(),
        (Outside::Refused, true) => seen("what lies outside is not served", "it was".to_owned()),
        (Outside::Followed, false) => {
            let within = ms(start.at.saturating_sub(start.begin));
            let observed = match start.exited {
                Some(code) => format!("the process ended with exit code {code}"),
                None => format!("it was not within {within}"),
            };
            seen("what lies outside is served after a fresh start", observed)
        }
    }
}
