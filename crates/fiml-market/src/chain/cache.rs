//! Answers kept in the process for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::{Fundamentals, Quote, QuoteRequest};

use super::answer::Comparison;
use super::config::Completeness;

/// A quote worth repeating until it expires or a source changes.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) quote: Quote,
    pub(super) provider: String,
    pub(super) licence: Option<&'static str>,
    /// Whether the price is from another machine.
    pub(super) remote: bool,
    pub(super) fundamentals: Option<Arc<Fundamentals>>,
    pub(super) comparison: Option<Comparison>,
    /// Whether there is none because another source could not answer.
    pub(super) is_uncompared: bool,
    pub(super) completeness: Completeness,
    /// What every source called its state before it was asked.
    pub(super) generations: Vec<u64>,
    pub(super) fetched_at: DateTime<Utc>,
    /// Until when it is repeated without a second thought.
    pub(super) expires_at: DateTime<Utc>,
    /// Until when it is repeated, as stale, while a source is asked again.
    pub(super) gone_at: DateTime<Utc>,
}

/// What is kept for a request.
pub(super) enum Found {
    /// It holds.
    Fresh(Arc<Kept>),
    /// Its price holds, and what was not asked for beside it is to be.
    Part(Arc<Kept>),
    /// It may be repeated, as stale, while a source is asked again.
    Stale(Arc<Kept>),
}

/// Quotes by request, never more than a fixed number.
#[derive(Debug)]
pub(super) struct Cache {
    capacity: usize,
    kept: Mutex<HashMap<QuoteRequest, Arc<Kept>>>,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// The quote kept for a request, if it can still be used at `now`.
    ///
    /// A quote fetched after `now` cannot: the clock went back, and its age cannot be told.
    pub(super) fn get(
        &self,
        request: &QuoteRequest,
        generations: &[u64],
        now: DateTime<Utc>,
    ) -> Option<Found> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(request)?;
        if kept.generations != generations || now < kept.fetched_at || kept.gone_at <= now {
            return None;
        }
        let kept = Arc::clone(kept);
        Some(match kept.completeness {
            _ if now >= kept.expires_at => Found::Stale(kept),
            Completeness::NotAsked => Found::Part(kept),
            Completeness::Whole | Completeness::Failed => Found::Fresh(kept),
        })
    }

    /// Keeps a quote; when full, what is gone goes first and then what goes soonest.
    pub(super) fn insert(&self, request: QuoteRequest, entry: Arc<Kept>, now: DateTime<Utc>) {
        if self.capacity == 0 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.capacity && !kept.contains_key(&request) {
            kept.retain(|_, kept| now < kept.gone_at);
            if kept.len() >= self.capacity {
                let soonest = kept
                    .iter()
                    .min_by_key(|(_, kept)| kept.gone_at)
                    .map(|(request, _)| request.clone());
                if let Some(soonest) = soonest {
                    kept.remove(&soonest);
                }
            }
        }
        kept.insert(request, entry);
    }
}
