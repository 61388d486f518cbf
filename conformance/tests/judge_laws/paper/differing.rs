//! What a change changes, as the target on paper tells it: a line for each object.

use reloadspec::vocabulary::{Fate, Nanos, ObjectPatterns};

use super::{ORIGINS, Paper};

/// How its lines read.
pub(super) fn patterns() -> ObjectPatterns {
    ObjectPatterns {
        routes: vec!["differs: the route r1$".into(), "differs: the route r2$".into()],
        listener: Some("differs: the second listener$".into()),
        credential: Some("differs: what holds the credential$".into()),
    }
}

impl Paper {
    /// Names what the newest file changes, once that is effective.
    pub(super) fn tell_what_changed(&mut self, effective: Nanos) {
        let after = (self.generation, self.layout.clone());
        let before = std::mem::replace(&mut self.life().taken, after.clone());
        let named: Vec<String> = patterns()
            .all()
            .filter(|(object, _)| {
                object.fate((before.0, &before.1), (after.0, &after.1), ORIGINS) == Fate::Changed
            })
            .map(|(object, _)| format!("INFO config differs: {object}"))
            .collect();
        for line in named {
            self.log(effective, &line);
        }
    }
}
