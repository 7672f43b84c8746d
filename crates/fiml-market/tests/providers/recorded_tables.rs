//! Longer recorded series, replayed as a chart over HTTP and as the user's own files: their dates and digits
//! stay, and they are stale, never current.

use std::sync::Arc;

use chrono::NaiveDate;
use fiml_market::{
    Answer, Coinbase, Depth, FilePrices, Finnhub, FinnhubConfig, Market, MarketProvider,
    QuoteRequest,
};
use serde_json::Value;

use crate::recorded::{Row, assert_old, chart_of, recorded, recorded_json, today};
use crate::stage::{Reply, Stage, client, coin, equity, market, now, yahoo};

fn deep(symbol: &str) -> QuoteRequest {
    QuoteRequest {
        depth: Depth::Deep,
        ..equity(symbol)
    }
}

/// A market over one file of a folder, which lives as long as it is asked.
async fn of_file(name: &str, table: &str, request: &QuoteRequest) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, table).unwrap();
    let file = FilePrices::open(&path).await.unwrap();
    let report = file.report().await.unwrap();
    // A holiday is a dot.
    let no_figure = table.lines().filter(|line| line.ends_with(",.")).count();
    assert_eq!(report.skipped_lines, no_figure, "{report:?}");
    let market = market(vec![Arc::new(file)]);
    market.quote(request, today()).await.unwrap()
}

/// Rows over HTTP, the last of them as the price.
async fn of_chart(symbol: &str, rows: &[Row<'_>], request: &QuoteRequest) -> Answer {
    let stage = Stage::always(chart_of(symbol, rows)).await;
    let market: Market = market(vec![yahoo(&stage.url())]);
    market.quote(request, today()).await.unwrap()
}

fn assert_is(answer: &Answer, price: &str, day: NaiveDate, before: &str) {
    assert_eq!(answer.quote.price.to_string(), price);
    assert_eq!(answer.freshness.as_of.date_naive(), day);
    let change = answer.quote.change.as_ref().unwrap();
    assert_eq!(change.previous_price.to_string(), before);
    assert_old(answer);
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test]
async fn microsofts_days_weeks_and_months_until_june_2018() {
    for (file, series, count, price, before, are_days) in [
        (
            "time_series_daily.json",
            "Time Series (Daily)",
            100,
            "101.6300",
            "100.8800",
            true,
        ),
        (
            "time_series_weekly.json",
            "Weekly Time Series",
            961,
            "101.6300",
            "100.7900",
            false,
        ),
        (
            "time_series_monthly.json",
            "Monthly Time Series",
            221,
            "101.6300",
            "98.8400",
            false,
        ),
    ] {
        let answer = recorded_json(file);
        assert_eq!(answer["Meta Data"]["2. Symbol"], "MSFT");
        let series = answer[series].as_object().unwrap();
        assert_eq!(series.len(), count, "{file}");
        let cell = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let mut cells: Vec<_> = series
            .iter()
            .map(|(day, row)| {
                let names = ["1. open", "2. high", "3. low", "4. close", "5. volume"];
                (date(day), names.map(|name| cell(row, name)))
            })
            .collect();
        cells.sort();
        let mut table = "Date,Open,High,Low,Close,Volume\n".to_owned();
        for (day, row) in &cells {
            table += &format!("{day},{}\n", row.join(","));
        }
        let rows: Vec<_> = cells
            .iter()
            .map(|(date, [open, _, _, close, _])| Row {
                date: *date,
                open,
                close,
            })
            .collect();
        for answer in [
            of_chart("MSFT", &rows, &deep("MSFT")).await,
            of_file("MSFT.csv", &table, &deep("MSFT")).await,
        ] {
            assert_is(&answer, price, date("2018-06-08"), before);
            assert_eq!(answer.quote.technical.is_some(), are_days, "{file}");
        }
    }
}

/// A table of a package: its header, and its rows with their dates, month first.
fn american(table: &str) -> (&str, Vec<(NaiveDate, Vec<&str>)>) {
    let mut lines = table.lines().map(str::trim_end);
    let header = lines.next().unwrap();
    let rows = lines.map(|line| {
        let (day, cells) = line.split_once(',').unwrap();
        let day = NaiveDate::parse_from_str(day, "%m/%d/%Y").unwrap();
        (day, cells.split(',').collect())
    });
    (header, rows.collect())
}

#[tokio::test]
async fn two_indices_over_twenty_years_until_2018() {
    for (file, symbol, price, before) in [
        ("sp500.csv", "^GSPC", "2506.850098", "2485.73999"),
        ("nasdaq.csv", "^IXIC", "6635.279785", "6584.52002"),
    ] {
        let table = recorded(file);
        let (header, cells) = american(&table);
        assert_eq!(header, "Date,Open,High,Low,Close,Adj Close,Volume");
        assert_eq!((cells.len(), cells[0].0), (5_031, date("1999-01-04")));
        let mut ours = format!("{header}\n");
        for (day, row) in &cells {
            ours += &format!("{day},{}\n", row.join(","));
        }
        let rows: Vec<_> = cells
            .iter()
            .map(|(date, row)| Row {
                date: *date,
                open: row[0],
                close: row[3],
            })
            .collect();
        let year = &rows[rows.len() - 252..];
        for answer in [
            of_chart(symbol, year, &deep(symbol)).await,
            of_file(&format!("{symbol}.csv"), &ours, &deep(symbol)).await,
        ] {
            assert_is(&answer, price, date("2018-12-31"), before);
            assert!(answer.quote.technical.as_ref().unwrap().sma_200.is_some());
        }
    }
}

#[tokio::test]
async fn a_table_whose_months_and_days_cannot_be_told_apart_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("^GSPC.csv");
    std::fs::write(&path, recorded("sp500.csv")).unwrap();
    let served = FilePrices::open(&path).await;
    assert!(served.is_err(), "1/4/1999 may be in January or in April");
}

