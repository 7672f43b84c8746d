//! Taking in the body of a request: within a time, up to a size, and no more of them than there is room.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::{
    config::HttpConfig,
    refusal::{Refusal, in_json_rpc},
};
use crate::message::Rejection;

#[derive(Debug)]
pub(super) struct Intake {
    max_bytes: usize,
    timeout: Duration,
    /// One permit a byte.
    held: Arc<Semaphore>,
}

/// The room that a body takes, for as long as its request is worked on.
#[derive(Debug, Clone)]
struct Held(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

impl Intake {
    pub(super) fn new(config: &HttpConfig) -> Arc<Self> {
        let held = config.max_held_bytes.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            max_bytes: config.max_body_bytes.max(1),
            timeout: config.body_timeout,
            held: Arc::new(Semaphore::new(held)),
        })
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, Held), Refusal> {
        let deadline = Instant::now() + self.timeout;
        let mut body = body.into_data_stream();
        if announced(headers).is_some_and(|bytes| bytes > self.max_bytes as u64) {
            // One that asks first is told, and need not send it.
            let asks = headers.contains_key(header::EXPECT);
            return Err(self.too_large((!asks).then_some(body), deadline));
        }
        let mut bytes = Vec::new();
        let mut room = self.room_for(0)?;
        loop {
            let part = match timeout_at(deadline, body.next()).await {
                Ok(None) => return Ok((bytes.into(), Held(Arc::new(room)))),
                Ok(Some(Ok(part))) => part,
                Ok(Some(Err(error))) => return Err(unreadable(&error)),
                Err(_) => return Err(self.too_slow()),
            };
            if bytes.len() + part.len() > self.max_bytes {
                return Err(self.too_large(Some(body), deadline));
            }
            room.merge(self.room_for(part.len())?);
            bytes.extend_from_slice(&part);
        }
    }

    fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.held).try_acquire_many_owned(bytes);
        room.map_err(|_| Refusal::busy("too many large requests at once: try again"))
    }

    /// The refusal of a body that is too large, whose rest is read and dropped meanwhile: a client that
    /// finds the connection closed while it writes would not read why.
    fn too_large(&self, rest: Option<BodyDataStream>, deadline: Instant) -> Refusal {
        if let Some(rest) = rest {
            tokio::spawn(async move {
                let gone = rest.for_each(|_| std::future::ready(()));
                // Where it takes too long, the connection is closed.
                let _late = timeout_at(deadline, gone).await;
            });
        }
        let rejection = Rejection::too_long("body", self.max_bytes);
        Refusal::closing(StatusCode::PAYLOAD_TOO_LARGE, rejection)
    }

    fn too_slow(&self) -> Refusal {
        let seconds = self.timeout.as_secs_f64();
        let message = format!("a body must arrive within {seconds} seconds");
        Refusal::closing(StatusCode::REQUEST_TIMEOUT, Rejection::invalid(message))
    }
}

/// Reads the body, hands the request on with all of it, and puts what rmcp refuses into JSON-RPC.
pub(super) async fn take_in(
    State(intake): State<Arc<Intake>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    // No other method has a body that anybody would look at.
    let body = if parts.method == Method::POST {
        body
    } else {
        Body::empty()
    };
    let (bytes, held) = match intake.read(&parts.headers, body).await {
        Ok(taken) => taken,
        Err(refusal) => return refusal.into_response(),
    };
    let headers = parts.headers.clone();
    parts.extensions.insert(held);
    let request = Request::from_parts(parts, Body::from(bytes.clone()));
    in_json_rpc(next.run(request).await, &headers, &bytes).await
}

/// How long the body will be, where the client says.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn unreadable(error: &axum::Error) -> Refusal {
    tracing::debug!(%error, "a body could not be read");
    let rejection = Rejection::invalid("the body cannot be read".to_owned());
    Refusal::closing(StatusCode::BAD_REQUEST, rejection)
}
