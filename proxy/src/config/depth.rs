//! How deep a document nests, found out cheaply and before a parser that recurses or searches sees it.

use saphyr_parser::{Event, Parser};

use super::Format;

/// Deeper than this nothing is nested. A meaningful configuration reaches 6.
pub(super) const DEPTH_LIMIT: usize = 32;

/// Whether a text nests too deep. Brackets are counted without regard to quotes, which can only count too many; a suspicion is then
/// settled by the events of a real parser, up to the first that is too deep.
pub(super) fn too_deep(format: Format, text: &str) -> bool {
    // TOML's parser has a bound of its own.
    format != Format::Toml && bracket_depth(text) > DEPTH_LIMIT && events_exceed_limit(text)
}

fn bracket_depth(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn events_exceed_limit(text: &str) -> bool {
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        match event {
            Ok((Event::SequenceStart(..) | Event::MappingStart(..), _)) => depth += 1,
            Ok((Event::SequenceEnd | Event::MappingEnd, _)) => depth -= 1,
            Ok(_) => {}
            Err(_) => return true,
        }
        if depth > DEPTH_LIMIT {
            return true;
        }
    }
    false
}
