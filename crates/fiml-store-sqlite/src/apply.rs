//! Applies a batch of changes to a live session.

use std::collections::BTreeSet;

use diesel::{prelude::*, sqlite::SqliteConnection};
use fiml_session_core::{
    Applied, ChangeBatch, HeldEntries, HeldEntry, IdempotencyKey, Limits, QueryRecord,
    RememberedAnswer, SessionHeader, SessionId, Tag, Timestamp, Transition, admit, store::Scope,
    touched,
};

use crate::{
    error::{Failure, blame},
    insert::{
        NewAnswer, NewEntry, count_in_txn, insert_answer_in_txn, insert_label_in_txn,
        insert_query_in_txn, keep_answers_in_txn, put_entry_in_txn,
    },
    load::header_in_txn,
    row::{LabelKind, count, counted, from_json, number, tally, to_json},
    schema::{answers, entries, queries, session_labels},
    sql::Composed,
};

/// A batch with what it is to be judged by.
pub(crate) struct Change {
    pub(crate) scope: Scope,
    pub(crate) id: SessionId,
    pub(crate) batch: ChangeBatch,
    pub(crate) limits: Limits,
    pub(crate) at: Timestamp,
}

impl Change {
    pub(crate) fn apply_in_txn(
        &self,
        conn: &mut SqliteConnection,
    ) -> Result<Option<Applied>, Failure> {
        let Some((session, header)) = header_in_txn(conn, &self.scope, self.id)? else {
            return Ok(None);
        };
        if let Some(key) = &self.batch.idempotency
            && let Some(known) = self.remembered_in_txn(conn, session, key)?
        {
            return Ok(Some(known.replay(key)?));
        }
        let held = self.held_in_txn(conn, session)?;
        let next = admit(&header, held, &self.batch, &self.limits, self.at)?;
        write_in_txn(conn, session, &header, &next)?;
        if let Some(key) = &self.batch.idempotency {
            self.remember_in_txn(conn, session, key, &next.applied)?;
        }
        Ok(Some(next.applied))
    }

    /// What the session holds under the keys that the batch touches.
    fn held_in_txn(
        &self,
        conn: &mut SqliteConnection,
        session: i64,
    ) -> Result<HeldEntries, Failure> {
        let mut held = HeldEntries::new();
        for (map, key) in touched(&self.batch) {
            let at = (session, map.name(), key);
            let found: Option<(i64, i64)> = entries::table
                .find(at)
                .select((entries::version, entries::bytes))
                .first(conn)
                .optional()
                .map_err(|error| blame(self.id, error.into()))?;
            if let Some((version, bytes)) = found {
                let (version, bytes) = (count(self.id, version)?, count(self.id, bytes)?);
                held.insert((map, key.to_owned()), HeldEntry { version, bytes });
            }
        }
        Ok(held)
    }

    fn remembered_in_txn(
        &self,
        conn: &mut SqliteConnection,
        session: i64,
        key: &IdempotencyKey,
    ) -> Result<Option<RememberedAnswer>, Failure> {
        let json: Option<String> = answers::table
            .filter(answers::session.eq(session))
            .filter(answers::key.eq(key.key()))
            .filter(answers::given_at.gt(forgotten(self.at)))
            .order(answers::row_id.desc())
            .select(answers::answer)
            .first(conn)
            .optional()?;
        let known = json.map(|json| from_json(self.id, &json));
        Ok(known.transpose()?)
    }

    fn remember_in_txn(
        &self,
        conn: &mut SqliteConnection,
        session: i64,
        key: &IdempotencyKey,
        applied: &Applied,
    ) -> Result<(), Failure> {
        let dead = answers::given_at.le(forgotten(self.at));
        let dead = answers::table.filter(answers::session.eq(session).and(dead));
        diesel::delete(dead).execute(conn)?;
        let answer = RememberedAnswer {
            key: key.clone(),
            at: self.at,
            applied: applied.clone(),
        };
        insert_answer_in_txn(conn, session, &NewAnswer::try_from(&answer)?)?;
        Ok(keep_answers_in_txn(conn, session, IdempotencyKey::KEPT)?)
    }
}

/// What was answered at this instant or before is forgotten.
pub(crate) fn forgotten(at: Timestamp) -> i64 {
    let lifetime = i64::try_from(IdempotencyKey::LIFETIME.as_micros()).unwrap_or(i64::MAX);
    // Below zero near the epoch, where a timestamp would be clamped and forget too much.
    at.micros() - lifetime
}

/// Writes what has become of a session: what grows is only added to.
fn write_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    before: &SessionHeader,
    next: &Transition,
) -> Result<(), Failure> {
    let after = &next.header;
    for (query, record) in &next.queries {
        insert_query_in_txn(conn, session, number(query.seq)?, record)?;
    }
    count_whole_in_txn(conn, session, before, after)?;
    for ((map, key), write) in &next.entries {
        match write {
            Some((entry, json)) => {
                let entry = NewEntry::new(*map, key, entry.version, json.clone())?;
                put_entry_in_txn(conn, session, &entry)?;
            }
            None => {
                let at = (session, map.name(), key.as_str());
                diesel::delete(entries::table.find(at)).execute(conn)?;
            }
        }
    }
    if after.tags != before.tags {
        relabel_in_txn(conn, session, before, after)?;
    }
    if after == before {
        return Ok(());
    }
    update_header_in_txn(conn, session, before, after)
}

