//! Stores a whole session.

use fiml_session_core::{SessionHeader, SessionSnapshot, StateMap, store::StoreError};
use redis::Value;

use crate::{
    answer,
    bytes::{instant_bytes, place},
    change::{decimal, entry_field},
    error::corrupt,
    header::{self, six_bytes},
    item,
    keys::Part,
    script::INSERT,
    store::RedisStore,
    tally,
};

/// The format of an entry; its version follows, then its value as JSON.
pub(crate) const ENTRY_FORMAT: u8 = 1;

impl RedisStore {
    pub(crate) async fn insert_snapshot(
        &self,
        snapshot: &SessionSnapshot,
    ) -> Result<(), StoreError> {
        let (id, header) = (snapshot.session.id, snapshot.header());
        let arguments = arguments(&header, snapshot)?;
        let call = self.changes(Some(id));
        let owner = header.user_id.as_ref();
        let at = place(header.created_at, id);
        // Before the session, so that no crash leaves one that its owner does not find.
        let is_entered = self.enter_owner(call, owner, &at).await?;
        let replied = self
            .script(call, &INSERT, (id, Part::Removed), arguments)
            .await;
        let replied: Vec<Value> = match replied {
            Ok(replied) => replied,
            Err(error) => {
                if is_entered && did_nothing(&error) {
                    self.leave_owner(call, owner, &at).await;
                }
                return Err(error);
            }
        };
        let mut replied = replied.into_iter();
        let mut next = || replied.next().unwrap_or(Value::Nil);
        let unreadable = |source| corrupt(Some(id), source);
        if redis::from_redis_value(next()).map_err(unreadable)? {
            self.confirm_owner(call, owner, &at).await;
            return Ok(());
        }
        let held: Vec<u8> = redis::from_redis_value(next()).map_err(unreadable)?;
        let held_owner: Option<Vec<u8>> = redis::from_redis_value(next()).map_err(unreadable)?;
        let name = owner.map(|owner| owner.as_str().as_bytes());
        if held != at || held_owner.as_deref() != name {
            // What was entered above is a place of no session.
            self.leave_owner(call, owner, &at).await;
        }
        Err(StoreError::AlreadyExists { id })
    }
}

/// Whether a failed insert is known to have stored nothing.
const fn did_nothing(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Full { .. } | StoreError::Backend { .. } | StoreError::Unavailable { .. }
    )
}

fn arguments(
    header: &SessionHeader,
    snapshot: &SessionSnapshot,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let id = header.id;
    let queries = snapshot.session.state.history.queries();
    let mut of_header = Vec::new();
    for (field, value) in header::encode(header)? {
        of_header.extend([field.as_bytes().to_vec(), value]);
    }
    for (field, count) in tally::count(queries) {
        of_header.extend([field, decimal(count)]);
    }
    let items = queries.iter().map(item::encode).collect::<Result<_, _>>()?;
    let mut answers = Vec::new();
    for answer in &snapshot.answers {
        answers.extend([answer::field(&answer.key), answer::encode(answer)?]);
    }
    if !answers.is_empty() {
        answers.extend([b"newest".to_vec(), answer::mark(&snapshot.answers)]);
    }
    let mut told = vec![
        id.uuid().as_bytes().to_vec(),
        [&instant_bytes(header.expires_at)[..], id.uuid().as_bytes()].concat(),
        place(header.created_at, id).to_vec(),
    ];
    for list in [of_header, items, entries(snapshot)?, answers] {
        told.push(decimal(list.len()));
        told.extend(list);
    }
    Ok(told)
}

/// The entries of every map, fields and values in turn.
fn entries(snapshot: &SessionSnapshot) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut pairs = Vec::new();
    for map in StateMap::ALL {
        for (key, entry) in snapshot.session.state.entries(map) {
            let mut value = vec![ENTRY_FORMAT];
            value.extend(six_bytes(entry.version)?);
            serde_json::to_writer(&mut value, &entry.value).map_err(crate::error::failed)?;
            pairs.extend([entry_field(map, key), value]);
        }
    }
    Ok(pairs)
}
