//! Does a credential appear in what the target says?

use regex::Regex;

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use crate::vocabulary::{Event, Generation, Marker, Nanos, Question, TriggerAnswer};

/// How much of a text is quoted around a secret, in characters.
const QUOTED: usize = 300;

/// What was said, by whom and when.
type Said<'a> = (&'static str, Nanos, &'a str);

/// One opinion a voice: the log, the trigger, the check command, the metrics, a process that was started on a bad file.
pub(super) fn no_secret_shown(view: &View<'_>) -> Vec<Opinion> {
    shown_by(view, |voice| voice != STATUS)
}

/// A status may be there to show the configuration, to those who may see it. That it masks what nobody should see is asked for apart.
pub(super) fn status_masks_secrets(view: &View<'_>) -> Vec<Opinion> {
    let opinions = shown_by(view, |voice| voice == STATUS);
    if opinions.is_empty() {
        let answered = "the target has no status that answers";
        return vec![Opinion::unsupported(answered)];
    }
    opinions
}

fn shown_by(view: &View<'_>, is_meant: impl Fn(&str) -> bool) -> Vec<Opinion> {
    if !view.facts.bears(Marker::Credential) {
        return vec![Opinion::unsupported(
            "the target's configuration holds no credential",
        )];
    }
    let Ok(secret) = Regex::new(&format!(r"{}g\d+", regex::escape(Generation::SECRET))) else {
        return Vec::new();
    };
    let mut said: Vec<Said<'_>> = view.lives.iter().flat_map(heard).collect();
    let starts = view.fresh_starts.iter();
    said.extend(starts.flat_map(|start| start.log.iter().map(|line| (FRESH, start.at, line.as_str()))));
    said.retain(|(voice, ..)| is_meant(voice));
    let mut voices: Vec<&str> = said.iter().map(|(voice, ..)| *voice).collect();
    voices.sort_unstable();
    voices.dedup();
    voices
        .into_iter()
        .map(|voice| {
            let of_it: Vec<_> = said.iter().filter(|(who, ..)| *who == voice).collect();
            let shown = of_it.iter().find(|(_, _, text)| secret.is_match(text));
            let against = shown.map(|(_, at, text)| {
                let count = of_it.iter().filter(|(_, _, text)| secret.is_match(text)).count();
                let expected = "no credential in anything that it says";
                let observed = format!(
                    "{count} of {} texts show one: {}",
                    of_it.len(),
                    around(text, &secret)
                );
                Seen::new(expected, observed).at(*at)
            });
            Opinion::of_trials(against, of_it.len(), 1).about(voice)
        })
        .collect()
}

const LOG: &str = "log";
const TRIGGER: &str = "trigger";
const CHECK_COMMAND: &str = "check command";
const STATUS: &str = "status";
const METRICS: &str = "metrics";
const FRESH: &str = "fresh start";

/// All that a process said.
fn heard<'a>(life: &Life<'a>) -> Vec<Said<'a>> {
    let voice = |event: &&'a Event| match *event {
        Event::Log { at, line, .. } => Some((LOG, *at, line.as_str())),
        Event::Trigger {
            at,
            answer: TriggerAnswer::Refused(said),
            ..
        } => Some((TRIGGER, *at, said.as_str())),
        Event::Answer(answer) => {
            // Where no response came back, it is the harness that says why. A command that a signal ended has no code either.
            let answered = answer.reply.code.is_some();
            let voice = match answer.question {
                Question::Trigger => TRIGGER,
                Question::CheckCommand => CHECK_COMMAND,
                Question::Status if answered => STATUS,
                Question::Metrics if answered => METRICS,
                // Not what it says of its configuration, but what it is told.
                _ => return None,
            };
            Some((voice, answer.at, answer.reply.said.as_str()))
        }
        _ => None,
    };
    life.events.iter().filter_map(voice).collect()
}

/// The part of a text that shows a secret.
fn around(text: &str, secret: &Regex) -> String {
    let start = secret.find(text).map_or(0, |found| found.start());
    let before = text[..start].chars().count().saturating_sub(QUOTED / 2);
    let quoted: String = text.chars().skip(before).take(QUOTED).collect();
    quoted.replace('\n', " / ")
}
