//! What a change does to what client and origin say to each other for as long as the client likes: tunnels, on which they speak another protocol, and
//! bidirectional streams of gRPC.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::connections::{met_change, outlasted_change};
use super::effect::describe;
use crate::vocabulary::{Held, Outcome, Phase, Purpose, Request};

/// A kind of these.
pub(super) struct Kind {
    held: Held,
    /// The status by which it is open.
    status: u16,
    capability: &'static str,
    /// What is expected of it on a fresh process.
    there: &'static str,
    /// What is expected of it over changes.
    expected: &'static str,
    /// Several of it, in words.
    plural: &'static str,
}

/// A WebSocket: a proxy lets the protocol change by status 101 (RFC 9110, section 15.2.2).
pub(super) const WEBSOCKET: Kind = Kind {
    held: Held::WebSocket,
    status: 101,
    capability: "http_upgrade",
    there: "status 101, and a tunnel",
    expected: "the tunnel goes on until its client closes it, and every message comes once, in order",
    plural: "tunnels",
};

/// A stream of gRPC: whatever its end, its status is 200.
pub(super) const GRPC: Kind = Kind {
    held: Held::Grpc,
    status: 200,
    capability: "grpc",
    there: "status 200, and messages both ways",
    expected: "the stream goes on until its client ends it, every message comes once, in order, and then all of its trailers",
    plural: "streams",
};

fn of_kind<'v>(life: &'v Life<'_>, kind: &Kind) -> impl Iterator<Item = &'v Request> {
    let held = kind.held;
    life.elsewhere()
        .filter(move |request| request.purpose == Purpose::Held(held))
}

/// Whether it was ever open.
fn was_open(request: &Request, kind: &Kind) -> bool {
    match request.outcome {
        Outcome::Answered { .. } => is_sound(request, kind),
        Outcome::Malformed { .. } => true,
        Outcome::Reset { phase } | Outcome::Ended { phase } | Outcome::TimedOut { phase } => {
            phase == Phase::Body
        }
        Outcome::Refused | Outcome::NotSent | Outcome::Unprocessed | Outcome::Harness { .. } => false,
    }
}

/// On a fresh process one can be opened.
pub(super) fn is_there(view: &View<'_>, kind: &Kind) -> Option<Opinion> {
    let mut all = view.lives.iter().flat_map(|life| of_kind(life, kind)).peekable();
    let first = *all.peek()?;
    let opinion = if all.any(|request| was_open(request, kind)) {
        Opinion::met()
    } else {
        Opinion::not_met(Seen::new(kind.there, describe(first)).resting_on(&[first]))
    };
    Some(opinion.about(kind.capability))
}

pub(super) fn survive(view: &View<'_>, kind: &Kind) -> Vec<Opinion> {
    let drain = view.facts.drain_bound_ms.saturating_mul(MS);
    let (mut through, mut drained) = (0, 0);
    let mut wrong: Vec<&Request> = Vec::new();
    for life in &view.lives {
        for request in of_kind(life, kind).filter(|request| was_open(request, kind)) {
            let over = |request: &Request| met_change(view, life, request.begin, request.at);
            if !over(request) || is_sound(request, kind) {
                through += usize::from(outlasted_change(view, life, request.begin, request.at));
                continue;
            }
            // Who served it from before the first change may let go of it once that is documented to be over.
            let mut changes = life.changes().map(|write| write.config.begin);
            let first = changes.find(|begin| *begin > request.begin);
            let is_cut = matches!(request.outcome, Outcome::Ended { .. } | Outcome::Reset { .. });
            if is_cut && first.is_some_and(|first| request.at >= first.saturating_add(drain)) {
                drained += 1;
            } else {
                wrong.push(request);
            }
        }
    }
    if let Some(why) = view.starved_of_answers(wrong.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = wrong.first().map(|first| {
        let observed = format!(
            "{} of {}: {}",
            wrong.len(),
            wrong.len() + through,
            describe(first)
        );
        Seen::new(kind.expected, observed).resting_on(&wrong)
    });
    if against.is_none() && drained > 0 {
        let why = format!("{drained} {} ended past the documented drain time", kind.plural);
        return vec![Opinion::inconclusive(why)];
    }
    vec![Opinion::of_trials(against, through, 1)]
}

fn is_sound(request: &Request, kind: &Kind) -> bool {
    matches!(request.outcome, Outcome::Answered { status, intact: true, .. } if status == kind.status)
}
