//! Does the log name what a change changed, and nothing else?
//!
//! What a change changed is known from what was delivered, not from what is said of it. A line belongs to the file that was delivered last before it was read.

use regex::Regex;

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::rejection::{NOT_WAITED_OUT, VALID_HERE, for_each_flaw, waited_out};
use super::sameness::told_nothing_new;
use crate::vocabulary::{Fate, Generation, Layout, Nanos, Object};

const NO_NAMES: &str = "the target's folder does not say how its log names what changed";
const LATE: &str = "a line of the change before may have been read late";

/// A change that served, what was in force before it, and until when what it left in the log was looked at.
struct Made<'v, 'a> {
    life: &'v Life<'a>,
    write: &'v Write<'a>,
    before: (Generation, &'a Layout),
    seen: Nanos,
    until: Nanos,
}

impl Made<'_, '_> {
    fn fate(&self, view: &View<'_>, object: Object) -> Fate {
        let after = (self.write.generation(), &self.write.config.layout);
        object.fate(self.before, after, view.facts.origins.max(1))
    }

    fn names(&self, pattern: &Regex) -> bool {
        !self
            .life
            .lines(pattern, self.write.config.begin, self.until)
            .is_empty()
    }
}

/// All changes that came to serve in the place of what is known, in order.
fn made<'v, 'a>(view: &'v View<'a>) -> Vec<Made<'v, 'a>> {
    let mut all = Vec::new();
    for life in &view.lives {
        let mut in_force = Some((life.first, life.first_layout));
        for write in life.writes.iter().filter(|write| !view.is_bad(life, write)) {
            let config = write.config;
            let seen = write.seen.filter(|_| config.flaw.is_none());
            if let (Some(before), Some(seen)) = (in_force, seen) {
                let until = write.until.min(life.asked);
                all.push(Made {
                    life,
                    write,
                    before,
                    seen,
                    until,
                });
            }
            // Of a flawed file that is valid here nobody knows whether it was taken.
            in_force = seen.map(|_| (config.generation, &config.layout));
        }
    }
    all
}

/// One opinion a kind of objects that the log can name.
pub(super) fn is_named(view: &View<'_>) -> Vec<Opinion> {
    let mut kinds: Vec<&str> = view.changed.iter().map(|(object, _)| object.kind()).collect();
    kinds.dedup();
    if kinds.is_empty() {
        return vec![Opinion::unsupported(NO_NAMES)];
    }
    let made = made(view);
    let of_kind = |kind: &str| {
        let objects = view.changed.iter().filter(|(object, _)| object.kind() == kind);
        let opinions: Vec<Opinion> = objects
            .flat_map(|(object, pattern)| {
                let changed = made
                    .iter()
                    .filter(|change| change.fate(view, *object) == Fate::Changed);
                changed.map(|change| is_named_in(view, change, *object, pattern))
            })
            .collect();
        let tried = opinions.len();
        let opinion = Opinion::weightiest(opinions).map(|opinion| opinion.trials(tried));
        opinion.unwrap_or_else(|| Opinion::inconclusive("nothing of this kind was changed"))
    };
    kinds.into_iter().map(|kind| of_kind(kind).about(kind)).collect()
}

fn is_named_in(view: &View<'_>, change: &Made<'_, '_>, object: Object, pattern: &Regex) -> Opinion {
    if change.names(pattern) {
        return Opinion::met();
    }
    let begin = change.write.config.begin;
    if change.until.saturating_sub(change.seen) < view.apply_bound() {
        return Opinion::inconclusive("the log was not read for the apply bound after the change");
    }
    if let Some(why) = view.starved(begin, change.until, view.apply_bound()) {
        return Opinion::inconclusive(why);
    }
    let expected = format!(
        "a line that names {object}, which {} changed: `{pattern}`",
        change.write.generation()
    );
    let lines = change.life.records(begin, change.until).count();
    let observed = format!("none of {lines} lines of the log does");
    Opinion::not_met(Seen::new(expected, observed).at(change.write.told()))
}

pub(super) fn others_are_not(view: &View<'_>) -> Vec<Opinion> {
    if view.changed.is_empty() {
        return vec![Opinion::unsupported(NO_NAMES)];
    }
    let made = made(view);
    let of_changes = made.iter().flat_map(|change| {
        let same = view
            .changed
            .iter()
            .filter(|(object, _)| change.fate(view, *object) == Fate::Same);
        same.map(|(object, pattern)| {
            let span = (change.write.config.begin, change.until);
            let why = format!("as {} leaves it as it was", change.write.generation());
            is_not_named(view, &made, change.life, span, (*object, pattern), &why)
        })
    });
    let of_the_same = told_nothing_new(view)
        .into_iter()
        .flat_map(|(life, with, from, to)| {
            let why = format!("as the file was {with} and says what it said");
            let made = &made;
            view.changed.iter().map(move |(object, pattern)| {
                is_not_named(view, made, life, (from, to), (*object, pattern), &why)
            })
        });
    let opinions: Vec<Opinion> = of_changes.chain(of_the_same).collect();
    let tried = opinions.len();
    let opinion = Opinion::weightiest(opinions).map(|opinion| opinion.trials(tried));
    vec![opinion.unwrap_or_else(|| Opinion::inconclusive("no change left anything as it was"))]
}

/// That an object is not named in a time in which nothing became of it.
fn is_not_named(
    view: &View<'_>,
    made: &[Made<'_, '_>],
    life: &Life<'_>,
    (from, to): (Nanos, Nanos),
    (object, pattern): (Object, &Regex),
    why: &str,
) -> Opinion {
    let Some((at, line)) = life.lines(pattern, from, to).first().copied() else {
        return Opinion::met();
    };
    // What had not been said of the change that it was of may have been said, or read, only now.
    let is_before = |change: &&Made<'_, '_>| {
        let is_of_it = std::ptr::eq(change.life, life) && change.write.config.begin < from;
        is_of_it && change.fate(view, object) == Fate::Changed
    };
    let before = made.iter().rfind(is_before);
    if before.is_some_and(|change| !change.names(pattern)) {
        return Opinion::inconclusive(LATE);
    }
    let expected = format!("no line that names {object}, {why}");
    Opinion::not_met(Seen::new(expected, line).at(at))
}

pub(super) fn refused_is_not(view: &View<'_>) -> Vec<Opinion> {
    if view.changed.is_empty() {
        return vec![Opinion::unsupported(NO_NAMES)];
    }
    let made = made(view);
    for_each_flaw(view, |life, write| {
        if !view.is_bad(life, write) {
            return Opinion::unsupported(VALID_HERE);
        }
        let span = (write.config.begin, write.until.min(life.asked));
        let why = format!("as {} was refused", write.generation());
        let opinions = view
            .changed
            .iter()
            .map(|(object, pattern)| is_not_named(view, &made, life, span, (*object, pattern), &why));
        match Opinion::weightiest(opinions) {
            Some(opinion) if opinion != Opinion::met() => opinion,
            _ if !waited_out(view, life, write) && !view.says_refused(life, write) => {
                Opinion::inconclusive(NOT_WAITED_OUT)
            }
            _ => Opinion::met().trials(1),
        }
    })
}
