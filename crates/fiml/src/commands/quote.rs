//! `fiml quote`: what assets cost, from whom and as of when.

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use fiml_market::{Answer, Attempt, Change, Depth, MarketError, QuoteRequest, Symbol, disclaimer};
use fiml_session_core::{Clock as _, SystemClock};
use serde::Serialize;

use crate::{
    config::Config,
    exit::Unpriced,
    output::{Output, table},
    wiring,
};

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
}

pub(crate) async fn run(args: Args, config: &Config, output: &Output) -> Result<()> {
    let market = wiring::market(config).await?;
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
            message: format!("{:#}", anyhow::Error::from(error.clone())),
            attempts: error.attempts(),
        },
    });
    let quotes = Lines {
        quotes: quotes.collect(),
    };
    let failed: Vec<(&Symbol, &MarketError)> = args
        .symbols
        .iter()
        .zip(&answers)
        .filter_map(|(symbol, answer)| Some((symbol, answer.as_ref().err()?)))
        .collect();
    let status = match failed.as_slice() {
        [] => "success",
        _ => "error",
    };
    output.report(status, &quotes, || text(&args.symbols, &answers, &failed))?;
    match failed.as_slice() {
        [] => Ok(()),
        [(_, error)] => bail!((*error).clone()),
        [(_, first), ..] => bail!(Unpriced {
            symbols: failed
                .iter()
                .map(|(symbol, _)| symbol.to_string())
                .collect(),
            first: (*first).clone(),
        }),
    }
}

/// Why there is no price, in a line: of each provider that was asked no more than how it failed.
fn short(error: &MarketError) -> String {
    let mut tries: Vec<String> = error.attempts().iter().map(outcome).collect();
    // A second try mostly ends like the first.
    tries.dedup();
    match tries.as_slice() {
        [] => format!("{:#}", anyhow::Error::from(error.clone())),
        _ => format!("no provider could answer ({})", tries.join(", ")),
    }
}

fn outcome(attempt: &Attempt) -> String {
    let Attempt {
        provider, outcome, ..
    } = attempt;
    match attempt.retry_after {
        Some(seconds) => format!("{provider} {outcome}, again in {seconds} s"),
        None => format!("{provider} {outcome}"),
    }
}

/// A line for each reason, with the symbols that it is of.
fn reasons(failed: &[(&Symbol, &MarketError)]) -> String {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for (symbol, error) in failed {
        let reason = short(error);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, symbols)) => symbols.push(symbol.as_str()),
            None => reasons.push((reason, vec![symbol.as_str()])),
        }
    }
    let lines = reasons
        .iter()
        .map(|(reason, symbols)| format!("\n{}: {reason}", symbols.join(", ")));
    lines.collect()
}

fn text(
    symbols: &[Symbol],
    answers: &[Result<Answer, MarketError>],
    failed: &[(&Symbol, &MarketError)],
) -> String {
    let header = [
        "SYMBOL", "PRICE", "", "CHANGE", "AGAINST", "AS OF", "IT IS", "FROM",
    ];
    let rows = symbols
        .iter()
        .zip(answers)
        .map(|(symbol, answer)| match answer {
            Ok(answer) => {
                let quote = &answer.quote;
                let change = quote.change.as_ref();
                vec![
                    quote.listed_as.clone(),
                    quote.price.to_string(),
                    quote.currency.clone().unwrap_or_default(),
                    change.map(Change::percent_text).unwrap_or_default(),
                    change
                        .map(|change| change.basis.as_str().to_owned())
                        .unwrap_or_default(),
                    quote.as_of.label(),
                    answer.freshness.status.as_str().to_owned(),
                    quote.source.clone(),
                ]
            }
            Err(error) => vec![symbol.to_string(), error.kind().to_owned()],
        });
    let mut text = table(&header, rows);
    // The reason of one is the error of the whole command.
    if failed.len() > 1 {
        text += &reasons(failed);
    }
    for answer in answers.iter().flatten() {
        let quote = &answer.quote;
        let notes = quote
            .notes
            .iter()
            .map(|note| format!("\n{}: {}", quote.symbol, note.message));
        text.extend(notes);
        if let Some(reason) = &answer.freshness.stale_reason {
            text += &format!("\n{}: {reason}", quote.symbol);
        }
    }
    let known = answers.iter().flatten();
    let mut classes: Vec<_> = known.map(|answer| answer.quote.asset_class).collect();
    classes.sort_unstable_by_key(|class| class.as_str());
    classes.dedup();
    for class in classes {
        text += &format!("\n\n{}", disclaimer(class));
    }
    text
}
