//! Limits: what was used up stays used up, another limit counts, and none is exceeded.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::judge;
use reloadspec::vocabulary::{
    Check, Event, Limit, Markers, Nanos, Outcome, Purpose, Request, Timeline, Verdict,
};

use super::fails_even_if_stalled;
use crate::asking::{
    answered, case, change, failed, fails_by, history, markers, requests, told, verdicts, weak, writes,
};
use crate::config;
use crate::paper::{ORIGINS, refused};
use crate::traits::plain;

fn is_load(request: &Request) -> bool {
    request.route == 1 && !matches!(request.purpose, Purpose::Held(_))
}

fn is_refused(request: &Request) -> bool {
    is_load(request)
        && matches!(&request.outcome, Outcome::Answered { status: 429 | 503, markers, .. } if markers.origin.is_none())
}

/// Lets a request through that was refused.
fn let_through(request: &mut Request) {
    let generation = request.generation().expect("a stamp");
    let apart = Some(format!("o{ORIGINS}"));
    request.outcome = answered(Markers {
        origin: apart,
        ..markers(generation)
    });
}

/// Changes the first so many of those that are picked.
fn change_first(
    timeline: &mut Timeline,
    count: usize,
    which: impl Fn(&Request) -> bool,
    change: impl Fn(&mut Request),
) -> usize {
    let picked = timeline.events.iter_mut().filter_map(|event| match event {
        Event::Request(request) if which(request) => Some(request),
        _ => None,
    });
    picked.take(count).map(change).count()
}

/// When what was held is released, or it is asked to stop, whichever comes first: what goes on then cannot be judged.
fn end(timeline: &Timeline) -> Nanos {
    let is_end = |event: &&Event| matches!(event, Event::Released { .. } | Event::StopAsked { .. });
    let ends = timeline.events.iter().filter(is_end).map(Event::at);
    ends.min().expect("an end")
}

/// When each change was seen, in order.
fn seen(timeline: &Timeline) -> Vec<Nanos> {
    let of = |write: &&reloadspec::vocabulary::ConfigWrite| {
        let is_of = |request: &&Request| request.is_fresh() && request.generation() == Some(write.generation);
        requests(timeline).filter(is_of).map(|request| request.at).min()
    };
    writes(timeline).iter().filter_map(of).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_comes_back_with_changes_is_seen_and_a_little_is_not(traits in plain()) {
        let case = case("rate_limit_balance");
        let clean = history(&case, &traits);
        let mut once = clean.clone();
        let first = seen(&clean)[0];
        // As of a count in windows of a minute, one of which has just begun.
        change_first(&mut once, Limit::TIGHT as usize, |r| is_refused(r) && r.begin > first, let_through);
        fails_by(&case, &once, vec![]);
        let mut each_time = clean.clone();
        for change in seen(&clean) {
            change_first(&mut each_time, Limit::TIGHT as usize, |r| is_refused(r) && r.begin > change, let_through);
        }
        fails_even_if_stalled(&case, &each_time, &[Check::BalanceSurvives]);
    }

    #[test]
    fn a_lower_limit_that_does_not_count_is_seen(traits in plain()) {
        let case = case("changed_limit");
        let mut timeline = history(&case, &traits);
        let changes = seen(&timeline);
        change_first(&mut timeline, usize::MAX, |r| is_refused(r) && r.begin > changes[1], let_through);
        fails_even_if_stalled(&case, &timeline, &[Check::LowerLimitCounts]);
    }

    #[test]
    fn a_higher_limit_that_does_not_count_is_seen(traits in plain()) {
        let case = case("changed_limit");
        let mut timeline = history(&case, &traits);
        let changes = seen(&timeline);
        let is_then = |r: &Request| is_load(r) && r.begin > changes[0] && r.at < changes[1];
        change_first(&mut timeline, usize::MAX, is_then, |r| r.outcome = refused(r, 429));
        fails_even_if_stalled(&case, &timeline, &[Check::HigherLimitCounts]);
    }

    #[test]
    fn one_session_too_many_is_seen(traits in plain(), pick: Index) {
        let case = case("session_limit");
        let mut timeline = history(&case, &traits);
        let (first, end) = (seen(&timeline)[0], end(&timeline));
        let is_then = |r: &Request| is_refused(r) && r.begin > first && r.at < end;
        change(&mut timeline, pick, is_then, let_through);
        fails_even_if_stalled(&case, &timeline, &[Check::SessionsNeverExceeded]);
    }

    #[test]
    fn one_request_through_an_open_breaker_is_seen(traits in plain(), pick: Index) {
        let case = case("circuit_breaker");
        let mut timeline = history(&case, &traits);
        let (first, end) = (writes(&timeline)[0].begin, end(&timeline));
        let is_then = |r: &Request| is_refused(r) && r.begin > first && r.at < end;
        change(&mut timeline, pick, is_then, let_through);
        let results = judge(&case, &timeline);
        prop_assert_eq!(failed(&results), vec![]);
        prop_assert_eq!(weak(&results), vec![Check::BreakerStaysOpen], "{:#?}", told(&results));
    }

    #[test]
    fn a_limit_that_is_not_there_is_told_and_nothing_else_is_concluded(traits in plain()) {
        for (id, check) in [
            ("rate_limit_balance", Check::BalanceSurvives),
            ("changed_limit", Check::LowerLimitCounts),
            ("session_limit", Check::SessionsNeverExceeded),
        ] {
            let case = case(id);
            let mut timeline = history(&case, &traits);
            change_first(&mut timeline, usize::MAX, is_refused, let_through);
            let results = fails_by(&case, &timeline, vec![Check::DeclaredIsThere]);
            let is_open = |verdict: &&Verdict| matches!(verdict, Verdict::Unsupported(_));
            prop_assert!(verdicts(&results, check).iter().all(is_open), "{:#?}", told(&results));
        }
    }
}
