#![doc = include_str!("../README.md")]

mod arguments;
mod error;
mod handler;
#[cfg(feature = "http")]
pub mod http;
mod line;
mod message;
mod outbox;
mod schema;
mod server;
mod stdio;
mod tools;
mod transport;
mod until;

pub use error::ServeError;
#[cfg(feature = "http")]
pub use http::{HttpConfig, serve_http};
pub use server::{McpServer, Services};
pub use stdio::{serve, serve_stdio, serve_until};
pub use tools::SessionList;
