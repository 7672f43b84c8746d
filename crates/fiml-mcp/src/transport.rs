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
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    ahead::Ahead,
    line::{Line, LineReader, MAX_LINE_BYTES},
    message::{Received, Rejection},
    outbox::Outbox,
};

/// How many requests are worked on at once; the next one is read when one of them is done.
const PARALLEL_REQUESTS: u32 = 32;
/// How much is read ahead of requests that have to wait, in bytes.
const MAX_AHEAD_BYTES: usize = 4 << 20;
/// How long requests that are worked on at the end may take; and how long those behind them may wait for a
/// client that has closed its side and takes no answers.
pub(crate) const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// How a transport learns that it is to end, and says that it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// From when on nothing more is handed on, whatever is waiting.
    pub(crate) asked: CancellationToken,
    /// From when on nothing is worked on any more.
    pub(crate) come: CancellationToken,
}

/// Reads messages from lines and puts answers into the outbox.
#[derive(Debug)]
pub(crate) struct LineTransport<R> {
    lines: Ahead<BufReader<R>>,
    outbox: Outbox,
    room: Arc<Semaphore>,
    /// Read, and not handed on yet.
    waiting: Option<Waiting>,
    /// Whether a request came that settles which era the client speaks.
    greeted: bool,
    end: End,
    /// Until when the last requests may take, once nothing more is handed on.
    last: Option<Instant>,
    /// Until when the next request may wait, once the source has ended.
    stuck: Option<Instant>,
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
    pub(crate) fn new(source: R, outbox: Outbox, end: End) -> Self {
        let lines = LineReader::new(BufReader::new(source), MAX_LINE_BYTES);
        Self {
            lines: Ahead::new(lines, MAX_AHEAD_BYTES),
            outbox,
            room: Arc::new(Semaphore::new(PARALLEL_REQUESTS as usize)),
            waiting: None,
            greeted: false,
            end,
            last: None,
            stuck: None,
        }
    }

    /// The next line, or nothing where the client has closed its side.
    async fn read(&mut self) -> Option<Option<Waiting>> {
        match self.lines.next().await {
            Line::Whole(line) => Some(match Received::parse(&line) {
                Received::Message(message) => Some(Waiting::Message(message)),
                Received::Rejected(rejection) => Some(Waiting::Rejection(rejection)),
                Received::Nothing => None,
            }),
            Line::TooLong => {
                let rejection = Rejection::too_long("line", MAX_LINE_BYTES);
                Some(Some(Waiting::Rejection(rejection)))
            }
            Line::End => None,
        }
    }

    /// The next message, or nothing where there is none, or nobody to answer it to.
    ///
    /// May be dropped while it waits: what was read stays in `waiting` until it is handed on.
    async fn next(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            while self.waiting.is_none() {
                self.waiting = self.read().await?;
            }
            // A client that does not read its answers gets no further requests in.
            let outbox = self.outbox.clone();
            let slot = self.patiently(outbox.reserve()).await?.ok()?;
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
                    let place = Arc::clone(&self.room).acquire_owned();
                    Some(self.patiently(place).await?.ok()?)
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

    /// Waits for room; once the client has closed its side, not for ever.
    async fn patiently<T>(&mut self, room: impl Future<Output = T>) -> Option<T> {
        let given_up = async {
            self.lines.until_the_end().await;
            let late = || Instant::now() + LAST_REQUESTS;
            sleep_until(*self.stuck.get_or_insert_with(late)).await;
        };
        let room = tokio::select! {
            biased;
            room = room => Some(room),
            () = given_up => None,
        };
        if room.is_some() {
            self.stuck = None;
        } else {
            tracing::debug!("a client that has left does not take its answers");
        }
        room
    }

    /// Waits for the requests that are worked on. rmcp would wait five seconds, and then drop the rest.
    async fn finish(&mut self) {
        let last = *self
            .last
            .get_or_insert_with(|| Instant::now() + LAST_REQUESTS);
        let idle = self.room.acquire_many(PARALLEL_REQUESTS);
        if tokio::time::timeout_at(last, idle).await.is_err() {
            tracing::warn!("requests were under way for too long after the end had begun");
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

    /// May be dropped while it waits.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let asked = self.end.asked.clone();
        let next = asked.run_until_cancelled(self.next()).await.flatten();
        if next.is_none() {
            self.finish().await;
            self.end.come.cancel();
        }
        next
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
