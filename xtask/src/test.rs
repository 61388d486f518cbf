//! `test`: all tests of the workspace, with paths of the binaries that tests of other packages start.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::count::Count;
use crate::peers::with_python;
use crate::process::{self, Echo, Ran};
use crate::workspace::{Binary, Built, Workspace};

/// What to test.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Arguments for the test runner: nextest where it is installed, else `cargo test`.
    #[arg(last = true, value_name = "ARGS")]
    rest: Vec<String>,
}

/// Tests have deadlines of their own; this is for a runner that hangs.
const DEADLINE: Duration = Duration::from_secs(20 * 60);

/// Runs them.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    let count = run_all(workspace, &args.rest)?;
    println!("tests: {count}");
    Ok(count.exit_code())
}

/// Builds and runs all tests, doc tests last, and counts them.
pub(crate) fn run_all(workspace: &Workspace, rest: &[String]) -> anyhow::Result<Count> {
    let built = workspace.build_tests()?;
    let nextest = has_nextest(workspace);
    let mut tests = workspace.cargo();
    if nextest {
        tests.args(["nextest", "run", "--workspace"]);
    } else {
        tests.args(["test", "--workspace", "--bins", "--tests", "--no-fail-fast"]);
    }
    with_python(workspace, tests.args(rest));
    let ran = process::captured(with_binaries(&built, &mut tests)?, DEADLINE, Echo::Yes)?;
    let count = if nextest {
        of_nextest(&ran.stderr)
    } else {
        of_libtest(&ran.stdout)
    };
    let mut doc_tests = workspace.cargo();
    doc_tests.args(["test", "--workspace", "--doc", "--no-fail-fast"]);
    let docs = process::captured(&mut doc_tests, DEADLINE, Echo::Yes)?;
    Ok(checked(count, &ran) + checked(of_libtest(&docs.stdout), &docs))
}

fn has_nextest(workspace: &Workspace) -> bool {
    let mut version = workspace.cargo();
    version.args(["nextest", "--version"]);
    process::captured(&mut version, Duration::from_secs(60), Echo::No).is_ok_and(|ran| ran.success())
}

fn with_binaries<'a>(built: &Built, command: &'a mut Command) -> anyhow::Result<&'a mut Command> {
    Ok(command
        .env("RELOADSPEC_BIN", built.path(Binary::SUITE)?)
        .env("RELOADSPEC_PROXY_BIN", built.path(Binary::PROXY)?)
        .env("RELOADSPEC_FAULTY_BIN", built.path(Binary::FAULTY)?))
}

/// Of nextest's summary: `Summary [ 1.0s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 0 skipped`.
fn of_nextest(text: &str) -> Count {
    let summary = text
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary ["))
        .unwrap_or_default();
    let of = |word| number_before(summary, word);
    Count {
        passed: of(" passed"),
        failed: of(" failed") + of(" timed out") + of(" exec failed"),
    }
}

/// Of all of libtest's results: `test result: ok. 3 passed; 0 failed; …`.
fn of_libtest(text: &str) -> Count {
    let results = text.lines().filter(|line| line.starts_with("test result:"));
    results
        .map(|line| Count {
            passed: number_before(line, " passed"),
            failed: number_before(line, " failed"),
        })
        .sum()
}

/// A runner that did not end well, though no test failed, is a failure of its own.
fn checked(count: Count, ran: &Ran) -> Count {
    if ran.success() || count.failed > 0 {
        count
    } else {
        Count { failed: 1, ..count }
    }
}

/// The number that stands right before a word; 0 if there is none.
fn number_before(text: &str, word: &str) -> usize {
    text.match_indices(word)
        .find_map(|(at, _)| {
            let digits = text[..at].rsplit(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_is_counted() {
        let text = "     Summary [   0.9s] 9 tests run: 6 passed (1 slow), 1 failed, 2 timed out, 0 skipped\n  FAIL x";
        assert_eq!(of_nextest(text), Count { passed: 6, failed: 3 });
        assert_eq!(of_nextest("error: could not compile"), Count::default());
    }

    #[test]
    fn libtest_is_counted_over_all_binaries() {
        let text =
            "test result: ok. 3 passed; 0 failed; 0 ignored\nx\ntest result: FAILED. 1 passed; 2 failed;";
        assert_eq!(of_libtest(text), Count { passed: 4, failed: 2 });
    }
}
