//! The routes of the last list that was good: of the next one, only the items that are not in it are read.
//!
//! What an item means depends on it alone, but for the names that it refers to and the other routes. So routes are taken over as long as no name is gone; items
//! that come and go are found by identity, which [`Memory`](super::super::Memory) keeps for those that stand as before; and whatever is wrong with one of them, all are read
//! anew, which says it as ever.
//!
//! Law: the outcome is that of reading all.

use std::collections::{HashMap, HashSet};

use super::super::{Item, Path};
use super::reader::{Named, Report};
use super::routes;
use crate::model::{Listener, Routes, Upstream};

/// A list, what was there to be referred to, and the routes that it means.
#[derive(Debug, Default)]
pub(super) struct KnownRoutes {
    items: Vec<Item>,
    listeners: HashSet<String>,
    upstreams: HashSet<String>,
    routes: Routes,
}

// === impl KnownRoutes ===

impl KnownRoutes {
    /// Takes note of a list that is good.
    pub(super) fn learn(
        &mut self,
        items: &[Item],
        (listeners, upstreams): (&Named<Listener>, &Named<Upstream>),
        routes: &Routes,
    ) {
        items.clone_into(&mut self.items);
        self.items.shrink_to_fit();
        self.listeners = listeners.mentioned.keys().cloned().collect();
        self.upstreams = upstreams.mentioned.keys().cloned().collect();
        self.routes = routes.clone();
    }

    /// The routes of another list, if there is nothing to complain about.
    pub(super) fn next(
        &self,
        items: &[Item],
        path: &Path<'_>,
        (listeners, upstreams): (&Named<Listener>, &Named<Upstream>),
    ) -> Option<Routes> {
        let is_there = |known: &HashSet<String>, named: &HashMap<_, _>| {
            known.iter().all(|name| named.contains_key(name.as_str()))
        };
        if !is_there(&self.listeners, &listeners.mentioned)
            || !is_there(&self.upstreams, &upstreams.mentioned)
        {
            return None;
        }
        let is_same = |(old, new): &(&Item, &Item)| old.identity() == new.identity();
        let first = self.items.iter().zip(items).take_while(is_same).count();
        let (old, new) = (&self.items[first..], &items[first..]);
        let last = old.iter().rev().zip(new.iter().rev()).take_while(is_same).count();
        let (old, new) = (&old[..old.len() - last], &new[..new.len() - last]);

        let mut gone: HashMap<_, _> = old.iter().map(|item| (item.identity(), item)).collect();
        let new = new.iter().enumerate().map(|(index, item)| (first + index, item));
        let come: Vec<_> = new
            .filter(|(_, item)| gone.remove(&item.identity()).is_none())
            .collect();
        let report = Report::default();
        let mut next = self.routes.clone();
        for item in gone.values() {
            let key = routes::key_of(item, path, listeners, &report)?;
            next.remove(&key)?;
        }
        for (index, item) in come {
            let route = routes::one(item, &path.item(index), listeners, upstreams, &report)?;
            if next.insert(route).is_some() {
                return None;
            }
        }
        report.is_empty().then_some(next)
    }
}
