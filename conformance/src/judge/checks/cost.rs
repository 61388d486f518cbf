//! What a change costs by the size of the file: how long it takes, and what the processes hold then.
//!
//! Of several changes of one size the fastest speaks for it, so that what else runs on the machine does not.

use std::collections::BTreeMap;

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::ms;
use crate::vocabulary::{Event, Nanos, Resources};

/// Up to here, a change is fast, whatever the size.
const FAST: Nanos = 500 * MS;
/// How many times as long ten times as many routes may take.
const TIMES: Nanos = 20;

/// What is known of one size.
struct Size {
    /// Of each change that was seen, the fastest first.
    latencies: Vec<Nanos>,
    /// When the fastest was delivered, and how large it was.
    begin: Nanos,
    bytes: u64,
    /// What the processes held thereafter.
    held: Option<Resources>,
}

pub(super) fn in_proportion(view: &View<'_>) -> Vec<Opinion> {
    let sizes = sizes(view);
    let mut by_size = sizes.iter().rev();
    let (Some((many, large)), Some((few, small))) = (by_size.next(), by_size.next()) else {
        return vec![Opinion::inconclusive("changes of two sizes are needed")];
    };
    let (slow, fast) = (large.fastest(), small.fastest());
    let most = fast.saturating_mul(TIMES).max(FAST);
    let trials = large.latencies.len();
    if slow <= most {
        return vec![Opinion::of_trials(None, trials, 1)];
    }
    if let Some(why) = view.starved(large.begin, large.begin.saturating_add(slow), slow) {
        return vec![Opinion::inconclusive(why).trials(trials)];
    }
    let expected = format!(
        "{many} routes take at most {}, as {few} take {}",
        ms(most),
        ms(fast)
    );
    let observed = format!(
        "the fastest of {trials} changes to {many} routes took {}",
        ms(slow)
    );
    vec![Opinion::not_met(Seen::new(expected, observed).at(large.begin)).trials(trials)]
}

/// One opinion a size.
pub(super) fn by_size(view: &View<'_>) -> Vec<Opinion> {
    let opinion = |(many, size): (u32, Size)| {
        let memory = size.held.map_or_else(String::new, |held| {
            format!(
                ", {} MiB of memory, {} MiB at the peak",
                held.memory_kib / 1024,
                held.peak_kib / 1024
            )
        });
        let figure = format!(
            "fastest {}, slowest {}, {} KiB of file{memory}",
            ms(size.fastest()),
            ms(size.latencies.last().copied().unwrap_or_default()),
            size.bytes.div_ceil(1024),
        );
        Opinion::met()
            .trials(size.latencies.len())
            .figure(figure)
            .about(format!("{many} routes"))
    };
    sizes(view).into_iter().map(opinion).collect()
}

impl Size {
    fn fastest(&self) -> Nanos {
        self.latencies.first().copied().unwrap_or_default()
    }
}

/// By the number of routes. Sizes of which no change was seen are left out.
fn sizes(view: &View<'_>) -> BTreeMap<u32, Size> {
    let mut sizes: BTreeMap<u32, Size> = BTreeMap::new();
    for life in &view.lives {
        for write in life
            .changes()
            .filter(|write| write.awaited && write.config.layout.many > 0)
        {
            let Some(latency) = write.latency() else { continue };
            let size = sizes.entry(write.config.layout.many).or_insert_with(|| Size {
                latencies: Vec::new(),
                begin: write.config.begin,
                bytes: write.config.bytes,
                held: None,
            });
            if size.latencies.first().is_none_or(|fastest| latency < *fastest) {
                size.begin = write.config.begin;
            }
            size.latencies.push(latency);
            size.latencies.sort_unstable();
            size.held = noted_within(life, write.config.at, write.until).or(size.held);
        }
    }
    sizes
}

/// What was noted of the processes while a file stood there.
fn noted_within(life: &Life<'_>, from: Nanos, until: Nanos) -> Option<Resources> {
    life.events.iter().find_map(|event| match event {
        Event::Resources { at, held } if (from..until).contains(at) => Some(*held),
        _ => None,
    })
}
