//! Records that are missing, doubled, early, quiet or untrue.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::judge;
use reloadspec::vocabulary::{Check, Event, Generation};

use super::{fails_even_if_stalled, insert, is_fresh_load, log, stalled, taint};
use crate::asking::{case, change, fails_by, history, ready, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

fn is_record(event: &Event, from: u64, to: u64) -> bool {
    matches!(event, Event::Log { at, line, .. } if *at >= from && *at < to && line.contains("config applied"))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn records_are_counted(traits in plain(), second: bool) {
        let case = case("logs_successful");
        let timeline = history(&case, &traits);
        let begins: Vec<u64> = writes(&timeline).iter().map(|write| write.begin).collect();
        let (from, to) = if second { (begins[1], begins[2]) } else { (begins[0], begins[1]) };

        let mut none = timeline.clone();
        none.events.retain(|event| !is_record(event, from, to));
        fails_by(&case, &none, vec![Check::OneSuccessRecord]);
        let results = judge(&case, &stalled(&none));
        prop_assert_eq!(verdicts(&results, Check::OneSuccessRecord)[0].word(), "inconclusive");

        let mut twice = timeline.clone();
        insert(&mut twice, log(to - MS, "INFO config applied: again"));
        fails_even_if_stalled(&case, &twice, &[Check::OneSuccessRecord]);

        let mut early = timeline.clone();
        insert(&mut early, log(ready(&timeline) + MS, "INFO config applied: /ground/conf/proxy.yaml"));
        prop_assert_eq!(weak(&fails_by(&case, &early, vec![])), [Check::NoRecordAtStart]);

        let mut quiet = timeline.clone();
        for event in quiet.events.iter_mut().filter(|event| is_record(event, from, to)) {
            if let Event::Log { line, .. } = event {
                *line = line.replace("INFO", "DEBUG");
            }
        }
        fails_even_if_stalled(&case, &quiet, &[Check::RecordIsInformational]);

        let mut nameless = timeline.clone();
        for event in nameless.events.iter_mut().filter(|event| is_record(event, from, to)) {
            if let Event::Log { line, .. } = event {
                *line = "INFO config applied".into();
            }
        }
        prop_assert_eq!(weak(&fails_by(&case, &nameless, vec![])), [Check::RecordNamesFile]);

        let mut few = timeline.clone();
        few.events.retain(|event| !is_record(event, begins[2], u64::MAX));
        fails_by(&case, &few, vec![Check::BurstRecordsAddUp]);

        let mut many = timeline.clone();
        let at = timeline.events.last().map_or(0, Event::at);
        (0..11).for_each(|_| insert(&mut many, log(at, "INFO config applied: more")));
        fails_even_if_stalled(&case, &many, &[Check::BurstRecordsAddUp]);
    }

    #[test]
    fn records_are_counted_where_they_are_and_fatal_lines_anywhere(traits in plain()) {
        let case = case("logs_successful");
        let mut timeline = history(&case, &traits);
        let elsewhere = |line: &str| Event::Log { at: writes(&timeline)[1].at, source: "stdout".into(), line: line.into() };
        let (again, fatal) = (elsewhere("INFO config applied: proxy.yaml"), elsewhere("panicked at"));
        insert(&mut timeline, again);
        fails_by(&case, &timeline, vec![]);
        insert(&mut timeline, fatal);
        fails_by(&case, &timeline, vec![Check::NoFatalLine]);
    }

    #[test]
    fn a_record_before_its_effect_is_untrue(traits in plain(), pick: Index) {
        let case = case("logs_successful");
        let timeline = history(&case, &traits);
        let (from, to) = (writes(&timeline)[0].begin, writes(&timeline)[1].begin);
        let read = timeline.events.iter().find(|event| is_record(event, from, to)).map_or(0, Event::at);
        let soon = read + 10 * MS;
        let (mut late, mut at_once) = (timeline.clone(), timeline);
        change(
            &mut late,
            pick,
            |r| is_fresh_load(r) && r.connect > soon && r.at < to,
            |r| taint(r, Generation(1), 4),
        );
        fails_even_if_stalled(&case, &late, &[Check::RecordMeansEffective]);
        // Two processes may speak at once.
        change(
            &mut at_once,
            pick,
            |r| is_fresh_load(r) && r.connect > read && r.connect <= soon,
            |r| taint(r, Generation(1), 4),
        );
        let results = fails_by(&case, &at_once, vec![]);
        let figures: Vec<_> = results.iter().filter(|result| result.check == Check::RecordMeansEffective).collect();
        prop_assert!(figures.iter().any(|result| result.figure.is_some()));
    }

    #[test]
    fn a_setting_that_is_passed_over_is_caught(traits in plain()) {
        let case = case("restart_required");
        let mut timeline = history(&case, &Traits { seed: traits.seed | 1, ..traits });
        fails_by(&case, &timeline, vec![]);
        timeline.events.retain(|event| !matches!(event, Event::Log { line, .. } if line.contains("takes a restart")));
        fails_by(&case, &timeline, vec![Check::RestartIsReported]);
        let results = fails_by(&case, &stalled(&timeline), vec![]);
        prop_assert_eq!(verdicts(&results, Check::RestartIsReported)[0].word(), "inconclusive");
        timeline.target.restart_only = None;
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::RestartIsReported)[0].word(), "unsupported");
    }
}
