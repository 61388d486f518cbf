//! `symlinked_certificates_rotate`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Profile, Renewal, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "symlinked_certificates_rotate",
        area: Area::Tls,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "where certificate and key are links into a folder, and a link to that is swapped for one to the next, the new certificate is shown by new handshakes within the \
            apply bound, three times in a row, and none before it is shown again",
        rationale: "A Secret that Kubernetes mounts is a folder of links, through ..data, to a folder that is swapped and then removed: the files that a proxy opened are never written, and the \
            links that it looks at stay what they are. A proxy that watches the files, or what they led to at the start, serves the old certificate until it expires. Both files come to \
            be others at one moment, so that they never mismatch.",
        provenance: &["envoyproxy/envoy#39498"],
        needs: &[Capability::Tls],
        steps: vec![
            Step::LayOut(Layout::linked()),
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
            Step::Repeat {
                times: 3,
                steps: vec![
                    Step::Renew(Renewal::Pair),
                    Step::Await(Condition::LeafShown),
                    Step::Watch { ms: 200 },
                ],
            },
            Step::Change,
            Step::WatchPastApplyBound { ms: 500 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::LeafTakesEffect, Level::Must),
            CheckSpec::of(Check::LeafNeverGoesBack, Level::Must),
            CheckSpec::of(Check::NoForeignLeaf, Level::Must),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "reads-old-links",
            check: Check::LeafTakesEffect,
        }],
    }
}
