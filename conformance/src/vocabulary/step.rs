//! Steps: what the driver does. Plain data; the driver carries them out and decides nothing.

use serde::{Deserialize, Serialize};

use super::{Caller, Delivery, Flaw, Layout, Listener, Meddling, Question, Renewal, TriggerTrait};

/// What is held open over a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// A request whose origin answers nothing until a gate opens.
    Request,
    /// A response body of known length, its second half behind a gate.
    Download,
    /// A chunked response body, its second half behind a gate.
    Stream,
    /// A request body whose second half the client sends only once it is released.
    Upload,
    /// A kept connection without an outstanding request; on release a request is sent on it.
    Idle,
    /// Two requests on one connection: the first as [`Self::Request`], the other 200 ms after the answer to it.
    Pair,
    /// A stream of numbered events that goes on until a gate opens.
    Events,
    /// A WebSocket on which numbered messages go both ways until it is released; then it is closed by the client.
    WebSocket,
    /// A bidirectional stream of gRPC on which numbered messages go both ways until it is released; then its client ends its side, and trailers are due.
    Grpc,
}

impl Held {
    /// The name as it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Download => "download",
            Self::Stream => "stream",
            Self::Upload => "upload",
            Self::Idle => "idle",
            Self::Pair => "pair",
            Self::Events => "events",
            Self::WebSocket => "websocket",
            Self::Grpc => "grpc",
        }
    }
}

/// A named condition that the driver waits for, always with a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// An answer of the newest generation on a fresh connection. Deadline: the apply bound.
    Effect,
    /// A sign that the newest file was refused: its log line, the trigger's answer, the end of the process.
    /// Deadline: the apply bound.
    Rejection,
    /// A log line saying that the file is missing. Deadline: the apply bound.
    MissingRecord,
    /// A log record of a successful reload since the newest write. Deadline: the apply bound.
    SuccessRecord,
    /// An answer of the newest generation to each task of the load that keeps its connection, on that or on one made after
    /// it had ended. Deadline: the apply bound and the drain bound; none is waited for where that is past a case's patience.
    KeptFollow,
    /// A refused connect, within [`Step::At`]. Deadline: the apply bound.
    Refusal,
    /// That the service manager was told that the target serves, since the newest write or, before there was one, since the start.
    /// Deadline: the apply bound.
    ManagerReady,
    /// An answer of the generation that the newest rollback is to restore, on a fresh connection. Deadline: the apply bound.
    Restored,
    /// The end of all that is held, though nothing releases it. Deadline: the time that configurations name for draining, and the apply bound.
    HeldEnded,
    /// That each origin of a route whose health the target checks was checked. Deadline: the time that the target declares.
    Checked,
    /// That no request has come for 400 ms to the origin that fails its checks, while the others got some. Deadline: the time that the target declares.
    Shunned,
    /// A handshake of [`Step::HandshakesOn`] that shows the newest certificate that stands there with its key. Deadline: the apply bound.
    LeafShown,
}

