//! Statements that diesel keeps prepared although it would not keep its own of the kind.

use std::{marker::PhantomData, sync::Arc};

use diesel::{
    QueryResult,
    data_types::PgTimestamp,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use fiml_session_core::{SessionId, Timestamp};
use uuid::Uuid;

/// A statement put together from fixed pieces of text and bound values, whose rows have the SQL type `T`.
///
/// It is kept prepared by its text. Of diesel's own, `sql_query`, every `UPDATE` and every upsert are
/// prepared anew each time, which costs more than running them. Cloning it copies no column of values.
#[derive(Debug)]
pub(crate) struct Composed<T = ()> {
    parts: Vec<Part>,
    rows: PhantomData<fn() -> T>,
}

// By hand, because a derived one would ask for `T: Clone`.
impl<T> Clone for Composed<T> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            rows: PhantomData,
        }
    }
}

#[derive(Debug, Clone)]
enum Part {
    Sql(&'static str),
    Text(String),
    Number(i64),
    Instant(PgTimestamp),
    Uuid(Uuid),
    Blob(Arc<Vec<u8>>),
    Texts(Arc<Vec<String>>),
    MaybeTexts(Arc<Vec<Option<String>>>),
    Numbers(Arc<Vec<i64>>),
    Instants(Arc<Vec<PgTimestamp>>),
    Uuids(Arc<Vec<Uuid>>),
    Blobs(Arc<Vec<Vec<u8>>>),
}

impl<T> Composed<T> {
    pub(crate) const fn new() -> Self {
        Self {
            parts: Vec::new(),
            rows: PhantomData,
        }
    }

    pub(crate) fn sql(self, sql: &'static str) -> Self {
        self.with(Part::Sql(sql))
    }

    pub(crate) fn text(self, text: impl Into<String>) -> Self {
        self.with(Part::Text(text.into()))
    }

    pub(crate) fn number(self, number: i64) -> Self {
        self.with(Part::Number(number))
    }

    pub(crate) fn instant(self, instant: Timestamp) -> Self {
        self.with(Part::Instant(to_postgres(instant)))
    }

    pub(crate) fn id(self, id: SessionId) -> Self {
        self.uuid(id.uuid())
    }

    pub(crate) fn uuid(self, uuid: Uuid) -> Self {
        self.with(Part::Uuid(uuid))
    }

    pub(crate) fn blob(self, blob: Vec<u8>) -> Self {
        self.with(Part::Blob(Arc::new(blob)))
    }

    pub(crate) fn texts(self, texts: Vec<String>) -> Self {
        self.with(Part::Texts(Arc::new(texts)))
    }

    pub(crate) fn maybe_texts(self, texts: Vec<Option<String>>) -> Self {
        self.with(Part::MaybeTexts(Arc::new(texts)))
    }

    pub(crate) fn numbers(self, numbers: Vec<i64>) -> Self {
        self.with(Part::Numbers(Arc::new(numbers)))
    }

    pub(crate) fn instants(self, instants: impl IntoIterator<Item = Timestamp>) -> Self {
        let instants = instants.into_iter().map(to_postgres).collect();
        self.with(Part::Instants(Arc::new(instants)))
    }

    pub(crate) fn ids(self, ids: impl IntoIterator<Item = SessionId>) -> Self {
        let uuids = ids.into_iter().map(SessionId::uuid).collect();
        self.with(Part::Uuids(Arc::new(uuids)))
    }

    pub(crate) fn blobs(self, blobs: Vec<Vec<u8>>) -> Self {
        self.with(Part::Blobs(Arc::new(blobs)))
    }

    fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}

impl<T> QueryFragment<Pg> for Composed<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Part::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Part::Instant(instant) => out.push_bind_param::<Timestamptz, _>(instant)?,
                Part::Uuid(uuid) => out.push_bind_param::<SqlUuid, _>(uuid)?,
                Part::Blob(blob) => out.push_bind_param::<Binary, _>(&**blob)?,
                Part::Texts(texts) => out.push_bind_param::<Array<Text>, _>(&**texts)?,
                Part::MaybeTexts(texts) => {
                    out.push_bind_param::<Array<Nullable<Text>>, _>(&**texts)?;
                }
                Part::Numbers(numbers) => out.push_bind_param::<Array<BigInt>, _>(&**numbers)?,
                Part::Instants(all) => out.push_bind_param::<Array<Timestamptz>, _>(&**all)?,
                Part::Uuids(uuids) => out.push_bind_param::<Array<SqlUuid>, _>(&**uuids)?,
                Part::Blobs(blobs) => out.push_bind_param::<Array<Binary>, _>(&**blobs)?,
            }
        }
        Ok(())
    }
}

impl<T> QueryId for Composed<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Composed<T> {
    type SqlType = T;
}

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts its microseconds.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

const fn to_postgres(instant: Timestamp) -> PgTimestamp {
    // Every instant lies between 1970 and 9999, so nothing overflows.
    PgTimestamp(instant.micros() - POSTGRES_EPOCH)
}

pub(crate) const fn from_postgres(instant: PgTimestamp) -> Timestamp {
    Timestamp::from_micros(instant.0.saturating_add(POSTGRES_EPOCH))
}
