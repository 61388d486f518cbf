//! What a target tells of itself: metrics, status; its admin listener, and who may give it orders.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Answer, Case, Check, Event, Question, Timeline, TriggerKind};

use super::{fails_even_if_stalled, is_fresh_load, stalled, taint};
use crate::asking::{case, change, fails_by, history, verdicts, weak};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, peculiar, plain};

/// All answers to a question, in order.
fn answers(timeline: &mut Timeline, question: Question) -> Vec<&mut Answer> {
    let all = timeline.events.iter_mut().filter_map(|event| match event {
        Event::Answer(answer) => Some(answer),
        _ => None,
    });
    all.filter(|answer| answer.question == question).collect()
}

/// The line of a series.
fn line<'a>(said: &'a str, series: &str) -> &'a str {
    said.lines()
        .find(|line| line.starts_with(series))
        .expect("a line")
}

/// As if the answers to a question had been waited for in vain: each is repeated at the end of the apply bound.
fn waited_out(timeline: &mut Timeline, question: Question) {
    let bound = (timeline.target.apply_bound_ms + 500) * MS;
    let mut shift = 0;
    let mut later: Vec<Event> = Vec::new();
    for event in std::mem::take(&mut timeline.events) {
        let mut text = serde_json::to_value(&event).expect("an event serialises");
        postpone(&mut text, shift);
        let event: Event = serde_json::from_value(text).expect("its text is an event");
        if let Event::Answer(answer) = &event
            && answer.question == question
        {
            later.push(event.clone());
            let mut again = answer.clone();
            again.begin += bound;
            again.at += bound;
            again.wall_ms = again.wall_ms.map(|ms| ms + bound / MS);
            later.push(Event::Answer(again));
            shift += bound;
            continue;
        }
        later.push(event);
    }
    timeline.events = later;
}

/// A metric that does not move is a deadline that was missed: it says nothing of a target if the machine was held up meanwhile.
fn fails_unless_stalled(case: &Case, timeline: &Timeline) {
    fails_by(case, timeline, vec![Check::ReloadIsCounted]);
    let results = fails_by(case, &stalled(timeline), vec![]);
    let all = verdicts(&results, Check::ReloadIsCounted);
    assert!(
        all.iter().any(|verdict| verdict.word() == "inconclusive"),
        "{all:?}"
    );
}

