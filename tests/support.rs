//! The built binary, driven as its users drive it.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::OnceLock,
};

use serde_json::{Value, json};

/// Real closing prices.
pub const PRICES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/fiml/data/stocks.csv"
);

/// The `fiml` binary of the profile under test, built now where it is missing or old.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let release = profile.ends_with("release");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--offline", "-p", "fiml"]);
        build.args(release.then_some("--release"));
        if cfg!(feature = "otlp") {
            build.args(["--features", "otlp"]);
        }
        build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        assert!(build.status().unwrap().success(), "cargo build -p fiml");
        profile.join("fiml")
    })
}

/// A command of `fiml` on this file, with settings of its own and none of the machine's.
pub fn fiml(data: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("FIML_DATA", data)
        .env("HOME", data.parent().unwrap());
    command
}

/// Runs a command that must succeed, and gives the JSON it prints.
pub fn json_of(command: &mut Command) -> Value {
    let output = command.arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The exit code and the error as programs read it; nothing else may stand on stderr.
pub fn refusal(data: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let output = fiml(data).arg("--json").args(args).output().unwrap();
    let error = serde_json::from_slice(&output.stderr);
    let error = error.unwrap_or_else(|_| panic!("{args:?}: {}", text(&output)));
    (output.status.code(), error)
}

/// What a command printed.
pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Sends a process a signal, such as `-TERM`.
pub fn send_signal(pid: u32, signal: &str) {
    let pid = pid.to_string();
    let kill = Command::new("kill").args([signal, &pid]).status();
    assert!(kill.unwrap().success());
}

/// A client of a `fiml serve` of its own.
#[derive(Debug)]
pub struct Client {
    server: Child,
    stdin: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    last_id: u64,
}

impl Client {
    /// Starts a server by this command of `fiml`, and opens with `initialize`.
    pub fn start(mut command: Command, settings: &[(&str, &str)]) -> Self {
        command
            .arg("serve")
            .env("FIML_PRICES", PRICES)
            .envs(settings.iter().copied());
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = server.stdin.take();
        let answers = BufReader::new(server.stdout.take().unwrap()).lines();
        let mut client = Self {
            server,
            stdin,
            answers,
            last_id: 0,
        };
        let opened = client.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "fiml-tests", "version": "1"},
            }),
        );
        assert!(opened.unwrap()["result"]["serverInfo"].is_object());
        client
            .send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .unwrap();
        client
    }

    /// Writes one message.
    pub fn send(&mut self, message: &Value) -> std::io::Result<()> {
        self.send_line(&message.to_string())
    }

    /// Writes one line as it stands.
    pub fn send_line(&mut self, line: &str) -> std::io::Result<()> {
        writeln!(self.stdin.as_mut().unwrap(), "{line}")
    }

    /// The next message of the server, whatever it is.
    pub fn next_message(&mut self) -> Option<Value> {
        serde_json::from_str(&self.answers.next()?.ok()?).ok()
    }

    /// Asks, and waits for the answer; none where the server died first.
    pub fn request(&mut self, method: &str, params: &Value) -> Option<Value> {
        self.last_id += 1;
        let id = self.last_id;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&message).ok()?;
        loop {
            let answer = self.next_message()?;
            if answer["id"] == id {
                return Some(answer);
            }
        }
    }

    /// Calls a tool; the structured answer, or none where the server died first.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Option<Value> {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}))?;
        let content = answer["result"]["content"][0]["text"].as_str();
        let content = content.unwrap_or_else(|| panic!("{tool}: {answer}"));
        Some(serde_json::from_str(content).unwrap())
    }

    /// Creates a session.
    pub fn create(&mut self, arguments: &Value) -> String {
        let created = self.call("create-analysis-session", arguments).unwrap();
        assert_eq!(created["status"], "success", "{created}");
        created["session_id"].as_str().unwrap().to_owned()
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Waits for the server's end without closing its stdin.
    pub fn ended(mut self) -> ExitStatus {
        self.server.wait().unwrap()
    }

    /// Closes the server's stdin, and waits for its end.
    pub fn close(mut self) {
        self.stdin.take();
        assert!(self.server.wait().unwrap().success());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Ended already where the test closed or killed it.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
