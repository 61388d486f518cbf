//! A file that comes to stand where the old one stood, in a way that the target does not see.

use proptest::prelude::*;
use reloadspec::judge::{judge, verdict};
use reloadspec::vocabulary::{Check, Delivery, TriggerKind};

use super::stalled;
use crate::asking::{case, fails_by, history, verdicts};
use crate::config;
use crate::traits::{Traits, plain};

/// The cases in which files are replaced in one way or a few, and how many changes each waits for.
const REPLACED: [(&str, usize); 5] = [
    ("rename_over_is_applied", 3),
    ("in_place_overwrite_is_applied", 3),
    ("symlink_swap_is_applied", 8),
    ("delete_then_recreate_is_applied", 2),
    ("same_size_same_mtime", 3),
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
}
