//! Second listeners and further routes: when they come and go, and what is asked there.

use reloadspec::vocabulary::{
    Condition, Event, Generation, Held, Listener, Markers, Nanos, Outcome, Phase, Prospect, Purpose, Request,
    Step,
};

use super::{MS, ORIGINS, Paper};
use crate::asking::{answered, markers};

/// A load that is not at the first listener for the route for all paths.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    from: Nanos,
    fresh: u8,
    kept: u8,
    pause: Nanos,
    to: (Listener, u8),
    purpose: fn(u8) -> Purpose,
}

/// The stream of a request, where it has one.
fn stream(listener: Listener, nth: u32) -> Option<u32> {
    (listener == Listener::Http2).then_some(2 * nth + 1)
}

impl Paper {
    /// What configurations have now holds from then on.
    pub(super) fn lay_out(&mut self, effective: Nanos) {
        let layout = self.layout.clone();
        let drains_ms = self.traits.drains_ms.unwrap_or(u64::from(layout.drain_ms));
        let before = self.life().layouts.last().and_then(|(_, before)| before.listener);
        if layout.drain_ms > 0 && before.is_some() && layout.listener.is_none() {
            self.life().drains.push((effective, effective + drains_ms * MS));
        }
        self.life().layouts.push((effective, layout));
    }

    pub(super) fn step_elsewhere(&mut self, step: &Step) {
        match step {
            Step::LoadOn {
                fresh,
                kept,
                pause_us,
            } => {
                let load = Load {
                    from: self.now,
                    fresh: *fresh,
                    kept: *kept,
                    pause: u64::from(*pause_us) * 1_000,
                    to: self.to,
                    purpose: |_| Purpose::Load,
                };
                self.life().elsewhere.push(load);
            }
            Step::FailuresOn { tasks, pause_us } => {
                let load = Load {
                    from: self.now,
                    fresh: *tasks,
                    kept: 0,
                    pause: u64::from(*pause_us) * 1_000,
                    to: self.to,
                    purpose: |_| Purpose::Load,
                };
                self.life().elsewhere.push(load);
            }
            Step::SessionsOn { tasks, pause_us } => {
                let load = Load {
                    from: self.now,
                    fresh: *tasks,
                    kept: 0,
                    pause: u64::from(*pause_us) * 1_000,
                    to: self.to,
                    purpose: |task| Purpose::Session(task.into()),
                };
                self.life().elsewhere.push(load);
            }
            Step::SteadyOn { per_second } => {
                let load = Load {
                    from: self.now,
                    fresh: 1,
                    kept: 0,
                    pause: 1_000 * MS / u64::from(*per_second),
                    to: self.to,
                    purpose: |_| Purpose::Steady,
                };
                self.life().elsewhere.push(load);
            }
            Step::Hold { what, count } => {
                for _ in 0..*count {
                    let (id, connection, connect) = (self.id(), self.id(), self.now);
                    let generation = self.served(connect).expect("it serves");
                    let markers = self.led_to(self.to.1, generation, Purpose::Held(*what), connect);
                    let to = self.to;
                    let mut outcome = answered(markers);
                    if let (Held::WebSocket, Outcome::Answered { status, .. }) = (*what, &mut outcome) {
                        *status = 101;
                    }
                    let held = Request {
                        id,
                        purpose: Purpose::Held(*what),
                        listener: to.0,
                        route: to.1,
                        connection,
                        connect,
                        nth: 0,
                        stream: stream(to.0, 0),
                        begin: connect,
                        first_byte: None,
                        at: connect,
                        outcome,
                    };
                    self.life().held_elsewhere.push(held);
                    self.arrive_apart(connect + MS / 2, id);
                    self.now += MS;
                }
            }
            Step::Await(condition) => {
                let begin = self.now;
                let wanted = *condition == Condition::Effect;
                // Once every answer is of the newest, and every socket that is to be closed is.
                self.now += (self.traits.mixing_ms + 2) * MS;
                let connection = (self.id(), self.now, 0);
                let at = self.ask_elsewhere(Purpose::Probe, self.to, connection, self.now);
                self.now = at + MS / 10;
                self.events.push(Event::Waited {
                    begin,
                    at,
                    condition: *condition,
                    met: wanted || *condition == Condition::Refusal,
                });
            }
            step => panic!("no case does {step:?} elsewhere"),
        }
    }

    pub(super) fn release_elsewhere(&mut self) {
        let last = self.life().drains.pop();
        for mut request in std::mem::take(&mut self.life().held_elsewhere) {
            self.now += MS;
            request.at = self.now;
            if let Some((_, cut)) = last
                && cut < self.now
            {
                request.at = cut;
                request.outcome = Outcome::Ended { phase: Phase::Head };
            }
            self.events.push(Event::Request(request));
        }
        // All of it was over before what comes next.
        self.now += 1;
        let now = self.now;
        let last = last.map(|(from, until)| (from, until.min(now)));
        self.life().drains.extend(last);
    }

