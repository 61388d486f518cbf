//! A target that exists on paper: does the steps of a case and writes the timeline that a sound proxy would leave.
//!
//! Everything is drawn from a seed, so a law that fails names the history that broke it.

mod asked;
mod differing;
mod elsewhere;
mod ends;
mod files;
mod group;
mod lifecycle;
mod limits;
mod members;
mod shortage;
mod starts;
mod tls;
mod traffic;
mod versions;

use std::collections::BTreeMap;

use reloadspec::vocabulary::{
    Caller, Capability, Case, Condition, Delivery, Event, Flaw, Generation, HealthFacts, Held, Layout,
    Listener, LogPatterns, Marker, Nanos, Outcome, Outside, Phase, PidFileFacts, Prospect, Purpose, Request,
    RestartOnly, Step, TargetFacts, Timeline, TriggerKind,
};

pub(crate) use limits::refused;

use crate::traits::Traits;

pub(crate) const MS: Nanos = 1_000_000;
/// For how long a connection that stays with its generation does so.
pub(crate) const DRAIN: Nanos = 10_000 * MS;
pub(crate) const ORIGINS: usize = 3;
pub(crate) const PATH: &str = "/ground/conf/proxy.yaml";

pub(crate) struct Paper {
    traits: Traits,
    facts: TargetFacts,
    random: u64,
    now: Nanos,
    ids: u64,
    events: Vec<Event>,
    generation: Generation,
    delivery: Delivery,
    flaw: Option<Flaw>,
    life: Option<Life>,
    /// What configurations have from here on.
    layout: Layout,
    prospect: Prospect,
    /// Where what is asked is asked.
    to: (Listener, u8),
    changes: usize,
    given_up: bool,
    /// How often it had something to tell the service manager.
    notices: usize,
}

struct Life {
    began: Nanos,
    /// What was served since when, in order; `None` is an empty file that was taken.
    served: Vec<(Nanos, Option<Generation>)>,
    load: Option<(Nanos, u8, u8, u32)>,
    posts: Option<(Nanos, u8, u32)>,
    /// Since when, and how far apart.
    steady: Option<(Nanos, Nanos)>,
    /// What it had since when.
    layouts: Vec<(Nanos, Layout)>,
    elsewhere: Vec<elsewhere::Load>,
    held_elsewhere: Vec<Request>,
    /// From when until when what is held elsewhere is drained, at most.
    drains: Vec<(Nanos, Nanos)>,
    held: Vec<(Held, u64, Nanos, u64, Option<Generation>)>,
    last_record: Nanos,
    /// What was taken last, for what the next change makes of it.
    taken: (Generation, Layout),
    is_asked: bool,
    stops: bool,
    asked: Vec<asked::AskedOn>,
    is_managed: bool,
    tls: tls::ByTls,
    /// Since when the first of the upstreams that are checked passes its checks, or fails them.
    fitness: Vec<(Nanos, bool)>,
}

impl Paper {
    pub(crate) fn new(traits: &Traits) -> Self {
        let acknowledges = |capability: &Capability| *capability != Capability::Ack || traits.acknowledges();
        let capabilities = Capability::ALL.into_iter().filter(acknowledges).collect();
        let facts = TargetFacts {
            settle: None,
            markers: Marker::ALL.to_vec(),
            name: "paper".into(),
            variant: None,
            version: None,
            binary: "paper".into(),
            binary_sha256: String::new(),
            trigger: traits.trigger,
            also: Vec::new(),
            answers_lines: traits.trigger == TriggerKind::Socket,
            capabilities,
            deliveries: Delivery::DECLARED.to_vec(),
            flaws: Flaw::ALL.to_vec(),
            misspelt: Some("workers".into()),
            apply_bound_ms: traits.bound_ms,
            apply_bound_source: None,
            ready_within_ms: 5_000,
            drain_bound_ms: DRAIN / MS,
            release_bound_ms: None,
            health: Some(HealthFacts::default()),
            outside: Some(Outside::Followed),
            pid_file: Some(PidFileFacts { stays: false }),
            restart_only: Some(RestartOnly {
                setting: "workers".into(),
                reported: "workers takes a restart".into(),
            }),
            stop_within_ms: 5_000,
            log: LogPatterns {
                sources: vec!["stderr".into()],
                applied: Some("config applied".into()),
                level: Some(r"^(\w+) ".into()),
                informational: vec!["info".into()],
                rejected: Some("config rejected".into()),
                missing: Some("config missing".into()),
                fatal: Some("panicked at".into()),
                names_file: true,
                changed: differing::patterns(),
            },
            readings: asked::readings(),
            settings: BTreeMap::new(),
            origins: ORIGINS,
        };
        Self {
            random: traits.seed | 1,
            traits: traits.clone(),
            facts,
            now: MS,
            ids: 0,
            events: Vec::new(),
            generation: Generation(0),
            delivery: Delivery::RenameOver,
            flaw: None,
            life: None,
            layout: Layout::default(),
            prospect: Prospect::Good,
            to: (Listener::First, 0),
            changes: 0,
            given_up: false,
            notices: 0,
        }
    }

