//! Runs work on a connection: in a task of its own, within its time, and again where that does no harm.

use std::time::Duration;

use deadpool::managed::{Object, Pool, PoolError};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, methods::LoadQuery};
use fiml_session_core::store::StoreError;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, timeout_at};

use crate::{
    connect::PgStore,
    connection::{Connector, milliseconds, statement_timeout},
    error::{Complaint, ConnectError, Failure, failed, no_connection, outcome_unknown, undone},
    sql::Composed,
};

/// How often work is tried that does no harm when it is tried again.
const ATTEMPTS: u32 = 4;

/// How a piece of work is run.
#[derive(Debug, Clone, Copy)]
struct Mode {
    within: Duration,
    /// How long the server may take until it shows that it is there: one that hangs keeps nobody for as long as
    /// work over many sessions may take.
    first_sign: Duration,
    around: Around,
    writes: bool,
}

/// What is put around the statements of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Each is a transaction of its own.
    Nothing,
    Transaction,
    /// A transaction only where the statement takes longer than a connection lets one, which costs two more
    /// round trips.
    TransactionIfSlow,
}

/// How many statements read one state.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Statements {
    One,
    Several,
}

/// What a piece of work comes to.
pub(crate) type Work<'c, T> = BoxFuture<'c, Result<T, Failure>>;

impl PgStore {
    /// The rows of a query that changes nothing.
    pub(crate) async fn load<T, R>(&self, query: Composed<T>) -> Result<Vec<R>, StoreError>
    where
        T: 'static,
        R: Send + 'static,
        Composed<T>: LoadQuery<'static, AsyncPgConnection, R>,
    {
        let within = self.connector().config.timeout;
        let mode = Mode {
            within,
            first_sign: within,
            around: Around::Nothing,
            writes: false,
        };
        self.run(mode, move |conn| load(conn, query.clone())).await
    }

    /// The rows of one statement that changes something.
    pub(crate) async fn change<T, R>(&self, query: Composed<T>) -> Result<Vec<R>, StoreError>
    where
        T: 'static,
        R: Send + 'static,
        Composed<T>: LoadQuery<'static, AsyncPgConnection, R>,
    {
        let within = self.connector().config.timeout;
        let mode = Mode {
            within,
            first_sign: within,
            around: Around::Nothing,
            writes: true,
        };
        self.run(mode, move |conn| load(conn, query.clone())).await
    }

    /// Runs work that changes something, in one transaction.
    pub(crate) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Send + Sync + 'static,
    {
        let within = self.connector().config.timeout;
        self.in_transaction(within, true, work).await
    }

    /// Runs work that changes many sessions, in one transaction.
    pub(crate) async fn write_batch<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Send + Sync + 'static,
    {
        let within = self.connector().config.batch_timeout;
        self.in_transaction(within, true, work).await
    }

    /// Runs work that reads one state with several statements.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Send + Sync + 'static,
    {
        let within = self.connector().config.timeout;
        self.in_transaction(within, false, work).await
    }

