//! The words that every part of the suite speaks: what a case is, what was seen, what was concluded.
//!
//! In: nothing. Out: plain data that serialises. Never: files, sockets, clocks, decisions.
//!
//! Architecture invariant: `judge` and `report` import this module and no other of the suite.

mod asked;
mod case;
mod check;
mod delivery;
mod health;
mod http2;
mod layout;
mod life;
mod limit;
mod log;
mod meddling;
mod object;
mod readings;
mod report;
mod request;
mod resources;
mod scene;
mod step;
mod target;
mod timeline;
mod tls;
mod trigger;
mod verdict;
mod versions;

pub use asked::{Answer, Inspection, Question, Reply, TriggerAnswer};
pub use case::{Area, Case, CheckSpec, FaultSpec, Level, Profile};
pub use check::Check;
pub use delivery::Delivery;
pub use health::HealthFacts;
pub use http2::{Frame, Says};
pub use layout::{Layout, LeadsTo, Listener, Prospect, Route};
pub use life::{Notice, PidFileFacts, PidFileLook, Whose};
pub use limit::Limit;
pub use log::LogPatterns;
pub use meddling::Meddling;
pub use object::{Fate, Object, ObjectPatterns};
pub use readings::{Expected, Lack, MetricReadings, Readings, StatusReadings, metric, read};
pub use report::{CaseReport, Footer, Record, RunHeader, RunReport, SCHEMA};
pub use request::{Outcome, Phase, Purpose, Request};
pub use resources::Resources;
pub use scene::{Flaw, Generation, Marker, Markers, Scene};
pub use step::{Condition, Held, Step};
pub use target::{Capability, OtherTrigger, Outside, RestartOnly, Settle, TargetFacts, TriggerKind};
pub use timeline::{Arrival, ConfigWrite, Event, FreshStart, Nanos, OutsideStart, Timeline};
pub use tls::{Caller, Handshake, Leaf, Renewal, Renewed, Shaken};
pub use trigger::TriggerTrait;
pub use verdict::{CheckResult, Finding, Verdict};
pub use versions::{Rollback, VersionReadings};
