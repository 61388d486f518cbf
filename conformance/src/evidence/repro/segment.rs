//! The part of a recorded run that a script plays: one of its processes, from its start to its end.
//!
//! In: a run and a finding. Out: the process that the finding is about, with what was done to it. Never: a process that was started or told in a way
//! that a script has not.

use super::NoScript;
use crate::drive::Run;
use crate::target::{Place, Target};
use crate::vocabulary::{
    CheckResult, ConfigWrite, Delivery, Event, Flaw, Generation, Layout, LeadsTo, Listener, Nanos, Prospect,
    TriggerKind,
};

/// More routes than this would make a script of nothing but routes.
const MANY: u32 = 100;

/// One process of a run, from its start to its end.
pub(super) struct Segment<'a> {
    /// Where it ran.
    pub(super) place: &'a Place,
    /// The generation that it started on.
    pub(super) first: Generation,
    /// What that has beside its first listener and its route for all paths.
    pub(super) layout: &'a Layout,
    /// How its file is delivered.
    pub(super) delivery: Delivery,
    /// By what it is told, where that is not the usual trigger.
    pub(super) by: Option<TriggerKind>,
    pub(super) events: Vec<&'a Event>,
}

impl<'a> Segment<'a> {
    pub(super) fn writes(&self) -> impl Iterator<Item = &'a ConfigWrite> {
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

    /// The kinds of files that were delivered, each once.
    pub(super) fn files(&self) -> Vec<(Option<Flaw>, &'a Layout)> {
        let mut files = vec![(None, self.layout)];
        for write in self.writes() {
            // What breaks off, or is a good one with something more, is made of a good one.
            for file in [(None, &write.layout), (write.flaw, &write.layout)] {
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        files
    }

    /// The layouts of good files, each once, in the order in which they came.
    pub(super) fn layouts(&self) -> Vec<&'a Layout> {
        let mut layouts = Vec::new();
        for write in self.writes().filter(|write| write.flaw.is_none()) {
            if !layouts.contains(&&write.layout) {
                layouts.push(&write.layout);
            }
        }
        layouts
    }

    /// Whether a file was delivered that can be applied, but not where it is.
    pub(super) fn has_doomed(&self) -> bool {
        self.writes().any(|write| write.prospect == Prospect::Doomed)
    }

    /// Whether one of several files came or went.
    pub(super) fn has_members(&self) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event, Event::Member { .. }))
    }

    /// Whether the process was started so that it is told by its trigger alone. What the last process of a run was started by is known.
    pub(super) fn is_told_alone(&self, target: &Target, run: &Run) -> bool {
        let is_last = run.places.last().is_some_and(|last| last.dir == self.place.dir);
        let alone = target.start_for(self.by, self.place);
        !is_last || alone.is_ok_and(|line| run.command.get(1..) == Some(&line.args[..]))
    }

    /// Where something was asked: a listener, and the number of a route.
    pub(super) fn places(&self) -> Vec<(Listener, u8)> {
        let mut places = vec![(Listener::First, 0)];
        places.extend(self.events.iter().filter_map(|event| match event {
            Event::Request(request) => Some((request.listener, request.route)),
            _ => None,
        }));
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// What a script calls a layout: nothing, if it is that of most cases.
pub(super) fn name_of(layout: &Layout) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(layout.listener.map(|listener| listener.name().to_owned()));
    words.extend(layout.routes.iter().map(|route| {
        let leads_to = format!("{:?}", route.leads_to).to_lowercase();
        format!("r{}_{leads_to}", route.number)
    }));
    let told = [
        (layout.in_parts, "in_parts"),
        (layout.outside, "outside"),
        (layout.many > 0, "many"),
        (layout.other_setting, "other_setting"),
        (layout.linked, "linked"),
        (layout.further_name, "further_name"),
        (layout.drain_ms > 0, "draining"),
    ];
    words.extend(
        told.into_iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, word)| word.to_owned()),
    );
    words.extend(layout.limit.map(|limit| limit.name().to_owned()));
    words.join("_")
}

