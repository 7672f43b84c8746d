//! Finding what has no figures.

use std::num::NonZeroUsize;

use fiml_session_core::store::{ArchiveStore, Scope};

use super::{ArchiveWithUpkeep, archive_bare, bare};
use crate::fixtures::{MANY, START, archived, full_snapshot, id};

/// Not one with figures, on its way between tiers, or deleted.
pub async fn only_archived_rows_without_figures_are_unmeasured(store: &dyn ArchiveWithUpkeep) {
    assert_eq!(store.unmeasured(None, MANY).await.unwrap(), []);
    archive_bare(store, 1).await;
    archived(store, full_snapshot(2), START).await;
    store.stage(&[bare(3)], START).await.unwrap();
    store.bury(&Scope::All, id(4), START).await.unwrap();
    assert_eq!(store.unmeasured(None, MANY).await.unwrap(), [id(1)]);
}

/// Every one is seen, page by page.
pub async fn it_runs_by_id_behind_a_place_and_at_most_to_the_limit(store: &dyn ArchiveWithUpkeep) {
    for n in [3, 1, 4, 2] {
        archive_bare(store, n).await;
    }
    let three = NonZeroUsize::new(3).unwrap();
    let first = store.unmeasured(None, three).await.unwrap();
    assert_eq!(first, [id(1), id(2), id(3)]);
    let rest = store.unmeasured(Some(id(3)), three).await.unwrap();
    assert_eq!(rest, [id(4)]);
    assert_eq!(store.unmeasured(Some(id(4)), three).await.unwrap(), []);
    let archive: &dyn ArchiveStore = store;
    archive.bury(&Scope::All, id(4), START).await.unwrap();
    assert_eq!(store.unmeasured(Some(id(3)), three).await.unwrap(), []);
}
