//! The sources of prices, one folder each.

pub mod file;
