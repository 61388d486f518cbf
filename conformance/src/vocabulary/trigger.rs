//! What cases ask of triggers.

use serde::Serialize;

/// What is asked of a trigger for a case to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerTrait {
    /// It answers: by an exit status, by a status over HTTP, or by a line where its answers are known.
    Answers,
    /// It answers once the change is effective.
    Acknowledges,
    /// It is a signal.
    IsSignal,
    /// It is a request over HTTP.
    IsHttp,
    /// Somebody pulls it: the target does not watch for itself.
    IsPulled,
}

impl TriggerTrait {
    /// What a target has to have, in words that follow "a trigger that".
    pub fn words(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Acknowledges => "answers once the change is effective",
            Self::IsSignal => "is a signal",
            Self::IsHttp => "is a request over HTTP",
            Self::IsPulled => "somebody pulls",
        }
    }
}
