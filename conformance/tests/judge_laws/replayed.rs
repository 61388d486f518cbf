//! A recorded run is judged as a fresh one: by what reads the event log, and by `reloadspec replay`.

use std::collections::BTreeSet;
use std::fs;

use assert_cmd::Command;
use reloadspec::catalogue;
use reloadspec::conclude;
use reloadspec::judge::judge;
use reloadspec::report::log;
use reloadspec::suite::{judged_report, write_record, write_timeline};
use reloadspec::vocabulary::{
    Arrival, Caller, Case, CaseReport, Check, CheckResult, Condition, ConfigWrite, Delivery, Event, Flaw,
    Frame, FreshStart, Generation, Handshake, Held, Layout, LeadsTo, Leaf, Listener, Markers, Meddling,
    Outcome, Phase, Profile, Prospect, Purpose, Record, Renewal, Renewed, Reply, Request, Rollback,
    RunHeader, SCHEMA, Says, Shaken, Timeline, TriggerAnswer, TriggerKind, Verdict,
};

use crate::asking::{answered, case, history, is_load, markers};
use crate::traits::Traits;

/// What the suite writes of a run that left these timelines.
fn recorded(timelines: &[Timeline], excused: Option<Check>) -> Vec<u8> {
    let mut out = Vec::new();
    let header = RunHeader {
        schema: SCHEMA,
        suite: "0.1.0".into(),
        started_unix_s: 1_700_000_000,
        target: timelines[0].target.clone(),
        cases: timelines.iter().map(|timeline| timeline.case.clone()).collect(),
        strict: false,
        profile: Profile::Extended,
    };
    write_record(&mut out, &Record::Run(header)).expect("written");
    let mut reports = Vec::new();
    for timeline in timelines {
        let report = report(timeline, excused);
        write_timeline(&mut out, timeline).expect("written");
        write_record(&mut out, &Record::Report(report.clone())).expect("written");
        reports.push(report);
    }
    let footer = conclude::footer(&reports, Vec::new(), false, 1);
    write_record(&mut out, &Record::Footer(footer)).expect("written");
    out
}

/// The report on a timeline, in which the failures of one check may be known deviations.
fn report(timeline: &Timeline, excused: Option<Check>) -> CaseReport {
    let case = case(&timeline.case);
    let mut checks = judge(&case, timeline);
    for result in checks.iter_mut().filter(|result| Some(result.check) == excused) {
        result.deviation = (result.verdict == Verdict::Fail).then(|| "it is made of paper".to_owned());
    }
    judged_report(&case, checks, 1)
}

/// Replays a log; its exit code, and whether it is told to have got the same verdicts.
fn replay(log: &[u8]) -> (Option<i32>, bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.ndjson");
    fs::write(&path, log).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reloadspec"));
    let output = command.arg("replay").arg(&path).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8_lossy(&output.stdout);
    (
        output.status.code(),
        text.ends_with("The same verdicts as when it was recorded.\n"),
    )
}

/// A history in which one answer under load was torn.
fn torn(case: &Case) -> Timeline {
    let mut timeline = history(case, &Traits::plain(7));
    let request = timeline.events.iter_mut().find_map(|event| match event {
        Event::Request(request) if is_load(request) => Some(request),
        _ => None,
    });
    let request = request.expect("a request under load");
    let mut markers = markers(request.generation().expect("a generation"));
    markers.upstream = Some("g999".into());
    request.outcome = answered(markers);
    timeline
}

#[test]
fn a_log_gives_the_timelines_and_the_reports_that_were_written() {
    let cases = catalogue::all();
    let mut timelines: Vec<Timeline> = cases
        .iter()
        .map(|case| history(case, &Traits::plain(3)))
        .collect();
    timelines.push(torn(&case("is_atomic")));
    timelines[0].events = every_kind_of_event();
    let read = log::read(&recorded(&timelines, None)[..]).expect("a log");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].timelines, timelines);
    let reports: Vec<_> = timelines.iter().map(|timeline| report(timeline, None)).collect();
    assert_eq!(read[0].report.cases, reports);
}

