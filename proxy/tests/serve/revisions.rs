//! What is remembered of earlier configurations, and how to go back to one.

use std::fs;

use reloadspec_proxy::order::Declined;
use reloadspec_proxy::reload::{Origin, Outcome, Rejection};

use crate::support::{World, config, echo, generation};

#[test]
fn the_status_tells_what_serves_and_what_was_tried() {
    let a = echo("a");
    let world = World::start(&(config("g1", a) + "revisions: {keep: 2}\n"));
    let status = world.proxy.status();
    assert_eq!((status.revision, status.revisions.len()), (1, 1));
    assert_eq!(status.revisions[0].origin, Origin::Boot);
    assert!(!status.disk_differs());

    world.apply(&(config("g2", a) + "revisions: {keep: 2}\n"));
    world.apply(&(config("g3", a) + "revisions: {keep: 2}\n"));
    let kept: Vec<u64> = world
        .proxy
        .status()
        .revisions
        .iter()
        .map(|one| one.number)
        .collect();
    assert_eq!(kept, [2, 3]);

    world.rename_over("workers: many\n");
    world.outcome();
    let status = world.proxy.status();
    assert_eq!(status.revision, 3);
    assert!(status.disk_differs(), "a refused file is not what serves");
    let last = status.attempts.back().expect("an attempt");
    assert_eq!((last.origin, last.outcome.word()), (Origin::Watch, "rejected"));
}

#[test]
fn a_rollback_serves_an_earlier_revision_under_a_new_number_until_the_file_changes() {
    let (a, b) = (echo("a"), echo("b"));
    let world = World::start(&config("g1", a));
    world.apply(&config("g2", b));
    let outcome = world.proxy.roll_back(1).expect("an answer").expect("an outcome");
    assert!(
        matches!(
            *outcome,
            Outcome::Applied {
                from: 2,
                revision: 3,
                ..
            }
        ),
        "{outcome:?}"
    );
    world.applied();
    assert_eq!(generation(&world), "g1");
    let status = world.proxy.status();
    assert_eq!(status.digest, Some(status.revisions[0].digest));
    assert_eq!(status.revisions[2].origin, Origin::Rollback { to: 1 });
    assert!(status.disk_differs());

    // Whoever asks for the file gets it.
    world.proxy.reload().expect("an outcome");
    world.applied();
    assert_eq!((generation(&world).as_str(), world.proxy.revision()), ("g2", 4));
    assert!(!world.proxy.status().disk_differs());

    let declined = world
        .proxy
        .roll_back(7)
        .expect("an answer")
        .expect_err("no such revision");
    assert_eq!(
        declined,
        Declined::Unknown {
            wanted: 7,
            oldest: 1,
            newest: 4
        }
    );
}

#[test]
fn who_asks_for_a_file_that_cannot_be_read_learns_why_each_time() {
    let a = echo("a");
    let world = World::start(&config("g1", a));
    fs::remove_file(&world.config).expect("a removal");
    for _ in 0..2 {
        let outcome = world.proxy.reload().expect("an outcome");
        assert!(
            matches!(&*outcome, Outcome::Rejected { revision: 1, rejection: Rejection::Unreadable(reason), .. } if reason.to_string().contains("failed to read")),
            "{outcome:?}"
        );
    }
    let status = world.proxy.status();
    assert!(status.disk_differs() && status.disk.is_none());
    assert_eq!(generation(&world), "g1");
}
