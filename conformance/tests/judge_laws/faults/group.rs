//! Faults in what is known of upstreams and kept for them.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{
    Arrival, Check, Condition, Event, Layout, Nanos, Outcome, Purpose, Request, Timeline,
};

use super::{fails_even_if_stalled, stalled};
use crate::asking::{case, change, fails_by, history, verdicts, weak, writes};
use crate::config;
use crate::paper::{MS, ORIGINS};
use crate::traits::plain;

fn waited(timeline: &Timeline, wanted: Condition) -> Nanos {
    let at = timeline.events.iter().find_map(|event| match event {
        Event::Waited { at, condition, .. } if *condition == wanted => Some(*at),
        _ => None,
    });
    at.expect("it was waited for")
}

fn miss(timeline: &mut Timeline, wanted: Condition) {
    for event in &mut timeline.events {
        if let Event::Waited { condition, met, .. } = event
            && *condition == wanted
        {
            *met = false;
        }
    }
}

fn arrivals(timeline: &mut Timeline) -> impl Iterator<Item = &mut Arrival> {
    timeline.events.iter_mut().filter_map(|event| match event {
        Event::Arrival(arrival) => Some(arrival),
        _ => None,
    })
}

/// One of the requests on the route that begin after a time, and are over before the process is asked to stop.
fn later(timeline: &Timeline, pick: Index, after: Nanos) -> Request {
    let asked = timeline.events.iter().find_map(|event| match event {
        Event::StopAsked { at } => Some(*at),
        _ => None,
    });
    let asked = asked.expect("it was asked to stop");
    let all: Vec<&Request> = crate::asking::requests(timeline)
        .filter(|request| request.route == 1 && request.begin > after && request.at < asked)
        .collect();
    (*pick.get(&all)).clone()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_request_to_an_upstream_that_fails_its_checks_is_seen(traits in plain(), pick: Index) {
        let case = case("unhealthy_upstream_stays");
        let mut timeline = history(&case, &traits);
        let shunned = waited(&timeline, Condition::Shunned);
        let request = later(&timeline, pick, shunned);
        for arrival in arrivals(&mut timeline).filter(|arrival| arrival.request == Some(request.id)) {
            arrival.origin = Layout::member_name(0, ORIGINS);
        }
        fails_even_if_stalled(&case, &timeline, &[Check::UnhealthyGetsNothing]);
    }

    #[test]
    fn one_refusal_while_all_upstreams_are_well_is_seen(traits in plain(), pick: Index, status in prop_oneof![Just(502), Just(503), Just(404)]) {
        let case = case("never_becomes_unknown");
        let mut timeline = history(&case, &traits);
        let checked = waited(&timeline, Condition::Checked);
        let request = later(&timeline, pick, checked);
        change(&mut timeline, pick, |one| one.id == request.id, |one| {
            if let Outcome::Answered { status: is, markers, .. } = &mut one.outcome {
                *is = status;
                markers.origin = None;
            }
        });
        fails_by(&case, &timeline, vec![Check::HealthyStaysAvailable]);
        // Checks that the machine held up may well have failed.
        let results = fails_by(&case, &stalled(&timeline), vec![]);
        prop_assert_eq!(verdicts(&results, Check::HealthyStaysAvailable)[0].word(), "inconclusive");
    }

    #[test]
    fn checks_of_an_upstream_that_end_are_missed(traits in plain(), member in 0..Layout::MEMBERS, pick: Index) {
        let case = case("health_checks_continue");
        let mut timeline = history(&case, &traits);
        let writes = writes(&timeline);
        let from = pick.get(&writes).begin;
        let name = Layout::member_name(member, ORIGINS);
        timeline.events.retain(|event| !matches!(event, Event::Arrival(seen) if seen.is_check && seen.origin == name && seen.at > from));
        fails_by(&case, &timeline, vec![Check::ChecksContinue]);
        fails_by(&case, &stalled(&timeline), vec![]);
    }

    #[test]
    fn what_checks_find_after_changes_has_to_count(traits in plain()) {
        let case = case("health_checks_continue");
        let mut timeline = history(&case, &traits);
        miss(&mut timeline, Condition::Shunned);
        fails_by(&case, &timeline, vec![Check::ChecksContinue]);
        fails_by(&case, &stalled(&timeline), vec![]);
    }

    #[test]
    fn checks_that_are_declared_and_not_there_are_told(traits in plain()) {
        for (name, condition) in [("unhealthy_upstream_stays", Condition::Shunned), ("never_becomes_unknown", Condition::Checked)] {
            let case = case(name);
            let mut timeline = history(&case, &traits);
            miss(&mut timeline, condition);
            fails_by(&case, &timeline, vec![Check::DeclaredIsThere]);
            fails_by(&case, &stalled(&timeline), vec![]);
        }
    }

    #[test]
    fn a_session_that_is_sent_elsewhere_is_seen(traits in plain(), pick: Index) {
        let case = case("affinity_survives");
        let mut timeline = history(&case, &traits);
        let changed = writes(&timeline)[0].begin;
        let request = later(&timeline, pick, changed);
        let Purpose::Session(session) = request.purpose else { panic!("{request:?}") };
        let other = Layout::member_name((session as usize + 1) % Layout::MEMBERS, ORIGINS);
        change(&mut timeline, pick, |one| one.id == request.id, |one| {
            if let Outcome::Answered { markers, .. } = &mut one.outcome {
                markers.origin = Some(other.clone());
            }
        });
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![Check::AffinitySurvives]);
    }

    #[test]
    fn sessions_that_were_never_bound_are_not_there(traits in plain()) {
        let case = case("affinity_survives");
        let mut timeline = history(&case, &traits);
        let changed = writes(&timeline)[0].begin;
        let first = crate::asking::requests(&timeline).find(|one| matches!(one.purpose, Purpose::Session(_)) && one.at < changed);
        let (first, origin) = match first.map(|one| (one.id, one.outcome.clone())) {
            Some((id, Outcome::Answered { markers, .. })) => (id, markers.member(ORIGINS).expect("a member")),
            other => panic!("{other:?}"),
        };
        let other = Layout::member_name((origin + 1) % Layout::MEMBERS, ORIGINS);
        for event in &mut timeline.events {
            if let Event::Request(Request { id, outcome: Outcome::Answered { markers, .. }, .. }) = event
                && *id == first
            {
                markers.origin = Some(other.clone());
            }
        }
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![Check::DeclaredIsThere]);
    }

    #[test]
    fn connections_that_are_made_anew_with_each_change_are_seen(traits in plain()) {
        let case = case("upstream_connections_are_reused");
        let mut timeline = history(&case, &traits);
        let began: Vec<Nanos> = writes(&timeline).iter().map(|write| write.begin).collect();
        for arrival in arrivals(&mut timeline) {
            let changes = began.iter().filter(|begin| **begin < arrival.at).count() as u64;
            arrival.connection = arrival.connection.map(|by| by + changes * 1_000_000 * MS);
        }
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), vec![Check::UpstreamConnectionsStay]);
    }

    #[test]
    fn who_keeps_no_connection_is_not_judged_by_it(traits in plain()) {
        let case = case("upstream_connections_are_reused");
        let mut timeline = history(&case, &traits);
        for (number, arrival) in arrivals(&mut timeline).enumerate() {
            arrival.connection = Some(number as u64);
        }
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::UpstreamConnectionsStay)[0].word(), "unsupported");
    }
}
