//! The one clock of a case, and the one place where everything that happens is written down.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::vocabulary::{ConfigWrite, Event, Generation, Nanos, Question};

/// How often the harness looks whether it is on time.
const PULSE: Duration = Duration::from_millis(5);
/// From what on being late is written down.
const LATE: Duration = Duration::from_millis(20);

/// Written to from many threads; read by the driver, which waits on it.
pub(super) struct Recorder {
    start: Instant,
    requests: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    arrived: HashSet<u64>,
    open: HashSet<u64>,
    /// What each task that keeps its connection got last, by the task's number.
    kept: HashMap<u64, Option<Generation>>,
}

impl Recorder {
    pub(super) fn new() -> Arc<Self> {
        Self::counting_from(0)
    }

    /// One whose numbers nobody else's will meet.
    pub(super) fn counting_from(number: u64) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            requests: AtomicU64::new(number),
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        })
    }

    /// Now, on the case's clock.
    pub(super) fn now(&self) -> Nanos {
        self.time_of(Instant::now())
    }

    pub(super) fn time_of(&self, instant: Instant) -> Nanos {
        u64::try_from(instant.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    /// A number for a request or a connection, never used before.
    pub(super) fn next_number(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn record(&self, event: Event) {
        let mut state = self.lock();
        if let Event::Arrival(arrival) = &event {
            state.arrived.extend(arrival.request);
        }
        state.events.push(event);
        drop(state);
        self.changed.notify_all();
    }

    /// When the newest delivery began, or whatever else was done to the file, or the process was started.
    pub(super) fn last_write(&self) -> Nanos {
        let state = self.lock();
        let writes = state.events.iter().rev().filter_map(|event| match event {
            Event::Config(write) => Some(write.begin),
            Event::Started { at, .. } => Some(*at),
            Event::Deleted { begin, .. } | Event::Meddled { begin, .. } | Event::Member { begin, .. } => {
                Some(*begin)
            }
            _ => None,
        });
        writes.into_iter().next().unwrap_or(0)
    }

    /// The newest delivery, and what was last answered to a question before it; nothing, if there was none of the two.
    pub(super) fn newest(&self, question: Question) -> Option<(ConfigWrite, String)> {
        let state = self.lock();
        let newest = state.events.iter().rev().find_map(|event| match event {
            Event::Config(write) => Some(write.clone()),
            _ => None,
        })?;
        let before = state.events.iter().rev().find_map(|event| match event {
            Event::Answer(answer) if answer.question == question && answer.at <= newest.begin => {
                Some(answer.reply.said.clone())
            }
            _ => None,
        })?;
        Some((newest, before))
    }

    /// How many events there are: a place from which to look on.
    pub(super) fn mark(&self) -> usize {
        self.lock().events.len()
    }

    /// An idle connection that stands for a request to come is open.
    pub(super) fn note_open(&self, request: u64) {
        self.lock().open.insert(request);
        self.changed.notify_all();
    }

    /// What a task that keeps its connection got.
    pub(super) fn note_kept(&self, task: u64, got: Option<Generation>) {
        self.lock().kept.insert(task, got);
        self.changed.notify_all();
    }

    /// A task that keeps its connection has ended.
    pub(super) fn forget_kept(&self, task: u64) {
        self.lock().kept.remove(&task);
    }

    /// Whether each task that keeps its connection got at least this generation last.
    pub(super) fn have_followed(&self, wanted: Generation) -> bool {
        self.lock().kept.values().all(|got| *got >= Some(wanted))
    }

    /// Whether an origin has received a request, or its idle connection is open.
    pub(super) fn has_arrived(&self, request: u64) -> bool {
        let state = self.lock();
        state.arrived.contains(&request) || state.open.contains(&request)
    }

    /// Waits until an event past `mark` satisfies, at most until `deadline`; in between, at least every 20 ms, asks `give_up`.
    pub(super) fn wait_for(
        &self,
        mark: usize,
        deadline: Instant,
        give_up: impl Fn() -> bool,
        satisfies: impl Fn(&Event) -> bool,
    ) -> bool {
        let mut next = mark;
        loop {
            // Asked without the lock, which the question itself may need.
            let late = Instant::now() >= deadline || give_up();
            let state = self.lock();
            if state.events[next.min(state.events.len())..]
                .iter()
                .any(&satisfies)
            {
                return true;
            }
            if late {
                return false;
            }
            next = state.events.len();
            let nap = deadline
                .saturating_duration_since(Instant::now())
                .min(Duration::from_millis(20));
            // Woken or not, the loop looks again.
            drop(self.changed.wait_timeout(state, nap));
        }
    }

    /// The last few log lines.
    pub(super) fn last_lines(&self, count: usize) -> Vec<String> {
        let state = self.lock();
        let lines = state.events.iter().rev().filter_map(|event| match event {
            Event::Log { line, .. } => Some(line.clone()),
            _ => None,
        });
        let mut lines: Vec<String> = lines.take(count).collect();
        lines.reverse();
        lines
    }

    /// All events so far, in the order in which they were over.
    pub(super) fn take(&self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.lock().events);
        events.sort_by_key(Event::at);
        events
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down when the harness itself runs late, for as long as it lives.
pub(super) struct Pulse {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    pub(super) fn start(recorder: Arc<Recorder>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("pulse".into()).spawn(move || {
            let mut last = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(PULSE);
                let now = Instant::now();
                let late = now.duration_since(last).saturating_sub(PULSE);
                if late >= LATE {
                    let by = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
                    recorder.record(Event::Lag {
                        at: recorder.time_of(now),
                        by,
                    });
                }
                last = now;
            }
        })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed by its thread.
            let _ = thread.join();
        }
    }
}
