//! Life that goes on while processes die: writers that append and bring archived sessions back, and readers
//! for whom every session is always there.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fiml_session_core::{Applied, ErrorCode, SessionError, SessionId, SessionStore};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    ALL, MINUTE_IN_HOURS,
    chance::Chance,
    ledger::{Ledger, append, told},
    world::World,
};

const WRITERS: u64 = 6;
const READERS: u64 = 2;
/// Between two calls of one writer or reader, so that they do not keep the archivers from their work.
const PAUSE: Duration = Duration::from_millis(4);

/// What writers and readers saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) ledger: Ledger,
    /// Extensions of archived or expired sessions.
    pub(crate) extended: u64,
    /// Calls that were made again under their key and answered as the first time.
    pub(crate) repeated: u64,
    pub(crate) reads: u64,
    /// What should not have been, each as a sentence.
    pub(crate) wrong: Vec<String>,
}

impl Seen {
    fn merge(&mut self, other: Self) {
        self.ledger.merge(other.ledger);
        self.extended += other.extended;
        self.repeated += other.repeated;
        self.reads += other.reads;
        self.wrong.extend(other.wrong);
    }
}

/// Writers and readers at work.
#[derive(Debug)]
pub(crate) struct Life {
    tasks: JoinSet<Seen>,
    stop: Arc<AtomicBool>,
}

impl Life {
    pub(crate) fn begin(world: &World) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        let lasting: Vec<_> = world.lasting().collect();
        for number in 0..WRITERS {
            let writer = Writer {
                name: format!("w{number}"),
                store: world.store.clone(),
                lasting: lasting.clone(),
                condemned: world.condemned.clone(),
                chance: Chance::new(number + 1),
                seen: Seen::default(),
            };
            tasks.spawn(writer.write(Arc::clone(&stop)));
        }
        for number in 0..READERS {
            let (store, lasting) = (world.store.clone(), lasting.clone());
            let chance = Chance::new(number + 100);
            tasks.spawn(read(store, lasting, chance, Arc::clone(&stop)));
        }
        Self { tasks, stop }
    }

    pub(crate) async fn end(self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Seen::default();
        for seen in self.tasks.join_all().await {
            all.merge(seen);
        }
        all
    }
}

struct Writer {
    name: String,
    store: SessionStore,
    lasting: Vec<SessionId>,
    condemned: Vec<SessionId>,
    chance: Chance,
    seen: Seen,
}

impl Writer {
    async fn write(mut self, stop: Arc<AtomicBool>) -> Seen {
        let mut next = 0_u64;
        while !stop.load(Ordering::SeqCst) {
            let condemned = self.chance.below(5) == 0;
            let ids = if condemned {
                &self.condemned
            } else {
                &self.lasting
            };
            let id = self.chance.pick(ids);
            next += 1;
            let value = format!("{}-{next}", self.name);
            self.append(id, &value, condemned).await;
            sleep(PAUSE).await;
        }
        self.seen
    }

    /// Appends a value under a key in one of three cases, and brings the session back where it is away.
    async fn append(&mut self, id: SessionId, value: &str, condemned: bool) {
        let keyed = self.chance.below(3) == 0;
        let first = append(&self.store, id, value, keyed).await;
        self.seen.ledger.note(&self.name, id, value, told(&first));
        match first.as_ref().map_err(SessionError::code) {
            Ok(_) if keyed => {
                let again = append(&self.store, id, value, keyed).await;
                self.compare(id, value, condemned, first.as_ref().ok(), again);
            }
            Ok(_) | Err(ErrorCode::OutcomeUnknown) => {}
            Err(ErrorCode::SessionArchived | ErrorCode::SessionExpired) => {
                self.extend(id, condemned).await;
                // At once, while archivers are about to take it away again.
                let value = format!("{value}-back");
                let second = append(&self.store, id, &value, keyed).await;
                self.seen.ledger.note(&self.name, id, &value, told(&second));
            }
            Err(ErrorCode::SessionNotFound) if condemned => {}
            Err(code) if is_passing(code) => {}
            Err(_) => self.report(&format!("an append to {id}"), first.err()),
        }
    }

    /// The same call again must be answered as the first time, wherever the session lies by now.
    fn compare(
        &mut self,
        id: SessionId,
        value: &str,
        condemned: bool,
        first: Option<&Applied>,
        again: Result<Applied, SessionError>,
    ) {
        // Not noted as a refusal: the first answer stands.
        match again {
            Ok(again) if Some(&again) == first => self.seen.repeated += 1,
            Ok(again) => {
                let wrong = format!("{value} was answered {first:?} and then {again:?}");
                self.seen.wrong.push(wrong);
            }
            Err(error) => match error.code() {
                ErrorCode::SessionNotFound if condemned => {}
                ErrorCode::OutcomeUnknown => {}
                code if is_passing(code) => {}
                _ => self.report(&format!("{value} once more on {id}"), Some(error)),
            },
        }
    }

    async fn extend(&mut self, id: SessionId, condemned: bool) {
        let extended = self
            .store
            .extend_session(&ALL, id, MINUTE_IN_HOURS, None)
            .await;
        match extended.as_ref().map_err(SessionError::code) {
            Ok(_) => self.seen.extended += 1,
            Err(ErrorCode::OutcomeUnknown) => {}
            Err(ErrorCode::SessionNotFound) if condemned => {}
            Err(code) if is_passing(code) => {}
            Err(_) => self.report(&format!("an extension of {id}"), extended.err()),
        }
    }

    fn report(&mut self, what: &str, error: Option<SessionError>) {
        let why = error.map_or_else(String::new, |error| error.chain());
        self.seen.wrong.push(format!("{what}: {why}"));
    }
}

/// Whether nothing was done and the same call may do better: a busy machine, or a session on the move.
const fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::StoreUnavailable | ErrorCode::ArchiveUnavailable
    )
}

/// Reads sessions that are there all the time; none may be missing, or lose a query, even for a moment.
async fn read(
    store: SessionStore,
    ids: Vec<SessionId>,
    mut chance: Chance,
    stop: Arc<AtomicBool>,
) -> Seen {
    let (mut seen, mut most) = (Seen::default(), HashMap::new());
    while !stop.load(Ordering::SeqCst) {
        let id = chance.pick(&ids);
        match store.get_session(&ALL, id).await {
            Ok(session) => {
                let found = session.state.history.total_queries();
                let before = most.insert(id, found).unwrap_or(0);
                if found < before {
                    let wrong = format!("{id} had {before} queries, and then {found}");
                    seen.wrong.push(wrong);
                }
                seen.reads += 1;
            }
            Err(error) if is_passing(error.code()) => {}
            Err(error) => seen
                .wrong
                .push(format!("a read of {id}: {}", error.chain())),
        }
        sleep(PAUSE).await;
    }
    seen
}
