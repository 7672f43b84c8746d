//! Serving connections until it is time to end, and the end.

use std::{io, sync::Arc, time::Duration};

use axum::{Extension, Router};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{config::HttpConfig, connection::Connections, ending::Ending};
use crate::error::ServeError;

/// How long to wait where a connection cannot be accepted for want of files or memory.
const BREATH: Duration = Duration::from_millis(100);

/// Serves a router over HTTP/1.1 until `stop` resolves.
///
/// From then on calls are refused with 503, `/ready` says that the server is ending, and calls that are
/// under way are finished, within `end_timeout`; those that take longer are cut off. Then it returns, and
/// the address is free. An error says that the listener broke.
///
/// It asks nobody who they are: a listener that other machines can reach belongs behind something that
/// does.
pub async fn serve_http<S>(
    listener: TcpListener,
    router: Router,
    config: &HttpConfig,
    stop: S,
) -> Result<(), ServeError>
where
    S: Future<Output = ()> + Send,
{
    let ending = Ending::default();
    let router = router.layer(Extension(ending.clone()));
    let cut = CancellationToken::new();
    // However this ends, no connection outlives it.
    let _cut = cut.clone().drop_guard();
    let connections = Connections::new(router, ending.clone(), cut, config.header_timeout);
    let open = TaskTracker::new();
    let accepted = tokio::select! {
        accepted = accept_all(&listener, &connections, &open, config.max_connections) => accepted,
        () = stop => Ok(()),
    };
    ending.begin();
    open.close();
    let finished = async {
        open.wait().await;
        ending.done().await;
    };
    tokio::select! {
        in_time = timeout(config.end_timeout, finished) => if in_time.is_err() {
            tracing::warn!("calls were under way for too long after the end had begun");
        },
        () = turn_all_away(&listener, &connections) => {}
    }
    accepted.map_err(ServeError::Listener)
}

async fn accept_all(
    listener: &TcpListener,
    connections: &Connections,
    open: &TaskTracker,
    max: usize,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS)));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let stream = accept(listener).await?;
        let connection = connections.clone().serve(stream);
        open.spawn(async move {
            connection.await;
            drop(place);
        });
    }
}

/// Serves those who come too late; gives up where nobody can come any more.
async fn turn_all_away(listener: &TcpListener, connections: &Connections) {
    let mut late = JoinSet::new();
    while let Ok(stream) = accept(listener).await {
        late.spawn(connections.clone().turn_away(stream));
        while late.try_join_next().is_some() {}
    }
    std::future::pending::<()>().await;
}

/// The next connection; an error where there will be none.
async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Ok(stream),
            Err(error) => match error.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => return Err(error),
                // It was a client that has left again.
                io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused => {}
                _ => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(BREATH).await;
                }
            },
        }
    }
}
