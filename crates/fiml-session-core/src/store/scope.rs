//! Who is asking.

use crate::id::UserId;

/// Whose sessions a call may see and change; what is out of scope does not exist for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The sessions of one user.
    Owner(UserId),
    /// The sessions that belong to nobody.
    Unowned,
    /// Every session: for jobs, administrators and the one trusted person of local mode.
    All,
}

impl Scope {
    /// Whether a session of this owner is in scope.
    #[must_use]
    pub fn covers(&self, owner: Option<&UserId>) -> bool {
        match self {
            Self::Owner(user) => owner == Some(user),
            Self::Unowned => owner.is_none(),
            Self::All => true,
        }
    }
}
