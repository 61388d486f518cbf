//! What a target folder has to keep to beyond its syntax: told before anything is run or written.

use std::net::SocketAddr;
use std::path::{Component, Path};

use regex::Regex;

use super::changed;
use super::error::TargetError;
use super::layouts::layouts;
use super::parts;
use super::render::text;
use super::socket;
use super::spec::{Role, Spec, Timing, Trigger};
use super::told;
use super::versions;
use super::{LogSource, ORIGINS, OriginAddress, Place, Target};
use crate::vocabulary::{
    Capability, Flaw, Generation, Layout, Marker, MetricReadings, Question, Scene, TriggerKind,
};

/// The apply bound that holds unless a longer one is documented, in milliseconds.
const APPLY_BOUND_MS: u64 = 2_000;
/// The longest that a documented one may be.
const LONGEST_APPLY_BOUND_MS: u64 = 10_000;
/// The longest that a target may be left alone before a change, in milliseconds.
const LONGEST_SETTLE_MS: u64 = 1_000;

/// What serde cannot say.
pub(super) fn check(spec: &Spec, place: &str) -> Result<(), TargetError> {
    named(spec)
        .and_then(|()| files(spec))
        .and_then(|()| timing(&spec.timing))
        .and_then(|()| markers(&spec.markers))
        .and_then(|()| settle(&spec.trigger))
        .and_then(|()| also(spec))
        .and_then(|()| socket::check(spec))
        .and_then(|()| sections(spec))
        .and_then(|()| parts::check(spec))
        .and_then(|()| told::check(spec))
        .and_then(|()| versions::check(spec))
        .and_then(|()| changed::check(spec))
        .and_then(|()| answers(spec))
        .and_then(|()| flaws(spec))
        .and_then(|()| patterns(spec))
        .map_err(|message| TargetError::invalid(place, message))
}

/// Names stand in references, reports and paths of evidence.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars().all(is_plain) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn named(spec: &Spec) -> Result<(), String> {
    if is_name(&spec.name) {
        Ok(())
    } else {
        Err(format!(
            "name: {:?} is no name; one has letters, digits, `-`, `_` and `.`",
            spec.name
        ))
    }
}

/// What a misspelt key should have been cannot be told from the template.
fn flaws(spec: &Spec) -> Result<(), String> {
    let is_given = spec.flaws.templated.contains(&Flaw::UnknownKey);
    match (&spec.flaws.misspelt, is_given) {
        (None, true) => Err(
            "flaws.misspelt: `unknown_key` is templated, so the key that it misspells has to be named".into(),
        ),
        (Some(key), false) => Err(format!(
            "flaws.misspelt: {key:?} is misspelt nowhere, as `unknown_key` is not templated"
        )),
        _ => Ok(()),
    }
}

fn files(spec: &Spec) -> Result<(), String> {
    match spec.files.iter().filter(|file| file.role == Role::Config).count() {
        1 => {}
        count => {
            return Err(format!(
                "{count} files have role = \"config\"; exactly one has to"
            ));
        }
    }
    if let Some(file) = spec.files.iter().find(|file| !is_below(&file.path)) {
        return Err(format!(
            "file: path {:?} does not stay below the run's folder",
            file.path
        ));
    }
    if spec.delivery.patterns.is_empty() {
        return Err("delivery.patterns is empty; a file has to be delivered somehow".into());
    }
    let mut patterns = spec.delivery.patterns.iter();
    if let Some(way) = patterns.find(|pattern| pattern.declared_as() != **pattern) {
        return Err(format!(
            "delivery.patterns: {way} is a way of {}; that is the one to list",
            way.declared_as()
        ));
    }
    let mut flaws = spec.flaws.templated.iter();
    match flaws.find(|flaw| flaw.is_made_by_the_suite()) {
        Some(flaw) => Err(format!(
            "flaws.templated: {flaw} needs no template, the suite makes it"
        )),
        None => Ok(()),
    }
}

fn timing(timing: &Timing) -> Result<(), String> {
    let bound = timing.apply_bound_ms;
    if timing.release_bound_ms.is_some() && timing.release_bound_source.is_none() {
        return Err("timing.release_bound_ms needs release_bound_source".into());
    }
    if bound > APPLY_BOUND_MS && timing.apply_bound_source.is_none() {
        return Err(format!(
            "timing.apply_bound_ms is {bound}; more than {APPLY_BOUND_MS} needs apply_bound_source"
        ));
    }
    if bound > LONGEST_APPLY_BOUND_MS {
        return Err(format!(
            "timing.apply_bound_ms is {bound}; {LONGEST_APPLY_BOUND_MS} is the most"
        ));
    }
    Ok(())
}

