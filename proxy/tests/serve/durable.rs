//! Thousands of good and bad reloads under load: no request fails, none is answered by two configurations or by an older one, and nothing grows.
//!
//! The short form runs with the other tests; the long one, with the figures of all, by
//! `RELOADSPEC_SOAK_ATTEMPTS=10000 cargo test --release -p reloadspec-proxy --test serve durable -- --nocapture`.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::admin::{free, request};
use crate::process::Process;
use crate::support::{Answer, PATIENCE, ask, config_at, connect, echo, get, raw, rename_over};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
/// How long a hostile file may take: what is promised of a release build, and more in one that is not, beside other tests.
const HOSTILE_PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });
/// Between two requests of a client, so that the clients do not take all of the machine.
const PAUSE: Duration = Duration::from_millis(1);

/// A proxy as a process that reloads when it is told to.
struct Subject {
    _folder: TempDir,
    config: PathBuf,
    process: Process,
    web: SocketAddr,
    second: SocketAddr,
    admin: SocketAddr,
    origins: [SocketAddr; 2],
}

/// What the process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Holding {
    resident_kib: u64,
    descriptors: usize,
    threads: u64,
}

/// What clients are told.
#[derive(Default)]
struct Course {
    /// The newest generation that was written.
    written: AtomicU64,
    /// The newest one that was acknowledged.
    acknowledged: AtomicU64,
    requests: AtomicU64,
    stop: AtomicBool,
}

// === impl Subject ===

impl Subject {
    fn start(host: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("proxy.yaml");
        let (web, second, admin) = (free(host), free(host), free(host));
        let origins = [echo("a"), echo("b")];
        let text = good(0, web, second, admin, origins);
        fs::write(&config, text).expect("a file");
        let process = Process::start(&config, &["--no-watch"]);
        Self {
            _folder: folder,
            config,
            process,
            web,
            second,
            admin,
            origins,
        }
    }

    fn write(&self, generation: u64) {
        let text = good(generation, self.web, self.second, self.admin, self.origins);
        rename_over(&self.config, &text);
    }

    /// Tells it to reload; the answer comes when all is done.
    fn reload(&self) -> (u16, Value) {
        let answer = raw(self.admin, &request("POST", "/reload", "", ""));
        let body = serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
        (answer.status(), body)
    }

    fn proc_file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.process.child.id())
    }

    /// A line of `/proc/PID/status`.
    fn status(&self, key: &str) -> u64 {
        let text = fs::read_to_string(self.proc_file("status")).expect("a process");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .expect("a key");
        let digits = line
            .trim_start_matches(':')
            .split_whitespace()
            .next()
            .expect("a number");
        digits.parse().expect("a number")
    }

    fn holding(&self) -> Holding {
        Holding {
            resident_kib: self.status("VmRSS"),
            descriptors: fs::read_dir(self.proc_file("fd")).expect("a process").count(),
            threads: self.status("Threads"),
        }
    }
}

/// Of every ten in a row, some change nothing but the stamp, and others each part that a reload handles; the first is always the same.
fn good(
    generation: u64,
    web: SocketAddr,
    second: SocketAddr,
    admin: SocketAddr,
    origins: [SocketAddr; 2],
) -> String {
    let kind = generation % 10;
    let origin = origins[usize::from(kind == 1)];
    let mut text = config_at(&web.to_string(), &format!("g{generation}"), origin);
    if kind == 3 {
        let more = format!("listeners: [{{name: second, address: '{second}'}}, ");
        text = text.replace("listeners: [", &more);
    }
    if kind == 5 {
        text = text.replace("routes: [", "routes: [{path: /other, respond: {status: 204}}, ");
    }
    let workers = if kind == 7 { 3 } else { 2 };
    let level = if kind == 9 { "warn" } else { "info" };
    format!("{text}admin: {{address: '{admin}'}}\nworkers: {workers}\nlog: {{level: {level}}}\n")
}

/// A file that is to be refused, in one of several ways.
fn bad(kind: u64, good: &str) -> String {
    match kind % 5 {
        0 => format!("{good}workers: [1\n"),
        1 => good.replace("workers: ", "workers: many"),
        2 => good.replace("upstream: app", "upstream: nowhere"),
        3 => good.replace(
            "listeners: [",
            "listeners: [{name: taken, address: '192.0.2.1:1'}, ",
        ),
        _ => good[..good.len() / 2].to_owned(),
    }
}

