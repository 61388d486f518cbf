//! Versions: where a target says which of them serves, and how it is ordered to serve an earlier one again.
//!
//! In: the section `[versions]` of a target folder, and a version. Out: the request that orders it. Never: a version that nobody named.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::TargetError;
use super::spec::Spec;
use super::{Place, Target};
use crate::vocabulary::VersionReadings;

/// That it names the versions that it served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Versions {
    /// Where it says which one serves; where its status is, if nothing is said.
    pub(super) url: Option<String>,
    /// Where that stands in the answer.
    pub(super) active: String,
    /// How it is ordered to go back.
    pub(super) rollback: Rollback,
}

/// A request whose URL or body names a version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    url: String,
    method: Option<String>,
    /// Beside those of `[admin]`.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

/// A request that orders a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackOrder {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

// === impl Versions ===

impl Versions {
    /// How what it says reads.
    pub(super) fn readings(&self, spec: &Spec) -> VersionReadings {
        let status = spec.status.as_ref().map(|status| &status.url);
        VersionReadings {
            active: self.active.clone(),
            in_status: self.url.is_none() || self.url.as_ref() == status,
        }
    }
}

// === impl Target ===

impl Target {
    /// What orders it to serve a version again, if it can be ordered to.
    ///
    /// # Errors
    /// If a part of the request does not render.
    pub fn rollback(&self, version: &str, place: &Place) -> Result<Option<RollbackOrder>, TargetError> {
        let Some(versions) = &self.spec.versions else {
            return Ok(None);
        };
        let Rollback {
            url,
            method,
            headers,
            body,
        } = &versions.rollback;
        let text = |text: &str| self.templates.of_version(&self.spec, text, version, place);
        let mut all = self
            .spec
            .admin
            .as_ref()
            .map_or_else(BTreeMap::new, |admin| admin.headers.clone());
        all.extend(headers.clone());
        let mut rendered = Vec::new();
        for (name, value) in &all {
            rendered.push((name.clone(), text(value)?));
        }
        Ok(Some(RollbackOrder {
            method: method.clone().unwrap_or_else(|| "POST".to_owned()),
            url: text(url)?,
            headers: rendered,
            body: text(body)?.into_bytes(),
        }))
    }
}

// === what a folder has to keep to ===

/// What serde cannot say.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    match &spec.versions {
        Some(versions) if versions.url.is_none() && spec.status.is_none() => Err(
            "versions.url: there is no section [status] that says where else the version that serves is named".into(),
        ),
        _ => Ok(()),
    }
}

/// Renders the order for two versions, which have to differ.
pub(super) fn try_all(target: &Target, ground: &Place, place: &str) -> Result<(), TargetError> {
    if target
        .rollback("1", ground)?
        .is_some_and(|order| Some(order) == target.rollback("2", ground).ok().flatten())
    {
        let message = "versions.rollback: neither its url nor its body names {{ version }}";
        return Err(TargetError::invalid(place, message));
    }
    Ok(())
}
