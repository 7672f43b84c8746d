//! Reads sessions, each from one state.

use fiml_session_core::{
    AnalysisHistory, Entry, RecentQuery, RememberedAnswer, Session, SessionHeader, SessionId,
    SessionOverview, SessionSnapshot, SessionState, StateMap,
    store::{BoxError, Scope, StoreError},
};
use futures_util::future::try_join;
use redis::{Cmd, FromRedisValue, Value, cmd};

use crate::{
    answer,
    bytes::Reader,
    change::scope_argument,
    error::corrupt,
    header::{self, FIELDS, Found},
    insert::ENTRY_FORMAT,
    item,
    keys::Part,
    link::{Call, Link},
    script::{Operands, READ},
    store::RedisStore,
};

/// Fields with their values.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// What a script found of a session.
type Parts = (Found, Vec<Vec<u8>>, Pairs, Pairs, Vec<Vec<u8>>);

/// How much of a session is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Header,
    Queries,
    Session,
    Snapshot,
}

impl Extent {
    /// The last of the keys that it takes.
    const fn last_part(self) -> Part {
        match self {
            Self::Header => Part::Header,
            Self::Queries => Part::Queries,
            Self::Session | Self::Snapshot => Part::Entries,
        }
    }
}

impl RedisStore {
    /// The header of a session; none where there is none.
    pub(crate) async fn header(
        &self,
        call: Call,
        id: SessionId,
    ) -> Result<Option<SessionHeader>, StoreError> {
        let found: Found = self.command(call, &self.fields(id)).await?;
        header::decode(id, &found)
    }

    /// Asks for what a header is read from.
    fn fields(&self, id: SessionId) -> Cmd {
        let mut read = cmd("HMGET");
        read.arg(self.keys.of(id, Part::Header)).arg(&FIELDS);
        read
    }

    /// Reads the header and the last queries beside it, without the script, which would cost the server twice
    /// as much. Where the two are not of one state, or damaged, the script reads both.
    pub(crate) async fn load_overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        let call = self.reads(Some(id));
        let (header, recent_queries) = match self.header_and_last(call, id, recent).await {
            Err(StoreError::Corrupt { .. }) => {
                return self.overview_at_once(call, scope, id, recent).await;
            }
            read => read?,
        };
        let Some(header) = header.filter(|header| scope.covers(header.user_id.as_ref())) else {
            return Ok(None);
        };
        let wanted = header.total_queries.min(recent as u64);
        let newest = recent_queries.first().map(|query| query.seq);
        if recent_queries.len() as u64 != wanted
            || newest.is_some_and(|seq| seq != header.total_queries)
        {
            return self.overview_at_once(call, scope, id, recent).await;
        }
        Ok(Some(SessionOverview {
            header,
            is_archived: false,
            recent_queries,
        }))
    }

    /// The header of a session beside its last queries, the newest first.
    async fn header_and_last(
        &self,
        call: Call,
        id: SessionId,
        recent: usize,
    ) -> Result<(Option<SessionHeader>, Vec<RecentQuery>), StoreError> {
        let mut asked = vec![(Some(id), self.fields(id))];
        if recent > 0 {
            let mut read = cmd("LRANGE");
            let key = self.keys.of(id, Part::Queries);
            read.arg(key).arg(first_of_last(recent)).arg(-1);
            asked.push((Some(id), read));
        }
        let mut answers = self.link.reads::<Value>(call, asked).await?.into_iter();
        let fields = header::decode(id, &found(id, answers.next())?)?;
        let items: Vec<Vec<u8>> = match answers.next() {
            None => Vec::new(),
            items => found(id, items)?,
        };
        Ok((fields, newest_first(id, &items)?))
    }

    async fn overview_at_once(
        &self,
        call: Call,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        let (extent, first) = match recent {
            0 => (Extent::Header, Vec::new()),
            _ => (Extent::Queries, first_of_last(recent).into_bytes()),
        };
        let found = self
            .read((&self.link, call), scope, id, extent, first)
            .await?;
        let Some((header, (_, items, ..))) = found else {
            return Ok(None);
        };
        Ok(Some(SessionOverview {
            header,
            is_archived: false,
            recent_queries: newest_first(id, &items)?,
        }))
    }

    pub(crate) async fn load_session(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let found = self.read_whole(scope, id, Extent::Session).await?;
        let found = found.map(|(header, parts)| session(header, &parts.1, parts.2));
        found.transpose()
    }

    pub(crate) async fn load_snapshot(
        &self,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        let found = self.read_whole(&Scope::All, id, Extent::Snapshot).await?;
        let Some((header, (_, items, entries, answers, order))) = found else {
            return Ok(None);
        };
        Ok(Some(SessionSnapshot {
            session: session(header, &items, entries)?,
            answers: in_order(id, answers, &order)?,
        }))
    }

    /// Reads all queries beside the rest, not in the script with it, where each would cost five times as much.
    ///
    /// The list only grows, so its beginning is what it was when the rest was read; where it is shorter than
    /// the header says, the script reads everything. Nothing is read of a session that is not in scope.
    async fn read_whole(
        &self,
        scope: &Scope,
        id: SessionId,
        extent: Extent,
    ) -> Result<Option<(SessionHeader, Parts)>, StoreError> {
        let (link, call) = (self.full_read(), self.reads(Some(id)));
        let mut list = cmd("LRANGE");
        list.arg(self.keys.of(id, Part::Queries)).arg(0).arg(-1);
        let rest = self.read((link, call), scope, id, extent, Vec::new());
        let queries = link.command(call, &list);
        let (rest, queries): (_, Vec<Vec<u8>>) = if *scope == Scope::All {
            try_join(rest, queries).await?
        } else {
            match rest.await? {
                None => return Ok(None),
                found => (found, queries.await?),
            }
        };
        let Some((header, mut parts)) = rest else {
            return Ok(None);
        };
        match usize::try_from(header.total_queries) {
            Ok(count) if queries.len() >= count => {
                parts.1 = queries;
                parts.1.truncate(count);
                Ok(Some((header, parts)))
            }
            _ => {
                let all = b"0".to_vec();
                self.read((link, call), scope, id, extent, all).await
            }
        }
    }

    async fn read(
        &self,
        (link, call): (&Link, Call),
        scope: &Scope,
        id: SessionId,
        extent: Extent,
        first_query: Vec<u8>,
    ) -> Result<Option<(SessionHeader, Parts)>, StoreError> {
        let flag = |least| {
            if extent >= least {
                b"1".to_vec()
            } else {
                Vec::new()
            }
        };
        let operands = Operands {
            keys: self.keys.up_to(id, extent.last_part()),
            arguments: vec![
                scope_argument(scope),
                first_query,
                flag(Extent::Session),
                flag(Extent::Snapshot),
            ],
        };
        let found: Option<Parts> = link.script(call, &READ, &operands).await?;
        let Some(parts) = found else {
            return Ok(None);
        };
        let header = header::decode(id, &parts.0)?;
        Ok(header.map(|header| (header, parts)))
    }
}

