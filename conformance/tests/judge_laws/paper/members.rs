//! Configurations of several files: members that come and go.

use reloadspec::vocabulary::{Event, Flaw, Layout, LeadsTo, Listener, OutsideStart, Purpose};

use super::{MS, Paper};

impl Paper {
    /// The member that is delivered, if there are several files.
    pub(super) fn member_of(&self, flaw: Option<Flaw>) -> Option<String> {
        let name = flaw.map_or("first.conf", |_| "third.conf");
        self.layout.in_parts.then(|| name.to_owned())
    }

    /// A member comes or goes, and its route with it.
    pub(super) fn member(&mut self, comes: bool, by_link: bool) {
        let begin = self.now;
        self.now += MS / 5 + self.below(MS);
        self.events.push(Event::Member {
            begin,
            at: self.now,
            file: "second.conf".into(),
            comes,
            by_link,
        });
        self.now += MS / 10;
        let effective = self.effective();
        let route: &[LeadsTo] = if comes { &[LeadsTo::Apart] } else { &[] };
        let layout = Layout::in_parts().with_routes(route);
        self.life().layouts.push((effective, layout));
        self.record(effective);
        self.trigger(effective + self.traits.mixing_ms * MS, false);
        self.now = self.now.max(effective + (self.traits.mixing_ms + 2) * MS);
        let connection = (self.id(), self.now, 0);
        let at = self.ask_elsewhere(Purpose::Probe, (Listener::First, 1), connection, self.now);
        self.now = at + MS / 10;
    }

    /// A process of its own serves what lies outside.
    pub(super) fn start_outside(&mut self) {
        let begin = self.now;
        self.now += 60 * MS;
        self.events.push(Event::OutsideStart(OutsideStart {
            begin,
            at: self.now,
            exited: None,
            served: true,
        }));
    }
}
