//! Which generation serves: one request after the other without a pause, each over a connection of its own, as a kept one would stay with an old worker of
//! a proxy that has them. The time of one request is how sharp it is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::ensure;
use reloadspec_benches::peers::answers;

use crate::run::{PATIENCE, Served, Triggered};
use crate::site::Staged;

/// Longer than an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// A proxy that shows no change for so long has not heard of it, and is told again.
const UNHEARD: Duration = Duration::from_secs(15);

/// A client that asks which generation serves.
#[derive(Debug)]
pub(crate) struct Probe {
    address: SocketAddr,
    /// Requests that were made.
    pub(crate) asked: u64,
    /// Those that were not answered.
    pub(crate) failed: u64,
}

/// How a change went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// From the rename to the first answer of the new generation.
    pub(crate) took: Duration,
    /// Whether the proxy had to be told again.
    pub(crate) was_lost: bool,
}

// === impl Probe ===

impl Probe {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            asked: 0,
            failed: 0,
        }
    }

    /// The generation of an answer, if there is one.
    pub(crate) fn generation(&mut self) -> Option<u64> {
        self.asked += 1;
        let generation = self.ask().ok().flatten();
        self.failed += u64::from(generation.is_none());
        generation
    }

    fn ask(&self) -> std::io::Result<Option<u64>> {
        let mut stream = TcpStream::connect_timeout(&self.address, ANSWER)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"GET /probe HTTP/1.1\r\nhost: bench.example\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 2048];
        let mut filled = 0;
        loop {
            let read = stream.read(&mut answer[filled..])?;
            filled += read;
            let text = String::from_utf8_lossy(&answer[..filled]);
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                return Ok(answers::generation(head));
            }
            if read == 0 || filled == answer.len() {
                return Ok(None);
            }
        }
    }

    /// Puts a generation in its place and asks until it answers.
    pub(crate) fn change(
        &mut self,
        served: &Served,
        staged: Staged,
        generation: u64,
    ) -> anyhow::Result<Change> {
        let mut began = Instant::now();
        let mut triggered: Triggered = served.deliver(staged)?;
        let mut was_lost = false;
        while self.generation() != Some(generation) {
            if began.elapsed() > UNHEARD {
                ensure!(!was_lost, "{} lost two changes in a row", served.peer.proxy.name);
                was_lost = true;
                let again = served.stage(generation)?;
                triggered.finish()?;
                began = Instant::now();
                triggered = served.deliver(again)?;
            }
            ensure!(began.elapsed() < PATIENCE, "generation {generation} was lost");
        }
        let took = began.elapsed();
        triggered.finish()?;
        Ok(Change { took, was_lost })
    }
}
