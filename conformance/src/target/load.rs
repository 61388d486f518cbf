//! From a folder to targets: merge, read, check.

use std::net::SocketAddr;
use std::path::PathBuf;

use regex::Regex;
use serde::Deserialize;

use super::error::TargetError;
use super::folder::Folder;
use super::render::{Templates, signal};
use super::spec::{Role, Spec};
use super::{Locate, LogSource, ORIGINS, OriginAddress, Place, Target, locate};
use crate::vocabulary::{Capability, Check, Flaw, Generation, Scene, TargetFacts};

/// The apply bound that holds unless a longer one is documented, in milliseconds.
const APPLY_BOUND_MS: u64 = 2_000;
/// The longest that a documented one may be.
const LONGEST_APPLY_BOUND_MS: u64 = 10_000;

/// A finding that is known and accepted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The case's id.
    pub case: String,
    /// The check that fails.
    pub check: Check,
    /// What it is about, where the check has subjects; all of them if none is named.
    pub subject: Option<String>,
    /// The variant that it holds for; all of them if none is named.
    pub variant: Option<String>,
    /// Why it is accepted.
    pub reason: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviations {
    #[serde(default, rename = "deviation")]
    deviations: Vec<Deviation>,
}

pub(super) fn load(reference: &str, options: &Locate) -> Result<Vec<Target>, TargetError> {
    let (name, wanted) = split(reference);
    let folder = Folder::open(name)?;
    let place = format!("{}/target.toml", folder.title);
    let text = folder.file("target.toml")?;
    let table: toml::Table = toml::from_str(text).map_err(|error| toml_error(&place, text, &error))?;
    let mut base = table.clone();
    let variants = match base.remove("variant") {
        Some(toml::Value::Table(variants)) => variants,
        Some(_) => {
            return Err(TargetError::invalid(
                &place,
                "`variant` has to be a table of tables",
            ));
        }
        None => toml::Table::new(),
    };
    // Read as written first: this pass knows lines and columns. What a variant has yet to add may be missing.
    match toml::from_str::<Spec>(text) {
        Err(error) if variants.is_empty() || !error.message().starts_with("missing field") => {
            return Err(toml_error(&place, text, &error));
        }
        _ => {}
    }
    let mut names: Vec<Option<String>> = variants.keys().cloned().map(Some).collect();
    if names.is_empty() {
        names.push(None);
    }
    if let Some(wanted) = wanted {
        names.retain(|name| name.as_deref() == Some(wanted));
        if names.is_empty() {
            return Err(TargetError::UnknownVariant {
                target: name.to_owned(),
                variant: wanted.to_owned(),
                known: match variants.keys().cloned().collect::<Vec<_>>() {
                    known if known.is_empty() => "none".to_owned(),
                    known => known.join(", "),
                },
            });
        }
    }
    let loader = Loader {
        folder: &folder,
        place: &place,
        options,
    };
    names
        .into_iter()
        .map(|variant| loader.target(&base, &variants, variant.as_deref()))
        .collect()
}

/// A reference is `NAME` or `NAME:VARIANT`; a path may hold colons of its own only before its last slash.
fn split(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        Some((name, variant)) if !variant.contains('/') => (name, Some(variant)),
        _ => (reference, None),
    }
}

struct Loader<'a> {
    folder: &'a Folder,
    place: &'a str,
    options: &'a Locate,
}

impl Loader<'_> {
    fn target(
        &self,
        base: &toml::Table,
        variants: &toml::Table,
        variant: Option<&str>,
    ) -> Result<Target, TargetError> {
        let mut table = base.clone();
        let place = variant.map_or_else(
            || self.place.to_owned(),
            |v| format!("{} [variant.{v}]", self.place),
        );
        if let Some(toml::Value::Table(over)) = variant.and_then(|name| variants.get(name)) {
            merge(&mut table, over);
        }
        let spec = Spec::deserialize(toml::Value::Table(table))
            .map_err(|error| TargetError::invalid(&place, error.message().to_owned()))?;
        check(&spec, &place)?;
        let templates = Templates::of(&self.folder.title, &self.folder.files, &spec)?;
        let binary = locate::binary(&spec.binary, self.options)?;
        let target = Target {
            facts: facts(&spec, variant, binary.as_deref())?,
            summary: spec.summary.clone(),
            url: spec.url.clone(),
            binary,
            sources: sources(&spec, &place)?,
            stop: signal(&self.folder.title, &spec.stop.signal)?,
            deviations: self.deviations(variant)?,
            templates,
            spec,
        };
        try_all(&target, &place)?;
        Ok(target)
    }

    fn deviations(&self, variant: Option<&str>) -> Result<Vec<Deviation>, TargetError> {
        let Some(text) = self.folder.files.get("deviations.toml") else {
            return Ok(Vec::new());
        };
        let place = format!("{}/deviations.toml", self.folder.title);
        let all: Deviations = toml::from_str(text).map_err(|error| toml_error(&place, text, &error))?;
        let holds =
            |deviation: &Deviation| deviation.variant.is_none() || deviation.variant.as_deref() == variant;
        Ok(all.deviations.into_iter().filter(holds).collect())
    }
}

/// Tables are merged; everything else is replaced.
fn merge(base: &mut toml::Table, over: &toml::Table) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) if key != "trigger" => {
                merge(below, above);
            }
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

