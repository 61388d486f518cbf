//! What a single request says, whatever the run around it.

use crate::vocabulary::{Generation, Markers, Outcome, Phase, Request};

/// How a request failed, where that counts against safety: on a fresh connection at any time, on a kept one once its answer
/// had begun or if none came at all.
pub(super) fn failure(request: &Request) -> Option<&'static str> {
    match &request.outcome {
        Outcome::Refused => Some("refused"),
        Outcome::TimedOut { .. } => Some("timed out"),
        Outcome::Malformed { .. } => Some("malformed"),
        Outcome::Answered { intact: false, .. } => Some("damaged"),
        Outcome::Reset { phase } if request.is_fresh() || *phase == Phase::Body => Some("reset"),
        Outcome::Ended { phase } if request.is_fresh() || *phase == Phase::Body => Some("ended early"),
        Outcome::Answered { .. }
        | Outcome::Reset { .. }
        | Outcome::Ended { .. }
        | Outcome::NotSent
        | Outcome::Unprocessed
        | Outcome::Harness { .. } => None,
    }
}

/// Whether a kept connection ended before any byte of the answer.
pub(super) fn is_keepalive_race(request: &Request) -> bool {
    !request.is_fresh()
        && matches!(
            request.outcome,
            Outcome::Reset { phase: Phase::Head } | Outcome::Ended { phase: Phase::Head }
        )
}

/// The generation that served a request on a fresh connection: an error that bears a stamp serves nothing.
pub(super) fn served_fresh(request: &Request) -> Option<Generation> {
    match &request.outcome {
        Outcome::Answered { status, markers, .. } if *status < 400 && request.is_fresh() => {
            markers.generation()
        }
        _ => None,
    }
}

/// Whether the harness's own resources failed it.
pub(super) fn is_of_harness(request: &Request) -> bool {
    matches!(request.outcome, Outcome::Harness { .. })
}

/// Whether any marker that belongs to one generation alone names this one.
pub(super) fn names(request: &Request, generation: Generation) -> bool {
    let Outcome::Answered { markers, .. } = &request.outcome else {
        return false;
    };
    let Markers {
        stamp,
        origin: _,
        upstream,
        credential,
    } = markers;
    let text = generation.to_string();
    [stamp, upstream]
        .into_iter()
        .any(|marker| marker.as_deref() == Some(&text))
        || credential.as_deref() == Some(&generation.credential())
}
