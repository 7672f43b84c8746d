//! What every `ArchiveStore` does, method by method.

use fiml_session_core::store::ArchiveStore;

behaviours! {
    $
    /// One named test per behaviour of an `ArchiveStore`; see [`suite`](crate::suite).
    archive_store_suite, archive, archive_store, dyn ArchiveStore;
    stage {
        a_staged_session_reads_back_equal,
        odd_texts_and_numbers_read_back_verbatim,
        a_staged_row_is_pending_since_then,
        outcomes_come_in_the_order_of_the_sessions,
        nothing_staged_is_nothing_done,
        a_newer_version_replaces_an_older_one_whole,
        an_older_version_does_not_replace_a_newer_one,
        the_same_version_again_is_staged_whatever_the_state_of_the_row,
        a_newer_version_makes_a_settled_or_restoring_row_pending,
        a_buried_session_stays_buried,
        one_refused_session_stops_no_other,
        the_newest_of_thirty_two_at_once_stays,
    }
    settle {
        a_pending_row_becomes_archived,
        a_restoring_row_becomes_archived_again,
        a_row_that_has_changed_in_any_way_stays,
        a_settled_row_is_not_settled_again,
        a_missing_row_is_false,
        a_tombstone_is_not_settled,
    }
    discard {
        a_pending_or_restoring_row_goes,
        a_row_that_has_changed_in_any_way_stays,
        a_settled_row_stays,
        a_missing_row_is_false,
        a_discarded_session_may_be_staged_again,
        a_tombstone_is_not_discarded,
    }
    get {
        a_session_is_found_whatever_the_state_of_its_row,
        a_missing_session_is_none,
        a_session_out_of_scope_is_none,
        a_buried_session_is_none,
        an_odd_owner_matches_only_itself,
        reading_changes_nothing,
    }
    overview {
        it_agrees_with_get,
        at_most_five_queries_are_at_hand,
        a_session_out_of_scope_or_missing_or_buried_is_none,
    }
    list {
        it_runs_from_the_newest_to_the_oldest,
        equal_instants_are_ordered_by_id,
        pages_have_no_duplicates_and_no_gaps_while_sessions_are_added,
        it_shows_what_is_in_scope,
        every_filter_narrows_it,
        odd_filters_match_only_themselves,
        a_row_that_is_not_archived_says_so,
        a_buried_session_is_not_listed,
        a_newer_version_is_listed_as_what_it_is_now,
        headers_agree_with_the_sessions,
        ids_agree_with_it,
    }
    claim_restore {
        a_claim_gives_the_whole_session_and_marks_its_row,
        a_later_claim_replaces_the_token_of_an_earlier_one,
        a_pending_row_can_be_claimed,
        a_missing_or_buried_session_is_none,
        a_session_out_of_scope_is_none_and_unchanged,
        of_thirty_two_claims_at_once_one_is_confirmed,
    }
    confirm_restore {
        only_the_token_of_the_claim_is_confirmed,
        after_a_burial_it_is_not,
        after_settling_or_a_newer_version_it_is_not,
        a_missing_session_is_not_confirmed,
    }
    bury {
        the_session_is_gone,
        it_buries_whatever_the_state_of_the_row,
        it_buries_what_was_never_there,
        a_row_out_of_scope_stays,
        burying_twice_is_true,
        only_what_was_buried_is_buried,
        its_neighbours_stay,
    }
    unsettled {
        it_gives_every_row_that_is_not_archived_as_it_stands,
        it_runs_by_id_behind_a_place_and_at_most_to_the_limit,
    }
    forget_buried {
        a_tombstone_set_before_the_instant_is_forgotten,
        only_tombstones_are_forgotten,
        a_forgotten_session_may_be_staged_again,
    }
    purge_before {
        a_session_archived_before_the_instant_goes,
        the_longest_archived_go_first_and_at_most_the_limit,
        only_archived_rows_go,
        of_thirty_two_at_once_each_counts_its_own,
    }
}
