//! What the `fiml` command refuses, how it says so, and what it leaves alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use fiml_tests::support::{Client, binary, fiml, refusal, text};
use serde_json::{Value, json};

fn run(data: &Path, args: &[&str]) -> Output {
    fiml(data).args(args).output().unwrap()
}

/// A folder of its own, and a file of sessions in it that is not made yet.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    (folder, data)
}

/// The exit code and everything printed.
fn outcome(data: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = run(data, args);
    (output.status.code(), text(&output))
}

#[test]
fn a_file_that_is_not_ours_is_neither_used_nor_removed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("notes.txt");
    fs::write(
        &data,
        "These are my notes, and they are no database.\n".repeat(100),
    )
    .unwrap();
    for args in [
        &["sessions", "list"][..],
        &["db", "verify"],
        &["db", "drop", "--yes"],
        &["serve"],
    ] {
        let (code, said) = outcome(&data, args);
        assert!(code.is_some_and(|code| code != 0), "{args:?}: {said}");
        assert!(
            said.contains("notes.txt") && said.contains("not a"),
            "{args:?}: {said}"
        );
    }
    assert!(
        fs::read_to_string(&data)
            .unwrap()
            .starts_with("These are my notes")
    );
}

#[test]
fn a_file_that_cannot_be_written_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder
        .path()
        .join("missing")
        .join("file")
        .join("sessions.db");
    fs::write(
        folder.path().join("missing"),
        "a file where a folder should be",
    )
    .unwrap();
    for command in [&["db", "create"][..], &["sessions", "list"]] {
        let (code, said) = outcome(&data, command);
        assert_ne!(code, Some(0));
        assert!(said.contains("missing"), "{said}");
    }
}

#[test]
fn bad_settings_and_arguments_exit_with_2_and_name_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    run(&data, &["db", "create"]);
    for (name, value) in [
        ("SESSION_DEFAULT_TTL_HOURS", "-1"),
        ("SESSION_MAX_QUERIES_PER_SESSION", "many"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
        ("DATABASE_URL", "postgres://127.0.0.1:1/x"),
        ("FIML_LOG", "=,="),
    ] {
        let output = fiml(&data)
            .args(["sessions", "list"])
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output));
        assert!(text(&output).contains(name), "{}", text(&output));
    }
    for args in [
        &["sessions", "show", "nonsense"][..],
        &["sessions", "list", "--limit", "201"],
        &["sessions", "list", "--cursor", "x"],
        &["sessions", "list", "--type", "forex"],
        &["stats", "--days", "0"],
        &["jobs", "run", "unknown"],
        &["--env-file", "/nowhere/at/all", "stats"],
    ] {
        let (code, said) = outcome(&data, args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
    }
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    let output = run(&data, &["--json", "sessions", "extend", unknown]);
    assert_eq!(output.status.code(), Some(3));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!("error"), &json!("session_not_found"))
    );
}