/// Adds to every time of an event; the time of day stays what it was, as it does in what was answered.
fn postpone(value: &mut serde_json::Value, by: u64) {
    let Some(fields) = value.as_object_mut() else {
        return;
    };
    for (name, value) in fields {
        let is_time = ["at", "begin", "resumed", "connect", "first_byte"].contains(&name.as_str());
        if let (true, Some(time)) = (is_time, value.as_u64()) {
            *value = (time + by).into();
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_reload_that_is_not_counted_is_caught(traits in plain(), which in 0..6_usize) {
        let case = case("reload_metrics");
        let mut timeline = history(&case, &traits);
        waited_out(&mut timeline, Question::Metrics);
        fails_by(&case, &timeline, vec![]);
        let (series, stuck) = [
            ("reloads{how=\"ok\"}", None),
            ("reloads{how=\"no\"}", None),
            ("timed", None),
            ("last", None),
            ("fine", Some("fine 1")),
            ("watching", Some("watching 0")),
        ][which];
        let mut first: Option<String> = stuck.map(str::to_owned);
        for answer in answers(&mut timeline, Question::Metrics) {
            let said = &mut answer.reply.said;
            let old = line(said, series).to_owned();
            let stuck = first.get_or_insert_with(|| old.clone());
            *said = said.replace(&old, stuck);
        }
        fails_unless_stalled(&case, &timeline);
    }

    #[test]
    fn a_failure_that_counts_as_a_success_is_caught(traits in plain(), time: bool) {
        let case = case("reload_metrics");
        let mut timeline = history(&case, &traits);
        waited_out(&mut timeline, Question::Metrics);
        let mut failed = false;
        for answer in answers(&mut timeline, Question::Metrics) {
            let said = &mut answer.reply.said;
            failed |= line(said, "reloads{how=\"no\"}").ends_with('1');
            if failed {
                let old = line(said, if time { "last" } else { "reloads{how=\"ok\"}" }).to_owned();
                let (series, value) = old.rsplit_once(' ').expect("a value");
                let value: f64 = value.parse().expect("a number");
                let new = format!("{series} {}", value + 1.0);
                *said = said.replace(&old, &new);
            }
        }
        fails_unless_stalled(&case, &timeline);
    }

    #[test]
    fn what_was_not_waited_for_says_nothing_of_metrics(traits in plain()) {
        let case = case("reload_metrics");
        let mut timeline = history(&case, &traits);
        for answer in answers(&mut timeline, Question::Metrics) {
            answer.reply.said = answer.reply.said.replace("how=\"no\"} 1", "how=\"no\"} 0");
        }
        let results = fails_by(&case, &timeline, vec![]);
        let all = verdicts(&results, Check::ReloadIsCounted);
        prop_assert!(all.iter().any(|verdict| verdict.word() == "inconclusive"), "{:?}", all);
    }

    #[test]
    fn a_counter_that_falls_is_weak(traits in plain(), nth in 1..6_usize) {
        let case = case("counters_are_monotonic");
        let mut timeline = history(&case, &traits);
        let answers = answers(&mut timeline, Question::Metrics);
        let said = &mut answers.into_iter().nth(nth).expect("an answer").reply.said;
        *said = said.replace(&line(said, "requests").to_owned(), "requests 0");
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::CountersAreMonotonic]);
    }

    #[test]
    fn a_status_that_is_not_true_is_weak(traits in plain(), which in 0..4_usize) {
        let case = case("status_reports");
        let mut timeline = history(&case, &traits);
        waited_out_status(&mut timeline);
        let refused = |said: &str| !said.ends_with("null}");
        let mut seen = false;
        for answer in answers(&mut timeline, Question::Status) {
            let said = &mut answer.reply.said;
            seen |= refused(said);
            *said = match which {
                0 => said.replace("\"version\": ", "\"version\": 0, \"was\": "),
                1 if refused(said) => said.replace("\"version\": ", "\"version\": 9"),
                2 => said.replace("\"line 7: no\"", "null"),
                3 if seen => said.replace("null", "\"line 7: no\""),
                _ => continue,
            };
        }
        let check = if which < 2 { Check::StatusNamesActive } else { Check::StatusTellsError };
        prop_assert!(weak(&fails_by(&case, &timeline, vec![])).contains(&check));
    }

    #[test]
    fn an_older_answer_after_the_status_named_the_new_one_is_weak(traits in plain(), pick: Index, which in 0..5_usize) {
        let case = case("status_reports");
        let mut timeline = history(&case, &traits);
        let last = timeline.events.iter().rev().find_map(|event| match event {
            Event::Answer(answer) if answer.question == Question::Status => Some(answer.at),
            _ => None,
        });
        let generation = reloadspec::vocabulary::Generation(1);
        let from = last.expect("an answer") - MS;
        change(&mut timeline, pick, |r| is_fresh_load(r) && r.connect > from - 20 * MS, |r| taint(r, generation, which.max(4)));
        prop_assert!(weak(&fails_by(&case, &timeline, vec![])).contains(&Check::StatusMeansEffective));
    }

    #[test]
    fn an_admin_listener_that_does_not_answer_is_caught(traits in peculiar(), pick: Index, status: bool) {
        let case = case("admin_listener");
        let mut timeline = history(&case, &traits);
        let mut all = answers(&mut timeline, Question::Admin);
        let nth = 1 + pick.index(all.len() - 1);
        let reply = &mut all[nth].reply;
        (reply.yes, reply.code, reply.said) = (false, status.then_some(503), "connection refused".to_owned());
        fails_even_if_stalled(&case, &timeline, &[Check::AdminStays]);
    }

    #[test]
    fn an_order_of_anybody_is_caught(traits in plain(), pick: Index, which in 0..3_usize, says_yes: bool) {
        let case = case("reload_api");
        let mut timeline = history(&case, &Traits { trigger: TriggerKind::Http, ..traits });
        let question = [Question::OrderWithout, Question::OrderWithWrong, Question::OrderAtTraffic][which];
        let check = if which < 2 { Check::CredentialIsNeeded } else { Check::OrderNeedsAdmin };
        let answer = answers(&mut timeline, question).remove(0);
        let (generation, at) = (answer.generation, answer.at);
        if says_yes && which < 2 {
            answer.reply.yes = true;
        } else {
            change(&mut timeline, pick, |r| is_fresh_load(r) && r.connect > at, |r| taint(r, generation, 4));
        }
        fails_even_if_stalled(&case, &timeline, &[check]);
    }

    #[test]
    fn a_status_that_knows_of_nothing_for_a_moment_after_the_start_is_there(traits in plain()) {
        let case = case("status_reports");
        let mut timeline = history(&case, &traits);
        answers(&mut timeline, Question::Status)[0].reply.said = "{\"version\": null}".into();
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![]);
    }

    #[test]
    fn what_is_declared_and_does_not_answer_is_a_finding_of_its_own(traits in plain(), which in 0..3_usize) {
        let (name, question) = [
            ("reload_metrics", Question::Metrics),
            ("status_reports", Question::Status),
            ("admin_listener", Question::Admin),
        ][which];
        let case = case(name);
        let mut timeline = history(&case, &traits);
        for answer in answers(&mut timeline, question) {
            answer.reply.yes = false;
            answer.reply.said = "connection refused".into();
        }
        let results = reloadspec::judge::judge(&case, &timeline);
        let there = verdicts(&results, Check::DeclaredIsThere);
        prop_assert!(there.iter().all(|verdict| ["fail", "weak"].contains(&verdict.word())), "{:?}", there);
        let others = [Check::ReloadIsCounted, Check::StatusNamesActive, Check::StatusMeansEffective, Check::AdminStays];
        for check in others {
            for verdict in verdicts(&results, check) {
                prop_assert_eq!(verdict.word(), "unsupported");
            }
        }
    }
}

/// As [`waited_out`], for a status that is asked on and on: only what was asked last before the next file counts.
fn waited_out_status(timeline: &mut Timeline) {
    let mut starts: Vec<u64> = timeline
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Config(write) => Some(write.begin),
            _ => None,
        })
        .collect();
    starts.push(u64::MAX);
    let mut keep: Vec<u64> = Vec::new();
    for pair in starts.windows(2) {
        let last = timeline.events.iter().filter_map(|event| match event {
            Event::Answer(answer) if answer.question == Question::Status && answer.begin >= pair[0] => {
                (answer.at < pair[1]).then_some(answer.begin)
            }
            _ => None,
        });
        keep.extend(last.max());
    }
    let first = timeline.events.iter().find_map(|event| match event {
        Event::Answer(answer) if answer.question == Question::Status => Some(answer.begin),
        _ => None,
    });
    keep.extend(first);
    timeline.events.retain(|event| match event {
        Event::Answer(answer) => answer.question != Question::Status || keep.contains(&answer.begin),
        _ => true,
    });
    waited_out(timeline, Question::Status);
}
