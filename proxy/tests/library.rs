//! The library as a program that embeds it meets it: the example, and components that fail.

use std::fs;
use std::time::Duration;

use reloadspec_proxy::reload::{Change, Follower, Outcome, Refused};
use reloadspec_proxy::{Options, Proxy};

#[path = "../examples/embed.rs"]
mod embed;

#[test]
fn the_example_does_what_it_says() {
    embed::main().unwrap_or_else(|error| panic!("{error}"));
}

/// A component that fails when the number of workers says so.
#[derive(Debug, Default)]
struct Clumsy {
    workers: usize,
}

impl Follower for Clumsy {
    fn name(&self) -> &'static str {
        "clumsy"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        self.workers = change.new.settings.workers;
        assert!(self.workers != 2, "as asked");
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        match self.workers {
            3 => Err("as asked".into()),
            4 => panic!("as asked"),
            _ => Ok(()),
        }
    }

    fn abandon(&mut self) {}
}

#[test]
fn a_component_that_fails_refuses_before_the_commit_and_harms_nothing_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("proxy.yaml");
    let write = |workers: usize| {
        let config = format!("listeners: [{{name: web, address: '127.0.0.1:0'}}]\nworkers: {workers}\n");
        fs::write(&file, config).expect("a file");
    };
    write(1);
    let proxy = Proxy::start(Options::new(&file).follower(Clumsy::default())).expect("a proxy");
    let outcomes = proxy.subscribe();
    let patience = Duration::from_secs(20);
    for (workers, applied) in [(2, false), (3, true), (2, false), (4, true), (1, true)] {
        let before = proxy.revision();
        write(workers);
        let outcome = outcomes.recv_timeout(patience).expect("an outcome");
        match &*outcome {
            Outcome::Applied { made, .. } => {
                assert_eq!((applied, made.new.settings.workers), (true, workers));
            }
            Outcome::Rejected { rejection, .. } => {
                assert!(!applied && rejection.components() == ["clumsy"], "{rejection}");
            }
            Outcome::Unchanged { .. } => panic!("{outcome:?}"),
        }
        assert_eq!(proxy.revision(), before + u64::from(applied));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let outcome = runtime.block_on(proxy.reload_async()).expect("an outcome");
    assert!(matches!(*outcome, Outcome::Unchanged { .. }), "{outcome:?}");
    proxy.shutdown();
}
