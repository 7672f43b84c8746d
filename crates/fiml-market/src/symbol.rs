//! The name an asset is traded under, proven harmless.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::text::printable;

/// A trading symbol such as `AAPL`, `BRK.B`, `^GSPC` or `0700.HK`.
///
/// - Surrounding white space is trimmed and ASCII letters are upper-cased.
/// - What remains is 1 to 15 of `A-Z 0-9 . ^ = -`, with at least one letter or digit, so it can
///   name neither a path nor a query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(String);

impl Symbol {
    /// The longest symbol, in characters.
    pub const MAX_LENGTH: usize = 15;

    /// The symbol as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The company and the class of its shares: a dot before A, B or C names a class, before others a market.
    pub(crate) fn share_class(&self) -> Option<(&str, &str)> {
        let split = self.0.rsplit_once('.');
        split.filter(|(_, class)| matches!(*class, "A" | "B" | "C"))
    }
}

impl FromStr for Symbol {
    type Err = InvalidSymbol;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidSymbol {
            given: printable(given),
            reason,
        };
        let symbol = given.trim().to_ascii_uppercase();
        if symbol.is_empty() {
            return Err(invalid("it is empty"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '^' | '=' | '-');
        if !symbol.chars().all(allowed) {
            return Err(invalid(if symbol.contains('/') {
                "only letters, digits and . ^ = - are allowed; a pair is written BTC-USD"
            } else if symbol.contains([',', ';', ' ']) {
                "only letters, digits and . ^ = - are allowed; it is one symbol, and each further one stands \
                 by itself"
            } else {
                "only letters, digits and . ^ = - are allowed"
            }));
        }
        if symbol.len() > Self::MAX_LENGTH {
            return Err(invalid("it is longer than 15 characters"));
        }
        if !symbol.contains(|c: char| c.is_ascii_alphanumeric()) {
            return Err(invalid("it holds neither a letter nor a digit"));
        }
        Ok(Self(symbol))
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Why a text is not a [`Symbol`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{given}` is not a symbol: {reason}")]
pub struct InvalidSymbol {
    /// The text as given, made safe to show and cut to 64 characters.
    pub given: String,
    /// The rule it breaks.
    pub reason: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_shares_indices_funds_and_coins_are_accepted() {
        for symbol in [
            "BRK.B",
            "BRK-B",
            "^GSPC",
            "VOD.L",
            "0700.HK",
            "BTC",
            "XBT",
            "DOGE",
            "EURUSD=X",
            "BTC-USDT",
            "A",
            "ABCDEFGHIJKLMNO",
        ] {
            assert_eq!(symbol.parse::<Symbol>().unwrap().as_str(), symbol);
        }
    }

    #[test]
    fn a_symbol_is_trimmed_and_upper_cased() {
        assert_eq!("  aapl\n".parse::<Symbol>().unwrap().as_str(), "AAPL");
    }

    #[test]
    fn paths_queries_and_foreign_characters_are_refused() {
        let long = "A".repeat(33);
        let sixteen = "A".repeat(16);
        for symbol in [
            "",
            "   ",
            "../../x",
            "AAPL?x=1",
            "AAPL#",
            "é",
            "ß",
            "ı",
            "\0",
            "AA\0PL",
            "AA PL",
            "BTC/USDT",
            "AAPL%2e",
            "АAPL",
            "..",
            "-",
            "A\u{202e}B",
            &long,
            &sixteen,
        ] {
            assert!(symbol.parse::<Symbol>().is_err(), "{symbol:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_text_safely_and_the_rule() {
        let error = "\0".parse::<Symbol>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r"`\u{0}` is not a symbol: only letters, digits and . ^ = - are allowed"
        );
    }

    #[test]
    fn serde_goes_through_the_same_check() {
        assert_eq!(
            serde_json::from_str::<Symbol>("\" aapl \"")
                .unwrap()
                .as_str(),
            "AAPL"
        );
        assert!(serde_json::from_str::<Symbol>("\"a/b\"").is_err());
    }
}
