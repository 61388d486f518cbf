//! What the target on paper makes of orders to serve an earlier version again.

use reloadspec::vocabulary::{Condition, Event, Generation, Nanos, Question, Reply, Rollback};

use super::{MS, Paper};

impl Paper {
    /// What names what serves: its digest, or the number of the change that brought it.
    pub(super) fn version_of(&self, serves: Option<Generation>, changes: u64) -> String {
        if self.traits.seed.is_multiple_of(2) {
            let number = serves.map_or(0, |generation| generation.0);
            format!("\"{:08x}\"", number * 0x1f1f)
        } else {
            (changes + 1).to_string()
        }
    }

    pub(super) fn roll_back(&mut self, changes_ago: u32) {
        let mut served: Vec<Generation> = self.life().served.iter().filter_map(|(_, what)| *what).collect();
        served.sort_unstable();
        served.dedup();
        let wanted = served[served.len() - 1 - changes_ago as usize];
        let begin = self.now;
        let effective = self.effective();
        self.life().served.push((effective, Some(wanted)));
        let done = effective + self.traits.mixing_ms * MS;
        self.now = self.order(begin, done + MS / 10, Some(wanted));
        let since = self.now;
        self.probe();
        self.events.push(Event::Waited {
            begin: since,
            at: self.now,
            condition: Condition::Restored,
            met: true,
        });
        self.now += MS;
    }

    pub(super) fn roll_back_to_none(&mut self) {
        self.now = self.order(self.now, self.now + MS, None) + 150 * MS;
    }

    fn order(&mut self, begin: Nanos, at: Nanos, restores: Option<Generation>) -> Nanos {
        let yes = restores.is_some();
        self.events.push(Event::Rollback(Rollback {
            begin,
            at,
            version: restores.map_or_else(|| "999".to_owned(), |generation| generation.0.to_string()),
            restores,
            reply: Reply {
                code: Some(if yes { 200 } else { 404 }),
                yes,
                said: if yes { "done" } else { "there is none" }.to_owned(),
            },
        }));
        at + MS / 10
    }

    pub(super) fn note_version(&mut self) {
        self.ask_until_told(Question::Version);
    }
}
