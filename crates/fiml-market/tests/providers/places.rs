//! Markets and exchanges: what the source tells is named, and so is what is not the one asked for.

use fiml_market::{Answer, NoteKind, QuoteRequest};

use crate::lines::Chart;
use crate::stage::{Reply, Stage, equity, market, now, yahoo};

const APPLE: Chart = Chart {
    symbol: "AAPL",
    currency: "USD",
    exchange: ("NMS", "NasdaqGS"),
    price: "291.13",
    time: 1_781_290_800,
};

/// Asks for a chart's symbol on a market or an exchange.
async fn asked(chart: Chart, market_asked: Option<&str>, exchange: Option<&str>) -> Answer {
    let request = QuoteRequest {
        market: market_asked.map(str::to_owned),
        exchange: exchange.map(str::to_owned),
        ..equity(chart.symbol)
    };
    let stage = Stage::always(chart.reply()).await;
    let market = market(vec![yahoo(&stage.url())]);
    market.quote(&request, now()).await.unwrap()
}

fn place(answer: &Answer) -> (Option<&str>, Option<&str>) {
    let quote = &answer.quote;
    (quote.market.as_deref(), quote.exchange.as_deref())
}

#[tokio::test]
async fn the_market_is_the_one_of_the_exchange_that_the_source_tells() {
    let of = |symbol, currency, exchange| Chart {
        symbol,
        currency,
        exchange,
        ..APPLE
    };
    for (chart, market) in [
        (APPLE, "US"),
        (of("IBM", "USD", ("NYQ", "NYSE")), "US"),
        (of("VOD.L", "GBp", ("LSE", "LSE")), "UK"),
        (of("SAP.DE", "EUR", ("GER", "XETRA")), "DE"),
        (of("0700.HK", "HKD", ("HKG", "HKSE")), "HK"),
        (of("7203.T", "JPY", ("JPX", "Tokyo")), "JP"),
    ] {
        let told = chart.exchange.1;
        let answer = asked(chart, None, None).await;
        assert_eq!(place(&answer), (Some(market), Some(told)));
        assert!(answer.quote.notes.is_empty(), "{:?}", answer.quote.notes);
    }
}

#[tokio::test]
async fn a_market_or_an_exchange_is_honoured_under_any_of_its_names() {
    for market in ["US", "usa", "NASDAQ", "nasdaq"] {
        let answer = asked(APPLE, Some(market), None).await;
        assert_eq!(place(&answer), (Some("US"), Some("NasdaqGS")), "{market}");
        assert!(answer.quote.notes.is_empty(), "{:?}", answer.quote.notes);
    }
    for exchange in ["NASDAQ", "NasdaqGS", "nms"] {
        let answer = asked(APPLE, None, Some(exchange)).await;
        assert!(answer.quote.notes.is_empty(), "{:?}", answer.quote.notes);
    }
}

#[tokio::test]
async fn another_market_than_the_one_asked_for_is_named_and_never_passed_off_as_it() {
    let fund = Chart {
        symbol: "CSPX.L",
        exchange: ("LSE", "LSE"),
        ..APPLE
    };
    for (chart, wanted, market) in [(APPLE, "NYSE", "US"), (fund, "US", "UK")] {
        let told = chart.exchange.1;
        let answer = asked(chart, Some(wanted), None).await;
        assert_eq!(place(&answer), (Some(market), Some(told)));
        let note = answer.quote.notes.last().unwrap();
        assert_eq!(note.kind, NoteKind::MarketSubstituted);
        assert_eq!(
            note.message,
            format!("{wanted} was asked for, and the price is from {told}")
        );
    }
    let answer = asked(APPLE, None, Some("LSE")).await;
    let note = answer.quote.notes.last().unwrap();
    assert_eq!(note.kind, NoteKind::ExchangeSubstituted);
}

#[tokio::test]
async fn a_source_that_tells_no_exchange_is_not_believed_to_be_on_the_market_asked_for() {
    let bare = r#"{"chart":{"result":[{"meta":{"symbol":"AAPL","currency":"USD","regularMarketTime":1781290800,"regularMarketPrice":291.13}}],"error":null}}"#;
    let stage = Stage::always(Reply::json(bare)).await;
    let market = market(vec![yahoo(&stage.url())]);
    let request = QuoteRequest {
        market: Some("US".to_owned()),
        exchange: Some("NYSE".to_owned()),
        ..equity("AAPL")
    };
    let answer = market.quote(&request, now()).await.unwrap();
    assert_eq!(place(&answer), (None, None));
    let kinds: Vec<NoteKind> = answer.quote.notes.iter().map(|note| note.kind).collect();
    let expected = [NoteKind::ExchangeNotHonoured, NoteKind::MarketNotHonoured];
    assert_eq!(kinds, expected);
    let message = &answer.quote.notes[1].message;
    assert_eq!(
        message,
        "US was asked for, and yahoo does not say where its price is from"
    );
}

#[tokio::test]
async fn where_a_place_is_not_known_here_it_cannot_be_told_whether_it_is_the_one_asked_for() {
    let of = |symbol, exchange| Chart {
        symbol,
        exchange,
        ..APPLE
    };
    for (chart, wanted) in [
        (of("EQNR.OL", ("OSL", "Oslo")), "NO"),
        (of("^GSPC", ("SNP", "SNP")), "US"),
        (of("AAPL", ("XYZ", "Elsewhere\u{202e}")), "US"),
        (APPLE, "MARS"),
    ] {
        let told = chart.exchange.1.replace('\u{202e}', r"\u{202e}");
        for (market, exchange, kind) in [
            (Some(wanted), None, NoteKind::MarketNotHonoured),
            (None, Some(wanted), NoteKind::ExchangeNotHonoured),
        ] {
            let answer = asked(chart.clone(), market, exchange).await;
            assert_eq!(answer.quote.exchange.as_deref(), Some(told.as_str()));
            let note = answer.quote.notes.last().unwrap();
            assert_eq!(note.kind, kind, "{told}");
            assert_eq!(
                note.message,
                format!(
                    "{wanted} was asked for, and it cannot be told whether {told} belongs to {wanted}"
                )
            );
        }
    }
}

#[tokio::test]
async fn an_exchange_is_known_by_its_code_where_its_full_name_is_not() {
    for exchange in [("NMS", "Nasdaq Select"), ("XYZ", "NasdaqGS")] {
        let chart = Chart { exchange, ..APPLE };
        let answer = asked(chart.clone(), Some("US"), Some("NASDAQ")).await;
        assert_eq!(answer.quote.market.as_deref(), Some("US"));
        assert!(answer.quote.notes.is_empty(), "{:?}", answer.quote.notes);
        let answer = asked(chart, None, Some("NYSE")).await;
        let note = answer.quote.notes.last().unwrap();
        assert_eq!(note.kind, NoteKind::ExchangeSubstituted);
    }
}
