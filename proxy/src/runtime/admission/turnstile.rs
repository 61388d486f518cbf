//! Who is inside, how many may be, and who waits in line. No clock and no waiting inside: whoever is let in later is handed back to the caller.
//!
//! Laws: never more are let in than may be at that moment; who waits is let in in the order of coming, and nobody overtakes; there is never room while
//! somebody waits; each way in is matched by one way out.
//!
//! The limit, the count and whether somebody waits are one word, so that each decision is made by all three at once. While nobody waits, coming and going is one
//! compare-and-swap; the line itself is behind a lock, which only those take who find no room or find a line.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A turnstile before which `W`s wait.
#[derive(Debug)]
pub(super) struct Turnstile<W> {
    /// A bit for whether somebody waits, 31 for the limit, 32 for how many are inside.
    word: AtomicU64,
    line: Mutex<Line<W>>,
}

#[derive(Debug)]
struct Line<W> {
    room: usize,
    next: u64,
    waiting: VecDeque<(u64, W)>,
}

/// What becomes of one who finds no room at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There was room after all.
    Inside,
    /// A place in the line, by its number.
    Waiting(u64),
    /// The line is full.
    Full,
}

const WAITING: u64 = 1 << 63;
const INSIDE: u64 = 0xffff_ffff;
/// No limit.
const ANY: u64 = 0x7fff_ffff;

fn has_room(word: u64) -> bool {
    (word & INSIDE) < (word >> 32 & ANY)
}

// === impl Turnstile ===

impl<W> Turnstile<W> {
    /// With nobody inside. No limit if `max` is none.
    pub(super) fn new(max: Option<u32>, room: usize) -> Self {
        Self {
            word: AtomicU64::new(max.map_or(ANY, u64::from) << 32),
            line: Mutex::new(Line {
                room,
                next: 0,
                waiting: VecDeque::new(),
            }),
        }
    }

