//! Files: delivered, taken, refused, removed, and what is waited for.

use reloadspec::vocabulary::{
    Condition, ConfigWrite, Event, Flaw, FreshStart, Meddling, Nanos, TriggerAnswer, TriggerKind,
};

use super::{DRAIN, MS, PATH, Paper};

impl Paper {
    pub(super) fn write(&mut self, flaw: Option<Flaw>) -> Nanos {
        self.generation = self.generation.next();
        let begin = self.now;
        self.now += MS / 5 + self.below(MS);
        let pauses = self.delivery.pauses();
        if pauses {
            self.now += 1_100 * MS;
        }
        let resumed = pauses.then_some(self.now - MS / 10);
        self.events.push(Event::Config(ConfigWrite {
            begin,
            resumed,
            at: self.now,
            generation: self.generation,
            flaw,
            layout: self.layout.clone(),
            prospect: self.prospect,
            member: self.member_of(flaw),
            delivery: self.delivery,
            sha256: String::new(),
            bytes: 100,
            oddities: flaw.map(|flaw| flaw.name().to_owned()).into_iter().collect(),
            odd_lines: flaw.map(|_| (7, 8)),
        }));
        self.now += MS / 10;
        self.now
    }

    /// Triggers, where the trigger is explicit; acknowledged at `done`.
    pub(super) fn trigger(&mut self, done: Nanos, refused: bool) {
        let begin = self.now;
        let answer = match self.traits.trigger {
            TriggerKind::Watch => return,
            TriggerKind::Signal => TriggerAnswer::Sent,
            TriggerKind::Command | TriggerKind::Http | TriggerKind::Socket if refused => {
                TriggerAnswer::Refused(format!("{PATH}:7:3: no in third.conf; is it `workers`?"))
            }
            TriggerKind::Command | TriggerKind::Http | TriggerKind::Socket => TriggerAnswer::Accepted,
        };
        let at = if self.traits.acknowledges() {
            done.max(begin) + MS / 10
        } else {
            begin + MS / 10
        };
        self.now = at;
        if self.life().is_managed {
            self.tell_of_reload(begin, done);
        }
        if matches!(answer, TriggerAnswer::Refused(_) | TriggerAnswer::Accepted) {
            self.answered(begin, at, !refused);
        }
        self.events.push(Event::Trigger {
            begin,
            at,
            by: None,
            answer,
        });
    }

    /// When a change that the target is told of now is effective.
    pub(super) fn effective(&mut self) -> Nanos {
        let last = self.life().served.last().map_or(0, |(since, _)| *since);
        let latency = self.below(self.traits.latency_ms * MS);
        (self.now + 1 + latency).max(last + 1)
    }

    pub(super) fn record(&mut self, effective: Nanos) {
        let at = effective + self.traits.mixing_ms * MS + MS / 10;
        let generation = self.generation;
        self.log(
            at,
            &format!("INFO config applied: {generation} file={PATH} revision=7 duration_ms=3 ts={at}"),
        );
        self.life().last_record = at;
    }

    pub(super) fn change(&mut self) {
        let begin = self.write(None);
        let late = self.traits.late.filter(|(index, ..)| *index == self.changes);
        self.changes += 1;
        let effective = match late {
            Some((_, ms, _)) => self.now + ms * MS,
            None => self.effective(),
        };
        let patient = late.is_none_or(|(.., patient)| patient);
        let deadline = begin + self.traits.bound_ms * MS;
        if patient || effective < deadline {
            let generation = self.generation;
            self.life().served.push((effective, Some(generation)));
            self.lay_out(effective);
            self.tell_what_changed(effective);
            self.record(effective);
        }
        let done = effective + self.traits.mixing_ms * MS;
        if patient {
            self.trigger(done, false);
        } else {
            self.trigger(self.now, true);
        }
        self.await_effect(begin, if patient { Nanos::MAX } else { deadline });
    }

    pub(super) fn burst(&mut self, changes: u32) {
        let mut begin = self.now;
        for index in 0..changes {
            begin = self.write(None);
            let skipped = index + 1 < changes && !self.traits.acknowledges() && self.chance(30);
            let effective = self.effective();
            if !skipped {
                let generation = self.generation;
                self.life().served.push((effective, Some(generation)));
                self.record(effective);
            }
            self.trigger(effective + self.traits.mixing_ms * MS, false);
        }
        self.await_effect(begin, Nanos::MAX);
    }

    pub(super) fn churn(&mut self, pause_ms: u64) {
        let mut until = None;
        loop {
            // The last one begins past the bound, which runs from when the first one was told.
            let is_last = until.is_some_and(|until| self.now >= until);
            self.write(None);
            let effective = self.effective();
            // One that is busy with the one before takes no note of this one.
            if self.traits.late.is_none() && !self.chance(30) {
                let generation = self.generation;
                self.life().served.push((effective, Some(generation)));
                self.record(effective);
            }
            self.trigger(effective + self.traits.mixing_ms * MS, false);
            until = until.or(Some(self.now + self.traits.bound_ms * MS));
            if is_last {
                return;
            }
            self.now += pause_ms * MS;
        }
    }

