//! One process of a timeline, from its start to its end, and the files that it was given.

use regex::Regex;

use super::register::Restored;
use super::request::{is_of_harness, served_fresh};
use super::view::MS;
use crate::vocabulary::{
    Answer, Condition, ConfigWrite, Delivery, Event, Generation, Layout, LogPatterns, Nanos, Purpose,
    Question, Request, TargetFacts, TriggerAnswer, TriggerKind,
};

/// One process from its start to its end.
pub(super) struct Life<'a> {
    pub(super) delivery: Delivery,
    pub(super) first: Generation,
    pub(super) began: Nanos,
    /// Just past the last that is known of it.
    pub(super) ended: Nanos,
    /// When it had served its first generation.
    pub(super) ready: Option<Nanos>,
    /// When it was asked to stop; else as `ended`. What is over later may be the harness's own doing.
    pub(super) asked: Nanos,
    /// When it was noticed that it had ended by itself.
    pub(super) exited: Option<Nanos>,
    /// Why the driver gave up the rest of the steps.
    pub(super) abandoned: Option<&'a str>,
    pub(super) events: Vec<&'a Event>,
    /// What its first file has beside the first listener and the route for all paths.
    pub(super) first_layout: &'a Layout,
    /// Requests of it, in the order in which they were over, at its first listener for the route for all paths.
    pub(super) requests: Vec<&'a Request>,
    /// All others.
    elsewhere: Vec<&'a Request>,
    /// Good and bad files delivered to it while it ran, in order.
    pub(super) writes: Vec<Write<'a>>,
    /// Orders to serve an earlier version again, in order.
    pub(super) rollbacks: Vec<Restored<'a>>,
    /// All that was logged, wherever.
    pub(super) logs: Vec<(Nanos, &'a str)>,
    /// When something else than a delivery was last done to the file.
    meddled: Nanos,
    /// What was logged where the target's records are.
    records: Vec<(Nanos, &'a str)>,
}

/// A file delivered to a running process, and what came of it.
pub(super) struct Write<'a> {
    pub(super) config: &'a ConfigWrite,
    /// Its place among all that was delivered and ordered; that of the first file is 0.
    pub(super) rank: usize,
    /// The next delivery, a rollback, or the deletion of the file, or the end of the life.
    pub(super) until: Nanos,
    /// The first that was pulled for it.
    pub(super) trigger: Option<(Nanos, Nanos, &'a TriggerAnswer)>,
    /// When a trigger had answered that it is taken, and by which, where that is not the usual one.
    accepted: Vec<(Nanos, Option<TriggerKind>)>,
    /// Whether the driver waited for its effect.
    pub(super) awaited: bool,
    /// The first answer on a fresh connection that was served by this generation or a later one was over then.
    pub(super) seen: Option<Nanos>,
}

// === impl Write ===

impl Write<'_> {
    pub(super) fn generation(&self) -> Generation {
        self.config.generation
    }

    /// When the target could first know of it: the file's delivery, or the explicit trigger.
    pub(super) fn told(&self) -> Nanos {
        self.trigger.map_or(self.config.at, |(begin, ..)| begin)
    }

    /// From [`Self::told`] to [`Self::seen`].
    pub(super) fn latency(&self) -> Option<Nanos> {
        self.seen.map(|seen| seen.saturating_sub(self.told()))
    }

    /// When an acknowledgement of success had been read.
    pub(super) fn acknowledged(&self, facts: &TargetFacts) -> Option<Nanos> {
        let acknowledges = |by: Option<TriggerKind>| facts.acknowledges(by.unwrap_or(facts.trigger));
        let acknowledged = self.accepted.iter().filter(|(_, by)| acknowledges(*by));
        acknowledged.map(|(at, _)| *at).min()
    }

    /// When its mixing window had closed: the apply bound after it was seen, or its acknowledgement.
    pub(super) fn window_closed(&self, facts: &TargetFacts) -> Option<Nanos> {
        let bound = facts.apply_bound_ms.saturating_mul(MS);
        let by_time = self.seen.map(|seen| seen.saturating_add(bound));
        match (by_time, self.acknowledged(facts)) {
            (Some(time), Some(acknowledged)) => Some(time.min(acknowledged)),
            (time, acknowledged) => time.or(acknowledged),
        }
    }
}

