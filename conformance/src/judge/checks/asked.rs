//! What a target tells of itself when it is asked: status, metrics, its admin listener; and who may give it orders.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::names;
use super::super::view::View;
use super::effect::older_after;
use super::{check_command, group, limits, ms, streams, tls, tunnels};
use crate::vocabulary::{Answer, Expected, Lack, Nanos, Question, Reply, Request, metric, read};

/// What is declared by a section of its own, and asked for on a fresh process first.
const DECLARED: [Question; 4] = [
    Question::Status,
    Question::Metrics,
    Question::Admin,
    Question::Version,
];
/// So many changes have to be counted for the word that none is lost.
const LEAST_COUNTED: usize = 3;
/// So many requests have to come after an order to show what came of it.
const LEAST_AFTER: usize = 10;
/// So many answers make a listener one that stays.
const LEAST_ANSWERS: usize = 50;

/// What the case asks for is there if it answers a process that has only just begun to serve.
pub(super) fn is_there(view: &View<'_>) -> Vec<Opinion> {
    let mut all = Vec::new();
    if view.plan.asks.contains(&Question::CheckCommand) {
        all = check_command::is_there(view);
    }
    let asked = DECLARED
        .into_iter()
        .filter(|question| view.plan.asks.contains(question));
    all.extend(asked.map(|question| there(view, question)));
    all.extend(tls::is_there(view));
    all.extend(limits::is_there(view));
    all.extend(group::is_there(view));
    all.extend(
        [tunnels::WEBSOCKET, tunnels::GRPC]
            .iter()
            .filter_map(|kind| tunnels::is_there(view, kind)),
    );
    all.extend(streams::is_there(view));
    all
}

fn there(view: &View<'_>, question: Question) -> Opinion {
    let is_there = |answer: &&Answer| answer.reply.yes && is_readable(view, answer);
    let of_life = |life: &Life<'_>| {
        let first = life.answers(question).next()?;
        // What it tells of itself may come to be known to all of it a little later than it serves.
        let due = first.begin.saturating_add(view.apply_bound());
        let mut in_time = life.answers(question).take_while(|answer| answer.begin <= due);
        Some(in_time.find(is_there).unwrap_or(first).clone())
    };
    let first = view.lives.iter().find_map(of_life);
    let opinion = match &first {
        None => Opinion::inconclusive("the run ended before it was asked"),
        Some(answer) if answer.reply.yes && is_readable(view, answer) => Opinion::met(),
        Some(answer) if answer.reply.yes => {
            Opinion::not_met(Seen::new("an answer that reads as declared", told(answer)).at(answer.at))
        }
        Some(answer) => Opinion::not_met(Seen::new("an answer", told(answer)).at(answer.at)),
    };
    opinion.about(question.to_string())
}

/// Whether something of what the folder names stands in an answer.
fn is_readable(view: &View<'_>, answer: &Answer) -> bool {
    let (said, readings) = (&answer.reply.said, &view.facts.readings);
    if let (Question::Version, Some(versions)) = (answer.question, &readings.versions) {
        return read(said, &versions.active).is_some();
    }
    match (answer.question, &readings.status, &readings.metrics) {
        (Question::Status, Some(status), _) => read(said, &status.identity).is_some(),
        (Question::Metrics, _, Some(_)) => !said.is_empty(),
        _ => true,
    }
}

/// Why nothing else is concluded from a question, if what it asks for is not there.
pub(super) fn not_there(view: &View<'_>, question: Question) -> Option<Vec<Opinion>> {
    let is_there = there(view, question).judgement == Opinion::met().judgement;
    (!is_there).then(|| vec![Opinion::unsupported(format!("{question} does not answer"))])
}

/// One opinion a declared series.
pub(super) fn reload_is_counted(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Metrics) {
        return not_there;
    }
    let Some(metrics) = &view.facts.readings.metrics else {
        return Vec::new();
    };
    let series = [
        ("success", &metrics.success),
        ("failure", &metrics.failure),
        ("duration", &metrics.duration),
        ("last success", &metrics.last_success),
        ("last outcome", &metrics.last_outcome),
        ("watching", &metrics.watching),
    ];
    let declared = series.into_iter().filter(|(_, series)| series.is_some());
    let opinions: Vec<Opinion> = declared
        .map(|(subject, _)| tells(view, Question::Metrics, subject))
        .collect();
    if opinions.is_empty() {
        return vec![Opinion::unsupported("no metric of reloads is declared")];
    }
    opinions
}

pub(super) fn status_names_active(view: &View<'_>) -> Vec<Opinion> {
    not_there(view, Question::Status).unwrap_or_else(|| vec![tells(view, Question::Status, "identity")])
}

