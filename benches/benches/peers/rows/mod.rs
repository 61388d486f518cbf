//! What is measured. Each row starts the proxies that it needs, and adds its figures to the results.

mod apply;
mod memory;
mod reloads;
mod throughput;

use std::path::Path;
use std::time::Duration;

use reloadspec_benches::peers::results::{Measurement, Results};

use crate::proxies::Peer;
use crate::run::Served;
use crate::site::{Places, Scene};
use crate::{Args, Effort, progress};

/// What all rows share.
pub(crate) struct Bench<'a> {
    pub(crate) args: &'a Args,
    pub(crate) effort: Effort,
    pub(crate) peers: Vec<Peer>,
    pub(crate) root: &'a Path,
    pub(crate) results: Results,
}

impl Bench<'_> {
    /// Measures all that is wanted, round by round.
    pub(crate) fn run(&mut self) {
        for round in 0..self.effort.rounds {
            apply::round(self, round);
            reloads::round(self, round);
            throughput::round(self, round);
            // It takes long, and hardly varies.
            if round == 0 {
                memory::round(self, round);
            }
        }
    }

    /// Whether a row is asked for, by its name or by that of its group.
    fn wants(&self, row: &str) -> bool {
        let rows = &self.args.rows;
        rows.is_empty()
            || rows
                .iter()
                .any(|wanted| row == wanted || row.split('/').next() == Some(wanted.as_str()))
    }

    /// The proxies of a round. Each round begins with another one.
    fn order(&self, round: u32) -> Vec<Peer> {
        let mut peers = self.peers.clone();
        let first = round as usize % peers.len().max(1);
        peers.rotate_left(first);
        peers
    }

    fn start(&self, peer: &Peer, scene: Scene) -> anyhow::Result<Served> {
        let number = self.peers.iter().position(|it| it.proxy.name == peer.proxy.name);
        let places = Places::new(number.unwrap_or_default() + 1);
        Served::start(peer, places, scene, &self.args.proxy_cores, self.root)
    }

    /// Keeps what a row saw, or why it saw nothing.
    fn add(&mut self, row: &str, peer: &Peer, measured: anyhow::Result<Measurement>) {
        if let Some(measurement) = self.noted(row, peer, measured) {
            progress(&measurement.to_string());
            self.results.measurements.push(measurement);
        }
    }

    /// What could not be measured is said, and left out; all else goes on.
    fn noted<T>(&mut self, row: &str, peer: &Peer, result: anyhow::Result<T>) -> Option<T> {
        let note = |error| format!("{row}: {}: {error:#}", peer.proxy.name);
        result.map_err(|error| self.results.notes.push(note(error))).ok()
    }
}

fn routes(routes: usize) -> Scene {
    Scene { routes, split: false }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