fn markers(markers: &[Marker]) -> Result<(), String> {
    if markers.contains(&Marker::ResponseStamp) {
        Ok(())
    } else {
        Err(
            "markers: response_stamp is missing; without it no answer tells which configuration gave it"
                .into(),
        )
    }
}

fn settle(trigger: &Trigger) -> Result<(), String> {
    if (trigger.settle_ms > 0) != trigger.settle_reason.is_some() {
        return Err(
            "trigger.settle_ms and trigger.settle_reason belong together: a time, and its reason".into(),
        );
    }
    if trigger.settle_ms > LONGEST_SETTLE_MS {
        return Err(format!(
            "trigger.settle_ms is {}; {LONGEST_SETTLE_MS} is the most",
            trigger.settle_ms
        ));
    }
    Ok(())
}

/// Each trigger is of a kind of its own, which it is known by, and says that there is a change, not what it is: of two contents that are sent
/// at once, either may be the newer one.
fn also(spec: &Spec) -> Result<(), String> {
    let triggers = || spec.also.iter().map(|also| &also.trigger).chain([&spec.trigger]);
    if !spec.also.is_empty() && triggers().any(|trigger| trigger.body.is_some()) {
        return Err("also: a trigger that sends the content cannot be one of several".into());
    }
    let mut kinds = vec![spec.trigger.kind];
    for other in spec.also.iter().map(|also| also.trigger.kind) {
        if other == TriggerKind::Watch {
            return Err("also: nobody can be told by a watch; that is a [trigger]".into());
        }
        if kinds.contains(&other) {
            let kind = format!("{other:?}").to_lowercase();
            return Err(format!("also: there is a trigger of the kind {kind:?} already"));
        }
        kinds.push(other);
    }
    Ok(())
}

/// What needs a section to be used is declared by that section, and by nothing else.
fn sections(spec: &Spec) -> Result<(), String> {
    let by_name = |capability: &&Capability| {
        matches!(
            capability,
            Capability::CheckCommand
                | Capability::Include
                | Capability::IncludePolicy
                | Capability::Systemd
                | Capability::PidFile
                | Capability::Status
                | Capability::Metrics
                | Capability::Counters
                | Capability::Admin
                | Capability::Versions
                | Capability::LogDiff
                | Capability::Tls
                | Capability::TlsPair
                | Capability::Sni
                | Capability::Http2
                | Capability::Grpc
        )
    };
    match spec.capabilities.iter().find(by_name) {
        Some(capability) => Err(format!(
            "capabilities: {} is declared by a section of its own, and not by its name",
            capability.name()
        )),
        None => Ok(()),
    }
}

/// Places in answers are pointers or patterns, and a credential is a header that is sent.
fn answers(spec: &Spec) -> Result<(), String> {
    let status = spec.status.as_ref();
    let places = [
        ("status.identity", status.map(|status| &status.identity)),
        ("status.error", status.and_then(|status| status.error.as_ref())),
        (
            "versions.active",
            spec.versions.as_ref().map(|versions| &versions.active),
        ),
    ];
    for (key, place) in places {
        let Some(place) = place.filter(|place| !place.starts_with('/')) else {
            continue;
        };
        let groups = Regex::new(place).map_err(|error| format!("{key}: {error}"))?;
        if groups.captures_len() < 2 {
            return Err(format!(
                "{key}: `{place}` is no pointer, which begins with `/`, and has no group; its first group has to be what is read"
            ));
        }
    }
    if let Some(metrics) = &spec.metrics
        && metrics.series == MetricReadings::default()
    {
        return Err("metrics: no series is named, so nothing can be read of them".into());
    }
    let admin = spec.admin.as_ref();
    match admin.and_then(|admin| Some((admin, admin.credential.as_ref()?))) {
        Some((admin, name)) if !admin.headers.contains_key(name) => Err(format!(
            "admin.credential: {name:?} is none of admin.headers, so it is not sent"
        )),
        _ => Ok(()),
    }
}

fn patterns(spec: &Spec) -> Result<(), String> {
    let patterns = [
        ("binary.version_pattern", &spec.binary.version_pattern),
        ("log.applied", &spec.log.applied),
        ("log.level", &spec.log.level),
        ("log.rejected", &spec.log.rejected),
        ("log.missing", &spec.log.missing),
        ("log.fatal", &spec.log.fatal),
    ];
    for (key, pattern) in patterns {
        match pattern.as_deref().map(Regex::new) {
            Some(Err(error)) => return Err(format!("{key}: {error}")),
            Some(Ok(regex)) if key == "log.level" && regex.captures_len() < 2 => {
                return Err(format!(
                    "{key}: `{regex}` has no group; its first group has to be the level word"
                ));
            }
            Some(Ok(_)) | None => {}
        }
    }
    Ok(())
}

