//! What a sound target makes of what is asked on a route that is limited.

use reloadspec::vocabulary::{Arrival, Event, Limit, Markers, Nanos, Outcome, Purpose, Request};

use super::{MS, ORIGINS, Paper};

/// How it counts.
struct Counted {
    tokens: f64,
    since: Nanos,
    failures: u32,
    open_until: Nanos,
}

/// An answer of the target's own, in the place of an origin's.
pub(crate) fn refused(request: &Request, status: u16) -> Outcome {
    let stamp = request.generation().map(|generation| generation.to_string());
    Outcome::Answered {
        status,
        markers: Markers {
            stamp,
            ..Markers::default()
        },
        intact: true,
        closes: false,
    }
}

impl Paper {
    /// Where it stands that a held request was at the origin.
    pub(super) fn arrive_apart(&mut self, at: Nanos, request: u64) {
        self.events.push(Event::Arrival(Arrival {
            connection: None,
            is_check: false,
            at,
            origin: format!("o{ORIGINS}"),
            request: Some(request),
        }));
    }

    /// Refuses what is one too many of the load on a limited route, among the events from that one on.
    pub(super) fn limit(&mut self, from: usize) {
        let layouts = self.life().layouts.clone();
        if layouts.iter().all(|(_, layout)| layout.limit.is_none()) {
            return;
        }
        let held = |event: &Event| match event {
            Event::Request(held) if held.route == 1 && matches!(held.purpose, Purpose::Held(_)) => {
                Some((held.begin, held.at))
            }
            _ => None,
        };
        let held: Vec<(Nanos, Nanos)> = self.events.iter().filter_map(held).collect();
        let mut load: Vec<&mut Request> = self.events[from..]
            .iter_mut()
            .filter_map(|event| match event {
                Event::Request(request) if request.route == 1 => Some(request),
                _ => None,
            })
            .collect();
        load.sort_by_key(|request| request.begin);
        let mut counted = Counted {
            tokens: f64::INFINITY,
            since: 0,
            failures: 0,
            open_until: 0,
        };
        for request in load {
            let in_force = layouts.iter().rfind(|(since, _)| *since <= request.begin);
            let Some(limit) = in_force.and_then(|(_, layout)| layout.limit) else {
                continue;
            };
            let inside = held
                .iter()
                .filter(|(from, to)| *from < request.begin && request.begin < *to);
            if let Some(outcome) = counted.answer(limit, request, inside.count()) {
                request.outcome = outcome;
            }
        }
    }
}

impl Counted {
    /// The answer to a request, if it is another than that of the origin's as it stands.
    fn answer(&mut self, limit: Limit, request: &Request, inside: usize) -> Option<Outcome> {
        if let Some(count) = limit.in_a_minute() {
            let count = f64::from(count);
            let flowed = (request.begin - self.since) as f64 / (60_000 * MS) as f64 * count;
            (self.tokens, self.since) = ((self.tokens + flowed).min(count), request.begin);
            let is_one_too_many = self.tokens < 1.0;
            self.tokens -= f64::from(!is_one_too_many);
            return is_one_too_many.then(|| refused(request, 429));
        }
        if limit == Limit::Sessions {
            return (inside >= Limit::SESSIONS as usize).then(|| refused(request, 503));
        }
        if request.begin < self.open_until {
            return Some(refused(request, 503));
        }
        self.failures += 1;
        if self.failures >= Limit::FAILURES {
            self.open_until = request.at + Nanos::from(Limit::OPEN_S) * 1_000 * MS;
        }
        let Outcome::Answered { markers, .. } = &request.outcome else {
            return None;
        };
        Some(Outcome::Answered {
            status: 500,
            markers: markers.clone(),
            intact: true,
            closes: false,
        })
    }
}
