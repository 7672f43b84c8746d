//! What every `ArchiveUpkeep` does that is an `ArchiveStore` and a `MetricsStore` too.

use fiml_session_core::store::{ArchiveStore, ArchiveUpkeep, MetricsStore, StagedSession};

use crate::fixtures::{START, full_snapshot, pending, staged};

/// A store that plays all three roles.
pub trait ArchiveWithUpkeep: ArchiveStore + MetricsStore + ArchiveUpkeep {}

impl<S: ArchiveStore + MetricsStore + ArchiveUpkeep> ArchiveWithUpkeep for S {}

behaviours! {
    $
    /// One named test per behaviour of an `ArchiveUpkeep`; see [`suite`](crate::suite).
    archive_upkeep_suite, upkeep, archive_upkeep, dyn ArchiveWithUpkeep;
    count_before {
        it_counts_what_a_purge_removes,
        it_counts_no_further_than_the_limit,
    }
    unmeasured {
        only_archived_rows_without_figures_are_unmeasured,
        it_runs_by_id_behind_a_place_and_at_most_to_the_limit,
    }
    measure {
        figures_that_were_missing_are_counted_once,
        figures_that_are_there_stay,
        a_row_that_has_changed_or_is_not_archived_gets_none,
        of_figures_and_a_burial_at_once_nothing_remains,
    }
}

/// The n-th session, without figures.
fn bare(n: u32) -> StagedSession {
    StagedSession {
        metrics: None,
        ..staged(full_snapshot(n))
    }
}

/// Archives the n-th session without figures.
async fn archive_bare(store: &dyn ArchiveWithUpkeep, n: u32) {
    let staged = bare(n);
    let session = &staged.snapshot.session;
    let row = pending(session.id, session.version, START);
    store.stage(&[staged], START).await.unwrap();
    assert!(store.settle(&row, START).await.unwrap());
}
