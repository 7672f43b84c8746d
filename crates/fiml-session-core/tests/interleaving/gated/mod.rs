//! A store of which every call waits for its turn, and which can be made to break its contract.

mod active;
mod archive;

use std::{fmt::Debug, sync::Arc};

use fiml_session_core::MemoryStore;

use crate::desk::Desk;

/// How a store breaks its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `remove_unchanged` removes whatever version it finds.
    RemovesWhatHasChanged,
    /// `settle` settles whatever unsettled row it finds.
    SettlesWhatHasChanged,
    /// `discard` discards whatever unsettled row it finds.
    DiscardsWhatHasChanged,
    /// `confirm_restore` is always true.
    ConfirmsEveryRestore,
    /// `bury` leaves no tombstone.
    BuriesWithoutTombstone,
    /// `insert` forgets the remembered answers.
    ForgetsAnswers,
    /// `stage` takes whatever it is given, deleted or not.
    StagesWhatIsBuried,
}

/// A [`MemoryStore`] of which every call is a step.
#[derive(Debug)]
pub(crate) struct Gated {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) fault: Option<Fault>,
}

impl Gated {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Waits for its turn, calls, and notes what came back, with nobody in between.
    async fn step<T: Debug + Sync>(
        &self,
        name: &'static str,
        call: impl Future<Output = T> + Send,
    ) -> T {
        self.desk.turn().await;
        let done = call.await;
        self.desk.saw(name, &done);
        done
    }
}
