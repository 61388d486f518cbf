//! Results in, tables out, which read well on a terminal and as Markdown.

use std::fmt;

use crate::peers::results::{REFERENCE, Results};
use crate::peers::statistics::{Spread, median, percentile, short};

/// Cells below a head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Of each column.
    pub head: Vec<String>,
    /// As many cells each as the head has.
    pub rows: Vec<Vec<String>>,
}

// === impl Table ===

impl Table {
    /// Without rows yet.
    pub fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let widths: Vec<_> = (0..self.head.len())
            .map(|column| all().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        for (number, row) in all().enumerate() {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!(" {cell:width$} |"));
            writeln!(f, "|{}", cells.collect::<String>())?;
            if number == 0 {
                let rule = widths.iter().map(|width| format!("{}|", "-".repeat(width + 2)));
                writeln!(f, "|{}", rule.collect::<String>())?;
            }
        }
        Ok(())
    }
}

/// A row's name without that of its group.
fn name_of(row: &str) -> &str {
    row.split_once('/').map_or(row, |(_, name)| name)
}

/// The median of each round, of single times.
pub(crate) fn round_medians(results: &Results, row: &str, proxy: &str) -> Vec<(u32, f64)> {
    of_rounds(results, row, proxy, median)
}

/// What of each round's single times so many of a hundred do not exceed.
pub(crate) fn round_percentiles(results: &Results, row: &str, proxy: &str, percent: f64) -> Vec<(u32, f64)> {
    of_rounds(results, row, proxy, |samples| percentile(samples, percent))
}

fn of_rounds(results: &Results, row: &str, proxy: &str, figure: impl Fn(&[f64]) -> f64) -> Vec<(u32, f64)> {
    let of = results
        .measurements
        .iter()
        .filter(|it| it.row == row && it.proxy == proxy && !it.samples_ms.is_empty());
    of.map(|it| (it.round, figure(&it.samples_ms))).collect()
}

fn spread(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| spread.to_string())
}

/// How long a change takes.
pub fn apply(results: &Results) -> Table {
    let mut table = Table::new(&[
        "routes",
        "proxy",
        "median ms",
        "p95",
        "p99",
        "max",
        "times the reference",
        "changes",
        "lost",
        "sharp to ms",
    ]);
    for row in results.rows("apply/") {
        let ours = round_medians(results, row, REFERENCE);
        for proxy in results.proxies(row) {
            let samples = results.samples_ms(row, proxy);
            let at = |percent| short(percentile(&samples, percent));
            let ratio = Spread::of_ratios(&round_medians(results, row, proxy), &ours);
            table.rows.push(vec![
                name_of(row).replace("-split", ", split"),
                proxy.to_owned(),
                short(median(&samples)),
                at(95.0),
                at(99.0),
                at(100.0),
                spread(ratio.filter(|_| proxy != REFERENCE)),
                samples.len().to_string(),
                results
                    .figures(row, proxy, "lost")
                    .iter()
                    .sum::<f64>()
                    .to_string(),
                short(median(&results.figures(row, proxy, "probe_step_ms"))),
            ]);
        }
    }
    table
}

/// What requests notice of changes.
pub fn reloads(results: &Results) -> Table {
    let mut table = Table::new(&[
        "routes",
        "proxy",
        "p50 ms, without",
        "with",
        "p99 ms, without",
        "with",
        "max ms, without",
        "with",
        "p99, with : without",
        "answers, with : without",
        "failed",
        "connections ended",
        "changes",
    ]);
    for row in results.rows("reloads/") {
        for proxy in results.proxies(row) {
            let figure = |name: &str| short(median(&results.figures(row, proxy, name)));
            let sum = |name: &str| results.figures(row, proxy, name).iter().sum::<f64>().to_string();
            let ratio = |name: &str| {
                let rounds = |side: &str| results.rounds(row, proxy, &format!("{side}_{name}"));
                spread(Spread::of_ratios(&rounds("with"), &rounds("without")))
            };
            let mut cells = vec![name_of(row).to_owned(), proxy.to_owned()];
            for name in ["p50_ms", "p99_ms", "max_ms"] {
                cells.push(figure(&format!("without_{name}")));
                cells.push(figure(&format!("with_{name}")));
            }
            cells.extend([ratio("p99_ms"), ratio("per_s")]);
            cells.extend([sum("with_failed"), sum("with_reconnected"), sum("changes")]);
            table.rows.push(cells);
        }
    }
    table
}

