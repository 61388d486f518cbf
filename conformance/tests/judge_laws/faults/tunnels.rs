//! Tunnels and streams of gRPC over changes.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Held, Outcome, Phase, Purpose, Request};

use super::{fails_even_if_stalled, times_out_unless_stalled};
use crate::asking::{case, change, fails_by, history, requests, verdicts, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::plain;

/// What the laws are about: by its case, what is held open, and what it is caught by.
#[derive(Clone, Copy, Debug)]
struct Kind {
    case: &'static str,
    held: Held,
    check: Check,
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind {
            case: "websocket_on_unchanged",
            held: Held::WebSocket,
            check: Check::TunnelSurvives,
        }),
        Just(Kind {
            case: "grpc_bidi_stream",
            held: Held::Grpc,
            check: Check::GrpcSurvives,
        }),
    ]
}

impl Kind {
    fn is_one(self) -> impl Fn(&Request) -> bool {
        move |request| request.purpose == Purpose::Held(self.held)
    }
}

fn ended() -> impl Strategy<Value = Outcome> {
    let phase = Phase::Body;
    prop_oneof![
        Just(Outcome::Ended { phase }),
        Just(Outcome::Reset { phase }),
        Just(Outcome::Malformed {
            detail: "message 7 came where message 6 was due".into()
        }),
        Just(Outcome::Malformed {
            detail: "it ended without its trailers".into()
        }),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_tunnel_that_ends_or_loses_a_message_is_caught(kind in kinds(), traits in plain(), pick: Index, outcome in ended()) {
        let mut timeline = history(&case(kind.case), &traits);
        change(&mut timeline, pick, kind.is_one(), |request| request.outcome = outcome.clone());
        fails_even_if_stalled(&case(kind.case), &timeline, &[kind.check]);
    }

    #[test]
    fn one_that_says_nothing_more_is_caught(kind in kinds(), traits in plain(), pick: Index) {
        let mut timeline = history(&case(kind.case), &traits);
        let phase = Phase::Body;
        change(&mut timeline, pick, kind.is_one(), |request| request.outcome = Outcome::TimedOut { phase });
        times_out_unless_stalled(&case(kind.case), &timeline, kind.check);
    }

    #[test]
    fn one_that_ended_before_any_change_is_of_no_change(kind in kinds(), traits in plain(), pick: Index) {
        let mut timeline = history(&case(kind.case), &traits);
        let first = writes(&timeline)[0].begin;
        let phase = Phase::Body;
        change(&mut timeline, pick, kind.is_one(), |request| {
            request.at = first - 1;
            request.outcome = Outcome::Ended { phase };
        });
        fails_by(&case(kind.case), &timeline, vec![]);
    }

    #[test]
    fn one_that_is_let_go_of_once_the_drain_is_over_speaks_against_nobody(kind in kinds(), traits in plain(), pick: Index, early: bool) {
        let mut timeline = history(&case(kind.case), &traits);
        let first = writes(&timeline)[0].begin;
        timeline.target.drain_bound_ms = 20;
        let cut = first + if early { 19 } else { 20 } * MS;
        let phase = Phase::Body;
        change(&mut timeline, pick, kind.is_one(), |request| {
            request.at = cut;
            request.outcome = Outcome::Ended { phase };
        });
        let expected = if early { vec![kind.check] } else { vec![] };
        let results = fails_by(&case(kind.case), &timeline, expected);
        if !early {
            prop_assert_eq!(verdicts(&results, kind.check)[0].word(), "inconclusive");
        }
    }

    #[test]
    fn who_opens_none_is_told_so_and_nothing_else(kind in kinds(), traits in plain(), pick: Index) {
        let mut timeline = history(&case(kind.case), &traits);
        let is_one = kind.is_one();
        let all = requests(&timeline).filter(|request| is_one(request)).count();
        for _ in 0..all {
            let is_open = |r: &Request| is_one(r) && matches!(r.outcome, Outcome::Answered { status: 101 | 200, .. });
            change(&mut timeline, pick, is_open, |request| {
                if let Outcome::Answered { status, .. } = &mut request.outcome {
                    *status = 400;
                }
            });
        }
        fails_by(&case(kind.case), &timeline, vec![Check::DeclaredIsThere]);
    }
}
