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

use std::sync::Arc;

use axum::Router;
use fiml_mcp::{HttpConfig, http::limited, serve_http};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
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

/// As [`fiml_mcp::http::layered`] sets one up, but with sessions of the protocol: some fixtures ask their
/// client something in the middle of a call, and a client of the handshake answers in a request of its own.
fn service(config: &HttpConfig) -> StreamableHttpService<Fixtures, LocalSessionManager> {
    let fixtures = Fixtures::default();
    StreamableHttpService::new(
        move || Ok(fixtures.clone()),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_allowed_hosts(&config.allowed_hosts)
            .with_allowed_origins(&config.allowed_origins)
            .enforce_origin_validation(),
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = HttpConfig::default();
    let router = limited(
        Router::new().route_service("/mcp", service(&config)),
        &config,
    );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(std::io::stdout(), "http://{}/mcp", listener.local_addr()?)?;
    serve_http(listener, router, &config, input_ended()).await?;
    Ok(())
}