    /// Runs work that reads many sessions of one state.
    pub(crate) async fn read_batch<T, W>(&self, by: Statements, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Send + Sync + 'static,
    {
        let mode = Mode {
            within: self.connector().config.batch_timeout,
            first_sign: self.connector().config.timeout,
            around: match by {
                Statements::One => Around::TransactionIfSlow,
                Statements::Several => Around::Transaction,
            },
            writes: false,
        };
        self.run(mode, work).await
    }

    async fn in_transaction<T, W>(
        &self,
        within: Duration,
        writes: bool,
        work: W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Send + Sync + 'static,
    {
        let mode = Mode {
            within,
            first_sign: within,
            around: Around::Transaction,
            writes,
        };
        self.run(mode, work).await
    }

    async fn run<T, W>(&self, mut mode: Mode, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Send + Sync + 'static,
    {
        let store = self.clone();
        let task = tokio::spawn(async move {
            let deadline = Instant::now() + mode.within;
            // The server ends the wait too, or it would go on there for every call that gave up.
            let first_sign = deadline.min(Instant::now() + mode.first_sign);
            let left = || first_sign.saturating_duration_since(Instant::now());
            let opening = store.open_to_lock_within(|| statement_timeout(left()));
            match timeout_at(first_sign, opening).await {
                Ok(opened) => opened.map_err(|error| store.not_open(error))?,
                Err(elapsed) => return Err(undone(Complaint::Lost, elapsed)),
            }
            let mut attempts = 1;
            loop {
                match attempt(&store.pool, mode, deadline, &work).await {
                    Err(trouble) if trouble.may_pass && attempts < ATTEMPTS => attempts += 1,
                    Err(trouble)
                        if trouble.is_too_slow && mode.around == Around::TransactionIfSlow =>
                    {
                        mode.around = Around::Transaction;
                    }
                    Err(trouble) => return Err(trouble.error),
                    Ok(done) => return Ok(done),
                }
            }
        });
        // The task ends early where it panics, or where the runtime is shutting down.
        task.await.unwrap_or_else(|error| {
            Err(if mode.writes {
                outcome_unknown(error)
            } else {
                failed(error)
            })
        })
    }

    /// Says aloud, once, what does not pass by itself.
    fn not_open(&self, error: ConnectError) -> StoreError {
        let error = no_connection(error);
        if !error.is_transient() {
            self.complained.call_once(|| {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the archive cannot be opened");
            });
        }
        error
    }
}

fn load<'c, T, R>(conn: &'c mut AsyncPgConnection, query: Composed<T>) -> Work<'c, Vec<R>>
where
    T: 'static,
    R: Send + 'static,
    Composed<T>: LoadQuery<'static, AsyncPgConnection, R>,
{
    let rows = query.load(conn);
    async move { Ok(rows.await?) }.boxed()
}

/// Why an attempt came to nothing.
struct Trouble {
    error: StoreError,
    /// Nothing was done, and the same again may do better.
    may_pass: bool,
    /// The server ended a statement because it took too long.
    is_too_slow: bool,
}

async fn attempt<T, W>(
    pool: &Pool<Connector>,
    mode: Mode,
    deadline: Instant,
    work: &W,
) -> Result<T, Trouble>
where
    T: Send,
    W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Sync,
{
    let lasting = |error| Trouble {
        error,
        may_pass: false,
        is_too_slow: false,
    };
    let first_sign = || deadline.min(Instant::now() + mode.first_sign);
    let conn = match timeout_at(first_sign(), pool.get()).await {
        Ok(Ok(conn)) => conn,
        Ok(Err(PoolError::Backend(error))) => return Err(lasting(no_connection(error))),
        Ok(Err(error)) => return Err(lasting(undone(Complaint::Lost, error))),
        Err(elapsed) => return Err(lasting(undone(Complaint::Lost, elapsed))),
    };
    let mut conn = Checked {
        conn: Some(conn),
        may_be_done: false,
    };
    // Without a transaction of its own, a statement is ended by the server in less.
    let deadline = match mode.around {
        Around::Transaction => deadline,
        Around::Nothing | Around::TransactionIfSlow => first_sign(),
    };
    let done = timeout_at(deadline, conn.run(mode, first_sign(), work)).await;
    match done {
        Ok(Ok(done)) => {
            conn.keep();
            Ok(done)
        }
        Ok(Err(Failure::Store(error))) => Err(lasting(error)),
        Ok(Err(Failure::Driver(error))) => Err(conn.judge(error, deadline).await),
        Err(elapsed) if conn.may_be_done => Err(lasting(outcome_unknown(elapsed))),
        Err(elapsed) => Err(lasting(undone(Complaint::TooSlow, elapsed))),
    }
}

/// A connection that goes back to the pool only where it is said to be in order: after an error, a panic or
/// a time-out it is not trusted again, and closing it undoes its transaction.
struct Checked {
    conn: Option<Object<Connector>>,
    /// Whether something was sent that changes what is stored once it arrives; within a transaction only its
    /// end does.
    may_be_done: bool,
}

impl Checked {
    async fn run<T, W>(&mut self, mode: Mode, first_sign: Instant, work: &W) -> Result<T, Failure>
    where
        T: Send,
        W: for<'c> Fn(&'c mut AsyncPgConnection) -> Work<'c, T> + Sync,
    {
        let conn = self.conn.as_mut().expect("it is taken at the end only");
        if mode.around != Around::Transaction {
            self.may_be_done = mode.writes;
            return work(conn).await;
        }
        let within = milliseconds(statement_timeout(mode.within));
        // What is read is of one state, however many statements read it.
        let kind = if mode.writes {
            ""
        } else {
            " ISOLATION LEVEL REPEATABLE READ READ ONLY"
        };
        let begin = format!("BEGIN{kind}; SET LOCAL statement_timeout TO {within}");
        let begun = timeout_at(first_sign, conn.batch_execute(&begin)).await;
        begun.map_err(|elapsed| Failure::Store(undone(Complaint::TooSlow, elapsed)))??;
        let done = work(conn).await?;
        self.may_be_done = mode.writes;
        conn.batch_execute("COMMIT").await?;
        Ok(done)
    }

    async fn judge(&mut self, error: diesel::result::Error, deadline: Instant) -> Trouble {
        let mut complaint = Complaint::of(&error);
        // It may be the connection's end in words that we do not know; its end may come a moment later.
        if complaint == Complaint::Other && !self.answers(deadline).await {
            complaint = Complaint::Lost;
        }
        if complaint == Complaint::Lost && self.may_be_done {
            return Trouble {
                error: outcome_unknown(error),
                may_pass: false,
                is_too_slow: false,
            };
        }
        Trouble {
            error: undone(complaint, error),
            may_pass: matches!(complaint, Complaint::Conflict | Complaint::Lost),
            is_too_slow: complaint == Complaint::TooSlow,
        }
    }

    /// Whether the server still takes a statement, which may be of no words and in a failed transaction.
    async fn answers(&mut self, deadline: Instant) -> bool {
        let Some(conn) = &mut self.conn else {
            return false;
        };
        let answer = timeout_at(deadline, conn.batch_execute("")).await;
        matches!(answer, Ok(Ok(())))
    }

    fn keep(mut self) {
        drop(self.conn.take());
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            drop(Object::take(conn));
        }
    }
}
