//! A start of its own on a flawed file: does the target refuse it when it has nothing to fall back on?

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Cancel;
use super::ask::CANDIDATE;
use super::client::Client;
use super::error::DriveError;
use super::files::{self, ConfigFile};
use super::manager;
use super::parts;
use super::place::Ground;
use super::place::SOCKET;
use super::process::{Process, Start};
use super::recorder::Recorder;
use super::traffic::{Traffic, client_of};
use crate::target::{CommandLine, OriginAddress, Place, Target, TargetError};
use crate::vocabulary::{
    Delivery, Event, Flaw, FreshStart, Generation, Layout, Nanos, Outcome, OutsideStart, Scene, TriggerKind,
};

/// How long a process that said that it refuses the file, and lives on, is watched at least for serving it all the same.
const SECOND_THOUGHTS: Duration = Duration::from_secs(2);
/// The same, in times of what the judged process took until it served.
const SECOND_THOUGHTS_PER_START: u32 = 4;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// From where requests of a trial are numbered, far from those of the judged process.
const TRIAL_NUMBERS: u64 = 1 << 40;

/// What is needed to start a target somewhere.
pub(super) struct Laid {
    pub(super) ground: Ground,
    pub(super) place: Place,
    pub(super) file: ConfigFile,
    /// The newest good content.
    pub(super) content: Vec<u8>,
    pub(super) fixed: Vec<(String, Vec<u8>)>,
}

/// How a process is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As the target says, and heard.
    Usual,
    /// With standard output and error on a device that is always full.
    Unheard,
    /// Without an inotify watch to be had.
    WithoutWatches,
    /// With the time for draining that its configurations name.
    Draining,
    /// So that it has workers.
    WithWorkers,
    /// So that it tells a service manager of its life, which listens already.
    Managed,
    /// So that it writes its number into a file.
    WithPidFile,
}

/// Renders a scene and lays its files on a ground of their own.
pub(super) fn lay(
    target: &Target,
    scene: &Scene,
    origins: &[OriginAddress],
    delivery: Delivery,
) -> Result<Laid, DriveError> {
    let ground = Ground::claim()?;
    let place = Place {
        dir: ground.dir().to_path_buf(),
        config: ground.dir().join("conf").join(target.config_file()),
        candidate: ground.dir().join(CANDIDATE).join(target.config_file()),
        listen: ground.listen(),
        admin: ground.admin(),
        second: ground.second(),
        third: ground.third(),
        socket: ground.dir().join(SOCKET),
        origins: origins.to_vec(),
    };
    let rendered = target.render(scene, &place)?;
    let mut fixed = Vec::new();
    for (relative, content) in rendered.fixed {
        let path = ground.dir().join(&relative);
        if let Some(folder) = path.parent() {
            files::open_folder(ground.dir(), folder)?;
        }
        files::write(&path, &content)?;
        fixed.push((relative.display().to_string(), content));
    }
    let (file, content) = if scene.layout.in_parts {
        parts::lay(target, scene, &place, delivery, &mut fixed)?
    } else {
        let file = ConfigFile::lay(ground.dir(), target.config_file(), delivery, &rendered.config)?;
        let content = file.shaped(rendered.config);
        (file, content)
    };
    Ok(Laid {
        ground,
        place,
        file,
        content,
        fixed,
    })
}

impl Laid {
    /// How the target is started on it, where it is to be told by this trigger alone.
    pub(super) fn line(
        &self,
        target: &Target,
        by: Option<TriggerKind>,
        manner: Manner,
    ) -> Result<CommandLine, TargetError> {
        match manner {
            Manner::WithWorkers => target.start_with_workers(&self.place),
            Manner::WithPidFile => target.start_with_pid_file(by, &self.place),
            Manner::Managed => {
                let mut line = target.start_managed(by, &self.place)?;
                let socket = manager::socket(self.ground.dir()).display().to_string();
                line.env.push(("NOTIFY_SOCKET".to_owned(), socket));
                Ok(line)
            }
            Manner::Draining => match target.start_draining(&self.place)? {
                Some(line) => Ok(line),
                None => target.start_for(by, &self.place),
            },
            Manner::Usual | Manner::Unheard | Manner::WithoutWatches => target.start_for(by, &self.place),
        }
    }

    /// Starts the target on it.
    pub(super) fn start(
        &self,
        target: &Target,
        (by, manner): (Option<TriggerKind>, Manner),
        recorder: &Arc<Recorder>,
        cancel: &Cancel,
    ) -> Result<Process, DriveError> {
        let binary = self
            .ground
            .runnable(target.binary().ok_or(DriveError::NoBinary)?)?;
        let line = self.line(target, by, manner)?;
        let start = Start {
            binary: &binary,
            line,
            dir: self.ground.dir(),
            sources: target.log_sources(),
            is_heard: manner != Manner::Unheard,
            gets_watches: manner != Manner::WithoutWatches,
            cancel,
        };
        Process::start(&start, recorder)
    }
}

