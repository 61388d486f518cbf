//! The figures as they are kept: each with its row, its proxy and its round.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::peers::statistics::{median, short};

/// The proxy that all others are compared with.
pub const REFERENCE: &str = "reference";

/// One run of the bench.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// On what, with what and how.
    pub about: About,
    /// In the order in which they were made.
    pub measurements: Vec<Measurement>,
    /// What could not be measured, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// On what, with what and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// When it ended, by UTC.
    pub date: String,
    /// The processor.
    pub processor: String,
    /// How many cores there are.
    pub cores: usize,
    /// The system.
    pub kernel: String,
    /// Of proxies and tools, by their names.
    pub versions: BTreeMap<String, String>,
    /// Proxies that are not installed.
    pub absent: Vec<String>,
    /// Cores that proxies ran on.
    pub proxy_cores: String,
    /// The niceness of all processes of the bench.
    pub nice: i32,
    /// The load average when it began: what else the machine had to do.
    pub load_before: f64,
    /// How often everything was measured.
    pub rounds: u32,
    /// Whether it was a short run, the figures of which mean little.
    pub is_quick: bool,
    /// Requests a second of the open loop.
    pub rate: u32,
    /// How long it took.
    pub took_s: u64,
}

/// What one row saw of one proxy in one round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Such as `apply/1000`.
    pub row: String,
    /// Such as `envoy-rds`.
    pub proxy: String,
    /// From 0.
    pub round: u32,
    /// By names that end in their units.
    pub values: BTreeMap<String, f64>,
    /// Single times in milliseconds, where a row keeps them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples_ms: Vec<f64>,
}

// === impl Measurement ===

impl Measurement {
    /// Without figures yet.
    pub fn new(row: &str, proxy: &str, round: u32) -> Self {
        Self {
            row: row.to_owned(),
            proxy: proxy.to_owned(),
            round,
            ..Self::default()
        }
    }

    /// With a figure more, to a thousandth.
    #[must_use]
    pub fn with(mut self, name: &str, figure: f64) -> Self {
        self.values.insert(name.to_owned(), thousandths(figure));
        self
    }

    /// With single times.
    #[must_use]
    pub fn with_samples(mut self, samples_ms: &[f64]) -> Self {
        self.samples_ms = samples_ms.iter().copied().map(thousandths).collect();
        self
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} round {}:", self.row, self.proxy, self.round + 1)?;
        if !self.samples_ms.is_empty() {
            write!(f, " median_ms {}", short(median(&self.samples_ms)))?;
        }
        self.values
            .iter()
            .try_for_each(|(name, figure)| write!(f, " {name} {}", short(*figure)))
    }
}

/// What is finer than the clock is noise, and makes the file long.
fn thousandths(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

// === impl Results ===

impl Results {
    /// The proxies of a row, the reference first, the others in the order in which they came.
    pub fn proxies(&self, row: &str) -> Vec<&str> {
        let mut proxies: Vec<&str> = Vec::new();
        for measurement in self.measurements.iter().filter(|it| it.row == row) {
            if !proxies.contains(&measurement.proxy.as_str()) {
                proxies.push(&measurement.proxy);
            }
        }
        // The order of rounds differs from one to the next.
        proxies.sort_by_key(|name| (*name != REFERENCE, *name));
        proxies
    }

    /// The rows whose names begin with this, in the order in which they came.
    pub fn rows(&self, begin: &str) -> Vec<&str> {
        let mut rows: Vec<&str> = Vec::new();
        for measurement in &self.measurements {
            if measurement.row.starts_with(begin) && !rows.contains(&measurement.row.as_str()) {
                rows.push(&measurement.row);
            }
        }
        rows
    }

    /// A figure of each round.
    pub fn rounds(&self, row: &str, proxy: &str, name: &str) -> Vec<(u32, f64)> {
        self.of(row, proxy)
            .filter_map(|it| Some((it.round, *it.values.get(name)?)))
            .collect()
    }

    /// A figure of each round, without their numbers.
    pub fn figures(&self, row: &str, proxy: &str, name: &str) -> Vec<f64> {
        let rounds = self.rounds(row, proxy, name);
        rounds.into_iter().map(|(_, figure)| figure).collect()
    }

    /// The single times of all rounds.
    pub fn samples_ms(&self, row: &str, proxy: &str) -> Vec<f64> {
        self.of(row, proxy)
            .flat_map(|it| it.samples_ms.iter().copied())
            .collect()
    }

    fn of(&self, row: &str, proxy: &str) -> impl Iterator<Item = &Measurement> {
        self.measurements
            .iter()
            .filter(move |it| it.row == row && it.proxy == proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_row_proxy_and_name() {
        let results = Results {
            measurements: vec![
                Measurement::new("apply/10", "nginx", 0)
                    .with("a_ms", 1.23456)
                    .with_samples(&[1.0, 2.0]),
                Measurement::new("apply/10", REFERENCE, 0).with("a_ms", 2.0),
                Measurement::new("apply/10", "nginx", 1)
                    .with("a_ms", 3.0)
                    .with_samples(&[3.0]),
                Measurement::new("memory", "nginx", 0),
            ],
            ..Results::default()
        };
        assert_eq!(results.rows("apply"), ["apply/10"]);
        assert_eq!(results.proxies("apply/10"), [REFERENCE, "nginx"]);
        assert_eq!(
            results.rounds("apply/10", "nginx", "a_ms"),
            [(0, 1.235), (1, 3.0)]
        );
        assert_eq!(results.samples_ms("apply/10", "nginx"), [1.0, 2.0, 3.0]);
        assert!(results.figures("apply/10", "nginx", "b_ms").is_empty());
    }
}
