//! Tools that tell the client something while they run.

use std::time::Duration;

use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{CallToolResult, ContentBlock, ServerNotification, Tool},
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::listing::{from_json, tool};

/// What the suite asks for between two messages, so that it sees them come one by one.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        tool("test_tool_with_progress", "Reports how far it is."),
        tool("test_tool_with_logging", "Logs three messages."),
        tool(
            "test_logging_tool",
            "Logs, where the request says from which level on.",
        ),
    ]
}

/// The answer, where it is one of these tools.
pub(crate) async fn call(
    name: &str,
    context: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResult, ErrorData>> {
    let told = match name {
        "test_tool_with_progress" => progress(context).await,
        "test_tool_with_logging" => log(&context.peer).await,
        "test_logging_tool" if context.meta.log_level().is_some() => log(&context.peer).await,
        "test_logging_tool" => Ok(()),
        _ => return None,
    };
    let done = || CallToolResult::success(vec![ContentBlock::text("Done.")]);
    Some(told.map(|()| done()))
}

async fn progress(context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    let token = context.meta.get_progress_token();
    for percent in [0, 50, 100] {
        if percent > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        if let Some(token) = &token {
            let params = json!({"progressToken": token, "progress": percent, "total": 100});
            notify(&context.peer, "notifications/progress", params).await?;
        }
    }
    Ok(())
}

async fn log(peer: &Peer<RoleServer>) -> Result<(), ErrorData> {
    let messages = [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ];
    for (number, message) in messages.into_iter().enumerate() {
        if number > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let params = json!({"level": "info", "data": message});
        notify(peer, "notifications/message", params).await?;
    }
    Ok(())
}

async fn notify(peer: &Peer<RoleServer>, method: &str, params: Value) -> Result<(), ErrorData> {
    let notification: ServerNotification = from_json(json!({"method": method, "params": params}));
    let sent = peer.send_notification(notification).await;
    sent.map_err(|error| ErrorData::internal_error(error.to_string(), None))
}
