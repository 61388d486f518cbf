//! What the target on paper shows of its certificates.

use reloadspec::vocabulary::{Caller, Condition, Event, Handshake, Leaf, Nanos, Renewal, Renewed, Shaken};

use super::{MS, Paper};

/// What it serves by TLS.
pub(super) struct ByTls {
    /// Of whom, since when, how many tasks, and how far apart.
    loads: Vec<(Caller, Nanos, u8, Nanos)>,
    /// What was shown since when, in order.
    shown: Vec<(Nanos, Leaf)>,
    certificate: Leaf,
    key: Leaf,
    given: u32,
}

impl ByTls {
    pub(super) fn new() -> Self {
        Self {
            loads: Vec::new(),
            shown: vec![(0, Leaf(1))],
            certificate: Leaf(1),
            key: Leaf(1),
            given: 1,
        }
    }

    fn give(&mut self) -> Leaf {
        self.given += 1;
        Leaf(self.given)
    }

    /// Which certificate stands there then, and whose key.
    fn renew(&mut self, renewal: Renewal) -> (Option<Leaf>, Option<Leaf>) {
        match renewal {
            Renewal::Pair => {
                self.certificate = self.give();
                self.key = self.certificate;
            }
            Renewal::Certificate if self.key > self.certificate => self.certificate = self.key,
            Renewal::Certificate => self.certificate = self.give(),
            Renewal::Key if self.certificate > self.key => self.key = self.certificate,
            Renewal::Key => self.key = self.give(),
            Renewal::Garbage => return (None, Some(self.key)),
            Renewal::Truncated => {
                self.give();
                return (None, Some(self.key));
            }
            Renewal::ForeignKey => return (Some(self.certificate), Some(self.give())),
        }
        (Some(self.certificate), Some(self.key))
    }
}

impl Paper {
    pub(super) fn shake_hands(&mut self, caller: Caller, tasks: u8, pause_us: u32) {
        let load = (caller, self.now, tasks, u64::from(pause_us) * 1_000);
        self.life().tls.loads.push(load);
    }

    pub(super) fn renew(&mut self, renewal: Renewal) {
        let begin = self.now;
        self.now += MS;
        let (certificate, key) = self.life().tls.renew(renewal);
        let renewed = Renewed {
            begin,
            at: self.now,
            renewal,
            certificate,
            key,
        };
        let pair = renewed.pair();
        self.events.push(Event::Renewed(renewed));
        let last = self.life().tls.shown.last().map_or(0, |(since, _)| *since);
        let done = last.max(self.now) + MS + self.below(self.traits.latency_ms * MS);
        self.trigger(done, pair.is_none());
        if let Some(leaf) = pair {
            self.life().tls.shown.push((done, leaf));
        }
    }

    pub(super) fn await_leaf(&mut self) {
        let begin = self.now;
        let since = self.life().tls.shown.last().map_or(0, |(since, _)| *since);
        self.now = self.now.max(since) + 20 * MS;
        self.events.push(Event::Waited {
            begin,
            at: self.now,
            condition: Condition::LeafShown,
            met: true,
        });
    }

    pub(super) fn end_handshakes(&mut self) {
        let mut over = self.now;
        for (caller, from, tasks, pause) in std::mem::take(&mut self.life().tls.loads) {
            for _ in 0..tasks {
                let mut begin = from + self.below(MS);
                let mut is_first = true;
                while begin < self.now {
                    let at = begin + MS + self.below(MS);
                    let end = match caller {
                        Caller::Further => self.further_at(begin),
                        Caller::New | Caller::Returning => {
                            let leaf = self.leaf_at(begin);
                            Shaken::Showed { leaf }
                        }
                    };
                    let connection = self.id();
                    self.events.push(Event::Handshake(Handshake {
                        connection,
                        begin,
                        at,
                        caller,
                        resumed: caller == Caller::Returning && !is_first,
                        end,
                    }));
                    is_first = false;
                    over = over.max(at + 1);
                    begin = at + pause + self.below(MS / 4);
                }
            }
        }
        // What has begun is waited for.
        self.now = over;
    }

    /// What a handshake for the further name is shown that begins then.
    fn further_at(&mut self, begin: Nanos) -> Shaken {
        let is_mixed = self.chance(50);
        let mixing = self.traits.mixing_ms * MS;
        let layouts = &self.life().layouts;
        let newest = layouts
            .iter()
            .rposition(|(since, _)| *since <= begin)
            .unwrap_or(0);
        let is_mixed = is_mixed && begin < layouts[newest].0 + mixing;
        let (_, layout) = &layouts[newest.saturating_sub(usize::from(is_mixed))];
        if layout.further_name {
            return Shaken::Showed { leaf: Leaf(100) };
        }
        Shaken::Untrusted {
            detail: "not of that name".to_owned(),
        }
    }

    /// What a handshake is shown that begins then.
    fn leaf_at(&mut self, begin: Nanos) -> Leaf {
        let is_mixed = self.chance(50);
        let mixing = self.traits.mixing_ms * MS;
        let shown = &self.life().tls.shown;
        let newest = shown.iter().rposition(|(since, _)| *since <= begin).unwrap_or(0);
        let is_mixed = is_mixed && begin < shown[newest].0 + mixing;
        shown[newest.saturating_sub(usize::from(is_mixed))].1
    }
}
