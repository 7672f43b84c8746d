//! The market over its sources: what it keeps, what it tries, what it says.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use fiml_market::{
    AssetClass, FilePrices, FreshnessStatus, Market, MarketConfig, MarketError, disclaimer,
};

use crate::fixture::{Files, coin, equity, instant, later};

const APPLE: &str = "symbol,date,price,currency\n\
    AAPL,2010-02-01,204.62,USD\nAAPL,2010-03-01,223.02,USD\n";

async fn over(files: &[&std::path::Path], config: MarketConfig) -> Market {
    let mut providers: Vec<Arc<dyn fiml_market::MarketProvider>> = Vec::new();
    for file in files {
        let prices = FilePrices::open(*file).await.expect("a usable price file");
        providers.push(Arc::new(prices));
    }
    Market::new(providers, config)
}

#[tokio::test]
async fn the_second_answer_comes_from_memory_and_says_so() {
    let (_files, path) = Files::with("prices.csv", APPLE);
    let market = over(&[&path], MarketConfig::default()).await;
    let miss = market.quote(&equity("AAPL"), later()).await.unwrap();
    assert!(!miss.is_hit());
    assert_eq!(miss.attempts.len(), 1);
    assert_eq!(miss.attempts[0].outcome, "answered");
    assert_eq!(miss.cache.ttl_seconds, 300);

    let moment = later() + TimeDelta::seconds(100);
    let hit = market.quote(&equity("AAPL"), moment).await.unwrap();
    assert!(hit.is_hit());
    assert!(hit.attempts.is_empty());
    assert_eq!(hit.quote, miss.quote);
    assert_eq!(hit.cache.ttl_seconds, 200);
    assert_eq!(hit.freshness.fetched_at, later());
    assert_eq!(hit.freshness.age_seconds, miss.freshness.age_seconds + 100);
    assert_eq!(hit.data_lineage.providers, ["file"]);
    assert_eq!(hit.data_lineage.sources, ["file:prices.csv"]);
}

#[tokio::test]
async fn an_answer_expires_on_the_second() {
    let (_files, path) = Files::with("prices.csv", APPLE);
    let config = MarketConfig {
        end_of_day_ttl: Duration::from_secs(60),
        ..MarketConfig::default()
    };
    let market = over(&[&path], config).await;
    let hit_after = async |seconds| {
        let moment = later() + TimeDelta::seconds(seconds);
        market
            .quote(&equity("AAPL"), moment)
            .await
            .unwrap()
            .is_hit()
    };
    assert!(!hit_after(0).await);
    assert!(hit_after(59).await);
    assert!(!hit_after(60).await);
    assert!(!hit_after(0).await, "the clock went back");
}

#[tokio::test]
async fn another_question_is_another_answer() {
    let (_files, path) = Files::with("prices.csv", APPLE);
    let market = over(&[&path], MarketConfig::default()).await;
    market.quote(&equity("AAPL"), later()).await.unwrap();
    let mut with_market = equity("AAPL");
    with_market.market = Some("UK".to_owned());
    let answer = market.quote(&with_market, later()).await.unwrap();
    assert!(!answer.is_hit());
    assert_eq!(answer.quote.notes.len(), 1);
}

#[tokio::test]
async fn only_so_many_answers_are_kept() {
    let (_files, path) = Files::with(
        "prices.csv",
        "symbol,date,price\nA,2010-01-01,1\nB,2010-01-01,2\n",
    );
    for (capacity, kept) in [(0, false), (1, false), (2, true)] {
        let config = MarketConfig {
            capacity,
            ..MarketConfig::default()
        };
        let market = over(&[&path], config).await;
        market.quote(&equity("A"), later()).await.unwrap();
        market.quote(&equity("B"), later()).await.unwrap();
        let again = market.quote(&equity("A"), later()).await.unwrap();
        assert_eq!(again.is_hit(), kept, "{capacity}");
    }
}

#[tokio::test]
async fn a_failure_is_never_kept() {
    let (files, path) = Files::with("prices.csv", APPLE);
    let market = over(&[&path], MarketConfig::default()).await;
    market.quote(&equity("IBM"), later()).await.unwrap_err();
    files.write("prices.csv", format!("{APPLE}IBM,2010-03-01,126.0,USD\n"));
    assert!(
        !market
            .quote(&equity("IBM"), later())
            .await
            .unwrap()
            .is_hit()
    );
}

