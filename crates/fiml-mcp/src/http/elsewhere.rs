//! What is answered at paths where nothing is.

use axum::{Router, http::StatusCode, middleware::from_fn_with_state, response::IntoResponse as _};

use super::{
    access::{self, Access},
    config::HttpConfig,
    refusal::Refusal,
};
use crate::message::Rejection;

const NOTHING_HERE: &str =
    "there is nothing at this path: MCP is at /mcp, the state of the server at /health and /ready";

/// A 404 that names the paths of a server of its own, for whatever the routers beside it do not answer.
///
/// Host and Origin are checked as they are by [`health`](super::health()).
pub fn elsewhere(config: &HttpConfig) -> Router {
    let nothing = || async {
        let rejection = Rejection::invalid(NOTHING_HERE.to_owned());
        // What a body would say is of no interest.
        Refusal::closing(StatusCode::NOT_FOUND, rejection).into_response()
    };
    Router::new().fallback(nothing).layer(from_fn_with_state(
        Access::for_probes(config),
        access::check,
    ))
}
