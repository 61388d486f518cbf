//! A trigger that is a line to a socket: whom it goes to, what is said, and which answer is a yes.
//!
//! In: the keys `address`, `line` and `answered` of a trigger. Out: a trigger that can be pulled, or what is wrong with it. Never: a connection.

use regex::Regex;

use super::spec::{Spec, Trigger as Written};
use super::{Reach, Trigger};
use crate::vocabulary::TriggerKind;

/// What serde cannot say.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    let all = spec.also.iter().map(|also| &also.trigger).chain([&spec.trigger]);
    let mut lines = all.filter(|trigger| trigger.kind == TriggerKind::Socket);
    lines.try_for_each(answer)
}

impl Spec {
    /// Whether it is known what it answers to a line.
    pub(super) fn answers_lines(&self) -> bool {
        self.trigger(Some(TriggerKind::Socket)).answered.is_some()
    }
}

fn answer(trigger: &Written) -> Result<(), String> {
    match trigger.answered.as_deref().map(Regex::new) {
        Some(Err(error)) => Err(format!("trigger.answered: {error}")),
        Some(Ok(regex)) if regex.is_match("") => Err(format!(
            "trigger.answered: `{regex}` matches an empty answer, so that no answer would be a yes"
        )),
        None if trigger.acknowledges => Err(
            "trigger.acknowledges: without `answered`, nobody knows which answer to the line is a yes".into(),
        ),
        _ => Ok(()),
    }
}

/// The trigger, of texts that have been rendered.
pub(super) fn told(
    address: &str,
    line: String,
    answered: Option<String>,
    probe: Option<String>,
) -> Result<Trigger, String> {
    let is_no_line = |line: &&String| line.contains(['\n', '\r']) || line.is_empty();
    for (key, line) in [("line", Some(&line)), ("probe", probe.as_ref())] {
        if let Some(line) = line.filter(is_no_line) {
            return Err(format!(
                "trigger.{key}: {line:?} is not one line; the newline at its end is sent besides"
            ));
        }
    }
    let at = if address.contains('/') {
        Reach::Unix(address.into())
    } else {
        Reach::Tcp(address.parse().map_err(|_| no_address(address))?)
    };
    Ok(Trigger::Socket {
        at,
        line,
        answered,
        probe,
    })
}

/// What can be said only of a place that could be one of a run.
pub(super) fn try_it(trigger: &Trigger) -> Result<(), String> {
    match trigger {
        Trigger::Socket {
            at: Reach::Unix(path),
            ..
        } if !path.is_absolute() => Err(no_address(&path.display().to_string())),
        _ => Ok(()),
    }
}

fn no_address(text: &str) -> String {
    format!("trigger.address: {text:?} is neither IP:PORT nor the absolute path of a socket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_an_ip_or_of_the_file_system() {
        let at = |address: &str| {
            let trigger = told(address, "reload".into(), None, None)?;
            try_it(&trigger)?;
            match trigger {
                Trigger::Socket { at, .. } => Ok(at),
                other => Err(format!("{other:?}")),
            }
        };
        assert_eq!(at("127.0.0.1:9"), Ok(Reach::Tcp(([127, 0, 0, 1], 9).into())));
        assert_eq!(at("/run/a.sock"), Ok(Reach::Unix("/run/a.sock".into())));
        for none in [
            "",
            "a.sock",
            "localhost:9",
            "127.0.0.1",
            "unix@/run/a.sock",
            "./a.sock",
        ] {
            assert!(
                at(none).is_err_and(|why| why.starts_with("trigger.address: ")),
                "{none}"
            );
        }
    }

    #[test]
    fn a_line_is_one_line() {
        let with = |line: &str, probe: &str| told("127.0.0.1:9", line.into(), None, Some(probe.into()));
        assert!(with("reload now", "version").is_ok());
        for none in ["", "reload\n", "reload\nquit", "reload\r"] {
            let why = with(none, "version").unwrap_err();
            assert!(why.starts_with("trigger.line: "), "{why}");
            let why = with("reload", none).unwrap_err();
            assert!(why.starts_with("trigger.probe: "), "{why}");
        }
    }
}
