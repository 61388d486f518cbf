//! `repro.sh`: a finding shown again with the proxy, a shell, curl and Python, without the suite.
//!
//! In: a finding, the timeline that it rests on, and the target's own templates. Out: a script that ends with 0 where it has seen the fault, with 1
//! where it has not. Never: a script that leaves out an action of the recorded run; where one cannot be written, the reason is given instead.

mod actions;
mod asking;
mod complaint;
mod look;
mod proxy;
mod segment;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use look::At;

use crate::drive::Run;
use crate::target::Target;
use crate::vocabulary::{CaseReport, CheckResult, RunHeader, Verdict};

/// What all scripts have in common: the origins, the clients, the ways to deliver a file.
const PRELUDE: &str = concat!(
    include_str!("repro/tools.sh"),
    include_str!("repro/files.sh"),
    include_str!("repro/actions.sh"),
);

/// Why there is no script of a finding.
type NoScript = String;

/// The scripts of a case: one for each check that failed or was weak, by file name, or the reason why there is none.
pub(super) fn scripts(
    target: &Target,
    header: &RunHeader,
    report: &CaseReport,
    run: &Run,
) -> Vec<(String, Result<String, NoScript>)> {
    let against = |result: &&CheckResult| matches!(result.verdict, Verdict::Fail | Verdict::Weak);
    report
        .checks
        .iter()
        .filter(against)
        .map(|result| {
            let name = file_name(result);
            let script = script(&name, target, header, report, run, result);
            (name, script)
        })
        .collect()
}

/// The name of a check's script, of letters that need no quotes in a shell.
fn file_name(result: &CheckResult) -> String {
    let title = result.title();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words: Vec<&str> = title
        .split(|letter| !plain(letter))
        .filter(|word| !word.is_empty())
        .collect();
    format!("repro-{}.sh", words.join("-"))
}

fn script(
    name: &str,
    target: &Target,
    header: &RunHeader,
    report: &CaseReport,
    run: &Run,
    result: &CheckResult,
) -> Result<String, NoScript> {
    let segment = segment::segment(run, result)?;
    if segment.by.is_some() && !segment.is_told_alone(target, run) {
        return Err("it was told in several ways at once".into());
    }
    let look = look::of(result, &header.target, &segment)?;
    let body = match look.at {
        At::Once => actions::replayed(&segment)?,
        At::Meanwhile(counted) => actions::replayed_under(&segment, counted)?,
        At::Rounds => actions::in_rounds(&segment, None)?,
        At::Load(counted) => actions::in_rounds(&segment, Some(counted))?,
        At::Startup => actions::started(&segment),
    };
    let mut out = head(name, header, report, result);
    out.push_str(&proxy::describe(target, &segment)?);
    let _ = writeln!(out, "record='{}'", look.record.replace('\'', r"'\''"));
    let subject = result.subject.as_deref().unwrap_or_default();
    let _ = writeln!(out, "subject='{}'", subject.replace('\'', r"'\''"));
    out.push_str(PRELUDE);
    let _ = write!(out, "\n# --- what is looked for ---\n{}\n", look.function);
    let _ = write!(out, "# --- what is done ---\n{body}");
    out.push_str("look end\nsay 'not shown'\nexit 1\n");
    Ok(out)
}

// Writing to a string cannot fail, here and below.
fn head(name: &str, header: &RunHeader, report: &CaseReport, result: &CheckResult) -> String {
    let facts = &header.target;
    let version = facts.version.as_deref().unwrap_or("of unknown version");
    let mut out = String::from("#!/bin/sh\n");
    let mut say = |text: String| {
        let _ = writeln!(out, "# {}", on_one_line(&text));
    };
    say(format!("{} {version}", facts.title()));
    say(format!(
        "{}, {} ({}): {}",
        report.case,
        result.title(),
        result.level,
        result.verdict
    ));
    if let Some(finding) = &result.finding {
        say(format!("required: {}", finding.requirement));
        say(format!("expected: {}", finding.expected));
        say(format!("observed: {}", finding.observed));
    }
    say(String::new());
    say(format!("Usage: sh {name} [BINARY]"));
    say("Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.".into());
    out.push_str("set -u\n");
    out
}

/// What a target said must not become a line of the script.
fn on_one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    line.trim_end().to_owned()
}
