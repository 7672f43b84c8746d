//! A page beside the protocol, for programs such as Prometheus.

use std::sync::Arc;

use axum::{
    Router,
    http::header,
    middleware::from_fn_with_state,
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::{
    access::{self, Access},
    config::HttpConfig,
};

/// A route whose GET answers with what `read` gives, of this media type, for the same listener or another.
///
/// Host and Origin are checked as they are for calls.
pub fn page<F, R>(path: &str, media_type: &'static str, read: F, config: &HttpConfig) -> Router
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = String> + Send + 'static,
{
    let read = Arc::new(read);
    let answer = move || {
        let read = Arc::clone(&read);
        async move { text(media_type, read().await) }
    };
    Router::new()
        .route(path, get(answer))
        .route_layer(from_fn_with_state(Access::new(config), access::check))
}

fn text(media_type: &'static str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}
