//! What is read from a file, and what is left out.

use std::fmt::Write as _;

use fiml_market::{FilePrices, LoadReport, MarketProvider as _, PriceFileError};

use crate::fixture::{Files, ask, equity, load, turn, warnings};

#[tokio::test]
async fn a_broken_line_is_named_by_number_and_the_rest_stays_usable() {
    let (_files, path) = Files::with(
        "prices.csv",
        "symbol,date,price\n\
         AAPL,Jan 1 2010,192.06\n\
         AAPL,Feb 30 2010,200\n\
         AAPL,Feb 1 2010,204.62\n",
    );
    let prices = FilePrices::open(&path).await.unwrap();
    let report = prices.report().await.unwrap();
    assert_eq!(
        warnings(&report),
        [
            "prices.csv line 3: `Feb 30 2010` is not a date; write 2010-03-01 or Mar 1 2010; the \
          line is left out"
        ]
    );
    assert_eq!((report.rows, report.skipped_lines), (2, 1));
    let quote = prices.quote(&equity("AAPL"), &turn()).await.unwrap();
    assert_eq!(quote.price.to_string(), "204.62");
    assert_eq!(prices.warnings().await.unwrap().len(), 1);
}

#[tokio::test]
async fn prices_that_are_not_prices_are_left_out() {
    for price in [
        "NaN",
        "inf",
        "0",
        "0.00",
        "-1",
        "1e308",
        "1e16",
        "",
        "null",
        "1,5",
        "$5",
        "\"1,234.50\"",
        "0x10",
    ] {
        let content = format!("symbol,date,price\nAAPL,2010-01-01,1\nAAPL,2010-02-01,{price}\n");
        let report = load("prices.csv", content).await.unwrap();
        assert_eq!((report.rows, report.skipped_lines), (1, 1), "{price}");
        assert_eq!(report.warnings[0].line, 3, "{price}");
    }
}

#[tokio::test]
async fn symbols_that_are_not_symbols_are_left_out() {
    let long = "A".repeat(33);
    for symbol in [
        "../../x",
        "AAPL?x=1",
        "AAPL#",
        "é",
        "A\0",
        "",
        long.as_str(),
    ] {
        let content = format!("symbol,date,price\n{symbol},2010-01-01,1\nAAPL,2010-02-01,2\n");
        let report = load("prices.csv", content).await.unwrap();
        assert_eq!((report.symbols, report.skipped_lines), (1, 1), "{symbol:?}");
        assert_eq!(report.warnings[0].line, 2, "{symbol:?}");
    }
}

#[tokio::test]
async fn lines_of_another_shape_are_left_out() {
    let content: &[u8] = b"symbol,date,price\n\
        AAPL,2010-01-01\n\
        AAPL,2010-01-01,1,USD\n\
        AAPL,\"2010-01-01,1\n\
        AAPL,2010-01-01,\xff\n\
        \n\
        AAPL,2010-01-01,5\n";
    let report = load("prices.csv", content).await.unwrap();
    let lines: Vec<u64> = report.warnings.iter().map(|warning| warning.line).collect();
    assert_eq!(lines, [2, 3, 4, 5]);
    assert_eq!(report.rows, 1);
    assert!(warnings(&report)[0].contains("it has 2 fields where the header has 3"));
    assert!(warnings(&report)[2].contains("quotation mark"));
    assert!(warnings(&report)[3].contains("UTF-8"));
}

#[tokio::test]
async fn dates_written_both_ways_are_one_calendar() {
    let quote = ask(
        "symbol,date,price\nAAPL,Mar 1 2010,223.02\nAAPL,2010-02-01,204.62\n",
        &equity("AAPL"),
    )
    .await
    .unwrap();
    let change = quote.change.unwrap();
    assert_eq!(quote.as_of.label(), "2010-03-01");
    assert_eq!(change.previous_date.unwrap().to_string(), "2010-02-01");
}

#[tokio::test]
async fn of_two_prices_for_one_day_the_later_stays_and_is_reported() {
    let content = "symbol,date,price\nAAPL,2010-01-01,1\nAAPL,Jan 1 2010,2\n";
    let report = load("prices.csv", content).await.unwrap();
    assert_eq!(
        warnings(&report),
        [
            "prices.csv line 3: AAPL has a price for 2010-01-01 already; this later one replaces \
             it"
        ]
    );
    assert_eq!((report.rows, report.skipped_lines), (1, 0));
    let quote = ask(content, &equity("AAPL")).await.unwrap();
    assert_eq!(quote.price.to_string(), "2");
}

