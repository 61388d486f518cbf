//! Bringing the next generation to the target: render, write, trigger, and keep what was written.

use reloadspec_fixtures::origin::digest;

use super::error::DriveError;
use super::script::Driver;
use super::trigger;
use crate::vocabulary::{ConfigWrite, Event, Flaw, Scene, TriggerAnswer};

impl Driver<'_> {
    /// Delivers the next generation, flawed or not. Returns when that began.
    pub(super) fn deliver(&mut self, flaw: Option<Flaw>) -> Result<u64, DriveError> {
        self.generation = self.generation.next();
        let scene = Scene {
            generation: self.generation,
            flaw,
        };
        let Some(running) = &mut self.running else {
            return Ok(self.recorder.now());
        };
        let content = self.target.render(&scene, &running.laid.place)?.config;
        let sha256 = digest(&content);
        let begin = self.recorder.now();
        running.laid.file.deliver(&content)?;
        let at = self.recorder.now();
        self.recorder.record(Event::Config(ConfigWrite {
            begin,
            at,
            generation: self.generation,
            flaw,
            delivery: running.laid.file.delivery(),
            sha256,
            bytes: content.len() as u64,
        }));
        self.keep(&scene, &content);
        Ok(begin)
    }

    pub(super) fn pull(&mut self) -> Result<Option<TriggerAnswer>, DriveError> {
        let Some(running) = &self.running else {
            return Ok(None);
        };
        let trigger = self.target.trigger(&running.laid.place)?;
        let begin = self.recorder.now();
        let dir = running.laid.ground.dir();
        let answer = trigger::pull(
            trigger,
            &running.process,
            &running.binary,
            dir,
            running.laid.file.path(),
            &self.options.cancel,
        );
        if let Some(answer) = &answer {
            self.recorder.record(Event::Trigger {
                begin,
                at: self.recorder.now(),
                answer: answer.clone(),
            });
        }
        Ok(answer)
    }

    pub(super) fn keep(&mut self, scene: &Scene, content: &[u8]) {
        let flaw = scene.flaw.map_or_else(String::new, |flaw| format!("-{flaw}"));
        let name = format!("{:04}-{}{flaw}.conf", self.configs.len() + 1, scene.generation);
        self.configs.push((name, content.to_vec()));
    }
}
