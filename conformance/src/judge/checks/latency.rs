//! How long requests take over reloads, beside how long they take without.
//!
//! Both are of one process and one load at a constant rate, in turns, so that what else runs on the machine meets both alike. A request is
//! measured from its turn to its last byte: who holds a request up holds up those behind it, and they count. What overlaps a time in which the
//! harness itself was held up is left out of both. A hold-up that comes once, whoever it was, is not taken for what reloads do.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::ms;
use super::timing::percentile;
use crate::vocabulary::{Nanos, Outcome, Purpose, Request};

/// How much longer than without reloads is nothing that users would see.
const UNSEEN: Nanos = 25 * MS;
/// How many times as long is what a busy machine may make of it.
const TIMES: Nanos = 3;
/// For so long after a change was seen, what is slow is put down to it.
const AFTERMATH: Nanos = 250 * MS;
/// Of fewer requests, the slowest in a hundred say nothing.
const LEAST_REQUESTS: usize = 150;
/// Of fewer reloads, what they do again and again is not known.
const LEAST_RELOADS: usize = 3;

pub(super) fn stays_bounded(view: &View<'_>) -> Vec<Opinion> {
    let arms = match Arms::of(view) {
        Ok(arms) => arms,
        Err(why) => return vec![Opinion::inconclusive(why)],
    };
    let quiet = arms.quiet_p99();
    let budget = (quiet + UNSEEN).max(quiet.saturating_mul(TIMES));
    let slow: Vec<&Timed<'_>> = arms.over.iter().filter(|timed| timed.took > budget).collect();
    let held_up_by: std::collections::BTreeSet<usize> =
        slow.iter().filter_map(|timed| timed.reload).collect();
    let again_and_again = held_up_by.len() >= LEAST_RELOADS && held_up_by.len() * 3 >= arms.reloads;
    let against = (arms.over_p99() > budget && again_and_again).then(|| {
        let expected = format!("99 of 100 requests within {}", ms(budget));
        let observed = format!(
            "{}; {} of the reloads held some up for longer",
            arms.words(),
            held_up_by.len()
        );
        let requests: Vec<&Request> = slow.iter().map(|timed| timed.request).collect();
        Seen::new(expected, observed).resting_on(&requests)
    });
    vec![Opinion::of_trials(against, arms.over.len(), LEAST_REQUESTS)]
}

pub(super) fn curve(view: &View<'_>) -> Vec<Opinion> {
    vec![match Arms::of(view) {
        Ok(arms) => Opinion::met().trials(arms.over.len()).figure(arms.words()),
        Err(why) => Opinion::inconclusive(why),
    }]
}

/// A request, how long it took, and which reload it is put down to, if any.
struct Timed<'a> {
    request: &'a Request,
    took: Nanos,
    reload: Option<usize>,
}

/// The requests without reloads and over them, the fastest first.
struct Arms<'a> {
    quiet: Vec<Timed<'a>>,
    over: Vec<Timed<'a>>,
    reloads: usize,
}

impl<'a> Arms<'a> {
    /// Or why too little is known of either.
    fn of(view: &View<'a>) -> Result<Self, String> {
        let mut arms = Self {
            quiet: Vec::new(),
            over: Vec::new(),
            reloads: 0,
        };
        let mut left_out = 0;
        for life in &view.lives {
            let reloads: Vec<(Nanos, Nanos)> = life.changes().filter_map(span).collect();
            for request in steady(life) {
                if view.is_held_up(request.begin, request.at) {
                    left_out += 1;
                    continue;
                }
                let reload = reload_of(&reloads, request);
                let timed = Timed {
                    request,
                    took: request.at.saturating_sub(request.begin),
                    reload: reload.map(|index| arms.reloads + index),
                };
                let arm = if reload.is_some() {
                    &mut arms.over
                } else {
                    &mut arms.quiet
                };
                arm.push(timed);
            }
            arms.reloads += reloads.len();
        }
        if arms.reloads < LEAST_RELOADS {
            return Err(format!(
                "{} reloads, at least {LEAST_RELOADS} are needed",
                arms.reloads
            ));
        }
        let least = arms.quiet.len().min(arms.over.len());
        if least < LEAST_REQUESTS {
            return Err(format!(
                "{} requests without reloads and {} over them, at least {LEAST_REQUESTS} of each are needed ({left_out} more were \
                 under way while this machine held the harness up)",
                arms.quiet.len(),
                arms.over.len()
            ));
        }
        arms.quiet.sort_by_key(|timed| timed.took);
        arms.over.sort_by_key(|timed| timed.took);
        Ok(arms)
    }

    fn quiet_p99(&self) -> Nanos {
        percentile(&took(&self.quiet), 99)
    }

    fn over_p99(&self) -> Nanos {
        percentile(&took(&self.over), 99)
    }

    fn words(&self) -> String {
        let (quiet, over) = (self.quiet_p99(), self.over_p99());
        format!(
            "without reloads: {}; over {} reloads: {}; p99 {:.1} times as long",
            distribution(&took(&self.quiet)),
            self.reloads,
            distribution(&took(&self.over)),
            over as f64 / quiet.max(1) as f64
        )
    }
}

/// The reload in whose time a request had its turn; else the first that began while it was under way.
fn reload_of(reloads: &[(Nanos, Nanos)], request: &Request) -> Option<usize> {
    let within = reloads
        .iter()
        .rposition(|(from, to)| (*from..=*to).contains(&request.begin));
    within.or_else(|| {
        let began_meanwhile = |(from, _): &(Nanos, Nanos)| (request.begin..=request.at).contains(from);
        reloads.iter().position(began_meanwhile)
    })
}

/// When requests are put down to a change: from its delivery until a while after it was seen.
fn span(write: &Write<'_>) -> Option<(Nanos, Nanos)> {
    Some((write.config.begin, write.seen?.saturating_add(AFTERMATH)))
}

/// Requests of the load at a constant rate that were answered, or that nobody answered in time. How others failed is judged elsewhere.
fn steady<'v, 'a>(life: &'v Life<'a>) -> impl Iterator<Item = &'a Request> + use<'v, 'a> {
    life.judged().filter(|request| {
        let counts = matches!(
            request.outcome,
            Outcome::Answered { .. } | Outcome::TimedOut { .. }
        );
        request.purpose == Purpose::Steady && counts
    })
}

fn took(sorted: &[Timed<'_>]) -> Vec<Nanos> {
    sorted.iter().map(|timed| timed.took).collect()
}

fn distribution(sorted: &[Nanos]) -> String {
    format!(
        "n {}, median {}, p99 {}, max {}",
        sorted.len(),
        ms(percentile(sorted, 50)),
        ms(percentile(sorted, 99)),
        ms(percentile(sorted, 100)),
    )
}
