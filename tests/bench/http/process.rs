//! The servers that are measured, and what the system says that they used.

use std::{
    io::BufReader,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

/// How long the ticks are in which Linux counts processor time, in microseconds.
const TICK_MICROS: u64 = 10_000;

/// What this program is told where it is to be that server.
pub(crate) const SERVE_NOTHING: &str = "serve-nothing";

/// A server that ends with the benchmark.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The product, on a data file, with these settings.
    pub(crate) fn product(data: &Path, settings: &[(&str, &str)]) -> Self {
        let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/fiml");
        let mut command = Command::new(binary);
        command
            .args(["serve", "--http", "127.0.0.1:0", "--data"])
            .arg(data);
        command.env_remove("REDIS_URL").env_remove("DATABASE_URL");
        command
            .env_remove("FIML_PROVIDERS")
            .env_remove("FIML_PRICES");
        command.envs(settings.iter().copied());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(process.stderr.take().unwrap());
        Self::listening(process, said)
    }

    /// One that has a tool which does nothing: this program again.
    pub(crate) fn nothing() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(SERVE_NOTHING);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self::listening(process, said)
    }

    fn listening(process: Child, said: impl std::io::BufRead) -> Self {
        let address = said.lines().find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("http://")?;
            rest.strip_suffix("/mcp")?.parse().ok()
        });
        let address = address.unwrap();
        Self { process, address }
    }

    /// The processor time that it has used so far, in microseconds.
    pub(crate) fn processor_micros(&self) -> u64 {
        let stat = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(stat).unwrap();
        // Behind the name, which may hold anything: the twelfth and thirteenth, user and system.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks
            .map(|ticks| ticks.parse::<u64>().unwrap())
            .sum::<u64>()
            * TICK_MICROS
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
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
