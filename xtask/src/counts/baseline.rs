//! Counts as they are kept in a file, and a comparison of two of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// What may be added before it is a regression, and taken away before the baseline is stale: a share, and for what is hardly ever done a number.
const SHARE: f64 = 0.05;
const NUMBER: f64 = 0.02;

/// All rows, and what they were made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) made_with: BTreeMap<String, String>,
    pub(super) rows: BTreeMap<String, Counted>,
}

/// What doing a thing once takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) what: String,
    pub(super) instructions: f64,
    pub(super) allocations: f64,
    pub(super) syscalls: f64,
    pub(super) by_name: BTreeMap<String, f64>,
}

/// A number of a row, before and now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) row: String,
    pub(super) name: &'static str,
    pub(super) old: Option<f64>,
    pub(super) new: f64,
}

/// How it moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// By less than counts.
    Hardly,
    Up,
    Down,
    /// The baseline does not have it.
    New,
}

// === impl Counts ===

impl Counts {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("failed to parse {}", path.display()))
    }

    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
    }

    /// Each figure of these rows beside that of a baseline.
    pub(super) fn against(&self, baseline: &Self) -> Vec<Figure> {
        let figures = self.rows.iter().flat_map(|(row, now)| {
            let before = baseline.rows.get(row);
            let figure = move |name, of: fn(&Counted) -> f64| Figure {
                row: row.clone(),
                name,
                old: before.map(of),
                new: of(now),
            };
            [
                figure("instructions", |counted| counted.instructions),
                figure("allocations", |counted| counted.allocations),
                figure("syscalls", |counted| counted.syscalls),
            ]
        });
        figures.collect()
    }

    /// What the two were made with, where it is not the same.
    pub(super) fn made_with_other(&self, baseline: &Self) -> Vec<String> {
        let others = self.made_with.iter().filter_map(|(name, now)| {
            let then = baseline.made_with.get(name).map_or("unknown", String::as_str);
            (then != now).then(|| format!("{name}: {then} then, {now} now"))
        });
        others.collect()
    }
}

// === impl Figure ===

impl Figure {
    pub(super) fn moved(&self) -> Moved {
        match self.old {
            None => Moved::New,
            Some(old) if self.new > old * (1.0 + SHARE) + NUMBER => Moved::Up,
            Some(old) if self.new < old * (1.0 - SHARE) - NUMBER => Moved::Down,
            Some(_) => Moved::Hardly,
        }
    }

    /// A line of a table.
    pub(super) fn line(&self) -> String {
        let Self { row, name, old, new } = self;
        let shown = |figure: f64| {
            if figure < 1000.0 {
                format!("{figure:.2}")
            } else {
                format!("{figure:.0}")
            }
        };
        let (then, change) = match old {
            Some(old) if *old > 0.0 => (shown(*old), format!("{:+.1} %", (new / old - 1.0) * 100.0)),
            Some(old) => (shown(*old), String::new()),
            None => ("-".to_owned(), String::new()),
        };
        let verdict = match self.moved() {
            Moved::Hardly => "",
            Moved::Up => "  FAIL",
            Moved::Down => "  less: renew the baseline",
            Moved::New => "  new: renew the baseline",
        };
        format!(
            "{row:12} {name:12} {then:>12} {:>12} {change:>9}{verdict}",
            shown(*new)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instructions: f64, allocations: f64) -> Counts {
        let counted = Counted {
            what: "a request".to_owned(),
            instructions,
            allocations,
            syscalls: 4.0,
            by_name: BTreeMap::new(),
        };
        Counts {
            made_with: [("rustc".to_owned(), "1.0.0".to_owned())].into(),
            rows: [("get".to_owned(), counted)].into(),
        }
    }

    fn moved(now: &Counts, baseline: &Counts) -> Vec<Moved> {
        now.against(baseline).iter().map(Figure::moved).collect()
    }

    #[test]
    fn more_than_a_twentieth_above_fails_and_below_asks_for_a_new_baseline() {
        let baseline = counts(10_000.0, 20.0);
        let same = [Moved::Hardly; 3];
        assert_eq!(moved(&baseline, &baseline), same);
        assert_eq!(moved(&counts(10_490.0, 20.9), &baseline), same);
        assert_eq!(moved(&counts(9_510.0, 19.1), &baseline), same);
        let [up, down] = [counts(10_510.0, 20.0), counts(10_000.0, 18.9)];
        assert_eq!(moved(&up, &baseline), [Moved::Up, Moved::Hardly, Moved::Hardly]);
        assert_eq!(
            moved(&down, &baseline),
            [Moved::Hardly, Moved::Down, Moved::Hardly]
        );
    }

    #[test]
    fn what_was_never_done_may_be_done_now_and_then() {
        let baseline = counts(10_000.0, 0.0);
        assert_eq!(moved(&counts(10_000.0, 0.01), &baseline)[1], Moved::Hardly);
        assert_eq!(moved(&counts(10_000.0, 1.0), &baseline)[1], Moved::Up);
    }

    #[test]
    fn a_row_that_the_baseline_lacks_is_new() {
        let mut baseline = counts(1.0, 1.0);
        baseline.rows.clear();
        assert_eq!(moved(&counts(1.0, 1.0), &baseline), [Moved::New; 3]);
    }

    #[test]
    fn a_line_names_the_row_and_both_figures() {
        let figures = counts(11_000.0, 20.0).against(&counts(10_000.0, 20.0));
        assert_eq!(
            figures[0].line(),
            "get          instructions        10000        11000   +10.0 %  FAIL"
        );
    }

    #[test]
    fn another_compiler_is_named() {
        let baseline = counts(1.0, 1.0);
        let mut now = baseline.clone();
        assert!(now.made_with_other(&baseline).is_empty());
        now.made_with.insert("rustc".to_owned(), "2.0.0".to_owned());
        assert_eq!(now.made_with_other(&baseline), ["rustc: 1.0.0 then, 2.0.0 now"]);
    }
}
