//! What `--check` says, and what a start says of the same file.

use std::fs;

use crate::process::{file, run};
use crate::support::{config, config_at, echo};

#[test]
fn a_check_and_a_start_give_the_same_reason_for_what_cannot_be_had() {
    let origin = echo("a");
    let (folder, path) = file("");
    let nowhere = folder.path().join("none/x");
    for content in [
        config_at("192.0.2.1:8080", "g1", origin),
        config_at(&format!("unix:{}", nowhere.display()), "g1", origin),
        config_at(&format!("unix:{}", folder.path().display()), "g1", origin),
        config("g1", origin) + &format!("pid_file: '{}'\n", nowhere.display()),
        config("g1", origin) + &format!("log: {{destination: '{}'}}\n", nowhere.display()),
        config("g1", origin) + "admin: {address: '192.0.2.1:8081', token: canary-0123456789}\n",
    ] {
        fs::write(&path, &content).expect("a file");
        let file = path.to_str().expect("text");
        let (checked, started) = (run(&["--check", file]), run(&["--config", file]));
        assert_eq!(checked, started, "{content}");
        assert_eq!(checked.0, Some(69), "{}", checked.1);
    }
}
