//! What scripts say and do, on runs that were made on paper.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;
use crate::target::spawn;
use crate::target::{Locate, OriginAddress, Place};
use crate::vocabulary::{
    Area, Check, Condition, ConfigWrite, Delivery, Event, Finding, Flaw, Generation, Layout, LeadsTo, Level,
    Listener, Profile, Prospect, SCHEMA, Timeline, TriggerAnswer, TriggerKind,
};

fn named(name: &str) -> Target {
    Target::load(name, &Locate::default()).unwrap().remove(0)
}

fn target() -> Target {
    named("nginx:signal")
}

fn a_write(at: u64, number: u32, flaw: Option<Flaw>) -> ConfigWrite {
    ConfigWrite {
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
        odd_lines: Some((20, 21)),
    }
}

fn effect(begin: u64, at: u64) -> Event {
    Event::Waited {
        begin,
        at,
        condition: Condition::Effect,
        met: true,
    }
}

fn started(layout: &Layout) -> Event {
    Event::Started {
        at: 1,
        pid: 7,
        generation: Generation(1),
        layout: layout.clone(),
        delivery: Delivery::InPlace,
    }
}

/// A start, a change, a bad file, a deletion that is watched, and a burst.
fn run(target: &Target) -> Run {
    let write = |at, number, flaw| Event::Config(a_write(at, number, flaw));
    let events = vec![
        started(&Layout::default()),
        write(10, 2, None),
        effect(11, 20),
        write(30, 3, Some(Flaw::Syntax)),
        Event::Deleted { begin: 40, at: 41 },
        write(1_400_000_041, 4, None),
        write(1_400_000_050, 5, None),
        effect(1_400_000_051, 1_400_000_060),
        Event::StopAsked { at: 1_400_000_070 },
    ];
    run_of(target, events)
}

