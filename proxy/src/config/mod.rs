//! From bytes to a [`Model`](crate::model::Model), or to every reason why not.
//!
//! In: a [`Text`], the content of one file. Out: a [`Document`], which is well-formed, and from it a [`Model`](crate::model::Model),
//! which is valid; or [`Diagnostics`], all of them at once, each with file, line, column, the source line and a hint.
//!
//! Two passes, one meaning: a fast one makes the tree ([`Node`]); only when there is something to complain about, a second one finds
//! where each complaint stands (`locate`). See `docs/decisions/0010-positions.md`.
//!
//! Architecture invariant: this module is pure. It knows no files, no clock, no runtime, and never imports `runtime`.

mod advice;
mod bundle;
mod depth;
mod diagnostic;
pub mod keys;
mod locate;
mod memory;
mod node;
mod parse;
mod path;
mod schema;
mod secrets;
mod shown;
mod text;
mod variables;
mod yaml_spans;

pub use bundle::{Bundle, Gathered, References, gather, may_refer, references};
pub use diagnostic::{Also, Diagnostic, Diagnostics, Place};
pub use keys::ROOT_KEYS;
pub use memory::Memory;
pub use node::{Item, Node};
pub use parse::{Document, parse};
pub use path::{Path, Step};
pub use schema::{KEY_MISMATCH, validate};
pub use shown::shown;
pub use text::{Format, Print, SIZE_LIMIT_BYTES, Text};
pub use variables::FILE_LIMIT_BYTES;

#[cfg(test)]
mod agree;