#[tokio::test]
async fn series_of_one_figure_keep_their_digits_and_dates_in_a_file() {
    let funds = recorded_json("fred_series.json");
    let funds = funds["observations"].as_array().unwrap();
    let funds: Vec<_> = funds
        .iter()
        .map(|row| {
            (
                date(row["date"].as_str().unwrap()),
                row["value"].to_string(),
            )
        })
        .collect();
    let column = |file: &str, place: usize| -> Vec<(NaiveDate, String)> {
        let table = recorded(file);
        let (_, rows) = american(&table);
        rows.into_iter()
            .map(|(day, row)| (day, row[place].to_owned()))
            .collect()
    };
    for (symbol, rows, count, price, day, before) in [
        ("FEDFUNDS", funds, 863, "3.63", "2026-05-01", "3.64"),
        (
            "^VIX",
            column("vix.csv", 0),
            1_305,
            "25.45",
            "2019-01-03",
            "23.22",
        ),
        (
            "DCOILWTICO",
            column("wti.csv", 0),
            8_611,
            "46.92",
            "2019-01-03",
            "46.31",
        ),
        (
            "CPILFESL",
            column("core-cpi.csv", 0),
            743,
            "259.481",
            "2018-11-01",
            "258.939",
        ),
        (
            "AAA",
            column("default.csv", 0),
            1_200,
            "4.02",
            "2018-12-01",
            "4.22",
        ),
        (
            "BAA",
            column("default.csv", 1),
            1_200,
            "5.13",
            "2018-12-01",
            "5.22",
        ),
    ] {
        assert_eq!(rows.len(), count, "{symbol}");
        let mut table = "symbol,date,price\n".to_owned();
        for (day, value) in &rows {
            table += &format!("{symbol},{day},{value}\n");
        }
        let answer = of_file("series.csv", &table, &equity(symbol)).await;
        assert_is(&answer, price, date(day), before);
    }
}

#[tokio::test]
async fn fifty_coins_recorded_without_a_time_are_refused_rather_than_dated() {
    let coins = recorded_json("crypto.json");
    let coins = coins.as_array().unwrap();
    assert_eq!(coins.len(), 50);
    let stage = Stage::always(Reply::status(500)).await;
    for known in coins {
        let price = known["current_price"].to_string();
        stage.change(move |target| match target.ends_with("/ticker") {
            true => Reply::json(format!(r#"{{"price":"{price}"}}"#)),
            false => Reply::json("{}"),
        });
        let coinbase = Coinbase::new(&client(), &stage.url()).unwrap();
        let market = market(vec![Arc::new(coinbase)]);
        let error = market.quote(&coin("BTC", Some("USD")), now()).await;
        let error = error.unwrap_err();
        assert_eq!(error.attempts()[0].outcome, "bad_answer", "{}", known["id"]);
    }
    let finnhub = FinnhubConfig {
        base_url: stage.url(),
        key: "key".to_owned(),
    };
    let finnhub: Arc<dyn MarketProvider> = Arc::new(Finnhub::new(&client(), &finnhub).unwrap());
    for (provider, body) in [
        (finnhub, r#"{"c":291.13}"#),
        (
            yahoo(&stage.url()),
            r#"{"chart":{"result":[{"meta":{"symbol":"AAPL","regularMarketPrice":291.13}}],"error":null}}"#,
        ),
    ] {
        stage.change(move |_| Reply::json(body));
        let market = market(vec![provider]);
        let error = market.quote(&equity("AAPL"), now()).await.unwrap_err();
        assert_eq!(error.attempts()[0].outcome, "bad_answer", "{body}");
    }
}
