//! PostgreSQL killed while sessions are archived, and down.

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use fiml_session_core::{
    CleanupReport, ErrorCode, ListRequest, ManualClock, NewSession, Policy, SessionError,
    SessionId, SessionStore, SessionType,
    store::{MetricsFilter, SessionFilter},
};
use fiml_testkit::servers::{PostgresServer, shared_redis};
use fiml_tests::place::Tiers;
use tokio::{
    task::{JoinHandle, spawn_blocking, yield_now},
    time::{sleep, timeout},
};

use crate::{
    ALL, MINUTE, MINUTE_IN_HOURS, PATIENCE,
    chance::Chance,
    ledger::{append, key_of, values},
    recovery::{may_be_repeated, until_answered},
    world::create,
};

const KILLS: u32 = 10;
const ATTEMPTS: u32 = 40;
/// How many expired sessions each cleanup that is to be killed finds.
const DUE: usize = 120;
const MANY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// A service on a PostgreSQL of its own.
///
/// It does not sync to disk: a killed process loses nothing without that, only a machine would.
struct House {
    server: Arc<PostgresServer>,
    store: SessionStore,
    clock: Arc<ManualClock>,
}

impl House {
    async fn new() -> Self {
        let server = spawn_blocking(|| PostgresServer::start_with(&[("fsync", "off")]));
        let server = Arc::new(server.await.unwrap());
        let tiers = Tiers::on(&shared_redis().url(), &server.url());
        let (store, clock) = tiers.service(Policy::default()).await;
        Self {
            server,
            store,
            clock,
        }
    }

    async fn kill(&self) {
        let server = Arc::clone(&self.server);
        spawn_blocking(move || server.kill()).await.unwrap();
    }

    /// Starts it again and waits until the service reads from it.
    async fn restart(&self, known: SessionId) {
        let server = Arc::clone(&self.server);
        spawn_blocking(move || server.restart()).await.unwrap();
        let archive = &self.store.stores().archive;
        let read = until_answered("an archived read", || async {
            let read = archive.get(&ALL, known).await;
            read.map_err(SessionError::Archive)
        });
        read.await.unwrap();
    }

    async fn live(&self) -> BTreeSet<SessionId> {
        let (active, any) = (&self.store.stores().active, SessionFilter::default());
        let ids = active.ids(&ALL, &any, MANY).await.unwrap();
        ids.into_iter().collect()
    }

    /// Sessions with two queries each that are due for the archive.
    async fn create_due(&self, count: usize) -> Vec<SessionId> {
        let ids = create(&self.store, count, MINUTE_IN_HOURS).await;
        for &id in &ids {
            for n in 1..=2 {
                let value = format!("{id}-{n}");
                append(&self.store, id, &value, false).await.unwrap();
            }
        }
        self.clock.advance(3 * MINUTE);
        ids
    }

    fn clean_up(&self) -> JoinHandle<Result<CleanupReport, SessionError>> {
        let store = self.store.clone();
        tokio::spawn(async move {
            let cleanup = timeout(PATIENCE, store.cleanup_expired_sessions());
            cleanup.await.expect("every call ends")
        })
    }

