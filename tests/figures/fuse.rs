//! The end of whoever makes a call, put between any two steps of it.

use std::sync::{Mutex, PoisonError};

use fiml_session_core::{Timestamp, store::StoreError};

/// After how many steps the caller is gone, and whether the last of them was still done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    pub(crate) steps: u8,
    pub(crate) is_done: bool,
}

/// Counts steps; once it has blown, nothing more is done until it is set again.
#[derive(Debug, Default)]
pub(crate) struct Fuse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    death: Option<Death>,
    figures_purged: Option<Timestamp>,
}

#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the caller is gone")
    }
}

impl std::error::Error for Gone {}

impl Fuse {
    /// Begins a call.
    pub(crate) fn set(&self, death: Option<Death>) {
        self.state().death = death;
    }

    /// Before which creation figures were purged since this was last asked.
    pub(crate) fn figures_purged(&self) -> Option<Timestamp> {
        self.state().figures_purged.take()
    }

    pub(crate) fn note_purge(&self, created: Timestamp) {
        self.state().figures_purged = Some(created);
    }

    /// Makes a step, unless the caller is gone before it or because of it.
    pub(crate) async fn step<T: Send>(
        &self,
        step: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let (is_done, is_last) = {
            let mut state = self.state();
            match &mut state.death {
                None => (true, false),
                Some(death) if death.steps > 1 => {
                    death.steps -= 1;
                    (true, false)
                }
                Some(death) => {
                    let is_done = death.steps == 1 && death.is_done;
                    death.steps = 0;
                    (is_done, true)
                }
            }
        };
        if is_done {
            let done = step.await;
            if !is_last {
                return done;
            }
        }
        Err(StoreError::Unavailable {
            store: "the caller",
            source: Box::new(Gone),
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
