//! What to do about a document that breaks off, told from what the parser says about it.

use super::Format;
use super::node::OUT_OF_PROPORTION;
use super::parse::MANY_DOCUMENTS;

/// What a parser says, in part, and what helps against it; the first that fits counts.
const KNOWN: [(&str, &str); 15] = [
    (
        OUT_OF_PROPORTION,
        "write out what the aliases stand for, or use fewer of them",
    ),
    (MANY_DOCUMENTS, "keep one, without the line `---`"),
    (
        "duplicate key",
        "keep one of the two; which of them counts is not guessed",
    ),
    (
        "stands twice",
        "keep one of the two; which of them counts is not guessed",
    ),
    (
        "tags are not supported",
        "write the value without `!` and its tag",
    ),
    ("a key has to be text", "put the key in quotes"),
    (
        "unknown anchor",
        "an alias `*name` stands below its anchor `&name`",
    ),
    (
        "mapping values are not allowed",
        "put text with `: ` in it in quotes, and begin the keys of one table in the same column",
    ),
    (
        "cannot start any token",
        "indent with blanks, not tabs; put text that begins with a special character in quotes",
    ),
    ("control characters", "a configuration is text that can be read"),
    (
        "expected ','",
        "separate entries with a comma, and close every bracket",
    ),
    (
        "expected `,`",
        "separate entries with a comma, and close every bracket",
    ),
    (
        "did not find expected key",
        "begin the keys of one table in the same column; nothing follows text in quotes",
    ),
    ("trailing comma", "remove the comma before the bracket"),
    ("a string", "close the quotes of every text on its line"),
];

/// The hint for a message of a parser.
pub(super) fn on_syntax(format: Format, message: &str) -> &'static str {
    let known = KNOWN.iter().find(|(part, _)| message.contains(part));
    match (known, format) {
        (Some((_, help)), _) => help,
        (None, Format::Yaml) => "check quotes, brackets and indentation here and on the line before",
        (None, Format::Json) => "check commas, quotes and brackets here and before; JSON has no comments",
        (None, Format::Toml) => "check quotes and brackets here; text stands in quotes",
    }
}