/// The generation of an answer, of which all parts have to be of the same.
fn generation_of(answer: &Answer) -> u64 {
    assert_eq!(answer.status(), 200, "{answer:?}");
    let stamp = answer.field("x-generation").expect("a stamp");
    let credential = format!("authorization: Bearer {stamp}\r\n");
    assert!(answer.body.contains(&credential), "torn: {answer:?}");
    stamp[1..].parse().expect("a generation")
}

/// Asks until told to stop: on connections of its own if `fresh`, else on one for as long as it may. Panics at the first answer that is wrong.
fn client(course: &Arc<Course>, web: SocketAddr, fresh: bool) -> JoinHandle<Duration> {
    let course = Arc::clone(course);
    thread::spawn(move || {
        let mut kept: Option<TcpStream> = None;
        let mut longest = Duration::ZERO;
        while !course.stop.load(Ordering::Acquire) {
            let oldest = course.acknowledged.load(Ordering::Acquire);
            let begin = Instant::now();
            let answer = if fresh {
                get(web, "/")
            } else {
                let mut stream = kept.take().unwrap_or_else(|| connect(web));
                let answer = ask(&mut stream, REQUEST);
                kept = answer.field("connection").is_none().then_some(stream);
                answer
            };
            longest = longest.max(begin.elapsed());
            let generation = generation_of(&answer);
            let newest = course.written.load(Ordering::Acquire);
            assert!(
                (oldest..=newest).contains(&generation),
                "{oldest} {generation} {newest}"
            );
            course.requests.fetch_add(1, Ordering::Relaxed);
            thread::sleep(PAUSE);
        }
        longest
    })
}

/// So many attempts, three of ten of them bad, under load. Prints what was measured.
fn soak(host: &str, attempts: u64) {
    let subject = Subject::start(host);
    let course = Arc::new(Course::default());
    let clients: Vec<_> = [true, true, false, false]
        .map(|fresh| client(&course, subject.web, fresh))
        .into();
    let (mut applied, mut refused, mut generation) = (0, 0, 0);
    let mut held = Vec::new();
    let begin = Instant::now();
    for attempt in 1..=attempts {
        if attempt % 10 < 3 {
            let text = good(
                generation + 1,
                subject.web,
                subject.second,
                subject.admin,
                subject.origins,
            );
            rename_over(&subject.config, &bad(attempt / 10, &text));
            let (status, answer) = subject.reload();
            assert!((400..500).contains(&status), "{status} {answer}");
            refused += 1;
        } else {
            generation += 1;
            course.written.store(generation, Ordering::Release);
            subject.write(generation);
            let (status, answer) = subject.reload();
            assert_eq!(
                (status, answer["outcome"].as_str()),
                (200, Some("applied")),
                "{answer}"
            );
            course.acknowledged.store(generation, Ordering::Release);
            applied += 1;
        }
        assert!(
            clients.iter().all(|client| !client.is_finished()),
            "a client found a fault"
        );
        // Where the configuration is the one that most are.
        if generation % 10 == 0 && attempt % (attempts / 10).next_multiple_of(10) < 10 {
            held.push((attempt, subject.holding()));
        }
    }
    let elapsed = begin.elapsed();
    course.stop.store(true, Ordering::Release);
    let longest = clients
        .into_iter()
        .map(|client| client.join().expect("a client without a fault"))
        .max();
    println!(
        "{attempts} attempts in {elapsed:.0?}: {applied} applied, {refused} refused; {} requests, the longest took {:.1?}",
        course.requests.load(Ordering::Relaxed),
        longest.unwrap_or_default()
    );
    for (attempt, holding) in &held {
        println!("after {attempt}: {holding:?}");
    }
    let (_, first) = held[1];
    let (_, last) = held[held.len() - 1];
    // A worker that is done with ends once its last connection has, which may be after the answer to the change. Without clients, all do.
    let fewest = held.iter().map(|(_, holding)| holding.threads).min();
    let deadline = Instant::now() + PATIENCE;
    while Some(subject.holding().threads) > fewest {
        assert!(Instant::now() < deadline, "{:?}, {fewest:?}", subject.holding());
        thread::sleep(PAUSE);
    }
    // Kept connections to the origins come and go with the load.
    assert!(
        last.descriptors.abs_diff(first.descriptors) <= 16,
        "{first:?} {last:?}"
    );
    assert!(
        last.resident_kib < first.resident_kib + 8 * 1024,
        "{first:?} {last:?}"
    );
}

