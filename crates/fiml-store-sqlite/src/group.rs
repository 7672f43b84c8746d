//! Changes that share a transaction.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use diesel::{
    connection::{AnsiTransactionManager as Transactions, TransactionManager},
    result::Error as DriverError,
    sqlite::SqliteConnection,
};
use fiml_session_core::store::StoreError;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::{
    config::SqliteConfig,
    connect::open_to_write,
    error::{Complaint, ConnectError, Failure, driver, outcome_unknown, panicked, unavailable},
};

/// The thread is gone.
#[derive(Debug, Error)]
#[error("the writer has ended")]
pub(crate) struct Gone;

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    Done,
    /// It was refused before it wrote anything: there is nothing to undo.
    Refused,
    /// It may have written something, and the transaction may be lost.
    Failed,
}

/// One change that waits for its answer; it may be run again where what it did was undone.
pub(crate) trait Job: Send {
    /// Does the work. Work that meets an error gives it back, and work that refuses has not written.
    fn run(&mut self, conn: &mut SqliteConnection) -> Ran;

    /// Answers the caller, once it is known what became of the group.
    fn answer(self: Box<Self>, group: Result<(), &GroupFailure>);
}

pub(crate) struct Task<T, W> {
    work: W,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Task<T, W> {
    /// A piece of work, with the way to whoever waits for it.
    pub(crate) fn new(work: W) -> (Box<Self>, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        let task = Self {
            work,
            outcome: None,
            reply,
        };
        (Box::new(task), answer)
    }
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: Fn(&mut SqliteConnection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, conn: &mut SqliteConnection) -> Ran {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(conn)));
        let outcome = outcome.unwrap_or_else(|panic| Err(panicked(&*panic).into()));
        match self.outcome.insert(outcome.map_err(StoreError::from)) {
            Ok(_) => Ran::Done,
            Err(StoreError::Refused(_)) => Ran::Refused,
            Err(_) => Ran::Failed,
        }
    }

    fn answer(self: Box<Self>, group: Result<(), &GroupFailure>) {
        let answer = match (self.outcome, group) {
            // A refusal may rest on what another change of the group did, and that is undone.
            (Some(Ok(_) | Err(StoreError::Refused(_))) | None, Err(failure)) => {
                Err(failure.of_job())
            }
            (Some(outcome), _) => outcome,
            (None, Ok(())) => Err(unavailable(Gone)),
        };
        // A caller that no longer waits has given up on the answer, not on the change.
        drop(self.reply.send(answer));
    }
}

/// Why a whole group came to nothing; each of its callers is told.
#[derive(Debug, Clone)]
pub(crate) enum GroupFailure {
    /// The file could not be opened again.
    NotOpen(Arc<ConnectError>),
    /// The transaction did not begin, or was given up on the way.
    Broken(Arc<DriverError>),
    /// The transaction did not commit.
    Uncommitted(Arc<DriverError>),
}

impl GroupFailure {
    fn of_job(&self) -> StoreError {
        match self {
            Self::NotOpen(error) => unavailable(Arc::clone(error)),
            Self::Broken(error) => match Complaint::of(error) {
                // The changes of others were undone with the one that broke it: they may be repeated.
                Complaint::Other => unavailable(Arc::clone(error)),
                complaint => driver(complaint, Arc::clone(error)),
            },
            Self::Uncommitted(error) => match Complaint::of(error) {
                complaint @ (Complaint::Busy | Complaint::Full | Complaint::ReadOnly) => {
                    driver(complaint, Arc::clone(error))
                }
                // Part of it may lie in the log already.
                Complaint::Damaged | Complaint::NotADatabase | Complaint::Other => {
                    outcome_unknown(Arc::clone(error))
                }
            },
        }
    }
}

impl fmt::Display for GroupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOpen(error) => write!(f, "the file could not be opened again: {error}"),
            Self::Broken(error) => write!(f, "a transaction broke: {error}"),
            Self::Uncommitted(error) => write!(f, "a transaction did not commit: {error}"),
        }
    }
}

