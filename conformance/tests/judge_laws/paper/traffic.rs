//! Requests: probes, loads, and what is held open.

use reloadspec::vocabulary::{
    Arrival, Event, Generation, Held, Listener, Markers, Nanos, Outcome, Phase, Purpose, Request,
};

use super::{DRAIN, MS, ORIGINS, Paper};
use crate::asking::{answered, markers};

impl Paper {
    pub(super) fn request(&mut self, purpose: Purpose, begin: Nanos, at: Nanos, outcome: Outcome) {
        let (id, connection) = (self.id(), self.id());
        self.events.push(Event::Request(Request {
            id,
            purpose,
            listener: Listener::First,
            route: 0,
            connection,
            connect: begin,
            nth: 0,
            stream: None,
            begin,
            first_byte: None,
            at,
            outcome,
        }));
    }

    /// What a fresh connection gets at a time.
    pub(super) fn served(&mut self, time: Nanos) -> Option<Generation> {
        let mixing = self.traits.mixing_ms * MS;
        let served = self.life().served.clone();
        let newest = served
            .iter()
            .rposition(|(since, _)| *since <= time)
            .expect("it serves");
        if newest > 0 && time < served[newest].0 + mixing && self.chance(20) {
            served[newest - 1].1
        } else {
            served[newest].1
        }
    }

    pub(super) fn outcome(generation: Option<Generation>) -> Outcome {
        match generation {
            Some(generation) => answered(markers(generation)),
            None => Outcome::Answered {
                status: 404,
                markers: Markers::default(),
                intact: true,
                closes: false,
            },
        }
    }

    pub(super) fn exchange(
        &mut self,
        purpose: Purpose,
        connection: (u64, Nanos, u32),
        begin: Nanos,
    ) -> Nanos {
        let took = MS / 3 + self.below(2 * MS);
        let decided = begin + 1 + self.below(took - 2);
        let (number, connect, nth) = connection;
        let time = if nth > 0 && self.traits.pins {
            connect
        } else {
            decided
        };
        let generation = self.served(time);
        let id = self.id();
        if let Some(generation) = generation {
            self.arrive(decided, id, generation);
        }
        self.events.push(Event::Request(Request {
            id,
            purpose,
            listener: Listener::First,
            route: 0,
            connection: number,
            connect,
            nth,
            stream: None,
            begin,
            first_byte: Some(begin + took - 1),
            at: begin + took,
            outcome: Self::outcome(generation),
        }));
        begin + took
    }

    pub(super) fn arrive(&mut self, at: Nanos, request: u64, generation: Generation) {
        self.events.push(Event::Arrival(Arrival {
            at,
            origin: generation.origin_name(ORIGINS),
            request: Some(request),
            connection: None,
            is_check: false,
        }));
    }

    pub(super) fn probe(&mut self) {
        let connection = (self.id(), self.now, 0);
        self.now = self.exchange(Purpose::Probe, connection, self.now);
    }

    pub(super) fn end_load(&mut self) {
        self.end_asking();
        self.end_checks();
        self.end_handshakes();
        if let Some((from, tasks, pause_us)) = self.life().posts.take() {
            for _ in 0..tasks {
                self.kept_load(Purpose::Post, from, u64::from(pause_us) * 1_000);
            }
        }
        if let Some((from, period)) = self.life().steady.take() {
            let mut turn = from;
            while turn < self.now {
                let connection = (self.id(), turn + MS / 10, 0);
                self.exchange(Purpose::Steady, connection, turn);
                turn += period;
            }
        }
        let from = self.events.len();
        for load in std::mem::take(&mut self.life().elsewhere) {
            self.load_elsewhere(load);
        }
        self.limit(from);
        let Some((from, fresh, kept, pause_us)) = self.life().load.take() else {
            return;
        };
        let pause = u64::from(pause_us) * 1_000;
        for _ in 0..fresh {
            let mut at = from + self.below(MS);
            while at < self.now {
                let connection = (self.id(), at, 0);
                at = self.exchange(Purpose::Load, connection, at) + pause + self.below(MS / 4);
            }
        }
        for _ in 0..kept {
            self.kept_load(Purpose::Load, from, pause);
        }
        self.now += 5 * MS;
    }

