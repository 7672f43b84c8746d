//! The provider's limit is kept by this process, and what that costs speaks against nobody.

use std::time::Duration;

use fiml_market::{BreakerConfig, CircuitState, Market, MarketConfig, QuoteRequest};

use crate::lines;
use crate::stage::{Reply, Stage, coin, coinbase, equity, kraken, market, now, yahoo};

#[tokio::test]
async fn what_a_question_waits_for_its_share_is_not_the_providers_time() {
    let stage = Stage::play(lines::kraken).await;
    let config = MarketConfig {
        provider_timeout: Duration::from_millis(500),
        ..MarketConfig::default()
    };
    let market = Market::new(vec![kraken(&stage.url())], config);
    // A bucketful; the next call is let through more than a second later.
    let unknown = ["AA", "BB", "CC"].map(|symbol| coin(symbol, Some("EUR")));
    for answer in market.quotes(&unknown, now()).await {
        assert_eq!(answer.unwrap_err().kind(), "symbol_not_found");
    }
    let answer = market
        .quote(&coin("BTC", Some("USD")), now())
        .await
        .unwrap();
    assert_eq!(answer.quote.source, "kraken");
    assert_eq!(answer.attempts.len(), 1, "it was asked once, and answered");
}

#[tokio::test]
async fn the_next_provider_is_asked_where_the_share_of_one_is_used_up() {
    let (one, other) = (
        Stage::play(lines::charts).await,
        Stage::play(lines::charts).await,
    );
    let market = market(vec![yahoo(&one.url()), yahoo(&other.url())]);
    // The share of a minute is 24, so that the time this takes changes nothing.
    let symbols: Vec<String> = (0..25).map(|number| format!("AA{number}")).collect();
    let requests: Vec<_> = symbols.iter().map(|symbol| equity(symbol)).collect();
    let answers = market.quotes(&requests, now()).await;
    let (last, others) = answers.split_last().unwrap();
    for answer in others {
        assert_eq!(answer.as_ref().unwrap().attempts.len(), 1);
    }
    let attempts = &last.as_ref().unwrap().attempts;
    let outcomes: Vec<_> = attempts.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, ["limit_reached", "answered"]);
    let wait = attempts[0].retry_after.unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!((one.calls(), other.calls()), (24, 1));
}

#[tokio::test]
async fn a_share_is_waited_for_where_the_other_provider_is_left_alone() {
    let asks_for_rest = Reply::status(429).header("retry-after", "600");
    for (refusal, failures_in_a_row) in [(asks_for_rest, 5), (Reply::status(403), 1)] {
        let refusing = Stage::always(refusal).await;
        let good = Stage::play(lines::kraken).await;
        let config = MarketConfig {
            breaker: BreakerConfig {
                failures_in_a_row,
                ..BreakerConfig::default()
            },
            ..MarketConfig::default()
        };
        let providers = vec![kraken(&good.url()), coinbase(&refusing.url())];
        let market = Market::new(providers, config);
        let on = |exchange: &str| QuoteRequest {
            exchange: Some(exchange.to_owned()),
            ..coin("BTC", Some("USD"))
        };
        let first = market.quote(&on("coinbase"), now()).await.unwrap();
        assert_eq!(first.quote.source, "kraken");
        // The last of these comes when three are no longer at once.
        let requests = ["a", "b", "c"].map(on);
        for answer in market.quotes(&requests, now()).await {
            assert_eq!(answer.unwrap().attempts.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_share_that_is_used_up_is_no_failure_of_the_provider() {
    let stage = Stage::play(lines::kraken).await;
    let market = market(vec![kraken(&stage.url())]);
    let symbols: Vec<String> = (0..30).map(|number| format!("C{number}")).collect();
    let requests: Vec<_> = symbols
        .iter()
        .map(|symbol| coin(symbol, Some("EUR")))
        .collect();
    let answers = market.quotes(&requests, now()).await;
    let refused = answers.iter().filter(|answer| {
        let error = answer.as_ref().unwrap_err();
        error
            .attempts()
            .iter()
            .any(|one| one.outcome == "limit_reached" && one.retry_after.is_some())
    });
    assert!(refused.count() > 20);
    let status = &market.providers()[0];
    assert_eq!(status.circuits[0].state, CircuitState::Closed);
    assert_eq!(status.last_failure, None, "it did not fail");
}

#[tokio::test]
async fn a_provider_that_was_not_given_its_time_has_not_failed() {
    let refusing = Stage::always(Reply::status(403).after(Duration::from_millis(400))).await;
    let slow = Stage::play(|target| lines::kraken(target).after(Duration::from_millis(300))).await;
    let config = MarketConfig {
        provider_timeout: Duration::from_millis(500),
        deadline: Duration::from_millis(500),
        breaker: BreakerConfig {
            failures_in_a_row: 2,
            ..BreakerConfig::default()
        },
        ..MarketConfig::default()
    };
    let market = Market::new(vec![kraken(&refusing.url()), kraken(&slow.url())], config);
    for _ in 0..2 {
        let error = market.quote(&coin("BTC", None), now()).await.unwrap_err();
        let outcomes: Vec<_> = error.attempts().iter().map(|one| one.outcome).collect();
        assert_eq!(outcomes, ["refused", "deadline_passed"]);
    }
    let slow = &market.providers()[1];
    assert_eq!(slow.circuits[0].state, CircuitState::Closed);
    assert_eq!(slow.last_failure, None);
    // With the first one left alone, it has all the time and answers.
    let answer = market.quote(&coin("BTC", None), now()).await.unwrap();
    assert_eq!(answer.attempts[0].outcome, "circuit_open");
}

#[tokio::test]
async fn as_many_symbols_as_one_call_may_name_are_answered() {
    let stage = Stage::play(lines::charts).await;
    let market = market(vec![yahoo(&stage.url())]);
    let requests: Vec<_> = (0..10)
        .map(|number| equity(&format!("AA{number}")))
        .collect();
    for answer in market.quotes(&requests, now()).await {
        assert_eq!(answer.unwrap().quote.source, "yahoo");
    }
}
