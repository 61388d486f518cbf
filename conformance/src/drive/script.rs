//! Carries out the steps of a case, one after the other.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reloadspec_fixtures::origin::{Arrival as Seen, Origins};

use super::asking::Asking;
use super::client::To;
use super::error::DriveError;
use super::manager::Manager;
use super::place::free_address;
use super::process::Process;
use super::recorder::{Pulse, Recorder};
use super::renew::Certificates;
use super::traffic::{HeldOpen, Load, LoadKind, Traffic};
use super::trial::{Laid, Manner};
use super::versions::Versions;
use super::{Options, Run};
use crate::target::{OriginAddress, Place, Target};
use crate::vocabulary::{
    Arrival, Caller, Case, Delivery, Event, Flaw, Generation, Layout, Prospect, Question, Resources, Step,
    Timeline, TriggerKind,
};

/// Whether to go on with the steps.
pub(super) type Flow = ControlFlow<()>;

/// Carries out a case.
pub(super) struct Driver<'a> {
    pub(super) case: &'a Case,
    pub(super) target: &'a Target,
    pub(super) options: &'a Options,
    pub(super) recorder: Arc<Recorder>,
    pub(super) traffic: Traffic,
    pub(super) origins: Origins,
    pub(super) origin_addresses: Vec<OriginAddress>,
    deadline: Instant,
    pub(super) generation: Generation,
    pub(super) delivery: Delivery,
    /// By what the target is told, where that is not its usual trigger.
    pub(super) by: Option<TriggerKind>,
    /// How the next process is started.
    pub(super) manner: Manner,
    pub(super) flaw: Option<Flaw>,
    /// What configurations have beside their first listener and their route for all paths.
    pub(super) layout: Layout,
    /// What is known of the next one.
    pub(super) prospect: Prospect,
    /// Where loads, probes and what is held are made.
    pub(super) to: To,
    /// What the harness itself listens on, so that nobody else can.
    pub(super) occupied: Option<OwnedFd>,
    random: u64,
    pub(super) gate: u64,
    pub(super) running: Option<Running>,
    pub(super) loads: Vec<Load>,
    pub(super) asking: Vec<Asking>,
    /// What was waited for in vain of the process that runs.
    pub(super) untold: Vec<Question>,
    /// What the process that runs named what it served.
    pub(super) versions: Versions,
    pub(super) held: Vec<HeldOpen>,
    /// What the process that runs was given to show, if it serves by TLS.
    pub(super) certificates: Option<Certificates>,
    /// What the process that runs was first noted to hold.
    pub(super) noted: Option<Resources>,
    pub(super) configs: Vec<(String, Vec<u8>)>,
    pub(super) fixed: Vec<(String, Vec<u8>)>,
    pub(super) places: Vec<Place>,
    pub(super) command: Vec<String>,
    pub(super) config_path: String,
    pub(super) usual_start: Duration,
    /// How many processes were given a change while they started.
    pub(super) given: u32,
    // Last, so that it beats until all else is gone.
    _pulse: Pulse,
}

/// A process that serves, or is to.
pub(super) struct Running {
    // Before `laid`: its folder goes after it has ended.
    pub(super) process: Process,
    pub(super) laid: Laid,
    pub(super) binary: PathBuf,
    // After the process, so that it hears its last words.
    pub(super) manager: Option<Manager>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(case: &'a Case, target: &'a Target, options: &'a Options) -> Result<Self, DriveError> {
        target.binary().ok_or(DriveError::NoBinary)?;
        let recorder = Recorder::new();
        let origins = start_origins(
            free_address()?,
            target.facts().origins + 1 + Layout::MEMBERS,
            &recorder,
        )?;
        let origin_addresses = origins
            .addresses()
            .iter()
            .enumerate()
            .map(|(index, address)| OriginAddress {
                name: format!("o{index}"),
                address: *address,
            })
            .collect();
        Ok(Self {
            case,
            target,
            options,
            traffic: Traffic::start().map_err(DriveError::system("start the client"))?,
            origins,
            origin_addresses,
            deadline: Instant::now() + Duration::from_secs(u64::from(case.budget_s)),
            generation: Generation(0),
            delivery: default_delivery(target),
            by: None,
            manner: Manner::Usual,
            flaw: None,
            layout: Layout::default(),
            prospect: Prospect::Good,
            to: To::default(),
            occupied: None,
            random: options.seed | 1,
            gate: 0,
            running: None,
            loads: Vec::new(),
            asking: Vec::new(),
            untold: Vec::new(),
            versions: Versions::default(),
            held: Vec::new(),
            certificates: None,
            noted: None,
            configs: Vec::new(),
            fixed: Vec::new(),
            places: Vec::new(),
            command: Vec::new(),
            config_path: String::new(),
            usual_start: Duration::ZERO,
            given: 0,
            _pulse: Pulse::start(Arc::clone(&recorder)).map_err(DriveError::system("start the pulse"))?,
            recorder,
        })
    }

