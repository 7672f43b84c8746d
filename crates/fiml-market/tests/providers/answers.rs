//! What each provider's own shape becomes, and with which digits.

use std::sync::Arc;

use fiml_market::{
    AsOfKind, ChangeBasis, DayFigures, Depth, FreshnessStatus, MarketState, NoteKind, QuoteRequest,
    RangeSource, Treasury,
};

use crate::lines::{self, Chart};
use crate::stage::{
    Reply, Stage, client, coin, coinbase, equity, instant, kraken, market, now, yahoo,
};

#[tokio::test]
async fn coinbase_tells_the_last_trade_the_book_and_the_last_24_hours() {
    let stage = Stage::play(lines::coinbase).await;
    let market = market(vec![coinbase(&stage.url())]);
    let answer = market
        .quote(&coin("BTC", Some("USD")), now())
        .await
        .unwrap();
    let quote = &answer.quote;
    assert_eq!(quote.price.to_string(), "105000.00");
    assert_eq!(quote.currency.as_deref(), Some("USD"));
    assert_eq!(quote.exchange.as_deref(), Some("coinbase"));
    assert_eq!(quote.pair.as_ref().unwrap().to_string(), "BTC/USD");
    let change = quote.change.as_ref().unwrap();
    assert_eq!(change.percent.to_string(), "5");
    assert_eq!(change.basis, ChangeBasis::Rolling24h);
    let book = quote.book.unwrap();
    assert_eq!(
        (book.bid.to_string(), book.ask.to_string()),
        ("104999.99".into(), "105000.01".into())
    );
    assert_eq!(quote.as_of.at, instant("2026-06-12T19:00:00.833Z"));
    assert_eq!(answer.freshness.status, FreshnessStatus::Live);
    assert!(answer.licence.unwrap().contains("Coinbase"));
    let day = quote.crypto_metrics.as_ref().unwrap();
    let figures = [day.high, day.low, day.volume].map(|figure| figure.unwrap().to_string());
    assert_eq!(figures, ["106441.37", "99261.69", "5368.7"]);
    assert_eq!(quote.day, DayFigures::default(), "24 hours are no day");
    assert_eq!(quote.technical, None);
}

#[tokio::test]
async fn coinbase_prices_in_the_dollar_it_has_and_says_so() {
    let stage = Stage::play(lines::coinbase).await;
    let market = market(vec![coinbase(&stage.url())]);
    let answer = market
        .quote(&coin("XBT", Some("USDT")), now())
        .await
        .unwrap();
    assert_eq!(answer.quote.pair.as_ref().unwrap().to_string(), "BTC/USD");
    assert_eq!(answer.quote.notes[0].kind, NoteKind::PairSubstituted);
    let asked = stage.asked();
    assert_eq!(asked[0], "/products/BTC-USDT/ticker");
    let error = market
        .quote(&coin("BTC", Some("EUR")), now())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        "symbol_not_found",
        "no dollar stands in for a euro"
    );
}

#[tokio::test]
async fn a_deep_answer_adds_figures_over_finished_days_and_a_second_source() {
    let stage = Stage::play(lines::coinbase).await;
    let other = Stage::play(lines::kraken).await;
    let market = market(vec![coinbase(&stage.url()), kraken(&other.url())]);
    let deep = QuoteRequest {
        depth: Depth::Deep,
        ..coin("BTC", Some("USD"))
    };
    let answer = market.quote(&deep, now()).await.unwrap();
    let technical = answer.quote.technical.as_ref().unwrap();
    assert_eq!(technical.days, 299, "today's candle is still moving");
    assert_eq!(technical.to.to_string(), "2026-06-11");
    assert_eq!(technical.max_drawdown_percent.to_string(), "0");
    assert_eq!(technical.rsi_14.unwrap().to_string(), "100");
    assert!(technical.sma_200.is_some());
    let second = answer.comparison.as_ref().unwrap();
    assert_eq!(
        (second.source.as_str(), second.price.to_string().as_str()),
        ("kraken", "105000.10000")
    );
    assert_eq!(second.spread_percent.to_string(), "0.0001");
    assert_eq!(
        answer.quote.price.to_string(),
        "105000.00",
        "never an average"
    );
    assert_eq!(answer.attempts.len(), 2);
}

