//! Adding all figures up anew.

use std::collections::BTreeSet;

use super::{ArchiveWithUpkeep, agree, archive_spread, late, roll_up_all};
use crate::fixtures::MANY;

/// From the rows alone.
pub async fn rollups_made_anew_give_the_same_figures(store: &dyn ArchiveWithUpkeep) {
    let (sessions, none) = (archive_spread(store).await, BTreeSet::new());
    let stale = store.stale_rollups(late(), MANY).await.unwrap();
    roll_up_all(store).await;
    store.forget_rollups().await.unwrap();
    assert_eq!(store.stale_rollups(late(), MANY).await.unwrap(), stale);
    agree(store, &sessions, &none).await;
    assert_eq!(store.roll_up(late(), MANY).await.unwrap(), stale);
    agree(store, &sessions, &none).await;
}
