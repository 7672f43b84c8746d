//! What load balancers and orchestrators ask: is the process alive, and can it do its work.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use fiml_session_core::store::{StoreError, StoreHealth};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{config::HttpConfig, ending::Ending};

/// For how long an answer of the stores is repeated, so that questions cost them little.
const FRESH: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Readiness {
    stores: Vec<(String, Arc<dyn StoreHealth>)>,
    timeout: Duration,
    last: Mutex<Option<(Instant, Vec<String>)>>,
}

/// Two routes that need no MCP, for the same listener or another.
///
/// - `/health` is 200 for as long as the process answers at all.
/// - `/ready` is 200 where every one of the named stores answers within `ready_timeout`, else 503, with each
///   failure in words. It is 503 too once the server that serves it is ending. An answer is repeated for a
///   second.
///
/// Host and Origin are not looked at: probes name addresses. What they answer holds no sessions, but the
/// names of stores and the words of their failures.
pub fn health(stores: Vec<(String, Arc<dyn StoreHealth>)>, config: &HttpConfig) -> Router {
    let readiness = Arc::new(Readiness {
        stores,
        timeout: config.ready_timeout,
        last: Mutex::default(),
    });
    Router::new()
        .route("/health", get(alive))
        .route("/ready", get(ready))
        .with_state(readiness)
}

async fn alive() -> Response {
    answer(StatusCode::OK, &json!({"status": "alive"}))
}

async fn ready(
    State(readiness): State<Arc<Readiness>>,
    ending: Option<Extension<Ending>>,
) -> Response {
    if ending.is_some_and(|Extension(ending)| ending.has_begun()) {
        return not_ready(&["the server is ending".to_owned()]);
    }
    let failures = readiness.failures().await;
    if failures.is_empty() {
        answer(StatusCode::OK, &json!({"status": "ready"}))
    } else {
        not_ready(&failures)
    }
}

impl Readiness {
    /// What is wrong with the stores; whoever asks meanwhile gets the same answer.
    async fn failures(&self) -> Vec<String> {
        let mut last = self.last.lock().await;
        if let Some((at, failures)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return failures.clone();
        }
        let asked = self.stores.iter();
        let asked = asked.map(|(name, store)| self.failure(name, &**store));
        let failures: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
        *last = Some((Instant::now(), failures.clone()));
        failures
    }

    async fn failure(&self, name: &str, store: &dyn StoreHealth) -> Option<String> {
        match timeout(self.timeout, store.health()).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(format!("{name}: {}", chain(&error))),
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                Some(format!("{name}: no answer within {seconds} seconds"))
            }
        }
    }
}

/// The error with its causes.
fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn not_ready(reasons: &[String]) -> Response {
    let body = json!({"status": "not_ready", "reasons": reasons});
    answer(StatusCode::SERVICE_UNAVAILABLE, &body)
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}
