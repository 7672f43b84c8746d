//! What memory answers while sources live, fail and come back; and how time passes over it.

use std::time::Duration;

use chrono::TimeDelta;
use fiml_market::{Answer, CacheResult, Depth, FilePrices, FreshnessStatus, Market, QuoteRequest};

use crate::lines::{self, Chart};
use crate::stage::{
    Reply, Stage, coin, coinbase, equity, instant, kraken, market, now, nowhere, yahoo,
};

async fn at(market: &Market, seconds: i64) -> Result<Answer, fiml_market::MarketError> {
    let moment = now() + TimeDelta::seconds(seconds);
    market.quote(&coin("BTC", Some("USD")), moment).await
}

/// Waits until a question that nobody waits for has been asked.
async fn until_asked(stage: &Stage, calls: usize) {
    while stage.calls() < calls {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn past_its_time_an_answer_is_repeated_as_stale_and_asked_anew_once() {
    let stage = Stage::play(lines::kraken).await;
    let market = market(vec![kraken(&stage.url())]);
    assert_eq!(
        at(&market, 0).await.unwrap().cache.result,
        CacheResult::Miss
    );
    let hit = at(&market, 9).await.unwrap();
    assert_eq!(
        (hit.cache.result, hit.cache.ttl_seconds),
        (CacheResult::Hit, 1)
    );
    stage.change(|_| {
        Reply::json(lines::kraken_ticker("XXBTZUSD", "106000.00000"))
            .after(Duration::from_millis(50))
    });
    for _ in 0..20 {
        let stale = at(&market, 10).await.unwrap();
        assert_eq!(stale.cache.result, CacheResult::Stale);
        assert!(stale.is_hit(), "memory answered");
        assert_eq!(stale.quote.price.to_string(), "105000.10000");
        assert_eq!(stale.freshness.status, FreshnessStatus::Stale);
        assert!(
            stale
                .freshness
                .stale_reason
                .unwrap()
                .contains("10 seconds after")
        );
        assert_eq!(stale.cache.ttl_seconds, 0);
    }
    until_asked(&stage, 2).await;
    while at(&market, 11).await.unwrap().cache.result == CacheResult::Stale {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let renewed = at(&market, 11).await.unwrap();
    assert_eq!(renewed.quote.price.to_string(), "106000.00000");
    assert_eq!(renewed.cache.result, CacheResult::Hit);
    assert_eq!(stage.calls(), 2, "once, for all who asked meanwhile");
}

#[tokio::test]
async fn while_all_sources_fail_memory_answers_as_stale_and_then_nobody_does() {
    let stage = Stage::play(lines::kraken).await;
    let market = market(vec![kraken(&stage.url()), coinbase(&nowhere().await)]);
    at(&market, 0).await.unwrap();
    stage.change(|_| Reply::status(403));
    let fresh = at(&market, 5).await.unwrap();
    assert_eq!(fresh.cache.result, CacheResult::Hit);
    assert_eq!(fresh.freshness.status, FreshnessStatus::Live);
    let stale = at(&market, 119).await.unwrap();
    assert_eq!(stale.cache.result, CacheResult::Stale);
    assert_eq!(stale.freshness.status, FreshnessStatus::Stale);
    let gone = at(&market, 120).await.unwrap_err();
    assert_eq!(gone.kind(), "provider_unavailable");
    let outcomes: Vec<(&str, &str)> = gone
        .attempts()
        .iter()
        .map(|one| (one.provider.as_str(), one.outcome))
        .collect();
    assert_eq!(outcomes[0], ("kraken", "refused"));
    assert!(outcomes.contains(&("coinbase", "connect_failed")));
}

#[tokio::test]
async fn without_anything_kept_all_sources_failing_is_an_error_with_every_attempt() {
    let market = market(vec![kraken(&nowhere().await), coinbase(&nowhere().await)]);
    let error = at(&market, 0).await.unwrap_err();
    assert_eq!(error.kind(), "provider_unavailable");
    let names: Vec<&str> = error
        .attempts()
        .iter()
        .map(|one| one.provider.as_str())
        .collect();
    assert_eq!(names, ["kraken", "kraken", "coinbase", "coinbase"]);
    assert!(error.attempts().iter().all(|one| one.reason.is_some()));
}

#[tokio::test]
async fn a_clock_that_jumps_over_the_first_time_asks_anew_and_one_that_goes_back_does_not_trust() {
    let stage = Stage::play(lines::kraken).await;
    let market = market(vec![kraken(&stage.url())]);
    at(&market, 0).await.unwrap();
    assert_eq!(
        at(&market, 3_600).await.unwrap().cache.result,
        CacheResult::Miss
    );
    assert_eq!(
        at(&market, 0).await.unwrap().cache.result,
        CacheResult::Miss
    );
    assert_eq!(stage.calls(), 3);
}

#[tokio::test]
async fn an_aged_price_of_a_file_stands_back_while_a_source_has_a_running_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.csv");
    std::fs::write(
        &path,
        "symbol,date,price,currency\nBTC-USD,2010-03-01,1.5,USD\n",
    )
    .unwrap();
    let stage = Stage::play(lines::kraken).await;
    let file = std::sync::Arc::new(FilePrices::open(&path).await.unwrap());
    let market = market(vec![file, kraken(&stage.url())]);
    let running = at(&market, 0).await.unwrap();
    assert_eq!(running.quote.source, "kraken");
    let names: Vec<&str> = running
        .attempts
        .iter()
        .map(|one| one.provider.as_str())
        .collect();
    assert_eq!(names, ["file", "kraken"]);
    stage.change(|_| Reply::status(403));
    let aged = at(&market, 3_600).await.unwrap();
    assert_eq!(aged.quote.source, "file:prices.csv");
    assert_eq!(aged.freshness.status, FreshnessStatus::Stale);
    assert_eq!(aged.freshness.as_of, instant("2010-03-01T00:00:00Z"));
}

#[tokio::test]
async fn the_price_of_a_close_holds_until_the_market_may_open_and_is_not_fresh_after() {
    let stage = Stage::always(Chart::default().reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    let at = async |moment: &str| {
        let answer = market.quote(&equity("AAPL"), instant(moment)).await;
        let answer = answer.unwrap();
        let (cache, status) = (answer.cache.result, answer.freshness.status);
        (cache, status, answer.cache.expires_at, answer.quote)
    };
    // Friday, ten minutes after the close: it may still be settled.
    let (_, status, expires, _) = at("2026-06-12T20:10:00Z").await;
    assert_eq!(status, FreshnessStatus::EndOfDay);
    assert_eq!(expires, instant("2026-06-12T20:15:00Z"));
    let (cache, _, _, quote) = at("2026-06-12T20:40:00Z").await;
    assert_eq!((cache, quote.market_state), (CacheResult::Stale, None));
    until_asked(&stage, 2).await;
    let opens = instant("2026-06-13T12:30:00Z");
    loop {
        let (cache, status, expires, quote) = at("2026-06-12T20:41:00Z").await;
        if cache == CacheResult::Hit {
            assert_eq!((status, expires), (FreshnessStatus::EndOfDay, opens));
            assert_eq!(quote.unchanged_until, Some(opens));
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (cache, status, ..) = at("2026-06-13T12:29:59Z").await;
    assert_eq!(
        (cache, status),
        (CacheResult::Hit, FreshnessStatus::EndOfDay)
    );
    assert_eq!(stage.calls(), 2, "the whole night from memory");
    let (cache, status, ..) = at("2026-06-13T12:30:00Z").await;
    assert_eq!(
        (cache, status),
        (CacheResult::Stale, FreshnessStatus::Stale)
    );
    until_asked(&stage, 3).await;
}

#[tokio::test]
async fn a_close_that_no_second_source_was_compared_with_is_not_kept_over_night() {
    let deep = |market: &str| QuoteRequest {
        depth: Depth::Deep,
        market: Some(market.to_owned()),
        ..equity("AAPL")
    };
    let closed = instant("2026-06-12T21:00:00Z");
    for refused in 0..2 {
        let chart = Chart::default().reply();
        let stages = [
            Stage::always(chart.clone()).await,
            Stage::always(chart).await,
        ];
        let market = market(stages.iter().map(|stage| yahoo(&stage.url())).collect());
        stages[refused].change(|_| Reply::status(403));
        let alone = market.quote(&deep("US"), closed).await.unwrap();
        assert_eq!(alone.comparison, None);
        assert_eq!(alone.cache.expires_at, closed + TimeDelta::minutes(5));
        stages[refused].change(|_| Chart::default().reply());
        let compared = market.quote(&deep("Nasdaq"), closed).await.unwrap();
        assert!(compared.comparison.is_some());
        let opens = instant("2026-06-13T12:30:00Z");
        assert_eq!(compared.cache.expires_at, opens);
    }
}

#[tokio::test]
async fn the_price_of_a_close_is_repeated_for_five_days_at_most() {
    let stage = Stage::always(Chart::default().reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    let closed = instant("2026-06-12T21:00:00Z");
    let request = equity("AAPL");
    let asked = |span| market.quote(&request, closed + span);
    asked(TimeDelta::zero()).await.unwrap();
    stage.change(|_| Reply::status(403));
    let almost = TimeDelta::days(5) - TimeDelta::seconds(1);
    let kept = asked(almost).await.unwrap();
    assert_eq!(kept.freshness.status, FreshnessStatus::Stale);
    until_asked(&stage, 2).await;
    let gone = asked(TimeDelta::days(5)).await.unwrap_err();
    assert_eq!(gone.attempts()[0].outcome, "refused");
}
