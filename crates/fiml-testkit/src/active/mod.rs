//! What every `ActiveStore` does, method by method.

use fiml_session_core::store::ActiveStore;

behaviours! {
    $
    /// One named test per behaviour of an `ActiveStore`; see [`suite`](crate::suite).
    active_store_suite, active, active_store, dyn ActiveStore;
    reserve {
        the_first_reservation_of_an_owner_and_key_is_kept_and_returned,
        a_later_reservation_gets_the_first_whatever_it_offers,
        owners_do_not_share_keys,
        keys_of_one_owner_are_apart,
        a_reservation_is_forgotten_24_hours_after_its_created_at,
        odd_owners_and_keys_match_only_themselves,
        a_reservation_stores_no_session,
        thirty_two_reservations_at_once_get_one_id,
    }
    insert {
        an_empty_session_reads_back_equal,
        a_full_session_reads_back_equal_its_remembered_answers_included,
        a_session_at_every_limit_reads_back_equal,
        numbers_read_back_with_the_same_bits,
        empty_and_nested_values_read_back_as_they_were,
        odd_texts_read_back_verbatim,
        assets_and_tags_keep_their_order,
        instants_keep_their_microseconds,
        an_expired_session_is_stored_like_any_other,
        an_id_already_present_is_refused_and_the_stored_session_is_unchanged,
        an_id_of_somebody_else_is_refused_and_stays_theirs,
        thirty_two_inserts_of_one_id_at_once_store_one,
    }
    get {
        a_missing_session_is_none,
        expiry_is_not_absence,
        a_session_is_found_by_its_owner_and_by_all,
        an_unowned_session_is_found_by_unowned_and_by_all,
        a_session_out_of_scope_is_none,
        an_odd_owner_matches_only_itself,
        reading_changes_nothing,
        history_is_ordered_by_seq_whatever_the_timestamps,
    }
    overview {
        it_agrees_with_get,
        it_agrees_with_get_after_every_kind_of_change,
        none_or_all_recent_queries_may_be_asked_for,
        a_missing_session_is_none,
        a_session_out_of_scope_is_none,
        expiry_is_not_absence,
    }
    apply_batch {
        every_kind_of_change_is_applied,
        a_batch_is_one_new_version,
        a_batch_without_changes_leaves_the_session_alone,
        a_batch_with_one_refused_change_changes_nothing,
        queries_get_the_next_numbers_and_the_version_of_their_batch,
        a_query_without_a_timestamp_gets_the_instant_of_the_append,
        what_a_query_carries_reads_back_equal,
        a_later_change_of_a_batch_sees_the_earlier_ones,
        the_answer_says_what_the_session_is_now,
        last_accessed_at_never_moves_back,
        a_session_changes_without_its_neighbours,
    }
    apply_entries {
        values_read_back_with_the_same_bits,
        odd_keys_and_tags_are_stored_verbatim_and_touch_no_others,
        an_entry_carries_the_version_that_wrote_it,
        removing_what_is_absent_changes_no_entry,
        the_same_key_in_two_maps_is_two_entries,
        tags_are_added_once_and_stay_in_place,
    }
    apply_scope {
        a_missing_session_is_none,
        a_session_in_scope_changes,
        a_session_out_of_scope_is_none_and_unchanged,
        a_refusal_is_not_told_out_of_scope,
        a_remembered_answer_is_not_told_out_of_scope,
    }
    apply_limits {
        query_one_thousand_is_taken_and_the_next_is_refused,
        a_batch_that_would_cross_the_query_limit_is_refused_whole,
        a_session_above_a_lowered_limit_still_takes_other_changes,
        keys_are_counted_in_each_map,
        replacing_a_key_of_a_full_map_is_no_new_key,
        tags_are_counted_once_each,
        a_session_grows_to_its_bytes_and_no_further,
        removing_and_shortening_give_bytes_back,
        a_refusal_names_the_limit,
    }
    apply_life {
        an_expired_session_refuses_everything_but_a_longer_life,
        a_session_expires_at_its_expires_at_and_not_before,
        an_extension_adds_to_what_is_left,
        an_extension_of_an_expired_session_counts_from_now,
        an_extension_never_shortens,
        an_extension_is_capped_at_the_maximum_from_now_and_says_so,
        an_extended_session_takes_queries_again_in_the_same_batch,
        an_ended_session_is_expired_from_then_on,
        ending_an_expired_session_does_not_prolong_it,
    }
    apply_conditions {
        an_expected_version_is_met_or_refused,
        an_expected_entry_is_met_by_its_stamp,
        an_expected_absence_is_met_or_refused,
        expected_entries_are_checked_before_the_batch_changes_them,
        a_batch_of_conditions_alone_is_checked,
        a_refused_condition_changes_nothing,
    }
    apply_idempotency {
        the_same_key_and_content_give_the_first_answer_and_one_effect,
        the_same_key_with_other_content_is_refused_and_changes_nothing,
        the_first_answer_is_given_even_once_expired,
        the_first_answer_is_given_before_conditions_and_limits_are_checked,
        a_refused_batch_is_not_remembered,
        a_key_is_forgotten_after_24_hours,
        the_oldest_key_is_forgotten_after_256,
        sessions_do_not_share_keys,
        an_inserted_session_brings_its_answers,
        a_removed_session_takes_its_answers_along,
        thirty_two_calls_at_once_under_one_key_have_one_effect,
    }
    apply_at_once {
        thirty_two_writers_are_numbered_without_gaps_each_in_its_order,
        a_limit_of_one_hundred_holds_against_thirty_two_writers,
        thirty_two_writers_keep_each_others_keys,
        of_thirty_two_writers_expecting_one_version_one_is_taken,
        an_overview_is_never_torn,
    }
    list {
        it_runs_from_the_newest_to_the_oldest,
        equal_instants_are_ordered_by_id,
        a_page_holds_at_most_its_limit_and_the_next_begins_behind_it,
        pages_have_no_duplicates_and_no_gaps_while_sessions_are_added,
        a_cursor_of_a_removed_session_still_holds_its_place,
        it_shows_what_is_in_scope,
        it_narrows_by_user,
        it_narrows_by_type,
        it_narrows_by_every_tag,
        it_narrows_by_asset,
        it_narrows_by_expiry,
        filters_narrow_together,
        odd_filters_match_only_themselves,
        it_follows_every_change_of_what_it_filters_by,
        headers_agree_with_the_sessions,
        an_empty_store_lists_nothing,
    }
    ids {
        they_agree_with_list,
        they_are_at_most_the_limit,
    }
    metrics {
        they_agree_with_the_sessions,
        they_agree_after_changes,
        they_cover_what_is_in_scope,
        every_filter_narrows_them,
    }
    expired {
        a_session_expires_at_its_expires_at_and_not_before,
        the_earliest_expiry_comes_first_and_at_most_the_limit,
        an_extended_session_is_not_expired_any_more,
        an_ended_session_is_expired,
        a_removed_session_is_not_returned,
        sessions_of_everybody_are_returned,
    }
    snapshot {
        it_agrees_with_what_insert_was_given,
        it_carries_the_changes_and_answers_since,
        a_missing_session_is_none,
        an_inserted_snapshot_goes_on_where_it_left_off,
    }
    remove {
        a_removed_session_is_gone_everywhere,
        a_missing_id_is_false,
        a_session_out_of_scope_stays,
        a_session_in_scope_goes,
        everything_that_belongs_to_it_goes,
        its_neighbours_stay,
    }
    remove_unchanged {
        a_session_of_this_version_goes_with_everything_that_belongs_to_it,
        a_changed_session_stays,
        a_missing_session_is_absent,
        no_change_slips_in_between,
    }
    quarantine {
        a_quarantined_session_is_listed_with_its_reason_and_not_expired,
        a_missing_id_is_false_and_not_listed,
        a_quarantined_session_can_still_be_read,
        the_latest_comes_first_and_at_most_the_limit,
    }
}
