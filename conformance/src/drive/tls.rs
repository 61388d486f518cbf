//! The run's own authority, and clients who trust it and nobody else.
//!
//! In: nothing but an address to shake hands at. Out: certificates with their keys, and how each handshake ended. Never: a file, a session that is
//! resumed, a certificate of the machine's.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::{Client, REQUEST_TIMEOUT};
use super::error::DriveError;
use super::wire::Stream;
use crate::target::Reach;
use crate::vocabulary::{Event, Handshake, Leaf, Purpose, Shaken};

/// The name that clients ask for, and certificates are of.
const NAME: &str = "proxy.test";

/// Gives certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    trust: Arc<Trust>,
}

/// What clients trust.
pub(super) struct Trust {
    connector: TlsConnector,
    name: ServerName<'static>,
    /// All that were given, in order: by that they are known.
    given: Mutex<Vec<CertificateDer<'static>>>,
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
        let name = ServerName::try_from(NAME).map_err(failed(failed_to_make))?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            trust: Arc::new(Trust {
                connector: Arc::new(config).into(),
                name,
                given: Mutex::new(Vec::new()),
            }),
        })
    }

    pub(super) fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.trust)
    }

    /// The next certificate.
    pub(super) fn give(&self) -> Result<Given, DriveError> {
        let failed_to_make = "make a certificate";
        let mut given = self.trust.given.lock().unwrap_or_else(PoisonError::into_inner);
        let leaf = Leaf(u32::try_from(given.len()).unwrap_or(u32::MAX).saturating_add(1));
        let key = KeyPair::generate().map_err(failed(failed_to_make))?;
        let params = params(&leaf.to_string(), vec![NAME.to_owned()]).map_err(failed(failed_to_make))?;
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
                let leaf = shown.and_then(|shown| self.known(shown));
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

    fn known(&self, shown: &CertificateDer<'_>) -> Option<Leaf> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let index = given.iter().position(|one| one.as_ref() == shown.as_ref())?;
        Some(Leaf(u32::try_from(index).ok()?.saturating_add(1)))
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
    async fn ask_by_tls(&self, trust: &Trust) {
        let begin = self.recorder.now();
        let connection = self.recorder.next_number();
        let shaken = tokio::time::timeout(REQUEST_TIMEOUT, trust.shake(&self.reach)).await;
        let (end, stream) = shaken.unwrap_or((Shaken::TimedOut, None));
        self.recorder.record(Event::Handshake(Handshake {
            connection,
            begin,
            at: self.recorder.now(),
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
    trust: Arc<Trust>,
    pause: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        client.ask_by_tls(&trust).await;
        // Either the pause is over, or the load; an error means the same as the latter.
        let _ = tokio::time::timeout(pause, stopped.wait_for(|stop| *stop)).await;
    }
}
