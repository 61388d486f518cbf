//! What becomes of limits over changes: what was used up stays used up, another limit counts, and none is exceeded.
//!
//! Whether a request was let through is known by who answered: an origin, or the target in its place. How a target counts is its own choice. In a window that moves, in windows that
//! follow each other, or by a bucket that fills: by none of them is more let through in a time than the limit of that time, and once more all that may come at once.

use super::super::life::{Life, Write};
use super::super::opinion::{Judgement, Opinion, Seen};
use super::super::view::{MS, View};
use super::effect::describe;
use super::ms;
use crate::vocabulary::{Event, Layout, Limit, Nanos, Outcome, Purpose, Request};

const MINUTE: Nanos = 60_000 * MS;
/// Clocks of targets are coarse, and so are their counts.
const SLACK: usize = 3;
/// Below so many changes over which nothing came back, silence says too little.
const LEAST_CHANGES: usize = 3;
/// Below so many requests that may have been let through, too.
const LEAST_REQUESTS: usize = 50;
/// The same for those that ask while the sessions are taken: some targets keep them waiting.
const LEAST_WAITING: usize = 10;
/// Who has waited so long was not let in.
const WAIT: Nanos = 100 * MS;
/// How long of the time for which a breaker is open is asked for.
const OPEN: Nanos = Limit::OPEN_S as Nanos * 800 * MS;

fn is_let_through(request: &Request) -> bool {
    matches!(&request.outcome, Outcome::Answered { markers, .. } if markers.origin.is_some())
}

fn is_refused(request: &Request) -> bool {
    matches!(&request.outcome, Outcome::Answered { status, markers, .. } if *status >= 400 && markers.origin.is_none())
}

/// The load on the limited route, in the order in which it began.
fn load<'a>(life: &Life<'a>) -> Vec<&'a Request> {
    let is_load = |request: &&Request| {
        request.route == 1 && !matches!(request.purpose, Purpose::Held(_) | Purpose::Probe)
    };
    let mut load: Vec<&Request> = life.elsewhere().filter(is_load).collect();
    load.sort_by_key(|request| request.begin);
    load
}

/// What a limit lets through in a time, and `at_once` times all that may come at once.
fn allowed(count: u32, time: Nanos, at_once: usize) -> usize {
    let flows = u128::from(count) * u128::from(time) / u128::from(MINUTE);
    flows as usize + count as usize * at_once + SLACK
}

fn is_of(layout: &Layout, limit: Limit) -> bool {
    layout.limit == Some(limit)
}

fn seen_changes<'v, 'a>(life: &'v Life<'a>, after: Nanos) -> impl Iterator<Item = &'v Write<'a>> {
    life.changes()
        .filter(move |write| write.config.begin > after && write.seen.is_some())
}

/// What is declared to limit does so on a process that has seen no change.
pub(super) fn is_there(view: &View<'_>) -> Option<Opinion> {
    let opinions = view.lives.iter().filter_map(|life| {
        let limit = life.first_layout.limit?;
        let change = life
            .changes()
            .next()
            .map_or(life.asked, |write| write.config.begin);
        let all = load(life);
        let before: Vec<&Request> = all.iter().copied().filter(|r| r.at < change).collect();
        let (through, is_limited) = if limit == Limit::Sessions {
            let sessions = Sessions::of(view, life);
            let over = |r: &&&Request| is_let_through(r) && sessions.are_taken(r, r.at);
            let over = before.iter().filter(over).count();
            // Some targets keep waiting who is one too many.
            let waits = |r: &&Request| r.begin + WAIT < change && sessions.are_taken(r, r.begin);
            (over, over == 0 && all.iter().any(waits))
        } else {
            let through = before.iter().filter(|r| is_let_through(r)).count();
            (through, before.iter().any(|r| is_refused(r)))
        };
        Some(if is_limited {
            Opinion::met()
        } else if through >= LEAST_REQUESTS || (limit == Limit::Sessions && through > 0) {
            let observed = format!("{through} were let through before any change, and none refused");
            Opinion::not_met(Seen::new("a limit that refuses", observed))
        } else {
            Opinion::inconclusive("too little was asked before the first change")
        })
    });
    let opinion = Opinion::weightiest(opinions)?;
    Some(opinion.about("limit"))
}

