//! Which source answers: asked in order, and what each one said weighed.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use tokio::time::Instant;

use crate::places::Whereabouts;
use crate::text::printable;
use crate::{
    AssetClass, Attempt, Depth, FailureKind, Freshness, FreshnessStatus, Fundamentals, MarketError,
    Note, NoteKind, Quote, QuoteRequest, number, places,
};

use super::answer::Comparison;
use super::cache::Kept;
use super::config::Completeness;
use super::market::Inner;
use super::source::{Said, Source, When};

/// How far apart two prices may be that confirm each other, in percent.
const AGREEMENT: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// The quote that answers, and how it was come by.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) quote: Box<Quote>,
    pub(super) asked_at: DateTime<Utc>,
    pub(super) provider: String,
    pub(super) licence: Option<&'static str>,
    pub(super) remote: bool,
    pub(super) comparison: Option<Comparison>,
    /// Whether there is no comparison because another source could not answer.
    pub(super) is_uncompared: bool,
    pub(super) attempts: Vec<Attempt>,
}

/// What the office said, and the attempt if it was asked.
pub(super) type OfCompany = (
    Result<Option<Arc<Fundamentals>>, MarketError>,
    Option<Attempt>,
);

impl Chosen {
    fn new(quote: Box<Quote>, source: &Source, now: DateTime<Utc>) -> Self {
        Self {
            quote,
            asked_at: now,
            provider: source.provider().name().to_owned(),
            licence: source.provider().profile().licence,
            remote: source.is_remote(),
            comparison: None,
            is_uncompared: false,
            attempts: Vec::new(),
        }
    }

    /// The quote that is known already, to which the company's figures are to be added.
    pub(super) fn known(kept: &Kept) -> Self {
        let mut quote = kept.quote.clone();
        let is_of_price = |note: &Note| note.kind != NoteKind::FundamentalsMissing;
        quote.notes.retain(is_of_price);
        Self {
            quote: Box::new(quote),
            asked_at: kept.fetched_at,
            provider: kept.provider.clone(),
            licence: kept.licence,
            remote: kept.remote,
            comparison: kept.comparison.clone(),
            is_uncompared: kept.is_uncompared,
            attempts: Vec::new(),
        }
    }

    /// Adds what the office said, and tells how much is there; its failure is a note, since there is a price.
    ///
    /// Our own limit passes in a moment, unless the office is `resting`: then it asked to be left alone.
    pub(super) fn add_company(
        &mut self,
        (figures, attempt): OfCompany,
        resting: bool,
    ) -> (Option<Arc<Fundamentals>>, Completeness) {
        self.attempts.extend(attempt);
        let passing = match resting {
            true => Completeness::Failed,
            false => Completeness::NotAsked,
        };
        let (figures, missing, completeness) = match figures {
            Ok(figures) => match figures
                .as_deref()
                .and_then(|known| cut_short(known, resting))
            {
                None if self.is_uncompared => (figures, None, Completeness::Failed),
                None => (figures, None, Completeness::Whole),
                missing => (figures, missing, passing),
            },
            Err(error) => {
                let missing = format!("official figures of the company could not be had: {error}");
                let completeness = match error.failure() {
                    Some(FailureKind::LimitReached | FailureKind::DeadlinePassed) => passing,
                    _ => Completeness::Failed,
                };
                (None, Some(missing), completeness)
            }
        };
        let note = |message| Note::new(NoteKind::FundamentalsMissing, message);
        self.quote.notes.extend(missing.map(note));
        (figures, completeness)
    }
}

impl Inner {
    /// The sources for a question: those of the exchange asked for first, the others as they stand.
    fn in_order(&self, request: &QuoteRequest) -> Vec<&Source> {
        let asked = request.exchange.as_deref();
        let fits = self.sources.iter();
        let mut order: Vec<&Source> = fits
            .filter(|source| source.answers_for(request.asset_class))
            .collect();
        order.sort_by_key(|source| {
            let venue = source.provider().profile().venue;
            !matches!((venue, asked), (Some(venue), Some(asked)) if venue.eq_ignore_ascii_case(asked))
        });
        order
    }

    pub(super) async fn ask(
        &self,
        request: &QuoteRequest,
        now: DateTime<Utc>,
        deadline: Instant,
    ) -> Result<Chosen, MarketError> {
        let order = self.in_order(request);
        let mut attempts = Vec::new();
        let mut similar: Vec<String> = Vec::new();
        let mut unknown_to_all = true;
        let mut aged: Option<Chosen> = None;
        let mut doubted: Option<Box<Quote>> = None;
        let mut chosen = None;
        let mut rest = order.into_iter();
        let config = &self.config;
        while let Some(source) = rest.next() {
            if Instant::now() >= deadline {
                unknown_to_all = false;
                break;
            }
            let mut others = rest.as_slice().iter();
            let when = When {
                now,
                deadline,
                is_last: others.all(|other| other.is_left_alone(request.asset_class)),
            };
            match source.ask(request, when, config, &mut attempts).await {
                Said::Quote(quote) if is_stale(&quote, now) => {
                    aged.get_or_insert_with(|| Chosen::new(quote, source, now));
                }
                Said::Quote(quote) => chosen = Some(Chosen::new(quote, source, now)),
                Said::Doubtful(mut quote, _) => {
                    unknown_to_all = false;
                    match &doubted {
                        Some(other) if agree(other, &quote) => {
                            quote.notes.push(confirmed(other));
                            chosen = Some(Chosen::new(quote, source, now));
                        }
                        _ => doubted = Some(quote),
                    }
                }
                Said::Failed(MarketError::SymbolNotFound { near, .. }) => similar.extend(near),
                Said::Failed(_) => unknown_to_all = false,
            }
            if chosen.is_some() {
                break;
            }
        }
        let Some(mut chosen) = chosen.or(aged) else {
            if unknown_to_all {
                return Err(unknown(request, similar));
            }
            return Err(MarketError::ProviderUnavailable { attempts });
        };
        if request.depth == Depth::Deep {
            // One that failed before it was a second to any may answer another time.
            chosen.is_uncompared = !unknown_to_all;
            for source in rest {
                if chosen.comparison.is_some() {
                    break;
                }
                if Instant::now() >= deadline {
                    chosen.is_uncompared = true;
                    break;
                }
                let quick = QuoteRequest {
                    depth: Depth::Quick,
                    ..request.clone()
                };
                let when = When {
                    now,
                    deadline,
                    is_last: false,
                };
                match source.ask(&quick, when, config, &mut attempts).await {
                    Said::Quote(second) if !is_stale(&second, now) => {
                        chosen.comparison = Comparison::of(&chosen.quote, &second);
                    }
                    Said::Quote(_) | Said::Doubtful(..) => {}
                    Said::Failed(error) => chosen.is_uncompared |= error.failure().is_some(),
                }
            }
            chosen.is_uncompared &= chosen.comparison.is_none();
        }
        let elsewhere = elsewhere(request, &chosen);
        chosen.quote.notes.extend(elsewhere);
        chosen.attempts = attempts;
        Ok(chosen)
    }

