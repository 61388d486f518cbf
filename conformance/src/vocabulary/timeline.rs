//! A timeline: what was done and seen in one run of a case, on one monotonic clock.
//!
//! Every time is in nanoseconds since the start of the case. `at` is when a thing was over (its last byte read, its write
//! returned); `begin` is when it began. "B comes after A" means `B.connect > A.at` and nothing else.

use serde::{Deserialize, Serialize};

use super::{
    Answer, Delivery, Flaw, Frame, Generation, Handshake, Inspection, Layout, Meddling, Notice, PidFileLook,
    Prospect, Renewed, Request, Resources, Rollback, TargetFacts, TriggerAnswer, TriggerKind,
    step::Condition,
};

/// Nanoseconds since the start of the case.
pub type Nanos = u64;

/// All that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The case's id.
    pub case: String,
    /// The target's facts.
    pub target: TargetFacts,
    /// The seed of the harness's random choices.
    pub seed: u64,
    /// The config file's path as the target knew it.
    pub config_path: String,
    /// What happened, in the order in which it was over.
    pub events: Vec<Event>,
}

/// A request as an origin saw it arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// When its head had been read.
    pub at: Nanos,
    /// The origin's name.
    pub origin: String,
    /// The request's id, where it bore one (a health probe does not).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// The connection that it came by, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// Whether it was a check of the origin's health.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_check: bool,
}

/// One delivery of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigWrite {
    /// When it began.
    pub begin: Nanos,
    /// Where the writer paused in the middle of it: when the pause was over, and the rest began to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Nanos>,
    /// When the last call that delivers it had returned.
    pub at: Nanos,
    /// The generation that its markers carry.
    pub generation: Generation,
    /// Its flaw, if it is a bad one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
    /// What it has beside its first listener and its route for all paths.
    #[serde(default, skip_serializing_if = "Layout::is_plain")]
    pub layout: Layout,
    /// Whether it can be applied at all.
    #[serde(default, skip_serializing_if = "Prospect::is_good")]
    pub prospect: Prospect,
    /// Of a configuration in several files: the name of the one that was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// How it was delivered.
    pub delivery: Delivery,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Of a bad file: words that a good one of this generation does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<String>,
    /// Of a bad file: the lines, counted from 1, from the first that a good one of this generation does not have to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odd_lines: Option<(u32, u32)>,
}

/// A process of its own, started on a flawed file to see whether the target refuses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshStart {
    /// When it began.
    pub begin: Nanos,
    /// When it was over.
    pub at: Nanos,
    /// The flaw.
    pub flaw: Flaw,
    /// The exit code, if it ended by itself (a signal counts as 128 + its number).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited: Option<i32>,
    /// Whether anything answered with the stamp of the flawed file.
    pub served: bool,
    /// What it logged.
    pub log: Vec<String>,
}

