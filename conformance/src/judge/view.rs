//! A timeline, cut into the lives of its processes and indexed for the checks.

use std::collections::{BTreeMap, HashMap};

use regex::Regex;

use super::life::{Life, Write};
use super::plan::Plan;
use crate::vocabulary::{
    Arrival, Case, Event, Flaw, FreshStart, Generation, Markers, Nanos, Object, Outcome, OutsideStart,
    Request, Shaken, TargetFacts, Timeline, TriggerAnswer, TriggerKind,
};

/// Nanoseconds in a millisecond.
pub(super) const MS: Nanos = 1_000_000;

/// All that the checks may ask.
pub(super) struct View<'a> {
    pub(super) facts: &'a TargetFacts,
    pub(super) config_path: &'a str,
    /// What was to be done.
    pub(super) plan: Plan,
    pub(super) lives: Vec<Life<'a>>,
    pub(super) fresh_starts: Vec<&'a FreshStart>,
    pub(super) outside_starts: Vec<&'a OutsideStart>,
    /// The flaws that were tried at a fresh start, and whether the target refused them there.
    refused_at_start: BTreeMap<Flaw, bool>,
    /// Where each request arrived that reached an origin; more than once, if the target sent it more than once.
    arrivals: HashMap<u64, Vec<&'a Arrival>>,
    pub(super) applied: Option<Regex>,
    pub(super) level: Option<Regex>,
    pub(super) rejected: Option<Regex>,
    pub(super) missing: Option<Regex>,
    pub(super) fatal: Option<Regex>,
    /// What the log can name as changed, and how.
    pub(super) changed: Vec<(Object, Regex)>,
    lags: Vec<(Nanos, Nanos)>,
    /// Requests that the harness's own resources failed: when, and what failed.
    harness: Vec<(Nanos, &'a str)>,
}

impl<'a> View<'a> {
    pub(super) fn of(case: &Case, timeline: &'a Timeline) -> Self {
        let facts = &timeline.target;
        // The patterns were compiled when the target was loaded; one that does not compile now matches nothing.
        let regex = |pattern: &Option<String>| pattern.as_deref().and_then(|text| Regex::new(text).ok());
        let mut view = Self {
            facts,
            config_path: &timeline.config_path,
            plan: Plan::of(case, facts),
            lives: Life::all(&timeline.events, &timeline.target.log),
            outside_starts: Vec::new(),
            fresh_starts: Vec::new(),
            refused_at_start: BTreeMap::new(),
            arrivals: HashMap::new(),
            applied: regex(&facts.log.applied),
            level: regex(&facts.log.level),
            rejected: regex(&facts.log.rejected),
            missing: regex(&facts.log.missing),
            fatal: regex(&facts.log.fatal),
            changed: facts
                .log
                .changed
                .all()
                .filter_map(|(object, pattern)| Some((object, Regex::new(pattern).ok()?)))
                .collect(),
            lags: Vec::new(),
            harness: Vec::new(),
        };
        for event in &timeline.events {
            view.take(event);
        }
        view
    }

    fn take(&mut self, event: &'a Event) {
        match event {
            Event::Lag { at, by } => self.lags.push((*at, *by)),
            Event::FreshStart(start) => {
                let refused = self.is_refused(start);
                self.refused_at_start.insert(start.flaw, refused);
                self.fresh_starts.push(start);
            }
            Event::OutsideStart(start) => self.outside_starts.push(start),
            Event::Arrival(arrival) => {
                if let Some(request) = arrival.request {
                    self.arrivals.entry(request).or_default().push(arrival);
                }
            }
            Event::Handshake(handshake) => {
                if let Shaken::Harness { detail } = &handshake.end {
                    self.harness.push((handshake.at, detail));
                }
            }
            Event::Request(request) => {
                if let Outcome::Harness { detail } = &request.outcome {
                    self.harness.push((request.at, detail));
                }
            }
            _ => {}
        }
    }

    /// Refused: it ended, or said so, and served nothing of it.
    fn is_refused(&self, start: &FreshStart) -> bool {
        let said = || {
            self.rejected
                .as_ref()
                .is_some_and(|pattern| start.log.iter().any(|line| pattern.is_match(line)))
        };
        !start.served && (start.exited.is_some() || said())
    }

    /// Whether the target refuses this kind of bad file at a fresh start; none if that was not tried.
    pub(super) fn refuses_at_start(&self, flaw: Flaw) -> Option<bool> {
        self.refused_at_start.get(&flaw).copied()
    }

    /// Whether the target says, of a file that was delivered to it while it ran, that it refuses it.
    pub(super) fn says_refused(&self, life: &Life<'_>, write: &Write<'_>) -> bool {
        self.refused_at(life, write).is_some()
    }

    /// When the target said so: in the log, or by its answer to the trigger.
    pub(super) fn refused_at(&self, life: &Life<'_>, write: &Write<'_>) -> Option<Nanos> {
        let answered = match write.trigger {
            Some((_, at, TriggerAnswer::Refused(_))) => Some(at),
            _ => None,
        };
        let logged = self
            .rejected
            .as_ref()
            .and_then(|pattern| Some(life.lines(pattern, write.config.begin, write.until).first()?.0));
        answered.into_iter().chain(logged).min()
    }