    /// How many are inside.
    pub(super) fn inside(&self) -> u64 {
        self.word.load(Ordering::Acquire) & INSIDE
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Lets one in if there is room and nobody waits.
    pub(super) fn enter(&self) -> bool {
        self.update(|word| (word & WAITING == 0 && has_room(word)).then_some(word + 1))
    }

    /// Takes a place in the line for one who was not let in.
    pub(super) fn queue(&self, who: W) -> Place {
        let mut line = self.lock();
        loop {
            if self.enter() {
                return Place::Inside;
            }
            if line.waiting.len() >= line.room {
                return Place::Full;
            }
            // From here on nobody goes without a look at the line.
            if self.update(|word| (word & WAITING != 0 || !has_room(word)).then_some(word | WAITING)) {
                let ticket = line.next;
                line.next += 1;
                line.waiting.push_back((ticket, who));
                return Place::Waiting(ticket);
            }
        }
    }

    /// One who was inside goes. Returns who is let in for that, if somebody waited.
    pub(super) fn leave(&self) -> Vec<W> {
        if self.update(|word| (word & WAITING == 0).then(|| word - 1)) {
            return Vec::new();
        }
        let mut line = self.lock();
        self.update(|word| Some(word - 1));
        self.admit(&mut line)
    }

    /// One who waits gives up. False if it has been let in meanwhile: then it has to leave.
    pub(super) fn give_up(&self, ticket: u64) -> bool {
        let mut line = self.lock();
        let found = line.waiting.iter().position(|(other, _)| *other == ticket);
        if let Some(index) = found {
            line.waiting.remove(index);
            self.end_line(&line);
        }
        found.is_some()
    }

    /// From now on so many may be inside, and so many wait. Nobody is turned out. Returns who is let in by that.
    pub(super) fn change(&self, max: Option<u32>, room: usize) -> Vec<W> {
        let mut line = self.lock();
        line.room = room;
        let max = max.map_or(ANY, u64::from);
        self.update(|word| Some(word & (WAITING | INSIDE) | max << 32));
        self.admit(&mut line)
    }

    fn admit(&self, line: &mut Line<W>) -> Vec<W> {
        let mut admitted = Vec::new();
        while !line.waiting.is_empty() && self.update(|word| has_room(word).then_some(word + 1)) {
            admitted.extend(line.waiting.pop_front().map(|(_, who)| who));
        }
        self.end_line(line);
        admitted
    }

    fn end_line(&self, line: &Line<W>) {
        if line.waiting.is_empty() {
            self.update(|word| Some(word & !WAITING));
        }
    }

    fn update(&self, to: impl Fn(u64) -> Option<u64>) -> bool {
        self.word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, to)
            .is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, Line<W>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::mpsc;
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Event {
        Come,
        Go,
        /// The one at this place of the line gives up.
        GiveUp(usize),
        Change(Option<u32>, usize),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let change = (prop::option::weighted(0.9, 1..6_u32), 0..5_usize)
            .prop_map(|(max, room)| Event::Change(max, room));
        prop::collection::vec(
            prop_oneof![
                5 => Just(Event::Come),
                4 => Just(Event::Go),
                1 => (0..5_usize).prop_map(Event::GiveUp),
                1 => change,
            ],
            1..200,
        )
    }

    proptest! {
        /// Against a model that says in the plainest way what is wanted.
        #[test]
        fn it_does_what_the_plainest_one_would_do(events in events()) {
            let turnstile = Turnstile::new(Some(2), 3);
            let (mut max, mut room) = (2_u64, 3);
            let (mut inside, mut line, mut next) = (0_u64, VecDeque::new(), 0_u64);
            for event in events {
                let mut expected = Vec::new();
                let admitted = match event {
                    Event::Come => {
                        let who = next;
                        next += 1;
                        if turnstile.enter() {
                            prop_assert!(inside < max && line.is_empty());
                            inside += 1;
                        } else {
                            match turnstile.queue(who) {
                                Place::Inside => prop_assert!(false, "there was no room a moment ago"),
                                Place::Waiting(ticket) => {
                                    prop_assert!(inside >= max && line.len() < room);
                                    line.push_back((ticket, who));
                                }
                                Place::Full => prop_assert!(inside >= max && line.len() >= room),
                            }
                        }
                        Vec::new()
                    }
                    Event::Go if inside > 0 => {
                        inside -= 1;
                        turnstile.leave()
                    }
                    Event::GiveUp(index) if index < line.len() => {
                        let (ticket, _) = line.remove(index).expect("somebody");
                        prop_assert!(turnstile.give_up(ticket));
                        prop_assert!(!turnstile.give_up(ticket));
                        Vec::new()
                    }
                    Event::Change(to, places) => {
                        (max, room) = (to.map_or(u64::MAX, u64::from), places);
                        turnstile.change(to, places)
                    }
                    Event::Go | Event::GiveUp(_) => Vec::new(),
                };
                while inside < max && let Some((_, who)) = line.pop_front() {
                    inside += 1;
                    expected.push(who);
                }
                prop_assert_eq!(admitted, expected);
                prop_assert_eq!(turnstile.inside(), inside);
                prop_assert_eq!(turnstile.waiting(), line.len());
            }
        }
    }

    #[test]
    fn many_threads_never_exceed_what_is_allowed_and_nobody_is_forgotten() {
        let turnstile = Turnstile::new(Some(3), 1000);
        let (inside, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        if !turnstile.enter() {
                            let (let_in, wait) = mpsc::channel::<()>();
                            if let Place::Waiting(_) = turnstile.queue(let_in) {
                                wait.recv().expect("a turn");
                            }
                        }
                        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        for next in turnstile.leave() {
                            next.send(()).expect("one who waits");
                        }
                    }
                });
            }
            scope.spawn(|| {
                for round in 0..4000 {
                    let max = if round % 2 == 0 { 1 } else { 3 };
                    for next in turnstile.change(Some(max), 1000) {
                        next.send(()).expect("one who waits");
                    }
                    thread::yield_now();
                }
            });
        });
        assert!(most.into_inner() <= 3);
        assert_eq!((turnstile.inside(), turnstile.waiting()), (0, 0));
    }
}
