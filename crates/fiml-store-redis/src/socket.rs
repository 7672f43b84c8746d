//! How connections are kept, and noticed to be gone.

use std::time::Duration;

use redis::{
    ConnectionInfo, ProtocolVersion,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

/// How long the other end of a connection may be silent, at least, so that one lost packet does not end it,
/// and at most.
const SILENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// With the protocol in which a client learns of a connection that broke while nobody used it, so that the
/// next change is not sent into the void.
pub(crate) fn watchful(info: ConnectionInfo, timeout: Duration) -> ConnectionInfo {
    let settings = info.redis_settings().clone();
    info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
        .set_tcp_settings(tcp_settings(timeout))
}

/// Sends at once, and gives up a connection whose other end has gone without a word about as late as a call
/// gives up its answer.
pub(crate) fn tcp_settings(timeout: Duration) -> TcpSettings {
    let (shortest, longest) = SILENCE;
    let silence = timeout.clamp(shortest, longest);
    let keepalive = TcpKeepalive::new()
        .with_time(silence)
        .with_interval(silence);
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(silence);
    settings
}

#[cfg(test)]
mod tests {
    use redis::IntoConnectionInfo;

    use super::*;

    #[test]
    fn a_silent_connection_is_given_up_about_when_a_call_is() {
        for (timeout, silence) in [
            (Duration::from_millis(1), Duration::from_secs(1)),
            (Duration::from_secs(2), Duration::from_secs(2)),
            (Duration::MAX, Duration::from_secs(60)),
        ] {
            let info = "redis://localhost".into_connection_info().unwrap();
            let info = watchful(info, timeout);
            let settings = info.tcp_settings();
            assert!(settings.nodelay() && settings.keepalive().is_some());
            #[cfg(target_os = "linux")]
            assert_eq!(settings.user_timeout(), Some(silence));
            let _elsewhere = silence;
        }
    }
}
