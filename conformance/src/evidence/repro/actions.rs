//! From a recorded run to the actions of a script.
//!
//! A run has several processes, one after the other; a script plays the one that a finding is about. What is seen only under load is shown by
//! the same kind of change, again and again under load, for it may take a while to be seen again.

use std::fmt::Write as _;

use super::NoScript;
use crate::drive::Run;
use crate::target::Place;
use crate::vocabulary::{
    CheckResult, Condition, ConfigWrite, Delivery, Event, Flaw, Generation, Held, Meddling, Nanos, Purpose,
};

/// A pause that is shorter than this happened, but was not meant.
const MEANT: Nanos = 250_000_000;
/// How long a script looks for what may take a while to be seen.
const PATIENCE_MS: u64 = 60_000;
/// How many changes go into one round of load.
const ROUND: u32 = 20;

/// One process of a run, from its start to its end.
pub(super) struct Segment<'a> {
    /// Where it ran.
    pub(super) place: &'a Place,
    /// The generation that it started on.
    pub(super) first: Generation,
    /// How its file is delivered.
    pub(super) delivery: Delivery,
    events: Vec<&'a Event>,
}

impl Segment<'_> {
    fn writes(&self) -> impl Iterator<Item = &ConfigWrite> {
        self.events.iter().filter_map(|event| match event {
            Event::Config(write) => Some(write),
            _ => None,
        })
    }

    /// The kinds of bad files that were delivered, each once.
    pub(super) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws: Vec<Flaw> = self.writes().filter_map(|write| write.flaw).collect();
        flaws.sort_unstable();
        flaws.dedup();
        flaws
    }
}

/// The process that a finding is about.
pub(super) fn segment<'a>(run: &'a Run, result: &CheckResult) -> Result<Segment<'a>, NoScript> {
    let events = &run.timeline.events;
    let is_plain = |event: &Event| match event {
        Event::Started { layout, .. } => layout.is_plain(),
        Event::Config(write) => write.layout.is_plain(),
        _ => true,
    };
    let is_shortage = |event: &Event| {
        matches!(
            event,
            Event::Descriptors { .. } | Event::WorkersKilled { .. } | Event::WatchesWithheld { .. }
        )
    };
    if events.iter().any(is_shortage) {
        return Err(
            "descriptors or watches were withheld, or workers killed, which a script does not do".into(),
        );
    }
    if events.iter().any(|event| matches!(event, Event::Rollback(_))) {
        return Err("earlier versions were ordered back, which a script does not do".into());
    }
    if !events.iter().all(is_plain) {
        return Err("its configurations differ by listeners and routes or are of several files, and a script knows one listener, one route, one file".into());
    }
    let mut starts: Vec<(Nanos, Generation, Delivery)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Started {
                at,
                generation,
                delivery,
                ..
            } => Some((*at, *generation, *delivery)),
            _ => None,
        })
        .collect();
    starts.sort_by_key(|(at, ..)| *at);
    let segments: Vec<Segment<'a>> = starts
        .iter()
        .zip(&run.places)
        .enumerate()
        .map(|(index, ((at, first, delivery), place))| {
            let end = starts.get(index + 1).map_or(Nanos::MAX, |(at, ..)| *at);
            let is_of_it = |event: &&Event| (*at..end).contains(&begin(event));
            Segment {
                place,
                first: *first,
                delivery: *delivery,
                events: events.iter().filter(is_of_it).collect(),
            }
        })
        .collect();
    let seen_at = result.finding.as_ref().and_then(|finding| finding.at);
    let subject = result.subject.as_deref().unwrap_or_default();
    let at_its_time = segments.iter().position(|segment| {
        seen_at.is_some_and(|seen| {
            let from = segment.events.first().map_or(Nanos::MAX, |event| begin(event));
            let to = segment.events.last().map_or(0, |event| event.at());
            (from..=to).contains(&seen)
        })
    });
    let of_its_subject = segments.iter().position(|segment| {
        segment.delivery.name() == subject || segment.flaws().iter().any(|flaw| flaw.name() == subject)
    });
    if events
        .iter()
        .any(|event| matches!(event, Event::Trigger { by: Some(_), .. }))
    {
        return Err("it was told in another way than its usual one".to_owned());
    }
    let chosen = of_its_subject.or(at_its_time).unwrap_or(0);
    segments
        .into_iter()
        .nth(chosen)
        .ok_or_else(|| "no process was started".to_owned())
}

/// When what an event tells of began.
fn begin(event: &Event) -> Nanos {
    match event {
        Event::Config(write) => write.begin,
        Event::Deleted { begin, .. }
        | Event::Meddled { begin, .. }
        | Event::Member { begin, .. }
        | Event::Trigger { begin, .. }
        | Event::Waited { begin, .. } => *begin,
        Event::Request(request) => request.connect,
        Event::FreshStart(start) => start.begin,
        other => other.at(),
    }
}

/// One line of a script, and when what it does began and was over.
struct Action {
    begin: Nanos,
    end: Nanos,
    what: What,
}

enum What {
    Change(Generation),
    Burst(Generation, Generation),
    Overflow(Generation),
    Flawed(Generation, Flaw),
    Remove,
    Meddle(Meddling),
    Hold(Held, usize),
    Release,
}

