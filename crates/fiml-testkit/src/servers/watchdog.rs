//! A server's life, held by a small shell that outlives nobody: it ends with the pipe to this process.

use std::{
    fs::{self, DirBuilder},
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{account::Account, unique};

/// How long a server may take to answer, on a machine that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks into a server's log.
const PAUSE: Duration = Duration::from_millis(5);

/// How a start went.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Start {
    Ready,
    /// Somebody else has the port.
    PortTaken,
}

/// A folder of its own for one server, in the system's temporary folder.
///
/// It belongs to the account that the server runs as, and the watchdog removes it.
pub(super) fn temporary_folder(name: &str, account: Option<Account>) -> PathBuf {
    let mut parent = std::env::temp_dir();
    if account.is_some() && !is_open_to_others(&parent) {
        parent = PathBuf::from("/tmp");
    }
    let folder = parent.join(unique(&format!("fiml_{name}")));
    DirBuilder::new().mode(0o700).create(&folder).unwrap();
    if let Some(Account { user, group }) = account {
        chown(&folder, Some(user), Some(group)).unwrap();
    }
    folder
}

/// Whether every account can reach a folder, and make and remove folders in it.
fn is_open_to_others(folder: &Path) -> bool {
    let allows = |path: &Path, bits| {
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & bits == bits)
    };
    allows(folder, 0o003) && folder.ancestors().all(|above| allows(above, 0o001))
}

/// One server's process, which can be killed, started again and paused.
///
/// Dropped, or with the process that holds it gone for whatever reason, it stops the server and removes
/// the folder.
#[derive(Debug)]
pub(super) struct Watchdog {
    folder: PathBuf,
    pipes: Mutex<Pipes>,
}

#[derive(Debug)]
struct Pipes {
    child: Child,
    /// Nothing once it is time to stop.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Watchdog {
    /// Stands by in `folder` to run `command`, which is not started yet; `stop` is the signal that ends it.
    pub(super) fn new(
        folder: &Path,
        stop: &str,
        command: &[String],
        account: Option<Account>,
    ) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", include_str!("watchdog.sh"), "watchdog"])
            .arg(folder)
            .arg(stop)
            .args(command)
            .current_dir("/")
            // The log is read for what it says, so it must say it in English.
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Control-C and whoever else ends a whole group must not end the watchdog before the server.
            .process_group(0);
        if let Some(Account { user, group }) = account {
            shell.uid(user).gid(group);
        }
        let mut child = shell.spawn().unwrap();
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        Self {
            folder: folder.to_owned(),
            pipes: Mutex::new(Pipes {
                child,
                orders,
                answers,
            }),
        }
    }

    fn pipes(&self) -> MutexGuard<'_, Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has one order carried out: `start`, `kill`, `pause` or `resume`.
    pub(super) fn order(&self, order: &str) {
        let mut pipes = self.pipes();
        let orders = pipes.orders.as_mut().expect("it stops only when dropped");
        writeln!(orders, "{order}").unwrap();
        let mut answer = String::new();
        pipes.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n", "the watchdog did not {order} the server");
    }

    /// Starts the server and waits until its log has the line that says it is `ready`.
    ///
    /// Its log, and not an answer on its port, which could come from somebody else's server.
    pub(super) fn start(&self, ready: &str) -> Start {
        self.order("start");
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The end is looked for first: what the log holds after it is all that it will ever hold.
            let ended = self.folder.join("ended").exists();
            let log = fs::read(self.folder.join("log")).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            if ended && log.contains("in use") {
                return Start::PortTaken;
            }
            assert!(!ended, "the server ended at once, and said:\n{log}");
            if log.contains(ready) {
                return Start::Ready;
            }
            assert!(
                Instant::now() < deadline,
                "the server is not ready after {PATIENCE:?}, and said:\n{log}"
            );
            thread::sleep(PAUSE);
        }
    }

    /// Starts the server again, on the port that it had.
    pub(super) fn restart(&self, ready: &str) {
        let deadline = Instant::now() + PATIENCE;
        // What a killed server leaves behind may hold its port or its memory for a moment more.
        while self.start(ready) == Start::PortTaken {
            assert!(Instant::now() < deadline, "the server's port is taken");
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let mut pipes = self.pipes();
        drop(pipes.orders.take());
        // Nothing can be done about a failure here, and a panic would hide the test's own.
        let _ended = pipes.child.wait();
    }
}
