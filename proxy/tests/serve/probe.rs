//! Endpoints that cannot be reached are told of, after the change serves, and refuse nothing.

use std::net::SocketAddr;
use std::time::Instant;

use crate::process::{Process, file, run};
use crate::support::{PATIENCE, config, echo, rename_over};

/// Nobody listens on this address, whatever the port.
const NOBODY: ([u8; 4], u16) = ([127, 83, 250, 2], 9);

/// Waits until this generation serves.
fn until(process: &Process, stamp: &str) {
    let deadline = Instant::now() + PATIENCE;
    while process.stamp() != stamp {
        assert!(Instant::now() < deadline, "{stamp} does not serve");
    }
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_told_of_and_refuses_nothing() {
    let (good, bad) = (echo("a"), SocketAddr::from(NOBODY));
    let probing = |stamp: &str, origin| config(stamp, origin) + "probe: {timeout: 5s}\n";
    let (_folder, path) = file(config("g1", bad));
    let process = Process::start(&path, &[]);
    // Nobody has asked to be told until now; from now on all are tried.
    rename_over(&path, &probing("g2", bad));
    let told = process.line("endpoint unreachable");
    assert!(
        told.contains("WARN") && told.contains("upstream=app") && told.contains("endpoint=127.83.250.2:9"),
        "{told}"
    );
    // What did not change is not tried again, and one that can be reached is not told of.
    for (stamp, origin) in [("g3", bad), ("g4", good)] {
        rename_over(&path, &probing(stamp, origin));
        until(&process, stamp);
    }
    rename_over(&path, &probing("g5", bad));
    process.line("endpoint unreachable");
    until(&process, "g5");
    process.signal("-TERM");
    let (code, rest) = process.rest();
    assert_eq!(code, Some(0));
    assert!(!rest.join("\n").contains("unreachable"), "{rest:?}");
}

#[test]
fn a_check_warns_of_it_if_it_is_asked_to() {
    let bad = SocketAddr::from(NOBODY);
    let (_folder, path) = file(config("g1", bad));
    let path = path.to_str().expect("text");
    let warning = "warning: endpoint 127.83.250.2:9 of app is unreachable";
    let (code, said) = run(&["--check", path]);
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
    let (code, said) = run(&["--check", path, "--probe"]);
    assert!(code == Some(0) && said.contains(warning), "{said}");
    let (_folder, path) = file(config("g1", bad) + "probe: {}\n");
    let (code, said) = run(&["--check", path.to_str().expect("text")]);
    assert!(code == Some(0) && said.contains(warning), "{said}");
}
