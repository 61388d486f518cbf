//! From the rename of a new file into its place to the first answer of the new generation. One route of all is another one each time.

use std::time::Instant;

use reloadspec_benches::peers::results::Measurement;

use super::{Bench, milliseconds, routes};
use crate::probe::Probe;
use crate::proxies::Peer;
use crate::site::Scene;

/// With so many routes, by all proxies.
const ROUTES: [usize; 3] = [10, 1_000, 10_000];
/// And by the reference alone.
const MANY: usize = 100_000;

pub(super) fn round(bench: &mut Bench<'_>, round: u32) {
    let (mine, all): (Vec<_>, Vec<_>) = (
        bench
            .order(round)
            .into_iter()
            .filter(Peer::is_reference)
            .collect(),
        bench.order(round),
    );
    let split = |routes| Scene { routes, split: true };
    let wanted = ROUTES.map(|count| (routes(count), &all)).into_iter();
    let wanted = wanted.chain([routes(MANY), split(ROUTES[2]), split(MANY)].map(|scene| (scene, &mine)));
    for (scene, peers) in wanted {
        let row = format!(
            "apply/{}{}",
            scene.routes,
            if scene.split { "-split" } else { "" }
        );
        if !bench.wants(&row) {
            continue;
        }
        for peer in peers {
            let measured = measure(bench, &row, round, peer, scene);
            bench.add(&row, peer, measured);
        }
    }
}

fn measure(
    bench: &Bench<'_>,
    row: &str,
    round: u32,
    peer: &Peer,
    scene: Scene,
) -> anyhow::Result<Measurement> {
    let served = bench.start(peer, scene)?;
    let mut probe = Probe::new(served.places.clear);
    let (mut samples, mut lost, mut asking) = (Vec::new(), 0.0, 0.0);
    // The first one warms up.
    for generation in 0..=bench.effort.changes(scene, peer) {
        let generation = generation + 1;
        let staged = served.stage(generation)?;
        let began = Instant::now();
        while began.elapsed() < peer.proxy.rest {
            probe.generation();
        }
        let change = probe.change(&served, staged, generation)?;
        asking += milliseconds(began.elapsed());
        lost += f64::from(u8::from(change.was_lost));
        if generation > 1 {
            samples.push(milliseconds(change.took));
        }
    }
    Ok(Measurement::new(row, peer.proxy.name, round)
        .with("probe_step_ms", asking / probe.asked as f64)
        .with("failed", probe.failed as f64)
        .with("lost", lost)
        .with_samples(&samples))
}
