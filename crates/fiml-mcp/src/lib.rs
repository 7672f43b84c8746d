#![doc = include_str!("../README.md")]

mod arguments;
mod error;
mod handler;
mod line;
mod outbox;
mod schema;
mod server;
mod stdio;
mod tools;
mod transport;

pub use error::ServeError;
pub use server::{McpServer, Services};
pub use stdio::{serve, serve_stdio};
pub use tools::SessionList;
