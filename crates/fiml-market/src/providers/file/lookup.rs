//! Which series of a book answers a request.

use chrono::NaiveDate;

use crate::near::near;
use crate::pair::{self, Listing, Pair};
use crate::{AssetClass, MarketError, Note, NoteKind, QuoteRequest, Symbol};

use super::PriceFileError;
use super::book::{Book, Row, Series};
use super::provider::NAME;

/// The series that answers, the rows of it that count, and what it means for the request.
pub(super) struct Found<'a> {
    pub(super) series: &'a Series,
    /// At least one row, none dated after the day asked about.
    pub(super) rows: &'a [Row],
    pub(super) pair: Option<Pair>,
    pub(super) notes: Vec<Note>,
}

/// Finds the series for a request as of a day.
pub(super) fn find<'a>(
    book: &'a Book,
    request: &QuoteRequest,
    today: NaiveDate,
) -> Result<Found<'a>, MarketError> {
    let found = match request.asset_class {
        AssetClass::Equity | AssetClass::Macro => equity(book, request, today),
        AssetClass::Coin => coin(book, request, today),
    };
    found.map_err(|missed| match missed {
        Missed::Unknown => {
            let unusable = names(request).into_iter().find_map(|name| {
                let left_out = book.left_out.about(&name)?;
                let symbol = name.to_string();
                Some(PriceFileError::OnlyUnusable { symbol, left_out })
            });
            if let Some(unusable) = unusable {
                return MarketError::unavailable(NAME, unusable);
            }
            let series = book.series.values();
            // One whose rows are all still to come has no price either.
            let priced = series.filter(|series| !series.until(today).is_empty());
            let names = priced.map(|series| series.listed_as.as_str());
            // What is there under this very name is no asset of the kind asked for.
            let names = names.filter(|name| *name != request.symbol.as_str());
            MarketError::not_found(request, near(request.symbol.as_str(), names))
        }
        Missed::OnlyFuture { symbol, first } => {
            MarketError::unavailable(NAME, PriceFileError::OnlyFuture { symbol, first })
        }
    })
}

/// The names under which an asset may be listed, best first.
pub(super) fn names(request: &QuoteRequest) -> Vec<Symbol> {
    let symbol = &request.symbol;
    match request.asset_class {
        AssetClass::Equity | AssetClass::Macro => std::iter::once(symbol.clone())
            .chain(share_class(symbol))
            .collect(),
        AssetClass::Coin => {
            let (base, named) = pair::split(symbol);
            let wanted = named.as_ref().or(request.pair.as_ref());
            let listings = listings(&base, wanted);
            listings.map(|listing| listing.name).collect()
        }
    }
}

/// The names of a coin in a price file, where a name by itself may as well be a share's.
fn listings(base: &Symbol, wanted: Option<&Symbol>) -> impl Iterator<Item = Listing> {
    let listings = pair::listings(base, wanted).into_iter();
    listings.filter(|listing| listing.quote.is_some() || pair::is_well_known(&listing.base))
}

enum Missed {
    Unknown,
    OnlyFuture { symbol: String, first: NaiveDate },
}

fn equity<'a>(
    book: &'a Book,
    request: &QuoteRequest,
    today: NaiveDate,
) -> Result<Found<'a>, Missed> {
    let mut missed = Missed::Unknown;
    for name in names(request) {
        let Some(series) = book.series.get(&name) else {
            continue;
        };
        let rows = series.until(today);
        if rows.is_empty() {
            missed = only_future(series);
            continue;
        }
        return Ok(Found {
            series,
            rows,
            pair: None,
            notes: listed_as(&request.symbol, &name).into_iter().collect(),
        });
    }
    Err(missed)
}

/// The other way to write a share class: `BRK.B` and `BRK-B`.
fn share_class(symbol: &Symbol) -> Option<Symbol> {
    let (company, class) = symbol.as_str().rsplit_once(['.', '-'])?;
    let joint = symbol.as_str().as_bytes().get(company.len())?;
    let other = if *joint == b'.' { '-' } else { '.' };
    let is_class = class.len() == 1 && class.bytes().all(|b| b.is_ascii_alphabetic());
    let text = is_class.then(|| format!("{company}{other}{class}"))?;
    text.parse().ok()
}

