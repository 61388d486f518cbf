//! What stands beside the routes in the last document that was good, and what it means: most changes are of a route, and leave it as it is.
//!
//! Law: the outcome is that of reading all.

use super::super::Node;
use super::reader::Named;
use crate::model::{Listener, Settings, Upstream};

/// What a document means, but for its routes.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) settings: Settings,
    pub(super) listeners: Named<Listener>,
    pub(super) upstreams: Named<Upstream>,
}

/// That of the last document that was good, with the entries that say it.
#[derive(Debug, Default)]
pub(super) struct KnownRest(Option<(Vec<(String, Node)>, Rest)>);

const ROUTES: &str = "routes";

/// The entries of a document in their order, but for its routes.
fn entries(root: &Node) -> impl Iterator<Item = &(String, Node)> {
    let entries = match root {
        Node::Table(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter(|(key, _)| key != ROUTES)
}

// === impl KnownRest ===

impl KnownRest {
    /// Takes note of a document that is good.
    pub(super) fn learn(&mut self, root: &Node, rest: Rest) {
        self.0 = Some((entries(root).cloned().collect(), rest));
    }

    /// What a document means, but for its routes, if that is known.
    pub(super) fn of(&self, root: &Node) -> Option<&Rest> {
        let (known, rest) = self.0.as_ref()?;
        entries(root).eq(known).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Format, Text, parse};
    use super::super::reader::{Report, Table};
    use super::super::{Path, keys, rest};
    use super::*;

    const LISTENERS: &str = "listeners:\n  - {name: web, address: '127.0.0.1:80'}\n";

    fn root(text: &str) -> Node {
        let text = Text::new("main", Format::Yaml, text.as_bytes()).expect("text");
        parse(text).expect("a document").root
    }

    #[test]
    fn it_is_known_whatever_the_routes_are_and_for_no_other_value_or_order() {
        let learned = root(&format!("workers: 2\n{LISTENERS}"));
        let report = Report::default();
        let table = Table::read(&learned, &Path::ROOT, keys::ROOT, &report).expect("a table");
        let mut known = KnownRest::default();
        assert!(known.of(&learned).is_none());
        known.learn(&learned, rest(&table));
        let workers = |text: &str| known.of(&root(text)).map(|rest| rest.settings.workers);
        for routes in ["", "routes: []\n", "routes: nonsense\n"] {
            assert_eq!(
                workers(&format!("workers: 2\n{routes}{LISTENERS}")),
                Some(2),
                "{routes}"
            );
        }
        for other in [
            format!("workers: 3\n{LISTENERS}"),
            format!("workers: '2'\n{LISTENERS}"),
            format!("{LISTENERS}workers: 2\n"),
            format!("workers: 2\n{LISTENERS}pid_file: /a\n"),
            LISTENERS.to_owned(),
            "workers: 2\n".to_owned(),
            "- a\n".to_owned(),
        ] {
            assert_eq!(workers(&other), None, "{other}");
        }
    }
}
