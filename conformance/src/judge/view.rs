//! A timeline, cut into the lives of its processes and indexed for the checks.

use std::collections::HashMap;

use regex::Regex;

use crate::vocabulary::{
    Arrival, Capability, Condition, ConfigWrite, Delivery, Event, FreshStart, Generation, Markers, Nanos,
    Outcome, Phase, Purpose, Request, TargetFacts, Timeline, TriggerAnswer, TriggerKind,
};

/// Nanoseconds in a millisecond.
pub(super) const MS: Nanos = 1_000_000;

/// All that the checks may ask.
pub(super) struct View<'a> {
    pub(super) facts: &'a TargetFacts,
    pub(super) config_path: &'a str,
    pub(super) lives: Vec<Life<'a>>,
    pub(super) fresh_starts: Vec<&'a FreshStart>,
    /// Where each request arrived that reached an origin: its number, and the origin's name.
    pub(super) arrivals: HashMap<u64, &'a Arrival>,
    pub(super) applied: Option<Regex>,
    pub(super) level: Option<Regex>,
    pub(super) rejected: Option<Regex>,
    pub(super) missing: Option<Regex>,
    pub(super) fatal: Option<Regex>,
    lags: Vec<(Nanos, Nanos)>,
}

/// One process from its start to its end.
pub(super) struct Life<'a> {
    pub(super) delivery: Delivery,
    pub(super) first: Generation,
    pub(super) began: Nanos,
    /// When the next life began, or the end of time.
    pub(super) ended: Nanos,
    pub(super) events: Vec<&'a Event>,
    /// Requests of it, in the order in which they were over.
    pub(super) requests: Vec<&'a Request>,
    /// Good and bad files delivered to it while it ran, in order.
    pub(super) writes: Vec<Write<'a>>,
    pub(super) logs: Vec<(Nanos, &'a str)>,
}

/// A file delivered to a running process, and what came of it.
pub(super) struct Write<'a> {
    pub(super) config: &'a ConfigWrite,
    /// The next delivery or the deletion of the file, or the end of the life.
    pub(super) until: Nanos,
    pub(super) trigger: Option<(Nanos, Nanos, &'a TriggerAnswer)>,
    /// Whether the driver waited for its effect.
    pub(super) awaited: bool,
    /// The first answer on a fresh connection stamped with this generation or a later one was over then.
    pub(super) seen: Option<Nanos>,
}

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
        match self.trigger {
            Some((_, at, TriggerAnswer::Accepted)) if facts.has(Capability::Ack) => Some(at),
            _ => None,
        }
    }

    /// When its mixing window had closed: the apply bound after it was seen, or its acknowledgement.
    pub(super) fn window_closed(&self, facts: &TargetFacts) -> Option<Nanos> {
        let by_time = self.seen.map(|seen| seen + facts.apply_bound_ms * MS);
        match (by_time, self.acknowledged(facts)) {
            (Some(time), Some(acknowledged)) => Some(time.min(acknowledged)),
            (time, acknowledged) => time.or(acknowledged),
        }
    }
}

impl<'a> View<'a> {
    pub(super) fn of(timeline: &'a Timeline) -> Self {
        let facts = &timeline.target;
        // The patterns were compiled when the target was loaded; one that does not compile now matches nothing.
        let regex = |pattern: &Option<String>| pattern.as_deref().and_then(|text| Regex::new(text).ok());
        let of =
            |pick: fn(&'a Event) -> Option<(Nanos, Nanos)>| timeline.events.iter().filter_map(pick).collect();
        Self {
            facts,
            config_path: &timeline.config_path,
            lives: lives(&timeline.events),
            fresh_starts: timeline.events.iter().filter_map(fresh_start).collect(),
            arrivals: timeline.events.iter().filter_map(arrival).collect(),
            applied: regex(&facts.log.applied),
            level: regex(&facts.log.level),
            rejected: regex(&facts.log.rejected),
            missing: regex(&facts.log.missing),
            fatal: regex(&facts.log.fatal),
            lags: of(lag),
        }
    }

    /// The apply bound.
    pub(super) fn apply_bound(&self) -> Nanos {
        self.facts.apply_bound_ms * MS
    }

    /// Why a deadline of `bound` that was missed between two times says nothing about the target: the harness itself was
    /// held up for at least a quarter of it.
    pub(super) fn starved(&self, from: Nanos, to: Nanos, bound: Nanos) -> Option<String> {
        let lost: Nanos = self
            .lags
            .iter()
            .filter(|(at, by)| *at >= from && at.saturating_sub(*by) <= to)
            .map(|(_, by)| by)
            .sum();
        (lost >= bound / 4)
            .then(|| format!("this machine held the harness up for {} ms meanwhile", lost / MS))
    }

    /// Whether markers are wholly those of a generation.
    pub(super) fn whole(&self, markers: &Markers) -> Option<Generation> {
        let generation = markers.generation()?;
        (*markers == Markers::of(generation, self.facts.origins)).then_some(generation)
    }

    /// Whether an origin received the request.
    pub(super) fn arrived(&self, request: &Request) -> bool {
        self.arrivals.contains_key(&request.id)
    }

    /// Whether changes reach the target by its own watching.
    pub(super) fn watches(&self) -> bool {
        self.facts.trigger == TriggerKind::Watch
    }
}

impl<'a> Life<'a> {
    /// The part of its time in which it had served and was not yet asked to stop.
    pub(super) fn serving(&self) -> Option<(Nanos, Nanos)> {
        let ready = self.events.iter().find_map(|event| match event {
            Event::Ready { at } => Some(*at),
            _ => None,
        })?;
        let asked = self.events.iter().find_map(|event| match event {
            Event::StopAsked { at } => Some(*at),
            _ => None,
        });
        Some((ready, asked.unwrap_or(self.ended)))
    }

