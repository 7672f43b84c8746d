//! Writes a whole session, and the pieces that an append shares with it.

use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    RememberedAnswer, SessionHeader, SessionSnapshot, StateMap, store::StoreError,
};

use crate::{
    error::{Failure, is_duplicate},
    row::{HeaderRow, LabelKind, Tally, counted, id_bytes, labels, limit, number, tally, to_json},
    schema::{answers, entries, queries, session_labels, sessions},
    sql::Composed,
};

/// A session as rows; made beside the writer, because it may be large.
pub(crate) struct NewSession {
    header: SessionHeader,
    row: HeaderRow,
    queries: Vec<String>,
    tally: Tally,
    entries: Vec<NewEntry>,
    answers: Vec<NewAnswer>,
}

/// An entry of a map as a row.
#[derive(Insertable)]
#[diesel(table_name = entries)]
pub(crate) struct NewEntry {
    #[diesel(column_name = map)]
    pub(crate) map: &'static str,
    pub(crate) key: String,
    pub(crate) version: i64,
    pub(crate) bytes: i64,
    pub(crate) value: String,
}

impl NewEntry {
    pub(crate) fn new(
        map: StateMap,
        key: &str,
        version: u64,
        value: String,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            map: map.name(),
            key: key.to_owned(),
            version: number(version)?,
            bytes: number((key.len() + value.len()) as u64)?,
            value,
        })
    }
}

/// A remembered answer as a row.
#[derive(Insertable)]
#[diesel(table_name = answers)]
pub(crate) struct NewAnswer {
    key: String,
    given_at: i64,
    answer: String,
}

impl TryFrom<&RememberedAnswer> for NewAnswer {
    type Error = StoreError;

    fn try_from(answer: &RememberedAnswer) -> Result<Self, StoreError> {
        Ok(Self {
            key: answer.key.key().to_owned(),
            given_at: answer.at.micros(),
            answer: to_json(answer)?,
        })
    }
}

impl TryFrom<&SessionSnapshot> for NewSession {
    type Error = StoreError;

    fn try_from(snapshot: &SessionSnapshot) -> Result<Self, StoreError> {
        let (header, state) = (snapshot.header(), &snapshot.session.state);
        let held = StateMap::ALL.into_iter().flat_map(|map| {
            let held = state.entries(map).iter();
            held.map(move |(key, entry)| {
                NewEntry::new(map, key, entry.version, to_json(&entry.value)?)
            })
        });
        let queries = state.history.queries();
        let counted = usize::try_from(counted(header.total_queries)).unwrap_or(usize::MAX);
        Ok(Self {
            row: HeaderRow::try_from(&header)?,
            header,
            queries: queries.iter().map(to_json).collect::<Result<_, _>>()?,
            tally: tally(queries.iter().take(counted)),
            entries: held.collect::<Result<_, _>>()?,
            answers: snapshot
                .answers
                .iter()
                .map(NewAnswer::try_from)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl NewSession {
    pub(crate) fn insert_in_txn(&self, conn: &mut SqliteConnection) -> Result<(), Failure> {
        let session: i64 = diesel::insert_into(sessions::table)
            .values(&self.row)
            .returning(sessions::row_id)
            .get_result(conn)
            .map_err(|error| {
                let id = self.header.id;
                if is_duplicate(&error) {
                    Failure::Store(StoreError::AlreadyExists { id })
                } else {
                    error.into()
                }
            })?;
        for (kind, label) in labels(&self.header) {
            insert_label_in_txn(conn, session, &self.header, kind, label)?;
        }
        for (seq, record) in (1..).zip(&self.queries) {
            insert_query_in_txn(conn, session, seq, record)?;
        }
        count_in_txn(conn, session, &self.tally)?;
        for entry in &self.entries {
            put_entry_in_txn(conn, session, entry)?;
        }
        for answer in &self.answers {
            insert_answer_in_txn(conn, session, answer)?;
        }
        Ok(())
    }
}

pub(crate) fn insert_label_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    header: &SessionHeader,
    kind: LabelKind,
    label: &str,
) -> QueryResult<()> {
    let user_id = header.user_id.as_ref().map(|user| user.as_str());
    let row = (
        session_labels::session.eq(session),
        session_labels::kind.eq(kind.name()),
        session_labels::label.eq(label),
        session_labels::user_id.eq(user_id),
        session_labels::created_at.eq(header.created_at.micros()),
        session_labels::id.eq(id_bytes(header.id)),
    );
    let insert = diesel::insert_into(session_labels::table).values(row);
    insert.execute(conn).map(drop)
}

pub(crate) fn insert_query_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    seq: i64,
    record: &str,
) -> QueryResult<()> {
    let row = (
        queries::session.eq(session),
        queries::seq.eq(seq),
        queries::record.eq(record),
    );
    let insert = diesel::insert_into(queries::table).values(row);
    insert.execute(conn).map(drop)
}

/// How many counts one statement adds to; a query alone has four at most.
const COUNTS: usize = 4;

/// Adds to what is counted of a session's queries.
pub(crate) fn count_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    tally: &Tally,
) -> QueryResult<()> {
    let mut rows = tally.iter().peekable();
    while rows.peek().is_some() {
        let mut add = Composed::<()>::new("INSERT INTO session_counts VALUES (");
        for (row, ((kind, name), count)) in rows.by_ref().take(COUNTS).enumerate() {
            if row > 0 {
                add = add.sql("), (");
            }
            add = add.number(session).sql(", ").text(kind.name());
            add = add.sql(", ").text(name).sql(", ").number(*count);
        }
        add.sql(") ON CONFLICT DO UPDATE SET count = count + excluded.count")
            .execute(conn)?;
    }
    Ok(())
}

pub(crate) fn put_entry_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    entry: &NewEntry,
) -> QueryResult<()> {
    let row = (entries::session.eq(session), entry);
    let put = diesel::replace_into(entries::table).values(row);
    put.execute(conn).map(drop)
}

pub(crate) fn insert_answer_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    answer: &NewAnswer,
) -> QueryResult<()> {
    let row = (answers::session.eq(session), answer);
    let insert = diesel::insert_into(answers::table).values(row);
    insert.execute(conn).map(drop)
}

/// Forgets all but the newest answers of a session.
pub(crate) fn keep_answers_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    kept: usize,
) -> QueryResult<()> {
    let oldest_kept: Option<i64> = answers::table
        .filter(answers::session.eq(session))
        .order(answers::row_id.desc())
        .select(answers::row_id)
        .offset(limit(kept))
        .limit(1)
        .first(conn)
        .optional()?;
    if let Some(surplus) = oldest_kept {
        let older = answers::session
            .eq(session)
            .and(answers::row_id.le(surplus));
        diesel::delete(answers::table.filter(older)).execute(conn)?;
    }
    Ok(())
}
