//! A store in memory that can be stopped, or made to fail, between any two steps of a use case.

mod active;
mod archive;

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use fiml_session_core::{
    MemoryStore, SessionId,
    store::{StagedSession, StoreError},
};

type Running = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// What happens at a place; once.
struct Hook {
    place: (&'static str, &'static str),
    run: Box<dyn FnOnce() -> Running + Send>,
}

/// A [`MemoryStore`] with hooks before and after its methods.
#[derive(Default)]
pub(crate) struct Hooked {
    inner: Arc<MemoryStore>,
    hooks: Mutex<Vec<Hook>>,
    poison: Mutex<Option<SessionId>>,
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooked")
    }
}

impl Hooked {
    /// A store of its own over the same data, without hooks.
    pub(crate) fn over(inner: &Arc<MemoryStore>) -> Self {
        let inner = Arc::clone(inner);
        Self {
            inner,
            ..Self::default()
        }
    }

    /// Runs this once, at the next `when` ("before" or "after") of a method.
    pub(crate) fn hook<F>(
        &self,
        when: &'static str,
        method: &'static str,
        run: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.push(when, method, || {
            let running = run();
            Box::pin(async {
                running.await;
                Ok(())
            })
        });
    }

    /// Fails the next call of a method, before it does anything.
    pub(crate) fn fail(&self, method: &'static str, error: StoreError) {
        self.push("before", method, || Box::pin(async { Err(error) }));
    }

    /// Refuses this session in the archive for ever, as a database does with what it cannot hold.
    pub(crate) fn poison(&self, id: SessionId) {
        *self.poison.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
    }

    fn check(&self, staged: &[StagedSession]) -> Result<(), StoreError> {
        let poison = *self.poison.lock().unwrap_or_else(PoisonError::into_inner);
        let found = staged
            .iter()
            .find(|staged| Some(staged.snapshot.session.id) == poison);
        found.map_or(Ok(()), |_| {
            Err(StoreError::Corrupt {
                store: "the archive",
                id: poison,
                source: "poison".into(),
            })
        })
    }

    fn push(
        &self,
        when: &'static str,
        method: &'static str,
        run: impl FnOnce() -> Running + Send + 'static,
    ) {
        let hook = Hook {
            place: (when, method),
            run: Box::new(run),
        };
        self.hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(hook);
    }

    async fn run(&self, when: &str, method: &str) -> Result<(), StoreError> {
        let hook = {
            let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            let found = hooks.iter().position(|hook| hook.place == (when, method));
            found.map(|index| hooks.remove(index))
        };
        match hook {
            Some(hook) => (hook.run)().await,
            None => Ok(()),
        }
    }

    async fn before(&self, method: &str) -> Result<(), StoreError> {
        self.run("before", method).await
    }

    async fn after(&self, method: &str) -> Result<(), StoreError> {
        self.run("after", method).await
    }
}
