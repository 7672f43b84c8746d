//! Many who ask the same at once.

use std::time::Duration;

use fiml_market::{CacheResult, MarketError};
use futures_util::future::join_all;

use crate::lines;
use crate::stage::{Reply, Stage, coin, kraken, market, now};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_cold_questions_are_one_call() {
    let stage = Stage::play(|target| lines::kraken(target).after(Duration::from_millis(50))).await;
    let market = market(vec![kraken(&stage.url())]);
    let request = coin("BTC", None);
    let asked = (0..1_000).map(|_| {
        let (market, request) = (market.clone(), request.clone());
        tokio::spawn(async move { market.quote(&request, now()).await.unwrap() })
    });
    let answers = join_all(asked).await;
    assert_eq!(stage.calls(), 1);
    let count = |result| {
        let answers = answers.iter().map(|answer| answer.as_ref().unwrap());
        answers
            .filter(|answer| answer.cache.result == result)
            .count()
    };
    assert_eq!(count(CacheResult::Miss), 1);
    assert_eq!(count(CacheResult::Stale), 0);
    assert_eq!(count(CacheResult::Coalesced) + count(CacheResult::Hit), 999);
    assert!(market.quote(&request, now()).await.unwrap().is_hit());
    assert_eq!(stage.calls(), 1, "warm: none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_questions_to_a_server_that_refuses_are_one_call_and_none_is_kept() {
    let refusal = Reply::status(403).after(Duration::from_millis(300));
    let stage = Stage::always(refusal).await;
    let market = market(vec![kraken(&stage.url())]);
    let request = coin("BTC", None);
    let asked = join_all((0..1_000).map(|_| market.quote(&request, now()))).await;
    assert!(
        asked
            .iter()
            .all(|answer| matches!(answer, Err(MarketError::ProviderUnavailable { .. })))
    );
    assert_eq!(stage.calls(), 1);
    market.quote(&request, now()).await.unwrap_err();
    assert_eq!(stage.calls(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nothing_from_the_others() {
    let stage = Stage::play(|target| lines::kraken(target).after(Duration::from_millis(200))).await;
    let market = market(vec![kraken(&stage.url())]);
    let request = coin("BTC", None);
    let first = tokio::time::timeout(Duration::from_millis(50), market.quote(&request, now()));
    let second = market.quote(&request, now());
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_err(), "gone");
    assert_eq!(second.unwrap().cache.result, CacheResult::Coalesced);
    assert_eq!(stage.calls(), 1);
}

#[tokio::test]
async fn several_symbols_in_one_question_succeed_and_fail_each_by_itself() {
    let stage = Stage::play(lines::kraken).await;
    let market = market(vec![kraken(&stage.url())]);
    let requests = [
        coin("BTC", None),
        coin("NOSUCH", Some("EUR")),
        coin("BTC", None),
    ];
    let answers = market.quotes(&requests, now()).await;
    assert_eq!(
        answers[0].as_ref().unwrap().quote.price.to_string(),
        "105000.10000"
    );
    assert_eq!(answers[1].as_ref().unwrap_err().kind(), "symbol_not_found");
    assert_eq!(
        answers[2].as_ref().unwrap().quote.price.to_string(),
        "105000.10000"
    );
}
