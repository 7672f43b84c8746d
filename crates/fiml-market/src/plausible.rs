//! Whether what a provider answered can be true, and is what was asked for.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::text::printable;
use crate::{AssetClass, Quote, QuoteRequest, pair, places};

/// How far a source's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// The start of 1990, before which no provider has prices: a time before it is a default or of another unit.
const EARLIEST: i64 = 631_152_000;
/// The highest price believed, in whatever currency.
const HIGHEST: Decimal = Decimal::from_parts(0x4876_e800, 0x17, 0, false, 0);
/// The largest change believed on the word of one source, in percent.
const LARGEST_CHANGE: Decimal = Decimal::from_parts(95, 0, 0, false, 0);

/// What is wrong with a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It cannot be right.
    Wrong(String),
    /// It may be right: the price moved more than is believed on the word of one source.
    LargeChange(String),
}

impl Doubt {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Wrong(reason) | Self::LargeChange(reason) => reason,
        }
    }
}

/// Checks a quote against the question; `None` where nothing speaks against it.
pub(crate) fn doubt(quote: &Quote, request: &QuoteRequest, now: DateTime<Utc>) -> Option<Doubt> {
    let wrong = |reason: String| Some(Doubt::Wrong(reason));
    // A yield may be zero, and below it in some years; a price may not.
    let official = quote.asset_class == AssetClass::Macro;
    if quote.price.abs() > HIGHEST || (!official && quote.price <= Decimal::ZERO) {
        return wrong(format!("its price is {}", quote.price));
    }
    let at = quote.as_of.at;
    if at > now + AHEAD {
        return wrong(format!("its price is of {at}, which is still to come"));
    }
    if at.timestamp() < EARLIEST {
        return wrong(format!("its price is of {at}, before there were any"));
    }
    if let Some(reason) = other_currency(quote, request) {
        return wrong(reason);
    }
    let change = quote.change.as_ref().filter(|_| !official)?;
    (change.percent.abs() > LARGEST_CHANGE)
        .then(|| Doubt::LargeChange(format!("its price moved by {} %", change.percent)))
}

/// Where what is asked for says the currency, another one is a price of something else; pence are not
/// pounds.
fn other_currency(quote: &Quote, request: &QuoteRequest) -> Option<String> {
    let currency = quote.currency.as_deref()?;
    let found = printable(currency);
    match (request.asset_class, &quote.pair) {
        (AssetClass::Coin, Some(found_pair)) => {
            let fits = pair::wanted(request).contains(found_pair)
                && currency.eq_ignore_ascii_case(found_pair.quote.as_str());
            (!fits).then(|| format!("its price is in {found}, not as {found_pair} says"))
        }
        (AssetClass::Equity, _) => {
            let market = places::market_of(request.market.as_deref()?)?;
            let expected: &[&str] = match market {
                "US" => &["USD"],
                // Shares there are also listed in euros and dollars, and in pence or in pounds.
                "UK" => &["GBp", "GBX", "GBP", "USD", "EUR"],
                _ => return None,
            };
            (!expected.contains(&currency))
                .then(|| format!("its price is in {found}, which is not a currency of {market}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_price_is_a_hundred_billion() {
        assert_eq!(HIGHEST.to_string(), "100000000000");
    }
}
