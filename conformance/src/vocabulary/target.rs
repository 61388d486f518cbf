//! What the judge and the reports need to know of a target. Recorded with every timeline, so that a replay needs nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Delivery, Flaw, HealthFacts, LogPatterns, Marker, PidFileFacts, Readings, TriggerTrait};

/// How the target learns that its file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// It watches the file.
    Watch,
    /// It is sent a signal.
    Signal,
    /// A command of its own is run.
    Command,
    /// Its admin API is called.
    Http,
    /// A line is sent to a socket of its.
    Socket,
}

/// A further way in which the target can be told, besides its trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherTrigger {
    /// Which.
    pub kind: TriggerKind,
    /// Whether it answers once the change is effective.
    #[serde(default)]
    pub acknowledges: bool,
}

/// Something that a target may or may not be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// The trigger answers once the change is effective.
    Ack,
    /// It has a listener of its own for administration.
    Admin,
    /// A command says whether the target would take a file, and does nothing else.
    CheckCommand,
    /// It counts something, in metrics that can be read over HTTP.
    Counters,
    /// Its configuration names the time that what is in flight on a listener which is taken away may take.
    Drain,
    /// It knows a signal that asks it to finish what is in flight, and then to stop.
    GracefulStop,
    /// It speaks HTTP/2 in the clear, to whoever begins with it.
    Http2,
    /// It carries gRPC: by HTTP/2 from clients, and to an origin.
    Grpc,
    /// It lets a client and an origin agree on another protocol, such as WebSocket, and carries that between them.
    HttpUpgrade,
    /// Its configuration may be of several files: a main file and members that it includes by a pattern, or a folder of members.
    Include,
    /// By a reload it listens on a further address, on another one, or no more.
    Listeners,
    /// It counts its reloads, in metrics that can be read over HTTP.
    Metrics,
    /// It listens on a socket in the file system, beside an address.
    UnixSocket,
    /// By a reload it gets further routes, by the beginnings of paths, or loses them.
    Routes,
    /// It says what serves.
    Status,
    /// Its config file names the addresses of its upstreams, so that a reload can bring one that cannot be reached.
    Upstreams,
    /// It has a setting that takes effect at a start alone, and says so where a reload changes it.
    RestartOnly,
    /// It tells the service manager of its life, by the protocol of `sd_notify(3)`.
    Systemd,
    /// It writes its number into a file.
    PidFile,
    /// The started process has children that serve, and replaces those that die.
    Workers,
    /// It is documented whether included files outside the configuration's folder are followed.
    IncludePolicy,
    /// It names the versions that it served, and serves an earlier one again when that is ordered.
    Versions,
    /// Its log names what a reload changed.
    LogDiff,
    /// It serves by TLS, by a certificate and a key in files.
    Tls,
    /// Certificate and key stand in a file each.
    TlsPair,
    /// A route lets so many requests through in a time.
    #[serde(rename = "ratelimit")]
    RateLimit,
    /// A route, or its upstream, has so many requests at a time.
    #[serde(rename = "maxsessions")]
    MaxSessions,
    /// A route whose upstream keeps failing lets nothing through for a time.
    Breaker,
    /// It checks the health of its upstreams, and gives those that fail no requests.
    Health,
    /// It keeps a session with one of several upstreams.
    Affinity,
    /// It keeps its connections to upstreams.
    UpstreamKeepalive,
    /// By a reload it gets a further certificate, for a further name, or loses it.
    Sni,
}

impl Capability {
    /// All capabilities that a target may declare.
    pub const ALL: [Self; 32] = [
        Self::Ack,
        Self::Admin,
        Self::CheckCommand,
        Self::Counters,
        Self::Drain,
        Self::GracefulStop,
        Self::HttpUpgrade,
        Self::Include,
        Self::Listeners,
        Self::Metrics,
        Self::UnixSocket,
        Self::Routes,
        Self::Status,
        Self::Upstreams,
        Self::RestartOnly,
        Self::Systemd,
        Self::PidFile,
        Self::Workers,
        Self::IncludePolicy,
        Self::Versions,
        Self::LogDiff,
        Self::Tls,
        Self::TlsPair,
        Self::RateLimit,
        Self::MaxSessions,
        Self::Breaker,
        Self::Health,
        Self::Affinity,
        Self::UpstreamKeepalive,
        Self::Sni,
        Self::Http2,
        Self::Grpc,
    ];

