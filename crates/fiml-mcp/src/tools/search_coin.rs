//! `search-by-coin`: what a coin costs.

use fiml_market::{Depth, QuoteRequest, Symbol};
use rmcp::model::JsonObject;
use serde::Deserialize;

use super::{
    Call, Effect, Facts, Tool, idempotency_key,
    quote_answer::QuoteAnswer,
    quote_schema,
    search::{MAX_PLACE_BYTES, Search, place, symbol},
    search_schema::{depth, language, more_symbols, session, symbol_schema},
};
use crate::{error::Failure, schema};

pub(super) struct SearchCoin;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Arguments {
    symbol: String,
    exchange: Option<String>,
    pair: Option<String>,
    #[serde(default)]
    depth: Depth,
    language: Option<String>,
    session_id: Option<String>,
    #[serde(default)]
    more_symbols: Vec<String>,
}

impl Tool for SearchCoin {
    const NAME: &'static str = "search-by-coin";
    const TITLE: &'static str = "Search by coin";
    const EFFECT: Effect = Effect::Asks;
    type Arguments = Arguments;
    type Answer = QuoteAnswer;

    fn description(facts: &Facts<'_>) -> String {
        format!(
            "The price of a coin, with its true date. Returns symbol, pair (the one really found), \
             exchange, name and currency where known; cached (price, change, change_percent against \
             change_basis, as_of, last_updated, source, ttl); crypto_metrics over 24 hours or structural_data \
             over the trailing year; \
             freshness (live, delayed, end_of_day or stale, and why), cache, attempts, data_lineage and \
             a disclaimer. What is unknown is absent; what was asked for and not honoured stands in \
             notes; a coin without a price is an error that names near matches. With sessionId the \
             question is recorded in that session: session says tracked and query_number, or why not. \
             A session expires {life} after it was created unless told otherwise and holds {queries} \
             queries; call extend-session or create-analysis-session to go on.",
            life = facts.default_life(),
            queries = facts.policy.limits.max_queries,
        )
    }

    fn arguments(_: &Facts<'_>) -> JsonObject {
        schema::arguments(
            &["symbol"],
            [
                symbol_schema("The coin, such as BTC, or a pair, such as BTC-USD."),
                (
                    "exchange",
                    schema::name(
                        "The exchange meant, such as coinbase or kraken. A source that cannot tell, or is another, says so in notes.",
                        MAX_PLACE_BYTES,
                    ),
                ),
                (
                    "pair",
                    schema::name(
                        "What the coin is priced in, such as USDT or EUR; any dollar where left out.",
                        // Room for both sides, as in BTC/USDT.
                        2 * Symbol::MAX_LENGTH + 1,
                    ),
                ),
                depth("figures over the trailing year or over 24 hours, as the source has them"),
                language(),
                session(),
                more_symbols(),
                idempotency_key(),
            ],
        )
    }

    fn answer() -> JsonObject {
        quote_schema::answer()
    }

    async fn call(call: &Call, arguments: Arguments) -> Result<QuoteAnswer, Failure> {
        let coin = arguments.symbol.trim();
        let pair = match arguments.pair.as_deref() {
            // The answer writes a pair as BTC/USDT, so that is understood too.
            Some(pair) => match pair.split_once('/') {
                Some((base, quote)) if base.eq_ignore_ascii_case(coin) => {
                    Some(symbol("pair", quote)?)
                }
                _ => Some(symbol("pair", pair)?),
            },
            None => None,
        };
        let exchange = place("exchange", arguments.exchange)?;
        let request = |symbol| QuoteRequest {
            exchange: exchange.clone(),
            depth: arguments.depth,
            ..QuoteRequest::coin(symbol, pair.clone())
        };
        let search = Search {
            symbol: arguments.symbol,
            more_symbols: arguments.more_symbols,
            language: arguments.language,
            session_id: arguments.session_id,
        };
        search.answer(call, request).await
    }
}
