//! The checks of one endpoint: when they are made, and what follows from them.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::Job;
use super::check::check;
use crate::model::{Health, Name};
use crate::runtime::Condition;

/// A task that checks one endpoint. Dropped, it is broken off.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) job: Job,
    task: JoinHandle<()>,
}

/// Results in a row that are not what is known.
#[derive(Debug, Default)]
struct Streak(u32);

// === impl Schedule ===

impl Schedule {
    /// Checks an endpoint of which nothing is known, at once for the first time.
    pub(super) fn begin(key: &(Name, Arc<str>), job: Job) -> Self {
        job.state.found(Condition::Unchecked);
        Self {
            task: tokio::spawn(run(key.clone(), job.clone())),
            job,
        }
    }

    /// Checks in another way. What is known stays until it is found to be otherwise.
    pub(super) fn change(&mut self, key: &(Name, Arc<str>), job: Job) {
        self.task.abort();
        self.task = tokio::spawn(run(key.clone(), job.clone()));
        self.job = job;
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run((upstream, endpoint): (Name, Arc<str>), job: Job) {
    let Job { state, health, .. } = &job;
    let mut ticks = interval(health.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut streak = Streak::default();
    loop {
        ticks.tick().await;
        let result = check(&job).await;
        state.checked(result.is_ok());
        let before = state.condition();
        let after = streak.after(before, result.is_ok(), health);
        if before == after {
            continue;
        }
        state.found(after);
        match result {
            Err(reason) => tracing::warn!(%upstream, %endpoint, %reason, "endpoint unhealthy"),
            Ok(()) if before == Condition::Unhealthy => {
                tracing::info!(%upstream, %endpoint, "endpoint healthy");
            }
            Ok(()) => tracing::debug!(%upstream, %endpoint, "endpoint healthy"),
        }
    }
}

// === impl Streak ===

impl Streak {
    /// What is known after one more result. The first decides alone.
    fn after(&mut self, known: Condition, passed: bool, health: &Health) -> Condition {
        let (other, enough) = match (known, passed) {
            (Condition::Unchecked, true) => (Condition::Healthy, 1),
            (Condition::Unchecked, false) => (Condition::Unhealthy, 1),
            (Condition::Healthy, false) => (Condition::Unhealthy, health.unhealthy_after),
            (Condition::Unhealthy, true) => (Condition::Healthy, health.healthy_after),
            (Condition::Healthy, true) | (Condition::Unhealthy, false) => {
                self.0 = 0;
                return known;
            }
        };
        self.0 += 1;
        if self.0 < enough {
            return known;
        }
        self.0 = 0;
        other
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Check;

    #[test]
    fn as_many_results_in_a_row_as_are_asked_for_change_what_is_known() {
        let health = Health {
            check: Check::Tcp,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            healthy_after: 2,
            unhealthy_after: 3,
        };
        let mut streak = Streak::default();
        let mut known = Condition::Unchecked;
        let mut told = String::new();
        for result in "+-+---+-++-".chars() {
            known = streak.after(known, result == '+', &health);
            told.push(if known == Condition::Healthy { 'h' } else { 'u' });
        }
        assert_eq!(told, "hhhhhuuuuhh");
        assert_eq!(
            Streak::default().after(Condition::Unchecked, false, &health),
            Condition::Unhealthy
        );
    }
}
