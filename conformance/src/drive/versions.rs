//! Versions: noting what the target calls what it serves, and ordering it to serve an earlier one again, or one that never was.
//!
//! In: what it named so far. Out: its answers, the orders and what came back, in the recorder. Never: a second order in the place of one that was refused.

use std::thread;
use std::time::{Duration, Instant};

use super::asking::{PAUSE, REFUSED};
use super::error::DriveError;
use super::exchange::{self, Call};
use super::script::{Driver, Flow};
use crate::vocabulary::{Condition, Event, Generation, Nanos, Question, Reply, Rollback, read};

/// How far from all numbers that were named one is that never was.
const FAR: u64 = 1_000_003;

/// What a process named what it served.
#[derive(Default)]
pub(super) struct Versions {
    /// By generation, each once, in the order in which they were delivered.
    named: Vec<(Generation, String)>,
    /// What it named last.
    last: Option<String>,
    /// What the newest rollback was to restore, and the newest generation that had been delivered then.
    restored: Option<(Generation, Generation)>,
    /// Whether another version was waited for in vain after a rollback.
    in_vain: bool,
}

impl Driver<'_> {
    /// What should serve: what the newest file says, or the newest rollback.
    pub(super) fn serving(&self) -> Generation {
        self.restored().unwrap_or(self.generation)
    }

    fn restored(&self) -> Option<Generation> {
        let newest = |(_, delivered): &(Generation, Generation)| *delivered == self.generation;
        self.versions
            .restored
            .filter(newest)
            .map(|(restored, _)| restored)
    }

    /// Asks which version serves until it is another than the one that was named last.
    pub(super) fn note_version(&mut self) -> Result<Flow, DriveError> {
        let readings = self.target.facts().readings.versions.clone();
        let (Some(asker), Some(readings)) = (self.asker(Question::Version)?, readings) else {
            return Ok(Flow::Continue(()));
        };
        let is_restored = self.restored().is_some();
        // What was once waited for in vain is known not to come.
        let patience = if is_restored && self.versions.in_vain {
            Duration::ZERO
        } else {
            self.apply_bound()
        };
        let deadline = Instant::now() + patience;
        loop {
            let asked_last = Instant::now() >= deadline;
            let answer = asker.ask(self.generation);
            let named = read(&answer.reply.said, &readings.active).filter(|_| answer.reply.yes);
            if let Some(version) = named.filter(|named| self.versions.last.as_ref() != Some(named)) {
                self.note(version);
                return Ok(Flow::Continue(()));
            }
            if asked_last || self.over() {
                break;
            }
            thread::sleep(PAUSE);
        }
        if is_restored {
            self.versions.in_vain = true;
            return Ok(Flow::Continue(()));
        }
        Ok(self.abandon(&format!("no version was named for {}", self.serving())))
    }

    fn note(&mut self, version: String) {
        let serves = self.serving();
        let named = &mut self.versions.named;
        if named.iter().all(|(generation, _)| *generation != serves) {
            named.push((serves, version.clone()));
        }
        self.versions.last = Some(version);
    }

    /// Orders what was delivered so many files before the newest to be served again, and waits until it is.
    pub(super) fn roll_back(&mut self, changes_ago: u32) -> Result<Flow, DriveError> {
        let named = self.versions.named.iter().rev().nth(changes_ago as usize);
        let Some((generation, version)) = named.cloned() else {
            return Ok(self.abandon("no version was named to go back to"));
        };
        let Some((begin, reply)) = self.order_version(&version, Some(generation))? else {
            return Ok(Flow::Continue(()));
        };
        if !reply.yes {
            return Ok(self.abandon(&format!("the order to serve {generation} again was not taken")));
        }
        self.versions.restored = Some((generation, self.generation));
        if self.wait_for(Condition::Restored, begin) {
            return Ok(Flow::Continue(()));
        }
        Ok(self.abandon(&format!("{generation} was not served again")))
    }

    /// Orders what never was, and observes what comes of it.
    pub(super) fn roll_back_to_none(&mut self) -> Result<Flow, DriveError> {
        let named = self.versions.named.iter().map(|(_, version)| version.as_str());
        let named: Vec<&str> = named.chain(self.versions.last.as_deref()).collect();
        let version = never_named(&named);
        let Some((_, reply)) = self.order_version(&version, None)? else {
            return Ok(Flow::Continue(()));
        };
        let patience = if reply.yes { self.apply_bound() } else { REFUSED };
        Ok(self.watch(patience))
    }

    fn order_version(
        &mut self,
        version: &str,
        restores: Option<Generation>,
    ) -> Result<Option<(Nanos, Reply)>, DriveError> {
        self.settle();
        let Some(running) = &self.running else {
            return Ok(None);
        };
        let Some(order) = self.target.rollback(version, &running.laid.place)? else {
            return Ok(None);
        };
        let call = Call {
            method: &order.method,
            url: &order.url,
            headers: &order.headers,
            body: order.body,
        };
        let begin = self.recorder.now();
        let reply = exchange::call(&call, exchange::TIMEOUT, |said| said);
        self.recorder.record(Event::Rollback(Rollback {
            begin,
            at: self.recorder.now(),
            version: version.to_owned(),
            restores,
            reply: reply.clone(),
        }));
        Ok(Some((begin, reply)))
    }
}

/// A version of the form of those that were named, and none of them.
fn never_named(named: &[&str]) -> String {
    let last = named.last().copied().unwrap_or("0");
    // A digest keeps its length; of a name, the number at its end counts.
    let is_digest = last.len() >= 7 && last.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_letters = last.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_digest && has_letters {
        let mut version = last.to_owned();
        while named.contains(&version.as_str()) {
            version = version.chars().map(next_digit).collect();
        }
        return version;
    }
    let split = |text: &str| {
        let name = text
            .trim_end_matches(|letter: char| letter.is_ascii_digit())
            .len();
        let (name, number) = text.split_at(name);
        (name.to_owned(), number.parse::<u64>().ok())
    };
    let (name, _) = split(last);
    let numbers = named.iter().filter_map(|text| split(text).1);
    match numbers.max().map(|most| most.checked_add(FAR)) {
        Some(Some(number)) => format!("{name}{number}"),
        _ => format!("{last}-never"),
    }
}

fn next_digit(digit: char) -> char {
    match digit {
        '9' => 'a',
        'f' | 'F' => '0',
        other => char::from_u32(u32::from(other) + 1).unwrap_or('0'),
    }
}

#[cfg(test)]
mod tests {
    use super::never_named;

    #[test]
    fn what_was_never_named_has_the_form_of_what_was() {
        assert_eq!(never_named(&["1", "12", "3"]), "1000015");
        assert_eq!(never_named(&["v1", "v2"]), "v1000005");
        assert_eq!(never_named(&["00ff99ab", "00ff99a1"]), "1100aab2");
        assert_eq!(never_named(&["eeeeeeee", "dddddddd"]), "ffffffff");
        assert_eq!(
            never_named(&["18446744073709551615"]),
            "18446744073709551615-never"
        );
        assert_eq!(never_named(&["blue"]), "blue-never");
    }
}
