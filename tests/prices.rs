//! `fiml quote` and `fiml providers`, over providers played on loopback and over no network at all.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output},
    thread,
};

use fiml_session_core::{Clock as _, SystemClock};
use fiml_tests::support::{Client, PRICES, fiml, json_of, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server that plays Coinbase: bitcoin at one price, as of now.
fn exchange() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Who asked may have gone away.
            let _ = answer(stream.unwrap());
        }
    });
    url
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let now = SystemClock.now();
    let (status, body) = match head.split(' ').nth(1).unwrap() {
        "/products/BTC-USD/ticker" => (200, format!(r#"{{"price":"105000.00","time":"{now}"}}"#)),
        "/products/BTC-USD/stats" => (200, r#"{"open":"100000.00"}"#.to_owned()),
        _ => (404, r#"{"message":"NotFound"}"#.to_owned()),
    };
    let kind = "content-type: application/json\r\nconnection: close";
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Played\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// An address on loopback where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn command(folder: &Path, settings: &[(&str, &str)], args: &[&str]) -> Command {
    let mut command = fiml(&folder.join("sessions.db"));
    command.envs(settings.iter().copied()).args(args);
    command
}

fn outcome(folder: &Path, settings: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String) {
    let output: Output = command(folder, settings, args).output().unwrap();
    (output.status.code(), text(&output))
}

/// Both exchanges, and nobody behind their addresses.
fn no_network() -> [(String, String); 3] {
    [
        ("FIML_PROVIDERS".to_owned(), "coinbase,kraken".to_owned()),
        ("FIML_COINBASE_URL".to_owned(), nowhere()),
        ("FIML_KRAKEN_URL".to_owned(), nowhere()),
    ]
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[test]
fn quote_asks_files_and_providers_and_says_from_whom_and_as_of_when() {
    let (folder, url) = (place(), exchange());
    let settings = [
        ("FIML_PRICES", PRICES),
        ("FIML_PROVIDERS", "coinbase"),
        ("FIML_COINBASE_URL", url.as_str()),
    ];
    let (code, told) = outcome(folder.path(), &settings, &["quote", "AAPL", "BTC-USD"]);
    assert_eq!(code, Some(0), "{told}");
    for word in [
        "223.02",
        "2010-03-01",
        "stale",
        "105000.00",
        "+5.00 %",
        "24 h before",
        "52 weeks",
        "live",
        "coinbase",
        "not investment advice",
    ] {
        assert!(told.contains(word), "{word} is missing in:\n{told}");
    }
    let answer = json_of(&mut command(
        folder.path(),
        &settings,
        &["quote", "AAPL", "BTC-USD"],
    ));
    let quotes = answer["quotes"].as_array().unwrap();
    assert_eq!(quotes[0]["status"], "success");
    assert_eq!(quotes[0]["freshness"]["status"], "stale");
    assert_eq!(quotes[1]["quote"]["price"], 105_000);
    assert_eq!(quotes[1]["freshness"]["status"], "live");
}

#[test]
fn one_symbol_without_a_price_does_not_hide_the_others() {
    let (folder, url) = (place(), exchange());
    let settings = [
        ("FIML_PROVIDERS", "coinbase"),
        ("FIML_COINBASE_URL", url.as_str()),
    ];
    let (code, told) = outcome(
        folder.path(),
        &settings,
        &["quote", "BTC-USD", "NOSUCH-EUR"],
    );
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("105000.00  USD") && told.contains("no price for `NOSUCH-EUR`"),
        "{told}"
    );
    let asked = ["quote", "BTC-USD", "NOSUCH-EUR", "NOSUCH-EUR", "--json"];
    let output = command(folder.path(), &settings, &asked).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    for told in [&answer, &error] {
        assert_eq!(told["status"], "error");
        assert_eq!(told["code"], "symbol_not_found");
    }
    let message = answer["message"].as_str().unwrap();
    assert_eq!(message.matches("NOSUCH").count(), 1, "{message}");
}

#[test]
fn what_is_wrong_with_a_price_file_stands_in_the_answer_too() {
    let folder = place();
    let prices = folder.path().join("prices.csv");
    let lines = "symbol,date,price\nX,2026-01-01,4\nX,2026-01-01,5\nX,2026-01-02,cheap\n";
    std::fs::write(&prices, lines).unwrap();
    let prices = prices.to_str().unwrap();
    let asked = ["quote", "X", "--prices", prices, "--json"];
    let output = command(folder.path(), &[], &asked).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", text(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let warnings = answer["warnings"].as_array().unwrap();
    for (warning, line) in warnings.iter().zip(["line 3", "line 4"]) {
        assert!(warning.as_str().unwrap().contains(line), "{warning}");
    }
    assert_eq!(warnings.len(), 2);
}

#[test]
fn providers_fail_where_not_one_of_them_answers() {
    let (folder, settings) = (place(), no_network());
    let settings = borrowed(&settings);
    let run = |args: &[&str]| {
        let output = command(folder.path(), &settings, args).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), answer)
    };
    let (code, answer) = run(&["providers", "--json"]);
    assert_eq!((code, &answer["status"]), (Some(5), &json!("error")));
    assert_eq!(answer["code"], "provider_unavailable");
    let (code, answer) = run(&["providers", "--json", "--prices", PRICES]);
    assert_eq!((code, &answer["status"]), (Some(0), &json!("success")));
    assert_eq!(answer["providers"][0]["name"], "file");
    let (code, _) = run(&["providers", "--json", "--no-ask"]);
    assert_eq!(code, Some(0));
}

#[test]
fn a_text_for_people_fits_the_terminal() {
    let folder = place();
    let (_, told) = outcome(
        folder.path(),
        &[("FIML_PRICES", PRICES)],
        &["quote", "AAPL"],
    );
    for line in told.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn each_of_several_symbols_without_a_price_says_why() {
    let (folder, url) = (place(), nowhere());
    let settings = [
        ("FIML_PRICES", PRICES),
        ("FIML_PROVIDERS", "coinbase"),
        ("FIML_COINBASE_URL", url.as_str()),
    ];
    let asked = ["quote", "APPL", "MSFT", "ETH-USD", "NOSUCH", "A"];
    let (code, told) = outcome(folder.path(), &settings, &asked);
    assert_eq!(code, Some(3), "that of the first: {told}");
    for line in [
        "APPL: no price for `APPL`; did you mean AAPL?",
        "ETH-USD: no provider could answer (file symbol_not_found, coinbase connect_failed)",
        "NOSUCH: no price for `NOSUCH`\n",
        "A: no price for `A`\n",
        "error: no price for APPL, ETH-USD, NOSUCH, A\n",
    ] {
        assert!(told.contains(line), "{line} is missing in:\n{told}");
    }
    // One reason for all is told once.
    let (code, told) = outcome(folder.path(), &[], &["quote", "AAPL", "MSFT"]);
    assert_eq!(code, Some(5), "{told}");
    assert!(
        told.contains("AAPL, MSFT: no source of equity prices"),
        "{told}"
    );
    let asked = ["quote", "AAPL", "MSFT", "--json"];
    let output = command(folder.path(), &[], &asked).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    for quote in answer["quotes"].as_array().unwrap() {
        assert_eq!(quote["code"], "provider_unavailable");
    }
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["code"], "provider_unavailable");
}

#[test]
fn without_providers_quote_says_what_to_set() {
    let folder = place();
    let (code, told) = outcome(folder.path(), &[], &["quote", "BTC-USD"]);
    assert_eq!(code, Some(5), "{told}");
    assert!(
        told.contains("FIML_PROVIDERS") && told.contains("--prices"),
        "{told}"
    );
    let (code, told) = outcome(folder.path(), &[], &["quote", "../../x"]);
    assert_eq!(code, Some(2), "{told}");
    let (code, told) = outcome(
        folder.path(),
        &[("FIML_PROVIDERS", "yahoo")],
        &["quote", "AAPL"],
    );
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("FIML_YAHOO_TERMS=accepted"), "{told}");
}

