//! A connection, to one server or to a cluster, that outlives outages.

use std::{sync::Arc, time::Duration};

use fiml_session_core::{SessionId, store::StoreError};
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use redis::{
    Cmd, FromRedisValue, RedisError, RedisResult, Value,
    cluster_async::ClusterConnection,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo},
};
use tokio::time::{Instant, error::Elapsed, sleep, timeout_at};

use crate::{
    departures::Departures,
    error::{Complaint, Effect, driver, timed_out},
    script::{Operands, Script},
    single::Single,
};

/// How long a call waits before it asks again for keys that are on their way to another node.
const REDIRECT_PAUSE: Duration = Duration::from_millis(20);

/// When a call ends whose time-out reaches beyond what the clock can tell.
const FAR_AWAY: Duration = Duration::from_hours(24 * 365 * 30);

/// How many reads of one call are under way at once.
const AT_ONCE: usize = 256;

/// A connection that many calls share at once.
#[derive(Clone)]
pub(crate) enum Link {
    Single(Single),
    /// Made without retries of its own: it would repeat a change whose connection broke.
    Cluster(ClusterConnection),
}

/// By when a call ends, and how long that was at first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    after: Duration,
}

impl Deadline {
    pub(crate) fn after(after: Duration) -> Self {
        let now = Instant::now();
        let at = now.checked_add(after).unwrap_or_else(|| now + FAR_AWAY);
        Self { at, after }
    }

    pub(crate) fn has_passed(self) -> bool {
        Instant::now() >= self.at
    }
}

/// What is asked, of which session, whether it changes anything, and by when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) effect: Effect,
    pub(crate) id: Option<SessionId>,
    pub(crate) deadline: Deadline,
}

impl Call {
    /// A read of a session within the time of this call.
    pub(crate) fn reading(self, id: SessionId) -> Self {
        let (effect, id) = (Effect::Reads, Some(id));
        Self { effect, id, ..self }
    }

    /// A change of a session within the time of this call.
    pub(crate) fn changing(self, id: SessionId) -> Self {
        let (effect, id) = (Effect::Changes, Some(id));
        Self { effect, id, ..self }
    }
}

impl Link {
    /// The answer to one command.
    pub(crate) async fn command<T: FromRedisValue>(
        &self,
        call: Call,
        command: &Cmd,
    ) -> Result<T, StoreError> {
        let answered = self.ask(call, command).await?;
        answered.map_err(|error| self.failed(call, error))
    }

    /// The answers to reads that are independent of each other, in their order; each may be about a session.
    pub(crate) async fn reads<T: FromRedisValue + Send>(
        &self,
        call: Call,
        requests: Vec<(Option<SessionId>, Cmd)>,
    ) -> Result<Vec<T>, StoreError> {
        let answers = self.reads_where_readable(call, requests).await?;
        answers.into_iter().collect()
    }

    /// As [`Link::reads`], where what is `Corrupt` is the answer to its own read alone.
    pub(crate) async fn reads_where_readable<T: FromRedisValue + Send>(
        &self,
        call: Call,
        requests: Vec<(Option<SessionId>, Cmd)>,
    ) -> Result<Vec<Result<T, StoreError>>, StoreError> {
        let Self::Single(link) = self else {
            let reads = stream::iter(requests).map(|(id, command)| async move {
                let call = Call { id, ..call };
                unless_corrupt(self.command(call, &command).await)
            });
            return reads.buffered(AT_ONCE).try_collect().await;
        };
        // One server takes them in one piece, at a third of the cost of one by one.
        let pieces = requests.chunks(AT_ONCE);
        let pieces = pieces.map(|some| read_in_one::<T>(link, call, some));
        let pieces = try_join_all(pieces).await?;
        let mut answers = Vec::with_capacity(requests.len());
        for (some, answered) in requests.chunks(AT_ONCE).zip(pieces) {
            for ((id, _), answer) in some.iter().zip(answered) {
                let call = Call { id: *id, ..call };
                let answer = answer.map_err(|error| self.failed(call, error));
                answers.push(unless_corrupt(answer)?);
            }
        }
        Ok(answers)
    }

