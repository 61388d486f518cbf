//! Header fields on the way through: what belongs to one connection stays there, and the proxy adds what it knows.

use http::header::{self, Entry};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

use crate::model::HeaderEdits;

/// How the proxy calls itself in `Via`, after the version of what it took.
const VIA: HeaderValue = HeaderValue::from_static("1.1 reloadspec");
const VIA_HTTP2: HeaderValue = HeaderValue::from_static("2 reloadspec");

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
pub(super) fn strip(headers: &mut HeaderMap, version: Version) -> Wishes {
    let mut wishes = Wishes::default();
    if version == Version::HTTP_2 {
        // Nothing is nominated there (RFC 9113 §8.2.2).
        wishes.trailers = takes_trailers(headers);
    }
    for nominated in take_all(headers, header::CONNECTION) {
        for token in tokens(&nominated) {
            if token.eq_ignore_ascii_case("te") {
                wishes.trailers |= takes_trailers(headers);
            } else if token.eq_ignore_ascii_case("upgrade") {
                wishes.upgrade = headers.get(header::UPGRADE).cloned().or(wishes.upgrade);
            }
            // These frame or address the message: nominating them is an attack or a mistake.
            if !["host", "content-length"]
                .iter()
                .any(|name| token.eq_ignore_ascii_case(name))
            {
                headers.remove(token);
            }
        }
    }
    while let Some(name) = headers.keys().find(|name| is_of_connection(name)).cloned() {
        headers.remove(name);
    }
    wishes
}

/// Whether a field belongs to one connection although `Connection` may not say so. Asked of each field that is there, because most messages have none of them.
fn is_of_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "te" | "transfer-encoding"
            | "upgrade"
            | "keep-alive"
            | "proxy-connection"
            | "http2-settings"
            | "connection"
    )
}

/// All values of a field, which is gone then.
fn take_all(headers: &mut HeaderMap, name: HeaderName) -> impl Iterator<Item = HeaderValue> + use<> {
    let (first, others) = match headers.entry(name) {
        Entry::Occupied(field) => {
            let (_, mut values) = field.remove_entry_mult();
            (values.next(), values.collect())
        }
        Entry::Vacant(_) => (None, Vec::new()),
    };
    first.into_iter().chain(others)
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::TE).iter();
    values.any(|value| tokens(value).any(|token| token.eq_ignore_ascii_case("trailers")))
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
    let tokens = value.to_str().unwrap_or_default().split(',').map(str::trim);
    tokens.filter(|token| !token.is_empty())
}

/// Tells the upstream who asks, and that it is asked through a proxy. Who has no address, because it came by a socket in the file system, is a
/// program of this machine, mostly another proxy: what it says of its own client stands.
pub(super) fn introduce(
    headers: &mut HeaderMap,
    version: Version,
    client: Option<&HeaderValue>,
    is_tls: bool,
) {
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
    pass_through(headers, version);
}

/// One field again of what HTTP/2 allows to be split (RFC 9113 §8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if crumbs.len() > 1
        && let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(header::COOKIE, whole);
    }
}

fn extend_chain(headers: &mut HeaderMap, client: &HeaderValue) {
    match headers.entry(X_FORWARDED_FOR) {
        Entry::Vacant(field) => {
            field.insert(client.clone());
        }
        Entry::Occupied(mut field) => {
            let chain: Vec<&str> = field
                .iter()
                .chain([client])
                .filter_map(|value| value.to_str().ok())
                .collect();
            if let Ok(chain) = HeaderValue::try_from(chain.join(", ")) {
                field.insert(chain);
            }
        }
    }
}

/// Notes that the message came through here, and in which version.
pub(super) fn pass_through(headers: &mut HeaderMap, version: Version) {
    let via = if version == Version::HTTP_2 {
        VIA_HTTP2
    } else {
        VIA
    };
    headers.append(header::VIA, via);
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
        assert_eq!(strip(&mut message, Version::HTTP_11), Wishes::default());
        assert_eq!(
            message,
            headers(&[("host", "a"), ("content-length", "3"), ("x-kept", "2")])
        );
    }

    #[test]
    fn an_upgrade_is_a_wish_only_if_connection_says_so() {
        let mut message = headers(&[("upgrade", "websocket")]);
        assert_eq!(strip(&mut message, Version::HTTP_11).upgrade, None);
        let mut message = headers(&[("upgrade", "websocket"), ("connection", "keep-alive, Upgrade")]);
        assert_eq!(
            strip(&mut message, Version::HTTP_11).upgrade,
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
        let client = HeaderValue::from_static("127.0.0.9");
        introduce(&mut message, Version::HTTP_11, Some(&client), false);
        assert_eq!(message["x-forwarded-for"], "1.1.1.1, 2.2.2.2, 127.0.0.9");
        assert_eq!(message["x-forwarded-host"], "h:80");
        assert_eq!(message["via"], "1.1 reloadspec");
    }

    #[test]
    fn what_http2_splits_and_does_not_nominate_is_understood() {
        let mut message = headers(&[
            ("cookie", "a=1"),
            ("cookie", "b=2; c=3"),
            ("te", "trailers"),
            ("x", "1"),
        ]);
        assert!(strip(&mut message, Version::HTTP_2).trailers);
        join_cookies(&mut message);
        assert_eq!(message, headers(&[("cookie", "a=1; b=2; c=3"), ("x", "1")]));
        pass_through(&mut message, Version::HTTP_2);
        assert_eq!(message["via"], "2 reloadspec");
    }
}
