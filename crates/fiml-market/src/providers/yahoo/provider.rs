//! Asks for a chart and reads a quote from it.

use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::number::{Figure, above_zero};
use crate::technical::DailyClose;
use crate::text::printable;
use crate::{
    AsOf, AsOfKind, AssetClass, Change, ChangeBasis, DayFigures, Delivery, Depth, MarketError,
    MarketProvider, MarketState, Note, NoteKind, Profile, Quote, QuoteRequest, RangeSource, Reach,
    StructuralData, Technical, Turn, places,
};

use super::chart::{Envelope, Series};
use super::listing::listed;

const NAME: &str = "yahoo";
const LIMIT: RateLimit = RateLimit::new(30, 60);
/// It turns away whoever does not look like a browser.
const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (compatible; fiml/",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// The chart of Yahoo Finance: unofficial, for personal use, and only with the user's word that its terms
/// are accepted, which is up to whoever builds this.
#[derive(Debug)]
pub struct Yahoo {
    endpoint: Endpoint,
}

impl Yahoo {
    /// Where it is reached unless somebody says otherwise.
    pub const BASE_URL: &'static str = "https://query1.finance.yahoo.com";

    /// The chart at an address.
    pub fn new(client: &HttpClient, base_url: &str) -> Result<Self, HttpSetupError> {
        let endpoint = Endpoint::new(NAME, client, base_url, LIMIT)?;
        Ok(Self {
            endpoint: endpoint.with_header("user-agent", USER_AGENT, "the name of the client")?,
        })
    }

    async fn series(&self, listed: &str, range: &str) -> Result<Option<Series>, MarketError> {
        let path = ["v8", "finance", "chart", listed];
        let query = [("range", range), ("interval", "1d")];
        let Some(Envelope { chart }) = self.endpoint.json(&path, &query).await? else {
            return Ok(None);
        };
        if let Some(refusal) = chart.error {
            if refusal.code == "Not Found" {
                return Ok(None);
            }
            let reason = format!("it answered the error {}", printable(&refusal.code));
            return Err(self.endpoint.bad(reason));
        }
        let series = chart.result.and_then(|found| found.into_iter().next());
        let series = series.ok_or_else(|| self.endpoint.bad("it drew no chart"))?;
        if !series.meta.symbol.eq_ignore_ascii_case(listed) {
            return Err(self.endpoint.implausible(format!(
                "it answered for {}, not for {listed}",
                printable(&series.meta.symbol)
            )));
        }
        Ok(Some(series))
    }
}

#[async_trait]
impl MarketProvider for Yahoo {
    fn name(&self) -> &str {
        NAME
    }

    fn profile(&self) -> Profile {
        Profile {
            classes: &[AssetClass::Equity],
            venue: None,
            reach: Reach::Network(LIMIT),
            licence: Some("Yahoo Finance, for personal use only; not to be redistributed."),
        }
    }

    fn closed_for(&self) -> Option<Duration> {
        self.endpoint.closed_for()
    }

    async fn quote(&self, request: &QuoteRequest, turn: &Turn) -> Result<Quote, MarketError> {
        let listed = listed(request);
        let listed = listed.as_str();
        let range = match request.depth {
            Depth::Quick | Depth::Standard => "5d",
            Depth::Deep => "1y",
        };
        self.endpoint.admit(1, turn).await?;
        let series = self.series(listed, range).await?;
        let series = series.ok_or_else(|| MarketError::not_found(request, Vec::new()))?;
        let meta = &series.meta;
        let Figure(price) = meta.regular_market_price;
        let of_range = || self.endpoint.implausible("its time is out of range");
        let at = DateTime::from_timestamp_secs(meta.regular_market_time).ok_or_else(of_range)?;
        let day = meta.day(meta.regular_market_time).ok_or_else(of_range)?;
        let mut closes = series.closes_before(day);
        let change = closes.last().and_then(|previous| {
            let (close, date) = (previous.close, Some(previous.date));
            Change::between(close, price, ChangeBasis::PreviousClose, date)
        });
        let periods = meta.current_trading_period.as_ref();
        let session = periods.and_then(|periods| periods.regular.as_ref());
        let state = session.map(|session| session.state(turn.now()));
        let unchanged_until = session.and_then(|session| session.unchanged_until(at, turn.now()));
        let technical = match request.depth {
            Depth::Quick | Depth::Standard => None,
            Depth::Deep => {
                if state != Some(MarketState::Open) {
                    closes.push(DailyClose {
                        date: day,
                        close: price,
                    });
                }
                Technical::over(&closes, false)
            }
        };
        let shown = |text: &Option<String>| text.as_deref().map(printable);
        let told = [&meta.full_exchange_name, &meta.exchange_name];
        let mut told = told.into_iter().filter_map(Option::as_deref);
        let known = told.clone().find(|name| places::market_of(name).is_some());
        let market = known.and_then(places::market_of);
        let mut notes = Vec::new();
        if listed != request.symbol.as_str() {
            let message = format!("Yahoo lists it as {listed}");
            notes.push(Note::new(NoteKind::ListedAs, message));
        }
        Ok(Quote {
            symbol: request.symbol.clone(),
            listed_as: listed.to_owned(),
            asset_class: request.asset_class,
            name: shown(&meta.long_name).or_else(|| shown(&meta.short_name)),
            // The name that is known here, so that it can be compared with the one asked for.
            exchange: known.or_else(|| told.next()).map(printable),
            market: market.map(str::to_owned),
            currency: shown(&meta.currency),
            pair: None,
            price,
            change,
            as_of: AsOf {
                at,
                kind: AsOfKind::Exchange,
            },
            delivery: match state {
                Some(MarketState::Closed) => Delivery::EndOfDay,
                // Where it tells no session, an old price may be one that stopped.
                Some(MarketState::Open) | None => Delivery::Live,
            },
            source: NAME.to_owned(),
            book: None,
            market_state: state,
            unchanged_until,
            day: DayFigures {
                open: above_zero(series.open_of(day)),
                day_high: above_zero(meta.regular_market_day_high),
                day_low: above_zero(meta.regular_market_day_low),
                volume: above_zero(meta.regular_market_volume),
            },
            crypto_metrics: None,
            structural_data: structural(&series, request.depth),
            technical,
            notes,
        })
    }

    async fn generation(&self) -> u64 {
        0
    }

    async fn symbols(&self) -> Vec<String> {
        Vec::new()
    }
}

fn structural(series: &Series, depth: Depth) -> Option<StructuralData> {
    if depth == Depth::Quick {
        return None;
    }
    Some(StructuralData {
        week_52_high: above_zero(series.meta.fifty_two_week_high)?,
        week_52_low: above_zero(series.meta.fifty_two_week_low)?,
        average_volume: None,
        average_volume_rows: None,
        computed_from: RangeSource::Stated,
        from: None,
        to: None,
        rows: None,
    })
}
