//! The difference between two models, object by object.
//!
//! In: what serves and what shall serve. Out: a [`Plan`], which says everything that a reload does and leaves no choices. Pure.
//! Laws: a plan from a model to itself is empty; a plan from `a` to `b` applied to `a` gives `b`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::model::{Admission, Listener, Model, Name, Route, RouteKey, Routes, Settings, Upstream};

/// All differences.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// New settings, if they differ, and the names of those that do.
    pub settings: Option<(Settings, Vec<&'static str>)>,
    /// Listeners by name.
    pub listeners: Changes<Name, Listener>,
    /// Routes by what they match.
    pub routes: Changes<RouteKey, Route>,
    /// Upstreams by name.
    pub upstreams: Changes<Name, Upstream>,
}

/// Differences between objects of one kind. What is in none of the lists is kept as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes<K, T> {
    /// New ones.
    pub add: Vec<(K, Arc<T>)>,
    /// Other definitions of existing ones.
    pub change: Vec<(K, Arc<T>)>,
    /// Those that go.
    pub remove: Vec<K>,
}

// === impl Plan ===

impl Plan {
    /// What leads from `from` to `to`.
    pub fn between(from: &Model, to: &Model) -> Self {
        // Taken apart in full, so that a new kind of object has to be thought of here.
        let Model {
            settings,
            listeners,
            routes,
            upstreams,
        } = to;
        let changed = changed_settings(&from.settings, settings);
        Self {
            settings: (!changed.is_empty()).then(|| (settings.clone(), changed)),
            listeners: Changes::between(&from.listeners, listeners),
            routes: Changes::of_routes(&from.routes, routes),
            upstreams: Changes::between(&from.upstreams, upstreams),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        let Self {
            settings,
            listeners,
            routes,
            upstreams,
        } = self;
        settings.is_none() && listeners.is_empty() && routes.is_empty() && upstreams.is_empty()
    }

    /// The keys of the configuration below which something is different.
    pub fn components(&self) -> Vec<&'static str> {
        let objects = [
            ("listeners", self.listeners.is_empty()),
            ("routes", self.routes.is_empty()),
            ("upstreams", self.upstreams.is_empty()),
        ];
        let objects = objects.into_iter().filter(|(_, empty)| !empty);
        let settings = self.settings.iter().flat_map(|(_, names)| names.iter().copied());
        objects.map(|(kind, _)| kind).chain(settings).collect()
    }

    /// One short text for each difference: `+listener web`, `~route *=/a`, `-upstream app`, `~log`. Never a value, which may be a secret.
    pub fn steps(&self) -> Vec<String> {
        let settings = self.settings.iter().flat_map(|(_, names)| names);
        let settings = settings.map(|name| format!("~{name}"));
        let objects = [
            self.listeners.steps("listener"),
            self.routes.steps("route"),
            self.upstreams.steps("upstream"),
        ];
        objects.into_iter().flatten().chain(settings).collect()
    }

    /// The same as `to`, to which this plan leads from `from`, with what did not change as it is there.
    pub(super) fn settle(&self, to: Model, from: &Model) -> Model {
        Model {
            listeners: self.listeners.apply(&from.listeners),
            upstreams: self.upstreams.apply(&from.upstreams),
            ..to
        }
    }

    /// The model that this plan makes of `model`.
    #[must_use]
    pub fn apply(&self, model: &Model) -> Model {
        let Self {
            settings,
            listeners,
            routes,
            upstreams,
        } = self;
        Model {
            settings: settings
                .as_ref()
                .map_or(&model.settings, |(settings, _)| settings)
                .clone(),
            listeners: listeners.apply(&model.listeners),
            routes: routes.applied(&model.routes),
            upstreams: upstreams.apply(&model.upstreams),
        }
    }
}

fn changed_settings(from: &Settings, to: &Settings) -> Vec<&'static str> {
    let Settings {
        log,
        pid_file,
        workers,
        drain,
        limits,
        admission: Admission { rate_limit, sessions },
        revisions,
        metrics,
        tracing,
        probe,
        admin,
        acme,
        request_headers,
        response_headers,
    } = to;
    let pairs = [
        ("log", from.log != *log),
        ("pid_file", from.pid_file != *pid_file),
        ("workers", from.workers != *workers),
        ("drain", from.drain != *drain),
        ("limits", from.limits != *limits),
        ("rate_limit", from.admission.rate_limit != *rate_limit),
        ("sessions", from.admission.sessions != *sessions),
        ("revisions", from.revisions != *revisions),
        ("metrics", from.metrics != *metrics),
        ("tracing", from.tracing != *tracing),
        ("probe", from.probe != *probe),
        ("admin", from.admin != *admin),
        ("acme", from.acme != *acme),
        ("request_headers", from.request_headers != *request_headers),
        ("response_headers", from.response_headers != *response_headers),
    ];
    pairs
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name)
        .collect()
}

