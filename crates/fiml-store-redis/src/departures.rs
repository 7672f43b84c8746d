//! A connection on which commands that are ready at the same moment leave in one piece.

use redis::{Cmd, RedisError, RedisResult, Value, aio::ConnectionManager};
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};

/// From how many commands on a piece leaves; none is answered before the last of its piece.
///
/// Few enough that the server can work on one piece while the callers of another do: 32 callers got through more
/// than with 4 or 8, and with 64 no more.
const AT_ONCE: usize = 16;
/// How many callers may wait before others wait to be let in.
const QUEUE: usize = 1_024;

/// What each of some commands was answered.
type Answers = Vec<RedisResult<Value>>;

/// The way to the connection; it is closed once nobody has this any more.
pub(crate) struct Departures {
    queue: mpsc::Sender<Waiting>,
}

/// Commands whose caller waits; they leave together.
struct Waiting {
    commands: Vec<Cmd>,
    reply: oneshot::Sender<RedisResult<Answers>>,
}

impl Departures {
    pub(crate) fn from(connection: ConnectionManager) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(depart(connection, waiting));
        Self { queue }
    }

    /// The answer to a command.
    pub(crate) async fn answer(&self, command: Cmd) -> RedisResult<Value> {
        let answers = self.answers(vec![command]).await?;
        answers.into_iter().next().unwrap_or_else(|| Err(gone()))
    }

    /// The answers to commands, in their order; a caller that goes away gives them up, and takes back the
    /// commands if they have not left yet.
    pub(crate) async fn answers(&self, commands: Vec<Cmd>) -> RedisResult<Answers> {
        let (reply, answers) = oneshot::channel();
        let waiting = Waiting { commands, reply };
        self.queue.send(waiting).await.map_err(|_| gone())?;
        answers.await.map_err(|_| gone())?
    }
}

fn gone() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()
}

/// Sends what waits, again and again.
///
/// Callers that were answered together ask again together. The driver would write the command of the first
/// before the others have come to theirs; each would cost both sides a system call of its own.
async fn depart(connection: ConnectionManager, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.recv().await {
        yield_now().await;
        let mut size = first.commands.len();
        let mut piece = vec![first];
        while size < AT_ONCE
            && let Ok(next) = waiting.try_recv()
        {
            size += next.commands.len();
            piece.push(next);
        }
        // Not to be sent is better than to be sent after the caller was told that nothing is known of it.
        piece.retain(|waiting| !waiting.reply.is_closed());
        if !piece.is_empty() {
            tokio::spawn(send(connection.clone(), piece));
        }
    }
}

async fn send(mut connection: ConnectionManager, piece: Vec<Waiting>) {
    let mut pipe = redis::pipe();
    pipe.ignore_errors();
    let mut replies = Vec::with_capacity(piece.len());
    for Waiting { commands, reply } in piece {
        replies.push((commands.len(), reply));
        for command in commands {
            pipe.add_command(command);
        }
    }
    let answered: RedisResult<Answers> = pipe.query_async(&mut connection).await;
    // A caller that no longer waits has no use for its answers.
    match answered {
        Ok(answers) => {
            let mut answers = answers.into_iter();
            for (count, reply) in replies {
                drop(reply.send(Ok(answers.by_ref().take(count).collect())));
            }
        }
        Err(error) => {
            for (_, reply) in replies {
                drop(reply.send(Err(error.clone())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use fiml_testkit::servers::shared_redis;
    use redis::{Client, cmd};

    use super::*;

    async fn departures() -> Departures {
        let client = Client::open(shared_redis().url()).unwrap();
        let connection = ConnectionManager::new(client).await.unwrap();
        Departures::from(connection)
    }

    fn command(name: &str, operands: &[&str]) -> Cmd {
        let mut command = cmd(name);
        command.arg(operands);
        command
    }

    fn text(answer: &RedisResult<Value>) -> String {
        match answer {
            Ok(Value::BulkString(bytes)) => String::from_utf8(bytes.clone()).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn whoever_leaves_together_gets_the_answers_to_what_was_asked() {
        let departures = departures().await;
        let keys = ["left:a", "left:b", "left:c", "left:d"];
        let [a, b, c, d] = keys;
        let set = keys.iter().map(|key| command("SET", &[key, key]));
        departures.answers(set.collect()).await.unwrap();
        let get = |key| command("GET", &[key]);
        let (first, several, last) = tokio::join!(
            departures.answer(get(a)),
            departures.answers(vec![get(b), command("LPUSH", &[b, "x"]), get(c)]),
            departures.answer(get(d)),
        );
        assert_eq!((text(&first), text(&last)), (a.to_owned(), d.to_owned()));
        let several = several.unwrap();
        assert_eq!(several.len(), 3);
        assert_eq!(
            (text(&several[0]), text(&several[2])),
            (b.to_owned(), c.to_owned())
        );
        assert!(text(&several[1]).contains("WRONGTYPE"), "{:?}", several[1]);
    }

    #[tokio::test]
    async fn a_command_is_taken_back_while_it_has_not_left() {
        let departures = departures().await;
        let key = "taken:back";
        // Nothing else runs on this thread between the two.
        tokio::select! {
            biased;
            answer = departures.answer(command("INCR", &[key])) => panic!("{answer:?} at once"),
            () = std::future::ready(()) => {}
        }
        let found = departures.answer(command("GET", &[key])).await;
        assert_eq!(found.unwrap(), Value::Nil);
    }
}
