//! JSON-RPC over lines, as rmcp's transport, with an answer to every line that is no message.
//!
//! rmcp's own transport drops such lines in silence, reads without bound and ends the service when a
//! notification comes before the handshake.

use std::{io, sync::Arc};

use rmcp::{
    RoleServer,
    model::{
        ClientJsonRpcMessage, ClientRequest, GetExtensions as _, GetMeta as _, ProtocolVersion,
        ServerJsonRpcMessage,
    },
    transport::Transport,
};
use serde::Deserialize;
use serde_json::{Value, error::Category, json};
use tokio::{
    io::{AsyncRead, BufReader},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::{
    line::{Line, LineReader, MAX_LINE_BYTES},
    outbox::Outbox,
};

/// How many requests are worked on at once; the next one is read when one of them is done.
const PARALLEL_REQUESTS: usize = 32;

const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const INVALID_PARAMS: i32 = -32_602;

/// Reads messages from lines and puts answers into the outbox.
#[derive(Debug)]
pub(crate) struct LineTransport<R> {
    lines: LineReader<BufReader<R>>,
    outbox: Outbox,
    room: Arc<Semaphore>,
    /// Read, and not handed on yet.
    waiting: Option<Waiting>,
    /// Whether a request came that settles which era the client speaks.
    greeted: bool,
}

#[derive(Debug)]
enum Waiting {
    Message(Box<ClientJsonRpcMessage>),
    Rejection(Rejection),
}

/// Held by a request for as long as it is worked on.
#[derive(Debug, Clone)]
struct InWork(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

impl<R: AsyncRead + Unpin> LineTransport<R> {
    pub(crate) fn new(source: R, outbox: Outbox) -> Self {
        Self {
            lines: LineReader::new(BufReader::new(source), MAX_LINE_BYTES),
            outbox,
            room: Arc::new(Semaphore::new(PARALLEL_REQUESTS)),
            waiting: None,
            greeted: false,
        }
    }

    /// The next line, or nothing where the client has closed its side.
    async fn read(&mut self) -> Option<Option<Waiting>> {
        match self.lines.next().await {
            Ok(Line::Whole(line)) => Some(parse(&line)),
            Ok(Line::TooLong) => Some(Some(Waiting::Rejection(Rejection::too_long()))),
            Ok(Line::End) => None,
            Err(error) => {
                tracing::debug!(%error, "the client cannot be read any more");
                None
            }
        }
    }

    /// Before the handshake only requests mean anything; rmcp would end the service over the rest.
    fn is_premature(&mut self, message: &ClientJsonRpcMessage) -> bool {
        if let ClientJsonRpcMessage::Request(request) = message {
            self.greeted |= settles_the_era(&request.request);
            return false;
        }
        !self.greeted
    }
}

impl<R: AsyncRead + Send + Unpin> Transport<RoleServer> for LineTransport<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outbox = self.outbox.clone();
        async move {
            let line = line_of(&message)?;
            let sent = outbox.send(line).await;
            sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
        }
    }

    /// May be dropped while it waits: what was read stays in `waiting` until it is handed on.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            while self.waiting.is_none() {
                self.waiting = self.read().await?;
            }
            // A client that does not read its answers gets no further requests in.
            let slot = self.outbox.reserve().await.ok()?;
            if let Some(Waiting::Rejection(rejection)) = &self.waiting {
                if let Ok(line) = line_of(&rejection.body()) {
                    slot.send(line);
                }
                self.waiting = None;
                continue;
            }
            drop(slot);
            let place = Arc::clone(&self.room).acquire_owned().await.ok()?;
            let Some(Waiting::Message(mut message)) = self.waiting.take() else {
                continue;
            };
            if self.is_premature(&message) {
                continue;
            }
            if let ClientJsonRpcMessage::Request(request) = message.as_mut() {
                let in_work = InWork(Arc::new(place));
                request.request.extensions_mut().insert(in_work);
            }
            return Some(*message);
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether rmcp takes a request as the opening of a conversation, of either era.
fn settles_the_era(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::DiscoverRequest(_) | ClientRequest::PingRequest(_) => false,
        other => {
            let meta = other.get_meta();
            let version = meta.protocol_version();
            version.is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version))
                && meta
                    .missing_required_keys(&ProtocolVersion::V_2026_07_28)
                    .is_empty()
        }
    }
}

fn line_of(message: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// What a line holds; nothing for an empty one and for a notification that cannot be read, which is
/// never answered.
fn parse(line: &[u8]) -> Option<Waiting> {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    match serde_json::from_slice(line) {
        Ok(message) => Some(Waiting::Message(Box::new(message))),
        Err(error) => Rejection::of(line, &error).map(Waiting::Rejection),
    }
}

/// The answer to a line that is no message.
#[derive(Debug, PartialEq)]
struct Rejection {
    /// Null where none could be read.
    id: Value,
    code: i32,
    message: String,
}

/// What can be read of a message that is not one. Skips what it does not name without looking inside,
/// so that no depth and no number is too much for it.
#[derive(Deserialize)]
struct Envelope {
    jsonrpc: Option<Value>,
    id: Option<Value>,
    method: Option<Value>,
}

impl Rejection {
    fn of(line: &[u8], error: &serde_json::Error) -> Option<Self> {
        let envelope = match serde_json::from_slice::<Envelope>(line) {
            Ok(envelope) if line.first() == Some(&b'{') => envelope,
            Err(broken) if broken.classify() != Category::Data => {
                return Some(Self {
                    id: Value::Null,
                    code: PARSE_ERROR,
                    message: format!("the line is not JSON: {broken}"),
                });
            }
            _ => {
                let message = match line.first() {
                    Some(b'[') => "batches are not part of MCP: send one message a line",
                    Some(b'{') => "jsonrpc, id and method may stand in a message once",
                    _ => "a message is a JSON object",
                };
                return Some(Self::invalid(Value::Null, message.to_owned()));
            }
        };
        let is_version = envelope.jsonrpc.as_ref().and_then(Value::as_str) == Some("2.0");
        if envelope.id.is_none() && is_version && envelope.method.is_some() {
            tracing::debug!(%error, "a notification could not be read");
            return None;
        }
        let id = envelope.id.filter(|id| id.is_string() || id.is_i64());
        let (code, message) = if !is_version {
            (INVALID_REQUEST, "jsonrpc must be \"2.0\"".to_owned())
        } else if error.is_syntax() {
            // The envelope was read, so it is JSON and merely more than we take.
            let message = format!("the message cannot be taken in: {error}");
            (INVALID_REQUEST, message)
        } else if id.is_some() && envelope.method.is_some_and(|method| method.is_string()) {
            (INVALID_PARAMS, "params must be an object".to_owned())
        } else {
            let message = "a request has a method, a string, and an id, a string or an integer";
            (INVALID_REQUEST, message.to_owned())
        };
        Some(Self {
            id: id.unwrap_or_default(),
            code,
            message,
        })
    }

    fn too_long() -> Self {
        let message = format!("a line is at most {MAX_LINE_BYTES} bytes long");
        Self::invalid(Value::Null, message)
    }

    const fn invalid(id: Value, message: String) -> Self {
        Self {
            id,
            code: INVALID_REQUEST,
            message,
        }
    }

    fn body(&self) -> Value {
        json!({
            "jsonrpc": "2.0",
            "id": self.id,
            "error": {"code": self.code, "message": self.message},
        })
    }
}
