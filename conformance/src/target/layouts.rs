//! Layouts by which a declared capability is tried before anything runs.

use crate::vocabulary::{Capability, Layout, LeadsTo, Limit, Listener};

/// What a template has to make something of, by the capability that says so.
pub(super) fn layouts() -> [(Capability, Layout); 15] {
    let leading = |to| Layout::default().with_routes(&[to]);
    [
        (Capability::Listeners, Layout::listening(Listener::Second)),
        (Capability::UnixSocket, Layout::listening(Listener::Socket)),
        (Capability::Drain, Layout::default().draining()),
        (Capability::Tls, Layout::listening(Listener::Tls)),
        (Capability::Sni, Layout::of_further_name()),
        (Capability::Http2, Layout::listening(Listener::Http2)),
        (
            Capability::Grpc,
            Layout::listening(Listener::Http2).with_routes(&[LeadsTo::Grpc]),
        ),
        (Capability::Routes, leading(LeadsTo::Apart)),
        (Capability::Upstreams, leading(LeadsTo::Unresolvable)),
        (Capability::Health, leading(LeadsTo::Checked)),
        (Capability::Affinity, leading(LeadsTo::Affine)),
        (Capability::UpstreamKeepalive, leading(LeadsTo::Kept)),
        (Capability::RateLimit, Layout::limited(Limit::Tight)),
        (Capability::MaxSessions, Layout::limited(Limit::Sessions)),
        (Capability::Breaker, Layout::limited(Limit::Breaker)),
    ]
}
