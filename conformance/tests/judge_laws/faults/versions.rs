//! Orders to serve an earlier version again: what one event changes, and what a rollback does to the order of generations.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{
    Answer, Case, Check, Event, Generation, Nanos, Question, Request, Rollback, Timeline,
};

use super::{insert, stalled, taint};
use crate::asking::{case, change, fails_by, history, is_load, told, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, peculiar, plain};

fn rollback() -> Case {
    case("config_rollback_restores")
}

/// All orders; to versions that there were, or to others.
fn orders(timeline: &mut Timeline, known: bool) -> Vec<&mut Rollback> {
    let all = timeline.events.iter_mut().filter_map(|event| match event {
        Event::Rollback(order) => Some(order),
        _ => None,
    });
    all.filter(|order| order.restores.is_some() == known).collect()
}

/// From when to when one of the rollbacks had the word: from its answer until the next delivery or order. Then what it restored.
fn reign(timeline: &Timeline, which: Index) -> (Nanos, Nanos, Generation) {
    let orders: Vec<&Rollback> = timeline
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Rollback(order) => Some(order),
            _ => None,
        })
        .collect();
    let known: Vec<&&Rollback> = orders.iter().filter(|order| order.restores.is_some()).collect();
    let chosen = known[which.index(known.len())];
    let next = orders.iter().map(|order| order.begin);
    let next = next.chain(writes(timeline).into_iter().map(|write| write.begin));
    let until = next
        .filter(|begin| *begin > chosen.at)
        .min()
        .unwrap_or(stopped(timeline));
    (chosen.at, until, chosen.restores.expect("one that there was"))
}

fn stopped(timeline: &Timeline) -> Nanos {
    let asked = timeline.events.iter().find_map(|event| match event {
        Event::StopAsked { at } => Some(*at),
        _ => None,
    });
    asked.expect("an end")
}

/// The last order, to a version that there was.
fn last(timeline: &Timeline) -> Rollback {
    let order = timeline.events.iter().rev().find_map(|event| match event {
        Event::Rollback(order) => Some(order.clone()),
        _ => None,
    });
    order.expect("an order")
}

/// Another generation that had been delivered by then.
fn other(wanted: Generation, newest: Generation, pick: usize) -> Generation {
    let all: Vec<u32> = (1..=newest.0).filter(|number| *number != wanted.0).collect();
    Generation(all[pick % all.len()])
}

fn newest_at(timeline: &Timeline, time: Nanos) -> Generation {
    let before = writes(timeline).into_iter().rfind(|write| write.begin < time);
    before.map_or(Generation(1), |write| write.generation)
}

/// What a check comes to, in words.
fn words(case: &Case, timeline: &Timeline, check: Check) -> Vec<String> {
    let results = fails_by(case, timeline, vec![]);
    let words = verdicts(&results, check);
    words
        .into_iter()
        .map(|verdict| verdict.word().to_owned())
        .collect()
}

