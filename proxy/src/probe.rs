//! Whether the endpoints of upstreams can be reached: worth a warning to whoever changes a configuration, and never a reason to refuse it.
//!
//! In: upstreams, and how long all of it may take. Out: the endpoints to which no connection came about, and why. It is done on a thread of its own,
//! after the change serves, so that nothing waits for it.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::model::{Name, Upstream};
use crate::reload::{Change, Follower, Plan, Refused};

/// An endpoint to which no connection came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// The upstream that it belongs to.
    pub upstream: Name,
    /// Its host and port.
    pub endpoint: Arc<str>,
    /// Why, as far as that is known.
    pub reason: String,
}

/// Lets probes follow the configuration.
#[derive(Debug, Default)]
pub(crate) struct Prober {
    staged: Option<(Vec<Target>, Duration)>,
    running: Vec<Running>,
}

type Target = (Name, Arc<str>);

/// A probe under way. Dropped, it is broken off.
#[derive(Debug)]
struct Running {
    thread: JoinHandle<()>,
    _stop: oneshot::Sender<()>,
}

/// Connections that are tried at a time.
const AT_ONCE: usize = 64;
/// Probes at a time, of as many changes. The oldest is broken off for another one.
const PROBES: usize = 4;
/// So many are told of one by one.
const TOLD: usize = 20;

/// Tries all endpoints of the upstreams that a plan adds or changes, for `timeout` in all.
pub fn probe(plan: &Plan, timeout: Duration) -> io::Result<Vec<Unreachable>> {
    let runtime = runtime()?;
    let found = runtime.block_on(unreachable(targets(plan), timeout));
    // Whoever resolves a name cannot be told to stop.
    runtime.shutdown_background();
    Ok(found)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn targets(plan: &Plan) -> Vec<Target> {
    let upstreams = plan.upstreams.add.iter().chain(&plan.upstreams.change);
    upstreams.flat_map(|(_, upstream)| endpoints(upstream)).collect()
}

fn endpoints(upstream: &Upstream) -> impl Iterator<Item = Target> {
    let used = upstream.endpoints.iter().filter(|endpoint| endpoint.weight > 0);
    used.map(|endpoint| (upstream.name.clone(), Arc::clone(&endpoint.authority)))
}

async fn unreachable(targets: Vec<Target>, timeout: Duration) -> Vec<Unreachable> {
    let deadline = Instant::now() + timeout;
    let seats = Arc::new(Semaphore::new(AT_ONCE));
    let mut tries = JoinSet::new();
    for (upstream, endpoint) in targets {
        let seats = Arc::clone(&seats);
        tries.spawn(async move {
            let reason = attempt(&seats, &endpoint, deadline, timeout).await;
            reason.map(|reason| Unreachable {
                upstream,
                endpoint,
                reason,
            })
        });
    }
    let mut found: Vec<_> = tries.join_all().await.into_iter().flatten().collect();
    found.sort_by(|a, b| (&a.upstream, &a.endpoint).cmp(&(&b.upstream, &b.endpoint)));
    found
}

/// Why no connection comes about; nothing if one does.
async fn attempt(seats: &Semaphore, endpoint: &str, deadline: Instant, timeout: Duration) -> Option<String> {
    let Ok(seat) = timeout_at(deadline, seats.acquire()).await else {
        return Some(format!("not tried within {timeout:?}"));
    };
    let connected = timeout_at(deadline, TcpStream::connect(endpoint)).await;
    drop(seat);
    match connected {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no connection within {timeout:?}")),
    }
}

fn tell(found: &[Unreachable]) {
    for Unreachable {
        upstream,
        endpoint,
        reason,
    } in found.iter().take(TOLD)
    {
        tracing::warn!(%upstream, %endpoint, reason, "endpoint unreachable");
    }
    let more = found.len().saturating_sub(TOLD);
    if more > 0 {
        tracing::warn!(more, "further endpoints are unreachable");
    }
}

// === impl Running ===

impl Running {
    fn start(targets: Vec<Target>, timeout: Duration) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let runtime = runtime()?;
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    found = unreachable(targets, timeout) => tell(&found),
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("probe".to_owned()).spawn(run)?;
        Ok(Self { thread, _stop: stop })
    }
}

// === impl Prober ===

impl Follower for Prober {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let (old, new) = (&change.old.settings, &change.new.settings);
        let targets = match (old.probe, new.probe) {
            (_, None) => Vec::new(),
            // Who begins to ask wants to know it of all.
            (None, Some(_)) => change
                .new
                .upstreams
                .values()
                .flat_map(|one| endpoints(one))
                .collect(),
            (Some(_), Some(_)) => targets(change.plan),
        };
        let timeout = new.probe.map(|probe| probe.timeout);
        self.staged = timeout
            .filter(|_| !targets.is_empty())
            .map(|timeout| (targets, timeout));
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        if let Some((targets, timeout)) = self.staged.take() {
            let surplus = (self.running.len() + 1).saturating_sub(PROBES);
            self.running.drain(..surplus);
            self.running.push(Running::start(targets, timeout)?);
        }
        Ok(())
    }

    fn abandon(&mut self) {
        self.staged = None;
    }

    fn drain(&mut self) {
        self.running.retain(|running| !running.thread.is_finished());
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::model::{Admission, Balance, Endpoint, Model, Timeouts};

    fn plan(endpoints: &[String]) -> Plan {
        let name = Name::new("app");
        let endpoint = |authority: &String| Endpoint {
            authority: Arc::from(authority.as_str()),
            weight: 1,
        };
        let upstream = Upstream {
            protocol: crate::model::Protocol::Http1,
            name: name.clone(),
            endpoints: endpoints.iter().map(endpoint).collect(),
            resolve: crate::model::Resolve::default(),
            timeouts: Timeouts::default(),
            pool: crate::model::Pool::default(),
            tls: None,
            admission: Admission::default(),
            breaker: None,
            retry_budget: crate::model::RetryBudget::default(),
            balance: Balance::default(),
            sticky: None,
            health: None,
            ejection: None,
            slow_start: None,
        };
        let mut model = Model::default();
        model.upstreams.insert(name, Arc::new(upstream));
        Plan::between(&Model::default(), &model)
    }

    #[test]
    fn who_listens_is_reached_and_who_does_not_is_told_with_the_reason() {
        let listening = TcpListener::bind("127.0.0.1:0").expect("an address");
        let good = listening.local_addr().expect("its address").to_string();
        // Nobody listens on this address, whatever the port.
        let bad = "127.83.250.1:9".to_owned();
        let found = probe(&plan(&[good, bad.clone()]), Duration::from_secs(20)).expect("a probe");
        let [one] = &found[..] else { panic!("{found:?}") };
        assert_eq!((one.upstream.as_str(), &*one.endpoint), ("app", &*bad));
        assert!(one.reason.contains("refused"), "{one:?}");
    }

    #[test]
    fn who_does_not_answer_takes_no_longer_than_allowed() {
        // A full queue drops what comes, so that no connection comes about.
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("an address");
        socket.bind(&any.into()).expect("an address");
        socket.listen(0).expect("a queue");
        let address = socket
            .local_addr()
            .expect("its address")
            .as_socket()
            .expect("of IP");
        let queued = std::net::TcpStream::connect(address).expect("the only place");
        let began = std::time::Instant::now();
        let silent = address.to_string();
        let found = probe(&plan(&[silent]), Duration::from_millis(200)).expect("a probe");
        assert_eq!(found[0].reason, "no connection within 200ms");
        assert!(began.elapsed() >= Duration::from_millis(200));
        drop(queued);
    }
}
