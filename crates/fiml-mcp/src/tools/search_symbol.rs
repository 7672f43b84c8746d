//! `search-by-symbol`: what a share, a fund or an index costs.

use fiml_market::{Depth, QuoteRequest};
use rmcp::model::JsonObject;
use serde::Deserialize;

use super::{
    Call, Effect, Facts, Tool, idempotency_key,
    quote_answer::QuoteAnswer,
    quote_schema,
    search::{MAX_PLACE_BYTES, Search, place},
    search_schema::{depth, language, more_symbols, session, symbol_schema},
};
use crate::{error::Failure, schema};

pub(super) struct SearchSymbol;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Arguments {
    symbol: String,
    market: Option<String>,
    #[serde(default)]
    depth: Depth,
    language: Option<String>,
    session_id: Option<String>,
    #[serde(default)]
    more_symbols: Vec<String>,
}

impl Tool for SearchSymbol {
    const NAME: &'static str = "search-by-symbol";
    const TITLE: &'static str = "Search by symbol";
    const EFFECT: Effect = Effect::Asks;
    type Arguments = Arguments;
    type Answer = QuoteAnswer;

    fn description(facts: &Facts<'_>) -> String {
        format!(
            "The price of a share, a fund or an index, or a Treasury yield, with its true date. Returns symbol, name, \
             exchange, market and currency where known; cached (price, change, change_percent against \
             change_basis, as_of, last_updated, source, ttl); structural_data over the trailing year; \
             freshness (live, delayed, end_of_day or stale, and why), cache, attempts, data_lineage and \
             a disclaimer. What is unknown is absent, and a symbol without a price is an error that \
             names near matches. With sessionId the question is recorded in that session: session says \
             tracked and query_number, or why not. A session expires {life} after it was created \
             unless told otherwise and holds {queries} queries; call extend-session or \
             create-analysis-session to go on.",
            life = facts.default_life(),
            queries = facts.policy.limits.max_queries,
        )
    }

    fn arguments(_: &Facts<'_>) -> JsonObject {
        schema::arguments(
            &["symbol"],
            [
                symbol_schema(
                    "The ticker, such as AAPL, BRK.B or ^GSPC; or a Treasury yield, UST1M to UST30Y.",
                ),
                (
                    "market",
                    schema::name(
                        "The market meant, such as US or UK. A source that cannot tell says so in notes.",
                        MAX_PLACE_BYTES,
                    ),
                ),
                depth("figures over the trailing year and what the company reports"),
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
        let market = place("market", arguments.market)?;
        let request = |symbol| QuoteRequest {
            market: market.clone(),
            depth: arguments.depth,
            ..QuoteRequest::of(symbol)
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
