//! From the rename of a new configuration over the old one to the first response of the new generation.
//!
//! The proxy runs in this process, as an embedder would run it; its file and its traffic are a real file and a real socket. One kept connection
//! asks without a pause, so that a figure is too high by at most one request, some tens of microseconds. Changes come alone, a pause apart:
//! what a burst costs is the suite's business.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use reloadspec_benches::{ROUTES, config};
use reloadspec_proxy::{Options, Proxy};

/// Between two changes.
const PAUSE: Duration = Duration::from_millis(20);
/// A change that is not seen within this is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client that asks which generation serves.
struct Probe {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Probe {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the proxy listens");
        stream.set_nodelay(true).expect("it is a TCP socket");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("the time-out is not zero");
        Self {
            stream,
            answer: Vec::new(),
        }
    }

    /// Whether the next answer is of a generation. An answer with 204 is a head and nothing else.
    fn sees(&mut self, generation: u64) -> bool {
        self.stream
            .write_all(b"GET /generation HTTP/1.1\r\nhost: bench\r\n\r\n")
            .expect("the connection is kept");
        self.answer.clear();
        let mut buffer = [0; 1024];
        while !self.answer.ends_with(b"\r\n\r\n") {
            let read = self.stream.read(&mut buffer).expect("the proxy answers");
            assert!(read > 0, "the proxy closed the connection");
            self.answer.extend_from_slice(&buffer[..read]);
        }
        let head = String::from_utf8_lossy(&self.answer);
        assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        head.contains(&format!("x-generation: {generation}\r\n"))
    }
}

/// Replaces the file and waits for the first answer by the new one. The file is written before the clock starts.
fn change(file: &Path, probe: &mut Probe, routes: usize, generation: u64) -> Duration {
    let new = file.with_extension("new");
    fs::write(&new, config(routes, generation)).expect("the folder is ours");
    thread::sleep(PAUSE);
    let began = Instant::now();
    fs::rename(&new, file).expect("the folder is ours");
    while !probe.sees(generation) {
        assert!(began.elapsed() < PATIENCE, "generation {generation} was lost");
    }
    began.elapsed()
}

fn reload_latency(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reload_latency");
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    for routes in ROUTES {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("proxy.yaml");
        let mut generation = 1;
        fs::write(&file, config(routes, generation)).expect("the folder is ours");
        let proxy = Proxy::start(Options::new(&file)).expect("the configuration is valid");
        let mut probe = Probe::connect(proxy.addresses()[0].1.tcp().expect("of TCP"));
        let mut seen = Vec::new();
        group.bench_function(BenchmarkId::from_parameter(routes), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut total = Duration::ZERO;
                for _ in 0..iterations {
                    generation += 1;
                    let took = change(&file, &mut probe, routes, generation);
                    seen.push(took);
                    total += took;
                }
                total
            });
        });
        report(routes, seen);
        drop(probe);
        proxy.shutdown();
    }
    group.finish();
}

/// The distribution, which a mean hides.
fn report(routes: usize, mut seen: Vec<Duration>) {
    seen.sort();
    let Some(last) = seen.len().checked_sub(1) else {
        return;
    };
    let at = |percent: usize| seen[last * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "reload_latency/{routes}: {} changes, ms: median {:.2}, p95 {:.2}, p99 {:.2}, max {:.2}",
        seen.len(),
        at(50),
        at(95),
        at(99),
        at(100)
    );
}

criterion_group!(benches, reload_latency);
criterion_main!(benches);
