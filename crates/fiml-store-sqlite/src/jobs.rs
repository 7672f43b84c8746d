//! The runs of jobs.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    Timestamp,
    store::{
        Claim, HeldRun, JobName, JobRun, JobStore, RunClaim, RunOutcome, RunPage, RunReport,
        RunState, StoreError,
    },
};
use tracing::instrument;

use crate::{
    connect::SqliteStore,
    error::Failure,
    job_run::{RunRow, UNFINISHED, token_bytes},
    row::{limit as row_limit, to_json},
    schema::job_runs,
    sql::Composed,
};

/// Up to the instant before which runs are old; the newest of each job never is.
const OLD: &str = "DELETE FROM job_runs WHERE (job, tick) IN (SELECT r.job, r.tick FROM job_runs r \
     WHERE r.state NOT IN ('held', 'postponed') \
     AND EXISTS (SELECT 1 FROM job_runs n WHERE n.job = r.job AND n.tick > r.tick) AND r.tick < ";

#[async_trait]
impl JobStore for SqliteStore {
    #[instrument(level = "debug", skip_all, fields(job.name = %claim.job))]
    async fn claim_run(&self, claim: &RunClaim, at: Timestamp) -> Result<Claim, StoreError> {
        let claim = claim.clone();
        self.write(move |conn| claim_in_txn(conn, &claim, at)).await
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
        let (job, tick) = (run.job.to_string(), run.tick.micros());
        let token = token_bytes(run.token);
        self.read(move |conn| {
            let ended = job_runs::table
                .find((job, tick))
                .filter(job_runs::token.eq(token))
                .filter(job_runs::state.ne_all(UNFINISHED));
            Ok(diesel::select(diesel::dsl::exists(ended)).get_result(conn)?)
        })
        .await
    }

    #[instrument(level = "debug", skip_all, fields(job.name = %run.job))]
    async fn record_run(&self, run: &JobRun) -> Result<bool, StoreError> {
        if !run.state.is_finished() {
            return Ok(false);
        }
        let run = run.clone();
        self.write(move |conn| insert_in_txn(conn, &run, None))
            .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn list_runs(
        &self,
        job: Option<&JobName>,
        page: &RunPage,
    ) -> Result<Vec<JobRun>, StoreError> {
        let (job, page) = (job.cloned(), page.clone());
        self.read(move |conn| {
            let mut query = job_runs::table
                .select(RunRow::as_select())
                .order((job_runs::tick.desc(), job_runs::job.desc()))
                .limit(row_limit(page.limit.get()))
                .into_boxed();
            if let Some(job) = &job {
                query = query.filter(job_runs::job.eq(job.as_str()));
            }
            if let Some(after) = &page.after {
                let tick = after.tick.micros();
                let same = job_runs::tick
                    .eq(tick)
                    .and(job_runs::job.lt(after.job.as_str()));
                query = query.filter(job_runs::tick.lt(tick).or(same));
            }
            let rows: Vec<RunRow> = query.load(conn)?;
            let runs: Result<_, _> = rows.into_iter().map(JobRun::try_from).collect();
            Ok(runs?)
        })
        .await
    }

    #[instrument(level = "debug", skip_all)]
    async fn purge_runs(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.write(move |conn| {
            let purge = Composed::<()>::new(OLD)
                .number(before.micros())
                .sql(" ORDER BY r.tick, r.job LIMIT ")
                .number(row_limit(limit.get()))
                .sql(")");
            Ok(purge.execute(conn)? as u64)
        })
        .await
    }
}

impl SqliteStore {
    /// Moves a run to another state if it is held by this token.
    async fn move_held(
        &self,
        run: &HeldRun,
        state: RunState,
        report: Option<&RunReport>,
    ) -> Result<bool, StoreError> {
        let (job, tick) = (run.job.to_string(), run.tick.micros());
        let token = token_bytes(run.token);
        let report = report.map(to_json).transpose()?;
        self.write(move |conn| {
            let held = job_runs::table
                .find((&job, tick))
                .filter(job_runs::token.eq(&token))
                .filter(job_runs::state.eq("held"));
            let moved = diesel::update(held).set((
                job_runs::state.eq(state.name()),
                job_runs::state_at.eq(state.instant().micros()),
                report.as_ref().map(|report| job_runs::report.eq(report)),
            ));
            Ok(moved.execute(conn)? > 0)
        })
        .await
    }
}

fn claim_in_txn(
    conn: &mut SqliteConnection,
    claim: &RunClaim,
    at: Timestamp,
) -> Result<Claim, Failure> {
    let unfinished = job_runs::table
        .filter(job_runs::job.eq(claim.job.as_str()))
        .filter(job_runs::state.eq_any(UNFINISHED))
        .select((RunRow::as_select(), job_runs::token));
    let unfinished: Option<(RunRow, Option<Vec<u8>>)> = unfinished.first(conn).optional()?;
    if let Some((row, token)) = unfinished {
        return take_over_in_txn(conn, row, token.as_deref(), claim, at);
    }
    let run = JobRun::begun(claim, at);
    let is_new = insert_in_txn(conn, &run, Some(token_bytes(claim.token)))?;
    Ok(if is_new {
        Claim::Granted(run)
    } else {
        Claim::Finished
    })
}

fn take_over_in_txn(
    conn: &mut SqliteConnection,
    row: RunRow,
    token: Option<&[u8]>,
    claim: &RunClaim,
    at: Timestamp,
) -> Result<Claim, Failure> {
    let is_holder = token == Some(claim.token.0.as_bytes().as_slice());
    let claimed = JobRun::try_from(row)?.claimed(claim, is_holder, at);
    if let Claim::Granted(run) = &claimed {
        let place = job_runs::table.find((run.job.as_str(), run.tick.micros()));
        let taken = diesel::update(place).set((
            RunRow::try_from(run)?,
            job_runs::token.eq(token_bytes(claim.token)),
        ));
        taken.execute(conn)?;
    }
    Ok(claimed)
}

/// Writes a row where there is none at its place; true when it did.
fn insert_in_txn(
    conn: &mut SqliteConnection,
    run: &JobRun,
    token: Option<Vec<u8>>,
) -> Result<bool, Failure> {
    let row = RunRow::try_from(run)?;
    let place = job_runs::table.find((&row.job, row.tick));
    if diesel::select(diesel::dsl::exists(place)).get_result(conn)? {
        return Ok(false);
    }
    diesel::insert_into(job_runs::table)
        .values((row, job_runs::token.eq(token)))
        .execute(conn)?;
    Ok(true)
}
