//! Quotes of shares, funds and indices.

use std::sync::Arc;

use fiml_market::{
    ChangeBasis, Delivery, Depth, FilePrices, Market, MarketConfig, MarketError,
    MarketProvider as _, NoteKind, RangeSource, Turn,
};

use crate::fixture::{Files, ask, equity, instant, later, notes, turn};

const MONTHLY: &str = "symbol,date,price\n\
    AAPL,Jan 1 2009,90.13\nAAPL,Feb 1 2009,89.31\nAAPL,Mar 1 2009,105.12\n\
    AAPL,Jun 1 2009,142.43\nAAPL,Dec 1 2009,210.73\nAAPL,Jan 1 2010,192.06\n\
    AAPL,Feb 1 2010,204.62\nAAPL,Mar 1 2010,223.02\n";

#[tokio::test]
async fn a_quote_carries_its_true_date_and_its_change_against_the_row_before() {
    let quote = ask(MONTHLY, &equity("AAPL")).await.unwrap();
    assert_eq!(quote.price.to_string(), "223.02");
    assert_eq!(quote.as_of.at, instant("2010-03-01T00:00:00Z"));
    assert_eq!(quote.delivery, Delivery::EndOfDay);
    assert_eq!(quote.source, "file:prices.csv");
    let change = quote.change.unwrap();
    assert_eq!(change.basis, ChangeBasis::PreviousRow);
    assert_eq!(change.amount.to_string(), "18.40");
    assert_eq!(change.percent.to_string(), "8.9923");
    assert_eq!(change.previous_price.to_string(), "204.62");
    assert_eq!(change.previous_date.unwrap().to_string(), "2010-02-01");
}

#[tokio::test]
async fn what_the_file_does_not_say_is_absent() {
    let quote = ask(MONTHLY, &equity("AAPL")).await.unwrap();
    assert_eq!(quote.currency, None);
    assert_eq!(quote.name, None);
    assert_eq!(quote.exchange, None);
    assert_eq!(quote.market, None);
    assert!(quote.notes.is_empty());
    let json = serde_json::to_value(&quote).unwrap();
    for absent in [
        "currency", "name", "exchange", "market", "pair", "open", "volume",
    ] {
        assert!(json.get(absent).is_none(), "{absent}");
    }
    assert_eq!(json["price"], serde_json::json!(223.02));
    assert_eq!(json["change"]["basis"], "previous_row");
    assert_eq!(json["as_of"]["kind"], "date");
}

#[tokio::test]
async fn the_first_row_of_a_symbol_has_no_change() {
    let quote = ask("symbol,date,price\nAAPL,2010-01-01,1\n", &equity("AAPL"))
        .await
        .unwrap();
    assert_eq!(quote.change, None);
    assert_eq!(quote.structural_data, None);
}

#[tokio::test]
async fn an_unknown_symbol_is_an_error_with_near_matches() {
    let content = "symbol,date,price\nAAPL,2010-01-01,1\nMSFT,2010-01-01,1\nIBM,2010-01-01,1\n";
    let error = ask(content, &equity("APPL")).await.unwrap_err();
    assert_eq!(error.kind(), "symbol_not_found");
    assert_eq!(error.to_string(), "no price for `APPL`; did you mean AAPL?");
    let error = ask(content, &equity("ZZZZZZ")).await.unwrap_err();
    assert!(matches!(error, MarketError::SymbolNotFound { near, .. } if near.is_empty()));
}

#[tokio::test]
async fn the_range_of_the_trailing_year_says_what_it_is_computed_from() {
    let quote = ask(MONTHLY, &equity("AAPL")).await.unwrap();
    let year = quote.structural_data.unwrap();
    assert_eq!(year.week_52_high.to_string(), "223.02");
    assert_eq!(year.week_52_low.to_string(), "142.43");
    assert_eq!(year.computed_from, RangeSource::Closes);
    assert_eq!(year.from.unwrap().to_string(), "2009-06-01");
    assert_eq!(year.to.unwrap().to_string(), "2010-03-01");
    assert_eq!(year.rows, Some(5));
    assert_eq!(
        (year.average_volume, year.average_volume_rows),
        (None, None)
    );
}

