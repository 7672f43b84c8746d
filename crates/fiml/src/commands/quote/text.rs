//! Quotes as people read them: a table, then what else is known of each.

use std::fmt::Display;

use fiml_market::{
    Answer, AssetClass, Attempt, Change, ChangeBasis, MarketError, Quote, Symbol, disclaimer,
};

use fiml_session_core::error_chain;

use crate::output::{sentences, table, wrapped};

/// What there is, and why the rest is not.
pub(super) fn of(
    answers: &[Result<Answer, MarketError>],
    failed: &[(&Symbol, &MarketError)],
) -> String {
    let mut parts = Vec::new();
    let mut priced: Vec<&Answer> = Vec::new();
    for answer in answers.iter().flatten() {
        // Who names a symbol twice reads it once.
        if priced
            .iter()
            .all(|known| known.quote.symbol != answer.quote.symbol)
        {
            priced.push(answer);
        }
    }
    if !priced.is_empty() {
        parts.push(prices(&priced));
    }
    let more: Vec<_> = priced.iter().flat_map(|answer| figures(answer)).collect();
    if !more.is_empty() {
        parts.push(sentences(more));
    }
    // The reason of one is the error of the whole command.
    if failed.len() > 1 {
        parts.push(reasons(failed));
    }
    let mut classes: Vec<_> = priced
        .iter()
        .map(|answer| answer.quote.asset_class)
        .collect();
    classes.sort_unstable_by_key(|class| class.as_str());
    classes.dedup();
    parts.extend(classes.into_iter().map(|class| wrapped(disclaimer(class))));
    parts.join("\n\n")
}

fn prices(priced: &[&Answer]) -> String {
    let header = [
        "SYMBOL", "PRICE", "IN", "CHANGE", "AGAINST", "AS OF", "IT IS", "FROM",
    ];
    let rows = priced.iter().map(|answer| {
        let quote = &answer.quote;
        let change = quote.change.as_ref();
        vec![
            quote.listed_as.clone(),
            quote.price.to_string(),
            unit(quote),
            change.map(Change::percent_text).unwrap_or_default(),
            change.map(against).unwrap_or_default(),
            quote.as_of.label(),
            answer.freshness.status.as_str().to_owned(),
            quote.source.clone(),
        ]
    });
    table(&header, rows)
}

/// What the price is in, as far as the source or the symbol says.
fn unit(quote: &Quote) -> String {
    let pair = quote.pair.as_ref().map(|pair| pair.quote.to_string());
    let percent = (quote.asset_class == AssetClass::Macro).then(|| "%".to_owned());
    let known = quote.currency.clone().or(pair).or(percent);
    known.unwrap_or_default()
}

/// What the change is against, with its date where it has one.
fn against(change: &Change) -> String {
    let basis = match change.basis {
        ChangeBasis::PreviousRow => "row before",
        ChangeBasis::PreviousClose => "close before",
        ChangeBasis::Rolling24h => "24 h before",
        ChangeBasis::UtcDay => "start of day (UTC)",
    };
    match change.previous_date {
        Some(date) => date.to_string(),
        None => basis.to_owned(),
    }
}

/// What else is known, each as symbol, kind and sentence.
fn figures(answer: &Answer) -> Vec<Vec<String>> {
    let quote = &answer.quote;
    let day = &quote.day;
    let named = |figures: &[(&str, Option<String>)]| {
        let known = figures.iter().filter_map(|(name, figure)| {
            let figure = figure.as_ref()?;
            Some(format!("{name} {figure}"))
        });
        let known: Vec<String> = known.collect();
        (!known.is_empty()).then(|| known.join(", "))
    };
    let book = quote
        .book
        .map(|book| format!("{} bid, {} asked", book.bid, book.ask));
    let today = named(&[
        ("open", some(day.open)),
        ("high", some(day.day_high)),
        ("low", some(day.day_low)),
        ("volume", some(day.volume)),
    ]);
    let coin = quote.crypto_metrics.as_ref().and_then(|coin| {
        named(&[
            ("high", some(coin.high)),
            ("low", some(coin.low)),
            ("volume", some(coin.volume)),
        ])
    });
    let year = quote.structural_data.as_ref().map(|year| {
        let volume = year
            .average_volume
            .map(|volume| format!(", mean volume {volume}"));
        let range = format!("{} to {}", year.week_52_low, year.week_52_high);
        range + &volume.unwrap_or_default()
    });
    let reported = answer.fundamentals.as_ref().and_then(|company| {
        let of = |figure: &Option<fiml_market::Reported>| {
            let figure = figure.as_ref()?;
            Some(format!("{} ({})", figure.value, figure.end))
        };
        named(&[
            ("earnings per share", of(&company.earnings_per_share)),
            ("revenue", of(&company.revenue)),
            ("shares", of(&company.shares_outstanding)),
        ])
    });
    let value = answer.valuation.as_ref().and_then(|value| {
        named(&[
            ("market cap", some(value.market_cap)),
            ("price/earnings", some(value.pe_ratio)),
        ])
    });
    let technical = quote.technical.as_ref().and_then(|seen| {
        named(&[
            ("return", Some(format!("{} %", seen.return_percent))),
            (
                "volatility",
                Some(format!("{} % a year", seen.volatility_percent)),
            ),
            (
                "deepest fall",
                Some(format!("{} %", seen.max_drawdown_percent)),
            ),
            ("RSI 14", some(seen.rsi_14)),
            ("mean of 20 days", some(seen.sma_20)),
            ("of 50", some(seen.sma_50)),
            ("of 200", some(seen.sma_200)),
            ("since", Some(seen.from.to_string())),
        ])
    });
    let second = answer.comparison.as_ref().map(|second| {
        let (source, price, spread) = (&second.source, second.price, second.spread_percent);
        format!("{source} says {price}, a difference of {spread} %")
    });
    let mut told = vec![
        ("book", book),
        ("day", today),
        ("24 hours", coin),
        ("52 weeks", year),
        ("reported", reported),
        ("valuation", value),
        ("technical", technical),
        ("compared", second),
        ("stale", answer.freshness.stale_reason.clone()),
    ];
    let notes = quote
        .notes
        .iter()
        .map(|note| ("note", Some(note.message.clone())));
    told.extend(notes);
    let told = told
        .into_iter()
        .filter_map(|(kind, text)| Some(vec![quote.symbol.to_string(), kind.to_owned(), text?]));
    told.collect()
}

fn some(figure: Option<impl Display>) -> Option<String> {
    figure.map(|figure| figure.to_string())
}

/// Why there is no price, in a line: of each provider that was asked no more than how it failed.
fn short(error: &MarketError) -> String {
    let mut tries: Vec<String> = error.attempts().iter().map(outcome).collect();
    // A second try mostly ends like the first.
    tries.dedup();
    match tries.as_slice() {
        [] => error_chain(error),
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
        .map(|(reason, symbols)| format!("{}: {reason}", symbols.join(", ")));
    lines.collect::<Vec<_>>().join("\n")
}
