//! Price files in a folder of their own, and questions about them.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use fiml_market::{
    FilePrices, LoadReport, MarketError, MarketProvider as _, NoteKind, PriceFileError, Quote,
    QuoteRequest, Symbol, Turn,
};
use tempfile::TempDir;

/// A folder that is removed when the test ends.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    /// A folder with one file, and the file.
    pub(crate) fn with(name: &str, content: impl AsRef<[u8]>) -> (Self, PathBuf) {
        let files = Self::new();
        let path = files.write(name, content);
        (files, path)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).expect("a price file");
        path
    }
}

pub(crate) fn symbol(text: &str) -> Symbol {
    text.parse().expect("a symbol")
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Long after every row of the fixtures.
pub(crate) fn later() -> DateTime<Utc> {
    instant("2026-11-20T12:00:00Z")
}

/// A turn then.
pub(crate) fn turn() -> Turn {
    Turn::at(later())
}

pub(crate) fn equity(text: &str) -> QuoteRequest {
    QuoteRequest::equity(symbol(text))
}

pub(crate) fn coin(text: &str, pair: &str) -> QuoteRequest {
    QuoteRequest::coin(symbol(text), Some(symbol(pair)))
}

/// What a file with this content answers.
pub(crate) async fn ask(content: &str, request: &QuoteRequest) -> Result<Quote, MarketError> {
    let (_files, path) = Files::with("prices.csv", content);
    let prices = FilePrices::open(path).await.expect("a usable price file");
    prices.quote(request, &turn()).await
}

/// What was read from a file with this name and content.
pub(crate) async fn load(
    name: &str,
    content: impl AsRef<[u8]>,
) -> Result<LoadReport, PriceFileError> {
    let (_files, path) = Files::with(name, content);
    let prices = FilePrices::open(path).await?;
    let report = prices.report().await?;
    Ok(LoadReport::clone(&report))
}

pub(crate) fn warnings(report: &LoadReport) -> Vec<String> {
    report.warnings.iter().map(ToString::to_string).collect()
}

pub(crate) fn notes(quote: &Quote) -> Vec<NoteKind> {
    quote.notes.iter().map(|note| note.kind).collect()
}
