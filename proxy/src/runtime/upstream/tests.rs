use std::time::Duration;

use super::*;
use crate::model::{Balance, Check, Endpoint, Hash, Health, Name, Statuses, Timeouts};

fn definition(balance: Balance, endpoints: &[(&str, u16)]) -> model::Upstream {
    let endpoint = |&(authority, weight): &(&str, u16)| Endpoint {
        authority: Arc::from(authority),
        weight,
    };
    model::Upstream {
        protocol: model::Protocol::Http1,
        admission: model::Admission::default(),
        breaker: None,
        retry_budget: model::RetryBudget::default(),
        name: Name::new("app"),
        endpoints: endpoints.iter().map(endpoint).collect(),
        resolve: model::Resolve::default(),
        timeouts: Timeouts::default(),
        pool: model::Pool::default(),
        tls: None,
        balance,
        sticky: None,
        health: None,
        ejection: None,
        slow_start: None,
    }
}

fn upstream(balance: Balance, endpoints: &[(&str, u16)]) -> Upstream {
    Upstream::new(Arc::new(definition(balance, endpoints)), None, None, &[])
}

fn rules(max_share: u8) -> Ejection {
    Ejection {
        after: 1,
        statuses: Statuses::new(vec![500..=599]),
        time: Duration::from_secs(60),
        time_limit: Duration::from_secs(60),
        max_share,
    }
}

fn keyed(key: u64) -> Wanted {
    Wanted {
        key: Some(affinity::digest(&[&key.to_be_bytes()])),
        sticky: None,
    }
}

/// Where each of some keys goes, by address.
fn homes(upstream: &Upstream) -> Vec<Arc<str>> {
    let home = |key| {
        let taken = upstream.take(keyed(key), &[]).expect("an endpoint");
        Arc::clone(upstream.key(taken.index))
    };
    (0..3000).map(home).collect()
}

fn counted(upstream: &Upstream, wanted: impl Fn(u64) -> Wanted) -> Vec<usize> {
    let mut counts = vec![0; upstream.members.len()];
    for number in 0..3000 {
        counts[upstream.take(wanted(number), &[]).expect("an endpoint").index] += 1;
    }
    counts
}

fn roughly(counts: &[usize], expected: &[usize]) {
    let close = |(&count, &wanted): (&usize, &usize)| count.abs_diff(wanted) <= wanted / 5 + 20;
    assert!(
        counts.iter().zip(expected).all(close),
        "{counts:?} is not {expected:?}"
    );
}

const THREE: [(&str, u16); 3] = [("127.0.0.1:1", 1), ("127.0.0.2:1", 1), ("127.0.0.3:1", 4)];

#[test]
fn each_way_of_balancing_keeps_the_weights() {
    for balance in [Balance::RoundRobin, Balance::Hash(Hash::default())] {
        roughly(&counted(&upstream(balance, &THREE), keyed), &[500, 500, 2000]);
    }
    // Two of three are drawn; who weighs more has less to do for its weight.
    let drawn = counted(&upstream(Balance::RandomOfTwo, &THREE), |_| Wanted::default());
    assert!(drawn[2] > 1900 && drawn[0] > 20 && drawn[1] > 20, "{drawn:?}");
}

#[test]
fn fewest_requests_in_flight_are_shared_by_weight() {
    let upstream = upstream(Balance::LeastRequests, &THREE);
    let held: Vec<Taken> = (0..60)
        .map(|_| upstream.take(Wanted::default(), &[]).expect("an endpoint"))
        .collect();
    let loads: Vec<usize> = upstream.states().map(|(_, state)| state.requests()).collect();
    assert_eq!(loads, [10, 10, 40]);
    drop(held);
    assert!(upstream.states().all(|(_, state)| state.requests() == 0));
}

#[test]
fn a_key_moves_only_when_its_own_endpoint_goes() {
    let balance = Balance::Hash(Hash::default());
    let all = homes(&upstream(balance.clone(), &THREE));
    let without = homes(&upstream(balance, &[THREE[2], THREE[0]]));
    for (before, after) in all.iter().zip(&without) {
        assert!(
            before == after || &**before == "127.0.0.2:1",
            "{before} went to {after}"
        );
    }
}

#[test]
fn an_endpoint_of_a_key_bears_no_more_than_its_share_and_a_bit() {
    let upstream = upstream(
        Balance::Hash(Hash::default()),
        &[("127.0.0.1:1", 1), ("127.0.0.2:1", 1)],
    );
    let held: Vec<Taken> = (0..100)
        .map(|_| upstream.take(keyed(7), &[]).expect("an endpoint"))
        .collect();
    let most = upstream.states().map(|(_, state)| state.requests()).max();
    assert!(most.is_some_and(|most| (60..=64).contains(&most)), "{most:?}");
    drop(held);
}

#[test]
fn what_is_known_of_an_endpoint_outlives_another_definition() {
    let former = upstream(Balance::RoundRobin, &THREE);
    let kept = former.take(Wanted::default(), &[]).expect("an endpoint");
    let state = Arc::clone(&former.members[kept.index].state);
    state.found(Condition::Unhealthy);
    let mut changed = definition(Balance::LeastRequests, &THREE);
    changed.endpoints.rotate_left(1);
    changed.health = Some(Health {
        check: Check::Tcp,
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        healthy_after: 1,
        unhealthy_after: 1,
    });
    let next = Upstream::new(Arc::new(changed), None, Some(&former), &[]);
    let address = former.key(kept.index);
    let (_, carried) = next.states().find(|(other, _)| *other == &**address).expect("it");
    assert!(Arc::ptr_eq(&state, carried) && carried.requests() == 1);
    for _ in 0..20 {
        let taken = next.take(Wanted::default(), &[]).expect("an endpoint");
        assert_ne!(next.key(taken.index), address);
    }
}

#[test]
fn at_most_the_share_is_ejected_and_never_the_last() {
    let four = [
        ("127.0.0.1:1", 1),
        ("127.0.0.2:1", 1),
        ("127.0.0.3:1", 1),
        ("127.0.0.4:1", 1),
    ];
    for (share, expected) in [(50, 2), (20, 0), (100, 3)] {
        let mut definition = definition(Balance::RoundRobin, &four);
        definition.ejection = Some(rules(share));
        let upstream = Upstream::new(Arc::new(definition), None, None, &[]);
        (0..4).for_each(|index| upstream.failed(index));
        let ejected = upstream
            .states()
            .filter(|(_, state)| state.ejected_for().is_some());
        assert_eq!(ejected.count(), expected, "{share} %");
        for _ in 0..8 {
            let taken = upstream.take(Wanted::default(), &[]).expect("an endpoint");
            assert!(upstream.members[taken.index].state.ejected_for().is_none());
        }
    }
}

#[test]
fn a_cookie_names_its_endpoint_wherever_that_stands_and_counts_while_it_gets_requests() {
    let mut stuck = definition(Balance::RoundRobin, &THREE);
    stuck.ejection = Some(rules(100));
    let first = Upstream::new(Arc::new(stuck.clone()), None, None, &[]);
    let token = first.token(1).to_owned();
    stuck.endpoints.rotate_left(1);
    let next = Upstream::new(Arc::new(stuck), None, None, &[]);
    let wanted = Wanted {
        sticky: next.named(&token),
        key: None,
    };
    assert_eq!(wanted.sticky, Some(0));
    let taken = || next.take(wanted, &[]).expect("an endpoint").index;
    assert_eq!([taken(), taken()], [0, 0]);
    next.failed(0);
    assert_ne!(taken(), 0);
}