fn toml_error(place: &str, text: &str, error: &toml::de::Error) -> TargetError {
    let at = error.span().map_or_else(String::new, |span| {
        let before = &text[..span.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        format!(":{line}:{column}")
    });
    TargetError::invalid(format!("{place}{at}"), error.message().trim().to_owned())
}

/// What serde cannot say.
fn check(spec: &Spec, place: &str) -> Result<(), TargetError> {
    let no = |message: String| Err(TargetError::invalid(place, message));
    match spec.files.iter().filter(|file| file.role == Role::Config).count() {
        1 => {}
        count => {
            return no(format!(
                "{count} files have role = \"config\"; exactly one has to"
            ));
        }
    }
    if spec.delivery.patterns.is_empty() {
        return no("delivery.patterns is empty; a file has to be delivered somehow".into());
    }
    if let Some(flaw) = spec
        .flaws
        .templated
        .iter()
        .find(|flaw| flaw.is_made_by_the_suite())
    {
        return no(format!(
            "flaws.templated: {flaw} needs no template, the suite makes it"
        ));
    }
    let bound = spec.timing.apply_bound_ms;
    if bound > APPLY_BOUND_MS && spec.timing.apply_bound_source.is_none() {
        return no(format!(
            "timing.apply_bound_ms is {bound}; more than {APPLY_BOUND_MS} needs apply_bound_source"
        ));
    }
    if bound > LONGEST_APPLY_BOUND_MS {
        return no(format!(
            "timing.apply_bound_ms is {bound}; {LONGEST_APPLY_BOUND_MS} is the most"
        ));
    }
    let patterns = [
        ("binary.version_pattern", &spec.binary.version_pattern),
        ("log.applied", &spec.log.applied),
        ("log.level", &spec.log.level),
        ("log.rejected", &spec.log.rejected),
        ("log.missing", &spec.log.missing),
        ("log.fatal", &spec.log.fatal),
    ];
    for (key, pattern) in patterns {
        if let Some(Err(error)) = pattern.as_deref().map(Regex::new) {
            return no(format!("{key}: {error}"));
        }
    }
    Ok(())
}

fn facts(
    spec: &Spec,
    variant: Option<&str>,
    binary: Option<&std::path::Path>,
) -> Result<TargetFacts, TargetError> {
    let mut capabilities = spec.capabilities.clone();
    if spec.trigger.acknowledges && !capabilities.contains(&Capability::Ack) {
        capabilities.push(Capability::Ack);
    }
    let binary_sha256 = match binary {
        Some(path) => locate::sha256(path).map_err(|source| TargetError::Read {
            path: path.to_path_buf(),
            source,
        })?,
        None => String::new(),
    };
    let is_given = |flaw: &Flaw| flaw.is_made_by_the_suite() || spec.flaws.templated.contains(flaw);
    Ok(TargetFacts {
        name: spec.name.clone(),
        variant: variant.map(str::to_owned),
        version: binary.and_then(|path| locate::version(&spec.binary, path)),
        binary: spec.binary.name.clone(),
        binary_sha256,
        trigger: spec.trigger.kind,
        capabilities,
        deliveries: spec.delivery.patterns.clone(),
        flaws: Flaw::ALL.into_iter().filter(is_given).collect(),
        apply_bound_ms: spec.timing.apply_bound_ms,
        apply_bound_source: spec.timing.apply_bound_source.clone(),
        ready_within_ms: spec.timing.ready_within_ms,
        drain_bound_ms: spec.timing.drain_bound_ms,
        stop_within_ms: spec.timing.stop_within_ms,
        log: spec.log.patterns(),
        settings: spec.settings.clone(),
        origins: ORIGINS,
    })
}

fn sources(spec: &Spec, place: &str) -> Result<Vec<LogSource>, TargetError> {
    let source = |name: &String| match name.as_str() {
        "stdout" => Ok(LogSource::Stdout),
        "stderr" => Ok(LogSource::Stderr),
        other => {
            let unknown = || format!("log.sources: {other:?} is none of stdout, stderr, file:NAME");
            let path = other
                .strip_prefix("file:")
                .ok_or_else(|| TargetError::invalid(place, unknown()))?;
            Ok(LogSource::File(PathBuf::from(path)))
        }
    };
    spec.log.sources.iter().map(source).collect()
}

/// Renders everything once, so that a folder that cannot work is refused before anything runs.
fn try_all(target: &Target, place: &str) -> Result<(), TargetError> {
    let ground = nowhere();
    let good = target.render(
        &Scene {
            generation: Generation(1),
            flaw: None,
        },
        &ground,
    )?;
    if good
        == target.render(
            &Scene {
                generation: Generation(2),
                flaw: None,
            },
            &ground,
        )?
    {
        return Err(TargetError::invalid(
            place,
            "two generations render to the same file: it bears no marker",
        ));
    }
    for flaw in target.facts.flaws.iter().copied() {
        if good
            == target.render(
                &Scene {
                    generation: Generation(1),
                    flaw: Some(flaw),
                },
                &ground,
            )?
        {
            return Err(TargetError::invalid(
                place,
                format!("flaw {flaw} renders to the good file"),
            ));
        }
    }
    target.start(&ground)?;
    target.trigger(&ground)?;
    Ok(())
}

fn nowhere() -> Place {
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let origins = (0..ORIGINS).zip(4..);
    Place {
        dir: "/nowhere".into(),
        config: "/nowhere/conf/file".into(),
        listen: address(1),
        admin: address(2),
        origins: origins
            .map(|(i, port)| OriginAddress {
                name: format!("o{i}"),
                address: address(port),
            })
            .collect(),
    }
}
