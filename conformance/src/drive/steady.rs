//! A load at a constant rate: each request has its turn, whether those before were answered or not.
//!
//! In: a rate. Out: requests that say when it was their turn, so that who makes one wait makes it late. Never: a turn that is left out for
//! want of an answer, or put off.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::client::{Ask, Client, REQUEST_TIMEOUT};
use super::script::Driver;
use super::traffic::client_to;
use crate::vocabulary::Purpose;

impl Driver<'_> {
    /// Starts a load of so many requests a second, each on a connection of its own.
    pub(super) fn steady(&mut self, per_second: u16) {
        if let Some(running) = &self.running {
            let client = client_to(&self.recorder, &running.laid.place, self.to);
            let period = Duration::from_secs(1) / u32::from(per_second.max(1));
            self.loads.push(self.traffic.steady(&client, period));
        }
    }
}

/// Asks at a constant rate until told to stop, and then waits for what was asked.
pub(super) async fn run_steady(client: Client, period: Duration, mut stopped: watch::Receiver<bool>) {
    let mut asked = JoinSet::new();
    let mut due = Instant::now();
    loop {
        // An error means the same as being told to.
        let stop = stopped.wait_for(|stop| *stop);
        if tokio::time::timeout_at(due.into(), stop).await.is_ok() {
            break;
        }
        let client = client.clone();
        asked.spawn(async move {
            let ask = Ask {
                due: Some(client.recorder.time_of(due)),
                ..client.plain(Purpose::Steady, REQUEST_TIMEOUT)
            };
            client.ask_fresh(ask).await;
        });
        while asked.try_join_next().is_some() {}
        due += period;
    }
    while asked.join_next().await.is_some() {}
}