fn accepted_only(timeline: &mut Timeline) {
    for order in orders(timeline, true) {
        order.reply.code = Some(202);
        // So is who waits for it: it answers at once.
        order.at = order.begin + MS / 10;
    }
    timeline.events.sort_by_key(Event::at);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_answer_of_anything_else_after_a_rollback_is_caught(
        traits in plain(), which: Index, pick: Index, of in 0..40_usize, kept: bool,
    ) {
        let case = rollback();
        let mut timeline = history(&case, &traits);
        let (from, until, wanted) = reign(&timeline, which);
        let other = other(wanted, newest_at(&timeline, from), of);
        let is_it = |r: &Request| {
            let begin = if kept { r.begin } else { r.connect };
            is_load(r) && r.is_fresh() != kept && begin > from && r.at < until
        };
        prop_assume!(crate::asking::requests(&timeline).any(is_it));
        change(&mut timeline, pick, is_it, |r| taint(r, other, 4));
        for timeline in [stalled(&timeline), timeline] {
            let weak = weak(&fails_by(&case, &timeline, vec![]));
            prop_assert!(weak.contains(&Check::RollbackIsEffective), "{weak:?}");
            // Of old generations, fresh requests show that it went back in another way than was ordered.
            let others = weak.iter().filter(|check| **check != Check::RollbackIsEffective);
            prop_assert!(others.into_iter().all(|check| *check == Check::NeverBackwards && !kept), "{weak:?}");
        }
    }

    #[test]
    fn one_answer_that_goes_back_before_any_rollback_is_caught(traits in plain(), pick: Index) {
        let case = rollback();
        let mut timeline = history(&case, &traits);
        let bound = timeline.target.apply_bound_ms * MS;
        let until = writes(&timeline)[1].begin;
        let seen = crate::asking::requests(&timeline)
            .filter(|r| r.is_fresh() && r.generation() == Some(Generation(2)))
            .map(|r| r.at)
            .min();
        let closed = seen.expect("it was served") + bound;
        let is_it = |r: &Request| is_load(r) && r.is_fresh() && r.connect > closed && r.at < until;
        change(&mut timeline, pick, is_it, |r| taint(r, Generation(1), 4));
        for timeline in [stalled(&timeline), timeline] {
            prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::NeverBackwards]);
        }
    }

    #[test]
    fn what_is_left_may_not_come_back_though_nobody_acknowledged_that_it_was_left(traits in plain(), pick: Index, of in 0..40_usize) {
        let case = rollback();
        let mut timeline = history(&case, &traits);
        accepted_only(&mut timeline);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), [], "{:#?}", told(&results));
        prop_assert_eq!(verdicts(&results, Check::RollbackIsEffective)[0].word(), "unsupported");
        prop_assert_eq!(verdicts(&results, Check::RollbackRestores)[0].word(), "pass");
        // Past the windows of what served last and of the rollback, of which no end was told.
        let order = last(&timeline);
        let wanted = order.restores.expect("one that there was");
        let seen = crate::asking::requests(&timeline)
            .filter(|r| r.is_fresh() && r.connect >= order.begin && r.generation() == Some(wanted))
            .map(|r| r.at)
            .min()
            .expect("it was served");
        let closed = seen + timeline.target.apply_bound_ms * MS;
        // Else the window of what was left is open until the end.
        if !traits.acknowledges() {
            return Ok(());
        }
        let is_it = |r: &Request| is_load(r) && r.is_fresh() && r.connect > closed && r.at < stopped_at(&case, &traits);
        let other = other(wanted, newest_at(&timeline, order.begin), of);
        change(&mut timeline, pick, is_it, |r| taint(r, other, 4));
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::NeverBackwards]);
    }

    #[test]
    fn a_rollback_that_is_said_to_be_done_and_is_not_is_found(traits in plain(), silent: bool) {
        let case = rollback();
        let mut timeline = history(&case, &traits);
        let order = last(&timeline);
        let left = newest_at(&timeline, order.begin);
        for event in &mut timeline.events {
            match event {
                Event::Request(r) if r.connect >= order.begin || r.at > order.begin => taint(r, left, 4),
                Event::Rollback(one) if *one == order && silent => one.reply.code = Some(202),
                _ => {}
            }
        }
        let weak = weak(&fails_by(&case, &timeline, vec![]));
        prop_assert!(weak.contains(&Check::RollbackRestores), "{weak:?}");
        prop_assert_eq!(words(&case, &stalled(&timeline), Check::RollbackRestores), ["inconclusive"]);
    }

    #[test]
    fn a_rollback_that_is_refused_is_found_and_one_without_an_answer_is_not(traits in plain(), which: Index) {
        let case = rollback();
        let mut timeline = history(&case, &traits);
        let mut all = orders(&mut timeline, true);
        let nth = which.index(all.len());
        all[nth].reply.yes = false;
        all[nth].reply.code = Some(409);
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::RollbackRestores]);
        orders(&mut timeline, true)[nth].reply.code = None;
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), []);
        prop_assert_eq!(words(&case, &timeline, Check::RollbackRestores), ["inconclusive"]);
    }

    #[test]
    fn a_version_that_never_was_is_taken_by_nobody(traits in plain(), which: Index, pick: Index, of in 0..40_usize) {
        let case = rollback();
        let clean = history(&case, &traits);
        let mut timeline = clean.clone();
        let mut all = orders(&mut timeline, false);
        let nth = which.index(all.len());
        all[nth].reply.yes = true;
        all[nth].reply.code = Some(200);
        let (begin, at) = (all[nth].begin, all[nth].at);
        for timeline in [stalled(&timeline), timeline.clone()] {
            prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::UnknownVersionIsRefused]);
        }
        orders(&mut timeline, false)[nth].reply.code = None;
        orders(&mut timeline, false)[nth].reply.yes = false;
        prop_assert_eq!(words(&case, &timeline, Check::UnknownVersionIsRefused), ["inconclusive"]);

        // Refused, and done all the same.
        let mut timeline = clean;
        let until = writes(&timeline).iter().map(|write| write.begin).find(|time| *time > at).expect("a change");
        let serves = crate::asking::requests(&timeline)
            .filter(|r| r.is_fresh() && r.at <= begin)
            .max_by_key(|r| r.at)
            .and_then(Request::generation)
            .expect("an answer");
        let other = other(serves, newest_at(&timeline, begin), of);
        let is_it = |r: &Request| is_load(r) && r.is_fresh() && r.connect > at && r.at < until;
        change(&mut timeline, pick, is_it, |r| taint(r, other, 4));
        for timeline in [stalled(&timeline), timeline] {
            let weak = weak(&fails_by(&case, &timeline, vec![]));
            prop_assert!(weak.contains(&Check::UnknownVersionIsRefused), "{weak:?}");
            prop_assert!(weak.len() == 1 || weak == [Check::NeverBackwards, Check::UnknownVersionIsRefused]
                || weak == [Check::UnknownVersionIsRefused, Check::NeverBackwards], "{weak:?}");
        }
    }

    #[test]
    fn a_status_that_names_what_was_left_or_something_else_is_found(traits in peculiar(), left: bool) {
        let case = rollback();
        let mut timeline = history(&case, &traits);
        let order = last(&timeline);
        let bound = timeline.target.apply_bound_ms * MS;
        let all: Vec<&Answer> = timeline
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Answer(answer) if answer.question == Question::Version => Some(answer),
                _ => None,
            })
            .collect();
        let before = all.iter().rfind(|answer| answer.at <= order.begin).expect("one before");
        // The first was given for the first generation, which no rollback of the case goes back to.
        let wrong = if left { before } else { &all[0] }.reply.said.clone();
        let early = {
            let mut early = timeline.clone();
            wrongly(&mut early, &order, &wrong, 0);
            early
        };
        prop_assert!(words(&case, &early, Check::RollbackIsTold)[0] == "inconclusive");
        wrongly(&mut timeline, &order, &wrong, order.at + bound + 40 * MS);
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::RollbackIsTold)[0].word(), "weak", "{:#?}", told(&results));
        prop_assert!(words(&case, &stalled(&timeline), Check::RollbackIsTold)[0] == "inconclusive");
    }
}

fn stopped_at(case: &Case, traits: &Traits) -> Nanos {
    stopped(&history(case, traits))
}

/// Has the answer after an order say something else, and not before a time.
fn wrongly(timeline: &mut Timeline, order: &Rollback, said: &str, not_before: Nanos) {
    let is_it = |event: &Event| matches!(event, Event::Answer(answer) if answer.question == Question::Version && answer.begin >= order.at);
    let index = timeline.events.iter().position(is_it).expect("one after it");
    let Event::Answer(mut answer) = timeline.events.remove(index) else {
        return;
    };
    answer.begin = answer.begin.max(not_before);
    answer.at = answer.begin + MS;
    said.clone_into(&mut answer.reply.said);
    insert(timeline, Event::Answer(answer));
}
