//! The quick start as a program: compare three companies on real closing prices, and keep what was found.

#![expect(clippy::print_stdout, reason = "an example prints what it did")]

use std::{sync::Arc, time::Instant};

use anyhow::Result;
use fiml_market::{FilePrices, Market, MarketConfig, QuoteRequest};
use fiml_session_core::{
    Clock, NewSession, Policy, QueryRecord, SessionStore, SessionType, Stores, SystemClock,
    store::Scope,
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use serde_json::json;

const PRICES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../crates/fiml/data/stocks.csv"
);

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = SqliteConfig::new(folder.path().join("sessions.db"));
    let stores = Stores::single(Arc::new(SqliteStore::connect(config).await?));
    let store =
        SessionStore::new(stores, Policy::default(), Arc::new(SystemClock)).scoped(Scope::All);
    let market = Market::new(
        vec![Arc::new(FilePrices::open(PRICES).await?)],
        MarketConfig::default(),
    );

    let symbols = ["AAPL", "MSFT", "GOOG"];
    let session = store
        .create_session(NewSession::new(SessionType::Comparative, symbols))
        .await?;
    println!("session {} lives until {}", session.id, session.expires_at);

    for symbol in symbols {
        let asked = Instant::now();
        let request = QuoteRequest::equity(symbol.parse()?);
        let answer = market.quote(&request, SystemClock.now().into()).await?;
        let query = QueryRecord {
            parameters: json!({"symbol": symbol})
                .as_object()
                .cloned()
                .unwrap_or_default(),
            result_summary: answer.summary(),
            execution_time_ms: Some(asked.elapsed().as_secs_f64() * 1_000.0),
            cache_hit: answer.is_hit(),
            source: Some(answer.quote.source.clone()),
            as_of: Some(answer.quote.as_of.at.into()),
            ..QueryRecord::new("equity_price")
        };
        let recorded = store.record_query(session.id, query).await?;
        println!("query {}: {}", recorded.total_queries, answer.summary());
        let mut session = store.get_session(session.id).await?;
        session
            .state
            .store_intermediate_result(symbol, serde_json::to_value(&answer.quote)?);
        store.update_session(&mut session).await?;
    }

    let session = store.get_session(session.id).await?;
    let history = &session.state.history;
    println!(
        "{} queries, {:.0} % from the cache",
        history.total_queries(),
        history.cache_hit_rate() * 100.0
    );
    for symbol in symbols {
        if let Some(result) = session.state.get_intermediate_result(symbol) {
            println!(
                "{symbol}: {} as of {}",
                result["price"], result["as_of"]["at"]
            );
        }
    }
    store.archive_session(session.id).await?;
    let archived = store.get_session(session.id).await?;
    println!(
        "archived with its {} results",
        archived
            .state
            .entries(fiml_session_core::StateMap::IntermediateResults)
            .len()
    );
    Ok(())
}
