//! Where an upstream's connections lead, as the file would say it.

use serde_json::{Value, json};

use super::duration;
use crate::model::{Pool, Resolve};

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
