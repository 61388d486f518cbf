//! Who may ask.
//!
//! A browser that shows a foreign page reaches loopback addresses as well as anybody. What it sends tells where it comes from, and is refused.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::answers::{Problem, Refusal};
use crate::model::Secret;

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// It comes from a page in a browser.
    Foreign,
    /// There is a token, and the request does not name one.
    NoToken,
    /// It names another one.
    WrongToken,
}

/// Whether a request may come from where it says to come from. With a token, it may name the proxy as it likes.
pub(super) fn check_origin(headers: &HeaderMap, token: Option<&Secret>) -> Result<(), Denied> {
    let rebound = token.is_none() && !headers.get_all(header::HOST).iter().all(is_local);
    if headers.contains_key(header::ORIGIN) || rebound {
        return Err(Denied::Foreign);
    }
    Ok(())
}

/// A name that anybody can let point to this machine is none that a user of this machine needs.
fn is_local(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.is_empty()
        || name.eq_ignore_ascii_case("localhost")
        || bare.unwrap_or(name).parse::<IpAddr>().is_ok()
}

/// Whether a request names the token.
pub(super) fn check_token(headers: &HeaderMap, token: Option<&Secret>) -> Result<(), Denied> {
    let Some(token) = token else { return Ok(()) };
    let given = headers.get(header::AUTHORIZATION).ok_or(Denied::NoToken)?;
    let (scheme, given) = given
        .to_str()
        .ok()
        .and_then(|given| given.split_once(' '))
        .ok_or(Denied::WrongToken)?;
    // Digests are of one length, so that not even the token's length can be measured.
    let same = Sha256::digest(given.trim()).ct_eq(&Sha256::digest(token.reveal()));
    if scheme.eq_ignore_ascii_case("bearer") && bool::from(same) {
        Ok(())
    } else {
        Err(Denied::WrongToken)
    }
}

/// What a caller who is denied is told.
pub(super) fn denied(denied: Denied) -> Refusal {
    let challenge = match denied {
        Denied::Foreign => {
            let detail = "a request from a page in a browser, or by a name that is not `localhost`";
            return (
                Problem::new(StatusCode::FORBIDDEN, "foreign", "not from there", detail),
                None,
            );
        }
        Denied::NoToken => "Bearer realm=\"reloadspec-proxy\"",
        Denied::WrongToken => "Bearer realm=\"reloadspec-proxy\", error=\"invalid_token\"",
    };
    let detail = "send `Authorization: Bearer` and the token of `admin.token`";
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "a token is needed",
        detail,
    );
    (
        problem,
        Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let fields = fields.iter();
        fields
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_the_token_opens() {
        let token = Secret::new("0123456789abcdef");
        let check = |value| check_token(&headers(&[(header::AUTHORIZATION, value)]), Some(&token));
        assert_eq!(check("Bearer 0123456789abcdef"), Ok(()));
        assert_eq!(check("bearer 0123456789abcdef"), Ok(()));
        for wrong in [
            "Bearer 0123456789abcde",
            "Bearer ",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
        ] {
            assert_eq!(check(wrong), Err(Denied::WrongToken), "{wrong}");
        }
        assert_eq!(check_token(&HeaderMap::new(), Some(&token)), Err(Denied::NoToken));
        assert_eq!(check_token(&HeaderMap::new(), None), Ok(()));
    }

    #[test]
    fn a_page_in_a_browser_is_foreign() {
        let host = |host| check_origin(&headers(&[(header::HOST, host)]), None);
        for local in ["127.0.0.1:9901", "[::1]:9901", "localhost", "LOCALHOST:1", ""] {
            assert_eq!(host(local), Ok(()), "{local}");
        }
        for foreign in [
            "evil.example",
            "evil.example:9901",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
        ] {
            assert_eq!(host(foreign), Err(Denied::Foreign), "{foreign}");
        }
        let named = headers(&[(header::HOST, "proxy.internal:9901")]);
        assert_eq!(check_origin(&named, Some(&Secret::new("x"))), Ok(()));
        let page = headers(&[
            (header::HOST, "127.0.0.1"),
            (header::ORIGIN, "http://evil.example"),
        ]);
        assert_eq!(check_origin(&page, Some(&Secret::new("x"))), Err(Denied::Foreign));
    }
}
