//! An upstream at run time: its endpoints and whose turn it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::secured::Secured;
use crate::model;

/// A group of endpoints and the position in their cycle.
///
/// The position belongs to the upstream as it is defined: while the definition stays, the same value is carried from snapshot to snapshot.
#[derive(Debug)]
pub struct Upstream {
    /// What the configuration says.
    pub definition: Arc<model::Upstream>,
    /// What shakes hands with it; nothing if it is spoken to in the clear.
    pub secured: Option<Arc<Secured>>,
    /// Indexes of endpoints in the order in which they are used.
    cycle: Box<[u16]>,
    position: AtomicUsize,
}

// === impl Upstream ===

impl Upstream {
    /// Lays out the cycle of an upstream.
    pub fn new(definition: Arc<model::Upstream>, secured: Option<Arc<Secured>>) -> Self {
        let weights: Vec<u16> = definition
            .endpoints
            .iter()
            .map(|endpoint| endpoint.weight)
            .collect();
        Self {
            cycle: smooth_cycle(&weights),
            definition,
            secured,
            position: AtomicUsize::new(0),
        }
    }

    /// The endpoints in the order in which to try them for one request, beginning with the one whose turn it is. One may come again.
    pub fn turn(&self) -> impl Iterator<Item = &model::Endpoint> {
        let start = self.position.fetch_add(1, Ordering::Relaxed) % self.cycle.len().max(1);
        let (before, from) = self.cycle.split_at(start.min(self.cycle.len()));
        from.iter()
            .chain(before)
            .filter_map(|&index| self.definition.endpoints.get(usize::from(index)))
    }
}

/// Smooth weighted round robin, as nginx has it: shares come out exactly in each cycle, and no endpoint's turns are bunched.
fn smooth_cycle(weights: &[u16]) -> Box<[u16]> {
    let divisor = weights
        .iter()
        .fold(0, |divisor, &weight| gcd(divisor, i64::from(weight)))
        .max(1);
    let shares: Vec<i64> = weights
        .iter()
        .map(|&weight| i64::from(weight) / divisor)
        .collect();
    let total: i64 = shares.iter().sum();
    let mut credit = vec![0_i64; shares.len()];
    (0..total)
        .filter_map(|_| {
            credit
                .iter_mut()
                .zip(&shares)
                .for_each(|(credit, share)| *credit += share);
            let eligible = credit.iter().enumerate().filter(|(index, _)| shares[*index] > 0);
            let (chosen, _) = eligible.max_by_key(|&(index, credit)| (*credit, std::cmp::Reverse(index)))?;
            credit[chosen] -= total;
            u16::try_from(chosen).ok()
        })
        .collect()
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_spread_by_weight() {
        assert_eq!(*smooth_cycle(&[5, 1, 1]), [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(*smooth_cycle(&[2, 2]), [0, 1]);
        assert_eq!(*smooth_cycle(&[0, 3]), [1]);
    }
}