/// Runs the changes in one transaction, and commits it.
pub(crate) fn write_group(
    config: &SqliteConfig,
    conn: &mut Option<SqliteConnection>,
    group: &mut [Box<dyn Job>],
) -> Result<(), GroupFailure> {
    let conn = match conn {
        Some(conn) => conn,
        None => {
            let opened = open_to_write(config);
            conn.insert(opened.map_err(|error| GroupFailure::NotOpen(error.into()))?)
        }
    };
    let broken = |error: DriverError| GroupFailure::Broken(error.into());
    begin(conn, config.busy_timeout).map_err(broken)?;
    if group.iter_mut().any(|job| job.run(conn) == Ran::Failed) {
        // On some errors SQLite has given up the transaction by itself, and this fails.
        Transactions::rollback_transaction(conn).map_err(broken)?;
        begin(conn, config.busy_timeout).map_err(broken)?;
        for job in group {
            run_apart(conn, &mut **job).map_err(broken)?;
        }
    }
    let committed = Transactions::commit_transaction(conn);
    committed.map_err(|error| GroupFailure::Uncommitted(error.into()))
}

/// Runs a job so that what it did can be undone without the others; that takes a copy of every page it writes,
/// so it is for groups in which a job is known to fail.
fn run_apart(conn: &mut SqliteConnection, job: &mut dyn Job) -> Result<(), DriverError> {
    Transactions::begin_transaction(conn)?;
    match job.run(conn) {
        Ran::Done | Ran::Refused => Transactions::commit_transaction(conn),
        Ran::Failed => Transactions::rollback_transaction(conn),
    }
}

