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

/// A figure of several rounds: the median, and the least and the greatest of them, which are its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median of the rounds.
    pub median: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
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

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, low, high } = *self;
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