// === impl Life ===

impl<'a> Life<'a> {
    /// Cuts a timeline at the starts of processes.
    pub(super) fn all(events: &'a [Event], log: &LogPatterns) -> Vec<Self> {
        let starts: Vec<usize> = events
            .iter()
            .enumerate()
            .filter(|(_, event)| matches!(event, Event::Started { .. }))
            .map(|(index, _)| index)
            .collect();
        let ends = starts.iter().skip(1).copied().chain([events.len()]);
        starts
            .iter()
            .zip(ends)
            .filter_map(|(&start, end)| Self::of(&events[start..end], log))
            .collect()
    }

    fn of(events: &'a [Event], log: &LogPatterns) -> Option<Self> {
        let Event::Started {
            at: began,
            generation: first,
            layout: first_layout,
            delivery,
            ..
        } = events.first()?
        else {
            return None;
        };
        let ended = events
            .iter()
            .map(Event::at)
            .max()
            .map_or(*began, |at| at.saturating_add(1));
        let mut life = Self {
            delivery: *delivery,
            first: *first,
            began: *began,
            ended,
            ready: None,
            asked: ended,
            exited: None,
            abandoned: None,
            events: events.iter().collect(),
            first_layout,
            requests: Vec::new(),
            elsewhere: Vec::new(),
            writes: Vec::new(),
            rollbacks: Vec::new(),
            logs: Vec::new(),
            meddled: 0,
            records: Vec::new(),
        };
        for event in events {
            life.take(event, log);
        }
        life.requests.sort_by_key(|request| request.at);
        life.elsewhere.sort_by_key(|request| request.at);
        for write in &mut life.writes {
            write.seen = first_seen(&life.requests, write.config);
        }
        for restored in &mut life.rollbacks {
            restored.seen = Restored::first_seen(restored.order, &life.requests);
        }
        Some(life)
    }

    fn take(&mut self, event: &'a Event, log: &LogPatterns) {
        match event {
            Event::Ready { at } => {
                self.ready.get_or_insert(*at);
            }
            Event::StopAsked { at } => self.asked = self.asked.min(*at),
            // Once it was asked to, it may.
            Event::Exited { at, .. } if self.asked == self.ended => {
                self.exited.get_or_insert(*at);
            }
            Event::Abandoned { why, .. } => {
                self.abandoned.get_or_insert(why);
            }
            Event::Request(request) if request.is_plain() => self.requests.push(request),
            Event::Request(request) => self.elsewhere.push(request),
            Event::Log { at, source, line } => {
                self.logs.push((*at, line));
                if log.is_in(source) {
                    self.records.push((*at, line));
                }
            }
            Event::Config(config) => {
                self.close_write(config.begin);
                self.writes.push(Write {
                    config,
                    rank: self.next_rank(),
                    until: self.ended,
                    trigger: None,
                    accepted: Vec::new(),
                    awaited: false,
                    seen: None,
                });
            }
            Event::Deleted { begin, .. } | Event::Meddled { begin, .. } | Event::Member { begin, .. } => {
                self.meddled = *begin;
                self.close_write(*begin);
            }
            Event::Rollback(order) => {
                // What was refused and never was changes nothing, and is judged for that.
                if order.restores.is_some() || order.reply.yes {
                    self.close_write(order.begin);
                }
                self.close_rollback(order.begin);
                self.rollbacks.push(Restored {
                    order,
                    until: self.ended,
                    rank: self.next_rank(),
                    seen: None,
                });
            }
            Event::Trigger {
                begin,
                at,
                by,
                answer,
            } => {
                // What was there when it was pulled; by the time that it answers, there may be something newer.
                let meddled = self.meddled;
                let was_there = |write: &&mut Write<'a>| (meddled..=*begin).contains(&write.config.at);
                if let Some(write) = self.writes.iter_mut().rev().find(was_there) {
                    write.trigger.get_or_insert((*begin, *at, answer));
                    if *answer == TriggerAnswer::Accepted {
                        write.accepted.push((*at, *by));
                    }
                }
            }
            Event::Waited {
                condition: Condition::Effect,
                ..
            } => {
                if let Some(write) = self.writes.last_mut() {
                    write.awaited = true;
                }
            }
            // A trigger that tells of certificates tells of no file before them.
            Event::Renewed(renewed) => self.meddled = renewed.begin,
            Event::Started { .. }
            | Event::NotReady { .. }
            | Event::Exited { .. }
            | Event::Stopped { .. }
            | Event::LeftBehind { .. }
            | Event::Waited { .. }
            | Event::Released { .. }
            | Event::Resources { .. }
            | Event::Descriptors { .. }
            | Event::Watches { .. }
            | Event::WatchesWithheld { .. }
            | Event::Flooded { .. }
            | Event::WorkersKilled { .. }
            | Event::Notified(_)
            | Event::PidFile(_)
            | Event::Handshake(_)
            | Event::Fitness { .. }
            | Event::Frame(_)
            | Event::Arrival(_)
            | Event::FreshStart(_)
            | Event::OutsideStart(_)
            | Event::Answer(_)
            | Event::Inspected(_)
            | Event::Lag { .. } => {}
        }
    }

