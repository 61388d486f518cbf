//! The content of one configuration file, before anything is known about it.

use std::path::Path;

use super::{Diagnostic, Diagnostics};

/// The largest file that is read. A configuration of 100 000 routes takes about 20 MB: this is three times that, and small enough to
/// be read and refused in a moment.
pub const SIZE_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// A language that configurations are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2; what a file is taken for unless its extension says otherwise.
    Yaml,
    /// JSON, by the extension `.json`.
    Json,
    /// TOML, by the extension `.toml`.
    Toml,
}

/// Text with a name: valid UTF-8, not blank, without NUL.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// How messages call the file.
    pub name: &'a str,
    /// Its language.
    pub format: Format,
    /// Its content, without a byte order mark.
    pub content: &'a str,
    /// What tells the content from any other, if that was found out before.
    pub print: Option<Print>,
}

/// Half of the SHA-256 of a content.
pub type Print = [u8; 16];

// === impl Format ===

impl Format {
    /// The language of a file, by its extension.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) if extension.eq_ignore_ascii_case("json") => Self::Json,
            Some(extension) if extension.eq_ignore_ascii_case("toml") => Self::Toml,
            _ => Self::Yaml,
        }
    }
}

// === impl Text ===

impl<'a> Text<'a> {
    /// Takes bytes for text, or says why they are none.
    pub fn new(name: &'a str, format: Format, bytes: &'a [u8]) -> Result<Self, Diagnostics> {
        let refuse = |code, message: String, help: &str| {
            Diagnostics::unplaced(name, Diagnostic::new(code, message).with_help(help))
        };
        if bytes.len() as u64 > SIZE_LIMIT_BYTES {
            let message = format!(
                "the file has {} bytes, at most {SIZE_LIMIT_BYTES} are read",
                bytes.len()
            );
            return Err(refuse("too-large", message, "is this the file that you meant?"));
        }
        if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
            let message = format!("the file is not text: byte {offset} is NUL");
            return Err(refuse("not-text", message, "a configuration is UTF-8 text"));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let message = format!(
                "the file is not UTF-8 text: byte {} is wrong",
                error.valid_up_to()
            );
            refuse("not-text", message, "save the file as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            let help = "a configuration has at least one listener; an empty file is never applied";
            return Err(refuse("empty", "the file is empty".to_owned(), help));
        }
        Ok(Self {
            name,
            format,
            content: text,
            print: None,
        })
    }

    /// The same, by somebody who knows what tells its content from any other.
    #[must_use]
    pub fn printed(self, print: Print) -> Self {
        Self {
            print: Some(print),
            ..self
        }
    }
}
