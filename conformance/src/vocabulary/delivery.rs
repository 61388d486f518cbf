//! Delivery patterns: how a new file comes to stand where the old one stood.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Flaw;

/// How a new file comes to stand where the old one stood.
///
/// A target folder lists those of [`Delivery::DECLARED`] that the target supports. Each other one is a way of doing one of
/// these, see [`Delivery::declared_as`]: only the cases that are about it try it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Written beside it under another name, then renamed over it.
    RenameOver,
    /// Opened with truncation and written.
    InPlace,
    /// The folder that holds it is a symbolic link, which is swapped by rename, as Kubernetes does with `..data`.
    SymlinkSwap,
    /// Removed, and after a gap of 50 ms made anew.
    Recreate,
    /// As [`Self::SymlinkSwap`], with the folders elsewhere, and all old ones left there.
    SymlinkSwapKept,
    /// As [`Self::RenameOver`], by a file that has the size and the time of the last change of the one before.
    SameSizeAndTime,
    /// The folder that leads to it is a link to the newest of several releases, which all stay, and that link is swapped by rename.
    ParentSwap,
    /// As [`Self::Recreate`], without a gap, as Vim saves where it keeps a backup: renamed to `NAME~`, written anew, `NAME~` removed.
    VimSave,
    /// As [`Self::InPlace`], as Emacs saves a file that it may not rename: with a dangling link `.#NAME` beside it meanwhile, and the
    /// old one copied to `NAME~`.
    EmacsSave,
    /// As [`Self::Recreate`], without a gap, as `install` does it: removed, written anew, and only then opened to all.
    Install,
    /// As [`Self::RenameOver`], by a hard link to a file elsewhere, as `ln -f` does it.
    HardLink,
    /// As [`Self::InPlace`], with a pause of 1.1 s after the truncation, in which the file is empty.
    EmptyFirst,
    /// As [`Self::InPlace`], with a pause of 1.1 s after two thirds of it.
    TwoThirdsFirst,
    /// As [`Self::InPlace`], with a pause of 1.1 s after a first part that is a good file by itself; what follows is a comment.
    GoodPartFirst,
}

impl Delivery {
    /// All patterns.
    pub const ALL: [Self; 14] = [
        Self::RenameOver,
        Self::InPlace,
        Self::SymlinkSwap,
        Self::Recreate,
        Self::SymlinkSwapKept,
        Self::SameSizeAndTime,
        Self::ParentSwap,
        Self::VimSave,
        Self::EmacsSave,
        Self::Install,
        Self::HardLink,
        Self::EmptyFirst,
        Self::TwoThirdsFirst,
        Self::GoodPartFirst,
    ];

    /// Those that a target folder may list.
    pub const DECLARED: [Self; 5] = [
        Self::RenameOver,
        Self::InPlace,
        Self::SymlinkSwap,
        Self::Recreate,
        Self::ParentSwap,
    ];

    /// The pattern that a target folder lists where the target supports this one.
    #[must_use]
    pub fn declared_as(self) -> Self {
        match self {
            Self::RenameOver | Self::SameSizeAndTime | Self::HardLink => Self::RenameOver,
            Self::InPlace
            | Self::EmacsSave
            | Self::EmptyFirst
            | Self::TwoThirdsFirst
            | Self::GoodPartFirst => Self::InPlace,
            Self::SymlinkSwap | Self::SymlinkSwapKept => Self::SymlinkSwap,
            Self::Recreate | Self::VimSave | Self::Install => Self::Recreate,
            Self::ParentSwap => Self::ParentSwap,
        }
    }

    /// Whether the writer pauses in the middle of it.
    ///
    /// Only who watches the file can come upon that: who is told to read it is told once it is whole.
    #[must_use]
    pub fn pauses(self) -> bool {
        matches!(
            self,
            Self::EmptyFirst | Self::TwoThirdsFirst | Self::GoodPartFirst
        )
    }

    /// The bad file that stands at the path while the writer pauses, where it is one.
    #[must_use]
    pub fn pauses_on(self) -> Option<Flaw> {
        match self {
            Self::EmptyFirst => Some(Flaw::Empty),
            Self::TwoThirdsFirst => Some(Flaw::Truncated),
            _ => None,
        }
    }

    /// The name as it stands in target folders and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::RenameOver => "rename_over",
            Self::InPlace => "in_place",
            Self::SymlinkSwap => "symlink_swap",
            Self::Recreate => "recreate",
            Self::SymlinkSwapKept => "symlink_swap_kept",
            Self::SameSizeAndTime => "same_size_and_time",
            Self::ParentSwap => "parent_swap",
            Self::VimSave => "vim_save",
            Self::EmacsSave => "emacs_save",
            Self::Install => "install",
            Self::HardLink => "hard_link",
            Self::EmptyFirst => "empty_first",
            Self::TwoThirdsFirst => "two_thirds_first",
            Self::GoodPartFirst => "good_part_first",
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
