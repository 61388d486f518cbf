//! Verdicts and their precedence, and findings.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Check, Level};

/// What was concluded about a check or a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "why", rename_all = "snake_case")]
pub enum Verdict {
    /// The requirement was met, as far as was tried.
    Pass,
    /// A figure, without a judgement.
    Observed,
    /// A SHOULD was not met.
    Weak,
    /// A MUST was not met.
    Fail,
    /// It does not apply to this target.
    Unsupported(String),
    /// Nothing can be said.
    Inconclusive(String),
    /// The binary is not there.
    NotRun(String),
    /// The harness failed.
    Error(String),
}

impl Verdict {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Observed => "observed",
            Self::Weak => "weak",
            Self::Fail => "fail",
            Self::Unsupported(_) => "unsupported",
            Self::Inconclusive(_) => "inconclusive",
            Self::NotRun(_) => "not run",
            Self::Error(_) => "error",
        }
    }

    /// The reason, where one belongs to it.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Unsupported(why) | Self::Inconclusive(why) | Self::NotRun(why) | Self::Error(why) => {
                Some(why)
            }
            Self::Pass | Self::Observed | Self::Weak | Self::Fail => None,
        }
    }

    /// The verdict on a case, of the verdicts on its checks.
    ///
    /// Precedence: error, fail, inconclusive, weak, pass, observed, unsupported. A case with nothing judged is unsupported.
    pub fn of_checks<'a>(checks: impl IntoIterator<Item = &'a Verdict>) -> Self {
        checks
            .into_iter()
            .min_by_key(|verdict| verdict.rank())
            .cloned()
            .unwrap_or_else(|| Self::Unsupported("no check applies".to_owned()))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Error(_) => 0,
            Self::Fail => 1,
            Self::Inconclusive(_) => 2,
            Self::Weak => 3,
            Self::Pass => 4,
            Self::Observed => 5,
            Self::NotRun(_) => 6,
            Self::Unsupported(_) => 7,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What was required, what that would have looked like, and what was seen instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The requirement, in one sentence.
    pub requirement: String,
    /// What a proxy that meets it would have shown here.
    pub expected: String,
    /// What this one showed.
    pub observed: String,
    /// The requests that this rests on, at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<u64>,
    /// When it was seen, in nanoseconds since the start of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

/// What was concluded about one check, for one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Which check.
    pub check: Check,
    /// What it was about, where a case makes the same check of several things: a flaw, a delivery pattern, a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its level.
    pub level: Level,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How many trials stand behind it, where that is a number. n clean trials bound the failure rate at about 3/n (95 %).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<u64>,
    /// A figure, for OBSERVE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// The finding, for fail and weak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// The reason of a known deviation that this failure is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
}

impl CheckResult {
    /// `check` or `check/subject`.
    pub fn title(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{}/{subject}", self.check),
            None => self.check.to_string(),
        }
    }
}
