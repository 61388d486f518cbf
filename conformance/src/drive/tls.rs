//! The run's own authority, and clients who trust it and nobody else.
//!
//! In: nothing but an address to shake hands at. Out: certificates with their keys, and how each handshake ended. Never: a file, a certificate of the
//! machine's, a session that is resumed by another than who remembers it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, HandshakeKind, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::{Client, REQUEST_TIMEOUT};
use super::error::DriveError;
use super::wire::Stream;
use crate::target::{FURTHER_NAME, Reach};
use crate::vocabulary::{Caller, Event, Handshake, Leaf, Purpose, Shaken};

/// The name that most clients ask for, and certificates are of.
pub(super) const NAME: &str = "proxy.test";

/// How many sessions a client remembers.
const SESSIONS: usize = 8;

/// Gives certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    trust: Arc<Trust>,
}

/// What clients trust.
pub(super) struct Trust {
    config: ClientConfig,
    /// All that were given, in order: by that they are known.
    given: Mutex<Vec<CertificateDer<'static>>>,
}

/// A client, or several that know nothing of each other.
pub(super) struct Hand {
    trust: Arc<Trust>,
    caller: Caller,
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// A certificate and its key, as they are written.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) leaf: Leaf,
    pub(super) certificate: String,
    pub(super) key: String,
}

fn failed<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl FnOnce(E) -> DriveError {
    move |error| DriveError::system(what)(io::Error::other(error))
}

// === impl Authority ===

impl Authority {
    pub(super) fn new() -> Result<Self, DriveError> {
        let failed_to_make = "make a certificate authority for the run";
        let key = KeyPair::generate().map_err(failed(failed_to_make))?;
        let mut params = params("authority of a run", Vec::new()).map_err(failed(failed_to_make))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).map_err(failed(failed_to_make))?;
        let mut roots = RootCertStore::empty();
        roots.add(own.der().clone()).map_err(failed(failed_to_make))?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed(failed_to_make))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Who resumes a session is shown no certificate.
        config.resumption = Resumption::disabled();
        Ok(Self {
            issuer: Issuer::new(params, key),
            trust: Arc::new(Trust {
                config,
                given: Mutex::new(Vec::new()),
            }),
        })
    }

    pub(super) fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.trust)
    }

    /// The next certificate.
    pub(super) fn give(&self, name: &str) -> Result<Given, DriveError> {
        let failed_to_make = "make a certificate";
        let mut given = self.trust.given.lock().unwrap_or_else(PoisonError::into_inner);
        let leaf = Leaf(u32::try_from(given.len()).unwrap_or(u32::MAX).saturating_add(1));
        let key = KeyPair::generate().map_err(failed(failed_to_make))?;
        let params = params(&leaf.to_string(), vec![name.to_owned()]).map_err(failed(failed_to_make))?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(failed(failed_to_make))?;
        given.push(certificate.der().clone());
        Ok(Given {
            leaf,
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn params(subject: &str, names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, subject);
    Ok(params)
}

// === impl Trust ===

impl Trust {
    /// One who calls, and trusts nobody else.
    pub(super) fn caller(self: &Arc<Self>, caller: Caller) -> Arc<Hand> {
        let mut config = self.config.clone();
        if caller == Caller::Returning {
            config.resumption = Resumption::in_memory_sessions(SESSIONS);
        }
        let name = match caller {
            Caller::New | Caller::Returning => NAME,
            Caller::Further => FURTHER_NAME,
        };
        Arc::new(Hand {
            trust: Arc::clone(self),
            caller,
            connector: Arc::new(config).into(),
            // Both are names.
            name: ServerName::try_from(name).unwrap_or(ServerName::IpAddress(Ipv4Addr::LOCALHOST.into())),
        })
    }

    fn known(&self, shown: &CertificateDer<'_>) -> Option<Leaf> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let index = given.iter().position(|one| one.as_ref() == shown.as_ref())?;
        Some(Leaf(u32::try_from(index).ok()?.saturating_add(1)))
    }
}

// === impl Hand ===

impl Hand {
    /// Connects and shakes hands. The stream, if that went well.
    async fn shake(&self, reach: &Reach) -> (Shaken, Option<TlsStream<TcpStream>>) {
        let stream = match Stream::connect(reach).await {
            Ok(Stream::Tcp(stream)) => stream,
            // Where TLS is served is an address.
            Ok(_) => return (harness("not an address"), None),
            Err(error) => return (unconnected(&error), None),
        };
        match self.connector.connect(self.name.clone(), stream).await {
            Ok(stream) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let leaf = shown.and_then(|shown| self.trust.known(shown));
                let shaken = leaf.map_or_else(
                    || Shaken::Untrusted {
                        detail: "a certificate that was never given".to_owned(),
                    },
                    |leaf| Shaken::Showed { leaf },
                );
                (shaken, Some(stream))
            }
            Err(error) => (broken(&error), None),
        }
    }
}

fn harness(detail: &str) -> Shaken {
    Shaken::Harness {
        detail: detail.to_owned(),
    }
}

/// What came of a connect that failed.
fn unconnected(error: &io::Error) -> Shaken {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::TimedOut => {
            Shaken::Failed {
                detail: format!("connect: {error}"),
            }
        }
        // No port, no descriptor, no memory: ours, not the target's.
        _ => harness(&error.to_string()),
    }
}

/// What came of a handshake that failed.
fn broken(error: &io::Error) -> Shaken {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let detail = error.to_string();
    match cause {
        // That of the handshake: the certificate is of the authority, and the key is not its.
        Some(rustls::Error::InvalidCertificate(CertificateError::BadSignature)) => Shaken::Failed { detail },
        Some(rustls::Error::InvalidCertificate(_)) => Shaken::Untrusted { detail },
        _ => Shaken::Failed { detail },
    }
}

// === impl Client ===

impl Client {
    /// Shakes hands on a connection of its own, asks for something on it, and leaves it. Both are recorded.
    async fn ask_by_tls(&self, hand: &Hand) {
        let begin = self.recorder.now();
        let connection = self.recorder.next_number();
        let shaken = tokio::time::timeout(REQUEST_TIMEOUT, hand.shake(&self.reach)).await;
        let (end, stream) = shaken.unwrap_or((Shaken::TimedOut, None));
        let resumed = stream
            .as_ref()
            .is_some_and(|stream| stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed));
        self.recorder.record(Event::Handshake(Handshake {
            connection,
            begin,
            at: self.recorder.now(),
            caller: hand.caller,
            resumed,
            end,
        }));
        let Some(stream) = stream else { return };
        if let Ok(mut carried) = self.carry(Stream::Tls(Box::new(stream)), begin, connection).await {
            carried.ask(self.plain(Purpose::Load, REQUEST_TIMEOUT)).await;
        }
    }
}

/// Shakes hands again and again.
pub(super) async fn run_handshakes(
    client: Client,
    hand: Arc<Hand>,
    pause: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        client.ask_by_tls(&hand).await;
        // Either the pause is over, or the load; an error means the same as the latter.
        let _ = tokio::time::timeout(pause, stopped.wait_for(|stop| *stop)).await;
    }
}
