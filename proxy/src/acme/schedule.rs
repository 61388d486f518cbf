//! When a certificate is ordered. Times are since 1970, and nobody is asked for the time here.

use std::time::Duration;

/// The pause after the first failure; each one after it is twice as long. Five orders in the first hour are what large authorities allow.
const FIRST_PAUSE: Duration = Duration::from_secs(2 * 60);
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// When the next certificate is ordered, given when the last one is good from and until: once two thirds of its time are over, or at once where
/// there is none. `spread`, from 0 to 1, puts it off by up to a thirtieth more, so that not all who began together go on together.
pub(super) fn due(validity: Option<(Duration, Duration)>, spread: f64) -> Duration {
    let Some((from, until)) = validity else {
        return Duration::ZERO;
    };
    let lifetime = until.saturating_sub(from);
    from + lifetime.mul_f64(2.0 / 3.0 + spread.clamp(0.0, 1.0) / 30.0)
}

/// How long after this many failures in a row the next order comes.
pub(super) fn pause(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn a_certificate_of_90_days_is_renewed_after_60() {
        assert_eq!(due(None, 0.5), Duration::ZERO);
        let due = due(Some((DAY, 91 * DAY)), 0.0);
        assert!(due.abs_diff(61 * DAY) < Duration::from_secs(1), "{due:?}");
    }

    #[test]
    fn five_orders_fail_in_an_hour_and_four_in_a_day_after_that() {
        let mut at = Duration::ZERO;
        let mut orders = vec![at];
        for failures in 1..20 {
            at += pause(failures);
            orders.push(at);
        }
        let within = |time| orders.iter().filter(|at| **at < time).count();
        assert_eq!(within(Duration::from_secs(3600)), 5);
        assert_eq!(pause(30), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    proptest! {
        #[test]
        fn it_is_renewed_while_it_is_good(from in 0_u64..1 << 33, lifetime in 1_u64..1 << 28, spread in 0.0..=1.0_f64) {
            let (from, until) = (Duration::from_secs(from), Duration::from_secs(from + lifetime));
            let due = due(Some((from, until)), spread);
            prop_assert!(from < due && due < until);
        }
    }
}
