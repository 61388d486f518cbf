//! How a target's log names what a reload changed.
//!
//! In: the table `[log.changed]` of a target folder. Out: patterns, one for each object that can be named, ready to be compiled. Never: a look at a log.

use regex::Regex;
use serde::Deserialize;

use super::error::TargetError;
use super::render::Templates;
use super::spec::Spec;
use crate::vocabulary::{Capability, ObjectPatterns};

/// That its log names what a reload changed, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changed {
    /// A template over `route`.
    route: Option<String>,
    listener: Option<String>,
    credential: Option<String>,
}

/// What serde cannot say.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    let Some(changed) = &spec.log.changed else {
        return Ok(());
    };
    if changed.route.is_none() && changed.listener.is_none() {
        return Err("log.changed: neither route nor listener is there; the credential is another with every change, so that it alone tells no two apart".into());
    }
    let needed = [
        ("route", changed.route.is_some(), Capability::Routes),
        ("listener", changed.listener.is_some(), Capability::Listeners),
    ];
    let lacks = |(_, is_there, capability): &&(&str, bool, Capability)| {
        *is_there && !spec.capabilities.contains(capability)
    };
    match needed.iter().find(lacks) {
        Some((key, _, capability)) => Err(format!(
            "log.changed.{key}: {:?} is none of the capabilities, so none will come or go",
            capability.name()
        )),
        None => Ok(()),
    }
}

/// The patterns; none, where the log names nothing.
pub(super) fn patterns(
    spec: &Spec,
    templates: &Templates,
    place: &str,
) -> Result<ObjectPatterns, TargetError> {
    let Some(changed) = &spec.log.changed else {
        return Ok(ObjectPatterns::default());
    };
    let invalid = |message: String| TargetError::invalid(place, message);
    let mut routes = Vec::new();
    if let Some(route) = &changed.route {
        for number in 1..=ObjectPatterns::ROUTES {
            routes.push(templates.of_route(route, number)?);
        }
        routes.dedup();
        if routes.len() < usize::from(ObjectPatterns::ROUTES) {
            return Err(invalid(format!(
                "log.changed.route: {route:?} is the same for every route; it has to use `route.name` or `route.prefix`"
            )));
        }
    }
    let patterns = ObjectPatterns {
        routes,
        listener: changed.listener.clone(),
        credential: changed.credential.clone(),
    };
    for (object, pattern) in patterns.all() {
        let key = object.kind();
        let regex = Regex::new(pattern).map_err(|error| invalid(format!("log.changed.{key}: {error}")))?;
        if regex.is_match("") {
            return Err(invalid(format!(
                "log.changed.{key}: `{regex}` matches an empty line, so that every line would name {object}"
            )));
        }
    }
    Ok(patterns)
}
