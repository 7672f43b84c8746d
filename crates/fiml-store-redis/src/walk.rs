//! Walks along indexes as if they were one: each bucket has its own, and so has each owner.

use std::collections::{BTreeMap, VecDeque};

use fiml_session_core::{
    Timestamp,
    store::{Cursor, StoreError},
};
use redis::cmd;

use crate::{
    bytes::{Place, instant_bytes, place},
    error::corrupt,
    link::Call,
    store::RedisStore,
};

/// How many places of one index are asked for at once at most.
const LARGEST_SHARE: usize = 1_000;

/// The place behind which those of later instants lie.
pub(crate) fn last_of(instant: Timestamp) -> Vec<u8> {
    [&instant_bytes(instant)[..], &[0xFF; 16]].concat()
}

/// A stretch of an order, and the way along it.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    command: &'static str,
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Stretch {
    /// From the newest place behind a cursor down to those of an instant.
    pub(crate) fn newest_first(after: Option<Cursor>, down_to: Option<Timestamp>) -> Self {
        let behind = after.map(|after| [b"(", &place(after.created_at, after.id)[..]].concat());
        let to = down_to.map(|at| [b"[", &instant_bytes(at)[..]].concat());
        Self {
            command: "ZREVRANGEBYLEX",
            from: behind.unwrap_or_else(|| b"+".to_vec()),
            to: to.unwrap_or_else(|| b"-".to_vec()),
        }
    }

    /// From the newest place before an instant down to those of another.
    pub(crate) fn newest_before(before: Option<Timestamp>, down_to: Option<Timestamp>) -> Self {
        let whole = Self::newest_first(None, down_to);
        match before {
            // The places of an instant begin with its bytes, so they lie behind the bytes alone.
            Some(before) => Self {
                from: [b"(", &instant_bytes(before)[..]].concat(),
                ..whole
            },
            None => whole,
        }
    }

    /// From the earliest place up to those of an instant.
    pub(crate) fn earliest_first(up_to: Timestamp) -> Self {
        let last = [b"[", &last_of(up_to)[..]].concat();
        Self {
            command: "ZRANGEBYLEX",
            from: b"-".to_vec(),
            to: last,
        }
    }

    fn is_upward(&self) -> bool {
        self.command == "ZRANGEBYLEX"
    }
}

/// One index, read up to some place.
struct Source {
    key: String,
    from: Vec<u8>,
    read: VecDeque<Place>,
    has_more: bool,
}

/// A walk along several indexes.
pub(crate) struct Walk<'a> {
    store: &'a RedisStore,
    stretch: Stretch,
    sources: Vec<Source>,
    /// The next place of each source that has one.
    heads: BTreeMap<Place, usize>,
    /// The sources whose next place must be read before another step.
    hungry: Vec<usize>,
    share: usize,
}

impl<'a> Walk<'a> {
    /// A walk that will probably take so many steps.
    pub(crate) fn new(
        store: &'a RedisStore,
        keys: Vec<String>,
        stretch: Stretch,
        steps: usize,
    ) -> Self {
        // Places are spread evenly over buckets; a bucket that has more of them is asked again.
        let share = match keys.len() {
            0 | 1 => steps,
            many => (steps / many).saturating_mul(2).saturating_add(4),
        };
        let sources = keys.into_iter().map(|key| Source {
            key,
            from: stretch.from.clone(),
            read: VecDeque::new(),
            has_more: true,
        });
        let sources: Vec<_> = sources.collect();
        Self {
            store,
            stretch,
            heads: BTreeMap::new(),
            hungry: (0..sources.len()).collect(),
            sources,
            share: share.min(LARGEST_SHARE),
        }
    }

    /// The next places, fewer only at the end.
    pub(crate) async fn next(
        &mut self,
        call: Call,
        count: usize,
    ) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        while places.len() < count {
            if !self.hungry.is_empty() {
                self.feed(call).await?;
            }
            let head = if self.stretch.is_upward() {
                self.heads.pop_first()
            } else {
                self.heads.pop_last()
            };
            let Some((place, source)) = head else {
                break;
            };
            places.push(place);
            self.step(source);
        }
        Ok(places)
    }

    fn step(&mut self, index: usize) {
        let source = &mut self.sources[index];
        match source.read.pop_front() {
            Some(place) => drop(self.heads.insert(place, index)),
            None if source.has_more => self.hungry.push(index),
            None => {}
        }
    }

    /// Reads on where a source has nothing left.
    async fn feed(&mut self, call: Call) -> Result<(), StoreError> {
        let hungry = std::mem::take(&mut self.hungry);
        let (store, share, stretch) = (self.store, self.share, &self.stretch);
        let sources = &self.sources;
        let reads = hungry.iter().map(|&index| {
            let source = &sources[index];
            let mut read = cmd(stretch.command);
            read.arg(&source.key).arg(&source.from).arg(&stretch.to);
            read.arg("LIMIT").arg(0).arg(share);
            (None, read)
        });
        let reads: Vec<_> = reads.collect();
        let read: Vec<Vec<Vec<u8>>> = store.link.reads(call, reads).await?;
        self.share = (share * 2).min(LARGEST_SHARE);
        for (index, places) in hungry.into_iter().zip(read) {
            let source = &mut self.sources[index];
            source.has_more = places.len() == share;
            for place in places {
                let place = Place::try_from(place.as_slice());
                source
                    .read
                    .push_back(place.map_err(|error| corrupt(None, error))?);
            }
            if let Some(last) = source.read.back() {
                source.from = [b"(", &last[..]].concat();
            }
            self.step(index);
        }
        Ok(())
    }
}
