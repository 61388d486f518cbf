//! What becomes of what is in flight on a listener that a change takes away: it has its time and no more, and meanwhile that is told.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::effect::describe;
use super::{asked, ms};
use crate::vocabulary::{Answer, Nanos, Outcome, Purpose, Question, Request};

/// How much later than it should something may be cut off.
const LATE: Nanos = 1_000 * MS;
/// How much earlier: clocks of targets are coarse.
const EARLY: Nanos = 50 * MS;
/// So long before the end that a client sees, a target may know of it.
const AHEAD: Nanos = 100 * MS;

/// A change that takes a listener away, with what was in flight there.
struct Removal<'v, 'a> {
    life: &'v Life<'a>,
    write: &'v Write<'a>,
    /// The time that is named for it.
    time: Nanos,
    held: Vec<&'a Request>,
}

fn removals<'v, 'a>(view: &'v View<'a>) -> Vec<Removal<'v, 'a>> {
    let mut all = Vec::new();
    for life in &view.lives {
        let mut before = life.first_layout;
        for write in life.changes() {
            let layout = &write.config.layout;
            let gone = before.listener.filter(|gone| layout.listener != Some(*gone));
            before = layout;
            let Some(gone) = gone.filter(|_| layout.drain_ms > 0) else {
                continue;
            };
            let begin = write.config.begin;
            let is_held = |request: &&Request| {
                let is_there = matches!(request.purpose, Purpose::Held(_)) && request.listener == gone;
                is_there && request.begin < begin && request.at > begin
            };
            all.push(Removal {
                life,
                write,
                time: u64::from(layout.drain_ms) * MS,
                held: life.elsewhere().filter(is_held).collect(),
            });
        }
    }
    all
}

fn is_whole(request: &Request) -> bool {
    matches!(
        request.outcome,
        Outcome::Answered {
            status: 200,
            intact: true,
            ..
        }
    )
}

/// One opinion over all removals.
fn of_each(view: &View<'_>, opinion: impl Fn(&Removal<'_, '_>, Nanos) -> Opinion) -> Opinion {
    let opinions = removals(view).into_iter().map(|removal| {
        let Some(seen) = removal.write.seen else {
            return Opinion::inconclusive("the change was not seen to take effect");
        };
        opinion(&removal, seen.max(removal.write.told()))
    });
    Opinion::weightiest(opinions).unwrap_or_else(|| Opinion::inconclusive("no listener was taken away"))
}

pub(super) fn is_bounded(view: &View<'_>) -> Vec<Opinion> {
    let outlived = |removal: &Removal<'_, '_>| {
        let time_over = removal.write.config.begin + removal.time;
        let outlives = |held: &&&Request| !is_whole(held) || held.at > time_over;
        removal.held.iter().filter(outlives).count()
    };
    let over: usize = removals(view).iter().map(outlived).sum();
    let opinion = of_each(view, |removal, seen| {
        let due = seen.saturating_add(removal.time).saturating_add(LATE);
        let late: Vec<&Request> = removal
            .held
            .iter()
            .copied()
            .filter(|held| held.at > due)
            .collect();
        let Some(last) = late.iter().max_by_key(|held| held.at) else {
            return Opinion::met();
        };
        if let Some(why) = view.starved(due - LATE, last.at, LATE) {
            return Opinion::inconclusive(why);
        }
        let observed = format!(
            "{} of {} were still open {} after the change was seen; the last: {}",
            late.len(),
            removal.held.len(),
            ms(last.at - seen),
            describe(last)
        );
        let expected = format!("their end within {} of it", ms(removal.time + LATE));
        Opinion::not_met(Seen::new(expected, observed).resting_on(&late))
    });
    let is_open = over == 0 && opinion.judgement == Opinion::met().judgement;
    if is_open {
        return vec![Opinion::inconclusive("nothing outlived its time")];
    }
    vec![opinion.trials(over)]
}

pub(super) fn is_granted(view: &View<'_>) -> Vec<Opinion> {
    let outlived = |removal: &Removal<'_, '_>| {
        let seen = removal.write.seen.unwrap_or(Nanos::MAX);
        removal.held.iter().filter(|held| held.at > seen).count()
    };
    let trials: usize = removals(view).iter().map(outlived).sum();
    let opinion = of_each(view, |removal, _| {
        // It cannot have begun before the file was there.
        let floor = (removal.write.config.begin + removal.time).saturating_sub(EARLY);
        let cut: Vec<&Request> = removal
            .held
            .iter()
            .copied()
            .filter(|held| held.at < floor && !is_whole(held))
            .collect();
        let Some(first) = cut.first() else {
            return Opinion::met();
        };
        let observed = format!(
            "{} of {} ended {} after the file began to be delivered: {}",
            cut.len(),
            removal.held.len(),
            ms(first.at - removal.write.config.begin),
            describe(first)
        );
        let expected = format!("{} for each to finish in", ms(removal.time));
        Opinion::not_met(Seen::new(expected, observed).resting_on(&cut))
    });
    if trials == 0 && opinion.judgement == Opinion::met().judgement {
        return vec![Opinion::inconclusive("nothing was in flight over a change")];
    }
    vec![opinion.trials(trials)]
}

