//! Why a price file cannot be used.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use thiserror::Error;

/// Why a price file, or a folder of them, cannot be used.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum PriceFileError {
    /// The system would not read it.
    #[error("cannot read the price file {}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// It is neither a file nor a folder.
    #[error("{} is neither a file nor a folder", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// The folder holds no price file.
    #[error("the folder {} holds no .csv file", path.display())]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },
    /// There is too much of it.
    #[error("{} holds {bytes} bytes; price files may hold {limit} together", path.display())]
    TooLarge {
        /// The file or folder.
        path: PathBuf,
        /// How much it holds.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// There are too many files.
    #[error("the folder {} holds {files} .csv files; at most {limit} are read", path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// How many it holds.
        files: usize,
        /// The most that are read.
        limit: usize,
    },
    /// It has no line that could be used.
    #[error("{} cannot be used as a price file: {reason}", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What is missing, with the columns it needs.
        reason: String,
    },
    /// No row of the symbol could be used.
    #[error("the price file has no usable price of `{symbol}`: {left_out}")]
    OnlyUnusable {
        /// The symbol.
        symbol: String,
        /// How many lines there are of it, and what is wrong with the first.
        left_out: String,
    },
    /// Every row of the symbol is dated after the day asked about.
    #[error("every price of `{symbol}` is dated in the future, the first {first}")]
    OnlyFuture {
        /// The symbol.
        symbol: String,
        /// The earliest date it has.
        first: NaiveDate,
    },
}
