//! Sessions whose header is damaged: they stop nobody, and can be set aside and removed.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{append, config, connect, expired, key_of, list, raw};
use fiml_session_core::{
    Limits, Timestamp,
    store::{ActiveStore, MetricsFilter, Removal, Scope, StoreError},
};
use fiml_store_redis::RedisStore;
use fiml_testkit::{
    fixtures::{HOUR, MANY, after, ask, full_session, full_snapshot, id, keyed, live, owner},
    servers::shared_redis,
};

/// A command without the key of the header, which stands behind its first word, and whether anything is left
/// by which the session is still known to be there.
const DAMAGES: [(&[&[u8]], bool); 9] = [
    (&[b"DEL"], false),
    (&[b"HDEL", b"m", b"n"], false),
    (&[b"HDEL", b"n"], true),
    (&[b"HDEL", b"m"], true),
    (&[b"HSET", b"m", b""], true),
    (&[b"HSET", b"n", b"short"], true),
    (&[b"HSET", b"n", &[0xFF; 56]], true),
    (&[b"HSET", b"o", b"\xFF"], true),
    (&[b"SET", b"whatever"], true),
];

/// Sessions 1 and 2, of which the first is damaged.
struct Damaged {
    store: RedisStore,
    prefix: String,
}

impl Damaged {
    async fn by(damage: &[&[u8]]) -> Self {
        let settings = config(shared_redis().url());
        let store = connect(&settings).await;
        for n in 1..=2 {
            store.insert(&full_snapshot(n)).await.unwrap();
        }
        let header = key_of(&settings.key_prefix, id(1), "h");
        let mut words = vec![damage[0], header.as_bytes()];
        words.extend(&damage[1..]);
        raw(shared_redis(), &words);
        let prefix = settings.key_prefix;
        Self { store, prefix }
    }

    fn keys(&self) -> String {
        shared_redis().command(&["KEYS", &format!("{}:*", self.prefix)])
    }
}

#[tokio::test]
async fn a_damaged_header_neither_stops_the_sweep_nor_comes_back_for_ever() {
    for (damage, is_known) in DAMAGES {
        let Damaged { store, .. } = &Damaged::by(damage).await;
        let due = expired(store, 5).await;
        let both = [id(1), id(2)];
        assert_eq!(due, both[usize::from(!is_known)..], "{damage:?}");
        if is_known {
            let error = store.snapshot(id(1)).await.unwrap_err();
            let named =
                matches!(error, StoreError::Corrupt { id: Some(named), .. } if named == id(1));
            assert!(named, "{damage:?}: {error:?}");
            let aside = store.quarantine(id(1), "damaged", Timestamp::MAX).await;
            assert!(aside.unwrap(), "{damage:?}");
            assert_eq!(store.quarantined(MANY).await.unwrap()[0].id, id(1));
        } else {
            assert_eq!(store.snapshot(id(1)).await.unwrap(), None, "{damage:?}");
        }
        assert_eq!(expired(store, 1).await, [id(2)], "{damage:?}");
    }
}

#[tokio::test]
async fn a_damaged_header_hides_no_other_session_from_lists_and_figures() {
    for (damage, _) in DAMAGES {
        let Damaged { store, .. } = &Damaged::by(damage).await;
        for scope in [Scope::All, owner("alice")] {
            let listed = list(store, &scope).await;
            let listed: Vec<_> = listed.iter().map(|header| header.id).collect();
            assert_eq!(listed, [id(2)], "{damage:?}");
            let figures = store.metrics(&scope, &MetricsFilter::default()).await;
            assert_eq!(figures.unwrap().len(), 1, "{damage:?}");
        }
    }
}

#[tokio::test]
async fn a_session_with_a_damaged_header_is_removed_with_everything_that_belongs_to_it() {
    for (damage, is_known) in DAMAGES {
        for aside in [false, true] {
            let damaged = Damaged::by(damage).await;
            let store = &damaged.store;
            if aside {
                let aside = store.quarantine(id(1), "damaged", Timestamp::MAX).await;
                // What is left of the header may be enough to set it aside.
                assert!(aside.unwrap() || !is_known, "{damage:?}");
            }
            assert!(
                store.remove(&Scope::All, id(1)).await.unwrap(),
                "{damage:?}"
            );
            assert!(
                !store.remove(&Scope::All, id(1)).await.unwrap(),
                "{damage:?}"
            );
            assert_eq!(store.quarantined(MANY).await.unwrap(), []);
            assert_eq!(list(store, &owner("alice")).await.len(), 1);
            assert!(store.remove(&Scope::All, id(2)).await.unwrap());
            // The listing above met the entry, where nobody knew its owner any more.
            let meta = format!("{}:meta", damaged.prefix);
            assert_eq!(damaged.keys(), meta, "{damage:?}");
            store.insert(&full_snapshot(1)).await.unwrap();
            assert_eq!(live(store, id(1)).await, full_session(1), "{damage:?}");
            assert_eq!(expired(store, 5).await, [id(1)], "{damage:?}");
            assert_eq!(list(store, &Scope::All).await.len(), 1, "{damage:?}");
        }
    }
}

#[tokio::test]
async fn a_damaged_session_is_not_removed_where_its_version_or_owner_matters() {
    let short = &DAMAGES[5].0;
    let Damaged { store, .. } = &Damaged::by(short).await;
    let error = store.remove_unchanged(id(1), 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let error = store.remove(&owner("alice"), id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(
        store.remove_unchanged(id(9), 1).await.unwrap(),
        Removal::Absent
    );
}

#[tokio::test]
async fn a_foreign_session_is_not_there_however_damaged_it_is() {
    let foreigner = owner("mallory");
    let whatever: [&[&[u8]]; 2] = [&[b"SET", b"whatever"], &[b"HSET", b"n", b"short"]];
    for damage in whatever {
        let Damaged { store, prefix } = &Damaged::by(damage).await;
        let queries = key_of(prefix, id(1), "q");
        let _ = shared_redis().command(&["SET", &queries, "whatever"]);
        assert_eq!(store.get(&foreigner, id(1)).await.unwrap(), None);
        assert_eq!(store.overview(&foreigner, id(1), 5).await.unwrap(), None);
        assert!(!store.remove(&foreigner, id(1)).await.unwrap());
        for batch in [ask("price").into(), keyed("once", [ask("price")])] {
            let limits = Limits::default();
            let applied = store
                .apply(&foreigner, id(1), &batch, &limits, after(HOUR))
                .await;
            assert_eq!(applied.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn a_damaged_count_keeps_no_query_out() {
    let Damaged { store, .. } = &Damaged::by(&[b"HSET", b"yprice", b"whatever"]).await;
    let before = live(store, id(1)).await;
    append(store, id(1)).await.unwrap().unwrap();
    let batch = keyed("once", [ask("price")]);
    for _ in 0..2 {
        let limits = Limits::default();
        let applied = store
            .apply(&Scope::All, id(1), &batch, &limits, after(HOUR))
            .await;
        let total = applied.unwrap().unwrap().total_queries;
        assert_eq!(total, before.state.history.total_queries() + 2);
    }
    let found = live(store, id(1)).await;
    let seqs = found.state.history.queries().iter().map(|query| query.seq);
    assert!(seqs.eq(1..=found.state.history.total_queries()));
    assert_eq!(found.version, before.version + 2);
}
