//! A retry budget: how many retries there may be for the requests of a moving window.
//!
//! In: requests and retries, each with its moment. Out: whether a retry may be made. Pure: it is for the caller to say what time it is.
//!
//! Law: whenever a retry is let through, the retries of the window that ends with it are at most the share of that window's requests and `min_retries`. What is
//! counted is counted in slices of a tenth of the window. A slice counts for requests as long as all of it is in the window, and for retries as long as any of it is:
//! what is not known exactly is never in favour of a retry.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::RetryBudget;

/// What was counted, and the rules by which it counts.
#[derive(Debug)]
pub(super) struct Budget {
    rules: RetryBudget,
    /// In the order of time.
    slices: VecDeque<Slice>,
}

/// What happened from one moment to another.
#[derive(Debug)]
struct Slice {
    first: Duration,
    last: Duration,
    requests: u64,
    retries: u64,
}

/// Slices of a window.
const SLICES: u32 = 10;

// === impl Budget ===

impl Budget {
    pub(super) fn new(rules: RetryBudget) -> Self {
        Self {
            rules,
            slices: VecDeque::new(),
        }
    }

    /// Other rules, for what was counted too. What is older than a shorter window is forgotten with it.
    pub(super) fn change(&mut self, rules: RetryBudget) {
        self.rules = rules;
    }

    /// Counts a request.
    pub(super) fn deposit(&mut self, now: Duration) {
        self.slice(now).requests += 1;
    }

    /// Lets a retry through and counts it, or does neither.
    pub(super) fn withdraw(&mut self, now: Duration) -> bool {
        self.forget(now);
        let allowed = self.balance(now) > 0;
        if allowed {
            self.slice(now).retries += 1;
        }
        allowed
    }

    /// How many retries there may be now.
    pub(super) fn balance(&self, now: Duration) -> u64 {
        let RetryBudget {
            percent,
            window,
            min_retries,
        } = self.rules;
        let now = self.not_before(now);
        let (mut requests, mut retries) = (0, 0);
        for slice in &self.slices {
            if slice.first + window > now {
                requests += slice.requests;
            }
            if slice.last + window > now {
                retries += slice.retries;
            }
        }
        let share = requests * u64::from(percent) / 100;
        (share + u64::from(min_retries)).saturating_sub(retries)
    }

    /// Two threads may come in another order than they looked at the clock.
    fn not_before(&self, now: Duration) -> Duration {
        self.slices.back().map_or(now, |slice| slice.last.max(now))
    }

    /// The slice of this moment.
    fn slice(&mut self, now: Duration) -> &mut Slice {
        self.forget(now);
        let now = self.not_before(now);
        let length = self.rules.window / SLICES;
        let is_over = self.slices.back().is_none_or(|slice| slice.first + length <= now);
        if is_over {
            self.slices.push_back(Slice {
                first: now,
                last: now,
                requests: 0,
                retries: 0,
            });
        }
        let end = self.slices.len() - 1;
        let slice = &mut self.slices[end];
        slice.last = now;
        slice
    }

