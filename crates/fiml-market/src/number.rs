//! Decimal figures: read without rounding, written as JSON numbers.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

/// Reads a plain or scientific decimal exactly; anything else is `None`.
///
/// Grouped digits (`1,234`), units and currency signs are refused rather than guessed at.
pub(crate) fn parse(text: &str) -> Option<Decimal> {
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E');
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
        return None;
    }
    if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok()
    } else {
        Decimal::from_str_exact(text).ok()
    }
}

/// A figure in a provider's JSON, with the digits it was sent with: a number, or a number in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figure(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let digits = raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(raw);
        let figure = parse(digits).ok_or_else(|| {
            D::Error::custom(format_args!(
                "{} is not a figure",
                crate::text::printable(raw)
            ))
        })?;
        Ok(Self(figure))
    }
}

/// The figure, if there is one and it is above zero.
pub(crate) fn above_zero(figure: Option<Figure>) -> Option<Decimal> {
    figure
        .map(|Figure(figure)| figure)
        .filter(|figure| *figure > Decimal::ZERO)
}

/// Rounds half away from zero and drops trailing zeros.
pub(crate) fn round(number: Decimal, places: u32) -> Decimal {
    number
        .round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
        .normalize()
}

/// Writes a decimal as a JSON number: whole numbers as integers, others as the nearest double,
/// whose shortest form has the same digits for up to 15 of them.
pub(crate) fn serialize<S: Serializer>(number: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    let number = number.normalize();
    if number.scale() == 0
        && let Ok(whole) = i64::try_from(number)
    {
        return serializer.serialize_i64(whole);
    }
    // The text is parsed because Decimal's own conversion may miss the nearest double by one bit.
    match number.to_string().parse::<f64>() {
        Ok(double) => serializer.serialize_f64(double),
        Err(_) => Err(serde::ser::Error::custom("a decimal is not a number")),
    }
}

/// A figure that is written as answers write theirs: a JSON number with the source's own digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

/// [`serialize`] for a figure that may be absent.
pub(crate) fn serialize_option<S: Serializer>(
    number: &Option<Decimal>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    number.map(Number).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let mut written = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut written);
        serialize(&parse(text).unwrap(), &mut serializer).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn figures_are_written_with_the_digits_they_were_read_with() {
        for digits in [
            "39.81",
            "0.1",
            "223.02",
            "0.00001234",
            "12345678901.2345",
            "9007199254740993",
            "100",
        ] {
            assert_eq!(
                json(digits).parse::<Decimal>().unwrap(),
                parse(digits).unwrap()
            );
        }
        assert_eq!(json("39.81"), "39.81");
        assert_eq!(json("100"), "100");
        assert_eq!(json("25.940"), "25.94");
        assert_eq!(json("9007199254740993"), "9007199254740993");
    }

    #[test]
    fn only_plain_and_scientific_decimals_are_numbers() {
        assert_eq!(parse("1.5e-7").unwrap().to_string(), "0.00000015");
        for text in [
            "",
            "NaN",
            "inf",
            "-inf",
            "1,234",
            "$5",
            "1_000",
            "0x10",
            "1e308",
            "1e-400",
            "e",
            "1e99999999999999999999",
            "--1",
            "1.2.3",
            "٣",
            "5 USD",
        ] {
            assert!(parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn digits_beyond_what_a_decimal_holds_are_refused_not_rounded() {
        assert!(parse("0.1234567890123456789012345678901").is_none());
    }
}
