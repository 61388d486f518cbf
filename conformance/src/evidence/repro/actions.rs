//! From a recorded run to the actions of a script.
//!
//! A run has several processes, one after the other; a script plays the one that a finding is about. What is seen only under load is shown by
//! the same kind of change, again and again under load, for it may take a while to be seen again.

use std::fmt::Write as _;

use super::NoScript;
use super::segment::{Segment, begin, name_of};
use crate::vocabulary::{
    Condition, ConfigWrite, Event, Flaw, Generation, Held, Layout, Listener, Meddling, Nanos, Prospect,
    Purpose, Request,
};

/// A pause that is shorter than this happened, but was not meant.
const MEANT: Nanos = 250_000_000;
/// How long a script looks for what may take a while to be seen.
const PATIENCE_MS: u64 = 60_000;
/// How many changes go into one round of load.
const ROUND: u32 = 20;
/// Between two changes that are meant to be apart.
const CHURN: Nanos = 40_000_000;
/// How much longer than its time what is held on a listener that is gone may take: a second, as it is judged.
const DRAINED_WITHIN_MS: u32 = 1_000;
/// One of them.
const CHANGE: &str = "g=$((g + 1)); change $g >/dev/null";

/// One line of a script, and when what it does began and was over.
struct Action<'a> {
    begin: Nanos,
    end: Nanos,
    /// What the file has that it delivers, if it delivers one.
    layout: Option<&'a Layout>,
    what: What,
}

enum What {
    Change(Generation),
    Burst(Generation, Generation),
    /// With a pause after each.
    Churn(Generation, Generation),
    Doomed(Generation),
    Member(bool),
    Overflow(Generation),
    Flawed(Generation, Flaw),
    Remove,
    Meddle(Meddling),
    Hold(Held, usize, Listener, u8),
    Release,
    /// Waits for the end of what is held, for so many milliseconds.
    Drained(u32),
}

/// The actions of the recorded run, with the pauses that were meant.
pub(super) fn replayed(segment: &Segment<'_>) -> Result<String, NoScript> {
    let actions = actions(segment)?;
    let end = segment
        .events
        .iter()
        .find_map(|event| match event {
            Event::StopAsked { at } | Event::Abandoned { at, .. } => Some(*at),
            _ => None,
        })
        .unwrap_or(0);
    let mut out = String::new();
    let mut laid_out = &Layout::default();
    lay_out(&mut out, &mut laid_out, segment.layout);
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "start {}", segment.first.0);
    let ready = segment.events.iter().find_map(|event| match event {
        Event::Ready { at } => Some(*at),
        _ => None,
    });
    if actions
        .first()
        .is_some_and(|first| ready.is_some_and(|ready| first.begin < ready))
    {
        return Err("something was done to it while it started, and a script waits until it serves".into());
    }
    let mut free = ready;
    let mut is_taken = false;
    let mut good = segment.layout;
    for action in &actions {
        rest(&mut out, free, action.begin);
        if let Some(layout) = action.layout {
            if std::mem::take(&mut is_taken) {
                out.push_str("vacate\n");
            }
            lay_out(&mut out, &mut laid_out, layout);
            if !matches!(action.what, What::Doomed(_) | What::Flawed(..)) {
                good = layout;
            }
        }
        if let (What::Doomed(_), Some(layout)) = (&action.what, action.layout) {
            match layout
                .listener
                .filter(|listener| good.listener != Some(*listener))
            {
                Some(listener) => {
                    is_taken = true;
                    let _ = writeln!(out, "occupy \"$at_{listener}\"");
                }
                None if layout.in_parts => {}
                None => return Err("somebody asked for a change who may not, as no script does".into()),
            }
        }
        let line = match &action.what {
            What::Change(generation) => format!("change {}", generation.0),
            What::Burst(from, to) => format!("burst {} {}", from.0, to.0),
            What::Churn(from, to) => format!("burst {} {} 0.05", from.0, to.0),
            What::Overflow(generation) => format!("overflow {}", generation.0),
            What::Flawed(generation, flaw) => format!("flawed {} {}", generation.0, flaw.name()),
            What::Doomed(generation) => format!("doomed {}", generation.0),
            What::Member(true) => "member comes".to_owned(),
            What::Member(false) => "member goes".to_owned(),
            What::Remove => "remove".to_owned(),
            What::Meddle(with) => format!("meddle {with}"),
            What::Hold(what, count, Listener::First, 0) => format!("hold {} {count}", of_the_script(*what)),
            What::Hold(_, _, Listener::Socket, _) => {
                return Err("no script holds a request at a socket in the file system".into());
            }
            What::Hold(what, count, listener, 0) => {
                format!("hold {} {count} {listener}", of_the_script(*what))
            }
            What::Hold(what, count, listener, route) => {
                format!("hold {} {count} {listener} /r{route}", of_the_script(*what))
            }
            What::Release => "release".to_owned(),
            What::Drained(ms) => format!("drained {ms}"),
        };
        let _ = writeln!(out, "{line}");
        free = Some(action.end);
    }
    rest(&mut out, free, end);
    Ok(out)
}

