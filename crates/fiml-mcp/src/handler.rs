//! What rmcp asks of a server: discovery, the list of tools, and calls.

use std::{pin::pin, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
        CustomRequest, CustomResult, DiscoverResult, ErrorCode, Implementation, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject,
        PaginatedRequestParams, RequestMetaObject, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::json;
use tracing::{Instrument as _, Span, field::Empty};

use crate::{
    observer::TraceContext,
    server::McpServer,
    tools::{Entry, Progress, Writing},
};

/// How long a client may keep what discovery and the list of tools said, in milliseconds: they do not
/// change while the process runs.
const FRESH_MS: u64 = 300_000;

const NAME: &str = "fiml";
const VERSION: &str = env!("CARGO_PKG_VERSION");

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

const INSTRUCTIONS: &str = "FIML sessions is a durable memory for financial analysis. \
Before a line of questions, call create-analysis-session with the assets it is about and keep the session_id it returns. \
Pass that id as sessionId to every search-by-symbol and search-by-coin, and each question is recorded with its answer, source and date. \
Call get-session-info to see what was asked so far, and list-sessions to find an earlier session by user, type, tag or asset instead of starting over. \
A session that is about to expire, has expired or lies in the archive is prolonged with extend-session; nothing in it is lost. \
Prices carry the date they are of and a freshness; say both when you quote one, and never present a stale price as current. \
Every result has a status; an error names the code, the argument to blame, the limit and, in hint, what to do next. \
Give an idempotencyKey to a call that changes something, and repeat the call with the same key if its answer was lost.";

/// The server as rmcp sees it.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    server: McpServer,
    /// Stamped on results, so that a client without a handshake knows who answered.
    meta: Arc<MetaObject>,
}

impl Handler {
    pub(crate) fn new(server: McpServer) -> Self {
        let mut meta = MetaObject::new();
        // No more than names it: it is part of every answer.
        let named = json!({"name": NAME, "version": VERSION});
        meta.0.insert(SERVER_INFO.to_owned(), named);
        let meta = Arc::new(meta);
        Self { server, meta }
    }

    async fn run(
        &self,
        tool: &Entry,
        request: CallToolRequestParams,
        writing: &Writing,
        progress: Progress,
    ) -> CallToolResult {
        let arguments = request.arguments.unwrap_or_default();
        let reply = self.server.answer(tool, arguments, writing, progress).await;
        let content = vec![ContentBlock::text(reply.text)];
        let mut result = if reply.is_error {
            let code = reply.value["code"].as_str().unwrap_or_default();
            Span::current().record("error.type", code);
            Span::current().record("otel.status_code", "ERROR");
            CallToolResult::error(content)
        } else {
            CallToolResult::success(content)
        };
        result.structured_content = Some(reply.value);
        result.with_meta(Some(MetaObject::clone(&self.meta)))
    }

    /// The span of a call, named as OpenTelemetry names those of MCP, in the trace that its client named.
    fn span(&self, tool: &Entry, meta: &RequestMetaObject) -> Span {
        let span = tracing::debug_span!(
            "tools/call",
            otel.name = format_args!("tools/call {}", tool.name),
            otel.kind = "server",
            otel.status_code = Empty,
            "error.type" = Empty,
            mcp.method.name = "tools/call",
            gen_ai.tool.name = tool.name,
        );
        if let (Some(observer), Some(traceparent)) = (&self.server.observer, meta.get_traceparent())
        {
            let tracestate = meta.get_tracestate();
            let trace = TraceContext {
                traceparent,
                tracestate,
            };
            observer.begins(&span, trace);
        }
        span
    }
}

fn implementation() -> Implementation {
    Implementation::new(NAME, VERSION)
        .with_title("FIML sessions")
        .with_description("Durable sessions for financial analysis, with dated prices.")
}

/// What is not advertised is no method of this server either.
fn there_are_none(what: &str) -> ErrorData {
    let message = format!("this server has no {what}; tools/list lists its tools");
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None)
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(implementation())
            .with_instructions(INSTRUCTIONS)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info())
            .with_ttl_ms(FRESH_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if request.is_some_and(|request| request.cursor.is_some()) {
            let message = "unknown cursor: all tools are on one page";
            return Err(ErrorData::invalid_params(message, None));
        }
        let tools = self.server.tools.entries().iter();
        let mut result =
            ListToolsResult::with_all_items(tools.map(|tool| tool.listed.clone()).collect())
                .with_ttl_ms(FRESH_MS)
                .with_cache_scope(CacheScope::Public);
        result.meta = Some(MetaObject::clone(&self.meta));
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.server.tools.find(&request.name) else {
            let tools = self.server.tools.entries().iter();
            let names: Vec<_> = tools.map(|tool| tool.name).collect();
            let name: String = request.name.chars().take(128).collect();
            let message = format!("unknown tool {name:?}; the tools are {}", names.join(", "));
            return Err(ErrorData::invalid_params(message, None));
        };
        let writing = Writing::default();
        let progress = Progress::of(&context);
        let span = self.span(tool, &context.meta);
        let running = self.run(tool, request, &writing, progress);
        let mut running = pin!(running.instrument(span));
        tokio::select! {
            biased;
            result = &mut running => return Ok(result.into()),
            () = context.ct.cancelled() => {}
        }
        // The client is gone or has taken the call back. What only read is given up here; what has begun
        // to write ends as it would have.
        if writing.has_begun() {
            return Ok(running.await.into());
        }
        let message = format!("{} was given up: the client did not wait for it", tool.name);
        Err(ErrorData::internal_error(message, None))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(there_are_none("prompts"))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(there_are_none("resources"))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(there_are_none("resource templates"))
    }

    /// Requests of ours whose parameters could not be read come here, beside methods we do not have.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        match request.method.as_str() {
            "tools/call" => Err(ErrorData::invalid_params(
                "tools/call takes the name of a tool and, as arguments, an object",
                None,
            )),
            "tools/list" => Err(ErrorData::invalid_params(
                "tools/list takes no parameters but a cursor",
                None,
            )),
            method => {
                let method: String = method.chars().take(128).collect();
                Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None))
            }
        }
    }
}
