//! From a folder to targets: merge, read, check.

use serde::Deserialize;

use super::changed;
use super::check::{check, is_name, sources, try_all};
use super::error::TargetError;
use super::folder::Folder;
use super::render::{Templates, signal};
use super::spec::Spec;
use super::{Locate, ORIGINS, Target, locate};
use crate::vocabulary::{Check, Flaw, OtherTrigger, PidFileFacts, Settle, TargetFacts};

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
    let text = &folder.file("target.toml")?;
    if text.trim().is_empty() {
        let message = "it is empty; docs/add-a-target.md says what it has to hold";
        return Err(TargetError::invalid(place, message));
    }
    let mut base: toml::Table = toml::from_str(text).map_err(|error| toml_error(&place, text, &error))?;
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
    if let Some(name) = variants.keys().find(|name| !is_name(name)) {
        let message = format!("{name:?} is no name of a variant; one has letters, digits, `-`, `_` and `.`");
        return Err(TargetError::invalid(place, message));
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
        let templates = Templates::of(self.folder, &spec)?;
        let binary = locate::binary(&spec.binary, self.options)?;
        let mut facts = facts(&spec, variant, binary.as_deref())?;
        facts.log.changed = changed::patterns(&spec, &templates, &place)?;
        let target = Target {
            facts,
            summary: spec.summary.clone(),
            url: spec.url.clone(),
            binary,
            sources: sources(&spec, &place)?,
            stop: signal(&self.folder.title, &spec.stop.signal)?,
            graceful: signal(
                &self.folder.title,
                spec.stop.graceful.as_ref().unwrap_or(&spec.stop.signal),
            )?,
            deviations: self.deviations(variants, variant)?,
            templates,
            spec,
        };
        try_all(&target, &place)?;
        Ok(target)
    }

    fn deviations(
        &self,
        variants: &toml::Table,
        variant: Option<&str>,
    ) -> Result<Vec<Deviation>, TargetError> {
        let Some(text) = &self.folder.file_if_any("deviations.toml")? else {
            return Ok(Vec::new());
        };
        let place = format!("{}/deviations.toml", self.folder.title);
        let mut all: Deviations = toml::from_str(text).map_err(|error| toml_error(&place, text, &error))?;
        let named = all
            .deviations
            .iter()
            .filter_map(|deviation| deviation.variant.as_deref());
        if let Some(unknown) = named.into_iter().find(|name| !variants.contains_key(*name)) {
            let message = format!("the target has no variant {unknown:?}, so nothing of it can deviate");
            return Err(TargetError::invalid(place, message));
        }
        all.deviations
            .retain(|deviation| deviation.variant.is_none() || deviation.variant.as_deref() == variant);
        Ok(all.deviations)
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

/// Says where, what, and what stands there.
fn toml_error(place: &str, text: &str, error: &toml::de::Error) -> TargetError {
    let message = error
        .message()
        .trim()
        .replace("expected u64", "expected a whole number");
    let start = error.span().map(|span| span.start.min(text.len()));
    let Some((before, after)) = start.and_then(|start| text.split_at_checked(start)) else {
        return TargetError::invalid(place, message);
    };
    let number = before.matches('\n').count() + 1;
    let begun = before.rsplit('\n').next().unwrap_or_default();
    let column = begun.chars().count() + 1;
    let line = format!("{begun}{}", after.lines().next().unwrap_or_default());
    let line = line.trim();
    let is_readable = !line.is_empty() && line.len() <= 100 && !line.contains(char::is_control);
    let quoted = if is_readable {
        format!(", in `{line}`")
    } else {
        String::new()
    };
    TargetError::invalid(format!("{place}:{number}:{column}"), message + &quoted)
}

fn facts(
    spec: &Spec,
    variant: Option<&str>,
    binary: Option<&std::path::Path>,
) -> Result<TargetFacts, TargetError> {
    let binary_sha256 = match binary {
        Some(path) => locate::sha256(path).map_err(|source| TargetError::Read {
            path: path.to_path_buf(),
            source,
        })?,
        None => String::new(),
    };
    let is_given = |flaw: &Flaw| match flaw {
        Flaw::TwiceAcrossFiles => spec.include.is_some(),
        flaw => flaw.is_made_by_the_suite() || spec.flaws.templated.contains(flaw),
    };
    Ok(TargetFacts {
        name: spec.name.clone(),
        variant: variant.map(str::to_owned),
        version: binary.and_then(|path| locate::version(&spec.binary, path)),
        binary: spec.binary.name.clone(),
        binary_sha256,
        trigger: spec.trigger.kind,
        answers_lines: spec.answers_lines(),
        settle: spec.trigger.settle_reason.as_ref().map(|reason| Settle {
            ms: spec.trigger.settle_ms,
            reason: reason.clone(),
        }),
        also: spec
            .also
            .iter()
            .map(|also| OtherTrigger {
                kind: also.trigger.kind,
                acknowledges: also.trigger.acknowledges,
            })
            .collect(),
        capabilities: spec.declares(),
        markers: spec.markers.clone(),
        deliveries: spec.delivery.patterns.clone(),
        flaws: Flaw::ALL.into_iter().filter(is_given).collect(),
        misspelt: spec.flaws.misspelt.clone(),
        apply_bound_ms: spec.timing.apply_bound_ms,
        apply_bound_source: spec.timing.apply_bound_source.clone(),
        ready_within_ms: spec.timing.ready_within_ms,
        drain_bound_ms: spec.timing.drain_bound_ms,
        release_bound_ms: spec.timing.release_bound_ms,
        stop_within_ms: spec.timing.stop_within_ms,
        restart_only: spec.restart_only.clone(),
        health: spec.health,
        outside: spec.include.as_ref().and_then(|include| include.outside),
        pid_file: spec
            .pid_file
            .as_ref()
            .map(|file| PidFileFacts { stays: file.stays() }),
        log: spec.log.patterns(),
        readings: spec.readings(),
        settings: spec.settings.clone(),
        origins: ORIGINS,
    })
}
