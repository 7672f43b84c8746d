//! A service whose live sessions lie in a store of your own, and whose archive lies in another.

#![expect(clippy::print_stdout, reason = "an example prints what it did")]

use std::sync::Arc;

use anyhow::Result;
use custom_store::CountingStore;
use fiml_session_core::{
    MemoryStore, NewSession, Policy, QueryRecord, SessionStore, SessionType, Stores, SystemClock,
    store::Scope,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let active = Arc::new(CountingStore::new(MemoryStore::new()));
    let archive = Arc::new(MemoryStore::new());
    let stores = Stores {
        active: Arc::<CountingStore<MemoryStore>>::clone(&active),
        archive: Arc::<MemoryStore>::clone(&archive),
        metrics: archive,
    };
    let store =
        SessionStore::new(stores, Policy::default(), Arc::new(SystemClock)).scoped(Scope::All);

    let session = store
        .create_session(NewSession::new(SessionType::Macro, ["DGS10"]))
        .await?;
    store
        .record_query(session.id, QueryRecord::new("yield"))
        .await?;
    store.archive_session(session.id).await?;
    let archived = store.overview(session.id, 5).await?;
    println!(
        "{} writes; session {} lies in the archive: {}",
        active.writes(),
        session.id,
        archived.is_archived
    );
    Ok(())
}
