//! What a change leaves in the log.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::ms;
use crate::vocabulary::{Generation, Nanos, Request};

const NO_RECORD: &str = "there was no success record to judge";

pub(super) fn one_success_record(view: &View<'_>) -> Vec<Opinion> {
    let isolated = isolated(view);
    let Some(pattern) = &view.applied else {
        let seen = Seen::new(
            "exactly one record",
            "none: the target writes no success record by default",
        );
        return vec![Opinion::not_met(seen).trials(isolated.len())];
    };
    let against = isolated
        .iter()
        .filter_map(|(life, write)| not_one_record(view, pattern, life, write));
    let opinion = match Opinion::weightiest(against) {
        Some(opinion) => opinion.trials(isolated.len()),
        None => Opinion::of_trials(None, isolated.len(), 1),
    };
    vec![opinion]
}

fn not_one_record(view: &View<'_>, pattern: &Regex, life: &Life<'_>, write: &Write<'_>) -> Option<Opinion> {
    let lines = life.lines(pattern, write.config.begin, write.until);
    let observed = match lines.as_slice() {
        [_] => return None,
        [] if write.until == life.ended && life.asked == life.ended => {
            return Some(Opinion::inconclusive(
                "the run broke off before a record could be read",
            ));
        }
        [] => {
            // It may have been written, and read too late.
            if let Some(why) = view.starved(write.config.begin, write.until, view.apply_bound()) {
                return Some(Opinion::inconclusive(why));
            }
            "none".to_owned()
        }
        [first, .., last] => format!("{}; the first: {}; the last: {}", lines.len(), first.1, last.1),
    };
    let expected = format!("exactly one record of the change to {}", write.generation());
    Some(Opinion::not_met(Seen::new(expected, observed).at(write.told())))
}

pub(super) fn no_record_at_start(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.applied else {
        return vec![Opinion::unsupported(
            "the target writes no success record by default",
        )];
    };
    let against = view.lives.iter().find_map(|life| {
        let before = life.writes.first().map_or(life.ended, |write| write.config.begin);
        let (at, line) = *life.lines(pattern, life.began, before).first()?;
        Some(Seen::new("no record of a reload before the first change", line).at(at))
    });
    let ready = view.lives.iter().filter(|life| life.ready.is_some()).count();
    vec![Opinion::of_trials(against, ready, 1)]
}

pub(super) fn is_informational(view: &View<'_>) -> Vec<Opinion> {
    if view.applied.is_none() {
        return vec![Opinion::unsupported(NO_RECORD)];
    }
    let Some(level) = &view.level else {
        return vec![Opinion::unsupported("lines of the target's log carry no level")];
    };
    judge_records(view, |_, line| {
        let word = level
            .captures(line)
            .and_then(|groups| groups.get(1))
            .map_or("none", |group| group.as_str());
        let wanted = &view.facts.log.informational;
        let is_right = wanted.iter().any(|name| name.eq_ignore_ascii_case(word));
        (!is_right).then(|| {
            Seen::new(
                format!("level {}", wanted.join(" or ")),
                format!("level {word}: {line}"),
            )
        })
    })
}

pub(super) fn names_file(view: &View<'_>) -> Vec<Opinion> {
    if !view.facts.log.names_file {
        return vec![Opinion::unsupported(
            "the record cannot be expected to name a file",
        )];
    }
    let name = Path::new(view.config_path)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    judge_records(view, |_, line| {
        (!line.contains(&name)).then(|| Seen::new(format!("a record that names {name}"), line))
    })
}

/// How soon after a record an older answer is not held against it.
///
/// What writes the line and what answers may be two processes, and neither waits for the other; nobody who reads a log acts
/// sooner. What falls within is told as a figure.
const RECORD_SLACK: Nanos = 10 * MS;

pub(super) fn means_effective(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.applied else {
        return vec![Opinion::unsupported(NO_RECORD)];
    };
    let mut trials = 0;
    let mut records = 0;
    let mut at_once = 0;
    let mut older: Vec<&Request> = Vec::new();
    let mut first: Option<(Nanos, Generation)> = None;
    for (life, write) in isolated(view) {
        let Some((read, _)) = life
            .lines(pattern, write.config.begin, write.until)
            .first()
            .copied()
        else {
            continue;
        };
        records += 1;
        for request in life
            .traffic()
            .filter(|r| r.is_fresh() && r.connect > read && r.connect < write.until)
        {
            let Some(generation) = request.generation() else {
                continue;
            };
            trials += 1;
            if generation < write.generation() && request.connect <= read.saturating_add(RECORD_SLACK) {
                at_once += 1;
            } else if generation < write.generation() {
                first.get_or_insert((read, write.generation()));
                older.push(request);
            }
        }
    }
    if records == 0 {
        return vec![Opinion::unsupported(NO_RECORD)];
    }
    let against = first.map(|(read, newest)| {
        let last = older.iter().map(|request| request.connect).max().unwrap_or(read);
        Seen::new(
            format!("only {newest} after its record was read at {}", ms(read)),
            format!(
                "{} of {trials} fresh requests got an older answer, the last of them {} after the record",
                older.len(),
                ms(last.saturating_sub(read)),
            ),
        )
        .resting_on(&older)
    });
    let opinion = Opinion::of_trials(against, trials, 20);
    vec![match at_once {
        0 => opinion,
        _ => opinion.figure(format!(
            "{at_once} of {trials} fresh requests got an older answer within {} of the record",
            ms(RECORD_SLACK)
        )),
    }]
}

