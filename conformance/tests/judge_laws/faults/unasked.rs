//! What every case sees.

use proptest::prelude::*;
use reloadspec::catalogue;
use reloadspec::judge::verdict;
use reloadspec::vocabulary::{Check, Event, Listener, Outcome, Purpose, Request, Verdict};

use super::{fails_even_if_stalled, insert, log};
use crate::asking::{case, fails_by, history, ready};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn unasked_faults_are_found_in_every_case(traits in plain(), which in 0..catalogue::all().len(), share in 10..90_u64) {
        let case = catalogue::all().swap_remove(which);
        let timeline = history(&case, &traits);
        prop_assume!(case.unsupported_by(&timeline.target).is_none());
        let (from, to) = (ready(&timeline), timeline.events.last().map_or(0, Event::at));
        let at = from + (to - from) / 100 * share;

        let mut fatal = timeline.clone();
        insert(&mut fatal, log(at, "thread 'main' panicked at src/main.rs:1:1"));
        fails_even_if_stalled(&case, &fatal, &[Check::NoFatalLine]);

        let mut left = timeline.clone();
        left.events.push(Event::LeftBehind { at: to, pid: 9, command: "paper".into() });
        fails_even_if_stalled(&case, &left, &[Check::NothingLeftBehind]);
    }

    #[test]
    fn a_process_that_ends_by_itself_is_said_to_have_done_so(traits in plain(), share in 10..90_u64) {
        for (name, also) in [("atomic", Check::NoFailedRequest), ("applies_hot_reload", Check::StaysAlive)] {
            let case = case(name);
            let mut timeline = history(&case, &traits);
            let (from, to) = (ready(&timeline), timeline.events.last().map_or(0, Event::at));
            let at = from + (to - from) / 100 * share;
            timeline.events.retain(|event| event.at() < at);
            for index in 0..5 {
                let request = Request {
                    id: 1_000_000 + index,
                    purpose: Purpose::Load,
                    listener: Listener::First,
                    route: 0,
                    connection: 2_000_000 + index,
                    connect: at + index * MS,
                    nth: 0,
                    stream: None,
                    begin: at + index * MS,
                    first_byte: None,
                    at: at + index * MS + MS / 2,
                    outcome: Outcome::Refused,
                };
                timeline.events.push(Event::Request(request));
            }
            insert(&mut timeline, Event::Exited { at: at + 3 * MS, status: "signal 11".into() });
            timeline.events.extend([
                Event::Abandoned { at: at + 6 * MS, why: "the process ended".into() },
                Event::StopAsked { at: at + 7 * MS },
                Event::Stopped { at: at + 8 * MS, status: "signal 11".into() },
            ]);
            let mut expected = vec![Check::StaysAlive, also];
            expected.dedup();
            fails_by(&case, &timeline, expected);
        }
    }
}

#[test]
fn a_process_that_does_not_serve_in_time_is_not_ready() {
    let case = case("atomic");
    let mut timeline = history(&case, &Traits::plain(1));
    let until = ready(&timeline);
    timeline.events.retain(|event| event.at() < until);
    timeline.events.extend([
        Event::NotReady {
            at: until + 5_000 * MS,
            seen: "nothing".into(),
        },
        Event::Abandoned {
            at: until + 5_000 * MS,
            why: "it did not become ready".into(),
        },
        Event::StopAsked {
            at: until + 5_001 * MS,
        },
        Event::Stopped {
            at: until + 5_002 * MS,
            status: "killed".into(),
        },
    ]);
    let results = fails_by(&case, &timeline, vec![Check::BecomesReady]);
    assert_eq!(verdict(&results), Verdict::Fail);
}
