//! What the reference is to reach beside its peers, and whether it does.

use crate::peers::results::{REFERENCE, Results};
use crate::peers::statistics::{Range, Spread, median, percentile, short};
use crate::peers::tables::{Table, round_medians, round_percentiles};

/// Those that are asked for throughput.
const FAST: [&str; 2] = ["nginx", "haproxy"];

/// A figure of ours, what it is held against, and the bound.
struct Floor {
    what: String,
    ours: String,
    /// The peer and its figure, or nothing for a bound that stands by itself.
    theirs: String,
    /// Ours to theirs, or ours.
    figure: Option<Spread>,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// Rounds of figures.
type Rounds = Vec<(u32, f64)>;

// === impl Floor ===

impl Floor {
    /// A ratio to a peer.
    fn ratio(what: &str, unit: &str, ours: &Rounds, (name, theirs): &(&str, Rounds), bound: Bound) -> Self {
        Self {
            what: what.to_owned(),
            ours: format!("{} {unit}", short(median(&figures(ours)))),
            theirs: format!("{name}, {} {unit}", short(median(&figures(theirs)))),
            figure: Spread::of_ratios(ours, theirs),
            bound,
        }
    }

    /// A figure of all rounds together, by itself.
    fn own(what: &str, unit: &str, figure: f64, rounds: &[f64], bound: Bound) -> Self {
        Self {
            what: what.to_owned(),
            ours: format!("{} {unit}", short(figure)),
            theirs: "–".to_owned(),
            figure: Spread::of(rounds).map(|of_rounds| Spread {
                median: figure,
                ..of_rounds
            }),
            bound,
        }
    }

    fn expected(&self) -> Option<Range> {
        self.figure.and_then(|figure| figure.expected)
    }

    fn row(self) -> Vec<String> {
        let (bound, is_reached) = match (self.bound, self.figure) {
            (Bound::AtMost(bound), figure) => (
                format!("at most {bound}"),
                figure.is_some_and(|it| it.median <= bound),
            ),
            (Bound::AtLeast(bound), figure) => (
                format!("at least {bound}"),
                figure.is_some_and(|it| it.median >= bound),
            ),
        };
        let figure = self.figure.map_or_else(|| "–".to_owned(), |it| it.to_string());
        let expected = self
            .expected()
            .map_or_else(|| "–".to_owned(), |it| it.to_string());
        let reached = if is_reached { "yes" } else { "**no**" };
        vec![
            self.what,
            self.ours,
            self.theirs,
            figure,
            expected,
            bound,
            reached.to_owned(),
        ]
    }
}

fn figures(rounds: &Rounds) -> Vec<f64> {
    rounds.iter().map(|(_, figure)| *figure).collect()
}

/// The peer with the least median, or the greatest.
fn best<'a>(
    results: &'a Results,
    row: &str,
    least: bool,
    rounds: impl Fn(&str) -> Rounds,
) -> Option<(&'a str, Rounds)> {
    let peers = results.proxies(row).into_iter().filter(|name| *name != REFERENCE);
    let peers = peers
        .map(|name| (name, rounds(name)))
        .filter(|(_, rounds)| !rounds.is_empty());
    let by = |(_, rounds): &(&str, Rounds)| median(&figures(rounds)) * if least { 1.0 } else { -1.0 };
    peers.min_by(|one, other| by(one).total_cmp(&by(other)))
}

/// All floors of which there are figures.
pub fn table(results: &Results) -> Table {
    let mut table = Table::new(&[
        "what",
        "reference",
        "best peer",
        "ratio or figure",
        "another run",
        "floor",
        "reached",
    ]);
    table.rows.extend(all(results).map(Floor::row));
    table
}

