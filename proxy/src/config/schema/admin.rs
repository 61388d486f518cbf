//! The admin listener: where it is, and that nobody from elsewhere can use it unasked.

use std::net::SocketAddr;
use std::sync::Arc;

use super::super::{Diagnostic, Node, Path, keys};
use super::listeners::overlap;
use super::reader::{Named, Report, Table};
use super::scalars::{echo, text};
use crate::model::{Admin, AdminAddress, Listener, Secret};

/// Tokens that are shorter can be guessed.
const TOKEN_CHARACTERS: std::ops::RangeInclusive<usize> = 16..=512;
/// The kernel takes no longer path of a socket.
const UNIX_PATH_BYTES: usize = 107;

/// Reads the admin listener, if there is one.
pub(super) fn read(root: &Table<'_>, listeners: &Named<Listener>) -> Option<Admin> {
    let path = root.path.key("admin");
    let table = Table::read(root.get("admin")?, &path, keys::ADMIN, root.report)?;
    let address = table.required("address", address);
    let token = table.with("token", token);
    let address = address?;
    if let AdminAddress::Tcp(address) = address {
        if !address.ip().is_loopback() && table.get("token").is_none() && !table.is_mistyped {
            let message = format!("`{address}` can be reached from other machines, and there is no token");
            let help = "add `token:`, or use an address of this machine alone: 127.0.0.1:9901, unix:/run/reloadspec.sock";
            table.complain("address", Diagnostic::new("unprotected", message).with_help(help));
        }
        for other in listeners.valid.values() {
            if overlap(other.address, address) {
                let message = format!(
                    "`{address}` overlaps with `{}`, the address of the listener `{}`",
                    other.address, other.name
                );
                let help = "the admin listener needs an address of its own; choose another port";
                table.complain("address", Diagnostic::new("duplicate", message).with_help(help));
            }
        }
    }
    Some(Admin { address, token })
}

fn address(node: &Node, path: &Path<'_>, report: &Report) -> Option<AdminAddress> {
    let text = text(node, path, report)?;
    let parsed = match text.strip_prefix("unix:") {
        Some(file) => unix(file),
        None => text.parse::<SocketAddr>().ok().map(AdminAddress::Tcp),
    };
    if parsed.is_none() {
        let message = format!("{} is no address of an admin listener", echo(text, "this"));
        let help = "an IP address and a port, or the absolute path of a socket: 127.0.0.1:9901, unix:/run/reloadspec.sock";
        report.add(Diagnostic::new("bad-address", message).with_help(help).at(path));
    }
    parsed
}

fn unix(file: &str) -> Option<AdminAddress> {
    let whole = file.starts_with('/') && !file.ends_with('/') && file.len() <= UNIX_PATH_BYTES;
    let plain = !file.chars().any(char::is_control);
    (whole && plain).then(|| AdminAddress::Unix(Arc::from(std::path::Path::new(file))))
}

/// The text itself is not repeated in a message.
fn token(node: &Node, path: &Path<'_>, report: &Report) -> Option<Secret> {
    let text = text(node, path, report)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if TOKEN_CHARACTERS.contains(&text.len()) && text.chars().all(fits) {
        return Some(Secret::new(text));
    }
    let message = "this is no token that can be used";
    let help = "16 to 512 letters, digits and `-._~+/=`, as of `openssl rand -hex 32`";
    report.add(Diagnostic::new("bad-token", message).with_help(help).at(path));
    None
}
