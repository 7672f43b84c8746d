//! A PostgreSQL server of one's own.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use super::{
    account::Account,
    port::{ATTEMPTS, free_port},
    program::postgres_folder,
    watchdog::{Start, Watchdog, temporary_folder},
};

const READY: &str = "database system is ready to accept connections";

/// A private PostgreSQL server on a free loopback port, in a temporary folder.
///
/// Commits are synced to disk unless settings say otherwise. A killed process loses nothing without that,
/// only a machine would, so `("fsync", "off")` is for every test that does not measure it.
/// There is one account, `postgres`, without a password. As root, the server runs as that account of the
/// system. Dropped, it stops and its folder is removed; the same happens when the process ends, however it
/// ends. Its functions block, and panic when the server does not do as it should within a minute.
#[derive(Debug)]
pub struct PostgresServer {
    watchdog: Watchdog,
    port: u16,
    programs: PathBuf,
}

impl PostgresServer {
    /// A server that syncs every commit to disk, as in production.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server with further settings, such as `("fsync", "off")` or `("max_connections", "10")`.
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let programs = postgres_folder();
        let account = Account::unless_root();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            let folder = temporary_folder("postgres", account);
            let data = folder.join("data").display().to_string();
            let mut command = vec![
                programs.join("postgres").display().to_string(),
                "-D".to_owned(),
                data.clone(),
            ];
            let mut set = |name: &str, value: &str| {
                command.extend(["-c".to_owned(), format!("{name}={value}")]);
            };
            set("port", &port.to_string());
            set("listen_addresses", "127.0.0.1");
            // Its path may be longer than a socket's may be, and nobody needs it.
            set("unix_socket_directories", "");
            set("max_connections", "200");
            set("shared_buffers", "64MB");
            for (name, value) in settings {
                set(name, value);
            }
            // SIGQUIT: at once, but its shared memory is given back.
            let watchdog = Watchdog::new(&folder, "QUIT", &command, account);
            make_cluster(&programs, &data, account);
            if watchdog.start(READY) == Start::Ready {
                return Self {
                    watchdog,
                    port,
                    programs,
                };
            }
        }
        panic!("the server found {ATTEMPTS} ports in a row taken; leave its port to chance");
    }

    /// The address of the database `postgres`, as in `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of a database.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port on 127.0.0.1; it stays the same for life.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database and gives its address.
    #[must_use]
    pub fn create_database(&self, name: &str) -> String {
        self.execute(&format!("CREATE DATABASE \"{name}\""));
        self.url_of(name)
    }

    /// Runs one statement in the database `postgres` and gives its rows, one per line, columns apart by `|`.
    pub fn execute(&self, statement: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-d", &self.url(), "-c", statement]);
        let output = checked(psql);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Ends the server and all its processes with SIGKILL and waits until it is gone.
    ///
    /// Nothing happens to one that is not running.
    pub fn kill(&self) {
        self.watchdog.order("kill");
    }

    /// Kills it if it is running, starts it in the same folder on the same port and waits until it has
    /// recovered.
    pub fn restart(&self) {
        self.kill();
        self.watchdog.restart(READY);
    }

    /// Stops the server and all its processes with SIGSTOP: connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.watchdog.order("pause");
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.watchdog.order("resume");
    }
}

/// Makes the files of an empty server; the encoding is UTF-8, and text sorts by its bytes.
fn make_cluster(programs: &Path, data: &str, account: Option<Account>) {
    let mut initdb = Command::new(programs.join("initdb"));
    initdb
        .args(["-A", "trust", "-U", "postgres", "-E", "UTF8"])
        .args(["--no-locale", "--no-sync", "-D", data])
        .current_dir("/");
    if let Some(Account { user, group }) = account {
        initdb.uid(user).gid(group);
    }
    checked(initdb);
}

fn checked(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{said}");
    output
}

/// One PostgreSQL server for all tests of this process, started on first use.
///
/// It does not sync to disk. Tests keep apart by a schema; whoever kills or reconfigures a server takes
/// one of their own.
pub fn shared_postgres() -> &'static PostgresServer {
    static SHARED: OnceLock<PostgresServer> = OnceLock::new();
    SHARED.get_or_init(|| PostgresServer::start_with(&[("fsync", "off")]))
}
