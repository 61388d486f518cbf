//! Routes that lead to several upstreams, and to one that connections are kept to: what a template has to make of them.
//!
//! In: where a route leads. Out: what its template may name besides. Never: which upstream gets a request.

use minijinja::context;
use minijinja::value::Value;

use super::ORIGINS;
use super::spec::Spec;
use crate::vocabulary::{Layout, LeadsTo};

/// What an upstream is asked whose health is checked.
const CHECK_PATH: &str = "/health";

/// Of a route that leads to one upstream, in no particular way.
pub(super) fn none() -> Value {
    context! { checked => (), affine => false, kept => false, grpc => false }
}

/// A route with what is particular about where it leads.
pub(super) fn with_group(spec: &Spec, leads_to: LeadsTo, origins: &[Value], route: Value) -> Value {
    let members: Vec<Value> = origins
        .iter()
        .skip(ORIGINS + 1)
        .take(Layout::MEMBERS)
        .cloned()
        .collect();
    let health = spec.health.unwrap_or_default();
    match leads_to {
        LeadsTo::Checked => {
            let checked = context! { path => CHECK_PATH, interval_ms => health.interval_ms };
            context! { members, checked, ..route }
        }
        LeadsTo::Affine => context! { members, affine => true, ..route },
        LeadsTo::Kept => context! { kept => true, ..route },
        LeadsTo::Grpc => context! { grpc => true, ..route },
        LeadsTo::Current | LeadsTo::Apart | LeadsTo::Unresolvable | LeadsTo::Unreachable => route,
    }
}
