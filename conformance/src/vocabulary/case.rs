//! A case: one requirement, the steps that put it to the test, and the checks that judge it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Capability, Check, Delivery, Step, TargetFacts, TriggerKind, TriggerTrait};

/// How binding a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Not met: fail.
    Must,
    /// Not met: weak.
    Should,
    /// A figure, never a judgement.
    Observe,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Observe => "OBSERVE",
        })
    }
}

/// Which runs a case is part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// What whoever reloads at all owes to whoever uses it, and what takes seconds to find out.
    Core,
    /// All of the core, and what needs a further capability of the target, or takes long.
    #[default]
    Extended,
}

impl Profile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Core, Self::Extended];

    /// The name as it stands on command lines and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Extended => "extended",
        }
    }

    /// Whether a run of this profile has the cases of another.
    pub fn includes(self, other: Self) -> bool {
        other <= self
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The part of hot reload that a case belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// A change is noticed and takes effect.
    HotReload,
    /// However the file is replaced, what stands there in the end is applied, and nothing else.
    FileReplacement,
    /// What is invalid is refused, whole.
    ConfigValidation,
    /// The configuration itself goes away or breaks.
    ErrorHandling,
    /// What a change does to connections.
    ConnectionManagement,
    /// What a change does to the addresses that are listened on.
    Listeners,
    /// What clients see while certificates change.
    Tls,
    /// What a target knows beside its configuration, and keeps over a change: who is fit, who has used up his share, who is failing.
    State,
    /// A configuration of several files.
    Composition,
    /// What a change leaves in the log.
    Logging,
    /// Signals, starts and stops.
    Lifecycle,
    /// What changes cost.
    Resources,
    /// Who may ask for a change.
    Security,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HotReload => "hot-reload",
            Self::FileReplacement => "file-replacement",
            Self::ConfigValidation => "config-validation",
            Self::ErrorHandling => "error-handling",
            Self::ConnectionManagement => "connection-management",
            Self::Listeners => "listeners",
            Self::Tls => "tls",
            Self::State => "state",
            Self::Composition => "composition",
            Self::Logging => "logging",
            Self::Lifecycle => "lifecycle",
            Self::Resources => "resources",
            Self::Security => "security",
        })
    }
}

/// A check that a case makes, with its own level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckSpec {
    /// Which check.
    pub id: Check,
    /// Its level, at most that of its case.
    pub level: Level,
    /// What is required, in one sentence.
    pub requirement: &'static str,
}

impl CheckSpec {
    /// A check whose requirement needs no closer wording than its own.
    pub fn of(id: Check, level: Level) -> Self {
        Self {
            id,
            level,
            requirement: id.requirement(),
        }
    }
}

/// A fault of a proxy that a case must catch, and by which check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultSpec {
    /// The fault's name, in kebab case.
    pub name: &'static str,
    /// The check that must fail (MUST) or be weak (SHOULD).
    pub check: Check,
}

/// One requirement and how it is put to the test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The stable id, a sentence in snake case.
    pub id: &'static str,
    /// The area that it is listed under.
    pub area: Area,
    /// Which runs it is part of.
    pub profile: Profile,
    /// The highest level among its checks.
    pub level: Level,
    /// The requirement in one sentence.
    pub requirement: &'static str,
    /// Why it matters, with the real faults that it would have caught.
    pub rationale: &'static str,
    /// Where it comes from: `project#issue`, or a document.
    pub provenance: &'static [&'static str],
    /// What a target must be able to do for the case to apply.
    pub needs: &'static [Capability],
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What is judged. The unasked checks come on top, see [`Check::UNASKED`].
    pub checks: Vec<CheckSpec>,
    /// The longest that a sane run takes, in seconds; past it the run is given up.
    pub budget_s: u32,
    /// The faults that it must catch.
    pub faults: Vec<FaultSpec>,
}

impl Case {
    /// Why this case does not apply to a target, if it does not.
    pub fn unsupported_by(&self, target: &TargetFacts) -> Option<String> {
        let missing = self.needs.iter().find(|needed| !target.has(**needed));
        if let Some(missing) = missing {
            return Some(format!("the target does not declare {}", missing.name()));
        }
        let is_in_the_way = |step: &Step| matches!(step, Step::Meddle(with) if with.is_in_the_way());
        if target.trigger == TriggerKind::Http && self.steps.iter().any(is_in_the_way) {
            return Some(
                "the trigger brings the content with it, so that the target never looks at the path"
                    .to_owned(),
            );
        }
        if let Some(wanted) = self.lacks_trigger(target) {
            return Some(format!("the target has no trigger that {}", wanted.words()));
        }
        let has = |wanted: fn(&Step) -> bool| any(&self.steps, wanted);
        if has(|step| matches!(step, Step::Together { .. })) && target.also.is_empty() {
            return Some("the target can be told in one way only".to_owned());
        }
        if has(|step| {
            matches!(
                step,
                Step::StartWithChange | Step::ChangeInOverflow | Step::StartWithoutWatches
            )
        }) && target.trigger != TriggerKind::Watch
        {
            return Some("the target reads the file only when it is told to".to_owned());
        }
        let mut wanted = self.steps.iter().filter_map(|step| match step {
            Step::ForEachOf { deliveries, .. } => Some(deliveries.as_slice()),
            _ => None,
        });
        let lacks = |deliveries: &&[Delivery]| !deliveries.iter().any(|delivery| target.takes(*delivery));
        // All that it does is done by files that are delivered in these ways.
        let first = wanted.clone().next()?.first()?;
        wanted.all(|deliveries| lacks(&deliveries)).then(|| {
            let declared = first.declared_as();
            if target.deliveries.contains(&declared) {
                return "the target reads the file only when it is told to".to_owned();
            }
            format!("the target does not list the delivery pattern {declared}")
        })
    }

    /// What kind of trigger all of it rests on, and the target does not have.
    fn lacks_trigger(&self, target: &TargetFacts) -> Option<TriggerTrait> {
        let mut wanted = self.steps.iter().filter_map(|step| match step {
            Step::ForEachTrigger { that, .. } => Some(*that),
            _ => None,
        });
        let first = wanted.clone().next()?;
        wanted
            .all(|that| target.triggers(that).is_empty())
            .then_some(first)
    }

    /// The level at which `check` is judged in this case.
    pub fn level_of(&self, check: Check) -> Level {
        self.checks
            .iter()
            .find(|spec| spec.id == check)
            .map_or(Level::Must, |spec| spec.level)
    }

    /// Whether it needs the machine to itself: whether any of its checks is of times that other cases would disturb.
    pub fn runs_alone(&self) -> bool {
        self.checks.iter().any(|spec| Check::TIMED.contains(&spec.id))
    }

    /// The requirement behind `check` in this case.
    pub fn requirement_of(&self, check: Check) -> &'static str {
        self.checks
            .iter()
            .find(|spec| spec.id == check)
            .map_or(check.requirement(), |spec| spec.requirement)
    }
}

/// Whether there is a step of a kind, be it within another.
fn any(steps: &[Step], wanted: fn(&Step) -> bool) -> bool {
    steps.iter().any(|step| wanted(step) || any(step.inner(), wanted))
}
