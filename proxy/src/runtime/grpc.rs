//! What gRPC asks of a proxy: a refusal that its clients understand, and a deadline that the client gives.
//!
//! After the [protocol over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) and the
//! [mapping of statuses](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::body::ResponseBody;
use super::refusal::Refusal;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const TIMEOUT: &str = "grpc-timeout";

/// Whether a request is of gRPC.
pub(super) fn asks(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = kind.and_then(|kind| kind.strip_prefix(CONTENT_TYPE.as_bytes()));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// How long the client waits for the whole of its call, if it says so.
pub(super) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// A refusal as an answer that has trailers alone: its HTTP status is 200, because it is the call that fails.
pub(super) fn refusal(refusal: Refusal) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(bytes::Bytes::new()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    headers.insert(STATUS, HeaderValue::from(status(refusal)));
    // What refusals say is of characters that need no percent-encoding.
    if let Ok(message) = HeaderValue::try_from(refusal.to_string()) {
        headers.insert(MESSAGE, message);
    }
    response
}

fn status(refusal: Refusal) -> u16 {
    match refusal.status() {
        StatusCode::BAD_REQUEST => 13,
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED => 12,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => 8,
        StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => 4,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::MISDIRECTED_REQUEST
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE => 14,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let name = HeaderName::from_static(name);
        [(name, HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn a_call_is_known_by_its_content_type() {
        for kind in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;charset=utf-8",
        ] {
            assert!(asks(&headers("content-type", kind)), "{kind}");
        }
        for kind in ["application/grpc-web", "application/json", ""] {
            assert!(!asks(&headers("content-type", kind)), "{kind}");
        }
        assert!(!asks(&HeaderMap::new()));
    }

    #[test]
    fn a_deadline_has_a_number_and_a_unit() {
        let of = |text| timeout(&headers("grpc-timeout", text));
        assert_eq!(of("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(of("3M"), Some(Duration::from_secs(180)));
        assert_eq!(of("10S"), Some(Duration::from_secs(10)));
        assert_eq!(of("250m"), Some(Duration::from_millis(250)));
        assert_eq!(of("99999999u"), Some(Duration::from_micros(99_999_999)));
        assert_eq!(of("5n"), Some(Duration::from_nanos(5)));
        for text in ["", "S", "1", "1s", "-1S", "123456789S", "1 S"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
