//! The eight documented tests, as tests of the reference proxy: each puts one requirement to the test and asks for a pass.
//!
//! In: the proxy's binary, in `RELOADSPEC_PROXY_BIN`. Out: a verdict, and where it is no pass, the report and the evidence.
//! Never: a second attempt.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use reloadspec::report::terminal;
use reloadspec::suite::{Quiet, RunOptions, run};
use reloadspec::target::{Locate, Target};
use reloadspec::vocabulary::{Profile, Verdict};
use reloadspec::{catalogue, select};

const BINARY: &str = "RELOADSPEC_PROXY_BIN";

/// Each case measures time, so none runs beside another.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn proxy_applies_hot_reload_when_configuration_file_changes() {
    passes("proxy_applies_hot_reload_when_configuration_file_changes");
}

#[test]
fn proxy_retains_previous_config_when_invalid_hot_reload_detected() {
    passes("proxy_retains_previous_config_when_invalid_hot_reload_detected");
}

#[test]
fn proxy_detects_config_changes_immediately_on_file_modification() {
    passes("proxy_detects_config_changes_immediately_on_file_modification");
}

#[test]
fn proxy_handles_config_file_deletion_during_runtime() {
    passes("proxy_handles_config_file_deletion_during_runtime");
}

#[test]
fn proxy_handles_multiple_rapid_config_changes() {
    passes("proxy_handles_multiple_rapid_config_changes");
}

#[test]
fn reload_is_atomic_during_concurrent_requests() {
    passes("reload_is_atomic_during_concurrent_requests");
}

#[test]
fn active_connections_persist_through_successful_reload() {
    passes("active_connections_persist_through_successful_reload");
}

#[test]
fn reload_logs_successful_configuration_change_at_info_level() {
    passes("reload_logs_successful_configuration_change_at_info_level");
}

/// Runs the case of this name on the reference proxy, which has to pass it by every check.
fn passes(case: &str) {
    // A test that failed while it held this has said so itself.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let cases =
        select::select(catalogue::all(), Profile::Extended, &[case.to_owned()]).expect("a case of this name");
    let locate = Locate {
        binary: Some(binary()),
        peers: None,
    };
    let targets = Target::load("reference", &locate)
        .unwrap_or_else(|error| panic!("{error}; {BINARY} has to be an absolute path"));
    let [target] = &targets[..] else {
        panic!(
            "the reference has no variants, and yet there are {}",
            targets.len()
        );
    };
    let options = RunOptions {
        seed: 1,
        evidence: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("evidence")),
        strict: true,
        ..RunOptions::default()
    };
    let report = run(target, &cases, &options, &mut std::io::sink(), &mut Quiet).expect("a run");
    let text = terminal::render(&report, terminal::Style::default());
    let [judged] = &report.cases[..] else {
        panic!(
            "{case} is one case, and yet there are {}:\n{text}",
            report.cases.len()
        );
    };
    assert_eq!(judged.verdict, Verdict::Pass, "\n{text}");
    for check in &judged.checks {
        let is_fine = matches!(check.verdict, Verdict::Pass | Verdict::Observed);
        assert!(is_fine, "{} is {}:\n{text}", check.title(), check.verdict);
    }
    // Strict, so this holds only if nothing was unsupported.
    assert_eq!(report.footer.exit_code, 0, "\n{text}");
}

fn binary() -> PathBuf {
    let path = std::env::var_os(BINARY).filter(|path| !path.is_empty());
    // `cargo test` of the whole workspace builds it beside the suite's own.
    let path = path.map_or_else(
        || Path::new(env!("CARGO_BIN_EXE_reloadspec")).with_file_name("reloadspec-proxy"),
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "there is no {}: run `cargo xtask test`, or `cargo build --bins`, or let {BINARY} name the reference proxy",
        path.display()
    );
    path
}
