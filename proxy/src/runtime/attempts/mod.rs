//! A request's attempts: how many there are, to whom, how long they take, and which answer is taken.
//!
//! In: a request that is ready to be sent, and what its route says. Out: the first answer that is good enough, or why there is none. One attempt is an [`exchange`] with one endpoint; a body
//! is kept for another one only where that is declared ([`outgoing`]); how many there may be is up to the upstream's [`budget`].
//!
//! Invariant: after an attempt of which anything may have been acted upon there is another one only for a method that is idempotent (RFC 9110 §9.2.2).

mod budget;
mod exchange;
mod ledger;
mod outgoing;

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::affinity::Wanted;
use super::body::{Progress, RequestBody};
use super::connection::Connection;
use super::grpc;
use super::pool::Lease;
use super::refusal::Refusal;
use super::upstream::{Taken, Upstream};
use crate::model::{self, Failing, Retry, Timeouts};
pub use ledger::AttemptFigures;
pub(super) use ledger::Ledger;
use ledger::Waited;
use outgoing::Outgoing;
pub(super) use outgoing::Reader;

/// Endpoints that are tried for one request where the route says nothing of it, as long as nothing was sent.
const ENDPOINTS: u32 = 3;

/// The head of an answer, the connection that it came by, and whose it is.
pub(super) type Answer = (Response<Incoming>, Lease, Taken);

/// All that the attempts of one request have in common.
pub(super) struct Call<'a> {
    pub(super) connection: &'a Rc<Connection>,
    pub(super) upstream: &'a Upstream,
    pub(super) rules: &'a model::Attempts,
    pub(super) timeouts: Timeouts,
    pub(super) progress: &'a Rc<Progress>,
    pub(super) wanted: Wanted,
    pub(super) deadline: Option<Deadline>,
    /// Whether the answer may be a tunnel, of which there cannot be two.
    pub(super) may_be_tunnel: bool,
    /// Who is being tried.
    pub(super) trying: Cell<Option<usize>>,
}

/// Until when there has to be the head of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    /// Whether it is the client who cannot wait for longer: that says nothing of the upstream.
    is_clients: bool,
}

/// Why an attempt came to nothing.
#[derive(Debug)]
struct Failed {
    /// What there may be another attempt after; never if absent.
    by: Option<Failing>,
    refusal: Refusal,
}

// === impl Deadline ===

impl Deadline {
    /// That of a request which came just now, by its route or by its client.
    pub(super) fn of(rules: &model::Attempts, headers: &HeaderMap, is_call: bool) -> Option<Self> {
        let clients = is_call.then(|| grpc::timeout(headers)).flatten();
        let own = rules.timeouts.request;
        let time = clients.into_iter().chain(own).min()?;
        Some(Self {
            at: Instant::now() + time,
            is_clients: clients.is_some_and(|clients| own.is_none_or(|own| clients < own)),
        })
    }

    /// Waits for something else than an answer, at most until then.
    pub(super) async fn wait<T>(
        deadline: Option<Self>,
        what: impl Future<Output = T>,
        otherwise: Refusal,
    ) -> Result<T, Refusal> {
        let mut what = pin!(what);
        let Some(Self { at, is_clients }) = deadline else {
            return Ok(what.await);
        };
        let refusal = if is_clients { Refusal::OutOfTime } else { otherwise };
        // A clock is not carried along by those who have all the time.
        let in_time = Box::pin(timeout_at(at, what.as_mut())).await;
        in_time.map_err(|_| refusal)
    }
}

// === impl Failed ===

impl Failed {
    fn by(failing: Failing, refusal: Refusal) -> Self {
        let by = Some(failing);
        Self { by, refusal }
    }

    fn for_good(refusal: Refusal) -> Self {
        Self { by: None, refusal }
    }
}

// === impl Call ===

