//! Faults in what is shown of a further certificate, and in what becomes of sessions.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Caller, Check, Event, Handshake, Leaf, Nanos, Shaken, Timeline, Verdict};

use super::{fails_even_if_stalled, stalled};
use crate::asking::{case, fails_by, history, requests, told, verdicts, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

const FURTHER: &str = "sni_certificate";
const SESSIONS: &str = "sessions_resume";

fn of(timeline: &mut Timeline, caller: Caller) -> Vec<&mut Handshake> {
    let all = timeline.events.iter_mut().filter_map(|event| match event {
        Event::Handshake(handshake) if handshake.caller == caller => Some(handshake),
        _ => None,
    });
    all.collect()
}

fn shows() -> Shaken {
    Shaken::Showed { leaf: Leaf(100) }
}

fn lacks() -> Shaken {
    Shaken::Untrusted {
        detail: "not of that name".to_owned(),
    }
}

/// When the two changes began, and when the window of the second had closed.
fn times(timeline: &Timeline, bound_ms: u64) -> (Nanos, Nanos, Nanos) {
    let all = writes(timeline);
    let second = all[1].generation;
    let seen =
        requests(timeline).filter(|request| request.is_fresh() && request.generation() == Some(second));
    let seen = seen.map(|request| request.at).min().expect("it was seen");
    (all[0].begin, all[1].begin, seen + bound_ms * MS)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_further_certificate_that_is_never_shown_is_missed(traits in plain()) {
        let mut timeline = history(&case(FURTHER), &traits);
        for one in of(&mut timeline, Caller::Further) {
            one.end = lacks();
        }
        fails_by(&case(FURTHER), &timeline, vec![Check::FurtherLeafIsShown]);
        fails_by(&case(FURTHER), &stalled(&timeline), vec![]);
    }

    #[test]
    fn one_that_is_not_shown_once_is_missed(traits in plain(), pick: Index, mixing_ms in 0..400_u64) {
        let mut timeline = history(&case(FURTHER), &Traits { mixing_ms, ..traits.clone() });
        let (first, second, _) = times(&timeline, traits.bound_ms);
        // Whoever is told later has its time from then on.
        let due = first + (2 * traits.bound_ms + 400) * MS;
        let mut all = of(&mut timeline, Caller::Further);
        all.retain(|one| one.begin > due.min(second - 100 * MS) && one.at < second);
        let index = pick.index(all.len());
        all[index].end = lacks();
        fails_even_if_stalled(&case(FURTHER), &timeline, &[Check::FurtherLeafIsShown]);
    }

    #[test]
    fn one_that_was_taken_away_is_caught_once_the_window_has_closed(
        traits in plain(), pick: Index, mixing_ms in 0..400_u64,
    ) {
        let mut timeline = history(&case(FURTHER), &Traits { mixing_ms, ..traits.clone() });
        let (_, _, closed) = times(&timeline, traits.bound_ms);
        let mut all = of(&mut timeline, Caller::Further);
        all.retain(|one| one.begin > closed);
        let index = pick.index(all.len());
        all[index].end = shows();
        fails_even_if_stalled(&case(FURTHER), &timeline, &[Check::RemovedLeafIsGone]);
    }

    #[test]
    fn one_handshake_of_the_others_that_fails_is_caught(traits in plain(), pick: Index) {
        let mut timeline = history(&case(FURTHER), &traits);
        let mut all = of(&mut timeline, Caller::New);
        let index = 1 + pick.index(all.len() - 1);
        all[index].end = Shaken::Failed { detail: "no".to_owned() };
        fails_even_if_stalled(&case(FURTHER), &timeline, &[Check::HandshakesSucceed]);
    }

    #[test]
    fn a_session_that_is_lost_over_a_change_is_weak(traits in plain(), pick: Index) {
        let mut timeline = history(&case(SESSIONS), &traits);
        let first = writes(&timeline)[0].begin;
        let mut all = of(&mut timeline, Caller::Returning);
        all.retain(|one| one.begin > first);
        let index = pick.index(all.len());
        all[index].resumed = false;
        let results = fails_by(&case(SESSIONS), &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::SessionsResume), vec![&Verdict::Weak], "{:#?}", told(&results));
    }

    #[test]
    fn who_resumes_none_before_anything_changes_is_not_judged(traits in plain(), pick: Index) {
        let mut timeline = history(&case(SESSIONS), &traits);
        let first = writes(&timeline)[0].begin;
        let mut all = of(&mut timeline, Caller::Returning);
        let before = all.iter().filter(|one| one.at < first).count();
        all[1 + pick.index(before - 1)].resumed = false;
        let results = fails_by(&case(SESSIONS), &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::SessionsResume)[0].word(), "unsupported");
    }
}
