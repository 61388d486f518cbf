//! The generic cell rate algorithm (ITU-T I.371): a token bucket that is one number, the moment at which it will be full again.
//!
//! In: that moment, and the present. Out: the next such moment, or how long until there is a token. Pure: all times are nanoseconds from the same
//! beginning, and it is for the caller to say what time it is.
//!
//! Laws: in no time `t` more than `t / interval + burst` tokens are taken, whatever else becomes of the pace in between; and a change of the pace makes
//! no token, so that over any number of changes never more than the largest burst and all that flowed in meanwhile.

use crate::model::Rate;

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// In which time one token flows in, in nanoseconds; rounded up, so that never too many do.
    interval: u64,
    burst: u64,
}

const SECOND: u64 = 1_000_000_000;

// === impl Pace ===

impl Pace {
    pub(super) fn new(rate: Rate, burst: u64) -> Self {
        Self {
            interval: (rate.per.seconds() * SECOND).div_ceil(rate.count),
            burst,
        }
    }

    /// How long an empty bucket takes to be full. At most 1 000 000 hours, so that no sum here overflows.
    fn depth(self) -> u64 {
        self.interval * self.burst
    }

    /// Takes a token from the bucket that will be full at `full_at`: when it will be full then, or how long until there is one.
    pub(super) fn take(self, full_at: u64, now: u64) -> Result<u64, u64> {
        let next = full_at.max(now) + self.interval;
        match (next - now).checked_sub(self.depth()) {
            None | Some(0) => Ok(next),
            Some(wait) => Err(wait),
        }
    }

    /// Whole tokens that are there.
    pub(super) fn tokens(self, full_at: u64, now: u64) -> u64 {
        let missing = full_at.saturating_sub(now);
        self.depth().saturating_sub(missing) / self.interval
    }

    /// When a bucket is full that goes on at the pace `to`. It keeps its tokens if it becomes larger, and their share of it if it becomes smaller.
    pub(super) fn carry(self, to: Self, full_at: u64, now: u64) -> u64 {
        if self == to {
            return full_at;
        }
        let there = self.depth().saturating_sub(full_at.saturating_sub(now));
        // In time at the new pace, rounded down: what is not whole is not there.
        let kept = u128::from(there) * u128::from(to.interval) * u128::from(to.burst.min(self.burst))
            / (u128::from(self.interval) * u128::from(self.burst));
        now + (to.depth() - (kept as u64).min(to.depth()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::RateUnit;

    fn pace(count: u64, burst: u64) -> Pace {
        let per = RateUnit::Second;
        Pace::new(Rate { count, per }, burst)
    }

    /// What happens at one moment after the last one.
    #[derive(Debug, Clone)]
    enum Event {
        /// So many try at once.
        Try(u16),
        Change(Pace),
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
        let change = (1..2000_u64, 1..60_u64).prop_map(|(count, burst)| Event::Change(pace(count, burst)));
        let event = prop_oneof![3 => (1..80_u16).prop_map(Event::Try), 1 => change];
        let after = prop_oneof![0..1_000_u64, 0..50_000_000_u64, 0..3_000_000_000_u64];
        prop::collection::vec((after, event), 1..80)
    }

    proptest! {
        /// Between any two moments, whatever changes in between: what was there at most, and what flowed in.
        #[test]
        fn never_more_is_let_through_than_the_burst_and_what_flows_in(events in events()) {
            let mut pace = pace(100, 10);
            let (mut now, mut full_at) = (1_000_000_000, 0);
            // For each moment: taken until then, tokens that flowed in until then, and what the bucket holds.
            let mut moments = vec![(0_u64, 0.0_f64, pace.burst)];
            let (mut taken, mut flowed) = (0, 0.0);
            for (after, event) in events {
                now += after;
                flowed += after as f64 / pace.interval as f64;
                // Before it: what comes at this moment is in the window.
                moments.push((taken, flowed, pace.burst));
                match event {
                    Event::Try(times) => for _ in 0..times {
                        if let Ok(next) = pace.take(full_at, now) {
                            full_at = next;
                            taken += 1;
                        }
                    }
                    Event::Change(to) => {
                        let before = pace.tokens(full_at, now);
                        full_at = pace.carry(to, full_at, now);
                        prop_assert!(to.tokens(full_at, now) <= before.min(to.burst));
                        pace = to;
                    }
                }
                for (at, flowed_at, burst) in &moments {
                    let bound = *burst as f64 + (flowed - flowed_at) + 1e-6;
                    prop_assert!((taken - at) as f64 <= bound, "{} of {bound}", taken - at);
                }
            }
        }

        #[test]
        fn who_waits_as_long_as_he_is_told_is_let_through(count in 1..5000_u64, burst in 1..50_u64, times in 0..200) {
            let pace = pace(count, burst);
            let (now, mut full_at) = (SECOND, 0);
            for _ in 0..times {
                match pace.take(full_at, now) {
                    Ok(next) => full_at = next,
                    Err(wait) => {
                        prop_assert!(pace.take(full_at, now + wait - 1).is_err());
                        prop_assert!(pace.take(full_at, now + wait).is_ok());
                    }
                }
            }
        }
    }

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_one_an_interval() {
        let pace = pace(100, 10);
        let (now, mut full_at) = (SECOND, 0);
        for _ in 0..10 {
            full_at = pace.take(full_at, now).expect("a token");
        }
        assert_eq!(pace.take(full_at, now), Err(10_000_000));
        assert_eq!(pace.tokens(full_at, now), 0);
        assert_eq!(pace.tokens(full_at, now + 35_000_000), 3);
    }

    #[test]
    fn a_larger_bucket_keeps_its_tokens_and_a_smaller_one_their_share() {
        let (small, large) = (pace(10, 10), pace(1000, 100));
        let half = SECOND + small.depth() / 2;
        assert_eq!(small.tokens(half, SECOND), 5);
        let carried = small.carry(large, half, SECOND);
        assert_eq!(large.tokens(carried, SECOND), 5);
        let half = SECOND + large.depth() / 2;
        assert_eq!(small.tokens(large.carry(small, half, SECOND), SECOND), 5);
        // Nothing is gained by going there and back, as often as one likes.
        let mut full_at = 0;
        for _ in 0..10 {
            full_at = small.carry(large, full_at, SECOND);
            full_at = large.carry(small, full_at, SECOND);
        }
        assert!(small.tokens(full_at, SECOND) <= 1);
    }
}