    pub(crate) fn run(mut self, case: &Case) -> Timeline {
        self.steps(&case.steps);
        self.end();
        self.events.sort_by_key(Event::at);
        Timeline {
            case: case.id.into(),
            target: self.facts,
            seed: self.traits.seed,
            config_path: PATH.into(),
            events: self.events,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            if !self.given_up {
                self.step(step);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::LayOut(layout) => self.layout = layout.clone(),
            Step::At {
                listener,
                route,
                steps,
            } => {
                self.to = (*listener, *route);
                self.steps(steps);
                self.to = (Listener::First, 0);
            }
            // Whether somebody listens there is known by what is delivered.
            Step::Occupy(_) | Step::Vacate => {}
            Step::Doomed => self.doomed(),
            Step::Member { comes } => self.member(*comes, false),
            Step::MemberByLink { comes } => self.member(*comes, true),
            Step::StartOutside => self.start_outside(),
            Step::Attempt => self.attempt(),
            step if self.to != (Listener::First, 0) => self.step_elsewhere(step),
            Step::Start | Step::StartUnheard | Step::StartWithWorkers | Step::StartWithPidFile => {
                self.start(self.delivery);
            }
            Step::KillWorkers => self.kill_workers(),
            Step::StartManaged => self.start_managed(),
            Step::ReadPidFile => self.read_pid_file(),
            Step::StopByPidFile => self.stop_by_pid_file(),
            Step::ChangeWithoutDescriptors { ms } => self.change_without_descriptors(u64::from(*ms) * MS),
            Step::StartWithoutWatches => self.start_without_watches(),
            Step::CountWatches => self.count_watches(),
            Step::ChangeInOverflow => self.change_in_overflow(),
            Step::StartFor(delivery) => self.start(*delivery),
            Step::StartTold { after_ms } => self.start_told(u64::from(*after_ms)),
            Step::StartWithChange => self.start_with_change(),
            Step::Pause => self.now += self.below(50) * MS,
            Step::LoadOn {
                fresh,
                kept,
                pause_us,
            } => {
                let load = (self.now, *fresh, *kept, *pause_us);
                self.life().load = Some(load);
            }
            Step::PostsOn { tasks, pause_us } => {
                let posts = (self.now, *tasks, *pause_us);
                self.life().posts = Some(posts);
            }
            Step::FailuresOn { .. } => panic!("no case has failures but on a route"),
            Step::SteadyOn { per_second } => {
                let steady = (self.now, 1_000 * MS / u64::from(*per_second));
                self.life().steady = Some(steady);
            }
            Step::SessionsOn { .. } => panic!("no case has sessions on the route for all paths"),
            Step::Fitness { is_fit } => self.fitness(*is_fit),
            Step::HandshakesOn { tasks, pause_us } => self.shake_hands(Caller::New, *tasks, *pause_us),
            Step::CallersOn {
                caller,
                tasks,
                pause_us,
            } => self.shake_hands(*caller, *tasks, *pause_us),
            Step::Renew(renewal) => self.renew(*renewal),
            Step::Sample => self.sample(),
            Step::AskToStop => {
                self.events.push(Event::StopAsked { at: self.now });
                self.now += MS;
                self.life().is_asked = true;
            }
            Step::LoadOff => self.end_load(),
            Step::Change | Step::ChangeWithin { .. } => self.change(),
            Step::Burst { changes } | Step::Together { changes } => self.burst(*changes),
            Step::Churn { pause_ms } => self.churn(u64::from(*pause_ms)),
            Step::FreshStart => self.fresh_start(),
            Step::Flawed => self.flawed(),
            Step::Ask(question) => self.ask(*question),
            Step::AskUntilTold(question) => self.ask_until_told(*question),
            Step::AskOn { question, pause_ms } => self.ask_on(*question, *pause_ms),
            Step::Misorder(question) => self.misorder(*question),
            Step::NoteVersion => self.note_version(),
            Step::RollBack { changes_ago } => self.roll_back(*changes_ago),
            Step::RollBackToNone => self.roll_back_to_none(),
            Step::Inspect => self.inspect(),
            Step::Delete => self.delete(),
            Step::Meddle(with) => self.meddle(*with),
            Step::Await(Condition::HeldEnded) => self.drained(),
            Step::Await(Condition::LeafShown) => self.await_leaf(),
            Step::Await(Condition::Checked) => self.await_checks(Condition::Checked),
            Step::Await(Condition::Shunned) => self.await_checks(Condition::Shunned),
            Step::Await(condition) => self.waited(*condition),
            Step::Watch { ms } => self.now += u64::from(*ms) * MS,
            Step::WatchPastApplyBound { ms } => self.now += (self.traits.bound_ms + u64::from(*ms)) * MS,
            Step::Hold { what, count } => (0..*count).for_each(|_| self.hold(*what)),
            Step::Release => self.release(),
            Step::ForEachDelivery(steps) => {
                self.for_each_delivery(&Delivery::DECLARED, steps);
            }
            Step::ForEachOf { deliveries, steps } => self.for_each_delivery(deliveries, steps),
            Step::ForEachTrigger { that, steps } => {
                // It has no other than its own.
                for _ in self.facts.triggers(*that) {
                    self.steps(steps);
                }
            }
            Step::ForEachFlaw(steps) => {
                for flaw in Flaw::GENERAL {
                    self.flaw = Some(flaw);
                    self.steps(steps);
                }
            }
            Step::ForEachHostile(steps) => {
                for flaw in Flaw::HOSTILE {
                    self.flaw = Some(flaw);
                    self.steps(steps);
                }
            }
            Step::WithFlaw { flaw, steps } => {
                self.flaw = Some(*flaw);
                self.steps(steps);
            }
            Step::RepeatFor { ms, at_most, steps } => {
                let until = self.now + u64::from(*ms) * MS;
                for _ in 0..*at_most {
                    self.steps(steps);
                    if self.now >= until {
                        break;
                    }
                }
            }
            Step::Repeat { times, steps } => (0..*times).for_each(|_| self.steps(steps)),
        }
    }

    fn for_each_delivery(&mut self, deliveries: &[Delivery], steps: &[Step]) {
        for delivery in deliveries {
            self.delivery = *delivery;
            self.steps(steps);
        }
    }

    fn life(&mut self) -> &mut Life {
        self.life.as_mut().expect("a process runs")
    }

    fn start(&mut self, delivery: Delivery) {
        self.end();
        self.generation = self.generation.next();
        let (generation, began) = (self.generation, self.now);
        let layout = self.layout.clone();
        self.events.push(Event::Started {
            at: began,
            pid: 7,
            generation,
            layout: layout.clone(),
            delivery,
        });
        self.log(began + MS, &format!("INFO reading {PATH}"));
        self.life = Some(Life {
            began,
            served: vec![(began + 20 * MS, Some(generation))],
            load: None,
            posts: None,
            steady: None,
            layouts: vec![(began + 20 * MS, layout.clone())],
            taken: (generation, layout),
            elsewhere: Vec::new(),
            held_elsewhere: Vec::new(),
            drains: Vec::new(),
            held: Vec::new(),
            last_record: 0,
            is_asked: false,
            stops: true,
            asked: Vec::new(),
            is_managed: false,
            tls: tls::ByTls::new(),
            fitness: Vec::new(),
        });
        // Probes of before it listens, and across the moment in which it begins to.
        self.request(Purpose::Probe, began + 5 * MS, began + 6 * MS, Outcome::Refused);
        self.request(Purpose::Probe, began + 19 * MS, began + 21 * MS, Outcome::Refused);
        self.now = began + 25 * MS;
        self.probe();
        self.events.push(Event::Ready { at: self.now });
        self.now += MS;
    }
}
