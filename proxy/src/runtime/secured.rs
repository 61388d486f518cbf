//! TLS to an upstream.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::upstream::host_of;
use crate::model::server_name;

/// What shakes hands with the endpoints of an upstream, and whom they have to be.
///
/// Connections are kept by it: one whose handshake was by other rules is not used again.
#[derive(Debug)]
pub struct Secured {
    /// No other one has it.
    pub(super) number: u64,
    config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
}

/// Of connections in the clear.
pub(super) const CLEAR: u64 = 0;

// === impl Secured ===

impl Secured {
    /// By these rules, with this name, or with the host of each endpoint.
    pub fn new(config: Arc<ClientConfig>, name: Option<ServerName<'static>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(CLEAR + 1);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            config,
            name,
        }
    }

    pub(crate) async fn shake_hands(
        &self,
        stream: TcpStream,
        authority: &str,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = self.name.clone().or_else(|| server_name(host_of(authority)));
        let name = name.ok_or_else(|| io::Error::other("no certificate can be for it"))?;
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, stream)
            .await
    }
}