    fn open_write(&mut self) -> Option<&mut Write<'a>> {
        let ended = self.ended;
        self.writes.last_mut().filter(|write| write.until == ended)
    }

    fn close_write(&mut self, at: Nanos) {
        if let Some(write) = self.open_write() {
            write.until = at;
        }
        self.close_rollback(at);
    }

    fn close_rollback(&mut self, at: Nanos) {
        let ended = self.ended;
        if let Some(restored) = self.rollbacks.last_mut().filter(|one| one.until == ended) {
            restored.until = at;
        }
    }

    fn next_rank(&self) -> usize {
        1 + self.writes.len() + self.rollbacks.len()
    }

    /// Requests that may speak for or against it: begun while it was to serve, over before it was asked to stop, and not
    /// failed by the harness itself. A request that spans two lives is of neither.
    pub(super) fn judged(&self) -> impl Iterator<Item = &'a Request> {
        self.of_it(&self.requests)
    }

    /// As [`Self::judged`], of what was asked at another listener, or for a route of its own.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &'a Request> {
        self.of_it(&self.elsewhere)
    }

    fn of_it(&self, requests: &[&'a Request]) -> impl Iterator<Item = &'a Request> {
        let (ready, asked) = (self.ready, self.asked);
        requests.iter().copied().filter(move |request| {
            ready.is_some_and(|ready| request.begin >= ready) && request.at < asked && !is_of_harness(request)
        })
    }

    /// As [`Self::judged`], without what was held open.
    pub(super) fn traffic(&self) -> impl Iterator<Item = &'a Request> {
        self.judged()
            .filter(|request| !matches!(request.purpose, Purpose::Held(_)))
    }

    /// Records that match, read in `[from, to)`.
    pub(super) fn lines(&self, pattern: &Regex, from: Nanos, to: Nanos) -> Vec<(Nanos, &'a str)> {
        self.records(from, to)
            .filter(|(_, line)| pattern.is_match(line))
            .collect()
    }

    /// Records read in `[from, to)`.
    pub(super) fn records(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = (Nanos, &'a str)> {
        self.records
            .iter()
            .copied()
            .filter(move |(at, _)| *at >= from && *at < to)
    }

    /// What the target answered to a question, in order.
    pub(super) fn answers(&self, question: Question) -> impl Iterator<Item = &'a Answer> {
        self.events.iter().filter_map(move |event| match event {
            Event::Answer(answer) if answer.question == question => Some(answer),
            _ => None,
        })
    }

    /// Good files that can be applied, in order.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Write<'a>> {
        self.writes
            .iter()
            .filter(|write| write.config.flaw.is_none() && write.config.prospect.is_good())
    }

    /// The first good file after a time.
    pub(super) fn next_change(&self, time: Nanos) -> Option<&Write<'a>> {
        self.changes().find(|write| write.config.begin > time)
    }

    /// Whether a good file of this generation was delivered to it before a time.
    pub(super) fn knows(&self, generation: Generation, before: Nanos) -> bool {
        generation == self.first
            || self
                .changes()
                .any(|write| write.generation() == generation && write.config.begin < before)
    }
}

fn first_seen(requests: &[&Request], config: &ConfigWrite) -> Option<Nanos> {
    requests
        .iter()
        .find(|request| {
            request.at >= config.begin
                && served_fresh(request).is_some_and(|generation| generation >= config.generation)
        })
        .map(|request| request.at)
}
