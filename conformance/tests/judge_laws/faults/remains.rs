//! What is left behind by changes, and what a stop cuts.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Event, Held, Outcome, Phase, Purpose, Request, Resources};

use super::fails_even_if_stalled;
use crate::asking::{case, change, fails_by, history};
use crate::config;
use crate::traits::plain;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_grows_with_the_changes_is_left_behind(traits in plain(), which in 0..4_usize, much: bool) {
        for case in [case("return_to_baseline"), case("do_not_pin")] {
            let mut timeline = history(&case, &traits);
            let last = timeline.events.iter_mut().rev().find_map(|event| match event {
                Event::Resources { held, .. } => Some(held),
                _ => None,
            });
            let Resources { processes, threads, descriptors, memory_kib, .. } = last.expect("a note");
            // With what the paper itself lets them vary by, far past the allowance, or well below it.
            let (count, memory) = if much { (40, 60_000) } else { (5, 10_000) };
            let (grows, by, check) = match which {
                0 => (processes, count, Check::TasksReturn),
                1 => (threads, count, Check::TasksReturn),
                2 => (descriptors, count, Check::DescriptorsReturn),
                _ => (memory_kib, memory, Check::MemoryReturns),
            };
            *grows += by;
            let expected = if much { vec![check] } else { vec![] };
            fails_by(&case, &timeline, expected.clone());
            fails_even_if_stalled(&case, &timeline, &expected);
            timeline.target.release_bound_ms = Some(120_000);
            fails_by(&case, &timeline, vec![]);
        }
    }

    #[test]
    fn what_is_held_at_a_time_for_bad_files_is_bounded(traits in plain(), much: bool) {
        let case = case("huge_deep_or_aliased");
        let mut timeline = history(&case, &traits);
        let last = timeline.events.iter_mut().rev().find_map(|event| match event {
            Event::Resources { held, .. } => Some(held),
            _ => None,
        });
        last.expect("a note").peak_kib += if much { 600 * 1024 } else { 400 * 1024 };
        fails_even_if_stalled(&case, &timeline, &if much { vec![Check::PeakIsBounded] } else { vec![] });
    }

    #[test]
    fn what_a_stop_cuts_was_not_finished(traits in plain(), pick: Index, how in 0..3) {
        let case = case("graceful_stop");
        let mut timeline = history(&case, &traits);
        let held = |r: &Request| matches!(r.purpose, Purpose::Held(Held::Request | Held::Download));
        change(&mut timeline, pick, held, |request| match (how, &mut request.outcome) {
            (0, Outcome::Answered { intact, .. }) => *intact = false,
            (1, outcome) => *outcome = Outcome::Ended { phase: Phase::Head },
            (_, outcome) => *outcome = Outcome::Reset { phase: Phase::Body },
        });
        fails_even_if_stalled(&case, &timeline, &[Check::GracefulStopFinishes]);
    }
}
