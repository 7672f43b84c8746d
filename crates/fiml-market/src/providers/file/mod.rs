//! The user's own price files: one CSV, or a folder of them.
//!
//! - A file with `symbol` (or `ticker`), `date` and `price` (or `close`) columns holds many
//!   symbols; `currency`, `name`, `open`, `high`, `low` and `volume` are read where present.
//! - A file without a symbol column is named after its symbol, as in `AAPL.csv`, and holds `date`
//!   and `close` (or `adj close`) columns.
//! - Header names are matched without regard to case, blanks and underscores.
//! - A record is one line. A line that cannot be used is left out and reported with its number; the
//!   rest stays usable.
//! - All files together hold at most 256 MiB.

mod book;
mod dates;
mod error;
mod header;
mod left_out;
mod line;
mod load;
mod lookup;
mod provider;
mod quote;
mod report;
mod source;
mod table;

pub use error::PriceFileError;
pub use provider::FilePrices;
pub use report::{LoadReport, LoadWarning, LoadedFile, RejectedFile};
