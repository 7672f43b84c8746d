//! Every call of the service, while Redis is away and after.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
};

use fiml_session_core::{
    Conditions, CreatedSession, ErrorCode, ListRequest, ManualClock, NewSession, SessionError,
    SessionId, SessionStore, SessionType,
};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    ALL, MINUTE, MINUTE_IN_HOURS, PATIENCE,
    ledger::{Ledger, append, key_of, must_be_none, told},
    recovery::until_answered,
    world::create,
};

/// Calls that change nothing, so that they say that nothing was done.
const READING: [&str; 5] = [
    "get_session",
    "get_sessions",
    "overview",
    "list_user_sessions",
    "delete_session",
];

/// A service, and a session for every call.
#[derive(Debug)]
pub(crate) struct Calls {
    store: SessionStore,
    live: SessionId,
    to_delete: SessionId,
    to_archive: SessionId,
    archived: SessionId,
    expired: SessionId,
    /// The values that were sent while the server was away.
    values: Mutex<Vec<String>>,
    ledger: Mutex<Ledger>,
}

/// How a call ended; nothing where it was done.
type Ended = (&'static str, Option<SessionError>);

fn spawn<T: Send + 'static>(
    calls: &mut JoinSet<Ended>,
    name: &'static str,
    call: impl Future<Output = Result<T, SessionError>> + Send + 'static,
) {
    calls.spawn(async move {
        let ended = timeout(PATIENCE, call).await;
        (name, ended.unwrap_or_else(|_| panic!("{name} hangs")).err())
    });
}

fn named(user: &str) -> NewSession {
    NewSession {
        user_id: Some(user.to_owned()),
        ..NewSession::new(SessionType::Equity, ["AAPL"])
    }
}

impl Calls {
    pub(crate) async fn prepare(store: &SessionStore, clock: &ManualClock) -> Self {
        let short = create(store, 2, MINUTE_IN_HOURS).await;
        let long = create(store, 3, 24.0).await;
        store.archive_session(&ALL, short[0]).await.unwrap();
        clock.advance(3 * MINUTE);
        Self {
            store: store.clone(),
            live: long[0],
            to_delete: long[1],
            to_archive: long[2],
            archived: short[0],
            expired: short[1],
            values: Mutex::default(),
            ledger: Mutex::default(),
        }
    }

    /// Makes every call at once; each must end with an error that tells the truth.
    pub(crate) async fn must_fail(&self, label: &str) {
        let (keyed, plain) = (format!("{label}-keyed"), format!("{label}-plain"));
        for (name, error) in self.all(&keyed, &plain).await {
            let error = error.unwrap_or_else(|| panic!("{name} cannot have been done"));
            let (code, chain) = (error.code(), error.chain());
            match code {
                ErrorCode::StoreUnavailable => {}
                ErrorCode::OutcomeUnknown if !READING.contains(&name) => {}
                _ => panic!("{name}: {code}: {chain}"),
            }
            let outcome = told::<()>(&Err(error));
            match name {
                "record_query with a key" => self.note(&keyed, outcome),
                "record_query" => self.note(&plain, outcome),
                _ => {}
            }
        }
        self.values().push(keyed);
    }

    fn note(&self, value: &str, outcome: fiml_testkit::checker::Outcome) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.note(value, self.live, value, outcome);
    }

    fn values(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn all(&self, keyed: &str, plain: &str) -> Vec<Ended> {
        let mut calls = JoinSet::new();
        let (live, to_delete, to_archive) = (self.live, self.to_delete, self.to_archive);
        let archived = self.archived;
        let with = || self.store.clone();
        let (store, value) = (with(), keyed.to_owned());
        spawn(&mut calls, "record_query with a key", async move {
            append(&store, live, &value, true).await
        });
        let (store, value) = (with(), plain.to_owned());
        spawn(&mut calls, "record_query", async move {
            append(&store, live, &value, false).await
        });
        let (store, key) = (with(), key_of("create"));
        spawn(&mut calls, "create_session with a key", async move {
            store.create_session(&ALL, &named("bob"), Some(&key)).await
        });
        let store = with();
        spawn(&mut calls, "create_session", async move {
            store.create_session(&ALL, &named("eve"), None).await
        });
        let store = with();
        spawn(&mut calls, "get_session", async move {
            store.get_session(&ALL, live).await
        });
        let store = with();
        spawn(&mut calls, "get_sessions", async move {
            store.get_sessions(&ALL, &[live, archived]).await
        });
        let store = with();
        spawn(&mut calls, "overview", async move {
            store.overview(&ALL, live, 5).await
        });
        let store = with();
        spawn(&mut calls, "list_user_sessions", async move {
            let request = ListRequest::default();
            store.list_user_sessions(&ALL, &request).await
        });
        for (name, id) in [
            ("extend_session", live),
            ("extend_session, archived", archived),
        ] {
            let store = with();
            spawn(&mut calls, name, async move {
                store.extend_session(&ALL, id, 1.0, None).await
            });
        }
        let store = with();
        spawn(&mut calls, "delete_session", async move {
            store.delete_session(&ALL, to_delete).await
        });
        let store = with();
        spawn(&mut calls, "archive_session", async move {
            store.archive_session(&ALL, to_archive).await
        });
        let store = with();
        spawn(&mut calls, "cleanup_expired_sessions", async move {
            store.cleanup_expired_sessions().await
        });
        calls.join_all().await
    }

    /// Waits until the service works again by itself.
    pub(crate) async fn come_back(&self) {
        let read = until_answered("a read", || self.store.get_session(&ALL, self.live));
        read.await.unwrap();
    }

    /// Makes every call again, which must be done now, and counts what the session holds.
    pub(crate) async fn must_work(&self) {
        let values = self.values().clone();
        for value in &values {
            let answer = append(&self.store, self.live, value, true).await;
            self.note(value, told(&answer));
            assert_eq!(
                answer.as_ref().ok(),
                append(&self.store, self.live, value, true)
                    .await
                    .ok()
                    .as_ref()
            );
        }
        let first = self.create_under_a_key().await;
        assert_eq!(first.session.id, self.create_under_a_key().await.session.id);
        let request = ListRequest {
            user_id: Some("bob".to_owned()),
            ..ListRequest::default()
        };
        let listed = self.store.list_user_sessions(&ALL, &request).await.unwrap();
        assert_eq!(listed.total, 1, "one key, one session");
        let mut session = self.store.get_session(&ALL, self.live).await.unwrap();
        session.state.update_context("note", "back");
        let conditions = Conditions::default();
        let updated = self.store.update_session(&ALL, &mut session, conditions);
        updated.await.unwrap();
        let deleted = self.store.delete_session(&ALL, self.to_delete).await;
        assert!(deleted.unwrap(), "the deletion that failed did nothing");
        let archived = self.store.archive_session(&ALL, self.to_archive).await;
        assert!(archived.unwrap());
        let extended = self.store.extend_session(&ALL, self.archived, 1.0, None);
        extended.await.unwrap();
        let cleaned = self.store.cleanup_expired_sessions().await.unwrap();
        assert_eq!(cleaned.archived, 1, "{} was due", self.expired);
        let session = self.store.get_session(&ALL, self.live).await.unwrap();
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        must_be_none(&ledger.check(&session));
    }

    async fn create_under_a_key(&self) -> CreatedSession {
        let (new, key) = (named("bob"), key_of("create"));
        let created = self.store.create_session(&ALL, &new, Some(&key));
        created.await.unwrap()
    }
}
