//! Replies that are lost after the server has done what it was asked.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use fiml_session_core::{
    Clock, CreatedSession, ErrorCode, ListRequest, ManualClock, NewSession, Policy, Session,
    SessionError, SessionId, SessionStore, SessionType, Stores, SystemClock,
};
use fiml_store_pg::{PgConfig, PgStore};
use fiml_testkit::{
    proxy::{Fault, FaultProxy},
    servers::{shared_postgres, shared_redis},
};
use fiml_tests::place::Tiers;

use crate::{
    ALL, MINUTE, MINUTE_IN_HOURS,
    ledger::{append, key_of, values},
    recovery::{may_be_repeated, until_answered},
    wire::through,
    world::create,
};

const SECOND: Duration = Duration::from_secs(1);

/// Which server's replies are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Redis,
    Postgres,
}

/// A service behind a proxy, and one on the same tiers that nothing stands before.
struct Wire {
    proxy: FaultProxy,
    near: SessionStore,
    far: SessionStore,
    clock: Arc<ManualClock>,
}

/// A service with one connection to PostgreSQL, so that what it is told there comes in one stream.
async fn service(tiers: &Tiers, clock: &Arc<ManualClock>) -> SessionStore {
    let archive = PgStore::connect(PgConfig {
        schema: Some(tiers.schema.clone()),
        pool_size: NonZeroUsize::MIN,
        ..PgConfig::new(&tiers.database_url)
    });
    let archive = Arc::new(archive.await.unwrap());
    let stores = Stores {
        active: Arc::new(tiers.redis().await),
        metrics: Arc::<PgStore>::clone(&archive),
        archive,
    };
    let clock = Arc::<ManualClock>::clone(clock);
    SessionStore::new(stores, Policy::default(), clock)
}

impl Wire {
    async fn to(server: Server) -> Self {
        let direct = Tiers::shared();
        let port = match server {
            Server::Redis => shared_redis().port(),
            Server::Postgres => shared_postgres().port(),
        };
        let (proxy, proxied) = through(port, &direct).await;
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let near = service(&proxied, &clock).await;
        let far = service(&direct, &clock).await;
        Self {
            proxy,
            near,
            far,
            clock,
        }
    }

    /// Ends the fault; whether it has taken place.
    fn heal(&self, faults_before: u64) -> bool {
        self.proxy.set(Fault::None);
        self.proxy.faults() > faults_before
    }

    async fn read(&self, id: SessionId) -> Session {
        self.far.get_session(&ALL, id).await.unwrap()
    }

    /// How many sessions of a user there are, wherever they lie.
    async fn count(&self, user: &str) -> usize {
        let request = ListRequest {
            user_id: Some(user.to_owned()),
            include_archived: true,
            ..ListRequest::default()
        };
        let listed = self.far.list_user_sessions(&ALL, &request).await;
        listed.unwrap().total
    }
}

