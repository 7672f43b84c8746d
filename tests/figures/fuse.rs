//! The end of whoever makes a call, put between any two steps of it.

use std::sync::{Mutex, PoisonError};

use fiml_session_core::store::StoreError;
use fiml_tests::steps::Watch;

/// After how many steps the caller is gone, and whether the last of them was still done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    pub(crate) steps: u8,
    pub(crate) is_done: bool,
}

impl Death {
    /// The same for a process, as its orders have it.
    pub(crate) fn doom(self) -> String {
        let side = if self.is_done { "after" } else { "before" };
        format!("{side}:any:{}", self.steps)
    }
}

/// Counts steps; once it has blown, nothing more is done until it is set again.
#[derive(Debug, Default)]
pub(crate) struct Fuse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    death: Option<Death>,
    has_purged: bool,
}

fn gone() -> StoreError {
    StoreError::Unavailable {
        store: "the caller",
        source: "is gone".into(),
    }
}

impl Watch for Fuse {
    fn before(&self, step: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(death) = &mut state.death {
            let is_made = death.steps > 1 || (death.steps == 1 && death.is_done);
            death.steps = death.steps.saturating_sub(1);
            if !is_made {
                death.steps = 0;
                return Err(gone());
            }
        }
        state.has_purged |= step == "purge_metrics_before";
        Ok(())
    }

    fn after(&self, _: &str) -> Result<(), StoreError> {
        match self.state().death {
            Some(Death { steps: 0, .. }) => Err(gone()),
            _ => Ok(()),
        }
    }
}

impl Fuse {
    /// Begins a call.
    pub(crate) fn set(&self, death: Option<Death>) {
        self.state().death = death;
    }

    /// Whether figures were purged since this was last asked.
    pub(crate) fn has_purged(&self) -> bool {
        std::mem::take(&mut self.state().has_purged)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
