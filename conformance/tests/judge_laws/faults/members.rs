//! Configurations of several files: members that change, come and go, are bad, or say what another says.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{
    Case, Check, Event, Outcome, Outside, Phase, Request, Timeline, TriggerAnswer, TriggerKind, Verdict,
};

use super::{fails_even_if_stalled, stalled, taint};
use crate::asking::{case, change, fails_by, history, is_load, verdicts, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// When each member came or went, and when that was over.
fn moves(timeline: &Timeline) -> Vec<(u64, u64)> {
    let begins = |event: &Event| match event {
        Event::Member { begin, .. } => Some(*begin),
        Event::Config(write) => Some(write.begin),
        _ => None,
    };
    let all: Vec<u64> = timeline.events.iter().filter_map(begins).collect();
    all.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// Requests in the paths of the member get the answer of this origin between two times.
fn lead(timeline: &mut Timeline, from: u64, to: u64, origin: &str) {
    for event in &mut timeline.events {
        if let Event::Request(request) = event
            && request.route == 1
            && (from..to).contains(&request.begin)
            && let Outcome::Answered { markers, .. } = &mut request.outcome
        {
            markers.origin = Some(origin.into());
        }
    }
}

/// Whether files that lie outside are held not to be as is declared. It is a SHOULD, so nothing fails.
fn is_weak(case: &Case, timeline: &Timeline) -> bool {
    let results = fails_by(case, timeline, vec![]);
    verdicts(&results, Check::OutsideIsAsDeclared).contains(&&Verdict::Weak)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_change_of_an_included_file_is_missed(traits in plain(), nth in 0..6_usize) {
        let case = case("included_file_change");
        let late = Traits { trigger: TriggerKind::Signal, late: Some((nth, 3_000, false)), ..traits };
        let timeline = history(&case, &late);
        fails_by(&case, &timeline, vec![Check::TakesEffect]);
        fails_by(&case, &stalled(&timeline), vec![]);
    }

    #[test]
    fn a_member_that_never_comes_or_stays_is_seen(traits in plain(), nth in 0..4_usize) {
        let case = case("glob_member");
        let mut timeline = history(&case, &traits);
        let (from, to) = moves(&timeline)[nth];
        // Where it does not come, the others answer; where it has gone, it does.
        lead(&mut timeline, from, to, if nth % 2 == 0 { "o1" } else { "o3" });
        fails_by(&case, &timeline, vec![Check::MemberIsSeen]);
        fails_by(&case, &stalled(&timeline), vec![]);
    }

    #[test]
    fn a_member_that_is_forgotten_again_is_missed(traits in plain()) {
        let case = case("glob_member");
        let mut timeline = history(&case, &traits);
        let (from, to) = moves(&timeline)[2];
        let asked = timeline.events.iter().find_map(|event| match event {
            Event::Request(request) if request.route == 1 && request.begin > from => Some(request.clone()),
            _ => None,
        });
        let asked = asked.expect("somebody asks there");
        // All that comes after it comes later than the bound.
        let later = (traits.bound_ms + 1_000) * MS;
        let mut events: Vec<Event> = timeline.events.iter().filter(|event| event.at() < to).cloned().collect();
        for at in [to + later, to + later + MS] {
            events.push(Event::Request(Request { connect: at, begin: at, at: at + MS / 2, ..asked.clone() }));
        }
        events.push(Event::StopAsked { at: to + later + 10 * MS });
        timeline.events = events;
        lead(&mut timeline, to, u64::MAX, "o1");
        fails_even_if_stalled(&case, &timeline, &[Check::MemberIsSeen]);
    }

    #[test]
    fn what_a_member_does_to_others_is_seen(traits in plain(), pick: Index, nth in 0..4_usize, which in 0..3_usize, lost: bool) {
        let case = case("glob_member");
        let mut timeline = history(&case, &traits);
        let (from, to) = moves(&timeline)[nth];
        let later = writes(&timeline)[0].generation;
        let meanwhile = |r: &Request| is_load(r) && r.is_fresh() && r.is_plain() && r.begin >= from && r.at < to;
        change(&mut timeline, pick, meanwhile, |request| {
            if lost {
                request.outcome = Outcome::Reset { phase: Phase::Head };
            } else {
                taint(request, later, which);
            }
        });
        fails_even_if_stalled(&case, &timeline, &[Check::OthersAreUntouched]);
    }

    #[test]
    fn what_stands_beside_a_bad_member_is_not_applied(traits in plain(), pick: Index, which in 0..3_usize) {
        let case = case("one_bad_file");
        let mut timeline = history(&case, &traits);
        let all = writes(&timeline);
        let (doomed, next) = (all[2].clone(), all[3].begin);
        let meanwhile = |r: &Request| is_load(r) && r.is_fresh() && r.begin > doomed.at && r.at < next;
        change(&mut timeline, pick, meanwhile, |r| taint(r, doomed.generation, which));
        fails_even_if_stalled(&case, &timeline, &[Check::RejectedChangesNothing, Check::FailureChangesNothing]);
    }

    #[test]
    fn a_complaint_that_names_no_member_is_of_little_use(traits in plain()) {
        let case = case("one_bad_file");
        let mut timeline = history(&case, &traits);
        for event in &mut timeline.events {
            match event {
                Event::Log { line: said, .. } | Event::Trigger { answer: TriggerAnswer::Refused(said), .. } => {
                    *said = said.replace("third.conf", "a file");
                }
                _ => {}
            }
        }
        fails_even_if_stalled(&case, &timeline, &[Check::RejectionNamesMember]);
    }

    #[test]
    fn what_two_members_say_is_taken_from_neither(traits in plain(), pick: Index, which in 0..3_usize, served: bool) {
        let case = case("cross_file_duplicates");
        let mut timeline = history(&case, &traits);
        let bad = writes(&timeline)[1].clone();
        if served {
            let meanwhile = |r: &Request| is_load(r) && r.is_fresh() && r.begin > bad.at;
            change(&mut timeline, pick, meanwhile, |r| taint(r, bad.generation, which));
        } else {
            // Nobody says a word of it, neither at a start nor at a reload.
            for event in &mut timeline.events {
                match event {
                    Event::FreshStart(start) => (start.served, start.exited) = (true, None),
                    Event::Trigger { answer, .. } if matches!(answer, TriggerAnswer::Refused(_)) => *answer = TriggerAnswer::Accepted,
                    Event::Log { line, .. } if line.contains("config rejected") => line.clear(),
                    _ => {}
                }
            }
        }
        fails_even_if_stalled(&case, &timeline, &[Check::FlawIsRefused]);
    }

    #[test]
    fn a_link_to_what_lies_outside_is_followed_or_not_as_is_declared(traits in plain(), refuses: bool, taken: bool) {
        let case = case("include_paths");
        let mut timeline = history(&case, &traits);
        let (from, to) = moves(&timeline)[0];
        if !taken {
            lead(&mut timeline, from, to, "o1");
        }
        if refuses {
            timeline.target.outside = Some(Outside::Refused);
        }
        for event in &mut timeline.events {
            if let Event::OutsideStart(start) = event {
                start.served = !refuses;
            }
        }
        let is_wrong = taken == refuses;
        prop_assert_eq!(is_weak(&case, &timeline), is_wrong);
        // That something was served stays true, however busy the machine was.
        prop_assert_eq!(is_weak(&case, &stalled(&timeline)), is_wrong && refuses);
    }

    #[test]
    fn where_nobody_was_answered_nothing_is_known_to_be_refused(traits in plain()) {
        let case = case("include_paths");
        let mut timeline = history(&case, &traits);
        timeline.target.outside = Some(Outside::Refused);
        timeline.events.retain(|event| !matches!(event, Event::Request(request) if request.route == 1));
        for event in &mut timeline.events {
            if let Event::OutsideStart(start) = event {
                start.served = false;
            }
        }
        let results = fails_by(&case, &timeline, vec![]);
        let told = verdicts(&results, Check::OutsideIsAsDeclared);
        prop_assert!(told.iter().any(|verdict| matches!(verdict, Verdict::Inconclusive(_))), "{:?}", told);
    }

    #[test]
    fn what_dots_lead_to_is_served_at_a_start_or_not_as_is_declared(traits in plain(), refuses: bool, exited in prop::option::of(0..2_i32)) {
        let case = case("include_paths");
        let mut timeline = history(&case, &traits);
        if refuses {
            let (from, to) = moves(&timeline)[0];
            lead(&mut timeline, from, to, "o1");
            timeline.target.outside = Some(Outside::Refused);
        }
        for event in &mut timeline.events {
            if let Event::OutsideStart(start) = event {
                (start.served, start.exited) = (refuses, exited.filter(|_| !refuses));
            }
        }
        prop_assert!(is_weak(&case, &timeline));
    }
}
