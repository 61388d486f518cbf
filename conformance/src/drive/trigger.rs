//! Telling a target that its file changed, in the way that it wants.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Cancel;
use super::exchange::{self, Call};
use super::process::Process;
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

/// Pulls the trigger. `None` where the target watches for itself.
pub(super) fn pull(
    trigger: Trigger,
    process: &Process,
    binary: &Path,
    dir: &Path,
    config: &Path,
    patience: Duration,
    cancel: &Cancel,
) -> Option<Pulled> {
    match trigger {
        Trigger::Watch => None,
        Trigger::Signal(signal) => Some(Pulled {
            answer: match process.signal(signal) {
                Ok(()) => TriggerAnswer::Sent,
                Err(errno) => TriggerAnswer::NotSent(errno.to_string()),
            },
            reply: None,
        }),
        Trigger::Command { args } => Some(Pulled::of(
            "exit status",
            exchange::run(binary, dir, args, patience, cancel),
        )),
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
                Ok(body) => {
                    let call = Call {
                        method: &method,
                        url: &url,
                        headers: &headers,
                        body,
                    };
                    Pulled::of("status", exchange::call(&call))
                }
                Err(error) => Pulled {
                    answer: TriggerAnswer::NotSent(format!("no file to send: {error}")),
                    reply: None,
                },
            })
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
fn tail(said: &str) -> String {
    let said = said.trim();
    let start = said
        .char_indices()
        .rev()
        .nth(EXCERPT - 1)
        .map_or(0, |(index, _)| index);
    said[start..].to_owned()
}
