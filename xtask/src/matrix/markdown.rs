//! The matrix as Markdown: the table, who was judged, every finding, every reason for silence, and how to do it again.

use std::fmt::Write;

use super::{Entry, Outcome};
use crate::event_log::{CaseReport, SuiteRun, Verdict};

/// One column.
struct Column<'a> {
    title: String,
    run: Option<&'a SuiteRun>,
}

/// All of it.
pub(super) fn render(entries: &[Entry]) -> String {
    let columns = columns(entries);
    let runs: Vec<_> = columns.iter().filter_map(|column| column.run).collect();
    let mut out = String::new();
    head(&mut out, &runs);
    table(&mut out, &columns);
    targets(&mut out, &columns);
    findings(&mut out, &runs);
    figures(&mut out, &runs);
    silence(&mut out, &runs);
    reproduce(&mut out);
    out
}

fn columns(entries: &[Entry]) -> Vec<Column<'_>> {
    entries
        .iter()
        .flat_map(|entry| match &entry.outcome {
            Outcome::Judged(runs) => runs
                .iter()
                .map(|run| Column {
                    title: run.header.target.title(),
                    run: Some(run),
                })
                .collect(),
            Outcome::NotRun | Outcome::Broken(_) => vec![Column {
                title: entry.name.clone(),
                run: None,
            }],
        })
        .collect()
}

fn head(out: &mut String, runs: &[&SuiteRun]) {
    *out += "# Matrix\n\n";
    *out += "Written by `cargo xtask matrix` and not edited. What each verdict means is in the README.\n\n";
    if let Some(first) = runs.first() {
        line(
            out,
            &format!(
                "reloadspec {}, {}, {}.",
                first.header.suite,
                date(first.header.started_unix_s),
                machine()
            ),
        );
    }
}

fn table(out: &mut String, columns: &[Column<'_>]) {
    *out += "\n| case |";
    for column in columns {
        push(out, format_args!(" {} |", column.title));
    }
    *out += "\n|---|";
    *out += &"---|".repeat(columns.len());
    *out += "\n";
    for case in cases(columns) {
        push(out, format_args!("| `{case}` |"));
        for column in columns {
            push(out, format_args!(" {} |", cell(column.run, case)));
        }
        *out += "\n";
    }
    *out += "| **conformant** |";
    for column in columns {
        let word = match column.run {
            Some(run) if run.footer.conformant => "**yes**",
            Some(_) => "no",
            None => "*not run*",
        };
        push(out, format_args!(" {word} |"));
    }
    *out += "\n";
}

/// All cases, in the order in which they first appear.
fn cases<'a>(columns: &[Column<'a>]) -> Vec<&'a str> {
    let mut all = Vec::new();
    for run in columns.iter().filter_map(|column| column.run) {
        for report in &run.cases {
            if !all.contains(&report.case.as_str()) {
                all.push(&report.case);
            }
        }
    }
    all
}

fn cell(run: Option<&SuiteRun>, case: &str) -> String {
    let report = run.and_then(|run| run.cases.iter().find(|report| report.case == case));
    match report {
        None => "*not run*".to_owned(),
        Some(report) if report.known_deviation => "deviation".to_owned(),
        Some(report) => match report.verdict {
            Verdict::Fail => "**fail**".to_owned(),
            Verdict::NotRun => "*not run*".to_owned(),
            other => other.to_string(),
        },
    }
}

