//! Changing sessions: keys and tags.

use serde_json::json;

use fiml_session_core::{SessionChange, StateMap, Tag, store::ActiveStore};

use crate::fixtures::{
    HOUR, ODD_NAMES, after, apply, ask, batch, full_session, id, insert, live, session, set, set_in,
    tag, tags, unset,
};

/// What was set is what is read, not what a decimal or binary detour makes of it.
pub async fn values_read_back_with_the_same_bits(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let values = [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(12_345_678_901_234_567_u64),
        json!(-0.0),
        json!(1e308),
        json!(5e-324),
        json!(0.1 + 0.2),
        json!(1.0),
        json!([]),
        json!({}),
        json!(null),
        json!([[], {"": {}}]),
        json!("🦀 \"quoted\" \\ \r\n"),
    ];
    for (n, value) in values.iter().enumerate() {
        let set = set(&format!("v{n}"), value.clone());
        apply(store, id(1), &set.into(), after(HOUR)).await.unwrap();
    }
    let found = live(store, id(1)).await;
    for (n, value) in values.iter().enumerate() {
        let read = found.state.get_context(&format!("v{n}")).unwrap();
        assert_eq!(read.to_string(), value.to_string(), "down to the bits");
    }
}

/// A key with a quote or a pattern is a key like any other.
pub async fn odd_keys_and_tags_are_stored_verbatim_and_touch_no_others(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    for name in ODD_NAMES {
        let odd = batch([
            set(name, name),
            SessionChange::TagsAdded { tags: tags([name]) },
        ]);
        apply(store, id(1), &odd, after(HOUR)).await.unwrap();
    }
    let found = live(store, id(1)).await;
    let keys = found.state.entries(StateMap::Context);
    assert_eq!(keys.len(), ODD_NAMES.len());
    assert_eq!(found.tags, ODD_NAMES.map(tag));
    for name in ODD_NAMES {
        assert_eq!(found.state.get_context(name), Some(&json!(name)));
    }
    for pattern in ["%", "*"] {
        let less = batch([
            unset(pattern),
            SessionChange::TagsRemoved {
                tags: tags([pattern]),
            },
        ]);
        apply(store, id(1), &less, after(HOUR)).await.unwrap();
    }
    let found = live(store, id(1)).await;
    let left: Vec<Tag> = ODD_NAMES.map(tag).to_vec();
    let left: Vec<_> = left
        .into_iter()
        .filter(|tag| !["%", "*"].contains(&tag.as_str()))
        .collect();
    assert_eq!(found.tags, left);
    assert_eq!(found.state.entries(StateMap::Context).len(), left.len());
}

/// Setting a key stamps it, and leaves the stamps of all others.
pub async fn an_entry_carries_the_version_that_wrote_it(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    for changes in [
        batch([set("a", 1), set("b", 1)]),
        batch([ask("price")]),
        batch([set("b", 1)]),
        batch([unset("a")]),
        batch([set("a", 1), set("c", 1)]),
    ] {
        apply(store, id(1), &changes, after(HOUR)).await.unwrap();
    }
    let found = live(store, id(1)).await;
    let context = found.state.entries(StateMap::Context);
    let stamps: Vec<_> = context
        .iter()
        .map(|(key, entry)| (key.as_str(), entry.version))
        .collect();
    assert_eq!(stamps, [("a", 6), ("b", 4), ("c", 6)]);
}

/// It is taken, and makes a version.
pub async fn removing_what_is_absent_changes_no_entry(store: &dyn ActiveStore) {
    let before = full_session(1);
    insert(store, &before).await;
    let none = batch([
        unset("absent"),
        SessionChange::TagsRemoved {
            tags: tags(["absent"]),
        },
    ]);
    let applied = apply(store, id(1), &none, after(2 * HOUR)).await.unwrap();
    assert_eq!(applied.version, before.version + 1);
    let found = live(store, id(1)).await;
    assert_eq!((found.state, found.tags), (before.state, before.tags));
}

/// The maps of a session are apart.
pub async fn the_same_key_in_two_maps_is_two_entries(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let all = batch(StateMap::ALL.map(|map| set_in(map, "k", map.name())));
    apply(store, id(1), &all, after(HOUR)).await.unwrap();
    apply(store, id(1), &unset("k").into(), after(HOUR)).await.unwrap();
    let found = live(store, id(1)).await;
    let values = StateMap::ALL.map(|map| found.state.value(map, "k").cloned());
    assert_eq!(
        values,
        [
            None,
            Some(json!("preferences")),
            Some(json!("intermediate_results")),
            Some(json!("metadata"))
        ]
    );
}

/// A tag that is there already does not move to the end.
pub async fn tags_are_added_once_and_stay_in_place(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let added = SessionChange::TagsAdded {
        tags: tags(["alpha", "new", "new", "tech", "Alpha"]),
    };
    apply(store, id(1), &added.into(), after(2 * HOUR)).await.unwrap();
    let expected = ["tech", "zeta", "alpha", "Überblick 2026", "new", "Alpha"];
    assert_eq!(live(store, id(1)).await.tags, tags(expected));
}
