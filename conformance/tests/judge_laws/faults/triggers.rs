//! What an explicit trigger answers.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Event, Nanos, Timeline, TriggerAnswer, TriggerKind};

use super::{fails_even_if_stalled, is_fresh_load, taint};
use crate::asking::{case, change, fails_by, history, verdicts, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, peculiar, plain};

fn answering(http: bool, traits: Traits) -> Traits {
    let trigger = if http {
        TriggerKind::Http
    } else {
        TriggerKind::Command
    };
    Traits { trigger, ..traits }
}

/// The answers of the trigger: when each had been read, and what it was.
fn answers(timeline: &mut Timeline) -> impl Iterator<Item = (Nanos, &mut TriggerAnswer)> {
    timeline.events.iter_mut().filter_map(|event| match event {
        Event::Trigger { begin, answer, .. } => Some((*begin, answer)),
        _ => None,
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_trigger_that_says_yes_to_what_is_refused_is_caught(traits in plain(), http: bool, pick: Index) {
        let case = case("failed_trigger");
        let mut timeline = history(&case, &answering(http, traits));
        let bad: Vec<Nanos> =
            writes(&timeline).into_iter().filter(|write| write.flaw.is_some()).map(|write| write.at).collect();
        let bad = *pick.get(&bad);
        let (_, answer) = answers(&mut timeline).find(|(begin, _)| *begin >= bad).expect("an answer");
        *answer = TriggerAnswer::Accepted;
        fails_even_if_stalled(&case, &timeline, &[Check::FailedTriggerSaysSo]);
    }

    #[test]
    fn a_trigger_that_says_yes_to_what_is_valid_here_is_right(traits in peculiar(), http: bool) {
        let case = case("failed_trigger");
        let traits = answering(http, traits);
        let takes = traits.takes.len();
        let timeline = history(&case, &traits);
        let results = fails_by(&case, &timeline, vec![]);
        let open = verdicts(&results, Check::FailedTriggerSaysSo);
        prop_assert_eq!(open.iter().filter(|verdict| verdict.word() == "unsupported").count(), takes);
    }

    #[test]
    fn a_refusal_without_a_word_is_caught(traits in plain(), http: bool) {
        let case = case("failed_trigger");
        let mut timeline = history(&case, &answering(http, traits));
        timeline.events.retain(|event| !matches!(event, Event::Answer(_)));
        fails_even_if_stalled(&case, &timeline, &[Check::FailedTriggerSaysSo]);
    }

    #[test]
    fn an_older_answer_to_who_began_after_an_acknowledgement_is_caught(traits in plain(), http: bool, pick: Index, which in 1..5_usize) {
        let case = case("acknowledged_means");
        let mut timeline = history(&case, &answering(http, traits));
        let write = writes(&timeline)[which - 1].clone();
        let next = writes(&timeline)[which].begin;
        let acknowledged = timeline.events.iter().find_map(|event| match event {
            Event::Trigger { begin, at, .. } if *begin >= write.at => Some(*at),
            _ => None,
        }).expect("an acknowledgement");
        let before = reloadspec::vocabulary::Generation(write.generation.0 - 1);
        let after = |r: &reloadspec::vocabulary::Request| is_fresh_load(r) && r.connect > acknowledged && r.at < next;
        // The next change may come before anybody asked again.
        prop_assume!(crate::asking::requests(&timeline).any(after));
        change(&mut timeline, pick, after, |r| taint(r, before, 4));
        fails_even_if_stalled(&case, &timeline, &[Check::AcknowledgedIsEffective]);
    }

    #[test]
    fn an_older_answer_to_who_began_before_the_acknowledgement_had_been_read_is_not(traits in plain(), http: bool, pick: Index) {
        let case = case("acknowledged_means");
        let mut timeline = history(&case, &answering(http, traits));
        let write = writes(&timeline)[2].clone();
        let acknowledged = timeline.events.iter().find_map(|event| match event {
            Event::Trigger { begin, at, .. } if *begin >= write.at => Some(*at),
            _ => None,
        }).expect("an acknowledgement");
        let before = reloadspec::vocabulary::Generation(write.generation.0 - 1);
        let soon = acknowledged + 20 * MS;
        let after = |r: &reloadspec::vocabulary::Request| is_fresh_load(r) && r.connect > acknowledged && r.connect < soon;
        change(&mut timeline, pick, after, |r| {
            (r.connect, r.begin) = (acknowledged, acknowledged);
            taint(r, before, 4);
        });
        fails_by(&case, &timeline, vec![]);
    }

    #[test]
    fn a_process_that_an_early_signal_ends_is_caught(traits in plain(), nth in 0..6_usize) {
        let case = case("sighup_during");
        let mut timeline = history(&case, &Traits { trigger: TriggerKind::Signal, ..traits });
        let starts = timeline.events.iter().enumerate().filter(|(_, event)| matches!(event, Event::Started { .. }));
        let start = starts.map(|(index, _)| index).nth(nth).expect("a start");
        let sent = timeline.events[start..].iter().position(|event| matches!(event, Event::Trigger { .. })).expect("a signal");
        let at = timeline.events[start + sent].at() + MS;
        timeline.events.truncate(start + sent + 1);
        timeline.events.push(Event::Exited { at, status: "signal 1 (SIGHUP)".into() });
        timeline.events.push(Event::NotReady { at: at + MS, seen: "it ended".into() });
        timeline.events.push(Event::Abandoned { at: at + MS, why: "it did not become ready".into() });
        let all = [Check::BecomesReady, Check::StaysAlive, Check::SurvivesEarlySignal];
        fails_by(&case, &timeline, all.to_vec());
    }

    #[test]
    fn a_change_that_is_lost_while_the_process_starts_is_caught(traits in plain()) {
        let case = case("change_during_startup");
        let mut timeline = history(&case, &Traits { trigger: TriggerKind::Watch, ..traits.clone() });
        let write = writes(&timeline).last().map(|write| (write.generation, write.begin)).expect("a change");
        let before = reloadspec::vocabulary::Generation(write.0.0 - 1);
        let last = timeline.events.iter().map(Event::at).max().unwrap_or_default();
        for event in &mut timeline.events {
            if let Event::Request(request) = event
                && request.begin >= write.1
            {
                taint(request, before, 4);
            }
        }
        // It was waited for in vain.
        for event in &mut timeline.events {
            if event.at() == last && let Event::Stopped { at, .. } = event {
                *at += 3_000 * MS;
            }
        }
        fails_by(&case, &timeline, vec![Check::StartupChangeIsApplied]);
    }

    #[test]
    fn an_order_that_brings_back_what_was_over_is_caught(traits in plain(), http: bool, pick: Index) {
        let case = case("overlapping");
        let mut timeline = history(&case, &answering(http, traits));
        let newest = writes(&timeline).last().map(|write| write.generation).expect("a change");
        let before = reloadspec::vocabulary::Generation(newest.0 - 1);
        let acknowledged = timeline.events.iter().rev().find_map(|event| match event {
            Event::Trigger { at, .. } => Some(*at),
            _ => None,
        }).expect("an acknowledgement");
        change(&mut timeline, pick, |r| is_fresh_load(r) && r.connect > acknowledged, |r| taint(r, before, 4));
        fails_even_if_stalled(&case, &timeline, &[Check::LastWins, Check::NeverBackwards]);
    }
}