/// What an answer holds.
fn found<T: FromRedisValue>(id: SessionId, answer: Option<Value>) -> Result<T, StoreError> {
    redis::from_redis_value(answer.unwrap_or(Value::Nil))
        .map_err(|source| corrupt(Some(id), source))
}

/// The place of the first of the last so many, counted from the end where that can be told.
fn first_of_last(count: usize) -> String {
    i64::try_from(count).map_or_else(|_| "0".to_owned(), |count| format!("-{count}"))
}

fn newest_first(id: SessionId, items: &[Vec<u8>]) -> Result<Vec<RecentQuery>, StoreError> {
    let queries = items
        .iter()
        .rev()
        .map(|bytes| item::decode_recent(id, bytes));
    queries.collect()
}

fn session(
    header: SessionHeader,
    items: &[Vec<u8>],
    entries: Pairs,
) -> Result<Session, StoreError> {
    let id = header.id;
    let queries = items.iter().map(|bytes| item::decode(id, bytes));
    let queries = queries.collect::<Result<_, _>>()?;
    let mut state = SessionState::default();
    state.history = AnalysisHistory::from_stored(queries, header.total_queries, header.cache_hits);
    for (field, value) in entries {
        put_entry(&mut state, &field, &value).map_err(|source| corrupt(Some(id), source))?;
    }
    Ok(header.into_session(state))
}

fn put_entry(state: &mut SessionState, field: &[u8], value: &[u8]) -> Result<(), BoxError> {
    let (&map, key) = field.split_first().ok_or("an entry has no key")?;
    let map = StateMap::ALL.get(usize::from(map.wrapping_sub(b'0')));
    let map = *map.ok_or("an entry is of no map")?;
    let mut reader = Reader(value);
    reader.expect_format(ENTRY_FORMAT)?;
    let version = reader.fixed(6)?;
    let value = serde_json::from_slice(reader.0)?;
    let key = std::str::from_utf8(key)?.to_owned();
    state.entries_mut(map).insert(key, Entry { value, version });
    Ok(())
}

/// The answers, oldest first.
fn in_order(
    id: SessionId,
    answers: Pairs,
    order: &[Vec<u8>],
) -> Result<Vec<RememberedAnswer>, StoreError> {
    let answers: std::collections::HashMap<_, _> = answers.into_iter().collect();
    let held = order.iter().filter_map(|field| {
        let answer = answers.get(field)?;
        Some(answer::decode(id, field, answer))
    });
    held.collect()
}
