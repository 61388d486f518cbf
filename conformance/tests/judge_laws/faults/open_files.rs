//! Files whose first part is good by itself, and whose writer is still at it.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Request, TriggerKind};

use super::{stalled, taint};
use crate::asking::{case, change, fails_by, history, is_load, weak, writes};
use crate::config;
use crate::traits::{Traits, plain};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_served_before_its_writer_is_done_is_weak(traits in plain(), pick: Index, which in 0..3_usize, kept: bool) {
        let case = case("parseable_prefix");
        let mut timeline = history(&case, &Traits { trigger: TriggerKind::Watch, ..traits });
        let write = writes(&timeline)[0].clone();
        let resumed = write.resumed.expect("its writer paused");
        let meanwhile = |r: &Request| is_load(r) && r.is_fresh() != kept && r.begin > write.begin && r.at < resumed;
        change(&mut timeline, pick, meanwhile, |r| taint(r, write.generation, which));
        for timeline in [&timeline, &stalled(&timeline)] {
            let results = fails_by(&case, timeline, vec![]);
            prop_assert_eq!(weak(&results), [Check::HalfWrittenChangesNothing]);
        }
    }
}