fn coin<'a>(book: &'a Book, request: &QuoteRequest, today: NaiveDate) -> Result<Found<'a>, Missed> {
    let (base, named) = pair::split(&request.symbol);
    let wanted = named.as_ref().or(request.pair.as_ref());
    let mut missed = Missed::Unknown;
    let mut best: Option<Candidate<'_>> = None;
    for listing in listings(&base, wanted) {
        let Some(series) = book.series.get(&listing.name) else {
            continue;
        };
        let rows = series.until(today);
        let Some(newest) = rows.last() else {
            missed = only_future(series);
            continue;
        };
        // What the file states outright counts for more than what a name suggests.
        let stated = newest.currency.as_ref().and_then(|text| text.parse().ok());
        let priced_in = stated.or_else(|| listing.quote.clone());
        let Some(fit) = Fit::of(priced_in.as_ref(), wanted) else {
            continue;
        };
        if best.as_ref().is_none_or(|best| fit < best.fit) {
            best = Some(Candidate {
                fit,
                listing,
                series,
                rows,
                priced_in,
            });
        }
    }
    let Candidate {
        fit,
        listing,
        series,
        rows,
        priced_in,
    } = best.ok_or(missed)?;
    let mut notes: Vec<Note> = listed_as(&base, &listing.base).into_iter().collect();
    notes.extend(fit.note(&listing, priced_in.as_ref(), wanted));
    if let (Some(named), Some(asked)) = (&named, &request.pair)
        && named != asked
    {
        notes.push(Note::new(
            NoteKind::PairSubstituted,
            format!(
                "the symbol itself names {named}, so the pair asked for, {asked}, was not used"
            ),
        ));
    }
    Ok(Found {
        series,
        rows,
        pair: priced_in.map(|quote| Pair {
            base: listing.base,
            quote,
        }),
        notes,
    })
}

/// A series that could answer for a coin.
struct Candidate<'a> {
    fit: Fit,
    listing: Listing,
    series: &'a Series,
    rows: &'a [Row],
    priced_in: Option<Symbol>,
}

/// How well a series answers for what was asked, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    Substitute,
    Unknown,
}

impl Fit {
    fn of(priced_in: Option<&Symbol>, wanted: Option<&Symbol>) -> Option<Self> {
        match (priced_in, wanted) {
            (Some(_), None) => Some(Self::Exact),
            (Some(found), Some(wanted)) if found == wanted => Some(Self::Exact),
            (Some(found), Some(wanted)) => {
                pair::stands_in(found, wanted).then_some(Self::Substitute)
            }
            (None, _) => Some(Self::Unknown),
        }
    }

    fn note(
        self,
        listing: &Listing,
        priced_in: Option<&Symbol>,
        wanted: Option<&Symbol>,
    ) -> Option<Note> {
        match self {
            Self::Exact => None,
            Self::Substitute => {
                let (found, wanted) = (priced_in?, wanted?);
                Some(Note::new(
                    NoteKind::PairSubstituted,
                    format!("the price file has no price in {wanted}; this one is in {found}"),
                ))
            }
            Self::Unknown => {
                let asked = wanted
                    .map(|wanted| format!("; {wanted} was asked for"))
                    .unwrap_or_default();
                Some(Note::new(
                    NoteKind::PairUnknown,
                    format!(
                        "the price file does not say what {} is priced in{asked}",
                        listing.name
                    ),
                ))
            }
        }
    }
}

fn only_future(series: &Series) -> Missed {
    match series.rows.first() {
        Some(row) => Missed::OnlyFuture {
            symbol: series.listed_as.clone(),
            first: row.date,
        },
        None => Missed::Unknown,
    }
}

fn listed_as(asked: &Symbol, found: &Symbol) -> Option<Note> {
    (asked != found).then(|| {
        Note::new(
            NoteKind::ListedAs,
            format!("the price file lists {asked} as {found}"),
        )
    })
}
