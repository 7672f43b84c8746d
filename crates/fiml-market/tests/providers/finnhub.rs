//! Finnhub: asked under a key, and asked whether the market is open before an old price is called a close.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fiml_market::{
    Answer, Depth, Finnhub, FinnhubConfig, FreshnessStatus, Market, MarketError, MarketState,
    QuoteRequest,
};

use crate::stage::{Reply, Stage, client, equity, instant, market, now};

const KEY: &str = "s3cret";

fn config(stage: &Stage) -> FinnhubConfig {
    FinnhubConfig {
        base_url: format!("{}/api/v1", stage.url()),
        key: KEY.to_owned(),
    }
}

fn over(stage: &Stage) -> Market {
    let finnhub = Finnhub::new(&client(), &config(stage)).unwrap();
    market(vec![Arc::new(finnhub)])
}

/// Finnhub with a price of Apple made at 19:00:00Z, and whatever it says of the market.
fn finnhub(target: &str, status: &Reply) -> Reply {
    let (path, query) = target.split_once('?').unwrap();
    match (path, query) {
        ("/api/v1/quote", "symbol=AAPL" | "symbol=MSFT" | "symbol=VOD.L") => Reply::json(
            r#"{"c":291.13,"d":-4.49,"dp":-1.5189,"h":296.3,"l":289.01,"o":295.5,"pc":295.62,"t":1781290800}"#,
        ),
        ("/api/v1/stock/profile2", "symbol=VOD.L") => Reply::json(
            r#"{"country":"GB","currency":"GBP","exchange":"LONDON STOCK EXCHANGE","name":"Vodafone Group PLC","ticker":"VOD.L"}"#,
        ),
        ("/api/v1/stock/profile2", _) => {
            let ticker = query.trim_start_matches("symbol=");
            Reply::json(format!(
                r#"{{"country":"US","currency":"USD","exchange":"NASDAQ NMS - GLOBAL MARKET","ipo":"1980-12-12","name":"Apple Inc","shareOutstanding":14687.4,"ticker":"{ticker}"}}"#
            ))
        }
        ("/api/v1/stock/market-status", "exchange=US") => status.clone(),
        _ => Reply::json(r#"{"c":0,"d":null,"dp":null,"h":0,"l":0,"o":0,"pc":0,"t":0}"#),
    }
}

fn session(open: bool, session: &str) -> Reply {
    Reply::json(format!(
        r#"{{"exchange":"US","holiday":null,"isOpen":{open},"session":{session},"t":1781290805,"timezone":"America/New_York"}}"#
    ))
}

async fn play(status: Reply) -> Stage {
    Stage::play(move |target| finnhub(target, &status)).await
}

/// How often it was asked whether the market is open.
fn asked(stage: &Stage) -> usize {
    let asked = stage.asked();
    let status = asked
        .iter()
        .filter(|target| target.contains("market-status"));
    status.count()
}

async fn at(stage: &Stage, moment: DateTime<Utc>) -> Answer {
    over(stage).quote(&equity("AAPL"), moment).await.unwrap()
}

#[tokio::test]
async fn finnhub_is_asked_under_the_key_and_a_price_of_zero_is_no_price() {
    let stage = play(session(true, r#""regular""#)).await;
    assert!(!format!("{:?}", config(&stage)).contains(KEY));
    let finnhub = Finnhub::new(&client(), &config(&stage)).unwrap();
    assert!(!format!("{finnhub:?}").contains(KEY));
    let market = market(vec![Arc::new(finnhub)]);
    let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
    let quote = &answer.quote;
    assert_eq!(quote.price.to_string(), "291.13");
    assert_eq!(quote.currency.as_deref(), Some("USD"));
    assert_eq!(
        quote.exchange.as_deref(),
        Some("NASDAQ NMS - GLOBAL MARKET")
    );
    assert_eq!(quote.market.as_deref(), Some("US"));
    let change = quote.change.as_ref().unwrap();
    assert_eq!(change.previous_price.to_string(), "295.62");
    let key = format!("x-finnhub-token: {KEY}");
    assert!(stage.heads().iter().all(|head| head.contains(&key)));
    let abroad = QuoteRequest {
        market: Some("UK".to_owned()),
        ..equity("VOD")
    };
    let calls = stage.calls();
    market.quote(&abroad, now()).await.unwrap_err();
    assert_eq!(stage.calls(), calls, "it would answer the American receipt");
    let error = market.quote(&equity("NOSUCH"), now()).await.unwrap_err();
    assert!(
        matches!(error, MarketError::SymbolNotFound { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_price_frozen_while_the_market_is_open_is_stale_and_no_close() {
    let stage = play(session(true, r#""regular""#)).await;
    for (minutes, status) in [
        (0, FreshnessStatus::Live),
        (14, FreshnessStatus::Live),
        (16, FreshnessStatus::Stale),
        (50, FreshnessStatus::Stale),
    ] {
        let answer = at(&stage, now() + TimeDelta::minutes(minutes)).await;
        assert_eq!(answer.freshness.status, status, "after {minutes} minutes");
        assert_eq!(answer.quote.market_state, Some(MarketState::Open));
    }
}

#[tokio::test]
async fn the_last_price_is_that_of_the_day_once_the_market_is_closed() {
    for (told, moment, status) in [
        (
            r#""post-market""#,
            "2026-06-12T22:00:00Z",
            FreshnessStatus::EndOfDay,
        ),
        ("null", "2026-06-14T12:00:00Z", FreshnessStatus::EndOfDay),
        (
            r#""pre-market""#,
            "2026-06-15T13:00:00Z",
            FreshnessStatus::EndOfDay,
        ),
        ("null", "2026-06-20T12:00:00Z", FreshnessStatus::Stale),
    ] {
        let stage = play(session(false, told)).await;
        let answer = at(&stage, instant(moment)).await;
        assert_eq!(answer.freshness.status, status, "{moment}");
        assert_eq!(answer.quote.market_state, Some(MarketState::Closed));
    }
}

#[tokio::test]
async fn where_nobody_says_whether_the_market_is_open_an_old_price_is_stale() {
    for status in [
        Reply::status(403),
        Reply::json("{}"),
        Reply::status(500),
        Reply::json("[]"),
    ] {
        let stage = play(status).await;
        let young = at(&stage, now()).await;
        assert_eq!(young.freshness.status, FreshnessStatus::Live);
        assert_eq!(young.quote.market_state, None);
        let old = at(&stage, now() + TimeDelta::hours(2)).await;
        assert_eq!(old.freshness.status, FreshnessStatus::Stale);
    }
}

#[tokio::test]
async fn a_price_is_not_lost_over_the_question_whether_the_market_is_open() {
    let stage = play(session(false, "null").after(Duration::from_secs(60))).await;
    let market = over(&stage);
    let both = [equity("AAPL"), equity("MSFT")];
    for answer in market.quotes(&both, now()).await {
        let answer = answer.unwrap();
        assert_eq!(answer.freshness.status, FreshnessStatus::Live);
        assert_eq!(answer.quote.market_state, None);
    }
    assert_eq!(asked(&stage), 1, "that it did not say is remembered");
    let old = at(&stage, now() + TimeDelta::hours(2)).await;
    assert_eq!(old.freshness.status, FreshnessStatus::Stale);
}

#[tokio::test]
async fn whether_the_market_is_open_is_asked_once_a_minute_for_all() {
    let stage = play(session(true, r#""regular""#)).await;
    let market = over(&stage);
    let quick = |symbol| QuoteRequest {
        depth: Depth::Quick,
        ..equity(symbol)
    };
    market
        .quotes(&[quick("AAPL"), quick("MSFT")], now())
        .await
        .into_iter()
        .for_each(|answer| drop(answer.unwrap()));
    assert_eq!(asked(&stage), 1);
    let later = now() + TimeDelta::seconds(61);
    market.quote(&equity("AAPL"), later).await.unwrap();
    assert_eq!(asked(&stage), 2);
}

#[tokio::test]
async fn a_price_made_after_the_market_was_told_to_be_closed_has_it_asked_again() {
    let stage = play(session(false, r#""pre-market""#)).await;
    let market = over(&stage);
    let before = instant("2026-06-12T18:59:50Z");
    let quick = |symbol| QuoteRequest {
        depth: Depth::Quick,
        ..equity(symbol)
    };
    let yesterday = Reply::json(r#"{"c":290.5,"pc":295.62,"t":1781204400}"#);
    let closed = session(false, r#""pre-market""#);
    stage.change(move |target| match target.contains("/quote?") {
        true => yesterday.clone(),
        false => finnhub(target, &closed),
    });
    let answer = market.quote(&quick("AAPL"), before).await.unwrap();
    assert_eq!(answer.freshness.status, FreshnessStatus::EndOfDay);
    let answer = market.quote(&quick("VOD"), before).await.unwrap();
    assert_eq!(answer.freshness.status, FreshnessStatus::EndOfDay);
    assert_eq!(asked(&stage), 1);
    let open = session(true, r#""regular""#);
    stage.change(move |target| finnhub(target, &open));
    let answer = market.quote(&quick("MSFT"), now()).await.unwrap();
    assert_eq!(asked(&stage), 2);
    assert_eq!(answer.quote.market_state, Some(MarketState::Open));
    assert_eq!(answer.freshness.status, FreshnessStatus::Live);
}

#[tokio::test]
async fn the_american_session_says_nothing_of_a_share_of_elsewhere() {
    let stage = play(session(false, "null")).await;
    let later = now() + TimeDelta::hours(2);
    for depth in [Depth::Quick, Depth::Standard] {
        let request = QuoteRequest {
            depth,
            ..equity("VOD.L")
        };
        let answer = over(&stage).quote(&request, later).await.unwrap();
        assert_eq!(answer.quote.market_state, None);
        assert_eq!(answer.freshness.status, FreshnessStatus::Stale);
        let market = (depth == Depth::Standard).then_some("UK");
        assert_eq!(answer.quote.market.as_deref(), market);
    }
    assert_eq!(asked(&stage), 0);
}
