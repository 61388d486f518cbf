//! Answers as text for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::text;

/// How many routes are named before the others are counted.
const NAMED: usize = 8;

/// `+` for what is new, `~` for what is different, `-` for what goes.
pub(super) fn plan(body: &Value) -> String {
    let revision = &body["config_version"];
    let changes = &body["changes"];
    let mut shown = String::new();
    for (kind, one) in [
        ("listeners", "listener"),
        ("routes", "route"),
        ("upstreams", "upstream"),
    ] {
        for (sign, list) in [('+', "add"), ('~', "change"), ('-', "remove")] {
            for name in strings(&changes[kind][list]) {
                line(&mut shown, format_args!("{sign} {one} {name}"));
            }
        }
    }
    for name in strings(&changes["settings"]) {
        line(&mut shown, format_args!("~ {name}"));
    }
    let summary = if body["empty"] == true {
        format!("nothing would change in revision {revision}")
    } else {
        touches(&mut shown, &body["touches"]);
        format!("revision {revision} would change: {}", text(body, "summary"))
    };
    line(&mut shown, format_args!("{summary}"));
    shown
}

/// What it does to what is open, each kind on a line of its own.
fn touches(shown: &mut String, touches: &Value) {
    let mut kind = |name: &str, text: String| line(shown, format_args!("  {name:<12} {text}"));
    for (name, list) in [("listens on", "open"), ("closes", "close")] {
        let addresses: Vec<_> = strings(&touches["sockets"][list]).collect();
        if !addresses.is_empty() {
            kind(name, addresses.join(", "));
        }
    }
    let workers = &touches["workers"];
    for (one, list) in [("starting", "start"), ("retiring", "retire")] {
        if workers[list] != 0 {
            kind("workers", format!("{} {one}", workers[list]));
        }
    }
    let routes = &touches["routes"];
    let through: Vec<_> = strings(&routes["by_upstream"]).collect();
    let through = match through.as_slice() {
        [] => String::new(),
        named if named.len() > NAMED => {
            let more = named.len() - NAMED;
            format!(
                "; by their upstream {} and {more} more",
                named[..NAMED].join(", ")
            )
        }
        named => format!("; by their upstream {}", named.join(", ")),
    };
    kind(
        "routes",
        format!(
            "{} of {} answer otherwise{through}",
            routes["touched"], routes["of"]
        ),
    );
    kind("connections", connections(&touches["connections"]));
    kind("requests", requests(&touches["requests"]));
}

fn connections(connections: &Value) -> String {
    let mut all = format!("{} open, {} kept", connections["open"], connections["kept"]);
    for (count, why, end) in [
        ("draining", "draining already", String::new()),
        (
            "drained_by_listeners",
            "whose listener goes, or lets in others, end with their next answer",
            cut(&connections["listeners_cut_after_ms"]),
        ),
        (
            "drained_by_workers",
            "whose worker goes end with their next answer",
            String::new(),
        ),
    ] {
        if connections[count] != 0 {
            // Writing to a string cannot fail.
            let _ = write!(all, ", {} {why}{end}", connections[count]);
        }
    }
    all
}

fn requests(requests: &Value) -> String {
    let running = &requests["running"];
    if requests["by_removed_routes"] == 0 {
        return format!("{running} running");
    }
    let end = cut(&requests["removed_routes_cut_after_ms"]);
    format!(
        "{running} running, {} by routes that go{end}",
        requests["by_removed_routes"]
    )
}

/// When what has not ended by itself is cut off.
fn cut(after_ms: &Value) -> String {
    after_ms
        .as_f64()
        .map_or_else(String::new, |ms| format!(" (cut off after {} s)", ms / 1000.0))
}

pub(super) fn status(body: &Value) -> String {
    let mut shown = String::new();
    let revision = &body["config_version"];
    let (at, origin) = (text(body, "applied_at"), text(body, "origin"));
    let state = text(body, "state");
    line(
        &mut shown,
        format_args!("{state} revision {revision}, digest {}", text(body, "digest")),
    );
    line(&mut shown, format_args!("  applied    {at}, {origin}"));
    let disk = &body["disk"];
    let differs = match (disk["readable"] == true, disk["differs"] == true) {
        (false, _) => "cannot be read",
        (true, true) => "differs from what serves",
        (true, false) => "is what serves",
    };
    line(
        &mut shown,
        format_args!("  file       {} {differs}", text(disk, "path")),
    );
    let last = &body["last_attempt"];
    let (at, origin, outcome) = (text(last, "at"), text(last, "origin"), text(last, "outcome"));
    line(
        &mut shown,
        format_args!("  last       {at}, {origin}: {outcome}{}", reason(last)),
    );
    let draining = &body["draining"];
    line(
        &mut shown,
        format_args!(
            "  draining   {} generations, {} of {} connections",
            draining["generations"], draining["connections"], body["connections"]
        ),
    );
    for limit in body["limits"].as_array().into_iter().flatten() {
        line(&mut shown, format_args!("  limit      {}", limited(limit)));
    }
    for listener in body["listeners"].as_array().into_iter().flatten() {
        let (name, address) = (text(listener, "name"), text(listener, "address"));
        line(&mut shown, format_args!("  listener   {name} {address}"));
    }
    shown
}

