//! Bringing the next generation to the target: render, write, trigger, and keep what was written.

use std::time::Duration;

use reloadspec_fixtures::origin::digest;

use super::error::DriveError;
use super::exchange;
use super::parts::delivered;
use super::script::Driver;
use crate::target::{Member, Trigger};
use crate::vocabulary::{ConfigWrite, Event, Flaw, Prospect, Question, Scene, TriggerAnswer};

impl Driver<'_> {
    /// Delivers the next generation, flawed or not. Returns when that began.
    pub(super) fn deliver(&mut self, flaw: Option<Flaw>) -> Result<u64, DriveError> {
        self.generation = self.generation.next();
        let scene = Scene {
            generation: self.generation,
            flaw,
            layout: self.layout.clone(),
        };
        let prospect = self.prospect;
        let Some(running) = &mut self.running else {
            return Ok(self.recorder.now());
        };
        let content = delivered(self.target, &scene, &running.laid.place)?;
        let (mut oddities, mut odd_lines) = (Vec::new(), None);
        // What is wrong with a huge file is not a word in it.
        if flaw.is_some_and(|flaw| flaw != Flaw::Huge) {
            let good = Scene {
                flaw: None,
                ..scene.clone()
            };
            let good = if scene.layout.in_parts {
                self.target.member(Member::Third, &good, &running.laid.place)?
            } else {
                self.target.render(&good, &running.laid.place)?.config
            };
            oddities = odd_words(&content, &good);
            odd_lines = lines_apart(&content, &good);
        }
        let content = running.laid.file.shaped(content);
        let sha256 = digest(&content);
        let begin = self.recorder.now();
        let (resumed, member) = if scene.layout.in_parts {
            running.laid.deliver_part(self.target, &content, flaw, prospect)?
        } else {
            (running.laid.file.deliver(&content)?, None)
        };
        let at = self.recorder.now();
        self.recorder.record(Event::Config(ConfigWrite {
            begin,
            resumed: resumed.map(|instant| self.recorder.time_of(instant)),
            at,
            generation: self.generation,
            flaw,
            layout: scene.layout.clone(),
            prospect,
            member,
            delivery: running.laid.file.delivery(),
            sha256,
            bytes: content.len() as u64,
            oddities,
            odd_lines,
        }));
        self.keep(&scene, &content);
        if let (None, Prospect::Good, Some(running)) = (flaw, prospect, &mut self.running) {
            running.laid.content = content;
        }
        Ok(begin)
    }

    pub(super) fn pull(&mut self) -> Result<Option<TriggerAnswer>, DriveError> {
        self.pull_within(exchange::TIMEOUT)
    }

    /// As [`Self::pull`], and gives up after so long without an answer.
    pub(super) fn pull_within(&mut self, patience: Duration) -> Result<Option<TriggerAnswer>, DriveError> {
        let Some(running) = &self.running else {
            return Ok(None);
        };
        let trigger = self.target.trigger_by(self.by, &running.laid.place)?;
        Ok(self.pull_this(trigger, patience))
    }

    /// Pulls a trigger, if it is one that somebody pulls.
    pub(super) fn pull_this(&mut self, trigger: Trigger, patience: Duration) -> Option<TriggerAnswer> {
        let running = self.running.as_ref()?;
        let begin = self.recorder.now();
        let pulled = running
            .pull(patience, &self.options.cancel)
            .pull(trigger, &running.process)?;
        self.recorder.record(Event::Trigger {
            begin,
            at: self.recorder.now(),
            by: self.by,
            answer: pulled.answer.clone(),
        });
        if let Some(reply) = pulled.reply.filter(|reply| !reply.said.is_empty()) {
            self.answered(begin, Question::Trigger, None, reply);
        }
        Some(pulled.answer)
    }

    pub(super) fn keep(&mut self, scene: &Scene, content: &[u8]) {
        let flaw = scene.flaw.map_or_else(String::new, |flaw| format!("-{flaw}"));
        let name = format!("{:04}-{}{flaw}.conf", self.configs.len() + 1, scene.generation);
        // What is left out of a huge file is more of the same.
        let kept = &content[..content.len().min(MOST_KEPT)];
        self.configs.push((name, kept.to_vec()));
    }
}

/// How much of a file is kept as evidence, in bytes.
const MOST_KEPT: usize = 1 << 20;
/// How many odd words are kept.
const ODD_WORDS: usize = 8;

/// Words of a bad file that the good one does not have: what a complaint about it may quote.
fn odd_words(bad: &[u8], good: &[u8]) -> Vec<String> {
    let words = |text: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(text)
            .split(|letter: char| letter.is_whitespace() || "\"'`{}[]();,=".contains(letter))
            .map(|word| {
                word.trim_matches(|letter: char| ":.=".contains(letter))
                    .to_owned()
            })
            .filter(|word| word.len() >= 3)
            .collect()
    };
    let usual = words(good);
    let mut odd = words(bad);
    odd.retain(|word| !usual.contains(word));
    odd.dedup();
    odd.truncate(ODD_WORDS);
    odd
}

/// The lines of a bad file, counted from 1, from the first to the last that the good one has not in that place.
fn lines_apart(bad: &[u8], good: &[u8]) -> Option<(u32, u32)> {
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        let lines = text.trim_ascii_end().split(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    };
    let (bad, good) = (lines(bad), lines(good));
    let alike = |(one, other): &(&Vec<u8>, &Vec<u8>)| one == other;
    let before = bad.iter().zip(&good).take_while(alike).count();
    let most = bad.len().min(good.len()) - before;
    let after = bad
        .iter()
        .rev()
        .zip(good.iter().rev())
        .take(most)
        .take_while(alike)
        .count();
    let (first, last) = (before + 1, bad.len() - after);
    (first <= last).then_some((u32::try_from(first).ok()?, u32::try_from(last).ok()?))
}

#[cfg(test)]
mod tests {
    use super::{lines_apart, odd_words};

    #[test]
    fn what_a_bad_file_has_more_is_what_a_complaint_may_quote() {
        let good = b"listen 127.0.0.1:80;\nroute / o1;\n";
        let bad = b"listen 127.0.0.1:80;\nroute / o1;\nroute /dangling: \"nowhere\";\n";
        assert_eq!(odd_words(bad, good), ["/dangling", "nowhere"]);
        assert!(odd_words(&good[..20], good).is_empty());
    }

    #[test]
    fn the_lines_of_a_flaw_are_those_that_the_good_file_has_not_there() {
        let good = b"a\nb\nc\n";
        assert_eq!(lines_apart(b"a\nx\nb\nc\n", good), Some((2, 2)));
        assert_eq!(lines_apart(b"a\nb\nc\nx\ny\n", good), Some((4, 5)));
        assert_eq!(lines_apart(b"a\nb\nb\nc\n", good), Some((3, 3)));
        assert_eq!(lines_apart(b"a\nx\nc\n", good), Some((2, 2)));
        // What only lacks something has no line of its own.
        assert_eq!(lines_apart(b"a\nb\n", good), None);
        assert_eq!(lines_apart(good, good), None);
    }
}
