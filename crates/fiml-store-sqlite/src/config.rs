//! How the file is kept.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Once it lies on the disk: it survives the loss of power.
    #[default]
    Full,
    /// Once the operating system has it: it survives the death of the process. For measuring only.
    Normal,
}

impl Synchronous {
    /// Its name in SQLite.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// Where the file lies and how it is kept; every field may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// The file; made where there is none, its folder is not.
    pub path: PathBuf,
    /// When a commit counts as done.
    pub synchronous: Synchronous,
    /// How many pages of 4 KiB the file may grow to; without a limit where none is given.
    pub max_page_count: Option<u32>,
    /// How many waiting changes share one commit at most; 1 commits each for itself.
    pub group_limit: NonZeroUsize,
    /// How many reads are under way at once.
    pub readers: NonZeroUsize,
    /// How long a call waits for another process to let go of the file.
    pub busy_timeout: Duration,
}

/// How many waiting changes share one commit at most, where nobody says.
pub const DEFAULT_GROUP_LIMIT: NonZeroUsize = NonZeroUsize::new(64).expect("more than zero");
/// How many reads are under way at once, where nobody says.
pub const DEFAULT_READERS: NonZeroUsize = NonZeroUsize::new(4).expect("more than zero");
/// How long a call waits for another process, where nobody says.
pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(10);

impl SqliteConfig {
    /// This file, kept as it should be where nobody knows better.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            synchronous: Synchronous::default(),
            max_page_count: None,
            group_limit: DEFAULT_GROUP_LIMIT,
            readers: DEFAULT_READERS,
            busy_timeout: DEFAULT_BUSY_TIMEOUT,
        }
    }
}
