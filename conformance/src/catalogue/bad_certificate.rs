//! `bad_certificate_keeps_the_last_good`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile,
    Renewal, Step,
};

/// After a pair was shown, the reload by which it came may go on for so long, in milliseconds, before the next file is written.
const SETTLED_MS: u32 = 300;

/// The case.
pub(super) fn case() -> Case {
    let mut steps = vec![
        Step::LayOut(Layout::listening(Listener::Tls)),
        Step::Start,
        Step::LoadOn {
            fresh: 1,
            kept: 0,
            pause_us: 20_000,
        },
        Step::HandshakesOn {
            tasks: 2,
            pause_us: 10_000,
        },
        Step::Await(Condition::LeafShown),
        Step::Renew(Renewal::Pair),
        Step::Await(Condition::LeafShown),
        Step::Watch { ms: SETTLED_MS },
    ];
    for bad in [Renewal::Garbage, Renewal::Truncated, Renewal::ForeignKey] {
        steps.extend([
            Step::Renew(bad),
            Step::WatchPastApplyBound { ms: 0 },
            Step::Renew(Renewal::Pair),
            Step::Await(Condition::LeafShown),
            Step::Watch { ms: SETTLED_MS },
        ]);
    }
    steps.extend([Step::Change, Step::WatchPastApplyBound { ms: 500 }, Step::LoadOff]);
    let fault = |name, check| FaultSpec { name, check };
    Case {
        id: "bad_certificate_keeps_the_last_good",
        area: Area::Tls,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "while what stands in the file of the certificate is none, breaks off, or does not belong to the key, every handshake succeeds with the last \
            good certificate, the next good one is shown within the apply bound, and a change of the configuration thereafter is applied",
        rationale: "A disk that was full, or a renewal that failed halfway, leaves a file that is no certificate, half of one, or one with the key of another. A proxy \
            that then closes its TLS, or falls back on a certificate of its own making, turns a renewal that failed into an outage; one that takes no good file \
            thereafter turns it into an outage in a few weeks. After a renewal that shows that the target follows at all, each of the three is tried for the apply \
            bound, each followed by a good pair.",
        provenance: &["HarperFast/harper#2382", "traefik/traefik#9384"],
        needs: &[Capability::Tls],
        steps,
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::LastGoodServes, Level::Must),
            CheckSpec::of(Check::NoForeignLeaf, Level::Must),
            CheckSpec::of(Check::LeafNeverGoesBack, Level::Must),
            CheckSpec::of(Check::LeafTakesEffect, Level::Must),
        ],
        budget_s: 120,
        faults: vec![
            fault("closes-tls-on-bad-certificate", Check::LastGoodServes),
            fault("self-signs-on-bad-certificate", Check::NoForeignLeaf),
            fault("stuck-after-bad-certificate", Check::LeafTakesEffect),
        ],
    }
}
