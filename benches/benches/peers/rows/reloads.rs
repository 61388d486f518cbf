//! What requests notice of reloads: an open loop over kept connections, with changes and without, one right after the other.

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
const WARM_UP: Duration = Duration::from_millis(500);
/// The row, its routes, and how often they change.
const ROWS: [(&str, usize, Duration); 2] = [
    ("reloads/10", 10, Duration::from_millis(100)),
    ("reloads/10000", 10_000, Duration::from_secs(1)),
];

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
    load.time = bench.effort.load;
    let mut measurement = Measurement::new(row, peer.proxy.name, round);
    // What comes first is the other one in the next round.
    if round.is_multiple_of(2) {
        measurement = with(measurement, "without", &load.run()?);
    }
    let (seen, changes) = under_changes(&served, load, *every)?;
    measurement = with(measurement, "with", &seen).with("changes", changes as f64);
    if !round.is_multiple_of(2) {
        measurement = with(measurement, "without", &load.run()?);
    }
    Ok(measurement)
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

/// The load, and changes beside it. All files are written before. A proxy that takes longer to answer than to the next change misses that one.
fn under_changes(served: &Served, load: Load, every: Duration) -> anyhow::Result<(Seen, u64)> {
    let wanted = (load.time.as_secs_f64() / every.as_secs_f64()) as u64;
    let staged: Vec<_> = (1..=wanted)
        .map(|generation| served.stage(generation))
        .collect::<Result<_, _>>()?;
    thread::scope(|scope| {
        let changes = scope.spawn(move || deliver(served, staged, every));
        let seen = load.run()?;
        let delivered = changes.join().expect("the thread of changes does not panic")?;
        let (began, mut probe) = (Instant::now(), Probe::new(served.places.clear));
        // The last one may be under way still; what is measured next shall not suffer from it.
        while probe.generation() != Some(delivered.last) && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        Ok((seen, delivered.changes))
    })
}

struct Delivered {
    changes: u64,
    /// The last generation.
    last: u64,
}

fn deliver(served: &Served, staged: Vec<Staged>, every: Duration) -> anyhow::Result<Delivered> {
    let began = Instant::now();
    let mut delivered = Delivered { changes: 0, last: 0 };
    for (generation, staged) in (1..).zip(staged) {
        // In the middle of its time, so that the last one is not at the end of the load.
        let due = every * (generation as u32 - 1) + every / 2;
        match due.checked_sub(began.elapsed()) {
            Some(rest) => thread::sleep(rest),
            None if generation > 1 => continue,
            None => {}
        }
        served.deliver(staged)?.finish()?;
        delivered = Delivered {
            changes: delivered.changes + 1,
            last: generation,
        };
    }
    Ok(delivered)
}
