//! Settings of the `fiml` command that are misspelt, contradict each other or are no text.

use std::fs;

use fiml_tests::support::{PRICES, fiml, json_of, refusal, text};
use serde_json::json;

#[test]
fn a_misspelt_setting_is_not_passed_over_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    json_of(fiml(&data).args(["db", "create"]));
    let stats = |args: &[&str]| {
        let mut stats = fiml(&data);
        stats.arg("stats").args(args);
        stats.env("FIML_DATTA", "/x").env("SESSION_MANAGER", "x");
        stats.output().unwrap()
    };
    let told = text(&stats(&[]));
    assert!(told.contains("did you mean FIML_DATA?"), "{told}");
    assert!(!told.contains("SESSION_MANAGER"), "{told}");
    assert!(stats(&["--json"]).stderr.is_empty());

    let file = folder.path().join("settings");
    let with = |lines: &str| {
        fs::write(&file, lines).unwrap();
        refusal(&data, &["stats", "--env-file", file.to_str().unwrap()])
    };
    let (code, error) = with("OTHER=1\nSESSION_MAX_TTL=5\n");
    assert_eq!(
        (code, &error["argument"]),
        (Some(2), &json!("SESSION_MAX_TTL"))
    );
    assert_eq!(error["limit"], "did you mean SESSION_MAX_TTL_HOURS?");
    let (code, error) = with("OTHER=1\nREDIS_URL=a s3cret\n");
    let message = error["message"].as_str().unwrap();
    assert_eq!(code, Some(2));
    assert!(
        message.contains("line 2") && !message.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn a_file_of_sessions_is_neither_a_folder_nor_beside_servers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    let (code, error) = refusal(folder.path(), &["stats"]);
    assert_eq!((code, &error["argument"]), (Some(2), &json!("FIML_DATA")));
    let limit = error["limit"].as_str().unwrap();
    assert!(limit.contains("sessions.db"), "{error}");
    let servers = |args: &[&str]| {
        let mut command = fiml(&data);
        command.env("REDIS_URL", "redis://127.0.0.1:1");
        command.env("DATABASE_URL", "postgres://127.0.0.1:1/x");
        let output = command.arg("stats").args(args).output().unwrap();
        (output.status.code(), text(&output))
    };
    for (args, name) in [(&[][..], "FIML_DATA"), (&["--data", "x.db"], "--data")] {
        let (code, said) = servers(args);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(&format!("{name} names a file")), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn an_environment_that_is_not_utf_8_harms_only_our_own_settings() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    json_of(fiml(&data).args(["db", "create"]));
    let odd = OsStr::from_bytes(b"\xff\xfe");
    let with = |name: &str, value: &OsStr, command: &str| {
        let output = fiml(&data).arg(command).env(name, value).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = with("SOMEBODY_ELSES", odd, "stats");
    assert_eq!(code, Some(0), "{said}");
    for name in ["SESSION_MAX_TTL_HOURS", "FIML_LOG", "REDIS_URL"] {
        let (code, said) = with(name, odd, "stats");
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(name) && said.contains("UTF-8"), "{said}");
    }
    let odd_data = folder.path().join(odd);
    for command in ["serve", "demo"] {
        let (code, said) = with("FIML_DATA", odd_data.as_os_str(), command);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("FIML_DATA") && said.contains("UTF-8"),
            "{said}"
        );
    }
    assert!(
        fs::read_dir(folder.path()).unwrap().all(|file| file
            .unwrap()
            .file_name()
            .to_str()
            .is_some()),
        "no file of such a name is made"
    );
    // Not every file system takes such a name.
    let prices = folder.path().join(OsStr::from_bytes(b"\xff.csv"));
    if fs::copy(PRICES, &prices).is_ok() {
        let (code, said) = with("FIML_PRICES", prices.as_os_str(), "serve");
        assert_eq!(code, Some(0), "{said}");
    }
}
