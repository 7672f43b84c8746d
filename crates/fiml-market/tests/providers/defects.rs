//! What the original did with prices, each shown not to happen here. D3 and the text of answers (D8) are
//! those of whoever keeps a history: `fiml-mcp`, `tests/mcp/providers.rs`.

use chrono::TimeDelta;
use fiml_market::{
    AssetClass, CacheResult, FreshnessStatus, Market, MarketError, NoteKind, disclaimer,
};

use crate::lines::{self, Chart};
use crate::stage::{Reply, Stage, coin, coinbase, equity, kraken, market, now, nowhere, yahoo};

#[tokio::test]
async fn d1_a_failure_is_an_error_with_attempts_and_never_a_price_of_zero() {
    let stage = Stage::always(Reply::status(500)).await;
    let market = market(vec![coinbase(&stage.url()), kraken(&nowhere().await)]);
    for _ in 0..2 {
        let error = market.quote(&coin("BTC", None), now()).await.unwrap_err();
        assert_eq!(error.kind(), "provider_unavailable");
        assert_eq!(error.attempts()[0].http_status, Some(500));
        assert!(
            error
                .attempts()
                .iter()
                .any(|one| one.outcome == "connect_failed")
        );
    }
}

#[tokio::test]
async fn d2_times_are_those_of_the_price_the_fetch_and_the_real_expiry() {
    let stage = Stage::always(Chart::default().reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    market.quote(&equity("AAPL"), now()).await.unwrap();
    let later = now() + TimeDelta::seconds(14);
    let answer = market.quote(&equity("AAPL"), later).await.unwrap();
    let fresh = &answer.freshness;
    assert_eq!(fresh.as_of.to_rfc3339(), "2026-06-12T19:00:00+00:00");
    assert_eq!(fresh.fetched_at, now());
    assert_eq!(fresh.age_seconds, 19);
    assert_eq!(answer.cache.ttl_seconds, 1);
    assert_eq!(answer.cache.result, CacheResult::Hit);
    let expired = now() + TimeDelta::seconds(15);
    let expired = market.quote(&equity("AAPL"), expired).await.unwrap();
    assert_ne!(
        expired.cache.result,
        CacheResult::Hit,
        "the time told is the time kept"
    );
}

#[tokio::test]
async fn d4_what_the_source_does_not_say_is_absent() {
    let bare = r#"{"chart":{"result":[{"meta":{"symbol":"AAPL","regularMarketTime":1781290800,"regularMarketPrice":291.13}}],"error":null}}"#;
    let stage = Stage::always(Reply::json(bare)).await;
    let market = market(vec![yahoo(&stage.url())]);
    let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
    let quote = &answer.quote;
    assert_eq!(quote.price.to_string(), "291.13");
    assert_eq!(
        (&quote.name, &quote.exchange, &quote.currency, &quote.market),
        (&None, &None, &None, &None)
    );
    assert_eq!((&quote.change, &quote.structural_data), (&None, &None));
    assert_eq!(answer.valuation, None);
}

#[tokio::test]
async fn d5_there_is_no_source_but_those_that_are_named() {
    let error = Market::unconfigured()
        .quote(&equity("AAPL"), now())
        .await
        .unwrap_err();
    assert!(matches!(error, MarketError::NotConfigured { .. }));
    assert_eq!(error.kind(), "provider_unavailable");
    let stage = Stage::play(lines::coinbase).await;
    let coins = market(vec![coinbase(&stage.url())]);
    let error = coins.quote(&equity("AAPL"), now()).await.unwrap_err();
    assert!(matches!(error, MarketError::NotConfigured { .. }));
    assert_eq!(error.kind(), "provider_unavailable");
    assert_eq!(stage.calls(), 0);
}

#[tokio::test]
async fn d6_a_named_exchange_is_asked_first_and_another_is_never_passed_off_as_it() {
    let (one, other) = (
        Stage::play(lines::coinbase).await,
        Stage::play(lines::kraken).await,
    );
    let market = market(vec![coinbase(&one.url()), kraken(&other.url())]);
    let mut request = coin("BTC", Some("USD"));
    request.exchange = Some("Kraken".to_owned());
    let answer = market.quote(&request, now()).await.unwrap();
    assert_eq!(answer.quote.exchange.as_deref(), Some("kraken"));
    assert!(answer.quote.notes.is_empty());
    assert_eq!(one.calls(), 0);
    request.exchange = Some("binance".to_owned());
    let answer = market.quote(&request, now()).await.unwrap();
    assert_eq!(answer.quote.exchange.as_deref(), Some("coinbase"));
    assert_eq!(answer.quote.notes[0].kind, NoteKind::ExchangeSubstituted);
    let message = &answer.quote.notes[0].message;
    assert!(
        message.contains("binance was asked for, and the price is from coinbase"),
        "{message}"
    );
}

#[tokio::test]
async fn d7_a_coin_is_asked_for_under_the_providers_name_and_has_a_change() {
    let (one, other) = (
        Stage::play(lines::coinbase).await,
        Stage::play(lines::kraken).await,
    );
    for market in [
        market(vec![coinbase(&one.url())]),
        market(vec![kraken(&other.url())]),
    ] {
        let answer = market
            .quote(&coin("BTC", Some("USDT")), now())
            .await
            .unwrap();
        assert!(answer.quote.change.unwrap().percent > rust_decimal::Decimal::ZERO);
    }
    assert!(one.asked().contains(&"/products/BTC-USD/ticker".to_owned()));
    assert!(
        other
            .asked()
            .contains(&"/0/public/Ticker?pair=XBTUSD".to_owned())
    );
}

#[tokio::test]
async fn d8_a_market_reaches_the_provider_and_no_internals_reach_the_disclaimer() {
    let chart = Chart {
        symbol: "VOD.L",
        currency: "GBp",
        exchange: ("LSE", "LSE"),
        ..Chart::default()
    };
    let stage = Stage::always(chart.reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    let mut request = equity("VOD");
    request.market = Some("UK".to_owned());
    let answer = market.quote(&request, now()).await.unwrap();
    assert!(stage.asked()[0].starts_with("/v8/finance/chart/VOD.L?"));
    assert_eq!(answer.quote.market.as_deref(), Some("UK"));
    assert_eq!(answer.quote.notes[0].kind, NoteKind::ListedAs);
    request.market = Some("MARS".to_owned());
    stage.change(|_| {
        Chart {
            symbol: "VOD",
            ..Chart::default()
        }
        .reply()
    });
    let answer = market.quote(&request, now()).await.unwrap();
    assert_eq!(answer.quote.market.as_deref(), Some("US"));
    assert_eq!(answer.quote.notes[0].kind, NoteKind::MarketNotHonoured);
    for class in AssetClass::ALL {
        assert!(!disclaimer(class).contains("DEBUG"));
    }
}

#[tokio::test]
async fn d9_a_rate_limit_is_known_by_its_status_whatever_its_words() {
    let stage =
        Stage::always(Reply::of(429, "text/plain", "slow down").header("retry-after", "3")).await;
    let market = market(vec![coinbase(&stage.url())]);
    let error = market.quote(&coin("BTC", None), now()).await.unwrap_err();
    let attempt = &error.attempts()[0];
    assert_eq!(
        (attempt.outcome, attempt.retry_after),
        ("rate_limited", Some(3))
    );
    let words = Reply::of(200, "application/json", r#"{"message":"rate limit"}"#);
    let stage = Stage::always(words).await;
    let market = crate::stage::market(vec![coinbase(&stage.url())]);
    let error = market.quote(&coin("BTC", None), now()).await.unwrap_err();
    assert_eq!(error.attempts()[0].outcome, "bad_answer");
}

#[tokio::test]
async fn an_old_price_is_never_current_wherever_it_comes_from() {
    let stage = Stage::always(Chart::default().reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    let years_later = now() + TimeDelta::days(365);
    let answer = market.quote(&equity("AAPL"), years_later).await.unwrap();
    assert_eq!(answer.freshness.status, FreshnessStatus::Stale);
}
