//! `fiml export`, `fiml report` and the charts of `fiml stats`, in one file and on two servers.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{collections::BTreeSet, fs};

use fiml_tests::{
    in_every_place,
    place::Place,
    support::{Client, json_of, text},
};
use serde_json::{Value, json};

/// Three sessions, of which the second is archived.
fn filled(place: &Place) -> Vec<String> {
    let mut client = Client::start(place.fiml(), &[]);
    let mut ids = Vec::new();
    for (user, asset) in [("ann", "AAPL"), ("bob", "IBM"), ("ann", "MSFT")] {
        let new = json!({"assets": [asset], "sessionType": "equity", "userId": user});
        let id = client.create(&new);
        let ask = json!({"symbol": asset, "sessionId": id});
        client.call("search-by-symbol", &ask).unwrap();
        ids.push(id);
    }
    client.close();
    let archived = place.fiml().args(["sessions", "archive", &ids[1]]).output();
    assert!(archived.unwrap().status.success());
    ids
}

fn exported(place: &Place, args: &[&str]) -> Vec<Value> {
    let output = place.fiml().args(["export", "metrics"]).args(args).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn an_export_has_every_session_once_and_adds_up_to_the_figures(place: &Place) {
    let ids = filled(place);
    let rows = exported(place, &[]);
    let found: BTreeSet<_> = rows
        .iter()
        .map(|row| row["session_id"].as_str().unwrap())
        .collect();
    assert_eq!(found, ids.iter().map(String::as_str).collect());
    assert_eq!(rows.len(), 3);
    let sum = |column: &str| {
        rows.iter()
            .map(|row| row[column].as_u64().unwrap())
            .sum::<u64>()
    };
    let count = |column: &str| rows.iter().filter(|row| row[column] == true).count() as u64;
    let stats = json_of(place.fiml().arg("stats"));
    for (figure, mine) in [
        ("total_sessions", rows.len() as u64),
        ("total_queries", sum("total_queries")),
        ("archived_sessions", count("is_archived")),
        ("ended_sessions", count("is_expired")),
    ] {
        assert_eq!(stats[figure], mine, "{figure}");
    }
    let csv = place
        .fiml()
        .args(["export", "metrics", "--format", "csv"])
        .output()
        .unwrap();
    assert_eq!(
        text(&csv).lines().count(),
        4,
        "a header and three rows: {}",
        text(&csv)
    );
    assert_eq!(exported(place, &["--user", "ann"]).len(), 2);
    assert_eq!(exported(place, &["--asset", "ibm"])[0]["is_archived"], true);
    assert_eq!(exported(place, &["--tag", "none"]).len(), 0);
}

fn a_report_is_written_once_whole_and_kept_unless_forced(place: &Place) {
    filled(place);
    let page = place.folder().join("page.html");
    let report = |more: &[&str]| {
        let mut command = place.fiml();
        command
            .args(["report", "-o", page.to_str().unwrap()])
            .args(more);
        command.output().unwrap()
    };
    let written = report(&["--user", "ann"]);
    assert!(written.status.success(), "{}", text(&written));
    let first = fs::read_to_string(&page).unwrap();
    assert!(first.contains("<svg") && first.contains("user <b>ann</b>"));
    let refused = report(&[]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("--force"), "{}", text(&refused));
    assert_eq!(fs::read_to_string(&page).unwrap(), first);
    assert!(report(&["--force"]).status.success());
    assert!(!fs::read_to_string(&page).unwrap().contains("<b>ann</b>"));
}

fn what_is_not_a_terminal_is_given_charts_in_ascii(place: &Place) {
    filled(place);
    let output = place.fiml().arg("stats").output().unwrap();
    let told = text(&output);
    assert!(told.is_ascii(), "{told}");
    assert!(
        told.contains("sessions each day") && told.contains("####"),
        "{told}"
    );
    let by_day = text(
        &place
            .fiml()
            .args(["stats", "--by", "day"])
            .output()
            .unwrap(),
    );
    assert!(by_day.is_ascii(), "{by_day}");
    let quiet = json_of(place.fiml().arg("stats"));
    assert_eq!(quiet["status"], "success");
}

fn a_period_behind_the_retention_of_figures_says_since_when_it_is_complete(place: &Place) {
    filled(place);
    let page = place.folder().join("page.html");
    let page = page.to_str().unwrap();
    let told = |days: &str, args: &[&str]| {
        let mut command = place.fiml();
        command.args(args).args(["--days", days]);
        command.env("SESSION_METRICS_RETENTION_DAYS", "10.5");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    for args in [
        &["stats"][..],
        &["stats", "--by", "day"],
        &["stats", "--compare"],
        &["export", "metrics", "--format", "csv"],
    ] {
        let (short, long) = (told("3", args), told("30", args));
        let says =
            |text: &str| text.contains("complete since") && text.contains("METRICS_RETENTION");
        assert!(!says(&short) && says(&long), "{args:?}: {short}\n{long}");
    }
    told("30", &["report", "--force", "-o", page]);
    assert!(fs::read_to_string(page).unwrap().contains("complete since"));
    for (args, at) in [
        (&["--json", "stats"][..], "/complete_since"),
        (&["--json", "stats", "--by", "day"], "/complete_since"),
        (&["--json", "stats", "--compare"], "/current/complete_since"),
        (
            &["--json", "export", "metrics", "--force", "-o", page],
            "/complete_since",
        ),
    ] {
        let since = |days| -> Value {
            let answer: Value = serde_json::from_str(&told(days, args)).unwrap();
            answer.pointer(at).cloned().unwrap_or_default()
        };
        assert!(since("3").is_null(), "{args:?}");
        assert!(since("30").as_str().unwrap().ends_with('Z'), "{args:?}");
    }
}

fn switched_off_analytics_export_and_report_nothing(place: &Place) {
    filled(place);
    let page = place.folder().join("page.html");
    let page = page.to_str().unwrap();
    for args in [
        &["export", "metrics", "-o", page][..],
        &["report", "-o", page],
    ] {
        let mut command = place.fiml();
        command.args(args).env("SESSION_ENABLE_ANALYTICS", "false");
        let output = command.arg("--json").output().unwrap();
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["code"], "analytics_disabled");
        assert!(fs::metadata(page).is_err(), "no file is left");
    }
}

in_every_place!(
    an_export_has_every_session_once_and_adds_up_to_the_figures,
    a_report_is_written_once_whole_and_kept_unless_forced,
    what_is_not_a_terminal_is_given_charts_in_ascii,
    a_period_behind_the_retention_of_figures_says_since_when_it_is_complete,
    switched_off_analytics_export_and_report_nothing,
);
