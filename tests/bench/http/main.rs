//! `just bench http`: what a call over HTTP costs the server, and what connections do.
//!
//! Prints; judges nothing. Linux alone tells what another process has used, so it runs there.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

#[path = "../allocator.rs"]
mod allocator;
#[path = "../../http/caller.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod caller;
mod calls;
mod connections;
mod exchange;
mod nothing;
mod process;
#[path = "../report.rs"]
#[expect(dead_code, reason = "the other benchmarks need more of it")]
mod report;
#[path = "../wanted.rs"]
mod wanted;
#[path = "../../http/wire.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod wire;
#[path = "../workload.rs"]
mod workload;

use crate::wanted::Wanted;

fn main() {
    if std::env::args().any(|argument| argument == process::SERVE_NOTHING) {
        return nothing::serve();
    }
    let wanted = Wanted::of("http");
    if !wanted.is_any() {
        return;
    }
    println!("MCP over HTTP: both servers are release builds of their own process on loopback\n");
    if wanted.has("calls") {
        calls::beside_a_tool_that_does_nothing();
        calls::one_after_the_other();
    }
    if wanted.has("search") {
        calls::warm_search_beside_a_tool_that_does_nothing();
    }
    if wanted.has("connections") {
        connections::idle_and_busy();
    }
}
