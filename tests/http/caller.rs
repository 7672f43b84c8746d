//! A client of MCP over one connection, of either era.

use std::{io, net::SocketAddr};

use serde_json::{Value, json};

use crate::wire::{Connection, Reply, post};

/// The version whose requests stand alone.
pub(crate) const MODERN: &str = "2026-07-28";

#[derive(Debug)]
pub(crate) struct Caller {
    connection: Connection,
    version: &'static str,
    last_id: u64,
}

/// What became of a search.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was answered; the structured answer.
    Answered(Value),
    /// It was refused, and nothing was done.
    Refused(Reply),
    /// The connection was closed first.
    Unanswered,
}

impl Caller {
    pub(crate) fn connect(address: SocketAddr, version: &'static str) -> io::Result<Self> {
        Ok(Self {
            connection: Connection::open(address)?,
            version,
            last_id: 0,
        })
    }

    /// Asks, and waits for the answer; none where the connection was closed first.
    pub(crate) fn request(&mut self, method: &str, mut params: Value) -> Option<Reply> {
        self.last_id += 1;
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let mut headers = vec![("MCP-Protocol-Version", self.version)];
        if self.version == MODERN {
            params["_meta"] = meta(MODERN);
            headers.push(("Mcp-Method", method));
            if !name.is_empty() {
                headers.push(("Mcp-Name", &name));
            }
        }
        let body =
            json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        self.connection.ask(&post(&headers, &body.to_string()))
    }

    /// Calls a tool.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Outcome {
        let params = json!({"name": tool, "arguments": arguments});
        let Some(reply) = self.request("tools/call", params) else {
            return Outcome::Unanswered;
        };
        if reply.status != 200 {
            return Outcome::Refused(reply);
        }
        let answer = reply.json();
        assert_eq!(answer["id"], self.last_id);
        Outcome::Answered(answer["result"]["structuredContent"].clone())
    }

    /// Calls a tool that must answer.
    pub(crate) fn answer(&mut self, tool: &str, arguments: &Value) -> Value {
        match self.call(tool, arguments) {
            Outcome::Answered(answer) => answer,
            other => panic!("{tool} {arguments}: {other:?}"),
        }
    }

    /// Creates a session.
    pub(crate) fn create(&mut self) -> String {
        let new = json!({"assets": ["IBM"], "sessionType": "equity"});
        let created = self.answer("create-analysis-session", &new);
        created["session_id"].as_str().unwrap().to_owned()
    }
}

/// The `_meta` of a request that stands alone.
pub(crate) fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "fiml-tests", "version": "1"},
    })
}
