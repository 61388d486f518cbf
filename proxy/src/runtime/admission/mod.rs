//! Who is let in: rate limits, session limits and circuit breakers, of the whole proxy, of routes and of upstreams.
//!
//! In: what a model says, and each request before anything is done with it. Out: an [`Admission`] that lasts as long as the request does, or a refusal.
//!
//! What is counted is kept by the identity of what it belongs to, and shared by all snapshots that have it, so that no request escapes being counted while one
//! snapshot takes the place of another. The decisions themselves are made by machines without a clock: `gcra`, `turnstile`, `breaker`.

mod breaker;
mod bucket;
mod circuit;
mod clients;
mod gates;
mod gcra;
mod rates;
mod sessions;
mod turnstile;

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use http::HeaderMap;

use super::refusal::Refusal;
pub(super) use breaker::Ending;
pub use circuit::BreakerFigures;
use circuit::{Circuit, Trial};
use gates::Gate;
pub use gates::{Changed, Figures, Gates};
use rates::Client;
pub use rates::RateFigures;
pub use sessions::SessionFigures;

/// What the requests of a route have to pass, in this order: what is for all, what is for the route, what is for its upstream.
#[derive(Debug, Default)]
pub struct Entry {
    gates: Vec<Arc<Gate>>,
    circuit: Option<Arc<Circuit>>,
}

/// A request that was let in. While this lives, it counts.
#[derive(Debug)]
pub(super) struct Admission {
    entry: Arc<Entry>,
    /// How many of the gates it has passed.
    passed: usize,
    trial: RefCell<Option<Trial>>,
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time by which all limits go.
fn now() -> Duration {
    START.elapsed()
}

// === impl Entry ===

impl Entry {
    /// Lets a request in, perhaps after it has waited for its turn.
    pub(super) async fn admit(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        headers: &HeaderMap,
    ) -> Result<Admission, Refusal> {
        self.take_tokens(Client { address, headers })?;
        let mut admission = Admission {
            entry: Arc::clone(self),
            passed: 0,
            trial: RefCell::new(None),
        };
        for gate in &self.gates {
            if !gate.sessions.enter().await {
                return Err(Refusal::Crowded);
            }
            admission.passed += 1;
        }
        if let Some(circuit) = &self.circuit {
            let trial = circuit.ask(now());
            let trial = trial.map_err(|wait| Refusal::CircuitOpen(seconds(wait)))?;
            admission.trial.replace(Some(trial));
        }
        Ok(admission)
    }

    /// Looks at all limits before it takes from the first, so that one who is refused by the last has mostly taken nothing. What was taken is never given back: others
    /// may have been refused for it meanwhile, or the bucket may have become full, and then there would be one too many.
    fn take_tokens(&self, client: Client<'_>) -> Result<(), Refusal> {
        let mut rates = self
            .gates
            .iter()
            .filter_map(|gate| gate.rates.as_deref())
            .peekable();
        if rates.peek().is_none() {
            return Ok(());
        }
        let now = now().as_nanos() as u64;
        let refuse = |wait| Refusal::TooMany(seconds(Duration::from_nanos(wait)));
        for rates in rates.clone() {
            rates.look(client, now).map_err(refuse)?;
        }
        for rates in rates {
            rates.take(client, now).map_err(refuse)?;
        }
        Ok(())
    }
}

/// As `Retry-After` has it: whole seconds, and never none.
fn seconds(wait: Duration) -> u32 {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    u32::try_from(whole.max(1)).unwrap_or(u32::MAX)
}

// === impl Admission ===

impl Admission {
    /// Says how its upstream answered. Without that, it says nothing about the upstream.
    pub(super) fn tell(&self, ending: Ending) {
        if let Some(trial) = self.trial.take() {
            trial.tell(ending);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        for gate in self.entry.gates[..self.passed].iter().rev() {
            gate.sessions.leave();
        }
    }
}
