//! `run` and `doctor`: what is not run, what fails, what is known, and what is left when a run is cancelled.
//!
//! The proxy of these tests is a shell script that ends at once, so that what it is told by is the exit code.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::own::{CASE, Own, said};

const ENDS: &str = "echo 'no licence' >&2; exit 3";

/// Runs one case of the target.
fn run<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["run", "./own", "--case", CASE, "--evidence", "none"], more].concat()
}

/// A target whose proxy ends at once, with these checks of the case as known deviations.
fn ends(known: &[&str]) -> Own {
    let deviations = known.iter().map(|check| {
        format!("[[deviation]]\ncase = \"{CASE}\"\ncheck = \"{check}\"\nreason = \"it is no proxy\"\n")
    });
    Own::target()
        .with("own/deviations.toml", deviations.collect::<String>())
        .with_program("proxy", ENDS)
}

#[test]
fn an_unknown_target_is_refused_with_the_known_ones() {
    let refusal = "error: there is no target \"ngnix\"; known are apache, caddy, envoy, haproxy, lighttpd, nginx, \
         reference, sozu, traefik, trafficserver, varnish, or name a folder that holds a target.toml\n";
    let own = Own::target();
    for command in ["run", "doctor"] {
        own.call(&[command, "ngnix"]).code(64).stdout("").stderr(refusal);
    }
    own.call(&["run", "reference:fast"])
        .code(64)
        .stderr("error: target reference has no variant \"fast\"; it has none\n");
}

#[test]
fn a_binary_that_is_not_there_is_refused_by_its_path() {
    let own = Own::target()
        .with("text", "not a program")
        .with_program("program", "exit");
    let refusals = [
        (
            "nowhere",
            "nowhere is no program that can be run: No such file or directory (os error 2)",
        ),
        ("own", "own is no program that can be run: it is not a file"),
        ("text", "text is no program that can be run: it is not executable"),
    ];
    for (binary, refusal) in refusals {
        for command in ["run", "doctor"] {
            let called = own
                .call(&[command, "./own", "--binary", binary])
                .code(69)
                .stdout("");
            called.stderr(format!("error: {refusal}\n"));
        }
    }
}

#[test]
fn without_a_binary_nothing_is_run_and_nothing_passes() {
    let own = Own::target();
    let text = said(&own.call(&run(&[])).code(69).stderr(""));
    let told = "there is no no-such-proxy-anywhere: install it, or name one with --binary\n";
    assert!(text.contains(told), "{text}");
    let text = said(&own.call(&["doctor", "./own"]).code(69));
    assert!(text.contains(told), "{text}");
}

#[test]
fn the_folder_of_binaries_comes_before_the_path() {
    let own = Own::target().with_program("no-such-proxy-anywhere", ENDS);
    own.call(&run(&["--peers", "."])).code(1);
}

#[test]
fn a_proxy_that_ends_is_not_conformant_and_the_finding_says_how() {
    let text = said(&ends(&[]).call(&run(&["--binary", "./proxy"])).code(1).stderr(""));
    let found = "fail becomes_ready (MUST)\n         required: the started process serves its first configuration \
         within its bound\n         expected: g1 is served within 3000 ms of the start\n         \
         observed: it ended by itself: exit status 3; it last logged: no licence\n";
    assert!(text.contains(found), "{text}");
    assert!(text.ends_with("not conformant\n\n"), "{text}");
}

#[test]
fn the_evidence_holds_the_log_and_what_judges_it_again_and_nothing_of_an_older_run() {
    let own = ends(&[]).with(&format!("reports/evidence/own/{CASE}/older"), "");
    own.call(&["run", "./own", "--case", CASE, "--binary", "./proxy"])
        .code(1);
    let folder = format!("reports/evidence/own/{CASE}");
    assert!(
        own.text(&format!("{folder}/log.txt"))
            .contains("ms stderr: no licence")
    );
    assert!(
        own.text(&format!("{folder}/configs/0001-g1.conf"))
            .contains("stamp g1 Bearer key-g1")
    );
    assert!(!own.path(&format!("{folder}/older")).exists());
    own.call(&["replay", &format!("{folder}/timeline.ndjson")])
        .code(1);
}

