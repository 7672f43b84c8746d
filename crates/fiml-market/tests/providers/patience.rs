//! How long anybody waits, and whom nobody asks any more.

use std::time::Duration;

use fiml_market::{BreakerConfig, CircuitState, Market, MarketConfig};
use tokio::time::Instant;

use crate::lines;
use crate::stage::{Reply, Stage, coin, coinbase, kraken, now};

fn impatient() -> MarketConfig {
    MarketConfig {
        provider_timeout: Duration::from_millis(200),
        deadline: Duration::from_millis(600),
        ..MarketConfig::default()
    }
}

#[tokio::test]
async fn silent_providers_cost_no_more_than_the_deadline() {
    let silent = Stage::always(Reply::json("{}").after(Duration::from_hours(1))).await;
    let url = silent.url();
    let providers = vec![kraken(&url), coinbase(&url), kraken(&url), coinbase(&url)];
    let market = Market::new(providers, impatient());
    let begun = Instant::now();
    let request = coin("BTC", None);
    let asked = market.quote(&request, now());
    let ended = tokio::time::timeout(Duration::from_secs(30), asked).await;
    let error = ended.expect("an end").unwrap_err();
    assert_eq!(error.kind(), "provider_unavailable");
    let (last, others) = error.attempts().split_last().unwrap();
    assert!(others.iter().all(|one| one.outcome == "timeout"));
    // The deadline may leave the last one less than its time.
    assert!(["timeout", "deadline_passed"].contains(&last.outcome));
    let waited: u64 = error.attempts().iter().map(|one| one.ms).sum();
    assert!(waited <= u64::try_from(begun.elapsed().as_millis()).unwrap());
    assert!(
        error.attempts().len() < 8,
        "the deadline came before everybody was asked twice"
    );
}

#[tokio::test]
async fn the_next_provider_answers_for_a_silent_one() {
    let silent = Stage::always(Reply::json("{}").after(Duration::from_hours(1))).await;
    let good = Stage::play(lines::coinbase).await;
    let config = MarketConfig {
        provider_timeout: Duration::from_millis(200),
        ..MarketConfig::default()
    };
    let market = Market::new(vec![kraken(&silent.url()), coinbase(&good.url())], config);
    let answer = market.quote(&coin("BTC", None), now()).await.unwrap();
    assert_eq!(answer.quote.source, "coinbase");
    let outcomes: Vec<&str> = answer.attempts.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, ["timeout", "timeout", "answered"]);
}

#[tokio::test]
async fn an_open_circuit_means_no_calls_until_a_probe_finds_it_well() {
    let stage = Stage::always(Reply::json("<html>")).await;
    let config = MarketConfig {
        breaker: BreakerConfig {
            open_for: Duration::from_secs(2),
            ..BreakerConfig::default()
        },
        ..MarketConfig::default()
    };
    let market = Market::new(vec![coinbase(&stage.url())], config);
    let request = coin("BTC", Some("USD"));
    while stage.calls() < 5 {
        market.quote(&request, now()).await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut open = market.quote(&request, now()).await.unwrap_err();
    assert_eq!(open.attempts()[0].outcome, "circuit_open");
    assert_eq!(stage.calls(), 5);
    let status = &market.providers()[0];
    assert_ne!(status.circuits[0].state, CircuitState::Closed);
    let last = status.last_failure.as_ref().unwrap();
    assert_eq!(last.attempt.outcome, "bad_answer");
    stage.change(lines::coinbase);
    loop {
        match market.quote(&request, now()).await {
            Ok(answer) => {
                assert_eq!(answer.quote.source, "coinbase");
                break;
            }
            Err(error) => open = error,
        }
        assert!(["circuit_open", "limit_reached"].contains(&open.attempts()[0].outcome));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        market.providers()[0].circuits[0].state,
        CircuitState::Closed
    );
}

#[tokio::test]
async fn an_unknown_symbol_speaks_for_the_provider_not_against_it() {
    let stage = Stage::play(lines::kraken).await;
    let market = Market::new(vec![kraken(&stage.url())], MarketConfig::default());
    for symbol in ["AA", "BB", "CC", "DD", "EE"] {
        let error = market
            .quote(&coin(symbol, Some("EUR")), now())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), "symbol_not_found", "{symbol}");
    }
    assert_eq!(
        market.providers()[0].circuits[0].state,
        CircuitState::Closed
    );
}
