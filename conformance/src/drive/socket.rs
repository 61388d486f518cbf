//! One line to a socket of a target, and what came back: always within a bound.

use std::io::ErrorKind;
use std::time::Duration;

use regex::Regex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::trigger::{Pulled, tail};
use crate::target::Reach;
use crate::vocabulary::{Reply, TriggerAnswer};

/// How long somebody is listened to who is not known to answer anything.
const UNKNOWN: Duration = Duration::from_secs(1);
/// How much of an answer is read, in bytes.
const MOST: usize = 64 * 1024;

/// Connects, says one line, and listens until a yes, the end, or the end of the patience.
pub(super) fn say(at: &Reach, line: &str, answered: Option<&str>, patience: Duration) -> Pulled {
    let yes = match answered.map(Regex::new).transpose() {
        Ok(yes) => yes,
        Err(error) => return not_sent(format!("no answer to it can be told: {error}")),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return not_sent(error.to_string()),
    };
    runtime.block_on(async {
        let connected = timeout(patience, connect(at)).await;
        match connected {
            Ok(Ok(stream)) => talk(stream, line, yes.as_ref(), patience).await,
            Ok(Err(error)) => not_sent(format!("failed to connect to {}: {error}", name_of(at))),
            Err(_) => not_sent(format!(
                "failed to connect to {}: {}",
                name_of(at),
                late(patience)
            )),
        }
    })
}

