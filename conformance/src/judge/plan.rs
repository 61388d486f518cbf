//! What the steps of a case ask for, so that a run that was cut short is not taken for a clean one.

use crate::vocabulary::{Case, Delivery, Flaw, Held, Question, Renewal, Step, TargetFacts};

/// All processes that the steps start, in order, and what is done to each.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) lives: Vec<PlannedLife>,
    /// Kinds of bad files that are tried, in order.
    pub(super) flaws: Vec<Flaw>,
    /// How often an earlier version is ordered back.
    pub(super) rollbacks: usize,
    /// What is done to the files of certificate and key.
    renewals: Vec<Renewal>,
    /// What the target is asked besides traffic.
    pub(super) asks: Vec<Question>,
    /// A kind of bad file that the case rests on, and that the target cannot be given.
    pub(super) lacks: Option<Flaw>,
    /// Whether the case rests on kinds of bad files of its own choice.
    pub(super) needs_bad: bool,
}

/// What is done to one process.
#[derive(Debug)]
pub(super) struct PlannedLife {
    pub(super) delivery: Delivery,
    /// Good files whose effect is waited for.
    pub(super) awaited: usize,
    /// Good files.
    pub(super) changes: usize,
    held: Vec<(Held, u8)>,
}

impl Plan {
    pub(super) fn of(case: &Case, facts: &TargetFacts) -> Self {
        let mut plan = Self::default();
        plan.add(&case.steps, facts, usual(facts));
        plan
    }

    /// How many of a kind are held open, over all processes.
    pub(super) fn held(&self, what: Held) -> usize {
        let of_kind = |(kind, count): &(Held, u8)| (*kind == what).then_some(usize::from(*count));
        self.lives
            .iter()
            .flat_map(|life| life.held.iter().filter_map(of_kind))
            .sum()
    }

    /// How often a certificate comes to stand there with its key: with it, or one of them after the other.
    pub(super) fn pairs_renewed(&self) -> usize {
        let of = |wanted: &[Renewal]| self.renewals.iter().filter(|one| wanted.contains(one)).count();
        of(&[Renewal::Pair]) + of(&[Renewal::Certificate, Renewal::Key]) / 2
    }

    fn add(&mut self, steps: &[Step], facts: &TargetFacts, delivery: Delivery) {
        for step in steps {
            match step {
                Step::StartFor(wanted) if facts.takes(*wanted) => self.start(*wanted),
                Step::Start
                | Step::StartFor(_)
                | Step::StartTold { .. }
                | Step::StartUnheard
                | Step::StartWithoutWatches
                | Step::StartWithWorkers
                | Step::StartManaged
                | Step::StartWithPidFile => self.start(delivery),
                Step::StartWithChange => {
                    self.start(delivery);
                    self.change(1);
                }
                Step::Change | Step::ChangeWithin { .. } => self.change(1),
                Step::Burst { changes } | Step::Together { changes } => self.change(*changes as usize),
                Step::Hold { what, count } => {
                    if let Some(life) = self.lives.last_mut() {
                        life.held.push((*what, *count));
                    }
                }
                Step::ForEachDelivery(steps) => {
                    for delivery in &facts.deliveries {
                        self.add(steps, facts, *delivery);
                    }
                }
                Step::ForEachOf { deliveries, steps } => {
                    for delivery in deliveries.iter().filter(|wanted| facts.takes(**wanted)) {
                        self.add(steps, facts, *delivery);
                    }
                }
                Step::ForEachTrigger { that, steps } => {
                    for _ in facts.triggers(*that) {
                        self.add(steps, facts, delivery);
                    }
                }
                Step::ForEachFlaw(steps) => {
                    for flaw in facts.general_flaws() {
                        self.flaws.push(flaw);
                        self.add(steps, facts, delivery);
                    }
                }
                Step::ForEachHostile(steps) => {
                    for flaw in facts.hostile_flaws() {
                        self.flaws.push(flaw);
                        self.add(steps, facts, delivery);
                    }
                }
                Step::WithFlaw { flaw, steps } => {
                    self.needs_bad = true;
                    if facts.flaws.contains(flaw) {
                        self.flaws.push(*flaw);
                        self.add(steps, facts, delivery);
                    } else {
                        self.lacks = Some(*flaw);
                    }
                }
                Step::Repeat { times, steps } => {
                    for _ in 0..*times {
                        self.add(steps, facts, delivery);
                    }
                }
                // How often it comes to be done is up to the target; it is done once at least.
                Step::RepeatFor { steps, .. } => self.add(steps, facts, delivery),
                Step::Ask(question) | Step::AskUntilTold(question) | Step::AskOn { question, .. } => {
                    self.asks.push(*question);
                }
                Step::NoteVersion => self.asks.push(Question::Version),
                Step::RollBack { .. } => self.rollbacks += 1,
                Step::Renew(renewal) => self.renewals.push(*renewal),
                Step::Pause
                | Step::RollBackToNone
                | Step::Inspect
                | Step::Misorder(_)
                | Step::LoadOn { .. }
                | Step::PostsOn { .. }
                | Step::FailuresOn { .. }
                | Step::SteadyOn { .. }
                | Step::HandshakesOn { .. }
                | Step::SessionsOn { .. }
                | Step::Fitness { .. }
                | Step::CallersOn { .. }
                | Step::Sample
                | Step::LayOut(_)
                | Step::Member { .. }
                | Step::MemberByLink { .. }
                | Step::StartOutside
                | Step::Occupy(_)
                | Step::Vacate
                | Step::Doomed
                | Step::Attempt
                | Step::ChangeWithoutDescriptors { .. }
                | Step::ChangeInOverflow
                | Step::CountWatches
                | Step::KillWorkers
                | Step::ReadPidFile
                | Step::StopByPidFile
                // What is asked elsewhere is counted by those who judge it.
                | Step::At { .. }
                | Step::AskToStop
                | Step::LoadOff
                | Step::FreshStart
                | Step::Flawed
                | Step::Delete
                | Step::Meddle(_)
                | Step::Churn { .. }
                | Step::Await(_)
                | Step::Watch { .. }
                | Step::WatchPastApplyBound { .. }
                | Step::Release => {}
            }
        }
    }

    fn start(&mut self, delivery: Delivery) {
        self.lives.push(PlannedLife {
            delivery,
            awaited: 0,
            changes: 0,
            held: Vec::new(),
        });
    }

    fn change(&mut self, changes: usize) {
        if let Some(life) = self.lives.last_mut() {
            life.awaited += 1;
            life.changes += changes;
        }
    }
}

fn usual(facts: &TargetFacts) -> Delivery {
    facts.deliveries.first().copied().unwrap_or(Delivery::RenameOver)
}
