//! The tables, as `migrations/sqlite` makes them.

diesel::table! {
    sessions (row_id) {
        row_id -> BigInt,
        id -> Binary,
        user_id -> Nullable<Text>,
        session_type -> Text,
        assets -> Text,
        tags -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        last_accessed_at -> BigInt,
        version -> BigInt,
        total_queries -> BigInt,
        cache_hits -> BigInt,
        size_bytes -> BigInt,
        context_entries -> BigInt,
        preference_entries -> BigInt,
        result_entries -> BigInt,
        metadata_entries -> BigInt,
        quarantined_at -> Nullable<BigInt>,
        quarantine_reason -> Nullable<Text>,
    }
}

diesel::table! {
    session_labels (session, kind, label) {
        session -> BigInt,
        kind -> Text,
        label -> Text,
        user_id -> Nullable<Text>,
        created_at -> BigInt,
        id -> Binary,
    }
}

diesel::table! {
    queries (row_id) {
        row_id -> BigInt,
        session -> BigInt,
        seq -> BigInt,
        record -> Text,
    }
}

diesel::table! {
    session_counts (session, kind, name) {
        session -> BigInt,
        kind -> Text,
        name -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    entries (session, map, key) {
        session -> BigInt,
        map -> Text,
        key -> Text,
        version -> BigInt,
        bytes -> BigInt,
        value -> Text,
    }
}

diesel::table! {
    answers (row_id) {
        row_id -> BigInt,
        session -> BigInt,
        key -> Text,
        given_at -> BigInt,
        answer -> Text,
    }
}

diesel::table! {
    reservations (owner, key) {
        owner -> Text,
        key -> Text,
        created_at -> BigInt,
        reservation -> Text,
    }
}

diesel::table! {
    archived_sessions (row_id) {
        row_id -> BigInt,
        id -> Binary,
        user_id -> Nullable<Text>,
        session_type -> Text,
        assets -> Text,
        tags -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        last_accessed_at -> BigInt,
        version -> BigInt,
        total_queries -> BigInt,
        cache_hits -> BigInt,
        size_bytes -> BigInt,
        context_entries -> BigInt,
        preference_entries -> BigInt,
        result_entries -> BigInt,
        metadata_entries -> BigInt,
        since -> BigInt,
        unsettled -> Nullable<Text>,
        token -> Nullable<Binary>,
    }
}

diesel::table! {
    archived_labels (session, kind, label) {
        session -> BigInt,
        kind -> Text,
        label -> Text,
        user_id -> Nullable<Text>,
        created_at -> BigInt,
        id -> Binary,
    }
}

diesel::table! {
    archived_content (session) {
        session -> BigInt,
        recent -> Text,
        snapshot -> Text,
    }
}

diesel::table! {
    tombstones (id) {
        id -> Binary,
        since -> BigInt,
    }
}

diesel::table! {
    session_metrics (id) {
        id -> Binary,
        user_id -> Nullable<Text>,
        session_type -> Text,
        created_at -> BigInt,
        metrics -> Text,
    }
}

diesel::table! {
    metrics_rollups (hours, start, session_type) {
        hours -> BigInt,
        start -> BigInt,
        session_type -> Text,
        mark -> Binary,
        digest -> Nullable<Binary>,
    }
}

diesel::table! {
    job_runs (job, tick) {
        job -> Text,
        tick -> BigInt,
        attempt -> BigInt,
        holder -> Text,
        token -> Nullable<Binary>,
        started_at -> BigInt,
        state -> Text,
        state_at -> BigInt,
        report -> Text,
    }
}

diesel::joinable!(archived_content -> archived_sessions (session));
diesel::joinable!(session_counts -> sessions (session));
diesel::allow_tables_to_appear_in_same_query!(archived_content, archived_sessions);
diesel::allow_tables_to_appear_in_same_query!(archived_sessions, session_metrics);
diesel::allow_tables_to_appear_in_same_query!(session_counts, sessions);
