//! Creating a session.

use std::time::Duration;

use super::{SessionStore, Stores};
use crate::{
    change::IdempotencyKey,
    clock::Timestamp,
    error::SessionError,
    id::{Asset, SessionId, Tag, UserId},
    policy::hours,
    session::{Session, SessionType},
    snapshot::SessionSnapshot,
    state::SessionState,
    store::{Reservation, Scope, StoreError},
    text::Invalid,
};

/// What a caller asks for; proven by [`SessionStore::create_session`].
#[derive(Debug, Clone, PartialEq)]
pub struct NewSession {
    /// What kind of analysis it holds.
    pub session_type: SessionType,
    /// What it is about: 1 to 100 assets, trimmed, upper-cased, without repetitions.
    pub assets: Vec<String>,
    /// Its owner; an asker with a scope of its own may only repeat itself.
    pub user_id: Option<String>,
    /// How long it lives, in hours; the policy's default where none is given, at most its maximum.
    pub ttl_hours: Option<f64>,
    /// What it is found by: at most 32 tags.
    pub tags: Vec<String>,
}

impl NewSession {
    /// A session of this type about these assets, everything else left to the policy.
    pub fn new<A: Into<String>>(
        session_type: SessionType,
        assets: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            session_type,
            assets: assets.into_iter().map(Into::into).collect(),
            user_id: None,
            ttl_hours: None,
            tags: Vec::new(),
        }
    }
}

/// A created session, with the life it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedSession {
    /// The session.
    pub session: Session,
    /// The life it was given.
    pub ttl: Duration,
    /// Whether that is less than was asked for.
    pub ttl_capped: bool,
}

impl SessionStore {
    /// Creates a session; the same key with the same content gives the first session again.
    pub async fn create_session(
        &self,
        scope: &Scope,
        new: &NewSession,
        key: Option<&IdempotencyKey>,
    ) -> Result<CreatedSession, SessionError> {
        let at = self.now();
        let wanted = self.prove(scope, new)?;
        let id = SessionId::at(at);
        let Some(key) = key else {
            let created = wanted.at(id, at, at.plus(wanted.ttl));
            self.insert(&created.session).await?;
            return Ok(created);
        };
        let offered = Reservation {
            key: key.clone(),
            id,
            created_at: at,
            expires_at: at.plus(wanted.ttl),
        };
        let owner = wanted.user_id.as_ref();
        let held = self
            .stores
            .active
            .reserve(owner, &offered)
            .await
            .map_err(SessionError::Active)?;
        if held.key != *key {
            let key = key.key().to_owned();
            return Err(SessionError::CreateConflict { key });
        }
        if held.id != id && self.was_created(held.id).await? {
            return Ok(wanted.at(held.id, held.created_at, held.expires_at));
        }
        // A call that died before it inserted may be completed long after the life it was promised.
        let expires_at = if held.expires_at > at {
            held.expires_at
        } else {
            offered.expires_at
        };
        let created = wanted.at(held.id, held.created_at, expires_at);
        match self.insert(&created.session).await {
            // Two retries of one call may both complete it.
            Err(SessionError::Active(StoreError::AlreadyExists { .. })) => {}
            done => done?,
        }
        let withdrawn = self.withdraw_if_late(&created.session).await;
        // The first call under a key does not depend on the archive: it is hardly ever late.
        if held.id != id {
            let id = held.id;
            withdrawn.map_err(|source| SessionError::Unconfirmed { id, source })?;
        }
        Ok(created)
    }

