//! Upstreams that share a route, on paper: checks of their health, who is left alone, and who has which session.

use reloadspec::vocabulary::{Arrival, Condition, Event, Layout, LeadsTo, Nanos, Purpose};

use super::{MS, ORIGINS, Paper};

/// From one check to the next.
const INTERVAL: Nanos = 250 * MS;
/// How long it takes until one that fails its checks gets no more requests.
const NOTICED: Nanos = 500 * MS;

impl Paper {
    /// Where the routes of the newest file that is in force then lead.
    pub(super) fn leads_to(&mut self, route: u8, time: Nanos) -> Option<LeadsTo> {
        let layouts = &self.life().layouts;
        let (_, layout) = layouts.iter().rfind(|(since, _)| *since <= time)?;
        let mut routes = layout.routes.iter();
        routes.find(|one| one.number == route).map(|one| one.leads_to)
    }

    /// The origin of a request there, if it is no generation's.
    pub(super) fn origin_elsewhere(&mut self, route: u8, purpose: Purpose, time: Nanos) -> Option<String> {
        let member = match (self.leads_to(route, time)?, purpose) {
            (LeadsTo::Apart | LeadsTo::Kept, _) => return Some(format!("o{ORIGINS}")),
            (LeadsTo::Affine, Purpose::Session(session)) => session as usize % Layout::MEMBERS,
            (LeadsTo::Affine, _) => self.below(3) as usize,
            (LeadsTo::Checked, _) => {
                let fitness = &self.life().fitness;
                let last = fitness.iter().rfind(|(at, _)| at + NOTICED <= time);
                let is_sick = last.is_some_and(|(_, is_fit)| !is_fit);
                usize::from(is_sick) + self.below(3 - u64::from(is_sick)) as usize
            }
            _ => return None,
        };
        Some(Layout::member_name(member, ORIGINS))
    }

    /// What an origin that is no generation's sees of a request.
    pub(super) fn arrive_elsewhere(&mut self, at: Nanos, request: u64, origin: &str, connection: u64) {
        self.events.push(Event::Arrival(Arrival {
            at,
            origin: origin.into(),
            request: Some(request),
            connection: Some(connection),
            is_check: false,
        }));
    }

    pub(super) fn fitness(&mut self, is_fit: bool) {
        let at = self.now;
        self.life().fitness.push((at, is_fit));
        self.events.push(Event::Fitness {
            at,
            origin: Layout::member_name(0, ORIGINS),
            is_fit,
        });
        self.now += MS;
    }

    /// Waits for a check, or for what follows from checks.
    pub(super) fn await_checks(&mut self, condition: Condition) {
        let begin = self.now;
        self.now += if condition == Condition::Shunned {
            2 * NOTICED
        } else {
            30 * MS
        };
        self.events.push(Event::Waited {
            begin,
            at: self.now,
            condition,
            met: true,
        });
    }

    /// All checks of a process until now.
    pub(super) fn end_checks(&mut self) {
        let began = self.life().began + 20 * MS;
        let route = self
            .life()
            .layouts
            .first()
            .and_then(|(_, layout)| layout.routes.first().copied());
        if route.is_none_or(|route| route.leads_to != LeadsTo::Checked) {
            return;
        }
        for member in 0..Layout::MEMBERS {
            let mut at = began + self.below(5 * MS);
            while at < self.now {
                let connection = Some(self.id());
                self.events.push(Event::Arrival(Arrival {
                    at,
                    origin: Layout::member_name(member, ORIGINS),
                    request: None,
                    connection,
                    is_check: true,
                }));
                at += INTERVAL + self.below(MS);
            }
        }
    }
}
