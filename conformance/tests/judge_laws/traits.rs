//! Which sound targets there are: what they may choose, and what is their right.

use proptest::prelude::*;
use reloadspec::vocabulary::{Flaw, TriggerKind};

/// A target on paper, and the peculiarities that are its right.
#[derive(Clone, Debug)]
pub(crate) struct Traits {
    pub(crate) seed: u64,
    pub(crate) trigger: TriggerKind,
    pub(crate) bound_ms: u64,
    /// The most that a change takes.
    pub(crate) latency_ms: u64,
    /// For how long both generations answer on fresh connections.
    pub(crate) mixing_ms: u64,
    /// Kept connections stay with the generation that accepted them.
    pub(crate) pins: bool,
    /// Kept connections now and then end before the next request is sent on them.
    pub(crate) polite_ends: bool,
    /// Kept connections now and then end as a request is sent on them.
    pub(crate) races: bool,
    /// Flawed files that this target takes, at a fresh start as on a reload.
    pub(crate) takes: Vec<Flaw>,
    /// Refuses this one without a word.
    pub(crate) silent_on: Option<Flaw>,
    /// The change, counted from 0, that takes so many milliseconds, and whether the driver waits for it.
    pub(crate) late: Option<(usize, u64, bool)>,
    /// What it does not tell the service manager, counted from 0.
    pub(crate) unsaid: Option<usize>,
    /// For how long it drains, in milliseconds, whatever its configuration names.
    pub(crate) drains_ms: Option<u64>,
}

impl Traits {
    pub(crate) fn plain(seed: u64) -> Self {
        Self {
            seed,
            trigger: TriggerKind::Watch,
            bound_ms: 2_000,
            latency_ms: 20,
            mixing_ms: 0,
            pins: false,
            polite_ends: false,
            races: false,
            takes: Vec::new(),
            silent_on: None,
            late: None,
            unsaid: None,
            drains_ms: None,
        }
    }

    pub(crate) fn acknowledges(&self) -> bool {
        matches!(
            self.trigger,
            TriggerKind::Command | TriggerKind::Http | TriggerKind::Socket
        )
    }
}

pub(crate) fn triggers() -> impl Strategy<Value = TriggerKind> {
    prop_oneof![
        Just(TriggerKind::Watch),
        Just(TriggerKind::Signal),
        Just(TriggerKind::Command),
        Just(TriggerKind::Http),
        Just(TriggerKind::Socket)
    ]
}

/// Sound targets without peculiarities.
pub(crate) fn plain() -> impl Strategy<Value = Traits> {
    (any::<u64>(), triggers(), 2..200_u64).prop_map(|(seed, trigger, latency_ms)| Traits {
        trigger,
        latency_ms,
        ..Traits::plain(seed)
    })
}

/// Sound targets with all that is their right.
pub(crate) fn peculiar() -> impl Strategy<Value = Traits> {
    let takes = proptest::sample::subsequence(Flaw::GENERAL.to_vec(), 0..4);
    (plain(), 0..400_u64, any::<[bool; 3]>(), takes).prop_map(
        |(plain, mixing_ms, [pins, polite_ends, races], takes)| Traits {
            mixing_ms,
            pins,
            polite_ends,
            races,
            takes,
            ..plain
        },
    )
}
