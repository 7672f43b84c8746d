//! A whole session as it travels between tiers.

use serde::{Deserialize, Serialize};

use crate::{
    change::{Applied, ChangeBatch, IdempotencyKey, StateMap},
    clock::Timestamp,
    policy::Limits,
    session::{Session, SessionHeader, SessionOverview},
    text,
    transition::{HeldEntries, HeldEntry, Refusal, admit, touched},
};

/// The answer that was given to a call under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedAnswer {
    /// The key with the fingerprint of its content.
    #[serde(flatten)]
    pub key: IdempotencyKey,
    /// When it was given.
    pub at: Timestamp,
    /// The answer.
    pub applied: Applied,
}

impl RememberedAnswer {
    /// Whether it is still remembered at the given instant.
    #[must_use]
    pub fn is_alive(&self, at: Timestamp) -> bool {
        at < self.at.plus(IdempotencyKey::LIFETIME)
    }

    /// The answer again for the same content, or a conflict for other content.
    pub fn replay(&self, key: &IdempotencyKey) -> Result<Applied, Refusal> {
        if self.key == *key {
            return Ok(self.applied.clone());
        }
        Err(Refusal::IdempotencyConflict {
            key: key.key().to_owned(),
        })
    }
}

/// A session with everything that belongs to it: what `insert` takes, and what the archive keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionSnapshot {
    /// The session, its history complete.
    pub session: Session,
    /// The calls it remembers, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<RememberedAnswer>,
}

impl From<Session> for SessionSnapshot {
    fn from(session: Session) -> Self {
        Self {
            session,
            answers: Vec::new(),
        }
    }
}

impl SessionSnapshot {
    /// The session without its state.
    #[must_use]
    pub fn header(&self) -> SessionHeader {
        let session = &self.session;
        let history = &session.state.history;
        let queries: usize = history.queries().iter().map(json_len).sum();
        let entries = StateMap::ALL.map(|map| session.state.entries(map));
        let held: usize = entries
            .iter()
            .flat_map(|entries| entries.iter())
            .map(|(key, entry)| key.len() + json_len(&entry.value))
            .sum();
        SessionHeader {
            id: session.id,
            user_id: session.user_id.clone(),
            session_type: session.session_type,
            assets: session.assets.clone(),
            tags: session.tags.clone(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            last_accessed_at: session.last_accessed_at,
            version: session.version,
            total_queries: history.total_queries(),
            cache_hits: history.cache_hits(),
            size_bytes: (queries + held) as u64,
            entry_counts: entries.map(|entries| entries.len() as u64),
        }
    }

    /// The header with the last queries, newest first.
    #[must_use]
    pub fn overview(&self, recent: usize, is_archived: bool) -> SessionOverview {
        let queries = self.session.state.history.get_recent_queries(recent);
        SessionOverview {
            header: self.header(),
            is_archived,
            recent_queries: queries.into_iter().cloned().map(Into::into).collect(),
        }
    }

    /// What a call under this key was answered, or its conflict with another call under it; none where the
    /// key is not remembered.
    #[must_use]
    pub fn remembered(
        &self,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Option<Result<Applied, Refusal>> {
        let alive = self.answers.iter().filter(|answer| answer.is_alive(at));
        let known = alive.rev().find(|answer| answer.key.key() == key.key())?;
        Some(known.replay(key))
    }

    /// Applies a batch, or gives the first answer again where its key is remembered.
    pub fn apply(
        &mut self,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Applied, Refusal> {
        let key = batch.idempotency.as_ref();
        if let Some(known) = key.and_then(|key| self.remembered(key, at)) {
            return known;
        }
        let transition = admit(&self.header(), self.held(batch), batch, limits, at)?;
        let (header, session) = (transition.header, &mut self.session);
        session.version = header.version;
        session.tags = header.tags;
        session.expires_at = header.expires_at;
        session.last_accessed_at = header.last_accessed_at;
        for (query, _) in transition.queries {
            session.state.history.push(query);
        }
        for ((map, key), write) in transition.entries {
            match write {
                Some((entry, _)) => session.state.entries_mut(map).insert(key, entry),
                None => session.state.entries_mut(map).remove(&key),
            };
        }
        if let Some(key) = &batch.idempotency {
            self.answers
                .retain(|answer| answer.is_alive(at) && answer.key.key() != key.key());
            self.answers.push(RememberedAnswer {
                key: key.clone(),
                at,
                applied: transition.applied.clone(),
            });
            let surplus = self.answers.len().saturating_sub(IdempotencyKey::KEPT);
            self.answers.drain(..surplus);
        }
        Ok(transition.applied)
    }

    fn held(&self, batch: &ChangeBatch) -> HeldEntries {
        let found = touched(batch).filter_map(|(map, key)| {
            let entry = self.session.state.entries(map).get(key)?;
            let bytes = (key.len() + json_len(&entry.value)) as u64;
            let version = entry.version;
            Some(((map, key.to_owned()), HeldEntry { version, bytes }))
        });
        found.collect()
    }
}

fn json_len(value: &impl Serialize) -> usize {
    text::json_len(value).expect("the model's types always serialise")
}