    /// Panics unless the archive holds the session with both of its queries.
    async fn must_be_archived(&self, id: SessionId) {
        let archived = self.store.stores().archive.get(&ALL, id).await.unwrap();
        let archived = archived.unwrap_or_else(|| panic!("{id} is in neither tier"));
        assert_eq!(
            values(&archived.session),
            [format!("{id}-1"), format!("{id}-2")]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_killed_ten_times_while_archiving_holds_all_that_has_left_redis() {
    let house = House::new().await;
    let mut chance = Chance::new(3);
    let (mut created, mut kills, mut attempts) = (Vec::new(), 0, 0);
    let mut moved_when_killed = Vec::new();
    while kills < KILLS {
        attempts += 1;
        assert!(attempts <= ATTEMPTS, "only {kills} kills struck a cleanup");
        let missing = DUE - house.live().await.len();
        created.extend(house.create_due(missing).await);
        let cleanup = house.clean_up();
        if attempts % 2 == 0 {
            // Among the first removals.
            while !cleanup.is_finished() && house.live().await.len() == DUE {
                yield_now().await;
            }
        } else {
            // While sessions are read or staged, or wherever it is by then.
            sleep(Duration::from_millis(chance.below(200))).await;
        }
        house.kill().await;
        if let Err(error) = cleanup.await.unwrap() {
            assert!(may_be_repeated(error.code()), "{}", error.chain());
            kills += 1;
            moved_when_killed.push(DUE - house.live().await.len());
        }
        house.restart(created[0]).await;
        let live = house.live().await;
        for id in created.iter().filter(|id| !live.contains(id)) {
            house.must_be_archived(*id).await;
        }
    }

    let backlog = house.live().await.len();
    let drained = house.clean_up().await.unwrap().unwrap();
    assert_eq!(house.live().await, BTreeSet::new());
    for &id in &created {
        house.must_be_archived(id).await;
    }
    let (metrics, filter) = (&house.store.stores().metrics, MetricsFilter::default());
    let nobody = BTreeSet::new();
    let digest = metrics.digest(&ALL, &filter, &nobody, house.store.now());
    let digest = digest.await.unwrap();
    assert_eq!(digest.sessions, created.len() as u64);
    assert_eq!(digest.total_queries, 2 * created.len() as u64);
    println!(
        "PostgreSQL (fsync off) killed {kills} times in {attempts} cleanups, after {moved_when_killed:?} of {DUE} \
         moves: {} sessions, 0 gone from Redis that the archive does not hold; a backlog of {backlog} drained, \
         {} archived and {} reconciled",
        created.len(),
        drained.archived,
        drained.reconciled
    );
}

/// Panics unless the call failed and said that the archive does not answer.
fn must_be_unavailable<T: std::fmt::Debug>(what: &str, answer: Result<T, SessionError>) {
    let error = answer.expect_err(what);
    assert_eq!(
        error.code(),
        ErrorCode::ArchiveUnavailable,
        "{what}: {}",
        error.chain()
    );
}

/// What must hold of a house whose archive is away and that holds such sessions.
async fn must_go_on(house: &House, live: SessionId, archived: SessionId, due: usize) {
    let store = &house.store;
    let new = NewSession::new(SessionType::Crypto, ["BTC"]);
    let created = store.create_session(&ALL, &new, None).await.unwrap();
    let key = key_of(&created.session.id.to_string());
    let under_a_key = store.create_session(&ALL, &new, Some(&key)).await;
    for id in [live, created.session.id, under_a_key.unwrap().session.id] {
        let value = format!("{id} goes on with {}", house.live().await.len());
        append(store, id, &value, true).await.unwrap();
        let read = store.get_session(&ALL, id).await.unwrap();
        assert_eq!(values(&read).last(), Some(&value.as_str()));
        store.extend_session(&ALL, id, 1.0, None).await.unwrap();
    }
    let held = house.live().await;
    assert!(held.len() >= due);
    let hour = store.extend_session(&ALL, archived, 1.0, None).await;
    must_be_unavailable("an extension of an archived session", hour);
    let value = append(store, archived, "late", false).await;
    must_be_unavailable("an append to an archived session", value);
    let read = store.get_session(&ALL, archived).await;
    must_be_unavailable("a read of an archived session", read);
    let all = ListRequest {
        include_archived: true,
        ..ListRequest::default()
    };
    let listed = store.list_user_sessions(&ALL, &all).await;
    must_be_unavailable("a list with archived sessions", listed);
    must_be_unavailable("a deletion", store.delete_session(&ALL, live).await);
    let cleanup = timeout(PATIENCE, store.cleanup_expired_sessions()).await;
    must_be_unavailable("a cleanup", cleanup.expect("every call ends"));
    assert_eq!(house.live().await, held, "nothing is dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_is_down_live_sessions_go_on_and_nothing_is_dropped() {
    let house = House::new().await;
    let archived = house.create_due(1).await[0];
    assert_eq!(house.clean_up().await.unwrap().unwrap().archived, 1);
    let live = create(&house.store, 1, 24.0).await[0];
    let due = house.create_due(DUE).await;
    house.kill().await;
    must_go_on(&house, live, archived, DUE).await;
    house.restart(archived).await;
    let drained = house.clean_up().await.unwrap().unwrap();
    assert_eq!(drained.archived, DUE as u64);
    for &id in &due {
        house.must_be_archived(id).await;
    }
    let read = house.store.get_session(&ALL, archived).await.unwrap();
    assert_eq!(read.state.history.total_queries(), 2, "no late append");
    assert!(house.store.delete_session(&ALL, live).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_hangs_live_sessions_go_on_and_nothing_is_dropped() {
    let house = House::new().await;
    let archived = house.create_due(1).await[0];
    assert_eq!(house.clean_up().await.unwrap().unwrap().archived, 1);
    let live = create(&house.store, 1, 24.0).await[0];
    let due = house.create_due(DUE).await;
    house.server.pause();
    let read = timeout(PATIENCE, house.store.get_session(&ALL, archived)).await;
    must_be_unavailable(
        "a read of an archived session",
        read.expect("every call ends"),
    );
    let value = append(&house.store, live, "meanwhile", false).await;
    value.unwrap();
    house.server.resume();
    let back = until_answered("an archived read", || {
        house.store.get_session(&ALL, archived)
    });
    back.await.unwrap();
    let drained = house.clean_up().await.unwrap().unwrap();
    assert_eq!(drained.archived, DUE as u64);
    for &id in &due {
        house.must_be_archived(id).await;
    }
}
