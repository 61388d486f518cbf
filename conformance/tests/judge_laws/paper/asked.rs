//! What the target on paper answers when it is asked something besides traffic.

use reloadspec::vocabulary::{
    Answer, Event, Flaw, Generation, Inspection, MetricReadings, Nanos, Prospect, Question, Readings, Reply,
    StatusReadings, VersionReadings,
};

use super::{MS, Paper};

/// The time of day at which all histories begin, in milliseconds since 1970.
const DAY_MS: u64 = 1_700_000_000_000;

/// Questions that are asked on and on: since when, and at which distance.
pub(super) type AskedOn = (Nanos, Question, Nanos);

/// How its answers read.
pub(super) fn readings() -> Readings {
    Readings {
        status: Some(StatusReadings {
            identity: "/version".into(),
            error: Some("/error".into()),
            draining: Some("/draining".into()),
        }),
        metrics: Some(MetricReadings {
            success: Some("reloads{how=\"ok\"}".into()),
            failure: Some("reloads{how=\"no\"}".into()),
            duration: Some("timed".into()),
            last_success: Some("last".into()),
            last_outcome: Some("fine".into()),
            watching: Some("watching".into()),
            draining: Some("draining".into()),
            counters: vec!["requests".into()],
        }),
        versions: Some(VersionReadings {
            active: "/active".into(),
            in_status: true,
        }),
        credential: true,
    }
}

/// What a target knows of itself.
#[derive(Default)]
struct Known {
    serves: Option<Generation>,
    successes: u64,
    failures: u64,
    succeeded: Nanos,
    error: bool,
}

impl Paper {
    pub(super) fn ask(&mut self, question: Question) {
        let begin = self.now;
        let (yes, said) = match question {
            Question::Trigger => (true, "done".to_owned()),
            Question::CheckCommand => {
                let takes = self.flaw.is_none_or(|flaw| self.traits.takes.contains(&flaw));
                (takes, if takes { "valid" } else { "line 7: no" }.to_owned())
            }
            _ => {
                self.now = self.ask_at(question, begin) + MS / 10;
                return;
            }
        };
        self.now += 30 * MS;
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
            wall_ms: None,
        }));
        self.now += MS;
    }

    /// Asks once what has come to serve is known to all of it.
    pub(super) fn ask_until_told(&mut self, question: Question) {
        let known = self.life().served.last().map_or(0, |(since, _)| *since) + self.traits.mixing_ms * MS;
        self.now = self.now.max(known + MS / 10);
        self.ask(question);
    }

    pub(super) fn ask_on(&mut self, question: Question, pause_ms: u32) {
        let since = self.now;
        self.life()
            .asked
            .push((since, question, u64::from(pause_ms.max(5)) * MS));
    }

    /// What was answered meanwhile.
    pub(super) fn end_asking(&mut self) {
        for (since, question, pause) in std::mem::take(&mut self.life().asked) {
            let mut at = since;
            while at < self.now {
                at = self.ask_at(question, at) + pause;
            }
        }
    }

    /// An order that nobody may give, and that is not carried out.
    pub(super) fn misorder(&mut self, question: Question) {
        self.prospect = Prospect::Doomed;
        self.write(None);
        self.prospect = Prospect::Good;
        self.now = self.ask_at(question, self.now) + 150 * MS;
    }

    /// Asks over HTTP at a time. Returns when it was answered.
    fn ask_at(&mut self, question: Question, begin: Nanos) -> Nanos {
        let known = self.known(begin);
        let drains = self
            .life()
            .drains
            .iter()
            .any(|(from, to)| (*from..*to).contains(&begin));
        let draining = 2 * u8::from(drains);
        let order = matches!(question, Question::OrderWithout | Question::OrderWithWrong);
        let yes = !order;
        let said = match question {
            Question::Status | Question::Version => {
                let error = if known.error { "\"line 7: no\"" } else { "null" };
                let serves = known.serves.map_or(0, |generation| generation.0);
                let active = self.version_of(known.serves, known.successes);
                format!(
                    "{{\"draining\": {draining}, \"version\": {serves}, \"active\": {active}, \"error\": {error}}}"
                )
            }
            Question::Metrics => format!(
                "reloads{{how=\"ok\"}} {}\nreloads{{how=\"no\"}} {}\ntimed {}\nlast {:.3}\nfine {}\nwatching 1\nrequests {}\ndraining {draining}",
                known.successes,
                known.failures,
                known.successes + known.failures,
                (DAY_MS + known.succeeded / MS) as f64 / 1e3,
                u8::from(!known.error),
                1 + begin / MS,
            ),
            _ if order => "who are you?".to_owned(),
            _ => "fine".to_owned(),
        };
        let at = begin + MS;
        self.events.push(Event::Answer(Answer {
            begin,
            at,
            question,
            generation: self.generation,
            flaw: None,
            reply: Reply {
                code: Some(if yes { 200 } else { 401 }),
                yes,
                said,
            },
            wall_ms: (question == Question::Metrics).then_some(DAY_MS + at / MS),
        }));
        at
    }

    /// What it knows of itself at a time: what serves once all of it does.
    fn known(&mut self, time: Nanos) -> Known {
        let settles = self.traits.mixing_ms * MS;
        let takes = self.traits.takes.clone();
        let life = self.life();
        let began = life.began;
        // There was nothing before the first one that it could be mixed with.
        let first = life.served.first().map_or(0, |(since, _)| *since);
        let served: Vec<_> = life
            .served
            .iter()
            .filter(|(since, _)| *since == first || since + settles <= time)
            .copied()
            .collect();
        let refused: Vec<Nanos> = self
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Config(write) if write.at >= began && write.at <= time => {
                    let is_refused = |flaw: Flaw| !takes.contains(&flaw);
                    write.flaw.is_some_and(is_refused).then_some(write.at)
                }
                _ => None,
            })
            .collect();
        let Some((succeeded, serves)) = served.last().copied() else {
            return Known::default();
        };
        Known {
            serves,
            successes: served.len() as u64 - 1,
            failures: refused.len() as u64,
            succeeded: succeeded + settles,
            error: refused.last().is_some_and(|at| *at > succeeded),
        }
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
            wall_ms: None,
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
