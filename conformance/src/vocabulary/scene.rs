//! A scene: what a configuration should mean, in no proxy's language.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Layout;

/// The harness's stamp on a configuration, counted from 1. Never reused within a run of a case.
///
/// Not to be mixed up with a *revision*, which is a proxy's own number for a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// With what the secret part of each credential begins. It stands nowhere else.
    pub const SECRET: &str = "key-";

    /// The generation after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The value of the credential towards the origin in this generation.
    pub fn credential(self) -> String {
        format!("Bearer {}{self}", Self::SECRET)
    }

    /// The index of this generation's origin among `origins` of them.
    pub fn origin_index(self, origins: usize) -> usize {
        self.0 as usize % origins
    }

    /// The name of this generation's origin among `origins` of them.
    pub fn origin_name(self, origins: usize) -> String {
        format!("o{}", self.origin_index(origins))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}", self.0)
    }
}

/// The text was no stamp of the form `g7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a generation stamp")]
pub struct NotAStamp;

impl FromStr for Generation {
    type Err = NotAStamp;

    fn from_str(text: &str) -> Result<Self, NotAStamp> {
        let digits = text.strip_prefix('g').ok_or(NotAStamp)?;
        digits.parse().map(Self).map_err(|_| NotAStamp)
    }
}

/// What one configuration of the target should mean: everything from one origin, stamped with one generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// The generation that all markers carry.
    pub generation: Generation,
    /// The flaw at the end of the file, if the file is to be refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
    /// What it has beside its first listener and its route for all paths.
    #[serde(default, skip_serializing_if = "Layout::is_plain")]
    pub layout: Layout,
}

impl Scene {
    /// Of a generation, as most cases have it: good, with one listener and one route.
    pub fn of(generation: Generation) -> Self {
        Self {
            generation,
            flaw: None,
            layout: Layout::default(),
        }
    }
}

/// A kind of bad configuration. See `docs/add-a-target.md` for what each renders to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Text that the grammar does not accept.
    Syntax,
    /// A value of a wrong type.
    WrongType,
    /// A reference to an object that does not exist.
    DanglingReference,
    /// An address that is none.
    BadAddress,
    /// An object defined twice.
    Duplicate,
    /// A line that holds the credential, and cannot be taken for what else stands in it.
    SecretLine,
    /// A key that stands twice in one table.
    DuplicateKey,
    /// A key that nobody knows: a known one, misspelt.
    UnknownKey,
    /// Of a configuration in several files: one that defines what another one defines.
    TwiceAcrossFiles,
    /// A hundred megabytes of comments, and a file that breaks off.
    Huge,
    /// Ten thousand levels of nesting.
    Deep,
    /// Aliases of aliases that stand for a million values.
    Aliased,
    /// A line with a byte of value 0.
    Nul,
    /// A line that is no UTF-8.
    NotUtf8,
    /// No bytes at all.
    Empty,
    /// The first two thirds of a good file.
    Truncated,
}

impl Flaw {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::Syntax,
        Self::WrongType,
        Self::DanglingReference,
        Self::BadAddress,
        Self::Duplicate,
        Self::Empty,
        Self::Truncated,
        Self::SecretLine,
        Self::DuplicateKey,
        Self::UnknownKey,
        Self::TwiceAcrossFiles,
        Self::Huge,
        Self::Deep,
        Self::Aliased,
        Self::Nul,
        Self::NotUtf8,
    ];

    /// Those by which a file asks for more than a file may.
    pub const HOSTILE: [Self; 5] = [Self::Huge, Self::Deep, Self::Aliased, Self::Nul, Self::NotUtf8];

    /// Those that stand for bad files in general, in the order in which cases try them. The others have cases of their own.
    pub const GENERAL: [Self; 7] = [
        Self::Syntax,
        Self::WrongType,
        Self::DanglingReference,
        Self::BadAddress,
        Self::Duplicate,
        Self::Empty,
        Self::Truncated,
    ];

    /// The name as it stands in target folders and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::WrongType => "wrong_type",
            Self::DanglingReference => "dangling_reference",
            Self::BadAddress => "bad_address",
            Self::Duplicate => "duplicate",
            Self::SecretLine => "secret_line",
            Self::DuplicateKey => "duplicate_key",
            Self::UnknownKey => "unknown_key",
            Self::TwiceAcrossFiles => "twice_across_files",
            Self::Huge => "huge",
            Self::Deep => "deep",
            Self::Aliased => "aliased",
            Self::Nul => "nul",
            Self::NotUtf8 => "not_utf8",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
        }
    }

    /// Whether the suite makes such a file itself, without the target's template.
    pub fn is_made_by_the_suite(self) -> bool {
        matches!(
            self,
            Self::Empty | Self::Truncated | Self::Huge | Self::Nul | Self::NotUtf8 | Self::TwiceAcrossFiles
        )
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place in which a generation shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marker {
    /// The response header `x-generation`, set by the proxy.
    ResponseStamp,
    /// The origin that answers.
    Origin,
    /// The request header `x-upstream-generation` towards the origin.
    UpstreamStamp,
    /// The request header `authorization` towards the origin.
    Credential,
}

impl Marker {
    /// All places.
    pub const ALL: [Self; 4] = [
        Self::ResponseStamp,
        Self::Origin,
        Self::UpstreamStamp,
        Self::Credential,
    ];
}

/// What an answer told about the configuration that served it.
///
/// All four are coupled: in a configuration they always name the same generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Markers {
    /// The response header `x-generation`, set by the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// The origin that answered, by its own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The request header `x-upstream-generation` as the origin received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The request header `authorization` as the origin received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl Markers {
    /// The markers of an answer wholly of `generation`, where there are `origins` origins.
    pub fn of(generation: Generation, origins: usize) -> Self {
        Self {
            stamp: Some(generation.to_string()),
            origin: Some(generation.origin_name(origins)),
            upstream: Some(generation.to_string()),
            credential: Some(generation.credential()),
        }
    }

    /// These places of it, and nothing of the others.
    #[must_use]
    pub fn only(&self, places: &[Marker]) -> Self {
        let at = |place, value: &Option<String>| value.clone().filter(|_| places.contains(&place));
        Self {
            stamp: at(Marker::ResponseStamp, &self.stamp),
            origin: at(Marker::Origin, &self.origin),
            upstream: at(Marker::UpstreamStamp, &self.upstream),
            credential: at(Marker::Credential, &self.credential),
        }
    }

    /// Whether the origin answered that is no generation's, where there are `origins` others.
    pub fn is_apart(&self, origins: usize) -> bool {
        self.origin.as_deref() == Some(format!("o{origins}").as_str())
    }

    /// Which of the origins that share a route answered, counted from 0, where there are `origins` others.
    pub fn member(&self, origins: usize) -> Option<usize> {
        let origin = self.origin.as_deref()?;
        (0..Layout::MEMBERS).find(|member| origin == Layout::member_name(*member, origins))
    }

    /// The generation that the proxy's own stamp names.
    pub fn generation(&self) -> Option<Generation> {
        self.stamp.as_deref()?.parse().ok()
    }
}
