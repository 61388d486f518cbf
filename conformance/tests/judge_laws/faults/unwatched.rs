//! Targets that are given no watch.

use proptest::prelude::*;
use reloadspec::vocabulary::{Check, CheckResult, Event, Nanos, Timeline};

use super::{insert, stalled};
use crate::asking::{case, fails_by, history, told, verdicts, weak};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

fn words(results: &[CheckResult]) -> [&'static str; 2] {
    [Check::WantOfWatchesIsReported, Check::ChangesAreFoundUnwatched]
        .map(|check| verdicts(results, check)[0].word())
}

/// When the process that is given none was started.
fn began(timeline: &Timeline) -> Nanos {
    let withheld = timeline.events.iter().find_map(|event| match event {
        Event::WatchesWithheld { at, .. } => Some(*at),
        _ => None,
    });
    withheld.expect("they were withheld")
}

/// Says nothing of it.
fn silence(timeline: &mut Timeline) {
    timeline
        .events
        .retain(|event| !matches!(event, Event::Log { line, .. } if line.contains("cannot watch")));
}

/// A process that is given none never serves.
fn never_serves(timeline: &mut Timeline) {
    let began = began(timeline);
    timeline.events.retain(|event| {
        event.at() <= began
            || matches!(event, Event::Log { .. } | Event::Stopped { .. })
                && !matches!(event, Event::Log { line, .. } if line.contains("applied"))
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn who_says_nothing_of_it_is_weak(traits in plain()) {
        let case = case("watch_unavailable");
        let mut timeline = history(&case, &traits);
        silence(&mut timeline);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![Check::WantOfWatchesIsReported], "{:#?}", told(&results));
    }

    #[test]
    fn who_finds_no_change_is_weak(seed: u64, which in 1..3_usize) {
        let case = case("watch_unavailable");
        let traits = Traits { late: Some((which, 2_500, true)), ..Traits::plain(seed) };
        let timeline = history(&case, &traits);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![Check::ChangesAreFoundUnwatched], "{:#?}", told(&results));
        prop_assert_eq!(words(&fails_by(&case, &stalled(&timeline), vec![]))[1], "inconclusive");
    }

    #[test]
    fn who_never_watches_has_nothing_to_report(traits in plain(), may_be_seen: bool) {
        let case = case("watch_unavailable");
        let mut timeline = history(&case, &traits);
        silence(&mut timeline);
        for event in &mut timeline.events {
            if let Event::Watches { count, .. } = event { *count = may_be_seen.then_some(0) }
        }
        let expected = if may_be_seen { "unsupported" } else { "inconclusive" };
        prop_assert_eq!(words(&fails_by(&case, &timeline, vec![])), [expected, "pass"]);
    }

    #[test]
    fn who_ends_instead_is_judged_by_its_words_alone(traits in plain(), says_so: bool) {
        let case = case("watch_unavailable");
        let mut timeline = history(&case, &traits);
        if !says_so { silence(&mut timeline) }
        let ends = began(&timeline) + 5 * MS;
        never_serves(&mut timeline);
        insert(&mut timeline, Event::Exited { at: ends, status: "exit status 1".into() });
        insert(&mut timeline, Event::NotReady { at: ends, seen: "it ended: exit status 1".into() });
        insert(&mut timeline, Event::Abandoned { at: ends, why: "it did not become ready".into() });
        let reported = if says_so { "pass" } else { "weak" };
        prop_assert_eq!(words(&fails_by(&case, &timeline, vec![])), [reported, "unsupported"]);
    }

    #[test]
    fn who_runs_on_without_its_configuration_is_weak(traits in plain()) {
        let case = case("watch_unavailable");
        let mut timeline = history(&case, &traits);
        let gives_up = began(&timeline) + timeline.target.ready_within_ms * MS;
        never_serves(&mut timeline);
        insert(&mut timeline, Event::NotReady { at: gives_up, seen: "it runs, but its first configuration is not served".into() });
        insert(&mut timeline, Event::Abandoned { at: gives_up, why: "it did not become ready".into() });
        prop_assert_eq!(words(&fails_by(&case, &timeline, vec![])), ["pass", "weak"]);
        prop_assert_eq!(words(&fails_by(&case, &stalled(&timeline), vec![])), ["pass", "inconclusive"]);
    }

    #[test]
    fn what_cannot_be_withheld_is_no_ones_fault(traits in plain(), has_some: bool) {
        let case = case("watch_unavailable");
        let mut timeline = history(&case, &traits);
        let since = began(&timeline);
        for event in &mut timeline.events {
            match event {
                Event::Watches { at, count } if has_some && *at > since => *count = Some(3),
                Event::WatchesWithheld { failed, .. } if !has_some => *failed = Some("EINVAL".into()),
                _ => {}
            }
        }
        let expected = if has_some { "inconclusive" } else { "unsupported" };
        prop_assert_eq!(words(&fails_by(&case, &timeline, vec![])), [expected; 2]);
    }
}
