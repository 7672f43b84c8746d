//! A Redis server of one's own.

use std::sync::OnceLock;

use super::{
    port::{ATTEMPTS, free_port},
    program::on_path,
    reply::ask,
    watchdog::{Start, Watchdog, temporary_folder},
};

const READY: &str = "Ready to accept connections";

/// A private Redis server on a free loopback port, in a temporary folder.
///
/// It keeps an append-only file, synced every second, and no snapshots, unless settings say otherwise.
/// While such a sync is under way Redis answers before it writes, so a kill may take acknowledged writes
/// with it; a test that counts them sets `("appendfsync", "always")`.
/// Dropped, it stops and its folder is removed; the same happens when the process ends, however it ends.
/// Its functions block, and panic when the server does not do as it should within a minute.
#[derive(Debug)]
pub struct RedisServer {
    watchdog: Watchdog,
    port: u16,
    password: Option<String>,
}

impl RedisServer {
    /// A server with the settings of production: `appendonly yes`, `appendfsync always`.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server with further settings, such as `("appendonly", "no")` or `("requirepass", "secret")`.
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_node(settings, false)
    }

    /// A server, as a node of a cluster or not; a node has a second port to talk to the others.
    pub(super) fn start_node(settings: &[(&str, &str)], node: bool) -> Self {
        let program = on_path("redis-server").display().to_string();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            let folder = temporary_folder("redis", None);
            let mut command = vec![program.clone()];
            let mut set = |name: &str, value: &str| {
                command.extend([format!("--{name}"), value.to_owned()]);
            };
            set("port", &port.to_string());
            set("bind", "127.0.0.1");
            set("dir", &folder.display().to_string());
            set("save", "");
            set("appendonly", "yes");
            set("appendfsync", "always");
            if node {
                set("cluster-enabled", "yes");
                set("cluster-port", &free_port().to_string());
            }
            for (name, value) in settings {
                set(name, value);
            }
            // SIGKILL: what it holds is thrown away, so it need not end in order.
            let watchdog = Watchdog::new(&folder, "KILL", &command, None);
            if watchdog.start(READY) == Start::Ready {
                let password = settings.iter().find(|(name, _)| *name == "requirepass");
                return Self {
                    watchdog,
                    port,
                    password: password.map(|(_, password)| (*password).to_owned()),
                };
            }
        }
        panic!("the server found {ATTEMPTS} ports in a row taken; leave its port to chance");
    }

    /// The address, as in `REDIS_URL`, with the password if one was set.
    #[must_use]
    pub fn url(&self) -> String {
        let password = self.password.as_ref();
        let account = password.map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{account}127.0.0.1:{}", self.port)
    }

    /// The port on 127.0.0.1; it stays the same for life.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the process with SIGKILL and waits until it is gone; nothing happens to one that is not running.
    pub fn kill(&self) {
        self.watchdog.order("kill");
    }

    /// Kills it if it is running, starts it in the same folder on the same port and waits until it has
    /// loaded its data.
    pub fn restart(&self) {
        self.kill();
        self.watchdog.restart(READY);
    }

    /// Stops the process with SIGSTOP: connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.watchdog.order("pause");
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.watchdog.order("resume");
    }

    /// Sends one command over a connection of its own and gives the reply as text.
    ///
    /// An error reply begins with `-`, the elements of an array stand one per line.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let asked = match &self.password {
            Some(password) => ask(self.port, &[&["AUTH", password], words]),
            None => ask(self.port, &[words]),
        };
        asked.unwrap_or_else(|error| panic!("Redis did not answer {words:?}: {error}"))
    }
}

/// One Redis server for all tests of this process, started on first use.
///
/// It leaves it to the system when its file is synced. Tests keep apart by a key prefix; whoever kills or reconfigures a server takes one of their own.
pub fn shared_redis() -> &'static RedisServer {
    static SHARED: OnceLock<RedisServer> = OnceLock::new();
    SHARED.get_or_init(|| RedisServer::start_with(&[("appendfsync", "no")]))
}
