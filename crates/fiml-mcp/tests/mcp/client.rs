//! A client that speaks in raw lines, and holds every result to what the tool promises.

use std::{collections::BTreeMap, sync::Arc};

use fiml_mcp::{ServeError, serve};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf,
        WriteHalf,
    },
    task::JoinHandle,
};

use crate::world::World;

/// The `_meta` of a request of the current era.
pub(crate) fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    })
}

#[derive(Debug)]
pub(crate) struct Client {
    answers: Lines<BufReader<ReadHalf<DuplexStream>>>,
    requests: WriteHalf<DuplexStream>,
    serving: JoinHandle<Result<(), ServeError>>,
    /// Whether requests carry their own `_meta`.
    modern: bool,
    next_id: i64,
    schemas: BTreeMap<String, jsonschema::Validator>,
    _files: Arc<TempDir>,
}

impl Client {
    /// A connection over which nothing was said yet.
    pub(crate) fn connect(world: &World) -> Self {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (source, target) = tokio::io::split(far);
        let serving = tokio::spawn(serve(world.server.clone(), source, target));
        let (answers, requests) = tokio::io::split(near);
        Self {
            answers: BufReader::new(answers).lines(),
            requests,
            serving,
            modern: true,
            next_id: 0,
            schemas: BTreeMap::new(),
            _files: Arc::clone(&world.files),
        }
    }

    /// A client of the current era that knows the tools.
    pub(crate) async fn modern(world: &World) -> Self {
        let mut client = Self::connect(world);
        client.learn().await;
        client
    }

    /// A client of an era with a handshake, that has shaken hands and knows the tools.
    pub(crate) async fn legacy(world: &World, version: &str) -> Self {
        let mut client = Self::connect(world);
        client.modern = false;
        let greeting = json!({
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        let answer = client.request("initialize", greeting).await;
        assert_eq!(answer["result"]["protocolVersion"], version, "{answer}");
        client
            .send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
            .await;
        client.learn().await;
        client
    }

    async fn learn(&mut self) {
        let listed = self.request("tools/list", json!({})).await;
        let tools = listed["result"]["tools"].as_array().expect("tools").clone();
        self.schemas = tools
            .iter()
            .map(|tool| {
                let schema = jsonschema::draft202012::new(&tool["outputSchema"]).expect("a schema");
                (tool["name"].as_str().expect("a name").to_owned(), schema)
            })
            .collect();
    }

    /// Sends a line as it is.
    pub(crate) async fn send(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.requests
            .write_all(line.as_bytes())
            .await
            .expect("the server reads");
    }

    /// The next line of the server, which must be JSON.
    pub(crate) async fn next(&mut self) -> Value {
        let line = self.answers.next_line().await.expect("a stream");
        let line = line.expect("the server answers");
        serde_json::from_str(&line).expect("nothing but JSON")
    }

    /// The line that asks for a method, and its id.
    pub(crate) fn line(&mut self, method: &str, mut params: Value) -> (i64, String) {
        self.next_id += 1;
        if self.modern {
            params["_meta"] = meta();
        }
        let id = self.next_id;
        let line = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        (id, line.to_string())
    }

    /// Asks, and returns the whole message that answers.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let (id, line) = self.line(method, params);
        self.send(&line).await;
        let answer = self.next().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool, holds the result to its promises, and returns what it says.
    async fn call(&mut self, tool: &str, arguments: Value) -> (bool, Value) {
        let params = json!({"name": tool, "arguments": arguments});
        let answer = self.request("tools/call", params).await;
        let result = &answer["result"];
        let said = &result["structuredContent"];
        let text = result["content"][0]["text"].as_str().expect("a text block");
        assert_eq!(result["content"].as_array().expect("blocks").len(), 1);
        assert_eq!(&serde_json::from_str::<Value>(text).expect("JSON"), said);
        assert!(text.starts_with(r#"{"status":"#), "{text}");
        let schema = &self.schemas[&tool.replace('_', "-")];
        let violations: Vec<_> = schema.iter_errors(said).map(|e| e.to_string()).collect();
        assert!(violations.is_empty(), "{tool}: {violations:?}: {said}");
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(server["name"], "fiml", "{result}");
        let failed = result["isError"].as_bool().expect("isError");
        assert_eq!(said["status"], if failed { "error" } else { "success" });
        (failed, said.clone())
    }

    /// Calls a tool that must succeed.
    pub(crate) async fn succeed(&mut self, tool: &str, arguments: Value) -> Value {
        let (failed, said) = self.call(tool, arguments).await;
        assert!(!failed, "{tool}: {said}");
        said
    }

    /// Calls a tool that must fail with this code; every failure says what to do next.
    pub(crate) async fn fail(&mut self, tool: &str, arguments: Value, code: &str) -> Value {
        let (failed, said) = self.call(tool, arguments).await;
        assert!(failed, "{tool}: {said}");
        assert_eq!(said["code"], code, "{said}");
        assert!(
            said["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert!(said["hint"].as_str().is_some_and(|text| !text.is_empty()));
        said
    }

    /// Creates a session about Apple and returns its id.
    pub(crate) async fn session(&mut self) -> String {
        let created = self
            .succeed(
                "create-analysis-session",
                json!({"assets": ["AAPL"], "sessionType": "equity"}),
            )
            .await;
        created["session_id"].as_str().expect("an id").to_owned()
    }

    /// Closes the client's side, and returns what the server still said and how it ended.
    pub(crate) async fn hang_up(mut self) -> (Vec<Value>, Result<(), ServeError>) {
        self.requests.shutdown().await.expect("the server reads");
        let mut last = Vec::new();
        while let Some(line) = self.answers.next_line().await.expect("a stream") {
            last.push(serde_json::from_str(&line).expect("nothing but JSON"));
        }
        (last, self.serving.await.expect("no panic"))
    }
}
