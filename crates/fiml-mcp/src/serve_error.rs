//! Why serving ended.

use thiserror::Error;

/// Why serving ended before the client closed its side.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The client and the server did not come to terms.
    #[error("the client could not be greeted")]
    Handshake(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The loop that answers the client broke down.
    #[error("the server stopped answering")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The listener takes no connections any more.
    #[error("the server cannot be reached any more")]
    Listener(#[source] std::io::Error),
}