    pub(super) fn await_effect(&mut self, begin: Nanos, deadline: Nanos) {
        let wanted = self.generation;
        let met = loop {
            self.probe();
            let got = match self.events.last() {
                Some(Event::Request(request)) => request.generation(),
                _ => None,
            };
            if got >= Some(wanted) {
                break true;
            }
            if self.now >= deadline {
                break false;
            }
            self.now += 4 * MS;
        };
        self.events.push(Event::Waited {
            begin,
            at: self.now,
            condition: Condition::Effect,
            met,
        });
        if !met {
            let why = format!("{wanted} did not take effect");
            self.events.push(Event::Abandoned { at: self.now, why });
            self.given_up = true;
        }
        self.now += MS;
    }

    pub(super) fn waited(&mut self, condition: Condition) {
        let begin = self.now;
        if condition == Condition::ManagerReady {
            return self.await_manager();
        }
        if condition == Condition::SuccessRecord {
            let record = self.life().last_record;
            self.now = self.now.max(record) + MS / 10;
        }
        if condition == Condition::KeptFollow && self.traits.pins {
            // Old connections are ended when the documented time is over.
            self.now += DRAIN + self.traits.bound_ms * MS;
        }
        self.events.push(Event::Waited {
            begin,
            at: self.now,
            condition,
            met: true,
        });
    }

    pub(super) fn fresh_start(&mut self) {
        let flaw = self.flaw.expect("a flaw");
        let begin = self.now;
        self.now += 60 * MS;
        let taken = self.traits.takes.contains(&flaw);
        self.events.push(Event::FreshStart(FreshStart {
            begin,
            at: self.now,
            flaw,
            exited: (!taken).then_some(1),
            served: taken && flaw != Flaw::Empty,
            log: vec!["ERROR whatever".into()],
        }));
    }

    pub(super) fn flawed(&mut self) {
        let flaw = self.flaw.expect("a flaw");
        self.write(Some(flaw));
        let begin = self.now;
        let effective = self.effective();
        // A bad member that is taken is left out, or is good and bears no marker.
        if self.traits.takes.contains(&flaw) && self.layout.in_parts {
            self.trigger(effective, false);
            self.now = begin + (self.traits.bound_ms + 1) * MS;
            return;
        }
        if self.traits.takes.contains(&flaw) {
            let generation = (flaw != Flaw::Empty).then_some(self.generation);
            self.life().served.push((effective, generation));
            self.tell_what_changed(effective);
            self.record(effective);
            self.trigger(effective + self.traits.mixing_ms * MS, false);
            self.now = begin + self.traits.bound_ms * MS;
            return;
        }
        if self.traits.silent_on == Some(flaw) {
            self.trigger(effective, false);
            self.now = begin + (self.traits.bound_ms + 1) * MS;
            return;
        }
        let member = self.member_of(Some(flaw)).unwrap_or_default();
        if !self.traits.acknowledges() {
            self.log(
                effective,
                &format!("ERROR config rejected: {PATH}:7:3: {flaw} in {member}; is it `workers`?"),
            );
        }
        self.trigger(effective, true);
        self.now = self.now.max(effective) + MS / 10;
    }

    pub(super) fn meddle(&mut self, with: Meddling) {
        let (begin, at) = (self.now, self.now + MS);
        let done = at + MS / 10;
        self.events.push(Event::Meddled {
            begin,
            at: done,
            with,
        });
        self.now = done;
        if with.is_in_the_way() {
            self.log(at, &format!("WARN config missing: {PATH}"));
        }
        let taken =
            with == Meddling::Rewritten && self.flaw.is_some_and(|flaw| self.traits.takes.contains(&flaw));
        if taken {
            // The bad file is in force, so that the content of before is a change.
            let effective = self.effective();
            let before = self.life().served.iter().rev().nth(1).copied();
            let (_, generation) = before.expect("something served before");
            self.life().served.push((effective, generation));
            self.record(effective);
        }
        self.trigger(self.now, with.is_in_the_way());
        self.now = self.now.max(at) + MS;
    }

    pub(super) fn delete(&mut self) {
        // The target is quicker than the harness's own call returns.
        let at = self.now + MS;
        let (begin, done) = (self.now, at + MS / 10);
        self.events.push(Event::Deleted { begin, at: done });
        self.now = done;
        self.log(at, &format!("WARN config missing: {PATH}"));
        self.trigger(self.now, true);
        self.now = self.now.max(at) + MS;
    }
}
