//! The target's part of a script: how it is started and told, and its files as templates that the shell fills in.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::NoScript;
use super::asking;
use super::segment::{Segment, name_of};
use crate::target::{
    CommandLine, LogSource, Member, ORIGINS, OriginAddress, Place, Reach, Target, TargetError, Trigger,
};
use crate::vocabulary::{Delivery, Flaw, Generation, Layout, Listener, Scene};

/// Stands for the folder of the run.
const DIR: &str = "@DIR@";
/// Stands for the number of the generation.
const GENERATION: &str = "@GENERATION@";
/// Stands for the port of its origin.
const PORT: &str = "@PORT@";
/// Stands for its name.
const ORIGIN: &str = "@ORIGIN@";

/// A generation that no run comes to, with an origin whose port nobody else has: where they show, the placeholders belong.
const SENTINEL: Generation = Generation(3_999_999_996);
const SENTINEL_PORT: u16 = 64_998;
const SENTINEL_NAME: &str = "o3999999997";

/// The ways to deliver a file that the script's shell functions know.
const KNOWN_DELIVERIES: [Delivery; 9] = [
    Delivery::RenameOver,
    Delivery::InPlace,
    Delivery::SymlinkSwap,
    Delivery::SymlinkSwapKept,
    Delivery::Recreate,
    Delivery::SameSizeAndTime,
    Delivery::EmptyFirst,
    Delivery::TwoThirdsFirst,
    Delivery::GoodPartFirst,
];

/// All that the actions need to know of the target.
pub(super) fn describe(target: &Target, segment: &Segment<'_>) -> Result<String, NoScript> {
    let facts = target.facts();
    if !KNOWN_DELIVERIES.contains(&segment.delivery) {
        return Err(format!("no shell delivers a file by {}", segment.delivery));
    }
    let place = Place {
        dir: PathBuf::from(DIR),
        config: Path::new(DIR).join("conf").join(target.config_file()),
        socket: Path::new(DIR).join("traffic.sock"),
        ..segment.place.clone()
    };
    let mut out = String::new();
    let origins: Vec<String> = place
        .origins
        .iter()
        .take(ORIGINS)
        .map(|origin| origin.address.to_string())
        .collect();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "proxy=${{1:-$(command -v {})}}", quoted(&facts.binary));
    let _ = writeln!(out, "listen={}", place.listen);
    for listener in [
        Listener::First,
        Listener::Second,
        Listener::Third,
        Listener::Wildcard,
    ] {
        if let Reach::Tcp(address) = place.asked(listener) {
            let _ = writeln!(out, "at_{listener}={address}");
        }
    }
    let places = segment.places().into_iter().map(|(listener, route)| match route {
        0 => format!("{listener}/"),
        number => format!("{listener}/r{number}/"),
    });
    let places: Vec<String> = places.collect();
    let _ = writeln!(out, "places='{}'", places.join(" "));
    let _ = writeln!(out, "origin_addresses='{}'", origins.join(" "));
    if let Some(OriginAddress { name, address }) = place.origins.get(ORIGINS) {
        let _ = writeln!(out, "apart={name} origin_apart={address}");
    } else {
        out.push_str("apart= origin_apart=\n");
    }
    out.push_str(&names(target, segment));
    let _ = writeln!(out, "delivery={}", segment.delivery.name());
    let _ = writeln!(
        out,
        "ready_ms={} apply_ms={}",
        facts.ready_within_ms, facts.apply_bound_ms
    );
    let settle = facts.settle.as_ref().map_or(0, |settle| settle.ms);
    let signal = match target.trigger_by(segment.by, &place) {
        Ok(Trigger::Signal(signal)) => (signal as i32).to_string(),
        _ => String::new(),
    };
    let _ = writeln!(out, "settle_ms={settle} signal={signal}");
    let _ = writeln!(
        out,
        "stop_signal={} stop_ms={}",
        target.stop_signal() as i32,
        facts.stop_within_ms
    );
    out.push_str(&functions(target, &place, segment)?);
    out.push_str(&asking::functions(target, &place)?);
    Ok(out)
}

/// What the files are called that are delivered.
fn names(target: &Target, segment: &Segment<'_>) -> String {
    let member = |member| {
        let file = target.member_file(member).filter(|_| segment.layout.in_parts);
        quoted(&file.map_or_else(String::new, |path| path.display().to_string()))
    };
    let config = if segment.layout.in_parts {
        member(Member::First)
    } else {
        quoted(&target.config_file().display().to_string())
    };
    format!(
        "config_name={config}\nown_member={} bad_member={}\n",
        member(Member::Second),
        member(Member::Third)
    )
}

