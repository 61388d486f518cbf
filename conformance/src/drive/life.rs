//! The life of the process under test: from its start until it serves, and its end.

use std::time::{Duration, Instant};

use super::error::DriveError;
use super::manager::Manager;
use super::process;
use super::script::{Driver, Flow, Running};
use super::traffic::Wanted;
use super::trial::{Manner, lay};
use super::versions::Versions;
use crate::vocabulary::{Delivery, Event, Generation, Scene};

impl Driver<'_> {
    /// Ends what runs, and starts a fresh process on the next generation.
    pub(super) fn start(&mut self, delivery: Delivery) -> Result<Flow, DriveError> {
        let begun = self.launch(delivery)?;
        self.until_ready(begun, self.generation)
    }

    /// As [`Self::start`], in a manner of its own.
    pub(super) fn start_as(&mut self, manner: Manner) -> Result<Flow, DriveError> {
        self.manner = manner;
        let started = self.start(self.delivery);
        self.manner = Manner::Usual;
        started
    }

    /// Ends what runs, and begins a fresh process on the next generation. Returns when that was.
    pub(super) fn launch(&mut self, delivery: Delivery) -> Result<Instant, DriveError> {
        self.end();
        self.noted = None;
        self.untold.clear();
        self.versions = Versions::default();
        self.generation = self.generation.next();
        let scene = Scene {
            generation: self.generation,
            flaw: None,
            layout: self.layout.clone(),
        };
        let laid = lay(self.target, &scene, &self.origin_addresses, delivery)?;
        self.lay_certificate(&laid)?;
        self.keep(&scene, &laid.content);
        self.fixed.clone_from(&laid.fixed);
        self.config_path = laid.place.config.display().to_string();
        let binary = laid
            .ground
            .runnable(self.target.binary().ok_or(DriveError::NoBinary)?)?;
        let manner = match self.manner {
            Manner::Usual if self.layout.drain_ms > 0 => Manner::Draining,
            manner => manner,
        };
        let line = laid.line(self.target, self.by, manner)?;
        self.command = std::iter::once(binary.display().to_string())
            .chain(line.args)
            .collect();
        let manager = (self.manner == Manner::Managed)
            .then(|| Manager::listen(laid.ground.dir(), &self.recorder))
            .transpose()?;
        let begun = Instant::now();
        let at = self.recorder.now();
        let process = laid.start(
            self.target,
            (self.by, manner),
            &self.recorder,
            &self.options.cancel,
        )?;
        let started = Event::Started {
            at,
            pid: process.pid(),
            generation: self.generation,
            layout: scene.layout.clone(),
            delivery,
        };
        self.recorder.record(started);
        if self.manner == Manner::WithoutWatches {
            self.note_withheld(None);
        }
        self.places.push(laid.place.clone());
        self.running = Some(Running {
            process,
            laid,
            binary,
            manager,
        });
        Ok(begun)
    }

    /// Waits until a process that was begun serves this generation, or a later one.
    pub(super) fn until_ready(&mut self, begun: Instant, first: Generation) -> Result<Flow, DriveError> {
        let within = Duration::from_millis(self.target.facts().ready_within_ms);
        if self.probe(Wanted::Answer(first), begun + within) {
            self.usual_start = begun.elapsed();
            self.recorder.record(Event::Ready {
                at: self.recorder.now(),
            });
            return Ok(Flow::Continue(()));
        }
        if self.options.cancel.is_cancelled() {
            return Err(DriveError::Cancelled);
        }
        let seen = self.what_instead();
        self.recorder.record(Event::NotReady {
            at: self.recorder.now(),
            seen,
        });
        Ok(self.abandon("it did not become ready"))
    }

    /// What was to be seen of a process that did not serve: its end, or its last words.
    fn what_instead(&self) -> String {
        let exited = self.running.as_ref().and_then(|running| running.process.exited());
        let end = exited.map_or_else(
            || "it runs, but its first configuration is not served".to_owned(),
            |status| format!("it ended: {}", process::describe(status)),
        );
        match self.recorder.last_lines(3) {
            lines if lines.is_empty() => format!("{end}; it logged nothing"),
            lines => format!("{end}; it last logged: {}", lines.join(" / ")),
        }
    }

    /// Asks for a graceful stop, and for nothing else.
    pub(super) fn ask_to_stop(&mut self) {
        if let Some(running) = &self.running {
            running.process.ask_to_stop(self.target.graceful_signal());
        }
    }

    /// Ends the load, releases what is held, and stops the process.
    pub(super) fn end(&mut self) {
        self.end_load();
        self.release();
        if let Some(running) = self.running.take() {
            let within = Duration::from_millis(self.target.facts().stop_within_ms);
            running.process.stop(self.target.stop_signal(), within);
            drop(running.manager);
        }
    }
}
