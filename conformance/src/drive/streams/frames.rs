//! Frames of HTTP/2 as they are read (RFC 9113, section 4).
//!
//! In: bytes, in whatever pieces. Out: what GOAWAY and RST_STREAM say. Never: a byte of any other payload.

use bytes::Buf;

use crate::vocabulary::Says;

/// The length of a frame's head (RFC 9113, section 4.1).
const HEAD: usize = 9;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// What was read of frames, as far as it is of interest.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Of the frame that is being read: its head, and of those of interest the first bytes of what it holds.
    read: Vec<u8>,
    /// What is still to come of it.
    rest: usize,
}

impl Frames {
    /// How much of the payload tells all that is asked.
    fn wanted(kind: u8) -> usize {
        match kind {
            GOAWAY => 8,
            RST_STREAM => 4,
            _ => 0,
        }
    }

    /// Takes what was read next, and tells what is of interest in what it ends.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Vec<Says> {
        let mut said = Vec::new();
        while !bytes.is_empty() {
            if self.read.len() < HEAD {
                let some = bytes.len().min(HEAD - self.read.len());
                self.read.extend_from_slice(&bytes[..some]);
                bytes.advance(some);
                if self.read.len() < HEAD {
                    break;
                }
                self.rest = u32::from_be_bytes([0, self.read[0], self.read[1], self.read[2]]) as usize;
            }
            let some = bytes.len().min(self.rest);
            let wanted = (HEAD + Self::wanted(self.read[3])).saturating_sub(self.read.len());
            self.read.extend_from_slice(&bytes[..some.min(wanted)]);
            bytes.advance(some);
            self.rest -= some;
            if self.rest == 0 {
                said.extend(says(&self.read));
                self.read.clear();
            }
        }
        said
    }
}

fn says(frame: &[u8]) -> Option<Says> {
    let number = |from: usize| {
        let four = frame.get(from..from + 4)?;
        Some(u32::from_be_bytes(four.try_into().ok()?))
    };
    // The first bit of a stream's number is none of it.
    let stream = |from: usize| Some(number(from)? & (u32::MAX >> 1));
    match *frame.get(3)? {
        RST_STREAM => Some(Says::RstStream {
            stream: stream(5)?,
            code: number(HEAD)?,
        }),
        GOAWAY => Some(Says::GoAway {
            last: stream(HEAD)?,
            code: number(HEAD + 4)?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_wherever_they_are_cut() {
        let bytes = [
            &[0, 0, 3, 0, 1, 0, 0, 0, 5, 7, 7, 7][..],
            &[0, 0, 4, 3, 0, 0x80, 0, 0, 9, 0, 0, 0, 8],
            &[0, 0, 0, 4, 1, 0, 0, 0, 0],
            &[0, 0, 10, 7, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 1, 1],
        ]
        .concat();
        let said = [
            Says::RstStream { stream: 9, code: 8 },
            Says::GoAway { last: 7, code: 0 },
        ];
        for size in 1..=bytes.len() {
            let mut frames = Frames::default();
            let read: Vec<Says> = bytes.chunks(size).flat_map(|piece| frames.take(piece)).collect();
            assert_eq!(read, said, "in pieces of {size}");
        }
    }
}