    /// The answer of a script, which is made known to the server where it is not.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        call: Call,
        script: &Script,
        operands: &Operands,
    ) -> Result<T, StoreError> {
        let by_hash = script.by_hash(operands);
        let answered = self.ask(call, &by_hash).await?;
        match answered {
            Err(error) if Complaint::of(&error) == Complaint::NoScript => {
                self.command(call, &script.by_text(operands)).await
            }
            answered => answered.map_err(|error| self.failed(call, error)),
        }
    }

    /// The answers of every primary to a command, with their addresses on a cluster.
    pub(crate) async fn every_primary(
        &self,
        call: Call,
        command: &Cmd,
    ) -> Result<Vec<(Option<String>, Value)>, StoreError> {
        let Self::Cluster(link) = self else {
            let answered = self.command(call, command).await?;
            return Ok(vec![(None, answered)]);
        };
        let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let mut link = link.clone();
        let Deadline { at, after } = call.deadline;
        let asked = timeout_at(at, link.route_command(command.clone(), everywhere)).await;
        let answered = asked.map_err(|_| timed_out(call.effect, after))?;
        let failed = |error| self.failed(call, error);
        let answers: Vec<(String, Value)> = answered
            .and_then(|answers| Ok(redis::from_redis_value(answers)?))
            .map_err(failed)?;
        let answers = answers.into_iter();
        Ok(answers
            .map(|(address, answer)| (Some(address), answer))
            .collect())
    }

    /// Asks until there is an answer that is not about where the keys are, or no time is left.
    async fn ask<T: FromRedisValue>(
        &self,
        call: Call,
        command: &Cmd,
    ) -> Result<RedisResult<T>, StoreError> {
        let Deadline { at, after } = call.deadline;
        let mut repeated = false;
        loop {
            let answered = self.unless_silent(at, command).await;
            let Some(answered) = answered else {
                return Err(timed_out(call.effect, after));
            };
            let complaint = answered.as_ref().err().map(Complaint::of);
            match complaint {
                Some(Complaint::Redirected) if Instant::now() + REDIRECT_PAUSE < at => {
                    sleep(REDIRECT_PAUSE).await;
                }
                Some(complaint) if !repeated && self.is_of_old(call, complaint) => {
                    repeated = true;
                }
                _ => return Ok(answered),
            }
        }
    }

    /// Whether a complaint may be about the past, and the call can be repeated without harm.
    ///
    /// A connection that broke while nobody used it tells the first who does; so does one that was to be made
    /// anew, in vain, while the server was away.
    fn is_of_old(&self, call: Call, complaint: Complaint) -> bool {
        match self.in_truth(complaint) {
            Complaint::Broken => call.effect == Effect::Reads,
            complaint => complaint == Complaint::NotSent,
        }
    }

    const fn in_truth(&self, complaint: Complaint) -> Complaint {
        match self {
            Self::Single(_) => complaint,
            Self::Cluster(_) => complaint.on_cluster(),
        }
    }

    /// The store's error for what the driver says of a call.
    fn failed(&self, call: Call, error: RedisError) -> StoreError {
        let complaint = self.in_truth(Complaint::of(&error));
        driver(call.effect, call.id, complaint, error)
    }

    /// The answer to one command, or none where it does not come in time.
    async fn unless_silent<T: FromRedisValue>(
        &self,
        at: Instant,
        command: &Cmd,
    ) -> Option<RedisResult<T>> {
        match self {
            Self::Single(single) => {
                let link = single.current();
                let answered = timeout_at(at, link.answer(command.clone())).await;
                let answered = heard(single, &link, answered)?;
                Some(read(answered))
            }
            Self::Cluster(link) => {
                let mut shared = link.clone();
                let answered = timeout_at(at, command.query_async(&mut shared)).await;
                answered.ok()
            }
        }
    }
}

/// The answer, unless the time was over; then the connection is given up, whoever kept the time.
fn heard<T>(
    single: &Single,
    link: &Arc<Departures>,
    answered: Result<RedisResult<T>, Elapsed>,
) -> Option<RedisResult<T>> {
    let is_silent = match &answered {
        Err(_) => true,
        Ok(answered) => answered.as_ref().is_err_and(RedisError::is_timeout),
    };
    if is_silent {
        single.give_up(link);
    }
    answered.ok()
}

fn unless_corrupt<T>(answer: Result<T, StoreError>) -> Result<Result<T, StoreError>, StoreError> {
    match answer {
        Err(error) if !matches!(error, StoreError::Corrupt { .. }) => Err(error),
        answer => Ok(answer),
    }
}

async fn read_in_one<T: FromRedisValue>(
    single: &Single,
    call: Call,
    requests: &[(Option<SessionId>, Cmd)],
) -> Result<Vec<RedisResult<T>>, StoreError> {
    let Deadline { at, after } = call.deadline;
    let mut repeated = false;
    loop {
        let link = single.current();
        let commands = requests.iter().map(|(_, command)| command.clone());
        let asked = timeout_at(at, link.answers(commands.collect())).await;
        let asked = heard(single, &link, asked);
        match asked.ok_or_else(|| timed_out(call.effect, after))? {
            Err(error)
                if !repeated
                    && matches!(
                        Complaint::of(&error),
                        Complaint::Broken | Complaint::NotSent
                    ) =>
            {
                repeated = true;
            }
            Err(error) => {
                return Err(driver(call.effect, call.id, Complaint::of(&error), error));
            }
            Ok(answers) => return Ok(answers.into_iter().map(read).collect()),
        }
    }
}

/// What the server said, as what was asked for.
fn read<T: FromRedisValue>(answer: RedisResult<Value>) -> RedisResult<T> {
    Ok(redis::from_redis_value(answer?.extract_error()?)?)
}
