//! Real figures, recorded in June 2026 and before, replayed through the same HTTP path: they keep their
//! dates and digits, and are stale, never current.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use fiml_market::{
    Answer, Depth, Edgar, EdgarConfig, FreshnessStatus, FundamentalsProvider as _, QuoteRequest,
    Treasury, Turn,
};
use serde_json::{Value, json};

use crate::stage::{Reply, Stage, client, equity, instant, market, yahoo};

pub(crate) fn recorded(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/market");
    let path: PathBuf = folder.join(file);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `just setup` gets it", path.display()))
}

pub(crate) fn recorded_json(file: &str) -> Value {
    serde_json::from_str(&recorded(file)).unwrap()
}

/// Long after every figure was recorded.
pub(crate) fn today() -> DateTime<Utc> {
    instant("2026-11-26T15:00:00Z")
}

pub(crate) fn assert_old(answer: &Answer) {
    assert_eq!(answer.freshness.status, FreshnessStatus::Stale);
    assert!(answer.freshness.stale_reason.is_some());
    assert!(
        answer.summary().contains(", stale, "),
        "{}",
        answer.summary()
    );
}

/// Apple's chart in the envelope of the wire: the candles and the meta as they were recorded.
fn chart_of_apple() -> Reply {
    let (chart, quote) = (recorded_json("chart.json"), recorded_json("quote.json"));
    let candles = chart["candles"].as_array().unwrap();
    let column =
        |name: &str| -> Vec<&Value> { candles.iter().map(|candle| &candle[name]).collect() };
    let mut meta = chart["meta"].clone();
    meta["gmtoffset"] = json!(quote["gmtOffSetMilliseconds"].as_i64().unwrap() / 1_000);
    meta["longName"] = quote["longName"].clone();
    let rows = json!({"open": column("open"), "close": column("close")});
    let series = json!({
        "meta": meta,
        "timestamp": column("timestamp"),
        "indicators": {"quote": [rows]},
    });
    Reply::json(json!({"chart": {"result": [series], "error": null}}).to_string())
}

#[tokio::test]
async fn apple_on_12_june_2026_keeps_its_digits_and_its_date() {
    let stage = Stage::always(chart_of_apple()).await;
    let market = market(vec![yahoo(&stage.url())]);
    let answer = market.quote(&equity("AAPL"), today()).await.unwrap();
    assert_eq!(answer.quote.price.to_string(), "291.13");
    assert_eq!(answer.quote.name.as_deref(), Some("Apple Inc."));
    assert_eq!(answer.freshness.as_of, instant("2026-06-12T20:00:01Z"));
    let change = answer.quote.change.as_ref().unwrap();
    assert_eq!(change.previous_date, NaiveDate::from_ymd_opt(2026, 6, 11));
    // What the source itself called the previous close, 295.63, in the digits of its candle.
    assert_eq!(change.previous_price.round_dp(2).to_string(), "295.63");
    assert_eq!(change.percent.round_dp(2).to_string(), "-1.52");
    assert_eq!(
        answer
            .quote
            .structural_data
            .as_ref()
            .unwrap()
            .week_52_high
            .to_string(),
        "317.4"
    );
    assert_old(&answer);

    let deep = QuoteRequest {
        depth: Depth::Deep,
        ..equity("AAPL")
    };
    let answer = market.quote(&deep, today()).await.unwrap();
    let technical = answer.quote.technical.as_ref().unwrap();
    assert_eq!(
        (technical.days, technical.from.to_string().as_str()),
        (22, "2026-05-13")
    );
    assert!(technical.sma_20.is_some() && technical.sma_50.is_none() && technical.rsi_14.is_some());
    assert_old(&answer);
}

