//! Header fields on the way through: what belongs to one connection stays there, and the proxy adds what it knows.

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use crate::model::HeaderEdits;

/// How the proxy calls itself in `Via`, after the version of what it took.
const VIA: HeaderValue = HeaderValue::from_static("1.1 reloadspec");
const VIA_HTTP2: HeaderValue = HeaderValue::from_static("2 reloadspec");

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
pub(super) fn strip(headers: &mut HeaderMap, version: Version) -> Wishes {
    let takes_trailers =
        |headers: &_| tokens(headers, &header::TE).any(|token| token.eq_ignore_ascii_case("trailers"));
    let mut wishes = Wishes::default();
    if version == Version::HTTP_2 {
        // Nothing is nominated there (RFC 9113 §8.2.2).
        wishes.trailers = takes_trailers(headers);
    }
    if headers.contains_key(header::CONNECTION) {
        let nominated: Vec<HeaderName> = tokens(headers, &header::CONNECTION)
            .filter_map(|token| token.parse().ok())
            .collect();
        if nominated.contains(&header::UPGRADE) {
            wishes.upgrade = headers.get(header::UPGRADE).cloned();
        }
        if nominated.contains(&header::TE) {
            wishes.trailers = takes_trailers(headers);
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
    let before = headers.get_all(X_FORWARDED_FOR).iter();
    let chain: Vec<&str> = before
        .chain([client])
        .filter_map(|value| value.to_str().ok())
        .collect();
    let chain = match chain[..] {
        [_] => Ok(client.clone()),
        _ => HeaderValue::try_from(chain.join(", ")),
    };
    if let Ok(chain) = chain {
        headers.insert(X_FORWARDED_FOR, chain);
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