/// Takes the file's one right to write, in turn with other processes.
///
/// SQLite's own waiting looks up to a tenth of a second apart, and so starves beside a busy writer.
fn begin(conn: &mut SqliteConnection, wait: Duration) -> Result<(), DriverError> {
    let (started, mut pause) = (Instant::now(), Duration::from_micros(100));
    loop {
        match Transactions::begin_transaction_sql(conn, "BEGIN IMMEDIATE") {
            Err(error) if Complaint::of(&error) == Complaint::Busy && started.elapsed() < wait => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(1));
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::{
        RunQueryDsl, connection::SimpleConnection, result::DatabaseErrorKind, sql_types::BigInt,
    };
    use fiml_session_core::Refusal;

    use super::*;
    use crate::{connect::SqliteStore, sql::Composed};

    async fn store() -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig::new(folder.path().join("sessions.db"));
        let store = SqliteStore::connect(config).await.unwrap();
        (folder, store)
    }

    type Answer = oneshot::Receiver<Result<u8, StoreError>>;

    /// A task that buries the id `n`, and ends as told; with what its caller will hear.
    fn task(n: u8, end: fn() -> Result<u8, Failure>) -> (Box<dyn Job>, Answer) {
        let (task, answer) = Task::new(move |conn: &mut SqliteConnection| {
            conn.batch_execute(&format!("INSERT INTO tombstones VALUES (x'{n:02x}', {n})"))?;
            end()
        });
        (task, answer)
    }

    /// One that is refused.
    fn refused() -> (Box<dyn Job>, Answer) {
        let (task, answer) = Task::new(|_: &mut SqliteConnection| {
            let key = "k".to_owned();
            Err(StoreError::from(Refusal::IdempotencyConflict { key }).into())
        });
        (task, answer)
    }

    /// One in which SQLite gives up the transaction, as it does of itself where the disk is full.
    fn full() -> (Box<dyn Job>, Answer) {
        let (task, answer) = Task::new(|conn: &mut SqliteConnection| {
            conn.batch_execute("ROLLBACK")?;
            let full = Box::new("database or disk is full".to_owned());
            Err(DriverError::DatabaseError(DatabaseErrorKind::Unknown, full).into())
        });
        (task, answer)
    }

    fn buried(conn: &mut SqliteConnection) -> Vec<i64> {
        let rows = Composed::<BigInt>::new("SELECT since FROM tombstones ORDER BY since");
        rows.load(conn).unwrap()
    }

    fn write_all(config: &SqliteConfig, mut group: Vec<Box<dyn Job>>) -> Result<(), GroupFailure> {
        let done = write_group(config, &mut None, &mut group);
        for job in group {
            job.answer(done.as_ref().copied());
        }
        done
    }

    #[tokio::test]
    async fn a_job_that_is_refused_fails_or_panics_does_no_harm_to_the_others() {
        let (folder, _store) = store().await;
        let config = SqliteConfig::new(folder.path().join("sessions.db"));
        let (first, first_answer) = task(1, || Ok(1));
        let (bad, bad_answer) = refused();
        let (broken, broken_answer) = task(2, || Err(unavailable(Gone).into()));
        let (worse, worse_answer) = task(3, || panic!("a fault of ours"));
        let (last, last_answer) = task(4, || Ok(4));
        write_all(&config, vec![first, bad, broken, worse, last]).unwrap();
        assert_eq!(first_answer.await.unwrap().unwrap(), 1);
        let refusal = bad_answer.await.unwrap().unwrap_err();
        assert!(matches!(refusal, StoreError::Refused(_)), "{refusal:?}");
        let error = broken_answer.await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        let panic = worse_answer.await.unwrap().unwrap_err();
        assert!(matches!(panic, StoreError::Backend { .. }), "{panic:?}");
        assert_eq!(last_answer.await.unwrap().unwrap(), 4);
        let mut conn = open_to_write(&config).unwrap();
        assert_eq!(buried(&mut conn), [1, 4]);
    }

    #[tokio::test]
    async fn a_job_that_loses_the_transaction_undoes_the_whole_group_and_its_refusals() {
        let (folder, _store) = store().await;
        let config = SqliteConfig::new(folder.path().join("sessions.db"));
        let (first, first_answer) = task(1, || Ok(1));
        let (bad, bad_answer) = refused();
        let (lost, lost_answer) = full();
        let (last, last_answer) = task(3, || Ok(3));
        write_all(&config, vec![first, bad, lost, last]).unwrap_err();
        let error = lost_answer.await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        for answer in [first_answer, bad_answer, last_answer] {
            let error = answer.await.unwrap().unwrap_err();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        }
        let mut conn = open_to_write(&config).unwrap();
        assert_eq!(buried(&mut conn), [] as [i64; 0]);
    }

    #[tokio::test]
    async fn the_writer_goes_on_after_a_lost_transaction_and_after_a_panic() {
        let (_folder, store) = store().await;
        let lost = store
            .write(|conn| Ok(conn.batch_execute("ROLLBACK")?))
            .await;
        assert!(lost.is_err());
        let panic = store.write(|_| -> Result<(), Failure> { panic!("a fault of ours") });
        assert!(panic.await.is_err());
        let read = store.read(|_| -> Result<(), Failure> { panic!("a fault of ours") });
        assert!(read.await.is_err());
        let count = store
            .write(|conn| {
                conn.batch_execute("INSERT INTO tombstones VALUES (x'01', 1)")?;
                Ok(buried(conn).len())
            })
            .await;
        assert_eq!(count.unwrap(), 1);
        assert_eq!(store.read(|conn| Ok(buried(conn))).await.unwrap(), [1]);
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let (_folder, store) = store().await;
        let insert = "INSERT INTO tombstones VALUES (x'01', 1)";
        let error = store
            .read(move |conn| Ok(conn.batch_execute(insert)?))
            .await;
        assert!(
            matches!(error, Err(StoreError::Backend { .. })),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn a_commit_that_does_not_come_through_is_an_unknown_outcome_unless_it_is_certain() {
        let failure = |message: &str| {
            let kind = DatabaseErrorKind::Unknown;
            let error = DriverError::DatabaseError(kind, Box::new(message.to_owned()));
            GroupFailure::Uncommitted(error.into()).of_job()
        };
        let full = failure("database or disk is full");
        assert!(matches!(full, StoreError::Full { .. }), "{full:?}");
        let unknown = failure("disk I/O error");
        assert!(
            matches!(unknown, StoreError::OutcomeUnknown { .. }),
            "{unknown:?}"
        );
    }
}