    pub(super) fn kept_load(&mut self, purpose: Purpose, from: Nanos, pause: Nanos) {
        let mut at = from + self.below(MS);
        let mut connection = (self.id(), at, 0);
        while at < self.now {
            let (number, connect, nth) = connection;
            let ends = nth > 0 && self.chance(2);
            let drained = self.traits.pins && nth > 0 && self.is_drained(connect, at);
            let instead = match (self.traits.races, self.traits.polite_ends) {
                _ if drained => Some(Outcome::NotSent),
                (true, _) if ends => Some(Outcome::Ended { phase: Phase::Head }),
                (_, true) if ends => Some(Outcome::NotSent),
                _ => None,
            };
            if let Some(outcome) = instead {
                let id = self.id();
                self.events.push(Event::Request(Request {
                    id,
                    purpose,
                    listener: Listener::First,
                    route: 0,
                    connection: number,
                    connect,
                    nth,
                    stream: None,
                    begin: at,
                    first_byte: None,
                    at: at + MS / 4,
                    outcome,
                }));
                at += pause;
                connection = (self.id(), at, 0);
            } else {
                at = self.exchange(purpose, connection, at) + pause;
                connection.2 += 1;
            }
        }
    }

    /// Whether a connection that stays with its generation is so old that it has been ended.
    fn is_drained(&mut self, connect: Nanos, now: Nanos) -> bool {
        let since = |(since, _): &&(Nanos, Option<Generation>)| *since > connect;
        let served = &self.life().served;
        served
            .iter()
            .find(since)
            .is_some_and(|(since, _)| since + DRAIN <= now)
    }

    pub(super) fn hold(&mut self, what: Held) {
        let (connection, connect) = (self.id(), self.now);
        if what == Held::Idle {
            self.now = self.exchange(Purpose::Probe, (connection, connect, 0), connect);
        }
        let id = self.id();
        let generation = self.served(self.now);
        self.now += MS;
        if what != Held::Idle && (what != Held::Upload || self.traits.seed.is_multiple_of(2)) {
            self.arrive(self.now, id, generation.expect("it serves"));
        }
        self.life().held.push((what, connection, connect, id, generation));
        self.now += MS;
    }

    pub(super) fn release(&mut self) {
        let held = std::mem::take(&mut self.life().held);
        if held.is_empty() && self.life().held_elsewhere.is_empty() {
            return;
        }
        self.events.push(Event::Released { at: self.now });
        self.release_elsewhere();
        for (what, connection, connect, id, accepted) in held {
            let begin = if what == Held::Idle { self.now } else { connect };
            let at = self.now + MS + self.below(MS);
            let generation = match what {
                Held::Idle if !self.traits.pins => self.served(self.now),
                _ => accepted,
            };
            // Retired by a change, not by nothing.
            let changed = self
                .events
                .iter()
                .any(|event| matches!(event, Event::Config(write) if write.begin > connect));
            let ended = what == Held::Idle && self.traits.polite_ends && changed && self.chance(50);
            let late = what == Held::Upload && !self.traits.seed.is_multiple_of(2);
            if !ended && (late || what == Held::Idle) {
                self.arrive(self.now + MS / 2, id, generation.expect("it serves"));
            }
            let outcome = if ended {
                Outcome::NotSent
            } else {
                Self::outcome(generation)
            };
            let answer = (at, generation);
            self.events.push(Event::Request(Request {
                id,
                purpose: Purpose::Held(what),
                listener: Listener::First,
                route: 0,
                connection,
                connect,
                nth: u32::from(what == Held::Idle),
                stream: None,
                begin,
                first_byte: (!ended).then_some(at - 1),
                at,
                outcome,
            }));
            if what == Held::Pair {
                self.second(connection, connect, answer);
            }
        }
        self.now += 3 * MS;
    }

    /// The second request of a pair, unless the answer to the first says that there will be none.
    fn second(&mut self, connection: u64, connect: Nanos, (at, generation): (Nanos, Option<Generation>)) {
        if self.traits.polite_ends {
            if let Some(Event::Request(Request {
                outcome: Outcome::Answered { closes, .. },
                ..
            })) = self.events.last_mut()
            {
                *closes = true;
            }
            return;
        }
        let begin = at + 200 * MS;
        let id = self.id();
        let served = if self.traits.pins {
            generation
        } else {
            self.served(begin)
        };
        self.arrive(begin + MS / 2, id, served.expect("it serves"));
        self.events.push(Event::Request(Request {
            id,
            purpose: Purpose::Held(Held::Pair),
            listener: Listener::First,
            route: 0,
            connection,
            connect,
            nth: 1,
            stream: None,
            begin,
            first_byte: Some(begin + MS - 1),
            at: begin + MS,
            outcome: Self::outcome(served),
        }));
        self.now = self.now.max(begin + MS);
    }
}
