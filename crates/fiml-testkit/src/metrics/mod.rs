//! What every `MetricsStore` does whose rows are written by `ArchiveStore::stage`.

use fiml_session_core::store::{ArchiveStore, MetricsStore};

/// A store that plays both roles: figures are written by the archive.
pub trait ArchiveWithMetrics: ArchiveStore + MetricsStore {}

impl<S: ArchiveStore + MetricsStore> ArchiveWithMetrics for S {}

behaviours! {
    $
    /// One named test per behaviour of a `MetricsStore` that is an `ArchiveStore` too; see
    /// [`suite`](crate::suite).
    metrics_store_suite, metrics, metrics_store, dyn ArchiveWithMetrics;
    digest {
        an_empty_store_gives_empty_figures,
        it_agrees_with_the_sessions,
        what_has_expired_is_decided_by_the_instant,
        each_session_is_counted_once_however_often_it_was_staged,
        a_newer_version_replaces_the_figures_of_an_older_one,
        an_older_version_leaves_the_figures_alone,
        rows_are_counted_whatever_their_state,
        an_excluded_session_is_not_counted,
        a_deleted_session_is_not_counted,
        a_discarded_session_is_not_counted,
        a_purged_session_is_still_counted,
        a_session_without_figures_is_not_counted,
        it_covers_what_is_in_scope,
        every_filter_narrows_it,
        odd_names_are_counted_as_they_are,
    }
    list_metrics {
        a_row_reads_back_equal,
        it_runs_from_the_newest_to_the_oldest,
        equal_instants_are_ordered_by_id,
        pages_have_no_duplicates_and_no_gaps_while_sessions_are_archived,
        it_shows_what_is_in_scope,
        every_filter_narrows_it,
        a_page_is_full_though_a_filter_passes_over_rows,
        it_agrees_with_digest,
    }
    series {
        it_divides_the_figures_by_creation,
    }
}
