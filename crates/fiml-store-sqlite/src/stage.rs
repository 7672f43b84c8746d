//! Writes sessions into the archive.

use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    SessionHeader, Timestamp,
    store::{StageOutcome, StagedSession, StoreError},
};

use crate::{
    error::Failure,
    row::{HeaderRow, MetricsRow, labels, to_json},
    schema::{archived_content, archived_labels, archived_sessions, session_metrics, tombstones},
};

/// How many of the last queries are read without the snapshot.
const RECENT: usize = 5;

/// A session as rows of the archive.
pub(crate) struct NewArchived {
    header: SessionHeader,
    row: HeaderRow,
    recent: String,
    snapshot: String,
    metrics: Option<MetricsRow>,
}

impl TryFrom<&StagedSession> for NewArchived {
    type Error = StoreError;

    fn try_from(staged: &StagedSession) -> Result<Self, StoreError> {
        let snapshot = &staged.snapshot;
        let header = snapshot.header();
        let metrics = staged.metrics.as_ref().map(MetricsRow::try_from);
        Ok(Self {
            row: HeaderRow::try_from(&header)?,
            recent: to_json(&snapshot.session.state.history.get_recent_queries(RECENT))?,
            snapshot: to_json(snapshot)?,
            metrics: metrics.transpose()?,
            header,
        })
    }
}

impl NewArchived {
    /// Writes it as `pending`, unless the archive knows better.
    pub(crate) fn stage_in_txn(
        &self,
        conn: &mut SqliteConnection,
        at: Timestamp,
    ) -> Result<StageOutcome, Failure> {
        let id = &self.row.id;
        let tombstone = tombstones::table.find(id);
        if diesel::select(diesel::dsl::exists(tombstone)).get_result(conn)? {
            return Ok(StageOutcome::Buried);
        }
        let held = archived_sessions::table.filter(archived_sessions::id.eq(id));
        let found: Option<(i64, i64)> = held
            .select((archived_sessions::version, archived_sessions::since))
            .first(conn)
            .optional()?;
        match found {
            Some((version, _)) if version > self.row.version => return Ok(StageOutcome::Outdated),
            Some((version, since)) if version == self.row.version => {
                let since = Timestamp::from_micros(since);
                return Ok(StageOutcome::Staged { since });
            }
            Some(_) => drop(diesel::delete(held).execute(conn)?),
            None => {}
        }
        self.insert_in_txn(conn, at)?;
        Ok(StageOutcome::Staged { since: at })
    }

    fn insert_in_txn(&self, conn: &mut SqliteConnection, at: Timestamp) -> QueryResult<()> {
        let pending = (
            &self.row,
            archived_sessions::since.eq(at.micros()),
            archived_sessions::unsettled.eq(Some("pending")),
        );
        let session: i64 = diesel::insert_into(archived_sessions::table)
            .values(pending)
            .returning(archived_sessions::row_id)
            .get_result(conn)?;
        for (kind, label) in labels(&self.header) {
            let label = (
                archived_labels::session.eq(session),
                archived_labels::kind.eq(kind.name()),
                archived_labels::label.eq(label),
                archived_labels::user_id.eq(self.row.user_id.as_deref()),
                archived_labels::created_at.eq(self.row.created_at),
                archived_labels::id.eq(&self.row.id),
            );
            let insert = diesel::insert_into(archived_labels::table).values(label);
            insert.execute(conn)?;
        }
        let content = (
            archived_content::session.eq(session),
            archived_content::recent.eq(&self.recent),
            archived_content::snapshot.eq(&self.snapshot),
        );
        diesel::insert_into(archived_content::table)
            .values(content)
            .execute(conn)?;
        diesel::delete(session_metrics::table.find(&self.row.id)).execute(conn)?;
        if let Some(metrics) = &self.metrics {
            diesel::insert_into(session_metrics::table)
                .values(metrics)
                .execute(conn)?;
        }
        Ok(())
    }
}
