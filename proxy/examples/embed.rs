//! A proxy inside another program, with a component that follows its configuration: it refuses what it cannot live with, and is told of
//! what serves.
//!
//! `cargo run -p reloadspec-proxy --example embed`

use std::fs;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use reloadspec_proxy::reload::{Change, Follower, Outcome, Refused};
use reloadspec_proxy::{Options, Proxy};

/// A component that wants at least one route.
#[derive(Debug)]
struct Component {
    told: Sender<usize>,
    staged: Option<usize>,
}

impl Follower for Component {
    fn name(&self) -> &'static str {
        "component"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let routes = change.new.routes.len();
        if routes == 0 {
            return Err("the component needs a route".into());
        }
        self.staged = Some(routes);
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        match self.staged.take() {
            // An error here is reported and harms nothing.
            Some(routes) => Ok(self.told.send(routes)?),
            None => Ok(()),
        }
    }

    fn abandon(&mut self) {
        self.staged = None;
    }
}

fn config(routes: &str) -> String {
    format!("listeners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{routes}]\n")
}

/// Starts, changes, is refused, and stops.
pub(crate) fn main() -> Result<(), Refused> {
    let file = std::env::temp_dir().join(format!("reloadspec-embed-{}.yaml", std::process::id()));
    fs::write(&file, config("{respond: {body: hello}}"))?;
    let (told, tellings) = mpsc::channel();
    let proxy = Proxy::start(Options::new(&file).follower(Component { told, staged: None }))?;
    println!("serving at {:?}, {} route", proxy.addresses(), tellings.recv()?);

    let outcomes = proxy.subscribe();
    fs::write(
        &file,
        config("{respond: {body: hello}}, {path: /two, respond: {body: two}}"),
    )?;
    let outcome = outcomes.recv()?;
    let Outcome::Applied { made, revision, .. } = &*outcome else {
        return Err(format!("not applied: {outcome:?}").into());
    };
    println!(
        "revision {revision}: {} ({} routes before)",
        made.plan,
        made.old.routes.len()
    );
    assert_eq!(
        (made.old.routes.len(), made.new.routes.len(), tellings.recv()?),
        (1, 2, 2)
    );

    fs::write(&file, config(""))?;
    let refused = outcomes.recv()?;
    let Outcome::Rejected { rejection, .. } = &*refused else {
        return Err(format!("not refused: {refused:?}").into());
    };
    println!(
        "refused: {rejection}; still serving revision {}",
        proxy.revision()
    );
    assert_eq!(
        (rejection.to_string().as_str(), proxy.revision()),
        ("the component needs a route", 2)
    );

    proxy.shutdown();
    fs::remove_file(&file)?;
    Ok(())
}