    pub(super) fn run(mut self) -> Result<Run, DriveError> {
        let steps = self.case.steps.clone();
        let flow = self.steps(&steps)?;
        // Whether all steps were done or not, what runs is ended in order.
        let _ = flow;
        self.end();
        let timeline = Timeline {
            case: self.case.id.to_owned(),
            target: self.target.facts().clone(),
            seed: self.options.seed,
            config_path: std::mem::take(&mut self.config_path),
            events: self.recorder.take(),
        };
        Ok(Run {
            timeline,
            configs: std::mem::take(&mut self.configs),
            fixed: std::mem::take(&mut self.fixed),
            places: std::mem::take(&mut self.places),
            command: std::mem::take(&mut self.command),
        })
    }

    pub(super) fn steps(&mut self, steps: &[Step]) -> Result<Flow, DriveError> {
        for step in steps {
            if self.options.cancel.is_cancelled() {
                return Err(DriveError::Cancelled);
            }
            if Instant::now() >= self.deadline {
                return Ok(self.abandon(&format!(
                    "the case's budget of {} s was spent",
                    self.case.budget_s
                )));
            }
            if self.step(step)?.is_break() {
                return Ok(Flow::Break(()));
            }
        }
        Ok(Flow::Continue(()))
    }

    fn step(&mut self, step: &Step) -> Result<Flow, DriveError> {
        match step {
            Step::Start => return self.start(self.delivery),
            Step::StartFor(delivery) => {
                let supported = self.target.facts().takes(*delivery);
                return self.start(if supported { *delivery } else { self.delivery });
            }
            Step::StartTold { after_ms } => {
                return self.start_told(self.delivery, Duration::from_millis(u64::from(*after_ms)));
            }
            Step::StartUnheard => return self.start_as(Manner::Unheard),
            Step::StartWithoutWatches => return self.start_without_watches(),
            Step::CountWatches => self.count_watches(),
            Step::StartWithWorkers => return self.start_as(Manner::WithWorkers),
            Step::StartManaged => return self.start_as(Manner::Managed),
            Step::StartWithPidFile => return self.start_as(Manner::WithPidFile),
            Step::ReadPidFile => self.read_pid_file(),
            Step::StopByPidFile => self.stop_by_pid_file(),
            Step::KillWorkers => return Ok(self.kill_workers()),
            Step::ChangeWithoutDescriptors { ms } => {
                return self.change_without_descriptors(Duration::from_millis(u64::from(*ms)));
            }
            Step::ChangeInOverflow => return self.change_in_overflow(),
            Step::StartWithChange => return self.start_with_change(self.delivery),
            Step::Together { changes } => return self.together(*changes),
            Step::LoadOn {
                fresh,
                kept,
                pause_us,
            } => self.load(&[(LoadKind::Fresh, *fresh), (LoadKind::Kept, *kept)], *pause_us),
            Step::PostsOn { tasks, pause_us } => self.load(&[(LoadKind::Posts, *tasks)], *pause_us),
            Step::FailuresOn { tasks, pause_us } => self.load(&[(LoadKind::Failures, *tasks)], *pause_us),
            Step::SteadyOn { per_second } => self.steady(*per_second),
            Step::SessionsOn { tasks, pause_us } => self.load(&[(LoadKind::Sessions, *tasks)], *pause_us),
            Step::Fitness { is_fit } => self.set_fitness(*is_fit),
            Step::HandshakesOn { tasks, pause_us } => self.shake_hands(Caller::New, *tasks, *pause_us),
            Step::CallersOn {
                caller,
                tasks,
                pause_us,
            } => self.shake_hands(*caller, *tasks, *pause_us),
            Step::Renew(renewal) => self.renew(*renewal)?,
            Step::Sample => self.sample(),
            Step::AskToStop => self.ask_to_stop(),
            Step::LoadOff => self.end_load(),
            Step::Change => return self.change(self.apply_bound()),
            Step::ChangeWithin { ms } => return self.change(Duration::from_millis(u64::from(*ms))),
            Step::Burst { changes } => return self.burst(*changes),
            Step::Churn { pause_ms } => return self.churn(Duration::from_millis(u64::from(*pause_ms))),
            Step::FreshStart => self.try_flaw()?,
            Step::Flawed => return self.deliver_flawed(),
            Step::LayOut(layout) => self.layout = layout.clone(),
            Step::At {
                listener,
                route,
                steps,
            } => {
                self.to = To {
                    listener: *listener,
                    route: *route,
                };
                let flow = self.steps(steps);
                self.to = To::default();
                return flow;
            }
            Step::Member { comes } => return self.member(*comes, false),
            Step::MemberByLink { comes } => return self.member(*comes, true),
            Step::StartOutside => self.start_outside()?,
            Step::Occupy(listener) => self.occupy(*listener)?,
            Step::Vacate => self.occupied = None,
            Step::Doomed => return self.deliver_doomed(),
            Step::Attempt => return self.attempt(),
            Step::Ask(question) => self.ask(*question)?,
            Step::AskUntilTold(question) => self.ask_until_told(*question)?,
            Step::AskOn { question, pause_ms } => self.ask_on(*question, *pause_ms)?,
            Step::Misorder(question) => self.misorder(*question)?,
            Step::NoteVersion => return self.note_version(),
            Step::RollBack { changes_ago } => return self.roll_back(*changes_ago),
            Step::RollBackToNone => return self.roll_back_to_none(),
            Step::Inspect => self.inspect(),
            Step::Delete => self.delete()?,
            Step::Meddle(with) => self.meddle(*with)?,
            Step::Await(condition) => {
                self.wait_for(*condition, self.recorder.last_write());
            }
            Step::Pause => {
                let ms = self.next_random() % 50;
                return Ok(self.watch(Duration::from_millis(ms)));
            }
            Step::Watch { ms } => return Ok(self.watch(Duration::from_millis(u64::from(*ms)))),
            Step::WatchPastApplyBound { ms } => {
                let bound = self.target.facts().apply_bound_ms;
                return Ok(self.watch(Duration::from_millis(bound + u64::from(*ms))));
            }
            Step::Hold { what, count } => return Ok(self.hold(*what, *count)),
            Step::Release => self.release(),
            Step::ForEachDelivery(steps) => {
                let all = self.target.facts().deliveries.clone();
                self.for_each_delivery(&all, steps)?;
            }
            Step::ForEachOf { deliveries, steps } => {
                let facts = self.target.facts();
                let taken: Vec<_> = deliveries
                    .iter()
                    .copied()
                    .filter(|wanted| facts.takes(*wanted))
                    .collect();
                self.for_each_delivery(&taken, steps)?;
            }
            Step::ForEachTrigger { that, steps } => self.for_each_trigger(*that, steps)?,
            Step::ForEachFlaw(steps) | Step::ForEachHostile(steps) => {
                let facts = self.target.facts();
                let flaws: Vec<_> = match step {
                    Step::ForEachHostile(_) => facts.hostile_flaws().collect(),
                    _ => facts.general_flaws().collect(),
                };
                for flaw in flaws {
                    self.flaw = Some(flaw);
                    if self.steps(steps)?.is_break() {
                        return Ok(Flow::Break(()));
                    }
                }
                self.flaw = None;
            }
            Step::WithFlaw { flaw, steps } if self.target.facts().flaws.contains(flaw) => {
                self.flaw = Some(*flaw);
                let flow = self.steps(steps)?;
                self.flaw = None;
                return Ok(flow);
            }
            Step::WithFlaw { .. } => {}
            Step::RepeatFor { ms, at_most, steps } => {
                let until = Instant::now() + Duration::from_millis(u64::from(*ms));
                for _ in 0..*at_most {
                    if self.steps(steps)?.is_break() {
                        return Ok(Flow::Break(()));
                    }
                    if Instant::now() >= until {
                        break;
                    }
                }
            }
            Step::Repeat { times, steps } => {
                for _ in 0..*times {
                    if self.steps(steps)?.is_break() {
                        return Ok(Flow::Break(()));
                    }
                }
            }
        }
        Ok(Flow::Continue(()))
    }

