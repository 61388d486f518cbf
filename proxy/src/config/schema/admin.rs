//! The admin listener: where it is, and that nobody from elsewhere can use it unasked.

use super::super::{Diagnostic, Node, Path, keys};
use super::reader::{Named, Report, Table};
use super::scalars::{address, text};
use crate::model::{Address, Admin, Listener, Secret};

const EXAMPLES: &str = "127.0.0.1:9901, unix:/run/reloadspec.sock";
/// Tokens that are shorter can be guessed.
const TOKEN_CHARACTERS: std::ops::RangeInclusive<usize> = 16..=512;

/// Reads the admin listener, if there is one.
pub(super) fn read(root: &Table<'_>, listeners: &Named<Listener>) -> Option<Admin> {
    let path = root.path.key("admin");
    let table = Table::read(root.get("admin")?, &path, keys::ADMIN, root.report)?;
    let address = table.required("address", |node, path, report| {
        address(node, path, report, "no address of an admin listener", EXAMPLES)
    });
    let token = table.with("token", token);
    let address = address?;
    if let Address::Tcp(address) = address
        && !address.ip().is_loopback()
        && table.get("token").is_none()
        && !table.is_mistyped
    {
        let message = format!("`{address}` can be reached from other machines, and there is no token");
        let help = "add `token:`, or use an address of this machine alone: 127.0.0.1:9901, unix:/run/reloadspec.sock";
        table.complain("address", Diagnostic::new("unprotected", message).with_help(help));
    }
    for other in listeners.valid.values() {
        if other.address.overlaps(&address) {
            let message = format!(
                "`{address}` overlaps with `{}`, the address of the listener `{}`",
                other.address, other.name
            );
            let help = "the admin listener needs an address of its own; choose another one";
            table.complain("address", Diagnostic::new("duplicate", message).with_help(help));
        }
    }
    Some(Admin { address, token })
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
