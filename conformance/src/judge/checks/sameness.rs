//! A file that says what it said before is no change.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::effect::describe;
use super::ms;
use super::rejection::VALID_HERE;
use crate::vocabulary::{Event, Held, Meddling, Nanos, Outcome, Purpose, Request};

/// For how long after the bad file is gone a word on it may still be read.
const LAST_WORDS: Nanos = 250 * MS;

const NO_COMMENT: &str = "the target's language has no comments that begin with `#`";
const WAS_TOLD: &str = "it was told to reload";

/// A life, what was done to the file, when that began, and when the next thing was done to it.
pub(super) type Episode<'v, 'a> = (&'v Life<'a>, Meddling, Nanos, Nanos);

fn episodes<'v, 'a>(view: &'v View<'a>) -> Vec<Episode<'v, 'a>> {
    let mut episodes = Vec::new();
    for life in &view.lives {
        let begins: Vec<(Nanos, Option<Meddling>)> = life
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Meddled { begin, with, .. } => Some((*begin, Some(*with))),
                Event::Config(write) => Some((write.begin, None)),
                Event::Deleted { begin, .. } => Some((*begin, None)),
                _ => None,
            })
            .collect();
        for (index, (begin, with)) in begins.iter().enumerate() {
            let to = begins.get(index + 1).map_or(life.asked, |(next, _)| *next);
            match with {
                Some(with) if !with.is_in_the_way() => episodes.push((life, *with, *begin, to)),
                _ => {}
            }
        }
    }
    episodes
}

/// Whether what means nothing in most languages is refused in the target's.
fn is_no_comment(view: &View<'_>, life: &Life<'_>, with: Meddling, from: Nanos, to: Nanos) -> bool {
    let refused = |pattern| !life.lines(pattern, from, to).is_empty();
    with == Meddling::Commented && view.rejected.as_ref().is_some_and(refused)
}

/// Of a target that looks for itself: what was done to its file that says no more than what is in force.
pub(super) fn told_nothing_new<'v, 'a>(view: &'v View<'a>) -> Vec<Episode<'v, 'a>> {
    let mut all = episodes(view);
    all.retain(|(life, with, from, to)| {
        let newest = life.writes.iter().rfind(|write| write.config.begin < *from);
        let is_in_force = newest.is_none_or(|write| write.config.flaw.is_none());
        view.watches() && is_in_force && !is_no_comment(view, life, *with, *from, *to)
    });
    all
}

/// One opinion a way of leaving the content as it is.
pub(super) fn no_record(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.applied else {
        return vec![Opinion::unsupported(
            "the target writes no success record by default",
        )];
    };
    let opinion = |(life, with, from, to): &Episode<'_, '_>| {
        let records = life.lines(pattern, *from, *to);
        if !view.watches() {
            return Opinion::observed(format!("{WAS_TOLD}: {} records of success", records.len()));
        }
        let newest = life.writes.iter().rfind(|write| write.config.begin < *from);
        if newest.is_some_and(|write| write.config.flaw.is_some() && !view.is_bad(life, write)) {
            // It was applied, rightly, so that the content of before is a change.
            return Opinion::unsupported(VALID_HERE);
        }
        if is_no_comment(view, life, *with, *from, *to) {
            return Opinion::unsupported(NO_COMMENT);
        }
        // A record of the change before, read late, is none of it.
        let before = life.changes().filter(|write| write.config.begin < *from).last();
        let told = before.is_none_or(|write| !life.lines(pattern, write.config.begin, *from).is_empty());
        if !told {
            return Opinion::inconclusive("the record of the change before had not been read");
        }
        let against = records.first().map(|(at, line)| {
            let expected = format!("no record, as the file was {with} and says what it said");
            Seen::new(expected, *line).at(*at)
        });
        Opinion::of_trials(against, 1, 1)
    };
    episodes(view)
        .iter()
        .map(|episode| opinion(episode).about(episode.1.name()))
        .collect()
}

/// Of the good content of before in the place of a bad file.
pub(super) fn error_is_cleared(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.rejected else {
        return vec![Opinion::unsupported("the target has no record of a rejection")];
    };
    let opinions = episodes(view).into_iter().filter_map(|(life, _, from, to)| {
        let newest = life.writes.iter().rfind(|write| write.config.begin < from)?;
        newest.config.flaw?;
        if !view.says_refused(life, newest) {
            return Some(Opinion::unsupported(
                "the target had not said that it refuses the bad file",
            ));
        }
        let still = from.saturating_add(LAST_WORDS);
        if let Some((at, line)) = life.lines(pattern, still, to).first() {
            let expected = format!("no more of the bad file from {} on", ms(still));
            return Some(Opinion::not_met(Seen::new(expected, *line).at(*at)));
        }
        let silence = to.saturating_sub(still);
        Some(if silence < LAST_WORDS {
            Opinion::inconclusive("the content of before did not stay for long enough")
        } else {
            Opinion::met().trials(1)
        })
    });
    vec![Opinion::weightiest(opinions).unwrap_or_else(|| Opinion::inconclusive("no bad file was taken back"))]
}

pub(super) fn cuts_nothing(view: &View<'_>) -> Vec<Opinion> {
    let episodes = episodes(view);
    let over_one = |life: &Life<'_>, request: &Request| {
        episodes.iter().any(|(of, _, from, to)| {
            std::ptr::eq(*of, life) && request.connect < *from && request.at > *from && *to > *from
        })
    };
    let held: Vec<&Request> = view
        .lives
        .iter()
        .flat_map(|life| life.judged().filter(move |request| over_one(life, request)))
        .filter(|request| matches!(request.purpose, Purpose::Held(_)))
        .collect();
    let cut: Vec<&Request> = held.iter().copied().filter(|request| is_cut(request)).collect();
    let figure = format!("{} of {} that were held open were cut", cut.len(), held.len());
    if !view.watches() {
        return vec![Opinion::observed(format!("{WAS_TOLD}: {figure}"))];
    }
    let refused = |(life, with, from, to): &Episode<'_, '_>| is_no_comment(view, life, *with, *from, *to);
    if episodes.iter().any(refused) {
        return vec![Opinion::unsupported(NO_COMMENT)];
    }
    if let Some(why) = view.starved_of_answers(cut.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = cut.first().map(|first| {
        let expected = "all that is open stays open, as the file says what it said";
        let what = match first.purpose {
            Purpose::Held(what) => what,
            _ => Held::Idle,
        };
        Seen::new(
            expected,
            format!("{figure}; the first ({}): {}", what.name(), describe(first)),
        )
        .resting_on(&cut)
    });
    let planned = [
        Held::Request,
        Held::Download,
        Held::Stream,
        Held::Upload,
        Held::Idle,
    ]
    .map(|what| view.plan.held(what))
    .iter()
    .sum::<usize>();
    vec![Opinion::of_trials(against, held.len(), planned.max(1))]
}

fn is_cut(request: &Request) -> bool {
    !matches!(
        request.outcome,
        Outcome::Answered {
            status: 200,
            intact: true,
            ..
        }
    )
}
