//! The `Retry-After` of an answer, in both of its forms.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_hours(24);

/// How long the answer asks to be left alone: seconds, or a date compared with the answer's own.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let span = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = date(text)?;
            let sent = date(headers.get(DATE)?.to_str().ok()?)?;
            (until - sent).to_std().ok()?
        }
    };
    Some(span.min(LONGEST))
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = pairs.iter().map(|(name, value)| {
            (
                reqwest::header::HeaderName::from_static(name),
                reqwest::header::HeaderValue::from_static(value),
            )
        });
        retry_after(&headers.collect())
    }

    #[test]
    fn seconds_and_dates_are_understood_and_bounded() {
        assert_eq!(read(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            read(&[
                ("date", "Thu, 26 Nov 2026 12:00:00 GMT"),
                ("retry-after", "Thu, 26 Nov 2026 12:01:30 GMT")
            ]),
            Some(Duration::from_secs(90))
        );
        assert_eq!(read(&[("retry-after", "99999999999")]), Some(LONGEST));
        for text in ["", "-1", "soon", "Thu, 26 Nov 2026 12:01:30 GMT"] {
            assert_eq!(read(&[("retry-after", text)]), None, "{text}");
        }
        assert_eq!(read(&[]), None);
    }
}
