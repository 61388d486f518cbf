//! What is counted.

use super::traffic::Manner;

/// A thing that the proxy does, so and so often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// One of them, in words.
    pub(super) what: &'static str,
    /// Of the configuration.
    pub(super) routes: usize,
    pub(super) act: Act,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A request is forwarded to an origin, and its answer back.
    Request(Manner),
    /// One value of one route is changed.
    Reload,
}

/// All of them, those of one process together. What leaves larger buffers behind is the last of its process: a row takes the same whether the others are counted or not.
pub(super) const ROWS: [Row; 7] = [
    Row {
        name: "get",
        what: "GET on a kept connection of HTTP/1.1, 10 routes",
        routes: 10,
        act: Act::Request(Manner::Kept),
    },
    Row {
        name: "get-fresh",
        what: "GET on a connection of its own",
        routes: 10,
        act: Act::Request(Manner::Fresh),
    },
    Row {
        name: "get-http2",
        what: "GET as a stream of a kept connection of HTTP/2",
        routes: 10,
        act: Act::Request(Manner::Streams),
    },
    Row {
        name: "get-64k",
        what: "GET of 64 KiB on a kept connection",
        routes: 10,
        act: Act::Request(Manner::Large),
    },
    Row {
        name: "reload",
        what: "one value changed in a configuration of 10 routes",
        routes: 10,
        act: Act::Reload,
    },
    Row {
        name: "get-1000",
        what: "GET on a kept connection of HTTP/1.1, 1 000 routes",
        routes: 1000,
        act: Act::Request(Manner::Kept),
    },
    Row {
        name: "reload-1000",
        what: "one value changed in a configuration of 1 000 routes",
        routes: 1000,
        act: Act::Reload,
    },
];

// === impl Row ===

impl Row {
    /// Whether one process of the proxy can do both.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.routes == other.routes && (self.act == Act::Reload) == (other.act == Act::Reload)
    }

    /// How often it is done first, so that buffers have grown and connections are kept.
    pub(super) fn warm_up(&self) -> u32 {
        match (self.act, self.routes) {
            (Act::Request(_), _) => 50,
            // As many as there are revisions that are remembered, so that each reload forgets one.
            (Act::Reload, _) => 12,
        }
    }

    /// How often it is done and counted.
    pub(super) fn times(&self) -> u32 {
        match (self.act, self.routes) {
            (Act::Request(_), _) => 200,
            // Sometimes the clock's look at the files comes between a rename and the event that tells of it: then a file is read twice.
            (Act::Reload, 0..100) => 20,
            (Act::Reload, _) => 40,
        }
    }

    /// How many of so many, those with the fewest syscalls, are taken for what one takes: all but a tenth of requests; of reloads, beside
    /// which files are looked at twice a second, a quarter.
    pub(super) fn quiet(&self, times: usize) -> usize {
        match self.act {
            Act::Request(_) => times * 9 / 10,
            Act::Reload => (times / 4).max(1),
        }
    }
}
