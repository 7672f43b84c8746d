//! A `fiml serve --http` of a test's own.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use fiml_tests::support::{PRICES, send_signal};

use crate::wire::{Connection, Reply, request};

/// Killed when it is dropped, where it has not ended by then.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts one by this command of `fiml`, on a free port.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_with(command, &[])
    }

    /// The same with further settings.
    pub(crate) fn start_with(mut command: Command, settings: &[(&str, &str)]) -> Self {
        command.args(["serve", "--http", "127.0.0.1:0"]);
        command.env("FIML_PRICES", PRICES);
        command.envs(settings.iter().copied());
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            said = format!("{said}{line}\n");
            let (_, rest) = line.split_once("http://")?;
            rest.strip_suffix("/mcp")?.parse().ok()
        });
        let address = address.unwrap_or_else(|| panic!("it does not listen:\n{said}"));
        // Or it would stop where nobody reads what it logs.
        thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    /// The answer to one request on a connection of its own.
    pub(crate) fn ask(&self, bytes: &[u8]) -> Reply {
        let reply = self.connect().ask(bytes);
        reply.unwrap_or_else(|| panic!("no answer to {}", String::from_utf8_lossy(bytes)))
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask(&request("GET", path, &[("Host", "localhost")], ""))
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        send_signal(self.process.id(), "-TERM");
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// The memory that it holds at present, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() << 10
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already where the test waited for it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
