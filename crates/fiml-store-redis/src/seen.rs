//! The numbers that sessions had when this process last added to them.
//!
//! Most appends follow one of the same process. What such an append does is decided here, from these numbers,
//! and a short script makes it true if the session still has them; the server would need longer to decide.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use fiml_session_core::SessionId;

use crate::header::Numbers;

/// How many sessions are remembered before the older half is forgotten.
const KEPT: usize = 4_096;

/// What is remembered; a miss or a mistake costs time, since the script compares.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    newer: HashMap<SessionId, Numbers>,
    older: HashMap<SessionId, Numbers>,
}

impl Seen {
    /// The numbers of a session, for one call alone: another one at the same time would find them outdated.
    pub(crate) fn take(&self, id: SessionId) -> Option<Numbers> {
        let mut held = self.held();
        let older = held.older.remove(&id);
        held.newer.remove(&id).or(older)
    }

    /// Remembers the numbers of a session, unless newer ones are known.
    pub(crate) fn put(&self, id: SessionId, numbers: Numbers) {
        let mut held = self.held();
        if held.newer.len() >= KEPT / 2 {
            held.older = mem::take(&mut held.newer);
        }
        let known = held.newer.entry(id).or_insert(numbers);
        *known = numbers.max(*known);
    }

    fn held(&self) -> MutexGuard<'_, Generations> {
        // Whatever a panic left behind is compared before it is used.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const fn id(n: usize) -> SessionId {
        SessionId::from_uuid(Uuid::from_u128(n as u128))
    }

    #[test]
    fn the_newest_numbers_are_given_once() {
        let seen = Seen::default();
        for version in [1, 3, 2] {
            seen.put(id(1), [version; 56]);
        }
        assert_eq!(seen.take(id(1)), Some([3; 56]));
        assert_eq!(seen.take(id(1)), None);
    }

    #[test]
    fn however_many_sessions_there_are_only_the_latest_are_kept() {
        let seen = Seen::default();
        for n in 0..10 * KEPT {
            seen.put(id(n), [0; 56]);
        }
        let kept = (0..10 * KEPT).filter(|&n| seen.take(id(n)).is_some());
        let kept: Vec<_> = kept.collect();
        assert!((KEPT / 2..=KEPT).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept.last(), Some(&(10 * KEPT - 1)));
    }
}
