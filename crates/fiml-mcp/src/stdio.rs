//! Serving one client over a pair of streams.

use std::{future, time::Duration};

use rmcp::{
    service::{QuitReason, ServerInitializeError},
    transport::stdio_pipes,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::sleep,
};

use crate::{
    handler::Handler,
    outbox,
    serve_error::ServeError,
    server::McpServer,
    transport::{End, LAST_REQUESTS, LineTransport},
};

/// How long a client may take over its last answers.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// Serves the client at the other end of standard input and output, until it closes its side or `stop`
/// resolves.
///
/// See [`serve_until`]. Nothing but MCP may be written to standard output meanwhile; logs belong on
/// standard error. Wants a Tokio runtime with IO and time enabled. Where standard input is no pipe, Tokio
/// reads it in a thread that cannot be interrupted: end the runtime with `shutdown_timeout`.
pub async fn serve_stdio<S>(server: McpServer, stop: S) -> Result<(), ServeError>
where
    S: Future<Output = ()> + Send + 'static,
{
    let (source, target) = stdio_pipes();
    serve_until(server, source, target, stop).await
}

/// Serves one client, one JSON-RPC message a line, until the source ends.
///
/// See [`serve_until`].
pub async fn serve<R, W>(server: McpServer, source: R, target: W) -> Result<(), ServeError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    serve_until(server, source, target, future::pending()).await
}

/// Serves one client, one JSON-RPC message a line, until the source ends or `stop` resolves.
///
/// - Both eras are served: the handshake of `initialize`, and `server/discover` with its successors.
/// - A line that is no message is answered with an error, and the next one is read.
/// - At most 32 requests are worked on at once; those under way at the end are finished, within ten
///   seconds.
/// - A client that does not read its answers gets no further requests in, and holds up the end for fifteen
///   seconds at most. Behind requests that wait the end of the source is seen as far as four MiB ahead.
/// - A request that the client takes back with `notifications/cancelled` is given up, unless it has begun
///   to change something; neither is answered.
pub async fn serve_until<R, W, S>(
    server: McpServer,
    source: R,
    target: W,
    stop: S,
) -> Result<(), ServeError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let (outbox, writing) = outbox::start(target);
    let writer = writing.abort_handle();
    let end = End::default();
    let transport = LineTransport::new(source, outbox, end.clone());
    let serving = async {
        let served = answer(server, transport).await;
        // It ends with what it has to write, and panics nowhere.
        let _written = writing.await;
        served
    };
    let too_late = async {
        end.come.cancelled().await;
        sleep(LAST_WRITE).await;
    };
    let asked = async {
        stop.await;
        end.asked.cancel();
        // Whatever it is at.
        sleep(LAST_REQUESTS + LAST_WRITE).await;
    };
    tokio::select! {
        served = serving => return served,
        () = too_late => {}
        () = asked => {}
    }
    tracing::debug!("the client did not take its last answers");
    writer.abort();
    Ok(())
}

async fn answer<R>(server: McpServer, transport: LineTransport<R>) -> Result<(), ServeError>
where
    R: AsyncRead + Send + Unpin + 'static,
{
    match rmcp::serve_server(Handler::new(server), transport).await {
        Ok(running) => match running.waiting().await {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(ServeError::Stopped(error.into())),
            Ok(_) => Ok(()),
        },
        // It left before it said anything of note.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(ServeError::Handshake(error.into())),
    }
}
