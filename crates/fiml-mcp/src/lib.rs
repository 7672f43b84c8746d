#![doc = include_str!("../README.md")]

mod ahead;
mod arguments;
mod error;
mod handler;
#[cfg(feature = "http")]
pub mod http;
mod line;
mod message;
mod observer;
mod outbox;
mod schema;
mod serve_error;
mod server;
mod stdio;
mod tools;
mod transport;

#[cfg(feature = "http")]
pub use http::{HttpConfig, serve_http};
pub use observer::{CallObserver, TraceContext};
pub use serve_error::ServeError;
pub use server::{McpServer, Services};
pub use stdio::{serve, serve_stdio, serve_until};
pub use tools::SessionList;
