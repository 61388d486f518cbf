//! A file that comes to stand where the old one stood, in a way that the target does not see.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::{judge, verdict};
use reloadspec::vocabulary::{Check, Delivery, Flaw, Outcome, Request, TriggerKind};

use super::{fails_even_if_stalled, lost, stalled, taint};
use crate::asking::{answered, case, change, fails_by, history, is_load, markers, verdicts, writes};
use crate::config;
use crate::traits::{Traits, plain};

/// The cases in which files are replaced in one way or a few, and how many changes each waits for.
const REPLACED: [(&str, usize); 7] = [
    ("rename_over_is_applied", 3),
    ("in_place_overwrite_is_applied", 3),
    ("symlink_swap_is_applied", 8),
    ("delete_then_recreate_is_applied", 2),
    ("same_size_same_mtime", 3),
    ("truncated_write", 2),
    ("parent_directory_symlink_swap", 3),
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_replacement_that_is_not_seen_takes_no_effect(
        traits in plain(), which in 0..REPLACED.len(), nth in 0..8_usize, patient: bool,
    ) {
        let (id, changes) = REPLACED[which];
        let case = case(id);
        let late = Some((nth % changes, traits.bound_ms + 50, patient));
        let timeline = history(&case, &Traits { trigger: TriggerKind::Watch, late, ..traits });
        fails_by(&case, &timeline, vec![Check::TakesEffect]);
        prop_assert_eq!(verdict(&judge(&case, &stalled(&timeline))).word(), "inconclusive");
    }

    #[test]
    fn what_is_served_of_a_file_that_is_only_begun_is_named(
        traits in plain(), pick: Index, second: bool, which in 0..5_usize, kept: bool, lost in lost(),
    ) {
        let case = case("truncated_write");
        let mut timeline = history(&case, &Traits { trigger: TriggerKind::Watch, ..traits });
        let write = writes(&timeline)[usize::from(second)].clone();
        let resumed = write.resumed.expect("its writer paused");
        let meanwhile = |r: &Request| is_load(r) && r.is_fresh() != kept && r.begin > write.begin && r.at < resumed;
        change(&mut timeline, pick, meanwhile, |request| match which {
            // Nothing is there to route by; a part of the file; all of it, before it is there.
            0 => request.outcome = Outcome::Answered { status: 404, markers: markers(write.generation).only(&[]), intact: true, closes: false },
            1 => taint(request, write.generation, 0),
            2 => taint(request, write.generation, 2),
            3 => request.outcome = answered(markers(write.generation)),
            _ if kept => request.outcome = Outcome::Malformed { detail: "no".into() },
            _ => request.outcome = match &lost {
                // A deadline says nothing on a machine that was held up.
                Outcome::TimedOut { .. } => Outcome::Refused,
                other => other.clone(),
            },
        });
        let refused = which == 4 && !kept && matches!(lost, Outcome::TimedOut { .. });
        let mut expected = vec![Check::HalfWrittenChangesNothing];
        expected.extend(refused.then_some(Check::NoRefusedConnect));
        fails_even_if_stalled(&case, &timeline, &expected);
    }
}

#[test]
fn two_thirds_that_are_valid_here_may_serve_and_nothing_may_not() {
    let case = case("truncated_write");
    let takes = vec![Flaw::Empty, Flaw::Truncated];
    let results = judge(
        &case,
        &history(
            &case,
            &Traits {
                takes,
                ..Traits::plain(3)
            },
        ),
    );
    let words: Vec<_> = verdicts(&results, Check::HalfWrittenChangesNothing)
        .iter()
        .map(|v| v.word())
        .collect();
    assert_eq!(words, ["pass", "unsupported"]);
}

#[test]
fn a_way_of_saving_that_is_not_seen_is_weak() {
    let case = case("editor_patterns");
    for nth in 0..8 {
        let late = Some((nth, 2_050, true));
        let timeline = history(
            &case,
            &Traits {
                late,
                ..Traits::plain(9)
            },
        );
        let results = fails_by(&case, &timeline, vec![]);
        let weak: Vec<_> = verdicts(&results, Check::TakesEffect)
            .iter()
            .map(|v| v.word() == "weak")
            .collect();
        assert_eq!(weak.iter().position(|weak| *weak), Some(nth / 2));
    }
}

#[test]
fn each_way_of_swapping_is_judged_by_itself() {
    let case = case("symlink_swap_is_applied");
    let late = Some((6, 2_050, true));
    let timeline = history(
        &case,
        &Traits {
            late,
            ..Traits::plain(5)
        },
    );
    let results = fails_by(&case, &timeline, vec![Check::TakesEffect]);
    let words: Vec<_> = verdicts(&results, Check::TakesEffect)
        .iter()
        .map(|verdict| verdict.word())
        .collect();
    assert_eq!(words, ["pass", "fail"]);
}

#[test]
fn what_a_target_does_not_list_is_unsupported_by_it() {
    let mut target = history(&case("rename_over"), &Traits::plain(1)).target;
    target.deliveries = vec![Delivery::RenameOver];
    let why = |id: &str| case(id).unsupported_by(&target);
    assert_eq!(why("rename_over_is_applied"), None);
    assert_eq!(why("same_size_same_mtime"), None, "a way of renaming over");
    let named = "the target does not list the delivery pattern symlink_swap";
    assert_eq!(why("symlink_swap_is_applied").as_deref(), Some(named));
    assert_eq!(why("reload_is_atomic"), None, "it asks for no pattern");
    let mut told = target.clone();
    told.deliveries.push(Delivery::InPlace);
    assert_eq!(case("truncated_write").unsupported_by(&told), None);
    told.trigger = TriggerKind::Signal;
    let why = case("truncated_write").unsupported_by(&told);
    assert_eq!(
        why.as_deref(),
        Some("the target reads the file only when it is told to")
    );
}
