//! What the target on paper answers when it is asked something besides traffic.

use reloadspec::vocabulary::{Answer, Event, Inspection, Nanos, Question, Reply};

use super::{MS, Paper};

impl Paper {
    pub(super) fn ask(&mut self, question: Question) {
        let begin = self.now;
        self.now += 30 * MS;
        let (yes, said) = match question {
            Question::Trigger => (true, "done".to_owned()),
            Question::CheckCommand => {
                let takes = self.flaw.is_none_or(|flaw| self.traits.takes.contains(&flaw));
                (takes, if takes { "valid" } else { "line 7: no" }.to_owned())
            }
        };
        self.events.push(Event::Answer(Answer {
            begin,
            at: self.now,
            question,
            generation: self.generation.next(),
            flaw: self.flaw,
            reply: Reply {
                code: Some(i32::from(!yes)),
                yes,
                said,
            },
        }));
        self.now += MS;
    }

    /// What came with the answer of a trigger.
    pub(super) fn answered(&mut self, begin: Nanos, at: Nanos, yes: bool) {
        self.events.push(Event::Answer(Answer {
            begin,
            at,
            question: Question::Trigger,
            generation: self.generation,
            flaw: self.flaw,
            reply: Reply {
                code: Some(i32::from(!yes)),
                yes,
                said: if yes { "done" } else { "line 7: no" }.to_owned(),
            },
        }));
    }

    pub(super) fn inspect(&mut self) {
        self.events.push(Event::Inspected(Inspection {
            at: self.now,
            files: vec!["conf/proxy.yaml 1f".into(), "proxy.pid 2e".into()],
            sockets: vec!["127.1.2.3:8080 77".into()],
        }));
        self.now += MS;
    }
}
