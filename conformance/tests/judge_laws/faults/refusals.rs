//! Bad files in numbers, what is in flight over one, and what is told of it.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Event, Held, Outcome, Phase, Purpose, Request, TriggerKind};

use super::{fails_even_if_stalled, insert, log, taint, times_out_unless_stalled};
use crate::asking::{case, change, fails_by, history, is_load, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// A target that tells of a rejection in its log alone.
fn logging() -> impl Strategy<Value = Traits> {
    (plain(), any::<bool>()).prop_map(|(plain, signal)| Traits {
        trigger: if signal {
            TriggerKind::Signal
        } else {
            TriggerKind::Watch
        },
        ..plain
    })
}

fn is_rejection(event: &Event) -> bool {
    matches!(event, Event::Log { line, .. } if line.contains("config rejected"))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_of_ten_bad_files_that_shows_was_applied(
        traits in plain(), pick: Index, nth in 0..10_usize, which in 0..3_usize, kept: bool,
    ) {
        let case = case("ten_bad_then_good");
        let mut timeline = history(&case, &traits);
        let bad: Vec<_> = writes(&timeline).into_iter().filter(|write| write.flaw.is_some()).cloned().collect();
        prop_assert_eq!(bad.len(), 10);
        let write = bad[nth].clone();
        let load = |r: &Request| is_load(r) && r.is_fresh() != kept && r.at > write.begin;
        change(&mut timeline, pick, load, |r| taint(r, write.generation, which));
        fails_even_if_stalled(&case, &timeline, &[Check::RejectedChangesNothing]);
    }

    #[test]
    fn ten_bad_files_that_block_the_good_one_are_no_recovery(traits in plain()) {
        let case = case("ten_bad_then_good");
        let late = Traits { trigger: TriggerKind::Signal, late: Some((0, 3_000, false)), ..traits };
        fails_by(&case, &history(&case, &late), vec![Check::Recovers]);
    }

    #[test]
    fn what_is_cut_in_flight_over_a_refusal_does_not_complete(traits in plain(), pick: Index, reset: bool) {
        let case = case("failed_reload");
        let mut timeline = history(&case, &traits);
        let held = |r: &Request| matches!(r.purpose, Purpose::Held(what) if what != Held::Idle);
        change(&mut timeline, pick, held, |request| match &mut request.outcome {
            Outcome::Answered { intact, .. } if !reset => *intact = false,
            outcome => *outcome = Outcome::Reset { phase: Phase::Body },
        });
        fails_even_if_stalled(&case, &timeline, &[Check::InFlightCompletes]);
    }

    #[test]
    fn a_refusal_swallows_no_request_and_closes_no_idle_connection(traits in plain(), pick: Index, how in 0..3) {
        let case = case("failed_reload");
        let mut timeline = history(&case, &traits);
        let idle = |r: &Request| r.purpose == Purpose::Held(Held::Idle);
        let id = change(&mut timeline, pick, idle, |request| {
            request.outcome = match how {
                0 => Outcome::NotSent,
                1 => Outcome::TimedOut { phase: Phase::Head },
                _ => Outcome::Ended { phase: Phase::Head },
            };
        });
        match how {
            0 => {
                timeline.events.retain(|event| !matches!(event, Event::Arrival(a) if a.request == Some(id)));
                fails_by(&case, &timeline, vec![]);
            }
            1 => times_out_unless_stalled(&case, &timeline, Check::NoSwallowedRequest),
            _ => fails_even_if_stalled(&case, &timeline, &[Check::NoSwallowedRequest]),
        }
        prop_assert_eq!(weak(&fails_by(&case, &timeline, if how == 0 { vec![] } else { vec![Check::NoSwallowedRequest] })), [Check::IdleConnectionStays]);
    }

    #[test]
    fn a_rejection_is_told_of_with_its_cause(traits in logging(), second: bool) {
        let case = case("logs_failed_change");
        let timeline = history(&case, &traits);
        let mut bad = writes(&timeline).into_iter().filter(|write| write.flaw.is_some());
        let write = if second { bad.nth(1) } else { bad.next() };
        let write = write.expect("a bad file");
        let mine = |event: &Event| is_rejection(event) && event.at() > write.begin && event.at() < write.at + 250 * MS;

        let silent = Traits { silent_on: write.flaw, ..traits };
        fails_by(&case, &history(&case, &silent), vec![Check::RejectionIsObserved]);

        let mut curt = timeline.clone();
        for event in curt.events.iter_mut().filter(|event| mine(event)) {
            if let Event::Log { line, .. } = event {
                *line = "ERROR config rejected".into();
            }
        }
        fails_even_if_stalled(&case, &curt, &[Check::RejectionNamesCause]);

        // A second line may say it.
        let told = curt.events.iter().find(|event| mine(event)).map_or(0, Event::at);
        for cause in ["  in proxy.yaml", "  at line 3", "  dangling_reference or syntax"] {
            let mut two = curt.clone();
            insert(&mut two, log(told + MS, cause));
            fails_by(&case, &two, vec![]);
        }
    }

    #[test]
    fn a_record_without_a_file_that_was_taken_is_false(traits in plain(), again: bool) {
        let case = case("no_false_reload_records");
        let mut timeline = history(&case, &traits);
        // Of the change before, or of the bad file.
        let at = if again { writes(&timeline)[2].begin - MS } else { writes(&timeline)[2].at + MS };
        insert(&mut timeline, log(at, "INFO config applied: proxy.yaml"));
        fails_even_if_stalled(&case, &timeline, &[Check::NoFalseRecord]);
    }

    #[test]
    fn a_rejection_that_is_told_again_of_the_same_file_is_told_too_often(traits in plain(), after in 1..1_000_u64) {
        let case = case("persistent_fault");
        let timeline = history(&case, &traits);
        let told = writes(&timeline)[1].at;
        let mut again = timeline.clone();
        let late = told + (traits.bound_ms + 50 + after) * MS;
        insert(&mut again, log(late, "ERROR config rejected: syntax"));
        fails_even_if_stalled(&case, &again, &[Check::RejectionIsToldOnce]);
        // Two lines of the same change are one telling.
        let mut twice = timeline;
        insert(&mut twice, log(told + after * MS, "ERROR config rejected: syntax"));
        fails_by(&case, &twice, vec![]);
    }

    #[test]
    fn a_second_change_that_waits_for_what_is_open_is_late(traits in plain(), pick: Index, second: bool) {
        let case = case("long_connections");
        let timeline = history(&case, &traits);
        let trigger = TriggerKind::Watch;
        let late = Traits { trigger, late: Some((usize::from(second), 3_000, false)), ..traits };
        fails_by(&case, &history(&case, &late), vec![Check::TakesEffect]);
        let mut cut = timeline;
        let held = |r: &Request| matches!(r.purpose, Purpose::Held(_));
        change(&mut cut, pick, held, |request| request.outcome = Outcome::Reset { phase: Phase::Body });
        fails_even_if_stalled(&case, &cut, &[Check::InFlightCompletes]);
    }
}
