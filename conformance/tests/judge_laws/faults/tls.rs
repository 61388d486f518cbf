//! Faults in what clients are shown of certificates.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use reloadspec::vocabulary::{Check, Event, Handshake, Leaf, Nanos, Renewed, Shaken, Timeline};

use super::{fails_even_if_stalled, stalled};
use crate::asking::{case, fails_by, history, told, verdicts};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// Those in which certificates change.
const RENEWED: [&str; 3] = [
    "certificate_file_rotation",
    "bad_certificate",
    "written_apart_never_mismatch",
];
const ALL: [&str; 4] = [RENEWED[0], RENEWED[1], RENEWED[2], "handshakes_never_fail"];

fn handshakes(timeline: &mut Timeline) -> Vec<&mut Handshake> {
    let all = timeline.events.iter_mut().filter_map(|event| match event {
        Event::Handshake(handshake) => Some(handshake),
        _ => None,
    });
    all.collect()
}

/// Changes one of all but the first, before which nothing is judged.
fn change(timeline: &mut Timeline, pick: Index, end: Shaken) {
    let mut all = handshakes(timeline);
    let index = 1 + pick.index(all.len() - 1);
    all[index].end = end;
}

/// From when until when no certificate stands there with its key.
fn without_a_pair(timeline: &Timeline) -> Vec<(Nanos, Nanos)> {
    let renewed: Vec<&Renewed> = timeline
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Renewed(renewed) => Some(renewed),
            _ => None,
        })
        .collect();
    let pairs = renewed.windows(2).filter(|pair| pair[0].pair().is_none());
    pairs.map(|pair| (pair[0].begin, pair[1].begin)).collect()
}

fn change_without_a_pair(timeline: &mut Timeline, pick: Index, end: Shaken) {
    let without = without_a_pair(timeline);
    let mut all = handshakes(timeline);
    all.retain(|one| {
        without
            .iter()
            .any(|(from, to)| one.begin >= *from && one.at < *to)
    });
    let index = pick.index(all.len());
    all[index].end = end;
}

fn newest(timeline: &mut Timeline) -> Leaf {
    let all = handshakes(timeline);
    all.iter()
        .filter_map(|one| one.leaf())
        .max()
        .expect("one was shown")
}