#[tokio::test]
async fn headers_in_any_case_and_a_byte_order_mark_are_read() {
    let content =
        "\u{feff}Ticker , DATE,Price,Currency,Name\r\n aapl ,2010-01-01, 39.81 ,USD,Apple\r\n";
    let report = load("prices.csv", content).await.unwrap();
    assert!(report.is_clean());
    let quote = ask(content, &equity("AAPL")).await.unwrap();
    assert_eq!(quote.price.to_string(), "39.81");
    assert_eq!(quote.currency.as_deref(), Some("USD"));
    assert_eq!(quote.name.as_deref(), Some("Apple"));
}

#[tokio::test]
async fn a_bad_figure_beside_the_price_is_left_out_alone() {
    let (_files, path) = Files::with(
        "AAPL.csv",
        "Date,Open,High,Low,Close,Volume\n\
         2010-01-04,oops,-1,,30.57,much\n\
         2010-01-05,30.66,30.00,30.46,30.63,150476200\n",
    );
    let prices = FilePrices::open(path).await.unwrap();
    let report = prices.report().await.unwrap();
    assert_eq!((report.rows, report.skipped_lines), (2, 0));
    let lines: Vec<u64> = report.warnings.iter().map(|warning| warning.line).collect();
    assert_eq!(lines, [2, 2, 2, 3]);
    assert!(warnings(&report)[0].ends_with("the open is left out"));
    let day = prices.quote(&equity("AAPL"), &turn()).await.unwrap().day;
    assert_eq!((day.day_high, day.day_low), (None, None));
    assert_eq!(day.volume.unwrap().to_string(), "150476200");
}

#[tokio::test]
async fn a_name_that_hides_something_and_a_strange_currency_are_left_out() {
    let content = "symbol,date,price,currency,name\nAAPL,2010-01-01,1,$$$,\"Ap\u{202e}ple\"\n";
    assert_eq!(load("prices.csv", content).await.unwrap().warnings.len(), 2);
    let quote = ask(content, &equity("AAPL")).await.unwrap();
    assert_eq!((quote.name, quote.currency), (None, None));
}

#[tokio::test]
async fn a_file_of_no_use_is_named_with_the_columns_it_needs() {
    for content in [
        "",
        "\n\n",
        "a,b,c\n1,2,3\n",
        "symbol,date\nAAPL,2010-01-01\n",
        "symbol,date,price\n",
        "date,price\n2010-01-01,5\n",
    ] {
        let error = load("prices.csv", content).await.unwrap_err().to_string();
        assert!(error.contains("prices.csv"), "{content:?}: {error}");
        assert!(
            error.contains("the columns symbol, date and price"),
            "{content:?}: {error}"
        );
    }
    let error = load("prices.csv", "symbol,date,price\nAAPL,x,1\nAAPL,y,1\n")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("line 2: `x` is not a date"), "{error}");
}

#[tokio::test]
async fn a_path_without_a_file_is_an_error_that_names_it() {
    let files = Files::new();
    let missing = files.path().join("missing.csv");
    let error = FilePrices::open(&missing).await.unwrap_err();
    assert!(matches!(&error, PriceFileError::Unreadable { path, .. } if *path == missing));
    assert!(error.to_string().contains("missing.csv"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_device_is_not_a_price_file() {
    let error = FilePrices::open("/dev/null").await.unwrap_err();
    assert!(matches!(error, PriceFileError::NotAFile { .. }));
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_refused_unread() {
    let (_files, path) = Files::with("prices.csv", "symbol,date,price\n");
    let limit = 256 * 1024 * 1024;
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(limit + 1).unwrap();
    let error = FilePrices::open(&path).await.unwrap_err();
    assert!(matches!(error, PriceFileError::TooLarge { .. }));
    assert!(error.to_string().contains("268435456"), "{error}");
}

#[tokio::test]
async fn thousands_of_broken_lines_are_counted_and_the_first_are_named() {
    let mut content = "symbol,date,price\nAAPL,2010-01-01,1\n".to_owned();
    for _ in 0..5_000 {
        content.push_str("AAPL,2010-01-01,zero\n");
    }
    let report = load("prices.csv", content).await.unwrap();
    assert_eq!(report.skipped_lines, 5_000);
    assert_eq!(report.warnings.len(), LoadReport::MAX_WARNINGS);
    assert_eq!(report.warnings_left_out, 4_900);
}

#[tokio::test]
async fn many_rows_in_any_order_are_sorted_by_date() {
    let mut content = "symbol,date,price\n".to_owned();
    for day in (1..=28).rev() {
        for year in 1900..2000 {
            let _ = writeln!(content, "S{},{year}-06-{day:02},{day}.5", year % 7);
        }
    }
    let report = load("prices.csv", &content).await.unwrap();
    assert_eq!((report.symbols, report.rows), (7, 2_800));
    let quote = ask(&content, &equity("S4")).await.unwrap();
    assert_eq!(quote.as_of.label(), "1999-06-28");
}