    /// What the company behind a share reports, where somebody knows and the depth asks for it.
    pub(super) async fn company_figures(
        &self,
        request: &QuoteRequest,
        now: DateTime<Utc>,
        deadline: Instant,
    ) -> OfCompany {
        let share = !request.symbol.as_str().contains(['^', '=']);
        let home = request.market.as_deref().is_none_or(places::is_us);
        let asks = request.asset_class == AssetClass::Equity && request.depth != Depth::Quick;
        match &self.company {
            Some(company) if asks && share && home => {
                let time = self.config.provider_timeout;
                company.figures(&request.symbol, now, time, deadline).await
            }
            _ => (Ok(None), None),
        }
    }
}

/// Says so where figures are absent that the company may report.
fn cut_short(figures: &Fundamentals, resting: bool) -> Option<String> {
    let missing = &figures.cut_short;
    let reason = match resting {
        true => "it asked to be left alone",
        false => "its share of calls was used up; ask again",
    };
    (!missing.is_empty()).then(|| {
        format!(
            "{} was not asked for {} under all names: {reason}",
            figures.source,
            missing.join(", ")
        )
    })
}

fn is_stale(quote: &Quote, now: DateTime<Utc>) -> bool {
    let freshness = Freshness::judge(quote.as_of, quote.delivery, now, now, now);
    freshness.status == FreshnessStatus::Stale
}

/// Whether two doubted prices are of the same thing and near each other.
fn agree(one: &Quote, other: &Quote) -> bool {
    let spread = Comparison::of(one, other).map(|comparison| comparison.spread_percent);
    one.source != other.source && spread.is_some_and(|spread| spread.abs() <= AGREEMENT)
}

fn confirmed(other: &Quote) -> Note {
    let message = format!(
        "the price moved by more than 95 %, and {} agrees: {}",
        other.source, other.price
    );
    Note::new(NoteKind::LargeChangeConfirmed, message)
}

/// Says so where a market or an exchange was asked for and another one answers, or that cannot be told; what
/// is local speaks for itself.
fn elsewhere(request: &QuoteRequest, chosen: &Chosen) -> Vec<Note> {
    let quote = &chosen.quote;
    let (exchange, market) = (quote.exchange.as_deref(), quote.market.as_deref());
    let of_shares = request.asset_class == AssetClass::Equity;
    let asked = [
        (
            request.exchange.as_deref(),
            NoteKind::ExchangeSubstituted,
            NoteKind::ExchangeNotHonoured,
        ),
        (
            // Coins and official figures have none.
            request.market.as_deref().filter(|_| of_shares),
            NoteKind::MarketSubstituted,
            NoteKind::MarketNotHonoured,
        ),
    ];
    let missed = asked.into_iter().filter_map(|(asked, other, untold)| {
        let place = asked.filter(|_| chosen.remote)?;
        let asked = printable(place);
        let (kind, found) = match (places::whereabouts(place, exchange, market), exchange) {
            (Whereabouts::There, _) => return None,
            (_, None) => {
                let provider = &chosen.provider;
                let found = format!("{provider} does not say where its price is from");
                (untold, found)
            }
            // Coins are traded on exchanges of one name each.
            (Whereabouts::Untold, Some(found)) if of_shares => {
                let doubt = format!("it cannot be told whether {found} belongs to {asked}");
                (untold, doubt)
            }
            (_, Some(found)) => (other, format!("the price is from {found}")),
        };
        let message = format!("{asked} was asked for, and {found}");
        Some(Note::new(kind, message))
    });
    missed.collect()
}

fn unknown(request: &QuoteRequest, mut similar: Vec<String>) -> MarketError {
    let mut seen = HashSet::new();
    similar.retain(|name| seen.insert(name.clone()));
    similar.truncate(5);
    MarketError::SymbolNotFound {
        symbol: request.to_string(),
        near: similar,
    }
}

impl Comparison {
    /// The second price beside the first; `None` where they are of different things.
    pub(super) fn of(first: &Quote, second: &Quote) -> Option<Self> {
        if first.currency != second.currency || first.pair != second.pair {
            return None;
        }
        let spread = second.price.checked_sub(first.price)?;
        let spread = spread
            .checked_mul(Decimal::ONE_HUNDRED)?
            .checked_div(first.price)?;
        Some(Self {
            source: second.source.clone(),
            price: second.price,
            as_of: second.as_of,
            spread_percent: number::round(spread, 4),
        })
    }
}