/// The actions of the recorded run, with the pauses that were meant.
pub(super) fn replayed(segment: &Segment<'_>) -> String {
    let actions = actions(segment);
    let end = segment
        .events
        .iter()
        .find_map(|event| match event {
            Event::StopAsked { at } | Event::Abandoned { at, .. } => Some(*at),
            _ => None,
        })
        .unwrap_or(0);
    let mut out = format!("start {}\n", segment.first.0);
    let ready = segment.events.iter().find_map(|event| match event {
        Event::Ready { at } => Some(*at),
        _ => None,
    });
    let mut free = ready;
    for action in &actions {
        rest(&mut out, free, action.begin);
        let line = match &action.what {
            What::Change(generation) => format!("change {}", generation.0),
            What::Burst(from, to) => format!("burst {} {}", from.0, to.0),
            What::Overflow(generation) => format!("overflow {}", generation.0),
            What::Flawed(generation, flaw) => format!("flawed {} {}", generation.0, flaw.name()),
            What::Remove => "remove".to_owned(),
            What::Meddle(with) => format!("meddle {with}"),
            What::Hold(what, count) => format!("hold {} {count}", of_the_script(*what)),
            What::Release => "release".to_owned(),
        };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "{line}");
        free = Some(action.end);
    }
    rest(&mut out, free, end);
    out
}

fn rest(out: &mut String, free: Option<Nanos>, next: Nanos) {
    if let Some(gap) = free
        .and_then(|free| next.checked_sub(free))
        .filter(|gap| *gap >= MEANT)
    {
        let _ = writeln!(out, "rest {:.1}", gap as f64 / 1e9);
    }
}

fn of_the_script(what: Held) -> &'static str {
    match what {
        Held::Request | Held::Pair => "request",
        // Whatever is long is shown by what a shell can hold open.
        Held::Download | Held::Stream | Held::Events => "download",
        Held::Upload => "upload",
        Held::Idle => "idle",
    }
}

/// The same kinds of changes, again and again, until they were seen to do harm or the patience ends. Where requests of a kind are counted in a
/// load, it runs without a change first.
pub(super) fn in_rounds(segment: &Segment<'_>, counted: Option<&str>) -> Result<String, NoScript> {
    let actions = actions(segment);
    let mut round = String::new();
    let bursts = actions.iter().find_map(|action| match action.what {
        What::Burst(from, to) => Some(to.0 - from.0),
        _ => None,
    });
    // Writing to a string cannot fail, here and below.
    if let Some(changes) = bursts {
        let _ = writeln!(
            round,
            "    burst $((g + 1)) $((g + 1 + {changes}))\n    g=$((g + 1 + {changes}))"
        );
    } else if actions
        .iter()
        .any(|action| matches!(action.what, What::Change(_)))
    {
        let _ = writeln!(
            round,
            "    for _ in $(seq {ROUND}); do g=$((g + 1)); change $g >/dev/null; done\n    say \"{ROUND} changes, to g$g\""
        );
    }
    for flaw in segment.flaws() {
        let _ = writeln!(round, "    g=$((g + 1)); flawed $g {}", flaw.name());
    }
    if round.is_empty() {
        return Err("nothing was changed".into());
    }
    let first = segment.first.0;
    let mut out = format!("start {first}\n");
    if let Some(kind) = counted {
        let _ = writeln!(out, "control {kind}");
        round = format!("    load_on 4 4\n{round}    load_off\n");
    }
    let _ = write!(
        out,
        "g={first} begun_all=$(now)\nwhile [ $(($(now) - begun_all)) -lt {PATIENCE_MS} ]; do\n{round}done\n"
    );
    Ok(out)
}

fn actions(segment: &Segment<'_>) -> Vec<Action> {
    let mut events = segment.events.clone();
    events.sort_by_key(|event| begin(event));
    let mut actions: Vec<Action> = Vec::new();
    let mut burst: Option<(Nanos, Generation, Generation)> = None;
    for event in events {
        match event {
            Event::Config(write) => {
                if let Some(flaw) = write.flaw {
                    actions.push(Action {
                        begin: write.begin,
                        end: write.at,
                        what: What::Flawed(write.generation, flaw),
                    });
                } else {
                    let (begun, from) =
                        burst.map_or((write.begin, write.generation), |(begun, from, _)| (begun, from));
                    burst = Some((begun, from, write.generation));
                }
            }
            Event::Waited {
                at,
                condition: Condition::Effect,
                ..
            } => {
                if let Some((begin, from, to)) = burst.take() {
                    let what = if from == to {
                        What::Change(to)
                    } else {
                        What::Burst(from, to)
                    };
                    actions.push(Action {
                        begin,
                        end: *at,
                        what,
                    });
                }
            }
            // What was delivered last came in it, and nothing else did.
            Event::Flooded { at, .. } => {
                if let Some((begin, _, to)) = burst.take() {
                    actions.push(Action {
                        begin,
                        end: *at,
                        what: What::Overflow(to),
                    });
                }
            }
            Event::Waited {
                at,
                condition: Condition::Rejection,
                ..
            } => {
                if let Some(last) = actions.last_mut() {
                    last.end = last.end.max(*at);
                }
            }
            Event::Deleted { begin, at } => actions.push(Action {
                begin: *begin,
                end: *at,
                what: What::Remove,
            }),
            Event::Meddled { begin, at, with } => actions.push(Action {
                begin: *begin,
                end: *at,
                what: What::Meddle(*with),
            }),
            Event::Released { at } => actions.push(Action {
                begin: *at,
                end: *at,
                what: What::Release,
            }),
            Event::Request(request) => {
                if let Purpose::Held(what) = request.purpose {
                    hold(&mut actions, what, request.connect);
                }
            }
            _ => {}
        }
    }
    actions
}

/// What is held is opened together, a kind at a time.
fn hold(actions: &mut Vec<Action>, what: Held, at: Nanos) {
    match actions.last_mut() {
        Some(Action {
            end,
            what: What::Hold(kind, count),
            ..
        }) if *kind == what => {
            *count += 1;
            *end = at;
        }
        _ => actions.push(Action {
            begin: at,
            end: at,
            what: What::Hold(what, 1),
        }),
    }
}