    fn for_each_delivery(&mut self, deliveries: &[Delivery], steps: &[Step]) -> Result<(), DriveError> {
        for delivery in deliveries {
            self.delivery = *delivery;
            // What one pattern does to a process is not held against the next.
            let _ = self.steps(steps)?;
        }
        self.delivery = default_delivery(self.target);
        Ok(())
    }

    /// Leaves the target alone before a change that stands alone, for as long as it says that it needs.
    pub(super) fn settle(&mut self) {
        if let Some(settle) = &self.target.facts().settle {
            // That the process ended meanwhile is told by what is done next.
            let _ = self.watch(Duration::from_millis(settle.ms));
            self.await_hearing();
        }
    }

    /// Xorshift: the harness's choices need to be irregular and repeatable, nothing more.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

fn default_delivery(target: &Target) -> Delivery {
    target
        .facts()
        .deliveries
        .first()
        .copied()
        .unwrap_or(Delivery::RenameOver)
}

fn start_origins(ip: IpAddr, count: usize, recorder: &Arc<Recorder>) -> Result<Origins, DriveError> {
    let recorder = Arc::clone(recorder);
    let on_arrival = Arc::new(move |seen: Seen| {
        recorder.record(Event::Arrival(Arrival {
            at: recorder.time_of(seen.at),
            origin: format!("o{}", seen.origin),
            request: seen.request,
            connection: Some(seen.connection),
            is_check: seen.is_check,
        }));
    });
    Origins::start(ip, count, on_arrival).map_err(DriveError::system("start the origins"))
}
