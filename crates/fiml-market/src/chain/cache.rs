//! Answers kept in the process for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::{Quote, QuoteRequest};

/// A quote worth repeating until it expires or a source changes.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) quote: Quote,
    pub(super) provider: String,
    /// What every source called its state before it was asked.
    pub(super) generations: Vec<u64>,
    pub(super) fetched_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

/// Quotes by request, never more than a fixed number.
#[derive(Debug)]
pub(super) struct Cache {
    capacity: usize,
    kept: Mutex<HashMap<QuoteRequest, Kept>>,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// The quote kept for a request, if it still holds at `now`.
    ///
    /// A quote fetched after `now` does not: the clock went back, and its age cannot be told.
    pub(super) fn get(
        &self,
        request: &QuoteRequest,
        generations: &[u64],
        now: DateTime<Utc>,
    ) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(request)
            .filter(|kept| kept.generations == generations)
            .filter(|kept| kept.fetched_at <= now && now < kept.expires_at)
            .cloned()
    }

    /// Keeps a quote; when full, the expired go first and then the one that expires soonest.
    pub(super) fn insert(&self, request: QuoteRequest, entry: Kept, now: DateTime<Utc>) {
        if self.capacity == 0 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.capacity && !kept.contains_key(&request) {
            kept.retain(|_, kept| now < kept.expires_at);
            if kept.len() >= self.capacity {
                let soonest = kept
                    .iter()
                    .min_by_key(|(_, kept)| kept.expires_at)
                    .map(|(request, _)| request.clone());
                if let Some(soonest) = soonest {
                    kept.remove(&soonest);
                }
            }
        }
        kept.insert(request, entry);
    }
}