/// What a file is tried with on a process of its own.
pub(super) struct Trial<'a> {
    pub(super) target: &'a Target,
    pub(super) origins: &'a [OriginAddress],
    pub(super) traffic: &'a Traffic,
    /// Of the process that is judged.
    pub(super) main: &'a Recorder,
    /// What a start on a good file took until it served.
    pub(super) usual: Duration,
    pub(super) cancel: &'a Cancel,
}

/// What came of a start.
struct Tried {
    begin: Nanos,
    exited: Option<i32>,
    served: bool,
    log: Vec<String>,
}

impl Trial<'_> {
    /// Tries a flawed file on a fresh start.
    pub(super) fn fresh_start(
        &self,
        flaw: Flaw,
        generation: Generation,
        layout: Layout,
    ) -> Result<FreshStart, DriveError> {
        let tried = self.try_start(&Scene {
            flaw: Some(flaw),
            generation,
            layout,
        })?;
        Ok(FreshStart {
            begin: tried.begin,
            at: self.main.now(),
            flaw,
            exited: tried.exited,
            served: tried.served,
            log: tried.log,
        })
    }

    /// Tries a fresh start on members outside the folder of the main file.
    pub(super) fn start_outside(&self, generation: Generation) -> Result<OutsideStart, DriveError> {
        let tried = self.try_start(&Scene {
            layout: Layout::outside(),
            ..Scene::of(generation)
        })?;
        Ok(OutsideStart {
            begin: tried.begin,
            at: self.main.now(),
            exited: tried.exited,
            served: tried.served,
        })
    }

    fn try_start(&self, scene: &Scene) -> Result<Tried, DriveError> {
        let Self {
            target,
            origins,
            main,
            usual,
            cancel,
            ..
        } = *self;
        let begin = main.now();
        // Its requests and its log are its own: they are not the judged process's.
        let recorder = Recorder::counting_from(TRIAL_NUMBERS);
        let delivery = target
            .facts()
            .deliveries
            .first()
            .copied()
            .unwrap_or(Delivery::RenameOver);
        let laid = lay(target, scene, origins, delivery)?;
        let process = laid.start(target, (None, Manner::Usual), &recorder, cancel)?;
        let client = client_of(&recorder, &laid.place);
        let patience = SECOND_THOUGHTS.max(usual * SECOND_THOUGHTS_PER_START);
        let (exited, served) = self.observe(scene.generation, &client, &process, patience);
        process.stop(
            target.stop_signal(),
            Duration::from_millis(target.facts().stop_within_ms),
        );
        let log = recorder
            .take()
            .into_iter()
            .filter_map(|event| match event {
                Event::Log { source, line, .. } if target.facts().log.is_in(&source) => Some(line),
                _ => None,
            })
            .collect();
        Ok(Tried {
            begin,
            exited,
            served,
            log,
        })
    }

    /// Watches it until it ends, serves the file, or has had its time to do either.
    fn observe(
        &self,
        generation: Generation,
        client: &Client,
        process: &Process,
        patience: Duration,
    ) -> (Option<i32>, bool) {
        let Self {
            target,
            traffic,
            cancel,
            ..
        } = *self;
        let rejected = target
            .facts()
            .log
            .rejected
            .as_deref()
            .and_then(|text| regex::Regex::new(text).ok());
        let says_no = |event: &Event| match event {
            Event::Log { source, line, .. } => {
                target.facts().log.is_in(source)
                    && rejected.as_ref().is_some_and(|pattern| pattern.is_match(line))
            }
            _ => false,
        };
        let mut deadline =
            Instant::now() + Duration::from_millis(target.facts().apply_bound_ms.max(2_000) + 1_000);
        let mut refused = false;
        while Instant::now() < deadline && !cancel.is_cancelled() {
            if let Some(status) = process.exited() {
                let code = status.code().or_else(|| {
                    use std::os::unix::process::ExitStatusExt;
                    status.signal().map(|signal| 128 + signal)
                });
                return (Some(code.unwrap_or(0)), false);
            }
            if let Outcome::Answered { markers, .. } = traffic.ask_once(client)
                && markers.generation() == Some(generation)
            {
                return (None, true);
            }
            if !refused
                && client
                    .recorder
                    .wait_for(0, Instant::now() + PAUSE, || false, says_no)
            {
                refused = true;
                deadline = deadline.min(Instant::now() + patience);
            }
            std::thread::sleep(PAUSE);
        }
        (None, false)
    }
}
