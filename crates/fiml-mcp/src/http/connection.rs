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

use super::ending::Ending;

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
}

impl Connections {
    pub(super) fn new(
        router: Router,
        ending: Ending,
        cut: CancellationToken,
        header_timeout: Duration,
    ) -> Self {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(MAX_HEAD_BYTES);
        Self {
            router,
            ending,
            cut,
            builder,
        }
    }

    /// Serves one until its client leaves it, or until the answer after which the end has begun.
    pub(super) async fn serve(self, stream: TcpStream) {
        // An answer in two parts would otherwise wait for the client's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone already");
            return;
        }
        let service = TowerToHyperService::new(self.router);
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
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
        let service = TowerToHyperService::new(self.router);
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a late connection ended early");
        }
    }
}
