//! Listing sessions over both tiers, newest first.

use std::{collections::BTreeSet, num::NonZeroUsize};

use futures_util::future::try_join;

use super::{SessionStore, Stores};
use crate::{
    error::SessionError,
    id::{Asset, SessionId, Tag, UserId},
    session::{SessionHeader, SessionSummary, SessionType},
    store::{Cursor, Page, Scope, SessionFilter},
    text::Invalid,
};

/// Which sessions a caller wants listed; proven by [`SessionStore::list_user_sessions`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// Those of this owner; of everybody in scope where none is given.
    pub user_id: Option<String>,
    /// Whether to list expired sessions too, archived or not.
    pub include_archived: bool,
    /// How many at most, 1 to 200.
    pub limit: usize,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Those of this type.
    pub session_type: Option<SessionType>,
    /// Those that carry every one of these tags.
    pub tags: Vec<String>,
    /// Those about this asset.
    pub asset: Option<String>,
}

impl Default for ListRequest {
    fn default() -> Self {
        Self {
            user_id: None,
            include_archived: false,
            limit: Self::DEFAULT_LIMIT,
            cursor: None,
            session_type: None,
            tags: Vec::new(),
            asset: None,
        }
    }
}

impl ListRequest {
    /// How many sessions a page has where the caller does not say.
    pub const DEFAULT_LIMIT: usize = 50;
    /// How many sessions a page has at most.
    pub const MAX_LIMIT: usize = 200;
}

/// A page of sessions, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<SessionSummary>,
    /// What to ask the next page with; none behind the last.
    pub next_cursor: Option<String>,
    /// How many sessions match, on all pages; 1,000 where there are more.
    ///
    /// With expired ones included, a session that came back from the archive less than ten minutes ago
    /// may still be counted by the tags and expiry it had there.
    pub total: usize,
    /// Whether there are more than 1,000.
    pub total_capped: bool,
}

/// Up to where a total is exact: counting further would cost as much as reading.
const MAX_TOTAL: usize = 1_000;

impl SessionStore {
    /// A page of the matching sessions, newest first by creation.
    ///
    /// Pages have no duplicates and no gaps while sessions are added or change tier. Without
    /// `include_archived` only what has not expired is listed, and the archive is not asked.
    pub async fn list_user_sessions(
        &self,
        scope: &Scope,
        request: &ListRequest,
    ) -> Result<SessionPage, SessionError> {
        let limit = NonZeroUsize::new(request.limit)
            .filter(|limit| limit.get() <= ListRequest::MAX_LIMIT)
            .ok_or_else(|| {
                let limit = format!("1 to {}", ListRequest::MAX_LIMIT);
                Invalid::malformed("limit", format!("is {}", request.limit), limit)
            })?;
        let filter = self.filter(request)?;
        let after = request.cursor.as_deref().map(str::parse).transpose()?;
        // Side by side, so that a page costs no more round trips than its longer half.
        let page = self.page(scope, &filter, Page { after, limit });
        let ((sessions, after), total) = try_join(page, self.total(scope, &filter)).await?;
        Ok(SessionPage {
            sessions,
            next_cursor: after.map(|cursor| cursor.to_string()),
            total: total.min(MAX_TOTAL),
            total_capped: total > MAX_TOTAL,
        })
    }

    /// A page of what both tiers hold, and where the next one begins.
    async fn page(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<(Vec<SessionSummary>, Option<Cursor>), SessionError> {
        let Page { mut after, limit } = page;
        let mut sessions = Vec::new();
        loop {
            let (mut found, end) = self.stretch(scope, filter, Page { after, limit }).await?;
            sessions.append(&mut found);
            after = end;
            if after.is_none() || sessions.len() >= limit.get() {
                break;
            }
        }
        if sessions.len() > limit.get() {
            sessions.truncate(limit.get());
            after = sessions
                .last()
                .map(|last: &SessionSummary| Cursor::of(&last.header));
        }
        Ok((sessions, after))
    }

    fn filter(&self, request: &ListRequest) -> Result<SessionFilter, Invalid> {
        let tags = request.tags.iter().enumerate().map(|(index, tag)| {
            tag.parse::<Tag>().map_err(|error| Invalid {
                argument: format!("tags[{index}]"),
                ..error
            })
        });
        Ok(SessionFilter {
            user_id: request
                .user_id
                .as_deref()
                .map(str::parse::<UserId>)
                .transpose()?,
            session_type: request.session_type,
            tags: tags.collect::<Result<_, _>>()?,
            asset: request
                .asset
                .as_deref()
                .map(str::parse::<Asset>)
                .transpose()?,
            unexpired_at: (!request.include_archived).then(|| self.now()),
        })
    }

    /// What both tiers hold from a place on, as far as both are known, and where the next one begins.
    async fn stretch(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<(Vec<SessionSummary>, Option<Cursor>), SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        let live = active
            .list(scope, filter, page)
            .await
            .map_err(SessionError::Active)?;
        let mut end = full(page, live.len(), live.last());
        let mut sessions: Vec<_> = live
            .into_iter()
            .map(|header| summary(header, false))
            .collect();
        if filter.unexpired_at.is_none() {
            let rows = archive
                .list(scope, filter, page)
                .await
                .map_err(SessionError::Archive)?;
            // Behind the last row of a full page the tier is not known yet.
            end = match (
                end,
                full(page, rows.len(), rows.last().map(|row| &row.header)),
            ) {
                (Some(live), Some(archived)) => Some(live.min(archived)),
                (live, archived) => live.or(archived),
            };
            let held: BTreeSet<_> = sessions.iter().map(|session| session.header.id).collect();
            for row in rows {
                if held.contains(&row.header.id) {
                    continue;
                }
                // On its way between tiers: the live copy wins, wherever the first read was.
                let live = if row.is_settled {
                    None
                } else {
                    self.live(row.header.id).await?
                };
                match live {
                    None => sessions.push(summary(row.header, true)),
                    Some(live) if filter.matches(&live) => sessions.push(summary(live, false)),
                    Some(_) => {}
                }
            }
            sessions.sort_by_key(|session| Cursor::of(&session.header));
        }
        if let Some(end) = end {
            sessions.retain(|session| Cursor::of(&session.header) <= end);
        }
        Ok((sessions, end))
    }

    async fn live(&self, id: SessionId) -> Result<Option<SessionHeader>, SessionError> {
        let live = self.stores.active.overview(&Scope::All, id, 0).await;
        Ok(live.map_err(SessionError::Active)?.map(|live| live.header))
    }

    async fn total(&self, scope: &Scope, filter: &SessionFilter) -> Result<usize, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        let limit = const { NonZeroUsize::new(MAX_TOTAL + 1).expect("more than zero") };
        let live = active
            .ids(scope, filter, limit)
            .await
            .map_err(SessionError::Active)?;
        if filter.unexpired_at.is_some() || live.len() > MAX_TOTAL {
            return Ok(live.len());
        }
        let archived = archive
            .ids(scope, filter, limit)
            .await
            .map_err(SessionError::Archive)?;
        Ok(live
            .into_iter()
            .chain(archived)
            .collect::<BTreeSet<_>>()
            .len())
    }
}

/// The last place of a tier that may hold more: one that gave fewer than it might has nothing left.
fn full(page: Page, given: usize, last: Option<&SessionHeader>) -> Option<Cursor> {
    (given >= page.limit.get())
        .then(|| last.map(Cursor::of))
        .flatten()
}

fn summary(header: SessionHeader, is_archived: bool) -> SessionSummary {
    SessionSummary {
        header,
        is_archived,
    }
}