/// Whether another run says the same as one before it: how many of its figures lie where that one expects them, and which do not.
pub fn agreement(before: &Results, now: &Results) -> String {
    let (mut within, mut beside) = (0, Vec::new());
    let now: Vec<_> = all(now).collect();
    for floor in all(before) {
        let same = now.iter().find(|other| other.what == floor.what);
        let Some((expected, figure)) = floor.expected().zip(same.and_then(|other| other.figure)) else {
            continue;
        };
        if expected.has(figure.median) {
            within += 1;
        } else {
            beside.push(format!(
                "{}: {} where {expected} was expected",
                floor.what,
                short(figure.median)
            ));
        }
    }
    let count = within + beside.len();
    let mut text = format!("{within} of {count} figures lie where the run before expects them");
    for line in beside {
        text += "\n  ";
        text += &line;
    }
    text
}

fn all(results: &Results) -> impl Iterator<Item = Floor> {
    let floors = [
        apply(results),
        reloads(results),
        throughput(results),
        memory(results),
    ];
    floors.into_iter().flatten()
}

fn apply(results: &Results) -> Vec<Floor> {
    let mut floors = Vec::new();
    for (row, ratio) in [("apply/10", 0.5), ("apply/1000", 1.0), ("apply/10000", 1.0)] {
        let medians = |name: &str| round_medians(results, row, name);
        let best = best(results, row, true, medians);
        let (ours, what) = (medians(REFERENCE), format!("{row}, median"));
        floors.extend(best.map(|best| Floor::ratio(&what, "ms", &ours, &best, Bound::AtMost(ratio))));
    }
    for (row, percent, name, bound) in [
        ("apply/10", 50.0, "median", 1.0),
        ("apply/10", 99.0, "p99", 3.0),
        ("apply/100000", 100.0, "max", 1000.0),
    ] {
        let samples = results.samples_ms(row, REFERENCE);
        if !samples.is_empty() {
            let figure = percentile(&samples, percent);
            let rounds = round_percentiles(results, row, REFERENCE, percent);
            floors.push(Floor::own(
                &format!("{row}, {name}, ms"),
                "ms",
                figure,
                &figures(&rounds),
                Bound::AtMost(bound),
            ));
        }
    }
    floors
}

fn reloads(results: &Results) -> Vec<Floor> {
    let mut floors = Vec::new();
    for (row, p99, answers) in [("reloads/10", 1.1, 0.97), ("reloads/10000", 1.3, 0.9)] {
        let rounds = |name: &str| results.rounds(row, REFERENCE, name);
        if rounds("with_p99_ms").is_empty() {
            continue;
        }
        for (name, what, unit, bound) in [
            ("p99_ms", "p99, with : without", "ms", Bound::AtMost(p99)),
            ("per_s", "answers, with : without", "/s", Bound::AtLeast(answers)),
        ] {
            let without = ("without", rounds(&format!("without_{name}")));
            let with = rounds(&format!("with_{name}"));
            floors.push(Floor::ratio(
                &format!("{row}, {what}"),
                unit,
                &with,
                &without,
                bound,
            ));
        }
        let failed: f64 = figures(&rounds("with_failed")).iter().sum();
        floors.push(Floor::own(
            &format!("{row}, failed requests"),
            "",
            failed,
            &[failed],
            Bound::AtMost(0.0),
        ));
    }
    floors
}

fn throughput(results: &Results) -> Vec<Floor> {
    let mut floors = Vec::new();
    for row in results.rows("throughput/") {
        for (name, unit, least, bound) in [
            ("per_cpu_second", "/CPU-s", false, Bound::AtLeast(1.0)),
            ("p99_ms", "ms", true, Bound::AtMost(1.0)),
        ] {
            let rounds = |name: &str, proxy: &str| results.rounds(row, proxy, name);
            let of = |proxy: &str| {
                if FAST.contains(&proxy) {
                    rounds(name, proxy)
                } else {
                    Rounds::new()
                }
            };
            let what = format!("{row}, {}", name.trim_end_matches("_ms").replace('_', " "));
            let ours = rounds(name, REFERENCE);
            floors.extend(
                best(results, row, least, of).map(|best| Floor::ratio(&what, unit, &ours, &best, bound)),
            );
        }
    }
    floors
}