#[test]
fn a_sound_run_is_replayed_as_conformant() {
    let timelines: Vec<Timeline> = catalogue::all()
        .iter()
        .map(|case| (case, history(case, &Traits::plain(5))))
        .filter(|(case, timeline)| case.unsupported_by(&timeline.target).is_none())
        .map(|(_, timeline)| timeline)
        .collect();
    assert_eq!(replay(&recorded(&timelines, None)), (Some(0), true));
}

#[test]
fn a_failure_is_replayed_as_one_and_a_known_one_as_known() {
    let timelines = [
        history(&case("rapid"), &Traits::plain(5)),
        torn(&case("is_atomic")),
    ];
    assert_eq!(replay(&recorded(&timelines, None)), (Some(1), true));
    assert_eq!(
        replay(&recorded(&timelines, Some(Check::NeverTorn))),
        (Some(0), true)
    );
}

#[test]
fn a_run_of_which_nothing_can_be_said_is_replayed_as_that() {
    let mut timeline = history(&case("is_atomic"), &Traits::plain(5));
    timeline.events.clear();
    assert_eq!(replay(&recorded(&[timeline], None)), (Some(2), true));
}

#[test]
fn a_verdict_that_is_not_the_recorded_one_is_told() {
    let sound = history(&case("is_atomic"), &Traits::plain(7));
    let log = String::from_utf8(recorded(&[sound], None)).expect("text");
    let forged = log.replace(
        r#""check":"never_torn","level":"MUST","verdict":"pass""#,
        r#""check":"never_torn","level":"MUST","verdict":"fail""#,
    );
    assert_ne!(forged, log);
    assert_eq!(replay(forged.as_bytes()), (Some(3), false));
}

/// A replay compares verdicts by the titles of their checks.
#[test]
fn no_two_results_of_a_case_have_the_same_title() {
    for case in catalogue::all() {
        let titles: Vec<String> = judge(&case, &history(&case, &Traits::plain(5)))
            .iter()
            .map(CheckResult::title)
            .collect();
        let different: BTreeSet<&String> = titles.iter().collect();
        assert_eq!(different.len(), titles.len(), "{}: {titles:?}", case.id);
    }
}

