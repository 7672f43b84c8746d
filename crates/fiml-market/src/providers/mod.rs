//! The sources of prices, one a file or a folder.

pub mod coinbase;
pub mod edgar;
pub mod file;
pub mod finnhub;
pub mod kraken;
pub mod treasury;
pub mod yahoo;
