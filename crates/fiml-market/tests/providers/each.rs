//! Faults that any provider may have, played for every one of them: none becomes a price or a figure.

use std::sync::Arc;
use std::time::Duration;

use fiml_market::{
    Attempt, Edgar, EdgarConfig, Finnhub, FinnhubConfig, Market, MarketConfig, MarketProvider,
    QuoteRequest, Treasury,
};

use crate::lines::{self, Chart};
use crate::stage::{
    Reply, Stage, client, coin, coinbase, equity, instant, kraken, market, now, yahoo,
};

/// Who is asked, and for what.
struct Asked {
    name: &'static str,
    request: QuoteRequest,
    provider: fn(&str) -> Arc<dyn MarketProvider>,
    /// What its answers are.
    kind: &'static str,
}

const JSON: &str = "application/json";

fn finnhub(url: &str) -> Arc<dyn MarketProvider> {
    let config = FinnhubConfig {
        base_url: url.to_owned(),
        key: "k".to_owned(),
    };
    Arc::new(Finnhub::new(&client(), &config).unwrap())
}

fn treasury(url: &str) -> Arc<dyn MarketProvider> {
    Arc::new(Treasury::new(&client(), url).unwrap())
}

fn everybody() -> [Asked; 5] {
    let asked = |name, request, provider, kind| Asked {
        name,
        request,
        provider,
        kind,
    };
    let bitcoin = || coin("BTC", Some("USD"));
    let yield_of_ten = QuoteRequest::of("UST10Y".parse().unwrap());
    [
        asked("coinbase", bitcoin(), coinbase, JSON),
        asked("kraken", bitcoin(), kraken, JSON),
        asked("yahoo", equity("AAPL"), yahoo, JSON),
        asked("finnhub", equity("AAPL"), finnhub, JSON),
        asked("treasury", yield_of_ten, treasury, "text/csv"),
    ]
}

/// What a provider may do wrong, and what that is called; `kind` is what its answers are.
fn faults(kind: &str) -> Vec<(Reply, &'static str)> {
    let whole = "a,b\n".repeat(100);
    let long = vec![b'['; 3 << 20];
    vec![
        (
            Reply::of(200, "text/html", "<html>wait</html>"),
            "bad_answer",
        ),
        (Reply::of(200, kind, "<html>wait</html>"), "bad_answer"),
        (Reply::of(200, kind, long), "bad_answer"),
        (Reply::of(200, kind, whole).cut_after(50), "bad_answer"),
        (
            Reply::of(200, kind, [0x1f, 0x8b, 8, 0]).header("content-encoding", "gzip"),
            "bad_answer",
        ),
        (
            Reply::status(429).header("retry-after", "7"),
            "rate_limited",
        ),
        (Reply::status(429), "rate_limited"),
        (Reply::status(451), "refused"),
        (Reply::status(404), "refused"),
        (
            Reply::status(302).header("location", "http://169.254.169.254/"),
            "refused",
        ),
        (Reply::status(500), "server_error"),
        (
            Reply::of(200, kind, "[1, 2, 3]").paced(Duration::from_millis(500)),
            "timeout",
        ),
    ]
}

/// Waits less long only where waiting is the point.
fn patience(outcome: &str) -> MarketConfig {
    let usual = MarketConfig::default();
    MarketConfig {
        provider_timeout: match outcome {
            "timeout" => Duration::from_millis(400),
            _ => usual.provider_timeout,
        },
        ..usual
    }
}

#[tokio::test]
async fn no_fault_of_any_provider_becomes_a_price() {
    for Asked {
        name,
        request,
        provider,
        kind,
    } in everybody()
    {
        for (reply, outcome) in faults(kind) {
            let stage = Stage::always(reply.clone()).await;
            let market = Market::new(vec![provider(&stage.url())], patience(outcome));
            let error = market.quote(&request, now()).await.unwrap_err();
            assert_eq!(error.kind(), "provider_unavailable", "{name} {reply:?}");
            let attempts = error.attempts();
            let expected: &[&str] = match outcome {
                "server_error" | "timeout" => &[outcome, outcome],
                outcome => &[outcome],
            };
            let told: Vec<&str> = attempts.iter().map(|one| one.outcome).collect();
            assert_eq!(told, expected, "{name}: {error}");
            assert!(attempts.iter().all(|one| one.provider == name));
            let wait = attempts[0].retry_after;
            assert_eq!(wait.is_some(), outcome == "rate_limited", "{name}");
            assert_eq!(stage.calls(), expected.len(), "{name} {outcome}");
        }
    }
}

