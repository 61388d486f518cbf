//! Who gets a request, and who gets none, as the file would say it.

use std::time::Duration;

use serde_json::{Value, json};

use super::duration;
use crate::model::{Balance, Check, Ejection, GrpcCheck, Hash, HashBy, Health, HttpCheck, Sticky};

pub(super) fn put(shown: &mut Value, balance: &Balance, sticky: Option<&Sticky>) {
    shown["balance"] = balance.word().into();
    if let Balance::Hash(Hash { by, load_limit }) = balance {
        shown["hash"] = match by {
            HashBy::Client => json!({"load_limit": load_limit}),
            HashBy::Header(name) => json!({"header": name.as_str(), "load_limit": load_limit}),
            HashBy::Cookie(name) => json!({"cookie": name.as_ref(), "load_limit": load_limit}),
        };
    }
    if let Some(Sticky { cookie, same_site }) = sticky {
        shown["sticky"] = json!({"cookie": cookie.as_ref(), "same_site": same_site.word()});
    }
}

pub(super) fn put_health(
    shown: &mut Value,
    health: Option<&Health>,
    ejection: Option<&Ejection>,
    slow_start: Option<Duration>,
) {
    if let Some(health) = health {
        shown["health"] = health_of(health);
    }
    if let Some(Ejection {
        after,
        statuses,
        time,
        time_limit,
        max_share,
    }) = ejection
    {
        shown["ejection"] = json!({
            "after": after,
            "statuses": statuses.to_string(),
            "time": duration(*time),
            "time_limit": duration(*time_limit),
            "max_share": max_share,
        });
    }
    if let Some(time) = slow_start {
        shown["slow_start"] = duration(time).into();
    }
}

fn health_of(health: &Health) -> Value {
    let Health {
        check,
        interval,
        timeout,
        healthy_after,
        unhealthy_after,
    } = health;
    let mut shown = json!({
        "type": "tcp",
        "interval": duration(*interval),
        "timeout": duration(*timeout),
        "healthy_after": healthy_after,
        "unhealthy_after": unhealthy_after,
    });
    if let Check::Http(HttpCheck { path, host, expect }) = check {
        shown["type"] = "http".into();
        shown["path"] = path.as_ref().into();
        shown["expect"] = expect.to_string().into();
        if let Some(host) = host {
            shown["host"] = host.as_str().into();
        }
    }
    if let Check::Grpc(GrpcCheck { service, host }) = check {
        shown["type"] = "grpc".into();
        if !service.is_empty() {
            shown["service"] = service.as_ref().into();
        }
        if let Some(host) = host {
            shown["host"] = host.as_str().into();
        }
    }
    shown
}
