//! Reads live sessions.

use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    AnalysisHistory, Entry, RecentQuery, RememberedAnswer, Session, SessionHeader, SessionId,
    SessionSnapshot, SessionState, StateMap, store::Scope,
};

use crate::{
    error::{Failure, blame, corrupt},
    row::{count, from_json, number},
    schema::{answers, entries, queries},
    select::{FoundRow, Tier, one},
};

/// The row and header of a live session in scope.
pub(crate) fn header_in_txn(
    conn: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
) -> Result<Option<(i64, SessionHeader)>, Failure> {
    let row: QueryResult<Option<FoundRow>> =
        one(Tier::Active, scope, id).get_result(conn).optional();
    let row = row.map_err(|error| blame(id, error.into()))?;
    let found = row.map(|(session, header, _)| Ok((session, header.try_into()?)));
    found.transpose()
}

/// The whole of a live session in scope, without the answers it remembers.
pub(crate) fn session_in_txn(
    conn: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
) -> Result<Option<(i64, Session)>, Failure> {
    let Some((row, header)) = header_in_txn(conn, scope, id)? else {
        return Ok(None);
    };
    let state = state_in_txn(conn, row, &header).map_err(|failure| blame(id, failure))?;
    Ok(Some((row, header.into_session(state))))
}

/// The whole of a live session, with everything that belongs to it.
pub(crate) fn snapshot_in_txn(
    conn: &mut SqliteConnection,
    id: SessionId,
) -> Result<Option<SessionSnapshot>, Failure> {
    let Some((row, session)) = session_in_txn(conn, &Scope::All, id)? else {
        return Ok(None);
    };
    let rows: QueryResult<Vec<String>> = answers::table
        .filter(answers::session.eq(row))
        .order(answers::row_id)
        .select(answers::answer)
        .load(conn);
    let rows = rows.map_err(|error| blame(id, error.into()))?;
    let answers = rows
        .iter()
        .map(|json| from_json::<RememberedAnswer>(id, json))
        .collect::<Result<_, _>>()?;
    Ok(Some(SessionSnapshot { session, answers }))
}

/// The last queries of a session, newest first.
pub(crate) fn recent_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    header: &SessionHeader,
    recent: usize,
) -> Result<Vec<RecentQuery>, Failure> {
    let id = header.id;
    // They are numbered without a gap. A limit instead would be planned anew with every value it is given.
    let before = header.total_queries.saturating_sub(recent as u64);
    let rows: QueryResult<Vec<String>> = queries::table
        .filter(queries::session.eq(session))
        .filter(queries::seq.gt(number(before)?))
        .order(queries::seq.desc())
        .select(queries::record)
        .load(conn);
    let rows = rows.map_err(|error| blame(id, error.into()))?;
    let queries = rows.iter().map(|json| Ok(from_json(id, json)?));
    queries.collect()
}

fn state_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    header: &SessionHeader,
) -> Result<SessionState, Failure> {
    let id = header.id;
    let records: Vec<String> = queries::table
        .filter(queries::session.eq(session))
        .order(queries::seq)
        .select(queries::record)
        .load(conn)?;
    let history = records
        .iter()
        .map(|json| from_json(id, json))
        .collect::<Result<_, _>>()?;
    let history = AnalysisHistory::from_stored(history, header.total_queries, header.cache_hits);
    let mut state = SessionState::default();
    state.history = history;
    let held: Vec<(String, String, i64, String)> = entries::table
        .filter(entries::session.eq(session))
        .select((entries::map, entries::key, entries::version, entries::value))
        .load(conn)?;
    for (map, key, version, value) in held {
        let known = StateMap::ALL.into_iter().find(|known| known.name() == map);
        let map = known.ok_or_else(|| corrupt(Some(id), format!("there is no map {map:?}")))?;
        let entry = Entry {
            value: from_json(id, &value)?,
            version: count(id, version)?,
        };
        state.entries_mut(map).insert(key, entry);
    }
    Ok(state)
}
