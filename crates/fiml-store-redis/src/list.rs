//! Lists sessions by the indexes, newest first.

use std::num::NonZeroUsize;

use fiml_session_core::{
    SessionHeader, SessionId, UserId,
    store::{Page, Scope, SessionFilter, StoreError},
};
use redis::cmd;

use crate::{
    bytes::{Place, place, place_id},
    header::{self, FIELDS, Found},
    keys::{BUCKETS, Part},
    link::Call,
    store::RedisStore,
    walk::{Stretch, Walk},
};

/// Whose indexes lead to the sessions that are wanted.
pub(crate) enum Whose {
    Nobodys,
    /// Those of one owner, or of none.
    Owners(Option<UserId>),
    Everybodys,
}

impl Whose {
    pub(crate) fn of(scope: &Scope, user: Option<&UserId>) -> Self {
        match (scope, user) {
            (Scope::Owner(owner), Some(user)) if owner != user => Self::Nobodys,
            (Scope::Owner(owner), _) => Self::Owners(Some(owner.clone())),
            (Scope::Unowned, None) => Self::Owners(None),
            (Scope::Unowned, Some(_)) => Self::Nobodys,
            (Scope::All, Some(user)) => Self::Owners(Some(user.clone())),
            (Scope::All, None) => Self::Everybodys,
        }
    }

    pub(crate) fn keys(&self, store: &RedisStore) -> Vec<String> {
        match self {
            Self::Nobodys => Vec::new(),
            Self::Owners(owner) => vec![store.keys.owner(owner.as_ref())],
            Self::Everybodys => {
                let buckets = 0..BUCKETS;
                let keys = buckets.map(|bucket| store.keys.of_bucket(bucket, Part::Created));
                keys.collect()
            }
        }
    }
}

/// How many places are looked at beyond those wanted, in case some have no session any more.
const SPARE: usize = 8;
/// How many places are looked at once where a filter may pass over some, at least and at most.
const WINDOW: (usize, usize) = (128, 1_000);

impl RedisStore {
    pub(crate) async fn list_page(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        let whose = Whose::of(scope, filter.user_id.as_ref());
        let limit = page.limit.get();
        let mut window = limit.saturating_add(SPARE);
        if narrows(filter) {
            window = window.max(WINDOW.0);
        }
        let stretch = Stretch::newest_first(page.after, None);
        let mut walk = Walk::new(self, whose.keys(self), stretch, window);
        let call = self.reads(None);
        let (mut listed, mut dangling) = (Vec::new(), Vec::new());
        while listed.len() < limit {
            let places = walk.next(call, window.min(WINDOW.1)).await?;
            if places.is_empty() {
                break;
            }
            let found = self.headers(call, &places).await?;
            for (at, header) in places.iter().zip(found) {
                let header = match header {
                    Ok(header) => header,
                    Err(error) => {
                        pass_over(at, &error);
                        continue;
                    }
                };
                match header {
                    // An index may name a session of the same id that is older, or of somebody else.
                    Some(header) if place(header.created_at, header.id) != *at => {}
                    Some(header) => {
                        if scope.covers(header.user_id.as_ref()) && filter.matches(&header) {
                            listed.push(header);
                        }
                    }
                    None => dangling.push(*at),
                }
            }
            window = window.saturating_mul(2);
        }
        if let Whose::Owners(owner) = &whose
            && !dangling.is_empty()
        {
            self.heal_owner(call, owner.as_ref(), &dangling).await;
        }
        listed.truncate(limit);
        Ok(listed)
    }

    pub(crate) async fn list_ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let whose = Whose::of(scope, filter.user_id.as_ref());
        let page = Page { after: None, limit };
        // The indexes of the buckets change with their sessions; an owner's may name one too many.
        if matches!(whose, Whose::Everybodys) && !narrows(filter) {
            let stretch = Stretch::newest_first(None, None);
            let mut walk = Walk::new(self, whose.keys(self), stretch, limit.get());
            let places = walk.next(self.reads(None), limit.get()).await?;
            return Ok(places.iter().map(place_id).collect());
        }
        let headers = self.list_page(scope, filter, page).await?;
        Ok(headers.into_iter().map(|header| header.id).collect())
    }

    /// The headers at these places, in their order, each with an error of its own where it is damaged.
    async fn headers(
        &self,
        call: Call,
        places: &[Place],
    ) -> Result<Vec<Result<Option<SessionHeader>, StoreError>>, StoreError> {
        let reads = places.iter().map(|place| {
            let id = place_id(place);
            let mut read = cmd("HMGET");
            read.arg(self.keys.of(id, Part::Header)).arg(&FIELDS);
            (Some(id), read)
        });
        let reads: Vec<_> = reads.collect();
        let found: Vec<Result<Found, _>> = self.link.reads_where_readable(call, reads).await?;
        let found = places.iter().zip(found);
        let headers = found.map(|(place, found)| header::decode(place_id(place), &found?));
        Ok(headers.collect())
    }
}

/// A damaged session is missing in lists, and hides no other.
pub(crate) fn pass_over(at: &Place, error: &StoreError) {
    let id = place_id(at);
    tracing::warn!(session.id = %id, ?error, "a session that cannot be read is passed over");
}

/// Whether a filter asks for more than an owner.
fn narrows(filter: &SessionFilter) -> bool {
    let SessionFilter {
        user_id: _,
        session_type,
        tags,
        asset,
        unexpired_at,
    } = filter;
    session_type.is_some() || !tags.is_empty() || asset.is_some() || unexpired_at.is_some()
}