    /// Takes a fresh copy back where another call under its key had created the session before, and somebody
    /// has deleted or archived it since.
    async fn withdraw_if_late(&self, session: &Session) -> Result<(), StoreError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        let (scope, id) = (&Scope::All, session.id);
        if archive.is_buried(id).await? {
            active.remove(scope, id).await?;
        } else if archive.overview(scope, id, 0).await?.is_some() {
            active.remove_unchanged(id, session.version).await?;
        }
        Ok(())
    }

    async fn insert(&self, session: &Session) -> Result<(), SessionError> {
        let snapshot = SessionSnapshot::from(session.clone());
        self.stores
            .active
            .insert(&snapshot)
            .await
            .map_err(SessionError::Active)
    }

    /// Whether a reserved session exists or existed, so that a late retry does not raise it from deletion.
    async fn was_created(&self, id: SessionId) -> Result<bool, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        let live = active
            .overview(&Scope::All, id, 0)
            .await
            .map_err(SessionError::Active)?;
        Ok(live.is_some()
            || archive
                .overview(&Scope::All, id, 0)
                .await
                .map_err(SessionError::Archive)?
                .is_some()
            || archive.is_buried(id).await.map_err(SessionError::Archive)?)
    }

    fn prove(&self, scope: &Scope, new: &NewSession) -> Result<Wanted, SessionError> {
        let limits = &self.policy.limits;
        let ttl = match new.ttl_hours {
            Some(asked) => hours("ttl_hours", asked)?,
            None => self.policy.default_ttl,
        };
        let user_id = new
            .user_id
            .as_deref()
            .map(str::parse::<UserId>)
            .transpose()?;
        let user_id = match (scope, user_id) {
            (Scope::Owner(asker), named) => {
                if named.is_some_and(|named| named != *asker) {
                    let argument = "user_id".to_owned();
                    return Err(SessionError::Forbidden { argument });
                }
                Some(asker.clone())
            }
            (Scope::Unowned, Some(_)) => {
                let argument = "user_id".to_owned();
                return Err(SessionError::Forbidden { argument });
            }
            (Scope::Unowned | Scope::All, named) => named,
        };
        Ok(Wanted {
            session_type: new.session_type,
            assets: prove_each::<Asset>("assets", &new.assets, 1, limits.max_assets)?,
            tags: prove_each::<Tag>("tags", &new.tags, 0, limits.max_tags)?,
            user_id,
            ttl: ttl.min(limits.max_ttl),
            ttl_capped: ttl > limits.max_ttl,
        })
    }
}

/// What was asked for, proven.
struct Wanted {
    session_type: SessionType,
    assets: Vec<Asset>,
    tags: Vec<Tag>,
    user_id: Option<UserId>,
    ttl: Duration,
    ttl_capped: bool,
}

impl Wanted {
    fn at(&self, id: SessionId, created_at: Timestamp, expires_at: Timestamp) -> CreatedSession {
        let session = Session {
            id,
            user_id: self.user_id.clone(),
            session_type: self.session_type,
            assets: self.assets.clone(),
            tags: self.tags.clone(),
            created_at,
            expires_at,
            last_accessed_at: created_at,
            version: 1,
            state: SessionState::default(),
        };
        CreatedSession {
            session,
            ttl: expires_at.since(created_at),
            ttl_capped: self.ttl_capped,
        }
    }
}

/// Proves each item, dropping repetitions, and then that there are neither too few nor too many.
fn prove_each<T>(
    argument: &str,
    items: &[String],
    min: usize,
    max: usize,
) -> Result<Vec<T>, Invalid>
where
    T: std::str::FromStr<Err = Invalid> + PartialEq,
{
    let limit = format!("{min} to {max} {argument}");
    // Before the work of dropping repetitions, which grows with the square.
    if items.len() > max {
        let problem = format!("has {} items", items.len());
        return Err(Invalid::malformed(argument, problem, limit));
    }
    let mut proven = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let item = item.parse::<T>().map_err(|error| Invalid {
            argument: format!("{argument}[{index}]"),
            ..error
        })?;
        if !proven.contains(&item) {
            proven.push(item);
        }
    }
    if proven.len() < min {
        return Err(Invalid::malformed(argument, "is empty", limit));
    }
    Ok(proven)
}
