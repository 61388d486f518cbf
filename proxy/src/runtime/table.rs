//! The routes of a listener, indexed: the time of a lookup does not depend on their number.
//!
//! Precedence: the most specific host first (exact, then the longest suffix, then any); within a host the exact path, then the longest
//! prefix. If no path of a host matches, the next host is tried.

use std::sync::Arc;

use super::Route;
use super::shards::Shards;
use crate::model::{HostMatch, PathMatch};

/// Finds the route for a request. Its next version shares with it what is not changed.
#[derive(Debug, Clone, Default)]
pub struct Table {
    exact: Shards<Arc<str>, Paths>,
    suffix: Shards<Arc<str>, Paths>,
    any: Paths,
}

/// The routes of one host.
#[derive(Debug, Clone)]
enum Paths {
    /// They are looked through.
    Few(Vec<Arc<Route>>),
    Many(Box<Many>),
}

#[derive(Debug, Clone, Default)]
struct Many {
    exact: Shards<Arc<str>, Arc<Route>>,
    prefix: Shards<Arc<str>, Arc<Route>>,
    /// No prefix has more segments.
    deepest: usize,
}

/// To look through so many takes no longer than to ask two indexes.
const FEW: usize = 4;

// === impl Table ===

impl Table {
    /// Adds a route. One that matches the same takes the former one's place.
    pub fn insert(&mut self, route: Arc<Route>) {
        let host = route.definition.key.host.clone();
        self.change(&host, |paths| paths.insert(route));
    }

    /// Takes a route out.
    pub fn remove(&mut self, host: &HostMatch, path: &PathMatch) {
        self.change(host, |paths| paths.remove(path));
    }

    fn change(&mut self, host: &HostMatch, change: impl FnOnce(&mut Paths)) {
        let (hosts, host) = match host {
            HostMatch::Any => return change(&mut self.any),
            HostMatch::Suffix(host) => (&mut self.suffix, host),
            HostMatch::Exact(host) => (&mut self.exact, host),
        };
        let mut paths = hosts.get(host).cloned().unwrap_or_default();
        change(&mut paths);
        if paths.is_empty() {
            hosts.remove(host);
        } else {
            hosts.insert(Arc::clone(host), paths);
        }
    }

    /// The route for a host (in lower case, without a port) and a path.
    pub fn find(&self, host: &str, path: &str) -> Option<&Arc<Route>> {
        let exact = || self.exact.get(host)?.find(path);
        let suffix = || {
            if self.suffix.is_empty() {
                return None;
            }
            let parents = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
            parents
                .filter_map(|parent| self.suffix.get(parent))
                .find_map(|paths| paths.find(path))
        };
        exact().or_else(suffix).or_else(|| self.any.find(path))
    }
}

// === impl Paths ===

impl Default for Paths {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Paths {
    fn is_empty(&self) -> bool {
        match self {
            Self::Few(routes) => routes.is_empty(),
            Self::Many(many) => many.exact.is_empty() && many.prefix.is_empty(),
        }
    }

    fn insert(&mut self, route: Arc<Route>) {
        match self {
            Self::Few(routes) => {
                let path = &route.definition.key.path;
                match routes.iter_mut().find(|one| one.definition.key.path == *path) {
                    Some(former) => *former = route,
                    None => routes.push(route),
                }
                if routes.len() > FEW {
                    let mut many = Many::default();
                    for route in routes.iter() {
                        many.insert(route);
                    }
                    *self = Self::Many(Box::new(many));
                }
            }
            Self::Many(many) => many.insert(&route),
        }
    }

    fn remove(&mut self, path: &PathMatch) {
        match self {
            Self::Few(routes) => routes.retain(|one| one.definition.key.path != *path),
            Self::Many(many) => drop(match path {
                PathMatch::Exact(path) => many.exact.remove(path),
                PathMatch::Prefix(prefix) => many.prefix.remove(prefix),
            }),
        }
    }

