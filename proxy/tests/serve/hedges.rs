//! Hedges: a request that waits for long is sent to another endpoint too, the first head wins, and the other attempt is cancelled.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use h2::server::SendResponse;
use http::Response;
use serde_json::json;

use crate::admin::free;
use crate::attempts::{Counted, Does, config, figures, send};
use crate::limits::with_admin;
use crate::servers::until;
use crate::support::World;

const IMPATIENT: &str = ", timeouts: {request: 500ms}";

#[test]
fn a_request_that_waits_is_sent_elsewhere_as_the_last_change_says() {
    let (slow, good) = (Counted::start(Does::Waits), Counted::start(Does::Answers(200)));
    let admin = free("127.0.0.114");
    let with = |of_route: &str| {
        let of_route = format!("{IMPATIENT}{of_route}");
        with_admin(&config(&[slow.address, good.address], &of_route, ""), admin)
    };
    let world = World::start(&with(", hedge: {delay: 1h}"));
    let statuses = |method: &str, body: &str| [(); 2].map(|()| send(&world, method, body).status());
    let by_turns = |mut statuses: [u16; 2]| {
        statuses.sort_unstable();
        statuses == [200, 504]
    };
    assert!(by_turns(statuses("GET", "")));
    world.apply(&with(", hedge: {delay: 20ms}"));
    let left = slow.left.load(Ordering::SeqCst);
    assert_eq!(statuses("GET", ""), [200; 2]);
    // Whoever lost is let go of.
    until("the end of the other attempt", || {
        slow.left.load(Ordering::SeqCst) == left + 2
    });
    assert_eq!(figures(admin)["hedges"], json!({"made": 2, "won": 2}));
    slow.taken();
    good.taken();
    assert!(by_turns(statuses("POST", "")), "it may have been acted upon");
    assert!(by_turns(statuses("PUT", "body")), "its body is not kept");
    assert_eq!((slow.taken_in_time(2).len(), good.taken().len()), (2, 2));
    world.apply(&with(", hedge: {delay: 20ms}, retry: {attempts: 1, buffer: 4B}"));
    assert_eq!(statuses("PUT", "body"), [200; 2]);
    assert_eq!(
        (slow.taken_in_time(2), good.taken()),
        (vec!["body".to_owned(); 2], vec!["body".to_owned(); 2])
    );
    assert_eq!(figures(admin)["hedges"], json!({"made": 4, "won": 4}));
}

#[test]
fn hedges_are_within_the_retry_budget() {
    let (slow, good) = (Counted::start(Does::Waits), Counted::start(Does::Answers(200)));
    let admin = free("127.0.0.115");
    let of_route = format!("{IMPATIENT}, hedge: {{delay: 20ms}}");
    let budget = ", retry_budget: {percent: 0, min_retries: 1, window: 1h}";
    let endpoints = [slow.address, good.address];
    let world = World::start(&with_admin(&config(&endpoints, &of_route, budget), admin));
    // Whom a hedge would go to has had its turn: the next request waits again.
    let statuses = [(); 4].map(|()| world.get("/").status());
    assert_eq!(statuses, [200, 504, 504, 504]);
    let figures = figures(admin);
    assert_eq!(figures["hedges"], json!({"made": 1, "won": 1}));
    assert_eq!(figures["retry_budget"], json!({"balance": 0, "exhausted": 3}));
}

/// A server that speaks HTTP/2, and answers each request or none; and how many of its streams were reset.
fn server(answers: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("its address");
    listener.set_nonblocking(true).expect("a mode");
    let resets = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&resets);
    let serve = move |mut reply: SendResponse<Bytes>, count: Arc<AtomicUsize>| async move {
        if answers {
            let _ = reply.send_response(Response::new(()), true);
            return;
        }
        let reset = std::future::poll_fn(|cx| reply.poll_reset(cx)).await;
        assert_eq!(reset.ok(), Some(h2::Reason::CANCEL));
        count.fetch_add(1, Ordering::SeqCst);
    };
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.expect("a preface");
                    while let Some(Ok((_, reply))) = connection.accept().await {
                        tokio::spawn(serve(reply, Arc::clone(&count)));
                    }
                });
            }
        });
    });
    (address, resets)
}

#[test]
fn by_http2_the_stream_that_lost_is_reset_and_its_connection_stays() {
    let ((slow, resets), (good, _)) = (server(false), server(true));
    let of_route = format!("{IMPATIENT}, hedge: {{delay: 20ms}}");
    let world = World::start(&config(&[slow, good], &of_route, ", protocol: http2"));
    for _ in 0..6 {
        assert_eq!(world.get("/").status(), 200);
    }
    until("resets", || resets.load(Ordering::SeqCst) == 6);
}
