//! Dates as people and programs write them in price files.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// The first year a price is believed to be of.
const FIRST_YEAR: i32 = 1600;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads `2010-03-01`, `2010/03/01`, `Mar 1 2010`, `March 1, 2010`, `1 Mar 2010` or `01-Mar-2010`.
///
/// A time of day after an ISO date must be a valid one and is dropped: rows are days, on the date
/// as written. Dates whose month and day cannot be told apart (`03/01/2010`) are refused.
pub(super) fn parse(text: &str) -> Option<NaiveDate> {
    iso(text)
        .or_else(|| with_time(text))
        .or_else(|| written(text))
        .filter(|date| chrono::Datelike::year(date) >= FIRST_YEAR)
}

fn iso(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != bytes[7] || !matches!(bytes[4], b'-' | b'/') {
        return None;
    }
    let year: i32 = digits(text.get(..4)?)?.try_into().ok()?;
    NaiveDate::from_ymd_opt(year, digits(text.get(5..7)?)?, digits(text.get(8..)?)?)
}

fn with_time(text: &str) -> Option<NaiveDate> {
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    let date = iso(date)?;
    let instant = format!("{}T{}", date.format("%Y-%m-%d"), time.trim_start());
    let valid = DateTime::parse_from_rfc3339(&instant).is_ok()
        || ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
            .iter()
            .any(|format| NaiveDateTime::parse_from_str(&instant, format).is_ok());
    valid.then_some(date)
}

fn written(text: &str) -> Option<NaiveDate> {
    let mut parts = text
        .split(|c: char| c.is_ascii_whitespace() || matches!(c, ',' | '-'))
        .filter(|part| !part.is_empty());
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let (month, day) = match month(first) {
        Some(month) => (month, second),
        None => (month(second)?, first),
    };
    if day.len() > 2 {
        return None;
    }
    NaiveDate::from_ymd_opt(digits(year)?.try_into().ok()?, month, digits(day)?)
}

/// The number of a month named in full or by at least its first three letters.
fn month(name: &str) -> Option<u32> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name.len() < 3 {
        return None;
    }
    let position = MONTHS.iter().position(|month| month.starts_with(&name))?;
    u32::try_from(position + 1).ok()
}

fn digits(text: &str) -> Option<u32> {
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_and_written_dates_name_the_same_day() {
        let first_of_march = NaiveDate::from_ymd_opt(2010, 3, 1);
        for text in [
            "2010-03-01",
            "2010/03/01",
            "Mar 1 2010",
            "mar 01 2010",
            "March 1, 2010",
            "MAR. 1, 2010",
            "1 Mar 2010",
            "01-Mar-2010",
            "2010-03-01T00:00:00Z",
            "2010-03-01 00:00:00-05:00",
            "2010-03-01 16:00:00",
            "2010-03-01T16:00",
        ] {
            assert_eq!(parse(text), first_of_march, "{text}");
        }
        assert_eq!(parse("Sept 30 2010"), NaiveDate::from_ymd_opt(2010, 9, 30));
        assert_eq!(parse("29 Feb 2012"), NaiveDate::from_ymd_opt(2012, 2, 29));
    }

    #[test]
    fn impossible_and_ambiguous_dates_are_refused() {
        for text in [
            "",
            "2010-02-29",
            "2010-13-01",
            "2010-3-1",
            "03/01/2010",
            "3-1-2010",
            "Mar 1 10",
            "Mar 32 2010",
            "Ma 1 2010",
            "Mar 1",
            "Mar 1 2010 12:00",
            "2010-03-01T25:00:00Z",
            "2010-03-01x",
            "0001-01-01",
            "20100301",
            "+201-03-01",
            "٢٠١٠-03-01",
            "yesterday",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
