//! Which sessions of a tier are read, by an index, newest first.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use fiml_session_core::{
    SessionId,
    store::{Cursor, MetricsFilter, Page, Scope, SessionFilter, Step, Stretch},
};

use crate::{
    row::{COUNTED_TOGETHER, HeaderColumns, HeaderRow, LabelKind, id_bytes, limit},
    sql::Composed,
};

/// Where sessions lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Active,
    Archive,
}

impl Tier {
    /// A select of [`FoundRow`]s, up to its condition.
    const fn rows(self) -> &'static str {
        macro_rules! select {
            ($unsettled:literal) => {
                concat!(
                    "SELECT s.row_id, s.id, s.user_id, s.session_type, s.assets, s.tags, s.created_at, \
                     s.expires_at, s.last_accessed_at, s.version, s.total_queries, s.cache_hits, \
                     s.size_bytes, s.context_entries, s.preference_entries, s.result_entries, \
                     s.metadata_entries, ",
                    $unsettled
                )
            };
        }
        match self {
            Self::Active => select!("NULL"),
            Self::Archive => select!("s.unsettled"),
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Active => " FROM sessions s WHERE ",
            Self::Archive => " FROM archived_sessions s WHERE ",
        }
    }

    /// The table by way of the labels; `CROSS JOIN` keeps SQLite from turning the order around.
    const fn labelled(self) -> &'static str {
        match self {
            Self::Active => {
                " FROM session_labels l CROSS JOIN sessions s ON s.row_id = l.session WHERE l.kind = "
            }
            Self::Archive => {
                " FROM archived_labels l CROSS JOIN archived_sessions s ON s.row_id = l.session \
                 WHERE l.kind = "
            }
        }
    }

    const fn with_label(self) -> &'static str {
        match self {
            Self::Active => {
                " AND EXISTS (SELECT 1 FROM session_labels o WHERE o.session = s.row_id AND o.kind = "
            }
            Self::Archive => {
                " AND EXISTS (SELECT 1 FROM archived_labels o WHERE o.session = s.row_id AND o.kind = "
            }
        }
    }
}

/// A session's row, its header, and in the archive what it waits for.
pub(crate) type FoundRow = (i64, HeaderRow, Option<String>);
type FoundColumns = (BigInt, HeaderColumns, Nullable<Text>);

/// The session with this id, if it is in scope.
pub(crate) fn one(tier: Tier, scope: &Scope, id: SessionId) -> Composed<FoundColumns> {
    let query = Composed::new(tier.rows()).sql(tier.table());
    in_scope(query.sql("s.id = ").bytes(id_bytes(id)), scope)
}

/// A page of a listing.
pub(crate) fn page(
    tier: Tier,
    scope: &Scope,
    filter: &SessionFilter,
    page: Page,
) -> Composed<FoundColumns> {
    listed(Composed::new(tier.rows()), tier, scope, filter, page)
}

/// The ids of a page of a listing.
pub(crate) fn ids(
    tier: Tier,
    scope: &Scope,
    filter: &SessionFilter,
    page: Page,
) -> Composed<Binary> {
    listed(Composed::new("SELECT s.id"), tier, scope, filter, page)
}

/// The live sessions that figures are wanted of.
pub(crate) fn measured(scope: &Scope, filter: &MetricsFilter) -> Composed<FoundColumns> {
    let tier = Tier::Active;
    let query = Composed::new(tier.rows()).sql(tier.table());
    of_figures(query, scope, filter).sql(" ORDER BY s.row_id")
}

/// The counts of the same sessions.
pub(crate) fn measured_counts(
    scope: &Scope,
    filter: &MetricsFilter,
) -> Composed<(BigInt, Text, Text, BigInt)> {
    let query = Composed::new(
        "SELECT c.session, c.kind, c.name, c.count \
         FROM sessions s JOIN session_counts c ON c.session = s.row_id WHERE ",
    );
    of_figures(query, scope, filter).sql(" ORDER BY s.row_id")
}

/// The queries of the same sessions that are not among the counts yet.
pub(crate) fn measured_rest(scope: &Scope, filter: &MetricsFilter) -> Composed<(BigInt, Text)> {
    let query = Composed::new(
        "SELECT q.session, q.record FROM sessions s CROSS JOIN queries q ON q.session = s.row_id \
         AND q.seq > s.total_queries - s.total_queries % ",
    );
    let query = query.number(COUNTED_TOGETHER).sql(" WHERE ");
    of_figures(query, scope, filter).sql(" ORDER BY s.row_id")
}

