use super::*;
use crate::event_log::tests::LOG;

#[test]
fn what_could_not_be_judged_is_not_called_a_fault() {
    let mut runs = SuiteRun::parse(LOG).unwrap();
    runs[0].footer.exit_code = INCONCLUSIVE;
    let entry = Entry {
        name: "nginx".to_owned(),
        outcome: Outcome::Judged(runs),
    };
    assert_eq!(entry.summary(), "nginx:signal: inconclusive");
}

#[test]
fn a_stale_expectation_is_a_complaint_and_a_failing_target_is_none() {
    let mut runs = SuiteRun::parse(LOG).unwrap();
    let entry = |runs: &Vec<SuiteRun>| Entry {
        name: "nginx".to_owned(),
        outcome: Outcome::Judged(runs.clone()),
    };
    assert_eq!(entry(&runs).complaint(), None);
    assert_eq!(entry(&runs).summary(), "nginx:signal: not conformant");
    runs[0].footer.stale.push("unexpected pass of c".to_owned());
    assert!(entry(&runs).complaint().unwrap().contains("unexpected pass of c"));
}

#[test]
fn the_reference_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["caddy", "reference", "traefik"] {
        let target = folder.path().join(FOLDER).join(name);
        std::fs::create_dir_all(&target).unwrap();
        std::fs::write(target.join("target.toml"), "").unwrap();
    }
    assert_eq!(
        targets(&Workspace::at(folder.path())).unwrap(),
        ["reference", "caddy", "traefik"]
    );
}
