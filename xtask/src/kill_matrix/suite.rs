//! Running the suite on a variant of the faulty proxy.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use super::catalogue::{self, Case};
use crate::event_log::{CaseReport, SuiteRun};
use crate::process::{self, Echo};
use crate::workspace::{Binary, Built, Workspace};

/// The faulty proxy's folder.
pub(super) const FOLDER: &str = "fixtures/targets/faulty";

/// For a case that states no budget, in seconds.
const BUDGET_S: u64 = 120;
/// For what is around the cases, in seconds.
const SLACK_S: u64 = 30;
const LIST_DEADLINE: Duration = Duration::from_secs(30);

/// The suite, the faulty proxy, and a folder for what they leave behind.
pub(super) struct Suite<'a> {
    workspace: &'a Workspace,
    built: Built,
    scratch: PathBuf,
}

/// What came of one run.
#[derive(Debug)]
pub(super) struct Judged {
    /// The suite's exit code; none if it did not end in time.
    pub(super) code: Option<i32>,
    /// By case. Empty if there is no whole event log.
    pub(super) reports: BTreeMap<String, CaseReport>,
    /// What the suite said last, where there is no whole event log.
    pub(super) last_words: String,
}

impl<'a> Suite<'a> {
    /// Builds what is needed.
    pub(super) fn build(workspace: &'a Workspace) -> anyhow::Result<Self> {
        let built = workspace.build()?;
        let scratch = workspace.path("reports/kill-matrix");
        let _removed = std::fs::remove_dir_all(&scratch);
        std::fs::create_dir_all(&scratch)
            .with_context(|| format!("failed to create {}", scratch.display()))?;
        Ok(Self {
            workspace,
            built,
            scratch,
        })
    }

    /// The catalogue.
    pub(super) fn catalogue(&self) -> anyhow::Result<Vec<Case>> {
        let mut list = self.workspace.suite(&self.built)?;
        list.args(["list", "--format", "json"]);
        let ran = process::captured(&mut list, LIST_DEADLINE, Echo::No)?;
        if !ran.success() {
            bail!("the suite does not list its cases: {}", ran.last_words(3));
        }
        catalogue::parse(&ran.stdout)
    }

    /// Judges a variant by some cases, as many at a time as the suite likes or as wanted. The suite is given the sum of their budgets,
    /// and then killed.
    pub(super) fn judge(
        &self,
        variant: &str,
        cases: &[&Case],
        jobs: Option<usize>,
    ) -> anyhow::Result<Judged> {
        let log = self.scratch.join(format!("{variant}.ndjson"));
        let _removed = std::fs::remove_file(&log);
        let mut run = self.workspace.suite(&self.built)?;
        run.arg("run").arg(format!("{FOLDER}:{variant}"));
        run.arg("--binary").arg(self.built.path(Binary::FAULTY)?);
        run.args(["--format", "json"]).arg("--out").arg(&log);
        run.arg("--evidence").arg(self.scratch.join(variant));
        if let Some(jobs) = jobs {
            run.arg("--jobs").arg(jobs.to_string());
        }
        for case in cases {
            run.args(["--case", &case.id]);
        }
        let budget_s: u64 = cases.iter().map(|case| case.budget_s.unwrap_or(BUDGET_S)).sum();
        let deadline = Duration::from_secs(budget_s + SLACK_S);
        let ran = process::captured(&mut run, deadline, Echo::No)?;
        let runs = SuiteRun::read(&log);
        let last_words = match &runs {
            Ok(_) => String::new(),
            Err(error) => format!("{error:#}; {}", ran.last_words(2)),
        };
        let reports = runs.into_iter().flatten().flat_map(|run| run.cases);
        Ok(Judged {
            code: ran.code(),
            reports: reports.map(|report| (report.case.clone(), report)).collect(),
            last_words,
        })
    }
}