    /// When what a file brings about was over: seen to be served, or, of a bad one, refused or waited out.
    pub(super) fn settled_at(&self, life: &Life<'_>, write: &Write<'_>) -> Option<Nanos> {
        if write.config.flaw.is_none() {
            return write.seen;
        }
        // What takes no good file either refuses nothing.
        let reloads = life.changes().any(|good| good.seen.is_some());
        let waited_out = write.told().saturating_add(self.apply_bound());
        (reloads && self.is_bad(life, write)).then(|| self.refused_at(life, write).unwrap_or(waited_out))
    }

    /// Whether the case rests on bad files, and the target took all that it was given for good.
    pub(super) fn all_valid_here(&self) -> bool {
        let mut bad = self
            .lives
            .iter()
            .flat_map(|life| life.writes.iter().map(move |write| (life, write)))
            .filter(|(_, write)| write.config.flaw.is_some())
            .peekable();
        self.plan.needs_bad && bad.peek().is_some() && bad.all(|(life, write)| !self.is_bad(life, write))
    }

    /// Whether a delivered file is bad for this target: refused at a fresh start, or said to be refused.
    pub(super) fn is_bad(&self, life: &Life<'_>, write: &Write<'_>) -> bool {
        write.config.flaw.is_some_and(|flaw| {
            self.refused_at_start.get(&flaw) == Some(&true) || self.says_refused(life, write)
        })
    }

    /// Flawed files that this target may well take, valid as they are here: what they do is no fault of its.
    pub(super) fn odd_files<'v>(&'v self, life: &'v Life<'a>) -> impl Iterator<Item = &'v Write<'a>> {
        life.writes
            .iter()
            .filter(move |write| write.config.flaw.is_some() && !self.is_bad(life, write))
    }

    /// The apply bound.
    pub(super) fn apply_bound(&self) -> Nanos {
        self.facts.apply_bound_ms.saturating_mul(MS)
    }

    /// Why a deadline of `bound` that was missed between two times says nothing about the target: the harness itself was
    /// held up for at least a quarter of it, or could not make its requests.
    ///
    /// A hold-up that began in time and outlasted `to` counts whole: what was in time may have been read late.
    pub(super) fn starved(&self, from: Nanos, to: Nanos, bound: Nanos) -> Option<String> {
        let lost = self
            .lags
            .iter()
            .map(|(at, by)| (*at, at.saturating_sub(*by)))
            .filter(|(at, since)| *at >= from && *since <= to)
            .fold(0, |lost: Nanos, (at, since)| {
                lost.saturating_add(at - since.max(from))
            });
        if lost > 0 && lost >= bound / 4 {
            return Some(format!(
                "this machine held the harness up for {} ms meanwhile",
                lost / MS
            ));
        }
        self.harness
            .iter()
            .find(|(at, _)| *at >= from && *at <= to)
            .map(|(_, detail)| format!("the harness could not make a request meanwhile: {detail}"))
    }

    /// Whether the harness itself was held up at any time between two.
    pub(super) fn is_held_up(&self, from: Nanos, to: Nanos) -> bool {
        let mut lags = self.lags.iter();
        lags.any(|(at, by)| *at >= from && at.saturating_sub(*by) <= to)
    }

    /// Why requests that went wrong say nothing about the target: all of them ran out of time, and each while the harness was
    /// held up. A time-out is a deadline that was missed, and no other failure is.
    pub(super) fn starved_of_answers<'r>(&self, wrong: impl Iterator<Item = &'r Request>) -> Option<String> {
        let mut why = None;
        for request in wrong {
            if !matches!(request.outcome, Outcome::TimedOut { .. }) {
                return None;
            }
            why = Some(self.starved(
                request.begin,
                request.at,
                request.at.saturating_sub(request.begin),
            )?);
        }
        why
    }

    /// Why nothing that was not seen to fail may pass: the harness itself failed some requests of the run.
    pub(super) fn harness_failed(&self) -> Option<String> {
        let (_, detail) = self.harness.first()?;
        Some(format!(
            "the harness itself failed {} requests: {detail}",
            self.harness.len()
        ))
    }

    /// Why what was to be tried of a subject was not tried in full.
    pub(super) fn cut_short(&self, subject: Option<&str>) -> Option<String> {
        // A flaw's trial is over before the next begins, and what it needs is asked of each.
        if Flaw::ALL.iter().any(|flaw| Some(flaw.name()) == subject) {
            return None;
        }
        let is_of = |life: &Life<'_>| Some(life.delivery.name()) == subject;
        let any = self.lives.iter().any(is_of);
        self.lives
            .iter()
            .filter(|life| !any || is_of(life))
            .find_map(|life| life.abandoned)
            .map(|why| format!("the run was cut short: {why}"))
    }

    /// The name of a generation's origin.
    pub(super) fn origin_of(&self, generation: Generation) -> String {
        generation.origin_name(self.facts.origins.max(1))
    }

    /// Whether markers are wholly those of a generation, where the target's configuration bears them.
    pub(super) fn whole(&self, markers: &Markers) -> Option<Generation> {
        let generation = markers.generation()?;
        let wanted = Markers::of(generation, self.facts.origins.max(1));
        let places = &self.facts.markers;
        (markers.only(places) == wanted.only(places)).then_some(generation)
    }

    /// Where a request arrived.
    pub(super) fn arrivals(&self, request: &Request) -> &[&'a Arrival] {
        self.arrivals.get(&request.id).map_or(&[], Vec::as_slice)
    }

    /// Whether changes reach the target by its own watching.
    pub(super) fn watches(&self) -> bool {
        self.facts.trigger == TriggerKind::Watch
    }
}
