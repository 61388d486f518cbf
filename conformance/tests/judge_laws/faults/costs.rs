//! What changes cost, and whom.

use proptest::prelude::*;
use reloadspec::vocabulary::{Check, Event, Nanos, Purpose, Timeline};
use serde_json::Value;

use super::stalled;
use crate::asking::{case, fails_by, history, told, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// Makes the requests wait that had their turn within so long of these changes.
fn hold_up(timeline: &mut Timeline, within: Nanos, by: Nanos, of: impl Fn(usize) -> bool) {
    let begun: Vec<Nanos> = writes(timeline).iter().map(|write| write.begin).collect();
    for event in &mut timeline.events {
        let Event::Request(request) = event else { continue };
        let change = begun.iter().rposition(|begin| *begin <= request.begin);
        if request.purpose == Purpose::Steady
            && change.is_some_and(|change| of(change) && request.begin < begun[change] + within)
        {
            request.at += by;
        }
    }
    timeline.events.sort_by_key(Event::at);
}

/// Lets all that was later than a time be so much later than it was.
fn put_off(timeline: &Timeline, after: Nanos, by: Nanos) -> Timeline {
    fn shift(value: &mut Value, after: Nanos, by: Nanos) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let is_time = ["at", "begin", "connect", "first_byte"].contains(&name.as_str());
                    match value.as_u64().filter(|_| is_time) {
                        Some(time) if time > after => *value = Value::from(time + by),
                        _ => shift(value, after, by),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| shift(value, after, by)),
            _ => {}
        }
    }
    let mut text = serde_json::to_value(timeline).expect("a timeline serialises");
    shift(&mut text, after, by);
    serde_json::from_value(text).expect("its text is a timeline")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_reloads_hold_up_again_and_again_is_weak(traits in plain(), much: bool, share in 1..3_usize) {
        let case = case("latency_during_reload");
        let mut timeline = history(&case, &traits);
        // What is held up at the last change is over too late to be judged, so that half of them are not a third by one.
        hold_up(&mut timeline, 50 * MS, if much { 60 * MS } else { 15 * MS }, |change| change % share == 0);
        let results = fails_by(&case, &timeline, vec![]);
        let expected = if much { vec![Check::LatencyStaysBounded] } else { vec![] };
        prop_assert_eq!(weak(&results), expected, "{:#?}", told(&results));
        // What the machine held up says nothing.
        let results = fails_by(&case, &stalled(&timeline), vec![]);
        prop_assert_eq!(weak(&results), vec![]);
        prop_assert_eq!(verdicts(&results, Check::LatencyStaysBounded)[0].word(), "inconclusive");
    }

    #[test]
    fn what_comes_once_is_not_what_reloads_do(traits in plain(), which in 0..3_usize) {
        let case = case("latency_during_reload");
        let mut timeline = history(&case, &traits);
        hold_up(&mut timeline, 150 * MS, 200 * MS, |change| change == which);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![], "{:#?}", told(&results));
    }

    #[test]
    fn what_is_slow_without_reloads_too_is_no_fault_of_theirs(traits in plain(), by in 1..500_u64) {
        let case = case("latency_during_reload");
        let mut timeline = history(&case, &traits);
        for event in &mut timeline.events {
            match event {
                Event::Request(request) if request.purpose == Purpose::Steady => request.at += by * MS,
                _ => {}
            }
        }
        timeline.events.sort_by_key(Event::at);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![], "{:#?}", told(&results));
    }

    #[test]
    fn what_costs_far_more_than_its_size_is_weak(seed: u64, much: bool, fast in 0..4_usize) {
        let case = case("reload_cost");
        let traits = Traits { latency_ms: 15, ..Traits::plain(seed) };
        let mut timeline = history(&case, &traits);
        let large = |timeline: &Timeline| -> Vec<Nanos> {
            let large = writes(timeline).into_iter().filter(|write| write.layout.many == 10_000);
            large.map(|write| write.at).collect()
        };
        // Of three changes the fastest speaks for all.
        for index in (0..3).filter(|index| *index != fast) {
            let at = large(&timeline)[index];
            timeline = put_off(&timeline, at, if much { 1_500 * MS } else { 300 * MS });
        }
        let results = fails_by(&case, &timeline, vec![]);
        let expected = if much && fast == 3 { vec![Check::CostInProportion] } else { vec![] };
        prop_assert_eq!(weak(&results), expected, "{:#?}", told(&results));
        prop_assert_eq!(weak(&fails_by(&case, &stalled(&timeline), vec![])), vec![]);
    }
}
