//! Whether a configuration could serve: everything of a reload short of the commit.
//!
//! In: a candidate. Out: what it says, or the rejection that a reload would give. What a reload takes (addresses, files) is asked for here without
//! taking it: nobody can connect, and no file is made. What is in use already is worth a note and no refusal, because the proxy that
//! is to be reloaded may be the one that uses it.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use socket2::SockAddr;

use crate::acme;
use crate::lifecycle;
use crate::log;
use crate::model::{LogDestination, Model};
use crate::reload::{self, Candidate, Plan, Rejection, StageError};
use crate::room;
use crate::runtime::unix_socket::is_left_behind;

/// A configuration that could serve.
#[derive(Debug)]
pub struct Checked {
    /// What it says, as a plan from nothing.
    pub plan: Plan,
    /// What may keep it from serving here and now.
    pub notes: Vec<String>,
}

/// Checks a candidate.
pub fn check(candidate: &Candidate) -> Result<Checked, Rejection> {
    let plan = reload::check(candidate)?;
    let model = plan.apply(&Model::default());
    let in_use = reload::try_addresses(&model, is_free).map_err(StageError::Bind)?;
    if let Some(path) = &model.settings.pid_file {
        lifecycle::try_pid_file(path).map_err(|error| StageError::Follower("pid_file", error))?;
    }
    acme::try_storage(&model).map_err(|error| StageError::Follower("acme", error.into()))?;
    if let LogDestination::File(path) = &model.settings.log.destination {
        log::try_file(path).map_err(|error| StageError::Follower("log", error))?;
    }
    let notes = in_use
        .iter()
        .map(|address| format!("{address} is in use; if it is not by the proxy that is to be reloaded, it cannot be listened on"))
        .collect();
    Ok(Checked { plan, notes })
}

/// Whether nobody listens on a path. Fails where nobody could, as an attempt would. No file is made, and none removed.
fn is_free(path: &Path) -> io::Result<bool> {
    let address = SockAddr::unix(path)?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => room::for_file(path).map(|()| true),
        Err(error) => Err(error),
        // Somebody who listens there needs nothing of the folder.
        Ok(metadata) if metadata.file_type().is_socket() && !is_left_behind(path, &address) => Ok(false),
        Ok(metadata) if metadata.file_type().is_socket() => room::for_file(path).map(|()| true),
        // As the kernel says of a file that is no socket.
        Ok(_) => Err(rustix::io::Errno::ADDRINUSE.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn checked(rest: &str, address: &str) -> Result<Checked, String> {
        let text = format!(
            "listeners: [{{name: web, address: '{address}'}}]\nroutes: [{{respond: {{}}}}]\n{rest}\n"
        );
        let candidate = Candidate::new(Path::new("proxy.yaml"), text.into_bytes());
        check(&candidate).map_err(|rejection| format!("{}: {rejection}", rejection.word()))
    }

    #[test]
    fn what_cannot_be_had_is_refused_as_by_a_reload_and_nothing_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("file"), "precious").expect("a file");
        let free = "127.0.0.1:0";
        for (rest, address, why) in [
            // Documentation has this one (RFC 5737), and no machine.
            (
                String::new(),
                "192.0.2.1:80".to_owned(),
                "failed to listen on 192.0.2.1:80",
            ),
            (
                String::new(),
                format!("unix:{}", at("none/web.sock")),
                "failed to listen on unix:",
            ),
            (
                String::new(),
                format!("unix:{}", at("file")),
                "failed to listen on unix:",
            ),
            (
                "admin: {address: '192.0.2.1:81', token: canary-0123456789}".to_owned(),
                free.to_owned(),
                ", for `admin`",
            ),
            (
                format!("pid_file: '{}'", at("none/pid")),
                free.to_owned(),
                "failed to write the PID file",
            ),
            (
                format!("pid_file: '{}'", folder.path().display()),
                free.to_owned(),
                "failed to write the PID file",
            ),
            (
                format!("log: {{destination: '{}'}}", at("none/log")),
                free.to_owned(),
                "failed to open the log",
            ),
            (
                format!("log: {{destination: '{}'}}", folder.path().display()),
                free.to_owned(),
                "failed to open the log",
            ),
        ] {
            let refused = checked(&rest, &address).expect_err("a refusal");
            assert!(
                refused.starts_with("unavailable: ") && refused.contains(why),
                "{refused}"
            );
        }
        let rest = format!(
            "pid_file: '{}'\nlog: {{destination: '{}'}}\nadmin: {{address: 'unix:{}'}}",
            at("pid"),
            at("log"),
            at("admin.sock")
        );
        assert_eq!(checked(&rest, free).expect("valid").notes, Vec::<String>::new());
        let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::read(at("file")).expect("a file"), b"precious");
    }

    #[test]
    fn what_is_in_use_is_worth_a_note() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = taken.local_addr().expect("its address").to_string();
        let notes = checked("", &address).expect("valid").notes;
        assert!(notes[0].starts_with(&format!("{address} is in use")), "{notes:?}");
        drop(taken);
        assert!(checked("", &address).expect("valid").notes.is_empty());
    }
}
