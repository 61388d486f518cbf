//! What is in flight on a listener that goes: it has its time and no more, and meanwhile that is told.

use proptest::prelude::*;
use reloadspec::vocabulary::{Answer, Check, Event, Purpose, Question, Request, Timeline};

use crate::asking::{case, fails_by, history, requests, writes};
use crate::config;
use crate::traits::{Traits, plain};

/// The answers to a question from a time on, to be changed.
fn answers(timeline: &mut Timeline, question: Question, from: u64) -> impl Iterator<Item = &mut Answer> {
    timeline.events.iter_mut().filter_map(move |event| match event {
        Event::Answer(answer) if answer.question == question && answer.begin >= from => Some(answer),
        _ => None,
    })
}

fn asks() -> impl Strategy<Value = Question> {
    prop_oneof![Just(Question::Status), Just(Question::Metrics)]
}

fn tell(answer: &mut Answer, wrong: bool) {
    for (of, separator) in [("\"draining\":", " "), ("draining", " ")] {
        let (none, some) = (format!("{of}{separator}0"), format!("{of}{separator}2"));
        let (from, to) = if wrong { (none, some) } else { (some, none) };
        answer.reply.said = answer.reply.said.replace(&from, &to);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_never_cut_off_is_seen(traits in plain(), drains_ms in 2_200..9_000_u64) {
        let case = case("draining_is_bounded");
        let timeline = history(&case, &Traits { drains_ms: Some(drains_ms), ..traits });
        fails_by(&case, &timeline, vec![Check::DrainIsBounded]);
    }

    #[test]
    fn what_is_cut_off_before_its_time_is_seen(traits in plain(), drains_ms in 250..350_u64) {
        let case = case("draining_is_bounded");
        let timeline = history(&case, &Traits { drains_ms: Some(drains_ms), ..traits });
        fails_by(&case, &timeline, vec![Check::DrainIsGranted]);
    }

    #[test]
    fn draining_that_is_not_told_is_missed(traits in plain(), question in asks()) {
        let case = case("draining_is_bounded");
        let mut timeline = history(&case, &traits);
        let last = writes(&timeline).last().map(|write| write.begin).expect("a change");
        answers(&mut timeline, question, last).for_each(|answer| tell(answer, false));
        fails_by(&case, &timeline, vec![Check::DrainingIsTold]);
    }

    #[test]
    fn draining_that_is_told_when_all_is_over_is_seen(traits in plain(), question in asks()) {
        let case = case("draining_is_bounded");
        let mut timeline = history(&case, &traits);
        let held = |request: &&Request| matches!(request.purpose, Purpose::Held(_));
        let over = requests(&timeline).filter(held).map(|request| request.at).max().expect("something was held");
        answers(&mut timeline, question, over).for_each(|answer| tell(answer, true));
        fails_by(&case, &timeline, vec![Check::DrainingIsTold]);
    }
}