#[tokio::test]
async fn no_fault_of_the_office_becomes_a_figure_or_costs_the_price() {
    let prices = Stage::always(Chart::default().reply()).await;
    for (reply, outcome) in faults(JSON) {
        // The list of companies is whole; what is asked about a company is not.
        let office = Stage::play(move |target| {
            if target.starts_with("/files/") {
                return Reply::json(r#"{"0":{"cik_str":1,"ticker":"AAPL"}}"#);
            }
            reply.clone()
        })
        .await;
        let config = EdgarConfig {
            site_url: office.url(),
            data_url: office.url(),
            contact: "desk@example.com".to_owned(),
        };
        let edgar = Arc::new(Edgar::new(&client(), &config).unwrap());
        let providers = vec![yahoo(&prices.url())];
        let market = Market::with_fundamentals(providers, Some(edgar), patience(outcome));
        let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
        assert_eq!(answer.quote.price.to_string(), "291.13");
        assert_eq!((&answer.fundamentals, &answer.valuation), (&None, &None));
        let attempt: &Attempt = answer.attempts.last().unwrap();
        assert_eq!(
            (attempt.provider.as_str(), attempt.outcome),
            ("edgar", outcome)
        );
    }
}

/// A price in the words of a provider.
type Words = fn(&str) -> Reply;

#[tokio::test]
async fn what_is_no_price_is_none_in_the_words_of_any_provider() {
    let in_words: [(usize, Words); 4] = [
        (0, |price| Reply::json(lines::ticker(price))),
        (1, |price| {
            Reply::json(lines::kraken_ticker("XXBTZUSD", price))
        }),
        (2, |price| {
            let price: &'static str = price.to_owned().leak();
            Chart {
                price,
                ..Chart::default()
            }
            .reply()
        }),
        (3, |price| {
            Reply::json(format!(r#"{{"c":{price},"pc":291.1,"t":1781290800}}"#))
        }),
    ];
    for (place, words) in in_words {
        for price in ["NaN", "\"NaN\"", "0", "-291.13", "1e308", "null", "1e12"] {
            let asked = &everybody()[place];
            let stage = Stage::always(words(price)).await;
            let market = market(vec![(asked.provider)(&stage.url())]);
            let error = market.quote(&asked.request, now()).await.unwrap_err();
            // Finnhub's word for a symbol that it does not know is a price of zero.
            let unknown = error.kind() == "symbol_not_found" && asked.name == "finnhub";
            let outcome = error.attempts().first().map(|one| one.outcome);
            assert!(
                (unknown && price == "0") || matches!(outcome, Some("bad_answer" | "implausible")),
                "{}: {price}: {error}",
                asked.name
            );
        }
    }
}

#[tokio::test]
async fn a_yield_that_is_no_number_is_none() {
    for cell in ["NaN", "1e308", "x", "4,42"] {
        let table = format!("Date,\"10 Yr\"\n06/11/2026,{cell}\n");
        let stage = Stage::always(Reply::of(200, "text/csv", table)).await;
        let asked = &everybody()[4];
        let market = market(vec![(asked.provider)(&stage.url())]);
        let error = market.quote(&asked.request, now()).await.unwrap_err();
        assert_eq!(error.attempts()[0].outcome, "bad_answer", "{cell}");
    }
}

#[tokio::test]
async fn the_table_of_another_year_is_none() {
    // In the first days of a year the one before is asked for as well.
    let table = "Date,\"10 Yr\"\n01/02/2026,4.42\n";
    let stage = Stage::always(Reply::of(200, "text/csv", table)).await;
    let asked = &everybody()[4];
    let market = market(vec![(asked.provider)(&stage.url())]);
    let january = instant("2026-01-03T12:00:00Z");
    let error = market.quote(&asked.request, january).await.unwrap_err();
    assert_eq!(error.attempts()[0].outcome, "implausible");
}

#[tokio::test]
async fn a_time_that_cannot_be_is_none_in_the_words_of_any_provider() {
    let coinbase_at =
        |time: &str| lines::ticker("105000.00").replace("2026-06-12T19:00:00.833Z", time);
    for (place, body, outcome) in [
        (0, coinbase_at("2026-06-12T20:00:00Z"), "implausible"),
        (0, coinbase_at("1970-01-01T00:00:00Z"), "implausible"),
        (0, coinbase_at("1781290800"), "bad_answer"),
        (
            3,
            r#"{"c":291.13,"t":1781294600}"#.to_owned(),
            "implausible",
        ),
        (3, r#"{"c":291.13,"t":1}"#.to_owned(), "implausible"),
        (
            3,
            r#"{"c":291.13,"t":1781290800000}"#.to_owned(),
            "implausible",
        ),
    ] {
        let asked = &everybody()[place];
        let stage = Stage::always(Reply::json(body.clone())).await;
        let market = market(vec![(asked.provider)(&stage.url())]);
        let error = market.quote(&asked.request, now()).await.unwrap_err();
        assert_eq!(error.attempts()[0].outcome, outcome, "{body}");
    }
}