    /// The name as it stands in target folders and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Admin => "admin",
            Self::CheckCommand => "check_command",
            Self::Counters => "counters",
            Self::Drain => "drain",
            Self::GracefulStop => "graceful_stop",
            Self::HttpUpgrade => "http_upgrade",
            Self::Include => "include",
            Self::Listeners => "listeners",
            Self::Metrics => "metrics",
            Self::UnixSocket => "unix_socket",
            Self::Routes => "routes",
            Self::Status => "status",
            Self::Upstreams => "upstreams",
            Self::RestartOnly => "restart_only",
            Self::Systemd => "systemd",
            Self::PidFile => "pidfile",
            Self::Workers => "workers",
            Self::IncludePolicy => "include_policy",
            Self::Versions => "versions",
            Self::LogDiff => "log_diff",
            Self::Tls => "tls",
            Self::TlsPair => "tls_pair",
            Self::RateLimit => "ratelimit",
            Self::MaxSessions => "maxsessions",
            Self::Breaker => "breaker",
            Self::Health => "health",
            Self::Affinity => "affinity",
            Self::UpstreamKeepalive => "upstream_keepalive",
            Self::Sni => "sni",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
        }
    }
}

/// A time that a target is left alone before a change that stands alone.
///
/// For what cannot take a trigger yet although it serves already. Bursts are not held back by it, so that they show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// How long, in milliseconds.
    pub ms: u64,
    /// Why.
    pub reason: String,
}

/// What becomes of included files that lie outside the folder of the configuration, as is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// They are read as any other.
    Followed,
    /// They are not read; whether that is told, or the whole refused, is not asked.
    Refused,
}

/// A setting that takes effect at a start alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestartOnly {
    /// Its name.
    pub setting: String,
    /// A line of the log that says that a reload did not change it: a regular expression.
    pub reported: String,
}

/// The longest that a case waits for old connections to have been drained, or for what they held, in milliseconds.
const LONGEST_DRAIN_MS: u64 = 30_000;

/// The facts about a target that verdicts rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFacts {
    /// The target's name.
    pub name: String,
    /// The variant, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The version that the binary prints.
    pub version: Option<String>,
    /// The binary's file name.
    pub binary: String,
    /// The binary's SHA-256, in hexadecimal.
    pub binary_sha256: String,
    /// How a reload is triggered.
    pub trigger: TriggerKind,
    /// How else it can be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<OtherTrigger>,
    /// Whether it is known what it answers to a line that is sent to a socket of its.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answers_lines: bool,
    /// How long it is left alone before a change that stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Settle>,
    /// Capabilities it declares.
    pub capabilities: Vec<Capability>,
    /// Where its configuration bears the generation.
    #[serde(default = "all_markers")]
    pub markers: Vec<Marker>,
    /// Delivery patterns it supports, the usual one first.
    pub deliveries: Vec<Delivery>,
    /// Kinds of flaws it can be given.
    pub flaws: Vec<Flaw>,
    /// The known key of which [`Flaw::UnknownKey`] is a misspelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misspelt: Option<String>,
    /// Within which a change must be effective, in milliseconds.
    pub apply_bound_ms: u64,
    /// Where a longer bound than the usual 2 s is documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_bound_source: Option<String>,
    /// Within which it must serve after a start, in milliseconds.
    pub ready_within_ms: u64,
    /// Its documented or default drain time, in milliseconds.
    pub drain_bound_ms: u64,
    /// Within which it lets go of what a replaced configuration held, in milliseconds, where it documents another time for that
    /// than its drain time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_bound_ms: Option<u64>,
    /// Within which all of it must be gone after the stop signal, in milliseconds.
    pub stop_within_ms: u64,
    /// A setting that takes effect at a start alone, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_only: Option<RestartOnly>,
    /// How it checks the health of its upstreams, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthFacts>,
    /// What is known of its PID file, if it writes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid_file: Option<PidFileFacts>,
    /// What becomes of included files outside the configuration's folder, if that is documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Outside>,
    /// How its log reads.
    pub log: LogPatterns,
    /// How its answers read.
    #[serde(default, skip_serializing_if = "Readings::is_none")]
    pub readings: Readings,
    /// Settings that depart from its defaults, each with its reason.
    pub settings: BTreeMap<String, String>,
    /// How many origins there are; a generation's origin is its number modulo this.
    pub origins: usize,
}

