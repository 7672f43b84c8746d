//! Lists that change when a tool says so, and the streams that tell of it.

use rmcp::{
    ErrorData,
    model::{CallToolResult, ContentBlock, Tool},
    service::SubscriptionContext,
};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::listing::tool;

/// Which list has changed.
#[derive(Debug, Clone, Copy)]
enum Change {
    Tools,
    Prompts,
}

/// Where changes are told; a handle.
#[derive(Debug, Clone)]
pub(crate) struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(16))
    }
}

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        tool(
            "test_trigger_tool_change",
            "Says that the tools have changed.",
        ),
        tool(
            "test_trigger_prompt_change",
            "Says that the prompts have changed.",
        ),
    ]
}

impl Changes {
    /// The answer, where it is one of these tools.
    pub(crate) fn call(&self, name: &str) -> Option<CallToolResult> {
        let change = match name {
            "test_trigger_tool_change" => Change::Tools,
            "test_trigger_prompt_change" => Change::Prompts,
            _ => return None,
        };
        // Nobody may be listening.
        let listeners = self.0.send(change).unwrap_or(0);
        let text = format!("Told {listeners} listeners.");
        Some(CallToolResult::success(vec![ContentBlock::text(text)]))
    }

    /// Tells one listener what it asked for, until it goes away.
    pub(crate) async fn tell(&self, subscription: &SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.0.subscribe();
        let sink = subscription.sink();
        loop {
            let change = tokio::select! {
                () = subscription.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            let sent = match change {
                Ok(Change::Tools) if wanted(subscription.accepted().tools_list_changed) => {
                    sink.notify_tool_list_changed().await
                }
                Ok(Change::Prompts) if wanted(subscription.accepted().prompts_list_changed) => {
                    sink.notify_prompt_list_changed().await
                }
                Ok(_) | Err(RecvError::Lagged(_)) => Ok(()),
                Err(RecvError::Closed) => return Ok(()),
            };
            sent.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        }
    }
}

fn wanted(flag: Option<bool>) -> bool {
    flag == Some(true)
}
