//! The `fiml` command, as people and scripts use it.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{
    fs,
    process::{Command, Output},
};

use fiml_tests::{
    place::Place,
    support::{Client, PRICES, binary, json_of, text},
};
use serde_json::json;

fn run(place: &Place, args: &[&str]) -> Output {
    place.fiml().args(args).output().unwrap()
}

/// The exit code and everything printed.
fn outcome(place: &Place, args: &[&str]) -> (Option<i32>, String) {
    let output = run(place, args);
    (output.status.code(), text(&output))
}

fn the_demo_tells_both_workflows_and_a_second_run_finds_the_first_ones_sessions(place: &Place) {
    let (code, first) = outcome(place, &["demo"]);
    assert_eq!(code, Some(0), "{first}");
    for told in [
        "Comparative analysis",
        "Portfolio analysis",
        "223.02",
        "as of 2010-03-01",
        "+8.99 %",
        "They are real and old",
        "25.0 %",
    ] {
        assert!(first.contains(told), "{told} is missing in:\n{first}");
    }
    assert!(!first.contains("earlier"), "{first}");
    let (_, second) = outcome(place, &["demo"]);
    assert!(
        second.contains("still holds 2 sessions of earlier runs"),
        "{second}"
    );
    let ids = |text: &str| -> Vec<String> {
        let words = text
            .split_whitespace()
            .filter(|word| word.parse::<fiml_session_core::SessionId>().is_ok());
        words.map(ToOwned::to_owned).collect()
    };
    assert!(ids(&first).iter().all(|id| second.contains(id)), "{second}");
    let third = json_of(place.fiml().arg("demo"));
    assert_eq!(
        (&third["status"], &third["earlier_sessions"]),
        (&json!("success"), &json!(4))
    );
}

fn sessions_are_listed_shown_extended_archived_and_deleted(place: &Place) {
    let mut client = Client::start(place.fiml(), &[]);
    let new = json!({"assets": ["AAPL", "IBM"], "sessionType": "portfolio", "userId": "ann", "tags": ["quarterly"]});
    let id = client.create(&new);
    client.create(&json!({"assets": ["MSFT"], "sessionType": "equity"}));
    client
        .call(
            "search-by-symbol",
            &json!({"symbol": "AAPL", "sessionId": id}),
        )
        .unwrap();
    client.close();

    let all = json_of(place.fiml().args(["sessions", "list"]));
    assert_eq!(all["total_sessions"], 2);
    for narrowed in [
        ["--user", "ann"],
        ["--type", "portfolio"],
        ["--tag", "quarterly"],
        ["--asset", "ibm"],
    ] {
        let page = json_of(place.fiml().args(["sessions", "list"]).args(narrowed));
        assert_eq!(
            (&page["total_sessions"], &page["sessions"][0]["session_id"]),
            (&json!(1), &json!(id)),
            "{narrowed:?}"
        );
    }
    let (_, table) = outcome(place, &["sessions", "list"]);
    assert!(
        table.contains(&id) && table.contains("2 of 2 sessions"),
        "{table}"
    );
    let (_, shown) = outcome(place, &["sessions", "show", &id]);
    assert!(
        shown.contains("quarterly") && shown.contains("AAPL 223.02"),
        "{shown}"
    );

    let extended = json_of(
        place
            .fiml()
            .args(["sessions", "extend", &id, "--hours", "1000"]),
    );
    assert_eq!(extended["ttl_capped"], true);
    let archived = json_of(place.fiml().args(["sessions", "archive", &id]));
    assert_eq!(archived["moved"], true);
    let again = json_of(place.fiml().args(["sessions", "archive", &id]));
    assert_eq!(again["moved"], false);
    let shown = json_of(place.fiml().args(["sessions", "show", &id]));
    assert_eq!(
        (
            &shown["is_archived"],
            &shown["session"]["state"]["history"]["total_queries"]
        ),
        (&json!(true), &json!(1))
    );
    json_of(place.fiml().args(["sessions", "extend", &id]));
    let shown = json_of(place.fiml().args(["sessions", "show", &id]));
    assert_eq!(shown["is_archived"], false, "an extension brings it back");

    let (code, asked) = outcome(place, &["sessions", "delete", &id]);
    assert_eq!(code, Some(2), "{asked}");
    assert!(asked.contains("--yes"), "{asked}");
    assert_eq!(
        outcome(place, &["sessions", "delete", &id, "--yes"]).0,
        Some(0)
    );
    assert_eq!(outcome(place, &["sessions", "show", &id]).0, Some(3));
    assert_eq!(
        outcome(place, &["sessions", "delete", &id, "--yes"]).0,
        Some(3)
    );
}

fn statistics_are_printed_for_people_and_for_programs(place: &Place) {
    run(place, &["demo"]);
    let stats = json_of(
        place
            .fiml()
            .args(["stats", "--days", "1", "--type", "comparative"]),
    );
    assert_eq!(
        (&stats["total_sessions"], &stats["total_queries"]),
        (&json!(1), &json!(4))
    );
    let (_, table) = outcome(place, &["stats"]);
    assert!(
        table.contains("percentiles") && table.contains("AAPL"),
        "{table}"
    );
    let off = place
        .fiml()
        .arg("stats")
        .env("SESSION_ENABLE_ANALYTICS", "false")
        .output()
        .unwrap();
    assert_eq!(off.status.code(), Some(1));
    assert!(
        text(&off).contains("SESSION_ENABLE_ANALYTICS"),
        "{}",
        text(&off)
    );
}

