//! The catalogue as `reloadspec list --format json` gives it, and the faults of the faulty proxy's folder.

use std::collections::BTreeSet;

use anyhow::Context;
use serde::Deserialize;

/// A case, as far as its faults are concerned.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Case {
    /// Its id.
    pub(super) id: String,
    /// `MUST`, `SHOULD` or `OBSERVE`.
    level: String,
    /// The faults that it must catch.
    #[serde(default)]
    pub(super) faults: Vec<Fault>,
    /// The longest that a sane run takes, in seconds.
    #[serde(default)]
    pub(super) budget_s: Option<u64>,
}

impl Case {
    /// Whether there is anything in it that has to be met.
    pub(super) fn is_must(&self) -> bool {
        self.level == "MUST"
    }
}

/// A fault that a case names.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Fault {
    /// In kebab case.
    pub(super) name: String,
    /// The check that must catch it.
    pub(super) check: String,
}

/// A fault, and where it must be caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The fault.
    pub(super) fault: String,
    /// Which case, by its place in the catalogue, and which check of it.
    pub(super) by: Vec<(usize, String)>,
}

/// Reads the catalogue.
pub(super) fn parse(json: &str) -> anyhow::Result<Vec<Case>> {
    serde_json::from_str(json).context("failed to read the catalogue that the suite lists")
}

/// All faults that cases name, in the order of the catalogue.
pub(super) fn named_faults(cases: &[Case]) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        for fault in &case.faults {
            let by = (at, fault.check.clone());
            match all.iter_mut().find(|named| named.fault == fault.name) {
                Some(named) => named.by.push(by),
                None => all.push(Named {
                    fault: fault.name.clone(),
                    by: vec![by],
                }),
            }
        }
    }
    all
}

/// The variant of the faulty proxy that has a fault.
pub(super) fn variant_of(fault: &str) -> String {
    fault.replace('-', "_")
}

/// Variants of the faulty proxy that nobody names: faults that nothing has to catch.
pub(super) fn unnamed(target_toml: &str, known: &BTreeSet<String>) -> anyhow::Result<Vec<String>> {
    let table: toml::Table = target_toml
        .parse()
        .context("failed to read the faulty proxy's target.toml")?;
    let variants = table.get("variant").and_then(toml::Value::as_table);
    Ok(variants
        .into_iter()
        .flat_map(toml::Table::keys)
        .filter(|variant| !known.contains(*variant))
        .cloned()
        .collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two cases, of which one fault is named by both.
    pub(crate) const LIST: &str = r#"[
        {"id":"a","area":"hot-reload","level":"MUST","checks":[{"id":"x","level":"MUST","requirement":"r"}],
         "faults":[{"name":"never-reloads","check":"x"},{"name":"both","check":"x"}],"budget_s":10},
        {"id":"b","area":"logging","level":"MUST","checks":[],"faults":[{"name":"both","check":"y"}]}]"#;

    #[test]
    fn faults_are_gathered_over_cases() {
        let named = named_faults(&parse(LIST).unwrap());
        assert_eq!(named.len(), 2);
        assert_eq!(named[1].fault, "both");
        assert_eq!(named[1].by, [(0, "x".to_owned()), (1, "y".to_owned())]);
        assert_eq!(variant_of("never-reloads"), "never_reloads");
    }

    #[test]
    fn a_fault_that_nobody_names_is_found() {
        let toml = "[variant.none]\n[variant.never_reloads]\n[variant.stray]\nargs = []\n";
        let known = ["none", "never_reloads"].map(str::to_owned).into();
        assert_eq!(unnamed(toml, &known).unwrap(), ["stray"]);
    }
}
