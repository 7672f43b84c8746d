//! How long to wait.

use std::time::Duration;

use fiml_session_core::store::RunToken;

/// The first wait after a failure.
const FIRST: Duration = Duration::from_secs(30);
/// The longest delay that only keeps replicas apart.
const APART: Duration = Duration::from_secs(30);

/// The wait after so many failures in a row, each twice the one before, at most so long.
pub(crate) fn back_off(failures: u32, most: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST.saturating_mul(1 << doublings).min(most)
}

/// A delay of at most a tenth of a span and half a minute, another for each token.
pub(crate) fn jitter(token: RunToken, span: Duration) -> Duration {
    // The last 62 bits of a token are random.
    let [.., first, second] = token.0.into_bytes();
    let share = f64::from(u16::from_be_bytes([first, second])) / 65_536.0;
    (span / 10).min(APART).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use fiml_session_core::Timestamp;

    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_most() {
        let most = Duration::from_mins(5);
        let waits = [1, 2, 3, 4, 5, u32::MAX].map(|failures| back_off(failures, most).as_secs());
        assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
    }

    #[test]
    fn replicas_are_kept_apart_by_no_more_than_half_a_minute() {
        let delays = (0..100).map(|_| jitter(RunToken::at(Timestamp::MIN), Duration::MAX));
        let delays: std::collections::BTreeSet<_> = delays.collect();
        assert!(delays.len() > 50);
        assert!(delays.iter().all(|delay| *delay < APART));
    }
}