pub(super) fn burst_adds_up(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.applied else {
        return vec![Opinion::unsupported(NO_RECORD)];
    };
    let opinions = view
        .lives
        .iter()
        .filter_map(|life| Some(adds_up(view, pattern, life, burst(life)?)));
    let bursts = opinions.clone().count();
    let opinion = Opinion::weightiest(opinions);
    vec![opinion.unwrap_or_else(|| Opinion::of_trials(None, bursts, 1))]
}

fn adds_up(view: &View<'_>, pattern: &Regex, life: &Life<'_>, writes: &[Write<'_>]) -> Opinion {
    let begin = writes.first().map_or(life.began, |write| write.config.begin);
    let records = life.lines(pattern, begin, life.ended).len();
    let generations: BTreeSet<Generation> = life
        .traffic()
        .filter(|request| request.at >= begin)
        .filter_map(Request::generation)
        .filter(|generation| writes.iter().any(|write| write.generation() == *generation))
        .collect();
    if (generations.len()..=writes.len()).contains(&records) {
        return if generations.is_empty() {
            Opinion::inconclusive("no generation of the burst was seen")
        } else {
            Opinion::met().trials(1)
        };
    }
    if records < generations.len()
        && let Some(why) = view.starved(begin, life.ended, view.apply_bound())
    {
        return Opinion::inconclusive(why);
    }
    Opinion::not_met(
        Seen::new(
            format!("from {} to {} records", generations.len(), writes.len()),
            format!(
                "{records} records of {} writes and {} generations seen",
                writes.len(),
                generations.len()
            ),
        )
        .at(begin),
    )
}

/// Each record stands for a file that was taken before it: of a rejected one there is none, nor two of one that was taken.
pub(super) fn no_false_record(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.applied else {
        return vec![Opinion::unsupported(
            "the target writes no success record by default",
        )];
    };
    let mut seen = 0;
    let mut against = None;
    for life in &view.lives {
        let taken: Vec<Nanos> = life
            .writes
            .iter()
            .filter(|write| !view.is_bad(life, write))
            .map(|write| write.config.begin)
            .collect();
        let first = life.writes.first().map_or(life.ended, |write| write.config.begin);
        let records = life.lines(pattern, first, life.asked);
        seen += records.len();
        let too_many = records.iter().enumerate().find_map(|(index, (at, line))| {
            let before = taken.iter().filter(|begin| *begin < at).count();
            (before <= index).then_some((before, index + 1, *at, *line))
        });
        against = against.or(too_many.map(|(before, records, at, line)| {
            let expected =
                format!("at most {before} records of success by then, one for each file that was taken");
            Seen::new(expected, format!("{records}, the last of them: {line}")).at(at)
        }));
    }
    if seen == 0 {
        return vec![Opinion::unsupported(NO_RECORD)];
    }
    vec![Opinion::of_trials(against, seen, 1)]
}

/// Changes that the driver waited for, one at a time: not of a burst.
fn isolated<'v, 'a>(view: &'v View<'a>) -> Vec<(&'v Life<'a>, &'v Write<'a>)> {
    view.lives
        .iter()
        .flat_map(|life| {
            let of_burst = burst(life)
                .and_then(<[_]>::first)
                .map_or(Nanos::MAX, |write| write.config.begin);
            life.changes()
                .filter(move |write| write.awaited && write.config.begin < of_burst)
                .map(move |w| (life, w))
        })
        .collect()
}

/// The burst of a life: its changes from the first that nobody waited for.
fn burst<'v, 'a>(life: &'v Life<'a>) -> Option<&'v [Write<'a>]> {
    let first = life
        .writes
        .iter()
        .position(|write| !write.awaited && write.config.flaw.is_none())?;
    Some(&life.writes[first..])
}

/// What speaks against the first record of any change that stands alone.
pub(super) fn judge_records(
    view: &View<'_>,
    against: impl Fn(&Write<'_>, &str) -> Option<Seen>,
) -> Vec<Opinion> {
    let records = |pattern: &Regex| -> Vec<_> {
        isolated(view)
            .into_iter()
            .filter_map(|(life, write)| {
                Some((
                    write,
                    *life.lines(pattern, write.config.begin, write.until).first()?,
                ))
            })
            .collect()
    };
    let records = view.applied.as_ref().map(records).unwrap_or_default();
    if records.is_empty() {
        return vec![Opinion::unsupported(NO_RECORD)];
    }
    let found = records
        .iter()
        .find_map(|(write, (at, line))| against(write, line).map(|seen| seen.at(*at)));
    vec![Opinion::of_trials(found, records.len(), 1)]
}
