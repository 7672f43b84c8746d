//! What a session must hold after searches that were answered, and searches that were not.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    place::Place,
    support::{json_of, text},
};

/// Searches by the marker that each carried as its market.
#[derive(Debug, Default)]
pub struct Asked {
    acknowledged: BTreeMap<String, u64>,
    unanswered: BTreeSet<String>,
}

impl Asked {
    /// Adds one: under the number it was acknowledged with, or with none where it was not answered.
    pub fn note(&mut self, marker: String, number: Option<u64>) {
        match number {
            Some(number) => drop(self.acknowledged.insert(marker, number)),
            None => drop(self.unanswered.insert(marker)),
        }
    }

    /// Adds all of another's.
    pub fn extend(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.unanswered.extend(other.unanswered);
    }

    /// How many were acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// How many were not answered.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// Checks that the session holds every acknowledged one under its number, none twice, no gap, and
    /// nothing that was not asked; how many it holds.
    #[must_use]
    pub fn check(&self, place: &Place, session: &str) -> usize {
        let stored = queries(place, session);
        let marker = |query: &Value| query["parameters"]["market"].as_str().unwrap().to_owned();
        let by_marker: BTreeMap<_, _> = stored
            .iter()
            .map(|query| (marker(query), query["seq"].as_u64().unwrap()))
            .collect();
        assert_eq!(by_marker.len(), stored.len(), "no query is there twice");
        let seqs: Vec<_> = stored
            .iter()
            .map(|query| query["seq"].as_u64().unwrap())
            .collect();
        assert_eq!(
            seqs,
            (1..=stored.len() as u64).collect::<Vec<_>>(),
            "no gap"
        );
        for (marker, number) in &self.acknowledged {
            assert_eq!(
                by_marker.get(marker),
                Some(number),
                "{marker} was acknowledged"
            );
        }
        for marker in by_marker.keys() {
            assert!(
                self.acknowledged.contains_key(marker) || self.unanswered.contains(marker),
                "{marker} was never sent"
            );
        }
        let verified = place.fiml().args(["db", "verify"]).output().unwrap();
        assert!(verified.status.success(), "{}", text(&verified));
        stored.len()
    }
}

/// The sequence numbers of the queries that a session holds.
#[must_use]
pub fn stored_seqs(place: &Place, session: &str) -> Vec<u64> {
    let queries = queries(place, session);
    queries
        .iter()
        .map(|query| query["seq"].as_u64().unwrap())
        .collect()
}

fn queries(place: &Place, session: &str) -> Vec<Value> {
    let mut shown = json_of(place.fiml().args(["sessions", "show", session]));
    let queries = shown["session"]["state"]["history"]["queries"].take();
    queries.as_array().unwrap().clone()
}
