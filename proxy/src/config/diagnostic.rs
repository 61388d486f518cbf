//! What is wrong with a configuration, in words that its author can act upon.

use std::fmt;

use super::path::Shown;
use super::{Path, Step};

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable word for the kind of complaint, such as `unknown-key`.
    pub code: &'static str,
    /// What is wrong. A fragment in lower case.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where in the document, as steps from the root. Empty if the document as a whole is meant.
    pub path: Vec<Step>,
    /// Whether the key itself is meant rather than its value.
    pub at_key: bool,
    /// Where in the file, as far as known.
    pub place: Option<Place>,
    /// How messages call the file. Empty until it is known.
    pub file: String,
    /// The other one, where two things contradict each other.
    pub also: Option<Also>,
}

/// Where the other of two things is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Also {
    /// How messages call the file.
    pub file: String,
    /// Where in the document.
    pub path: Vec<Step>,
    /// Where in the file, as far as known.
    pub place: Option<Place>,
    pub(super) at_key: bool,
    /// The number of the file in its bundle.
    pub(super) number: usize,
}

/// A place in a file, with what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters of this line are meant, at least 1.
    pub length: usize,
    /// The line, with values that may be secret blotted out.
    pub source: String,
}

/// All complaints about one file; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    all: Vec<Diagnostic>,
}

/// More than this many are counted, not shown.
const SHOWN_LIMIT: usize = 20;
/// A source line is shown up to this many characters.
const LINE_LIMIT: usize = 160;

// === impl Diagnostic ===

impl Diagnostic {
    /// A complaint about the document as a whole.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            path: Vec::new(),
            at_key: false,
            place: None,
            file: String::new(),
            also: None,
        }
    }

    /// The same with the place of the other of two things.
    #[must_use]
    pub fn and_also(mut self, path: Vec<Step>) -> Self {
        self.also = Some(Also::new(path, false));
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same about one value.
    #[must_use]
    pub fn at(mut self, path: &Path<'_>) -> Self {
        self.path = path.steps();
        self
    }

    /// The path as text, such as `routes[3].prefix`.
    pub fn shown_path(&self) -> String {
        Shown(&self.path).to_string()
    }

    /// The same about one key.
    #[must_use]
    pub fn at_key(mut self, path: &Path<'_>) -> Self {
        self.at_key = true;
        self.at(path)
    }
}

// === impl Also ===

impl Also {
    pub(super) fn new(path: Vec<Step>, at_key: bool) -> Self {
        Self {
            file: String::new(),
            path,
            place: None,
            at_key,
            number: 0,
        }
    }

    pub(super) fn in_file(self, number: usize) -> Self {
        Self { number, ..self }
    }
}

// === impl Diagnostics ===

impl Diagnostics {
    /// Complaints about the file called `file`, whose places are known or cannot be.
    pub fn new(file: &str, mut all: Vec<Diagnostic>) -> Self {
        for one in all.iter_mut().filter(|one| one.file.is_empty()) {
            file.clone_into(&mut one.file);
        }
        let position = |one: &Diagnostic| {
            one.place
                .as_ref()
                .map_or((0, 0), |place| (place.line, place.column))
        };
        // The main file first.
        all.sort_by(|a, b| {
            let key = |one: &Diagnostic| (one.file != file, position(one));
            let ((a_included, a_at), (b_included, b_at)) = (key(a), key(b));
            a_included
                .cmp(&b_included)
                .then_with(|| a.file.cmp(&b.file))
                .then(a_at.cmp(&b_at))
        });
        Self {
            file: file.to_owned(),
            all,
        }
    }

    /// The same, as complaints about the configuration whose main file is `main`.
    #[must_use]
    pub fn within(self, main: &str) -> Self {
        Self::new(main, self.all)
    }

    /// These and others, as complaints about one configuration.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.all.extend(others.all);
        Self::new(&self.file, self.all)
    }

    /// One complaint about the file called `file` as a whole.
    pub fn unplaced(file: &str, diagnostic: Diagnostic) -> Self {
        Self::new(file, vec![diagnostic])
    }

    /// How messages call the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The complaints, in the order of the file.
    pub fn all(&self) -> &[Diagnostic] {
        &self.all
    }

    /// The first complaint on one line, and how many more there are.
    pub fn summary(&self) -> String {
        let Some(first) = self.all.first() else {
            return format!("{}: nothing to complain about", self.file);
        };
        let more = match self.all.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        format!("{}: {}{more}", Self::location(first), first.message)
    }

    fn location(one: &Diagnostic) -> String {
        match &one.place {
            Some(place) => format!("{}:{}:{}", one.file, place.line, place.column),
            None => one.file.clone(),
        }
    }

    fn write_one(f: &mut fmt::Formatter<'_>, one: &Diagnostic) -> fmt::Result {
        writeln!(f, "error[{}]: {}", one.code, one.message)?;
        let number = one
            .place
            .as_ref()
            .map(|place| place.line.to_string())
            .unwrap_or_default();
        let gutter = " ".repeat(number.len());
        writeln!(f, "{gutter}--> {}", Self::location(one))?;
        if let Some(place) = &one.place {
            let (shown, offset) = window(&place.source, place.column);
            let length = place
                .length
                .min(shown.chars().count().saturating_sub(offset))
                .max(1);
            writeln!(f, "{gutter} |")?;
            writeln!(f, "{number} | {shown}")?;
            writeln!(f, "{gutter} | {}{}", " ".repeat(offset), "^".repeat(length))?;
        }
        if !one.path.is_empty() {
            writeln!(f, "{gutter} = at {}", Shown(&one.path))?;
        }
        if let Some(Also {
            file,
            place: Some(place),
            ..
        }) = &one.also
        {
            writeln!(f, "{gutter} = the other: {file}:{}:{}", place.line, place.column)?;
        }
        if let Some(help) = &one.help {
            writeln!(f, "{gutter} = help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, one) in self.all.iter().take(SHOWN_LIMIT).enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            Self::write_one(f, one)?;
        }
        match self.all.len().saturating_sub(SHOWN_LIMIT) {
            0 => Ok(()),
            more => writeln!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// The part of a line around `column`, tabs as blanks, and where in it the column is.
fn window(source: &str, column: usize) -> (String, usize) {
    let offset = column - 1;
    let skip = if offset + 20 > LINE_LIMIT {
        offset.saturating_sub(LINE_LIMIT / 2)
    } else {
        0
    };
    let shown = source
        .chars()
        .skip(skip)
        .take(LINE_LIMIT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    (shown, offset - skip)
}
