//! Files that are to be refused, cannot be applied, or may be refused.
//!
//! In: what is wrong with them, or who listens where they want to. Out: what came of them, in the recorder. Never: an opinion on that.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use super::error::DriveError;
use super::script::{Driver, Flow};
use super::traffic::{Wanted, client_to};
use super::trial::Trial;
use crate::target::Reach;
use crate::vocabulary::{Condition, Event, Layout, Listener, Prospect, TriggerAnswer};

impl Driver<'_> {
    /// How a process of its own is started.
    fn trial(&self) -> Trial<'_> {
        Trial {
            target: self.target,
            origins: &self.origin_addresses,
            traffic: &self.traffic,
            main: &self.recorder,
            usual: self.usual_start,
            cancel: &self.options.cancel,
        }
    }

    /// Starts a process of its own on members that stand outside the folder of the main file.
    pub(super) fn start_outside(&mut self) -> Result<(), DriveError> {
        let start = self.trial().start_outside(self.generation.next())?;
        self.recorder.record(Event::OutsideStart(start));
        Ok(())
    }

    /// Starts a process of its own on a flawed file.
    pub(super) fn try_flaw(&mut self) -> Result<(), DriveError> {
        let Some(flaw) = self.flaw else { return Ok(()) };
        let generation = self.generation.next();
        // A bad file is tried with one listener and one route, a bad member beside the others.
        let layout = if self.layout.in_parts {
            self.layout.clone()
        } else {
            Layout::default()
        };
        let start = self.trial().fresh_start(flaw, generation, layout)?;
        self.recorder.record(Event::FreshStart(start));
        Ok(())
    }

    /// Delivers a flawed file, and waits for its rejection.
    pub(super) fn deliver_flawed(&mut self) -> Result<Flow, DriveError> {
        self.settle();
        let begin = self.deliver(self.flaw)?;
        self.await_rejection(begin)
    }

    /// Triggers, and waits for a rejection of what was delivered.
    fn await_rejection(&mut self, begin: u64) -> Result<Flow, DriveError> {
        let refused = matches!(self.pull()?, Some(TriggerAnswer::Refused(_)));
        if !refused {
            self.wait_for(Condition::Rejection, begin);
        }
        let exited = self
            .running
            .as_ref()
            .is_some_and(|running| running.process.exited().is_some());
        Ok(if exited {
            self.abandon("the process ended")
        } else {
            Flow::Continue(())
        })
    }

    /// Listens where the target would have to.
    pub(super) fn occupy(&mut self, listener: Listener) -> Result<(), DriveError> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let address = running.laid.place.bound(listener);
        let occupied = match address {
            Reach::Tcp(address) => TcpListener::bind(address).map(OwnedFd::from),
            Reach::Unix(path) => UnixListener::bind(path).map(OwnedFd::from),
        };
        self.occupied = Some(occupied.map_err(DriveError::system("listen where the target is to"))?);
        Ok(())
    }

    /// Delivers the next generation, which cannot be applied.
    pub(super) fn deliver_doomed(&mut self) -> Result<Flow, DriveError> {
        self.settle();
        let begin = self.deliver_with(Prospect::Doomed)?;
        self.await_rejection(begin)
    }

    /// Delivers the next generation, and waits until it is served or refused.
    pub(super) fn attempt(&mut self) -> Result<Flow, DriveError> {
        self.settle();
        let begin = self.deliver_with(Prospect::Open)?;
        if matches!(self.pull()?, Some(TriggerAnswer::Refused(_))) {
            return Ok(Flow::Continue(()));
        }
        let Some(running) = &self.running else {
            return Ok(Flow::Continue(()));
        };
        let client = client_to(&self.recorder, &running.laid.place, self.to);
        let wanted = Wanted::Answer(self.generation);
        let deadline = Instant::now() + Duration::from_millis(self.target.facts().apply_bound_ms);
        let rejects = self.rejects_since(begin);
        let is_over = |event: &Event| match event {
            Event::Request(request) => request.is_plain() && request.is_fresh() && wanted.is_met_by(request),
            other => rejects(other),
        };
        let mark = self.recorder.mark();
        let probe = self.traffic.probe(&client, wanted, deadline);
        self.recorder
            .wait_for(mark, deadline, || probe.is_over() || self.over(), is_over);
        Ok(Flow::Continue(()))
    }

    /// Delivers the next generation, which may be refused, and triggers; an answer is waited for so long at most.
    pub(super) fn deliver_open(&mut self, patience: Duration) -> Result<(), DriveError> {
        self.deliver_with(Prospect::Open)?;
        self.pull_within(patience)?;
        Ok(())
    }

    pub(super) fn deliver_with(&mut self, prospect: Prospect) -> Result<u64, DriveError> {
        self.prospect = prospect;
        let delivered = self.deliver(None);
        self.prospect = Prospect::Good;
        delivered
    }
}
