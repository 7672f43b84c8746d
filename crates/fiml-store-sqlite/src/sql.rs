//! Statements that diesel keeps prepared although it would not keep its own of the kind.

use std::marker::PhantomData;

use diesel::{
    QueryResult,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    query_dsl::RunQueryDsl,
    sql_types::{BigInt, Binary, Text},
    sqlite::{Sqlite, SqliteConnection},
};

/// A statement put together from fixed pieces of text and bound values, whose rows have the SQL type `T`.
///
/// It is kept prepared by its text. Of diesel's own, `sql_query`, every `UPDATE` and every upsert are
/// prepared anew each time, which costs more than running them.
#[derive(Debug)]
pub(crate) struct Composed<T = ()> {
    parts: Vec<Part>,
    rows: PhantomData<fn() -> T>,
}

#[derive(Debug)]
enum Part {
    Sql(&'static str),
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
}

impl<T> Composed<T> {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self {
            parts: vec![Part::Sql(sql)],
            rows: PhantomData,
        }
    }

    pub(crate) fn sql(mut self, sql: &'static str) -> Self {
        self.parts.push(Part::Sql(sql));
        self
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.parts.push(Part::Number(number));
        self
    }

    pub(crate) fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.parts.push(Part::Bytes(bytes.into()));
        self
    }
}

impl<T> QueryFragment<Sqlite> for Composed<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Part::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Part::Bytes(bytes) => out.push_bind_param::<Binary, _>(bytes)?,
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

impl<T> RunQueryDsl<SqliteConnection> for Composed<T> {}
