//! Listeners: names and addresses that do not contradict each other.

use std::sync::Arc;

use super::super::{Diagnostic, Item, Node, Path, Step, keys};
use super::reader::{Named, Report, Table};
use super::scalars::{listen_address, name, one_of};
use super::tls;
use crate::model::{Address, Listener, Protocol, Protocols};

/// What to do where there is no listener.
pub(super) const ADVICE: &str = "add `listeners:` with at least one `name` and `address`";

pub(super) fn read(root: &Table<'_>) -> Named<Listener> {
    let mut listeners = Named::new();
    let mut addresses: Vec<(Address, Vec<Step>)> = Vec::new();
    root.each("listeners", |item, path| {
        let Some(table) = Table::read(item, path, keys::LISTENER, root.report) else {
            return;
        };
        let name = table.required("name", name);
        let address = table.required("address", listen_address);
        let protocols = table.with("protocols", protocols).unwrap_or_default();
        let tls = tls::read(&table, root);
        if let Some(name) = &name {
            listeners.mention("listener", name, &table);
        }
        if let Some(address) = &address {
            for (other, at) in addresses.iter().filter(|(other, _)| other.overlaps(address)) {
                let message = format!("`{address}` overlaps with `{other}`, which is listened on already");
                let help = match address {
                    Address::Tcp(_) => {
                        "a wildcard listens on every address; choose another port, or keep one of the two"
                    }
                    Address::Unix(_) => "choose another path, or keep one of the two",
                };
                let complaint = Diagnostic::new("duplicate", message).with_help(help);
                table.complain("address", complaint.and_also(at.clone()));
            }
            addresses.push((address.clone(), table.path.key("address").steps()));
        }
        if let (Some(name), Some(address)) = (name, address) {
            let listener = Listener {
                name: name.clone(),
                address,
                protocols,
                tls,
            };
            listeners.valid.insert(name, Arc::new(listener));
        }
    });
    if let Some(Node::List(items)) = root.get("listeners")
        && items.is_empty()
    {
        root.complain(
            "listeners",
            Diagnostic::new("no-listeners", "there is no listener").with_help(ADVICE),
        );
    }
    listeners
}

/// Versions of HTTP, at least one.
fn protocols(node: &Node, path: &Path<'_>, report: &Report) -> Option<Protocols> {
    let Node::List(items) = node else {
        report.wrong_type(path, "a list", node);
        return None;
    };
    if items.is_empty() {
        let complaint = Diagnostic::new("out-of-range", "nothing is spoken");
        let help = "name `http1`, `http2` or both, or leave the key out for both";
        report.add(complaint.with_help(help).at(path));
        return None;
    }
    let words = Protocol::ALL.map(|protocol| (protocol.word(), protocol));
    let read = |(index, item): (usize, &Item)| one_of(&words)(item, &path.item(index), report);
    items.iter().enumerate().map(read).collect()
}
