//! What a record tells in a form that a machine reads: JSON, or `key=value` after a time and a message.

use std::path::Path;

use regex::Regex;
use serde_json::Value;

use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::logging::judge_records;

/// A field: its name in lower case, and its value.
type Field = (String, String);

/// Names of fields that hold a time.
const TIMES: [&str; 6] = ["ts", "time", "timestamp", "@timestamp", "date", "at"];
/// Parts of names of fields that tell which configuration it is.
const NUMBERS: [&str; 7] = [
    "revision",
    "generation",
    "version",
    "digest",
    "hash",
    "checksum",
    "sha",
];
/// Parts of names of fields that tell how long it took.
const DURATIONS: [&str; 5] = ["duration", "elapsed", "took", "latency", "_ms"];

pub(super) fn record_has_fields(view: &View<'_>) -> Vec<Opinion> {
    let file = Path::new(view.config_path)
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    judge_records(view, |_, line| {
        let missing = missing(line, &file);
        (!missing.is_empty()).then(|| {
            Seen::new(
                "time, file, revision or digest, and duration, each as a field",
                format!("no {}: {line}", missing.join(", no ")),
            )
        })
    })
}

/// What a record does not tell as a field.
fn missing(line: &str, file: &str) -> Vec<&'static str> {
    let fields = fields(line);
    let any = |holds: &dyn Fn(&str, &str) -> bool| fields.iter().any(|(name, value)| holds(name, value));
    let named = |name: &str, parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let has_digit = |value: &str| value.contains(|c: char| c.is_ascii_digit());
    let all = [
        (
            "time",
            begins_with_time(line) || any(&|name, value| TIMES.contains(&name) && has_digit(value)),
        ),
        ("file", any(&|_, value| value.contains(file))),
        (
            "revision or digest",
            any(&|name, value| named(name, &NUMBERS) && !value.is_empty()),
        ),
        (
            "duration",
            any(&|name, value| named(name, &DURATIONS) && has_digit(value)),
        ),
    ];
    all.into_iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(name, _)| name)
        .collect()
}

fn begins_with_time(line: &str) -> bool {
    let pattern = Regex::new(r"^\[?\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:\d\d:\d\d");
    pattern.is_ok_and(|pattern| pattern.is_match(line))
}

/// The fields of a line, those of objects within by their own names.
fn fields(line: &str) -> Vec<Field> {
    let mut found = Vec::new();
    if let Ok(value @ Value::Object(_)) = serde_json::from_str(line) {
        collect("", &value, &mut found);
        return found;
    }
    if let Ok(pair) = Regex::new(r#"(?:^|\s)([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|\S*)"#) {
        found.extend(
            pair.captures_iter(line)
                .map(|pair| (pair[1].to_lowercase(), pair[2].trim_matches('"').to_owned())),
        );
    }
    found
}

fn collect(name: &str, value: &Value, found: &mut Vec<Field>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect(&name.to_lowercase(), value, found);
            }
        }
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        other => found.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn json_and_pairs_are_fields_and_prose_is_none() {
        let told = |line: &str| missing(line, "proxy.yaml");
        let json =
            r#"{"ts":17.5,"msg":"applied","file":"/c/proxy.yaml","reload":{"revision":2,"duration_ms":3}}"#;
        assert!(told(json).is_empty(), "{:?}", told(json));
        let pairs = "2026-01-02T03:04:05Z INFO applied path=\"/c/proxy.yaml\" digest=ab12 elapsed=3ms";
        assert!(told(pairs).is_empty(), "{:?}", told(pairs));
        let prose = "applied /c/proxy.yaml as revision 2 within 3 ms";
        assert_eq!(told(prose), ["time", "file", "revision or digest", "duration"]);
        assert_eq!(
            told("ts=1 file=proxy.yaml revision=2 duration_ms=soon"),
            ["duration"]
        );
    }
}