/// Counts the queries that have become enough to be counted together.
fn count_whole_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    before: &SessionHeader,
    after: &SessionHeader,
) -> Result<(), Failure> {
    let (from, to) = (counted(before.total_queries), counted(after.total_queries));
    if from == to {
        return Ok(());
    }
    let records: Vec<String> = queries::table
        .filter(queries::session.eq(session))
        .filter(queries::seq.gt(number(from)?))
        .filter(queries::seq.le(number(to)?))
        .select(queries::record)
        .load(conn)
        .map_err(|error| blame(after.id, error.into()))?;
    let records = records.iter().map(|json| from_json(after.id, json));
    let records: Vec<QueryRecord> = records.collect::<Result<_, _>>()?;
    Ok(count_in_txn(conn, session, &tally(records.iter()))?)
}

fn update_header_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    before: &SessionHeader,
    after: &SessionHeader,
) -> Result<(), Failure> {
    let update =
        Composed::<()>::new("UPDATE sessions SET version = ").number(number(after.version)?);
    let update = update
        .sql(", last_accessed_at = ")
        .number(after.last_accessed_at.micros());
    let update = update
        .sql(", total_queries = ")
        .number(number(after.total_queries)?);
    let update = update
        .sql(", cache_hits = ")
        .number(number(after.cache_hits)?);
    let mut update = update
        .sql(", size_bytes = ")
        .number(number(after.size_bytes)?);
    // What seldom changes is named only where it does: naming what lies in an index writes the index anew.
    let [context, preferences, results, metadata] = after.entry_counts;
    if after.entry_counts != before.entry_counts {
        update = update.sql(", context_entries = ").number(number(context)?);
        update = update
            .sql(", preference_entries = ")
            .number(number(preferences)?);
        update = update.sql(", result_entries = ").number(number(results)?);
        update = update
            .sql(", metadata_entries = ")
            .number(number(metadata)?);
    }
    if after.expires_at != before.expires_at {
        update = update
            .sql(", expires_at = ")
            .number(after.expires_at.micros());
    }
    if after.tags != before.tags {
        update = update.sql(", tags = ").text(to_json(&after.tags)?);
    }
    update
        .sql(" WHERE row_id = ")
        .number(session)
        .execute(conn)?;
    Ok(())
}

fn relabel_in_txn(
    conn: &mut SqliteConnection,
    session: i64,
    before: &SessionHeader,
    after: &SessionHeader,
) -> QueryResult<()> {
    let set = |header: &SessionHeader| header.tags.iter().cloned().collect::<BTreeSet<Tag>>();
    let (old, new) = (set(before), set(after));
    for gone in old.difference(&new) {
        let at = (session, LabelKind::Tag.name(), gone.as_str());
        diesel::delete(session_labels::table.find(at)).execute(conn)?;
    }
    for added in new.difference(&old) {
        insert_label_in_txn(conn, session, after, LabelKind::Tag, added.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Arc, Mutex},
    };

    use diesel::connection::InstrumentationEvent;
    use fiml_session_core::{
        QueryRecord, Session, SessionChange, SessionSnapshot, SessionState, SessionType, StateMap,
    };

    use super::*;
    use crate::{insert::NewSession, migrate::migrate};

    /// The texts that were run, and those of them that are kept prepared.
    #[derive(Default)]
    struct Seen {
        run: BTreeSet<String>,
        kept: BTreeSet<String>,
    }

    fn change(id: SessionId, key: &str) -> Change {
        let query = QueryRecord {
            source: Some("file".to_owned()),
            execution_time_ms: Some(1.0),
            ..QueryRecord::new("price")
        };
        let set = SessionChange::EntrySet {
            map: StateMap::Context,
            key: "key".to_owned(),
            value: 1.into(),
        };
        Change {
            scope: Scope::Owner("ada".parse().unwrap()),
            id,
            batch: ChangeBatch {
                changes: vec![SessionChange::QueryAdded { query }, set],
                idempotency: Some(IdempotencyKey::new(key, &1).unwrap()),
                ..ChangeBatch::default()
            },
            limits: Limits::default(),
            at: Timestamp::MIN,
        }
    }

    #[test]
    fn every_statement_of_an_append_is_kept_prepared() {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        migrate(&mut conn, std::path::Path::new("memory")).unwrap();
        let id = SessionId::at(Timestamp::MIN);
        let snapshot = SessionSnapshot::from(Session {
            id,
            user_id: Some("ada".parse().unwrap()),
            session_type: SessionType::Macro,
            assets: vec!["GDP".parse().unwrap()],
            tags: Vec::new(),
            created_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
            last_accessed_at: Timestamp::MIN,
            version: 1,
            state: SessionState::default(),
        });
        let new = NewSession::try_from(&snapshot).unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let log = Arc::clone(&seen);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                let (sql, _) = text.split_once(" -- binds:").unwrap_or((&text, ""));
                log.lock().unwrap().run.insert(sql.to_owned());
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                log.lock().unwrap().kept.insert(sql.to_owned());
            }
            _ => {}
        });
        new.insert_in_txn(&mut conn).unwrap();
        for key in ["first", "second"] {
            let applied = change(id, key).apply_in_txn(&mut conn).unwrap();
            assert!(applied.is_some());
        }
        let seen = seen.lock().unwrap();
        let anew: Vec<_> = seen.run.difference(&seen.kept).collect();
        assert!(anew.is_empty(), "{anew:#?}");
        assert!(seen.run.len() > 10, "{:#?}", seen.run);
    }
}
