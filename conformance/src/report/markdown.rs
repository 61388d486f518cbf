//! A table of cases × targets, with what each non-pass rests on below it.

use std::fmt::Write as _;

use super::printable;
use crate::vocabulary::{CaseReport, CheckResult, RunReport, Verdict};

/// Writes runs of several targets as one table.
pub fn render(reports: &[RunReport]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail, here and below.
    let _ = write!(out, "| case |");
    for report in reports {
        let _ = write!(out, " {} |", report.header.target.title());
    }
    let _ = write!(out, "\n|---|{}\n", "---|".repeat(reports.len()));
    for id in cases(reports) {
        let _ = write!(out, "| `{id}` |");
        for report in reports {
            let case = report.cases.iter().find(|case| case.case == id);
            let _ = write!(out, " {} |", case.map_or_else(|| "–".to_owned(), cell));
        }
        out.push('\n');
    }
    let _ = write!(out, "| **conformant** |");
    for report in reports {
        let _ = write!(out, " {} |", conformant(report));
    }
    out.push('\n');
    for report in reports {
        details(&mut out, report);
    }
    out
}

fn cases(reports: &[RunReport]) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for case in reports.iter().flat_map(|report| &report.cases) {
        if !ids.contains(&case.case.as_str()) {
            ids.push(&case.case);
        }
    }
    ids
}

fn cell(case: &CaseReport) -> String {
    match &case.verdict {
        Verdict::Pass => "pass".into(),
        Verdict::Fail if case.known_deviation => format!("deviation: {}", names(case, &Verdict::Fail)),
        Verdict::Fail => format!("**fail**: {}", names(case, &Verdict::Fail)),
        Verdict::Weak => format!("weak: {}", names(case, &Verdict::Weak)),
        other => other.word().to_owned(),
    }
}

/// The names of the checks with a verdict, each once.
fn names(case: &CaseReport, verdict: &Verdict) -> String {
    let mut names: Vec<&str> = Vec::new();
    for result in case.checks.iter().filter(|result| result.verdict == *verdict) {
        if !names.contains(&result.check.name()) {
            names.push(result.check.name());
        }
    }
    names.join(", ")
}

fn conformant(report: &RunReport) -> &'static str {
    match report.footer.exit_code {
        0 | 3 => "yes",
        2 => "inconclusive",
        69 => "not run",
        70 => "error",
        _ => "no",
    }
}

fn details(out: &mut String, report: &RunReport) {
    let target = &report.header.target;
    let version = target.version.as_deref().unwrap_or("unknown version");
    let _ = write!(out, "\n### {} {version}\n\n", target.title());
    let mut told: Vec<String> = Vec::new();
    for case in &report.cases {
        match case.verdict.why().filter(|_| case.checks.is_empty()) {
            Some(why) => {
                // What keeps all cases from being run is told once.
                let is_of_all = report.cases.iter().all(|other| other.verdict == case.verdict);
                let whose = if is_of_all {
                    String::new()
                } else {
                    format!("`{}` ", case.case)
                };
                told.push(format!("{whose}**{}**: {}", case.verdict, escape(why)));
            }
            None => told.extend(
                case.checks
                    .iter()
                    .filter(|result| result.verdict != Verdict::Pass)
                    .map(|result| format!("`{}` {}", case.case, detail(result))),
            ),
        }
    }
    told.extend(
        report
            .footer
            .stale
            .iter()
            .map(|stale| format!("**stale**: {}", escape(stale))),
    );
    told.dedup();
    if told.is_empty() {
        out.push_str("Nothing to tell but passes.\n");
    }
    for line in told {
        let _ = writeln!(out, "- {line}");
    }
}

fn detail(result: &CheckResult) -> String {
    let head = format!("**{}** `{}` ({})", result.verdict, result.title(), result.level);
    let known = result.deviation.as_ref().map_or_else(String::new, |reason| {
        format!(" Known deviation: {}", on_one_line(reason))
    });
    match (&result.finding, result.figure.as_deref().or(result.verdict.why())) {
        (Some(finding), _) => {
            format!(
                "{head}: expected {}; observed {}.{known}",
                escape(&finding.expected),
                escape(&finding.observed)
            )
        }
        (None, Some(text)) => format!("{head}: {}{known}", escape(text)),
        (None, None) => format!("{head}{known}"),
    }
}

/// What a target logged must not become markup.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '|' | '`' | '*' | '[' | ']' | '\\' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

/// A reason is written for people and may hold a link.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
