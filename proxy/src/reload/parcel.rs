//! A candidate on its way to another process: the texts of all its files as they stand, so that whoever receives it makes of them what a reload
//! there would, with the variables that are known there.
//!
//! In: a candidate, or the JSON that one came to. Out: the other of the two. Never: a file, a variable, or an opinion about the content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Candidate, Member};
use crate::config::Format;

/// The media type of a parcel.
pub const PARCEL_TYPE: &str = "application/vnd.reloadspec.parcel+json";

/// The files of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    main: Part,
    /// Those that it includes, in their order.
    #[serde(default)]
    members: Vec<Part>,
    /// The contents of those that `${file:...}` refers to, by the name that stands there.
    #[serde(default)]
    files: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    format: Language,
    content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Language {
    Yaml,
    Json,
    Toml,
}

// === impl Parcel ===

impl Parcel {
    /// Packs a candidate; none if one of its files is no text, which no proxy takes.
    pub fn of(candidate: &Candidate) -> Option<Self> {
        let members = candidate.members.iter().flatten();
        let members = members.map(|member| Part::of(&member.name, member.format, &member.bytes));
        let files = candidate
            .files
            .iter()
            .map(|(name, bytes)| Some((name.clone(), text(bytes)?)));
        Some(Self {
            main: Part::of(&candidate.name, candidate.format, &candidate.bytes)?,
            members: members.collect::<Option<_>>()?,
            files: files.collect::<Option<_>>()?,
        })
    }

    /// Unpacks it.
    pub fn into_candidate(self) -> Candidate {
        let Self { main, members, files } = self;
        let members = members.into_iter().map(
            |Part {
                 name,
                 format,
                 content,
             }| Member::new(name, format.into(), content),
        );
        let files = files.into_iter().map(|(name, content)| (name, content.into()));
        Candidate::sent(main.name, main.format.into(), main.content.into_bytes()).with(
            members.collect(),
            files.collect(),
            Vec::new(),
        )
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

// === impl Part ===

impl Part {
    fn of(name: &str, format: Format, bytes: &[u8]) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            format: format.into(),
            content: text(bytes)?,
        })
    }
}

// === impl Language ===

impl From<Format> for Language {
    fn from(format: Format) -> Self {
        match format {
            Format::Yaml => Self::Yaml,
            Format::Json => Self::Json,
            Format::Toml => Self::Toml,
        }
    }
}

impl From<Language> for Format {
    fn from(language: Language) -> Self {
        match language {
            Language::Yaml => Self::Yaml,
            Language::Json => Self::Json,
            Language::Toml => Self::Toml,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let member = Member::new("conf.d/a.toml".to_owned(), Format::Toml, &b"[[routes]]\n"[..]);
        let files = BTreeMap::from([("token".to_owned(), b"t\n"[..].into())]);
        let candidate = Candidate::new(Path::new("proxy.yaml"), b"include: conf.d/*\n".to_vec());
        let whole = candidate.with(vec![member], files, Vec::new());
        let packed = serde_json::to_vec(&Parcel::of(&whole).expect("text")).expect("JSON");
        let unpacked: Parcel = serde_json::from_slice(&packed).expect("a parcel");
        let unpacked = unpacked.into_candidate();
        assert_eq!(unpacked.digest, whole.digest);
        assert_eq!(
            (&unpacked.members, &unpacked.files),
            (&whole.members, &whole.files)
        );

        let alone = Candidate::new(Path::new("proxy.json"), b"{}".to_vec());
        let unpacked = Parcel::of(&alone).expect("text").into_candidate();
        assert_eq!((unpacked.digest, unpacked.format), (alone.digest, Format::Json));
        assert_eq!(Parcel::of(&Candidate::new(Path::new("a"), vec![0xff])), None);
    }
}
