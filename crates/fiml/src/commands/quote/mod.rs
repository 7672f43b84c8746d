//! `fiml quote`: what assets cost, from whom and as of when.

mod text;

use anyhow::Result;
use chrono::{DateTime, Utc};
use fiml_market::{Answer, Attempt, Depth, MarketError, QuoteRequest, Symbol, disclaimer};
use fiml_session_core::{Clock as _, SystemClock, error_chain};
use serde::Serialize;

use crate::{config::Config, failures::Unpriced, output::Output, wiring};

/// What to ask.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tickers (AAPL, BRK.B, ^GSPC), coins (BTC-USD) and Treasury yields (UST10Y)
    #[arg(required = true, num_args = 1..=20, value_name = "SYMBOL", value_parser = symbol)]
    symbols: Vec<Symbol>,
    /// The market meant by tickers, such as US or UK
    #[arg(long)]
    market: Option<String>,
    /// The exchange meant for coins, such as kraken
    #[arg(long)]
    exchange: Option<String>,
    /// How much to find out
    #[arg(long, value_enum, default_value_t = Wanted::Standard)]
    depth: Wanted,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Wanted {
    /// The price and its change
    Quick,
    /// Also the trailing year and what the company reports
    Standard,
    /// Also technical figures and a second source
    Deep,
}

pub(super) const AFTER_HELP: &str = "\
Prices come from the file that --prices names and from the providers that FIML_PROVIDERS names, for
example:

  FIML_PROVIDERS=coinbase,kraken fiml quote BTC-USD ETH-USD

fiml providers lists them, and what each of them needs.";

fn symbol(text: &str) -> Result<Symbol, String> {
    text.parse()
        .map_err(|error: fiml_market::InvalidSymbol| error.reason.to_owned())
}

/// One answer, or why there is none.
#[derive(Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Line<'a> {
    Success {
        #[serde(flatten)]
        answer: &'a Answer,
        disclaimer: &'static str,
    },
    Error {
        symbol: &'a Symbol,
        code: &'static str,
        message: String,
        attempts: &'a [Attempt],
    },
}

#[derive(Serialize)]
struct Lines<'a> {
    quotes: Vec<Line<'a>>,
    /// What is wrong with the price files.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

pub(crate) async fn run(args: Args, config: &Config, output: &Output) -> Result<()> {
    let (market, warnings) = wiring::market(config).await?;
    let requests: Vec<QuoteRequest> = args
        .symbols
        .iter()
        .map(|symbol| QuoteRequest {
            market: args.market.clone(),
            exchange: args.exchange.clone(),
            depth: match args.depth {
                Wanted::Quick => Depth::Quick,
                Wanted::Standard => Depth::Standard,
                Wanted::Deep => Depth::Deep,
            },
            ..QuoteRequest::of(symbol.clone())
        })
        .collect();
    let now: DateTime<Utc> = SystemClock.now().into();
    let answers = market.quotes(&requests, now).await;
    let lines = args.symbols.iter().zip(&answers);
    let quotes = lines.map(|(symbol, answer)| match answer {
        Ok(answer) => Line::Success {
            answer,
            disclaimer: disclaimer(answer.quote.asset_class),
        },
        Err(error) => Line::Error {
            symbol,
            code: error.kind(),
            message: error_chain(error),
            attempts: error.attempts(),
        },
    });
    let quotes = Lines {
        quotes: quotes.collect(),
        warnings: &warnings,
    };
    let failed = failed(&args.symbols, &answers);
    let failure = match failed.as_slice() {
        [] => None,
        [(_, error)] => Some(anyhow::Error::new((*error).clone())),
        [(_, first), ..] => {
            let symbols = failed.iter().map(|(symbol, _)| symbol.to_string());
            let (symbols, first) = (symbols.collect(), (*first).clone());
            Some(Unpriced { symbols, first }.into())
        }
    };
    output.report(failure, &quotes, || text::of(&answers, &failed))
}

/// What has no price, each symbol once, however often it was asked for.
fn failed<'a>(
    symbols: &'a [Symbol],
    answers: &'a [Result<Answer, MarketError>],
) -> Vec<(&'a Symbol, &'a MarketError)> {
    let mut failed: Vec<(&Symbol, &MarketError)> = Vec::new();
    for (symbol, answer) in symbols.iter().zip(answers) {
        if let Err(error) = answer
            && failed.iter().all(|(known, _)| *known != symbol)
        {
            failed.push((symbol, error));
        }
    }
    failed
}
