//! Does the target's own check of a file tell the truth, and does it nothing else?

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::names;
use super::super::view::View;
use crate::vocabulary::{Answer, Event, Flaw, Generation, Inspection, Question, Request};

/// The subject of files without a flaw.
const GOOD: &str = "good";
/// How many differences a finding names.
const NAMED: usize = 5;

/// A declared check command is there if it takes the file that the reload took.
pub(super) fn is_there(view: &View<'_>) -> Vec<Opinion> {
    let first = view.lives.iter().find_map(|life| checked(life).next());
    vec![
        match first {
            None => Opinion::inconclusive("the run ended before it was asked"),
            Some(answer) if answer.reply.yes => Opinion::met(),
            Some(answer) if answer.flaw.is_some() => {
                Opinion::inconclusive("it was asked of no good file first")
            }
            Some(answer) => Opinion::not_met(Seen::new("a yes to a good file", told(answer)).at(answer.at)),
        }
        .about(Question::CheckCommand.to_string()),
    ]
}

pub(super) fn agrees(view: &View<'_>) -> Vec<Opinion> {
    let there = is_there(view);
    if there
        .iter()
        .any(|opinion| opinion.judgement != Opinion::met().judgement)
    {
        return vec![Opinion::unsupported(
            "there is no check command that takes a good file",
        )];
    }
    let kinds = std::iter::once(None).chain(view.plan.flaws.iter().copied().map(Some));
    let of_kind = |flaw: Option<Flaw>| {
        let both = view.lives.iter().flat_map(|life| {
            let answers = checked(life).filter(move |answer| answer.flaw == flaw);
            answers.filter_map(move |answer| Some((life, answer, delivered(life, answer)?)))
        });
        let opinions: Vec<Opinion> = both
            .map(|(life, answer, write)| compare(view, life, answer, write))
            .collect();
        let trials = opinions.len();
        let opinion = Opinion::weightiest(opinions);
        opinion
            .unwrap_or_else(|| Opinion::inconclusive("no such file was both checked and delivered"))
            .trials(trials)
            .about(flaw.map_or(GOOD, Flaw::name))
    };
    kinds.map(of_kind).collect()
}

fn compare(view: &View<'_>, life: &Life<'_>, answer: &Answer, write: &Write<'_>) -> Opinion {
    let Some(taken) = was_taken(view, life, write) else {
        if answer.flaw.is_none() {
            return Opinion::inconclusive(
                "the good file was neither seen to be served nor said to be refused",
            );
        }
        return Opinion::unsupported("whether the target took or refused such a file cannot be told");
    };
    if taken == answer.reply.yes {
        return Opinion::met();
    }
    let (expected, did) = if taken {
        ("a yes from the check command, as the file was applied", "it said")
    } else {
        ("a no from the check command, as the file was refused", "it said")
    };
    Opinion::not_met(Seen::new(expected, format!("{did} {}", told(answer))).at(answer.at))
}

/// Whether a file was taken, where that can be told: what bears its markers was, and what the target says that it refuses, or
/// refuses at a fresh start, was not.
fn was_taken(view: &View<'_>, life: &Life<'_>, write: &Write<'_>) -> Option<bool> {
    let shows = life.judged().any(|request| names(request, write.generation()));
    let refused = view.is_bad(life, write) || view.says_refused(life, write);
    match (shows, refused) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        // Said to be refused, and applied all the same: that is another check's.
        (true, true) | (false, false) => None,
    }
}

/// The delivery of the file that was checked.
fn delivered<'v, 'a>(life: &'v Life<'a>, answer: &Answer) -> Option<&'v Write<'a>> {
    life.writes
        .iter()
        .find(|write| write.generation() == answer.generation && write.config.flaw == answer.flaw)
}

pub(super) fn is_not_applied(view: &View<'_>) -> Vec<Opinion> {
    let mut asked = 0;
    let mut after = 0;
    let mut wrong: Vec<&Request> = Vec::new();
    let mut named: Option<Generation> = None;
    for life in &view.lives {
        for answer in checked(life) {
            asked += 1;
            let mut later = life.writes.iter();
            let delivered = later.find(|write| write.generation() == answer.generation);
            let until = delivered.map_or(life.asked, |write| write.config.begin);
            let meanwhile: Vec<&Request> = life
                .judged()
                .filter(|request| request.begin >= answer.begin && request.at < until)
                .collect();
            after += meanwhile.len();
            for request in meanwhile {
                if names(request, answer.generation) {
                    named.get_or_insert(answer.generation);
                    wrong.push(request);
                }
            }
        }
    }
    wrong.dedup_by_key(|request| request.id);
    let against = named.map(|generation| {
        Seen::new(
            format!("no answer of {generation}, which was only checked"),
            format!("{} requests got one", wrong.len()),
        )
        .resting_on(&wrong)
    });
    vec![Opinion::of_trials(against, after, 10 * asked.clamp(1, 10))]
}

pub(super) fn leaves_no_trace(view: &View<'_>) -> Vec<Opinion> {
    let mut pairs = 0;
    let mut against = None;
    for life in &view.lives {
        let looks: Vec<&Inspection> = life
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Inspected(inspection) => Some(inspection),
                _ => None,
            })
            .collect();
        for pair in looks.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let between = |answer: &&Answer| answer.begin >= before.at && answer.at <= after.at;
            if checked(life).filter(between).count() == 0 {
                continue;
            }
            pairs += 1;
            let mut all = differences("file", &before.files, &after.files);
            all.extend(differences("socket", &before.sockets, &after.sockets));
            if !all.is_empty() && against.is_none() {
                all.truncate(NAMED);
                let expected = "files and listening sockets as before";
                against = Some(Seen::new(expected, all.join("; ")).at(after.at));
            }
        }
    }
    vec![Opinion::of_trials(against, pairs, 1)]
}

/// What is there no more, and what is there now.
fn differences(what: &str, before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|line| !after.contains(line));
    let new = after.iter().filter(|line| !before.contains(line));
    let gone = gone.map(|line| format!("{what} gone: {line}"));
    gone.chain(new.map(|line| format!("{what} new: {line}")))
        .collect()
}

fn checked<'v>(life: &'v Life<'_>) -> impl Iterator<Item = &'v Answer> {
    life.answers(Question::CheckCommand)
}

/// An answer, in words.
fn told(answer: &Answer) -> String {
    let word = if answer.reply.yes { "yes" } else { "no" };
    let code = answer
        .reply
        .code
        .map_or_else(String::new, |code| format!(" ({code})"));
    let said: String = answer.reply.said.chars().take(400).collect();
    match said.as_str() {
        "" => format!("{word}{code}, and nothing else"),
        _ => format!("{word}{code}: {said}"),
    }
}
