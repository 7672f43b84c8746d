//! Quotes of coins: what is found is what is claimed.

use fiml_market::{FilePrices, MarketError, MarketProvider as _, NoteKind, QuoteRequest};

use crate::fixture::{Files, ask, coin, notes, symbol, turn};

fn file(symbols: &[&str]) -> String {
    let mut content = "symbol,date,price\n".to_owned();
    for (position, symbol) in symbols.iter().enumerate() {
        content.push_str(&format!("{symbol},2026-01-01,{}\n", position + 1));
    }
    content
}

#[tokio::test]
async fn a_pair_is_found_however_the_file_writes_it() {
    for listed in ["BTC-USDT", "BTCUSDT", "BTC/USDT", "btc / usdt"] {
        let quote = ask(&file(&["ETH-USDT", listed]), &coin("BTC", "USDT"))
            .await
            .unwrap();
        assert_eq!(quote.price.to_string(), "2", "{listed}");
        assert_eq!(quote.pair.clone().unwrap().to_string(), "BTC/USDT");
        assert_eq!(quote.listed_as, listed.to_ascii_uppercase());
        assert!(quote.notes.is_empty(), "{listed}");
        assert_eq!(quote.currency, None);
    }
}

#[tokio::test]
async fn the_exact_pair_wins_over_any_stand_in() {
    let quote = ask(
        &file(&["BTC", "BTC-USD", "BTCUSDT", "BTC-USDC"]),
        &coin("BTC", "USDT"),
    )
    .await
    .unwrap();
    assert_eq!(quote.listed_as, "BTCUSDT");
}

#[tokio::test]
async fn a_dollar_found_instead_of_a_tether_is_called_a_dollar() {
    let quote = ask(&file(&["BTC-USD"]), &coin("BTC", "USDT"))
        .await
        .unwrap();
    assert_eq!(quote.pair.as_ref().unwrap().to_string(), "BTC/USD");
    assert_eq!(notes(&quote), [NoteKind::PairSubstituted]);
    assert_eq!(
        quote.notes[0].message,
        "the price file has no price in USDT; this one is in USD"
    );
}

#[tokio::test]
async fn a_bare_coin_claims_no_pair() {
    let quote = ask(&file(&["BTC"]), &coin("BTC", "USDT")).await.unwrap();
    assert_eq!(quote.pair, None);
    assert_eq!(notes(&quote), [NoteKind::PairUnknown]);
}

#[tokio::test]
async fn a_bare_coin_with_a_currency_is_priced_in_it() {
    let content = "symbol,date,price,currency\nBTC,2026-01-01,1,EUR\n";
    let quote = ask(content, &coin("BTC", "EUR")).await.unwrap();
    assert_eq!(quote.pair.unwrap().to_string(), "BTC/EUR");
    assert_eq!(quote.currency.as_deref(), Some("EUR"));
    let error = ask(content, &coin("BTC", "USDT")).await.unwrap_err();
    assert_eq!(error.kind(), "symbol_not_found");
}

#[tokio::test]
async fn a_pair_that_is_not_there_is_an_error_with_the_pairs_that_are() {
    let error = ask(&file(&["BTC-USD", "ETH-EUR"]), &coin("BTC", "EUR"))
        .await
        .unwrap_err();
    let MarketError::SymbolNotFound { symbol, near } = error else {
        panic!("{error}");
    };
    assert_eq!(symbol, "BTC/EUR");
    assert_eq!(near, ["BTC-USD"]);
}

#[tokio::test]
async fn bitcoin_is_found_under_its_other_name_which_is_said() {
    let quote = ask(&file(&["XBT-USD"]), &coin("BTC", "USD")).await.unwrap();
    assert_eq!(quote.pair.as_ref().unwrap().to_string(), "XBT/USD");
    assert_eq!(notes(&quote), [NoteKind::ListedAs]);
}

#[tokio::test]
async fn a_symbol_that_names_its_pair_keeps_it() {
    let listed = file(&["BTC-USD", "BTC-USDT"]);
    let quote = ask(&listed, &coin("BTC-USD", "USDT")).await.unwrap();
    assert_eq!(quote.pair.as_ref().unwrap().to_string(), "BTC/USD");
    assert_eq!(notes(&quote), [NoteKind::PairSubstituted]);
    let plain = ask(&listed, &QuoteRequest::coin(symbol("BTC-USDT"), None))
        .await
        .unwrap();
    assert_eq!(plain.listed_as, "BTC-USDT");
    assert!(plain.notes.is_empty());
}

#[tokio::test]
async fn with_no_pair_asked_for_any_dollar_answers() {
    let request = QuoteRequest::coin(symbol("DOGE"), None);
    let quote = ask(&file(&["DOGE-EUR", "DOGE-USDC"]), &request)
        .await
        .unwrap();
    assert_eq!(quote.pair.as_ref().unwrap().to_string(), "DOGE/USDC");
    assert!(quote.notes.is_empty());
}

#[tokio::test]
async fn the_exchange_asked_for_is_not_echoed() {
    let (_files, path) = Files::with("BTC-USDT.csv", "Date,Close\n2026-01-01,88000.5\n");
    let prices = FilePrices::open(path).await.unwrap();
    let mut request = coin("BTC", "USDT");
    request.exchange = Some("binance".to_owned());
    let quote = prices.quote(&request, &turn()).await.unwrap();
    assert_eq!(quote.exchange, None);
    assert_eq!(notes(&quote), [NoteKind::ExchangeNotHonoured]);
}

#[tokio::test]
async fn a_share_is_no_coin_and_a_pair_goes_by_its_whole_name() {
    let content = "symbol,date,price,currency\nAAPL,2026-01-01,1,USD\nBTC-USD,2026-01-01,2,\n";
    let share = QuoteRequest::coin(symbol("AAPL"), None);
    let error = ask(content, &share).await.unwrap_err();
    let MarketError::SymbolNotFound { near, .. } = error else {
        panic!("{error}");
    };
    assert!(near.is_empty(), "{near:?}");
    let unusable = format!("{content}MSFT,2026-01-01,x,\n");
    let share = QuoteRequest::coin(symbol("MSFT"), None);
    let error = ask(&unusable, &share).await.unwrap_err();
    assert_eq!(error.kind(), "symbol_not_found");
    let quote = ask(content, &QuoteRequest::of(symbol("BTC-USDT")))
        .await
        .unwrap();
    assert_eq!(quote.symbol.as_str(), "BTC-USDT");
    assert_eq!(quote.pair.unwrap().to_string(), "BTC/USD");
}
