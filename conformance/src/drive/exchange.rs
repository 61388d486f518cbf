//! One question to a target, by a command of its binary or over HTTP, and what came back: always within a bound.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::Cancel;
use super::process::{command, describe, kill_group, mark};
use crate::target::CommandLine;
use crate::target::spawn;
use crate::vocabulary::Reply;

/// Past this, there is no answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of an answer is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// A request to be made.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(String, String)],
    pub(super) body: Vec<u8>,
}

/// Runs the target's binary, or another program of its, with these arguments, and waits for its end.
pub(super) fn run(
    program: &Path,
    dir: &Path,
    args: Vec<String>,
    patience: Duration,
    cancel: &Cancel,
) -> Reply {
    use std::os::unix::process::CommandExt;
    let line = CommandLine {
        args,
        env: Vec::new(),
    };
    // A command may start what serves, which has to be found then.
    let mut command = command(program, &line, dir, &mark(dir));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = match spawn(&mut command) {
        Ok(child) => child,
        Err(error) => return nothing(error.to_string()),
    };
    // Read beside it, so that a full pipe never holds it up.
    let stdout = child.stdout.take().map(read_all);
    let stderr = child.stderr.take().map(read_all);
    let deadline = Instant::now() + patience;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < deadline && !cancel.is_cancelled() => {
                std::thread::sleep(Duration::from_micros(500));
            }
            Ok(None) | Err(_) => {
                kill_group(child.id());
                // Killed, so it ends.
                let _ = child.wait();
                break None;
            }
        }
    };
    let Some(status) = status else {
        return late(patience);
    };
    let said = [stderr, stdout]
        .into_iter()
        .flatten()
        .filter_map(|thread| thread.join().ok())
        .collect::<String>();
    Reply {
        code: status.code(),
        yes: status.success(),
        said: match status.code() {
            Some(_) => cut(&said),
            None => format!("{}: {}", describe(status), cut(&said)),
        },
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = Vec::new();
        // A pipe that breaks has nothing more to say.
        let _ = pipe.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// Makes a request on a connection of its own, and waits for the answer. Of what is said, so much is kept as `keep` leaves of it.
pub(super) fn call(call: &Call<'_>, patience: Duration, keep: impl Fn(String) -> String) -> Reply {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return nothing(error.to_string()),
    };
    runtime.block_on(async {
        match tokio::time::timeout(patience, exchange(call)).await {
            Ok(Ok((status, said))) => Reply {
                code: Some(i32::from(status.as_u16())),
                yes: status.is_success(),
                said: cut(&keep(said)),
            },
            Ok(Err(error)) => nothing(format!("{error:#}")),
            Err(_) => late(patience),
        }
    })
}

async fn exchange(call: &Call<'_>) -> anyhow::Result<(hyper::StatusCode, String)> {
    let uri: hyper::Uri = call.url.parse()?;
    let authority = uri
        .authority()
        .ok_or_else(|| anyhow::anyhow!("{} names no host", call.url))?;
    let stream = tokio::net::TcpStream::connect(authority.as_str()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // How the connection ends is told to the request on it.
    let task = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = hyper::Request::builder()
        .method(call.method)
        .uri(path)
        .header("host", authority.as_str());
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    let response = sender
        .send_request(request.body(Full::new(Bytes::from(call.body.clone())))?)
        .await?;
    let status = response.status();
    let said = response.into_body().collect().await?.to_bytes();
    task.abort();
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

fn nothing(why: String) -> Reply {
    Reply {
        code: None,
        yes: false,
        said: why,
    }
}

fn late(patience: Duration) -> Reply {
    nothing(format!("no answer within {} s", patience.as_secs_f64()))
}

/// The beginning of what was said, if it is too much.
fn cut(said: &str) -> String {
    let said = said.trim();
    let mut end = said.len().min(KEPT);
    while !said.is_char_boundary(end) {
        end -= 1;
    }
    said[..end].to_owned()
}
