//! What the world around the process sees of its life: the PID file, the service manager, the log's file, the signals.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use crate::process::{BINARY, Process, file, run};
use crate::support::{PATIENCE, config, echo, rename_over};

/// Waits for a message to the service manager.
fn told(manager: &UnixDatagram) -> String {
    let mut bytes = [0; 512];
    let length = manager.recv(&mut bytes).expect("a message");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_pid_file_is_true_moves_and_goes() {
    let a = echo("a");
    let (folder, path) = file("");
    let at = |name: &str| folder.path().join(name);
    let with = |stamp: &str, pid: &str| config(stamp, a) + &format!("pid_file: '{}'\n", at(pid).display());
    fs::write(&path, with("g1", "a.pid")).expect("a file");
    let process = Process::start(&path, &[]);
    let number = format!("{}\n", process.child.id());
    assert_eq!(read(&at("a.pid")), number);
    rename_over(&path, &with("g2", "b.pid"));
    process.line("configuration applied");
    assert_eq!(
        (read(&at("a.pid")), read(&at("b.pid"))),
        (String::new(), number.clone())
    );
    // A place where none can be made refuses the whole change.
    rename_over(&path, &with("g3", "none/c.pid"));
    let refused = process.line("ERROR configuration rejected");
    assert!(refused.contains("failed to write the PID file"), "{refused}");
    assert_eq!((process.stamp(), read(&at("b.pid"))), ("g2".to_owned(), number));
    process.signal("-QUIT");
    assert_eq!(process.rest().0, Some(0));
    assert!(!at("b.pid").exists());
}

#[test]
fn the_service_manager_is_told_of_each_reload_whatever_becomes_of_it() {
    let a = echo("a");
    let (folder, path) = file(config("g1", a));
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    manager.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let process = Process::start_with(&path, &[], &[("NOTIFY_SOCKET", socket.to_str().expect("text"))]);
    assert_eq!(told(&manager), "READY=1\nSTATUS=serving revision 1");
    let ready = |status: &str| {
        let message = told(&manager);
        assert!(message.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{message}");
        assert_eq!(told(&manager), format!("READY=1\nSTATUS={status}"));
    };
    process.signal("-HUP");
    ready("serving revision 1");
    rename_over(&path, &config("g2", a));
    ready("serving revision 2");
    rename_over(&path, "workers: many\n");
    ready("still serving revision 2, the last attempt to change it failed");
    process.signal("-HUP");
    ready("still serving revision 2, the last attempt to change it failed");
    fs::remove_file(&path).expect("a removal");
    process.signal("-HUP");
    ready("still serving revision 2, the last attempt to change it failed");
    process.signal("-TERM");
    assert_eq!(told(&manager), "STOPPING=1");
    assert_eq!(process.rest().0, Some(0));
}

#[test]
fn the_log_goes_where_the_configuration_says_and_is_opened_anew() {
    let a = echo("a");
    let (folder, path) = file(config("g1", a));
    let log = folder.path().join("proxy.log");
    let to_file = |stamp: &str| config(stamp, a) + &format!("log: {{destination: '{}'}}\n", log.display());
    let process = Process::start(&path, &[]);
    rename_over(&path, &to_file("g2"));
    let moved = process.line("log moved");
    assert!(moved.contains("proxy.log"), "{moved}");
    let until = |path: &Path, text: &str| {
        let deadline = std::time::Instant::now() + PATIENCE;
        while !read(path).contains(text) {
            assert!(
                std::time::Instant::now() < deadline,
                "no {text:?} in {}",
                read(path)
            );
            std::thread::yield_now();
        }
    };
    until(&log, "from_revision=1 revision=2");
    let old = folder.path().join("proxy.log.1");
    fs::rename(&log, &old).expect("a rename");
    process.signal("-USR1");
    until(&log, "log reopened");
    rename_over(&path, &to_file("g3"));
    until(&log, "from_revision=2 revision=3");
    assert!(!read(&old).contains("revision=3"), "{}", read(&old));
    // A file that cannot be opened refuses the whole change.
    rename_over(&path, &to_file("g4").replace("proxy.log", "none/proxy.log"));
    until(&log, "failed to open the log");
    assert_eq!(process.stamp(), "g3");
    // One that can be opened is not left behind by a change that something else refuses.
    let taken = std::net::TcpListener::bind("127.0.0.88:0").expect("an address");
    let other = folder.path().join("other.log");
    let both = to_file("g4").replace("proxy.log", "other.log");
    let admin = taken.local_addr().expect("its address");
    rename_over(&path, &both.replace("127.0.0.1:0", &admin.to_string()));
    until(&log, "failed to listen on 127.0.0.88");
    assert!(!other.exists(), "an empty log is left behind");
    rename_over(&path, &config("g5", a));
    assert!(process.line("configuration applied").contains("revision=4"));
    assert!(
        read(&log).contains("log moved destination=stderr"),
        "{}",
        read(&log)
    );
    // Without a file there is nothing to open, and nothing to end by.
    process.signal("-USR1");
    process.signal("-HUP");
    process.line("configuration unchanged");
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(0));
}

#[test]
fn the_help_tells_of_every_exit_code_and_signal() {
    let (code, help) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for word in [
        "SIGHUP", "SIGUSR1", "SIGTERM", "SIGQUIT", "SIGINT", " 1 ", " 64 ", " 69 ", " 70", " 130", "143",
    ] {
        assert!(help.contains(word), "no {word} in {help}");
    }
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/reloadspec-proxy.service");
    let unit = fs::read_to_string(unit).expect("the unit");
    // What the unit starts has to be what the binary takes.
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .expect("a command");
    assert!(
        start.contains("reloadspec-proxy --config ") && BINARY.ends_with("reloadspec-proxy"),
        "{start}"
    );
    assert!(unit.contains("Type=notify-reload"));
}

#[test]
fn a_file_that_nobody_looks_after_waits_for_an_order() {
    let a = echo("a");
    let (_folder, path) = file(config("g1", a));
    let process = Process::start(&path, &["--no-watch"]);
    rename_over(&path, &config("g2", a));
    // Longer than two polls, after which a watch would have found it whatever becomes of events.
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    assert_eq!(process.stamp(), "g1");
    process.signal("-HUP");
    process.line("configuration applied");
    assert_eq!(process.stamp(), "g2");
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(0));
}
