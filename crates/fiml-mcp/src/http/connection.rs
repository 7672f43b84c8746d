//! One connection, from its acceptance to its end.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{config::HttpConfig, ending::Ending, patience::Patience};

/// The longest head of a request, in bytes; a longer one is answered with 431.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How connections are served.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    router: Router,
    ending: Ending,
    /// Cuts them off, whatever they are at.
    cut: CancellationToken,
    builder: http1::Builder,
    write_timeout: Duration,
}

impl Connections {
    pub(super) fn new(
        router: Router,
        ending: Ending,
        cut: CancellationToken,
        config: &HttpConfig,
    ) -> Self {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(config.header_timeout)
            .max_buf_size(MAX_HEAD_BYTES);
        Self {
            router,
            ending,
            cut,
            builder,
            write_timeout: config.write_timeout,
        }
    }

    /// What is served of an accepted connection; nothing where it is gone already.
    fn prepared(&self, stream: TcpStream) -> Option<TokioIo<Patience<TcpStream>>> {
        // An answer in two parts would otherwise wait for the client's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone already");
            return None;
        }
        Some(TokioIo::new(Patience::new(stream, self.write_timeout)))
    }

    /// Serves one until its client leaves it, or until the answer after which the end has begun.
    pub(super) async fn serve(self, stream: TcpStream) {
        let Some(stream) = self.prepared(stream) else {
            return;
        };
        let service = TowerToHyperService::new(self.router);
        let connection = self.builder.serve_connection(stream, service);
        let mut connection = std::pin::pin!(connection);
        let served = tokio::select! {
            served = async {
                tokio::select! {
                    served = &mut connection => served,
                    () = self.ending.begun() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            } => served,
            () = self.cut.cancelled() => return,
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    /// Serves one that came after the end had begun: one request, which learns of it.
    pub(super) async fn turn_away(mut self, stream: TcpStream) {
        self.builder.keep_alive(false);
        let Some(stream) = self.prepared(stream) else {
            return;
        };
        let service = TowerToHyperService::new(self.router);
        let connection = self.builder.serve_connection(stream, service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a late connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// Both ends of a connection, and a second handle of the end that is served.
    async fn connected() -> (TcpStream, TcpStream, std::net::TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let client = client.await.unwrap();
        let (served, _) = listener.accept().await.unwrap();
        let served = served.into_std().unwrap();
        let handle = served.try_clone().unwrap();
        (client, TcpStream::from_std(served).unwrap(), handle)
    }

    #[tokio::test]
    async fn whatever_is_served_sends_its_answers_without_waiting_for_acknowledgements() {
        let config = HttpConfig::default();
        let router = Router::new().route("/", get(|| async { "answered" }));
        let (ending, cut) = (Ending::default(), CancellationToken::new());
        let connections = Connections::new(router, ending, cut, &config);
        for late in [false, true] {
            let (mut client, served, handle) = connected().await;
            assert!(!handle.nodelay().unwrap(), "the system's default");
            let connections = connections.clone();
            let serving = tokio::spawn(async move {
                if late {
                    connections.turn_away(served).await;
                } else {
                    connections.serve(served).await;
                }
            });
            let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            client.write_all(request).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("answered"), "{answer}");
            assert!(handle.nodelay().unwrap(), "late: {late}");
            serving.await.unwrap();
        }
    }
}
