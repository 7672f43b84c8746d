//! Waiting for servers that come back.

use std::{future::Future, time::Duration};

use fiml_session_core::{ErrorCode, SessionError};
use tokio::time::{sleep, timeout};

/// How long a store may take, once its server answers again, until it works by itself.
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether the same call may be made again.
pub(crate) const fn may_be_repeated(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::StoreUnavailable | ErrorCode::ArchiveUnavailable | ErrorCode::OutcomeUnknown
    )
}

/// Makes a call again and again until it is answered with something else than that it may be repeated.
pub(crate) async fn until_answered<T, F: Future<Output = Result<T, SessionError>>>(
    what: &str,
    mut call: impl FnMut() -> F,
) -> Result<T, SessionError> {
    let mut last = String::new();
    let answered = timeout(RECOVERY, async {
        loop {
            match call().await {
                Err(error) if may_be_repeated(error.code()) => last = error.chain(),
                answer => return answer,
            }
            sleep(PAUSE).await;
        }
    });
    let answered = answered.await;
    answered.unwrap_or_else(|_| panic!("{what}: still not after {RECOVERY:?}: {last}"))
}