/// The archived figures that are wanted.
pub(crate) fn archived_figures(scope: &Scope, filter: &MetricsFilter) -> Composed<(Binary, Text)> {
    let query = Composed::new("SELECT s.id, s.metrics FROM session_metrics s WHERE ");
    of_figures(query, scope, filter)
}

/// The archived figures behind a place, newest first; not cut at a limit, because some are passed over.
pub(crate) fn archived_figures_after(
    scope: &Scope,
    filter: &MetricsFilter,
    after: Option<Cursor>,
) -> Composed<(Binary, Text)> {
    let mut query = archived_figures(scope, filter);
    if let Some(after) = after {
        query = behind(query, &BY_SESSION, after);
    }
    query.sql(" ORDER BY s.created_at DESC, s.id DESC")
}

/// The archived figures of one session.
pub(crate) fn figures_of(id: SessionId) -> Composed<Text> {
    Composed::new("SELECT s.metrics FROM session_metrics s WHERE s.id = ").bytes(id_bytes(id))
}

/// When each roll-up of a stretch begins, its type and its digest.
pub(crate) type RollupColumns = (BigInt, Text, Nullable<Binary>);

/// The roll-ups that begin in a stretch.
pub(crate) fn rollups(step: Step, stretch: &Stretch) -> Composed<RollupColumns> {
    let query = "SELECT r.start, r.session_type, r.digest FROM metrics_rollups r WHERE r.hours = ";
    let query = Composed::new(query).number(step.hours());
    let mut query = query.sql(" AND r.start >= ").number(stretch.from.micros());
    if let Some(before) = stretch.before {
        query = query.sql(" AND r.start < ").number(before.micros());
    }
    if let Some(wanted) = stretch.session_type {
        query = query.sql(" AND r.session_type = ").text(wanted.name());
    }
    query
}

fn behind<T>(query: Composed<T>, key: &Key, after: Cursor) -> Composed<T> {
    let query = query.sql(key.after).number(after.created_at.micros());
    query.sql(", ").bytes(id_bytes(after.id)).sql(")")
}

fn listed<T>(
    query: Composed<T>,
    tier: Tier,
    scope: &Scope,
    filter: &SessionFilter,
    page: Page,
) -> Composed<T> {
    let asset = filter
        .asset
        .iter()
        .map(|asset| (LabelKind::Asset, asset.as_str()));
    let tags = filter.tags.iter().map(|tag| (LabelKind::Tag, tag.as_str()));
    let mut labels = asset.chain(tags);
    // One label leads to the sessions by an index of its own; any others are looked up for each.
    let (mut query, key) = match labels.next() {
        None => (query.sql(tier.table()).sql("1"), &BY_SESSION),
        Some((kind, label)) => {
            let query = query.sql(tier.labelled()).text(kind.name());
            (query.sql(" AND l.label = ").text(label), &BY_LABEL)
        }
    };
    query = key.in_scope(query, scope);
    if let Some(user) = &filter.user_id {
        query = query.sql(key.user).text(user.as_str());
    }
    if let Some(after) = page.after {
        query = behind(query, key, after);
    }
    for (kind, label) in labels {
        let query_with = query.sql(tier.with_label()).text(kind.name());
        query = query_with.sql(" AND o.label = ").text(label).sql(")");
    }
    if let Some(wanted) = filter.session_type {
        query = query.sql(" AND s.session_type = ").text(wanted.name());
    }
    if let Some(at) = filter.unexpired_at {
        query = query.sql(" AND s.expires_at > ").number(at.micros());
    }
    query.sql(key.order).number(limit(page.limit.get()))
}

/// The columns that a listing runs along.
struct Key {
    user: &'static str,
    unowned: &'static str,
    after: &'static str,
    order: &'static str,
}

// The sign keeps SQLite from planning a listing anew with every limit that it is given.
const BY_SESSION: Key = Key {
    user: " AND s.user_id = ",
    unowned: " AND s.user_id IS NULL",
    after: " AND (s.created_at, s.id) < (",
    order: " ORDER BY s.created_at DESC, s.id DESC LIMIT +",
};