    fn forget(&mut self, now: Duration) {
        let window = self.rules.window;
        while self
            .slices
            .front()
            .is_some_and(|slice| slice.last + window <= now)
        {
            self.slices.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(percent: u8, window_ms: u64, min_retries: u32) -> RetryBudget {
        RetryBudget {
            percent,
            window: Duration::from_millis(window_ms),
            min_retries,
        }
    }

    #[derive(Debug, Clone)]
    enum Event {
        Request,
        /// So many tries at once.
        Retry(u8),
        /// Another share and another minimum.
        Change(u8, u32),
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
        let event = prop_oneof![
            4 => Just(Event::Request),
            3 => (1..20_u8).prop_map(Event::Retry),
            1 => (0..=100_u8, 0..10_u32).prop_map(|(percent, least)| Event::Change(percent, least)),
        ];
        let after = prop_oneof![Just(0), 0..40_u64, 0..1500_u64];
        prop::collection::vec((after, event), 1..200)
    }

    proptest! {
        /// Whatever share and minimum were before: what counts is what they are now.
        #[test]
        fn no_window_that_ends_with_a_retry_has_more_than_share_and_minimum(
            window in 1..2000_u64, percent in 0..=100_u8, least in 0..10_u32, events in events(),
        ) {
            let mut rules = rules(percent, window, least);
            let mut budget = Budget::new(rules);
            let mut now = 5_000;
            let (mut requests, mut retries) = (Vec::new(), Vec::new());
            for (after, event) in events {
                now += after;
                match event {
                    Event::Request => {
                        budget.deposit(Duration::from_millis(now));
                        requests.push(now);
                    }
                    Event::Change(percent, min_retries) => {
                        rules = RetryBudget { percent, min_retries, ..rules };
                        budget.change(rules);
                    }
                    Event::Retry(times) => for _ in 0..times {
                        if budget.withdraw(Duration::from_millis(now)) {
                            retries.push(now);
                            let within = |all: &[u64]| all.iter().filter(|&&at| at + window > now).count() as u64;
                            let bound = within(&requests) * u64::from(rules.percent) / 100 + u64::from(rules.min_retries);
                            prop_assert!(within(&retries) <= bound, "{} of {bound}", within(&retries));
                        }
                    }
                }
                prop_assert!(budget.slices.len() <= SLICES as usize + 2);
            }
        }

        /// A reload hands over the same budget with the same rules, as often as it likes.
        #[test]
        fn a_change_to_the_same_rules_changes_nothing(window in 10..2000_u64, events in events()) {
            let rules = rules(20, window, 3);
            let (mut left_alone, mut reloaded) = (Budget::new(rules), Budget::new(rules));
            let mut now = 0;
            for (after, event) in events {
                now += after;
                let at = Duration::from_millis(now);
                reloaded.change(rules);
                match event {
                    Event::Request | Event::Change(..) => {
                        left_alone.deposit(at);
                        reloaded.deposit(at);
                    }
                    Event::Retry(_) => prop_assert_eq!(left_alone.withdraw(at), reloaded.withdraw(at)),
                }
                prop_assert_eq!(left_alone.balance(at), reloaded.balance(at));
            }
        }

        /// Nor does a window that becomes longer and shorter keep more than a few slices.
        #[test]
        fn memory_is_bounded_whatever_the_window_is(windows in prop::collection::vec((1..60_000_u64, 0..5_000_u64), 1..300)) {
            let mut budget = Budget::new(rules(20, 10_000, 3));
            let mut now = 0;
            for (window, after) in windows {
                now += after;
                budget.change(rules(20, window, 3));
                budget.deposit(Duration::from_millis(now));
                budget.withdraw(Duration::from_millis(now));
            }
            budget.change(rules(20, 10_000, 3));
            for _ in 0..300 {
                now += 100;
                budget.deposit(Duration::from_millis(now));
            }
            prop_assert!(budget.slices.len() <= SLICES as usize + 2);
        }
    }

    #[test]
    fn a_share_is_earned_and_passes_with_its_window() {
        let at = Duration::from_millis;
        let mut budget = Budget::new(rules(50, 1000, 1));
        assert!(budget.withdraw(at(0)) && !budget.withdraw(at(0)));
        for moment in 0..4 {
            budget.deposit(at(moment));
        }
        assert_eq!(budget.balance(at(4)), 2);
        assert!(budget.withdraw(at(4)) && budget.withdraw(at(5)) && !budget.withdraw(at(6)));
        budget.change(rules(100, 1000, 1));
        assert_eq!(budget.balance(at(7)), 2);
        budget.change(rules(0, 1000, 0));
        assert!(!budget.withdraw(at(8)));
        budget.change(rules(50, 1000, 1));
        assert_eq!(budget.balance(at(3000)), 1);
    }
}