/// Why nothing is concluded from what a limit did: it is not there.
fn not_there(view: &View<'_>) -> Option<Vec<Opinion>> {
    let there = is_there(view)?;
    match there.judgement {
        Judgement::NotMet(_) => Some(vec![Opinion::unsupported("there is no limit")]),
        Judgement::Inconclusive(why) => Some(vec![Opinion::inconclusive(why)]),
        _ => None,
    }
}

pub(super) fn balance_survives(view: &View<'_>) -> Vec<Opinion> {
    if let Some(why) = not_there(view) {
        return why;
    }
    let opinions = view.lives.iter().map(|life| {
        let load = load(life);
        let Some(spent) = load.iter().find(|request| is_refused(request)) else {
            return Opinion::inconclusive("nothing was refused before a change");
        };
        let changes = seen_changes(life, spent.at).count();
        let later: Vec<&Request> = load.iter().copied().filter(|r| r.begin > spent.at).collect();
        let through: Vec<&Request> = later.iter().copied().filter(|r| is_let_through(r)).collect();
        let time = later.last().map_or(0, |last| last.at - spent.at);
        let most = allowed(Limit::TIGHT, time, 1);
        if through.len() > most {
            let expected = format!(
                "at most {most} let through in the {} after a first refusal",
                ms(time)
            );
            let observed = format!(
                "{} were let through, over {changes} changes that do not concern the limit",
                through.len()
            );
            return Opinion::not_met(Seen::new(expected, observed).resting_on(&through));
        }
        if changes < LEAST_CHANGES {
            return Opinion::inconclusive(format!("{changes} changes, at least {LEAST_CHANGES} are needed"));
        }
        Opinion::of_trials(None, later.len(), LEAST_REQUESTS)
    });
    weightiest(opinions)
}

/// For each change to this limit: when its window had closed, and the requests that came by connections made since, until the next change.
fn under<'a>(view: &View<'a>, limit: Limit) -> impl Iterator<Item = Option<(Nanos, Vec<&'a Request>)>> {
    let changes = view.lives.iter().flat_map(move |life| {
        let is_other = life
            .changes()
            .filter(move |write| is_of(&write.config.layout, limit));
        is_other.map(move |write| (life, write))
    });
    changes.map(|(life, write)| {
        let closed = write.window_closed(view.facts)?;
        let until = write.until;
        let fits = |request: &&Request| request.is_fresh() && request.connect > closed && request.at < until;
        Some((closed, load(life).into_iter().filter(fits).collect()))
    })
}

const UNSEEN: &str = "the change was not seen to take effect";

pub(super) fn lower_counts(view: &View<'_>) -> Vec<Opinion> {
    if let Some(why) = not_there(view) {
        return why;
    }
    let opinions = under(view, Limit::Tight).map(|under| {
        let Some((closed, all)) = under else {
            return Opinion::inconclusive(UNSEEN);
        };
        let through: Vec<&Request> = all.iter().copied().filter(|r| is_let_through(r)).collect();
        let time = all.iter().map(|request| request.at - closed).max().unwrap_or(0);
        let most = allowed(Limit::TIGHT, time, 2);
        let against = (through.len() > most).then(|| {
            let expected = format!(
                "at most {most} let through in {}, by {} a minute",
                ms(time),
                Limit::TIGHT
            );
            let observed = format!("{} of {} were let through", through.len(), all.len());
            Seen::new(expected, observed).resting_on(&through)
        });
        Opinion::of_trials(against, all.len(), 2 * most)
    });
    weightiest(opinions)
}

pub(super) fn higher_counts(view: &View<'_>) -> Vec<Opinion> {
    if let Some(why) = not_there(view) {
        return why;
    }
    let opinions = under(view, Limit::Ample).map(|under| {
        let Some((_, all)) = under else {
            return Opinion::inconclusive(UNSEEN);
        };
        let through = all.iter().filter(|request| is_let_through(request)).count();
        let refused: Vec<&Request> = all.iter().copied().filter(|r| is_refused(r)).collect();
        let against = (refused.len() > 3 * through).then(|| {
            let expected = format!("all let through, by {} a minute", Limit::AMPLE);
            let observed = format!("{} of {} were refused", refused.len(), all.len());
            Seen::new(expected, observed).resting_on(&refused)
        });
        Opinion::of_trials(against, all.len(), LEAST_REQUESTS)
    });
    weightiest(opinions)
}

