//! Which endpoint gets a request, of those that may.
//!
//! Hashing is by rendezvous: each endpoint draws a lot for a key, larger by its weight, and the largest wins, so that a key moves only when its own
//! endpoint comes or goes (Thaler and Ravishankar, *A Name-Based Mapping Scheme for Rendezvous*, 1996; weighted as Schindelhauer and
//! Schomaker, *Weighted Distributed Hash Tables*, SPAA 2005). Load is bounded as Mirrokni, Thorup and Zadimoghaddam have it
//! (*Consistent Hashing with Bounded Loads*, SODA 2018): who has its share and a bit more is passed over.

use super::upstream::Upstream;
use crate::model::Balance;

/// So many requests in flight are no load, however few the others have: keys that are asked for now and then stay where they are.
const LITTLE: f64 = 8.0;
/// So many turns are laid out as the weights say, which is more than those of a definition without names come to.
const LONGEST: i64 = 16_384;

/// The endpoint that is to have the next request, of those that `may` have it.
pub(super) fn choose(upstream: &Upstream, key: Option<u64>, may: impl Fn(usize) -> bool) -> Option<usize> {
    match &upstream.definition.balance {
        Balance::RoundRobin => by_turn(upstream, may),
        Balance::LeastRequests => least(upstream, may),
        Balance::RandomOfTwo => of_two(upstream, may),
        Balance::Hash(hash) => match key {
            Some(key) => by_key(upstream, key, hash.load_limit, may),
            None => by_turn(upstream, may),
        },
    }
}

/// The next in the cycle. One whose share still grows lets turns pass.
fn by_turn(upstream: &Upstream, may: impl Fn(usize) -> bool) -> Option<usize> {
    let start = upstream.next_position() % upstream.cycle.len().max(1);
    let (before, from) = upstream.cycle.split_at(start.min(upstream.cycle.len()));
    let mut passed = None;
    for &index in from.iter().chain(before) {
        let index = usize::from(index);
        if passed == Some(index) || !may(index) {
            continue;
        }
        let ramp = ramp(upstream, index);
        if ramp >= 1.0 || fastrand::f64() < ramp {
            return Some(index);
        }
        passed.get_or_insert(index);
    }
    passed
}

/// Whoever would have the least to do for its weight. The search begins somewhere else each time, so that equals have equal shares.
fn least(upstream: &Upstream, may: impl Fn(usize) -> bool) -> Option<usize> {
    let count = upstream.members.len();
    let start = upstream.next_position() % count.max(1);
    let all = (start..count).chain(0..start);
    let loads = all
        .filter(|&index| may(index))
        .map(|index| (load(upstream, index), index));
    loads.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, index)| index)
}

/// Two are drawn by weight, and the one with less to do for its weight is taken.
fn of_two(upstream: &Upstream, may: impl Fn(usize) -> bool) -> Option<usize> {
    let first = draw(upstream, &may)?;
    let second = draw(upstream, |index| index != first && may(index));
    second
        .filter(|&second| load(upstream, second) < load(upstream, first))
        .or(Some(first))
}

fn draw(upstream: &Upstream, may: impl Fn(usize) -> bool) -> Option<usize> {
    let share = |index: usize| f64::from(upstream.weight(index)) * ramp(upstream, index);
    let open = || (0..upstream.members.len()).filter(|&index| may(index));
    let mut lot = fastrand::f64() * open().map(share).sum::<f64>();
    let mut last = None;
    for index in open() {
        lot -= share(index);
        last = Some(index);
        if lot < 0.0 {
            break;
        }
    }
    last
}

/// The one that draws the largest lot of those that are not full; of all that may, if the others filled up meanwhile.
fn by_key(upstream: &Upstream, key: u64, load_limit: u16, may: impl Fn(usize) -> bool) -> Option<usize> {
    let open = || (0..upstream.members.len()).filter(|&index| may(index));
    let requests = |index: usize| upstream.members[index].state.requests();
    let (mut total, mut weights) = (1, 0.0);
    for index in open() {
        total += requests(index);
        weights += f64::from(upstream.weight(index));
    }
    let mean = total as f64 * f64::from(load_limit) / 100.0 / f64::max(weights, 1.0);
    let has_room = |&index: &usize| {
        let limit = mean * f64::from(upstream.weight(index));
        (requests(index) as f64) < limit.ceil().max(LITTLE)
    };
    let largest = |all: &mut dyn Iterator<Item = usize>| {
        all.map(|index| (lot(upstream, index, key), index))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, index)| index)
    };
    largest(&mut open().filter(has_room)).or_else(|| largest(&mut open()))
}

/// What an endpoint draws for a key: for all keys together, each is the largest as often as its weight says.
fn lot(upstream: &Upstream, index: usize, key: u64) -> f64 {
    let mixed = mix(upstream.members[index].seed ^ key);
    // 53 bits, the most that a float tells apart, moved away from 0.
    let uniform = ((mixed >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -f64::from(upstream.weight(index)) / uniform.ln()
}

/// The last step of SplitMix64: every bit depends on every other.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn load(upstream: &Upstream, index: usize) -> f64 {
    let requests = upstream.members[index].state.requests() + 1;
    requests as f64 / (f64::from(upstream.weight(index)) * ramp(upstream, index))
}

fn ramp(upstream: &Upstream, index: usize) -> f64 {
    upstream.members[index].state.ramp(upstream.definition.slow_start)
}

/// Smooth weighted round robin, as nginx has it: shares come out exactly in each cycle, and no endpoint's turns are bunched.
///
/// Where names stand for so many addresses that it would be very long, shares come out nearly.
pub(super) fn smooth_cycle(weights: &[u16]) -> Box<[u16]> {
    let weights = weights.iter().map(|&weight| i64::from(weight));
    let divisor = weights.clone().fold(0, gcd).max(1);
    let mut shares: Vec<i64> = weights.map(|weight| weight / divisor).collect();
    let mut total: i64 = shares.iter().sum();
    if total > LONGEST {
        let most = total;
        let used = shares.iter_mut().filter(|share| **share > 0);
        used.for_each(|share| *share = (*share * LONGEST / most).max(1));
        total = shares.iter().sum();
    }
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
        assert!(smooth_cycle(&[]).is_empty());
    }

    #[test]
    fn a_cycle_has_an_end_however_many_there_are() {
        let mut weights = [256; 300];
        weights[0] = 1;
        let cycle = smooth_cycle(&weights);
        assert!(cycle.len() <= LONGEST as usize + weights.len());
        let turns = |of: u16| cycle.iter().filter(|&&index| index == of).count();
        assert!(
            turns(0) >= 1 && turns(1) == turns(299) && turns(1) > 40,
            "{}",
            turns(1)
        );
    }
}
