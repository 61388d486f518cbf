//! A circuit breaker as a state machine. Pure: it is for the caller to say what time it is.
//!
//! ```text
//! closed ── too many failures ──> open ── its time is over ──> half-open ── all probes good ──> closed
//!                                   ^──────────── a probe failed ──┘
//! ```
//! Laws: while it is open nobody is let through; half-open, never more than the probes that are asked for; what was let through in an earlier state says nothing about
//! a later one; its memory is bounded.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Breaker;

/// The state of a breaker, and what it goes by.
#[derive(Debug)]
pub(super) struct Machine {
    rules: Breaker,
    state: State,
    /// How often the state has changed: what was let through belongs to one of these.
    era: u64,
    /// Failures in a row.
    in_a_row: u32,
    /// What came lately, in pieces of a tenth of the window.
    pieces: VecDeque<Piece>,
}

/// What a breaker does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Closed,
    Open {
        since: Duration,
    },
    HalfOpen {
        /// Probes that have not come back.
        out: u32,
        /// Probes that were good.
        good: u32,
    },
}

#[derive(Debug)]
struct Piece {
    begin: Duration,
    requests: u64,
    failures: u64,
}

/// How a request ended that was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime) enum Ending {
    Good,
    Failed,
    /// It says nothing about the upstream: the client broke it off.
    Open,
}

/// Pieces of a window.
const PIECES: u32 = 10;

// === impl Machine ===