fn memory(results: &Results) -> Vec<Floor> {
    let names = [
        "idle_kib",
        "connection_kib",
        "many_routes_kib",
        "after_changes_kib",
    ];
    let floors = names.into_iter().filter_map(|name| {
        let rounds = |proxy: &str| results.rounds("memory", proxy, name);
        let best = best(results, "memory", true, rounds)?;
        let what = format!("memory, {}", name.trim_end_matches("_kib").replace('_', " "));
        Some(Floor::ratio(
            &what,
            "KiB",
            &rounds(REFERENCE),
            &best,
            Bound::AtMost(1.0),
        ))
    });
    floors.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::results::Measurement;

    #[test]
    fn the_better_of_two_counts_and_others_do_not() {
        let throughput = |proxy: &str, round, figure, p99| {
            Measurement::new("throughput/small-64", proxy, round)
                .with("per_cpu_second", figure)
                .with("p99_ms", p99)
        };
        let results = Results {
            measurements: vec![
                throughput(REFERENCE, 0, 90.0, 1.0),
                throughput("nginx", 0, 100.0, 2.0),
                throughput("haproxy", 0, 80.0, 1.0),
                throughput("another", 0, 900.0, 0.1),
                throughput(REFERENCE, 1, 120.0, 1.0),
                throughput("nginx", 1, 100.0, 2.0),
                throughput("haproxy", 1, 80.0, 2.0),
            ],
            ..Results::default()
        };
        let table = table(&results);
        assert_eq!(
            table.rows[0][2..],
            [
                "nginx, 100 /CPU-s",
                "1.05 (0.90–1.20)",
                "0.04–26.8",
                "at least 1",
                "yes"
            ]
        );
        assert_eq!(table.rows[1][2..4], ["haproxy, 1.50 ms", "0.75 (0.50–1.00)"]);
        assert_eq!(table.rows[1][5..], ["at most 1", "yes"]);
    }

    #[test]
    fn a_floor_that_is_missed_says_so() {
        let apply = |proxy: &str, ms| Measurement::new("apply/10", proxy, 0).with_samples(&[ms]);
        let results = Results {
            measurements: vec![apply(REFERENCE, 1.5), apply("envoy-rds", 2.0)],
            ..Results::default()
        };
        let table = table(&results);
        assert_eq!(
            table.rows[0][3..],
            ["0.75 (0.75–0.75)", "–", "at most 0.5", "**no**"]
        );
        assert_eq!(
            table.rows[1][3..],
            ["1.50 (1.50–1.50)", "–", "at most 1", "**no**"]
        );
        assert_eq!(table.rows[2][3..], ["1.50 (1.50–1.50)", "–", "at most 3", "yes"]);
    }

    #[test]
    fn another_run_agrees_where_it_is_as_expected_and_what_does_not_is_named() {
        let run = |figures: [f64; 3], ms: f64| {
            let rounds = (0..).zip(figures).flat_map(|(round, ours)| {
                let of = |proxy: &str, figure, p99| {
                    Measurement::new("throughput/small-64", proxy, round)
                        .with("per_cpu_second", figure)
                        .with("p99_ms", p99)
                };
                [of(REFERENCE, ours, ms), of("nginx", 100.0, 1.0)]
            });
            Results {
                measurements: rounds.collect(),
                ..Results::default()
            }
        };
        let before = run([90.0, 100.0, 110.0], 1.0);
        assert_eq!(
            agreement(&before, &run([80.0, 90.0, 100.0], 1.0)),
            "2 of 2 figures lie where the run before expects them"
        );
        let other = agreement(&before, &run([200.0, 210.0, 220.0], 1.0));
        let expected = "1 of 2 figures lie where the run before expects them\n  throughput/small-64, per cpu second: 2.10 where 0.64–1.56 was expected";
        assert_eq!(other, expected);
        // A single round expects nothing, and what was not measured says nothing.
        let nothing = "0 of 0 figures lie where the run before expects them";
        assert_eq!(agreement(&Results::default(), &before), nothing);
        assert_eq!(agreement(&before, &Results::default()), nothing);
    }
}
