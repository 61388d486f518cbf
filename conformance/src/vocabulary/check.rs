//! The names of all checks. What each means in code is in `judge`.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal: $requirement:literal,)+) => {
        /// A check, by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Check {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Check {
            /// All checks.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name as it stands in reports and target folders.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it requires, in one sentence, where a case does not say it more closely.
            pub fn requirement(self) -> &'static str {
                match self { $(Self::$variant => $requirement,)+ }
            }
        }
    };
}

checks! {
    /// Unasked.
    BecomesReady = "becomes_ready": "the started process serves its first configuration within its bound",
    /// Unasked.
    StaysAlive = "stays_alive": "the started process lives until it is asked to stop",
    /// Unasked.
    NoFatalLine = "no_fatal_line": "no panic, sanitizer report or fatal line is logged",
    /// Unasked.
    NoRefusedConnect = "no_refused_connect": "no connect is refused on an address that the old and the new configuration have",
    /// Unasked.
    NothingLeftBehind = "nothing_left_behind": "nothing of the target is left once it was asked to stop",

    /// A valid change is served.
    TakesEffect = "takes_effect": "a valid change is served on a fresh connection within the apply bound",
    /// The time in which both generations answer ends.
    MixingWindowCloses = "mixing_window_closes": "fresh connections get no older answer once the apply bound has passed since a newer one was seen, nor after an acknowledgement",
    /// There is no such time.
    NoMixing = "no_mixing": "fresh connections get no older answer once a newer one was seen",
    /// The old origin is left alone.
    OldOriginGetsNothing = "old_origin_gets_nothing": "no request that began after the mixing window reaches the old origin",
    /// The new credential is used.
    CredentialTakesEffect = "credential_takes_effect": "requests that began after the mixing window bear the new credential towards the origin",

    /// Kept connections are not left behind.
    KeptConnectionsFollow = "kept_connections_follow": "requests on kept connections get the new generation once its mixing window has closed",

    /// A rejected file changes nothing.
    RejectedChangesNothing = "rejected_changes_nothing": "a file that is refused at a fresh start changes no marker, on fresh and on kept connections",
    /// Nor what else it has.
    NothingLeaks = "nothing_leaks": "no listener that only a rejected file has answers, and every route leads where it led before",
    /// A rejection shows.
    RejectionIsObserved = "rejection_is_observed": "the rejection can be observed, in the log or in the trigger's answer",
    /// A rejection is of use.
    RejectionNamesCause = "rejection_names_cause": "what is said of the rejection names the file, the place in it, or what is wrong there",
    /// A rejection is not told again and again.
    RejectionIsToldOnce = "rejection_is_told_once": "a bad file that stays where it is is told of once, and not again",
    /// What stands there while a file is being written is no configuration.
    HalfWrittenChangesNothing = "half_written_changes_nothing": "while a file is only begun to be written, every answer is wholly of the one before",
    /// A good file after a bad one is applied.
    Recovers = "recovers": "the next good file is applied",

    /// What is declared is there.
    DeclaredIsThere = "declared_is_there": "what the target's folder declares is there on a fresh process",
    /// The check command is right.
    AgreesWithReload = "check_command_agrees": "what the check command accepts is applied, and what it refuses is refused",
    /// The check command only looks.
    OnlyLookedAt = "checked_is_not_applied": "a file that was only checked changes no answer",
    /// The check command leaves nothing.
    LeavesNoTrace = "check_leaves_no_trace": "files, PID file included, and listening sockets are what they were before the check command ran",

    /// Who asked for a reload is told that it failed.
    FailedTriggerSaysSo = "failed_trigger_says_so": "the trigger answers that a file which is refused was not taken, with a reason",
    /// And is not told that it is done before it is.
    AcknowledgedIsEffective = "acknowledged_is_effective": "no fresh request that began after the trigger's answer had been read gets an older generation",

    /// A signal that is meant to reload does no harm.
    SurvivesEarlySignal = "survives_early_signal": "a process that has given a sign of life survives the signal by which it is told to reload",
    /// The service manager knows when it may go on.
    ReadyIsTold = "ready_is_told": "the service manager is told READY=1 within the apply bound of the first answer, and not before connects are taken",
    /// And when it may reload again.
    ReloadIsTold = "reload_is_told": "for each reload the service manager is told RELOADING=1, and then READY=1 within the apply bound, whatever became of the file",
    /// And which of its signals that was.
    ReloadTellsItsTime = "reload_tells_its_time": "RELOADING=1 comes with a MONOTONIC_USEC that is not before the signal, nor after it was read",
    /// The number is that of who is to be told.
    PidFileNamesIt = "pid_file_names_it": "from the first answer to the stop, whatever becomes of files, the PID file names a living process of the target, which stops when it is asked to",
    /// And gone with who had it.
    PidFileGoes = "pid_file_goes": "after a graceful stop the PID file is gone, unless it is documented to stay",
    /// Nothing is lost between the first read and the watch.
    StartupChangeIsApplied = "startup_change_is_applied": "a change that is delivered while the process starts is served within the apply bound of its delivery or, if that is later, of the first answer",

    /// Soon enough to be called immediate.
    WithinTwoSeconds = "within_two_seconds": "a change is effective within 2 s",
    /// Soon enough not to be noticed.
    P95Within250Ms = "p95_within_250_ms": "95 of 100 changes are effective within 250 ms",
    /// The figure.
    ApplyLatency = "apply_latency": "from the delivery of the file to the first answer of the new generation",

    /// Deletion interrupts nothing.
    ServesOnWithoutFile = "serves_on_without_file": "while the file is gone, fresh and kept connections are served as before",
    /// Deletion is not told twice.
    WarnsAtMostOnce = "warns_at_most_once": "a missing file is warned of at most once an episode",
    /// Deletion is told.
    WarnsOfMissingFile = "warns_of_missing_file": "a missing file is warned of",

    /// No reload without a change.
    NoRecordOfSame = "no_record_of_same": "no success of a reload is recorded of a file that says what it said before",
    /// No drain without a change.
    SameCutsNothing = "same_cuts_nothing": "over a file that says what it said before, idle kept connections stay open, and what is in flight finishes",

    /// What was said of a bad file is over with it.
    ErrorIsCleared = "error_is_cleared": "once the content that serves stands there again, nothing more is said of the bad file before it",

    /// A change takes effect though the next one is there already.
    NotStarved = "not_starved": "under changes that never pause, some new generation is served within the apply bound of the first",
    /// The last of a burst stays.
    LastWins = "last_wins": "after a burst of changes the last one is served, within the apply bound",
    /// No return.
    NeverBackwards = "never_backwards": "no answer is older than a generation whose mixing window had closed",

    /// No answer is of two generations.
    NeverTorn = "never_torn": "all markers of an answer are of one generation",
    /// No request is lost.
    NoFailedRequest = "no_failed_request": "no request on a fresh connection, and none whose answer had begun, fails",
    /// No answer by a half-made configuration.
    NoErrorStatus = "no_error_status": "no answer is an error of the proxy's own making",
    /// No race on kept connections.
    NoKeepaliveRace = "no_keepalive_race": "no kept connection ends as a request is sent on it",

    /// What was accepted is finished.
    InFlightCompletes = "in_flight_completes": "what was in flight finishes intact, byte for byte, on the generation that accepted it",
    /// Kept connections follow at once.
    KeptFollowAtOnce = "kept_follow_at_once": "a request on a kept connection that began after the new generation was seen gets it",
    /// And in the end.
    KeptFollowOnceDrained = "kept_follow_once_drained": "no request on a kept connection that begins after the drain bound gets an older generation",
    /// The end of a connection is announced where it can be.
    RetirementIsAnnounced = "retirement_is_announced": "a connection that ends after the answer to what was in flight over a change had that answer say so",
    /// No POST is lost.
    NoLostPost = "no_lost_post": "every POST that is sent on a kept connection is answered",
    /// Somebody listens.
    NoConnectLost = "no_connect_lost": "no connect is refused, left hanging, or reset before a byte was answered, over many changes",
    /// Memory does not grow with the number of changes.
    MemoryReturns = "memory_returns": "after many more changes the processes hold as much memory as before, within what allocators keep",
    /// Nor do descriptors.
    DescriptorsReturn = "descriptors_return": "after many more changes the processes hold as many file descriptors as before",
    /// Nor do threads and processes.
    TasksReturn = "tasks_return": "after many more changes there are as many threads and processes as before",
    /// A reload does not make requests wait.
    LatencyStaysBounded = "latency_stays_bounded": "over reloads, 99 of 100 requests take no more than 25 ms longer than without, or three times as long, unless it is few reloads that hold them up",
    /// The figure.
    LatencyCurve = "latency_curve": "how long requests take without reloads, and over them",
    /// A large file costs what it is worth.
    CostInProportion = "cost_in_proportion": "from a thousand routes to ten thousand, the time that a change takes grows by twenty at most, or is half a second at most",
    /// The figure.
    CostBySize = "cost_by_size": "from the delivery of the file to the first answer of the new generation, and what the processes hold then",
    /// A shortage leaves nothing behind.
    ShortageIsSurvived = "shortage_is_survived": "once descriptors are to be had again, every answer is wholly of the configuration before or of the one that came meanwhile, and the next change takes effect",
    /// What was lost is made up for.
    OverflowIsSurvived = "overflow_is_survived": "a change whose event was lost in an overflow of the queue of events is served within the apply bound",
    /// Who cannot watch says so.
    WantOfWatchesIsReported = "want_of_watches_is_reported": "that its files cannot be watched is said in the log",
    /// And looks instead.
    ChangesAreFoundUnwatched = "changes_are_found_unwatched": "without a watch, each change is served within the apply bound, or the target refuses to serve",
    /// Who replaces a worker knows the newest configuration.
    CurrentAfterCrash = "current_after_crash": "within the time of a start after workers were killed the newest applied configuration is served again, and nothing older",
    /// What cannot be changed is not passed over.
    RestartIsReported = "restart_is_reported": "that a setting keeps its value until the next start is said in the log, or the file is refused",
    /// A graceful stop is one.
    GracefulStopFinishes = "graceful_stop_finishes": "what is in flight when a graceful stop is asked for finishes intact",
    /// A kept connection stays.
    IdleConnectionStays = "idle_connection_stays": "an idle kept connection stays open",
    /// A kept connection answers.
    NoSwallowedRequest = "no_swallowed_request": "no request on a kept connection is taken and left unanswered",

    /// A new address is listened on.
    AddedListenerServes = "added_listener_serves": "at an address that a change adds, it is served within the apply bound",
    /// An old one is not.
    RemovedListenerStops = "removed_listener_stops": "at an address that a change takes away, nobody listens once the apply bound has passed since the change was seen",
    /// And there is no time between the two.
    MadeBeforeBroken = "made_before_broken": "a listener that moves is there before it is gone: no connect to the new address that begins after one to the old was refused is refused",
    /// All or nothing of a change that may be refused.
    SwappedOrRefused = "swapped_or_refused": "a listener changes to all addresses and back within the apply bound, or that is refused with a word and changes nothing",
    /// A socket in the file system is there throughout.
    SocketServesOn = "socket_serves_on": "every connect to a socket in the file system is taken, over every change, and each change is served there within the apply bound",
    /// What is taken away ends.
    DrainIsBounded = "drain_is_bounded": "what is still in flight on a listener that a change takes away has ended 1 s after the time that the configuration names for that",
    /// And not before its time.
    DrainIsGranted = "drain_is_granted": "nothing in flight on a listener that a change takes away is cut off before the time that the configuration names for that is over",
    /// And it can be watched.
    DrainingIsTold = "draining_is_told": "what is declared to tell how much is being drained says none before there is any, some while there is, and none after it",
    /// A valid file that cannot be applied changes nothing.
    FailureChangesNothing = "failure_changes_nothing": "a change that cannot be applied leaves every answer as it was, at every listener that there was",
    /// And that is told.
    FailureIsReported = "failure_is_reported": "that a change cannot be applied can be observed, in the log or in the trigger's answer",

    /// What was used up stays used up.
    BalanceSurvives = "balance_survives": "once a rate limit has refused, no more is let through over changes that do not concern it than the limit lets through in that time, and once all that it lets come at once",
    /// A lower limit counts.
    LowerLimitCounts = "lower_limit_counts": "once the mixing window of a change has closed that lowers a rate limit, no more is let through than the new limit lets through in that time, and twice what it lets come at once",
    /// And so does a higher one.
    HigherLimitCounts = "higher_limit_counts": "once the mixing window of a change has closed that raises a rate limit above all that is asked, at least a quarter of it is let through",
    /// Not one too many.
    SessionsNeverExceeded = "sessions_never_exceeded": "while as many requests are in flight as may be, no other is let through, whatever changes meanwhile",
    /// What was found to fail is left alone.
    BreakerStaysOpen = "breaker_stays_open": "while a circuit breaker is open, nothing is let through, whatever changes meanwhile",

    /// What a change does not name stays as it is.
    UnchangedRouteStays = "unchanged_route_stays": "over many changes, every answer in the paths of a route that none of them changes comes from where it always led",
    /// A route that goes is gone.
    RemovedRouteIsGone = "removed_route_is_gone": "no request that begins once the mixing window of a change has closed goes where a route led that it takes away",
    /// What was accepted on it is finished.
    RemovedRouteFinishes = "removed_route_finishes": "a request in flight on a route that a change takes away finishes intact",

    /// A change is recorded, once.
    OneSuccessRecord = "one_success_record": "an isolated change leaves exactly one record of its success, shown by default",
    /// And not before there was one.
    NoRecordAtStart = "no_record_at_start": "no success of a reload is recorded before there was a change",
    /// At the level that operators read.
    RecordIsInformational = "record_is_informational": "the record is at the informational level",
    /// The record is true.
    RecordMeansEffective = "record_means_effective": "no request that began more than 10 ms after the record was read gets the old generation",
    /// Records add up.
    BurstRecordsAddUp = "burst_records_add_up": "a burst leaves no fewer records than generations seen, and no more than writes",
    /// No record without a change.
    NoFalseRecord = "no_false_record": "no success is recorded of a file that was rejected, nor more often than a file was taken",
    /// What is different is told.
    ChangedIsNamed = "changed_is_named": "within the apply bound of a change's effect the log names each object that it changed",
    /// And nothing else.
    UnchangedIsNotNamed = "unchanged_is_not_named": "the log names no object as changed that the change leaves as it was, nor any over a file that says what it said",
    /// What did not come to be is not told as if it had.
    RefusedIsNotNamed = "refused_is_not_named": "over a file that is refused the log names no object as changed",
    /// The record can be read by a machine.
    RecordHasFields = "record_has_fields": "the record of a success bears time, file, revision or digest, and duration as fields",
    /// A file may ask for no more than a file is worth.
    PeakIsBounded = "peak_is_bounded": "what bad files make the target's processes hold at a time is at most 512 MiB more than before",
    /// What should be refused is.
    FlawIsRefused = "flaw_is_refused": "a file with this flaw is refused: no answer bears its generation, and no fresh start serves it",
    /// Members are looked for anew.
    MemberIsSeen = "member_is_seen": "a member that comes is served within the apply bound, and one that has gone is not served any more once that has passed",
    /// What is said of files that lie elsewhere holds.
    OutsideIsAsDeclared = "outside_is_as_declared": "included files outside the configuration's folder, reached by `..` or by a link, are followed or refused as is documented, at a start as at a reload",
    /// And nobody else notices.
    OthersAreUntouched = "others_are_untouched": "while a member comes or goes, all that it is not about is served as before",
    /// A complaint leads to the file.
    RejectionNamesMember = "rejection_names_member": "what is said of a configuration in several files names the one that is bad",
    /// A complaint leads to the place.
    RejectionNamesPlace = "rejection_names_place": "what is said of a bad file names the file, the line and the column",
    /// A complaint tells what was meant.
    RejectionNamesNearest = "rejection_names_nearest": "what is said of an unknown key names the known one that is nearest to it",
    /// Nothing is given away.
    NoSecretShown = "no_secret_shown": "no credential of the configuration appears in what the target says",
    /// Nor by what is there to be asked.
    StatusMasksSecrets = "status_masks_secrets": "no credential of the configuration appears in the status",
    /// The metrics tell of a reload.
    ReloadIsCounted = "reload_is_counted": "what the metrics have of reloads moves as it should within the apply bound of each, be it applied or refused",
    /// And forget none.
    CountersAreMonotonic = "counters_are_monotonic": "no counter is lower after a reload than before it",
    /// The status tells what serves.
    StatusNamesActive = "status_names_active": "the identity that the status gives is another within the apply bound of a change, and stays what it was over a file that is refused",
    /// And what did not come to serve.
    StatusTellsError = "status_tells_error": "the status tells of the last error within the apply bound of a refusal, and no more of it after the next good file",
    /// The status is true.
    StatusMeansEffective = "status_means_effective": "no fresh request that began after a status with the new identity had been read gets an older generation",
    /// What served comes back when it is ordered to.
    RollbackRestores = "rollback_restores": "an order to serve an earlier version again is taken, and what that was is served within the apply bound",
    /// A yes to that order means what it says.
    RollbackIsEffective = "rollback_is_effective": "no request that began after a rollback was answered with a yes gets anything else than the version that was ordered",
    /// Nobody goes back to what never was.
    UnknownVersionIsRefused = "unknown_version_is_refused": "an order to serve a version that never was is refused, and changes no answer",
    /// The status knows of it.
    RollbackIsTold = "rollback_is_told": "what names the version that serves names another within the apply bound of a rollback, and none that stands for something else",
    /// The admin listener is there.
    AdminStays = "admin_stays": "every request to the admin listener is answered",
    /// An order is not for everybody.
    CredentialIsNeeded = "credential_is_needed": "an order without the credential, or with a wrong one, is refused and changes nothing",
    /// Nor for those who send traffic.
    OrderNeedsAdmin = "order_needs_admin": "an order at the address for traffic changes nothing",
    /// A renewed certificate is shown.
    LeafTakesEffect = "leaf_takes_effect": "a certificate that stands there with its key is shown in handshakes within the apply bound",
    /// And stays.
    LeafNeverGoesBack = "leaf_never_goes_back": "no handshake shows an older certificate once the apply bound has passed since a newer one was shown",
    /// Nobody is turned away.
    HandshakesSucceed = "handshakes_succeed": "every handshake of a new connection succeeds",
    /// Least of all for a file.
    LastGoodServes = "last_good_serves": "while what stands there is no certificate with its key, every handshake succeeds, by a certificate and the key that belongs to it",
    /// Nobody is shown something else.
    NoForeignLeaf = "no_foreign_leaf": "no handshake shows a certificate that was never given: no default one, and none that is self-signed",
    /// Who is sick stays sick.
    UnhealthyGetsNothing = "unhealthy_gets_nothing": "an upstream that its checks have found unhealthy gets no request over any change, as long as it fails them",
    /// Who is well stays well.
    HealthyStaysAvailable = "healthy_stays_available": "while all upstreams of a route pass their checks, every answer there is of one of them, over every change",
    /// Checks go on.
    ChecksContinue = "checks_continue": "over changes and after them each upstream is checked again and again, and one that comes to fail gets no more requests within the declared time",
    /// Who is bound stays bound.
    AffinitySurvives = "affinity_survives": "over every change, each session is answered by the upstream that it had before",
    /// What stands is used.
    UpstreamConnectionsStay = "upstream_connections_stay": "over changes that leave an upstream as it is, requests go there by the connections that stand",
    /// A further certificate is shown to those it is for.
    FurtherLeafIsShown = "further_leaf_is_shown": "a certificate for a further name is shown to whoever asks for that name, from the apply bound of the change that adds it until it is taken away",
    /// And to nobody once it is taken away.
    RemovedLeafIsGone = "removed_leaf_is_gone": "nobody is shown a certificate that a change takes away once the mixing window of that change has closed",
    /// Who came before need not begin anew.
    SessionsResume = "sessions_resume": "a session that could be resumed before a change can be resumed after it",
    /// What goes over HTTP/2 is not cut.
    StreamsComplete = "streams_complete": "every stream that was accepted finishes intact, and what is not accepted is said not to be",
    /// And what is said of it is true.
    GoawayIsHonest = "goaway_is_honest": "what a GOAWAY or a REFUSED_STREAM says was not processed reached no origin and got no answer, and no GOAWAY takes back what one before it gave up",
    /// Nobody stays with the old for being old.
    StreamsFollow = "streams_follow": "the next stream on a connection from before a change gets the new generation once somebody has, or the connection was given up by GOAWAY before",
    /// Streams of gRPC go on, and end whole.
    GrpcSurvives = "grpc_survives": "every bidirectional stream of gRPC on a route that is left alone goes on over every change until its client ends it, loses, repeats or reorders no message, and ends with its trailers, whole",
    /// What was upgraded stays open.
    TunnelSurvives = "tunnel_survives": "every tunnel on a route that is left alone goes on over every change until its client closes it, and no message in it is lost, repeated or out of order",
    /// The record says what.
    RecordNamesFile = "record_names_file": "the record names the file",
}

impl Check {
    /// Made in every case, without being asked for, at level MUST.
    pub const UNASKED: [Self; 5] = [
        Self::BecomesReady,
        Self::StaysAlive,
        Self::NoFatalLine,
        Self::NoRefusedConnect,
        Self::NothingLeftBehind,
    ];

    /// Checks of times so short that whatever else runs on the machine shows in them.
    pub const TIMED: [Self; 6] = [
        Self::P95Within250Ms,
        Self::ApplyLatency,
        Self::LatencyStaysBounded,
        Self::LatencyCurve,
        Self::CostInProportion,
        Self::CostBySize,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