fn all_markers() -> Vec<Marker> {
    Marker::ALL.to_vec()
}

impl TargetFacts {
    /// The kinds of hostile files that it can be given.
    pub fn hostile_flaws(&self) -> impl Iterator<Item = Flaw> + '_ {
        Flaw::HOSTILE.into_iter().filter(|flaw| self.flaws.contains(flaw))
    }

    /// The kinds of flaws that stand for bad files in general, of those it can be given.
    pub fn general_flaws(&self) -> impl Iterator<Item = Flaw> + '_ {
        Flaw::GENERAL.into_iter().filter(|flaw| self.flaws.contains(flaw))
    }

    /// Whether its configuration bears the generation in a place.
    pub fn bears(&self, marker: Marker) -> bool {
        self.markers.contains(&marker)
    }

    /// Until when after a change was seen its old connections may still be served by what was before, in milliseconds; `None`
    /// where that is longer than a case waits.
    pub fn drained_within_ms(&self) -> Option<u64> {
        let all = self.apply_bound_ms.saturating_add(self.drain_bound_ms);
        (all <= LONGEST_DRAIN_MS).then_some(all)
    }

    /// Until when after a change it must have let go of what the replaced configuration held, in milliseconds; `None` where that
    /// is longer than a case waits.
    pub fn released_within_ms(&self) -> Option<u64> {
        let bound = self.release_bound_ms.unwrap_or(self.drain_bound_ms);
        let all = self.apply_bound_ms.saturating_add(bound);
        (all <= LONGEST_DRAIN_MS).then_some(all)
    }

    /// `name` or `name:variant`.
    pub fn title(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}:{variant}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether its file may be delivered in a way, so that it can show what it makes of that.
    pub fn takes(&self, delivery: Delivery) -> bool {
        let may_meet = !delivery.pauses() || self.trigger == TriggerKind::Watch;
        may_meet && self.deliveries.contains(&delivery.declared_as())
    }

    /// The triggers of a kind: its own, and those by which it can be told besides.
    pub fn triggers(&self, wanted: TriggerTrait) -> Vec<TriggerKind> {
        let all = std::iter::once(self.trigger).chain(self.also.iter().map(|other| other.kind));
        all.filter(|kind| match wanted {
            TriggerTrait::Answers => self.answers(*kind),
            TriggerTrait::Acknowledges => self.acknowledges(*kind),
            TriggerTrait::IsSignal => *kind == TriggerKind::Signal,
            TriggerTrait::IsHttp => *kind == TriggerKind::Http,
            TriggerTrait::IsPulled => *kind != TriggerKind::Watch,
        })
        .collect()
    }

    /// Whether a trigger answers at all: yes, or no.
    pub fn answers(&self, kind: TriggerKind) -> bool {
        match kind {
            TriggerKind::Watch | TriggerKind::Signal => false,
            TriggerKind::Command | TriggerKind::Http => true,
            TriggerKind::Socket => self.answers_lines,
        }
    }

    /// Whether a trigger answers once the change is effective.
    pub fn acknowledges(&self, kind: TriggerKind) -> bool {
        let is_it = |other: &OtherTrigger| other.kind == kind && other.acknowledges;
        (kind == self.trigger && self.has(Capability::Ack)) || self.also.iter().any(is_it)
    }

    /// Whether it declares a capability.
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}