impl Machine {
    pub(super) fn new(rules: Breaker) -> Self {
        Self {
            rules,
            state: State::Closed,
            era: 0,
            in_a_row: 0,
            pieces: VecDeque::new(),
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Whether a request is let through: by what it has to be told about later, or else how long it is until the next one may be.
    pub(super) fn ask(&mut self, now: Duration) -> Result<u64, Duration> {
        if let State::Open { since } = self.state {
            let left = (since + self.rules.open).saturating_sub(now);
            if !left.is_zero() {
                return Err(left);
            }
            self.turn_to(State::HalfOpen { out: 0, good: 0 });
        }
        if let State::HalfOpen { out, good } = &mut self.state {
            if *out + *good >= self.rules.probes {
                return Err(Duration::ZERO);
            }
            *out += 1;
        }
        Ok(self.era)
    }

    /// How a request ended that was let through in `era`.
    pub(super) fn tell(&mut self, era: u64, ending: Ending, now: Duration) {
        if era != self.era {
            return;
        }
        match &mut self.state {
            State::Closed => {
                if ending != Ending::Open {
                    self.record(ending == Ending::Failed, now);
                    self.trip(now);
                }
            }
            State::HalfOpen { out, good } => {
                *out -= 1;
                match ending {
                    Ending::Open => {}
                    Ending::Failed => self.turn_to(State::Open { since: now }),
                    Ending::Good => {
                        *good += 1;
                        self.close();
                    }
                }
            }
            State::Open { .. } => {}
        }
    }

    /// Goes by other rules, which count at once, for what has been as for what comes.
    pub(super) fn change(&mut self, rules: Breaker, now: Duration) {
        self.rules = rules;
        match self.state {
            State::Closed => self.trip(now),
            State::HalfOpen { .. } => self.close(),
            State::Open { .. } => {}
        }
    }

    fn turn_to(&mut self, state: State) {
        self.state = state;
        self.era += 1;
        self.in_a_row = 0;
        self.pieces.clear();
    }

    fn close(&mut self) {
        if let State::HalfOpen { good, .. } = self.state
            && good >= self.rules.probes
        {
            self.turn_to(State::Closed);
        }
    }

    fn record(&mut self, failed: bool, now: Duration) {
        self.in_a_row = if failed {
            self.in_a_row.saturating_add(1)
        } else {
            0
        };
        let length = self.rules.window / PIECES;
        if self.pieces.back().is_none_or(|piece| now >= piece.begin + length) {
            self.pieces.push_back(Piece {
                begin: now,
                requests: 0,
                failures: 0,
            });
        }
        if let Some(piece) = self.pieces.back_mut() {
            piece.requests += 1;
            piece.failures += u64::from(failed);
        }
    }

    fn trip(&mut self, now: Duration) {
        let window = self.rules.window;
        while self
            .pieces
            .front()
            .is_some_and(|piece| piece.begin + window <= now)
        {
            self.pieces.pop_front();
        }
        let (requests, failures) = self.pieces.iter().fold((0, 0), |(requests, failures), piece| {
            (requests + piece.requests, failures + piece.failures)
        });
        let by_share = self.rules.failure_rate.is_some_and(|share| {
            requests >= u64::from(self.rules.min_requests) && failures * 100 >= requests * u64::from(share)
        });
        let by_row = self
            .rules
            .consecutive_failures
            .is_some_and(|failures| self.in_a_row >= failures);
        if by_share || by_row {
            self.turn_to(State::Open { since: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> Breaker {
        Breaker {
            consecutive_failures: Some(3),
            open: Duration::from_secs(1),
            probes: 2,
            ..Breaker::default()
        }
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn failing(machine: &mut Machine, times: u32, now: Duration) {
        for _ in 0..times {
            let era = machine.ask(now).expect("to be let through");
            machine.tell(era, Ending::Failed, now);
        }
    }

    #[derive(Debug, Clone)]
    enum Event {
        Ask,
        /// The one that is out the longest, or not, comes back.
        Tell(usize, u8),
        Change(Breaker),
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
        let rules = (
            prop::option::of(1..5_u32),
            prop::option::of(1..=100_u8),
            1..3000_u64,
            1..6_u32,
            1..3000_u64,
            1..4_u32,
        );
        let change = rules.prop_map(
            |(consecutive_failures, failure_rate, window, min_requests, open, probes)| {
                let (window, open) = (at(window), at(open));
                Event::Change(Breaker {
                    consecutive_failures,
                    failure_rate,
                    window,
                    min_requests,
                    open,
                    probes,
                })
            },
        );
        let tell = (0..6_usize, 0..3_u8).prop_map(|(which, how)| Event::Tell(which, how));
        let event = prop_oneof![5 => Just(Event::Ask), 5 => tell, 1 => change];
        prop::collection::vec((0..400_u64, event), 1..300)
    }

    proptest! {
        #[test]
        fn open_means_nobody_and_half_open_no_more_than_the_probes(events in events()) {
            let mut machine = Machine::new(rules());
            let mut rules = rules();
            let (mut now, mut out) = (at(0), Vec::new());
            let mut opened_at = None;
            for (after, event) in events {
                now += at(after);
                match event {
                    Event::Ask => match machine.ask(now) {
                        Ok(era) => {
                            prop_assert!(opened_at.is_none_or(|since| now >= since + rules.open), "let through while open");
                            out.push(era);
                        }
                        Err(wait) => prop_assert!(machine.state() != State::Closed && wait <= rules.open),
                    },
                    Event::Tell(which, how) if which < out.len() => {
                        let ending = [Ending::Good, Ending::Failed, Ending::Open][usize::from(how)];
                        machine.tell(out.remove(which), ending, now);
                    }
                    Event::Tell(..) => {}
                    Event::Change(other) => {
                        rules = other;
                        machine.change(other, now);
                    }
                }
                opened_at = match machine.state() {
                    State::Open { since } => Some(since),
                    State::Closed => None,
                    State::HalfOpen { out: probes, good } => {
                        let of_now = out.iter().filter(|era| **era == machine.era).count();
                        prop_assert_eq!(of_now, probes as usize);
                        // A change may leave more of them out than it would have let through.
                        prop_assert!(good < rules.probes);
                        None
                    }
                };
                prop_assert!(machine.pieces.len() <= 2 * PIECES as usize + 2);
            }
        }
    }

    #[test]
    fn it_opens_rests_probes_and_closes() {
        let mut machine = Machine::new(rules());
        failing(&mut machine, 3, at(0));
        assert_eq!(machine.ask(at(400)), Err(at(600)));
        let (first, second) = (machine.ask(at(1000)), machine.ask(at(1000)));
        assert_eq!(machine.ask(at(1000)), Err(at(0)));
        machine.tell(first.expect("a probe"), Ending::Good, at(1001));
        assert_eq!(machine.ask(at(1001)), Err(at(0)));
        machine.tell(second.expect("a probe"), Ending::Good, at(1002));
        assert_eq!(machine.state(), State::Closed);
        // What failed before it opened does not count any more.
        failing(&mut machine, 2, at(1003));
        assert_eq!(machine.state(), State::Closed);
    }

    #[test]
    fn a_probe_that_fails_opens_it_anew_and_one_that_is_broken_off_makes_room() {
        let mut machine = Machine::new(rules());
        let late = machine.ask(at(0)).expect("to be let through");
        failing(&mut machine, 3, at(0));
        let probe = machine.ask(at(1500)).expect("a probe");
        machine.tell(probe, Ending::Open, at(1501));
        // It was let through while it was closed, and does not count as a probe.
        machine.tell(late, Ending::Failed, at(1502));
        let probe = machine.ask(at(1503)).expect("a probe");
        machine.tell(probe, Ending::Failed, at(1504));
        assert_eq!(machine.ask(at(2000)), Err(at(504)));
    }

    #[test]
    fn a_share_of_failures_opens_it_once_there_are_enough_requests_in_the_window() {
        let by_share = Breaker {
            consecutive_failures: None,
            failure_rate: Some(50),
            window: at(1000),
            min_requests: 10,
            ..rules()
        };
        let mut machine = Machine::new(by_share);
        let one = |machine: &mut Machine, ending, now| {
            let era = machine.ask(now).expect("to be let through");
            machine.tell(era, ending, now);
        };
        for _ in 0..9 {
            one(&mut machine, Ending::Failed, at(0));
        }
        // The nine are out of the window.
        one(&mut machine, Ending::Failed, at(1200));
        for _ in 0..6 {
            one(&mut machine, Ending::Good, at(1300));
        }
        for _ in 0..4 {
            one(&mut machine, Ending::Failed, at(1400));
        }
        assert_eq!(machine.state(), State::Closed);
        one(&mut machine, Ending::Failed, at(1400));
        assert!(matches!(machine.state(), State::Open { .. }));
    }

    #[test]
    fn other_rules_count_at_once() {
        let mut machine = Machine::new(rules());
        failing(&mut machine, 2, at(0));
        let stricter = Breaker {
            consecutive_failures: Some(2),
            open: at(5000),
            ..rules()
        };
        machine.change(stricter, at(1));
        assert_eq!(machine.ask(at(2)), Err(at(4999)));
        machine.change(rules(), at(3));
        assert_eq!(machine.ask(at(3)), Err(at(998)));
        let probe = machine.ask(at(1001)).expect("a probe");
        machine.tell(probe, Ending::Good, at(1002));
        machine.change(Breaker { probes: 1, ..rules() }, at(1003));
        assert_eq!(machine.state(), State::Closed);
    }
}