impl fmt::Display for Plan {
    /// Counts, as in `listeners +1, routes +2 ~1 -3, log`: added, changed, removed. Never a value, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("listeners", self.listeners.counts()),
            ("routes", self.routes.counts()),
            ("upstreams", self.upstreams.counts()),
        ];
        let counted = kinds.into_iter().filter(|(_, counts)| !counts.is_empty());
        let counted = counted.map(|(kind, counts)| format!("{kind}{counts}"));
        let named = self
            .settings
            .iter()
            .flat_map(|(_, names)| names)
            .map(ToString::to_string);
        let all: Vec<_> = counted.chain(named).collect();
        f.write_str(&if all.is_empty() {
            "nothing".to_owned()
        } else {
            all.join(", ")
        })
    }
}

// === impl Changes ===

impl Changes<RouteKey, Route> {
    fn of_routes(from: &Routes, to: &Routes) -> Self {
        fn keyed(route: &Arc<Route>) -> (&RouteKey, &Arc<Route>) {
            (&route.key, route)
        }
        let (from, to) = from.apart(to);
        Self::walk(from.into_iter().map(keyed), to.into_iter().map(keyed))
    }

    fn applied(&self, routes: &Routes) -> Routes {
        let mut routes = routes.clone();
        for key in &self.remove {
            routes.remove(key);
        }
        for (_, route) in self.add.iter().chain(&self.change) {
            routes.insert(Arc::clone(route));
        }
        routes
    }
}

impl<K: Ord + Clone, T: PartialEq> Changes<K, T> {
    fn between(from: &BTreeMap<K, Arc<T>>, to: &BTreeMap<K, Arc<T>>) -> Self {
        Self::walk(from.iter(), to.iter())
    }

    /// The same for what stands in the order of keys.
    fn walk<'a>(
        from: impl Iterator<Item = (&'a K, &'a Arc<T>)>,
        to: impl Iterator<Item = (&'a K, &'a Arc<T>)>,
    ) -> Self
    where
        K: 'a,
        T: 'a,
    {
        let mut changes = Self {
            add: Vec::new(),
            change: Vec::new(),
            remove: Vec::new(),
        };
        let (mut old, mut new) = (from.peekable(), to.peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some((old, _)), Some((new, _))) => old.cmp(new),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return changes,
            };
            let gone = if order.is_le() { old.next() } else { None };
            let come = if order.is_ge() { new.next() } else { None };
            match (gone, come) {
                (Some((_, old)), Some((key, new))) if old != new => {
                    changes.change.push((key.clone(), Arc::clone(new)));
                }
                (None, Some((key, new))) => changes.add.push((key.clone(), Arc::clone(new))),
                (Some((key, _)), None) => changes.remove.push(key.clone()),
                _ => {}
            }
        }
    }

    fn apply(&self, objects: &BTreeMap<K, Arc<T>>) -> BTreeMap<K, Arc<T>> {
        let mut objects = objects.clone();
        for key in &self.remove {
            objects.remove(key);
        }
        objects.extend(self.add.iter().chain(&self.change).cloned());
        objects
    }

    pub(super) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.change.is_empty() && self.remove.is_empty()
    }

    fn steps(&self, kind: &str) -> Vec<String>
    where
        K: fmt::Display,
    {
        let step = |sign: char, key: &K| format!("{sign}{kind} {key}");
        let added = self.add.iter().map(|(key, _)| step('+', key));
        let changed = self.change.iter().map(|(key, _)| step('~', key));
        let removed = self.remove.iter().map(|key| step('-', key));
        added.chain(changed).chain(removed).collect()
    }

    fn counts(&self) -> String {
        let signed = [
            ('+', self.add.len()),
            ('~', self.change.len()),
            ('-', self.remove.len()),
        ];
        let shown = signed.into_iter().filter(|(_, count)| *count > 0);
        shown
            .flat_map(|(sign, count)| [" ".to_owned(), sign.to_string(), count.to_string()])
            .collect()
    }
}