/// The times in which what is held was at the origin for certain: from its arrival until it was released there, or the client saw it end.
struct Sessions(Vec<(Nanos, Nanos)>);

impl Sessions {
    fn of(view: &View<'_>, life: &Life<'_>) -> Self {
        let held = life
            .elsewhere()
            .filter(|request| request.route == 1 && matches!(request.purpose, Purpose::Held(_)));
        let inside = held.filter_map(|held| {
            let arrived = view.arrivals(held).first()?.at;
            let released = life.events.iter().find_map(|event| match event {
                Event::Released { at } if *at > held.begin => Some(*at),
                _ => None,
            });
            Some((arrived, held.at.min(released.unwrap_or(Nanos::MAX))))
        });
        Self(inside.collect())
    }

    /// Whether as many as may be were there from the beginning of a request until then.
    fn are_taken(&self, request: &Request, until: Nanos) -> bool {
        let all_the_time = |(from, to): &&(Nanos, Nanos)| *from < request.begin && until < *to;
        self.0.iter().filter(all_the_time).count() >= Limit::SESSIONS as usize
    }
}

pub(super) fn sessions_never_exceeded(view: &View<'_>) -> Vec<Opinion> {
    if let Some(why) = not_there(view) {
        return why;
    }
    let opinions = view.lives.iter().map(|life| {
        let sessions = Sessions::of(view, life);
        let first_change = seen_changes(life, 0).filter_map(|write| write.seen).min();
        let load = load(life);
        let is_trial = |request: &&&Request| {
            let is_later = first_change.is_some_and(|change| request.begin > change);
            is_later && sessions.are_taken(request, request.begin)
        };
        let trials = load.iter().filter(is_trial).count();
        let is_one_more =
            |request: &&Request| is_let_through(request) && sessions.are_taken(request, request.at);
        let over: Vec<&Request> = load.iter().copied().filter(is_one_more).collect();
        let against = over.first().map(|first| {
            let expected = format!("{} at a time, all of which were in flight", Limit::SESSIONS);
            let observed = format!("{} more were let through: {}", over.len(), describe(first));
            Seen::new(expected, observed).resting_on(&over)
        });
        Opinion::of_trials(against, trials, LEAST_WAITING)
    });
    weightiest(opinions)
}

pub(super) fn breaker_stays_open(view: &View<'_>) -> Vec<Opinion> {
    if let Some(why) = not_there(view) {
        return why;
    }
    let opinions = view.lives.iter().map(|life| {
        let load = load(life);
        let opened = load.iter().find(|request| is_refused(request));
        let first = seen_changes(life, 0).next();
        let (Some(opened), Some(first)) = (opened, first) else {
            return Opinion::inconclusive("no breaker opened before a change");
        };
        let through = |from: Nanos, to: Nanos| {
            let within = load.iter().copied();
            within.filter(move |r| is_let_through(r) && r.begin > from && r.begin < to)
        };
        let change = first.config.begin;
        // Those that were on their way as it opened.
        let settled = opened.at + 200 * MS;
        if settled > change || through(settled, change).next().is_some() {
            return Opinion::inconclusive("it was not open before a change");
        }
        let until = opened.begin + OPEN;
        let later: Vec<&Request> = through(change, until).collect();
        let asked = load.iter().filter(|r| r.begin > change && r.begin < until).count();
        let changes = seen_changes(life, 0)
            .filter(|write| write.seen.is_some_and(|seen| seen < until))
            .count();
        let against = later.first().map(|first| {
            let expected = format!("nothing let through for {} s", Limit::OPEN_S);
            let observed = format!(
                "{} were let through over {changes} changes that do not concern it, the first {} after it opened",
                later.len(),
                ms(first.begin - opened.at)
            );
            Seen::new(expected, observed).resting_on(&later)
        });
        if against.is_none() && changes < LEAST_CHANGES {
            return Opinion::inconclusive(format!("{changes} changes, at least {LEAST_CHANGES} are needed"));
        }
        Opinion::of_trials(against, asked, LEAST_REQUESTS)
    });
    weightiest(opinions)
}

fn weightiest(opinions: impl Iterator<Item = Opinion>) -> Vec<Opinion> {
    vec![Opinion::weightiest(opinions).unwrap_or_else(|| Opinion::inconclusive("nothing was limited"))]
}
