//! Samples in, the few numbers out that stand for them.

use std::fmt;

/// The value that so many of a hundred samples do not exceed, by the nearest rank. NaN of no samples.
pub fn percentile(samples: &[f64], percent: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// The median: of an even number, the mean of the two in the middle. NaN of no samples.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// Student's t of 95 %, two-sided, by the degrees of freedom from 1 on (any table of it); of more than these, the last.
const STUDENT: [f64; 10] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
];

/// A figure of several rounds: the median, and the least and the greatest of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median of the rounds.
    pub median: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// Where the median of another run is to be expected; nothing of a single round.
    pub expected: Option<Range>,
}

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least that is within.
    pub from: f64,
    /// The greatest that is.
    pub to: f64,
}

impl Spread {
    /// Of the figures of all rounds, if there are any.
    pub fn of(rounds: &[f64]) -> Option<Self> {
        let known: Vec<_> = rounds
            .iter()
            .copied()
            .filter(|figure| figure.is_finite())
            .collect();
        let low = known.iter().copied().min_by(f64::total_cmp)?;
        let high = known.iter().copied().max_by(f64::total_cmp)?;
        Some(Self {
            median: median(&known),
            low,
            high,
            expected: Range::expected(&known),
        })
    }

    /// Of ratios, each of two figures of the same round. Rounds are given by their numbers; one that only one side has does not count.
    pub fn of_ratios(above: &[(u32, f64)], below: &[(u32, f64)]) -> Option<Self> {
        let ratios: Vec<_> = above
            .iter()
            .filter_map(|(round, above)| {
                let (_, below) = below.iter().find(|(other, _)| other == round)?;
                (*below > 0.0).then_some(above / below)
            })
            .collect();
        Self::of(&ratios)
    }
}

impl Range {
    /// Where the median of as many other rounds lies in nineteen of twenty runs, if the logarithms of rounds are normal and nothing else has changed: Student's
    /// prediction interval around the median. The variance of a median of n is taken for π/2n that of one, which it is of many, and a little less of few.
    fn expected(rounds: &[f64]) -> Option<Self> {
        let logs: Vec<_> = rounds.iter().map(|figure| figure.ln()).collect();
        let (count, freedom) = (logs.len() as f64, logs.len().checked_sub(1)?);
        let last = STUDENT.len();
        let student = STUDENT[freedom.min(last).checked_sub(1)?];
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        let deviation = (squares / freedom as f64).sqrt();
        let reach = student * deviation * (std::f64::consts::PI / count).sqrt();
        let middle = median(rounds);
        let (from, to) = (middle * (-reach).exp(), middle * reach.exp());
        (from.is_finite() && to.is_finite()).then_some(Self { from, to })
    }

    /// Whether a figure is within, as far as it is printed.
    pub fn has(self, figure: f64) -> bool {
        let slack = 0.005 * figure.abs();
        figure + slack >= self.from && figure - slack <= self.to
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}–{}", short(self.from), short(self.to))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median, low, high, ..
        } = *self;
        write!(f, "{} ({}–{})", short(median), short(low), short(high))
    }
}

/// A number with as many digits as say something: three, and no less than whole.
pub fn short(figure: f64) -> String {
    match figure.abs() {
        _ if !figure.is_finite() => "–".to_owned(),
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples: Vec<_> = (1..=100).rev().map(f64::from).collect();
        for (percent, expected) in [
            (0.0, 1.0),
            (50.0, 50.0),
            (99.0, 99.0),
            (99.5, 100.0),
            (100.0, 100.0),
        ] {
            assert!(
                (percentile(&samples, percent) - expected).abs() < 1e-9,
                "{percent}"
            );
        }
        assert!(percentile(&[], 50.0).is_nan());
    }

    #[test]
    fn a_median_of_two_lies_between() {
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let ratio =
            Spread::of_ratios(&[(0, 2.0), (1, 9.0), (2, 4.0)], &[(2, 4.0), (0, 4.0), (3, 1.0)]).unwrap();
        assert_eq!(ratio.to_string(), "0.75 (0.50–1.00)");
        assert_eq!(Spread::of_ratios(&[(0, 1.0)], &[(1, 1.0)]), None);
        assert_eq!(Spread::of_ratios(&[(0, 1.0)], &[(0, 0.0)]), None);
    }

    #[test]
    fn another_run_is_expected_around_the_median_the_further_the_less_rounds_agree() {
        let expected = |rounds: &[f64]| Spread::of(rounds).unwrap().expected;
        assert_eq!(expected(&[2.0]), None);
        let same = expected(&[2.0, 2.0, 2.0]).unwrap();
        assert!(same.has(2.0) && same.has(2.009) && !same.has(2.02) && !same.has(1.98));
        // By hand: logs -0.693, 0, 0.693 have the deviation 0.693; times 4.303 and √(π/3) that is 3.053.
        let wide = expected(&[0.5, 1.0, 2.0]).unwrap();
        assert_eq!(wide.to_string(), "0.05–21.2");
        // Of more rounds that differ as much, the interval is narrower.
        let narrower = expected(&[0.5, 1.0, 2.0, 0.5, 1.0, 2.0]).unwrap();
        assert!(narrower.from > wide.from && narrower.to < wide.to);
        // Nothing can be said by logarithms of what is nothing.
        assert_eq!(expected(&[0.0, 1.0]), None);
    }

    #[test]
    fn nineteen_of_twenty_runs_are_where_they_are_expected() {
        // Twelve uniform figures make a normal one; a generator of its own, so that the test is the same each time.
        let mut state = 1_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for rounds in [3, 5] {
            let mut run = || -> Vec<f64> {
                let normal = |uniform: &mut dyn FnMut() -> f64| (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
                (0..rounds).map(|_| (0.1 * normal(&mut uniform)).exp()).collect()
            };
            let within = (0..2_000).filter(|_| {
                let expected = Spread::of(&run()).unwrap().expected.unwrap();
                expected.has(median(&run()))
            });
            let share = within.count() as f64 / 2_000.0;
            assert!((0.94..0.98).contains(&share), "{rounds} rounds: {share}");
        }
    }

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        for (figure, text) in [
            (0.123, "0.12"),
            (12.34, "12.3"),
            (1234.5, "1234"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(short(figure), text);
        }
    }
}
