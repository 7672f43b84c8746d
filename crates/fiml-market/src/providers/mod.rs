//! The sources of prices, one a file or a folder.

mod coin;
pub mod coinbase;
pub mod edgar;
pub mod file;
pub mod finnhub;
pub mod kraken;
pub mod treasury;
pub mod yahoo;
