//! `replay` and `report` of files that are no event logs, or only the beginning of one.

use reloadspec::vocabulary::Verdict;
use serde_json::Value;

use crate::own::{CASE, Own, said};

/// A log of a run in which nothing was run, for want of a binary.
fn not_run() -> (Own, Vec<String>) {
    let own = Own::target();
    let run = [
        "run",
        "./own",
        "--case",
        CASE,
        "--format",
        "json",
        "--out",
        "log.ndjson",
    ];
    own.call(&run).code(69);
    let lines = own.text("log.ndjson").lines().map(str::to_owned).collect();
    (own, lines)
}

/// Both commands refuse the file with this message.
fn is_refused(own: &Own, message: &str) {
    for command in ["replay", "report"] {
        let called = own.call(&[command, "log.ndjson"]).code(64).stdout("");
        called.stderr(format!("error: {message}\n"));
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    is_refused(
        &Own::target(),
        "failed to open log.ndjson: No such file or directory (os error 2)",
    );
}

#[test]
fn a_file_that_is_no_log_is_refused_with_the_place() {
    let with = |content: &[u8]| Own::target().with("log.ndjson", content);
    is_refused(
        &with(b""),
        "log.ndjson: it is empty; `reloadspec run --format json --out FILE` writes an event log",
    );
    is_refused(
        &with(b"case passed\n"),
        "log.ndjson: line 1, column 1: not a record of an event log: expected value",
    );
    is_refused(
        &with(b"{\"record\":\"verdict\"}\n"),
        "log.ndjson: line 1, column 19: not a record of an event log: unknown variant `verdict`, expected one of \
         `run`, `case`, `event`, `report`, `footer`",
    );
    is_refused(
        &with(b"\xff\xfe\n"),
        "log.ndjson: line 1: failed to read: stream did not contain valid UTF-8",
    );
    is_refused(
        &with(b"{\"record\":\"case\",\"case\":\"x\",\"seed\":1,\"config_path\":\"/x\"}\n"),
        "log.ndjson: line 1: a case before any run has begun",
    );
}

#[test]
fn a_log_of_another_version_is_told_by_its_version() {
    let (own, lines) = not_run();
    let other = lines[0].replace("\"schema\":1", "\"schema\":7");
    let own = own.with("log.ndjson", other);
    is_refused(&own, "log.ndjson: the log has schema 7, this suite reads 1");
    let own = own.with(
        "log.ndjson",
        "{\"record\":\"run\",\"schema\":8,\"begun\":\"today\"}\n",
    );
    is_refused(&own, "log.ndjson: the log has schema 8, this suite reads 1");
}

#[test]
fn a_log_without_its_end_is_told_to_be_cut_off_wherever_it_ends() {
    const CUT: &str = "log.ndjson: the log has no footer: the run that wrote it was cut off";
    let (own, lines) = not_run();
    let whole = lines.join("\n");
    let footer = lines.last().expect("a footer").len();
    let mut own = own.with("log.ndjson", &whole[..whole.len() - footer]);
    is_refused(&own, CUT);
    for missing in [1, 2, footer / 2, footer - 1] {
        own = own.with("log.ndjson", &whole[..whole.len() - missing]);
        is_refused(&own, CUT);
    }
    // Another run begins before the first has ended.
    let twice = format!("{}\n{whole}\n", lines[0]);
    is_refused(&own.with("log.ndjson", twice), CUT);
}

#[test]
fn a_broken_line_in_the_middle_is_told_by_its_number() {
    let (own, mut lines) = not_run();
    lines.insert(1, "{\"record\":".into());
    let own = own.with("log.ndjson", lines.join("\n"));
    is_refused(
        &own,
        "log.ndjson: line 2, column 10: not a record of an event log: EOF while parsing a value",
    );
}

#[test]
fn a_case_that_this_suite_does_not_have_is_named() {
    let (own, mut lines) = not_run();
    let case = r#"{"record":"case","case":"proxy_makes_coffee","seed":1,"config_path":"/x"}"#;
    lines.insert(1, case.into());
    let own = own.with("log.ndjson", lines.join("\n"));
    own.call(&["replay", "log.ndjson"])
        .code(64)
        .stderr("error: log.ndjson: this suite has no case \"proxy_makes_coffee\"\n");
}

#[test]
fn what_was_not_run_stays_not_run() {
    let (own, _) = not_run();
    let text = said(&own.call(&["replay", "log.ndjson"]).code(69).stderr(""));
    assert!(text.contains("not run      reload_is_atomic"), "{text}");
    assert!(
        text.ends_with("The same verdicts as when it was recorded.\n"),
        "{text}"
    );
}

#[test]
fn all_runs_of_a_log_are_replayed() {
    let (own, lines) = not_run();
    let first = lines.join("\n").replace("\"name\":\"own\"", "\"name\":\"first\"");
    let own = own.with("log.ndjson", format!("{first}\n\n{}\n", lines.join("\n")));
    for command in ["replay", "report"] {
        let text = said(&own.call(&[command, "log.ndjson"]).code(69));
        assert!(text.contains("first of unknown version"), "{text}");
        assert!(text.contains("own of unknown version"), "{text}");
    }
}

#[test]
fn a_verdict_that_differs_is_told_and_is_no_success() {
    let own = Own::target().with_program("proxy", "exit 3");
    let run = [
        "run",
        "./own",
        "--binary",
        "./proxy",
        "--evidence",
        "none",
        "--case",
        CASE,
    ];
    let run = [&run[..], &["--format", "json", "--out", "log.ndjson"]].concat();
    own.call(&run).code(1);
    let text = said(&own.call(&["replay", "log.ndjson"]).code(1));
    assert!(
        text.ends_with("The same verdicts as when it was recorded.\n"),
        "{text}"
    );
    let log = own
        .text("log.ndjson")
        .replace("\"check\":\"stays_alive\"", "\"check\":\"recovers\"");
    let own = own.with("log.ndjson", log);
    let text = said(&own.call(&["replay", "log.ndjson"]).code(1));
    let told = format!(
        "Verdicts that differ from when it was recorded:\n  {CASE} stays_alive: not judged then, fail now\n  \
         {CASE} recovers: fail then, not judged now\n"
    );
    assert!(text.ends_with(&told), "{text}");
}

#[test]
fn reports_are_written_of_recorded_logs() {
    let (own, lines) = not_run();
    let report: Value = serde_json::from_str(&lines[1]).expect("JSON");
    assert_eq!(
        report["verdict"],
        Verdict::NotRun(String::new()).word().replace(' ', "_")
    );
    let text = said(
        &own.call(&["report", "log.ndjson", "--format", "markdown"])
            .code(69),
    );
    assert!(text.starts_with("| case | own |\n"), "{text}");
    let text = said(&own.call(&["report", "log.ndjson", "--format", "junit"]).code(69));
    assert!(
        text.contains("<skipped message=\"not run: there is no no-such-proxy-anywhere"),
        "{text}"
    );
    own.call(&["report", "log.ndjson", "--format", "json"])
        .code(64)
        .stderr("error: an event log is JSON already\n");
    own.call(&["report"]).code(64);
}
