//! Listeners: names and addresses that do not contradict each other.

use std::sync::Arc;

use super::super::{Diagnostic, Node, Step, keys};
use super::reader::{Named, Table};
use super::scalars::{listen_address, name};
use super::tls;
use crate::model::{Address, Listener};

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
        let tls = tls::read(&table);
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
            listeners
                .valid
                .insert(name.clone(), Arc::new(Listener { name, address, tls }));
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
