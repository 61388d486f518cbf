//! What a configuration may have beside its first listener and its route for all paths.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Limit;

/// An address that a configuration may have the target listen on.
///
/// Every configuration has the first. A second listener is at one of the others, and moves from one to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listener {
    /// Where every configuration listens.
    #[default]
    First,
    /// The run's own address, at a port that nobody else has.
    Second,
    /// The same, at another such port.
    Third,
    /// The port of [`Self::Second`], at all addresses of the machine. A client asks at one that is not the run's own.
    Wildcard,
    /// A socket in the file system, in the run's folder.
    Socket,
    /// Where [`Self::Second`] is, by TLS.
    Tls,
    /// Where [`Self::Second`] is, by HTTP/2 in the clear, from the first byte on.
    Http2,
}

impl Listener {
    /// Whether this is the first, which every configuration has.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    pub fn is_first(&self) -> bool {
        *self == Self::First
    }

    /// The name as it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Wildcard => "wildcard",
            Self::Socket => "socket",
            Self::Tls => "tls",
            Self::Http2 => "http2",
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadsTo {
    /// The origin of the generation, as the route for all paths does.
    Current,
    /// An origin that is no generation's, whatever the generation.
    Apart,
    /// A name that nobody has (RFC 2606, section 2).
    Unresolvable,
    /// An address at which nobody listens.
    Unreachable,
    /// Origins that are no generation's, [`Layout::MEMBERS`] of them, whose health the target checks.
    Checked,
    /// The same ones, of which each session has its own.
    Affine,
    /// An origin that is no generation's, to which the target keeps its connections.
    Kept,
    /// An origin that is no generation's, by HTTP/2 in the clear.
    Grpc,
}

/// A route beside the one for all paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Route {
    /// Its number, from 1: it takes the paths below `/rN/`.
    pub number: u8,
    /// Where it leads.
    pub leads_to: LeadsTo,
}

impl Route {
    /// The beginning of the paths that it takes.
    pub fn prefix(self) -> String {
        format!("/r{}/", self.number)
    }
}

/// What a configuration has beside its first listener and its route for all paths. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is of something that most configurations do not have"
)]
pub struct Layout {
    /// Where its second listener is, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<Listener>,
    /// Its further routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Whether it is spread over several files: a main file, which is written once, and members that it includes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_parts: bool,
    /// Whether those members stand outside the folder of the main file, which leads there by `..`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
    /// How many routes it has beside those, each to the origin of the generation, numbered from [`Self::MANY_FROM`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub many: u32,
    /// Whether the setting that a reload cannot change has another value than at first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_setting: bool,
    /// Whether its files of certificate and key are links into a folder, through a link to that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub linked: bool,
    /// Whether its listener by TLS has a further certificate, for a further name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub further_name: bool,
    /// How long what is in flight on a listener that is taken away may take, in milliseconds; 0 where no time is named.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub drain_ms: u32,
    /// What bounds its further routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl Layout {
    /// How many origins share a route that leads to several.
    pub const MEMBERS: usize = 3;
    /// The number of the first of many routes.
    pub const MANY_FROM: u32 = 1_001;
    /// The only time for draining that a case asks for, in milliseconds: some targets take whole seconds, and one is started with it.
    pub const DRAIN_MS: u32 = 1_000;

    /// The name of one of the origins that share a route, counted from 0, where there are `origins` others.
    pub fn member_name(member: usize, origins: usize) -> String {
        format!("o{}", origins + 1 + member)
    }

    /// With so many routes.
    pub fn of_many(many: u32) -> Self {
        Self {
            many,
            ..Self::default()
        }
    }

    /// In several files.
    pub fn in_parts() -> Self {
        Self {
            in_parts: true,
            ..Self::default()
        }
    }

    /// In several files, of which all but the main one stand outside its folder.
    pub fn outside() -> Self {
        Self {
            outside: true,
            ..Self::in_parts()
        }
    }

    /// By TLS, with files that are links.
    pub fn linked() -> Self {
        Self {
            linked: true,
            ..Self::listening(Listener::Tls)
        }
    }

    /// By TLS, with a further certificate, for a further name.
    pub fn of_further_name() -> Self {
        Self {
            further_name: true,
            ..Self::listening(Listener::Tls)
        }
    }

    /// Whether its second listener serves by TLS.
    pub fn is_by_tls(&self) -> bool {
        self.listener == Some(Listener::Tls)
    }

    /// With the other value of the setting that a reload cannot change.
    pub fn of_other_setting() -> Self {
        Self {
            other_setting: true,
            ..Self::default()
        }
    }

    /// The numbers of the many routes.
    pub fn many_numbers(&self) -> std::ops::Range<u32> {
        Self::MANY_FROM..Self::MANY_FROM.saturating_add(self.many)
    }

    /// With a second listener.
    pub fn listening(listener: Listener) -> Self {
        Self {
            listener: Some(listener),
            ..Self::default()
        }
    }

    /// With a time for what is in flight on a listener that is taken away: [`Self::DRAIN_MS`].
    #[must_use]
    pub fn draining(self) -> Self {
        Self {
            drain_ms: Self::DRAIN_MS,
            ..self
        }
    }

    /// With one route more for each of these, numbered from 1.
    #[must_use]
    pub fn with_routes(self, lead_to: &[LeadsTo]) -> Self {
        let routes = (1..).zip(lead_to);
        Self {
            routes: routes
                .map(|(number, leads_to)| Route {
                    number,
                    leads_to: *leads_to,
                })
                .collect(),
            ..self
        }
    }

    /// With one route more, which leads to the origin that is no generation's, and is bounded by this.
    pub fn limited(limit: Limit) -> Self {
        Self {
            limit: Some(limit),
            ..Self::default().with_routes(&[LeadsTo::Apart])
        }
    }

    /// Whether it is that of most cases: the first listener and the route for all paths, and nothing else.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known of a configuration before it is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prospect {
    /// It can be applied.
    #[default]
    Good,
    /// It cannot be, as somebody else listens where it wants to; or it must not be, as nobody who may has asked for it.
    Doomed,
    /// It may be applied, or refused.
    Open,
}

impl Prospect {
    /// Whether it is one of those that can be applied.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    pub fn is_good(&self) -> bool {
        *self == Self::Good
    }
}
