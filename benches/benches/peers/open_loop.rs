//! A load that does not wait for the proxy: requests at a constant rate over kept connections, each timed from the moment it was meant to begin, so that a
//! proxy that stands still pays for all that would have come meanwhile (coordinated omission).
//!
//! One thread, which waits in `poll`. Nothing is sent twice: a request on a connection that ends under it has failed.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use reloadspec_benches::peers::answers::{self, Answer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const REQUEST: &[u8] = b"GET /t/0 HTTP/1.1\r\nhost: bench.example\r\n\r\n";
/// After the last request, for those that are under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    /// Requests a second.
    pub(crate) rate: u32,
    pub(crate) time: Duration,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of requests that were answered by 200.
    pub(crate) latencies_ms: Vec<f64>,
    /// Answered by another status, or not at all.
    pub(crate) failed: u64,
    /// Connections that the proxy ended, between requests or under one.
    pub(crate) reconnected: u64,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
}

/// A connection, and the request on it.
struct Connection {
    stream: TcpStream,
    /// When the request was meant to begin.
    intended: Option<Instant>,
    answer: Vec<u8>,
}

// === impl Seen ===

impl Seen {
    /// Puts what another run saw beside it.
    pub(crate) fn add(&mut self, other: Self) {
        self.latencies_ms.extend(other.latencies_ms);
        self.failed += other.failed;
        self.reconnected += other.reconnected;
        self.took += other.took;
    }
}

// === impl Load ===

impl Load {
    /// Runs it.
    pub(crate) fn run(&self) -> anyhow::Result<Seen> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address)?);
        }
        let step = Duration::from_secs(1) / self.rate;
        let total = (self.time.as_secs_f64() * f64::from(self.rate)) as u32;
        let mut free: VecDeque<usize> = (0..connections.len()).collect();
        let mut seen = Seen::default();
        let began = Instant::now();
        let mut sent = 0;
        while sent < total || free.len() < connections.len() {
            let now = Instant::now();
            if now > began + self.time + PATIENCE {
                seen.failed += u64::from(total - sent) + (connections.len() - free.len()) as u64;
                break;
            }
            let next = began + step * sent;
            // One that is late is sent at once; answers are read between any two.
            if sent < total
                && next <= now
                && let Some(at) = free.pop_front()
            {
                sent += 1;
                connections[at].intended = Some(next);
                if connections[at].stream.write_all(REQUEST).is_err() {
                    self.end(&mut connections[at], &mut seen)?;
                    free.push_back(at);
                }
            }
            let next = began + step * sent;
            let wait = if sent < total && !free.is_empty() {
                next.saturating_duration_since(Instant::now())
            } else {
                Duration::from_millis(100)
            };
            for at in readable(&connections, wait)? {
                let was_free = connections[at].intended.is_none();
                let is_free = self.read(&mut connections[at], &mut seen)?;
                if is_free && !was_free {
                    free.push_back(at);
                }
            }
        }
        seen.took = began.elapsed();
        Ok(seen)
    }

    /// Reads what there is. Whether the connection is free for a request.
    fn read(&self, connection: &mut Connection, seen: &mut Seen) -> anyhow::Result<bool> {
        let mut buffer = [0; 4096];
        match connection.stream.read(&mut buffer) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(connection.intended.is_none());
            }
            Ok(0) | Err(_) => {
                self.end(connection, seen)?;
                return Ok(true);
            }
            Ok(read) => connection.answer.extend_from_slice(&buffer[..read]),
        }
        let Answer::Whole { is_good, closes } = answers::judge(&connection.answer) else {
            return Ok(false);
        };
        connection.answer.clear();
        if let Some(intended) = connection.intended.take() {
            if is_good {
                seen.latencies_ms.push(intended.elapsed().as_secs_f64() * 1000.0);
            } else {
                seen.failed += 1;
            }
        }
        if closes {
            self.end(connection, seen)?;
        }
        Ok(true)
    }

    /// Another connection in the place of one that ended; the request on it has failed.
    fn end(&self, connection: &mut Connection, seen: &mut Seen) -> anyhow::Result<()> {
        seen.failed += u64::from(connection.intended.is_some());
        seen.reconnected += 1;
        *connection = Connection::open(self.address)?;
        Ok(())
    }
}

impl Connection {
    fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            intended: None,
            answer: Vec::new(),
        })
    }
}

fn readable(connections: &[Connection], wait: Duration) -> anyhow::Result<Vec<usize>> {
    let mut polled: Vec<_> = connections
        .iter()
        .map(|connection| PollFd::new(&connection.stream, PollFlags::IN))
        .collect();
    let wait = Timespec::try_from(wait)?;
    match poll(&mut polled, Some(&wait)) {
        Err(rustix::io::Errno::INTR) | Ok(0) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
        Ok(_) => {
            let ready = polled.iter().enumerate();
            Ok(ready
                .filter(|(_, polled)| !polled.revents().is_empty())
                .map(|(at, _)| at)
                .collect())
        }
    }
}
