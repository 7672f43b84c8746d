//! What the office has answered about companies whose questions were cut short, so that none is put twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::Reported;

/// How long answers are kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// `/submissions/CIK….json`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct About {
    pub(super) name: Option<String>,
    #[serde(rename = "sicDescription")]
    pub(super) industry: Option<String>,
}

/// One company, and what is known of it so far.
#[derive(Debug)]
pub(super) struct Gathering {
    company: String,
    begun_at: DateTime<Utc>,
    pieces: Mutex<Pieces>,
}

#[derive(Debug, Default)]
struct Pieces {
    about: Option<About>,
    /// By the name of the concept; `None` where the company files nothing under it.
    figures: HashMap<&'static str, Option<Reported>>,
}

/// Companies by number; no more than the Commission lists.
#[derive(Debug, Default)]
pub(super) struct Gathered(Mutex<HashMap<u64, Arc<Gathering>>>);

impl Gathered {
    /// What is known of a company, to which its answers are added.
    pub(super) fn of(&self, number: u64, now: DateTime<Utc>) -> Arc<Gathering> {
        let mut companies = self.companies();
        // Of two who ask at the same time, the one may be as of a moment before the other.
        let holds = |known: &Gathering| (now - known.begun_at).abs() < KEPT;
        companies.retain(|_, known| holds(known));
        let known = companies
            .entry(number)
            .or_insert_with(|| Arc::new(Gathering::new(number, now)));
        Arc::clone(known)
    }

    /// Forgets a company that all is known of: whoever asked for it keeps that.
    pub(super) fn is_complete(&self, number: u64) {
        self.companies().remove(&number);
    }

    fn companies(&self) -> MutexGuard<'_, HashMap<u64, Arc<Gathering>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathering {
    fn new(number: u64, now: DateTime<Utc>) -> Self {
        Self {
            company: format!("CIK{number:010}"),
            begun_at: now,
            pieces: Mutex::default(),
        }
    }

    /// The office's name of it.
    pub(super) fn company(&self) -> &str {
        &self.company
    }

    /// When the first of its questions was put.
    pub(super) const fn begun_at(&self) -> DateTime<Utc> {
        self.begun_at
    }

    pub(super) fn about(&self) -> Option<About> {
        self.pieces().about.clone()
    }

    pub(super) fn add_about(&self, about: About) {
        self.pieces().about = Some(about);
    }

    /// The figure under a name; `None` where it was not asked for yet.
    pub(super) fn figure(&self, name: &str) -> Option<Option<Reported>> {
        self.pieces().figures.get(name).cloned()
    }

    pub(super) fn add_figure(&self, name: &'static str, figure: Option<Reported>) {
        self.pieces().figures.insert(name, figure);
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_kept_for_a_day_whoever_asks_first() {
        let gathered = Gathered::default();
        let begun = DateTime::UNIX_EPOCH + KEPT;
        gathered.of(1, begun).add_figure("Revenues", None);
        let is_known = |number, now| gathered.of(number, now).figure("Revenues").is_some();
        let moment = TimeDelta::milliseconds(1);
        assert!(!is_known(2, begun - moment), "of another company");
        assert!(is_known(1, begun - moment), "of a moment before");
        assert!(is_known(1, begun + KEPT - moment));
        assert!(!is_known(1, begun + KEPT));
        gathered.of(1, begun + KEPT).add_figure("Revenues", None);
        gathered.is_complete(1);
        assert!(!is_known(1, begun + KEPT), "forgotten");
    }
}