pub(super) fn status_tells_error(view: &View<'_>) -> Vec<Opinion> {
    let status = view.facts.readings.status.as_ref();
    if status.is_none_or(|status| status.error.is_none()) {
        return vec![Opinion::unsupported(
            "the status is not declared to tell of errors",
        )];
    }
    not_there(view, Question::Status).unwrap_or_else(|| vec![tells(view, Question::Status, "error")])
}

/// Whether the answers tell of each file what they should of one subject.
fn tells(view: &View<'_>, question: Question, subject: &'static str) -> Opinion {
    let files = view.lives.iter().flat_map(|life| {
        let writes = life.writes.iter().filter(|write| write.config.prospect.is_good());
        writes.map(move |write| (life, write))
    });
    let opinions: Vec<Opinion> = files
        .map(|(life, write)| told_of(view, question, subject, life, write))
        .collect();
    let trials = opinions.len();
    let opinion = Opinion::weightiest(opinions);
    opinion
        .unwrap_or_else(|| Opinion::inconclusive("no file was delivered"))
        .trials(trials)
        .about(subject)
}

/// Whether the answer that was given last before the next file tells of this one.
fn told_of(
    view: &View<'_>,
    question: Question,
    subject: &str,
    life: &Life<'_>,
    write: &Write<'_>,
) -> Opinion {
    let before = life
        .answers(question)
        .filter(|answer| answer.at <= write.config.begin)
        .last();
    let meanwhile =
        |answer: &&Answer| answer.begin >= write.config.begin && answer.at < write.until.min(life.asked);
    let last = life.answers(question).filter(meanwhile).last();
    let (Some(before), Some(last)) = (before, last) else {
        return Opinion::inconclusive("it was not asked before and after each file");
    };
    let Some(settled) = view.settled_at(life, write) else {
        return Opinion::inconclusive(match write.config.flaw {
            None => "a good file was not seen to be served",
            Some(_) => "a bad file was not said to be refused",
        });
    };
    let expected = Expected::of(write.config, last);
    let lacks = view
        .facts
        .readings
        .lacks(question, &before.reply.said, &last.reply.said, expected);
    let Some(lack) = lacks.into_iter().find(|lack| lack.subject == subject) else {
        return Opinion::met();
    };
    let due = settled.saturating_add(view.apply_bound());
    if last.begin < due {
        return Opinion::inconclusive("the answer was not waited for");
    }
    if let Some(why) = view.starved(settled, last.at, view.apply_bound()) {
        return Opinion::inconclusive(why);
    }
    let fate = match expected {
        Expected::Taken { generation, .. } => format!("{generation} was seen to serve"),
        Expected::Refused => "the file was refused".to_owned(),
    };
    let Lack {
        expected, observed, ..
    } = lack;
    let observed = if last.reply.yes { observed } else { told(last) };
    let since = ms(last.begin.saturating_sub(settled));
    Opinion::not_met(Seen::new(expected, format!("{observed}, {since} after {fate}")).at(last.at))
}

/// One opinion a declared counter.
pub(super) fn counters_are_monotonic(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Metrics) {
        return not_there;
    }
    let Some(metrics) = &view.facts.readings.metrics else {
        return Vec::new();
    };
    let mut opinions: Vec<Opinion> = metrics
        .all_counters()
        .map(|series| is_monotonic(view, series))
        .collect();
    if opinions.is_empty() {
        opinions.push(Opinion::unsupported("no counter is declared"));
    }
    opinions
}

fn is_monotonic(view: &View<'_>, series: &str) -> Opinion {
    let (mut kept, mut most, mut against) = (0, 0.0_f64, None);
    for life in &view.lives {
        let answered = life
            .answers(Question::Metrics)
            .filter(|answer| answer.reply.yes && answer.at < life.asked);
        let values: Vec<(&Answer, f64)> = answered
            .map(|answer| (answer, metric(&answer.reply.said, series).unwrap_or(0.0)))
            .collect();
        most = values.iter().fold(most, |most, (_, value)| most.max(*value));
        for pair in values.windows(2) {
            let ((before, was), (after, is)) = (pair[0], pair[1]);
            if is < was && against.is_none() {
                let observed = format!("{is} after {was}");
                against = Some(Seen::new(format!("{series} at {was} or above"), observed).at(after.at));
            }
            let changed =
                |write: &&Write<'_>| write.config.begin >= before.at && write.config.begin < after.begin;
            if life.writes.iter().any(|write| changed(&write)) {
                kept += 1;
            }
        }
    }
    if most <= 0.0 && view.lives.iter().all(|life| life.abandoned.is_none()) {
        return Opinion::unsupported("it stayed at 0, so that nothing of it could be lost").about(series);
    }
    Opinion::of_trials(against, kept, LEAST_COUNTED).about(series)
}

