//! Each way in which an answer can be wrong, and what is made of it: an error that says which.

use std::time::Duration;

use fiml_market::{Attempt, Market, MarketConfig, MarketError, NoteKind};

use crate::lines::{self, Chart};
use crate::stage::{Reply, Stage, coin, coinbase, equity, kraken, market, now, nowhere, yahoo};

/// What came of asking Coinbase for bitcoin where its ticker answers this.
async fn ticker(reply: Reply) -> Vec<Attempt> {
    let stage = Stage::always(reply).await;
    failed(&market(vec![coinbase(&stage.url())])).await
}

async fn failed(market: &Market) -> Vec<Attempt> {
    let error = market
        .quote(&coin("BTC", Some("USD")), now())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "provider_unavailable", "{error}");
    error.attempts().to_vec()
}

async fn outcome(reply: Reply) -> &'static str {
    ticker(reply).await[0].outcome
}

/// What came of asking Yahoo for a share where it draws this chart.
async fn chart(chart: Chart) -> MarketError {
    let stage = Stage::always(chart.reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    market.quote(&equity("AAPL"), now()).await.unwrap_err()
}

#[tokio::test]
async fn a_page_with_the_status_200_is_no_answer() {
    let page = "<html><body>Checking your browser</body></html>";
    assert_eq!(
        outcome(Reply::of(200, "text/html", page)).await,
        "bad_answer"
    );
    assert_eq!(
        outcome(Reply::json(page)).await,
        "bad_answer",
        "whatever it calls itself"
    );
    assert_eq!(
        outcome(Reply::of(200, "text/plain", lines::ticker("1"))).await,
        "bad_answer"
    );
    assert_eq!(outcome(Reply::json("")).await, "bad_answer");
    assert_eq!(outcome(Reply::json("\"price\"")).await, "bad_answer");
}

#[tokio::test]
async fn an_error_with_the_status_200_is_an_error() {
    for (said, outcome) in [
        ("EService:Unavailable", "server_error"),
        ("EAPI:Rate limit exceeded", "rate_limited"),
        ("EGeneral:Permission denied", "refused"),
    ] {
        let stage = Stage::always(Reply::json(format!(r#"{{"error":["{said}"]}}"#))).await;
        let attempts = failed(&market(vec![kraken(&stage.url())])).await;
        assert_eq!(attempts[0].outcome, outcome, "{said}");
        assert!(
            attempts[0].reason.as_ref().unwrap().contains(said),
            "{said}"
        );
    }
    let stage = Stage::always(Reply::json(r#"{"error":[],"result":{}}"#)).await;
    assert_eq!(
        failed(&market(vec![kraken(&stage.url())])).await[0].outcome,
        "bad_answer"
    );
}

#[tokio::test]
async fn too_many_requests_names_the_wait_and_the_provider_is_left_alone() {
    for (header, wait) in [(Some("7"), 7), (None, 60)] {
        let mut reply = Reply::status(429);
        if let Some(seconds) = header {
            reply = reply.header("retry-after", seconds);
        }
        let stage = Stage::always(reply).await;
        let market = market(vec![coinbase(&stage.url())]);
        let attempts = failed(&market).await;
        assert_eq!(attempts.len(), 1, "no second try");
        assert_eq!(attempts[0].outcome, "rate_limited");
        assert_eq!(attempts[0].http_status, Some(429));
        assert_eq!(attempts[0].retry_after, Some(wait));
        let attempts = failed(&market).await;
        assert_eq!(attempts[0].outcome, "limit_reached");
        assert!(attempts[0].retry_after.is_some_and(|left| left <= wait));
        assert_eq!(stage.calls(), 1, "not asked again before the time");
        assert!(market.providers()[0].closed_for_seconds.is_some());
    }
}

#[tokio::test]
async fn a_provider_that_refuses_is_not_asked_twice() {
    for status in [400, 401, 403, 451] {
        let attempts = ticker(Reply::status(status)).await;
        assert_eq!(attempts.len(), 1, "{status}");
        assert_eq!(attempts[0].outcome, "refused", "{status}");
        assert_eq!(attempts[0].http_status, Some(status));
    }
}

#[tokio::test]
async fn a_page_with_the_status_404_does_not_say_that_the_symbol_is_unknown() {
    assert_eq!(outcome(Reply::status(404)).await, "refused");
}

#[tokio::test]
async fn a_server_that_failed_once_is_asked_once_more() {
    let stage = Stage::play(lines::coinbase).await;
    let failures = std::sync::atomic::AtomicUsize::new(1);
    stage.change(move |target| {
        let left = failures.load(std::sync::atomic::Ordering::Relaxed);
        if left > 0 {
            failures.store(left - 1, std::sync::atomic::Ordering::Relaxed);
            return Reply::status(500);
        }
        lines::coinbase(target)
    });
    let market = market(vec![coinbase(&stage.url())]);
    let answer = market
        .quote(&coin("BTC", Some("USD")), now())
        .await
        .unwrap();
    let outcomes: Vec<&str> = answer.attempts.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, ["server_error", "answered"]);
    assert_eq!(answer.attempts[0].http_status, Some(500));
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_asked_twice() {
    let attempts = ticker(Reply::status(503)).await;
    let outcomes: Vec<&str> = attempts.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, ["server_error", "server_error"]);
}

#[tokio::test]
async fn a_body_that_drips_runs_out_of_time() {
    let slow = Reply::json(lines::ticker("105000.00")).paced(Duration::from_millis(500));
    let stage = Stage::always(slow).await;
    let config = MarketConfig {
        provider_timeout: Duration::from_millis(300),
        ..MarketConfig::default()
    };
    let market = Market::new(vec![coinbase(&stage.url())], config);
    assert_eq!(failed(&market).await[0].outcome, "timeout");
}

#[tokio::test]
async fn a_body_of_three_megabytes_is_not_read_to_its_end() {
    let mut body = lines::ticker("105000.00").into_bytes();
    body.resize(3 << 20, b' ');
    let attempts = ticker(Reply::json(body)).await;
    assert_eq!(attempts[0].outcome, "bad_answer");
    assert!(
        attempts[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("longer than 2 MB")
    );
}

#[tokio::test]
async fn a_compressed_body_is_refused_before_it_can_grow() {
    // The start of a gzip stream; a bomb would go on from here.
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let attempts = ticker(Reply::json(bomb).header("content-encoding", "gzip")).await;
    assert_eq!(attempts[0].outcome, "bad_answer");
    assert!(attempts[0].reason.as_ref().unwrap().contains("compressed"));
    let stage = Stage::play(lines::coinbase).await;
    let market = market(vec![coinbase(&stage.url())]);
    market.quote(&coin("BTC", None), now()).await.unwrap();
    assert!(
        !stage.heads()[0].contains("accept-encoding"),
        "none was asked for"
    );
}

#[tokio::test]
async fn json_that_is_cut_is_no_answer() {
    let whole = lines::ticker("105000.00");
    assert_eq!(
        outcome(Reply::json(whole.clone()).cut_after(40)).await,
        "bad_answer"
    );
    assert_eq!(
        outcome(Reply::json(&whole.as_bytes()[..40])).await,
        "bad_answer"
    );
}

#[tokio::test]
async fn a_price_that_is_no_price_is_never_a_success() {
    for (price, expected) in [
        ("NaN", "bad_answer"),
        ("Infinity", "bad_answer"),
        ("", "bad_answer"),
        ("1e308", "bad_answer"),
        ("0", "implausible"),
        ("-105000", "implausible"),
        ("1000000000000", "implausible"),
    ] {
        let ticker = Reply::json(lines::ticker(price));
        assert_eq!(outcome(ticker).await, expected, "{price:?}");
    }
}

#[tokio::test]
async fn a_time_that_cannot_be_is_refused() {
    for time in [
        1_781_290_800 + 3_600, // an hour from now
        0,                     // 1970
        1_781_290_800_000,     // in milliseconds
        i64::MAX,
    ] {
        let error = chart(Chart {
            time,
            ..Chart::default()
        })
        .await;
        assert_eq!(error.attempts()[0].outcome, "implausible", "{time}");
    }
}

#[tokio::test]
async fn the_answer_for_another_symbol_is_refused() {
    let error = chart(Chart {
        symbol: "AAPLW",
        ..Chart::default()
    })
    .await;
    assert_eq!(error.attempts()[0].outcome, "implausible");
    assert!(error.to_string().contains("AAPLW"), "{error}");
    let stage = Stage::always(Reply::json(lines::kraken_ticker("XETHZUSD", "2500.0"))).await;
    let attempts = failed(&market(vec![kraken(&stage.url())])).await;
    assert_eq!(attempts[0].outcome, "implausible");
}

#[tokio::test]
async fn another_currency_is_refused_and_pence_are_never_pounds() {
    let share = |symbol, currency| Chart {
        symbol,
        currency,
        ..Chart::default()
    };
    let stage = Stage::always(share("VOD.L", "GBp").reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    let mut vodafone = equity("VOD");
    vodafone.market = Some("UK".to_owned());
    let answer = market.quote(&vodafone, now()).await.unwrap();
    assert_eq!(answer.quote.currency.as_deref(), Some("GBp"));
    assert!(
        answer.summary().contains("291.13 GBp"),
        "{}",
        answer.summary()
    );
    vodafone.market = Some("US".to_owned());
    stage.change(move |_| share("VOD", "GBp").reply());
    let error = market.quote(&vodafone, now()).await.unwrap_err();
    assert_eq!(error.attempts()[0].outcome, "implausible");
    assert!(error.to_string().contains("GBp"), "{error}");
}

#[tokio::test]
async fn a_change_beyond_95_percent_needs_a_second_source() {
    let doubled = |target: &str| match target.rsplit('/').next() {
        Some("ticker") => Reply::json(lines::ticker("105000.00")),
        _ => Reply::json(lines::stats("50000.00")),
    };
    let one = Stage::play(doubled).await;
    let attempts = failed(&market(vec![coinbase(&one.url())])).await;
    assert_eq!(attempts[0].outcome, "implausible");
    assert!(attempts[0].reason.as_ref().unwrap().contains("110 %"));

    let doubled = r#"{"error":[],"result":{"XXBTZUSD":{"c":["105100.0","1"],"o":"50000.0"}}}"#;
    let other = Stage::always(Reply::json(doubled)).await;
    let both = market(vec![coinbase(&one.url()), kraken(&other.url())]);
    let answer = both.quote(&coin("BTC", Some("USD")), now()).await.unwrap();
    let note = answer.quote.notes.last().unwrap();
    assert_eq!(note.kind, NoteKind::LargeChangeConfirmed);
    assert!(
        note.message.contains("coinbase agrees: 105000.00"),
        "{}",
        note.message
    );
    other.change(|_| {
        Reply::json(r#"{"error":[],"result":{"XXBTZUSD":{"c":["5.0","1"],"o":"200.0"}}}"#)
    });
    let both = market(vec![coinbase(&one.url()), kraken(&other.url())]);
    failed(&both).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let reply = Reply::status(302).header("location", "http://169.254.169.254/latest/meta-data/");
    let attempts = ticker(reply).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].outcome, "refused");
    assert_eq!(attempts[0].http_status, Some(302));
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_nobody_answering() {
    let attempts = failed(&market(vec![coinbase(&nowhere().await)])).await;
    let outcomes: Vec<&str> = attempts.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, ["connect_failed", "connect_failed"]);
    assert_eq!(
        attempts[0].reason.as_deref(),
        Some("coinbase could not answer: connection refused")
    );
}
