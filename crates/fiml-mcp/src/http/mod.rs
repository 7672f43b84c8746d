//! MCP over HTTP: one endpoint for both eras, and the limits around it.
//!
//! [`McpServer::router`](crate::McpServer::router) answers at `/mcp` and may be mounted in any axum router;
//! [`health()`] answers at `/health` and `/ready`, [`page()`] at a path of the caller's; [`elsewhere()`] says so
//! anywhere else. [`serve_http`] serves any of them, or all merged, and bounds what only a listener can:
//! connections, heads that trickle in, answers that nobody takes, and the end. A
//! program that serves the router by other means sets `TCP_NODELAY` and a time for heads and answers itself.
//!
//! What is refused, and how; each with an error of JSON-RPC in the body:
//!
//! | what | status | code |
//! |---|---|---|
//! | a `Host` or `Origin` that is not allowed, at `/health` and `/ready` too | 403 | -32600 |
//! | another path, where the router stands alone or beside [`elsewhere()`] | 404 | -32600 |
//! | another method than POST | 405 | -32600 |
//! | an `Accept` without JSON and event streams; a `Content-Type` that is not JSON | 406; 415 | -32600 |
//! | a body that does not arrive in time; one that is too large | 408; 413 | -32600 |
//! | what is not JSON; a batch, or JSON that is no message or more than 128 levels deep | 400 | -32700; -32600 |
//! | a version that is not spoken | 400 | -32022 |
//! | a method that there is none of in the version of the request | 404 | -32601 |
//! | a header that contradicts the message, `Mcp-Name` for one | 400 | -32020 |
//! | more calls, or more bytes, than there is room for; a server that is ending | 503, with `Retry-After` | 503 |
//!
//! A request without a version, in its header or its `_meta`, is served as one of 2025-03-26, which had no
//! such header. One with a version in its `_meta` must have the same in the header (-32020).
//!
//! What is taken, though one might not expect it:
//!
//! | what | becomes of it |
//! |---|---|
//! | `initialize` from a client of 2026-07-28, which has no handshake | answered with 2025-11-25, the last version that has one |
//! | a connection that is closed during a call, in either era | takes the call back: what only reads is given up, what has begun to write is finished |
//! | `notifications/cancelled` of an era with a handshake | 202, and no effect: no session ties it to the call |
//!
//! An answer is one JSON document; where a handler sends progress or other messages
//! before it, they and the answer are a stream of events.

mod access;
mod config;
mod connection;
mod elsewhere;
mod ending;
mod gate;
mod health;
mod intake;
mod page;
mod patience;
mod refusal;
mod serve;

pub use config::HttpConfig;
pub use elsewhere::elsewhere;
pub use health::health;
pub use page::page;
pub use serve::serve_http;

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};

/// A handler over HTTP, answering at `/mcp`, with the limits of [`HttpConfig`] around it.
///
/// For handlers that are no [`McpServer`](crate::McpServer), which has a
/// [`router`](crate::McpServer::router) of its own. Every request gets a clone of the handler. No session
/// of the protocol is kept, so that any number of servers may answer one client.
pub fn layered<H: ServerHandler + Clone>(handler: H, config: &HttpConfig) -> Router {
    let limits = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        // Checked before the body is read already; both have to be content.
        .with_allowed_hosts(&config.allowed_hosts)
        .with_allowed_origins(&config.allowed_origins)
        .enforce_origin_validation()
        .with_max_request_body_bytes(config.max_body_bytes.max(1));
    let service = StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::new(NeverSessionManager::default()),
        limits,
    );
    limited(Router::new().route_service("/mcp", service), config)
}

/// The same limits around a router whose routes take messages of MCP: for a service of rmcp's that is set up
/// otherwise than [`layered`] does, such as one that keeps sessions of the protocol.
///
/// Every POST counts as a call, and its body has to be a message.
pub fn limited(router: Router, config: &HttpConfig) -> Router {
    // The last layer is the first that a request meets.
    router
        .layer(from_fn_with_state(gate::Gate::new(config), gate::pass))
        .layer(from_fn_with_state(
            intake::Intake::new(config),
            intake::take_in,
        ))
        .layer(from_fn_with_state(
            access::Access::new(config),
            access::check,
        ))
}
