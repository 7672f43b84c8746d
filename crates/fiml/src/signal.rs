//! The signals that ask a server to end.

use std::io;

/// Resolves when the process is asked to end: by SIGTERM, or by ctrl-c.
///
/// From the call on neither kills the process any more.
#[cfg(unix)]
pub(crate) fn to_end() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves when the process is asked to end by ctrl-c.
#[cfg(not(unix))]
pub(crate) fn to_end() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        // Where it cannot be listened for, it kills the process as ever.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
