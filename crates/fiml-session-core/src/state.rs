//! What a session has piled up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    change::{SessionChange, StateMap},
    history::AnalysisHistory,
};

/// A value of a map with its stamp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The value, as it was given.
    pub value: Value,
    /// The session version that wrote it; 0 until it is stored.
    pub version: u64,
}

/// The entries of one map, by key.
pub type Entries = BTreeMap<String, Entry>;

/// The history, context, preferences, results and metadata of a session.
///
/// Methods that change it also record the change, so that `update_session` sends only what changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SessionState {
    /// The questions asked.
    pub history: AnalysisHistory,
    context: Entries,
    preferences: Entries,
    intermediate_results: Entries,
    metadata: Entries,
    #[serde(skip)]
    pending: Vec<SessionChange>,
}

impl SessionState {
    /// Sets a key of the context.
    pub fn update_context(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.set(StateMap::Context, key, value);
    }

    /// The value of a key of the context.
    #[must_use]
    pub fn get_context(&self, key: &str) -> Option<&Value> {
        self.value(StateMap::Context, key)
    }

    /// Stores a result for later steps.
    pub fn store_intermediate_result(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.set(StateMap::IntermediateResults, key, value);
    }

    /// A result stored earlier.
    #[must_use]
    pub fn get_intermediate_result(&self, key: &str) -> Option<&Value> {
        self.value(StateMap::IntermediateResults, key)
    }

    /// Sets a key of any map.
    pub fn set(&mut self, map: StateMap, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        let entry = Entry {
            value: value.clone(),
            version: 0,
        };
        self.entries_mut(map).insert(key.clone(), entry);
        self.pending
            .push(SessionChange::EntrySet { map, key, value });
    }

    /// Removes a key of any map; true when it was there.
    pub fn remove(&mut self, map: StateMap, key: &str) -> bool {
        let removed = self.entries_mut(map).remove(key).is_some();
        self.pending.push(SessionChange::EntryRemoved {
            map,
            key: key.to_owned(),
        });
        removed
    }

    /// The value of a key of any map.
    #[must_use]
    pub fn value(&self, map: StateMap, key: &str) -> Option<&Value> {
        Some(&self.entries(map).get(key)?.value)
    }

    /// Every entry of a map, by key.
    #[must_use]
    pub const fn entries(&self, map: StateMap) -> &Entries {
        match map {
            StateMap::Context => &self.context,
            StateMap::Preferences => &self.preferences,
            StateMap::IntermediateResults => &self.intermediate_results,
            StateMap::Metadata => &self.metadata,
        }
    }

    /// A map to fill while a stored session is read; changes made through it are not recorded.
    pub const fn entries_mut(&mut self, map: StateMap) -> &mut Entries {
        match map {
            StateMap::Context => &mut self.context,
            StateMap::Preferences => &mut self.preferences,
            StateMap::IntermediateResults => &mut self.intermediate_results,
            StateMap::Metadata => &mut self.metadata,
        }
    }

    /// The changes made since the value was read or last updated.
    #[must_use]
    pub fn pending(&self) -> &[SessionChange] {
        &self.pending
    }

    pub(crate) fn record(&mut self, change: SessionChange) {
        self.pending.push(change);
    }

    /// Forgets the pending changes, which a store has applied as this version.
    pub(crate) fn settle(&mut self, version: u64) {
        for change in std::mem::take(&mut self.pending) {
            if let SessionChange::EntrySet { map, key, .. } = change
                && let Some(entry) = self.entries_mut(map).get_mut(&key)
            {
                entry.version = version;
            }
        }
    }
}