fn run_of(target: &Target, events: Vec<Event>) -> Run {
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    let origins = (0..5).map(|index| OriginAddress {
        name: format!("o{index}"),
        address: address(&format!("127.1.2.4:4000{index}")),
    });
    Run {
        timeline: Timeline {
            case: "c".into(),
            target: target.facts().clone(),
            seed: 1,
            config_path: "nginx.conf".into(),
            events,
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
    script_about(check, None, &target, &run)
}

fn script_about(check: Check, subject: Option<&str>, target: &Target, run: &Run) -> Result<String, NoScript> {
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
        subject: subject.map(str::to_owned),
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
    scripts(target, &header, &report, run).remove(0).1
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
    assert!(done.starts_with("start 1\ncontrol failed '4 4'\n"), "{done}");
}

fn done(script: &str) -> &str {
    script.split_once("# --- what is done ---\n").unwrap().1
}

#[test]
fn files_with_more_than_one_listener_and_route_are_laid_out_as_they_were() {
    let target = target();
    let second = Layout::listening(Listener::Second).with_routes(&[LeadsTo::Apart]);
    let third = Layout::listening(Listener::Third);
    let with = |write: ConfigWrite, layout: &Layout, prospect| {
        Event::Config(ConfigWrite {
            layout: layout.clone(),
            prospect,
            ..write
        })
    };
    let events = vec![
        started(&second),
        with(a_write(10, 2, None), &second, Prospect::Good),
        effect(11, 20),
        with(a_write(30, 3, None), &third, Prospect::Doomed),
        with(a_write(400_000_000, 4, None), &Layout::default(), Prospect::Good),
        effect(400_000_001, 400_000_002),
    ];
    let run = run_of(&target, events);
    let script = script_about(Check::FailureChangesNothing, None, &target, &run).unwrap();
    assert_eq!(
        done(&script),
        "lay_out second_r1_apart\nstart 1\nchange 2\nlay_out third\noccupy \"$at_third\"\ndoomed 3\nrest 0.4\nvacate\nlay_out\nchange 4\n\
         look end\nsay 'not shown'\nexit 1\n"
    );
    for line in [
        "at_second=127.1.2.3:20000",
        "apart=o4 origin_apart=127.1.2.4:40004",
        "config_good_second_r1_apart() {",
        "config_good_third() {",
        "config_good() {",
    ] {
        assert!(script.lines().any(|one| one == line), "{line}: {script}");
    }
}

#[test]
fn what_nobody_may_ask_for_is_no_scripts_to_ask_for() {
    let target = target();
    let doomed = ConfigWrite {
        prospect: Prospect::Doomed,
        ..a_write(10, 2, None)
    };
    let run = run_of(&target, vec![started(&Layout::default()), Event::Config(doomed)]);
    assert!(script_about(Check::FailureChangesNothing, None, &target, &run).is_err());
}

#[test]
fn members_come_and_go_as_files_of_their_own() {
    let target = target();
    let layout = Layout::in_parts();
    let member = |at, comes| Event::Member {
        begin: at,
        at: at + 1,
        file: "second.conf".into(),
        comes,
        by_link: false,
    };
    let of_parts = |write: ConfigWrite| {
        Event::Config(ConfigWrite {
            layout: layout.clone(),
            ..write
        })
    };
    let events = vec![
        started(&layout),
        member(10, true),
        member(20, false),
        of_parts(a_write(30, 2, Some(Flaw::Syntax))),
        of_parts(a_write(40, 3, None)),
        effect(41, 42),
    ];
    let run = run_of(&target, events);
    let script = script_about(Check::MemberIsSeen, None, &target, &run).unwrap();
    assert_eq!(
        done(&script),
        "lay_out in_parts\nstart 1\nmember comes\nmember goes\nflawed 2 syntax\nchange 3\nlook end\nsay 'not shown'\nexit 1\n"
    );
    for line in [
        "config_name=\"conf.d/first.conf\"",
        "own_member=\"conf.d/second.conf\" bad_member=\"conf.d/third.conf\"",
        "config_good_in_parts() {",
        "config_syntax_in_parts() {",
        "config_second_member_in_parts() {",
    ] {
        assert!(script.lines().any(|one| one == line), "{line}: {script}");
    }
    // The main file is there before the start, and is not written again.
    assert!(script.contains(">\"$work/conf/nginx.conf\" <<'FILE'"), "{script}");
}

#[test]
fn a_target_that_was_told_in_another_way_is_told_so_again() {
    let target = named("nginx:command");
    let told = |by| Event::Trigger {
        begin: 12,
        at: 13,
        by,
        answer: TriggerAnswer::Sent,
    };
    let events = |by| {
        vec![
            started(&Layout::default()),
            Event::Config(a_write(10, 2, None)),
            told(by),
            effect(14, 20),
        ]
    };
    let script = |events, command: Vec<String>| {
        let run = Run {
            command,
            ..run_of(&target, events)
        };
        script_about(Check::TakesEffect, None, &target, &run)
    };
    let place = run_of(&target, Vec::new()).places.remove(0);
    let line = target.start_for(Some(TriggerKind::Signal), &place).unwrap();
    let command: Vec<String> = std::iter::once("nginx".to_owned()).chain(line.args).collect();
    let usual = script(events(None), command.clone()).unwrap();
    assert!(usual.contains("\"-s\" \"reload\""), "{usual}");
    let other = script(events(Some(TriggerKind::Signal)), command.clone()).unwrap();
    assert!(other.contains("pull() { kill -HUP \"$pid\"; }"), "{other}");
    let both = [events(None), vec![told(Some(TriggerKind::Signal))]].concat();
    assert!(script(both, command).is_err());
    // It was started to be told in its usual way as well.
    assert!(
        script(
            events(Some(TriggerKind::Signal)),
            vec!["nginx".into(), "as usual".into()]
        )
        .is_err()
    );
}

#[test]
fn a_complaint_is_compared_with_where_the_mistake_is() {
    let target = target();
    let run = run(&target);
    let script = script_about(Check::RejectionNamesPlace, Some("syntax"), &target, &run).unwrap();
    assert!(script.contains("\"nginx.conf\" 19 4294967295 "), "{script}");
}

/// Holds that a shell can read it.
fn is_read(script: &str, about: &str) {
    let mut shell = Command::new("sh");
    shell
        .args(["-n", "-s"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut shell = spawn(&mut shell).unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = shell.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{about}: {said}");
}

#[test]
fn every_script_is_one_that_a_shell_can_read() {
    for check in Check::ALL {
        let target = target();
        let run = run(&target);
        if let Ok(script) = script_about(*check, Some("syntax"), &target, &run) {
            is_read(&script, check.name());
        }
    }
}

#[test]
fn what_a_target_tells_of_itself_is_asked_as_its_folder_says() {
    let target = Target::load("reference", &Locate::default()).unwrap().remove(0);
    let run = run(&target);
    let subjects = [
        "success",
        "failure",
        "duration",
        "last success",
        "last outcome",
        "watching",
    ];
    for subject in subjects {
        let script = script_about(Check::ReloadIsCounted, Some(subject), &target, &run);
        // It declares all but this one.
        assert_eq!(script.is_err(), subject == "last outcome", "{subject}");
        if let Ok(script) = script {
            assert!(script.contains("metrics) curl"), "{script}");
            is_read(&script, subject);
        }
    }
    let script = script_about(Check::AdminStays, None, &target, &run).unwrap();
    assert!(
        script.contains("admin_path=\"/healthz\" admin_header=\"authorization: Bearer "),
        "{script}"
    );
    let (start, load) = (
        script.rfind("\nstart ").unwrap(),
        script.rfind("\nload_on ").unwrap(),
    );
    assert!(
        start < load && load < script.rfind("\nchange ").unwrap(),
        "{script}"
    );
    assert!(script.contains("load_off\nlook end"), "{script}");
}