/// Requests for each second of processor time: a row for each way of asking, a column for each proxy.
pub fn throughput(results: &Results) -> Table {
    by_proxy(results, |row, proxy| {
        let figures = results.figures(row, proxy, "per_cpu_second");
        let thousands: Vec<_> = figures.iter().map(|figure| figure / 1000.0).collect();
        spread(Spread::of(&thousands))
    })
}

/// The slowest hundredth of the same.
pub fn throughput_p99(results: &Results) -> Table {
    by_proxy(results, |row, proxy| {
        let failed: f64 = results.figures(row, proxy, "failed").iter().sum();
        let p99 = short(median(&results.figures(row, proxy, "p99_ms")));
        if failed > 0.0 {
            format!("{p99}, {failed} failed")
        } else {
            p99
        }
    })
}

fn by_proxy(results: &Results, cell: impl Fn(&str, &str) -> String) -> Table {
    let rows = results.rows("throughput/");
    let mut proxies: Vec<&str> = Vec::new();
    for proxy in rows.iter().flat_map(|row| results.proxies(row)) {
        if !proxies.contains(&proxy) {
            proxies.push(proxy);
        }
    }
    let mut table = Table::new(&[&["requests"], &proxies[..]].concat());
    for row in rows {
        let cells = proxies.iter().map(|proxy| cell(row, proxy));
        table
            .rows
            .push(std::iter::once(name_of(row).to_owned()).chain(cells).collect());
    }
    table
}

/// Memory.
pub fn memory(results: &Results) -> Table {
    let mut table = Table::new(&[
        "proxy",
        "idle MiB",
        "each idle connection KiB",
        "10 000 routes MiB",
        "before changes MiB",
        "after them",
        "changes",
    ]);
    for proxy in results.proxies("memory") {
        let figure = |name: &str| median(&results.figures("memory", proxy, name));
        let mib = |name: &str| short(figure(name) / 1024.0);
        table.rows.push(vec![
            proxy.to_owned(),
            mib("idle_kib"),
            short(figure("connection_kib")),
            mib("many_routes_kib"),
            mib("before_changes_kib"),
            mib("after_changes_kib"),
            figure("changes").to_string(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::results::Measurement;

    fn results() -> Results {
        let apply = |proxy: &str, round, samples: &[f64]| {
            Measurement::new("apply/10", proxy, round)
                .with("lost", 0.0)
                .with_samples(samples)
        };
        let throughput = |proxy: &str, figure| {
            Measurement::new("throughput/small-64", proxy, 0).with("per_cpu_second", figure)
        };
        Results {
            measurements: vec![
                apply("nginx", 0, &[30.0, 40.0, 50.0]),
                apply(REFERENCE, 0, &[1.0, 1.0, 2.0]),
                apply("nginx", 1, &[20.0]),
                apply(REFERENCE, 1, &[1.0]),
                throughput("nginx", 100_000.0),
                throughput(REFERENCE, 50_000.0),
            ],
            ..Results::default()
        }
    }

    #[test]
    fn cells_stand_below_each_other() {
        let mut table = Table::new(&["a", "long head"]);
        table.rows.push(vec!["wide cell".to_owned(), "–".to_owned()]);
        assert_eq!(
            table.to_string(),
            "| a         | long head |\n|-----------|-----------|\n| wide cell | –         |\n"
        );
    }

    #[test]
    fn a_change_is_compared_round_by_round() {
        let table = apply(&results());
        assert_eq!(table.rows[0][..3], ["10", "reference", "1.00"]);
        assert_eq!(table.rows[1][..3], ["10", "nginx", "35.0"]);
        assert_eq!(table.rows[1][6], "30.0 (20.0–40.0)");
    }

    #[test]
    fn proxies_are_columns_of_throughput() {
        let table = throughput(&results());
        assert_eq!(table.head, ["requests", "reference", "nginx"]);
        assert_eq!(table.rows[0][0], "small-64");
        assert_eq!(table.rows[0][2], "100 (100–100)");
    }

    #[test]
    fn what_was_not_measured_has_no_rows() {
        assert!(reloads(&results()).is_empty() && memory(&results()).is_empty());
    }
}
