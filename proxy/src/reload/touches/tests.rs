use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::reload::{Candidate, environment};
use crate::runtime::Doing;

fn model(text: &str) -> Model {
    let candidate = Candidate::new(Path::new("law.yaml"), text.as_bytes().to_vec());
    let gathered = candidate.gather(&environment).expect("a document");
    gathered.validate().unwrap_or_else(|why| panic!("{why}"))
}

fn tcp(text: &str) -> Address {
    Address::Tcp(text.parse().expect("an address"))
}

fn doing(local: &str, route: Option<&RouteKey>, is_draining: bool) -> Doing {
    Doing {
        local: tcp(local),
        protocol: None,
        routes: route.into_iter().cloned().collect(),
        is_draining,
    }
}

fn roll(worker: usize, connections: Vec<Doing>) -> Roll {
    Roll {
        worker,
        is_leaving: false,
        connections,
    }
}

const OLD: &str = "workers: 2\nlisteners: [{name: a, address: '127.0.0.1:80'}, {name: b, address: '127.0.0.1:81'}, {name: z, address: '127.0.0.1:0'}]\n\
    upstreams: [{name: u, endpoints: [{address: 'h:1'}]}]\n\
    routes: [{prefix: /, upstream: u}, {prefix: /own, upstream: u, request_headers: {set: {x: '1'}}}, {prefix: /old, respond: {}}, {prefix: /same, respond: {}}]\n";

#[test]
fn what_ends_is_counted_and_how() {
    let old = model(OLD);
    let new = model(
        &OLD.replace(
            "workers: 2",
            "workers: 1\ndrain: {listener_timeout: 3s, route_timeout: 2s}",
        )
        .replace("127.0.0.1:81", "127.0.0.1:82")
        .replace("h:1", "h:2")
        .replace("x: '1'", "x: '2'")
        .replace("{prefix: /old, respond: {}}, ", ""),
    );
    let plan = Plan::between(&old, &new);
    let [gone] = plan.routes.remove.as_slice() else {
        panic!("{plan}")
    };
    let bound = [(Name::new("z"), tcp("127.0.0.1:4711"))];
    let rolls = [
        roll(
            3,
            vec![
                doing("127.0.0.1:80", None, false),
                doing("127.0.0.1:81", Some(gone), false),
                doing("127.0.0.1:4711", Some(gone), false),
                doing("127.0.0.1:80", None, true),
                // It came to a listener that went before.
                doing("127.0.0.1:99", Some(gone), false),
            ],
        ),
        roll(
            4,
            vec![
                doing("127.0.0.1:80", None, false),
                doing("127.0.0.1:81", None, false),
            ],
        ),
    ];
    let touches = Touches::of(&plan, &old, &new, &bound, &rolls);
    let expected = Touches {
        sockets: Sockets {
            open: vec![tcp("127.0.0.1:82")],
            close: vec![tcp("127.0.0.1:81")],
        },
        routes: Routes {
            count: 3,
            touched: 2,
            by_upstream: touches.routes.by_upstream.clone(),
        },
        connections: Connections {
            open: 7,
            draining: 2,
            kept: 2,
            by_listeners: 2,
            listeners_cut: Cut::After(Duration::from_secs(3)),
            by_workers: 1,
        },
        requests: Requests {
            running: 3,
            by_removed_routes: 3,
            removed_routes_cut: Cut::After(Duration::from_secs(2)),
        },
        workers: Workers { start: 0, retire: 1 },
    };
    assert_eq!(touches, expected);
    let by_upstream: Vec<_> = touches
        .routes
        .by_upstream
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(by_upstream, ["*/"]);
}

#[test]
fn a_wildcard_takes_over_what_it_covers() {
    let old = model(OLD);
    let new = model(&OLD.replace("127.0.0.1:80", "0.0.0.0:80"));
    let rolls = [roll(1, vec![doing("127.0.0.1:80", None, false)])];
    let touches = Touches::of(&Plan::between(&old, &new), &old, &new, &[], &rolls);
    assert_eq!(
        (touches.connections.kept, touches.connections.by_listeners),
        (1, 0)
    );
    assert_eq!(touches.sockets.open, [tcp("0.0.0.0:80")]);
    assert_eq!(touches.sockets.close, []);
    // And back: what came to an address of its own stays, what came to another one goes.
    let rolls = [roll(
        1,
        vec![
            doing("127.0.0.1:80", None, false),
            doing("127.0.0.2:80", None, false),
        ],
    )];
    let touches = Touches::of(&Plan::between(&new, &old), &new, &old, &[], &rolls);
    assert_eq!(
        (touches.connections.kept, touches.connections.by_listeners),
        (1, 1)
    );
}

#[test]
fn headers_of_all_routes_touch_them_all() {
    let (old, new) = (
        model(OLD),
        model(&(OLD.to_owned() + "response_headers: {set: {x-g: '2'}}\n")),
    );
    let touches = Touches::of(&Plan::between(&old, &new), &old, &new, &[], &[]);
    assert_eq!((touches.routes.count, touches.routes.touched), (4, 4));
}

proptest! {
    #[test]
    fn each_connection_is_counted_once(
        ports in prop::collection::btree_set(80..86_u16, 1..5), then in prop::collection::btree_set(80..86_u16, 1..5),
        workers in (1..4_usize, 1..4_usize), open in prop::collection::vec((0..4_usize, 80..86_u16, any::<bool>()), 0..12)
    ) {
        let text = |ports: &BTreeSet<u16>, workers: usize| {
            let listeners: Vec<_> = ports.iter().map(|port| format!("{{name: l{port}, address: '127.0.0.1:{port}'}}")).collect();
            format!("workers: {workers}\nlisteners: [{}]\nroutes: [{{prefix: /, respond: {{}}}}]\n", listeners.join(", "))
        };
        let (old, new) = (model(&text(&ports, workers.0)), model(&text(&then, workers.1)));
        let rolls: Vec<_> = (0..workers.0).map(|worker| {
            let of_it = open.iter().filter(|(number, ..)| number % workers.0 == worker);
            roll(worker, of_it.map(|(_, port, draining)| doing(&format!("127.0.0.1:{port}"), None, *draining)).collect())
        }).collect();
        let touches = Touches::of(&Plan::between(&old, &new), &old, &new, &[], &rolls);
        let Connections { open: all, draining, kept, by_listeners, by_workers, .. } = touches.connections;
        prop_assert_eq!(all, open.len());
        prop_assert_eq!(draining + kept + by_listeners + by_workers, all);
        let same = Touches::of(&Plan::between(&old, &old), &old, &old, &[], &rolls);
        prop_assert_eq!((same.connections.by_listeners, same.requests.by_removed_routes), (0, 0));
        prop_assert!(same.sockets.open.is_empty() && same.sockets.close.is_empty());
        prop_assert_eq!((same.routes.touched, same.connections.by_workers), (0, 0));
    }
}