#[test]
fn good_and_bad_reloads_under_load_leave_no_trace() {
    let asked = std::env::var("RELOADSPEC_SOAK_ATTEMPTS").ok();
    soak(
        "127.0.0.74",
        asked.map_or(200, |text| text.parse().expect("a number")),
    );
}

/// What nobody would write by accident: its name, and how it comes to stand where the configuration stood.
fn hostile(path: &std::path::Path, name: &str, valid: &str) {
    let fresh = path.with_extension("hostile");
    let write = |content: &[u8]| fs::write(&fresh, content).expect("a file");
    let at = |text: &str| [valid.as_bytes(), text.as_bytes()].concat();
    match name {
        "aliases of aliases" => {
            let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
            for level in 1..9 {
                let inner = vec![format!("*a{}", level - 1); 10].join(", ");
                text.push_str(&format_args!("a{level}: &a{level} [{inner}]\n").to_string());
            }
            write(&at(&text));
        }
        "100 MB" => write(&at(&"# nothing\n".repeat(10_000_000))),
        "1 MB of one key" => write(&at(&"key: {a: 1, b: [2, 3]}\n".repeat(45_000))),
        "1 MB of unknown keys" => {
            let lines: Vec<String> = (0..60_000).map(|number| format!("key_{number}: 1\n")).collect();
            write(&at(&lines.concat()));
        }
        "10 000 levels" => write(&at(&format!(
            "deep: {}{}\n",
            "[".repeat(10_000),
            "]".repeat(10_000)
        ))),
        "10 000 levels by indents" => {
            let lines: Vec<String> = (0..10_000)
                .map(|level| format!("{}- ", " ".repeat(level)))
                .collect();
            write(&at(&format!("deep:\n{}\n", lines.join("\n"))));
        }
        "NUL" => write(&at("a: \0\n")),
        "no UTF-8" => write(&[valid.as_bytes(), b"a: \xff\xfe\n"].concat()),
        "a FIFO" => {
            let made = std::process::Command::new("mkfifo").arg(&fresh).status();
            assert!(made.expect("mkfifo").success());
        }
        "a directory" => {
            fs::remove_file(path).expect("a file");
            fs::create_dir(&fresh).expect("a folder");
        }
        other => panic!("{other}"),
    }
    fs::rename(&fresh, path).expect("a rename");
}

#[test]
fn hostile_configurations_are_refused_in_bounds_while_the_old_one_serves() {
    let subject = Subject::start("127.0.0.76");
    let course = Arc::new(Course::default());
    let valid = fs::read_to_string(&subject.config).expect("a file");
    let client = client(&course, subject.web, true);
    for name in [
        "aliases of aliases",
        "100 MB",
        "1 MB of one key",
        "1 MB of unknown keys",
        "10 000 levels",
        "10 000 levels by indents",
        "NUL",
        "no UTF-8",
        "a FIFO",
        "a directory",
    ] {
        hostile(&subject.config, name, &valid);
        // The peak from now on.
        fs::write(subject.proc_file("clear_refs"), "5").expect("a process");
        let before = subject.status("VmRSS");
        let begin = Instant::now();
        let (status, answer) = subject.reload();
        let elapsed = begin.elapsed();
        let extra_kib = subject.status("VmHWM").saturating_sub(before);
        println!(
            "{name}: {status} after {elapsed:.1?}, {:.1} MB more at the peak",
            extra_kib as f64 / 1024.0
        );
        assert!((400..600).contains(&status) && status != 500, "{name}: {answer}");
        assert!(elapsed < HOSTILE_PATIENCE, "{name}");
        assert!(extra_kib < 100 * 1024, "{name}");
        if subject.config.is_dir() {
            fs::remove_dir(&subject.config).expect("a folder");
        }
        rename_over(&subject.config, &valid);
        assert_eq!(subject.reload().0, 200);
    }
    course.stop.store(true, Ordering::Release);
    println!(
        "the longest request took {:.1?}",
        client.join().expect("a client without a fault")
    );
}