    /// Requests of loads and probes that began while it was to serve.
    pub(super) fn traffic(&self) -> impl Iterator<Item = &'a Request> {
        let serving = self.serving();
        self.requests.iter().copied().filter(move |request| {
            serving.is_some_and(|(from, to)| request.begin >= from && request.begin < to)
                && !matches!(request.purpose, Purpose::Held(_))
        })
    }

    /// Log lines that match, read in `[from, to)`.
    pub(super) fn lines(&self, pattern: &Regex, from: Nanos, to: Nanos) -> Vec<(Nanos, &'a str)> {
        self.logs
            .iter()
            .copied()
            .filter(|(at, line)| *at >= from && *at < to && pattern.is_match(line))
            .collect()
    }

    /// Good files, in order.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Write<'a>> {
        self.writes.iter().filter(|write| write.config.flaw.is_none())
    }

    /// The newest good generation delivered before a time.
    pub(super) fn newest_before(&self, time: Nanos) -> Generation {
        self.changes()
            .filter(|write| write.config.begin < time)
            .last()
            .map_or(self.first, Write::generation)
    }

    /// Whether a good file of this generation was delivered to it before a time.
    pub(super) fn knows(&self, generation: Generation, before: Nanos) -> bool {
        generation == self.first
            || self
                .changes()
                .any(|write| write.generation() == generation && write.config.begin < before)
    }
}

/// How a request failed, where that counts against safety: on a fresh connection at any time, on a kept one once its answer
/// had begun or if none came at all.
pub(super) fn failure(request: &Request) -> Option<&'static str> {
    match &request.outcome {
        Outcome::Refused => Some("refused"),
        Outcome::TimedOut { .. } => Some("timed out"),
        Outcome::Malformed { .. } => Some("malformed"),
        Outcome::Answered { intact: false, .. } => Some("damaged"),
        Outcome::Reset { phase } if request.is_fresh() || *phase == Phase::Body => Some("reset"),
        Outcome::Ended { phase } if request.is_fresh() || *phase == Phase::Body => Some("ended early"),
        Outcome::Answered { .. }
        | Outcome::Reset { .. }
        | Outcome::Ended { .. }
        | Outcome::NotSent
        | Outcome::Harness { .. } => None,
    }
}

/// Whether a kept connection ended before any byte of the answer.
pub(super) fn is_keepalive_race(request: &Request) -> bool {
    !request.is_fresh()
        && matches!(
            request.outcome,
            Outcome::Reset { phase: Phase::Head } | Outcome::Ended { phase: Phase::Head }
        )
}

fn lives(events: &[Event]) -> Vec<Life<'_>> {
    let starts: Vec<usize> = events
        .iter()
        .enumerate()
        .filter(|(_, e)| matches!(e, Event::Started { .. }))
        .map(|(i, _)| i)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([events.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| life(&events[start..end]))
        .collect()
}

fn life(events: &[Event]) -> Life<'_> {
    let (began, first, delivery) = match &events[0] {
        Event::Started {
            at,
            generation,
            delivery,
            ..
        } => (*at, *generation, *delivery),
        // Invariant: `lives` cuts at starts only.
        other => (other.at(), Generation(0), Delivery::RenameOver),
    };
    let ended = events.iter().map(Event::at).max().map_or(began, |at| at + 1);
    let mut life = Life {
        delivery,
        first,
        began,
        ended,
        events: events.iter().collect(),
        requests: Vec::new(),
        writes: Vec::new(),
        logs: Vec::new(),
    };
    for event in events {
        match event {
            Event::Request(request) => life.requests.push(request),
            Event::Log { at, line, .. } => life.logs.push((*at, line)),
            Event::Config(config) => {
                life.close_write(config.begin);
                life.writes.push(Write {
                    config,
                    until: ended,
                    trigger: None,
                    awaited: false,
                    seen: None,
                });
            }
            Event::Deleted { at } => life.close_write(*at),
            Event::Trigger { begin, at, answer } => {
                if let Some(write) = life.writes.last_mut().filter(|write| write.until == ended) {
                    write.trigger = Some((*begin, *at, answer));
                }
            }
            Event::Waited {
                condition: Condition::Effect,
                ..
            } => {
                if let Some(write) = life.writes.last_mut() {
                    write.awaited = true;
                }
            }
            _ => {}
        }
    }
    life.requests.sort_by_key(|request| request.at);
    for write in &mut life.writes {
        write.seen = life
            .requests
            .iter()
            .find(|request| {
                request.is_fresh()
                    && request.at >= write.config.begin
                    && request
                        .generation()
                        .is_some_and(|generation| generation >= write.config.generation)
            })
            .map(|request| request.at);
    }
    life
}

impl Life<'_> {
    fn close_write(&mut self, at: Nanos) {
        let ended = self.ended;
        if let Some(write) = self.writes.last_mut().filter(|write| write.until == ended) {
            write.until = at;
        }
    }
}

fn lag(event: &Event) -> Option<(Nanos, Nanos)> {
    match event {
        Event::Lag { at, by } => Some((*at, *by)),
        _ => None,
    }
}

fn fresh_start(event: &Event) -> Option<&FreshStart> {
    match event {
        Event::FreshStart(start) => Some(start),
        _ => None,
    }
}

fn arrival(event: &Event) -> Option<(u64, &Arrival)> {
    match event {
        Event::Arrival(arrival) => Some((arrival.request?, arrival)),
        _ => None,
    }
}
