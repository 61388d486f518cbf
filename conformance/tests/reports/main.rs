//! The writers of reports, on results made by hand: what they print is kept as snapshots.

mod made;

use insta::assert_snapshot;
use quick_junit::{Report, TestCaseStatus, XmlString};
use reloadspec::report::terminal::{self, Style};
use reloadspec::report::{junit, log, markdown};
use reloadspec::suite::write_record;
use reloadspec::vocabulary::{Record, RunReport, Verdict};

use made::{all_passed, all_verdicts, nasty};

#[test]
fn the_report_for_people() {
    assert_snapshot!(terminal::render(&all_verdicts(), Style::default()));
}

#[test]
fn the_report_for_people_when_all_is_well() {
    assert_snapshot!(terminal::render(&all_passed(), Style::default()));
}

#[test]
fn junit_xml() {
    assert_snapshot!(junit::render(&[all_passed(), all_verdicts()]).expect("XML"));
}

#[test]
fn a_markdown_table_of_two_targets() {
    assert_snapshot!(markdown::render(&[all_passed(), all_verdicts()]));
}

#[test]
fn the_event_log() {
    assert_snapshot!(log_of(&all_verdicts()));
}

#[test]
fn an_event_log_is_read_as_it_was_written() {
    let (swift, sound) = (all_verdicts(), all_passed());
    let text = log_of(&swift) + &log_of(&sound);
    let read = log::read(text.as_bytes()).expect("a log");
    let read: Vec<_> = read.into_iter().map(|log| log.report).collect();
    assert_eq!(read, [swift, sound]);
}

#[test]
fn nothing_that_a_target_says_leaves_its_line() {
    let nasty = nasty();
    assert!(
        nasty.contains(['\0', '\u{1b}', '\n', '\u{fffd}', '\u{fffe}']),
        "{nasty:?}"
    );
    let reports = [all_verdicts()];
    for text in [
        terminal::render(&reports[0], Style::default()),
        junit::render(&reports).expect("XML"),
        markdown::render(&reports),
    ] {
        let is_strange = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{202e}');
        let strange = text.lines().find(|line| line.contains(is_strange));
        assert_eq!(strange, None);
        assert!(!text.lines().any(|line| line.starts_with("second")), "{text}");
    }
}

#[test]
fn xml_is_read_as_what_the_target_said() {
    let text = junit::render(&[all_verdicts()]).expect("XML");
    let read = Report::deserialize_from_str(&text).expect("well-formed XML");
    let case = &read.test_suites[0].test_cases[2];
    let TestCaseStatus::NonSuccess { message, .. } = &case.status else {
        panic!("{case:?}");
    };
    let message = message.as_ref().map(XmlString::as_str);
    let said = r#"<b>&amp; "5" > '4' | `code` ]]>\u{1b}[31mred\u{1b}[0m\0\u{7}\ttab\nsecond �� line\r\n\u{fffe}\u{202e}"#;
    assert_eq!(
        message,
        Some(&*format!("rejected_changes_nothing/truncated: {said}"))
    );
    let out = case
        .system_out
        .as_ref()
        .map(XmlString::as_str)
        .expect("what was told");
    assert!(out.contains(&format!("  observed: {said}\n")), "{out}");
}

#[test]
fn colours_are_for_terminals_and_change_no_word() {
    let report = all_verdicts();
    let plain = terminal::render(&report, Style::default());
    let coloured = terminal::render(&report, Style { colour: true });
    assert!(coloured.contains("\u{1b}[31mfail"), "{coloured}");
    let codes = ["1", "2", "31", "32", "33", "0"].map(|code| format!("\u{1b}[{code}m"));
    let bare = codes.iter().fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(bare, plain);
}

/// The event log of a run, as the suite writes it.
fn log_of(report: &RunReport) -> String {
    let mut out = Vec::new();
    let reports = report.cases.iter().cloned().map(Record::Report);
    let records = std::iter::once(Record::Run(report.header.clone()))
        .chain(reports)
        .chain([Record::Footer(report.footer.clone())]);
    for record in records {
        write_record(&mut out, &record).expect("written");
    }
    String::from_utf8(out).expect("text")
}

#[test]
fn that_there_is_no_proxy_is_said_once() {
    let mut report = all_verdicts();
    for case in &mut report.cases {
        case.checks.clear();
        case.verdict = Verdict::NotRun("there is no made-proxy".to_owned());
    }
    let text = terminal::render(&report, Style::default());
    assert_eq!(text.matches("there is no made-proxy").count(), 1, "{text}");
    assert!(text.contains("\n  not run      all of them\n"), "{text}");
    report.cases[0].verdict = Verdict::Pass;
    let text = terminal::render(&report, Style::default());
    assert_eq!(
        text.matches("there is no made-proxy").count(),
        report.cases.len() - 1,
        "{text}"
    );
}