/// Where a target logs.
pub(super) fn sources(spec: &Spec, place: &str) -> Result<Vec<LogSource>, TargetError> {
    let source = |name: &String| match name.as_str() {
        "stdout" => Ok(LogSource::Stdout),
        "stderr" => Ok(LogSource::Stderr),
        other => match other.strip_prefix("file:") {
            Some(path) if is_below(path) => Ok(LogSource::File(path.into())),
            Some(path) => Err(format!(
                "log.sources: {path:?} does not stay below the run's folder"
            )),
            None => Err(format!(
                "log.sources: {other:?} is none of stdout, stderr, file:NAME"
            )),
        },
    };
    let sources: Result<_, String> = spec.log.sources.iter().map(source).collect();
    sources.map_err(|message| TargetError::invalid(place, message))
}

/// Whether a path leads to something below the folder that it starts in, and nowhere else.
pub(super) fn is_below(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// Renders everything once, so that a folder that cannot work is refused before anything runs.
pub(super) fn try_all(target: &Target, place: &str) -> Result<(), TargetError> {
    let ground = nowhere();
    let good = target.render(&Scene::of(Generation(1)), &ground)?;
    if good == target.render(&Scene::of(Generation(2)), &ground)? {
        return Err(TargetError::invalid(
            place,
            "two generations render to the same file: it bears no marker",
        ));
    }
    // What two members define is a matter of members; a huge file is a good one and no template, and takes its time.
    let is_tried = |flaw: &Flaw| !matches!(flaw, Flaw::TwiceAcrossFiles | Flaw::Huge);
    for flaw in target.facts.flaws.iter().copied().filter(is_tried) {
        let flawed = Scene {
            flaw: Some(flaw),
            ..Scene::of(Generation(1))
        };
        if good == target.render(&flawed, &ground)? {
            return Err(TargetError::invalid(
                place,
                format!("flaw {flaw} renders to the good file"),
            ));
        }
    }
    for (capability, layout) in layouts() {
        let scene = Scene {
            layout,
            ..Scene::of(Generation(1))
        };
        // What is asked for by a start of its own is asked for.
        let by_start = capability == Capability::Drain && target.start_draining(&ground)?.is_some();
        // A route alone is no limit.
        let without = Scene {
            layout: Layout {
                limit: None,
                ..scene.layout.clone()
            },
            ..Scene::of(Generation(1))
        };
        let good = match scene.layout.limit {
            Some(_) => target.render(&without, &ground)?,
            None => good.clone(),
        };
        if target.facts.has(capability) && !by_start && good == target.render(&scene, &ground)? {
            let message = format!(
                "capabilities: {} is declared, and the template makes nothing of it",
                capability.name()
            );
            return Err(TargetError::invalid(place, message));
        }
    }
    parts::try_all(target, &ground, place)?;
    versions::try_all(target, &ground, place)?;
    let others = target.facts.also.iter().map(|other| Some(other.kind));
    for by in std::iter::once(None).chain(others) {
        target.start_for(by, &ground)?;
        let trigger = target.trigger_by(by, &ground)?;
        socket::try_it(&trigger).map_err(|message| TargetError::invalid(place, message))?;
        target.renewal_trigger(by, &ground)?;
        target.start_managed(by, &ground)?;
        target.start_with_pid_file(by, &ground)?;
    }
    for question in Question::OVER_HTTP {
        target.inquiry(question, &ground)?;
    }
    if let Some(args) = target.check_command(&ground)?
        && !args.iter().any(|arg| arg.contains(&text(&ground.candidate)))
    {
        let message = "check_command.args does not name the file to be checked, {{ candidate }}";
        return Err(TargetError::invalid(place, message));
    }
    Ok(())
}

fn nowhere() -> Place {
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let origins = (0..=ORIGINS + Layout::MEMBERS).zip(6..);
    Place {
        dir: "/nowhere".into(),
        config: "/nowhere/conf/file".into(),
        candidate: "/nowhere/candidate/file".into(),
        listen: address(1),
        admin: address(2),
        second: address(3),
        third: address(4),
        socket: "/nowhere/traffic.sock".into(),
        origins: origins
            .map(|(i, port)| OriginAddress {
                name: format!("o{i}"),
                address: address(port),
            })
            .collect(),
    }
}