#[tokio::test]
async fn the_treasurys_curve_keeps_its_digits_and_its_date() {
    let columns = [
        ("1 Mo", "y1m"),
        ("1 Yr", "y1"),
        ("10 Yr", "y10"),
        ("30 Yr", "y30"),
    ];
    let mut table = "Date,\"1 Mo\",\"1 Yr\",\"10 Yr\",\"30 Yr\"\n".to_owned();
    let days = recorded_json("treasury_yields.json");
    assert_eq!(days.as_array().unwrap().len(), 113);
    for day in days.as_array().unwrap() {
        let cells = columns.map(|(_, field)| day[field].to_string());
        table += &format!("{},{}\n", day["date"].as_str().unwrap(), cells.join(","));
    }
    let stage = Stage::always(Reply::of(200, "text/csv", table)).await;
    for (symbol, value, before) in [
        ("UST1M", "3.69", "3.69"),
        ("UST10Y", "4.34", "4.31"),
        ("UST30Y", "4.98", "4.96"),
    ] {
        let treasury = Arc::new(Treasury::new(&client(), &stage.url()).unwrap());
        let market = market(vec![treasury]);
        let request = QuoteRequest::of(symbol.parse().unwrap());
        let answer = market.quote(&request, today()).await.unwrap();
        assert_eq!(answer.quote.price.to_string(), value);
        assert_eq!(
            answer
                .quote
                .change
                .as_ref()
                .unwrap()
                .previous_price
                .to_string(),
            before
        );
        assert_eq!(answer.quote.as_of.label(), "2026-06-12");
        assert_old(&answer);
        // Then, it was current.
        let then = market
            .quote(&request, instant("2026-06-13T12:00:00Z"))
            .await
            .unwrap();
        assert_eq!(then.freshness.status, FreshnessStatus::EndOfDay);
    }
}

#[tokio::test]
async fn apples_filings_keep_their_dates() {
    let facts = recorded_json("edgar_facts.json");
    let submissions = recorded("edgar_submissions.json");
    let shares = facts["facts"]["dei"]["EntityCommonStockSharesOutstanding"].to_string();
    let stage = Stage::play(move |target| match target {
        "/files/company_tickers.json" => {
            Reply::json(r#"{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple Inc."}}"#)
        }
        "/submissions/CIK0000320193.json" => Reply::json(submissions.clone()),
        _ if target.ends_with("/EntityCommonStockSharesOutstanding.json") => {
            Reply::json(shares.clone())
        }
        _ => Reply::status(404),
    })
    .await;
    let config = EdgarConfig {
        site_url: stage.url(),
        data_url: stage.url(),
        contact: "desk@example.com".to_owned(),
    };
    let edgar = Edgar::new(&client(), &config).unwrap();
    let company = edgar
        .fundamentals(&"AAPL".parse().unwrap(), &Turn::at(today()))
        .await
        .unwrap();
    assert_eq!(company.name.as_deref(), Some("Apple Inc."));
    assert_eq!(company.industry.as_deref(), Some("Electronic Computers"));
    let shares = company.shares_outstanding.unwrap();
    assert_eq!(shares.value.normalize().to_string(), "14687356000");
    assert_eq!(
        (
            shares.end.to_string().as_str(),
            shares.filed.to_string().as_str()
        ),
        ("2026-04-17", "2026-05-01")
    );
    // In March that filing was still to come.
    let edgar = Edgar::new(&client(), &config).unwrap();
    let march = instant("2026-03-01T00:00:00Z");
    let company = edgar
        .fundamentals(&"AAPL".parse().unwrap(), &Turn::at(march))
        .await
        .unwrap();
    assert!(company.shares_outstanding.unwrap().filed <= march.date_naive());
}

/// A day, a week or a month of a table of prices.
pub(crate) struct Row<'a> {
    pub(crate) date: NaiveDate,
    pub(crate) open: &'a str,
    pub(crate) close: &'a str,
}

/// The rows of a table in the envelope of the wire, the last of them as its price.
pub(crate) fn chart_of(symbol: &str, rows: &[Row<'_>]) -> Reply {
    let at = |row: &Row<'_>| {
        let close = row.date.and_hms_opt(20, 0, 0).unwrap();
        close.and_utc().timestamp()
    };
    let column = |cell: &dyn Fn(&Row<'_>) -> String| {
        let cells: Vec<String> = rows.iter().map(cell).collect();
        cells.join(",")
    };
    let last = rows.last().unwrap();
    Reply::json(format!(
        r#"{{"chart":{{"result":[{{"meta":{{"symbol":"{symbol}","currency":"USD","regularMarketPrice":{},"regularMarketTime":{}}},"timestamp":[{}],"indicators":{{"quote":[{{"open":[{}],"close":[{}]}}]}}}}],"error":null}}}}"#,
        last.close,
        at(last),
        column(&|row| at(row).to_string()),
        column(&|row| row.open.to_owned()),
        column(&|row| row.close.to_owned()),
    ))
}

