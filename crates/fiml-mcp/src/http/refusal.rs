//! What is answered instead of an answer: a status of HTTP with an error of JSON-RPC.

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt as _, Limited};
use rmcp::model::{ErrorCode, ProtocolVersion};
use serde_json::{Value, json};

use crate::message::{Received, Rejection};

/// After how many seconds a refused call may be tried again.
const RETRY_AFTER: &str = "1";
/// The longest text of rmcp's that is passed on, in bytes.
const MAX_REASON_BYTES: usize = 4 << 10;

/// A request that is not taken, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    rejection: Rejection,
    /// Whether nothing more is read from the connection.
    closes: bool,
}

impl Refusal {
    pub(super) const fn new(status: StatusCode, rejection: Rejection) -> Self {
        Self {
            status,
            rejection,
            closes: false,
        }
    }

    /// One of a request whose rest was not read.
    pub(super) fn closing(status: StatusCode, rejection: Rejection) -> Self {
        Self {
            closes: true,
            ..Self::new(status, rejection)
        }
    }

    /// One of a request that may be repeated: nothing was done.
    pub(super) fn busy(message: &str) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let rejection = Rejection {
            code: status.as_u16().into(),
            data: json!({"retryable": true}),
            ..Rejection::invalid(message.to_owned())
        };
        Self::new(status, rejection)
    }

    /// The same under the id of the request.
    pub(super) fn answering(self, body: &[u8]) -> Self {
        Self {
            rejection: self.rejection.answering(body),
            ..self
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = self.rejection.body();
        // What came over HTTP is answered there; an id that could not be read is left out.
        if let Some(fields) = body.as_object_mut()
            && fields.get("id") == Some(&Value::Null)
        {
            fields.remove("id");
        }
        let json = HeaderValue::from_static("application/json");
        let mut response = (
            self.status,
            [(header::CONTENT_TYPE, json)],
            body.to_string(),
        )
            .into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Puts a refusal of rmcp's, which it writes as a text, into the words of JSON-RPC.
pub(super) async fn in_json_rpc(response: Response, request: &HeaderMap, body: &Bytes) -> Response {
    let is_text = response.status().is_client_error() && !is_json(response.headers());
    if !is_text {
        return response;
    }
    let (parts, reason) = response.into_parts();
    let status = parts.status;
    let refusal = if status == StatusCode::UNSUPPORTED_MEDIA_TYPE && is_json(request) {
        // It says so of everything that it cannot read.
        let rejection = match Received::parse(body) {
            Received::Rejected(rejection) => rejection,
            Received::Message(_) | Received::Nothing => {
                Rejection::invalid("the message cannot be read".to_owned())
            }
        };
        Refusal::new(StatusCode::BAD_REQUEST, rejection)
    } else if status == StatusCode::BAD_REQUEST
        && let Some(rejection) = unknown_version(request)
    {
        Refusal::new(status, rejection).answering(body)
    } else {
        let reason = Limited::new(reason, MAX_REASON_BYTES).collect().await;
        let reason = reason.map_or_else(|_| Bytes::new(), |reason| reason.to_bytes());
        let reason = String::from_utf8_lossy(&reason).into_owned();
        Refusal::new(status, Rejection::invalid(reason)).answering(body)
    };
    let mut response = refusal.into_response();
    if let Some(allowed) = parts.headers.get(header::ALLOW) {
        response
            .headers_mut()
            .insert(header::ALLOW, allowed.clone());
    }
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let content = headers.get(header::CONTENT_TYPE);
    let content = content.and_then(|content| content.to_str().ok());
    let essence = content.and_then(|content| content.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The rejection of a version that we do not speak, where the header names one.
fn unknown_version(request: &HeaderMap) -> Option<Rejection> {
    let named = request.get("mcp-protocol-version")?.as_bytes();
    let known = ProtocolVersion::KNOWN_VERSIONS;
    if known
        .iter()
        .any(|version| version.as_str().as_bytes() == named)
    {
        return None;
    }
    let requested: String = String::from_utf8_lossy(named).chars().take(64).collect();
    let supported: Vec<_> = known.iter().map(ProtocolVersion::as_str).collect();
    Some(Rejection {
        code: ErrorCode::UNSUPPORTED_PROTOCOL_VERSION.0,
        data: json!({"supported": supported, "requested": requested}),
        ..Rejection::invalid(format!(
            "the protocol version {requested:?} is not spoken here"
        ))
    })
}
