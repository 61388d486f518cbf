//! Requests in lockstep, and the origin that answers them: each side acts only when the proxy is at rest.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use super::proxy::{PORT, Rest};

/// What a request whose path ends like this gets; all others get a few bytes.
const LARGE: &str = "/large";
const LARGE_BYTES: usize = 64 * 1024;
const SMALL: &[u8] = b"ok\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// How requests arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// On one connection.
    Kept,
    /// Each on a connection of its own.
    Fresh,
    /// On one connection, for 64 KiB each.
    Large,
    /// As streams of one connection of HTTP/2.
    Streams,
}

/// A client of the proxy.
#[derive(Debug)]
pub(super) struct Client {
    address: Ipv4Addr,
    path: String,
    rest: Rest,
    manner: Manner,
    kept: Option<BufReader<TcpStream>>,
    streams: u32,
}

// === impl Client ===

impl Client {
    pub(super) fn new(address: Ipv4Addr, path: &str, rest: Rest, manner: Manner) -> Self {
        let end = if manner == Manner::Large { LARGE } else { "/small" };
        Self {
            address,
            path: format!("{path}{end}"),
            rest,
            manner,
            kept: None,
            streams: 0,
        }
    }

    /// One request, from rest to rest.
    pub(super) fn ask(&mut self) -> anyhow::Result<()> {
        let mut connection = match self.kept.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        match self.manner {
            Manner::Streams => self.stream(&mut connection)?,
            Manner::Kept | Manner::Fresh | Manner::Large => self.exchange(&mut connection)?,
        }
        self.rest.wait()?;
        if self.manner == Manner::Fresh {
            drop(connection);
            return self.rest.wait();
        }
        self.kept = Some(connection);
        Ok(())
    }

    fn connect(&self) -> anyhow::Result<BufReader<TcpStream>> {
        let mut connection = TcpStream::connect((self.address, PORT)).context("failed to connect")?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        self.rest.wait()?;
        if self.manner == Manner::Streams {
            // At once: how the proxy's buffers are cut goes by what it reads at a time.
            let mut beginning = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
            beginning.extend(frame(SETTINGS, 0, 0, &[]));
            connection.write_all(&beginning)?;
            self.rest.wait()?;
        }
        Ok(BufReader::with_capacity(LARGE_BYTES, connection))
    }

    fn exchange(&self, connection: &mut BufReader<TcpStream>) -> anyhow::Result<()> {
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: example.org\r\naccept: */*\r\n\r\n",
            self.path
        );
        connection.get_mut().write_all(request.as_bytes())?;
        let head = head(connection)?.context("the proxy closed a connection")?;
        if !head.starts_with("HTTP/1.1 200 ") {
            bail!("an answer that is none of the origin's: {head}");
        }
        let expected = if self.manner == Manner::Large {
            LARGE_BYTES
        } else {
            SMALL.len()
        };
        let mut body = vec![0; length(&head)?];
        connection.read_exact(&mut body).context("a body is cut short")?;
        if body.len() != expected {
            bail!("a body of {} bytes where {expected} were sent", body.len());
        }
        Ok(())
    }

    /// A stream (RFC 9113), of fields that are not indexed (RFC 7541).
    fn stream(&mut self, connection: &mut BufReader<TcpStream>) -> anyhow::Result<()> {
        let id = 2 * self.streams + 1;
        self.streams += 1;
        // `:method: GET` and `:scheme: http` of the static table; `:authority` and `:path` by its names.
        let mut block = vec![0x82, 0x86];
        for (name, value) in [(1, "example.org"), (4, &*self.path)] {
            block.extend([name, u8::try_from(value.len())?]);
            block.extend(value.as_bytes());
        }
        let request = frame(HEADERS, END_STREAM | END_HEADERS, id, &block);
        connection.get_mut().write_all(&request)?;
        loop {
            let mut head = [0; 9];
            connection
                .read_exact(&mut head)
                .context("the proxy closed a connection")?;
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            connection.read_exact(&mut payload)?;
            let of = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
            match head[3] {
                SETTINGS if head[4] & ACK == 0 => {
                    connection.get_mut().write_all(&frame(SETTINGS, ACK, 0, &[]))?;
                }
                // The answer's first field is `:status: 200`, by its index.
                HEADERS if payload.first() != Some(&0x88) => bail!("an answer that is none of the origin's"),
                HEADERS | DATA if of == id && head[4] & END_STREAM != 0 => return Ok(()),
                RST_STREAM | GOAWAY => bail!("the proxy ends a stream"),
                _ => {}
            }
        }
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Answers whatever comes, for as long as this process lives.
pub(super) fn serve(listener: TcpListener, rest: Rest) {
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let rest = rest.clone();
            // What fails here fails the client, who tells.
            thread::spawn(move || answer(connection, &rest));
        }
    });
}

fn answer(connection: TcpStream, rest: &Rest) -> anyhow::Result<()> {
    connection.set_nodelay(true)?;
    let mut connection = BufReader::new(connection);
    let large = vec![b'x'; LARGE_BYTES];
    while let Some(head) = head(&mut connection)? {
        let is_large = head.lines().next().is_some_and(|line| line.contains(LARGE));
        let body = if is_large { &large } else { SMALL };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        rest.wait()?;
        connection
            .get_mut()
            .write_all(&[head.as_bytes(), body].concat())?;
    }
    Ok(())
}

/// A head with its empty line; nothing at the end of a connection.
fn head(connection: &mut impl BufRead) -> anyhow::Result<Option<String>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(head))
}

fn length(head: &str) -> anyhow::Result<usize> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let (_, value) = lines
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .with_context(|| format!("an answer without a length: {head}"))?;
    Ok(value.parse()?)
}
