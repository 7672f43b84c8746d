//! The one thread that writes: whatever waits shares one commit.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use diesel::sqlite::SqliteConnection;
use fiml_session_core::store::StoreError;
use tokio::sync::mpsc;

use crate::{
    config::SqliteConfig,
    error::{Failure, outcome_unknown, unavailable},
    group::{Gone, Job, Task, write_group},
};

/// How many changes may wait before callers wait to be let in.
const QUEUE: usize = 1_024;
/// How long a commit waits at most for those who shared the last one; about what it costs itself.
const GATHERING: Duration = Duration::from_micros(200);

/// The way to the thread; dropping it finishes what waits and ends the thread.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(config: Arc<SqliteConfig>, conn: SqliteConnection) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name("fiml-sqlite-writer".to_owned());
        let thread = thread.spawn(move || run(&config, conn, jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    pub(crate) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        let (task, answer) = Task::new(work);
        let Some(queue) = &self.queue else {
            return Err(unavailable(Gone));
        };
        queue.send(task).await.map_err(|_| unavailable(Gone))?;
        answer.await.map_err(outcome_unknown)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends once nobody can send and nothing waits.
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of the data file panicked");
        }
    }
}

fn run(config: &SqliteConfig, conn: SqliteConnection, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut conn = Some(conn);
    let mut companions = 1;
    while let Some(first) = jobs.blocking_recv() {
        let limit = config.group_limit.get();
        let mut group = gather(first, &mut jobs, limit, companions.min(limit));
        companions = group.len();
        let done = write_group(config, &mut conn, &mut group);
        if let Err(failure) = &done {
            tracing::warn!(jobs = group.len(), "{failure}");
            // Whatever state it was left in: the next group begins with a fresh one.
            conn = None;
        }
        for job in group {
            job.answer(done.as_ref().copied());
        }
    }
}

/// The job with all that wait, up to a limit; while fewer come than last time, it waits a moment for them.
///
/// Whoever was answered together asks again together, but the first to do so must not be committed alone.
fn gather(
    first: Box<dyn Job>,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    limit: usize,
    expected: usize,
) -> Vec<Box<dyn Job>> {
    let mut group = vec![first];
    let started = Instant::now();
    while group.len() < limit {
        match jobs.try_recv() {
            Ok(job) => group.push(job),
            Err(_) if group.len() < expected && started.elapsed() < GATHERING => {
                thread::yield_now();
            }
            Err(_) => break,
        }
    }
    group
}
