//! What requests notice of reloads: an open loop over kept connections, with changes and without, one right after the other.
//!
//! Without them the same files are renamed at the same times, to where no proxy looks: a rename takes the core that the load comes from, whoever reads the file.

use std::thread;
use std::time::{Duration, Instant};

use reloadspec_benches::peers::results::Measurement;
use reloadspec_benches::peers::statistics::percentile;

use super::{Bench, routes};
use crate::open_loop::{Load, Seen};
use crate::probe::Probe;
use crate::proxies::Peer;
use crate::run::{PATIENCE, Served};
use crate::site::Staged;

const CONNECTIONS: usize = 64;
/// A round's load comes in so many pieces of each kind, by turns: what a machine does otherwise in some second meets both.
const PIECES: u32 = 4;
const WARM_UP: Duration = Duration::from_millis(500);
/// The row, its routes, and how often they change.
const ROWS: [(&str, usize, Duration); 2] = [
    ("reloads/10", 10, Duration::from_millis(100)),
    ("reloads/10000", 10_000, Duration::from_secs(1)),
];

/// Whether the proxy hears of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    With,
    Without,
}

pub(super) fn round(bench: &mut Bench<'_>, round: u32) {
    for row in ROWS.iter().filter(|row| bench.wants(row.0)).collect::<Vec<_>>() {
        for peer in bench.order(round).iter().filter(|peer| peer.proxy.everywhere) {
            let measured = measure(bench, row, round, peer);
            bench.add(row.0, peer, measured);
        }
    }
}

fn measure(
    bench: &Bench<'_>,
    (row, count, every): &(&str, usize, Duration),
    round: u32,
    peer: &Peer,
) -> anyhow::Result<Measurement> {
    let served = bench.start(peer, routes(*count))?;
    let mut load = Load {
        address: served.places.clear,
        connections: CONNECTIONS,
        rate: bench.args.rate,
        time: WARM_UP,
    };
    load.run()?;
    load.time = bench.effort.load / PIECES;
    let (mut without, mut under) = (Seen::default(), Seen::default());
    let (mut changes, mut last) = (0, 0);
    for piece in 0..PIECES {
        // What comes first is the other one in the next piece, and in the next round.
        let mut kinds = [Kind::Without, Kind::With];
        if !(piece + round).is_multiple_of(2) {
            kinds.reverse();
        }
        for kind in kinds {
            let (seen, delivered) = beside(&served, load, *every, kind, last)?;
            match kind {
                Kind::Without => without.add(seen),
                Kind::With => {
                    under.add(seen);
                    changes += delivered.changes;
                    last = delivered.last;
                }
            }
        }
    }
    let measurement = with(Measurement::new(row, peer.proxy.name, round), "without", &without);
    Ok(with(measurement, "with", &under).with("changes", changes as f64))
}

fn with(measurement: Measurement, name: &str, seen: &Seen) -> Measurement {
    let at = |percent| percentile(&seen.latencies_ms, percent);
    measurement
        .with(&format!("{name}_p50_ms"), at(50.0))
        .with(&format!("{name}_p99_ms"), at(99.0))
        .with(&format!("{name}_max_ms"), at(100.0))
        .with(&format!("{name}_failed"), seen.failed as f64)
        .with(&format!("{name}_reconnected"), seen.reconnected as f64)
        .with(
            &format!("{name}_per_s"),
            seen.latencies_ms.len() as f64 / seen.took.as_secs_f64(),
        )
}

/// The load, and renames of files beside it, of generations after `last`. All files are written before. A proxy that takes longer to answer than to the next change misses that one.
fn beside(
    served: &Served,
    load: Load,
    every: Duration,
    kind: Kind,
    last: u64,
) -> anyhow::Result<(Seen, Delivered)> {
    let wanted = (load.time.as_secs_f64() / every.as_secs_f64()) as u64;
    let staged = (last + 1..=last + wanted)
        .map(|generation| Ok((generation, served.stage(generation)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let changes = scope.spawn(move || deliver(served, staged, every, kind));
        let seen = load.run()?;
        let delivered = changes.join().expect("the thread of changes does not panic")?;
        let (began, mut probe) = (Instant::now(), Probe::new(served.places.clear));
        // The last one may be under way still; what is measured next shall not suffer from it.
        while kind == Kind::With && probe.generation() != Some(delivered.last) && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        Ok((seen, delivered))
    })
}

struct Delivered {
    changes: u64,
    /// The last generation.
    last: u64,
}

fn deliver(
    served: &Served,
    staged: Vec<(u64, Staged)>,
    every: Duration,
    kind: Kind,
) -> anyhow::Result<Delivered> {
    let began = Instant::now();
    let mut delivered = Delivered { changes: 0, last: 0 };
    for (number, (generation, staged)) in (0..).zip(staged) {
        // In the middle of its time, so that the last one is not at the end of the load.
        let due = every * number + every / 2;
        match due.checked_sub(began.elapsed()) {
            Some(rest) => thread::sleep(rest),
            None if number > 0 => continue,
            None => {}
        }
        match kind {
            Kind::With => served.deliver(staged)?.finish()?,
            Kind::Without => served.divert(staged)?,
        }
        delivered = Delivered {
            changes: delivered.changes + 1,
            last: generation,
        };
    }
    Ok(delivered)
}
