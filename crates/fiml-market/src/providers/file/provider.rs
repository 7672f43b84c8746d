//! The file provider: a book in memory, read anew when its files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::RwLock;
use tokio::task::spawn_blocking;

use crate::{
    AssetClass, MarketError, MarketProvider, Note, NoteKind, Profile, Quote, QuoteRequest, Reach,
    Turn,
};

use super::book::Book;
use super::load::load;
use super::source::{FileStamp, survey, unreadable};
use super::{LoadReport, LoadWarning, PriceFileError, lookup, quote};

/// The name of the provider.
pub(super) const NAME: &str = "file";

/// Answers from the user's own price files.
///
/// - Quotes come from memory and carry the dates of their rows.
/// - Before each answer the sizes and times of the files are compared, and the files are read again
///   if any differs.
/// - Files that are gone or of no use any more are an error: rows read earlier are not passed off
///   as current.
#[derive(Debug)]
pub struct FilePrices {
    path: PathBuf,
    state: RwLock<State>,
}

/// What was last read, and from which files.
#[derive(Debug)]
struct State {
    /// `None` when the files could not even be listed.
    stamps: Option<Vec<FileStamp>>,
    book: Result<Arc<Book>, PriceFileError>,
    generation: u64,
}

type View = (u64, Result<Arc<Book>, PriceFileError>);

impl State {
    fn view(&self) -> View {
        (self.generation, self.book.clone())
    }
}

impl FilePrices {
    /// Reads a price file, or all `*.csv` files of a folder (not of the folders in it).
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, PriceFileError> {
        let path = path.into();
        let prices = Self {
            state: RwLock::new(State {
                stamps: None,
                book: Err(PriceFileError::NoFiles { path: path.clone() }),
                generation: 0,
            }),
            path,
        };
        let (_, book) = prices.current().await;
        book.map(|_| prices)
    }

    /// The file or folder the prices are read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was read and what had to be left out, of the files as they are now.
    pub async fn report(&self) -> Result<Arc<LoadReport>, PriceFileError> {
        let (_, book) = self.current().await;
        Ok(Arc::clone(&book?.report))
    }

    /// The lines that were left out or only partly used, of the files as they are now.
    pub async fn warnings(&self) -> Result<Vec<LoadWarning>, PriceFileError> {
        Ok(self.report().await?.warnings.clone())
    }

    /// The book of the files as they are now.
    async fn current(&self) -> View {
        let path = self.path.clone();
        if let Ok(Ok(stamps)) = spawn_blocking(move || survey(&path)).await {
            let state = self.state.read().await;
            if state.stamps.as_ref() == Some(&stamps) {
                return state.view();
            }
        }
        let mut state = self.state.write().await;
        // Another caller may have read the files while this one waited: they are compared again.
        match read(&self.path, state.stamps.clone()).await {
            Ok(None) => {}
            Ok(Some((stamps, book))) => {
                *state = State {
                    stamps: Some(stamps),
                    book,
                    generation: state.generation + 1,
                };
            }
            Err(error) => {
                *state = State {
                    stamps: None,
                    book: Err(error),
                    generation: state.generation + 1,
                };
            }
        }
        state.view()
    }
}

/// The stamps of the files and what was read from them; `None` when they are as already known.
async fn read(
    path: &Path,
    known: Option<Vec<FileStamp>>,
) -> Result<Option<(Vec<FileStamp>, Result<Arc<Book>, PriceFileError>)>, PriceFileError> {
    let root = path.to_path_buf();
    let reading = spawn_blocking(move || {
        let stamps = survey(&root)?;
        if known.as_ref() == Some(&stamps) {
            return Ok(None);
        }
        match load(&root, &stamps).map(Arc::new) {
            // May pass without the file changing, so it is tried again.
            Err(error @ PriceFileError::Unreadable { .. }) => Err(error),
            book => Ok(Some((stamps, book))),
        }
    });
    match reading.await {
        Ok(read) => read,
        Err(stopped) => Err(unreadable(path, std::io::Error::other(stopped))),
    }
}

#[async_trait]
impl MarketProvider for FilePrices {
    fn name(&self) -> &str {
        NAME
    }

    fn profile(&self) -> Profile {
        Profile {
            classes: &AssetClass::ALL,
            venue: None,
            reach: Reach::Local,
            licence: None,
        }
    }

    fn closed_for(&self) -> Option<Duration> {
        None
    }

    async fn quote(&self, request: &QuoteRequest, turn: &Turn) -> Result<Quote, MarketError> {
        let (_, book) = self.current().await;
        let book = book.map_err(|error| MarketError::unavailable(NAME, error))?;
        let mut quote = quote::quote(&book, request, turn.now())?;
        let left_out = lookup::names(request);
        let left_out = left_out.iter().filter_map(|name| book.left_out.about(name));
        let notes = left_out
            .chain(book.left_out.about_any())
            .map(|message| Note::new(NoteKind::LinesLeftOut, message));
        quote.notes.extend(notes);
        Ok(quote)
    }

    async fn generation(&self) -> u64 {
        self.current().await.0
    }

    async fn symbols(&self) -> Vec<String> {
        let (_, book) = self.current().await;
        book.map(|book| {
            let series = book.series.values();
            series.map(|series| series.listed_as.clone()).collect()
        })
        .unwrap_or_default()
    }
}
