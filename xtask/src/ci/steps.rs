//! The steps of CI, in order: what is quick to fail first.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context;

use super::{Done, Step, deny, readme};
use crate::count::Count;
use crate::event_log::{SuiteRun, Verdict};
use crate::peers::with_python;
use crate::process::{self, Echo};
use crate::workspace::{Binary, Workspace};
use crate::{counts, kill_matrix, matrix, peers, test, tidy};

/// All of them.
pub(super) const STEPS: [Step; 16] = [
    Step {
        name: "fmt",
        about: "the code is formatted",
        run: |workspace, _| cargo(workspace, &["fmt", "--all", "--check"], &[]),
    },
    Step {
        name: "tidy",
        about: "the rules that the compiler does not know",
        run: |workspace, _| {
            let findings = tidy::findings(workspace)?;
            for finding in &findings {
                println!("{finding}");
            }
            Ok(Done::one(findings.is_empty()))
        },
    },
    Step {
        name: "clippy",
        about: "no warning",
        run: |workspace, _| {
            let lint = ["clippy", "--workspace", "--all-targets", "--quiet"];
            cargo(workspace, &[&lint[..], &["--", "-D", "warnings"]].concat(), &[])
        },
    },
    Step {
        name: "deny",
        about: "licences, sources and bans of what is linked in",
        run: |workspace, _| deny::policies(workspace),
    },
    Step {
        name: "advisories",
        about: "nothing with a known vulnerability is linked in",
        run: |workspace, _| deny::advisories(workspace),
    },
    Step {
        name: "tests",
        about: "all tests of the workspace",
        run: |workspace, _| test::run_all(workspace, &[]).map(Done::Counted),
    },
    Step {
        name: "promtool",
        about: "the metrics, alert rules and dashboard of the reference, by Prometheus' own tool",
        run: |workspace, _| promtool(workspace),
    },
    Step {
        name: "otlp",
        about: "the export of spans, which a default build leaves out: lints and tests",
        run: |workspace, _| otlp(workspace),
    },
    Step {
        name: "doc",
        about: "the documentation builds without a warning",
        run: |workspace, _| {
            let doc = [
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
                "--quiet",
            ];
            cargo(workspace, &doc, &[("RUSTDOCFLAGS", "-D warnings")])
        },
    },
    Step {
        name: "reference",
        about: "the reference proxy passes every case, and supports every check",
        run: |workspace, _| reference(workspace),
    },
    Step {
        name: "counts",
        about: "a request and a reload take no more instructions, allocations and syscalls than the baseline has",
        run: |workspace, _| {
            let counted = counts::step(workspace)?;
            Ok(counted.map_or_else(Done::Skipped, Done::Counted))
        },
    },
    Step {
        name: "readme",
        about: "the first commands of the README, as they stand there",
        run: readme::commands,
    },
    Step {
        name: "kill-matrix",
        about: "each case catches the faults that it names",
        run: |workspace, _| kill_matrix::prove(workspace, &kill_matrix::Args::for_ci()).map(Done::Counted),
    },
    Step {
        name: "peers",
        about: "foreign proxies, as far as they can be had here",
        run: |workspace, _| {
            Ok(
                if peers::install(workspace, peers::Crates::LeftOut)? == ExitCode::SUCCESS {
                    Done::one(true)
                } else {
                    Done::Skipped("not all can be had here; those that are missing are not run".to_owned())
                },
            )
        },
    },
    Step {
        name: "clients",
        about: "clients that others wrote, against the reference while its configuration changes",
        run: |workspace, _| clients(workspace),
    },
    Step {
        name: "matrix",
        about: "the suite judges every proxy that is installed by the first of its variants, and no expectation is stale",
        run: |workspace, _| matrix::step(workspace).map(Done::Counted),
    },
];

/// A call of cargo that is one thing.
fn cargo(workspace: &Workspace, arguments: &[&str], env: &[(&str, &str)]) -> anyhow::Result<Done> {
    let mut command = workspace.cargo();
    command.args(arguments).envs(env.iter().copied());
    Ok(Done::one(process::attached(&mut command)?.success()))
}

const OTLP_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// What the feature adds to the code and what it changes in it. All other tests are those of a default build.
fn otlp(workspace: &Workspace) -> anyhow::Result<Done> {
    let of_it = ["--package", "reloadspec-proxy", "--features", "otlp", "--quiet"];
    let lint = [&["clippy"], &of_it[..], &["--", "-D", "warnings"]];
    let pure = [&["test"], &of_it[..], &["--lib", "--test", "keys"]];
    let processes = [&["test"], &of_it[..], &["--test", "serve", "--", "otlp"]];
    let mut count = Count::default();
    for arguments in [lint, pure, processes] {
        let mut command = workspace.cargo();
        command.args(arguments.concat());
        let ran = process::captured(&mut command, OTLP_DEADLINE, Echo::No)?;
        if !ran.success() {
            println!("{}", ran.last_words(WORDS));
        }
        count = count + Count::one(ran.success());
    }
    Ok(Done::Counted(count))
}

