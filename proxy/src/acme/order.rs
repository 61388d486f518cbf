//! One order, from the account to the certificate (RFC 8555 §7).

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::client::Client;
use super::store::Store;
use crate::model::{Acme, Challenge, Protocol, UpstreamTls};
use crate::runtime::{Secured, Shared};
use crate::tls::{self, Issued, Slot, Unusable};

/// Who issues certificates, and the account there.
pub(super) struct Authority {
    pub(super) acme: Arc<Acme>,
    pub(super) store: Store,
    /// Nothing until the first order. One who asks for it makes it, and the others wait.
    account: Mutex<Option<Account>>,
}

/// An account as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    contact: Vec<String>,
    credentials: AccountCredentials,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("{}", told(.0))]
    Acme(#[from] Error),
    #[error("what was issued cannot be used: {0}")]
    Unusable(#[from] Unusable),
    #[error("the authority cannot be spoken to: {0}")]
    Client(Unusable),
    #[error("the account could not be stored: {0}")]
    Store(#[from] std::io::Error),
    #[error("the authority does not offer the challenge `{0}`")]
    NoChallenge(&'static str),
    #[error("the authority did not find the host to be ours: {0}")]
    NotOurs(String),
    #[error("the authority took too long")]
    TooSlow,
}

/// What answers a challenge while it is held.
struct Answer<'a> {
    slot: &'a Slot,
    shared: &'a Shared,
    token: Option<String>,
}

/// While the authority looks at the host, and while it makes the certificate.
const POLLING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .timeout(Duration::from_secs(120));
/// A nonce that the authority does not take, which says nothing of the request (RFC 8555 §6.5). Each request is tried three times because of it, and so is all of an order.
const BAD_NONCE: &str = "urn:ietf:params:acme:error:badNonce";
const ATTEMPTS: usize = 3;
/// An account that the authority does not know any more (RFC 8555 §6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Whether an error is of this type.
fn is(error: &Error, kind: &str) -> bool {
    matches!(error, Error::Api(problem) if problem.r#type.as_deref() == Some(kind))
}

/// What the authority says is wrong, in its words.
fn told(error: &Error) -> String {
    match error {
        Error::Api(problem) => {
            let kind = problem.r#type.as_deref().unwrap_or("no type");
            let detail = problem.detail.as_deref().unwrap_or("no detail");
            format!("the authority refused: {detail} ({kind})")
        }
        Error::Timeout(_) => "the authority took too long".to_owned(),
        other => format!("no answer from the authority: {other}"),
    }
}

// === impl Authority ===

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("directory", &self.acme.directory)
            .finish_non_exhaustive()
    }
}

impl Authority {
    pub(super) fn new(acme: Arc<Acme>, store: Store) -> Self {
        Self {
            acme,
            store,
            account: Mutex::default(),
        }
    }

    /// Obtains a certificate for a host.
    pub(super) async fn order(&self, host: &str, slot: &Slot, shared: &Shared) -> Result<Issued, Failed> {
        for _ in 1..ATTEMPTS {
            match self.try_order(host, slot, shared).await {
                Err(Failed::Acme(error)) if is(&error, BAD_NONCE) => {}
                done => return done,
            }
        }
        self.try_order(host, slot, shared).await
    }

    async fn try_order(&self, host: &str, slot: &Slot, shared: &Shared) -> Result<Issued, Failed> {
        let account = self.account().await?;
        let identifiers = [Identifier::Dns(host.to_owned())];
        let order = account.new_order(&NewOrder::new(&identifiers)).await;
        if order.as_ref().is_err_and(|error| is(error, NO_ACCOUNT)) {
            // Whatever it was, the next order makes a new one.
            let mut held = self.account.lock().await;
            if held.as_ref().is_some_and(|held| held.id() == account.id()) {
                *held = None;
                self.store.save_account(b"")?;
            }
        }
        let mut order = order?;
        let answer = self.answer(&mut order, host, slot, shared).await?;
        let status = order.poll_ready(&POLLING).await;
        drop(answer);
        match status {
            Ok(OrderStatus::Ready) => {}
            Err(error) if is(&error, BAD_NONCE) => return Err(error.into()),
            Ok(_) | Err(Error::Api(_)) => return Err(Failed::NotOurs(why(&mut order).await)),
            Err(error) => return Err(error.into()),
        }
        let (key, request) = tls::request(host)?;
        order.finalize_csr(&request).await?;
        let chain = order.poll_certificate(&POLLING).await?;
        Ok(Issued::read(format!("{key}{chain}"), host)?)
    }

    /// Answers what the authority asks of a host, for as long as what is given is held.
    async fn answer<'a>(
        &self,
        order: &mut Order,
        host: &str,
        slot: &'a Slot,
        shared: &'a Shared,
    ) -> Result<Vec<Answer<'a>>, Failed> {
        let kind = match self.acme.challenge {
            Challenge::Http01 => ChallengeType::Http01,
            Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
        };
        let mut answers = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let missing = Failed::NoChallenge(self.acme.challenge.word());
            let mut challenge = authorization.challenge(kind.clone()).ok_or(missing)?;
            let proof = challenge.key_authorization();
            let token = match self.acme.challenge {
                Challenge::Http01 => {
                    shared.issuance.challenge(&challenge.token, Some(proof.as_str()));
                    Some(challenge.token.clone())
                }
                Challenge::TlsAlpn01 => {
                    slot.challenge(Some(tls::challenge(host, proof.digest().as_ref())?));
                    None
                }
            };
            answers.push(Answer { slot, shared, token });
            challenge.set_ready().await?;
        }
        Ok(answers)
    }

    /// The account with the authority: that of before, or a new one.
    async fn account(&self) -> Result<Account, Failed> {
        let mut held = self.account.lock().await;
        if let Some(account) = &*held {
            return Ok(account.clone());
        }
        let trusted = UpstreamTls {
            roots: self.acme.roots.clone(),
            server_name: None,
            certificate: None,
        };
        let config = tls::client(&trusted, Protocol::Http1).map_err(Failed::Client)?;
        let client = Client(Arc::new(Secured::new(config, None)));
        let builder = Account::builder_with_http(Box::new(client));
        let contact: Vec<&str> = self.acme.contact.iter().map(AsRef::as_ref).collect();
        let stored = self.store.account();
        let stored = stored.and_then(|stored| serde_json::from_slice::<Stored>(&stored).ok());
        let account = if let Some(stored) = stored {
            self.restore(builder, stored, &contact).await?
        } else {
            let new = NewAccount {
                contact: &contact,
                terms_of_service_agreed: true,
                only_return_existing: false,
            };
            let directory = self.acme.directory.to_string();
            let (account, credentials) = builder.create(&new, directory, None).await?;
            if let Err(error) = self.keep(&contact, credentials) {
                tracing::warn!(%error, "the account could not be stored: the next start makes another one");
            }
            account
        };
        *held = Some(account.clone());
        Ok(account)
    }

    /// An account of before, which the authority reaches by `contact` from now on.
    async fn restore(
        &self,
        builder: AccountBuilder,
        stored: Stored,
        contact: &[&str],
    ) -> Result<Account, Failed> {
        let Stored {
            contact: known,
            credentials,
        } = stored;
        let kept = serde_json::to_value(&credentials).map_err(Error::from)?;
        let account = builder.from_credentials(credentials).await?;
        if known != contact {
            // Certificates are issued all the same.
            if let Err(error) = account.update_contacts(contact).await {
                tracing::warn!(error = told(&error), "the authority was not told the new contact");
            } else {
                let credentials = serde_json::from_value(kept).map_err(Error::from)?;
                self.keep(contact, credentials)?;
            }
        }
        Ok(account)
    }

    fn keep(&self, contact: &[&str], credentials: AccountCredentials) -> Result<(), Failed> {
        let stored = Stored {
            contact: contact.iter().map(ToString::to_string).collect(),
            credentials,
        };
        let stored = serde_json::to_vec(&stored).map_err(Error::from)?;
        Ok(self.store.save_account(&stored)?)
    }
}

/// What the authority found when it looked at the host.
async fn why(order: &mut Order) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else {
            continue;
        };
        let mut errors = state
            .challenges
            .iter()
            .filter_map(|challenge| challenge.error.as_ref());
        if let Some(detail) = errors.find_map(|error| error.detail.clone()) {
            return detail;
        }
    }
    "it did not say why".to_owned()
}

// === impl Answer ===

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        match &self.token {
            Some(token) => self.shared.issuance.challenge(token, None),
            None => self.slot.challenge(None),
        }
    }
}