#[tokio::test]
async fn the_next_source_is_asked_when_the_first_does_not_know() {
    let (_one, first) = Files::with("first.csv", "symbol,date,price\nIBM,2010-03-01,126\n");
    let (_two, second) = Files::with("second.csv", APPLE);
    let market = over(&[&first, &second], MarketConfig::default()).await;
    let answer = market.quote(&equity("AAPL"), later()).await.unwrap();
    assert_eq!(answer.quote.source, "file:second.csv");
    let outcomes: Vec<&str> = answer.attempts.iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, ["symbol_not_found", "answered"]);
    assert_eq!(market.symbols().await, ["AAPL", "IBM"]);

    let error = market.quote(&equity("AAPLE"), later()).await.unwrap_err();
    assert!(matches!(error, MarketError::SymbolNotFound { near, .. } if near == ["AAPL"]));

    // With one source gone nobody can say that the symbol does not exist.
    std::fs::remove_file(&second).unwrap();
    let error = market.quote(&equity("MSFT"), later()).await.unwrap_err();
    assert_eq!(error.kind(), "provider_unavailable");
}

#[tokio::test]
async fn without_a_source_the_error_says_how_to_name_one() {
    let market = Market::unconfigured();
    let error = market.quote(&equity("AAPL"), later()).await.unwrap_err();
    assert!(matches!(error, MarketError::NotConfigured { .. }));
    assert_eq!(error.kind(), "provider_unavailable");
    assert!(error.to_string().contains("--prices PATH or FIML_PRICES"));
    assert!(!market.is_configured());
}

#[tokio::test]
async fn a_daily_price_is_end_of_day_for_four_days_and_then_stale() {
    let (_files, path) = Files::with("prices.csv", APPLE);
    let market = over(&[&path], MarketConfig::default()).await;
    let freshness = async |now| {
        let answer = market.quote(&equity("AAPL"), instant(now)).await.unwrap();
        answer.freshness
    };
    let fresh = freshness("2010-03-05T23:59:59Z").await;
    assert_eq!(fresh.status, FreshnessStatus::EndOfDay);
    let old = freshness("2026-11-20T12:00:00Z").await;
    assert_eq!(old.status, FreshnessStatus::Stale);
    assert_eq!(
        old.stale_reason.as_deref(),
        Some("newest row is 2010-03-01, 6108 days old")
    );
    let json = serde_json::to_value(&old).unwrap();
    assert_eq!(json["status"], "stale");
    assert_eq!(json["as_of_kind"], "date");
    assert_eq!(json["as_of"], "2010-03-01T00:00:00Z");
    assert!(json.get("delay_seconds").is_none());
}

#[tokio::test]
async fn the_summary_names_the_price_the_source_and_the_date() {
    let (_files, path) = Files::with("prices.csv", APPLE);
    let market = over(&[&path], MarketConfig::default()).await;
    let answer = market.quote(&equity("AAPL"), later()).await.unwrap();
    assert_eq!(
        answer.summary(),
        "AAPL 223.02 USD +8.99 % (file:prices.csv, as of 2010-03-01, stale, miss)"
    );
    let (_files, path) = Files::with(
        "prices.csv",
        "symbol,date,price\nBTC-USD,2010-02-01,2\nBTC-USD,2010-03-01,1\n",
    );
    let market = over(&[&path], MarketConfig::default()).await;
    let answer = market.quote(&coin("BTC", "USDT"), later()).await.unwrap();
    assert_eq!(
        answer.summary(),
        "BTC-USD 1 USD −50.00 % (file:prices.csv, as of 2010-03-01, stale, miss)"
    );
}

#[test]
fn the_disclaimer_is_fixed_for_each_kind_of_asset() {
    assert_ne!(disclaimer(AssetClass::Equity), disclaimer(AssetClass::Coin));
    for class in [AssetClass::Equity, AssetClass::Coin] {
        assert!(disclaimer(class).contains("not investment advice"));
    }
}
