//! Where an upstream's connections lead, as the file would say it.

use serde_json::{Value, json};

use super::duration;
use crate::model::Resolve;

pub(super) fn resolve(resolve: &Resolve) -> Value {
    let Resolve { every, timeout, prefer } = resolve;
    json!({"every": duration(*every), "timeout": duration(*timeout), "prefer": prefer.word()})
}