#[tokio::test]
async fn highs_lows_and_volumes_are_used_where_every_row_has_them() {
    let content = "symbol,date,open,high,low,close,volume\n\
        X,2009-01-02,9,99,1,10,900\n\
        X,2009-01-03,10,20,8,11,100\n\
        X,2009-06-01,10,15,7,12,101\n\
        X,2010-01-02,12,14,11,13,\n";
    let quote = ask(content, &equity("X")).await.unwrap();
    let year = quote.structural_data.unwrap();
    assert_eq!(year.computed_from, RangeSource::HighLow);
    assert_eq!(year.week_52_high.to_string(), "20");
    assert_eq!(year.week_52_low.to_string(), "7");
    assert_eq!(year.average_volume.unwrap().to_string(), "100.5");
    assert_eq!(year.average_volume_rows, Some(2));
    assert_eq!(year.rows, Some(3));
    assert_eq!(quote.day.day_high.unwrap().to_string(), "14");
}

#[tokio::test]
async fn one_row_without_a_high_makes_it_a_range_of_closes() {
    let content = "symbol,date,high,low,close\n\
        X,2009-01-02,99,1,10\nX,2009-06-01,15,,12\nX,2010-01-02,14,11,13\n";
    let year = ask(content, &equity("X"))
        .await
        .unwrap()
        .structural_data
        .unwrap();
    assert_eq!(year.computed_from, RangeSource::Closes);
    assert_eq!(year.week_52_high.to_string(), "13");
}

#[tokio::test]
async fn rows_that_do_not_reach_back_a_year_give_no_range() {
    let content = "symbol,date,price\nX,2009-01-03,1\nX,2009-06-01,2\nX,2010-01-02,3\n";
    assert_eq!(
        ask(content, &equity("X")).await.unwrap().structural_data,
        None
    );
    let one_in_the_year = "symbol,date,price\nX,2001-01-03,1\nX,2010-01-02,3\n";
    assert_eq!(
        ask(one_in_the_year, &equity("X"))
            .await
            .unwrap()
            .structural_data,
        None
    );
}

#[tokio::test]
async fn a_quick_look_leaves_the_year_out() {
    let mut request = equity("AAPL");
    request.depth = Depth::Quick;
    let quote = ask(MONTHLY, &request).await.unwrap();
    assert_eq!(quote.structural_data, None);
    assert!(quote.change.is_some());
}

#[tokio::test]
async fn rows_dated_after_today_are_no_prices_yet() {
    let (_files, path) = Files::with("prices.csv", MONTHLY);
    let prices = FilePrices::open(path).await.unwrap();
    let quote = prices
        .quote(&equity("AAPL"), &Turn::at(instant("2010-02-28T23:59:59Z")))
        .await
        .unwrap();
    assert_eq!(quote.as_of.label(), "2010-02-01");
    assert_eq!(notes(&quote), [NoteKind::FutureRowsLeftOut]);
    let error = prices
        .quote(&equity("AAPL"), &Turn::at(instant("1970-01-01T00:00:00Z")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "provider_unavailable");
}

#[tokio::test]
async fn an_exchange_and_a_market_the_file_cannot_tell_are_not_echoed() {
    let mut request = equity("AAPL");
    request.exchange = Some("NASDAQ".to_owned());
    request.market = Some("U\u{202e}K".to_owned());
    let quote = ask(MONTHLY, &request).await.unwrap();
    assert_eq!((&quote.exchange, &quote.market), (&None, &None));
    assert_eq!(
        notes(&quote),
        [NoteKind::ExchangeNotHonoured, NoteKind::MarketNotHonoured]
    );
    assert!(quote.notes[0].message.contains("NASDAQ"));
    assert!(!quote.notes[1].message.contains('\u{202e}'));
}

#[tokio::test]
async fn a_share_class_is_found_under_its_other_spelling_which_is_said() {
    let content = "symbol,date,price\nBRK-B,2010-01-01,70\nBF.B,2010-01-01,50\n";
    let quote = ask(content, &equity("BRK.B")).await.unwrap();
    assert_eq!(quote.symbol.as_str(), "BRK.B");
    assert_eq!(quote.listed_as, "BRK-B");
    assert_eq!(notes(&quote), [NoteKind::ListedAs]);
    assert_eq!(
        ask(content, &equity("BF-B")).await.unwrap().listed_as,
        "BF.B"
    );
}

#[tokio::test]
async fn prices_in_two_currencies_are_not_compared() {
    let content = "symbol,date,price,currency\n\
        VOD.L,2009-01-01,100,GBp\nVOD.L,2009-12-01,101,GBp\nVOD.L,2010-02-01,1.02,GBP\n";
    let quote = ask(content, &equity("VOD.L")).await.unwrap();
    assert_eq!(quote.currency.as_deref(), Some("GBP"));
    assert_eq!((quote.change, quote.structural_data), (None, None));
    assert_eq!(quote.notes[0].kind, NoteKind::NotComparable);
}

#[tokio::test]
async fn symbols_with_dots_carets_and_digits_are_answered() {
    let content = "symbol,date,price\n\
        BRK.B,2010-01-01,1\n^GSPC,2010-01-01,2\nVOD.L,2010-01-01,3\n0700.HK,2010-01-01,4\n";
    for (symbol, price) in [
        ("brk.b", "1"),
        ("^gspc", "2"),
        ("vod.l", "3"),
        ("0700.hk", "4"),
    ] {
        let quote = ask(content, &equity(symbol)).await.unwrap();
        assert_eq!(quote.price.to_string(), price);
    }
}

#[tokio::test]
async fn the_source_keeps_its_own_digits() {
    for digits in [
        "25.940",
        "0.00001234",
        "1.5e-7",
        "999999999999999.9",
        "700000",
    ] {
        let content = format!("symbol,date,price\nX,2010-01-01,{digits}\n");
        let quote = ask(&content, &equity("X")).await.unwrap();
        let json = serde_json::to_string(&quote).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["price"].as_f64(), digits.parse().ok(), "{digits}");
        if !digits.contains('e') {
            assert_eq!(quote.price.to_string(), digits);
        }
    }
}

