//! `reload_api_needs_its_credential`

use crate::vocabulary::{
    Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Question, Step, TriggerTrait,
};

/// The case.
pub(super) fn case() -> Case {
    let fault = |name, check| FaultSpec { name, check };
    Case {
        id: "reload_api_needs_its_credential",
        area: Area::Security,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "an order to reload over HTTP is carried out for whoever shows the credential that is asked for, and for nobody else; at an \
            address for traffic it is no order at all",
        rationale: "Who can have a file loaded decides where all traffic goes. An order that is taken without its credential, or by the listener that \
            faces the world, hands that to everybody. Where the target asks for no credential, only the second half is judged.",
        provenance: &["seen in the wild: a reload that anybody could order, on every public port"],
        needs: &[],
        steps: vec![Step::ForEachTrigger {
            that: TriggerTrait::IsHttp,
            steps: vec![
                Step::Start,
                Step::LoadOn {
                    fresh: 1,
                    kept: 0,
                    pause_us: 1_000,
                },
                Step::Change,
                Step::Misorder(Question::OrderWithout),
                Step::Misorder(Question::OrderWithWrong),
                Step::Misorder(Question::OrderAtTraffic),
                Step::Change,
            ],
        }],
        checks: vec![
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "an order with the credential is carried out",
            },
            CheckSpec::of(Check::CredentialIsNeeded, Level::Must),
            CheckSpec::of(Check::OrderNeedsAdmin, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            fault("needs-no-credential", Check::CredentialIsNeeded),
            fault("takes-any-credential", Check::CredentialIsNeeded),
            fault("takes-orders-at-traffic", Check::OrderNeedsAdmin),
        ],
    }
}
