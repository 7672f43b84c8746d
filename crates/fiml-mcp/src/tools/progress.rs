//! Telling a client that asked for it how far its call is.

use rmcp::{
    Peer, RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
    service::RequestContext,
};

/// Whom to tell; nobody where the call named no token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Option<(Peer<RoleServer>, ProgressToken)>);

impl Progress {
    pub(crate) fn of(context: &RequestContext<RoleServer>) -> Self {
        let token = context.meta.get_progress_token();
        Self(token.map(|token| (context.peer.clone(), token)))
    }

    /// Tells that so many of the steps are done, and which is next; the answer itself tells of the last.
    pub(crate) async fn tell(&self, done: u8, steps: u8, next: &str) {
        let Some((peer, token)) = &self.0 else { return };
        let progress = ProgressNotificationParam::new(token.clone(), done.into())
            .with_total(steps.into())
            .with_message(next);
        if let Err(error) = peer.notify_progress(progress).await {
            // Whether the client still waits is seen elsewhere.
            tracing::debug!(%error, "progress could not be told");
        }
    }
}
