//! Memory of the process tree: at rest, with connections at rest, with many routes, and after many changes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use reloadspec_benches::peers::results::Measurement;

use super::{Bench, routes};
use crate::probe::Probe;
use crate::proxies::Peer;
use crate::run::Served;

const ROW: &str = "memory";
const CONNECTIONS: usize = 1_000;
const MANY: usize = 10_000;
/// Until what was under way is over, and memory given back that is given back.
const REST: Duration = Duration::from_secs(1);

pub(super) fn round(bench: &mut Bench<'_>, round: u32) {
    let peers = bench
        .order(round)
        .into_iter()
        .filter(|peer| peer.proxy.everywhere);
    for peer in peers.filter(|_| bench.wants(ROW)).collect::<Vec<_>>() {
        let measured = measure(bench, round, &peer);
        bench.add(ROW, &peer, measured);
    }
}

fn measure(bench: &Bench<'_>, round: u32, peer: &Peer) -> anyhow::Result<Measurement> {
    let many = {
        let served = bench.start(peer, routes(MANY))?;
        thread::sleep(REST);
        served.process().memory_kib()
    };
    let served = bench.start(peer, routes(10))?;
    thread::sleep(REST);
    let idle = served.process().memory_kib();
    let connected = {
        let _open = connections(&served)?;
        thread::sleep(REST);
        served.process().memory_kib()
    };
    drop(served);
    let (before, after) = changes(bench, peer)?;
    Ok(Measurement::new(ROW, peer.proxy.name, round)
        .with("idle_kib", idle as f64)
        .with(
            "connection_kib",
            (connected as f64 - idle as f64) / CONNECTIONS as f64,
        )
        .with("many_routes_kib", many as f64)
        .with("before_changes_kib", before as f64)
        .with("after_changes_kib", after as f64)
        .with("changes", bench.effort.memory_changes as f64))
}

/// Connections that were answered once, and rest.
fn connections(served: &Served) -> anyhow::Result<Vec<TcpStream>> {
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(served.places.clear)?;
        stream.write_all(b"GET /t/0 HTTP/1.1\r\nhost: bench.example\r\n\r\n")?;
        let mut answer = [0; 2048];
        let mut filled = 0;
        while !answer[..filled].ends_with(b"hello, world\n") {
            let read = stream.read(&mut answer[filled..])?;
            ensure!(read > 0, "a connection ended");
            filled += read;
        }
        open.push(stream);
    }
    Ok(open)
}

/// Before changes and after them, each made once the one before is seen. Before, there were ten.
fn changes(bench: &Bench<'_>, peer: &Peer) -> anyhow::Result<(u64, u64)> {
    let served = bench.start(peer, routes(10))?;
    let mut probe = Probe::new(served.places.clear);
    let mut generation = 0;
    let mut change = |times: u64| -> anyhow::Result<u64> {
        for _ in 0..times {
            generation += 1;
            let staged = served.stage(generation)?;
            thread::sleep(peer.proxy.rest);
            probe.change(&served, staged, generation)?;
        }
        thread::sleep(REST);
        Ok(served.process().memory_kib())
    };
    Ok((change(10)?, change(bench.effort.memory_changes)?))
}
