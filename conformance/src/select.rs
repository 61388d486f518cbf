//! Choosing cases by patterns.

use crate::vocabulary::{Case, Profile};

/// A pattern that matches no case. Never ignored: a typing error must not turn a gate green.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no case{} matches {pattern:?}; `reloadspec list` prints them all", of(*.profile))]
pub struct NoMatch {
    /// The pattern.
    pub pattern: String,
    /// The profile.
    pub profile: Profile,
}

/// The cases of a profile that match any of the patterns, in the catalogue's order; all of them if there is no pattern.
///
/// A pattern matches an id that contains it, or an area that equals it; `*` stands for any text.
///
/// # Errors
/// If a pattern matches nothing.
pub fn select(mut cases: Vec<Case>, profile: Profile, patterns: &[String]) -> Result<Vec<Case>, NoMatch> {
    cases.retain(|case| profile.includes(case.profile));
    if let Some(pattern) = patterns
        .iter()
        .find(|pattern| !cases.iter().any(|case| matches(case, pattern)))
    {
        return Err(NoMatch {
            pattern: pattern.clone(),
            profile,
        });
    }
    Ok(cases
        .into_iter()
        .filter(|case| patterns.is_empty() || patterns.iter().any(|pattern| matches(case, pattern)))
        .collect())
}

/// In an error: of which profile, where that is not every case.
fn of(profile: Profile) -> &'static str {
    match profile {
        Profile::Core => " of profile core",
        Profile::Extended => "",
    }
}

fn matches(case: &Case, pattern: &str) -> bool {
    case.area.to_string() == pattern || contains(case.id, pattern)
}

/// Whether the parts between the stars stand in the text, in order.
fn contains(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    for part in pattern.split('*') {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{contains, select};
    use crate::catalogue;
    use crate::vocabulary::Profile;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(contains("reload_is_atomic", "reload*atomic"));
        assert!(contains("reload_is_atomic", "is_"));
        assert!(!contains("reload_is_atomic", "atomic*reload"));
    }

    #[test]
    fn a_pattern_without_a_match_is_an_error() {
        let error = select(
            catalogue::all(),
            Profile::Extended,
            &["atomic".into(), "atomci".into()],
        )
        .unwrap_err();
        assert_eq!(error.pattern, "atomci");
    }

    #[test]
    fn without_a_pattern_all_cases_of_the_profile_are_selected() {
        let count = |profile| select(catalogue::all(), profile, &[]).unwrap().len();
        assert_eq!(count(Profile::Extended), catalogue::all().len());
        let core = catalogue::all();
        let core = core.iter().filter(|case| case.profile == Profile::Core);
        assert_eq!(count(Profile::Core), core.count());
    }

    #[test]
    fn an_area_selects_its_cases() {
        let cases = select(catalogue::all(), Profile::Extended, &["logging".into()]).unwrap();
        assert!(cases.iter().all(|case| case.area.to_string() == "logging"));
    }
}
