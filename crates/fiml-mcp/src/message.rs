//! What a client sent: a message, or what to answer where it is none; the same on every transport.

use rmcp::model::ClientJsonRpcMessage;
use serde::Deserialize;
use serde_json::{Value, error::Category, json};

const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const INVALID_PARAMS: i32 = -32_602;

/// What a client sent.
#[derive(Debug)]
pub(crate) enum Received {
    Message(Box<ClientJsonRpcMessage>),
    Rejected(Rejection),
    /// Nothing at all, or a notification that cannot be read: neither is answered.
    Nothing,
}

impl Received {
    /// Reads one message; never more than serde's 128 levels deep.
    pub(crate) fn parse(text: &[u8]) -> Self {
        const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let text = text.trim_ascii();
        if text.is_empty() {
            return Self::Nothing;
        }
        match serde_json::from_slice(text) {
            Ok(message) => Self::Message(Box::new(message)),
            Err(error) => Rejection::of(text, &error).map_or(Self::Nothing, Self::Rejected),
        }
    }
}

/// The answer to what is no message, or to a message that is not taken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rejection {
    /// Null where none could be read.
    pub(crate) id: Value,
    pub(crate) code: i32,
    pub(crate) message: String,
    /// Null where there is nothing more to say.
    pub(crate) data: Value,
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
    fn of(text: &[u8], error: &serde_json::Error) -> Option<Self> {
        let envelope = match serde_json::from_slice::<Envelope>(text) {
            Ok(envelope) if text.first() == Some(&b'{') => envelope,
            Err(broken) if broken.classify() != Category::Data => {
                return Some(Self {
                    code: PARSE_ERROR,
                    ..Self::invalid(format!("the message is not JSON: {broken}"))
                });
            }
            _ => {
                let message = match text.first() {
                    Some(b'[') => "batches are not part of MCP: send one message at a time",
                    Some(b'{') => "jsonrpc, id and method may stand in a message once",
                    _ => "a message is a JSON object",
                };
                return Some(Self::invalid(message.to_owned()));
            }
        };
        let is_version = envelope.jsonrpc.as_ref().and_then(Value::as_str) == Some("2.0");
        if envelope.id.is_none() && is_version && envelope.method.is_some() {
            tracing::debug!(%error, "a notification could not be read");
            return None;
        }
        let id = envelope.id.filter(is_id);
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
            ..Self::invalid(message)
        })
    }

    /// The rejection of something that does not fit, by its name.
    pub(crate) fn too_long(what: &str, max_bytes: usize) -> Self {
        Self::invalid(format!("a {what} is at most {max_bytes} bytes long"))
    }

    pub(crate) const fn invalid(message: String) -> Self {
        Self {
            id: Value::Null,
            code: INVALID_REQUEST,
            message,
            data: Value::Null,
        }
    }

    /// The same under the id of the message, as far as one can be read.
    #[cfg(feature = "http")]
    pub(crate) fn answering(self, text: &[u8]) -> Self {
        let id = serde_json::from_slice::<Envelope>(text).ok();
        let id = id.and_then(|envelope| envelope.id).filter(is_id);
        Self {
            id: id.unwrap_or_default(),
            ..self
        }
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if !self.data.is_null() {
            error["data"] = self.data.clone();
        }
        json!({"jsonrpc": "2.0", "id": self.id, "error": error})
    }
}

fn is_id(id: &Value) -> bool {
    id.is_string() || id.is_i64()
}
