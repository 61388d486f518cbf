//! Where in a document something is, as steps from the root.

use std::fmt;

/// One step down the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(String),
    /// The n-th item of a list, from 0.
    Item(usize),
}

/// A path while walking down: a list that lives on the stack, so that a path that nobody asks for costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Option<Borrowed<'a>>,
}

#[derive(Debug, Clone, Copy)]
enum Borrowed<'a> {
    Key(&'a str),
    Item(usize),
}

/// Writes steps as `routes[3].path`.
pub(super) struct Shown<'a>(pub(super) &'a [Step]);

// === impl Path ===

impl Path<'_> {
    /// The root of a document.
    pub const ROOT: Path<'static> = Path {
        parent: None,
        step: None,
    };

    /// The value of `key` below here.
    pub fn key<'a>(&'a self, key: &'a str) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Some(Borrowed::Key(key)),
        }
    }

    /// The item `index` below here.
    pub fn item(&self, index: usize) -> Path<'_> {
        Path {
            parent: Some(self),
            step: Some(Borrowed::Item(index)),
        }
    }

    /// The steps from the root.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = self.parent.map(Path::steps).unwrap_or_default();
        match self.step {
            Some(Borrowed::Key(key)) => steps.push(Step::Key(key.to_owned())),
            Some(Borrowed::Item(index)) => steps.push(Step::Item(index)),
            None => {}
        }
        steps
    }
}

// === impl Shown ===

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
