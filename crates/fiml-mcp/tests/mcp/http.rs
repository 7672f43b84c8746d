//! The server on a port of its own, and clients that write their requests byte by byte.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use fiml_mcp::{HttpConfig, ServeError, serve_http};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::{client::meta, world::World};

#[derive(Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
    _files: Option<Arc<TempDir>>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

impl Endpoint {
    /// A world's server within limits.
    pub(crate) async fn of(world: &World, limits: HttpConfig) -> Self {
        let mut endpoint = Self::serve(world.server.router(&limits), limits).await;
        endpoint._files = Some(Arc::clone(&world.files));
        endpoint
    }

    pub(crate) async fn serve(router: Router, limits: HttpConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            serve_http(listener, router, &limits, stop).await
        });
        Self {
            address,
            stop,
            serving,
            _files: None,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// A connection on which a request of the current era was sent.
    pub(crate) async fn send(&self, method: &str, params: &Value) -> TcpStream {
        let mut stream = self.connect().await;
        stream
            .write_all(request(method, params).as_bytes())
            .await
            .expect("it reads");
        stream
    }

    /// The answer to a request of the current era.
    pub(crate) async fn ask(&self, method: &str, params: &Value) -> Reply {
        reply(self.send(method, params).await).await
    }

    /// What a tool says.
    pub(crate) async fn call(&self, tool: &str, arguments: &Value) -> Reply {
        let params = json!({"name": tool, "arguments": arguments});
        self.ask("tools/call", &params).await
    }

    /// Asks the server to end; what it returns comes from [`Endpoint::ended`].
    pub(crate) fn stop(self) -> JoinHandle<Result<(), ServeError>> {
        self.stop.send(()).expect("it serves");
        self.serving
    }
}

/// A request of the current era as it goes over the wire; the connection is closed after the answer.
pub(crate) fn request(method: &str, params: &Value) -> String {
    let mut params = params.clone();
    for (name, value) in meta().as_object().expect("an object") {
        params["_meta"][name] = value.clone();
    }
    let name = params["name"].as_str();
    let name = name.map_or_else(String::new, |name| format!("Mcp-Name: {name}\r\n"));
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
         Mcp-Method: {method}\r\n{name}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Everything that comes over a connection until it is closed; nothing where it was closed unanswered.
pub(crate) async fn answered(mut stream: TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    // A reset after the answer takes nothing away from it.
    let _closed = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    Some(Reply {
        status,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    })
}

pub(crate) async fn reply(stream: TcpStream) -> Reply {
    answered(stream).await.expect("an answer")
}

/// Limits under which nothing trickles for long.
pub(crate) fn impatient() -> HttpConfig {
    HttpConfig {
        header_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(200),
        ..HttpConfig::default()
    }
}