#[test]
fn a_mistyped_file_is_reported_and_not_made() {
    let (folder, data) = place();
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for args in [
        &["sessions", "list"][..],
        &["sessions", "show", id],
        &["sessions", "extend", id],
        &["stats"],
        &["jobs", "run", "cleanup_expired_sessions"],
        &["db", "verify"],
        &["db", "drop", "--yes"],
    ] {
        let (code, said) = outcome(&data, args);
        assert_eq!(code, Some(3), "{args:?}: {said}");
        assert!(
            said.contains("there is no file") && said.contains("fiml db create"),
            "{args:?}: {said}"
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_cut_to_nothing_is_damaged_and_not_sound() {
    let (_folder, data) = place();
    run(&data, &["db", "create"]);
    fs::write(&data, "").unwrap();
    let (code, said) = outcome(&data, &["db", "verify"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("sessions.db is damaged"), "{said}");
    assert_eq!(fs::metadata(&data).unwrap().len(), 0, "it is left as it is");
}

#[test]
fn a_refused_argument_is_named_with_its_limit() {
    let (_folder, data) = place();
    let mut client = Client::start(fiml(&data), &[]);
    let id = client.create(&json!({"assets": ["AAPL"], "sessionType": "equity"}));
    client.close();
    let long = "X".repeat(40);
    for (args, argument, limit) in [
        (
            &["sessions", "extend", &id, "--hours", "0"][..],
            "--hours",
            "above 0",
        ),
        (&["sessions", "list", "--asset", &long], "--asset", "32"),
        (&["sessions", "list", "--user", ""], "--user", "255"),
    ] {
        let (code, said) = outcome(&data, args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(
            said.contains(argument) && said.contains(limit),
            "{args:?}: {said}"
        );
        let (code, error) = refusal(&data, args);
        assert_eq!(code, Some(2), "{error}");
        assert_eq!(error["argument"], argument, "{error}");
        assert!(error["limit"].as_str().unwrap().contains(limit), "{error}");
    }
    let set = |json: Option<&str>| {
        let mut stats = fiml(&data);
        stats.arg("stats").args(json);
        stats.env("SESSION_DEFAULT_TTL_HOURS", "0");
        stats.output().unwrap()
    };
    let (said, error) = (text(&set(None)), set(Some("--json")).stderr);
    assert!(
        said.contains("SESSION_DEFAULT_TTL_HOURS: a number of hours above 0"),
        "{said}"
    );
    let error: Value = serde_json::from_slice(&error).unwrap();
    assert_eq!(
        (&error["argument"], &error["limit"]),
        (
            &json!("SESSION_DEFAULT_TTL_HOURS"),
            &json!("a number of hours above 0")
        )
    );
    let (_, said) = outcome(&data, &["sessions", "list", "--type", "forex"]);
    assert!(said.contains("one of equity, crypto"), "{said}");
}

/// Runs a command that may write no file beyond so many blocks of 512 bytes, as if the disk were full.
#[cfg(unix)]
fn limited(data: &Path, blocks: u32, args: &str) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {args}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(binary());
    shell.env_clear().env("FIML_DATA", data);
    shell.env("HOME", data.parent().unwrap());
    shell.env("SESSION_ARCHIVE_GRACE_SECONDS", "0");
    shell.output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_failing_job_prints_nothing_but_its_error() {
    let (_folder, data) = place();
    let mut client = Client::start(fiml(&data), &[]);
    for _ in 0..50 {
        client.create(&json!({"assets": ["IBM"], "sessionType": "macro", "ttlHours": 0.000_001}));
    }
    client.close();
    let failed = limited(&data, 65, "--json jobs run cleanup_expired_sessions");
    assert!(!failed.status.success(), "{}", text(&failed));
    let error: Value = serde_json::from_slice(&failed.stderr).unwrap();
    assert_eq!(error["status"], "error");
    assert!(
        error["message"].as_str().unwrap().contains("sessions.db"),
        "{error}"
    );
}

#[test]
fn a_session_set_aside_makes_the_cleanup_fail_with_its_report() {
    let (_folder, data) = place();
    let mut client = Client::start(fiml(&data), &[]);
    for asset in ["SOUND", "MAIMED"] {
        client.create(&json!({"assets": [asset], "sessionType": "macro", "ttlHours": 0.000_001}));
    }
    client.close();
    let (sound, maimed) = (b"[\"MAIMED\"]", b"[\"MAIMED\"[");
    let mut bytes = fs::read(&data).unwrap();
    let found: Vec<_> = (0..bytes.len() - sound.len())
        .filter(|&at| bytes[at..].starts_with(sound))
        .collect();
    assert!(!found.is_empty(), "the assets are stored as they read");
    for at in found {
        bytes[at..at + maimed.len()].copy_from_slice(maimed);
    }
    fs::write(&data, bytes).unwrap();
    let done = fiml(&data)
        .args(["--json", "jobs", "run", "cleanup_expired_sessions"])
        .env("SESSION_ARCHIVE_GRACE_SECONDS", "0")
        .env("FIML_LOG", "off")
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1), "{}", text(&done));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (&report["archived"], &report["quarantined"]),
        (&json!(1), &json!(1))
    );
    let error: Value = serde_json::from_slice(&done.stderr).unwrap();
    assert!(
        error["message"].as_str().unwrap().contains("quarantine"),
        "{error}"
    );
}

#[test]
fn a_read_only_file_is_named_and_left_alone() {
    let (_folder, data) = place();
    run(&data, &["db", "create"]);
    let mut mode = fs::metadata(&data).unwrap().permissions();
    mode.set_readonly(true);
    fs::set_permissions(&data, mode).unwrap();
    for args in [&["sessions", "list"][..], &["demo"], &["serve"]] {
        let (code, said) = outcome(&data, args);
        assert_eq!(code, Some(1), "{args:?}: {said}");
        assert!(
            said.contains("sessions.db is read-only"),
            "{args:?}: {said}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_grow_is_named_and_stays_sound() {
    let (_folder, data) = place();
    run(&data, &["demo"]);
    let stopped = (0..20)
        .map(|_| limited(&data, 200, "demo"))
        .find(|output| !output.status.success())
        .unwrap();
    let said = text(&stopped);
    // To SQLite this is an error of the disk, met while it writes or while it commits.
    assert!(matches!(stopped.status.code(), Some(1 | 5)), "{said}");
    assert!(
        said.contains("error: in ") && said.contains("sessions.db"),
        "{said}"
    );
    let (code, said) = outcome(&data, &["db", "verify"]);
    assert_eq!(code, Some(0), "{said}");
}