/// What bounds one place, and what that has counted.
fn limited(limit: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(rate) = limit.get("rate_limit") {
        let (allowed, refused) = (&rate["allowed"], &rate["refused"]);
        parts.push(format!(
            "{}, {allowed} let in, {refused} refused",
            text(rate, "rate")
        ));
    }
    if let Some(sessions) = limit.get("sessions") {
        let (running, max) = (&sessions["running"], &sessions["max"]);
        let (waiting, refused) = (&sessions["waiting"], &sessions["refused"]);
        parts.push(format!(
            "{running} of {max} sessions, {waiting} waiting, {refused} refused"
        ));
    }
    if let Some(breaker) = limit.get("breaker") {
        let state = text(breaker, "state").replace('_', "-");
        parts.push(format!("breaker {state}, {} refused", breaker["refused"]));
    }
    let name = limit["name"]
        .as_str()
        .map_or_else(String::new, |name| format!(" {name}"));
    format!("{}{name}: {}", text(limit, "scope"), parts.join("; "))
}

pub(super) fn attempt(body: &Value) -> String {
    let revision = &body["config_version"];
    let mut shown = String::new();
    match (text(body, "outcome"), body["rollback_to"].as_u64()) {
        ("applied", Some(to)) => line(
            &mut shown,
            format_args!(
                "revision {revision} serves what revision {to} said{}",
                reason(body)
            ),
        ),
        ("applied", None) => line(
            &mut shown,
            format_args!("revision {revision} serves{}", reason(body)),
        ),
        _ => line(
            &mut shown,
            format_args!("revision {revision} serves on{}", reason(body)),
        ),
    }
    shown
}

pub(super) fn problem(status: u16, body: &Value) -> String {
    match (text(body, "title"), text(body, "detail")) {
        ("", _) => format!("the answer was {status}"),
        (title, "") => title.to_owned(),
        (title, detail) => format!("{title}: {detail}"),
    }
}

/// What an attempt says besides its outcome.
fn reason(attempt: &Value) -> String {
    let said = ["error", "reason", "changed"]
        .iter()
        .find_map(|key| attempt[key].as_str());
    said.map(|said| format!(": {said}")).unwrap_or_default()
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn line(shown: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(shown, "{text}");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_names_what_is_different() {
        let changes = json!({
            "listeners": {"add": ["web"], "change": [], "remove": []},
            "routes": {"add": [], "change": ["*/"], "remove": ["*/old/"]},
            "upstreams": {"add": [], "change": [], "remove": []},
            "settings": ["log"],
        });
        let summary = "listeners +1, routes ~1 -1, log";
        let mut touches = json!({
            "sockets": {"open": ["127.0.0.1:80"], "close": []},
            "routes": {"of": 9, "touched": 2, "by_upstream": ["*/a/"]},
            "connections": {"open": 6, "draining": 1, "kept": 2, "drained_by_listeners": 3, "listeners_cut_after_ms": 1500.0, "drained_by_workers": 0},
            "requests": {"running": 2, "by_removed_routes": 1, "removed_routes_cut_after_ms": null},
            "workers": {"start": 0, "retire": 1},
        });
        let shown = |touches: &Value| {
            plan(
                &json!({"config_version": 7, "empty": false, "summary": summary, "changes": changes, "touches": touches}),
            )
        };
        let expected = "+ listener web\n~ route */\n- route */old/\n~ log\n\
            \x20 listens on   127.0.0.1:80\n\
            \x20 workers      1 retiring\n\
            \x20 routes       2 of 9 answer otherwise; by their upstream */a/\n\
            \x20 connections  6 open, 2 kept, 1 draining already, 3 whose listener goes, or lets in others, end with their next answer (cut off after 1.5 s)\n\
            \x20 requests     2 running, 1 by routes that go\n\
            revision 7 would change: listeners +1, routes ~1 -1, log\n";
        assert_eq!(shown(&touches), expected);
        let many: Vec<_> = (0..10).map(|n| format!("*/p{n}/")).collect();
        touches["routes"]["by_upstream"] = json!(many);
        assert!(shown(&touches).contains("*/p6/, */p7/ and 2 more\n"));
        assert_eq!(
            plan(&json!({"config_version": 7, "empty": true})),
            "nothing would change in revision 7\n"
        );
    }

    #[test]
    fn an_attempt_says_what_serves_and_why() {
        let applied =
            json!({"config_version": 8, "outcome": "applied", "rollback_to": 3, "changed": "routes ~1"});
        assert_eq!(
            attempt(&applied),
            "revision 8 serves what revision 3 said: routes ~1\n"
        );
        let unchanged = json!({"config_version": 8, "outcome": "unchanged", "reason": "same content"});
        assert_eq!(attempt(&unchanged), "revision 8 serves on: same content\n");
    }
}
