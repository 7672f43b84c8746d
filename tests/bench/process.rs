//! What a client waits for: the start of the process.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;

fn binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/fiml")
}

fn start(data: &Path) -> Duration {
    let started = Instant::now();
    let mut server = Command::new(binary())
        .args(["serve", "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = server.stdin.take().unwrap();
    writeln!(stdin, "{INITIALIZE}").unwrap();
    let mut answer = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut answer)
        .unwrap();
    let waited = started.elapsed();
    assert!(answer.contains("\"result\""), "{answer}");
    drop(stdin);
    server.wait().unwrap();
    waited
}

/// From the start of the process to its first answer, on a file that exists.
pub(crate) fn first_answer() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    start(&data);
    let mut times: Vec<_> = (0..21).map(|_| start(&data)).collect();
    times.sort_unstable();
    println!("process start to first answer over stdio, on an existing file");
    println!(
        "  p50 {:.1?}   slowest of {} {:.1?}   target: under 50 ms\n",
        times[10],
        times.len(),
        times[20]
    );
}

/// The size of the release binary.
pub(crate) fn size() {
    let bytes = std::fs::metadata(binary()).unwrap().len();
    let hundredths = bytes * 100 / 1_000_000;
    println!(
        "release binary\n  {}.{:02} MB   target: under 25 MB",
        hundredths / 100,
        hundredths % 100
    );
}
