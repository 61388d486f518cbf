//! Telling a target that its file changed, in the way that it wants.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::Cancel;
use super::process::{Process, command, kill_group};
use super::spawn::spawn;
use crate::target::{CommandLine, Trigger};
use crate::vocabulary::TriggerAnswer;

/// Past this without an answer, a trigger has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of an answer is kept.
const EXCERPT: usize = 400;

/// Pulls the trigger. `None` where the target watches for itself.
pub(super) fn pull(
    trigger: Trigger,
    process: &Process,
    binary: &Path,
    dir: &Path,
    config: &Path,
    cancel: &Cancel,
) -> Option<TriggerAnswer> {
    match trigger {
        Trigger::Watch => None,
        Trigger::Signal(signal) => Some(match process.signal(signal) {
            Ok(()) => TriggerAnswer::Sent,
            Err(errno) => TriggerAnswer::NotSent(errno.to_string()),
        }),
        Trigger::Command { args } => Some(run(binary, dir, args, cancel)),
        Trigger::Http {
            method,
            url,
            headers,
            sends_config,
        } => {
            let body = if sends_config {
                fs::read(config)
            } else {
                Ok(Vec::new())
            };
            Some(match body {
                Ok(body) => call(&method, &url, &headers, body),
                Err(error) => TriggerAnswer::NotSent(format!("no file to send: {error}")),
            })
        }
    }
}

fn run(binary: &Path, dir: &Path, args: Vec<String>, cancel: &Cancel) -> TriggerAnswer {
    use std::os::unix::process::CommandExt;
    let line = CommandLine {
        args,
        env: Vec::new(),
    };
    let mut command = command(binary, &line, dir, "");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = match spawn(&mut command) {
        Ok(child) => child,
        Err(error) => return TriggerAnswer::NotSent(error.to_string()),
    };
    // Read beside it, so that a full pipe never holds it up.
    let stdout = child.stdout.take().map(read_all);
    let stderr = child.stderr.take().map(read_all);
    let deadline = Instant::now() + TIMEOUT;
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
    match status {
        Some(status) if status.success() => TriggerAnswer::Accepted,
        Some(status) => {
            let said = [stderr, stdout]
                .into_iter()
                .flatten()
                .filter_map(|thread| thread.join().ok())
                .collect::<String>();
            TriggerAnswer::Refused(format!("{}: {}", super::process::describe(status), tail(&said)))
        }
        None => TriggerAnswer::NotSent(format!("no answer within {} s", TIMEOUT.as_secs())),
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

fn call(method: &str, url: &str, headers: &[(String, String)], body: Vec<u8>) -> TriggerAnswer {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return TriggerAnswer::NotSent(error.to_string()),
    };
    runtime.block_on(async {
        match tokio::time::timeout(TIMEOUT, exchange(method, url, headers, body)).await {
            Ok(Ok((status, _))) if status.is_success() => TriggerAnswer::Accepted,
            Ok(Ok((status, said))) => {
                TriggerAnswer::Refused(format!("status {}: {}", status.as_u16(), tail(&said)))
            }
            Ok(Err(error)) => TriggerAnswer::NotSent(format!("{error:#}")),
            Err(_) => TriggerAnswer::NotSent(format!("no answer within {} s", TIMEOUT.as_secs())),
        }
    })
}

async fn exchange(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> anyhow::Result<(hyper::StatusCode, String)> {
    let uri: hyper::Uri = url.parse()?;
    let authority = uri
        .authority()
        .ok_or_else(|| anyhow::anyhow!("{url} names no host"))?;
    let stream = tokio::net::TcpStream::connect(authority.as_str()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // How the connection ends is told to the request on it.
    let task = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header("host", authority.as_str());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = sender
        .send_request(request.body(Full::new(Bytes::from(body)))?)
        .await?;
    let status = response.status();
    let said = response.into_body().collect().await?.to_bytes();
    task.abort();
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

/// The end of what was said, where the cause usually stands.
fn tail(said: &str) -> String {
    let said = said.trim();
    let start = said
        .char_indices()
        .rev()
        .nth(EXCERPT - 1)
        .map_or(0, |(index, _)| index);
    said[start..].to_owned()
}
