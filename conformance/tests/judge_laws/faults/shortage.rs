//! Shortages, and workers that die.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Event, Generation, Markers, Nanos, Outcome, Phase, Request, Timeline};

use super::{fails_even_if_stalled, insert, stalled, taint, times_out_unless_stalled};
use crate::asking::{
    answered, case, change, fails_by, history, is_load, ready, told, verdicts, weak, writes,
};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// When descriptors were given back, or workers killed, and until when nothing else was done.
fn spans(timeline: &Timeline) -> Vec<(Nanos, Nanos)> {
    let began = timeline.events.iter().filter_map(|event| match event {
        Event::Descriptors {
            at, are_there: true, ..
        }
        | Event::WorkersKilled { at, .. } => Some(*at),
        _ => None,
    });
    let next = |at: Nanos| {
        writes(timeline)
            .iter()
            .map(|write| write.begin)
            .find(|begin| *begin > at)
    };
    began
        .map(|at| (at, next(at).expect("a change comes thereafter")))
        .collect()
}

fn within(timeline: &Timeline) -> impl Fn(&Request) -> bool + use<> {
    let spans = spans(timeline);
    move |request| {
        let is_in = |(from, to): &(Nanos, Nanos)| request.begin >= *from && request.at < *to;
        is_load(request) && spans.iter().any(is_in)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_a_shortage_leaves_behind_is_weak(traits in plain(), pick: Index, which in 0..4_usize) {
        let case = case("fd_exhaustion");
        let mut timeline = history(&case, &traits);
        let hit = within(&timeline);
        change(&mut timeline, pick, hit, |request| match which {
            0 => taint(request, Generation(1), 4),
            1 => taint(request, Generation(1), 0),
            2 => request.outcome = answered(Markers::default()),
            _ => if let Outcome::Answered { status, .. } = &mut request.outcome { *status = 503 },
        });
        for timeline in [timeline.clone(), stalled(&timeline)] {
            let results = fails_by(&case, &timeline, vec![]);
            prop_assert_eq!(weak(&results), vec![Check::ShortageIsSurvived], "{:#?}", told(&results));
        }
    }

    #[test]
    fn who_hangs_after_a_shortage_is_weak_and_who_ends_a_connection_is_not(traits in plain(), pick: Index, hangs: bool) {
        let case = case("fd_exhaustion");
        let mut timeline = history(&case, &traits);
        let hit = within(&timeline);
        change(&mut timeline, pick, hit, |request| {
            request.outcome = if hangs {
                Outcome::TimedOut { phase: Phase::Head }
            } else {
                Outcome::Reset { phase: Phase::Head }
            };
        });
        let results = fails_by(&case, &timeline, vec![]);
        let expected = if hangs { vec![Check::ShortageIsSurvived] } else { vec![] };
        prop_assert_eq!(weak(&results), expected, "{:#?}", told(&results));
        prop_assert_eq!(weak(&fails_by(&case, &stalled(&timeline), vec![])), vec![]);
    }

    #[test]
    fn who_takes_no_change_after_a_shortage_is_weak(seed: u64) {
        let case = case("fd_exhaustion");
        // The first of the changes that can be applied comes before the first shortage, and the second after it.
        let traits = Traits { late: Some((2, 2_500, true)), ..Traits::plain(seed) };
        let timeline = history(&case, &traits);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![Check::ShortageIsSurvived], "{:#?}", told(&results));
        prop_assert_eq!(weak(&fails_by(&case, &stalled(&timeline), vec![])), vec![]);
    }

    #[test]
    fn what_fails_while_nothing_can_be_opened_is_no_fault(traits in plain(), lost in super::lost()) {
        let case = case("fd_exhaustion");
        let mut timeline = history(&case, &traits);
        let taken = timeline.events.iter().find_map(|event| match event {
            Event::Descriptors { at, are_there: false, .. } => Some(*at),
            _ => None,
        });
        let begin = taken.expect("they were taken") + MS;
        let Some(Event::Request(request)) = timeline.events.iter().find(|event| matches!(event, Event::Request(_))) else {
            panic!("no request");
        };
        let request = Request { id: 1 << 50, connection: 1 << 50, connect: begin, begin, at: begin + MS, outcome: lost, ..request.clone() };
        insert(&mut timeline, Event::Request(request));
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![], "{:#?}", told(&results));
    }

    #[test]
    fn whom_the_harness_may_not_limit_it_does_not_judge(traits in plain(), given_back: bool) {
        let case = case("fd_exhaustion");
        let mut timeline = history(&case, &traits);
        for event in &mut timeline.events {
            match event {
                Event::Descriptors { are_there, failed, .. } if *are_there == given_back => *failed = Some("EPERM".into()),
                _ => {}
            }
        }
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::ShortageIsSurvived)[0].word(), "unsupported");
    }

    #[test]
    fn an_older_generation_after_a_crash_is_caught(traits in plain(), pick: Index) {
        let case = case("crash_of_a_worker");
        let mut timeline = history(&case, &traits);
        let hit = within(&timeline);
        change(&mut timeline, pick, hit, |request| taint(request, Generation(1), 4));
        fails_even_if_stalled(&case, &timeline, &[Check::CurrentAfterCrash]);
    }

    #[test]
    fn workers_that_nobody_replaces_in_time_are_missed(traits in plain(), never: bool) {
        let case = case("crash_of_a_worker");
        let mut timeline = history(&case, &traits);
        let (from, to) = spans(&timeline)[0];
        // Nothing is refused or fails that is not asked between a crash and the first answer.
        let refuses = |request: &Request| request.begin >= from && request.begin < to;
        timeline.target.ready_within_ms = 100;
        let until = if never { to } else { from + 150 * MS };
        let (begun, fresh) = (ready(&timeline), |request: &Request| request.is_fresh());
        for event in &mut timeline.events {
            if let Event::Request(request) = event && refuses(request) && request.begin < until && request.begin > begun && fresh(request) {
                request.outcome = Outcome::Refused;
            }
        }
        timeline.events.retain(|event| !matches!(event, Event::Arrival(arrival) if arrival.at >= from && arrival.at < until));
        times_out_unless_stalled(&case, &timeline, Check::CurrentAfterCrash);
    }

    #[test]
    fn who_has_no_workers_is_not_judged_by_them(traits in plain()) {
        let case = case("crash_of_a_worker");
        let mut timeline = history(&case, &traits);
        for event in &mut timeline.events {
            if let Event::WorkersKilled { pids, .. } = event { pids.clear() }
        }
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::CurrentAfterCrash)[0].word(), "unsupported");
    }

    #[test]
    fn without_a_log_a_target_still_has_to_apply_what_is_good_and_nothing_else(seed: u64, bad: bool) {
        let case = case("disk_full");
        let late = if bad { None } else { Some((1, 2_500, true)) };
        let traits = Traits { late, ..Traits::plain(seed) };
        let mut timeline = history(&case, &traits);
        if bad {
            let flawed = writes(&timeline).into_iter().find(|write| write.flaw.is_some()).expect("a bad file").clone();
            for event in &mut timeline.events {
                if let Event::Request(request) = event && is_load(request) && request.begin > flawed.at {
                    taint(request, flawed.generation, 4);
                }
            }
        }
        let results = fails_by(&case, &timeline, vec![]);
        let expected = if bad { Check::RejectedChangesNothing } else { Check::TakesEffect };
        prop_assert!(weak(&results).contains(&expected), "{:#?}", told(&results));
    }
}
