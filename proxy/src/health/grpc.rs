//! The health check of gRPC: `grpc.health.v1.Health/Check`, as the
//! [protocol](https://github.com/grpc/grpc/blob/master/doc/health-checking.md) has it.
//!
//! Its two messages have one field each, so that they are written and read by hand (the wire format of Protocol Buffers: a tag, then a number or a length and so
//! many bytes).

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName};

/// Where it is asked.
pub(super) const PATH: &str = "/grpc.health.v1.Health/Check";
/// An answer is a few bytes, whatever fields later versions add.
pub(super) const ANSWER_BYTES: usize = 4096;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// A field of bytes with the number 1: the service.
const SERVICE: u8 = 1 << 3 | BYTES;
/// A number with the number 1: how the service is.
const SERVING_STATUS: u64 = 1 << 3 | NUMBER as u64;

const NUMBER: u8 = 0;
const EIGHT_BYTES: u8 = 1;
const BYTES: u8 = 2;
const FOUR_BYTES: u8 = 5;

/// Why an answer is not that of a service that serves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the call ended without a status")]
    NoStatus,
    #[error("the call failed with status {0}")]
    Failed(String),
    #[error("the answer is no message of a health check")]
    NoMessage,
    #[error("the service is {0}")]
    NotServing(&'static str),
}

/// What is asked: a message about a service, with the length before it.
pub(super) fn question(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(SERVICE);
        put_number(&mut message, service.len() as u64);
        message.put_slice(service.as_bytes());
    }
    let mut framed = BytesMut::with_capacity(5 + message.len());
    // It is not compressed.
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put(message);
    framed.freeze()
}

/// What an answer amounts to: its fields, its body, and its trailers, if there are any.
pub(super) fn judge(fields: &HeaderMap, body: &[u8], trailers: Option<&HeaderMap>) -> Result<(), Unfit> {
    // An answer that is nothing but a failure has its status in the place of its fields.
    let status = trailers
        .and_then(|trailers| trailers.get(STATUS))
        .or_else(|| fields.get(STATUS));
    match status.map(|status| status.to_str().unwrap_or("?")) {
        None => return Err(Unfit::NoStatus),
        Some("0") => {}
        Some(other) => return Err(Unfit::Failed(other.chars().take(8).collect())),
    }
    match message(body).and_then(serving_status) {
        Some(1) => Ok(()),
        Some(0) => Err(Unfit::NotServing("UNKNOWN")),
        Some(2) => Err(Unfit::NotServing("NOT_SERVING")),
        Some(3) => Err(Unfit::NotServing("SERVICE_UNKNOWN")),
        Some(_) => Err(Unfit::NotServing("in a state that nobody knows")),
        None => Err(Unfit::NoMessage),
    }
}

/// The one message of a body, which is not compressed.
fn message(mut body: &[u8]) -> Option<&[u8]> {
    let flag = body.try_get_u8().ok()?;
    let length = body.try_get_u32().ok()?;
    (flag == 0 && body.len() == length as usize).then_some(body)
}

/// Fields may come in any order, unknown ones among them; the last one of a number counts.
fn serving_status(mut message: &[u8]) -> Option<u64> {
    let mut status = 0;
    while !message.is_empty() {
        let tag = number(&mut message)?;
        let skipped = match (tag & 7) as u8 {
            NUMBER => {
                let value = number(&mut message)?;
                if tag == SERVING_STATUS {
                    status = value;
                }
                0
            }
            EIGHT_BYTES => 8,
            BYTES => usize::try_from(number(&mut message)?).ok()?,
            FOUR_BYTES => 4,
            _ => return None,
        };
        message = message.get(skipped..)?;
    }
    Some(status)
}

/// Seven bits a byte, the lowest first, and the eighth where another one follows.
fn put_number(message: &mut BytesMut, mut number: u64) {
    while number > 0x7f {
        message.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    message.put_u8(number as u8);
}

fn number(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let byte = message.try_get_u8().ok()?;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn status(text: &'static str) -> HeaderMap {
        [(STATUS, http::HeaderValue::from_static(text))]
            .into_iter()
            .collect()
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = (message.len() as u32).to_be_bytes();
        [&[0], &length[..], message].concat()
    }

    #[test]
    fn the_whole_server_or_one_service_is_asked_for() {
        assert_eq!(*question(""), [0; 5]);
        assert_eq!(*question("app"), [0, 0, 0, 0, 5, 10, 3, b'a', b'p', b'p']);
        let long = question(&"x".repeat(200));
        assert_eq!(long[..8], [0, 0, 0, 0, 203, 10, 0xc8, 1]);
    }

    #[test]
    fn who_serves_is_fit_and_nobody_else() {
        let (none, good) = (HeaderMap::new(), status("0"));
        let judged = |message: &[u8]| judge(&none, &framed(message), Some(&good));
        assert_eq!(judged(&[8, 1]), Ok(()));
        assert_eq!(judged(&[]), Err(Unfit::NotServing("UNKNOWN")));
        assert_eq!(judged(&[8, 2]), Err(Unfit::NotServing("NOT_SERVING")));
        assert_eq!(judged(&[8, 3]), Err(Unfit::NotServing("SERVICE_UNKNOWN")));
        // Fields that are not known are passed over.
        assert_eq!(
            judged(&[0x12, 2, 8, 2, 8, 1, 0x1d, 0, 0, 0, 0, 0x20, 0x80, 1]),
            Ok(())
        );
        assert_eq!(judged(&[8, 2, 8, 1]), Ok(()));
        for broken in [&[8_u8][..], &[8, 0x80], &[0x0b], &[0x12, 9, 1], &[8, 1, 0x1d]] {
            assert_eq!(judged(broken), Err(Unfit::NoMessage), "{broken:?}");
        }
    }

    #[test]
    fn a_call_has_to_succeed_and_to_say_so() {
        let (none, serving) = (HeaderMap::new(), framed(&[8, 1]));
        assert_eq!(judge(&none, &serving, Some(&none)), Err(Unfit::NoStatus));
        assert_eq!(judge(&none, &serving, None), Err(Unfit::NoStatus));
        let failed = Err(Unfit::Failed("12".to_owned()));
        assert_eq!(judge(&none, &serving, Some(&status("12"))), failed);
        assert_eq!(judge(&status("12"), b"", None), failed);
        assert_eq!(judge(&status("0"), b"", None), Err(Unfit::NoMessage));
        let compressed = [&[1], &serving[1..]].concat();
        let two = [&serving[..], &serving[..]].concat();
        for broken in [&compressed[..], &two, &serving[..6]] {
            assert_eq!(judge(&none, broken, Some(&status("0"))), Err(Unfit::NoMessage));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(message: Vec<u8>) {
            let _ = judge(&HeaderMap::new(), &framed(&message), Some(&status("0")));
        }

        #[test]
        fn a_number_is_read_as_it_is_written(written: u64) {
            let mut bytes = BytesMut::new();
            put_number(&mut bytes, written);
            prop_assert_eq!(number(&mut &*bytes), Some(written));
        }
    }
}
