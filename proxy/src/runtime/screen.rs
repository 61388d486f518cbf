//! What a request must look like before it is looked at any closer. hyper has refused what is no HTTP; this refuses what hyper lets pass.

use http::{HeaderValue, Method, Request, Version, header};
use hyper::body::{Body, Incoming};

use super::refusal::Refusal;
use crate::model::Limits;

/// Checks a request; what is good about it is returned as its host, in lower case and without a port, empty if there is none.
///
/// A target in absolute form names the host, and the `Host` field is made to agree (RFC 9112 §3.2.2).
pub(super) fn screen(request: &mut Request<Incoming>, limits: &Limits) -> Result<String, Refusal> {
    if request.method() == Method::CONNECT {
        return Err(Refusal::BadMethod);
    }
    sizes(request, limits)?;
    framing(request)?;
    if has_dot_segment(request.uri().path()) || is_of_another_method(request) {
        return Err(Refusal::BadTarget);
    }
    host(request)
}

/// The authority alone is for CONNECT, and `*` for OPTIONS (RFC 9112 §3.2.3, §3.2.4).
fn is_of_another_method<T>(request: &Request<T>) -> bool {
    let uri = request.uri();
    let is_authority = uri.authority().is_some() && uri.scheme().is_none();
    is_authority || (uri.path() == "*" && request.method() != Method::OPTIONS)
}

fn sizes(request: &Request<Incoming>, limits: &Limits) -> Result<(), Refusal> {
    let headers = request.headers();
    let fields: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if fields + target > limits.header_bytes || headers.len() > limits.header_count {
        return Err(Refusal::HeadTooLarge);
    }
    Ok(())
}

/// hyper has settled which framing counts; what is left is a coding that nobody here can read.
fn framing(request: &Request<Incoming>) -> Result<(), Refusal> {
    let headers = request.headers();
    if let Some(coding) = headers.get(header::TRANSFER_ENCODING) {
        let only = headers.get_all(header::TRANSFER_ENCODING).iter().count() == 1;
        if !only || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::UnknownCoding);
        }
    }
    Ok(())
}

/// Whether a body is known to be larger than its route takes, before anything of it is read.
pub(super) fn is_too_large(body: &Incoming, limits: &Limits) -> bool {
    let known = body.size_hint().exact().zip(limits.body_bytes);
    known.is_some_and(|(length, limit)| length > limit)
}

fn host(request: &mut Request<Incoming>) -> Result<String, Refusal> {
    let mut fields = request.headers().get_all(header::HOST).iter();
    let (first, second) = (fields.next(), fields.next());
    let needs_field = request.version() == Version::HTTP_11;
    if second.is_some() || (first.is_none() && needs_field) {
        return Err(Refusal::BadHost);
    }
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned());
    let text = match (&authority, first) {
        (Some(authority), _) => authority.as_str(),
        (None, Some(field)) => field.to_str().map_err(|_| Refusal::BadHost)?,
        (None, None) => "",
    };
    let host = without_port(text).ok_or(Refusal::BadHost)?;
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    // By HTTP/2, a field that says something else makes a request malformed (RFC 9113 §8.3.1).
    let differs = |authority: &String| {
        first.is_some_and(|field| !field.as_bytes().eq_ignore_ascii_case(authority.as_bytes()))
    };
    if request.version() == Version::HTTP_2 && (text.is_empty() || authority.as_ref().is_some_and(differs)) {
        return Err(Refusal::BadHost);
    }
    if let Some(authority) = authority {
        let field = HeaderValue::try_from(authority).map_err(|_| Refusal::BadHost)?;
        request.headers_mut().insert(header::HOST, field);
    }
    Ok(host)
}

/// The host of `host[:port]`, if both are well-formed.
fn without_port(text: &str) -> Option<&str> {
    let (host, port) = match text.rfind(':') {
        Some(colon) if !text.ends_with(']') => (&text[..colon], &text[colon + 1..]),
        _ => (text, ""),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte);
    let host_fits = match bracketed {
        Some(host) => host
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'),
        None => host.bytes().all(fits),
    };
    (host_fits && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(host)
}

/// Whether a path has a segment `.` or `..`, dots and slashes written out or encoded, or a slash the other way round: what it leads to
/// depends on who resolves it.
fn has_dot_segment(path: &str) -> bool {
    let is_dots = |segment: &str| segment == "." || segment == "..";
    if !path.contains(['%', '\\']) {
        return path.contains('.') && path.split('/').any(is_dots);
    }
    let plain = path
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    plain.split(['/', '\\']).any(is_dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_are_seen_in_every_spelling() {
        for path in [
            "/..",
            "/a/../b",
            "/a/./b",
            "/%2e%2E/x",
            "/a/.%2e",
            "/public/..%2f..%2fadmin",
            "/a%2F%2e%2E",
            "/a/..%5Cb",
            "/a%5c.",
            "/a\\..\\b",
        ] {
            assert!(has_dot_segment(path), "{path}");
        }
        for path in [
            "/", "/a", "/...", "/a..b/.c", "/%2fa", "/a%2e", "/a..%2fb", "/%5c", "/a%2f...",
        ] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }

    #[test]
    fn ports_and_brackets_are_no_part_of_a_host() {
        assert_eq!(without_port("Example.org:80"), Some("Example.org"));
        assert_eq!(without_port("[::1]:8080"), Some("[::1]"));
        assert_eq!(without_port("[::1]"), Some("[::1]"));
        assert_eq!(without_port("a b"), None);
        assert_eq!(without_port("a:b"), None);
        assert_eq!(without_port("user@host"), None);
    }
}
