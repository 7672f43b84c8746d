//! What was done is counted, once.

use std::process::Stdio;

use fiml_tests::{in_every_place, place::Place, support::send_signal};
use serde_json::json;

use crate::page::Page;

in_every_place!(
    what_was_done_is_counted,
    an_archived_session_is_counted_with_its_life,
    a_worker_tells_of_its_jobs,
);

fn what_was_done_is_counted(place: &Place) {
    let (page, mut client) = Page::of_client(place.fiml(), place, &[]);
    let of = |kind: &str| json!({"assets": ["AAPL"], "sessionType": kind, "ttlHours": 2});
    let session = client.create(&of("equity"));
    client.create(&of("equity"));
    let keyed = json!({"assets": ["GDP"], "sessionType": "macro", "idempotencyKey": "once"});
    assert_eq!(client.create(&keyed), client.create(&keyed));
    let search = json!({"symbol": "AAPL", "sessionId": session, "idempotencyKey": "first"});
    for arguments in [
        &search,
        &search,
        &json!({"symbol": "AAPL", "sessionId": session}),
    ] {
        let answer = client.call("search-by-symbol", arguments).unwrap();
        assert_eq!(answer["session"]["tracked"], true, "{answer}");
    }
    let unknown = json!({"sessionId": "0198c0de-0000-7000-8000-000000000000"});
    let refused = client.call("get-session-info", &unknown).unwrap();
    assert_eq!(refused["code"], "session_not_found");

    let told = page.read_until(|told| told.sum("fiml_sessions_active_total", &[]) == Some(3.0));
    let sum = |name: &str, labels: &[(&str, &str)]| told.sum(name, labels);
    let created = |kind| sum("fiml_sessions_created_total", &[("type", kind)]);
    assert_eq!(
        [created("equity"), created("macro"), created("crypto")],
        [Some(2.0), Some(1.0), Some(0.0)]
    );
    assert_eq!(
        sum("fiml_session_queries_total", &[]),
        Some(2.0),
        "a replay is no query"
    );
    let calls = |tool, outcome| {
        sum(
            "fiml_tool_calls_total",
            &[("tool", tool), ("outcome", outcome)],
        )
    };
    assert_eq!(calls("create-analysis-session", "success"), Some(4.0));
    assert_eq!(calls("search-by-symbol", "success"), Some(3.0));
    assert_eq!(calls("get-session-info", "session_not_found"), Some(1.0));
    let apply = [("store", "active"), ("operation", "apply")];
    let applied = [apply[0], apply[1], ("outcome", "ok")];
    assert_eq!(sum("fiml_store_operations_total", &applied), Some(3.0));
    assert_eq!(sum("fiml_store_operation_seconds_count", &apply), Some(3.0));
    let errors = [("outcome", "unavailable")];
    assert_eq!(sum("fiml_store_operations_total", &errors), Some(0.0));
    for store in ["active", "archive"] {
        assert_eq!(sum("fiml_store_up", &[("store", store)]), Some(1.0));
    }
    assert_eq!(sum("fiml_scrape_errors_total", &[]), Some(0.0));
    assert_eq!(sum("fiml_archive_backlog_sessions", &[]), Some(0.0));
    client.close();
}

fn an_archived_session_is_counted_with_its_life(place: &Place) {
    let settings = [
        ("SESSION_ARCHIVE_GRACE_SECONDS", "0"),
        ("SESSION_CLEANUP_INTERVAL_MINUTES", "0.0167"),
    ];
    let (page, mut client) = Page::of_client(place.fiml(), place, &settings);
    let brief = json!({"assets": ["BTC"], "sessionType": "crypto", "ttlHours": 0.0003});
    client.create(&brief);
    let of_type = [("type", "crypto")];
    let archived =
        |told: &crate::page::Samples| told.sum("fiml_session_duration_seconds_count", &of_type);
    page.read_until(|told| archived(told) == Some(1.0));
    let told = page.read_until(|told| told.sum("fiml_sessions_active_total", &[]) == Some(0.0));
    assert_eq!(archived(&told), Some(1.0));
    assert_eq!(
        told.sum("fiml_sessions_abandoned_total", &of_type),
        Some(1.0)
    );
    assert_eq!(
        told.sum("fiml_session_duration_seconds_sum", &of_type),
        Some(0.0)
    );
    let succeeded = [
        ("job", "cleanup_expired_sessions"),
        ("outcome", "succeeded"),
    ];
    assert!(told.sum("fiml_job_runs_total", &succeeded) >= Some(1.0));
    client.close();
}

fn a_worker_tells_of_its_jobs(place: &Place) {
    let (page, mut command) = Page::of(place.fiml(), place);
    command.args(["jobs", "work"]).stdout(Stdio::null());
    let mut worker = command.spawn().unwrap();
    let jobs = [
        "cleanup_expired_sessions",
        "delete_old_archived_sessions",
        "generate_session_metrics",
    ];
    let ended = |told: &crate::page::Samples, job: &str| {
        told.sum("fiml_job_last_success_timestamp_seconds", &[("job", job)])
    };
    let told = page.read_until(|told| jobs.iter().all(|job| ended(told, job).is_some()));
    for job in jobs {
        // After 2020, in seconds.
        assert!(ended(&told, job) > Some(1_577_836_800.0), "{job}");
        let labels = [("job", job), ("outcome", "succeeded")];
        assert_eq!(told.sum("fiml_job_runs_total", &labels), Some(1.0), "{job}");
    }
    send_signal(worker.id(), "-TERM");
    assert!(worker.wait().unwrap().success());
}
