//! The report that people read.

use std::fmt::Write as _;

use super::printable;
use crate::vocabulary::{CaseReport, CheckResult, Profile, RunReport, Verdict};

/// How to write it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// With colours.
    pub colour: bool,
}

/// Fewer trials bound nothing that is worth to be told.
const ENOUGH_FOR_A_BOUND: u64 = 30;

/// Writes a run.
pub fn render(report: &RunReport, style: Style) -> String {
    let mut out = String::new();
    let target = &report.header.target;
    let version = target.version.as_deref().unwrap_or("of unknown version");
    let profile = match report.header.profile {
        Profile::Core => ", profile core",
        Profile::Extended => "",
    };
    line(
        &mut out,
        &format!("{} {version}{profile}", style.bold(&target.title())),
    );
    if let Some(source) = &target.apply_bound_source {
        line(
            &mut out,
            &format!("  apply bound {} ms: {source}", target.apply_bound_ms),
        );
    }
    if let Some(settle) = &target.settle {
        let told = format!(
            "  left alone for {} ms before a change that stands alone: {}",
            settle.ms, settle.reason
        );
        line(&mut out, &told);
    }
    for (setting, reason) in &target.settings {
        line(&mut out, &format!("  not its default: {setting} ({reason})"));
    }
    out.push('\n');
    let never_run = never_run(report);
    if let Some((first, why)) = never_run {
        let word = style.verdict(&first.verdict, &format!("{:<12}", first.verdict.word()));
        line(&mut out, &format!("  {word} all of them"));
        line(&mut out, &format!("       {}", printable(why)));
    }
    for case in report.cases.iter().filter(|_| never_run.is_none()) {
        line(&mut out, &case_line(case, style));
        for result in case.checks.iter().filter(|result| is_worth_telling(result)) {
            check(&mut out, result, style);
        }
        if let Some(why) = case.verdict.why().filter(|_| case.checks.is_empty()) {
            line(&mut out, &format!("       {}", printable(why)));
        }
        if let Some(reason) = &case.inapplicable {
            line(
                &mut out,
                &format!("       it cannot apply: {}", printable(reason)),
            );
        }
        if let Some(folder) = &case.evidence {
            line(&mut out, &format!("       evidence: {folder}"));
        }
    }
    out.push('\n');
    line(&mut out, &summary(report, style));
    for stale in &report.footer.stale {
        line(&mut out, &format!("  stale: {stale}"));
    }
    out
}

/// Why no case was run, where there are several and the reason is one.
fn never_run(report: &RunReport) -> Option<(&CaseReport, &str)> {
    let (first, others) = report.cases.split_first()?;
    let is_like = |case: &CaseReport| case.verdict == first.verdict;
    let why = match &first.verdict {
        Verdict::NotRun(why) if !others.is_empty() && others.iter().all(is_like) => why,
        _ => return None,
    };
    Some((first, why))
}

/// One line about a case.
pub fn case_line(case: &CaseReport, style: Style) -> String {
    let took = case.took_ms as f64 / 1000.0;
    let known = if case.known_deviation {
        " (known deviation)"
    } else {
        ""
    };
    let word = format!("{:<12}", case.verdict.word());
    let bound = bound(case).unwrap_or_default();
    format!(
        "  {} {}{known}  {took:.1} s{bound}",
        style.verdict(&case.verdict, &word),
        case.case
    )
}

/// What the trials of a passed case are worth, by the rule of three: n without a failure bound the rate of failures at 3/n (95 %).
fn bound(case: &CaseReport) -> Option<String> {
    let passed = case
        .checks
        .iter()
        .filter(|result| result.verdict == Verdict::Pass && case.verdict == Verdict::Pass);
    let trials = passed.filter_map(|result| result.trials).max()?;
    (trials >= ENOUGH_FOR_A_BOUND).then(|| format!(", {trials} trials: below {:.2} %", 300.0 / trials as f64))
}

/// One line about the whole.
pub fn summary(report: &RunReport, style: Style) -> String {
    let footer = &report.footer;
    let counts: Vec<String> = footer
        .counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let conformant = match footer.exit_code {
        0 => style.good("conformant"),
        3 => style.bad("conformant, but an expectation is stale"),
        2 => style.bad("inconclusive"),
        69 => style.bad("not run"),
        70 => style.bad("the suite failed"),
        _ => style.bad("not conformant"),
    };
    let took = footer.took_ms as f64 / 1000.0;
    let count = match report.cases.len() {
        1 => "1 case".to_owned(),
        count => format!("{count} cases"),
    };
    format!("{count}: {} in {took:.1} s. {conformant}", counts.join(", "))
}

fn is_worth_telling(result: &CheckResult) -> bool {
    !matches!(result.verdict, Verdict::Pass)
}

fn check(out: &mut String, result: &CheckResult, style: Style) {
    let word = style.verdict(&result.verdict, result.verdict.word());
    let title = result.title();
    let trials = result
        .trials
        .map_or_else(String::new, |trials| format!(", {trials} trials"));
    let detail = result
        .figure
        .as_deref()
        .or(result.verdict.why())
        .map_or_else(String::new, printable);
    let colon = if detail.is_empty() { "" } else { ": " };
    line(
        out,
        &format!("       {word} {title} ({}{trials}){colon}{detail}", result.level),
    );
    if let Some(reason) = &result.deviation {
        line(out, &format!("         known deviation: {}", printable(reason)));
    }
    if let Some(finding) = &result.finding {
        line(out, &format!("         required: {}", finding.requirement));
        line(
            out,
            &format!("         expected: {}", printable(&finding.expected)),
        );
        line(
            out,
            &format!("         observed: {}", printable(&finding.observed)),
        );
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", text.trim_end());
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn verdict(self, verdict: &Verdict, text: &str) -> String {
        match verdict {
            Verdict::Pass => self.good(text),
            Verdict::Fail | Verdict::Error(_) => self.bad(text),
            Verdict::Weak | Verdict::Inconclusive(_) => self.paint("33", text),
            Verdict::Observed | Verdict::Unsupported(_) | Verdict::NotRun(_) => self.paint("2", text),
        }
    }
}
