//! What is away is an error everywhere, never a zero.

use std::process::Command;

use fiml_testkit::servers::{PostgresServer, RedisServer};
use fiml_tests::{
    place::{Place, Tiers},
    support::{fiml, json_of, text},
};
use serde_json::json;

use crate::page::Page;

#[test]
fn with_postgresql_stopped_analytics_stats_and_metrics_report_an_error_and_no_zeros() {
    let (place, redis, postgres) = (
        Place::embedded(),
        RedisServer::start(),
        PostgresServer::start(),
    );
    let tiers = Tiers::on(&redis.url(), &postgres.url());
    let on = || -> Command {
        let mut command = fiml(&place.data());
        tiers.set(&mut command);
        command
    };
    let (page, mut client) = Page::of_client(on(), &place, &[]);
    client.create(&json!({"assets": ["AAPL"], "sessionType": "equity", "userId": "local"}));
    let figures = client
        .call("get-session-analytics", &json!({"days": 30}))
        .unwrap();
    assert_eq!(
        (&figures["status"], &figures["total_sessions"]),
        (&json!("success"), &json!(1))
    );
    assert_eq!(json_of(on().arg("stats"))["total_sessions"], 1);
    let ended = "fiml_job_last_success_timestamp_seconds";
    page.read_until(|told| told.sum(ended, &[]).is_some());

    postgres.kill();
    let figures = client
        .call("get-session-analytics", &json!({"days": 30}))
        .unwrap();
    assert_eq!(figures["status"], "error", "{figures}");
    assert_eq!(figures["code"], "archive_unavailable", "{figures}");
    assert!(!has_figures(&figures), "{figures}");

    for further in [&[][..], &["--json"]] {
        let output = on().arg("stats").args(further).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("PostgreSQL"), "{said}");
        assert!(output.stdout.is_empty(), "no figure is printed: {said}");
    }

    let up = |store| [("store", store)];
    let told = page.read_until(|told| told.sum("fiml_store_up", &up("archive")) == Some(0.0));
    assert_eq!(told.sum("fiml_store_up", &up("active")), Some(1.0));
    let missing = |source| told.sum("fiml_scrape_errors_total", &[("source", source)]);
    assert!(
        missing("archive") >= Some(1.0) && missing("jobs") >= Some(1.0),
        "{told:#?}"
    );
    assert_eq!(missing("sessions"), Some(0.0));
    assert_eq!(
        told.sum(ended, &[]),
        None,
        "what PostgreSQL holds is absent"
    );
    assert_eq!(
        told.sum("fiml_sessions_active_total", &[]),
        Some(1.0),
        "Redis is there"
    );
    let digest = [
        ("store", "metrics"),
        ("operation", "digest"),
        ("outcome", "unavailable"),
    ];
    assert!(told.sum("fiml_store_operations_total", &digest) >= Some(1.0));

    redis.kill();
    let told = page.read_until(|told| told.sum("fiml_store_up", &up("active")) == Some(0.0));
    for read in [
        "fiml_sessions_active_total",
        "fiml_archive_backlog_sessions",
        "fiml_archive_backlog_oldest_seconds",
        "fiml_quarantined_sessions",
        ended,
    ] {
        assert_eq!(told.sum(read, &[]), None, "{read}");
    }

    redis.restart();
    postgres.restart();
    let told = page.read_until(|told| {
        told.sum("fiml_store_up", &[]) == Some(2.0) && told.sum(ended, &[]).is_some()
    });
    assert!(told.sum("fiml_sessions_active_total", &[]).is_some());
    client.close();
}

/// Whether an answer has any number, but for those that an error may have.
fn has_figures(answer: &serde_json::Value) -> bool {
    let fields = answer.as_object().unwrap();
    fields.values().any(serde_json::Value::is_number)
}
