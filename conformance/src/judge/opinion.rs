//! What a check thinks of a timeline, before its level turns that into a verdict.

use crate::vocabulary::{Finding, Nanos, Request};

/// How many requests a finding names at most.
const REQUESTS_NAMED: usize = 10;

/// A check's opinion on one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opinion {
    pub(super) subject: Option<String>,
    pub(super) judgement: Judgement,
    pub(super) trials: Option<u64>,
    pub(super) figure: Option<String>,
    /// Whether it holds however the run went on: what was said was said.
    pub(super) is_final: bool,
}

/// Whether the requirement was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Met,
    NotMet(Seen),
    Unsupported(String),
    Inconclusive(String),
    /// Nobody is judged by it here, whatever the level of the check.
    Observed,
}

/// What was seen instead of what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) expected: String,
    pub(super) observed: String,
    pub(super) requests: Vec<u64>,
    pub(super) at: Option<Nanos>,
}

impl Seen {
    pub(super) fn new(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            observed: observed.into(),
            requests: Vec::new(),
            at: None,
        }
    }

    /// Rests it on requests: the first few are named, and the first gives the time.
    pub(super) fn resting_on(mut self, requests: &[&Request]) -> Self {
        self.requests = requests
            .iter()
            .take(REQUESTS_NAMED)
            .map(|request| request.id)
            .collect();
        self.at = requests.first().map(|request| request.at).or(self.at);
        self
    }

    pub(super) fn at(mut self, at: Nanos) -> Self {
        self.at = Some(at);
        self
    }

    pub(super) fn into_finding(self, requirement: &str) -> Finding {
        Finding {
            requirement: requirement.to_owned(),
            expected: self.expected,
            observed: self.observed,
            requests: self.requests,
            at: self.at,
        }
    }
}

impl Opinion {
    pub(super) fn new(judgement: Judgement) -> Self {
        Self {
            subject: None,
            judgement,
            trials: None,
            figure: None,
            is_final: false,
        }
    }

    pub(super) fn met() -> Self {
        Self::new(Judgement::Met)
    }

    pub(super) fn not_met(seen: Seen) -> Self {
        Self::new(Judgement::NotMet(seen))
    }

    pub(super) fn unsupported(why: impl Into<String>) -> Self {
        Self::new(Judgement::Unsupported(why.into()))
    }

    pub(super) fn inconclusive(why: impl Into<String>) -> Self {
        Self::new(Judgement::Inconclusive(why.into()))
    }

    /// A figure, where the target is not to be judged.
    pub(super) fn observed(figure: impl Into<String>) -> Self {
        Self::new(Judgement::Observed).figure(figure)
    }

    /// Met if nothing speaks against it, but only if at least `least` trials stand behind it.
    pub(super) fn of_trials(against: Option<Seen>, trials: usize, least: usize) -> Self {
        let judgement = match against {
            Some(seen) => Judgement::NotMet(seen),
            None if trials < least => {
                Judgement::Inconclusive(format!("{trials} trials, at least {least} are needed"))
            }
            None => Judgement::Met,
        };
        Self {
            trials: Some(trials as u64),
            ..Self::new(judgement)
        }
    }

    /// Of several opinions on one subject the weightiest: what speaks against it, else what leaves it open.
    pub(super) fn weightiest(opinions: impl IntoIterator<Item = Self>) -> Option<Self> {
        opinions
            .into_iter()
            .min_by_key(|opinion| match opinion.judgement {
                Judgement::NotMet(_) => 0,
                Judgement::Inconclusive(_) => 1,
                Judgement::Met | Judgement::Unsupported(_) | Judgement::Observed => 2,
            })
    }

    pub(super) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    pub(super) fn figure(mut self, figure: impl Into<String>) -> Self {
        self.figure = Some(figure.into());
        self
    }

    /// Holds however the run went on.
    pub(super) fn for_good(mut self) -> Self {
        self.is_final = true;
        self
    }

    pub(super) fn trials(mut self, trials: usize) -> Self {
        self.trials = Some(trials as u64);
        self
    }
}
