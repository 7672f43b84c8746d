//! Which number a ticker has, from the Commission's own list, kept for a day.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::http::Endpoint;
use crate::{MarketError, Symbol, Turn};

/// How long the list is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A line of `/files/company_tickers.json`.
#[derive(Debug, Deserialize)]
struct Line {
    cik_str: u64,
    ticker: String,
}

#[derive(Debug)]
struct Fetched {
    at: DateTime<Utc>,
    numbers: Arc<HashMap<String, u64>>,
}

/// The list as last fetched.
#[derive(Debug, Default)]
pub(super) struct Companies(Mutex<Option<Fetched>>);

impl Companies {
    /// The number of the company behind a ticker. Whoever asks while the list is fetched waits for it, and asks
    /// for it again where that fails: so it has all of its time then.
    pub(super) async fn number(
        &self,
        symbol: &Symbol,
        site: &Endpoint,
        turn: &Turn,
    ) -> Result<Option<u64>, MarketError> {
        let now = turn.now();
        let mut kept = turn.wait_for(self.0.lock()).await;
        // Of two who ask at the same time, the one may be as of a moment before the other.
        let fits = |list: &&Fetched| (now - list.at).abs() < KEPT;
        let numbers = match kept.as_ref().filter(fits) {
            Some(list) => Arc::clone(&list.numbers),
            None => {
                site.admit(1, turn).await?;
                let path = ["files", "company_tickers.json"];
                let lines: HashMap<String, Line> = site
                    .json(&path, &[])
                    .await?
                    .ok_or_else(|| site.bad("it has no list of companies"))?;
                let numbers = lines.into_values().map(|line| (line.ticker, line.cik_str));
                let numbers = Arc::new(numbers.collect());
                *kept = Some(Fetched {
                    at: now,
                    numbers: Arc::clone(&numbers),
                });
                numbers
            }
        };
        // A class of shares has a dash there.
        let ticker = symbol.as_str().replace('.', "-");
        Ok(numbers.get(&ticker).copied())
    }
}