#[test]
fn providers_tell_their_state_limits_last_error_and_what_to_set() {
    let (folder, good, bad) = (place(), exchange(), nowhere());
    let settings = [
        ("FIML_PROVIDERS", "coinbase,kraken"),
        ("FIML_COINBASE_URL", good.as_str()),
        ("FIML_KRAKEN_URL", bad.as_str()),
    ];
    let told = json_of(&mut command(folder.path(), &settings, &["providers"]));
    let row = |name: &str| -> Value {
        let rows = told["providers"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap().clone()
    };
    assert_eq!(row("coinbase")["state"], "answers");
    assert_eq!(row("coinbase")["limit"], json!({"calls": 10, "seconds": 1}));
    let kraken = row("kraken");
    assert_eq!(kraken["state"], "fails");
    assert_eq!(kraken["attempts"][0]["outcome"], "connect_failed");
    assert!(
        kraken["last_error"]
            .as_str()
            .unwrap()
            .contains("kraken could not answer")
    );
    for (name, set) in [
        ("yahoo", "FIML_YAHOO_TERMS=accepted"),
        ("finnhub", "FIML_FINNHUB_KEY"),
        ("edgar", "FIML_CONTACT"),
        ("treasury", "FIML_PROVIDERS"),
    ] {
        assert_eq!(row(name)["state"], "off");
        assert!(row(name)["set"].as_str().unwrap().contains(set), "{name}");
        assert!(row(name)["licence"].is_string(), "{name}");
    }
    let (code, table) = outcome(folder.path(), &settings, &["providers", "--no-ask"]);
    assert_eq!(code, Some(0), "{table}");
    assert!(
        table.contains("10 calls in 1 s") && table.contains("kraken"),
        "{table}"
    );
    let (code, asked) = outcome(folder.path(), &settings, &["providers"]);
    assert_eq!(code, Some(0), "{asked}");
    assert!(asked.contains("connection refused"), "{asked}");
    for line in table.lines().chain(asked.lines()) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn without_a_network_every_attempt_is_told() {
    let (folder, settings) = (place(), no_network());
    let mut quote = command(
        folder.path(),
        &borrowed(&settings),
        &["quote", "BTC-USD", "--json"],
    );
    let output = quote.output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["status"], "error");
    let quote = &told["quotes"][0];
    assert_eq!(quote["code"], "provider_unavailable");
    let attempts = quote["attempts"].as_array().unwrap();
    let names: Vec<&Value> = attempts
        .iter()
        .map(|attempt| &attempt["provider"])
        .collect();
    assert_eq!(names, ["coinbase", "coinbase", "kraken", "kraken"]);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["outcome"] == "connect_failed")
    );
    let waited: u64 = attempts
        .iter()
        .map(|attempt| attempt["ms"].as_u64().unwrap())
        .sum();
    assert!(waited <= 6_000, "the deadline of a call: {waited}");
    assert!(quote.get("quote").is_none());
}

