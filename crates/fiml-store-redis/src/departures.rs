//! A connection on which commands that are ready at the same moment leave in one piece.

use redis::{Cmd, RedisError, RedisResult, Value, aio::ConnectionManager};
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};

/// How many commands leave in one piece at most; none is answered before the last of its piece.
///
/// Few enough that the server can work on one piece while the callers of another do; what is best has not been
/// measured on a quiet machine yet.
const AT_ONCE: usize = 16;
/// How many commands may wait before callers wait to be let in.
const QUEUE: usize = 1_024;

/// The way to the connection; it is closed once nobody has this any more.
pub(crate) struct Departures {
    queue: mpsc::Sender<Waiting>,
    connection: ConnectionManager,
}

/// A command whose caller waits.
struct Waiting {
    command: Cmd,
    reply: oneshot::Sender<RedisResult<Value>>,
}

impl Departures {
    pub(crate) fn from(connection: ConnectionManager) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(depart(connection.clone(), waiting));
        Self { queue, connection }
    }

    /// The answer to a command; a caller that goes away gives up the answer, not the command.
    pub(crate) async fn answer(&self, command: Cmd) -> RedisResult<Value> {
        let (reply, answer) = oneshot::channel();
        let gone = || RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        let waiting = Waiting { command, reply };
        self.queue.send(waiting).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The connection itself, for what is one piece already.
    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }
}

/// Sends what waits, again and again.
///
/// Callers that were answered together ask again together. The driver would write the command of the first
/// before the others have come to theirs; each would cost both sides a system call of its own.
async fn depart(connection: ConnectionManager, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.recv().await {
        yield_now().await;
        let mut batch = vec![first];
        while batch.len() < AT_ONCE
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        tokio::spawn(send(connection.clone(), batch));
    }
}

async fn send(mut connection: ConnectionManager, batch: Vec<Waiting>) {
    let mut piece = redis::pipe();
    piece.ignore_errors();
    let mut replies = Vec::with_capacity(batch.len());
    for Waiting { command, reply } in batch {
        piece.add_command(command);
        replies.push(reply);
    }
    let answered: RedisResult<Vec<RedisResult<Value>>> = piece.query_async(&mut connection).await;
    // A caller that no longer waits has no use for its answer.
    match answered {
        Ok(answers) => {
            for (reply, answer) in replies.into_iter().zip(answers) {
                drop(reply.send(answer));
            }
        }
        Err(error) => {
            for reply in replies {
                drop(reply.send(Err(error.clone())));
            }
        }
    }
}
