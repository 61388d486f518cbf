//! Requests for each second of processor time, by closed loops: as many as the proxy and its one core bear, over so many connections.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reloadspec_benches::peers::results::Measurement;
use reloadspec_benches::peers::tools::{self, Loop};

use super::{Bench, routes};
use crate::run::Served;

const ROUTES: usize = 10;

/// A way of asking.
struct Row {
    name: &'static str,
    connections: usize,
    path: &'static str,
    how: How,
}

enum How {
    Kept,
    NewConnections,
    TlsHttp1,
    /// By h2load: as many streams on each connection.
    TlsHttp2(usize),
}

const ROWS: [Row; 8] = [
    row("throughput/small-64", 64, "/t/0", How::Kept),
    row("throughput/small-1000", 1_000, "/t/0", How::Kept),
    row("throughput/body-1k", 64, "/t/body/1k", How::Kept),
    row("throughput/body-64k", 64, "/t/body/64k", How::Kept),
    row("throughput/body-1m", 64, "/t/body/1m", How::Kept),
    row("throughput/new-connections", 64, "/t/0", How::NewConnections),
    row("throughput/tls-http1", 64, "/t/0", How::TlsHttp1),
    row("throughput/tls-http2", 64, "/t/0", How::TlsHttp2(10)),
];

const fn row(name: &'static str, connections: usize, path: &'static str, how: How) -> Row {
    Row {
        name,
        connections,
        path,
        how,
    }
}

/// All proxies run at once, at rest but for the one that is asked.
pub(super) fn round(bench: &mut Bench<'_>, round: u32) {
    let rows: Vec<_> = ROWS.iter().filter(|row| bench.wants(row.name)).collect();
    if rows.is_empty() {
        return;
    }
    let mut served = Vec::new();
    for peer in bench
        .order(round)
        .into_iter()
        .filter(|peer| peer.proxy.everywhere)
    {
        let started = bench.start(&peer, routes(ROUTES));
        served.extend(bench.noted("throughput", &peer, started));
    }
    for row in rows {
        for served in &served {
            let measured = row.measure(bench, round, served);
            bench.add(row.name, &served.peer, measured);
        }
    }
}

impl Row {
    fn measure(&self, bench: &Bench<'_>, round: u32, served: &Served) -> anyhow::Result<Measurement> {
        self.run(served, Duration::from_secs(1), bench.root)?;
        let (before, began) = (served.process().cpu(), Instant::now());
        let seen = self.run(served, bench.effort.closed, bench.root)?;
        let took = began.elapsed();
        let cpu = served.process().cpu().saturating_sub(before);
        ensure!(seen.requests > 0, "nothing was answered");
        Ok(Measurement::new(self.name, served.peer.proxy.name, round)
            .with("per_cpu_second", seen.requests as f64 / cpu.as_secs_f64())
            .with("cpu_us", cpu.as_secs_f64() * 1e6 / seen.requests as f64)
            .with("per_second", seen.requests as f64 / took.as_secs_f64())
            .with("busy", cpu.as_secs_f64() / took.as_secs_f64())
            .with("p99_ms", seen.p99_ms)
            .with("failed", seen.failed as f64))
    }

    fn run(&self, served: &Served, time: Duration, root: &Path) -> anyhow::Result<Loop> {
        let seconds = time.as_secs().max(1);
        let connections = self.connections;
        let by_tls = matches!(self.how, How::TlsHttp1 | How::TlsHttp2(_));
        let (scheme, place) = if by_tls {
            ("https", served.places.tls)
        } else {
            ("http", served.places.clear)
        };
        let log = root.join("h2load.log");
        let mut command = if let How::TlsHttp2(streams) = self.how {
            // It adds to its log.
            let _ = fs::remove_file(&log);
            let mut h2load = Command::new("h2load");
            h2load.args(["-t1", &format!("-c{connections}"), &format!("-m{streams}")]);
            h2load
                .args(["-D", &seconds.to_string()])
                .arg("--log-file")
                .arg(&log);
            h2load
        } else {
            let mut wrk = Command::new("wrk");
            wrk.args(["-t1", "--latency", "--timeout", "10s"]);
            wrk.args([format!("-c{connections}"), format!("-d{seconds}")]);
            if matches!(self.how, How::NewConnections) {
                wrk.args(["-H", "connection: close"]);
            }
            wrk
        };
        command.arg(format!("{scheme}://{place}{}", self.path));
        let output = command.output().context("wrk and h2load are needed")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let seen = match self.how {
            How::TlsHttp2(_) => tools::h2load(&text, &fs::read_to_string(&log).unwrap_or_default()),
            _ => tools::wrk(&text),
        };
        seen.with_context(|| {
            format!(
                "no figures in:\n{text}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
    }
}
