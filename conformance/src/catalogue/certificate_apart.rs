//! `certificate_and_key_written_apart_never_mismatch`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile,
    Renewal, Step,
};

/// How far apart the two files are written, in milliseconds.
const APART_MS: u32 = 2_000;

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
    ];
    for (first, second) in [
        (Renewal::Certificate, Renewal::Key),
        (Renewal::Key, Renewal::Certificate),
    ] {
        steps.extend([
            Step::Renew(first),
            Step::Watch { ms: APART_MS },
            Step::Renew(second),
            Step::Await(Condition::LeafShown),
            Step::Watch { ms: SETTLED_MS },
        ]);
    }
    steps.extend([Step::Change, Step::WatchPastApplyBound { ms: 500 }, Step::LoadOff]);
    let fault = |name, check| FaultSpec { name, check };
    Case {
        id: "certificate_and_key_written_apart_never_mismatch",
        area: Area::Tls,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "while of a certificate and its key only one is renewed, whichever comes first, every handshake succeeds with the pair before; once both are, \
            the new pair is shown within the apply bound, and a change of the configuration thereafter is applied",
        rationale: "No file system renames two files at once, and many programs write the second a while after the first. A proxy that takes each as it comes \
            shows a certificate with the key of another, and no handshake succeeds; one that gives up on the first sight of a pair that does not match \
            never comes to the new one. The files are written 2 s apart, the certificate first and then the key first, and the target is told after each.",
        provenance: &["HarperFast/harper#2382", "cloudflare/certinel#14"],
        needs: &[Capability::TlsPair],
        steps,
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::LastGoodServes, Level::Must),
            CheckSpec::of(Check::NoForeignLeaf, Level::Must),
            CheckSpec::of(Check::LeafTakesEffect, Level::Must),
            CheckSpec::of(Check::LeafNeverGoesBack, Level::Must),
        ],
        budget_s: 90,
        faults: vec![
            fault("mixes-certificate-and-key", Check::LastGoodServes),
            fault("stuck-after-bad-certificate", Check::LeafTakesEffect),
        ],
    }
}
