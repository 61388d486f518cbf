//! The evidence of a case that did not pass: a folder that its target's maintainer can work with.
//!
//! | file | what |
//! |---|---|
//! | `finding.md` | what was required, expected and observed, and the requests that this rests on |
//! | `timeline.ndjson` | the case as an event log: `reloadspec replay` judges it again |
//! | `log.txt` | what the target logged, with times |
//! | `repro-CHECK.sh` | a script that shows the finding again, with the target and common tools alone |
//! | `configs/` | every configuration as it was delivered, in order, and `fixed/` what was written once |
//! | `target.json` | the target's facts: version and digest of the binary, bounds, patterns |

mod repro;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::conclude;
use crate::drive::Run;
use crate::suite::{write_record, write_timeline};
use crate::target::Target;
use crate::vocabulary::{CaseReport, Event, Outcome, Record, Request, RunHeader, Verdict};

/// Where the folder of a case is, below `root`.
fn folder_of(root: &Path, header: &RunHeader, case: &str) -> PathBuf {
    root.join(header.target.title().replace(':', "-")).join(case)
}

/// Removes what an earlier run has left of a case, so that no evidence outlives its verdict.
///
/// # Errors
/// If it cannot be removed.
pub fn clear(root: &Path, header: &RunHeader, case: &str) -> io::Result<()> {
    match fs::remove_dir_all(folder_of(root, header, case)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes the folder of a case that could not be judged: what the harness failed at. Returns its path.
///
/// # Errors
/// If it cannot be written.
pub fn write_error(root: &Path, header: &RunHeader, report: &CaseReport) -> io::Result<PathBuf> {
    let folder = folder_of(root, header, &report.case);
    fs::create_dir_all(&folder)?;
    let why = report.verdict.why().unwrap_or_default();
    let text = format!(
        "# {}: {}\n\nThe suite failed, and says nothing of the target: {why}\n",
        report.case, report.verdict
    );
    fs::write(folder.join("finding.md"), text)?;
    fs::write(
        folder.join("target.json"),
        serde_json::to_string_pretty(&header.target)?,
    )?;
    Ok(folder)
}

/// Writes the folder of a case below `root`. Returns its path.
///
/// # Errors
/// If it cannot be written.
pub fn write(
    root: &Path,
    target: &Target,
    header: &RunHeader,
    report: &CaseReport,
    run: &Run,
) -> io::Result<PathBuf> {
    let folder = folder_of(root, header, &report.case);
    fs::create_dir_all(folder.join("configs"))?;
    let mut finding = finding(header, report, run);
    finding.push_str(&scripts(&folder, &repro::scripts(target, header, report, run))?);
    fs::write(folder.join("finding.md"), finding)?;
    timeline(&folder.join("timeline.ndjson"), header, report, run)?;
    fs::write(folder.join("log.txt"), log(run))?;
    for (name, content) in &run.configs {
        fs::write(folder.join("configs").join(name), content)?;
    }
    for (name, content) in &run.fixed {
        let path = folder.join("fixed").join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, content)?;
    }
    fs::write(
        folder.join("target.json"),
        serde_json::to_string_pretty(&header.target)?,
    )?;
    Ok(folder)
}

/// Writes the scripts, and says how each is used, or why there is none.
fn scripts(folder: &Path, scripts: &[(String, Result<String, String>)]) -> io::Result<String> {
    let mut told = String::from("\n## By hand\n\n");
    for (name, script) in scripts {
        // Writing to a string cannot fail.
        let _ = match script {
            Ok(script) => {
                fs::write(folder.join(name), script)?;
                writeln!(
                    told,
                    "- `sh {name} [BINARY]` ends with 0 once it has seen it again"
                )
            }
            Err(why) => writeln!(told, "- no `{name}`: {why}"),
        };
    }
    Ok(if scripts.is_empty() { String::new() } else { told })
}

fn timeline(path: &Path, header: &RunHeader, report: &CaseReport, run: &Run) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let header = RunHeader {
        cases: vec![report.case.clone()],
        ..header.clone()
    };
    let footer = conclude::footer(
        std::slice::from_ref(report),
        Vec::new(),
        header.strict,
        report.took_ms,
    );
    let written = write_record(&mut out, &Record::Run(header))
        .and_then(|()| write_timeline(&mut out, &run.timeline))
        .and_then(|()| write_record(&mut out, &Record::Report(report.clone())))
        .and_then(|()| write_record(&mut out, &Record::Footer(footer)));
    written.map_err(io::Error::other)?;
    out.into_inner().map(drop).map_err(io::IntoInnerError::into_error)
}

fn log(run: &Run) -> String {
    let mut out = String::new();
    for event in &run.timeline.events {
        if let Event::Log { at, source, line } = event {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(out, "{:>12.3} ms {source}: {line}", *at as f64 / 1e6);
        }
    }
    out
}

fn finding(header: &RunHeader, report: &CaseReport, run: &Run) -> String {
    let target = &header.target;
    let mut out = String::new();
    let _ = writeln!(out, "# {}: {}\n", report.case, report.verdict);
    let _ = writeln!(
        out,
        "- target: {} {}",
        target.title(),
        target.version.as_deref().unwrap_or("")
    );
    let _ = writeln!(
        out,
        "- binary: {}, sha256 {}",
        target.binary, target.binary_sha256
    );
    let _ = writeln!(out, "- command: `{}`", run.command.join(" "));
    let _ = writeln!(out, "- suite: {}, seed {}", header.suite, run.timeline.seed);
    for result in report
        .checks
        .iter()
        .filter(|result| result.verdict != Verdict::Pass)
    {
        let _ = writeln!(
            out,
            "\n## {} {} ({})\n",
            result.verdict,
            result.title(),
            result.level
        );
        if let Some(text) = result.figure.as_deref().or(result.verdict.why()) {
            let _ = writeln!(out, "{text}");
        }
        if let Some(reason) = &result.deviation {
            let _ = writeln!(out, "Known deviation: {reason}\n");
        }
        let Some(finding) = &result.finding else { continue };
        let _ = writeln!(out, "- required: {}", finding.requirement);
        let _ = writeln!(out, "- expected: {}", finding.expected);
        let _ = writeln!(out, "- observed: {}", finding.observed);
        for request in requests(run, &finding.requests) {
            let _ = writeln!(out, "  - {}", describe(request));
        }
    }
    out
}

fn requests<'a>(run: &'a Run, ids: &'a [u64]) -> impl Iterator<Item = &'a Request> {
    run.timeline.events.iter().filter_map(|event| match event {
        Event::Request(request) if ids.contains(&request.id) => Some(request),
        _ => None,
    })
}

fn describe(request: &Request) -> String {
    let ms = |at: u64| at as f64 / 1e6;
    let kind = if request.is_fresh() { "fresh" } else { "kept" };
    let outcome = match &request.outcome {
        Outcome::Answered { status, markers, .. } => format!("status {status}, {markers:?}"),
        other => format!("{other:?}"),
    };
    format!(
        "request {} on {kind} connection {}, connect {:.3} ms, begin {:.3} ms, end {:.3} ms: {outcome}",
        request.id,
        request.connection,
        ms(request.connect),
        ms(request.begin),
        ms(request.at),
    )
}
