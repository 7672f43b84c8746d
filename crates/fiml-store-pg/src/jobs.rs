//! The runs of jobs.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use diesel::sql_types::{Bool, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use fiml_session_core::{
    Timestamp,
    store::{
        Claim, HeldRun, JobName, JobRun, JobStore, RunClaim, RunOutcome, RunPage, RunReport,
        RunState, RunToken, StoreError,
    },
};
use futures_util::FutureExt;
use tracing::instrument;
use uuid::Uuid;

use crate::{
    connect::PgStore,
    error::Failure,
    job_run::{RunColumns, RunRow, run_columns, to_text},
    row::limit as row_limit,
    sql::Composed,
};

#[async_trait]
impl JobStore for PgStore {
    #[instrument(level = "debug", skip_all, fields(job.name = %claim.job))]
    async fn claim_run(&self, claim: &RunClaim, at: Timestamp) -> Result<Claim, StoreError> {
        let claim = claim.clone();
        self.write(move |conn| {
            let claim = claim.clone();
            async move { claim_in_txn(conn, &claim, at).await }.boxed()
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(job.name = %run.job))]
    async fn renew_run(&self, run: &HeldRun, until: Timestamp) -> Result<bool, StoreError> {
        self.move_held(run, RunState::Held { until }, None).await
    }

    #[instrument(level = "debug", skip_all, fields(job.name = %run.job))]
    async fn postpone_run(
        &self,
        run: &HeldRun,
        report: &RunReport,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let state = RunState::Postponed { until };
        self.move_held(run, state, Some(report)).await
    }

    #[instrument(level = "debug", skip_all, fields(job.name = %run.job))]
    async fn finish_run(
        &self,
        run: &HeldRun,
        outcome: RunOutcome,
        report: &RunReport,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let state = RunState::Finished { outcome, at };
        if self.move_held(run, state, Some(report)).await? {
            return Ok(true);
        }
        // Told again, because the first answer was lost.
        let ended = of_token(
            Composed::<Bool>::new().sql("SELECT true FROM job_runs r"),
            run,
        )
        .sql(" AND r.state IN ('succeeded', 'failed')");
        let ended: Vec<bool> = self.load(ended).await?;
        Ok(!ended.is_empty())
    }

    #[instrument(level = "debug", skip_all, fields(job.name = %run.job))]
    async fn record_run(&self, run: &JobRun) -> Result<bool, StoreError> {
        if !run.state.is_finished() {
            return Ok(false);
        }
        let query = insert(run, None)?;
        let recorded: Vec<bool> = self.change(query).await?;
        Ok(!recorded.is_empty())
    }

    #[instrument(level = "debug", skip_all)]
    async fn list_runs(
        &self,
        job: Option<&JobName>,
        page: &RunPage,
    ) -> Result<Vec<JobRun>, StoreError> {
        let mut query = Composed::<RunColumns>::new().sql(concat!(
            "SELECT ",
            run_columns!(),
            " FROM job_runs r WHERE true"
        ));
        if let Some(job) = job {
            query = query.sql(" AND r.job = ").text(job.as_str());
        }
        if let Some(after) = &page.after {
            let behind = query.sql(" AND (r.tick, r.job) < (").instant(after.tick);
            query = behind.sql(", ").text(after.job.as_str()).sql(")");
        }
        let query = query
            .sql(" ORDER BY r.tick DESC, r.job DESC LIMIT ")
            .number(row_limit(page.limit.get()));
        let rows: Vec<RunRow> = self.load(query).await?;
        rows.into_iter().map(JobRun::try_from).collect()
    }

    #[instrument(level = "debug", skip_all)]
    async fn purge_runs(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let query = Composed::<Bool>::new()
            .sql(OLD)
            .instant(before)
            .sql(" ORDER BY r.tick, r.job LIMIT ")
            .number(row_limit(limit.get()))
            .sql(
                " FOR UPDATE SKIP LOCKED) DELETE FROM job_runs r USING old \
                 WHERE r.job = old.job AND r.tick = old.tick RETURNING true",
            );
        let gone: Vec<bool> = self.change(query).await?;
        Ok(gone.len() as u64)
    }
}

/// Up to the instant before which runs are old; the newest of each job never is. Materialised, so that the
/// limit is applied once and to rows that are locked.
const OLD: &str = "WITH old AS MATERIALIZED (SELECT r.job, r.tick FROM job_runs r \
     WHERE r.state IN ('succeeded', 'failed') \
     AND EXISTS (SELECT 1 FROM job_runs n WHERE n.job = r.job AND n.tick > r.tick) AND r.tick < ";

impl PgStore {
    /// Moves a run to another state if it is held by this token.
    async fn move_held(
        &self,
        run: &HeldRun,
        state: RunState,
        report: Option<&RunReport>,
    ) -> Result<bool, StoreError> {
        let mut query = Composed::<Bool>::new()
            .sql("UPDATE job_runs AS r SET state = ")
            .text(state.name())
            .sql(", state_at = ")
            .instant(state.instant());
        if let Some(report) = report {
            query = query.sql(", report = ").text(to_text(report)?);
        }
        let query = of_token(query, run).sql(" AND r.state = 'held' RETURNING true");
        let moved: Vec<bool> = self.change(query).await?;
        Ok(!moved.is_empty())
    }
}

/// The condition that a run was last held by this token.
fn of_token(query: Composed<Bool>, run: &HeldRun) -> Composed<Bool> {
    let query = query.sql(" WHERE r.job = ").text(run.job.as_str());
    let query = query.sql(" AND r.tick = ").instant(run.tick);
    query.sql(" AND r.token = ").uuid(run.token.0)
}

async fn claim_in_txn(
    conn: &mut AsyncPgConnection,
    claim: &RunClaim,
    at: Timestamp,
) -> Result<Claim, Failure> {
    let unfinished = Composed::<(RunColumns, Nullable<SqlUuid>)>::new()
        .sql(concat!(
            "SELECT ",
            run_columns!(),
            ", r.token FROM job_runs r WHERE r.state IN ('held', 'postponed') AND r.job = "
        ))
        .text(claim.job.as_str())
        .sql(" FOR UPDATE");
    let unfinished: Vec<(RunRow, Option<Uuid>)> = unfinished.load(conn).await?;
    if let Some((row, token)) = unfinished.into_iter().next() {
        return take_over_in_txn(conn, row.try_into()?, token, claim, at).await;
    }
    let run = JobRun::begun(claim, at);
    let inserted: Vec<bool> = insert(&run, Some(claim.token))?.load(conn).await?;
    if !inserted.is_empty() {
        return Ok(Claim::Granted(run));
    }
    // The run is over; or somebody claimed one of this job just now, and it is seen from here on.
    let held = Composed::<RunColumns>::new()
        .sql(concat!(
            "SELECT ",
            run_columns!(),
            " FROM job_runs r WHERE r.state IN ('held', 'postponed') AND r.job = "
        ))
        .text(claim.job.as_str());
    let held: Vec<RunRow> = held.load(conn).await?;
    let held = held.into_iter().next().map(JobRun::try_from).transpose()?;
    Ok(match held.map(|run| run.state) {
        Some(RunState::Held { until } | RunState::Postponed { until }) => Claim::Held { until },
        Some(RunState::Finished { .. }) | None => Claim::Finished,
    })
}

async fn take_over_in_txn(
    conn: &mut AsyncPgConnection,
    run: JobRun,
    token: Option<Uuid>,
    claim: &RunClaim,
    at: Timestamp,
) -> Result<Claim, Failure> {
    let claimed = run.claimed(claim, token == Some(claim.token.0), at);
    let Claim::Granted(run) = &claimed else {
        return Ok(claimed);
    };
    let taken = Composed::<()>::new()
        .sql("UPDATE job_runs AS r SET state = 'held', state_at = ")
        .instant(claim.until)
        .sql(", attempt = ")
        .number(run.attempt.into())
        .sql(", holder = ")
        .text(&run.holder)
        .sql(", started_at = ")
        .instant(run.started_at)
        .sql(", token = ")
        .uuid(claim.token.0)
        .sql(" WHERE r.job = ")
        .text(run.job.as_str())
        .sql(" AND r.tick = ")
        .instant(run.tick);
    taken.execute(conn).await?;
    Ok(claimed)
}

/// Writes a row where none stands in its way: at its place, or, where it is not over, of its job.
fn insert(run: &JobRun, token: Option<RunToken>) -> Result<Composed<Bool>, StoreError> {
    let query = Composed::new()
        .sql(
            "INSERT INTO job_runs (job, tick, attempt, holder, started_at, state, state_at, report, token) \
             VALUES (",
        )
        .text(run.job.as_str())
        .sql(", ")
        .instant(run.tick)
        .sql(", ")
        .number(run.attempt.into())
        .sql(", ")
        .text(&run.holder)
        .sql(", ")
        .instant(run.started_at)
        .sql(", ")
        .text(run.state.name())
        .sql(", ")
        .instant(run.state.instant())
        .sql(", ")
        .text(to_text(&run.report)?)
        .sql(", ");
    let query = match token {
        Some(token) => query.uuid(token.0),
        None => query.sql("NULL"),
    };
    Ok(query.sql(") ON CONFLICT DO NOTHING RETURNING true"))
}
