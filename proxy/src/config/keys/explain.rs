//! The table as text for people.

use std::fmt::Write as _;

use super::{Absent, Form, Key, Kind, all};

/// No key is called like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no key `{path}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct Unknown {
    path: String,
    near: Option<String>,
}

/// What the key at `path` means, and every key below it; all keys for an empty path. Numbers of items do not matter: `routes.host`,
/// `routes[].host` and `routes[0].host` are the same.
pub fn explain(path: &str) -> Result<String, Unknown> {
    let wanted = plain(path);
    let is_wanted = |path: &str| {
        let path = plain(path);
        let below = path
            .strip_prefix(&wanted)
            .is_some_and(|rest| rest.starts_with('.'));
        wanted.is_empty() || path == wanted || below
    };
    let mut shown = String::new();
    for (path, key) in all().iter().filter(|(path, _)| is_wanted(path)) {
        one(&mut shown, path, key);
    }
    if shown.is_empty() {
        return Err(unknown(path, &wanted));
    }
    Ok(shown)
}

fn unknown(path: &str, wanted: &str) -> Unknown {
    let distance = |other: &str| {
        let other = plain(other);
        let last = other.rsplit('.').next().unwrap_or_default();
        strsim::damerau_levenshtein(wanted, &other).min(strsim::damerau_levenshtein(wanted, last))
    };
    let all = all();
    let scored = all
        .iter()
        .map(|(other, _)| (distance(other), other))
        .min_by_key(|(distance, _)| *distance);
    let near = scored.filter(|(distance, _)| *distance <= 2 + wanted.len() / 5);
    Unknown {
        path: path.to_owned(),
        near: near.map(|(_, other)| other.clone()),
    }
}

/// A path without the numbers of items.
fn plain(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain
}

fn one(shown: &mut String, path: &str, key: &Key) {
    let absent = match key.absent {
        Absent::Refused => "it has to be there".to_owned(),
        Absent::Default("") => "default: nothing".to_owned(),
        Absent::Default(value) => format!("default: {value}"),
        Absent::Means(words) => format!("if left out: {words}"),
    };
    let (kind, about) = (kind(key.kind), key.about);
    // Writing to a string cannot fail.
    let _ = writeln!(shown, "{path}\n    {about}\n    {kind}; {absent}");
}

fn kind(kind: Kind) -> String {
    let words = |words: &[&str]| format!("one of {}", words.join(", "));
    let duration = "a duration, 1ms to 24h, such as 250ms, 10s, 5m, 1h";
    match kind {
        Kind::Table(_) => "a table".to_owned(),
        Kind::Tables(_) => "a list of tables".to_owned(),
        Kind::Fields => "a table of field names and their values, which are never shown".to_owned(),
        Kind::Texts(form) => format!("a list, each item {}", text(form)),
        Kind::TextOrTexts(form) => format!("{}, or a list of such", text(form)),
        Kind::Text(form) => text(form),
        Kind::Words(known) => format!("a list, each item {}", words(known)),
        Kind::Word(known) => words(known),
        Kind::Number { low, high } => format!("a whole number, {low} to {high}"),
        Kind::Choice(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            words(&numbers.iter().map(String::as_str).collect::<Vec<_>>())
        }
        Kind::Size { low, high } => {
            let bounds = match high {
                u64::MAX => format!("from {low} B on"),
                high => format!("{low} to {high} B"),
            };
            format!("a size, {bounds}, such as 512B, 64KiB, 10MiB, 1GiB, or a number of bytes")
        }
        Kind::Duration => duration.to_owned(),
        Kind::Cut => format!("{duration}, or never"),
    }
}

fn text(form: Form) -> String {
    if form.is_secret {
        return format!("{}, never shown", form.what);
    }
    let examples: Vec<String> = form
        .examples
        .iter()
        .map(|example| format!("`{}`", example.escape_default()))
        .collect();
    format!("{}, such as {}", form.what, examples.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_however_its_list_is_written() {
        let shown = explain("routes[].respond.status").expect("a key");
        assert!(
            shown.contains("a whole number, 200 to 599; default: 200"),
            "{shown}"
        );
        assert_eq!(explain("routes.respond.status"), Ok(shown.clone()));
        assert_eq!(explain("routes[7].respond.status"), Ok(shown));
    }

    #[test]
    fn a_table_brings_what_is_below_it_and_nothing_else() {
        let shown = explain("drain").expect("a table");
        let paths: Vec<_> = shown.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(
            paths,
            [
                "drain",
                "drain.timeout",
                "drain.listener_timeout",
                "drain.route_timeout"
            ]
        );
        let all = explain("").expect("all keys");
        assert!(
            all.contains(&shown) && !all.contains("canary"),
            "what is explained is in all that is explained"
        );
    }

    #[test]
    fn a_mistyped_path_is_told_what_it_may_mean() {
        let error = explain("drain.timeuot").expect_err("no key");
        assert_eq!(
            error.to_string(),
            "there is no key `drain.timeuot`; did you mean `drain.timeout`?"
        );
        assert!(
            explain("idle_timeout")
                .expect_err("no path")
                .to_string()
                .contains("`limits.idle_timeout`")
        );
        assert_eq!(
            explain("nonsense").expect_err("no key").to_string(),
            "there is no key `nonsense`"
        );
    }
}
