//! `watch_unavailable_is_reported_and_polled`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "watch_unavailable_is_reported_and_polled",
        area: Area::HotReload,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a target that is given no watch on its file says so, and applies changes all the same",
        rationale: "What a user may watch is limited over all processes (fs.inotify.max_user_watches), and others use it up: on a node with many containers, the \
            proxy that starts last gets nothing (ENOSPC). Who passes over that serves the first configuration for ever, without a word. The process is started so that \
            each inotify_add_watch(2) fails as it does then, for itself and for what it starts, and for nobody else; it is given two changes. One that ends instead, before there is any change, serves nothing that could \
            grow old: whether it said why is judged, and nothing else. One that runs on without its configuration does neither. A target that has no watch \
            at other times either has nothing to report. The words that count are the kernel's (no space left on device) and any of failure beside one of watching.",
        provenance: &["kumahq/kuma#17882", "inotify_add_watch(2): ENOSPC"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Change,
            Step::CountWatches,
            Step::StartWithoutWatches,
            Step::CountWatches,
            Step::Change,
            Step::Change,
        ],
        checks: vec![
            CheckSpec::of(Check::WantOfWatchesIsReported, Level::Should),
            CheckSpec::of(Check::ChangesAreFoundUnwatched, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "silent-without-watches",
                check: Check::WantOfWatchesIsReported,
            },
            FaultSpec {
                name: "blind-without-watches",
                check: Check::ChangesAreFoundUnwatched,
            },
        ],
    }
}