/// One of each kind, and of each end that a request can have.
fn every_kind_of_event() -> Vec<Event> {
    let generation = Generation(2);
    let outcomes = [
        Outcome::Answered {
            status: 503,
            markers: Markers::of(generation, 4),
            intact: false,
            closes: true,
        },
        answered(Markers::default()),
        Outcome::Refused,
        Outcome::Reset {
            phase: Phase::Connect,
        },
        Outcome::Ended { phase: Phase::Head },
        Outcome::TimedOut { phase: Phase::Body },
        Outcome::Malformed {
            detail: "invalid \"header\"\r\n".into(),
        },
        Outcome::NotSent,
        Outcome::Unprocessed,
        Outcome::Harness {
            detail: "no descriptor".into(),
        },
    ];
    let purposes = [Purpose::Probe, Purpose::Load, Purpose::Held(Held::Upload)];
    let requests = outcomes.into_iter().zip(purposes.into_iter().cycle()).zip(1..);
    let requests = requests.map(|((outcome, purpose), id)| {
        Event::Request(Request {
            id,
            purpose,
            listener: Listener::Third,
            route: 2,
            connection: u64::MAX - id,
            connect: id,
            nth: 1,
            stream: None,
            begin: id + 1,
            first_byte: (id % 2 == 0).then_some(id + 2),
            at: u64::MAX,
            outcome,
        })
    });
    let answers = [
        TriggerAnswer::Sent,
        TriggerAnswer::Accepted,
        TriggerAnswer::Refused("exit status 1: no".into()),
        TriggerAnswer::NotSent("no such process".into()),
    ];
    let triggers = answers.into_iter().map(|answer| Event::Trigger {
        begin: 1,
        at: 2,
        by: Some(TriggerKind::Http),
        answer,
    });
    let conditions = [
        Condition::Effect,
        Condition::Rejection,
        Condition::MissingRecord,
        Condition::SuccessRecord,
        Condition::ManagerReady,
        Condition::Restored,
        Condition::LeafShown,
    ];
    let waits = conditions.into_iter().map(|condition| Event::Waited {
        begin: 1,
        at: 2,
        condition,
        met: false,
    });
    let text = || "a \u{1b}[31mline\u{1b}[0m of \u{fffd}\0 \u{1f980}".to_owned();
    let others = vec![
        Event::Started {
            at: 0,
            pid: 1,
            generation,
            layout: Layout::default(),
            delivery: Delivery::SymlinkSwap,
        },
        Event::Ready { at: 1 },
        Event::NotReady { at: 1, seen: text() },
        Event::Exited {
            at: 1,
            status: text(),
        },
        Event::StopAsked { at: 1 },
        Event::Stopped {
            at: 1,
            status: text(),
        },
        Event::LeftBehind {
            at: 1,
            pid: 1,
            command: text(),
        },
        Event::Config(ConfigWrite {
            resumed: None,
            begin: 1,
            at: 2,
            generation,
            flaw: Some(Flaw::WrongType),
            layout: Layout::listening(Listener::Wildcard)
                .with_routes(&[LeadsTo::Apart, LeadsTo::Unresolvable]),
            prospect: Prospect::Doomed,
            member: Some("third.conf".into()),
            delivery: Delivery::Recreate,
            sha256: "00".into(),
            bytes: 0,
            oddities: Vec::new(),
            odd_lines: None,
        }),
        Event::Deleted { begin: 0, at: 1 },
        Event::Meddled {
            begin: 0,
            at: 1,
            with: Meddling::Pipe,
        },
        Event::Rollback(Rollback {
            begin: 0,
            at: 1,
            version: text(),
            restores: Some(generation),
            reply: Reply {
                code: None,
                yes: false,
                said: text(),
            },
        }),
        Event::Abandoned { at: 1, why: text() },
        Event::Released { at: 1 },
        Event::Arrival(Arrival {
            at: 1,
            origin: "o1".into(),
            request: None,
            connection: Some(3),
            is_check: true,
        }),
        Event::Log {
            at: 1,
            source: "file:error.log".into(),
            line: text(),
        },
        Event::FreshStart(FreshStart {
            begin: 1,
            at: 2,
            flaw: Flaw::Empty,
            exited: Some(-1),
            served: true,
            log: vec![text(), String::new()],
        }),
        Event::Renewed(Renewed {
            begin: 0,
            at: 1,
            renewal: Renewal::Truncated,
            certificate: None,
            key: Some(Leaf(2)),
        }),
        Event::Frame(Frame {
            connection: 1,
            at: 2,
            says: Says::GoAway { last: 1, code: 0 },
        }),
        Event::Frame(Frame {
            connection: 1,
            at: 2,
            says: Says::RstStream { stream: 1, code: 8 },
        }),
        Event::Lag { at: 1, by: 2 },
    ];
    let ends = [
        Shaken::Showed { leaf: Leaf(2) },
        Shaken::Untrusted { detail: text() },
        Shaken::Failed { detail: text() },
        Shaken::TimedOut,
        Shaken::Harness { detail: text() },
    ];
    let handshakes = ends.into_iter().map(|end| {
        Event::Handshake(Handshake {
            connection: 1,
            begin: 1,
            at: 2,
            caller: Caller::Returning,
            resumed: true,
            end,
        })
    });
    requests
        .chain(triggers)
        .chain(waits)
        .chain(others)
        .chain(handshakes)
        .collect()
}