/// How it is started.
fn start(target: &Target, place: &Place, segment: &Segment<'_>) -> Result<CommandLine, TargetError> {
    if segment.layout.drain_ms > 0
        && let Some(start) = target.start_draining(place)?
    {
        return Ok(start);
    }
    target.start_for(segment.by, place)
}

fn functions(target: &Target, place: &Place, segment: &Segment<'_>) -> Result<String, NoScript> {
    let failed = |error: TargetError| error.to_string();
    let mut out = String::new();
    let scene = Scene {
        layout: segment.layout.clone(),
        ..Scene::of(segment.first)
    };
    let _ = writeln!(out, "fixed_files() {{");
    out.push_str("    log_files=\n");
    for source in target.log_sources() {
        if let LogSource::File(path) = source {
            let _ = writeln!(out, "    log_files=\"$log_files $work/{}\"", path.display());
        }
    }
    let mut fixed = target.render(&scene, place).map_err(failed)?.fixed;
    if segment.layout.in_parts {
        let main = target.main_file(&scene, place).map_err(failed)?;
        fixed.extend(main.map(|main| (Path::new("conf").join(target.config_file()), main)));
    }
    for (path, content) in fixed {
        let path = path.display();
        let content = text(content)?;
        let _ = writeln!(out, "    mkdir -p \"$(dirname \"$work/{path}\")\"");
        let _ = writeln!(
            out,
            "    sed \"s|{DIR}|$work|g\" >\"$work/{path}\" <<'FILE'\n{content}\nFILE"
        );
    }
    out.push_str("}\n");
    let start = start(target, place, segment).map_err(failed)?;
    let env = start
        .env
        .iter()
        .map(|(name, value)| format!("{name}={}", quoted(value)));
    let env = env.collect::<Vec<_>>().join(" ");
    let args = words(&start.args);
    let _ = writeln!(
        out,
        "command_line() {{\n    cd \"$work\" || exit 2\n    setsid $as env -i PATH=\"$PATH\" HOME=\"$work\" TMPDIR=\"$work\" LANG=C {env} \\\n        \
         \"$proxy\" {args} >\"$work/stdout\" 2>\"$work/stderr\" &\n}}"
    );
    let trigger = target.trigger_by(segment.by, place).map_err(failed)?;
    out.push_str(&hears(&trigger));
    let _ = writeln!(out, "pull() {{ {}; }}", pull(trigger, place));
    for (flaw, layout) in segment.files() {
        let is_made = flaw.is_some_and(Flaw::is_made_by_the_suite) && !layout.in_parts;
        if !is_made {
            let member = layout
                .in_parts
                .then(|| flaw.map_or(Member::First, |_| Member::Third));
            out.push_str(&template(
                target,
                place,
                flaw.map_or("good", Flaw::name),
                &Kind { flaw, layout, member },
            )?);
        }
    }
    if segment.has_members() {
        let kind = Kind {
            flaw: None,
            layout: segment.layout,
            member: Some(Member::Second),
        };
        out.push_str(&template(target, place, "second_member", &kind)?);
    }
    Ok(out)
}

fn pull(trigger: Trigger, place: &Place) -> String {
    match trigger {
        Trigger::Watch => ":".to_owned(),
        Trigger::Signal(signal) => {
            format!("kill -{} \"$pid\"", signal.as_str().trim_start_matches("SIG"))
        }
        Trigger::Command { program, args } => {
            let program = program.map_or_else(
                || "\"$proxy\"".to_owned(),
                |program| quoted(&program.display().to_string()),
            );
            let args = words(&args);
            format!(
                "told=yes; $as env HOME=\"$work\" {program} {args} >\"$work/told\" 2>&1 || {{ told=no; say \"    refused: $(tail -n 1 \"$work/told\")\"; }}"
            )
        }
        Trigger::Http {
            method,
            url,
            headers,
            sends_config,
        } => {
            let mut call = format!("curl -s -S -f -m 30 -X {} {}", quoted(&method), quoted(&url));
            for (name, value) in headers {
                let _ = write!(call, " -H {}", quoted(&format!("{name}: {value}")));
            }
            if sends_config {
                let _ = write!(
                    call,
                    " --data-binary {}",
                    quoted(&format!("@{}", place.config.display()))
                );
            }
            format!(
                "told=yes; {call} >\"$work/told\" 2>&1 || {{ told=no; say \"    refused: $(tail -n 1 \"$work/told\")\"; }}"
            )
        }
        Trigger::Socket { line, answered, .. } => {
            let yes = answered.map_or_else(String::new, |yes| quoted(&yes));
            format!(
                "told=yes; tell {} {yes} || {{ told=no; say \"    refused: $(tail -n 1 \"$work/told\")\"; }}",
                quoted(&line)
            )
        }
    }
}

