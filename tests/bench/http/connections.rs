//! What a server holds for connections that wait, and for many that work.

use std::thread;

use serde_json::json;

use crate::{
    caller::{Caller, MODERN},
    process::Server,
};

const IDLE: usize = 1_000;
const BUSY: usize = 256;
/// Calls of each busy connection.
const EACH: usize = 40;

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

pub(crate) fn idle_and_busy() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::product(&folder.path().join("sessions.db"), &[]);
    let mut first = Caller::connect(server.address, MODERN).unwrap();
    let asked = json!({"sessionId": first.create()});
    first.answer("get-session-info", &asked);
    let at_first = server.memory();
    let mut idle: Vec<_> = (0..IDLE)
        .map(|_| Caller::connect(server.address, MODERN).unwrap())
        .collect();
    for caller in &mut idle {
        caller.answer("get-session-info", &asked);
    }
    let with_idle = server.memory();
    thread::scope(|scope| {
        for _ in 0..BUSY {
            scope.spawn(|| {
                let mut caller = Caller::connect(server.address, MODERN).unwrap();
                for _ in 0..EACH {
                    caller.answer("get-session-info", &asked);
                }
            });
        }
    });
    let with_busy = server.memory();
    // Those that waited are as good as new.
    for caller in &mut idle {
        caller.answer("get-session-info", &asked);
    }
    println!("memory of the server");
    println!(
        "  after the first calls         {:>7.1} MB",
        megabytes(at_first)
    );
    println!(
        "  with {IDLE} idle connections    {:>7.1} MB",
        megabytes(with_idle)
    );
    println!(
        "  and {BUSY} busy ones            {:>7.1} MB   target: 64 MB, as ARCHITECTURE.md states\n",
        megabytes(with_busy)
    );
}