/// One thing that the driver does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Stops what runs, and starts a fresh process on the next generation; waits until it serves.
    Start,
    /// As `Start`, for files that are delivered in a way of their own.
    StartFor(Delivery),
    /// From here on, configurations also have this, and nothing else beside their first listener and their route for all paths.
    LayOut(Layout),
    /// The steps, with loads, what is held, and what is waited for at this listener, in paths of this route. The unasked checks do not
    /// judge what is asked there.
    At {
        /// Where.
        listener: Listener,
        /// The number of the route; 0 for the one for all paths.
        route: u8,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Of a configuration in several files: a member comes or goes beside the one that bears the markers, with a route of its own, below
    /// `/r1/`, to an origin that is no generation's. Triggers, and waits for the apply bound at most until that shows.
    Member {
        /// Whether it comes.
        comes: bool,
    },
    /// As `Member`; what comes is a link to a file that stands outside the folder of the configuration.
    MemberByLink {
        /// Whether it comes.
        comes: bool,
    },
    /// Of a configuration in several files: starts a process of its own on one whose include leads out of its folder by `..`, to see
    /// whether what stands there is served.
    StartOutside,
    /// Listens at this address itself, so that nobody else can.
    Occupy(Listener),
    /// Ends that.
    Vacate,
    /// Delivers the next generation, which cannot be applied for somebody else listens where it wants to, triggers, and waits for
    /// [`Condition::Rejection`].
    Doomed,
    /// Delivers the next generation, which may be applied or refused, triggers, and waits for either.
    Attempt,
    /// As `Start`, and sends the signal by which the target is told so long after the first sign of life: a line of its log, or that
    /// it catches the signal, or that it serves.
    StartTold {
        /// The time, in milliseconds.
        after_ms: u32,
    },
    /// As `Start`, and delivers the generation after that while the process starts: each time at another moment of the time that a
    /// `Start` took last, from a tenth of it to a little more than all of it. Waits until that is served.
    StartWithChange,
    /// As `Start`, with standard output and error on a device that is always full. Further steps are done to a process that nobody hears.
    StartUnheard,
    /// As `Start`, so that the process is given no inotify watch, as if all that there may be were taken. It may end instead.
    StartWithoutWatches,
    /// Notes how many inotify watches the target has.
    CountWatches,
    /// As `Start`, in the way that the target lists under `workers`.
    StartWithWorkers,
    /// As `Start`, in the way that the target lists under `systemd`, with a service manager that writes down what it is told.
    StartManaged,
    /// As `Start`, in the way that the target lists under `pid_file`.
    StartWithPidFile,
    /// Reads the PID file, again and again until it names a living process of the target, for the apply bound at most.
    ReadPidFile,
    /// Asks the process that the PID file names to stop, gracefully, if it is one of the target; waits for the end of the one that was
    /// started, and reads the file once more.
    StopByPidFile,
    /// Kills all processes of the target but the one that was started, and waits until the newest generation is served again: as long as
    /// a target may take to start.
    KillWorkers,
    /// Delivers the next generation while the target can open nothing more, triggers, and observes for so long; then it can again. Only
    /// for a target that is one process. The change may be applied or refused, then or later.
    ChangeWithoutDescriptors {
        /// Milliseconds.
        ms: u32,
    },
    /// Holds all processes of the target, makes more happen in the folder of its file than a queue of events takes, delivers the next generation as the
    /// last thing, and lets them go on. Waits until that is served, for the apply bound from then on.
    ChangeInOverflow,
    /// Waits for a time of the harness's own choice below 50 ms, so that changes fall at no fixed distance.
    Pause,
    /// Starts a load that runs until `LoadOff`: so many tasks with a connection a request, so many with a kept one,
    /// each pausing between its requests.
    LoadOn {
        /// Tasks that connect anew for each request.
        fresh: u8,
        /// Tasks that keep their connection.
        kept: u8,
        /// The pause after each answer, in microseconds.
        pause_us: u32,
    },
    /// As `LoadOn`, for requests that nobody may simply make again: POST, with a short body, on connections that are kept.
    PostsOn {
        /// Tasks.
        tasks: u8,
        /// The pause after each answer, in microseconds.
        pause_us: u32,
    },
    /// As `LoadOn`, a connection a request, for what the origin answers with status 500.
    FailuresOn {
        /// Tasks.
        tasks: u8,
        /// The pause after each answer, in microseconds.
        pause_us: u32,
    },
    /// As `LoadOn`, for so many requests a second, each on a connection of its own and at its time, whether those before were answered
    /// or not.
    SteadyOn {
        /// Requests a second.
        per_second: u16,
    },
    /// As `LoadOn`, by TLS: so many tasks that shake hands with [`Listener::Tls`] on a connection of their own, ask for something on it, and leave it.
    HandshakesOn {
        /// Tasks.
        tasks: u8,
        /// The pause after each, in microseconds.
        pause_us: u32,
    },
    /// As `LoadOn`: so many tasks, each of which is a session, which it names in each request by a field and by the cookies that it was given. Each
    /// request is on a connection of its own.
    SessionsOn {
        /// Tasks.
        tasks: u8,
        /// The pause after each answer, in microseconds.
        pause_us: u32,
    },
    /// From here on, the first of the origins whose health the target checks passes its checks, or fails them. Requests it answers as ever.
    Fitness {
        /// Whether it passes them.
        is_fit: bool,
    },
    /// As `HandshakesOn`, by another kind of clients.
    CallersOn {
        /// Which.
        caller: Caller,
        /// Tasks.
        tasks: u8,
        /// The pause after each, in microseconds.
        pause_us: u32,
    },
    /// Writes the files of certificate and key, and nothing else; tells the target as its folder says that it is told of that.
    Renew(Renewal),
    /// Waits until the process tree has come to rest, and notes what it holds of the machine. Once that was noted of a process, also
    /// waits until it is so again: for the documented time in which it is, where that is no longer than a case waits; else for 5 s.
    Sample,
    /// Sends the signal that asks for a graceful stop. What is held stays open; nothing is killed before the process's end.
    AskToStop,
    /// Ends all loads, after their requests in flight were answered.
    LoadOff,
    /// Delivers the next generation, triggers the reload and waits for [`Condition::Effect`].
    Change,
    /// As `Change`, and waits for so long at most, whatever the apply bound is.
    ChangeWithin {
        /// Milliseconds.
        ms: u32,
    },
    /// Delivers so many generations as fast as they can be written, one trigger each, and waits for the effect of the last.
    Burst {
        /// How many.
        changes: u32,
    },
    /// Delivers so many generations as fast as they can be written; for each, all triggers of the target are pulled at once, and none is waited
    /// for. Waits for the effect of the last.
    Together {
        /// How many.
        changes: u32,
    },
    /// Delivers generations, one trigger each and a pause after each, for the apply bound and half a second more.
    Churn {
        /// The pause, in milliseconds.
        pause_ms: u32,
    },
    /// Within [`Step::ForEachFlaw`] or [`Step::WithFlaw`]: starts a process of its own on the flawed file, to see whether the target refuses it.
    FreshStart,
    /// Within [`Step::ForEachFlaw`] or [`Step::WithFlaw`]: delivers the flawed file, triggers, and waits for [`Condition::Rejection`].
    Flawed,
    /// Asks the target something besides traffic, of the file that the next step delivers where the question is about one.
    Ask(Question),
    /// Asks again and again until the answer tells of the newest file what it should tell, for the apply bound at most.
    AskUntilTold(Question),
    /// Asks again and again, beside all that follows, until `LoadOff`.
    AskOn {
        /// What.
        question: Question,
        /// The pause after each answer, in milliseconds.
        pause_ms: u32,
    },
    /// Delivers the next generation, and asks for it to be loaded in a way in which nobody may. Waits for the apply bound, or for a little while
    /// where that was refused.
    Misorder(Question),
    /// Asks which version serves, again and again until it is another than was named before, for the apply bound at most, and notes it.
    NoteVersion,
    /// Orders a rollback to the version that was noted for what was delivered so many files before the newest, and waits for
    /// [`Condition::Restored`].
    RollBack {
        /// How many.
        changes_ago: u32,
    },
    /// Orders a rollback to a version that never was. Waits for the apply bound, or for a little while where that was refused.
    RollBackToNone,
    /// Looks at the target's files and sockets.
    Inspect,
    /// Removes the file; triggers where the trigger is explicit.
    Delete,
    /// Does something else to the file; triggers where the trigger is explicit.
    Meddle(Meddling),
    /// Waits for a condition.
    Await(Condition),
    /// Observes for a stated time, in milliseconds.
    Watch {
        /// Milliseconds.
        ms: u32,
    },
    /// Observes for the apply bound and so many milliseconds more.
    WatchPastApplyBound {
        /// Milliseconds on top.
        ms: u32,
    },
    /// Opens so many of what is held over the coming change, and waits until the origin has each.
    Hold {
        /// What.
        what: Held,
        /// How many.
        count: u8,
    },
    /// Releases all that is held and waits until it has ended.
    Release,
    /// The steps, once for each delivery pattern of the target.
    ForEachDelivery(Vec<Step>),
    /// The steps, once for each of these delivery patterns that the target supports.
    ForEachOf {
        /// The patterns.
        deliveries: Vec<Delivery>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps, once for each trigger of the target that is of this kind. Within them it is told by that trigger alone: one that
    /// watches its file is started so that it does not, where its folder says how.
    ForEachTrigger {
        /// Which triggers.
        that: TriggerTrait,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps, once for each kind of flaw that the target can be given.
    ForEachFlaw(Vec<Step>),
    /// The steps, once for each kind of hostile file that the target can be given.
    ForEachHostile(Vec<Step>),
    /// The steps, with bad files of this kind; skipped where the target cannot be given one.
    WithFlaw {
        /// The kind.
        flaw: Flaw,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps, again and again for a time, but not more often than so many times: slow targets get through, and fast ones
    /// are not asked for more than is of use.
    RepeatFor {
        /// Milliseconds. What has begun by then is finished.
        ms: u32,
        /// How often at most.
        at_most: u32,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps, so many times.
    Repeat {
        /// How often.
        times: u32,
        /// The steps.
        steps: Vec<Step>,
    },
}

impl Step {
    /// The steps that it consists of, if it does.
    pub fn inner(&self) -> &[Self] {
        match self {
            Self::ForEachDelivery(steps)
            | Self::ForEachFlaw(steps)
            | Self::ForEachHostile(steps)
            | Self::ForEachOf { steps, .. }
            | Self::ForEachTrigger { steps, .. }
            | Self::At { steps, .. }
            | Self::WithFlaw { steps, .. }
            | Self::RepeatFor { steps, .. }
            | Self::Repeat { steps, .. } => steps,
            _ => &[],
        }
    }
}