#[test]
fn the_file_is_made_checked_and_removed() {
    let place = &Place::embedded();
    let data = place.data();
    assert_eq!(
        outcome(place, &["db", "verify"]).0,
        Some(3),
        "there is none yet"
    );
    assert_eq!(outcome(place, &["db", "create"]).0, Some(0));
    assert_eq!(
        outcome(place, &["db", "create"]).0,
        Some(0),
        "once more does no harm"
    );
    let verified = json_of(place.fiml().args(["db", "verify"]));
    assert_eq!(verified["status"], "success");
    assert_eq!(outcome(place, &["db", "drop"]).0, Some(2), "it asks first");
    assert!(data.exists());
    assert_eq!(outcome(place, &["db", "drop", "--yes"]).0, Some(0));
    assert_eq!(
        fs::read_dir(data.parent().unwrap()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

fn a_settings_file_counts_only_where_it_is_named(place: &Place) {
    run(place, &["db", "create"]);
    let settings = place.folder().join(".env");
    fs::write(&settings, "SESSION_ENABLE_ANALYTICS=false\n").unwrap();
    let here = place
        .fiml()
        .arg("stats")
        .current_dir(place.folder())
        .output()
        .unwrap();
    assert!(
        here.status.success(),
        "one that lies in the working directory is not read"
    );
    let named = place
        .fiml()
        .arg("stats")
        .arg("--env-file")
        .arg(&settings)
        .output()
        .unwrap();
    assert_eq!(named.status.code(), Some(1), "{}", text(&named));
}

fn a_price_file_with_a_broken_line_is_used_and_the_line_is_named(place: &Place) {
    let prices = place.folder().join("prices.csv");
    fs::write(
        &prices,
        "symbol,date,price\nAAPL,2010-02-01,204.62\nAAPL,2010-03-01,cheap\n",
    )
    .unwrap();
    let served = place
        .fiml()
        .arg("serve")
        .arg("--prices")
        .arg(&prices)
        .output()
        .unwrap();
    assert!(
        served.status.success(),
        "stdin was at its end: {}",
        text(&served)
    );
    assert!(
        text(&served).contains("prices.csv line 3"),
        "{}",
        text(&served)
    );
    let missing = run(place, &["serve", "--prices", "/nowhere/prices.csv"]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(
        text(&missing).contains("/nowhere/prices.csv"),
        "{}",
        text(&missing)
    );
}

fn malformed_json_on_stdin_is_answered_and_the_next_request_too(place: &Place) {
    let mut client = Client::start(place.fiml(), &[("FIML_PRICES", PRICES)]);
    client
        .send_line("{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\":")
        .unwrap();
    assert_eq!(client.next_message().unwrap()["error"]["code"], -32_700);
    let listed = client.call("list-sessions", &json!({})).unwrap();
    assert_eq!(listed["total_sessions"], 0);
    client.close();
}

#[test]
fn every_command_has_help_worth_reading() {
    let place = &Place::embedded();
    let data = place.data();
    let (_, top) = outcome(place, &["--help"]);
    for told in [
        "Exit codes",
        "FIML_DATA",
        "demo",
        "serve",
        "sessions",
        "stats",
        "db",
        "jobs",
    ] {
        assert!(top.contains(told), "{top}");
    }
    for args in [
        &["serve"][..],
        &["sessions", "list"],
        &["stats"],
        &["db", "drop"],
        &["jobs", "run"],
    ] {
        let (code, help) = outcome(place, &[args, &["--help"]].concat());
        assert_eq!(code, Some(0));
        assert!(help.contains("Usage: fiml"), "{help}");
    }
    assert!(!data.exists(), "help makes no file");
}

#[test]
fn the_demo_leaves_a_price_file_of_the_readers_own_alone() {
    let place = &Place::embedded();
    let data = place.folder().join("my data").join("sessions.db");
    fs::create_dir(data.parent().unwrap()).unwrap();
    let own = data.with_file_name("demo-prices.csv");
    fs::write(&own, "symbol,date,price\nMINE,2026-01-02,1\n").unwrap();
    let settings = place.folder().join("my settings");
    fs::write(&settings, "SESSION_DEFAULT_TTL_HOURS=12\n").unwrap();
    let demo = || {
        let mut demo = place.fiml();
        demo.arg("demo").arg("--data").arg(&data);
        demo.arg("--env-file").arg(&settings);
        let output = demo.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    let told = demo();
    assert!(fs::read_to_string(&own).unwrap().contains("MINE"));
    let command = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("fiml"))
        .unwrap();
    // What was printed runs in a shell, with the same settings on the same file.
    let shown = Command::new("sh")
        .args(["-c", &format!("\"$0\" {command}")])
        .arg(binary())
        .env("HOME", place.folder())
        .output()
        .unwrap();
    assert!(shown.status.success(), "{command}: {}", text(&shown));
    assert!(command.contains("--env-file"), "{command}");
    assert!(told.contains("my data/demo-prices-2.csv'"), "{told}");
    demo();
    assert!(
        !data.with_file_name("demo-prices-3.csv").exists(),
        "a second run finds its own"
    );
}

fiml_tests::in_every_place! {
    the_demo_tells_both_workflows_and_a_second_run_finds_the_first_ones_sessions,
    sessions_are_listed_shown_extended_archived_and_deleted,
    statistics_are_printed_for_people_and_for_programs,
    a_settings_file_counts_only_where_it_is_named,
    a_price_file_with_a_broken_line_is_used_and_the_line_is_named,
    malformed_json_on_stdin_is_answered_and_the_next_request_too,
}
