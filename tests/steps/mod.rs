//! Stores whose caller may not live to the end of a step: a decorator, a port a file.

mod active;
mod archive;
mod upkeep;

use std::{fmt::Debug, sync::Arc};

use fiml_session_core::{Stores, store::StoreError};

/// Who is told of every step that changes something, and may be the end of it.
pub trait Watch: Debug + Send + Sync + 'static {
    /// Before it is made; an error where it is not to be.
    fn before(&self, step: &str) -> Result<(), StoreError>;

    /// After it was made; an error where nobody is left to learn what came of it.
    fn after(&self, step: &str) -> Result<(), StoreError>;
}

/// A store behind a watch.
#[derive(Debug)]
pub struct Stepped<S: ?Sized> {
    inner: Arc<S>,
    watch: Arc<dyn Watch>,
}

impl<S: ?Sized + Send + Sync> Stepped<S> {
    /// This store behind this watch.
    pub fn new(inner: Arc<S>, watch: &Arc<dyn Watch>) -> Self {
        Self {
            inner,
            watch: Arc::clone(watch),
        }
    }

    async fn step<T: Send>(
        &self,
        name: &str,
        made: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.watch.before(name)?;
        let made = made.await;
        self.watch.after(name)?;
        made
    }
}

/// The stores of a service behind a watch.
#[must_use]
pub fn stepped(stores: Stores, watch: &Arc<dyn Watch>) -> Stores {
    Stores {
        active: Arc::new(Stepped::new(stores.active, watch)),
        archive: Arc::new(Stepped::new(stores.archive, watch)),
        ..stores
    }
}