    /// What is held is cut off when its time is over, unless that is not waited for.
    pub(super) fn drained(&mut self) {
        let begin = self.now;
        let patience = begin + self.traits.bound_ms * MS + u64::from(self.layout.drain_ms) * MS;
        let cut = self.life().drains.last().map_or(begin, |(_, cut)| *cut);
        self.now = cut.min(patience) + MS;
        if cut <= patience {
            self.release_elsewhere();
        }
        let (at, condition) = (self.now, Condition::HeldEnded);
        self.events.push(Event::Waited {
            begin,
            at,
            condition,
            met: cut <= patience,
        });
    }

    pub(super) fn load_elsewhere(&mut self, load: Load) {
        for task in 0..load.fresh + load.kept {
            let mut at = load.from + self.below(MS);
            let mut connection = (self.id(), at, 0);
            while at < self.now {
                if task < load.fresh {
                    connection = (self.id(), at, 0);
                }
                let purpose = (load.purpose)(task);
                at = self.ask_elsewhere(purpose, load.to, connection, at) + load.pause + self.below(MS / 4);
                connection = (connection.0, connection.1, connection.2 + 1);
            }
        }
    }

    /// Whether somebody listens at a time. What comes is there before what goes is gone.
    fn listens(&mut self, listener: Listener, time: Nanos) -> bool {
        let closes = (self.traits.mixing_ms + 1) * MS;
        let layouts = &self.life().layouts;
        let has = |layout: &reloadspec::vocabulary::Layout| match (layout.listener, listener) {
            (_, Listener::First) | (Some(Listener::Wildcard), Listener::Second) => true,
            (second, listener) => second == Some(listener),
        };
        (0..layouts.len()).any(|index| {
            let until = layouts
                .get(index + 1)
                .map_or(Nanos::MAX, |(next, _)| next + closes);
            has(&layouts[index].1) && (layouts[index].0..until).contains(&time)
        })
    }

    /// One request elsewhere. Returns when it was over.
    pub(super) fn ask_elsewhere(
        &mut self,
        purpose: Purpose,
        to: (Listener, u8),
        connection: (u64, Nanos, u32),
        begin: Nanos,
    ) -> Nanos {
        let (number, connect, nth) = connection;
        let took = MS / 3 + self.below(MS);
        let is_heard = self.listens(to.0, begin);
        let generation = self.served(begin);
        let id = self.id();
        let outcome = match generation.filter(|_| is_heard) {
            Some(generation) => {
                let markers = self.led_to(to.1, generation, purpose, begin);
                if let Some(origin) = &markers.origin
                    && origin.as_str() >= format!("o{ORIGINS}").as_str()
                {
                    self.arrive_elsewhere(begin + took / 2, id, origin, number);
                }
                answered(markers)
            }
            None => Outcome::Refused,
        };
        self.events.push(Event::Request(Request {
            id,
            purpose,
            listener: to.0,
            route: to.1,
            connection: number,
            connect,
            nth,
            stream: stream(to.0, nth),
            begin,
            first_byte: None,
            at: begin + took,
            outcome,
        }));
        begin + took
    }

    /// The markers of an answer to a path of a route.
    fn led_to(&mut self, route: u8, generation: Generation, purpose: Purpose, time: Nanos) -> Markers {
        let mut markers = markers(generation);
        if let Some(origin) = self.origin_elsewhere(route, purpose, time) {
            markers.origin = Some(origin);
        }
        markers
    }

    pub(super) fn doomed(&mut self) {
        self.prospect = Prospect::Doomed;
        self.write(None);
        self.prospect = Prospect::Good;
        self.refuse();
    }

    fn refuse(&mut self) {
        let effective = self.effective();
        if !self.traits.acknowledges() {
            self.log(effective, "ERROR config rejected: the port is taken");
        }
        self.trigger(effective, true);
        self.now = self.now.max(effective) + MS / 10;
    }

    /// Every other target on paper refuses.
    pub(super) fn attempt(&mut self) {
        self.prospect = Prospect::Open;
        self.write(None);
        self.prospect = Prospect::Good;
        if self.traits.seed.is_multiple_of(2) {
            return self.refuse();
        }
        let effective = self.effective();
        let generation = self.generation;
        self.life().served.push((effective, Some(generation)));
        self.lay_out(effective);
        self.record(effective);
        if self.layout.other_setting {
            self.log(effective, "WARN workers takes a restart");
        }
        self.trigger(effective + self.traits.mixing_ms * MS, false);
        self.now = self.now.max(effective + self.traits.mixing_ms * MS) + MS / 10;
        self.probe();
    }
}
