//! Symbols as people write them, and what is asked for.

use fiml_market::{AssetClass, QuoteRequest, Symbol};

use crate::lines;
use crate::stage::{Reply, Stage, coin, coinbase, equity, kraken, market, now, yahoo};

#[tokio::test]
async fn a_symbol_is_one_segment_of_the_path_under_the_name_the_provider_has_for_it() {
    let missing = Reply::of(
        404,
        "application/json",
        r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}"#,
    );
    let stage = Stage::always(missing).await;
    for (symbol, listed) in [
        ("BRK.B", "BRK-B"),
        ("BRK-B", "BRK-B"),
        ("^GSPC", "%5EGSPC"),
        ("VOD.L", "VOD.L"),
        ("0700.HK", "0700.HK"),
        ("EURUSD=X", "EURUSD=X"),
    ] {
        let market = market(vec![yahoo(&stage.url())]);
        let error = market.quote(&equity(symbol), now()).await.unwrap_err();
        assert_eq!(error.kind(), "symbol_not_found", "{symbol}");
        let asked = stage.asked().pop().unwrap();
        let path = asked.split('?').next().unwrap();
        let path = path.replace('^', "%5E");
        assert_eq!(path, format!("/v8/finance/chart/{listed}"));
    }
}

#[tokio::test]
async fn coins_go_by_the_names_of_each_exchange() {
    let (one, other) = (
        Stage::play(lines::coinbase).await,
        Stage::play(lines::kraken).await,
    );
    for (symbol, product, pair) in [
        ("BTC", "BTC-EUR", "XBTEUR"),
        ("XBT", "BTC-EUR", "XBTEUR"),
        ("DOGE", "DOGE-EUR", "XDGEUR"),
        ("ETH", "ETH-EUR", "ETHEUR"),
    ] {
        let request = coin(symbol, Some("EUR"));
        for provider in [coinbase(&one.url()), kraken(&other.url())] {
            let market = market(vec![provider]);
            market.quote(&request, now()).await.unwrap_err();
        }
        assert_eq!(
            one.asked().pop().unwrap(),
            format!("/products/{product}/ticker")
        );
        assert_eq!(
            other.asked().pop().unwrap(),
            format!("/0/public/Ticker?pair={pair}")
        );
    }
}

#[test]
fn what_is_no_symbol_never_reaches_a_provider() {
    let long = "A".repeat(33);
    for text in ["../../x", "AAPL?x=1", "AAPL#", "é", "\0", "", &long] {
        // Nothing but a symbol can be asked for.
        assert!(text.parse::<Symbol>().is_err(), "{text:?}");
    }
}

#[test]
fn a_symbol_alone_says_what_it_is() {
    for (text, class) in [
        ("AAPL", AssetClass::Equity),
        ("BRK-B", AssetClass::Equity),
        ("BTC-USD", AssetClass::Coin),
        ("UST10Y", AssetClass::Macro),
        ("UST11Y", AssetClass::Macro),
        ("USTB", AssetClass::Equity),
    ] {
        let request = QuoteRequest::of(text.parse().unwrap());
        assert_eq!(request.asset_class, class, "{text}");
    }
}

#[test]
fn what_would_have_been_a_symbol_is_told_how_it_is_written() {
    for (text, told) in [("BTC/USD", "BTC-USD"), ("AAPL,MSFT", "one symbol")] {
        let error = text.parse::<Symbol>().unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}