/// One of each client that is installed; those that are not are named.
fn clients(workspace: &Workspace) -> anyhow::Result<Done> {
    let mut test = workspace.cargo();
    test.args([
        "test",
        "--quiet",
        "--package",
        "reloadspec-proxy",
        "--test",
        "serve",
    ]);
    test.args(["clients::", "--", "--nocapture"]);
    let ran = process::captured(with_python(workspace, &mut test), TEST_DEADLINE, Echo::No)?;
    let told: Vec<_> = ran.stdout.lines().filter_map(client).collect();
    for line in &told {
        println!("{line}");
    }
    if !ran.success() {
        println!("{}", ran.last_words(WORDS));
        return Ok(Done::one(false));
    }
    let passed = told.iter().filter(|line| !line.contains(": not run")).count();
    Ok(if passed == 0 {
        Done::Skipped("none of them is installed".to_owned())
    } else {
        Done::Counted(Count { passed, failed: 0 })
    })
}

/// What a test says of a client: the harness may have begun the line.
fn client(line: &str) -> Option<&str> {
    line.split_once("client: ").map(|(_, rest)| rest)
}

const PROMTOOL_DEADLINE: Duration = Duration::from_secs(60);
const TEST_DEADLINE: Duration = Duration::from_secs(10 * 60);
/// How many lines of a test that failed are shown.
const WORDS: usize = 60;

/// Has it look at the rules and at their tests, at a real scrape, and at the queries of the dashboard.
fn promtool(workspace: &Workspace) -> anyhow::Result<Done> {
    let promtool = |arguments: &[&str], input: Option<&Path>, echo| {
        let mut command = Command::new("promtool");
        command
            .args(arguments)
            .current_dir(workspace.path("proxy/examples"));
        let input = match input {
            Some(path) => File::open(path)
                .with_context(|| format!("there is no {}", path.display()))?
                .into(),
            None => Stdio::null(),
        };
        process::captured_from(input, &mut command, PROMTOOL_DEADLINE, echo)
    };
    if promtool(&["--version"], None, Echo::No).is_err() {
        return Ok(Done::Skipped(
            "promtool is not installed (Debian: prometheus)".to_owned(),
        ));
    }
    let folder = tempfile::tempdir().context("failed to make a folder for a scrape")?;
    let mut test = workspace.cargo();
    test.args([
        "test",
        "--quiet",
        "--package",
        "reloadspec-proxy",
        "--test",
        "serve",
        "scrape::",
    ])
    .env("FOR_PROMTOOL", folder.path());
    let tested = process::captured(&mut test, TEST_DEADLINE, Echo::No)?;
    if !tested.success() {
        println!("{}", tested.last_words(WORDS));
        return Ok(Done::one(false));
    }
    let scrape = folder.path().join("scrape.prom");
    let dashboard = folder.path().join("dashboard.rules.yaml").display().to_string();
    let looks: [(&[&str], Option<&Path>); 4] = [
        (&["check", "rules", "alerts.yaml"], None),
        (&["test", "rules", "alerts_test.yaml"], None),
        (&["check", "metrics"], Some(&scrape)),
        (&["check", "rules", &dashboard], None),
    ];
    let mut count = Count::default();
    for (arguments, input) in looks {
        let ran = promtool(arguments, input, Echo::Yes)?;
        count = count + Count::one(ran.success());
    }
    Ok(Done::Counted(count))
}

const REFERENCE_DEADLINE: Duration = Duration::from_secs(5 * 60);

/// Counts the cases. Anything but a pass is a failure here, for the reference also what is unsupported.
fn reference(workspace: &Workspace) -> anyhow::Result<Done> {
    let built = workspace.build()?;
    let folder = workspace.path("reports/reference");
    std::fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let log = folder.join("run.ndjson");
    let _removed = std::fs::remove_file(&log);
    let mut run = workspace.suite(&built)?;
    run.args(["run", "reference", "--strict", "--format", "json", "--binary"])
        .arg(built.path(Binary::PROXY)?)
        .arg("--out")
        .arg(&log)
        .arg("--evidence")
        .arg(folder.join("evidence"));
    let ran = process::captured(&mut run, REFERENCE_DEADLINE, Echo::No)?;
    let runs = SuiteRun::read(&log).with_context(|| ran.last_words(5))?;
    let mut count = Count::default();
    for report in runs.iter().flat_map(|run| &run.cases) {
        let unsupported = report
            .checks
            .iter()
            .find(|check| check.verdict == Verdict::Unsupported);
        let is_excused = report.inapplicable.is_some();
        let is_met = match report.verdict {
            Verdict::Pass => unsupported.is_none() || is_excused,
            Verdict::Unsupported => is_excused,
            // A case that asks for figures alone has nothing to pass.
            Verdict::Observed => true,
            _ => false,
        };
        count = count + Count::one(is_met);
        println!("{:12} {}", report.verdict.to_string(), report.case);
        for check in report.checks.iter().filter(|check| check.is_against()) {
            let observed = check.finding.as_ref().map_or("", |finding| &finding.observed);
            println!("{:12} {}: {observed}", "", check.title());
        }
        if let Some(check) = unsupported {
            println!("{:12} {}: unsupported", "", check.title());
        }
        if let Some(reason) = &report.inapplicable {
            println!("{:12} it cannot apply: {reason}", "");
        }
    }
    if !ran.success() && count.failed == 0 {
        println!("the suite ended with {:?}: {}", ran.code(), ran.last_words(3));
        count.failed = 1;
    }
    Ok(Done::Counted(count))
}
