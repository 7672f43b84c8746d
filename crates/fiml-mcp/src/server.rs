//! The server and what it answers from.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use fiml_analytics::SessionAnalytics;
use fiml_market::Market;
use fiml_session_core::{ErrorCode, SessionStore, UserId, store::Scope};
use futures_util::FutureExt as _;
use serde_json::{Map, Value};

use crate::{
    error::{ErrorBody, Failure},
    observer::CallObserver,
    tools::{Call, Entry, Facts, Progress, Reply, ToolTable, Writing},
};

/// What a server answers from.
#[derive(Debug, Clone)]
pub struct Services {
    /// The sessions.
    pub store: SessionStore,
    /// The figures over them.
    pub analytics: SessionAnalytics,
    /// The prices; [`Market::unconfigured`] where none are named.
    pub market: Arc<Market>,
    /// Whose sessions they are where a call does not say.
    pub local_user: UserId,
    /// How long an archived session is kept, as the tools tell it; until somebody deletes it where none
    /// is given.
    pub retention: Option<Duration>,
}

/// An MCP server over the services; a handle, of which clones share everything.
///
/// Its tools, their schemas and descriptions are put together once, here, from the policy in force.
#[derive(Debug, Clone)]
pub struct McpServer {
    pub(crate) services: Arc<Services>,
    pub(crate) tools: Arc<ToolTable>,
    pub(crate) observer: Option<Arc<dyn CallObserver>>,
}

impl McpServer {
    /// A server over these services.
    #[must_use]
    pub fn new(services: Services) -> Self {
        let tools = ToolTable::new(&Facts {
            policy: services.store.policy(),
            retention: services.retention,
        });
        Self {
            services: Arc::new(services),
            tools: Arc::new(tools),
            observer: None,
        }
    }

    /// The same server, telling this observer of every call.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn CallObserver>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// What it answers from.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The server over HTTP, answering at `/mcp`, with the limits of [`http::layered`](crate::http::layered)
    /// around it; to be served by [`serve_http`](crate::serve_http) or mounted in a router of one's own.
    #[cfg(feature = "http")]
    pub fn router(&self, config: &crate::HttpConfig) -> axum::Router {
        crate::http::layered(crate::handler::Handler::new(self.clone()), config)
    }

    /// Calls a tool in this process: the structured result, or the structured error, as a client gets it.
    ///
    /// A name that no tool has is an error of the caller's program, answered as `None`.
    pub async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Option<Result<Value, Value>> {
        let tool = self.tools.find(tool)?;
        let (writing, progress) = (Writing::default(), Progress::default());
        let reply = self.answer(tool, arguments, &writing, progress).await;
        Some(if reply.is_error {
            Err(reply.value)
        } else {
            Ok(reply.value)
        })
    }

    pub(crate) async fn answer(
        &self,
        tool: &Entry,
        arguments: Map<String, Value>,
        writing: &Writing,
        progress: Progress,
    ) -> Reply {
        let call = Call {
            services: Arc::clone(&self.services),
            // Local mode: one trusted person, to whom userId is a free label.
            scope: Scope::All,
            user: self.services.local_user.clone(),
            key: None,
            writing: writing.clone(),
            progress,
        };
        let began = Instant::now();
        // A panic would otherwise leave the client waiting for ever.
        let outcome = AssertUnwindSafe(tool.call(call, arguments))
            .catch_unwind()
            .await;
        let outcome = outcome.unwrap_or(Err(Failure::Broken { tool: tool.name }));
        let (reply, code) = match outcome {
            Ok(reply) => (reply, "success"),
            Err(failure) => {
                let body = ErrorBody::from(&failure);
                if body.code == ErrorCode::Internal {
                    tracing::error!(tool = tool.name, error = body.message, "a tool failed");
                }
                (Reply::failure(&failure), body.code.name())
            }
        };
        if let Some(observer) = &self.observer {
            observer.ended(tool.name, code, began.elapsed());
        }
        reply
    }
}
