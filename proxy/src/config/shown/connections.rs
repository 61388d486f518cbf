//! Where an upstream's connections lead, as the file would say it.

use serde_json::{Value, json};

use super::{duration, fingerprints, pair};
use crate::model::{Pool, Resolve, UpstreamTls};

pub(super) fn resolve(resolve: &Resolve) -> Value {
    let Resolve {
        every,
        timeout,
        prefer,
    } = resolve;
    json!({"every": duration(*every), "timeout": duration(*timeout), "prefer": prefer.word()})
}

pub(super) fn pool(pool: &Pool) -> Value {
    let Pool {
        max_idle,
        idle_timeout,
        max_lifetime,
    } = pool;
    let mut shown = json!({"max_idle": max_idle});
    for (key, time) in [("idle_timeout", idle_timeout), ("max_lifetime", max_lifetime)] {
        if let Some(time) = time {
            shown[key] = duration(*time).into();
        }
    }
    shown
}

pub(super) fn tls(tls: &UpstreamTls) -> Value {
    let UpstreamTls {
        roots,
        server_name,
        certificate,
    } = tls;
    let mut shown = match certificate {
        Some(own) => pair(own),
        None => json!({}),
    };
    shown["ca"] = fingerprints(roots).into();
    if let Some(name) = server_name {
        shown["server_name"] = name.to_str().into();
    }
    shown
}