#[tokio::test]
async fn kraken_tells_no_time_so_the_price_is_of_its_arrival() {
    let stage = Stage::play(lines::kraken).await;
    let market = market(vec![kraken(&stage.url())]);
    let answer = market.quote(&coin("BTC", None), now()).await.unwrap();
    let quote = &answer.quote;
    assert_eq!(quote.price.to_string(), "105000.10000");
    assert_eq!(quote.as_of.kind, AsOfKind::Received);
    assert_eq!(quote.as_of.at, now());
    let change = quote.change.as_ref().unwrap();
    assert_eq!(
        change.basis,
        ChangeBasis::UtcDay,
        "o is the first price of the day in UTC"
    );
    assert_eq!(change.percent.to_string(), "2.0001");
    assert_eq!(quote.day.volume.unwrap().to_string(), "1083.67001100");
    let last_24h = quote.crypto_metrics.as_ref().unwrap();
    assert_eq!(last_24h.volume.unwrap().to_string(), "4412.73601799");
    assert_eq!(stage.asked(), ["/0/public/Ticker?pair=XBTUSD"]);
}

#[tokio::test]
async fn a_pair_of_kraken_that_nobody_trades_has_no_price_of_now() {
    let ticker = lines::kraken_ticker("XXBTZUSD", "105000.10000");
    let idle = ticker.replace(
        r#""v":["1083.67001100","4412.73601799"]"#,
        r#""v":["0.00000000","0.00000000"]"#,
    );
    assert_ne!(idle, ticker);
    let stage = Stage::always(Reply::json(idle)).await;
    let market = market(vec![kraken(&stage.url())]);
    let error = market.quote(&coin("BTC", None), now()).await.unwrap_err();
    assert_eq!(error.attempts()[0].outcome, "implausible");
}

