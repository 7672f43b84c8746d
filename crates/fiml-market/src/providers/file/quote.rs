//! A quote from rows: nothing in it that the rows do not say.

use chrono::{DateTime, Months, Utc};
use rust_decimal::Decimal;

use crate::technical::DailyClose;
use crate::text::printable;
use crate::{
    AsOf, Change, ChangeBasis, Delivery, Depth, MarketError, Note, NoteKind, Quote, QuoteRequest,
    RangeSource, StructuralData, Technical, number,
};

use super::book::{Book, Row};
use super::lookup;
use super::provider::NAME;

/// Answers a request from the rows dated up to the day of `now`.
pub(super) fn quote(
    book: &Book,
    request: &QuoteRequest,
    now: DateTime<Utc>,
) -> Result<Quote, MarketError> {
    let found = lookup::find(book, request, now.date_naive())?;
    let mut notes = found.notes;
    let Some((newest, earlier)) = found.rows.split_last() else {
        return Err(MarketError::not_found(request, Vec::new()));
    };
    let previous = earlier.last();
    let change = previous
        .filter(|previous| newest.is_comparable(previous))
        .and_then(|previous| {
            Change::between(
                previous.price,
                newest.price,
                ChangeBasis::PreviousRow,
                Some(previous.date),
            )
        });
    let structural_data = match request.depth {
        Depth::Quick => None,
        Depth::Standard | Depth::Deep => trailing_year(found.rows, newest),
    };
    if previous.is_some_and(|previous| !newest.is_comparable(previous)) {
        notes.push(Note::new(
            NoteKind::NotComparable,
            "the row before is in another currency or adjusted otherwise, so no change is computed",
        ));
    }
    if newest.adjusted {
        notes.push(Note::new(
            NoteKind::AdjustedCloses,
            "the price file holds adjusted closes only: not the prices that were paid",
        ));
    }
    let future = found.series.rows.len() - found.rows.len();
    if future > 0 {
        notes.push(Note::new(
            NoteKind::FutureRowsLeftOut,
            format!(
                "rows dated after {} were left out: {future}",
                now.date_naive()
            ),
        ));
    }
    notes.extend(not_honoured(request));
    Ok(Quote {
        symbol: request.symbol.clone(),
        listed_as: found.series.listed_as.clone(),
        asset_class: request.asset_class,
        name: found.series.name.as_deref().map(str::to_owned),
        exchange: None,
        market: None,
        currency: newest.currency.as_deref().map(str::to_owned),
        pair: found.pair,
        price: newest.price,
        change,
        as_of: AsOf::date(newest.date),
        delivery: Delivery::EndOfDay,
        source: format!("{NAME}:{}", newest.file),
        book: None,
        market_state: None,
        unchanged_until: None,
        day: newest.day.as_deref().cloned().unwrap_or_default(),
        structural_data,
        crypto_metrics: None,
        technical: match request.depth {
            Depth::Quick | Depth::Standard => None,
            Depth::Deep => technical(found.rows, newest),
        },
        notes,
    })
}

/// What was asked for that no price file can tell.
fn not_honoured(request: &QuoteRequest) -> impl Iterator<Item = Note> {
    let note = |kind, what: &str, asked: &Option<String>| {
        asked.as_ref().map(|asked| {
            Note::new(
                kind,
                format!(
                    "the price file does not say which {what} its prices are from, so {} could not \
                     be honoured",
                    printable(asked)
                ),
            )
        })
    };
    [
        note(NoteKind::ExchangeNotHonoured, "exchange", &request.exchange),
        note(NoteKind::MarketNotHonoured, "market", &request.market),
    ]
    .into_iter()
    .flatten()
}

/// Figures over the year that ends with the newest row.
///
/// There are none when the rows do not reach back a full year, when fewer than two of them lie in
/// it, or when they cannot be compared.
fn trailing_year(rows: &[Row], newest: &Row) -> Option<StructuralData> {
    let start = newest.date.checked_sub_months(Months::new(12))?;
    if rows.first()?.date > start {
        return None;
    }
    let year = &rows[rows.partition_point(|row| row.date <= start)..];
    if year.len() < 2 || !year.iter().all(|row| row.is_comparable(newest)) {
        return None;
    }
    let high_low: Option<Vec<(Decimal, Decimal)>> = year.iter().map(Row::high_low).collect();
    let (computed_from, range) = match high_low {
        Some(range) => (RangeSource::HighLow, range),
        None => (
            RangeSource::Closes,
            year.iter().map(|row| (row.price, row.price)).collect(),
        ),
    };
    let volumes: Vec<Decimal> = year.iter().filter_map(Row::volume).collect();
    let average_volume = average(&volumes);
    Some(StructuralData {
        week_52_high: range.iter().map(|(high, _)| *high).max()?,
        week_52_low: range.iter().map(|(_, low)| *low).min()?,
        average_volume,
        average_volume_rows: average_volume.map(|_| volumes.len()),
        computed_from,
        from: Some(year.first()?.date),
        to: Some(newest.date),
        rows: Some(year.len()),
    })
}

/// Over the days of the year that ends with the newest row, if there are daily rows.
fn technical(rows: &[Row], newest: &Row) -> Option<Technical> {
    let start = newest.date.checked_sub_months(Months::new(12))?;
    let year = &rows[rows.partition_point(|row| row.date <= start)..];
    if !year.iter().all(|row| row.is_comparable(newest)) {
        return None;
    }
    let closes: Vec<DailyClose> = year
        .iter()
        .map(|row| DailyClose {
            date: row.date,
            close: row.price,
        })
        .collect();
    Technical::over(&closes, false)
}

fn average(figures: &[Decimal]) -> Option<Decimal> {
    let sum = figures
        .iter()
        .try_fold(Decimal::ZERO, |sum, figure| sum.checked_add(*figure))?;
    let mean = sum.checked_div(figures.len().into())?;
    Some(number::round(mean, 2))
}
