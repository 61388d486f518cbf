//! What a script looks for in what was said: in a record of a success, and in a complaint about a bad file.
//!
//! In: what a finding rests on. Out: the body of a look. Never: a stricter reading than the judge's.

use super::NoScript;
use super::segment::Segment;
use crate::vocabulary::{CheckResult, Flaw, TargetFacts};

/// What the record of a success tells as fields: JSON, or `key=value` after a time and a message.
pub(super) const FIELDS: &str = r#"    [ $1 = change ] && [ -n "$took" ] || return 0
    sleep 1
    [ "$(new_records)" != 0 ] || return 0
    said | grep -P -- "$record" | head -n 1 >"$work/line"
    lacks=$(python3 - "$config_name" "$work/line" <<'PYTHON'
import json, os, re, sys
name, line, fields = os.path.basename(sys.argv[1]), open(sys.argv[2], errors="replace").read().strip(), []
def collect(name, value):
    if isinstance(value, dict): [collect(key.lower(), inner) for key, inner in value.items()]
    else: fields.append((name, value if isinstance(value, str) else json.dumps(value)))
try: collect("", json.loads(line))
except ValueError:
    pairs = re.findall(r'(?:^|\s)([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|\S*)', line)
    fields = [(key.lower(), value.strip('"')) for key, value in pairs]
named = lambda parts, needs_digit: any(any(part in key for part in parts) and (re.search("[0-9]", value) if needs_digit else value) for key, value in fields)
times = ("ts", "time", "timestamp", "@timestamp", "date", "at")
timed = re.match(r"\[?\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:\d\d:\d\d", line) or any(key in times and re.search("[0-9]", value) for key, value in fields)
there = {"time": timed, "file": any(name in value for _, value in fields),
    "revision or digest": named(("revision", "generation", "version", "digest", "hash", "checksum", "sha"), False),
    "duration": named(("duration", "elapsed", "took", "latency", "_ms"), True)}
print(", ".join("no " + what for what, is_there in there.items() if not is_there))
PYTHON
    )
    [ -z "$lacks" ] || shown "the record of a success has as fields $lacks: $(cat "$work/line")""#;

/// The complaint about the bad file that a finding is about: what was logged since, and the trigger's answer, if it was refused at all.
const COMPLAINT: &str = r#"    [ $1 = flawed ] && [ "$kind" = "$subject" ] || return 0
    sleep 1
    [ "$(new_records)" != 0 ] || [ "${told-}" = no ] || return 0
    said >"$work/said"
"#;

/// The file, the line and the column.
pub(super) fn names_place(segment: &Segment<'_>, result: &CheckResult) -> Result<String, NoScript> {
    let subject = result.subject.as_deref().unwrap_or_default();
    let bad = segment
        .writes()
        .find(|write| write.flaw.is_some_and(|flaw| flaw.name() == subject))
        .ok_or_else(|| "no bad file was delivered".to_owned())?;
    // Text that is none may be noticed as late as at the end of the file, and what was only begun there.
    let (first, last) = match (bad.odd_lines, bad.flaw) {
        (None, _) => (1, u32::MAX),
        (Some((first, _)), Some(Flaw::Syntax)) => (first.saturating_sub(1).max(1), u32::MAX),
        (Some(lines), _) => lines,
    };
    let file = segment
        .place
        .config
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let place = match last {
        u32::MAX => format!("line {first} of {file}, or one after it"),
        last if last == first => format!("line {first} of {file}"),
        last => format!("a line of {file} from {first} to {last}"),
    };
    Ok(format!(
        r#"{COMPLAINT}    lacks=$(python3 - "{file}" {first} {last} "$work/said" <<'PYTHON'
import re, sys
name, first, last, said = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), open(sys.argv[4], errors="replace").read()
in_words = r"(?i)\blines?:? ?(\d+)(?:[,:]? ?(?:at )?col(?:umn)?:? ?(\d+))?"
after_name = re.escape(name) + r"[\"']?:(\d+)(?::(\d+))?\b"
of_line = [column for line, column in re.findall(in_words, said) + re.findall(after_name, said) if first <= int(line) <= last]
there = {{"file": name in said, "line": of_line, "column": any(of_line)}}
print(", ".join("no " + what for what, is_there in there.items() if not is_there))
PYTHON
    )
    [ -z "$lacks" ] || {{ sed 's/^/    /' "$work/said" | cut -c 1-400; shown "the mistake is in {place}, and what is said of it names $lacks"; }}"#
    ))
}

/// The known key that is nearest to an unknown one.
pub(super) fn names_nearest(facts: &TargetFacts) -> Result<String, NoScript> {
    let known = facts
        .misspelt
        .as_ref()
        .ok_or_else(|| "which key was misspelt is not known".to_owned())?;
    Ok(format!(
        r#"{COMPLAINT}    grep -qP '(?:^|[^\w-])\Q{known}\E(?:[^\w-]|$)' "$work/said" || {{ sed 's/^/    /' "$work/said" | cut -c 1-400; shown "a key was misspelt, and what is said of it does not name {known}"; }}"#
    ))
}