#[tokio::test]
async fn yahoo_measures_the_change_against_the_last_close_before_the_day() {
    let stage = Stage::always(Chart::default().reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
    let quote = &answer.quote;
    assert_eq!(quote.price.to_string(), "291.13");
    assert_eq!(quote.name.as_deref(), Some("Apple Inc."));
    assert_eq!(quote.exchange.as_deref(), Some("NasdaqGS"));
    let change = quote.change.as_ref().unwrap();
    // Not 301.0, which its meta calls the previous close and which is that of the week before.
    assert_eq!(change.previous_price.to_string(), "295.62");
    assert_eq!(change.previous_date.unwrap().to_string(), "2026-06-11");
    assert_eq!(change.basis, ChangeBasis::PreviousClose);
    assert_eq!(quote.market_state, Some(MarketState::Open));
    assert_eq!(answer.freshness.status, FreshnessStatus::Live);
    assert_eq!(quote.day.open.unwrap().to_string(), "295.5");
    let year = quote.structural_data.as_ref().unwrap();
    assert_eq!(year.computed_from, RangeSource::Stated);
    assert_eq!(year.week_52_high.to_string(), "310.5");
    assert_eq!(
        answer.summary(),
        "AAPL 291.13 USD −1.52 % (yahoo, as of 2026-06-12T19:00Z, live, miss)"
    );
    let head = &stage.heads()[0];
    assert!(
        head.starts_with("GET /v8/finance/chart/AAPL?range=5d&interval=1d HTTP/1.1"),
        "{head}"
    );
    assert!(head.contains("user-agent: Mozilla/5.0"), "{head}");
}

#[tokio::test]
async fn a_price_after_the_close_is_that_of_the_day_and_later_stale() {
    let close = Chart {
        time: 1_781_294_400, // 20:00Z
        ..Chart::default()
    };
    let stage = Stage::always(close.reply()).await;
    for (at, status) in [
        ("2026-06-12T22:00:00Z", FreshnessStatus::EndOfDay),
        ("2026-06-16T12:00:00Z", FreshnessStatus::EndOfDay),
        ("2026-11-26T12:00:00Z", FreshnessStatus::Stale),
    ] {
        let market = market(vec![yahoo(&stage.url())]);
        let answer = market.quote(&equity("AAPL"), instant(at)).await.unwrap();
        assert_eq!(answer.quote.market_state, Some(MarketState::Closed), "{at}");
        assert_eq!(answer.freshness.status, status, "{at}");
    }
}

#[tokio::test]
async fn the_treasury_tells_yields_of_its_last_day_and_the_day_before() {
    let stage = Stage::play(|target| {
        let path = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv";
        let of_2026 = format!("{path}/2026/all?type=daily_treasury_yield_curve&");
        if !target.starts_with(&of_2026) {
            return Reply::of(200, "text/csv", "Date,\"1 Mo\",\"10 Yr\"\n");
        }
        Reply::of(
            200,
            "text/csv; charset=UTF-8",
            "Date,\"1 Mo\",\"1.5 Month\",\"10 Yr\"\n06/11/2026,4.20,4.21,4.42\n06/10/2026,4.20,N/A,4.40\n",
        )
    })
    .await;
    let treasury = Treasury::new(&client(), &stage.url()).unwrap();
    let market = market(vec![Arc::new(treasury)]);
    let request = QuoteRequest::of("UST10Y".parse().unwrap());
    let answer = market.quote(&request, now()).await.unwrap();
    assert_eq!(answer.quote.price.to_string(), "4.42");
    assert_eq!(answer.quote.currency.as_deref(), Some("percent"));
    assert_eq!(answer.quote.as_of.label(), "2026-06-11");
    assert_eq!(
        answer
            .quote
            .change
            .as_ref()
            .unwrap()
            .previous_price
            .to_string(),
        "4.40"
    );
    assert_eq!(answer.freshness.status, FreshnessStatus::EndOfDay);
    let missing = QuoteRequest::of("UST7Y".parse().unwrap());
    assert_eq!(
        market.quote(&missing, now()).await.unwrap_err().kind(),
        "symbol_not_found"
    );
    let unpublished = QuoteRequest::of("UST9Y".parse().unwrap());
    let error = market.quote(&unpublished, now()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no price for `UST9Y`; did you mean UST10Y, UST7Y, UST5Y, UST3Y, UST2Y?"
    );
}

#[tokio::test]
async fn each_depth_adds_to_the_one_before() {
    let (shares, coins) = (
        Stage::always(Chart::default().reply()).await,
        Stage::play(lines::coinbase).await,
    );
    let market = market(vec![yahoo(&shares.url()), coinbase(&coins.url())]);
    for depth in [Depth::Quick, Depth::Standard, Depth::Deep] {
        let at = |request| QuoteRequest { depth, ..request };
        let share = market.quote(&at(equity("AAPL")), now()).await.unwrap();
        let coin = coin("BTC", Some("USD"));
        let coin = market.quote(&at(coin), now()).await.unwrap();
        assert_eq!(share.quote.price.to_string(), "291.13");
        let more = depth != Depth::Quick;
        assert_eq!(share.quote.structural_data.is_some(), more, "{depth:?}");
        assert_eq!(coin.quote.crypto_metrics.is_some(), more, "{depth:?}");
        let all = depth == Depth::Deep;
        assert_eq!(coin.quote.technical.is_some(), all, "{depth:?}");
    }
    let asked = shares.asked();
    let ranges: Vec<&str> = asked
        .iter()
        .filter_map(|target| target.split(['=', '&']).nth(1))
        .collect();
    assert_eq!(ranges, ["5d", "5d", "1y"]);
}
