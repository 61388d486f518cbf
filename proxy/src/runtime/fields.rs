//! Header fields on the way through: what belongs to one connection stays there, and the proxy adds what it knows.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::model::HeaderEdits;

/// How the proxy calls itself in `Via`.
const VIA: HeaderValue = HeaderValue::from_static("1.1 reloadspec");

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What a message wanted of its connection beyond the message itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    /// The protocol to change to.
    pub(super) upgrade: Option<HeaderValue>,
    /// The client takes trailers.
    pub(super) trailers: bool,
}

/// Takes away every field that belongs to the connection that a message came by (RFC 9110 §7.6.1), those that `Connection` nominates
/// included, and returns what they asked for.
pub(super) fn strip(headers: &mut HeaderMap) -> Wishes {
    let mut wishes = Wishes::default();
    if headers.contains_key(header::CONNECTION) {
        let nominated: Vec<HeaderName> = tokens(headers, &header::CONNECTION)
            .filter_map(|token| token.parse().ok())
            .collect();
        if nominated.contains(&header::UPGRADE) {
            wishes.upgrade = headers.get(header::UPGRADE).cloned();
        }
        if nominated.contains(&header::TE) {
            wishes.trailers =
                tokens(headers, &header::TE).any(|token| token.eq_ignore_ascii_case("trailers"));
        }
        for name in nominated {
            // These frame or address the message: nominating them is an attack or a mistake.
            if name != header::HOST && name != header::CONTENT_LENGTH {
                headers.remove(name);
            }
        }
        headers.remove(header::CONNECTION);
    }
    for name in [
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        HTTP2_SETTINGS,
    ] {
        headers.remove(name);
    }
    wishes
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

/// Tells the upstream who asks, and that it is asked through a proxy. Who has no address, because it came by a socket in the file system, is a
/// program of this machine, mostly another proxy: what it says of its own client stands.
pub(super) fn introduce(headers: &mut HeaderMap, client: Option<IpAddr>, is_tls: bool) {
    if let Some(client) = client {
        extend_chain(headers, client);
    }
    headers.insert(
        X_FORWARDED_PROTO,
        HeaderValue::from_static(if is_tls { "https" } else { "http" }),
    );
    match headers.get(header::HOST).cloned() {
        Some(host) => headers.insert(X_FORWARDED_HOST, host),
        None => headers.remove(X_FORWARDED_HOST),
    };
    pass_through(headers);
}

fn extend_chain(headers: &mut HeaderMap, client: IpAddr) {
    let chain = match headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
    {
        before if before.is_empty() => client.to_string(),
        before => format!("{}, {client}", before.join(", ")),
    };
    if let Ok(chain) = HeaderValue::try_from(chain) {
        headers.insert(X_FORWARDED_FOR, chain);
    }
}

/// Notes that the message came through here.
pub(super) fn pass_through(headers: &mut HeaderMap) {
    headers.append(header::VIA, VIA);
}

/// Removes and sets fields as configured.
pub(super) fn edit(headers: &mut HeaderMap, edits: &HeaderEdits) {
    for name in &edits.remove {
        headers.remove(name);
    }
    for (name, value) in &edits.set {
        headers.insert(name.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = fields
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    }

    #[test]
    fn nominated_fields_stay_behind() {
        let mut message = headers(&[
            ("connection", "close, X-Secret"),
            ("connection", "host, content-length"),
            ("x-secret", "1"),
            ("host", "a"),
            ("content-length", "3"),
            ("keep-alive", "timeout=5"),
            ("x-kept", "2"),
        ]);
        assert_eq!(strip(&mut message), Wishes::default());
        assert_eq!(
            message,
            headers(&[("host", "a"), ("content-length", "3"), ("x-kept", "2")])
        );
    }

    #[test]
    fn an_upgrade_is_a_wish_only_if_connection_says_so() {
        assert_eq!(strip(&mut headers(&[("upgrade", "websocket")])).upgrade, None);
        let mut message = headers(&[("upgrade", "websocket"), ("connection", "keep-alive, Upgrade")]);
        assert_eq!(
            strip(&mut message).upgrade,
            Some(HeaderValue::from_static("websocket"))
        );
        assert!(message.is_empty());
    }

    #[test]
    fn the_chain_of_clients_grows_at_its_end() {
        let mut message = headers(&[
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("host", "h:80"),
        ]);
        introduce(&mut message, "127.0.0.9".parse().ok(), false);
        assert_eq!(message["x-forwarded-for"], "1.1.1.1, 2.2.2.2, 127.0.0.9");
        assert_eq!(message["x-forwarded-host"], "h:80");
        assert_eq!(message["via"], "1.1 reloadspec");
    }
}
