//! A process of the test's own that works on the tiers until it dies.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::ExitStatusExt,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use fiml_jobs::DEFAULT_RETENTION;
use fiml_session_core::{Policy, SessionId, Timestamp};
use fiml_tests::{
    orders::{Orders, Work},
    place::Tiers,
    whereabouts::Whereabouts,
};
use tokio::task::{spawn_blocking, yield_now};

use crate::{PATIENCE, world::LONGEST_LIFE};

/// Between two looks whether the process is dead.
const PAUSE: Duration = Duration::from_millis(2);

/// The process; killed at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    output: BufReader<ChildStdout>,
    label: String,
}

impl Worker {
    /// Starts one whose clock stands at `at`, that dies as `doom` says.
    pub(crate) fn start(
        tiers: &Tiers,
        at: Timestamp,
        doom: &str,
        work: Work,
        sessions: &[SessionId],
    ) -> Self {
        let policy = Policy::default();
        let orders = Orders {
            place: Whereabouts::Servers(tiers.clone()),
            at,
            longest_life: LONGEST_LIFE,
            enable_analytics: policy.enable_analytics,
            figures_kept: policy.metrics_retention,
            sessions_kept: DEFAULT_RETENTION,
            doom: doom.to_owned(),
            work,
            sessions: sessions.to_vec(),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_doomed_worker"));
        command
            .arg(orders.word())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let label = format!("{work:?}, {doom}");
        Self {
            child,
            output,
            label,
        }
    }

    /// Waits until it is connected, and begins its work.
    pub(crate) async fn ready(self) -> Self {
        self.said("ready").await
    }

    /// Waits until it is held up at a step, as its doom has it.
    pub(crate) async fn stopped(self) -> Self {
        let held_up = self.said("stopped").await;
        // It says so just before the signal stops it.
        while !held_up.is_stopped() {
            yield_now().await;
        }
        held_up
    }

    /// Waits until it was told that a session is done.
    pub(crate) async fn done(self) -> Self {
        self.said("done ").await
    }

    /// Lets it go on.
    pub(crate) fn go_on(self) -> Self {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-CONT", &pid]).status();
        assert!(told.unwrap().success());
        self
    }

    async fn said(mut self, word: &'static str) -> Self {
        let said = spawn_blocking(move || {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            assert!(line.starts_with(word), "{}: {line}", self.label);
            self
        });
        said.await.unwrap()
    }

    /// Whether the system says that a signal has stopped it.
    fn is_stopped(&self) -> bool {
        let pid = self.child.id().to_string();
        let asked = Command::new("ps")
            .args(["-o", "state=", "-p", &pid])
            .output();
        asked.expect("ps runs").stdout.starts_with(b"T")
    }

    /// Waits until a signal has ended it; the sessions that it was told are done.
    pub(crate) async fn death(self) -> Vec<SessionId> {
        spawn_blocking(move || self.wait()).await.unwrap()
    }

    /// Ends it with SIGKILL.
    pub(crate) async fn kill(mut self) -> Vec<SessionId> {
        self.child.kill().unwrap();
        self.death().await
    }

    fn wait(mut self) -> Vec<SessionId> {
        let deadline = Instant::now() + PATIENCE;
        let ended = loop {
            if let Some(ended) = self.child.try_wait().unwrap() {
                break ended;
            }
            assert!(
                Instant::now() < deadline,
                "{}: it never came there",
                self.label
            );
            thread::sleep(PAUSE);
        };
        assert!(ended.signal().is_some(), "{}: {ended}", self.label);
        let mut said = String::new();
        self.output.read_to_string(&mut said).unwrap();
        let done = said.lines().filter_map(|line| line.strip_prefix("done "));
        done.map(|id| id.parse().unwrap()).collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Dead already unless the test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
