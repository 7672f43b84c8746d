//! The commands that list jobs, run one and show what ran.

use std::process::Command;

use fiml_tests::{
    place::Place,
    support::{json_of, text},
};
use serde_json::{Value, json};

use crate::{all_runs, create_expired, run};

fn jobs(place: &Place, args: &[&str]) -> Command {
    let mut jobs = place.fiml();
    jobs.arg("jobs").args(args);
    jobs.env("SESSION_ARCHIVE_GRACE_SECONDS", "0");
    jobs
}

fn cleaned_up(place: &Place) -> Value {
    json_of(&mut jobs(place, &["run", "cleanup_expired_sessions"]))
}

fn live(place: &Place) -> u64 {
    let list = &["sessions", "list", "--include-archived"];
    let listed = json_of(place.fiml().args(list));
    let sessions = listed["sessions"].as_array().unwrap();
    let live = sessions
        .iter()
        .filter(|session| session["is_archived"] == false);
    live.count() as u64
}

fn stats(place: &Place) -> Value {
    json_of(place.fiml().arg("stats"))["total_sessions"].clone()
}

fn every_job_is_listed_with_its_schedule_and_its_last_run(place: &Place) {
    run(create_expired(place, 3));
    let listed = json_of(&mut jobs(place, &["list"]));
    let of = |listed: &Value, name: &str| {
        let jobs = listed["jobs"].as_array().unwrap();
        jobs.iter().find(|job| job["name"] == name).unwrap().clone()
    };
    let names = [
        ("cleanup_expired_sessions", 3_600.0),
        ("delete_old_archived_sessions", 86_400.0),
        ("generate_session_metrics", 86_400.0),
    ];
    for (name, every) in names {
        let job = of(&listed, name);
        assert_eq!(job["every_seconds"], every, "{job}");
        assert_eq!(job["last_run"], Value::Null, "{job}");
    }
    cleaned_up(place);
    let job = of(&json_of(&mut jobs(place, &["list"])), names[0].0);
    assert_eq!(job["last_run"]["state"], "succeeded", "{job}");
    assert_eq!(job["last_run"]["counts"]["archived"], 3, "{job}");
    let shown = text(&jobs(place, &["list"]).output().unwrap());
    for told in [names[0].0, names[1].0, names[2].0, "3 archived", "next due"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
}

fn a_dry_run_changes_nothing_and_says_what_would_be_done(place: &Place) {
    run(create_expired(place, 3));
    let dry = |name: &str, settings: &[(&str, &str)]| {
        let mut dry = jobs(place, &["run", name, "--dry-run"]);
        json_of(dry.envs(settings.iter().copied()))
    };
    let told = dry("cleanup_expired_sessions", &[]);
    assert_eq!(
        (&told["archived"], &told["dry_run"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(live(place), 3);
    cleaned_up(place);
    assert_eq!(live(place), 0);
    let now = [("SESSION_RETENTION_DAYS", "0.0000001")];
    assert_eq!(dry("delete_old_archived_sessions", &now)["deleted"], 3);
    assert_eq!(dry("delete_old_archived_sessions", &[])["deleted"], 0);
    assert_eq!(stats(place), 3);
    let recorded = run(async { all_runs(&*place.runs().await).await });
    assert_eq!(recorded.len(), 1, "a dry run is not recorded: {recorded:?}");
}

fn deleted_sessions_leave_their_figures(place: &Place) {
    run(create_expired(place, 3));
    cleaned_up(place);
    let delete = || {
        let mut delete = jobs(place, &["run", "delete_old_archived_sessions"]);
        json_of(delete.env("SESSION_RETENTION_DAYS", "0.0000001"))["deleted"].clone()
    };
    let kept = json_of(&mut jobs(place, &["run", "delete_old_archived_sessions"]));
    assert_eq!(kept["deleted"], 0, "thirty days have not passed");
    assert_eq!(delete(), 3);
    assert_eq!(delete(), 0);
    let list = json_of(
        place
            .fiml()
            .args(["sessions", "list", "--include-archived"]),
    );
    assert_eq!(list["sessions"], json!([]));
    assert_eq!(stats(place), 3, "what was measured stays");
}

fn figures_that_were_never_written_are_written_once(place: &Place) {
    run(create_expired(place, 3));
    let mut unmeasured = jobs(place, &["run", "cleanup_expired_sessions"]);
    unmeasured.env("SESSION_ENABLE_ANALYTICS", "false");
    assert_eq!(json_of(&mut unmeasured)["archived"], 3);
    assert_eq!(stats(place), 0);
    let generate = |args: &[&str], enabled: &str| {
        let mut generate = jobs(
            place,
            &[&["run", "generate_session_metrics"], args].concat(),
        );
        json_of(generate.env("SESSION_ENABLE_ANALYTICS", enabled))["measured"].clone()
    };
    assert_eq!(generate(&[], "false"), 0, "none are wanted");
    assert_eq!(generate(&["--dry-run"], "true"), 3);
    assert_eq!(stats(place), 0);
    assert_eq!(generate(&[], "true"), 3);
    assert_eq!(generate(&[], "true"), 0);
    assert_eq!(stats(place), 3);
}

fn figures_go_when_they_are_kept_no_longer_and_are_added_up_anew_when_told(place: &Place) {
    run(create_expired(place, 3));
    cleaned_up(place);
    let generate = |args: &[&str], days: &str| {
        let args = [&["run", "generate_session_metrics"], args].concat();
        json_of(jobs(place, &args).env("SESSION_METRICS_RETENTION_DAYS", days))
    };
    assert_eq!(generate(&[], "1")["purged"], 0);
    assert_eq!(generate(&["--rebuild"], "1")["purged"], 0);
    assert_eq!(stats(place), 3);
    let for_another = ["run", "cleanup_expired_sessions", "--rebuild"];
    let refused = text(&jobs(place, &for_another).output().unwrap());
    assert!(refused.contains("generate_session_metrics"), "{refused}");
    assert_eq!(generate(&["--dry-run"], "0.0000001")["purged"], 3);
    assert_eq!(stats(place), 3, "a dry run removes nothing");
    assert_eq!(generate(&[], "0.0000001")["purged"], 3);
    assert_eq!(generate(&[], "0.0000001")["measured"], 0, "too old");
    assert_eq!(stats(place), 0);
}

fn the_history_comes_in_pages_the_newest_first(place: &Place) {
    run(create_expired(place, 1));
    let none = text(&jobs(place, &["history"]).output().unwrap());
    assert!(none.contains("no job has run yet"), "{none}");
    for _ in 0..2 {
        cleaned_up(place);
        json_of(&mut jobs(place, &["run", "generate_session_metrics"]));
    }
    let history = |args: &[&str]| json_of(&mut jobs(place, &[&["history"], args].concat()));
    let names = |page: &Value| -> Vec<String> {
        let runs = page["runs"].as_array().unwrap();
        let names = runs
            .iter()
            .map(|run| run["job"].as_str().unwrap().to_owned());
        names.collect()
    };
    let first = history(&["--limit", "3"]);
    let (metrics, cleanup) = ("generate_session_metrics", "cleanup_expired_sessions");
    assert_eq!(names(&first), [metrics, cleanup, metrics]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = history(&["--limit", "3", "--cursor", cursor]);
    assert_eq!(names(&second), [cleanup]);
    assert_eq!(second["next_cursor"], Value::Null);
    let run = &second["runs"][0];
    assert_eq!(run["counts"]["archived"], 1, "{run}");
    assert_eq!(
        (&run["state"], &run["attempt"]),
        (&json!("succeeded"), &json!(1))
    );
    assert!(run["duration_seconds"].as_f64().is_some(), "{run}");
    assert_eq!(names(&history(&[metrics])), [metrics, metrics]);
    let shown = text(&jobs(place, &["history", cleanup]).output().unwrap());
    assert!(
        shown.contains("1 archived") && !shown.contains(metrics),
        "{shown}"
    );
    for args in [
        &["--cursor", "x"][..],
        &["--limit", "0"],
        &["--limit", "201"],
        &["unknown"],
    ] {
        let refused = jobs(place, &[&["history"], args].concat())
            .output()
            .unwrap();
        assert_eq!(
            refused.status.code(),
            Some(2),
            "{args:?}: {}",
            text(&refused)
        );
    }
}

#[test]
fn a_bad_setting_of_the_jobs_is_refused_by_name_and_limit() {
    let place = Place::embedded();
    for (name, value) in [
        ("SESSION_CLEANUP_INTERVAL_MINUTES", "0"),
        ("SESSION_RETENTION_DAYS", "forever"),
        ("SESSION_JOB_RUNS_RETENTION_DAYS", "-1"),
        ("SESSION_JOB_LEASE_SECONDS", "0.5"),
    ] {
        let refused = jobs(&place, &["list"]).env(name, value).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{name}: {}", text(&refused));
        let said = text(&refused);
        assert!(
            said.contains(name) && said.contains("a number of"),
            "{said}"
        );
    }
}

fiml_tests::in_every_place!(
    every_job_is_listed_with_its_schedule_and_its_last_run,
    a_dry_run_changes_nothing_and_says_what_would_be_done,
    deleted_sessions_leave_their_figures,
    figures_that_were_never_written_are_written_once,
    figures_go_when_they_are_kept_no_longer_and_are_added_up_anew_when_told,
    the_history_comes_in_pages_the_newest_first,
);
