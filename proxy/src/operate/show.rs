//! Answers as text for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::text;

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
        format!("revision {revision} would change: {}", text(body, "summary"))
    };
    line(&mut shown, format_args!("{summary}"));
    shown
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
    for listener in body["listeners"].as_array().into_iter().flatten() {
        let (name, address) = (text(listener, "name"), text(listener, "address"));
        line(&mut shown, format_args!("  listener   {name} {address}"));
    }
    shown
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
        let body = json!({"config_version": 7, "empty": false, "summary": summary, "changes": changes});
        let expected = "+ listener web\n~ route */\n- route */old/\n~ log\n\
            revision 7 would change: listeners +1, routes ~1 -1, log\n";
        assert_eq!(plan(&body), expected);
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
