//! All routes of a configuration, in the order of their keys, of which many versions share nearly all.
//!
//! They stand in runs. The next version copies the run that a change is in and the list of runs, and a difference is looked for only where
//! two versions do not have the same run.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::{Route, RouteKey};

/// Routes by their keys.
#[derive(Clone, Default)]
pub struct Routes {
    /// None of them is empty.
    runs: Vec<Arc<Vec<Arc<Route>>>>,
    len: usize,
}

/// A longer run is cut in two.
const LONGEST: usize = 128;

// === impl Routes ===

impl Routes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// In the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Route>> {
        self.runs.iter().flat_map(|run| run.iter())
    }

    /// The route of a key.
    pub fn get(&self, key: &RouteKey) -> Option<&Arc<Route>> {
        let run = self.runs.get(self.run_of(key))?;
        Some(&run[place(run, key).ok()?])
    }

    /// Puts a route in its place, and tells which was there.
    pub fn insert(&mut self, route: Arc<Route>) -> Option<Arc<Route>> {
        // What comes after all others goes to the last run.
        let at = self.run_of(&route.key).min(self.runs.len().saturating_sub(1));
        let Some(run) = self.runs.get_mut(at) else {
            self.runs.push(Arc::new(vec![route]));
            self.len = 1;
            return None;
        };
        let place = match place(run, &route.key) {
            Ok(place) => return Some(std::mem::replace(&mut Arc::make_mut(run)[place], route)),
            Err(place) => place,
        };
        self.len += 1;
        if run.len() < LONGEST {
            Arc::make_mut(run).insert(place, route);
            return None;
        }
        // Of what comes in order, each run is full.
        let cut = if place == LONGEST { place } else { LONGEST / 2 };
        let (mut first, mut second) = (run[..cut].to_vec(), run[cut..].to_vec());
        if place < cut {
            first.insert(place, route);
        } else {
            second.insert(place - cut, route);
        }
        *run = Arc::new(first);
        self.runs.insert(at + 1, Arc::new(second));
        None
    }

    /// Takes a route out.
    pub fn remove(&mut self, key: &RouteKey) -> Option<Arc<Route>> {
        let at = self.run_of(key);
        let run = self.runs.get_mut(at)?;
        let place = place(run, key).ok()?;
        let removed = Arc::make_mut(run).remove(place);
        if run.is_empty() {
            self.runs.remove(at);
        }
        self.len -= 1;
        Some(removed)
    }

    /// Of these and of others, in their order, those that are not in a run of both.
    pub fn apart<'a>(&'a self, others: &'a Self) -> (Vec<&'a Arc<Route>>, Vec<&'a Arc<Route>>) {
        let own = |one: &'a Self, other: &'a Self| {
            let shared: HashSet<_> = other.runs.iter().map(Arc::as_ptr).collect();
            let runs = one.runs.iter().filter(|run| !shared.contains(&Arc::as_ptr(run)));
            runs.flat_map(|run| run.iter()).collect()
        };
        (own(self, others), own(others, self))
    }

    /// The run that a key is in, if it is in one.
    fn run_of(&self, key: &RouteKey) -> usize {
        self.runs
            .partition_point(|run| run.last().is_some_and(|last| last.key < *key))
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|route| (&route.key, route)))
            .finish()
    }
}

impl PartialEq for Routes {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl FromIterator<Arc<Route>> for Routes {
    fn from_iter<I: IntoIterator<Item = Arc<Route>>>(all: I) -> Self {
        let mut routes = Self::default();
        all.into_iter().for_each(|route| drop(routes.insert(route)));
        routes
    }
}

/// Where a key stands in a run, or would.
fn place(run: &[Arc<Route>], key: &RouteKey) -> Result<usize, usize> {
    run.binary_search_by(|route| route.key.cmp(key))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::StatusCode;
    use proptest::prelude::*;

    use super::super::{Action, Admission, Attempts, HeaderEdits, HostMatch, PathMatch};
    use super::*;

    fn route(number: u16, status: u16) -> Arc<Route> {
        let key = RouteKey {
            listener: None,
            host: HostMatch::Any,
            path: PathMatch::Prefix(Arc::from(format!("/{number}"))),
        };
        let status = StatusCode::from_u16(200 + status).expect("a status");
        let body = bytes::Bytes::new();
        Arc::new(Route {
            key,
            action: Action::Respond { status, body },
            admission: Admission::default(),
            body_bytes: None,
            attempts: Attempts::default(),
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
        })
    }

    proptest! {
        #[test]
        fn each_version_is_the_map_that_it_was(
            steps in prop::collection::vec((prop::bool::weighted(0.7), 0_u16..600, 0_u16..3), 0..1_500),
        ) {
            let (mut routes, mut map) = (Routes::default(), BTreeMap::new());
            let (mut before, mut then) = (routes.clone(), map.clone());
            for (number, (is_insert, key, status)) in steps.into_iter().enumerate() {
                let route = route(key, status);
                if is_insert {
                    prop_assert_eq!(routes.insert(Arc::clone(&route)), map.insert(route.key.clone(), route.clone()));
                } else {
                    prop_assert_eq!(routes.remove(&route.key), map.remove(&route.key));
                }
                prop_assert_eq!(routes.get(&route.key), map.get(&route.key));
                if number == 700 {
                    (before, then) = (routes.clone(), map.clone());
                }
            }
            for (routes, map) in [(&routes, &map), (&before, &then)] {
                prop_assert_eq!(routes.len(), map.len());
                prop_assert!(routes.iter().eq(map.values()));
                prop_assert!(routes.runs.iter().all(|run| (1..=LONGEST).contains(&run.len())));
            }
            // What two versions share is left out of both, and the rest is all that differs.
            let (own, others) = routes.apart(&before);
            let differs = |one: &Arc<Route>, map: &BTreeMap<_, _>| map.get(&one.key) != Some(one);
            for route in routes.iter().filter(|one| differs(one, &then)) {
                prop_assert!(own.contains(&route));
            }
            for route in before.iter().filter(|one| differs(one, &map)) {
                prop_assert!(others.contains(&route));
            }
            prop_assert!(own.is_sorted_by_key(|one| &one.key) && others.is_sorted_by_key(|one| &one.key));
        }
    }

    #[test]
    fn a_change_copies_one_run() {
        let before: Routes = (0..600).map(|number| route(number, 0)).collect();
        let mut after = before.clone();
        after.insert(route(300, 1));
        let (own, others) = before.apart(&after);
        assert!(own.len() <= LONGEST && own.len() == others.len());
    }
}
