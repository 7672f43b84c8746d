//! What was read from the price files, and what had to be left out.

use std::fmt;

use serde::Serialize;

/// What was read from the price files, and what had to be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LoadReport {
    /// The files in use, by name.
    pub files: Vec<LoadedFile>,
    /// The files in a folder that could not be used at all.
    pub rejected: Vec<RejectedFile>,
    /// How many symbols there are.
    pub symbols: usize,
    /// How many rows are in use.
    pub rows: usize,
    /// How many lines were left out.
    pub skipped_lines: usize,
    /// What was wrong, line by line: the first [`LoadReport::MAX_WARNINGS`].
    pub warnings: Vec<LoadWarning>,
    /// How many further warnings there were.
    pub warnings_left_out: usize,
}

impl LoadReport {
    /// How many warnings are kept; the others are only counted.
    pub const MAX_WARNINGS: usize = 100;

    /// Whether every line of every file is in use as it stands.
    pub fn is_clean(&self) -> bool {
        self.warnings.is_empty() && self.rejected.is_empty()
    }

    pub(super) fn warn(&mut self, file: &str, line: u64, reason: String) {
        if self.warnings.len() < Self::MAX_WARNINGS {
            self.warnings.push(LoadWarning {
                file: file.to_owned(),
                line,
                reason,
            });
        } else {
            self.warnings_left_out += 1;
        }
    }
}

/// A price file in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoadedFile {
    /// Its name.
    pub file: String,
    /// How many of its lines could be used.
    pub rows: usize,
    /// Whether its prices are adjusted closes because it has no others.
    pub adjusted_closes: bool,
}

/// A price file that could not be used at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectedFile {
    /// Its name.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// Something wrong with one line of a price file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoadWarning {
    /// The name of the file.
    pub file: String,
    /// The number of the line; the header is line 1.
    pub line: u64,
    /// What is wrong, and what was done about it.
    pub reason: String,
}

impl fmt::Display for LoadWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: {}", self.file, self.line, self.reason)
    }
}
