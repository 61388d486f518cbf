//! `reloadspec doctor`: proves a target folder by what it does with the real binary.

use std::fmt::Write as _;

use clap::Args;
use reloadspec::conclude::exit;
use reloadspec::drive::{self, DriveError};
use reloadspec::judge;
use reloadspec::suite::RunError;
use reloadspec::target::Target;
use reloadspec::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, Event, Layout, LeadsTo, Level, Listener, Marker,
    Outcome, Profile, Step, Timeline, Verdict,
};

use super::run::cancel_on_signal;
use super::{CliError, Where, print};

#[derive(Args)]
pub(super) struct Doctor {
    /// A known name or a folder, optionally with `:VARIANT`.
    target: String,
    #[command(flatten)]
    locate: Where,
}

impl Doctor {
    pub(super) fn run(self) -> Result<u8, CliError> {
        let targets = Target::load(&self.target, &self.locate.into())?;
        let cancel = cancel_on_signal()?;
        let mut codes = Vec::new();
        for target in &targets {
            let mut out = format!("{}: {}\n", target.facts().title(), target.summary());
            say(
                &mut out,
                true,
                "the folder is well-formed; its templates render two generations and every flaw apart",
            );
            codes.push(examine(target, &cancel, &mut out)?);
            print(&out)?;
        }
        Ok(exit::worst(codes))
    }
}

fn examine(target: &Target, cancel: &drive::Cancel, out: &mut String) -> Result<u8, CliError> {
    let Some(binary) = target.binary() else {
        say(
            out,
            false,
            &format!(
                "there is no {}: install it, or name one with --binary",
                target.facts().binary
            ),
        );
        return Ok(exit::NO_BINARY);
    };
    let version = target.facts().version.as_deref();
    let version = version.unwrap_or("no version: look at binary.version_args and version_pattern");
    say(
        out,
        target.facts().version.is_some(),
        &format!("{} {version}", binary.display()),
    );
    let case = examination(target);
    let options = drive::Options {
        seed: 1,
        cancel: cancel.clone(),
    };
    let run = match drive::run(&case, target, &options) {
        Ok(run) => run,
        Err(DriveError::Cancelled) => return Err(RunError::Cancelled.into()),
        Err(error) => {
            say(
                out,
                false,
                &format!("the harness failed: {}", reloadspec::suite::chain(&error)),
            );
            return Ok(exit::HARNESS);
        }
    };
    let mut healthy = true;
    for result in judge::judge(&case, &run.timeline) {
        let fine = matches!(result.verdict, Verdict::Pass);
        let unsupported = matches!(result.verdict, Verdict::Unsupported(_));
        healthy &= fine || unsupported;
        let mut text = format!("{}: {}", result.title(), result.verdict);
        if let Some(why) = result.verdict.why() {
            // Writing to a string cannot fail, here and below.
            let _ = write!(text, ", {why}");
        }
        if let Some(finding) = &result.finding {
            let _ = write!(
                text,
                ", expected {}; observed {}",
                finding.expected, finding.observed
            );
        }
        if unsupported {
            let _ = writeln!(out, "  note    {text}");
        } else {
            say(out, fine, &text);
        }
    }
    healthy &= markers(&run.timeline, out);
    patterns(target, &run.timeline, out);
    out.push_str(if healthy {
        "  This folder can be trusted.\n"
    } else {
        "  Mend what is missing before you trust a verdict; where the folder is right, it is the proxy that fails.\n"
    });
    Ok(if healthy {
        exit::CONFORMANT
    } else {
        exit::NOT_CONFORMANT
    })
}

