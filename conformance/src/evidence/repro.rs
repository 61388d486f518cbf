//! `repro.sh`: a finding shown again with the proxy, a shell, curl and Python, without the suite.
//!
//! In: a finding, the timeline that it rests on, and the target's own templates. Out: a script that ends with 0 where it has seen the fault, with 1
//! where it has not. Never: a script that leaves out an action of the recorded run; where one cannot be written, the reason is given instead.

mod actions;
mod look;
mod proxy;

use std::fmt::Write as _;

use look::At;

use crate::drive::Run;
use crate::target::Target;
use crate::vocabulary::{CaseReport, CheckResult, RunHeader, Verdict};

/// What all scripts have in common: the origins, the clients, the ways to deliver a file.
const PRELUDE: &str = include_str!("repro.sh");

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
            let title = result.title().replace(['/', ' '], "-");
            let name = format!("repro-{title}.sh");
            let script = script(&name, target, header, report, run, result);
            (name, script)
        })
        .collect()
}

fn script(
    name: &str,
    target: &Target,
    header: &RunHeader,
    report: &CaseReport,
    run: &Run,
    result: &CheckResult,
) -> Result<String, NoScript> {
    let segment = actions::segment(run, result)?;
    let look = look::of(result.check, &header.target)?;
    let body = match look.at {
        At::Once => actions::replayed(&segment),
        At::Rounds => actions::in_rounds(&segment, None)?,
        At::Load(kind) => actions::in_rounds(&segment, Some(kind))?,
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::SocketAddr;
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::target::spawn;
    use crate::target::{Locate, OriginAddress, Place};
    use crate::vocabulary::{
        Area, Check, Condition, ConfigWrite, Delivery, Event, Finding, Flaw, Generation, Layout, Level,
        Profile, Prospect, SCHEMA, Timeline,
    };

    fn target() -> Target {
        Target::load("nginx:signal", &Locate::default())
            .unwrap()
            .remove(0)
    }

    /// A start, a change, a bad file, a deletion that is watched, and a burst.
    fn run(target: &Target) -> Run {
        let write = |at, number, flaw| {
            Event::Config(ConfigWrite {
                begin: at,
                resumed: None,
                at: at + 1,
                generation: Generation(number),
                flaw,
                layout: Layout::default(),
                prospect: Prospect::Good,
                member: None,
                delivery: Delivery::InPlace,
                sha256: String::new(),
                bytes: 1,
                oddities: Vec::new(),
                odd_lines: None,
            })
        };
        let effect = |begin, at| Event::Waited {
            begin,
            at,
            condition: Condition::Effect,
            met: true,
        };
        let started = Event::Started {
            at: 1,
            pid: 7,
            generation: Generation(1),
            layout: Layout::default(),
            delivery: Delivery::InPlace,
        };
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let origins = (0..4).map(|index| OriginAddress {
            name: format!("o{index}"),
            address: address(&format!("127.1.2.4:4000{index}")),
        });
        Run {
            timeline: Timeline {
                case: "c".into(),
                target: target.facts().clone(),
                seed: 1,
                config_path: "nginx.conf".into(),
                events: vec![
                    started,
                    write(10, 2, None),
                    effect(11, 20),
                    write(30, 3, Some(Flaw::Syntax)),
                    Event::Deleted { begin: 40, at: 41 },
                    write(1_400_000_041, 4, None),
                    write(1_400_000_050, 5, None),
                    effect(1_400_000_051, 1_400_000_060),
                    Event::StopAsked { at: 1_400_000_070 },
                ],
            },
            configs: Vec::new(),
            fixed: Vec::new(),
            places: vec![Place {
                dir: PathBuf::from("/tmp/run"),
                config: PathBuf::from("/tmp/run/conf/nginx.conf"),
                candidate: PathBuf::from("/tmp/run/candidate/nginx.conf"),
                listen: address("127.1.2.3:8080"),
                admin: address("127.1.2.3:9901"),
                second: address("127.1.2.3:20000"),
                third: address("127.1.2.3:20001"),
                socket: PathBuf::from("/tmp/run/traffic.sock"),
                origins: origins.collect(),
            }],
            command: Vec::new(),
        }
    }

    fn script_of(check: Check) -> Result<String, NoScript> {
        let target = target();
        let run = run(&target);
        let header = RunHeader {
            schema: SCHEMA,
            suite: "0".into(),
            started_unix_s: 0,
            target: target.facts().clone(),
            cases: vec!["c".into()],
            strict: false,
            profile: Profile::Core,
        };
        let result = CheckResult {
            check,
            subject: None,
            level: Level::Must,
            verdict: Verdict::Fail,
            trials: None,
            figure: None,
            finding: Some(Finding {
                requirement: "r".into(),
                expected: "e".into(),
                observed: "a line\nrm -rf /".into(),
                requests: Vec::new(),
                at: None,
            }),
            deviation: None,
        };
        let report = CaseReport {
            case: "c".into(),
            area: Area::HotReload,
            level: Level::Must,
            verdict: Verdict::Fail,
            known_deviation: false,
            inapplicable: None,
            checks: vec![result],
            took_ms: 1,
            evidence: None,
        };
        scripts(&target, &header, &report, &run).remove(0).1
    }

    #[test]
    fn a_script_does_what_was_done() {
        let script = script_of(Check::TakesEffect).unwrap();
        let (_, done) = script.split_once("# --- what is done ---\n").unwrap();
        assert_eq!(
            done,
            "start 1\nchange 2\nflawed 3 syntax\nremove\nrest 1.4\nburst 4 5\nlook end\nsay 'not shown'\nexit 1\n"
        );
        assert!(script.contains("pull() { kill -HUP \"$pid\"; }"));
        assert!(script.contains("x-generation \"g@GENERATION@\""), "{script}");
        assert!(!script.contains("/tmp/run"), "a path of the run is left in it");
    }

    #[test]
    fn what_a_target_said_stays_a_comment() {
        let script = script_of(Check::TakesEffect).unwrap();
        assert!(script.contains("# observed: a line rm -rf /\n"), "{script}");
    }

    #[test]
    fn what_shows_under_load_is_compared_with_the_load_alone() {
        let script = script_of(Check::NoFailedRequest).unwrap();
        let (_, done) = script.split_once("# --- what is done ---\n").unwrap();
        assert!(done.starts_with("start 1\ncontrol failed\n"), "{done}");
    }

    #[test]
    fn every_script_is_one_that_a_shell_can_read() {
        for check in Check::ALL {
            let Ok(script) = script_of(*check) else { continue };
            let mut shell = Command::new("sh");
            shell
                .args(["-n", "-s"])
                .stdin(Stdio::piped())
                .stderr(Stdio::piped());
            let mut shell = spawn(&mut shell).unwrap();
            shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
            let output = shell.wait_with_output().unwrap();
            assert!(
                output.status.success(),
                "{check}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}
