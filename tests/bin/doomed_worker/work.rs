//! What the process does until it dies.

use std::{error::Error, str::FromStr, time::Duration};

use fiml_session_core::{SessionError, SessionId, SessionStore, store::Scope};

use crate::say;

/// What is done over and over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// Cleans up.
    Sweep,
    /// Extends each of its sessions, which brings archived ones back.
    Extend,
    /// Deletes each of its sessions once.
    Delete,
}

impl FromStr for Work {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sweep" => Ok(Self::Sweep),
            "extend" => Ok(Self::Extend),
            "delete" => Ok(Self::Delete),
            _ => Err(format!("{text} is no work: say sweep, extend or delete")),
        }
    }
}

/// Between two rounds, so that others are not kept from the processors.
const PAUSE: Duration = Duration::from_millis(2);
const HALF_A_MINUTE: f64 = 1.0 / 120.0;

impl Work {
    /// Works until the process dies, or, where it deletes, until nothing is left.
    pub(crate) async fn run(
        self,
        store: &SessionStore,
        sessions: &[SessionId],
    ) -> Result<(), Box<dyn Error>> {
        loop {
            match self {
                Self::Sweep => drop(store.cleanup_expired_sessions().await?),
                Self::Extend => {
                    for &id in sessions {
                        let extended = store
                            .extend_session(&Scope::All, id, HALF_A_MINUTE, None)
                            .await;
                        match extended {
                            Ok(_) => say(&format!("done {id}"))?,
                            // Archived again and again while it was being brought back.
                            Err(SessionError::Unsettled { .. }) => {}
                            Err(error) => return Err(error.into()),
                        }
                    }
                }
                Self::Delete => {
                    for &id in sessions {
                        if store.delete_session(&Scope::All, id).await? {
                            say(&format!("done {id}"))?;
                        }
                    }
                    return Ok(());
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
