//! The fixtures of the official MCP suite, behind the layers that production has.
//!
//! Takes a free port of the loopback interface, prints the address of its endpoint as its only line, and
//! ends when its standard input does.

mod asking;
mod content;
mod fixtures;
mod input_required;
mod listing;
mod prompts;
mod questions;
mod resources;
mod samples;
mod schemas;
mod subscriptions;
mod telling;

use std::{
    error::Error,
    io::{Read as _, Write as _},
};

use fiml_mcp::{HttpConfig, http::layered, serve_http};
use tokio::{net::TcpListener, sync::oneshot};

use crate::fixtures::Fixtures;

/// Resolves when whoever started this process closes its standard input.
async fn input_ended() {
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        // An input that cannot be read has ended too.
        let _ = std::io::stdin().read_to_end(&mut rest);
        drop(ended);
    });
    let _ = end.await;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = HttpConfig::default();
    let router = layered(Fixtures::default(), &config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(std::io::stdout(), "http://{}/mcp", listener.local_addr()?)?;
    serve_http(listener, router, &config, input_ended()).await?;
    Ok(())
}
