//! What a script asks the proxy itself, of its status, its metrics and its admin listener, and what it looks for in the answers.
//!
//! In: how the target says that it is asked, and what a finding rests on. Out: the shell functions that ask, and the body of a look.

use std::fmt::Write as _;

use super::NoScript;
use super::proxy::quoted;
use crate::target::{Inquiry, Place, Target};
use crate::vocabulary::{CheckResult, Question, TargetFacts};

/// A credential in the status, whatever was delivered.
pub(super) const STATUS_SHOWS: &str = r#"    case $1 in start | change | flawed) ;; *) return 0 ;; esac
    ! inquire status >"$work/status" || ! grep -q 'key-g[0-9]' "$work/status" || shown "the status has a credential: $(grep -m1 -oE '.{0,60}key-g[0-9]+' "$work/status")""#;

/// One in the metrics.
pub(super) const METRICS_SHOW: &str = r#"    case $1 in start | change | flawed) ;; *) return 0 ;; esac
    ! inquire metrics >"$work/metrics" || ! grep -q 'key-g[0-9]' "$work/metrics" || shown "the metrics have a credential: $(grep -m1 -oE '.{0,60}key-g[0-9]+' "$work/metrics")""#;

/// A counter, named by the subject, that is lower after a change. It is made to grow before.
pub(super) const COUNTER_FALLS: &str = r#"    case $1 in start | change) ;; *) return 0 ;; esac
    [ $1 = start ] || [ -n "$took" ] || return 0
    is=$(metric "$subject")
    [ $1 = start ] || ! less "${is:-0}" "$counted" || shown "$subject was $counted before g$good, and is ${is:-gone} after it"
    for _ in $(seq 100); do ask >/dev/null; done
    counted=$(metric "$subject")"#;

/// What a metric of reloads has to do where one succeeded, and where one failed: more, same, a value, or nothing that could be said.
fn duty(subject: &str) -> Option<(&'static str, &'static str)> {
    Some(match subject {
        "success" | "last success" => ("more", "same"),
        "failure" => ("any", "more"),
        "duration" => ("more", "any"),
        "last outcome" => ("1", "0"),
        "watching" => ("1", "1"),
        _ => return None,
    })
}

/// A metric of reloads that does not move as it has to within the apply bound of each.
pub(super) fn is_miscounted(result: &CheckResult, facts: &TargetFacts) -> Result<String, NoScript> {
    let subject = result.subject.as_deref().unwrap_or_default();
    let metrics = facts.readings.metrics.as_ref();
    let series = metrics.and_then(|metrics| match subject {
        "success" => metrics.success.as_deref(),
        "failure" => metrics.failure.as_deref(),
        "duration" => metrics.duration.as_deref(),
        "last success" => metrics.last_success.as_deref(),
        "last outcome" => metrics.last_outcome.as_deref(),
        "watching" => metrics.watching.as_deref(),
        _ => None,
    });
    let (Some(series), Some((taken, refused))) = (series, duty(subject)) else {
        return Err(format!("no metric is declared for {subject:?}"));
    };
    let series = series.replace('\'', r"'\''");
    Ok(format!(
        r#"    series='{series}'
    case $1 in
    start) counted=$(metric "$series"); return 0 ;;
    change) [ -n "$took" ] || return 0; duty={taken}; sleep "$(((apply_ms + 999) / 1000))" ;;
    flawed) duty={refused} ;;
    *) return 0 ;;
    esac
    is=$(metric "$series")
    case $duty in
    any) ;;
    more) less "${{counted:-0}}" "${{is:-0}}" || shown "after $1 of g$(newest), $series is ${{is:-not there}}, as before" ;;
    same) same "${{counted:-0}}" "${{is:-0}}" || shown "after a bad file, $series is ${{is:-not there}}, and was ${{counted:-not there}}" ;;
    *) same "$duty" "${{is:--1}}" || shown "after $1 of g$(newest), $series is ${{is:-not there}}, and not $duty" ;;
    esac
    counted=$is"#
    ))
}

/// The functions that ask, of what the target says how to ask it.
pub(super) fn functions(target: &Target, place: &Place) -> Result<String, NoScript> {
    let asked = |question| {
        let inquiry = target.inquiry(question, place);
        inquiry.map_err(|error| error.to_string())
    };
    let mut out = String::from("inquire() {\n    case $1 in\n");
    // Writing to a string cannot fail, here and below.
    for (name, question) in [("status", Question::Status), ("metrics", Question::Metrics)] {
        if let Some(inquiry) = asked(question)? {
            let _ = writeln!(out, "    {name}) {} ;;", call(&inquiry));
        }
    }
    out.push_str("    *) return 1 ;;\n    esac\n}\n");
    if let Some(Inquiry { url, headers, .. }) = asked(Question::Admin)? {
        let rest = url.strip_prefix("http://").unwrap_or(&url);
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let header = headers.first().map(|(name, value)| format!("{name}: {value}"));
        let _ = writeln!(
            out,
            "admin_at={} admin_path={} admin_header={}",
            quoted(address),
            quoted(&format!("/{path}")),
            quoted(&header.unwrap_or_default())
        );
    }
    Ok(out)
}

fn call(inquiry: &Inquiry) -> String {
    let mut call = format!("curl -s -S -f -m 5 {}", quoted(&inquiry.url));
    for (name, value) in &inquiry.headers {
        let _ = write!(call, " -H {}", quoted(&format!("{name}: {value}")));
    }
    call
}
