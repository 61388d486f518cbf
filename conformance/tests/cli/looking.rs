//! `list`, `explain`, help and version: all that only tells.

use std::process::{Command, Stdio};

use reloadspec::catalogue;
use reloadspec::vocabulary::{Capability, Check};
use serde_json::Value;

use crate::own::{Own, said};

#[test]
fn list_names_every_case_with_its_level_and_requirement() {
    let text = said(&Own::target().call(&["list"]).code(0).stderr(""));
    for case in catalogue::all() {
        let entry = format!(
            "  {:<7} {}\n          {}\n",
            case.level, case.id, case.requirement
        );
        assert!(text.contains(&entry), "{entry}\nis not in\n{text}");
        assert!(text.contains(&format!("{}\n", case.area)), "{text}");
    }
}

#[test]
fn list_as_data_is_the_catalogue() {
    let text = said(&Own::target().call(&["list", "--format", "json"]).code(0));
    let listed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(listed, serde_json::to_value(catalogue::all()).expect("JSON"));
}

#[test]
fn the_document_of_all_cases_is_the_catalogue() {
    let text = said(&Own::target().call(&["list", "--format", "markdown"]).code(0));
    let written = include_str!("../../../docs/cases.md");
    assert!(
        text == written,
        "docs/cases.md is not of this catalogue: `cargo xtask codegen` writes it"
    );
}

#[test]
fn list_names_targets_and_capabilities() {
    let own = Own::target();
    own.call(&["list", "--targets"]).code(0).stdout(
        "apache\ncaddy\nenvoy\nhaproxy\nlighttpd\nnginx\nreference\nsozu\ntraefik\ntrafficserver\nvarnish\n",
    );
    let names: Vec<&str> = Capability::ALL.map(Capability::name).to_vec();
    own.call(&["list", "--capabilities"])
        .code(0)
        .stdout(names.join("\n") + "\n");
    own.call(&["list", "--capabilities", "--format", "json"])
        .code(0)
        .stdout(format!("[\"{}\"]\n", names.join("\",\"")));
    own.call(&["list", "--capabilities", "--targets"]).code(64);
}

#[test]
fn explain_says_all_of_every_case() {
    let own = Own::target();
    for case in catalogue::all() {
        let text = said(&own.call(&["explain", case.id]).code(0).stderr(""));
        assert!(text.starts_with(case.id), "{text}");
        for part in [case.requirement, case.rationale] {
            assert!(text.contains(part), "{part}\nis not in\n{text}");
        }
        for spec in &case.checks {
            let line = format!("{} {}: {}", spec.level, spec.id, spec.requirement);
            assert!(
                text.replace("    ", " ").replace("  ", " ").contains(&line),
                "{line}\nis not in\n{text}"
            );
        }
        for check in Check::UNASKED {
            assert!(text.contains(&format!("{check}: ")), "{check} is not in\n{text}");
        }
        for fault in &case.faults {
            let line = format!("  {} by {}\n", fault.name, fault.check);
            assert!(text.contains(&line), "{line}\nis not in\n{text}");
        }
    }
}

#[test]
fn a_part_of_a_name_is_enough() {
    let own = Own::target();
    let text = said(&own.call(&["explain", "is_atomic"]).code(0));
    assert!(
        text.starts_with("reload_is_atomic_during_concurrent_requests\n"),
        "{text}"
    );
}

#[test]
fn an_unknown_case_is_refused_with_the_way_to_the_known_ones() {
    let refusal = "error: no case matches \"atomci\"; `reloadspec list` prints them all\n";
    let own = Own::target();
    own.call(&["explain", "atomci"])
        .code(64)
        .stdout("")
        .stderr(refusal);
    let run = ["run", "reference", "--case", "atomic", "--case", "atomci"];
    own.call(&run).code(64).stdout("").stderr(refusal);
}

#[test]
fn help_names_the_exit_codes_and_usage_errors_have_one() {
    let own = Own::target();
    let help = said(&own.call(&["--help"]).code(0).stderr(""));
    assert!(help.contains("Exit codes, the first that holds: 70"), "{help}");
    own.call(&["--version"])
        .code(0)
        .stdout(concat!("reloadspec ", env!("CARGO_PKG_VERSION"), "\n"));
    for wrong in [
        &[][..],
        &["judge"],
        &["run"],
        &["explain"],
        &["run", "reference", "--format", "xml"],
    ] {
        own.call(wrong).code(64).stdout("");
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut list = Command::new(env!("CARGO_BIN_EXE_reloadspec"));
    let list = list.arg("list").stdout(writer).stderr(Stdio::piped());
    let output = list.output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
