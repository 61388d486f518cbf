//! Faults in what a target tells those around it of its life.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use reloadspec::vocabulary::{Check, Event, Notice, PidFileFacts, PidFileLook, Timeline, TriggerKind, Whose};

use super::stalled;
use crate::asking::{case, fails_by, history, told, verdicts, weak};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// Sound targets that somebody tells to reload.
fn pulled() -> impl Strategy<Value = Traits> {
    let kinds = vec![TriggerKind::Signal, TriggerKind::Command, TriggerKind::Http];
    (plain(), select(kinds)).prop_map(|(plain, trigger)| Traits { trigger, ..plain })
}

fn notices(timeline: &mut Timeline) -> Vec<&mut Notice> {
    let notices = timeline.events.iter_mut().filter_map(|event| match event {
        Event::Notified(notice) => Some(notice),
        _ => None,
    });
    notices.collect()
}

fn looks(timeline: &mut Timeline) -> Vec<&mut PidFileLook> {
    let looks = timeline.events.iter_mut().filter_map(|event| match event {
        Event::PidFile(look) => Some(look),
        _ => None,
    });
    looks.collect()
}

fn is_weak_by(case: &str, timeline: &Timeline, expected: &[Check]) {
    let results = fails_by(&crate::asking::case(case), timeline, vec![]);
    assert_eq!(weak(&results), expected, "{:#?}", told(&results));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_manager_that_is_not_told_something_is_missed(traits in pulled(), unsaid in 0..7_usize) {
        let traits = Traits { unsaid: Some(unsaid), ..traits };
        let timeline = history(&case("systemd_notify"), &traits);
        let expected = match unsaid {
            0 => vec![Check::ReadyIsTold],
            // That a bad file was refused, a command may have found out by itself.
            5 if traits.trigger != TriggerKind::Signal => vec![],
            _ => vec![Check::ReloadIsTold],
        };
        is_weak_by("systemd_notify", &timeline, &expected);
        // What comes out of its order does so however busy the machine is.
        let is_order = unsaid % 2 == 1;
        is_weak_by("systemd_notify", &stalled(&timeline), if is_order { &expected } else { &[] });
    }

    #[test]
    fn a_reload_that_stays_one_is_missed_whatever_else_was_told(traits in pulled()) {
        let mut timeline = history(&case("systemd_notify"), &Traits { unsaid: Some(6), ..traits });
        let last = notices(&mut timeline).pop().expect("it was told of a reload").clone();
        let again = Notice { at: last.at + 1, message: "READY=1\nRELOADING=1".to_owned(), ..last };
        super::insert(&mut timeline, Event::Notified(again));
        is_weak_by("systemd_notify", &timeline, &[Check::ReloadIsTold]);
    }

    #[test]
    fn a_time_that_is_none_or_not_of_this_reload_is_caught(traits in pulled(), pick: Index, which in 0..4_u8, by_ms in 3..10_000_u64) {
        let mut timeline = history(&case("systemd_notify"), &traits);
        let mut reloads: Vec<_> = notices(&mut timeline).into_iter().filter(|notice| notice.is_reloading()).collect();
        let reload = reloads.swap_remove(pick.index(3));
        let time = match which {
            0 => None,
            1 => Some("soon".to_owned()),
            2 => Some((reload.clock_us - by_ms * 1_000).to_string()),
            _ => Some((reload.clock_us + by_ms * 1_000).to_string()),
        };
        reload.message = time.map_or("RELOADING=1".to_owned(), |time| format!("RELOADING=1\nMONOTONIC_USEC={time}"));
        let by_signal = traits.trigger == TriggerKind::Signal;
        let expected = if by_signal { vec![Check::ReloadTellsItsTime] } else { vec![] };
        is_weak_by("systemd_notify", &timeline, &expected);
        is_weak_by("systemd_notify", &stalled(&timeline), &expected);
    }

    #[test]
    fn who_is_said_to_serve_before_it_listens_is_caught(traits in pulled()) {
        let mut timeline = history(&case("systemd_notify"), &traits);
        let first = notices(&mut timeline).swap_remove(0);
        // The first probe comes then.
        first.at -= 18 * MS;
        first.clock_us -= 18_000;
        timeline.events.sort_by_key(Event::at);
        is_weak_by("systemd_notify", &timeline, &[Check::ReadyIsTold]);
        is_weak_by("systemd_notify", &stalled(&timeline), &[Check::ReadyIsTold]);
    }

    #[test]
    fn a_pid_file_that_does_not_name_it_is_caught(traits in plain(), pick: Index, which in 0..4_u8) {
        let mut timeline = history(&case("pid_file_is_true"), &traits);
        let mut looks = looks(&mut timeline);
        looks.pop();
        let look = looks.swap_remove(pick.index(looks.len()));
        (look.said, look.whose) = match which {
            0 => (None, None),
            1 => (Some(String::new()), None),
            2 => (Some("8\n".to_owned()), Some(Whose::Nobody)),
            _ => (Some("8\n".to_owned()), Some(Whose::Stranger)),
        };
        // It was read for as long as there was hope.
        look.at = look.begin + traits.bound_ms * MS;
        timeline.events.sort_by_key(Event::at);
        is_weak_by("pid_file_is_true", &timeline, &[Check::PidFileNamesIt]);
        is_weak_by("pid_file_is_true", &stalled(&timeline), &[]);
    }

    #[test]
    fn a_pid_file_that_names_the_wrong_one_of_several_is_caught(traits in plain()) {
        let mut timeline = history(&case("pid_file_is_true"), &traits);
        for look in looks(&mut timeline).into_iter().filter(|look| look.whose.is_some()) {
            look.whose = Some(Whose::Another);
        }
        is_weak_by("pid_file_is_true", &timeline, &[]);
        if let Some(last) = looks(&mut timeline).pop() {
            last.ended = Some(false);
        }
        is_weak_by("pid_file_is_true", &timeline, &[Check::PidFileNamesIt]);
    }

    #[test]
    fn a_pid_file_that_stays_is_caught_unless_that_is_documented(traits in plain()) {
        let mut timeline = history(&case("pid_file_is_true"), &traits);
        if let Some(last) = looks(&mut timeline).pop() {
            (last.said, last.whose) = (Some("7\n".to_owned()), Some(Whose::Nobody));
        }
        is_weak_by("pid_file_is_true", &timeline, &[Check::PidFileGoes]);
        is_weak_by("pid_file_is_true", &stalled(&timeline), &[Check::PidFileGoes]);
        timeline.target.pid_file = Some(PidFileFacts { stays: true });
        let results = fails_by(&case("pid_file_is_true"), &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::PidFileGoes)[0].word(), "unsupported");
    }
}