/// What files have from here on, where that is something else than before.
fn lay_out<'a>(out: &mut String, before: &mut &'a Layout, layout: &'a Layout) {
    if *before != layout {
        *before = layout;
        let _ = writeln!(out, "{}", format!("lay_out {}", name_of(layout)).trim_end());
    }
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
        Held::Download | Held::Stream | Held::Events | Held::WebSocket | Held::Grpc => "download",
        Held::Upload => "upload",
        Held::Idle => "idle",
    }
}

/// What is counted in a load, and which load.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    /// The kind, as the load tells it.
    pub(super) kind: &'static str,
    /// How many clients connect anew, how many keep their connection, and the method if it is another than GET.
    pub(super) load: &'static str,
}

/// The actions of the recorded run, under a load that runs without a change first.
pub(super) fn replayed_under(segment: &Segment<'_>, counted: Counted) -> Result<String, NoScript> {
    let Counted { kind, load } = counted;
    let replayed = replayed(segment)?;
    let begin = replayed.find("\nstart ").map_or(0, |at| at + 1);
    let Some(end) = replayed[begin..].find('\n').map(|end| begin + end + 1) else {
        return Err("nothing was done".into());
    };
    let (start, rest) = replayed.split_at(end);
    Ok(format!(
        "{start}control {kind} '{load}'\nload_on {load}\n{rest}load_off\n"
    ))
}

/// The same kinds of changes, again and again, until they were seen to do harm or the patience ends. Where requests of a kind are counted in a
/// load, it runs without a change first.
pub(super) fn in_rounds(segment: &Segment<'_>, counted: Option<Counted>) -> Result<String, NoScript> {
    let actions = actions(segment)?;
    if segment.has_doomed() {
        return Err(
            "what it is about shows by chance, and a script does such changes not again and again".into(),
        );
    }
    let mut round = String::new();
    let bursts = actions.iter().find_map(|action| match action.what {
        What::Burst(from, to) => Some(to.0 - from.0),
        _ => None,
    });
    // Writing to a string cannot fail, here and below.
    if segment.has_members() {
        round.push_str("    for _ in 1 2 3 4 5; do member comes >/dev/null; member goes >/dev/null; done\n    say \"five times a file came and went\"\n");
    } else if let Some(changes) = bursts {
        let _ = writeln!(
            round,
            "    burst $((g + 1)) $((g + 1 + {changes}))\n    g=$((g + 1 + {changes}))"
        );
    } else if actions
        .iter()
        .any(|action| matches!(action.what, What::Change(_)))
    {
        let changes: Vec<String> = match segment.layouts()[..] {
            [layout] if layout == segment.layout => vec![CHANGE.to_owned()],
            ref layouts => layouts
                .iter()
                .map(|layout| {
                    format!(
                        "{} {CHANGE}",
                        format!("lay_out {}", name_of(layout)).trim_end().to_owned() + ";"
                    )
                })
                .collect(),
        };
        let times = ROUND / u32::try_from(changes.len().max(1)).unwrap_or(ROUND);
        let _ = writeln!(
            round,
            "    for _ in $(seq {times}); do {}; done\n    say \"more changes, to g$g\"",
            changes.join("; ")
        );
    }
    for flaw in segment.flaws() {
        let _ = writeln!(round, "    g=$((g + 1)); flawed $g {}", flaw.name());
    }
    if round.is_empty() {
        return Err("nothing was changed".into());
    }
    let first = segment.first.0;
    let mut out = String::new();
    lay_out(&mut out, &mut &Layout::default(), segment.layout);
    let _ = writeln!(out, "start {first}");
    if let Some(Counted { kind, load }) = counted {
        let _ = writeln!(out, "control {kind} '{load}'");
        round = format!("    load_on {load}\n{round}    load_off\n");
    }
    let _ = write!(
        out,
        "g={first} begun_all=$(now)\nwhile [ $(($(now) - begun_all)) -lt {PATIENCE_MS} ]; do\n{round}done\n"
    );
    Ok(out)
}