    fn find(&self, path: &str) -> Option<&Arc<Route>> {
        match self {
            Self::Few(routes) => routes
                .iter()
                .filter_map(|route| Some((rank(&route.definition.key.path, path)?, route)))
                .max_by_key(|(rank, _)| *rank)
                .map(|(_, route)| route),
            Self::Many(many) => many.exact.get(path).or_else(|| many.find_prefix(path)),
        }
    }
}

/// How well a route fits a path, if it does: exactly, or else by a prefix of so many bytes.
fn rank(of: &PathMatch, path: &str) -> Option<usize> {
    match of {
        PathMatch::Exact(exact) => (**exact == *path).then_some(usize::MAX),
        PathMatch::Prefix(prefix) => {
            let rest = path.strip_prefix(&**prefix)?;
            // The target `*` has no segments, and is below the empty prefix all the same.
            (rest.is_empty() || rest.starts_with('/') || prefix.is_empty()).then_some(prefix.len())
        }
    }
}

// === impl Many ===

impl Many {
    fn insert(&mut self, route: &Arc<Route>) {
        match &route.definition.key.path {
            PathMatch::Exact(path) => self.exact.insert(Arc::clone(path), Arc::clone(route)),
            PathMatch::Prefix(prefix) => {
                self.deepest = self.deepest.max(prefix.matches('/').count());
                self.prefix.insert(Arc::clone(prefix), Arc::clone(route));
            }
        }
    }

    fn find_prefix(&self, path: &str) -> Option<&Arc<Route>> {
        if self.prefix.is_empty() {
            return None;
        }
        // A prefix of n segments ends where the slash n + 1 stands, or where the path ends.
        let mut end = path
            .match_indices('/')
            .nth(self.deepest + 1)
            .map_or(path.len(), |(slash, _)| slash);
        if self.deepest == 0 {
            end = 0;
        }
        loop {
            if let Some(route) = self.prefix.get(&path[..end]) {
                return Some(route);
            }
            if end == 0 {
                return None;
            }
            // The target `*` has no segments, and is below the empty prefix all the same.
            end = path[..end].rfind('/').unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::model::RouteKey;
    use crate::runtime::snapshot::Task;

    fn table(prefixes: &[&'static str]) -> Table {
        let mut table = Table::default();
        for (number, prefix) in prefixes.iter().enumerate() {
            let status = StatusCode::from_u16(200 + number as u16).expect("a status");
            let key = RouteKey {
                listener: None,
                host: HostMatch::Any,
                path: PathMatch::Prefix(Arc::from(*prefix)),
            };
            let route = Route::answering(key, status);
            table.insert(Arc::new(route));
        }
        table
    }

    fn found(table: &Table, path: &str) -> Option<u16> {
        table.find("host", path).map(|route| match &route.task {
            Task::Respond(status, _) => status.as_u16(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn many_are_found_as_few_are() {
        let prefixes = ["", "/a", "/a/b", "/a/b/c", "/b", "/c/d"];
        let many = table(&prefixes);
        assert!(matches!(many.any, Paths::Many(_)));
        for path in ["/", "/a", "/a/", "/ab", "/a/b/c/d", "/a/bc", "/c", "/c/d/e", "*"] {
            let ranks = prefixes.iter().enumerate().filter_map(|(number, prefix)| {
                let prefix = PathMatch::Prefix(Arc::from(*prefix));
                Some((rank(&prefix, path)?, 200 + number as u16))
            });
            assert_eq!(
                found(&many, path),
                ranks.max().map(|(_, status)| status),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_taken_out_is_gone_and_the_version_before_has_it() {
        let before = table(&["", "/a", "/b"]);
        let mut after = before.clone();
        after.remove(&HostMatch::Any, &PathMatch::Prefix(Arc::from("/a")));
        assert_eq!(
            (found(&before, "/a"), found(&after, "/a")),
            (Some(201), Some(200))
        );
        after.remove(&HostMatch::Any, &PathMatch::Prefix(Arc::from("")));
        after.remove(&HostMatch::Any, &PathMatch::Prefix(Arc::from("/b")));
        assert_eq!((found(&after, "/b"), after.any.is_empty()), (None, true));
    }

    #[test]
    fn a_route_for_all_takes_what_has_no_segments_too() {
        let alone = table(&[""]);
        let deeper = table(&["", "/a", "/a/b"]);
        for path in ["*", "/", "/x/y/z"] {
            assert_eq!(
                (found(&alone, path), found(&deeper, path)),
                (Some(200), Some(200)),
                "{path}"
            );
        }
        assert_eq!(found(&deeper, "/a/b/c"), Some(202));
        assert_eq!(found(&table(&["/a"]), "*"), None);
        assert_eq!(found(&table(&["/a"]), "/"), None);
    }
}
