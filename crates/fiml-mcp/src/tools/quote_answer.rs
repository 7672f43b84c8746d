//! What both searches return.

use std::ops::Not as _;

use fiml_market::{
    Answer as MarketAnswer, AsOfKind, Attempt, CacheInfo, ChangeBasis, Comparison, CryptoMetrics,
    Freshness, Fundamentals, Lineage, MarketState, Number, StructuralData, Technical, Valuation,
    disclaimer,
};
use fiml_session_core::{SessionError, SessionId};
use serde::Serialize;
use serde_json::{Value, json};

use super::Success;
use crate::error::{ErrorBody, Failure};

/// A price with all a reader needs to trust it or not; what is unknown is absent.
#[derive(Debug, Serialize)]
pub(super) struct QuoteAnswer {
    symbol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<String>,
    cached: Cached,
    #[serde(skip_serializing_if = "Option::is_none")]
    structural_data: Option<StructuralData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crypto_metrics: Option<CryptoMetrics>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fundamentals: Option<Fundamentals>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valuation: Option<Valuation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    technical: Option<Technical>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<&'static str>,
    disclaimer: &'static str,
    data_lineage: Lineage,
    freshness: Freshness,
    cache: CacheInfo,
    attempts: Vec<Attempt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Tracking>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<Value>,
}

/// The price itself. The figures are JSON numbers in the source's own digits, as the quote writes them.
#[derive(Debug, Serialize)]
struct Cached {
    price: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_percent: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_basis: Option<ChangeBasis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_high: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_low: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bid: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market_state: Option<MarketState>,
    as_of: Value,
    last_updated: Value,
    source: String,
    ttl: i64,
}

/// Whether the question stands in the session's record.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Tracking {
    id: SessionId,
    tracked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Tracking {
    pub(super) const fn tracked(id: SessionId, query_number: u64) -> Self {
        Self {
            id,
            tracked: true,
            query_number: Some(query_number),
            reason: None,
        }
    }

    pub(super) fn untracked(id: SessionId, error: &SessionError) -> Self {
        Self {
            id,
            tracked: false,
            query_number: None,
            reason: Some(ErrorBody::from(error).reason()),
        }
    }
}

impl QuoteAnswer {
    pub(super) fn new(
        answer: MarketAnswer,
        language: Option<&str>,
        session: Option<Tracking>,
    ) -> Self {
        let MarketAnswer {
            quote,
            freshness,
            cache,
            attempts,
            data_lineage,
            fundamentals,
            valuation,
            comparison,
            licence,
        } = answer;
        let notes = quote.notes.iter().map(|note| json!(note));
        let notes = notes.chain(language.and_then(language_note)).collect();
        let (change, day, book) = (quote.change.as_ref(), &quote.day, quote.book);
        let as_of = match quote.as_of.kind {
            AsOfKind::Date => json!(quote.as_of.label()),
            AsOfKind::Exchange | AsOfKind::Received => json!(freshness.as_of),
        };
        Self {
            cached: Cached {
                price: Number(quote.price),
                change: change.map(|change| Number(change.amount)),
                change_percent: change.map(|change| Number(change.percent)),
                change_basis: change.map(|change| change.basis),
                previous_price: change.map(|change| Number(change.previous_price)),
                previous_date: change
                    .and_then(|change| change.previous_date)
                    .map(|date| date.to_string()),
                open: day.open.map(Number),
                day_high: day.day_high.map(Number),
                day_low: day.day_low.map(Number),
                volume: day.volume.map(Number),
                bid: book.map(|book| Number(book.bid)),
                ask: book.map(|book| Number(book.ask)),
                currency: quote.currency.clone(),
                market_state: quote.market_state,
                as_of,
                last_updated: json!(freshness.fetched_at),
                source: quote.source,
                ttl: cache.ttl_seconds,
            },
            structural_data: quote.structural_data,
            crypto_metrics: quote.crypto_metrics,
            notes,
            fundamentals,
            valuation,
            technical: quote.technical,
            comparison,
            licence,
            symbol: quote.symbol.to_string(),
            name: quote.name,
            exchange: quote.exchange,
            market: quote.market,
            currency: quote.currency,
            pair: quote.pair.map(|pair| pair.to_string()),
            disclaimer: disclaimer(quote.asset_class),
            data_lineage,
            freshness,
            cache,
            attempts,
            session,
            more: Vec::new(),
        }
    }

    /// The answer with those of the other symbols asked for in the same call.
    pub(super) fn with_more(
        self,
        others: impl IntoIterator<Item = (String, Result<Self, Failure>)>,
    ) -> Self {
        let others = others.into_iter().map(|(symbol, answer)| match answer {
            Ok(answer) => json!(Success::of(answer)),
            Err(failure) => {
                let mut body = json!(ErrorBody::from(&failure));
                body["symbol"] = symbol.into();
                body
            }
        });
        Self {
            more: others.collect(),
            ..self
        }
    }
}

/// Says so where an answer was wanted in a language that there is none in.
fn language_note(language: &str) -> Option<Value> {
    let language: String = language.to_ascii_lowercase();
    let english = language == "en" || language.starts_with("en-") || language.starts_with("en_");
    english.not().then(|| {
        json!({
            "kind": "language_not_honoured",
            "message": "answers are written in English only",
        })
    })
}