const BY_LABEL: Key = Key {
    user: " AND l.user_id = ",
    unowned: " AND l.user_id IS NULL",
    after: " AND (l.created_at, l.id) < (",
    order: " ORDER BY l.created_at DESC, l.id DESC LIMIT +",
};

impl Key {
    fn in_scope<T>(&self, query: Composed<T>, scope: &Scope) -> Composed<T> {
        match scope {
            Scope::Owner(user) => query.sql(self.user).text(user.as_str()),
            Scope::Unowned => query.sql(self.unowned),
            Scope::All => query,
        }
    }
}

fn in_scope<T>(query: Composed<T>, scope: &Scope) -> Composed<T> {
    BY_SESSION.in_scope(query, scope)
}

/// The condition of a filter, but for asset and tag, which are looked at in what was found.
fn of_figures<T>(query: Composed<T>, scope: &Scope, filter: &MetricsFilter) -> Composed<T> {
    let mut query = in_scope(query.sql("1"), scope);
    if let Some(user) = &filter.user_id {
        query = query.sql(BY_SESSION.user).text(user.as_str());
    }
    if let Some(wanted) = filter.session_type {
        query = query.sql(" AND s.session_type = ").text(wanted.name());
    }
    if let Some(from) = filter.created_from {
        query = query.sql(" AND s.created_at >= ").number(from.micros());
    }
    if let Some(before) = filter.created_before {
        query = query.sql(" AND s.created_at < ").number(before.micros());
    }
    query
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use diesel::{
        prelude::*,
        sql_types::Integer,
        sqlite::{Sqlite, SqliteConnection},
    };
    use fiml_session_core::{SessionType, Timestamp};

    use super::*;
    use crate::migrate::migrate;

    fn plan<T>(conn: &mut SqliteConnection, query: &Composed<T>) -> Vec<String> {
        let text = diesel::debug_query::<Sqlite, _>(query).to_string();
        let (text, _) = text.split_once(" -- binds:").unwrap();
        let text: &'static str = format!("EXPLAIN QUERY PLAN {text}").leak();
        let steps = Composed::<(Integer, Integer, Integer, Text)>::new(text);
        let steps: Vec<(i32, i32, i32, String)> = steps.load(conn).unwrap();
        steps.into_iter().map(|(.., step)| step).collect()
    }

    fn listings() -> Vec<(Scope, SessionFilter, Page)> {
        let user = Scope::Owner("ada".parse().unwrap());
        let filters = [
            SessionFilter::default(),
            SessionFilter {
                session_type: Some(SessionType::Macro),
                ..SessionFilter::default()
            },
            SessionFilter {
                user_id: Some("ada".parse().unwrap()),
                unexpired_at: Some(Timestamp::MIN),
                ..SessionFilter::default()
            },
            SessionFilter {
                tags: vec!["a".parse().unwrap(), "b".parse().unwrap()],
                asset: Some("AAPL".parse().unwrap()),
                ..SessionFilter::default()
            },
        ];
        let after = Cursor {
            created_at: Timestamp::MAX,
            id: SessionId::at(Timestamp::MAX),
        };
        let limit = NonZeroUsize::MIN;
        let mut listings = Vec::new();
        for scope in [user, Scope::Unowned, Scope::All] {
            for filter in &filters {
                for after in [None, Some(after)] {
                    listings.push((scope.clone(), filter.clone(), Page { after, limit }));
                }
            }
        }
        listings
    }

    #[test]
    fn every_listing_runs_along_an_index_and_sorts_nothing() {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        migrate(&mut conn, std::path::Path::new("memory")).unwrap();
        for tier in [Tier::Active, Tier::Archive] {
            for (scope, filter, of) in listings() {
                let rows = plan(&mut conn, &page(tier, &scope, &filter, of));
                let ids = plan(&mut conn, &ids(tier, &scope, &filter, of));
                for step in rows.iter().chain(&ids) {
                    assert!(
                        step.contains("INDEX")
                            || step.contains("PRIMARY KEY")
                            || step.contains("SUBQUERY"),
                        "{scope:?} {filter:?}: {step}"
                    );
                    assert!(
                        !step.contains("TEMP B-TREE"),
                        "{scope:?} {filter:?}: {step}"
                    );
                }
            }
        }
    }
}
