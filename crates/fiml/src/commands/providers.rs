//! `fiml providers`: who can be asked for prices, how they are, and what to set.

use std::path::Path;

use anyhow::Result;
use chrono::{DateTime, Utc};
use fiml_market::{Attempt, MarketConfig, MarketError, QuoteRequest, RateLimit, Reach, Turn};
use fiml_session_core::{Clock as _, SystemClock, error_chain};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    config::Config,
    failures::Silent,
    output::{Output, sentences, table},
    providers::Provider,
    wiring,
};

/// How to look.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask none of them: tell what is configured alone
    #[arg(long)]
    no_ask: bool,
}

pub(super) const AFTER_HELP: &str = "\
Each provider that FIML_PROVIDERS names is asked one question (BTC-USD, AAPL or UST10Y), so that its state \
and its last error are those of this moment. The others are asked nothing; beneath the table stands what to \
set to turn them on. The price file that --prices names is asked before any of them.

The exit code is 0 where one answers, none is to be asked or --no-ask is given, and 5 where not one of those that \
were asked answers; the JSON then has the status error.";

/// One provider, as it is now.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    answers_for: &'static str,
    /// `off`, `on` where it was not asked, `answers` or `fails`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<RateLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<Attempt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<String>,
}

#[derive(Serialize)]
struct Rows {
    providers: Vec<Row>,
}

pub(crate) async fn run(args: &Args, config: &Config, output: &Output) -> Result<()> {
    let now: DateTime<Utc> = SystemClock.now().into();
    let files = match &config.prices {
        Some(path) => Some(look_at_files(path, !args.no_ask).await),
        None => None,
    };
    let rows = Provider::ALL.map(|provider| look(provider, config, now, !args.no_ask));
    let files = files.into_iter().map(Ok);
    let providers: Result<Vec<Row>> = files.chain(join_all(rows).await).collect();
    let rows = Rows {
        providers: providers?,
    };
    let failure = silent(&rows.providers).map(anyhow::Error::new);
    output.report(failure, &rows, || text(&rows.providers))
}

/// That somebody was asked and nobody answers, where it is so.
fn silent(rows: &[Row]) -> Option<Silent> {
    let of = |state| move |row: &&Row| row.state == state;
    let failing: Vec<&str> = rows
        .iter()
        .filter(of("fails"))
        .map(|row| row.name)
        .collect();
    let is_silent = !failing.is_empty() && !rows.iter().any(|row| row.state == "answers");
    is_silent.then_some(Silent(failing))
}

async fn look_at_files(path: &Path, ask: bool) -> Row {
    let failure = if ask {
        wiring::price_files(path).await.err()
    } else {
        None
    };
    Row {
        name: "file",
        answers_for: "your own prices",
        state: match (ask, &failure) {
            (false, _) => "on",
            (true, None) => "answers",
            (true, Some(_)) => "fails",
        },
        limit: None,
        licence: None,
        last_error: failure.map(|error| error_chain(error.as_ref())),
        attempts: Vec::new(),
        set: None,
    }
}

async fn look(provider: Provider, config: &Config, now: DateTime<Utc>, ask: bool) -> Result<Row> {
    let settings = &config.market;
    let (limit, licence) = facts(provider, config)?;
    let mut row = Row {
        name: provider.name(),
        answers_for: provider.answers_for(),
        state: "off",
        limit,
        licence,
        last_error: None,
        attempts: Vec::new(),
        set: settings.missing(provider),
    };
    if row.set.is_some() {
        return Ok(row);
    }
    row.state = "on";
    if !ask {
        return Ok(row);
    }
    let failure = match provider.example() {
        None => {
            let (office, apple) = (settings.office()?, "AAPL".parse()?);
            let patience = MarketConfig::DEFAULT_DEADLINE;
            match timeout(patience, office.fundamentals(&apple, &Turn::at(now))).await {
                Ok(answer) => answer.err().map(|error| error_chain(&error)),
                Err(_) => Some(format!("it did not answer within {} s", patience.as_secs())),
            }
        }
        Some(symbol) => {
            let failure = question(provider, symbol, config, now).await?;
            let attempts = failure.iter().flat_map(MarketError::attempts);
            row.attempts = attempts.cloned().collect();
            failure.map(|error| error_chain(&error))
        }
    };
    row.state = if failure.is_some() {
        "fails"
    } else {
        "answers"
    };
    row.last_error = failure;
    Ok(row)
}

async fn question(
    provider: Provider,
    symbol: &str,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<Option<MarketError>> {
    let market = config.market.market_of_one(provider)?;
    let request = QuoteRequest::of(symbol.parse()?);
    Ok(market.quote(&request, now).await.err())
}

/// The limit and the terms of a provider, as it publishes them.
fn facts(provider: Provider, config: &Config) -> Result<(Option<RateLimit>, Option<&'static str>)> {
    let limit = |reach| match reach {
        Reach::Network(limit) => Some(limit),
        Reach::Local => None,
    };
    if provider == Provider::Edgar {
        let office = config.market.office()?;
        return Ok((limit(office.reach()), office.licence()));
    }
    let market = config.market.market_of_one(provider)?;
    let status = market.providers().pop();
    Ok(status.map_or((None, None), |status| (status.limit, status.licence)))
}

fn text(rows: &[Row]) -> String {
    let header = ["PROVIDER", "FOR", "STATE", "LIMIT"];
    let lines = rows.iter().map(|row| {
        let limit = row.limit.map(|limit| limit.to_string());
        vec![
            row.name.to_owned(),
            row.answers_for.to_owned(),
            row.state.to_owned(),
            limit.unwrap_or_default(),
        ]
    });
    // What is long stands beneath, where it can wrap.
    let details = rows.iter().flat_map(|row| {
        let terms = row.licence.filter(|_| row.state != "off");
        let told = [
            ("last error", row.last_error.as_deref()),
            ("set", row.set.as_deref()),
            ("terms", terms),
        ];
        told.into_iter().filter_map(|(what, text)| {
            Some(vec![row.name.to_owned(), what.to_owned(), text?.to_owned()])
        })
    });
    format!("{}\n\n{}", table(&header, lines), sentences(details))
}
