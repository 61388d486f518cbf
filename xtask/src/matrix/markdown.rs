//! The matrix as Markdown: what the suite writes of its event logs, and around it who was judged, when, and how to do it again.

use super::{Entry, Outcome};
use crate::event_log::SuiteRun;

/// All of it. `table` is the suite's own.
pub(super) fn render(entries: &[Entry], table: &str) -> String {
    let runs: Vec<_> = entries.iter().flat_map(Entry::runs).collect();
    let suite = runs.first().map_or_else(String::new, |run| {
        let header = &run.header;
        format!(
            "reloadspec {}, {}, {}.\n",
            header.suite,
            date(header.started_unix_s),
            machine()
        )
    });
    let targets: String = entries.iter().map(rows).collect();
    format!(
        "# Matrix\n\n\
         Written by `cargo xtask matrix` and not edited. [What a verdict means](verdicts.md).\n\n\
         {suite}\n\
         ## Verdicts\n\n{}\n\n\
         ## Targets\n\n\
         | target | version | told of a change by | took | settings that depart from its defaults |\n\
         |---|---|---|---|---|\n\
         {targets}\n\
         ## Reproduce\n\n\
         ```console\n$ cargo xtask peers install\n$ cargo xtask matrix\n```\n\n\
         One target: `cargo xtask conformance --target NAME`. The event logs, and the evidence of every verdict but pass, are then in\n\
         `reports/matrix/`, with a script for each finding that shows it by the proxy and common tools alone. `cargo xtask matrix --repro` runs all of these; those\n\
         of failures are kept in [repro/](repro/).\n",
        table.trim_end()
    )
}

/// One row a variant.
fn rows(entry: &Entry) -> String {
    match &entry.outcome {
        Outcome::Broken(why) => format!(
            "| {} | *the suite failed*: {} | | | |\n",
            entry.name,
            escaped(why)
        ),
        Outcome::Judged(runs) | Outcome::NotRun(runs) => runs.iter().map(row).collect(),
    }
}

fn row(run: &SuiteRun) -> String {
    let target = &run.header.target;
    let settings = target
        .settings
        .iter()
        .map(|(setting, reason)| format!("`{setting}`: {reason}"))
        .chain(target.settle.iter().map(|settle| {
            format!(
                "left alone for {} ms before a change that stands alone: {}",
                settle.ms, settle.reason
            )
        }));
    format!(
        "| {} | {} | {} | {:.0} s | {} |\n",
        target.title(),
        target.version.as_deref().unwrap_or("*not installed*"),
        target.trigger,
        run.footer.took_ms as f64 / 1000.0,
        escaped(&settings.collect::<Vec<_>>().join("; "))
    )
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

/// Text for a cell.
fn escaped(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
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
                outcome: Outcome::Broken("no | log".to_owned()),
            },
        ];
        let text = render(&entries, "| the suite's table |\n");
        for wanted in [
            "reloadspec 0.1.0, 2025-11-21, Linux ",
            "\n| the suite's table |\n\n## Targets\n",
            "| nginx:signal | 1.22.1 | signal | 0 s | `worker_processes 2`: two can disagree |\n",
            "| caddy | *the suite failed*: no \\| log | | | |\n",
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