/// Whether the target hears at a socket, where it is told at one.
fn hears(trigger: &Trigger) -> String {
    let Trigger::Socket { at, probe, .. } = trigger else {
        return "hears() { :; }\n".to_owned();
    };
    let hears = match probe {
        Some(probe) => format!("at_socket {} 1 2>/dev/null | grep -q .", quoted(probe)),
        None => "at_socket".to_owned(),
    };
    let at = quoted(&address_of(at));
    format!("at_socket() {{ \"$python\" -ES \"$work/line.py\" {at} \"$@\"; }}\nhears() {{ {hears}; }}\n")
}

fn address_of(at: &Reach) -> String {
    match at {
        Reach::Tcp(address) => address.to_string(),
        Reach::Unix(path) => path.display().to_string(),
    }
}

/// A kind of file.
struct Kind<'a> {
    flaw: Option<Flaw>,
    layout: &'a Layout,
    /// Which of several files, if it is one of several.
    member: Option<Member>,
}

/// A function that prints a kind of file, with placeholders for what changes from one generation to the next.
fn template(target: &Target, place: &Place, name: &str, kind: &Kind<'_>) -> Result<String, NoScript> {
    let render = |generation: Generation, place: &Place| {
        let scene = Scene {
            flaw: kind.flaw,
            layout: kind.layout.clone(),
            ..Scene::of(generation)
        };
        let rendered = match kind.member {
            Some(member) => target.member(member, &scene, place),
            None => target.render(&scene, place).map(|rendered| rendered.config),
        };
        rendered.map_err(|error| error.to_string()).and_then(text)
    };
    let index = SENTINEL.origin_index(ORIGINS);
    let mut marked = place.clone();
    if let Some(OriginAddress { name, address }) = marked.origins.get_mut(index) {
        *address = SocketAddr::new(address.ip(), SENTINEL_PORT);
        SENTINEL_NAME.clone_into(name);
    }
    let template = render(SENTINEL, &marked)?
        .replace(&SENTINEL.0.to_string(), GENERATION)
        .replace(SENTINEL_NAME, ORIGIN)
        .replace(&SENTINEL_PORT.to_string(), PORT);
    for generation in [Generation(5), Generation(6)] {
        let origin = &place.origins[generation.origin_index(ORIGINS)];
        let filled_in = template
            .replace(GENERATION, &generation.0.to_string())
            .replace(ORIGIN, &origin.name)
            .replace(PORT, &origin.address.port().to_string());
        if filled_in != render(generation, place)? {
            return Err("its files differ by more than the generation and its origin".into());
        }
    }
    let name = [name, &name_of(kind.layout)].join("_");
    let name = name.trim_end_matches('_');
    Ok(format!(
        "config_{name}() {{\n    cat <<'FILE'\n{template}\nFILE\n}}\n"
    ))
}

/// As a here-document holds it: without the newline at its end.
fn text(content: Vec<u8>) -> Result<String, NoScript> {
    let text = String::from_utf8(content).map_err(|_| "a file of it is no text".to_owned())?;
    if text.lines().any(|line| line == "FILE") {
        return Err("a file of it has a line that would end it here".into());
    }
    Ok(text
        .strip_suffix('\n')
        .map_or_else(|| text.clone(), str::to_owned))
}

fn words(arguments: &[String]) -> String {
    let words = arguments.iter().map(|argument| quoted(argument));
    words.collect::<Vec<_>>().join(" ")
}

/// As one word of a command, in which the folder of the run is filled in.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
    out.replace(DIR, "$work")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_at_the_socket_of_the_run() {
        let told = |probe: Option<&str>| Trigger::Socket {
            at: Reach::Unix(Path::new(DIR).join("own.sock")),
            line: "reload".into(),
            answered: None,
            probe: probe.map(str::to_owned),
        };
        let at = "at_socket() { \"$python\" -ES \"$work/line.py\" \"$work/own.sock\" \"$@\"; }\n";
        assert_eq!(hears(&told(None)), format!("{at}hears() {{ at_socket; }}\n"));
        assert_eq!(
            hears(&told(Some("version"))),
            format!("{at}hears() {{ at_socket \"version\" 1 2>/dev/null | grep -q .; }}\n")
        );
        assert_eq!(hears(&Trigger::Watch), "hears() { :; }\n");
    }

    #[test]
    fn a_word_is_one_word_whatever_is_in_it() {
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("$(x) `y` \"z\" \\"), "\"\\$(x) \\`y\\` \\\"z\\\" \\\\\"");
        assert_eq!(quoted("@DIR@/conf"), "\"$work/conf\"");
    }
}
