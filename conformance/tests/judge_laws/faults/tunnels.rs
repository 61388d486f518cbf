//! Tunnels over changes.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Held, Outcome, Phase, Purpose, Request};

use super::{fails_even_if_stalled, times_out_unless_stalled};
use crate::asking::{case, change, fails_by, history, requests, verdicts, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::plain;

const CASE: &str = "websocket_on_unchanged";

fn is_tunnel(request: &Request) -> bool {
    request.purpose == Purpose::Held(Held::WebSocket)
}

fn ended() -> impl Strategy<Value = Outcome> {
    let phase = Phase::Body;
    prop_oneof![
        Just(Outcome::Ended { phase }),
        Just(Outcome::Reset { phase }),
        Just(Outcome::Malformed {
            detail: "message 7 came where message 6 was due".into()
        }),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_tunnel_that_ends_or_loses_a_message_is_caught(traits in plain(), pick: Index, outcome in ended()) {
        let mut timeline = history(&case(CASE), &traits);
        change(&mut timeline, pick, is_tunnel, |request| request.outcome = outcome.clone());
        fails_even_if_stalled(&case(CASE), &timeline, &[Check::TunnelSurvives]);
    }

    #[test]
    fn one_that_says_nothing_more_is_caught(traits in plain(), pick: Index) {
        let mut timeline = history(&case(CASE), &traits);
        let phase = Phase::Body;
        change(&mut timeline, pick, is_tunnel, |request| request.outcome = Outcome::TimedOut { phase });
        times_out_unless_stalled(&case(CASE), &timeline, Check::TunnelSurvives);
    }

    #[test]
    fn one_that_ended_before_any_change_is_of_no_change(traits in plain(), pick: Index) {
        let mut timeline = history(&case(CASE), &traits);
        let first = writes(&timeline)[0].begin;
        let phase = Phase::Body;
        change(&mut timeline, pick, is_tunnel, |request| {
            request.at = first - 1;
            request.outcome = Outcome::Ended { phase };
        });
        fails_by(&case(CASE), &timeline, vec![]);
    }

    #[test]
    fn one_that_is_let_go_of_once_the_drain_is_over_speaks_against_nobody(traits in plain(), pick: Index, early: bool) {
        let mut timeline = history(&case(CASE), &traits);
        let first = writes(&timeline)[0].begin;
        timeline.target.drain_bound_ms = 20;
        let cut = first + if early { 19 } else { 20 } * MS;
        let phase = Phase::Body;
        change(&mut timeline, pick, is_tunnel, |request| {
            request.at = cut;
            request.outcome = Outcome::Ended { phase };
        });
        let expected = if early { vec![Check::TunnelSurvives] } else { vec![] };
        let results = fails_by(&case(CASE), &timeline, expected);
        if !early {
            prop_assert_eq!(verdicts(&results, Check::TunnelSurvives)[0].word(), "inconclusive");
        }
    }

    #[test]
    fn who_opens_none_is_told_so_and_nothing_else(traits in plain(), pick: Index) {
        let mut timeline = history(&case(CASE), &traits);
        let tunnels = requests(&timeline).filter(|request| is_tunnel(request)).count();
        for _ in 0..tunnels {
            let is_open = |r: &Request| is_tunnel(r) && matches!(r.outcome, Outcome::Answered { status: 101, .. });
            change(&mut timeline, pick, is_open, |request| {
                if let Outcome::Answered { status, .. } = &mut request.outcome {
                    *status = 400;
                }
            });
        }
        fails_by(&case(CASE), &timeline, vec![Check::DeclaredIsThere]);
    }
}