#[tokio::test]
async fn the_worst_and_the_best_day_of_the_index_are_believed_and_old() {
    let table = recorded("sp500-2000.csv");
    let rows: Vec<Row<'_>> = table
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            Row {
                date: cells[0].parse().unwrap(),
                open: cells[1],
                close: cells[4],
            }
        })
        .collect();
    assert_eq!(rows.len(), 5_105);
    let stage = Stage::always(Reply::status(500)).await;
    for (day, change, price) in [
        ("2020-03-16", "-11.98", "2386.129883"),
        ("2008-10-13", "11.58", "1003.349976"),
    ] {
        let place = rows.iter().position(|row| row.date.to_string() == day);
        let until = &rows[..=place.unwrap()];
        let reply = chart_of("^GSPC", &until[until.len() - 5..]);
        stage.change(move |_| reply.clone());
        let market = market(vec![yahoo(&stage.url())]);
        let answer = market.quote(&equity("^GSPC"), today()).await.unwrap();
        assert_eq!(answer.quote.price.to_string(), price);
        let found = answer.quote.change.as_ref().unwrap();
        assert_eq!(found.percent.round_dp(2).to_string(), change);
        assert_eq!(answer.freshness.as_of.date_naive().to_string(), day);
        assert_old(&answer);

        let reply = chart_of("^GSPC", &until[until.len() - 252..]);
        stage.change(move |_| reply.clone());
        let deep = QuoteRequest {
            depth: Depth::Deep,
            ..equity("^GSPC")
        };
        let answer = market.quote(&deep, today()).await.unwrap();
        let technical = answer.quote.technical.as_ref().unwrap();
        assert_eq!(
            (technical.days, technical.to.to_string()),
            (252, day.to_owned())
        );
        // What the same closes give where they are added up plainly.
        let closes = until.iter().rev().take(200);
        let closes = closes.map(|row| row.close.parse::<f64>().unwrap());
        let mean: f64 = closes.sum::<f64>() / 200.0;
        let told = technical.sma_200.unwrap().to_string();
        assert_eq!(told.parse::<f64>().unwrap(), (mean * 1e4).round() / 1e4);
        assert_old(&answer);
    }
}

#[tokio::test]
async fn monthly_closes_until_2010_keep_their_digits_and_are_no_days() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fiml/data/stocks.csv");
    let table = std::fs::read_to_string(file).unwrap();
    assert_eq!(table.lines().count(), 561);
    for (symbol, months, price) in [
        ("MSFT", 123, "28.8"),
        ("AMZN", 123, "128.82"),
        ("IBM", 123, "125.55"),
        ("GOOG", 68, "560.19"),
        ("AAPL", 123, "223.02"),
    ] {
        let rows: Vec<Row<'_>> = table
            .lines()
            .filter_map(|line| line.strip_prefix(symbol)?.strip_prefix(','))
            .map(|line| {
                let (date, close) = line.split_once(',').unwrap();
                Row {
                    date: NaiveDate::parse_from_str(date, "%b %d %Y").unwrap(),
                    open: "null",
                    close,
                }
            })
            .collect();
        assert_eq!(rows.len(), months);
        let stage = Stage::always(chart_of(symbol, &rows)).await;
        let market = market(vec![yahoo(&stage.url())]);
        let deep = QuoteRequest {
            depth: Depth::Deep,
            ..equity(symbol)
        };
        let answer = market.quote(&deep, today()).await.unwrap();
        assert_eq!(answer.quote.price.to_string(), price);
        assert_eq!(answer.quote.as_of.label(), "2010-03-01T20:00Z");
        let change = answer.quote.change.as_ref().unwrap();
        assert_eq!(change.previous_date, NaiveDate::from_ymd_opt(2010, 2, 1));
        assert_eq!(answer.quote.technical, None, "a month is no day");
        assert_old(&answer);
    }
}