fn targets(out: &mut String, columns: &[Column<'_>]) {
    *out += "\n## Targets\n\n| target | version | told of a change by | took | settings that depart from its defaults |\n|---|---|---|---|---|\n";
    for column in columns {
        match column.run {
            None => push(
                out,
                format_args!("| {} | *not installed* | | | |\n", column.title),
            ),
            Some(run) => {
                let target = &run.header.target;
                let settings = target
                    .settings
                    .iter()
                    .map(|(setting, reason)| format!("`{setting}`: {reason}"));
                push(
                    out,
                    format_args!(
                        "| {} | {} | {} | {:.0} s | {} |\n",
                        column.title,
                        target.version.as_deref().unwrap_or("unknown"),
                        target.trigger,
                        run.footer.took_ms as f64 / 1000.0,
                        escaped(&settings.collect::<Vec<_>>().join("; "))
                    ),
                );
            }
        }
    }
}

fn findings(out: &mut String, runs: &[&SuiteRun]) {
    *out += "\n## Findings\n";
    let mut any = false;
    for run in runs {
        let against = checks(run, |report, at| report.checks[at].is_against());
        if against.is_empty() {
            continue;
        }
        any = true;
        push(out, format_args!("\n### {}\n\n", run.header.target.title()));
        for (report, at) in against {
            let check = &report.checks[at];
            push(
                out,
                format_args!("- **{}** `{}` in `{}`", check.verdict, check.title(), report.case),
            );
            if let Some(finding) = &check.finding {
                push(
                    out,
                    format_args!(
                        ": expected {}; observed {}",
                        one_line(&finding.expected),
                        one_line(&finding.observed)
                    ),
                );
            }
            if let Some(reason) = &check.deviation {
                push(out, format_args!(" (known deviation: {})", one_line(reason)));
            }
            *out += "\n";
        }
    }
    if !any {
        *out += "\nNone.\n";
    }
}

fn figures(out: &mut String, runs: &[&SuiteRun]) {
    let mut rows = String::new();
    for run in runs {
        for (report, at) in checks(run, |report, at| report.checks[at].figure.is_some()) {
            let check = &report.checks[at];
            push(
                &mut rows,
                format_args!(
                    "| {} | `{}` | {} |\n",
                    run.header.target.title(),
                    check.title(),
                    escaped(check.figure.as_deref().unwrap_or_default())
                ),
            );
        }
    }
    if !rows.is_empty() {
        *out += "\n## Figures\n\n| target | check | figure |\n|---|---|---|\n";
        *out += &rows;
    }
}

/// What was not judged, and why.
fn silence(out: &mut String, runs: &[&SuiteRun]) {
    let mut rows = String::new();
    for run in runs {
        for (report, at) in checks(run, |report, at| {
            matches!(
                report.checks[at].verdict,
                Verdict::Unsupported | Verdict::Inconclusive | Verdict::Error
            )
        }) {
            let check = &report.checks[at];
            push(
                &mut rows,
                format_args!(
                    "| {} | `{}` | `{}` | {} | {} |\n",
                    run.header.target.title(),
                    report.case,
                    check.title(),
                    check.verdict,
                    escaped(check.why.as_deref().unwrap_or_default())
                ),
            );
        }
    }
    if !rows.is_empty() {
        *out += "\n## Not judged\n\n| target | case | check | verdict | why |\n|---|---|---|---|---|\n";
        *out += &rows;
    }
}

fn reproduce(out: &mut String) {
    *out += "\n## Reproduce\n\n```console\n$ cargo xtask peers install\n$ cargo xtask matrix\n```\n\n";
    *out += "One target: `cargo xtask conformance --target NAME`. The event logs and the evidence of every verdict but pass are then in\n";
    *out += "`reports/matrix/`; each evidence folder has a `repro.sh` that needs the target and common tools only.\n";
}

/// The checks of a run that are wanted: a report and a place in it.
fn checks(run: &SuiteRun, wanted: impl Fn(&CaseReport, usize) -> bool) -> Vec<(&CaseReport, usize)> {
    run.cases
        .iter()
        .flat_map(|report| (0..report.checks.len()).map(move |at| (report, at)))
        .filter(|(report, at)| wanted(report, *at))
        .collect()
}

fn machine() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let release: String = release
        .trim()
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    format!("Linux {release}, {cores} cores")
}

/// The day of a time, in UTC: the proleptic Gregorian calendar by eras of 400 years.
fn date(unix_s: u64) -> String {
    let days = unix_s / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn line(out: &mut String, text: &str) {
    *out += text;
    *out += "\n";
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = out.write_fmt(text);
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text for a cell.
fn escaped(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_log::tests::LOG;

    #[test]
    fn a_matrix_has_all_that_a_reader_needs() {
        let entries = [
            Entry {
                name: "nginx".to_owned(),
                outcome: Outcome::Judged(SuiteRun::parse(LOG).unwrap()),
            },
            Entry {
                name: "caddy".to_owned(),
                outcome: Outcome::NotRun,
            },
        ];
        let text = render(&entries);
        for wanted in [
            "reloadspec 0.1.0, 2025-11-21, Linux ",
            "| case | nginx:signal | caddy |\n|---|---|---|\n| `c` | **fail** | *not run* |\n",
            "| **conformant** | no | *not run* |\n",
            "| nginx:signal | 1.22.1 | signal | 0 s | `worker_processes 2`: two can disagree |\n",
            "- **fail** `recovers/syntax` in `c`: expected generation 3; observed generation 2 | 1\n",
            "| nginx:signal | `c` | `no_mixing` | unsupported | no reason |\n",
            "## Reproduce\n",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
        }
    }

    #[test]
    fn days_are_named() {
        for (unix_s, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_763_700_000, "2025-11-21"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(unix_s), day);
        }
    }
}