#[test]
fn without_a_network_a_session_records_failures_alone() {
    let (folder, settings) = (place(), no_network());
    let data = folder.path().join("sessions.db");
    let mut client = Client::start(fiml(&data), &borrowed(&settings));
    let mut call = |tool: &str, arguments: Value| {
        let params = json!({"name": tool, "arguments": arguments});
        client.request("tools/call", &params).unwrap()["result"]["structuredContent"].clone()
    };
    let new = json!({"assets": ["BTC"], "sessionType": "crypto"});
    let session = call("create-analysis-session", new)["session_id"].clone();
    for _ in 0..3 {
        let asked = json!({"symbol": "BTC", "sessionId": session});
        let refused = call("search-by-coin", asked);
        assert_eq!(refused["code"], "provider_unavailable", "{refused}");
        assert!(
            refused["attempts"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["provider"] == "kraken")
        );
        assert_eq!(refused.get("cached"), None);
    }
    let shown = json_of(fiml(&data).args(["sessions", "show", session.as_str().unwrap()]));
    let queries = shown["session"]["state"]["history"]["queries"]
        .as_array()
        .unwrap();
    assert_eq!(queries.len(), 3);
    for query in queries {
        assert_eq!(query["error"], "provider_unavailable");
        assert_eq!(query["cache_hit"], false);
        assert!(query["execution_time_ms"].as_f64().unwrap() > 0.0);
    }
}
