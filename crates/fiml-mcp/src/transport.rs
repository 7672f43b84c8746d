//! JSON-RPC over lines, as rmcp's transport, with an answer to every line that is no message.
//!
//! rmcp's own transport drops such lines in silence, reads without bound and ends the service when a
//! notification comes before the handshake.

use std::{io, sync::Arc, time::Duration};

use rmcp::{
    RoleServer,
    model::{
        ClientJsonRpcMessage, ClientRequest, GetExtensions as _, GetMeta as _, ProtocolVersion,
        ServerJsonRpcMessage,
    },
    transport::Transport,
};
use tokio::{
    io::{AsyncRead, BufReader},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    line::{Line, LineReader, MAX_LINE_BYTES},
    message::{Received, Rejection},
    outbox::Outbox,
};

/// How many requests are worked on at once; the next one is read when one of them is done.
const PARALLEL_REQUESTS: u32 = 32;
/// How long requests that are worked on when the source ends may take.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

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
    /// Until when the last requests may take, once the source has ended.
    end: Option<Instant>,
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
            room: Arc::new(Semaphore::new(PARALLEL_REQUESTS as usize)),
            waiting: None,
            greeted: false,
            end: None,
        }
    }

    /// The next line, or nothing where the client has closed its side.
    async fn read(&mut self) -> Option<Option<Waiting>> {
        match self.lines.next().await {
            Ok(Line::Whole(line)) => Some(match Received::parse(&line) {
                Received::Message(message) => Some(Waiting::Message(message)),
                Received::Rejected(rejection) => Some(Waiting::Rejection(rejection)),
                Received::Nothing => None,
            }),
            Ok(Line::TooLong) => {
                let rejection = Rejection::too_long("line", MAX_LINE_BYTES);
                Some(Some(Waiting::Rejection(rejection)))
            }
            Ok(Line::End) => None,
            Err(error) => {
                tracing::debug!(%error, "the client cannot be read any more");
                None
            }
        }
    }

    /// Waits for the requests that are worked on. rmcp would wait five seconds, and then drop the rest.
    async fn finish(&mut self) {
        let end = *self
            .end
            .get_or_insert_with(|| Instant::now() + LAST_REQUESTS);
        let idle = self.room.acquire_many(PARALLEL_REQUESTS);
        if tokio::time::timeout_at(end, idle).await.is_err() {
            tracing::warn!("requests were under way for too long after the client had left");
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
                match self.read().await {
                    Some(waiting) => self.waiting = waiting,
                    None => {
                        self.finish().await;
                        return None;
                    }
                }
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
            // Notifications need no place: one may take a request back that has the last.
            let place = match &self.waiting {
                Some(Waiting::Message(message)) if is_request(message) => {
                    Some(Arc::clone(&self.room).acquire_owned().await.ok()?)
                }
                _ => None,
            };
            let Some(Waiting::Message(mut message)) = self.waiting.take() else {
                continue;
            };
            if self.is_premature(&message) {
                continue;
            }
            if let (ClientJsonRpcMessage::Request(request), Some(place)) = (message.as_mut(), place)
            {
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

const fn is_request(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, ClientJsonRpcMessage::Request(_))
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