fn actions<'a>(segment: &Segment<'a>) -> Result<Vec<Action<'a>>, NoScript> {
    let mut events = segment.events.clone();
    events.sort_by_key(|event| begin(event));
    let mut actions: Vec<Action<'_>> = Vec::new();
    let mut good: Vec<&ConfigWrite> = Vec::new();
    let plain = |begin, end, what| Action {
        begin,
        end,
        layout: None,
        what,
    };
    for event in events {
        match event {
            Event::Config(write) => {
                let what = match (write.flaw, write.prospect) {
                    (Some(flaw), _) => What::Flawed(write.generation, flaw),
                    (None, Prospect::Doomed) => What::Doomed(write.generation),
                    (None, Prospect::Good) => {
                        good.push(write);
                        continue;
                    }
                    (None, Prospect::Open) => {
                        return Err("its files may be applied or refused, and a script knows what is to come of a file".into());
                    }
                };
                actions.push(Action {
                    layout: Some(&write.layout),
                    ..plain(write.begin, write.at, what)
                });
            }
            Event::Waited {
                at,
                condition: Condition::Effect,
                ..
            } => actions.extend(changed(&mut good, *at, false)),
            // What was delivered last came in it, and nothing else did.
            Event::Flooded { at, .. } => actions.extend(changed(&mut good, *at, true)),
            Event::Waited {
                at,
                condition: Condition::Rejection,
                ..
            } => {
                if let Some(last) = actions.last_mut() {
                    last.end = last.end.max(*at);
                }
            }
            Event::Waited {
                begin,
                at,
                condition: Condition::HeldEnded,
                ..
            } => actions.push(plain(
                *begin,
                *at,
                What::Drained(segment.layout.drain_ms + DRAINED_WITHIN_MS),
            )),
            Event::Deleted { begin, at } => actions.push(plain(*begin, *at, What::Remove)),
            Event::Meddled { begin, at, with } => actions.push(plain(*begin, *at, What::Meddle(*with))),
            Event::Member { begin, at, comes, .. } => {
                actions.push(plain(*begin, *at, What::Member(*comes)));
            }
            Event::Released { at } => actions.push(plain(*at, *at, What::Release)),
            Event::Request(request) => hold(&mut actions, request),
            _ => {}
        }
    }
    // What nothing was waited for after.
    let end = good.last().map_or(0, |write| write.at);
    actions.extend(changed(&mut good, end, false));
    actions.sort_by_key(|action| action.begin);
    Ok(actions)
}

/// What was delivered since the last wait: one change, or many.
fn changed<'a>(good: &mut Vec<&'a ConfigWrite>, end: Nanos, is_overflow: bool) -> Option<Action<'a>> {
    let (first, last) = (*good.first()?, *good.last()?);
    let count = good.len() as u64;
    good.clear();
    let apart = last.begin.saturating_sub(first.begin) / count;
    let what = match (first.generation, last.generation) {
        (_, to) if is_overflow => What::Overflow(to),
        (from, to) if from == to => What::Change(to),
        (from, to) if (CHURN..2 * CHURN).contains(&apart) => What::Churn(from, to),
        (from, to) => What::Burst(from, to),
    };
    Some(Action {
        begin: first.begin,
        end,
        layout: Some(&last.layout),
        what,
    })
}

/// Starts with a change each, at other moments of the start.
pub(super) fn started(segment: &Segment<'_>) -> String {
    let first = segment.first.0;
    format!(
        "start {first}\ng={first} usual=$took part=5 begun_all=$(now)\nwhile [ $(($(now) - begun_all)) -lt {PATIENCE_MS} ]; do\n    \
         g=$((g + 2)); start_with_change $g $((usual * part / 100)); part=$(((part + 38) % 110))\ndone\n"
    )
}

/// What is held is opened together, a kind at a time.
fn hold(actions: &mut Vec<Action<'_>>, request: &Request) {
    let Purpose::Held(held) = request.purpose else {
        return;
    };
    let at = request.connect;
    match actions.last_mut() {
        Some(Action {
            end,
            what: What::Hold(kind, count, listener, route),
            ..
        }) if (*kind, *listener, *route) == (held, request.listener, request.route) => {
            *count += 1;
            *end = at;
        }
        _ => actions.push(Action {
            begin: at,
            end: at,
            layout: None,
            what: What::Hold(held, 1, request.listener, request.route),
        }),
    }
}
