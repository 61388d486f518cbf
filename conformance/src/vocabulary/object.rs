//! What of a configuration a record can name, and what a change makes of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Generation, Layout, LeadsTo};

/// A part of a configuration that a record of what changed can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The further route of this number.
    Route(u8),
    /// The second listener.
    Listener,
    /// Whatever holds the credential towards the origin.
    Credential,
}

/// What a change makes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It comes, goes, or is another one.
    Changed,
    /// It is what it was, or there is none, as before.
    Same,
    /// It is up to the target's language, as it may bear what differs from one generation to the next.
    Open,
}

/// How lines of the log read that name what a reload changed. Regular expressions, compiled once when a target is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectPatterns {
    /// One line that names a further route, for each of the numbers from 1 to [`Self::ROUTES`]; none, if it names no routes.
    pub routes: Vec<String>,
    /// One line that names the second listener.
    pub listener: Option<String>,
    /// One line that names what holds the credential.
    pub credential: Option<String>,
}

// === impl Object ===

impl Object {
    /// What becomes of it by a change from one configuration to another, of so many origins.
    pub fn fate(self, before: (Generation, &Layout), after: (Generation, &Layout), origins: usize) -> Fate {
        let is_same = match self {
            Self::Credential => before.0 == after.0,
            Self::Listener => match (before.1.listener, after.1.listener) {
                (Some(before), Some(after)) if before == after => return Fate::Open,
                (before, after) => before == after,
            },
            Self::Route(number) => led_to(number, before, origins) == led_to(number, after, origins),
        };
        if is_same { Fate::Same } else { Fate::Changed }
    }

    /// Its kind, as it stands in target folders and reports.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Route(_) => "route",
            Self::Listener => "listener",
            Self::Credential => "credential",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(number) => write!(f, "the route r{number}"),
            Self::Listener => f.write_str("the second listener"),
            Self::Credential => f.write_str("what holds the credential"),
        }
    }
}

/// Where a route leads, and to which of the generations' origins, if to one of these.
fn led_to(
    number: u8,
    (generation, layout): (Generation, &Layout),
    origins: usize,
) -> Option<(LeadsTo, Option<usize>)> {
    let route = layout.routes.iter().find(|route| route.number == number)?;
    let current = route.leads_to == LeadsTo::Current;
    Some((route.leads_to, current.then(|| generation.origin_index(origins))))
}

// === impl ObjectPatterns ===

impl ObjectPatterns {
    /// How many routes a case changes one at a time.
    pub const ROUTES: u8 = 2;

    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Each, with what it is of.
    pub fn all(&self) -> impl Iterator<Item = (Object, &str)> {
        let routes = (1..).zip(&self.routes);
        let routes = routes.map(|(number, pattern)| (Object::Route(number), pattern));
        let others = [
            (Object::Listener, &self.listener),
            (Object::Credential, &self.credential),
        ];
        let others = others
            .into_iter()
            .filter_map(|(object, pattern)| Some((object, pattern.as_ref()?)));
        routes
            .chain(others)
            .map(|(object, pattern)| (object, pattern.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Listener;

    #[test]
    fn what_leads_elsewhere_has_changed_and_nothing_else() {
        let plain = Layout::default();
        let apart = plain.clone().with_routes(&[LeadsTo::Apart, LeadsTo::Apart]);
        let current = plain.clone().with_routes(&[LeadsTo::Current, LeadsTo::Apart]);
        let fate = |object: Object, before, after| object.fate(before, after, 3);
        let [g1, g2, g4] = [Generation(1), Generation(2), Generation(4)];
        for (before, after, first, second) in [
            ((g1, &apart), (g2, &apart), Fate::Same, Fate::Same),
            ((g1, &apart), (g2, &current), Fate::Changed, Fate::Same),
            ((g1, &current), (g2, &current), Fate::Changed, Fate::Same),
            // The same origin's turn again.
            ((g1, &current), (g4, &current), Fate::Same, Fate::Same),
            ((g1, &apart), (g2, &plain), Fate::Changed, Fate::Changed),
            ((g1, &plain), (g2, &plain), Fate::Same, Fate::Same),
        ] {
            assert_eq!(fate(Object::Route(1), before, after), first);
            assert_eq!(fate(Object::Route(2), before, after), second);
            assert_eq!(fate(Object::Credential, before, after), Fate::Changed);
        }
        let listening = Layout::listening(Listener::Second);
        let of_listener = |before, after| fate(Object::Listener, (g1, before), (g2, after));
        assert_eq!(of_listener(&plain, &listening), Fate::Changed);
        assert_eq!(of_listener(&listening, &listening), Fate::Open);
        assert_eq!(of_listener(&plain, &plain), Fate::Same);
    }
}