impl Call<'_> {
    /// Sends a request until there is an answer, or no time or no attempt is left.
    pub(super) async fn send(&self, request: &Outgoing) -> Result<Answer, Refusal> {
        let mut attempts = pin!(self.attempts(request));
        let Some(deadline) = self.deadline else {
            return attempts.await;
        };
        let in_time = Box::pin(timeout_at(deadline.at, attempts.as_mut())).await;
        in_time.unwrap_or_else(|_| {
            self.upstream.ledger().waited(Waited::Request);
            if deadline.is_clients {
                return Err(Refusal::OutOfTime);
            }
            if self.progress.awaits_client.get() {
                return Err(Refusal::BodyTooSlow);
            }
            if let Some(index) = self.trying.get() {
                self.upstream.failed(index);
            }
            Err(Refusal::TooSlow)
        })
    }

    /// What is to be sent, kept as far as there may be several attempts.
    pub(super) fn outgoing(&self, request: Request<RequestBody>) -> Outgoing {
        let model::Attempts { retry, hedge, .. } = self.rules;
        if retry.is_none() && hedge.is_none() {
            return Outgoing::once(request);
        }
        self.upstream.ledger().asked();
        let bytes = retry.as_ref().map_or(0, |retry| retry.buffer_bytes);
        Outgoing::kept(request, bytes, self.progress)
    }

    async fn attempts(&self, request: &Outgoing) -> Result<Answer, Refusal> {
        let mut tried = Vec::new();
        let mut refusal = Refusal::NoEndpoint;
        for number in 1.. {
            let Some(taken) = self.take(&mut tried) else { break };
            let failed = match self.hedged(taken, request, &mut tried).await {
                Ok(answer) if self.may_follow_status(number, &answer, request) => {
                    let_go(answer);
                    Failed::by(Failing::Status, Refusal::BrokeOff)
                }
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            refusal = failed.refusal;
            let Some(failing) = failed.by else { break };
            if failing != Failing::Status && !self.may_follow(number, failing, request) {
                break;
            }
            self.rest(number).await;
        }
        Err(refusal)
    }

    /// Another endpoint than those that were tried, or else, where retries are declared, one of them.
    fn take(&self, tried: &mut Vec<usize>) -> Option<Taken> {
        let taken = self.upstream.take(self.wanted, tried).or_else(|| {
            self.rules.retry.as_ref()?;
            tried.clear();
            self.upstream.take(self.wanted, tried)
        })?;
        tried.push(taken.index);
        Some(taken)
    }

    /// Whether there may be another attempt after one that failed. If so, it counts.
    fn may_follow(&self, number: u32, failing: Failing, request: &Outgoing) -> bool {
        let Some(retry) = &self.rules.retry else {
            return number < ENDPOINTS && failing.is_before_sending() && request.is_there();
        };
        let is_wanted = failing == Failing::Status || retry.on.contains(&failing);
        let is_safe = failing.is_before_sending() || request.is_idempotent();
        let may = number < retry.attempts
            && is_wanted
            && is_safe
            && request.is_there()
            && self.has_time(retry, number)
            && self.upstream.ledger().retry(failing);
        if may {
            let (upstream, reason) = (&self.upstream.definition.name, failing.word());
            tracing::debug!(%upstream, attempt = number + 1, reason, "request is sent again");
        }
        may
    }

    fn may_follow_status(&self, number: u32, answer: &Answer, request: &Outgoing) -> bool {
        let status = answer.0.status().as_u16();
        let statuses = self.rules.retry.as_ref().map(|retry| &retry.statuses);
        statuses.is_some_and(|statuses| statuses.contains(status))
            && self.may_follow(number, Failing::Status, request)
    }

    /// Whether what may be waited before the next attempt leaves any time for it: it is better to say why there is no answer.
    fn has_time(&self, retry: &Retry, number: u32) -> bool {
        let longest = longest_rest(retry, number);
        self.deadline
            .is_none_or(|deadline| Instant::now() + longest < deadline.at)
    }

    /// Waits before the attempt that follows on this one. All who failed at one moment do not come back at one moment.
    async fn rest(&self, number: u32) {
        self.trying.set(None);
        if let Some(retry) = &self.rules.retry {
            Box::pin(sleep(longest_rest(retry, number).mul_f64(fastrand::f64()))).await;
        }
    }

    /// One attempt, and a second one beside it where the first takes long and that is declared.
    async fn hedged(
        &self,
        taken: Taken,
        request: &Outgoing,
        tried: &mut Vec<usize>,
    ) -> Result<Answer, Failed> {
        let Some(hedge) = self.rules.hedge.filter(|_| !self.may_be_tunnel) else {
            return self.attempt(taken, request).await;
        };
        // Two attempts at a time take room that other requests need not pay for.
        Box::pin(self.race(hedge.delay, taken, request, tried)).await
    }

    async fn race(
        &self,
        delay: Duration,
        taken: Taken,
        request: &Outgoing,
        tried: &mut Vec<usize>,
    ) -> Result<Answer, Failed> {
        let mut first = pin!(self.attempt(taken, request));
        if let Ok(outcome) = timeout(delay, first.as_mut()).await {
            return outcome;
        }
        let other = (request.is_idempotent() && request.is_whole())
            .then(|| self.upstream.take(self.wanted, tried))
            .flatten();
        let Some(other) = other.filter(|_| self.upstream.ledger().hedge()) else {
            return first.await;
        };
        tried.push(other.index);
        // If there is no time left for either, nobody knows whose fault it is.
        self.trying.set(None);
        let mut second = pin!(self.timed(other, request));
        // What is not taken is dropped with this function: its stream is reset, or its connection closed.
        let (failed, is_first) = tokio::select! {
            outcome = first.as_mut() => match outcome {
                Ok(answer) => return Ok(answer),
                Err(failed) => (failed, true),
            },
            outcome = second.as_mut() => match outcome {
                Ok(answer) => {
                    self.upstream.ledger().hedge_won();
                    return Ok(answer);
                }
                Err(failed) => (failed, false),
            },
        };
        if failed.by.is_none() {
            return Err(failed);
        }
        if !is_first {
            return first.await;
        }
        let outcome = second.await;
        if outcome.is_ok() {
            self.upstream.ledger().hedge_won();
        }
        outcome
    }

    /// One attempt, in the time that it has.
    async fn attempt(&self, taken: Taken, request: &Outgoing) -> Result<Answer, Failed> {
        self.trying.set(Some(taken.index));
        self.timed(taken, request).await
    }

    async fn timed(&self, taken: Taken, request: &Outgoing) -> Result<Answer, Failed> {
        let index = taken.index;
        let mut exchange = pin!(self.exchange(taken, request));
        let Some(time) = self.rules.timeouts.attempt else {
            return exchange.await;
        };
        let in_time = Box::pin(timeout(time, exchange.as_mut())).await;
        in_time.unwrap_or_else(|_| {
            self.upstream.ledger().waited(Waited::Attempt);
            if self.progress.awaits_client.get() {
                // Another endpoint would wait for the same client.
                return Err(Failed::for_good(Refusal::BodyTooSlow));
            }
            self.upstream.failed(index);
            Err(Failed::by(Failing::Timeout, Refusal::TooSlow))
        })
    }
}

/// What is waited at most before the attempt that follows on this one.
fn longest_rest(retry: &Retry, number: u32) -> Duration {
    let factor = 1 << (number - 1).min(16);
    retry.backoff.saturating_mul(factor).min(retry.backoff_limit)
}

/// An answer that nobody wants. Its connection serves again if there is no body to come.
fn let_go((response, lease, _): Answer) {
    if response.body().is_end_stream() {
        lease.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_doubles_up_to_its_limit() {
        let retry = Retry {
            backoff: Duration::from_millis(10),
            backoff_limit: Duration::from_millis(50),
            ..Retry::default()
        };
        let waited = [1, 2, 3, 4, 60].map(|number| longest_rest(&retry, number).as_millis());
        assert_eq!(waited, [10, 20, 40, 50, 50]);
    }
}
