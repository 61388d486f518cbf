//! Telling a target that its file changed, in the way that it wants.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Cancel;
use super::exchange::{self, Call};
use super::process::Process;
use super::socket;
use crate::target::Trigger;
use crate::vocabulary::{Reply, TriggerAnswer};

/// How much of a refusal is quoted, in characters.
const EXCERPT: usize = 400;

/// What came of pulling it.
pub(super) struct Pulled {
    pub(super) answer: TriggerAnswer,
    /// All that was said, by a trigger that can answer.
    pub(super) reply: Option<Reply>,
}

/// What is needed to pull a trigger that answers.
pub(super) struct Pull {
    pub(super) binary: PathBuf,
    pub(super) dir: PathBuf,
    /// The file that is sent, where the trigger sends one.
    pub(super) config: PathBuf,
    /// How long an answer is waited for.
    pub(super) patience: Duration,
    pub(super) cancel: Cancel,
}

/// Sends a signal, which answers nothing.
pub(super) fn send(signal: Signal, process: &Process) -> TriggerAnswer {
    match process.signal(signal) {
        Ok(()) => TriggerAnswer::Sent,
        Err(errno) => TriggerAnswer::NotSent(errno.to_string()),
    }
}

impl Pull {
    /// Pulls a trigger. `None` where the target watches for itself.
    pub(super) fn pull(&self, trigger: Trigger, process: &Process) -> Option<Pulled> {
        match trigger {
            Trigger::Signal(signal) => Some(Pulled {
                answer: send(signal, process),
                reply: None,
            }),
            other => self.ask(other),
        }
    }

    /// Pulls one that answers, and waits for the answer. `None` if it is of another kind.
    pub(super) fn ask(&self, trigger: Trigger) -> Option<Pulled> {
        match trigger {
            Trigger::Watch | Trigger::Signal(_) => None,
            Trigger::Command { program, args } => {
                let program = program.as_ref().unwrap_or(&self.binary);
                Some(Pulled::of(
                    "exit status",
                    exchange::run(program, &self.dir, args, self.patience, &self.cancel),
                ))
            }
            Trigger::Http {
                method,
                url,
                headers,
                sends_config,
            } => {
                let body = if sends_config {
                    fs::read(&self.config)
                } else {
                    Ok(Vec::new())
                };
                Some(match body {
                    Ok(body) => {
                        let call = Call {
                            method: &method,
                            url: &url,
                            headers: &headers,
                            body,
                        };
                        Pulled::of("status", exchange::call(&call, self.patience, |said| said))
                    }
                    Err(error) => Pulled {
                        answer: TriggerAnswer::NotSent(format!("no file to send: {error}")),
                        reply: None,
                    },
                })
            }
            Trigger::Socket {
                at, line, answered, ..
            } => Some(socket::say(&at, &line, answered.as_deref(), self.patience)),
        }
    }
}

impl Pulled {
    fn of(code: &str, reply: Reply) -> Self {
        let answer = match reply.code {
            Some(_) if reply.yes => TriggerAnswer::Accepted,
            Some(number) => TriggerAnswer::Refused(format!("{code} {number}: {}", tail(&reply.said))),
            None => TriggerAnswer::NotSent(reply.said.clone()),
        };
        Self {
            answer,
            reply: Some(reply),
        }
    }
}

/// The end of what was said, where the cause usually stands.
pub(super) fn tail(said: &str) -> String {
    let said = said.trim();
    let start = said
        .char_indices()
        .rev()
        .nth(EXCERPT - 1)
        .map_or(0, |(index, _)| index);
    said[start..].to_owned()
}
