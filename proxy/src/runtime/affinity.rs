//! What binds a request to an endpoint: the key that it is hashed by, and the cookie that names the endpoint.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};

use super::upstream::Upstream;
use crate::model::{Balance, HashBy, SameSite, Sticky};

/// What a request asks of a choice.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// The endpoint that a cookie names.
    pub(super) sticky: Option<usize>,
    /// The digest of its key.
    pub(super) key: Option<u64>,
}

/// A number that depends on these bytes alone, in every process.
pub(super) fn digest(parts: &[&[u8]]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let first = digest.iter().take(8);
    first.fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let fields = headers.get_all(header::COOKIE).iter();
    let pairs = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'));
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(found, value)| (found.trim() == name).then(|| value.trim()))
}

// === impl Wanted ===

impl Wanted {
    /// By the head of a request, as it came.
    pub(super) fn of(upstream: &Upstream, headers: &HeaderMap, client: Option<IpAddr>) -> Self {
        let sticky = upstream.definition.sticky.as_ref();
        let sticky = sticky
            .and_then(|sticky| cookie(headers, &sticky.cookie))
            .and_then(|token| upstream.named(token));
        let key = match &upstream.definition.balance {
            Balance::Hash(hash) => match &hash.by {
                HashBy::Client => client.map(|client| digest(&[client.to_string().as_bytes()])),
                HashBy::Header(name) => headers.get(name).map(|value| digest(&[value.as_bytes()])),
                HashBy::Cookie(name) => cookie(headers, name).map(|value| digest(&[value.as_bytes()])),
            },
            _ => None,
        };
        Self { sticky, key }
    }
}

/// The field that has a client come back to an endpoint.
pub(super) fn set_cookie(sticky: &Sticky, token: &str, is_tls: bool) -> Option<HeaderValue> {
    let Sticky { cookie, same_site } = sticky;
    let site = match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    };
    // A cookie for all sites is not taken without it.
    let secure = if is_tls || *same_site == SameSite::None {
        "; Secure"
    } else {
        ""
    };
    HeaderValue::try_from(format!(
        "{cookie}={token}; Path=/; HttpOnly; SameSite={site}{secure}"
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", HeaderValue::from_static("xapp=1; app=2;app=3"));
        assert_eq!(cookie(&headers, "app"), Some("2"));
        assert_eq!(cookie(&headers, "ap"), None);
    }

    #[test]
    fn a_cookie_is_not_for_scripts_and_secure_where_it_has_to_be() {
        let shown = |same_site, is_tls| {
            let cookie = Arc::from("app");
            let value = set_cookie(&Sticky { cookie, same_site }, "t", is_tls);
            value.expect("a value").to_str().expect("text").to_owned()
        };
        assert_eq!(
            shown(SameSite::Lax, false),
            "app=t; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(shown(SameSite::Lax, true).ends_with("; Secure"));
        assert!(shown(SameSite::None, false).ends_with("SameSite=None; Secure"));
    }

    #[test]
    fn a_digest_is_the_same_in_every_process() {
        assert_eq!(
            digest(&[b"app", b"127.0.0.1:9000"]),
            digest(&[b"app", b"127.0.0.1:9000"])
        );
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_eq!(digest(&[b"a"]), 0x3b19_6fd4_907b_edf5);
    }
}