pub(super) fn status_means_effective(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Status) {
        return not_there;
    }
    let mut changes = view.lives.iter().flat_map(Life::changes);
    if changes.all(|write| named_at(view, write).is_none()) {
        return vec![Opinion::unsupported("the status named none of the changes")];
    }
    vec![older_after(view, |_, one| named_at(view, one.file()?), &|at| {
        format!(
            "no older answer to who began after the status that named the new one was read at {}",
            ms(at)
        )
    })]
}

/// When a status had been read that named what a file says.
fn named_at(view: &View<'_>, write: &Write<'_>) -> Option<Nanos> {
    let place = &view.facts.readings.status.as_ref()?.identity;
    let identity = |answer: &Answer| read(&answer.reply.said, place).filter(|_| answer.reply.yes);
    let all = || view.lives.iter().flat_map(|life| life.answers(Question::Status));
    let before = all().filter(|answer| answer.at <= write.config.begin).last()?;
    let was = identity(before)?;
    let is_new = |answer: &&Answer| identity(answer).is_some_and(|is| is != was);
    all()
        .filter(|answer| answer.begin >= write.config.begin && answer.at < write.until)
        .find(is_new)
        .map(|answer| answer.at)
}

pub(super) fn admin_stays(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Admin) {
        return not_there;
    }
    let answers: Vec<&Answer> = view
        .lives
        .iter()
        .flat_map(|life| {
            life.answers(Question::Admin)
                .filter(|answer| answer.at < life.asked)
        })
        .collect();
    let failed: Vec<&&Answer> = answers.iter().filter(|answer| !answer.reply.yes).collect();
    let starved = failed.iter().find_map(|answer| {
        let is_late =
            answer.reply.code.is_none() && answer.at.saturating_sub(answer.begin) > view.apply_bound();
        is_late
            .then(|| view.starved(answer.begin, answer.at, answer.at - answer.begin))
            .flatten()
    });
    if let Some(why) = starved {
        return vec![Opinion::inconclusive(why)];
    }
    let against = failed.first().map(|first| {
        let observed = format!(
            "{} of {} were not; the first: {}",
            failed.len(),
            answers.len(),
            told(first)
        );
        Seen::new(
            "every request to the admin listener is answered, with a status 2xx",
            observed,
        )
        .at(first.at)
    });
    vec![Opinion::of_trials(against, answers.len(), LEAST_ANSWERS)]
}

pub(super) fn credential_is_needed(view: &View<'_>) -> Vec<Opinion> {
    if !view.facts.readings.credential {
        return vec![Opinion::unsupported(
            "the target's folder names no credential that it asks for",
        )];
    }
    let tried = [Question::OrderWithout, Question::OrderWithWrong];
    tried
        .into_iter()
        .map(|question| {
            misordered(view, question, |answer| {
                let said = format!("the answer was: {}", told(answer));
                answer
                    .reply
                    .yes
                    .then(|| Seen::new("a refusal", said).at(answer.at))
            })
        })
        .collect()
}

pub(super) fn order_needs_admin(view: &View<'_>) -> Vec<Opinion> {
    // Whoever forwards it may be told anything by the origin.
    vec![misordered(view, Question::OrderAtTraffic, |_| None)]
}

/// Whether what was delivered with an order that nobody may give shows in no answer.
fn misordered(view: &View<'_>, question: Question, wrong: impl Fn(&Answer) -> Option<Seen>) -> Opinion {
    let (mut trials, mut against) = (0, None);
    for life in &view.lives {
        for answer in life.answers(question) {
            let next = life
                .next_change(answer.at)
                .map_or(life.asked, |good| good.config.begin);
            let after = |request: &&Request| request.begin >= answer.at && request.at < next;
            trials += life.judged().filter(|request| after(request)).count();
            let shows: Vec<&Request> = life
                .judged()
                .filter(|request| names(request, answer.generation))
                .collect();
            let shown = (!shows.is_empty()).then(|| {
                let expected = format!("no answer of {}, which nobody ordered who may", answer.generation);
                Seen::new(expected, format!("{} requests got one", shows.len())).resting_on(&shows)
            });
            against = against.or(shown).or_else(|| wrong(answer));
        }
    }
    Opinion::of_trials(against, trials, LEAST_AFTER).about(question.to_string())
}

/// An answer, in words.
pub(super) fn told(answer: &Answer) -> String {
    said(&answer.reply)
}

/// What came back, in words.
pub(super) fn said(reply: &Reply) -> String {
    let code = reply
        .code
        .map_or_else(|| "nothing".to_owned(), |code| code.to_string());
    let said: String = reply.said.chars().take(300).collect();
    match said.as_str() {
        "" => format!("{code}, and nothing else"),
        _ => format!("{code}: {said}"),
    }
}
