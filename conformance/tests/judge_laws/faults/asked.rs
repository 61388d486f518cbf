//! What a target answers when it is asked something besides traffic.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{
    Answer, Check, Event, Flaw, Generation, Inspection, Question, Timeline, TriggerAnswer, TriggerKind,
};

use super::{fails_even_if_stalled, insert, log, taint};
use crate::asking::{case, change, fails_by, history, is_load, ready, verdicts, weak};
use crate::config;
use crate::paper::PATH;
use crate::traits::{Traits, peculiar, plain};

/// All answers to a question.
fn answers(timeline: &mut Timeline, question: Question) -> Vec<&mut Answer> {
    let all = timeline.events.iter_mut().filter_map(|event| match event {
        Event::Answer(answer) => Some(answer),
        _ => None,
    });
    all.filter(|answer| answer.question == question).collect()
}

/// The last look at files and sockets.
fn last_look(timeline: &mut Timeline) -> &mut Inspection {
    let look = timeline.events.iter_mut().rev().find_map(|event| match event {
        Event::Inspected(inspection) => Some(inspection),
        _ => None,
    });
    look.expect("a look")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_check_command_that_says_yes_to_what_is_refused_disagrees(traits in plain(), nth in 0..Flaw::GENERAL.len()) {
        let case = case("check_command_agrees");
        let mut timeline = history(&case, &traits);
        for answer in answers(&mut timeline, Question::CheckCommand) {
            answer.reply.yes |= answer.flaw == Some(Flaw::GENERAL[nth]);
        }
        fails_even_if_stalled(&case, &timeline, &[Check::AgreesWithReload]);
    }

    #[test]
    fn a_check_command_that_says_no_to_what_is_applied_disagrees(traits in plain(), taken in 0..5_usize) {
        let case = case("check_command_agrees");
        // What is valid here may be checked as valid, and must not be called invalid.
        let flaw = Flaw::GENERAL[taken];
        let takes = Traits { takes: vec![flaw], ..traits };
        let timeline = history(&case, &takes);
        fails_by(&case, &timeline, vec![]);
        let mut strict = timeline;
        for answer in answers(&mut strict, Question::CheckCommand) {
            answer.reply.yes &= answer.flaw != Some(flaw);
        }
        fails_even_if_stalled(&case, &strict, &[Check::AgreesWithReload]);
    }

    #[test]
    fn a_check_command_that_is_not_there_is_a_finding_of_its_own(traits in peculiar(), side_effects: bool) {
        let case = case(if side_effects { "check_command_has_no_side" } else { "check_command_agrees" });
        let mut timeline = history(&case, &traits);
        for answer in answers(&mut timeline, Question::CheckCommand) {
            answer.reply.yes = false;
            answer.reply.code = Some(64);
        }
        let results = fails_by(&case, &timeline, vec![Check::DeclaredIsThere]);
        let agreement = verdicts(&results, Check::AgreesWithReload);
        prop_assert!(agreement.iter().all(|verdict| verdict.word() == "unsupported"), "{:?}", agreement);
    }

    #[test]
    fn a_file_that_was_only_checked_may_show_in_no_answer(traits in plain(), pick: Index, which in 0..3_usize) {
        let case = case("check_command_has_no_side");
        let mut timeline = history(&case, &traits);
        let (first, generation) = answers(&mut timeline, Question::CheckCommand)
            .first()
            .map(|answer| (answer.at, answer.generation))
            .expect("an answer");
        let until = last_look(&mut timeline).at;
        change(&mut timeline, pick, |r| is_load(r) && r.begin > first && r.at < until, |r| taint(r, generation, which));
        fails_even_if_stalled(&case, &timeline, &[Check::OnlyLookedAt]);
    }

    #[test]
    fn a_check_command_leaves_files_and_sockets_as_they_were(traits in peculiar(), what in 0..4) {
        let case = case("check_command_has_no_side");
        let mut timeline = history(&case, &traits);
        let look = last_look(&mut timeline);
        match what {
            0 => look.files[0].push('0'),
            1 => look.files.push("left 0".into()),
            2 => look.sockets[0].push('0'),
            _ => look.sockets.clear(),
        }
        fails_even_if_stalled(&case, &timeline, &[Check::LeavesNoTrace]);
    }

    #[test]
    fn a_credential_in_anything_that_is_said_is_shown(traits in plain(), voice in 0..5_usize, share in 0..100_u64, of in 1..7_u32) {
        let case = case("secrets_never_appear");
        let mut timeline = history(&case, &traits);
        let text = format!("no good: \"{}\" in line 7", Generation(of).credential());
        let (from, until) = (ready(&timeline), timeline.events.last().map_or(0, Event::at));
        let at = from + (until - from) * share / 100;
        match voice {
            0 => insert(&mut timeline, log(at, &text)),
            1 => {
                let answer = TriggerAnswer::Refused(text);
                insert(&mut timeline, Event::Trigger { begin: at, at, by: None, answer });
            }
            _ => {
                let question = [Question::CheckCommand, Question::Metrics, Question::Status][voice - 2];
                let mut answers = answers(&mut timeline, question);
                let nth = share as usize % answers.len();
                answers[nth].reply.said = text;
                // As of a command that was ended by a signal.
                if voice == 2 && of % 2 == 0 {
                    answers[nth].reply.code = None;
                }
            }
        }
        if voice == 4 {
            prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), vec![Check::StatusMasksSecrets]);
        } else {
            fails_even_if_stalled(&case, &timeline, &[Check::NoSecretShown]);
        }
    }

    #[test]
    fn a_key_that_stands_twice_and_one_that_nobody_knows_are_refused(traits in plain(), unknown: bool) {
        let (name, flaw) = if unknown { ("unknown_keys", Flaw::UnknownKey) } else { ("duplicate_keys", Flaw::DuplicateKey) };
        let case = case(name);
        let timeline = history(&case, &Traits { takes: vec![flaw], ..traits });
        if unknown {
            prop_assert!(weak(&fails_by(&case, &timeline, vec![])).contains(&Check::FlawIsRefused));
        } else {
            fails_even_if_stalled(&case, &timeline, &[Check::FlawIsRefused]);
        }
    }

    #[test]
    fn a_complaint_without_file_line_column_or_the_right_word_is_weak(traits in plain(), what in 0..5_usize) {
        let (name, from, to, check) = [
            ("errors_name", PATH, "", Check::RejectionNamesPlace),
            ("errors_name", ":7:3", ":7", Check::RejectionNamesPlace),
            ("errors_name", ":7:3", ":6:3", Check::RejectionNamesPlace),
            ("errors_name", ":7:3", "", Check::RejectionNamesPlace),
            ("unknown_keys", "`workers`", "`worker`", Check::RejectionNamesNearest),
        ][what];
        // Text that is none may be noticed a line too early, never what is only of a wrong type.
        let case = case(name);
        let mut timeline = history(&case, &traits);
        for event in &mut timeline.events {
            match event {
                Event::Log { line, .. } => *line = line.replace(from, to),
                Event::Trigger { answer: TriggerAnswer::Refused(said), .. } => *said = said.replace(from, to),
                _ => {}
            }
        }
        prop_assert!(weak(&fails_by(&case, &timeline, vec![])).contains(&check));
    }

    #[test]
    fn where_a_comment_is_refused_nothing_is_said_of_equal_meaning(traits in plain()) {
        let case = case("equal_meaning");
        let mut timeline = history(&case, &traits);
        let commented = timeline.events.iter().find_map(|event| match event {
            Event::Meddled { at, .. } => Some(*at),
            _ => None,
        });
        insert(&mut timeline, log(commented.expect("a comment") + 1, "ERROR config rejected: `#` is no JSON"));
        let results = fails_by(&case, &timeline, vec![]);
        if traits.trigger == TriggerKind::Watch {
            for check in [Check::NoRecordOfSame, Check::SameCutsNothing] {
                prop_assert_eq!(verdicts(&results, check)[0].word(), "unsupported");
            }
        }
    }

    #[test]
    fn a_record_without_a_field_is_less_than_structured(traits in plain(), field in 0..4_usize) {
        let case = case("logs_are_structured");
        let mut timeline = history(&case, &traits);
        let field = ["file=", "revision=", "duration_ms=", "ts="][field];
        for event in &mut timeline.events {
            if let Event::Log { line, .. } = event {
                *line = line.replace(field, "");
            }
        }
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::RecordHasFields]);
    }
}