#[test]
fn however_many_run_side_by_side_all_is_told_in_the_order_of_the_catalogue() {
    for jobs in ["1", "5"] {
        let own = ends(&[]);
        let called = own.call(&[
            "run", "./own", "--binary", "./proxy", "--format", "json", "--jobs", jobs,
        ]);
        let log = said(&called.code(1));
        let records: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect();
        let cases = &records[0]["cases"];
        // Each case is told whole, before the next; of one that does not apply there is nothing to tell but that.
        let told = records[1..records.len() - 1].chunk_by(|one, _| one["record"] != "report");
        let told: Vec<_> = told.collect();
        assert!(cases.as_array().expect("cases").len() >= 8);
        assert_eq!(told.len(), cases.as_array().expect("cases").len());
        for (chunk, case) in told.iter().zip(cases.as_array().expect("cases")) {
            let (first, last) = (&chunk[0], chunk.last().expect("a record"));
            assert_eq!((&last["record"], &last["case"]), (&"report".into(), case));
            let is_told = (&first["record"], &first["case"]) == (&"case".into(), case);
            assert!(is_told || last["verdict"] == "unsupported", "{first}");
        }
    }
    let refused = ends(&[]).call(&["run", "./own", "--jobs", "0"]);
    let told = String::from_utf8_lossy(&refused.code(64).get_output().stderr).into_owned();
    assert!(told.contains("at least one case has to run at a time"), "{told}");
}

#[test]
fn a_known_deviation_is_conformant_and_a_stale_one_is_told() {
    let known = ["becomes_ready", "stays_alive"];
    let text = said(&ends(&known).call(&run(&["--binary", "./proxy"])).code(0));
    assert!(text.contains("known deviation: it is no proxy\n"), "{text}");
    let stale = [known[0], known[1], "nothing_left_behind"];
    let text = said(&ends(&stale).call(&run(&["--binary", "./proxy"])).code(3));
    let told = format!("  stale: {CASE} nothing_left_behind: listed as a deviation, but it did not fail\n");
    assert!(text.contains(&told), "{text}");
}

#[test]
fn strict_lets_what_is_unsupported_fail() {
    let known = ends(&["becomes_ready", "stays_alive"]);
    known
        .call(&run(&[
            "--binary",
            "./proxy",
            "--strict",
            "--format",
            "json",
            "--out",
            "log.ndjson",
        ]))
        .code(1);
    // Recorded with the run, so that a replay ends as the run did.
    known.call(&["replay", "log.ndjson"]).code(1);
}

#[test]
fn one_binary_is_not_that_of_two_proxies() {
    let own = Own::target().with_program("proxy", ENDS);
    let called = own
        .call(&["run", "./own", "nginx:signal", "--binary", "./proxy"])
        .code(64);
    called.stderr(
        "error: --binary names one binary, and the targets have different ones: nginx, \
         no-such-proxy-anywhere; call me once for each\n",
    );
}

#[test]
fn what_cannot_be_started_is_not_run_and_the_reason_is_said() {
    let own = Own::target()
        .with_program("proxy", "")
        .with("proxy", "#!/nowhere/interpreter\n");
    let text = said(&own.call(&run(&["--binary", "./proxy"])).code(69));
    assert!(text.contains("not run      reload_is_atomic"), "{text}");
    assert!(text.contains("failed to start "), "{text}");
    assert!(text.contains("No such file or directory"), "{text}");
}

#[test]
fn the_worst_of_several_targets_is_the_exit_code() {
    let own = ends(&["becomes_ready", "stays_alive"]);
    let other = own
        .text("own/target.toml")
        .replace("name = \"own\"", "name = \"other\"");
    fs::create_dir(own.path("other")).expect("a folder");
    let template = own.text("own/config.j2");
    let own = own
        .with("other/target.toml", other)
        .with("other/config.j2", template);
    own.call(&run(&["--binary", "./proxy"])).code(0);
    let text = said(&own.call(&run(&["./other", "--binary", "./proxy"])).code(1));
    assert!(text.contains("own of unknown version"), "{text}");
    assert!(text.contains("other of unknown version"), "{text}");
}

