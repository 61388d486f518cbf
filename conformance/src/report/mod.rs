//! Reports: a run in, text out.
//!
//! Every format is one file and reads the same [`RunReport`](crate::vocabulary::RunReport).

pub mod junit;
pub mod log;
pub mod markdown;
pub mod terminal;

/// A text on one line, with all that does not print written out: what a target logged must not move a reader's cursor, or
/// be no character of XML.
fn printable(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim_end().chars() {
        match c {
            '"' | '\'' | '\\' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out
}
