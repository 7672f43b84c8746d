//! Serving connections until it is time to end, and the end.

use std::{io, sync::Arc, time::Duration};

use axum::{Extension, Router};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{config::HttpConfig, connection::Connections, ending::Ending};
use crate::serve_error::ServeError;

/// How long to wait where a connection cannot be accepted for want of files or memory.
const BREATH: Duration = Duration::from_millis(100);

/// Serves a router over HTTP/1.1 until `stop` resolves.
///
/// From then on, within `end_timeout`:
///
/// - Calls that are worked on, and those that wait for their turn, are finished; then their connections
///   are closed.
/// - Connections on which nothing was sent yet, and idle ones, are closed without a word.
/// - A call whose body is still arriving, or that comes over a new connection, is refused with 503, and
///   `/ready` says that the server is ending.
///
/// Once nothing is under way it returns, and the address is free: a connection that nobody had accepted by
/// then is reset. What takes longer than `end_timeout` is cut off. An error says that the listener broke.
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
    let connections = Connections::new(router, ending.clone(), cut, config);
    let open = TaskTracker::new();
    let places = config.max_connections.clamp(1, Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(places));
    let accepted = tokio::select! {
        accepted = accept_all(&listener, &connections, &open, &places) => accepted,
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
        () = turn_all_away(&listener, &connections, &places) => {}
    }
    accepted.map_err(ServeError::Listener)
}

async fn accept_all(
    listener: &TcpListener,
    connections: &Connections,
    open: &TaskTracker,
    places: &Arc<Semaphore>,
) -> io::Result<()> {
    loop {
        let (stream, place) = accept_to(places, listener).await?;
        let connection = connections.clone().serve(stream);
        open.spawn(async move {
            connection.await;
            drop(place);
        });
    }
}

/// Serves those who come too late; gives up where nobody can come any more.
async fn turn_all_away(listener: &TcpListener, connections: &Connections, places: &Arc<Semaphore>) {
    let mut late = JoinSet::new();
    while let Ok((stream, place)) = accept_to(places, listener).await {
        let connection = connections.clone().turn_away(stream);
        late.spawn(async move {
            connection.await;
            drop(place);
        });
        while late.try_join_next().is_some() {}
    }
    std::future::pending::<()>().await;
}

/// The next connection for which there is a place.
async fn accept_to(
    places: &Arc<Semaphore>,
    listener: &TcpListener,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    Ok((accept(listener).await?, place))
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