/// The process that a finding is about.
pub(super) fn segment<'a>(run: &'a Run, result: &CheckResult) -> Result<Segment<'a>, NoScript> {
    let segments = segments(run);
    let seen_at = result.finding.as_ref().and_then(|finding| finding.at);
    let subject = result.subject.as_deref().unwrap_or_default();
    let is_at_its_time = |segment: &Segment<'_>| {
        seen_at.is_some_and(|seen| {
            let from = segment.events.first().map_or(Nanos::MAX, |event| begin(event));
            let to = segment.events.last().map_or(0, |event| event.at());
            (from..=to).contains(&seen)
        })
    };
    let is_of_its_subject = |segment: &Segment<'_>| {
        segment.delivery.name() == subject || segment.flaws().iter().any(|flaw| flaw.name() == subject)
    };
    // What it is about may have been tried on several processes.
    let chosen = segments
        .iter()
        .position(|segment| is_of_its_subject(segment) && is_at_its_time(segment))
        .or_else(|| segments.iter().position(is_of_its_subject))
        .or_else(|| segments.iter().position(is_at_its_time))
        .unwrap_or(0);
    let segment = segments
        .into_iter()
        .nth(chosen)
        .ok_or_else(|| "no process was started".to_owned())?;
    can_be_played(&segment)?;
    Ok(segment)
}

fn segments(run: &Run) -> Vec<Segment<'_>> {
    let events = &run.timeline.events;
    let mut starts: Vec<(Nanos, Generation, &Layout, Delivery)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Started {
                at,
                generation,
                layout,
                delivery,
                ..
            } => Some((*at, *generation, layout, *delivery)),
            _ => None,
        })
        .collect();
    starts.sort_by_key(|(at, ..)| *at);
    let mut segments = Vec::new();
    for (index, ((at, first, layout, delivery), place)) in starts.iter().zip(&run.places).enumerate() {
        let end = starts.get(index + 1).map_or(Nanos::MAX, |(at, ..)| *at);
        let is_of_it = |event: &&Event| (*at..end).contains(&begin(event));
        let events: Vec<&Event> = events.iter().filter(is_of_it).collect();
        let by = events.iter().find_map(|event| match event {
            Event::Trigger { by, .. } => *by,
            _ => None,
        });
        segments.push(Segment {
            place,
            first: *first,
            layout,
            delivery: *delivery,
            by,
            events,
        });
    }
    segments
}

/// What was done to it that a script does not do.
fn can_be_played(segment: &Segment<'_>) -> Result<(), NoScript> {
    let no = |why: &str| Err(why.to_owned());
    let has = |is_it: fn(&Event) -> bool| segment.events.iter().any(|event| is_it(event));
    if has(|event| {
        matches!(
            event,
            Event::Descriptors { .. } | Event::WorkersKilled { .. } | Event::WatchesWithheld { .. }
        )
    }) {
        return no("descriptors or watches were withheld, or workers killed, which a script does not do");
    }
    if has(|event| matches!(event, Event::Rollback(_))) {
        return no("earlier versions were ordered back, which a script does not do");
    }
    if has(|event| matches!(event, Event::Handshake(_) | Event::Renewed(_))) {
        return no("it serves by certificates of the run, which a script does not give");
    }
    let is_grouped = |layout: &Layout| {
        let mut routes = layout.routes.iter();
        routes.any(|route| matches!(route.leads_to, LeadsTo::Checked | LeadsTo::Affine | LeadsTo::Kept))
    };
    if is_grouped(segment.layout) {
        return no(
            "it has a route to origins that a script does not have: checked, shared by sessions, or kept connections to",
        );
    }
    if has(|event| matches!(event, Event::Notified(_))) {
        return no("it told a service manager of its life, and a script is none");
    }
    if has(|event| matches!(event, Event::PidFile(_))) {
        return no(
            "it was started so that it writes its number into a file, and a script starts it as usual",
        );
    }
    if has(|event| matches!(event, Event::Member { by_link: true, .. })) {
        return no("one of its files came by a link to another folder, which a script does not make");
    }
    let told_by_another = |event: &Event| matches!(event, Event::Trigger { by, .. } if *by != segment.by);
    if segment.events.iter().any(|event| told_by_another(event)) {
        return no("it was told in several ways at once");
    }
    let mut layouts = vec![segment.layout];
    layouts.extend(segment.writes().map(|write| &write.layout));
    if layouts.iter().any(|layout| layout.many > MANY) {
        return no("its files have thousands of routes");
    }
    if layouts
        .iter()
        .any(|layout| layout.in_parts != segment.layout.in_parts || layout.outside)
    {
        return no("its files stand in several folders");
    }
    Ok(())
}

/// When what an event tells of began.
pub(super) fn begin(event: &Event) -> Nanos {
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
