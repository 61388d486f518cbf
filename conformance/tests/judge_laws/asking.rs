//! What the laws ask of timelines and of verdicts on them.

use proptest::sample::Index;
use reloadspec::catalogue;
use reloadspec::judge::judge;
use reloadspec::vocabulary::{
    Case, Check, CheckResult, ConfigWrite, Event, Generation, Markers, Nanos, Outcome, Purpose, Request,
    Timeline, Verdict,
};

use crate::paper::{ORIGINS, Paper};
use crate::traits::Traits;

pub(crate) fn case(id: &str) -> Case {
    catalogue::all()
        .into_iter()
        .find(|case| case.id.contains(id))
        .unwrap_or_else(|| panic!("no case {id}"))
}

/// What the target on paper leaves of a case.
pub(crate) fn history(case: &Case, traits: &Traits) -> Timeline {
    Paper::new(traits).run(case)
}

// === what the laws ask ===

pub(crate) fn failed(results: &[CheckResult]) -> Vec<Check> {
    with(results, &Verdict::Fail)
}

pub(crate) fn weak(results: &[CheckResult]) -> Vec<Check> {
    with(results, &Verdict::Weak)
}

fn with(results: &[CheckResult], verdict: &Verdict) -> Vec<Check> {
    let mut checks: Vec<Check> = results
        .iter()
        .filter(|result| result.verdict == *verdict)
        .map(|result| result.check)
        .collect();
    checks.dedup();
    checks.sort_unstable();
    checks
}

pub(crate) fn verdicts(results: &[CheckResult], check: Check) -> Vec<&Verdict> {
    results
        .iter()
        .filter(|result| result.check == check)
        .map(|result| &result.verdict)
        .collect()
}

/// Judges a timeline and asserts which checks fail, and nothing else of level MUST.
pub(crate) fn fails_by(case: &Case, timeline: &Timeline, mut expected: Vec<Check>) -> Vec<CheckResult> {
    expected.sort_unstable();
    let results = judge(case, timeline);
    assert_eq!(failed(&results), expected, "{:#?}", told(&results));
    results
}

pub(crate) fn told(results: &[CheckResult]) -> Vec<String> {
    results
        .iter()
        .map(|result| {
            let finding = result
                .finding
                .as_ref()
                .map_or("", |finding| finding.observed.as_str());
            let why = result.verdict.why().unwrap_or("");
            format!(
                "{} {} ({:?} trials) {why}{finding}",
                result.title(),
                result.verdict,
                result.trials
            )
        })
        .filter(|line| !line.contains(" pass "))
        .collect()
}

// === requests of a timeline ===

pub(crate) fn requests(timeline: &Timeline) -> impl Iterator<Item = &Request> {
    timeline.events.iter().filter_map(|event| match event {
        Event::Request(request) => Some(request),
        _ => None,
    })
}

pub(crate) fn writes(timeline: &Timeline) -> Vec<&ConfigWrite> {
    fn write(event: &Event) -> Option<&ConfigWrite> {
        match event {
            Event::Config(write) => Some(write),
            _ => None,
        }
    }
    timeline.events.iter().filter_map(write).collect()
}

pub(crate) fn ready(timeline: &Timeline) -> Nanos {
    let at = timeline.events.iter().find_map(|event| match event {
        Event::Ready { at } => Some(*at),
        _ => None,
    });
    at.expect("it was ready")
}

/// Changes one of the requests that `which` picks.
pub(crate) fn change(
    timeline: &mut Timeline,
    index: Index,
    which: impl Fn(&Request) -> bool,
    change: impl Fn(&mut Request),
) -> u64 {
    let mut picked: Vec<&mut Request> = timeline
        .events
        .iter_mut()
        .filter_map(|event| match event {
            Event::Request(request) if which(request) => Some(request),
            _ => None,
        })
        .collect();
    let count = picked.len();
    assert!(count > 0, "no request to change");
    let request = picked.swap_remove(index.index(count));
    change(request);
    request.id
}

pub(crate) fn answered(markers: Markers) -> Outcome {
    Outcome::Answered {
        status: 200,
        markers,
        intact: true,
        closes: false,
    }
}

pub(crate) fn markers(generation: Generation) -> Markers {
    Markers::of(generation, ORIGINS)
}

/// Answered under load after the process was ready.
pub(crate) fn is_load(request: &Request) -> bool {
    request.purpose == Purpose::Load && matches!(request.outcome, Outcome::Answered { .. })
}