/// Whether somebody there hears: answers a line that changes nothing, or takes a connection where no such line is known. What is
/// taken by the queue of a process that replaces itself is never heard.
pub(super) fn hears(at: &Reach, probe: Option<&str>, patience: Duration) -> bool {
    if let Some(probe) = probe {
        return say(at, probe, Some(r"\S"), patience).answer == TriggerAnswer::Accepted;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.is_ok_and(|runtime| {
        runtime.block_on(async { matches!(timeout(patience, connect(at)).await, Ok(Ok(_))) })
    })
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// How often a queue is looked at that is full.
const PAUSE: Duration = Duration::from_millis(1);

async fn connect(at: &Reach) -> std::io::Result<Box<dyn Stream>> {
    match at {
        Reach::Tcp(address) => Ok(Box::new(TcpStream::connect(address).await?)),
        Reach::Unix(path) => loop {
            match UnixStream::connect(path).await {
                Ok(stream) => return Ok(Box::new(stream)),
                // The kernel has no room in the queue, and does not wait for any; with TCP it would.
                Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        },
    }
}

async fn talk(mut stream: Box<dyn Stream>, line: &str, yes: Option<&Regex>, patience: Duration) -> Pulled {
    if let Err(error) = stream.write_all(format!("{line}\n").as_bytes()).await {
        return not_sent(format!("failed to send {line:?}: {error}"));
    }
    // Nothing more is to come, which is what ends the talk with who waits for further lines. Who has gone has heard it.
    let _ = stream.shutdown().await;
    let mut heard = Vec::new();
    let mut is_lost = false;
    let listening = async {
        while heard.len() < MOST && !says_yes(yes, whole_lines(&heard)) {
            match stream.read_buf(&mut heard).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => {
                    is_lost = heard.is_empty();
                    break;
                }
            }
        }
    };
    let patience = if yes.is_some() {
        patience
    } else {
        patience.min(UNKNOWN)
    };
    let is_over = timeout(patience, listening).await.is_ok();
    let said = String::from_utf8_lossy(&heard).trim().to_owned();
    let answer = match yes {
        // The kernel resets a connection on which there is something that nobody has read.
        _ if is_lost => {
            TriggerAnswer::NotSent("the connection was reset before anything was answered".into())
        }
        None => TriggerAnswer::Sent,
        // Who has ended has ended his last line, too.
        Some(_) if says_yes(yes, if is_over { &heard } else { whole_lines(&heard) }) => {
            TriggerAnswer::Accepted
        }
        Some(_) if !is_over => TriggerAnswer::NotSent(late(patience)),
        Some(_) if said.is_empty() => {
            TriggerAnswer::NotSent("the connection ended, and nothing was answered".into())
        }
        Some(_) => TriggerAnswer::Refused(tail(&said)),
    };
    let reply = Reply {
        code: None,
        yes: answer == TriggerAnswer::Accepted,
        said,
    };
    Pulled {
        answer,
        reply: Some(reply),
    }
}

/// Whether one of the lines says so.
fn says_yes(yes: Option<&Regex>, heard: &[u8]) -> bool {
    let heard = String::from_utf8_lossy(heard);
    yes.is_some_and(|yes| heard.lines().any(|line| yes.is_match(line)))
}

/// What has come to the end of a line: the rest may yet become something else.
fn whole_lines(heard: &[u8]) -> &[u8] {
    let end = heard.iter().rposition(|byte| *byte == b'\n');
    &heard[..end.map_or(0, |end| end + 1)]
}

fn late(patience: Duration) -> String {
    format!("no answer within {} s", patience.as_secs_f64())
}

fn not_sent(why: String) -> Pulled {
    Pulled {
        answer: TriggerAnswer::NotSent(why),
        reply: None,
    }
}

fn name_of(at: &Reach) -> String {
    match at {
        Reach::Tcp(address) => address.to_string(),
        Reach::Unix(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    const SOON: Duration = Duration::from_millis(300);

    /// Who is there hears one line, says this, and goes away, or stays for longer than anybody waits.
    fn told(answer: &'static str, stays: bool, answered: Option<&str>) -> (TriggerAnswer, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = Reach::Tcp(listener.local_addr().unwrap());
        let hearing = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let heard = answer_once(&stream, answer);
            if stays {
                thread::sleep(4 * SOON);
            }
            heard
        });
        let pulled = say(&at, "reload now", answered, SOON);
        assert_eq!(hearing.join().unwrap(), "reload now\n");
        (pulled.answer, pulled.reply.unwrap().said)
    }

    fn answer_once(mut stream: &TcpStream, answer: &str) -> String {
        let mut heard = String::new();
        BufReader::new(stream).read_line(&mut heard).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        heard
    }

    #[test]
    fn an_answer_is_a_yes_or_a_refusal_where_it_is_known() {
        let known = Some("^Success=1$");
        assert_eq!(
            told("Success=1\n", false, known),
            (TriggerAnswer::Accepted, "Success=1".into())
        );
        assert_eq!(told("loaded\nSuccess=1", false, known).0, TriggerAnswer::Accepted);
        assert!(matches!(
            told("Success=10\n", false, known).0,
            TriggerAnswer::Refused(_)
        ));
        // A yes counts as soon as it is read.
        assert_eq!(told("Success=1\n", true, known).0, TriggerAnswer::Accepted);
        assert_eq!(
            told("Success=0\nline 3 is wrong\n", false, known).0,
            TriggerAnswer::Refused("Success=0\nline 3 is wrong".into())
        );
        for (stays, why) in [
            (false, "the connection ended, and nothing was answered"),
            (true, "no answer within 0.3 s"),
        ] {
            assert_eq!(told("", stays, known).0, TriggerAnswer::NotSent(why.into()));
        }
    }

    #[test]
    fn a_line_that_has_not_ended_is_no_yes() {
        let (answer, said) = told("Success=1", true, Some("^Success=1"));
        assert_eq!(
            (answer, &*said),
            (
                TriggerAnswer::NotSent("no answer within 0.3 s".into()),
                "Success=1"
            )
        );
    }

    #[test]
    fn a_full_queue_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let at = Reach::Unix(path.clone());
        let listener = UnixListener::bind(&path).unwrap();
        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(1).unwrap()).unwrap();
        // Each that connects stays in the queue, although it has gone.
        let mut queued = 0;
        while hears(&at, None, SOON / 10) {
            queued += 1;
            assert!(queued < 10, "the queue does not fill");
        }
        let taking = thread::spawn(move || {
            thread::sleep(SOON / 3);
            listener.accept().unwrap();
            listener
        });
        assert!(hears(&at, None, 10 * SOON));
        drop(taking.join().unwrap());
    }

    #[test]
    fn who_is_not_known_to_answer_was_told() {
        for stays in [false, true] {
            assert_eq!(told("", stays, None), (TriggerAnswer::Sent, String::new()));
        }
        // What was said is kept all the same.
        assert_eq!(told("hm\n", false, None), (TriggerAnswer::Sent, "hm".into()));
    }

    #[test]
    fn a_socket_may_be_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let at = Reach::Unix(path.clone());
        let nobody = say(&at, "reload", None, SOON).answer;
        assert!(
            matches!(&nobody, TriggerAnswer::NotSent(why) if why.contains(&path.display().to_string())),
            "{nobody:?}"
        );
        assert!(!hears(&at, None, SOON));
        let _listener = UnixListener::bind(&path).unwrap();
        assert!(hears(&at, None, SOON));
        assert_eq!(say(&at, "reload", None, SOON).answer, TriggerAnswer::Sent);
    }

    #[test]
    fn who_takes_a_connection_and_goes_away_has_not_heard() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let at = Reach::Unix(path.clone());
        let listener = UnixListener::bind(&path).unwrap();
        // It is in the queue of who never takes it.
        let going = thread::spawn(move || {
            thread::sleep(SOON / 3);
            drop(listener);
        });
        let answer = say(&at, "reload", None, SOON).answer;
        assert!(
            matches!(&answer, TriggerAnswer::NotSent(why) if why.contains("reset")),
            "{answer:?}"
        );
        going.join().unwrap();
    }

    #[test]
    fn who_answers_a_line_that_changes_nothing_hears() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let at = Reach::Unix(path.clone());
        let listener = UnixListener::bind(&path).unwrap();
        assert!(!hears(&at, Some("version"), SOON), "nobody answered");
        let hearing = thread::spawn(move || {
            // The first is the one that nobody answered.
            for stream in listener.incoming().take(2) {
                let mut stream = stream.unwrap();
                let mut heard = String::new();
                BufReader::new(&stream).read_line(&mut heard).unwrap();
                assert_eq!(heard, "version\n");
                let _ = stream.write_all(b"1.0\n");
            }
        });
        assert!(hears(&at, Some("version"), SOON));
        hearing.join().unwrap();
    }

    #[test]
    fn where_nobody_listens_nobody_was_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = Reach::Tcp(listener.local_addr().unwrap());
        assert!(hears(&at, None, SOON));
        drop(listener);
        assert!(!hears(&at, None, SOON));
        let answer = say(&at, "reload", Some("yes"), SOON).answer;
        assert!(
            matches!(&answer, TriggerAnswer::NotSent(why) if why.starts_with("failed to connect to 127.0.0.1:")),
            "{answer:?}"
        );
    }
}
