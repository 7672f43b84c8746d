//! Whether a call has begun to change something.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A mark that a call sets before its first write: until then it may be dropped, from then on it is
/// finished, whoever waits for it. A handle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writing(Arc<AtomicBool>);

impl Writing {
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
