//! The routes of a listener, indexed: the time of a lookup does not depend on their number.
//!
//! Precedence: the most specific host first (exact, then the longest suffix, then any); within a host the exact path, then the longest
//! prefix. If no path of a host matches, the next host is tried.

use std::collections::HashMap;
use std::sync::Arc;

use super::Route;
use crate::model::{HostMatch, PathMatch};

/// Routes by host and path.
#[derive(Debug, Default)]
pub struct Table {
    exact: HashMap<Arc<str>, Paths>,
    suffix: HashMap<Arc<str>, Paths>,
    any: Paths,
}

#[derive(Debug, Default)]
struct Paths {
    exact: HashMap<Arc<str>, Arc<Route>>,
    prefix: HashMap<Arc<str>, Arc<Route>>,
    /// The most segments that a prefix has: longer ones need not be tried, however long a path is.
    deepest: usize,
}

// === impl Table ===

impl Table {
    /// Adds a route, in place of one that matches the same.
    pub fn insert(&mut self, host: &HostMatch, path: &PathMatch, route: Arc<Route>) {
        let paths = match host {
            HostMatch::Any => &mut self.any,
            HostMatch::Suffix(host) => self.suffix.entry(host.clone()).or_default(),
            HostMatch::Exact(host) => self.exact.entry(host.clone()).or_default(),
        };
        match path {
            PathMatch::Exact(path) => {
                paths.exact.insert(path.clone(), route);
            }
            PathMatch::Prefix(prefix) => {
                paths.deepest = paths.deepest.max(prefix.matches('/').count());
                paths.prefix.insert(prefix.clone(), route);
            }
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

impl Paths {
    fn find(&self, path: &str) -> Option<&Arc<Route>> {
        self.exact.get(path).or_else(|| self.find_prefix(path))
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
            let route = Route::answering(Arc::default(), key.clone(), status);
            table.insert(&key.host, &key.path, Arc::new(route));
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
