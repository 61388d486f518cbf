//! Bytes of HTTP/1.1 answers in, what they say out. As much of the protocol as the answers of the bench's own origin take.

/// What has come of an answer that has a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is more to come.
    Unfinished,
    /// All of it.
    Whole {
        /// Whether its status is 200.
        is_good: bool,
        /// Whether the connection takes no further request.
        closes: bool,
    },
}

/// Looks at what has come.
pub fn judge(bytes: &[u8]) -> Answer {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Answer::Unfinished;
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let length = field(&head, "content-length").and_then(|text| text.parse().ok());
    if bytes.len() < end + 4 + length.unwrap_or(0) {
        return Answer::Unfinished;
    }
    Answer::Whole {
        is_good: is_good(&head),
        closes: field(&head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
    }
}

/// The generation that the head of a good answer tells.
pub fn generation(head: &str) -> Option<u64> {
    let told = field(head, "x-generation").filter(|_| is_good(head));
    told?.parse().ok()
}

fn is_good(head: &str) -> bool {
    head.starts_with("HTTP/1.1 200 ")
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        for end in 0..bytes.len() {
            assert_eq!(judge(&bytes[..end]), Answer::Unfinished, "{end}");
        }
        let whole = |is_good, closes| Answer::Whole { is_good, closes };
        assert_eq!(judge(bytes), whole(true, false));
        let last = b"HTTP/1.1 503 Service Unavailable\r\nconnection: Close\r\n\r\n";
        assert_eq!(judge(last), whole(false, true));
    }

    #[test]
    fn a_generation_is_told_by_a_good_answer_alone() {
        assert_eq!(generation("HTTP/1.1 200 OK\r\nX-Generation: 7"), Some(7));
        assert_eq!(generation("HTTP/1.1 502 Bad Gateway\r\nx-generation: 7"), None);
        assert_eq!(generation("HTTP/1.1 200 OK\r\nx-generation: @"), None);
        assert_eq!(generation("HTTP/1.1 200 OK"), None);
    }
}