/// A process of its own, started on a configuration whose include leads out of its folder by `..`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideStart {
    /// When it began.
    pub begin: Nanos,
    /// When it was over.
    pub at: Nanos,
    /// The exit code, if it ended by itself (a signal counts as 128 + its number).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited: Option<i32>,
    /// Whether anything answered with the stamp of the file that lies outside.
    pub served: bool,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A process was started; what follows is about it.
    Started {
        /// When.
        at: Nanos,
        /// Its pid.
        pid: u32,
        /// The generation of the file that it starts on.
        generation: Generation,
        /// What that has beside its first listener and its route for all paths.
        #[serde(default, skip_serializing_if = "Layout::is_plain")]
        layout: Layout,
        /// How files are delivered to it.
        delivery: Delivery,
    },
    /// It served its first generation.
    Ready {
        /// When.
        at: Nanos,
    },
    /// It did not, within its bound.
    NotReady {
        /// When that was given up.
        at: Nanos,
        /// What was seen instead.
        seen: String,
    },
    /// It ended without being asked to.
    Exited {
        /// When that was noticed.
        at: Nanos,
        /// How, in words: `exit status 1`, `signal 9`.
        status: String,
    },
    /// The stop signal was sent.
    StopAsked {
        /// When.
        at: Nanos,
    },
    /// All of its process tree was gone.
    Stopped {
        /// When.
        at: Nanos,
        /// How the started process ended.
        status: String,
    },
    /// A process of its tree was still there past its bound, and was killed.
    LeftBehind {
        /// When.
        at: Nanos,
        /// Its pid.
        pid: u32,
        /// Its command name.
        command: String,
    },
    /// A configuration was delivered.
    Config(ConfigWrite),
    /// The configuration was removed.
    Deleted {
        /// When that began: the target may know of it before the harness does.
        begin: Nanos,
        /// When it was done.
        at: Nanos,
    },
    /// Something else was done to the file.
    Meddled {
        /// When that began.
        begin: Nanos,
        /// When it was done.
        at: Nanos,
        /// What.
        with: Meddling,
    },
    /// A member came or went beside the one that bears the markers.
    Member {
        /// When that began.
        begin: Nanos,
        /// When it was done.
        at: Nanos,
        /// Its name.
        file: String,
        /// Whether it came.
        comes: bool,
        /// Whether it is a link to a file that stands outside the folder of the configuration.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_link: bool,
    },
    /// A reload was triggered explicitly.
    Trigger {
        /// When it began.
        begin: Nanos,
        /// When it had answered.
        at: Nanos,
        /// By which, where that is not the one that the target is usually told by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<TriggerKind>,
        /// What it answered.
        answer: TriggerAnswer,
    },
    /// The driver waited for a condition.
    Waited {
        /// Since when.
        begin: Nanos,
        /// Until when.
        at: Nanos,
        /// For what.
        condition: Condition,
        /// Whether it came.
        met: bool,
    },
    /// The driver gave up the rest of the steps for this process.
    Abandoned {
        /// When.
        at: Nanos,
        /// Why.
        why: String,
    },
    /// All that was held was released.
    Released {
        /// When.
        at: Nanos,
    },
    /// What it held of the machine was noted.
    Resources {
        /// When.
        at: Nanos,
        /// What.
        #[serde(flatten)]
        held: Resources,
    },
    /// Descriptors were taken away, so that nothing more could be opened, or given back.
    Descriptors {
        /// When that was done.
        at: Nanos,
        /// Whether there were any to be had from then on.
        are_there: bool,
        /// Why it could not be done, if it could not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// The inotify watches of the target were counted.
    Watches {
        /// When.
        at: Nanos,
        /// How many it has, if that may be seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u64>,
    },
    /// The process that was just started is given no inotify watch.
    WatchesWithheld {
        /// When.
        at: Nanos,
        /// Why they could not be withheld, if they could not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// More happened in the folder of the file, while all processes of the target were held, than a queue of events takes.
    Flooded {
        /// When they were held.
        begin: Nanos,
        /// When they were let go on.
        at: Nanos,
        /// How many files were renamed there meanwhile.
        renamed: u64,
        /// How many inotify watches they had, if that may be seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        watches: Option<u64>,
        /// Why it could not be done, if it could not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// All processes but the one that was started were killed.
    WorkersKilled {
        /// When that was done.
        at: Nanos,
        /// Which.
        pids: Vec<u32>,
    },
    /// A request ended.
    Request(Request),
    /// An origin saw a request.
    Arrival(Arrival),
    /// A line of the target's log was read.
    Log {
        /// When.
        at: Nanos,
        /// Where: `stdout`, `stderr`, `file:NAME`.
        source: String,
        /// The line.
        line: String,
    },
    /// A process was started on a flawed file.
    FreshStart(FreshStart),
    /// A process of its own was started on files that lie outside.
    OutsideStart(OutsideStart),
    /// The target was asked something besides traffic.
    Answer(Answer),
    /// It was ordered to serve an earlier version again.
    Rollback(Rollback),
    /// Its files and sockets were looked at.
    Inspected(Inspection),
    /// It told the service manager something.
    Notified(Notice),
    /// Its PID file was looked at.
    PidFile(PidFileLook),
    /// The files of certificate and key were written.
    Renewed(Renewed),
    /// An origin passes checks of its health from now on, or fails them.
    Fitness {
        /// Since when.
        at: Nanos,
        /// Which.
        origin: String,
        /// Whether it passes them.
        is_fit: bool,
    },
    /// A client shook hands, or tried to.
    Handshake(Handshake),
    /// A frame came on a connection of a client that speaks HTTP/2, by which the connection or a stream is given up.
    Frame(Frame),
    /// The harness itself ran late: this machine was busy or held up.
    Lag {
        /// When that was noticed.
        at: Nanos,
        /// By how much.
        by: Nanos,
    },
}

impl Event {
    /// When it was over.
    pub fn at(&self) -> Nanos {
        match self {
            Self::Started { at, .. }
            | Self::Ready { at }
            | Self::NotReady { at, .. }
            | Self::Exited { at, .. }
            | Self::StopAsked { at }
            | Self::Stopped { at, .. }
            | Self::LeftBehind { at, .. }
            | Self::Deleted { at, .. }
            | Self::Meddled { at, .. }
            | Self::Member { at, .. }
            | Self::Trigger { at, .. }
            | Self::Waited { at, .. }
            | Self::Abandoned { at, .. }
            | Self::Released { at }
            | Self::Resources { at, .. }
            | Self::Descriptors { at, .. }
            | Self::Watches { at, .. }
            | Self::WatchesWithheld { at, .. }
            | Self::Flooded { at, .. }
            | Self::WorkersKilled { at, .. }
            | Self::Log { at, .. }
            | Self::Fitness { at, .. }
            | Self::Lag { at, .. } => *at,
            Self::Config(write) => write.at,
            Self::Request(request) => request.at,
            Self::Arrival(arrival) => arrival.at,
            Self::FreshStart(start) => start.at,
            Self::OutsideStart(start) => start.at,
            Self::Answer(answer) => answer.at,
            Self::Rollback(order) => order.at,
            Self::Inspected(inspection) => inspection.at,
            Self::Notified(notice) => notice.at,
            Self::PidFile(look) => look.at,
            Self::Renewed(renewed) => renewed.at,
            Self::Handshake(handshake) => handshake.at,
            Self::Frame(frame) => frame.at,
        }
    }
}