/// Three generations one after the other, a deletion, and each kind of bad file; and what the log can name comes and goes.
fn examination(target: &Target) -> Case {
    let more = Layout::listening(Listener::Second).with_routes(&[LeadsTo::Apart, LeadsTo::Apart]);
    let mut naming = vec![
        Step::LayOut(more),
        Step::Change,
        Step::Watch { ms: 300 },
        Step::LayOut(Layout::default()),
        Step::Change,
        Step::Watch { ms: 300 },
    ];
    if !target.facts().has(Capability::LogDiff) {
        naming.clear();
    }
    let mut steps = vec![
        Step::Start,
        Step::LoadOn {
            fresh: 1,
            kept: 1,
            pause_us: 2_000,
        },
        Step::Change,
        Step::Await(Condition::SuccessRecord),
        Step::Watch { ms: 300 },
    ];
    steps.append(&mut naming);
    steps.extend([
        Step::ForEachFlaw(vec![
            Step::FreshStart,
            Step::Flawed,
            Step::Watch { ms: 100 },
            Step::Change,
        ]),
        Step::Delete,
        Step::Await(Condition::MissingRecord),
        Step::Change,
        Step::LoadOff,
    ]);
    Case {
        id: "doctor",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a target folder does what it says",
        rationale: "",
        provenance: &[],
        needs: &[],
        steps,
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::RejectedChangesNothing, Level::Must),
        ],
        budget_s: 180,
        faults: Vec::new(),
    }
}

/// Each marker has to show on the answers of a good generation.
fn markers(timeline: &Timeline, out: &mut String) -> bool {
    let last = timeline.events.iter().rev().find_map(|event| match event {
        Event::Request(request) => match &request.outcome {
            Outcome::Answered {
                status: 200, markers, ..
            } => Some(markers.clone()),
            _ => None,
        },
        _ => None,
    });
    let Some(markers) = last else {
        say(out, false, "no request was ever answered with status 200");
        return false;
    };
    let all = [
        (
            Marker::ResponseStamp,
            "response stamp",
            &markers.stamp,
            "set the response header x-generation to {{ stamp }}",
        ),
        (
            Marker::Origin,
            "origin",
            &markers.origin,
            "forward to {{ origin.host }}:{{ origin.port }}",
        ),
        (
            Marker::UpstreamStamp,
            "upstream stamp",
            &markers.upstream,
            "set the request header x-upstream-generation to {{ stamp }}",
        ),
        (
            Marker::Credential,
            "credential",
            &markers.credential,
            "set the request header authorization to {{ credential }}",
        ),
    ];
    for (_, name, value, advice) in all.iter().filter(|(marker, ..)| timeline.target.bears(*marker)) {
        let shown = value
            .as_ref()
            .map_or_else(|| format!("missing: {advice}"), |value| format!("seen: {value}"));
        say(out, value.is_some(), &format!("marker {name} {shown}"));
    }
    all.iter()
        .all(|(marker, _, value, _)| value.is_some() || !timeline.target.bears(*marker))
}

/// Which patterns of the log matched anything.
fn patterns(target: &Target, timeline: &Timeline, out: &mut String) {
    let log = &target.facts().log;
    let all = [
        ("applied", &log.applied),
        ("rejected", &log.rejected),
        ("missing", &log.missing),
    ];
    for (name, pattern) in all {
        let Some(pattern) = pattern else {
            say(
                out,
                true,
                &format!("log.{name}: none, so the target is taken to have no such line"),
            );
            continue;
        };
        matched(name, pattern, target, timeline, out);
    }
    for (object, pattern) in log.changed.all() {
        let name = format!("changed.{} of {object}", object.kind());
        matched(&name, pattern, target, timeline, out);
    }
}

/// Which line of the log a pattern matched first.
fn matched(name: &str, pattern: &str, target: &Target, timeline: &Timeline, out: &mut String) {
    let log = &target.facts().log;
    let regex = regex::Regex::new(pattern).ok();
    let line = timeline.events.iter().find_map(|event| match event {
        Event::Log { source, line, .. }
            if log.is_in(source) && regex.as_ref().is_some_and(|regex| regex.is_match(line)) =>
        {
            Some(line)
        }
        _ => None,
    });
    let text = line.map_or_else(|| "never matched".to_owned(), |line| format!("matched: {line}"));
    say(out, line.is_some(), &format!("log.{name} {text}"));
}

fn say(out: &mut String, fine: bool, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  {} {text}", if fine { "ok     " } else { "missing" });
}