fn failed() -> Shaken {
    Shaken::Failed {
        detail: "no".to_owned(),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_certificate_that_is_never_shown_is_missed(traits in plain(), which in select(&RENEWED[..])) {
        let mut timeline = history(&case(which), &traits);
        let newest = newest(&mut timeline);
        let shown = handshakes(&mut timeline);
        let before = shown.iter().filter_map(|one| one.leaf()).filter(|leaf| *leaf < newest).max();
        let before = before.expect("it is not the first");
        for one in shown.into_iter().filter(|one| one.leaf() == Some(newest)) {
            one.end = Shaken::Showed { leaf: before };
        }
        fails_by(&case(which), &timeline, vec![Check::LeafTakesEffect]);
        fails_by(&case(which), &stalled(&timeline), vec![]);
    }

    #[test]
    fn who_takes_no_certificate_after_a_bad_one_is_caught(traits in plain()) {
        let mut timeline = history(&case("bad_certificate"), &traits);
        for one in handshakes(&mut timeline).into_iter().filter(|one| one.leaf() > Some(Leaf(2))) {
            one.end = Shaken::Showed { leaf: Leaf(2) };
        }
        fails_by(&case("bad_certificate"), &timeline, vec![Check::LeafTakesEffect]);
    }

    #[test]
    fn an_old_certificate_is_caught_once_the_window_has_closed(
        traits in plain(), pick: Index, which in select(&RENEWED[..]), mixing_ms in 0..400_u64,
    ) {
        let mut timeline = history(&case(which), &Traits { mixing_ms, ..traits.clone() });
        let newest = newest(&mut timeline);
        let mut shown = handshakes(&mut timeline);
        let first = shown.iter().filter(|one| one.leaf() == Some(newest)).map(|one| one.at).min();
        let closed = first.expect("it was shown") + traits.bound_ms * MS;
        shown.retain(|one| one.begin > closed);
        let index = pick.index(shown.len());
        shown[index].end = Shaken::Showed { leaf: Leaf(newest.0 - 1) };
        fails_even_if_stalled(&case(which), &timeline, &[Check::LeafNeverGoesBack]);
    }

    #[test]
    fn one_handshake_that_fails_in_a_reload_is_caught(traits in plain(), pick: Index) {
        let case = case("handshakes_never_fail");
        let timeline = history(&case, &traits);
        let mut lost = timeline.clone();
        change(&mut lost, pick, failed());
        fails_even_if_stalled(&case, &lost, &[Check::HandshakesSucceed]);
        let mut late = timeline;
        change(&mut late, pick, Shaken::TimedOut);
        super::times_out_unless_stalled(&case, &late, Check::HandshakesSucceed);
    }

    #[test]
    fn one_that_fails_while_no_pair_stands_there_is_caught(
        traits in plain(), pick: Index, which in select(&RENEWED[1..]),
    ) {
        let case = case(which);
        let timeline = history(&case, &traits);
        let mut lost = timeline.clone();
        change_without_a_pair(&mut lost, pick, failed());
        fails_even_if_stalled(&case, &lost, &[Check::LastGoodServes]);
        let mut late = timeline;
        change_without_a_pair(&mut late, pick, Shaken::TimedOut);
        super::times_out_unless_stalled(&case, &late, Check::LastGoodServes);
    }

    #[test]
    fn one_that_fails_while_a_pair_stands_there_is_of_another_case(traits in plain(), pick: Index, which in select(&RENEWED[..])) {
        let mut timeline = history(&case(which), &traits);
        let without = without_a_pair(&timeline);
        let mut all = handshakes(&mut timeline);
        all.retain(|one| !without.iter().any(|(from, to)| one.begin >= *from && one.at < *to));
        let index = 1 + pick.index(all.len() - 1);
        all[index].end = failed();
        fails_by(&case(which), &timeline, vec![]);
    }

    #[test]
    fn one_certificate_that_was_never_given_is_caught(traits in plain(), pick: Index, which in select(&ALL[..])) {
        let mut timeline = history(&case(which), &traits);
        change(&mut timeline, pick, Shaken::Untrusted { detail: "self-signed".to_owned() });
        fails_even_if_stalled(&case(which), &timeline, &[Check::NoForeignLeaf]);
    }

    #[test]
    fn who_serves_by_no_tls_at_all_is_told_so_and_nothing_else(traits in plain(), which in select(&ALL[..])) {
        let mut timeline = history(&case(which), &traits);
        for one in handshakes(&mut timeline) {
            one.end = failed();
        }
        let results = fails_by(&case(which), &timeline, vec![Check::DeclaredIsThere]);
        let asked = case(which).checks.into_iter().map(|spec| spec.id);
        for check in asked.filter(|check| *check == Check::HandshakesSucceed || *check == Check::NoForeignLeaf) {
            prop_assert_eq!(verdicts(&results, check)[0].word(), "inconclusive", "{:#?}", told(&results));
        }
    }

    #[test]
    fn what_the_harness_itself_fails_speaks_against_nobody(traits in plain(), pick: Index, which in select(&ALL[..])) {
        let mut timeline = history(&case(which), &traits);
        change(&mut timeline, pick, Shaken::Harness { detail: "no descriptor".to_owned() });
        let results = fails_by(&case(which), &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::NoForeignLeaf)[0].word(), "inconclusive");
    }

    #[test]
    fn a_few_handshakes_say_too_little(traits in plain(), which in select(&RENEWED[..])) {
        let mut timeline = history(&case(which), &traits);
        let mut left = 5;
        timeline.events.retain(|event| {
            let is_one = matches!(event, Event::Handshake(_));
            left -= i32::from(is_one);
            !is_one || left >= 0
        });
        let results = fails_by(&case(which), &timeline, vec![Check::LeafTakesEffect]);
        for check in [Check::NoForeignLeaf, Check::LeafNeverGoesBack] {
            prop_assert_eq!(verdicts(&results, check)[0].word(), "inconclusive", "{:#?}", told(&results));
        }
    }
}