#[tokio::test]
async fn a_quote_says_that_lines_of_its_file_were_left_out() {
    let prices = "symbol,date,price\nNVDA,2010-02-01,16.20\nNVDA,2010-03-01,1x.99\n";
    let quote = ask(prices, &equity("NVDA")).await.unwrap();
    assert_eq!(quote.price.to_string(), "16.20");
    assert_eq!(notes(&quote), [NoteKind::LinesLeftOut]);
    let message = &quote.notes[0].message;
    assert!(message.contains("prices.csv line 3"), "{message}");
}

const MIXED: &str = "symbol,date,price\nAAPL,2010-02-01,1x\nAAPL,2010-03-01,2x\nMSFT,11/25/2026,3\n\
    MSFT,2010-03-01,4\nGOOG,2010-03-01,5\nIBM,2200-01-01,6\n";

#[tokio::test]
async fn what_is_wrong_with_lines_of_one_symbol_is_told_to_nobody_else() {
    let quote = ask(MIXED, &equity("GOOG")).await.unwrap();
    assert!(quote.notes.is_empty(), "{:?}", quote.notes);
    let quote = ask(MIXED, &equity("MSFT")).await.unwrap();
    assert_eq!(
        quote.notes[0].message,
        "1 line about MSFT could not be used; prices.csv line 4: `11/25/2026` is not a date; write \
         2010-03-01 or Mar 1 2010"
    );
    let torn = format!("{MIXED}\"GOOG,2010-03-02,7\n");
    let quote = ask(&torn, &equity("GOOG")).await.unwrap();
    let message = &quote.notes[0].message;
    assert!(
        message.contains("any symbol; prices.csv line 8"),
        "{message}"
    );
}

#[tokio::test]
async fn a_symbol_without_a_usable_line_is_not_unknown() {
    for (symbol, told) in [
        ("AAPL", "no usable price of `AAPL`: 2 lines about AAPL"),
        ("IBM", "every price of `IBM` is dated in the future"),
    ] {
        let (_files, path) = Files::with("prices.csv", MIXED);
        let prices = FilePrices::open(path).await.unwrap();
        let market = Market::new(vec![Arc::new(prices)], MarketConfig::default());
        let error = market.quote(&equity(symbol), later()).await.unwrap_err();
        assert_eq!(error.kind(), "provider_unavailable");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_file_named_after_a_symbol_concerns_that_symbol_alone() {
    let files = Files::new();
    files.write("AAPL.csv", "Date,Close\n2010-03-01,0\n");
    files.write("MSFT.csv", "Date,High,Low,Close\n2010-03-01,3,2,4\n");
    files.write("GOOG.csv", "[]\n");
    let prices = FilePrices::open(files.path()).await.unwrap();
    let quote = prices.quote(&equity("MSFT"), &turn()).await.unwrap();
    let messages: Vec<_> = quote.notes.iter().map(|note| &*note.message).collect();
    assert_eq!(
        messages,
        [
            "1 file could not be used, and may be about any symbol; GOOG.csv: it is JSON; a price file is a \
             CSV file with commas between its columns"
        ]
    );
    let error = prices.quote(&equity("AAPL"), &turn()).await.unwrap_err();
    assert_eq!(error.kind(), "provider_unavailable");
}
