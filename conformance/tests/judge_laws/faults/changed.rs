//! What a change changed, said wrongly: too little, too much, of what never came to be, or with a secret.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Case, Check, Event, Generation, ObjectPatterns, Timeline, TriggerKind};

use super::{insert, log, stalled};
use crate::asking::{case, fails_by, history, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

const OBJECTS: [(&str, &str); 4] = [
    ("the route r1", "route"),
    ("the route r2", "route"),
    ("the second listener", "listener"),
    ("what holds the credential", "credential"),
];

/// Fails nothing, and is weak by this check alone: also on a machine that is held up, unless the check waits for something.
fn is_weak_by(case: &Case, timeline: &Timeline, check: Check, waits: bool) {
    let results = fails_by(case, timeline, vec![]);
    assert_eq!(weak(&results), [check], "{results:#?}");
    let results = fails_by(case, &stalled(timeline), vec![]);
    let expected = if waits { vec![] } else { vec![check] };
    assert_eq!(weak(&results), expected, "{results:#?}");
}

fn is_line(event: &Event, object: &str, from: u64, to: u64) -> bool {
    matches!(event, Event::Log { at, line, .. } if *at >= from && *at < to && line.ends_with(object))
}

/// The changes of the case, each from when until when: 1 and 2 of the first route, 3 and 4 of the listener, of 3 the second route;
/// then the comment, the bad file, and the last change.
fn spans(timeline: &Timeline) -> Vec<(u64, u64)> {
    let begins = timeline.events.iter().filter_map(|event| match event {
        Event::Config(write) => Some(write.begin),
        Event::Meddled { begin, .. } => Some(*begin),
        _ => None,
    });
    let begins: Vec<u64> = begins.collect();
    let ends = begins.iter().skip(1).copied();
    let end = timeline.events.iter().find_map(|event| match event {
        Event::StopAsked { at } => Some(*at),
        _ => None,
    });
    begins.iter().copied().zip(ends.chain(end)).collect()
}

fn watching(traits: Traits) -> Traits {
    Traits {
        trigger: TriggerKind::Watch,
        ..traits
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_changed_and_is_not_named_is_missed(traits in plain(), pick: Index) {
        let case = case("logged_as_a_diff");
        let clean = history(&case, &traits);
        let spans = spans(&clean);
        prop_assert_eq!(spans.len(), 7);
        let named: Vec<(usize, usize)> = (0..4)
            .flat_map(|object| (0..7).map(move |span| (object, span)))
            .filter(|(object, span)| {
                let (from, to) = spans[*span];
                clean.events.iter().any(|event| is_line(event, OBJECTS[*object].0, from, to))
            })
            .collect();
        // The first route twice, the second once, the listener as it comes and goes, the credential with every change.
        prop_assert_eq!(named.len(), 2 + 1 + 2 + 5);
        let (object, span) = *pick.get(&named);
        let (from, to) = spans[span];
        let mut silent = clean;
        silent.events.retain(|event| !is_line(event, OBJECTS[object].0, from, to));
        is_weak_by(&case, &silent, Check::ChangedIsNamed, true);
        let results = fails_by(&case, &silent, vec![]);
        let missed: Vec<_> = results.iter().filter(|result| result.finding.is_some()).collect();
        prop_assert_eq!(missed.len(), 1);
        prop_assert_eq!(missed[0].subject.as_deref(), Some(OBJECTS[object].1));
    }

    #[test]
    fn what_did_not_change_and_is_named_is_seen(traits in plain(), pick: Index) {
        let case = case("logged_as_a_diff");
        let clean = history(&case, &traits);
        let spans = spans(&clean);
        let watches = traits.trigger == TriggerKind::Watch;
        let unnamed: Vec<(usize, usize)> = (0..4)
            .flat_map(|object| (0..7).map(move |span| (object, span)))
            .filter(|(object, span)| {
                let (from, to) = spans[*span];
                !clean.events.iter().any(|event| is_line(event, OBJECTS[*object].0, from, to))
            })
            .collect();
        let (object, span) = *pick.get(&unnamed);
        let mut named = clean;
        insert(&mut named, log(spans[span].1 - 20 * MS, &format!("INFO config differs: {}", OBJECTS[object].0)));
        match span {
            // Who is told to reload may say whatever there is to say of the same file.
            4 if !watches => prop_assert_eq!(weak(&fails_by(&case, &named, vec![])), []),
            5 => is_weak_by(&case, &named, Check::RefusedIsNotNamed, false),
            _ => is_weak_by(&case, &named, Check::UnchangedIsNotNamed, false),
        }
    }

    #[test]
    fn a_line_that_is_read_late_is_of_the_change_before(traits in plain(), span in 1..3_usize) {
        let case = case("logged_as_a_diff");
        let mut timeline = history(&case, &watching(traits));
        let spans = spans(&timeline);
        let object = ["the route r1", "the route r2"][span - 1];
        let ((from, to), (next, _)) = (spans[span], spans[span + 1]);
        for event in timeline.events.iter_mut().filter(|event| is_line(event, object, from, to)) {
            if let Event::Log { at, .. } = event {
                *at = next + 30 * MS;
            }
        }
        timeline.events.sort_by_key(Event::at);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), [Check::ChangedIsNamed]);
        prop_assert_eq!(verdicts(&results, Check::UnchangedIsNotNamed)[0].word(), "inconclusive");
    }

    #[test]
    fn a_credential_beside_what_changed_is_seen(traits in plain(), old: bool) {
        let case = case("logged_as_a_diff");
        let mut timeline = history(&case, &traits);
        let write = writes(&timeline)[1].clone();
        let Generation(number) = write.generation;
        let shown = Generation(if old { number - 1 } else { number }).credential();
        insert(&mut timeline, log(write.at + 30 * MS, &format!("INFO authorization is now {shown}")));
        is_weak_by(&case, &timeline, Check::NoSecretShown, false);
    }

    #[test]
    fn whose_log_names_nothing_is_not_asked(traits in plain()) {
        let case = case("logged_as_a_diff");
        let mut timeline = history(&case, &traits);
        timeline.target.log.changed = ObjectPatterns::default();
        let results = fails_by(&case, &timeline, vec![]);
        for check in [Check::ChangedIsNamed, Check::UnchangedIsNotNamed, Check::RefusedIsNotNamed] {
            prop_assert_eq!(verdicts(&results, check)[0].word(), "unsupported");
        }
    }
}
