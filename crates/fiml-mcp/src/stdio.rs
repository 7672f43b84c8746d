//! Serving one client over a pair of streams.

use std::time::Duration;

use rmcp::{
    service::{QuitReason, ServerInitializeError},
    transport::stdio_pipes,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    error::ServeError, handler::Handler, outbox, server::McpServer, transport::LineTransport,
};

/// How long a client that takes no answers may hold up the end.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// Serves the client at the other end of standard input and output, until it closes its side.
///
/// See [`serve`]. Nothing but MCP may be written to standard output meanwhile; logs belong on standard
/// error. Wants a Tokio runtime with IO enabled.
pub async fn serve_stdio(server: McpServer) -> Result<(), ServeError> {
    let (source, target) = stdio_pipes();
    serve(server, source, target).await
}

/// Serves one client, one JSON-RPC message a line, until the source ends.
///
/// - Both eras are served: the handshake of `initialize`, and `server/discover` with its successors.
/// - A line that is no message is answered with an error, and the next one is read.
/// - At most 32 requests are worked on at once; those under way when the source ends are finished.
pub async fn serve<R, W>(server: McpServer, source: R, target: W) -> Result<(), ServeError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (outbox, writing) = outbox::start(target);
    let transport = LineTransport::new(source, outbox);
    let served = match rmcp::serve_server(Handler::new(server), transport).await {
        Ok(running) => match running.waiting().await {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(ServeError::Stopped(error.into())),
            Ok(_) => Ok(()),
        },
        // It left before it said anything of note.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(ServeError::Handshake(error.into())),
    };
    if tokio::time::timeout(LAST_WRITE, writing).await.is_err() {
        tracing::debug!("the client did not take its last answers");
    }
    served
}