#[test]
fn a_report_goes_to_its_file_and_people_read_theirs() {
    let own = ends(&[]);
    for (format, begins) in [
        ("json", "{\"record\":\"run\",\"schema\":1,"),
        (
            "junit",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"reloadspec\" tests=\"1\"",
        ),
        ("markdown", "| case | own |\n"),
        ("terminal", "own of unknown version\n"),
    ] {
        let to = format!("reports/{format}/report");
        let text = said(
            &own.call(&run(&["--binary", "./proxy", "--format", format, "--out", &to]))
                .code(1),
        );
        assert!(text.starts_with("own of unknown version\n"), "{format}: {text}");
        let written = own.text(&to);
        assert!(written.starts_with(begins), "{format}: {written}");
        // Without a file, the report is all that is printed.
        let text = said(
            &own.call(&run(&["--binary", "./proxy", "--format", format]))
                .code(1),
        );
        assert!(text.starts_with(begins), "{format}: {text}");
    }
    let last = own.text("reports/json/report");
    let last = last.lines().last().expect("a line");
    assert!(last.starts_with("{\"record\":\"footer\""), "{last}");
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_anything_is_run() {
    let own = ends(&[]).with("file", "");
    for format in ["json", "junit", "markdown", "terminal"] {
        let arguments = run(&["--binary", "./proxy", "--format", format, "--out", "file/report"]);
        let called = own.call(&arguments).code(64).stdout("");
        called.stderr("error: failed to create file: File exists (os error 17)\n");
        let called = own.call(&run(&["--binary", "./proxy", "--format", format, "--out", "own"]));
        called
            .code(64)
            .stdout("")
            .stderr("error: failed to create own: Is a directory (os error 21)\n");
    }
}

#[test]
fn the_doctor_names_what_is_missing() {
    let text = said(
        &ends(&[])
            .call(&["doctor", "./own", "--binary", "./proxy"])
            .code(1)
            .stderr(""),
    );
    for line in [
        "ok      the folder is well-formed; its templates render two generations and every flaw apart",
        "missing ./proxy no version: look at binary.version_args and version_pattern",
        "missing becomes_ready: fail, expected g1 is served within 3000 ms of the start; \
         observed it ended by itself: exit status 3; it last logged: no licence",
        "missing no request was ever answered with status 200",
        "missing log.applied never matched",
        "ok      log.rejected: none, so the target is taken to have no such line",
        "Mend what is missing before you trust a verdict; where the folder is right, it is the proxy that fails.",
    ] {
        assert!(text.contains(&format!("  {line}\n")), "{line}\nis not in\n{text}");
    }
}

#[test]
fn a_strict_mask_keeps_no_file_from_the_proxy() {
    let own = Own::target()
        .but("[\"--config\", \"{{ config }}\"]", "[\"{{ config }}\"]")
        .with_program("proxy", "cat $1 >&2; exit 3");
    let line = format!("umask 077; exec \"$0\" run ./own --binary ./proxy --case {CASE}");
    let mut shell = Command::new("sh");
    let shell = shell
        .current_dir(own.path("."))
        .args(["-c", &line, env!("CARGO_BIN_EXE_reloadspec")]);
    assert_eq!(shell.output().expect("it runs").status.code(), Some(1));
    let log = own.text(&format!("reports/evidence/own/{CASE}/log.txt"));
    assert!(log.contains("stderr: stamp g1 Bearer key-g1"), "{log}");
}

#[test]
fn a_cancelled_run_leaves_no_process_behind() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // So that no other process is taken for it.
        let seconds = format!("{}.5", 1_000_000 + std::process::id());
        let own = Own::target()
            .but("3000", "60000")
            .with_program("proxy", &format!("exec sleep {seconds}"));
        let mut run = Command::new(env!("CARGO_BIN_EXE_reloadspec"))
            .current_dir(own.path("."))
            .args(run(&["--binary", "./proxy"]))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        assert!(within_10_s(|| sleeps(&seconds)), "the proxy was not started");
        kill(Pid::from_raw(run.id().cast_signed()), signal).expect("a signal");
        assert!(
            within_10_s(|| run.try_wait().expect("a status").is_some()),
            "it runs on"
        );
        let output = run.wait_with_output().expect("its end");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "error: cancelled\n");
        assert_eq!(output.status.code(), Some(130));
        assert!(!sleeps(&seconds), "the proxy is still there");
    }
}

#[test]
fn a_killed_run_leaves_no_process_and_no_folder_behind() {
    let seconds = format!("{}.25", 1_000_000 + std::process::id());
    let own = Own::target()
        .but("3000", "60000")
        .with_program("proxy", &format!("exec sleep {seconds}"));
    let ground = tempfile::tempdir().expect("a folder");
    fs::set_permissions(ground.path(), Permissions::from_mode(0o755)).expect("its mode");
    let mut run = Command::new(env!("CARGO_BIN_EXE_reloadspec"))
        .current_dir(own.path("."))
        .env("TMPDIR", ground.path())
        .args(run(&["--binary", "./proxy"]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    assert!(within_10_s(|| sleeps(&seconds)), "the proxy was not started");
    run.kill().expect("a signal");
    run.wait().expect("its end");
    assert!(within_10_s(|| !sleeps(&seconds)), "the proxy is still there");
    let is_empty = || fs::read_dir(ground.path()).expect("a list").next().is_none();
    assert!(within_10_s(is_empty), "its folder is still there");
}

/// Whether there is a process `sleep` with this argument.
fn sleeps(seconds: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("a list of processes").flatten();
    let wanted = format!("sleep\0{seconds}\0");
    processes
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| line == wanted.as_bytes())
}

fn within_10_s(mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}
