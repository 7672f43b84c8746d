//! How many calls are worked on at once, and how many wait for it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{config::HttpConfig, ending::Ending, refusal::Refusal};

#[derive(Debug)]
pub(super) struct Gate {
    /// For those at work and those that wait.
    room: Arc<Semaphore>,
    /// For those at work.
    work: Arc<Semaphore>,
}

/// Held by a call for as long as it is worked on, whether its client still waits or not.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "held, not read")]
struct InWork(
    Arc<(
        OwnedSemaphorePermit,
        OwnedSemaphorePermit,
        Option<TaskTrackerToken>,
    )>,
);

impl Gate {
    pub(super) fn new(config: &HttpConfig) -> Arc<Self> {
        let at_work = config.max_calls.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = config.max_waiting_calls.min(Semaphore::MAX_PERMITS / 2);
        Arc::new(Self {
            room: Arc::new(Semaphore::new(at_work + waiting)),
            work: Arc::new(Semaphore::new(at_work)),
        })
    }
}

/// Lets a call through when it is its turn; refuses it where too many wait, and at the end.
pub(super) async fn pass(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let ending = request.extensions().get::<Ending>().cloned();
    if ending.as_ref().is_some_and(Ending::has_begun) {
        return refuse(request, Refusal::busy("the server is ending: try again")).await;
    }
    let Ok(room) = Arc::clone(&gate.room).try_acquire_owned() else {
        return refuse(
            request,
            Refusal::busy("too many calls are waiting: try again"),
        )
        .await;
    };
    let work = Arc::clone(&gate.work).acquire_owned().await;
    let work = work.expect("the semaphore is never closed");
    let tracked = ending.map(|ending| ending.call());
    // rmcp keeps the extensions for as long as the handler runs.
    request
        .extensions_mut()
        .insert(InWork(Arc::new((room, work, tracked))));
    next.run(request).await
}

async fn refuse(request: Request, refusal: Refusal) -> Response {
    // It was read whole already.
    let body: Body = request.into_body();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    refusal.answering(&body.unwrap_or_default()).into_response()
}
