//! The kill matrix as text: fault × check, and with `--full` the grid fault × case.

use std::fmt;

use super::catalogue::Case;
use super::outcome::Outcome;
use crate::count::Count;
use crate::event_log::Verdict;

/// A fault and a check that must catch it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The fault.
    pub(super) fault: String,
    /// The case's place in the catalogue.
    pub(super) case: usize,
    /// The check.
    pub(super) check: String,
    /// One a run.
    pub(super) outcomes: Vec<Outcome>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Table {
    cases: Vec<String>,
    rows: Vec<Row>,
    full: bool,
    grid: Vec<(String, Vec<Option<Verdict>>)>,
}

impl Table {
    /// An empty one.
    pub(super) fn new(cases: &[Case], full: bool) -> Self {
        Self {
            cases: cases.iter().map(|case| case.id.clone()).collect(),
            rows: Vec::new(),
            full,
            grid: Vec::new(),
        }
    }

    /// Adds a run's outcome.
    pub(super) fn add(&mut self, row: Row) {
        let same = self
            .rows
            .iter_mut()
            .find(|it| it.fault == row.fault && it.case == row.case && it.check == row.check);
        match same {
            Some(there) => there.outcomes.extend(row.outcomes),
            None => self.rows.push(row),
        }
    }

    /// Adds a run's verdicts on all cases.
    pub(super) fn add_grid(&mut self, fault: &str, verdicts: Vec<Option<Verdict>>) {
        self.grid.push((fault.to_owned(), verdicts));
    }

    /// Each pair of fault and case once; it passed if it was caught in every run.
    pub(super) fn count(&self) -> Count {
        self.rows.iter().map(|row| Count::one(row.is_caught())).sum()
    }

    /// What went wrong, in words.
    pub(super) fn failures(&self) -> Vec<String> {
        let failed = self.rows.iter().filter(|row| !row.is_caught());
        failed
            .map(|row| {
                format!(
                    "{}: {} in {}: {}",
                    row.fault,
                    row.check,
                    self.cases[row.case],
                    row.worst()
                )
            })
            .collect()
    }
}

impl Row {
    fn caught(&self) -> usize {
        self.outcomes.iter().filter(|it| it.is_caught()).count()
    }

    fn is_caught(&self) -> bool {
        self.caught() == self.outcomes.len()
    }

    fn worst(&self) -> String {
        self.outcomes
            .iter()
            .max()
            .map_or_else(String::new, ToString::to_string)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> usize, least: usize| self.rows.iter().map(of).fold(least, usize::max);
        let faults = width(|row| row.fault.len(), "fault".len());
        let checks = width(|row| row.check.len(), "check".len());
        for (at, case) in self.cases.iter().enumerate() {
            writeln!(f, "case {}  {case}", at + 1)?;
        }
        writeln!(
            f,
            "\n{:faults$}  case  {:checks$}  caught  outcome",
            "fault", "check"
        )?;
        for row in &self.rows {
            writeln!(
                f,
                "{:faults$}  {:>4}  {:checks$}  {:>6}  {}",
                row.fault,
                row.case + 1,
                row.check,
                format!("{}/{}", row.caught(), row.outcomes.len()),
                row.worst()
            )?;
        }
        if self.full {
            self.write_grid(f, faults)?;
        }
        Ok(())
    }
}

impl Table {
    fn write_grid(&self, f: &mut fmt::Formatter<'_>, faults: usize) -> fmt::Result {
        writeln!(
            f,
            "\nF fail · w weak · . pass · - unsupported · ? inconclusive · E error"
        )?;
        write!(f, "{:faults$} ", "fault")?;
        for at in 0..self.cases.len() {
            write!(f, " {:>2}", at + 1)?;
        }
        writeln!(f)?;
        for (fault, verdicts) in &self.grid {
            write!(f, "{fault:faults$} ")?;
            for verdict in verdicts {
                write!(f, " {:>2}", letter(*verdict))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn letter(verdict: Option<Verdict>) -> char {
    match verdict {
        Some(Verdict::Pass | Verdict::Observed) => '.',
        Some(Verdict::Weak) => 'w',
        Some(Verdict::Fail) => 'F',
        Some(Verdict::Unsupported | Verdict::NotRun) => '-',
        Some(Verdict::Inconclusive) => '?',
        Some(Verdict::Error) | None => 'E',
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    fn row(outcome: Outcome) -> Row {
        Row {
            fault: "torn-swap".to_owned(),
            case: 1,
            check: "never_torn".to_owned(),
            outcomes: vec![outcome],
        }
    }

    #[test]
    fn a_fault_that_survives_once_has_survived() {
        let cases = catalogue::parse(catalogue::tests::LIST).unwrap();
        let mut table = Table::new(&cases, true);
        table.add(row(Outcome::Caught));
        assert_eq!(table.count(), Count { passed: 1, failed: 0 });
        table.add(row(Outcome::Survived));
        table.add(row(Outcome::Caught));
        table.add_grid("torn-swap", vec![Some(Verdict::Pass), Some(Verdict::Fail)]);
        assert_eq!(table.count(), Count { passed: 0, failed: 1 });
        assert_eq!(table.failures(), ["torn-swap: never_torn in b: SURVIVED"]);
        let text = table.to_string();
        assert!(
            text.contains("torn-swap     2  never_torn     2/3  SURVIVED\n"),
            "{text}"
        );
        assert!(text.contains("torn-swap   .  F\n"), "{text}");
    }
}