pub(super) fn is_told(view: &View<'_>) -> Vec<Opinion> {
    let readings = &view.facts.readings;
    let status = readings
        .status
        .as_ref()
        .is_some_and(|status| status.draining.is_some());
    let metrics = readings
        .metrics
        .as_ref()
        .is_some_and(|metrics| metrics.draining.is_some());
    let declared = [(Question::Status, status), (Question::Metrics, metrics)];
    let opinions: Vec<Opinion> = declared
        .into_iter()
        .filter(|(_, is_declared)| *is_declared)
        .map(|(question, _)| told_by(view, question).about(question.to_string()))
        .collect();
    if opinions.is_empty() {
        return vec![Opinion::unsupported(
            "nothing is declared that tells how much is being drained",
        )];
    }
    opinions
}

fn told_by(view: &View<'_>, question: Question) -> Opinion {
    if let Some(why) = asked::not_there(view, question).and_then(|all| all.into_iter().next()) {
        return why;
    }
    let telling = Telling { view, question };
    let all = removals(view);
    let mut opinions: Vec<Opinion> = view.lives.iter().map(|life| telling.before(life)).collect();
    for (index, removal) in all.iter().enumerate() {
        let ends = || removal.held.iter().map(|held| held.at);
        let (Some(seen), Some(first), Some(last)) = (removal.write.seen, ends().min(), ends().max()) else {
            opinions.push(Opinion::inconclusive(
                "nothing was seen to be in flight over a change",
            ));
            continue;
        };
        opinions.push(telling.meanwhile(removal.life, seen, first));
        if index + 1 == all.len() {
            let due = last.max(seen.saturating_add(removal.time));
            opinions.push(telling.after(removal.life, last, due));
        }
    }
    let trials = opinions.len();
    let opinion = Opinion::weightiest(opinions);
    opinion
        .unwrap_or_else(|| Opinion::inconclusive("no listener was taken away"))
        .trials(trials)
}

/// What the answers to a question say of how much is being drained.
struct Telling<'v, 'a> {
    view: &'v View<'a>,
    question: Question,
}

impl Telling<'_, '_> {
    fn told(&self, answer: &Answer) -> Option<f64> {
        self.view
            .facts
            .readings
            .draining(self.question, &answer.reply.said)
    }

    fn is_some(&self, answer: &Answer) -> bool {
        self.told(answer).is_some_and(|is| is > 0.0)
    }

    /// The last answer that was wholly given between two times.
    fn last<'a>(&self, life: &Life<'a>, from: Nanos, to: Nanos) -> Option<&'a Answer> {
        let within = |answer: &&Answer| answer.begin >= from && answer.at < to;
        life.answers(self.question).filter(within).last()
    }

    fn against(&self, expected: &str, answer: &Answer) -> Opinion {
        let told = self.told(answer);
        let observed = told.map_or_else(|| "no number".to_owned(), |is| is.to_string());
        Opinion::not_met(Seen::new(expected, observed).at(answer.at))
    }

    fn before(&self, life: &Life<'_>) -> Opinion {
        let first_change = life
            .changes()
            .next()
            .map_or(life.asked, |write| write.config.begin);
        match self.last(life, life.began, first_change) {
            None => Opinion::inconclusive("it was not asked before the first change"),
            Some(answer) if self.is_some(answer) => self.against("0 before the first change", answer),
            Some(_) => Opinion::met(),
        }
    }

    fn meanwhile(&self, life: &Life<'_>, seen: Nanos, first_end: Nanos) -> Opinion {
        match self.last(life, seen, first_end.saturating_sub(AHEAD)) {
            None => Opinion::inconclusive("it was not asked while something drained"),
            Some(answer) if self.is_some(answer) => Opinion::met(),
            Some(answer) => match self.view.starved(seen, first_end, first_end - seen) {
                Some(why) => Opinion::inconclusive(why),
                None => self.against("more than 0 while something drains", answer),
            },
        }
    }

    /// What is told once all that was held is over. A target that counts listeners, not connections, may go on until `due`.
    fn after(&self, life: &Life<'_>, over: Nanos, due: Nanos) -> Opinion {
        match self.last(life, over, life.asked) {
            None => Opinion::inconclusive("it was not asked once all had drained"),
            Some(answer) if !self.is_some(answer) => Opinion::met(),
            Some(answer) if answer.begin < due => Opinion::inconclusive("the answer was not waited for"),
            Some(answer) => match self.view.starved(over, answer.at, answer.at - over) {
                Some(why) => Opinion::inconclusive(why),
                None => self.against("0 once all has drained", answer),
            },
        }
    }
}
