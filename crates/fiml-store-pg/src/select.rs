//! Which rows are read, newest first, by an index.

use diesel::sql_types::{Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use fiml_session_core::{
    SessionId, UserId,
    store::{MetricsFilter, Page, Scope, SessionFilter, Step, Stretch},
};

use crate::{
    row::{HeaderColumns, HeaderRow, MetricsColumns, header_columns, limit},
    sql::Composed,
};

/// A session's header, and the state of its row.
pub(crate) type FoundRow = (HeaderRow, String);
type FoundColumns = (HeaderColumns, Text);

/// A page of a listing.
pub(crate) fn page(scope: &Scope, filter: &SessionFilter, page: Page) -> Composed<FoundColumns> {
    let query = Composed::new().sql(concat!("SELECT ", header_columns!(), ", s.status"));
    listed(query, scope, filter, page)
}

/// The ids of a page of a listing.
pub(crate) fn ids(scope: &Scope, filter: &SessionFilter, page: Page) -> Composed<SqlUuid> {
    listed(Composed::new().sql("SELECT s.id"), scope, filter, page)
}

/// The condition that a row is this session, not deleted and in scope.
pub(crate) fn one<T>(query: Composed<T>, scope: &Scope, id: SessionId) -> Composed<T> {
    let query = query.sql(" WHERE s.status <> 'buried' AND s.id = ").id(id);
    in_scope(query, scope)
}

const FIGURES: &str = "SELECT s.session_id, s.user_id, s.session_type, s.assets, s.tags, s.created_at, \
     s.expires_at, s.last_accessed_at, s.total_queries, s.cache_hits, s.counters FROM session_metrics s \
     WHERE ";

/// The figures of these sessions.
pub(crate) fn figures_of(ids: &[SessionId]) -> Composed<MetricsColumns> {
    let query = Composed::new().sql(FIGURES).sql("s.session_id = ANY (");
    query.ids(ids.iter().copied()).sql(")")
}

/// When each roll-up of a stretch begins, its type and its digest.
pub(crate) type RollupColumns = (Timestamptz, Text, Nullable<Binary>);

/// The roll-ups that begin in a stretch.
pub(crate) fn rollups(step: Step, stretch: &Stretch) -> Composed<RollupColumns> {
    let query = Composed::new()
        .sql("SELECT r.start, r.session_type, r.digest FROM metrics_rollups r WHERE r.hours = ")
        .number(step.hours());
    let mut query = query.sql(" AND r.start >= ").instant(stretch.from);
    if let Some(before) = stretch.before {
        query = query.sql(" AND r.start < ").instant(before);
    }
    if let Some(wanted) = stretch.session_type {
        query = query.sql(" AND r.session_type = ").text(wanted.name());
    }
    query
}

/// The figures that are wanted.
pub(crate) fn figures(scope: &Scope, filter: &MetricsFilter) -> Composed<MetricsColumns> {
    let query = Composed::new().sql(FIGURES).sql("true");
    let mut query = of_user(in_scope(query, scope), filter.user_id.as_ref());
    if let Some(wanted) = filter.session_type {
        query = query.sql(" AND s.session_type = ").text(wanted.name());
    }
    if let Some(from) = filter.created_from {
        query = query.sql(" AND s.created_at >= ").instant(from);
    }
    if let Some(before) = filter.created_before {
        query = query.sql(" AND s.created_at < ").instant(before);
    }
    if let Some(asset) = &filter.asset {
        let asset = vec![asset.as_str().to_owned()];
        query = query.sql(" AND s.assets @> ").texts(asset);
    }
    if let Some(tag) = &filter.tag {
        query = query
            .sql(" AND s.tags @> ")
            .texts(vec![tag.as_str().to_owned()]);
    }
    query
}

/// A page of the figures that are wanted.
pub(crate) fn figures_page(
    scope: &Scope,
    filter: &MetricsFilter,
    page: Page,
) -> Composed<MetricsColumns> {
    let mut query = figures(scope, filter);
    if let Some(after) = page.after {
        let behind = query.sql(" AND (s.created_at, s.session_id) < (");
        let behind = behind.instant(after.created_at).sql(", ").id(after.id);
        query = behind.sql(")");
    }
    query
        .sql(" ORDER BY s.created_at DESC, s.session_id DESC LIMIT ")
        .number(limit(page.limit.get()))
}

fn listed<T>(query: Composed<T>, scope: &Scope, filter: &SessionFilter, page: Page) -> Composed<T> {
    let query = query.sql(" FROM sessions s WHERE s.status <> 'buried'");
    let mut query = of_user(in_scope(query, scope), filter.user_id.as_ref());
    if let Some(wanted) = filter.session_type {
        query = query.sql(" AND s.session_type = ").text(wanted.name());
    }
    if !filter.tags.is_empty() {
        let tags = filter.tags.iter().map(|tag| tag.as_str().to_owned());
        query = query.sql(" AND s.tags @> ").texts(tags.collect());
    }
    if let Some(asset) = &filter.asset {
        let asset = vec![asset.as_str().to_owned()];
        query = query.sql(" AND s.assets @> ").texts(asset);
    }
    if let Some(at) = filter.unexpired_at {
        query = query.sql(" AND s.expires_at > ").instant(at);
    }
    if let Some(after) = page.after {
        let behind = query.sql(" AND (s.created_at, s.id) < (");
        let behind = behind.instant(after.created_at).sql(", ").id(after.id);
        query = behind.sql(")");
    }
    query
        .sql(" ORDER BY s.created_at DESC, s.id DESC LIMIT ")
        .number(limit(page.limit.get()))
}

fn of_user<T>(query: Composed<T>, user: Option<&UserId>) -> Composed<T> {
    match user {
        Some(user) => query.sql(" AND s.user_id = ").text(user.as_str()),
        None => query,
    }
}

/// The condition that a row of `s` is in scope.
pub(crate) fn in_scope<T>(query: Composed<T>, scope: &Scope) -> Composed<T> {
    match scope {
        Scope::Owner(user) => of_user(query, Some(user)),
        Scope::Unowned => query.sql(" AND s.user_id IS NULL"),
        Scope::All => query,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
    use fiml_session_core::{SessionType, Timestamp, store::Cursor};
    use fiml_testkit::servers::{shared_postgres, unique};

    use super::*;
    use crate::{config::PgConfig, connect::PgStore};

    fn listings() -> Vec<(Scope, SessionFilter, Page)> {
        let any = SessionFilter::default;
        let filters = [
            any(),
            SessionFilter {
                session_type: Some(SessionType::Macro),
                ..any()
            },
            SessionFilter {
                user_id: Some("ada".parse().unwrap()),
                unexpired_at: Some(Timestamp::MIN),
                ..any()
            },
        ];
        let after = Cursor {
            created_at: Timestamp::MAX,
            id: SessionId::at(Timestamp::MAX),
        };
        let limit = NonZeroUsize::MIN;
        let mut listings = Vec::new();
        for scope in [
            Scope::Owner("ada".parse().unwrap()),
            Scope::Unowned,
            Scope::All,
        ] {
            for filter in &filters {
                for after in [None, Some(after)] {
                    listings.push((scope.clone(), filter.clone(), Page { after, limit }));
                }
            }
        }
        listings
    }

    #[tokio::test]
    async fn every_listing_runs_along_an_index_and_sorts_nothing() {
        let mut config = PgConfig::new(shared_postgres().url());
        config.schema = Some(unique("plans"));
        let store = PgStore::connect(config).await.unwrap();
        let mut conn = store.pool.get().await.unwrap();
        // An empty table is read as a whole by every plan that may do so.
        conn.batch_execute("SET enable_seqscan TO off; SET enable_bitmapscan TO off")
            .await
            .unwrap();
        for (scope, filter, page) in listings() {
            let explain = Composed::<Text>::new().sql("EXPLAIN SELECT s.id");
            let plan = listed(explain, &scope, &filter, page);
            let plan: Vec<String> = plan.load(&mut *conn).await.unwrap();
            let plan = plan.join("\n");
            assert!(plan.contains("Index"), "{scope:?} {filter:?}: {plan}");
            assert!(!plan.contains("Sort"), "{scope:?} {filter:?}: {plan}");
        }
    }
}