/// The reply to an append is lost; the same call again, once replies come back, counts it once.
async fn an_append_whose_reply_is_lost(fault: Fault) {
    let wire = Wire::to(Server::Redis).await;
    let id = create(&wire.far, 1, 24.0).await[0];
    append(&wire.near, id, "before", true).await.unwrap();
    let faults = wire.proxy.faults();
    wire.proxy.set(fault);
    let lost = append(&wire.near, id, "lost", true).await.unwrap_err();
    assert_eq!(lost.code(), ErrorCode::OutcomeUnknown, "{}", lost.chain());
    assert!(wire.heal(faults), "the reply was there to be lost");
    assert_eq!(values(&wire.read(id).await), ["before", "lost"]);
    append(&wire.far, id, "after", true).await.unwrap();
    let call = || append(&wire.near, id, "lost", true);
    let answer = until_answered("the append again", call).await.unwrap();
    assert_eq!(
        (answer.version, answer.total_queries),
        (3, 2),
        "the first answer"
    );
    let again = append(&wire.near, id, "lost", true).await.unwrap();
    assert_eq!(again, answer);
    assert_eq!(values(&wire.read(id).await), ["before", "lost", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_reply_is_cut_off_is_unknown_and_counts_once_when_repeated() {
    an_append_whose_reply_is_lost(Fault::CutReplies { after: 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_reply_vanishes_is_unknown_and_counts_once_when_repeated() {
    an_append_whose_reply_is_lost(Fault::SwallowReplies).await;
}

/// Places at which replies are cut, in bytes: from before the first reply to behind the last.
fn places(server: Server) -> Vec<usize> {
    match server {
        Server::Redis => (0..40).chain((40..400).step_by(20)).collect(),
        // The reply to the end of a transaction has 18 bytes.
        Server::Postgres => (0..2_400).step_by(17).collect(),
    }
}

async fn create_for(store: &SessionStore, user: &str) -> Result<CreatedSession, SessionError> {
    let new = NewSession {
        user_id: Some(user.to_owned()),
        ..NewSession::new(SessionType::Equity, ["AAPL"])
    };
    let key = key_of(user);
    store.create_session(&ALL, &new, Some(&key)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_cut_off_anywhere_creates_one_session_when_repeated() {
    let wire = Wire::to(Server::Redis).await;
    let (mut unknown, mut reserved, mut created) = (0, 0, 0);
    for after in places(Server::Redis) {
        let user = format!("user-{after}");
        let ready = until_answered("a read", || {
            wire.near.overview(&ALL, SessionId::at(wire.clock.now()), 0)
        });
        assert_eq!(ready.await.unwrap_err().code(), ErrorCode::SessionNotFound);
        wire.proxy.set(Fault::CutReplies { after });
        let first = create_for(&wire.near, &user).await;
        wire.proxy.set(Fault::None);
        let held = wire.count(&user).await;
        if let Err(error) = &first {
            assert!(may_be_repeated(error.code()), "{}", error.chain());
            let is_unknown = error.code() == ErrorCode::OutcomeUnknown;
            assert!(is_unknown || held == 0, "not done: {}", error.chain());
            unknown += u32::from(is_unknown);
            reserved += u32::from(held == 0);
            created += u32::from(held == 1);
        }
        let call = || create_for(&wire.near, &user);
        let second = until_answered("the creation again", call).await.unwrap();
        if let Ok(first) = first {
            assert_eq!(first.session.id, second.session.id);
        }
        let third = create_for(&wire.far, &user).await.unwrap();
        assert_eq!(second.session.id, third.session.id);
        assert_eq!(wire.count(&user).await, 1, "cut after {after} bytes");
    }
    println!(
        "creations cut off: {unknown} unknown, {reserved} before and {created} after the session stood"
    );
    assert!(
        reserved > 0 && created > 0,
        "both of its steps were cut off"
    );
}

/// An extension, cut off anywhere on its way from this server, extends once when it is repeated.
async fn an_extension_cut_off_anywhere(server: Server, is_archived: bool) {
    let wire = Wire::to(server).await;
    let (mut unknown, mut unavailable, mut done) = (0, 0, 0);
    for after in places(server) {
        let id = create(&wire.far, 1, MINUTE_IN_HOURS).await[0];
        append(&wire.far, id, "before", true).await.unwrap();
        let key = key_of(&id.to_string());
        if is_archived {
            wire.clock.advance(3 * MINUTE);
            assert!(wire.far.archive_session(&ALL, id).await.unwrap());
        }
        let before = wire.read(id).await;
        let expected = before.expires_at.max(wire.clock.now()).plus(60 * MINUTE);
        let nobody = SessionId::at(wire.clock.now());
        let ready = until_answered("a read", || wire.near.overview(&ALL, nobody, 0));
        assert_eq!(ready.await.unwrap_err().code(), ErrorCode::SessionNotFound);
        wire.proxy.set(Fault::CutReplies { after });
        let first = wire.near.extend_session(&ALL, id, 1.0, Some(&key)).await;
        wire.proxy.set(Fault::None);
        match first.as_ref().map_err(SessionError::code) {
            Ok(_) => done += 1,
            Err(ErrorCode::OutcomeUnknown) => unknown += 1,
            Err(code) => {
                assert!(may_be_repeated(code), "cut after {after} bytes: {first:?}");
                assert_eq!(wire.read(id).await, before, "not done: {first:?}");
                unavailable += 1;
            }
        }
        wire.clock.advance(SECOND);
        let call = || wire.near.extend_session(&ALL, id, 1.0, Some(&key));
        let answer = until_answered("the extension again", call).await.unwrap();
        // An archived session is extended from now, which is a second later for the second call.
        let latest = expected.plus(if is_archived { SECOND } else { Duration::ZERO });
        let once = expected..=latest;
        assert!(
            once.contains(&answer.expires_at),
            "extended once: {answer:?}"
        );
        let again = wire.far.extend_session(&ALL, id, 1.0, Some(&key)).await;
        assert_eq!(again.unwrap(), answer);
        let read = wire.read(id).await;
        assert_eq!(
            (read.expires_at, values(&read)),
            (answer.expires_at, vec!["before"])
        );
    }
    println!(
        "extensions cut off from {server:?} (archived: {is_archived}): {unknown} unknown, {unavailable} refused, {done} done"
    );
    assert!(unknown + unavailable > 0 && done > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_cut_off_anywhere_from_redis_extends_once_when_repeated() {
    an_extension_cut_off_anywhere(Server::Redis, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bringing_back_cut_off_anywhere_from_redis_brings_back_once_when_repeated() {
    an_extension_cut_off_anywhere(Server::Redis, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bringing_back_cut_off_anywhere_from_postgresql_brings_back_once_when_repeated() {
    an_extension_cut_off_anywhere(Server::Postgres, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_read_whose_reply_vanishes_is_unavailable_and_works_again_afterwards() {
    let wire = Wire::to(Server::Postgres).await;
    let id = create(&wire.far, 1, 24.0).await[0];
    assert!(wire.far.archive_session(&ALL, id).await.unwrap());
    wire.near.get_session(&ALL, id).await.unwrap();
    let faults = wire.proxy.faults();
    wire.proxy.set(Fault::SwallowReplies);
    let lost = wire.near.get_session(&ALL, id).await.unwrap_err();
    assert_eq!(
        lost.code(),
        ErrorCode::ArchiveUnavailable,
        "{}",
        lost.chain()
    );
    assert!(wire.heal(faults), "the reply was there to be lost");
    let read = until_answered("the read again", || wire.near.get_session(&ALL, id));
    assert_eq!(read.await.unwrap().id, id);
}
