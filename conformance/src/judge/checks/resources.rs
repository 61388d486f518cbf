//! What many changes leave behind: memory, descriptors, threads, processes.
//!
//! What is compared are two notes of one process tree at rest, with changes in between, the first after as many changes that warmed it up. A
//! leak grows with their number, which is told. What does not grow with it is allowed: allocators and collectors keep what was freed, pools open
//! connections as they are needed. Who documents a long time in which old connections end is not accused of a leak before it is over.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::rejection::for_each_flaw;
use crate::vocabulary::{Event, Nanos, Resources};

/// Growth of memory that is no sign of a leak, whatever the size: in KiB.
const SPARE_MEMORY_KIB: u64 = 32 * 1024;
/// What bad files may make the processes hold at a time, in KiB: five times the largest of them.
const MOST_AT_PEAK_KIB: u64 = 512 * 1024;
/// Below so many changes between two notes, they say nothing.
const LEAST_CHANGES: usize = 3;

pub(super) fn memory_returns(view: &View<'_>) -> Vec<Opinion> {
    let memory = |held: &Resources| held.memory_kib;
    // Half as much again is what a collector that waits for its heap to double may show.
    let most = |before: u64| before + SPARE_MEMORY_KIB.max(before / 2);
    vec![returns(view, "KiB of memory", memory, most)]
}

/// One opinion a kind of bad file. A process that ended meanwhile took its peak with it: what lives on is judged.
pub(super) fn peak_is_bounded(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let notes =
            two_notes(life).filter(|(_, (from, _), (to, _))| (*from..=*to).contains(&write.config.at));
        let Some((_, (_, before), (to, after))) = notes else {
            return Opinion::inconclusive("what the processes hold was not noted before and after");
        };
        if before.peak_kib == 0 {
            return Opinion::unsupported("the memory of the target cannot be counted here");
        }
        let more = after.peak_kib.saturating_sub(before.peak_kib);
        let figure = format!("{} MiB more at the peak", more / 1024);
        let against = (more > MOST_AT_PEAK_KIB).then(|| {
            let expected = format!("at most {} MiB more", MOST_AT_PEAK_KIB / 1024);
            Seen::new(expected, figure.clone()).at(to)
        });
        Opinion::of_trials(against, 1, 1).figure(figure)
    })
}

pub(super) fn descriptors_return(view: &View<'_>) -> Vec<Opinion> {
    let descriptors = |held: &Resources| held.descriptors;
    vec![returns(view, "descriptors", descriptors, |before| {
        before + Resources::SPARE
    })]
}

pub(super) fn tasks_return(view: &View<'_>) -> Vec<Opinion> {
    let tasks = |held: &Resources| held.threads + held.processes;
    vec![returns(view, "threads and processes", tasks, |before| {
        before + Resources::SPARE
    })]
}

fn returns(
    view: &View<'_>,
    what: &str,
    count: impl Fn(&Resources) -> u64,
    most: impl Fn(u64) -> u64,
) -> Opinion {
    let Some((life, (from, before), (to, after))) = view.lives.iter().find_map(two_notes) else {
        return Opinion::inconclusive("what the processes hold was not noted twice");
    };
    let (before, after) = (count(before), count(after));
    if before == 0 {
        return Opinion::unsupported(format!("{what} of the target cannot be counted here"));
    }
    let changes = life
        .changes()
        .filter(|write| write.config.begin > from && write.seen.is_some_and(|seen| seen <= to))
        .count();
    let figure = format!("{before} → {after} {what} over {changes} changes");
    let opinion = if after > most(before) && view.facts.released_within_ms().is_none() {
        Opinion::unsupported(format!(
            "{figure}; the target documents that it lets go of them later than a case waits"
        ))
    } else if after > most(before) {
        let expected = format!("at most {} {what}", most(before));
        Opinion::not_met(Seen::new(expected, figure.clone()).at(to))
    } else if changes < LEAST_CHANGES {
        Opinion::inconclusive(format!("{changes} changes, at least {LEAST_CHANGES} are needed"))
    } else {
        Opinion::met()
    };
    opinion.trials(changes).figure(figure)
}

type Note<'a> = (Nanos, &'a Resources);

/// The first and the last note of a process, if there are two.
fn two_notes<'v, 'a>(life: &'v Life<'a>) -> Option<(&'v Life<'a>, Note<'a>, Note<'a>)> {
    let mut notes = life.events.iter().filter_map(|event| match event {
        Event::Resources { at, held } => Some((*at, held)),
        _ => None,
    });
    let first = notes.next()?;
    Some((life, first, notes.next_back()?))
}
